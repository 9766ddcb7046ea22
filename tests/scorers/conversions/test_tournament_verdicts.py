"""Where a tournament's verdicts come from, and that each is paid for once."""

from __future__ import annotations

import dataclasses
import itertools
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from planted_judges import PlantedJudge, TableJudge, item_of

import rewardmeter as rm
from rewardmeter.engine import score
from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.io.store import Store
from rewardmeter.scorers.conversions.pairs import Pairs
from rewardmeter.scorers.conversions.tournament import Tournament
from rewardmeter.scoring import Laws, Run, RunMemory, make_scorer, scorer, signature_of
from rewardmeter.types import Cost, Item, Outcome, Scores, Unscored

SIX = [item_of(*(f"{i}{letter}:{j / 2}" for j, letter in enumerate("abcdefg"))) for i in range(3)]


def all_of(parts) -> dict[int, float]:
    return {p: v for positions, scores in parts for p, v in zip(positions, scores.values.tolist(), strict=True)}


def test_a_pairwise_judge_and_its_stream_and_its_plain_call_give_the_same():
    @dataclass(frozen=True)
    class OnlyStream:
        judge: PlantedJudge
        name, reads, laws, revision = "s", frozenset({"response"}), Laws(pointwise=False), "1"

        def stream(self, items, run):
            for positions, part in self.judge.stream(items, run):
                for i in (1, 0):  # one response at a time
                    yield [positions[i]], Scores.from_values([part.values[i]], cost=Cost(calls=i))

        def __call__(self, items: Sequence[Item], /) -> Scores:
            raise AssertionError

    @dataclass(frozen=True)
    class OnlyCall:
        judge: PlantedJudge
        name, reads, laws, revision = "c", frozenset({"response"}), Laws(pointwise=False), "1"

        def __call__(self, items: Sequence[Item], /) -> Scores:
            return self.judge(items)

    one = Tournament(PlantedJudge())(SIX)
    for other in (OnlyStream(PlantedJudge()), OnlyCall(PlantedJudge())):
        found = Tournament(other)(SIX)
        assert one.values.tobytes() == found.values.tobytes()
        assert found.cost.calls == one.cost.calls == len(one.comparisons)


def test_numbers_that_are_no_chances_are_compared():
    """A pointwise scorer's 0.3 and 0.7 are two scores; a pairwise scorer's are two chances."""
    pointwise = scorer(lambda response: float(response), name="number")
    assert Tournament(pointwise)([item_of("0.3", "0.7")]).comparisons.credit.tolist()[0] in (0.0, 1.0)

    @dataclass(frozen=True)
    class Pairwise:
        name, reads, laws, revision = "p", frozenset({"response"}), Laws(pointwise=False), "1"

        def __call__(self, items: Sequence[Item], /) -> Scores:
            return Scores.from_values([float(r.text) for item in items for r in item.responses])

    assert sorted(Tournament(Pairwise())([item_of("0.3", "0.7")]).comparisons.credit)[0] in (0.3, 0.7)
    assert Tournament(Pairwise(), soft=False)([item_of("0.3", "0.7")]).comparisons.credit[0] in (0.0, 1.0)
    assert Tournament(Pairwise())([item_of("3", "7")]).comparisons.credit[0] in (0.0, 1.0)
    assert Tournament(Pairwise())([item_of("3", "3.0")]).comparisons.credit.tolist() == [0.5]


@pytest.mark.parametrize("after", [0, 1, 5, 20, 33])
def test_after_a_kill_no_verdict_is_paid_for_again(after):
    memory, judge = RunMemory(), PlantedJudge(killed_after=after)
    with pytest.raises(KeyboardInterrupt):
        list(Tournament(judge).stream(SIX, Run(memory)))
    again = PlantedJudge()
    resumed = all_of(Tournament(again).stream(SIX, Run(memory)))
    whole = PlantedJudge()
    assert resumed == all_of(Tournament(whole).stream(SIX, Run()))
    # What a round got before the kill is kept, the one comparison under way apart.
    assert len(judge.calls) + len(again.calls) <= len(whole.calls) + 1
    assert not set(judge.calls[:-1]) & set(again.calls)


