"""A judge turned upside down: its chances are chances still, and its verdicts those of the judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from planted_judges import PlantedJudge, TableJudge, item_of

from rewardmeter.scorers.conversions.pairs import Pairs
from rewardmeter.scorers.conversions.tournament import Tournament
from rewardmeter.scoring import (
    Compared,
    PairRequest,
    PairwiseJudge,
    Run,
    RunMemory,
    Streaming,
    make_scorer,
    score_stream,
    scorer,
)
from rewardmeter.scoring.negated import negated
from rewardmeter.types import Cost, Item, Outcome, Scores, Unscored

ITEMS = [item_of("a", "b", "c"), item_of("b", "a")]
CHANCES = {("a", "b"): 0.7, ("a", "c"): 0.5, ("b", "c"): 0.2}


@dataclass(frozen=True)
class Comparer(TableJudge):
    """A judge of pairs by a table, which cannot be given items."""

    name = "comparer"

    def compare_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Iterator[Compared]:
        for place, (item, first, second) in enumerate(requests):
            verdict = self.verdict(item.responses[first].text, item.responses[second].text)
            yield Compared(place, verdict, Cost(calls=place + 1))

    def forecast_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Cost:
        return Cost(calls=len(requests))

    def __call__(self, items: Sequence[Item], /) -> Scores:
        raise AssertionError


@scorer(name="stated")
def stated(response: str) -> float:
    return float("abc".index(response))


@pytest.mark.parametrize("judge", [Comparer(CHANCES), TableJudge(CHANCES), Pairs(stated)], ids=lambda judge: judge.name)
@pytest.mark.parametrize("result", ["strength", "win-rate"])
def test_a_negated_judges_tournament_is_the_tournament_negated(judge, result):
    one, other = (Tournament(made, result=result)(ITEMS) for made in (judge, negated(judge)))
    assert np.any((one.comparisons.credit % 0.5) != 0)
    assert other.comparisons.credit == pytest.approx(1 - one.comparisons.credit)
    mirrored = -one.values if result == "strength" else 1 - one.values
    assert other.values == pytest.approx(mirrored)
    assert other.cost == one.cost


def test_mirrored_verdicts_keep_ties_outcomes_reasons_and_costs():
    refused = Unscored("refused", Outcome.ABSTAINED)
    judge = Comparer({("a", "b"): 0.75, ("b", "c"): 0.5, ("c", "d"): refused})
    item = item_of(*"abcd")
    requests = [PairRequest(item, i, i + 1) for i in range(3)]
    turned = negated(judge)
    assert isinstance(turned, PairwiseJudge)
    assert not isinstance(turned, Streaming)
    assert list(turned.compare_pairs(requests, Run())) == [
        Compared(0, 0.25, Cost(calls=1)),
        Compared(1, 0.5, Cost(calls=2)),
        Compared(2, refused, Cost(calls=3)),
    ]
    assert turned.forecast_pairs(requests, Run()).calls == 3


def test_what_is_negated_offers_what_the_scorer_offers():
    for spec, streams, compares in (
        ("-judge:m?mode=pairwise", True, True),
        ("-judge:m", True, False),
        ("-length", False, False),
    ):
        turned = make_scorer(spec)
        assert (isinstance(turned, Streaming), isinstance(turned, PairwiseJudge)) == (streams, compares)
    turned = negated(PlantedJudge())
    assert isinstance(turned, Streaming)
    assert score_stream(turned, [item_of("a:9", "b:0")]).values.tolist() == [-1, 0]


def test_a_judge_and_its_negative_share_what_was_paid_for():
    memory, judge, item = RunMemory(), PlantedJudge(), item_of("a:1", "b:0", "c:2")
    one = score_stream(Tournament(judge), [item], Run(memory))
    asked = len(judge.calls)
    other = score_stream(Tournament(negated(judge)), [item], Run(memory))
    assert len(judge.calls) == asked
    assert other.values == pytest.approx(-one.values)
    assert Tournament(negated(judge)).forecast([item], Run(memory)).calls == 0
