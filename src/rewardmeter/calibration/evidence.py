"""A scorer's scores beside what people said, as the rows that measures and fits take.

May import `comparison`, `dataset`, `types`, `errors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rewardmeter.comparison.case import gold_of
from rewardmeter.comparison.gold import PairGold, RatingGold, pair_gold, preferences_from_ratings
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.types import FloatArray, IntArray

__all__ = ["Human", "human_side"]


@dataclass(frozen=True, eq=False)
class Human:
    """The human side, shared by all scorers.

    Attributes
    ----------
    dataset:
        What was judged.
    pairs:
        Judged pairs of responses of one item; made from the ratings where there are any.
    ratings:
        Mean ratings; None where there are preferences only.
    """

    dataset: Dataset
    pairs: PairGold
    ratings: RatingGold | None

    @property
    def target(self) -> str:
        """What a calibrator's values are: ``utility``, ``rating``, or ``probability`` for ratings of 0 and 1."""
        if self.ratings is None:
            return "utility"
        return "probability" if self.ratings.binary else "rating"

    @property
    def item(self) -> IntArray:
        """int32 (R,): item of each response."""
        return self.dataset.response_item

    @cached_property
    def length(self) -> FloatArray:
        """float64 (R,): characters of each response, NaN where there is no text."""
        texts = self.dataset.response_text
        return np.array([np.nan if text is None else len(text) for text in texts], dtype=np.float64)

    @property
    def has_lengths(self) -> bool:
        """Whether every response has a text."""
        return bool(self.length.size) and not bool(np.isnan(self.length).any())

    @property
    def best_first(self) -> bool:
        """Whether the better response always comes first: the order of the pairs is then the judgment, and no order."""
        decided = self.pairs.probability[self.pairs.probability != 0.5]
        return bool(decided.size) and bool(np.all(decided == 1.0) or np.all(decided == 0.0))

    def margins(self, scores: FloatArray) -> FloatArray:
        """(..., R) scores as (..., P) differences of the pairs."""
        return scores[..., self.pairs.a] - scores[..., self.pairs.b]

    def pair_rows(self, scores: FloatArray) -> dict[str, FloatArray]:
        """The pairs of one scorer, (R,), as the fits of utilities name them; lengths where every response has one."""
        a, b = self.pairs.a, self.pairs.b
        rows = {"score_a": scores[a], "score_b": scores[b], "label": self.pairs.probability}
        if self.has_lengths:
            rows |= {"length_a": self.length[a], "length_b": self.length[b]}
        return rows

    def rating_rows(self, scores: FloatArray) -> dict[str, FloatArray]:
        """The rated responses of one scorer, (R,), as the fits of ratings name them."""
        assert self.ratings is not None
        rows = {"score": scores, "human": self.ratings.value}
        return rows | {"length": self.length} if self.has_lengths else rows


def human_side(dataset: Dataset, aspect: str | None = None) -> Human:
    """The pairs and ratings of a dataset.

    Raises
    ------
    InputError
        If it has no human judgments, or ratings of single responses only, of which no two belong to one item.
    UnknownNameError
        If it has no such aspect.
    """
    gold = gold_of(dataset, aspect)
    if gold.ratings is not None:
        paired = preferences_from_ratings(dataset, aspect=gold.ratings.aspect)
        return Human(dataset, pair_gold(paired) if len(paired.preferences or ()) else _no_pairs(), gold.ratings)
    if gold.pairs is None:
        raise InputError(
            f"dataset '{dataset.name}' has best-of-k groups and neither ratings nor preferences",
            fix="Calibration needs one of them: which response is how good, or which of two is better.",
        )
    return Human(dataset, gold.pairs, None)


def _no_pairs() -> PairGold:
    none = np.empty(0, dtype=np.int32)
    empty = np.empty(0, dtype=np.int64)
    return PairGold(none, none, np.empty(0), none, 0, empty, np.empty(0, dtype=bool))
