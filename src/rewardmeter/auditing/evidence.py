"""What an audit of scorers looks at: judged pairs, their gold, and what each scorer makes of them.

May import `comparison`, `dataset`, `errors`, `stats`, `types` and `pairs` of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rewardmeter.auditing.pairs import judged_pairs
from rewardmeter.comparison import Contender
from rewardmeter.comparison.case import Case, make_case
from rewardmeter.comparison.gold import PairGold
from rewardmeter.dataset import Dataset
from rewardmeter.stats.clustered_regression import clustered_least_squares
from rewardmeter.stats.preference import pair_credits
from rewardmeter.stats.result import Estimate
from rewardmeter.types import FloatArray

__all__ = ["Evidence", "gather_evidence"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Judged pairs of responses and K scorers.

    Attributes
    ----------
    case:
        The gold as it stands, and the scorers' scores.
    contenders:
        The scorers.
    pairs:
        P judged pairs, ties included.
    strength:
        (P, C) what people said of each pair, as columns that change sign with the order of the pair: 2 p - 1; where
        they rated, the difference of the ratings and its sign.
    margins:
        (K, P) score of a less score of b, recorded verdicts where a judge has no scores; NaN where missing.
    level:
        Of intervals.
    """

    case: Case
    contenders: Sequence[Contender]
    pairs: PairGold
    strength: FloatArray
    margins: FloatArray
    level: float

    @property
    def dataset(self) -> Dataset:
        """The data."""
        return self.case.dataset

    @property
    def credits(self) -> FloatArray:
        """(K, P) 1 right, ½ tied, 0 wrong; NaN where people tied or the scorer is silent."""
        return pair_credits(self.margins, self.pairs.probability, ties="half")

    def scales(self) -> list[Estimate]:
        """Mean absolute margin of each scorer over the pairs that people decided: the unit of shifts."""
        decided = self.pairs.probability != 0.5
        size = np.where(decided, np.abs(self.margins), np.nan)
        fits = clustered_least_squares(size, np.ones((len(self.pairs), 1)), self.pairs.item)
        return [one.estimate(0, level=self.level) for one in fits]


def gather_evidence(
    dataset: Dataset, contenders: Sequence[Contender], *, aspect: str | None = None, level: float = 0.95
) -> Evidence:
    """The evidence of a dataset; raises as `judged_pairs`."""
    pairs = judged_pairs(dataset, aspect)
    case = make_case(dataset, contenders, aspect)
    margins = case.values[:, pairs.a] - case.values[:, pairs.b]
    if case.evidence is not None:
        margins = case.evidence.scored
    strength = 2 * pairs.probability[:, None] - 1
    if case.gold.pairs is None and case.gold.ratings is not None:
        rating = case.gold.ratings.value
        strength = np.column_stack([rating[pairs.a] - rating[pairs.b], strength[:, 0]])
        if np.array_equal(np.abs(strength[:, 0]), np.abs(strength[:, 1]) * np.max(np.abs(strength[:, 0]), initial=0)):
            strength = strength[:, :1]  # ratings of two values: the sign says it all
    return Evidence(case, tuple(contenders), pairs, strength, margins, level)