def test_the_store_is_a_memory_that_outlives_the_process(tmp_path):
    judge = PlantedJudge(killed_after=10)
    with Store(tmp_path / "store.sqlite") as store, pytest.raises(KeyboardInterrupt):
        list(Tournament(judge).stream(SIX, Run(store)))
    again = PlantedJudge()
    with Store(tmp_path / "store.sqlite") as store:
        list(Tournament(again).stream(SIX, Run(store)))
    assert not set(judge.calls[:-1]) & set(again.calls)


@pytest.mark.parametrize("after", [1, 17, 50])
def test_kill_minus_nine_loses_one_comparison_at_most(tmp_path, after):
    target = Path(__file__).with_name("tournament_kill_target.py")
    store, log = tmp_path / "store.sqlite", tmp_path / "paid.txt"

    def play(dies_after):
        return subprocess.run([sys.executable, target, store, log, str(dies_after)], capture_output=True, text=True)

    assert play(after).returncode == -signal.SIGKILL
    assert len(log.read_text().splitlines()) == after
    done = play(10**9)
    assert done.returncode == 0, done.stderr
    paid = log.read_text().splitlines()
    assert len(set(paid)) == 4 * 20
    assert len(paid) <= 4 * 20 + 1
    scores = dict(line.split() for line in done.stdout.splitlines())
    fresh = Tournament(PlantedJudge())(
        [item_of(*(f"{i}{letter}:{j / 2}" for j, letter in enumerate("abcdefg"))) for i in range(4)]
    )
    assert [float(scores[str(i)]) for i in range(28)] == fresh.values.tolist()


def test_failures_are_asked_again_and_abstentions_are_not():
    memory = RunMemory()
    table = {("a", "b"): Unscored("500"), ("c", "d"): Unscored("no verdict", Outcome.ABSTAINED)}
    items = [item_of("a", "b"), item_of("c", "d")]
    judge = TableJudge(table)
    list(Tournament(judge).stream(items, Run(memory)))
    list(Tournament(judge).stream(items, Run(memory)))
    assert [frozenset(pair) for pair in judge.asked].count(frozenset("ab")) == 2
    assert [frozenset(pair) for pair in judge.asked].count(frozenset("cd")) == 1


def test_another_judge_or_prompt_is_another_verdict():
    memory = RunMemory()
    judge = PlantedJudge()
    list(Tournament(judge).stream(SIX, Run(memory)))
    known = len(judge.calls)
    other = PlantedJudge(draw=1)
    list(Tournament(other).stream(SIX, Run(memory)))
    assert len(other.calls) == known
    list(Tournament(judge).stream([dataclasses.replace(item, prompt="p") for item in SIX], Run(memory)))
    assert len(judge.calls) == 2 * known


def test_a_judge_that_gives_other_verdicts_every_time_is_asked_anew():
    @dataclass(frozen=True)
    class Fickle(PlantedJudge):
        laws = Laws(pointwise=False, deterministic=False)

    memory, judge = RunMemory(), Fickle()
    for _ in range(2):
        list(Tournament(judge, 6).stream(SIX[:1], Run(memory)))
    assert len(judge.calls) == 12
    assert not Tournament(judge).laws.deterministic


def test_what_the_budget_does_not_allow_is_left_for_the_next_run():
    memory, poor = RunMemory(), PlantedJudge(affordable=25)
    parts = list(Tournament(poor).stream(SIX, Run(memory)))
    assert sum(part.cost.dollars for _, part in parts) == pytest.approx(0.25)
    assert len(all_of(parts)) < 21
    assert len(poor.calls) == 25
    again = PlantedJudge()
    rest = list(Tournament(again).stream(SIX, Run(memory)))
    assert len(poor.calls) + len(again.calls) == 3 * 20
    assert all_of(rest) == all_of(Tournament(PlantedJudge()).stream(SIX, Run()))


