"""A scorer's scores beside what people said, as the rows that measures and fits take.

May import `comparison`, `dataset`, `types`, `errors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.comparison.case import gold_of
from rewardmeter.comparison.gold import PairGold, RatingGold, pair_gold, preferences_from_ratings
from rewardmeter.comparison.slices import SliceColumn, slice_column
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.types import FloatArray, IntArray

__all__ = ["Human", "Judged", "human_side", "labels_by"]

Rows = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Judged:
    """The M rows of one scorer that have a value and a judgment.

    Attributes
    ----------
    rows:
        Columns as the fits name them, (M,) each.
    raw:
        float64 (M,): what the scores say as they are, margins or scores.
    truth:
        float64 (M,): what people said.
    item:
        int32 (M,).
    there:
        bool: which pairs or responses these are.
    """

    rows: Rows
    raw: FloatArray
    truth: FloatArray
    item: IntArray
    there: NDArray[np.bool_]


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
    by:
        Column of the items for whose values a calibrator may have parameters of their own; empty for none.
    """

    dataset: Dataset
    pairs: PairGold
    ratings: RatingGold | None
    by: str = ""

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

    @cached_property
    def labels(self) -> NDArray[np.str_]:
        """str (N,): what `by` says of each item; empty where it says nothing."""
        return labels_by(self.dataset, self.by)

    @property
    def has_lengths(self) -> bool:
        """Whether every response has a text."""
        return bool(self.length.size) and not bool(np.isnan(self.length).any())

    @property
    def judged_items(self) -> int:
        """How many items have a judgment of the target's kind."""
        if self.ratings is None:
            return len(np.unique(self.pairs.item))
        return len(np.unique(self.item[~np.isnan(self.ratings.value)]))

    def margins(self, scores: FloatArray) -> FloatArray:
        """(..., R) scores as (..., P) differences of the pairs."""
        return scores[..., self.pairs.a] - scores[..., self.pairs.b]

    def pair_rows(self, scores: FloatArray) -> Rows:
        """The pairs of one scorer, (R,), as the fits of utilities name them; lengths where every response has one."""
        a, b = self.pairs.a, self.pairs.b
        rows: Rows = {"score_a": scores[a], "score_b": scores[b], "label": self.pairs.probability}
        if self.has_lengths:
            rows |= {"length_a": self.length[a], "length_b": self.length[b]}
        return rows | self._places(self.pairs.item)

    def rating_rows(self, scores: FloatArray) -> Rows:
        """The rated responses of one scorer, (R,), as the fits of ratings name them."""
        assert self.ratings is not None
        rows: Rows = {"score": scores, "human": self.ratings.value}
        return rows | ({"length": self.length} if self.has_lengths else {}) | self._places(self.item)

    def judged(self, scores: FloatArray, target: str) -> Judged:
        """What there is to fit a target on, and to test it."""
        paired = target == "utility"
        rows = self.pair_rows(scores) if paired else self.rating_rows(scores)
        item = self.pairs.item if paired else self.item
        truth = rows["label" if paired else "human"]
        raw = rows["score_a"] - rows["score_b"] if paired else rows["score"]
        there = ~np.isnan(raw) & ~np.isnan(truth)
        return Judged(
            {name: values[there] for name, values in rows.items()}, raw[there], truth[there], item[there], there
        )

    def _places(self, item: IntArray) -> Rows:
        return {"item": item} | ({"slice": self.labels[item]} if self.by else {})


def labels_by(dataset: Dataset, column: str) -> NDArray[np.str_]:
    """str (N,): the value of a column for each item, empty where there is none.

    Raises
    ------
    InputError
        If it is a number with many values, or has too many of another kind.
    UnknownNameError
        If there is no such column.
    """
    found: SliceColumn = slice_column(dataset, column)
    if found.quartiles:
        raise InputError(
            f"column '{column}' is a number with many values, and a calibrator takes values as they are",
            fix="Use a column of names or of a few numbers.",
        )
    return np.array([*found.values, ""])[found.index]


def human_side(dataset: Dataset, aspect: str | None = None, by: str = "") -> Human:
    """The pairs and ratings of a dataset, and the column that a calibrator may have parameters for.

    Raises
    ------
    InputError
        If it has no human judgments, or ratings of single responses only, of which no two belong to one item; as
        `labels_by`.
    UnknownNameError
        If it has no such aspect or column.
    """
    if by:
        labels_by(dataset, by)
    gold = gold_of(dataset, aspect)
    if gold.ratings is not None:
        paired = preferences_from_ratings(dataset, aspect=gold.ratings.aspect)
        return Human(dataset, pair_gold(paired) if len(paired.preferences or ()) else _no_pairs(), gold.ratings, by)
    if gold.pairs is None:
        raise InputError(
            f"dataset '{dataset.name}' has best-of-k groups and neither ratings nor preferences",
            fix="Calibration needs one of them: which response is how good, or which of two is better.",
        )
    return Human(dataset, gold.pairs, None, by)


def _no_pairs() -> PairGold:
    none = np.empty(0, dtype=np.int32)
    empty = np.empty(0, dtype=np.int64)
    return PairGold(none, none, np.empty(0), none, 0, empty, np.empty(0, dtype=bool))
