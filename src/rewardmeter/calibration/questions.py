"""What people can be asked about a dataset, and how far a calibrator gets with the answers.

May import `comparison`, `dataset`, `types`, `errors`, `stats`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.calibration.evidence import human_side
from rewardmeter.calibration.methods import METHODS
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.types import FloatArray, IntArray

__all__ = ["ASKED", "LARGEST_RATING", "Questions", "questions_of", "target_of"]

ASKED = ("rating", "preference")
LARGEST_RATING = 1e70
"""Ratings lie between this and its negative: the standard error of squared errors takes sums of fourth powers."""


@dataclass(frozen=True, eq=False)
class Questions:
    """One row for each thing to ask: how good is a response, or which of two is better.

    Attributes
    ----------
    dataset:
        What is asked about.
    ask:
        ``"rating"`` or ``"preference"``.
    a, b:
        int32 (Q,): responses of each question; ``b`` is None for ratings.
    known:
        float64 (Q,): what the data holds already, NaN where nobody said anything.
    """

    dataset: Dataset
    ask: str
    a: IntArray
    b: IntArray | None
    known: FloatArray

    def __len__(self) -> int:
        return len(self.a)

    @cached_property
    def item(self) -> IntArray:
        """int32 (Q,): item of each question."""
        return self.dataset.response_item[self.a]

    @cached_property
    def _length(self) -> FloatArray | None:
        if not self.dataset.has_texts:
            return None
        return np.array([len(text or "") for text in self.dataset.response_text], dtype=np.float64)

    def signal(self, scores: FloatArray) -> FloatArray:
        """(Q,) of (R,) scores: the score of a response, or the margin of a pair."""
        return scores[self.a] if self.b is None else scores[self.a] - scores[self.b]

    def rows(self, scores: FloatArray, labels: FloatArray) -> dict[str, NDArray[Any]]:
        """The columns that fits take, of (R,) scores and (Q,) labels."""
        if self.b is None:
            rows: dict[str, NDArray[Any]] = {"score": scores[self.a], "human": labels, "item": self.item}
            return rows if self._length is None else rows | {"length": self._length[self.a]}
        rows = {"score_a": scores[self.a], "score_b": scores[self.b], "label": labels, "item": self.item}
        if self._length is not None:
            rows |= {"length_a": self._length[self.a], "length_b": self._length[self.b]}
        return rows

    def of_item(self, item: int) -> IntArray:
        """Rows of one item, in order."""
        return self._order[self._start[item] : self._start[item + 1]]

    @cached_property
    def _order(self) -> IntArray:
        return np.argsort(self.item, kind="stable").astype(np.int32)

    @cached_property
    def _start(self) -> IntArray:
        sizes = np.bincount(self.item, minlength=self.dataset.n_items)
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)

    def items_with(self, labels: FloatArray) -> NDArray[np.bool_]:
        """bool (N,): items of which some question has an answer."""
        found = np.zeros(self.dataset.n_items, dtype=bool)
        found[self.item[~np.isnan(labels)]] = True
        return found


def questions_of(
    dataset: Dataset, ask: str | None = None, *, aspect: str | None = None, anew: bool = False
) -> Questions:
    """Everything that people can be asked about a dataset.

    Parameters
    ----------
    ask:
        ``"rating"``: every response; ``"preference"``: the pairs that the data names, else all pairs of an item's
        responses. None: preferences where the data is a table of pairs or has preferences and no ratings.
    aspect:
        Which of the ratings that the data holds count as answers.
    anew:
        Take no notice of the judgments that the data holds.

    Raises
    ------
    InputError
        If there is nothing to ask, or the data holds a rating beyond `LARGEST_RATING`.
    UnknownNameError
        If there is no such question or aspect.
    """
    if ask is not None and ask not in ASKED:
        raise UnknownNameError("question", ask, ASKED)
    pairwise = dataset.preferences is not None or dataset.origin.format.startswith("pairwise")
    ask = ask or ("preference" if pairwise and dataset.ratings is None else "rating")
    judged = not anew and bool(dataset.ratings is not None and len(dataset.ratings))
    if ask == "rating":
        a = np.arange(dataset.n_responses, dtype=np.int32)
        human = human_side(dataset, aspect) if judged else None
        known = np.full(len(a), np.nan) if human is None or human.ratings is None else human.ratings.value
        if (np.abs(known) > LARGEST_RATING).any():
            raise InputError(f"dataset '{dataset.name}' has a rating beyond {LARGEST_RATING:g}", column="rating")
        made = Questions(dataset, ask, a, None, known)
    else:
        made = _pairs(dataset, anew)
    if not len(made):
        what = "responses" if ask == "rating" else "pairs of responses"
        raise InputError(f"dataset '{dataset.name}' has no {what} to ask about")
    return made


def target_of(questions: Questions, labels: FloatArray, method: str | None = None) -> str:
    """``utility``, ``rating``, or ``probability`` for ratings of 0 and 1, unless only ratings have the method."""
    if questions.ask == "preference":
        return "utility"
    if method in METHODS["rating"] and method not in METHODS["probability"]:
        return "rating"
    seen = set(np.unique(labels[~np.isnan(labels)]).tolist())
    return "probability" if seen == {0.0, 1.0} else "rating"


def _pairs(dataset: Dataset, anew: bool) -> Questions:
    """The named pairs with their preferences; of items without any, all pairs of responses."""
    a: Sequence[int] = []
    b: Sequence[int] = []
    known: Sequence[float] = []
    named = np.zeros(dataset.n_items, dtype=bool)
    if dataset.preferences is not None and len(dataset.preferences):
        from rewardmeter.comparison.gold import pair_gold

        gold = pair_gold(dataset)
        a, b, known = gold.a.tolist(), gold.b.tolist(), gold.probability.tolist()
        named[gold.item] = True
    extra = [
        pair
        for item in np.flatnonzero(~named).tolist()
        for pair in combinations(range(int(dataset.item_start[item]), int(dataset.item_start[item + 1])), 2)
    ]
    a, b = [*a, *(first for first, _ in extra)], [*b, *(second for _, second in extra)]
    values = np.array([*known, *[np.nan] * len(extra)], dtype=np.float64)
    if anew:
        values[:] = np.nan
    return Questions(dataset, "preference", np.array(a, dtype=np.int32), np.array(b, dtype=np.int32), values)
