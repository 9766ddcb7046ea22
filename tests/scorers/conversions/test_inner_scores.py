"""`pairs:` and `ranked:` over a scorer that is paid: each inner score is paid for once, and none is of another time."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from planted_judges import item_of

from rewardmeter.dataset import Dataset
from rewardmeter.engine import score
from rewardmeter.io.store import Store
from rewardmeter.scorers.conversions.pairs import Pairs
from rewardmeter.scorers.conversions.ranked import Ranked
from rewardmeter.scoring import Budget, Laws, Part, Run, RunMemory, score_stream
from rewardmeter.types import Cost, Item, Outcome, Scores

CENT = Cost(dollars=0.01, calls=1)
TWELVE = item_of(*(str(7 * i % 12) for i in range(12)), prompt="q")
CONVERSIONS = [Ranked, Pairs]


@dataclass(frozen=True)
class Paid:
    """The number that a text states, a cent each, as far as the budget goes; 'none' abstains, 9 carries a remark.

    Texts in ``broken`` fail. ``killed_after`` so many answers, KeyboardInterrupt is raised before the next one.
    """

    broken: set[str] = field(default_factory=set, compare=False, metadata={"moves_score": False})
    killed_after: int | None = field(default=None, metadata={"moves_score": False})
    calls: list[str] = field(default_factory=list, compare=False, metadata={"moves_score": False})
    name = "paid"
    reads = frozenset({"response"})
    laws = Laws()
    revision = "1"

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        for position, text in enumerate(response.text for item in items for response in item.responses):
            if not run.budget.reserve(0.01):
                return
            if len(self.calls) == self.killed_after:
                raise KeyboardInterrupt
            self.calls.append(text)
            run.budget.settle(0.01, 0.01)
            yield [position], dataclasses.replace(self.read(text), cost=CENT)

    def read(self, text: str) -> Scores:
        if text in self.broken:
            return Scores(np.array([math.nan]), np.array([Outcome.FAILED], dtype=np.uint8), {0: "500"})
        scores = Scores.from_values([None if text == "none" else float(text) / 3])
        return dataclasses.replace(scores, reasons={0: "truncated"} if text == "9" else {})

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        n = sum(len(item.responses) for item in items)
        return Cost(dollars=0.01 * n, calls=n)

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return score_stream(self, items)


@dataclass(frozen=True)
class PaidList(Paid):
    """As `Paid`, and every number is a share of the item's sum."""

    name = "paid-list"
    laws = Laws(pointwise=False)

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        totals = [sum(float(r.text) for r in item.responses if r.text not in self.broken) for item in items]
        of = [total for item, total in zip(items, totals, strict=True) for _ in item.responses]
        for positions, part in super().stream(items, run):
            yield positions, dataclasses.replace(part, values=part.values / of[positions[0]])


def dataset_of(item: Item) -> Dataset:
    texts, n = [response.text for response in item.responses], len(item.responses)
    places = np.arange(n, dtype=np.int32)
    systems = tuple(f"s{i}" for i in range(n))
    return Dataset("made", ["i"], np.zeros(n, dtype=np.int32), texts, places, systems, [item.prompt], [()])


def same(one: Scores, other: Scores) -> bool:
    pairs = ((one.values, other.values), (one.outcomes, other.outcomes))
    return all(a.tobytes() == b.tobytes() for a, b in pairs) and one.reasons == other.reasons


@pytest.mark.parametrize("conversion", CONVERSIONS)
def test_an_item_dearer_than_the_budget_is_finished_in_the_next_run(conversion, tmp_path):
    paid, dataset = Paid(), dataset_of(TWELVE)
    budgets = [Budget(0.065), Budget(0.065)]
    with Store(tmp_path / "store.sqlite") as store:
        with pytest.warns(RuntimeWarning, match="cost limit"):
            first = score(conversion(paid), dataset, store=store, budget=budgets[0])
        second = score(conversion(paid), dataset, store=store, budget=budgets[1])
        third = score(conversion(paid), dataset, store=store)
    assert first.counts() == {"missing": 12}
    assert second.coverage == 1
    assert sorted(paid.calls) == sorted(response.text for response in TWELVE.responses)
    assert [scores.cost.calls for scores in (first, second, third)] == [6, 6, 0]
    assert first.cost.dollars == pytest.approx(budgets[0].spent)
    assert same(second, score(conversion(Paid()), dataset))
    assert "truncated" in second.reasons.values()


