"""What becomes of comparisons that fail, and of responses without a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from planted_judges import PlantedJudge, TableJudge, item_of

from rewardmeter.errors import ScorerError
from rewardmeter.scorers.conversions.pairs import Pairs
from rewardmeter.scorers.conversions.tournament import Tournament
from rewardmeter.scoring import Compared, Laws, Run, RunMemory, score_stream
from rewardmeter.types import Cost, Item, Outcome, Scores, Unscored

SIX = [item_of(*(f"{i}{letter}:{j / 2}" for j, letter in enumerate("abcdefg"))) for i in range(3)]


def test_a_comparison_that_fails_is_missing_evidence():
    table = {("a", "b"): 1.0, ("a", "c"): Unscored("no answer"), ("b", "c"): 1.0}
    scores = Tournament(TableJudge(table))([item_of(*"abc")])
    without = {pair: credit for pair, credit in table.items() if pair != ("a", "c")}
    assert scores.values[0] > scores.values[1] > scores.values[2]
    assert scores.values.tobytes() == Tournament(TableJudge(without))([item_of(*"abc")]).values.tobytes()
    assert np.isnan(scores.comparisons.credit).sum() == 1
    assert list(scores.comparisons.reasons.values()) == ["no answer"]
    assert not scores.reasons


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ABSTAINED])
def test_a_response_without_a_verdict_has_no_score(outcome):
    table = {("a", "b"): 1.0, ("a", "c"): Unscored("refused", outcome), ("b", "c"): Unscored("refused", outcome)}
    scores = Tournament(TableJudge(table))([item_of(*"abc")])
    assert scores.outcomes.tolist() == [Outcome.SCORED, Outcome.SCORED, outcome]
    assert scores.reasons[2] == "no comparison gave a verdict: refused"
    assert scores.values[0] == -scores.values[1]
    assert np.isnan(scores.comparisons.strengths[2])
    win_rates = Tournament(TableJudge(table), result="win-rate")([item_of(*"abc")])
    assert win_rates.values[:2].sum() == pytest.approx(1)


def test_one_failure_makes_a_response_failed_rather_than_abstained():
    table = {("a", "b"): 1.0, ("a", "c"): Unscored("?", Outcome.ABSTAINED), ("b", "c"): Unscored("500")}
    scores = Tournament(TableJudge(table))([item_of(*"abc")])
    assert scores.outcomes[2] == Outcome.FAILED
    assert scores.reasons[2].endswith("500")


def test_responses_that_no_chain_of_verdicts_links_are_marked():
    table = {("a", "b"): 1.0, ("c", "d"): 1.0}
    scores = Tournament(TableJudge(table))([item_of(*"abcd")])
    assert scores.coverage == 1
    assert set(scores.reasons.values()) == {"no chain of verdicts links it to all others"}


def test_an_exception_belongs_to_its_comparison():
    def length(response: str) -> float:
        return float(len(response))

    @dataclass(frozen=True)
    class Raises:
        name, reads, laws, revision = "raises", frozenset({"response"}), Laws(pointwise=False), "1"

        def __call__(self, items: Sequence[Item], /) -> Scores:
            if any("bad" in r.text for item in items for r in item.responses):
                raise ValueError("bad text")
            return Scores.from_values([length(r.text) for item in items for r in item.responses])

    scores = Tournament(Raises())([item_of("a", "bb", "bad", "cccc"), item_of("a", "bb")])
    assert scores.outcomes.tolist() == [0, 0, Outcome.FAILED, 0, 0, 0]
    assert scores.reasons == {2: "no comparison gave a verdict: ValueError: bad text"}
    assert scores.values[0] < scores.values[1] < scores.values[3]


def test_an_exception_in_a_stream_loses_nothing_that_was_answered():
    @dataclass(frozen=True)
    class Breaks(PlantedJudge):
        def compare_pairs(self, requests, run):
            for place, compared in enumerate(super().compare_pairs(requests, run)):
                if "bad" in str(requests[compared.request].item) and len(requests) > 1 and place == 1:
                    raise OSError("connection lost")
                yield compared

    items = [item_of("bad a:1", "b:0", "c:2"), *SIX]
    broken, whole = Breaks(), PlantedJudge()
    assert np.array_equal(Tournament(broken)(items).values, Tournament(whole)(items).values)
    assert len(broken.calls) <= len(whole.calls) + 3 * 5


def test_an_impossible_verdict_is_a_failure():
    @dataclass(frozen=True)
    class Wild(PlantedJudge):
        def compare_pairs(self, requests, run):
            yield from (Compared(i, value, Cost()) for i, value in enumerate([float("nan"), 1.5, -1][: len(requests)]))

    scores = Tournament(Wild())([item_of("a:1", "b:0")])
    assert scores.outcomes.tolist() == [Outcome.FAILED] * 2
    assert "verdict nan" in scores.reasons[0]


def test_a_verdict_given_twice_breaks_the_contract():
    @dataclass(frozen=True)
    class Twice(PlantedJudge):
        def compare_pairs(self, requests, run):
            yield from [Compared(0, 1.0, Cost())] * 2

    with pytest.raises(ScorerError, match="twice"):
        Tournament(Twice())([item_of("a:1", "b:0")])


def test_two_numbers_of_which_one_failed_and_one_abstained_are_a_failure():
    """A failure may pass, an abstention is remembered."""

    @dataclass(frozen=True)
    class Half:
        broken: set[str] = field(metadata={"moves_score": False})
        name, reads, laws, revision = "half", frozenset({"response"}), Laws(), "1"

        def __call__(self, items: Sequence[Item], /) -> Scores:
            texts = [response.text for item in items for response in item.responses]
            outcomes = [Outcome.FAILED if text in self.broken else Outcome.SCORED for text in texts]
            values = [np.nan if text in self.broken else float(len(text)) for text in texts]
            return Scores(np.array(values), np.array(outcomes, dtype=np.uint8))

    memory, broken = RunMemory(), set("abcd")
    items = [item_of(letter, 2 * letter) for letter in "abcd"]  # either of the two is shown first
    made = Tournament(Pairs(Half(broken)))
    assert score_stream(made, items, Run(memory)).counts() == {"failed": 8}
    broken.clear()
    assert score_stream(made, items, Run(memory)).counts() == {"scored": 8}