def test_forecast_is_what_scoring_costs_and_falls_with_what_is_known():
    memory = RunMemory()
    tournament = Tournament(PlantedJudge())
    before = tournament.forecast(SIX, Run(memory))
    assert before.calls == 3 * 20
    list(Tournament(PlantedJudge(affordable=25)).stream(SIX, Run(memory)))
    assert tournament.forecast(SIX, Run(memory)).calls == 3 * 20 - 25
    list(tournament.stream(SIX, Run(memory)))
    assert tournament.forecast(SIX, Run(memory)).calls == 0
    assert make_scorer("tournament:length").forecast(SIX, Run()) == Cost()
    assert make_scorer("pairs:length").forecast(SIX, Run()) == Cost()
    assert Tournament(Pairs(PlantedJudge())).forecast(SIX, Run()).calls == 3 * 20  # items of two, by their forecast


def test_items_side_by_side_score_as_alone():
    many = [item_of(*(f"{i}{j}:{j}" for j in range(2 + i % 4))) for i in range(40)]
    together = Tournament(PlantedJudge())(many)
    alone = Scores.concatenate([Tournament(PlantedJudge())([item]) for item in many])
    assert together.values.tobytes() == alone.values.tobytes()
    assert together.comparisons.errors.tobytes() == alone.comparisons.errors.tobytes()
    assert sorted(together.comparisons.first.tolist()) == sorted(alone.comparisons.first.tolist())


def test_negated_tournaments_have_negated_comparisons():
    @dataclass(frozen=True)
    class Judge(PlantedJudge):
        calls: list = field(default_factory=list, compare=False, metadata={"moves_score": False})

    from rewardmeter.scoring import Negated

    one, other = Tournament(Judge())(SIX), Negated(Tournament(Judge()))(SIX)
    assert np.array_equal(other.values, -one.values)
    assert np.array_equal(other.comparisons.credit, 1 - one.comparisons.credit)
    assert np.array_equal(other.comparisons.strengths, -one.comparisons.strengths)


def test_under_the_engine_on_real_data():
    dataset = rm.load("demo")
    scores = score(make_scorer("tournament:chrf"), dataset)
    plain = score(make_scorer("chrf"), dataset)
    assert scores.coverage == plain.coverage
    for a, b in itertools.pairwise(dataset.item_start):
        assert plain.values[a + np.argmax(scores.values[a:b])] == plain.values[a:b].max()


def test_specs_names_and_signatures():
    spec = "tournament:[type-token-ratio?ignore_case=false]?comparisons=9&result=win-rate&ties=davidson&prior=1&seed=3"
    made = make_scorer(spec)
    assert made.name == spec
    assert make_scorer(made.name) == made
    assert pickle.loads(pickle.dumps(made)) == made
    assert signature_of(made).fingerprint != signature_of(make_scorer("tournament:type-token-ratio")).fingerprint
    assert make_scorer("tournament:-length").name == "tournament:-length"
    assert make_scorer("-tournament:length").name == "-tournament:length"
    assert not made.laws.pointwise
    nameless = scorer(eval("lambda response: 1.0"))
    assert not signature_of(Tournament(nameless)).storable
    with pytest.raises(SpecError, match="write tournament:SPEC"):
        make_scorer("tournament")
    with pytest.raises(SpecError, match="comparisons=0"):
        make_scorer("tournament:length?comparisons=0")
    with pytest.raises(SpecError, match="prior"):
        make_scorer("tournament:length?prior=0")
    with pytest.raises(UnknownNameError, match="strength"):
        make_scorer("tournament:length?result=strenght")
    with pytest.raises(UnknownNameError, match="davidson"):
        make_scorer("tournament:length?ties=davison")