@pytest.mark.parametrize("conversion", CONVERSIONS)
@pytest.mark.parametrize("after", [0, 1, 11])
def test_after_a_kill_no_score_is_paid_for_again(conversion, after, tmp_path):
    killed, again = Paid(killed_after=after), Paid()
    with pytest.raises(KeyboardInterrupt), Store(tmp_path / "store.sqlite") as store:
        list(conversion(killed).stream([TWELVE], Run(store)))
    with Store(tmp_path / "store.sqlite") as store:
        scores = score_stream(conversion(again), [TWELVE], Run(store))
    assert len(killed.calls) == after
    assert not set(killed.calls) & set(again.calls)
    assert same(scores, conversion(Paid())([TWELVE]))


def test_costs_are_told_as_they_arise():
    parts = Ranked(Paid(killed_after=3)).stream([TWELVE], Run())
    told = [next(parts) for _ in range(3)]
    assert [(len(positions), part.cost) for positions, part in told] == [(0, CENT)] * 3
    with pytest.raises(KeyboardInterrupt):
        next(parts)


def test_what_failed_is_scored_again_and_the_rest_is_remembered():
    memory, paid = RunMemory(), Paid(broken={"3"})
    item = item_of("1", "3", "none", "9")
    failed = score_stream(Ranked(paid), [item], Run(memory))
    assert failed.counts() == {"scored": 2, "abstained": 1, "failed": 1}
    paid.broken.clear()
    mended = score_stream(Ranked(paid), [item], Run(memory))
    assert paid.calls == ["1", "3", "none", "9", "3"]
    assert same(mended, Ranked(Paid())([item]))
    assert mended.values[[0, 1, 3]].tolist() == [0, 0.5, 1]
    assert mended.reasons[3] == "truncated"


def test_scores_that_depend_on_each_other_are_remembered_and_scored_again_together():
    memory, paid = RunMemory(), PaidList(broken={"3"})
    items = [item_of("1", "3", "4"), item_of("1", "2")]
    score_stream(Pairs(paid), items, Run(memory))
    paid.broken.clear()
    mended = score_stream(Pairs(paid), items, Run(memory))
    assert paid.calls == ["1", "3", "4", "1", "2", "1", "3", "4"]
    assert same(mended, Pairs(PaidList())(items))
    short = Budget(0.015)
    score_stream(Pairs(paid), [item_of("5", "6")], Run(memory, short))
    assert paid.calls[8:] == ["5"]
    score_stream(Pairs(paid), [item_of("5", "6")], Run(memory))
    assert paid.calls[9:] == ["5", "6"]


def test_what_the_scorer_yields_as_missing_leaves_the_item_out():
    @dataclass(frozen=True)
    class Hesitant(Paid):
        def read(self, text: str) -> Scores:
            missing = Scores(np.array([math.nan]), np.array([Outcome.MISSING], dtype=np.uint8))
            return missing if text in self.broken else super().read(text)

    memory, paid = RunMemory(), Hesitant(broken={"2"})
    scores = score_stream(Ranked(paid), [item_of("1", "2", "3"), item_of("1", "3")], Run(memory))
    assert scores.counts() == {"missing": 3, "scored": 2}
    assert scores.cost.calls == 5
    paid.broken.clear()
    assert score_stream(Ranked(paid), [item_of("1", "2", "3")], Run(memory)).values.tolist() == [0, 0.5, 1]
    assert paid.calls[5:] == ["2"]


def test_what_the_scorer_does_not_read_makes_no_other_score():
    @dataclass(frozen=True)
    class Reader(Paid):
        reads = frozenset({"prompt", "response"})
        name = "reader"

    for paid, calls in ((Paid(), 2), (Reader(), 4)):
        memory = RunMemory()
        for item in (item_of("1", "2", prompt="p"), item_of("2", "1", prompt="q")):
            score_stream(Ranked(paid), [dataclasses.replace(item, references=("r",))], Run(memory))
            score_stream(Pairs(paid), [item], Run(memory))
        assert len(paid.calls) == calls


def test_a_scorer_that_gives_other_scores_every_time_is_asked_anew():
    @dataclass(frozen=True)
    class Fickle(Paid):
        laws = Laws(deterministic=False)

    memory, paid = RunMemory(), Fickle()
    for _ in range(2):
        score_stream(Ranked(paid), [item_of("1", "2")], Run(memory))
    assert paid.calls == ["1", "2", "1", "2"]
    assert Ranked(paid).forecast([item_of("1", "2")], Run(memory)).calls == 2


def test_forecasts_leave_out_what_is_known():
    memory, made = RunMemory(), Ranked(Paid())
    assert made.forecast([TWELVE], Run(memory)).calls == 12
    score_stream(made, [TWELVE], Run(memory, Budget(0.055)))
    assert made.forecast([TWELVE], Run(memory)).calls == 7
    score_stream(made, [TWELVE], Run(memory))
    assert made.forecast([TWELVE], Run(memory)).calls == 0
