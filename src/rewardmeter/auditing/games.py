"""What a judge has said of pairs of responses, and in which order it saw them. May import `comparison`, `dataset`,
`types`.

A game shows the two responses of a pair in an order. Verdicts are +1 for a, -1 for b, 0 for a tie, NaN for none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardmeter.comparison import Contender
from rewardmeter.comparison.case import make_case
from rewardmeter.comparison.gold import PairGold
from rewardmeter.dataset import Dataset, Recorded
from rewardmeter.types import Comparisons, FloatArray, IntArray

__all__ = ["Games", "follow_scores", "games_of", "judged_margins", "side_credits"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Games:
    """Pairs that a judge was shown, G of them, each once or twice.

    Attributes
    ----------
    a, b:
        int32 (G,): the responses; the first game shows a first, the second one b.
    item:
        int32 (G,): item of the pair.
    gold:
        float64 (G,): probability that a is better, as people judged; NaN where they did not.
    first, second:
        float64 (G,): verdicts of the two games, both about a and b.
    asked:
        bool (2, G): whether there was such a game; a game without a verdict is one whose answer could not be read.
    """

    a: IntArray
    b: IntArray
    item: IntArray
    gold: FloatArray
    first: FloatArray
    second: FloatArray
    asked: Mask

    @property
    def swapped(self) -> bool:
        """Whether any pair was shown in both orders."""
        return bool(np.any(np.all(self.asked, axis=0)))

    @property
    def gold_side(self) -> FloatArray:
        """(G,) 1 where people prefer a, -1 where b; NaN for their ties and where they have not judged."""
        side = np.sign(self.gold - 0.5)
        return np.where(side == 0, np.nan, side)


def games_of(dataset: Dataset, contender: Contender, pairs: PairGold) -> Games | str:
    """The games behind a judge's verdicts, or why there are none.

    Verdicts are those that the data records, or the comparisons that a tournament has left in the scores. A pair that
    the data lists for several raters is one pair; listed the other way round it is another showing.
    """
    recorded, comparisons = contender.recorded, contender.scores.comparisons
    if recorded is not None and recorded.first is not None and len(pairs.row) == len(recorded.first):
        return _recorded_games(dataset, recorded, pairs)
    if comparisons is not None and len(comparisons):
        return _tournament_games(dataset, comparisons, pairs)
    return "it gives scores, and compares no two responses in an order"


def judged_margins(dataset: Dataset, contender: Contender, pairs: PairGold) -> FloatArray:
    """(P,) what a scorer says of the pairs: positive for a, 0 for a tie, NaN for nothing.

    Recorded verdicts, both games joined, where there are any; else the difference of the scores.
    """
    values = contender.scores.values
    recorded = contender.recorded
    if recorded is None or recorded.first is None or len(pairs.row) != len(recorded.first):
        return np.asarray(values[pairs.a] - values[pairs.b])
    evidence = make_case(dataset, [contender], None).evidence
    assert evidence is not None  # verdicts are about preferences
    return np.asarray(evidence.judged[0])


def follow_scores(games: Games, contender: Contender) -> bool:
    """Whether the verdicts are those of the scores of single responses, which know of no place."""
    values = contender.scores.values
    apart = np.sign(values[games.a] - values[games.b])
    told = ~np.isnan(apart * games.first) & (apart != 0)
    return bool(np.any(told)) and bool(np.all(apart[told] == games.first[told]))


def side_credits(margin: FloatArray, side: FloatArray) -> FloatArray:
    """(P,) 1 where a margin takes the side (1: a, -1: b), 0 where the other, ½ where none; NaN without either."""
    credit = (1 + np.sign(margin) * side) / 2
    return np.where(side == 0, np.nan, credit)


def _recorded_games(dataset: Dataset, recorded: Recorded, pairs: PairGold) -> Games | str:
    preferences = dataset.preferences
    assert preferences is not None  # a recorded verdict belongs to a preference
    assert recorded.first is not None
    none = np.full(len(recorded.first), np.nan)
    one, two = recorded.first, none if recorded.second is None else recorded.second
    asked = ~np.isnan(one) if recorded.asked is None else recorded.asked
    again = np.zeros(len(one), dtype=bool)
    if not np.all(np.isnan(two)):
        again = asked if recorded.asked_second is None else recorded.asked_second
    return _joined(
        dataset,
        pairs,
        key=pairs.row * 2 + pairs.flipped,
        ends=(preferences.a, preferences.b),
        verdicts=np.stack([one, two]),
        asked=np.stack([asked, again]),
        gold=np.where(pairs.flipped, 1 - pairs.probability[pairs.row], pairs.probability[pairs.row]),
    )


def _tournament_games(dataset: Dataset, made: Comparisons, pairs: PairGold) -> Games | str:
    """The order in which a pair was shown first is its first game."""
    low, high = np.minimum(made.first, made.second), np.maximum(made.first, made.second)
    key = low * dataset.n_responses + high
    _, opening, place = np.unique(key, return_index=True, return_inverse=True)
    a, b = made.first[opening][place], made.second[opening][place]
    swapped = made.first != a
    verdict = np.sign(made.credit - 0.5)
    verdicts = np.stack([np.where(swapped, np.nan, verdict), np.where(swapped, -verdict, np.nan)])
    known: dict[tuple[int, int], float] = {}
    for i, j, chance in zip(pairs.a.tolist(), pairs.b.tolist(), pairs.probability.tolist(), strict=True):
        known.setdefault((i, j), chance)
        known.setdefault((j, i), 1 - chance)
    gold = np.array([known.get(pair, np.nan) for pair in zip(a.tolist(), b.tolist(), strict=True)])
    return _joined(
        dataset, pairs, key=key, ends=(a, b), verdicts=verdicts, asked=np.stack([~swapped, swapped]), gold=gold
    )


def _joined(
    dataset: Dataset,
    pairs: PairGold,
    *,
    key: NDArray[np.int64],
    ends: tuple[NDArray[np.integer], NDArray[np.integer]],
    verdicts: FloatArray,
    asked: Mask,
    gold: FloatArray,
) -> Games | str:
    """One row for each key: the first verdict that could be read in each order."""
    if not np.any(~np.isnan(verdicts)):
        return "none of its verdicts could be read"
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    joined = np.full((2, len(first)), np.nan)
    shown = np.zeros((2, len(first)), dtype=bool)
    for order in (0, 1):
        known = np.flatnonzero(~np.isnan(verdicts[order]))[::-1]
        joined[order, place[known]] = verdicts[order, known]
        shown[order, place[asked[order]]] = True
    kept = np.any(shown, axis=0)
    rows = np.sort(first[kept])
    order_of = np.flatnonzero(kept)[np.argsort(first[kept], kind="stable")]
    a, b = ends[0][rows].astype(np.int32), ends[1][rows].astype(np.int32)
    one, two = joined[:, order_of]
    return Games(a, b, dataset.response_item[a], gold[rows], one, two, shown[:, order_of])
