"""Parts of the data: by a column of the items, by the length of the responses, by the system that wrote them.

May import `comparison`, `dataset`, `types`, `errors` and `calibration.evidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rewardmeter.calibration.evidence import Human
from rewardmeter.comparison.slices import slice_column
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.types import FloatArray

__all__ = ["LENGTH", "RESERVED", "SYSTEM", "Part", "columns_of", "parts_of"]

LENGTH, SYSTEM = "length", "system"
RESERVED = (LENGTH, SYSTEM)
"""Names of parts that are no columns; a column of that name comes first."""

MOST_SYSTEMS = 60


@dataclass(frozen=True, eq=False)
class Part:
    """One part of the data.

    Attributes
    ----------
    label:
        What it is called.
    pairs:
        bool (P,): the pairs in it.
    responses:
        bool (R,): the responses in it.
    """

    label: str
    pairs: NDArray[np.bool_]
    responses: NDArray[np.bool_]

    def judged(self, human: Human) -> int:
        """Pairs in it, or rated responses where there are no pairs."""
        if len(human.pairs):
            return int(np.sum(self.pairs))
        assert human.ratings is not None
        return int(np.sum(self.responses & ~np.isnan(human.ratings.value)))


def columns_of(dataset: Dataset, names: Sequence[str]) -> tuple[str, ...]:
    """The names that are columns of the items; the others are reserved ones that the data allows.

    Raises
    ------
    InputError
        If texts or systems are not known, or there are too many systems.
    UnknownNameError
        If a name is neither.
    """
    columns = []
    for name in names:
        if name in dataset.columns:
            columns.append(name)
        elif name == LENGTH:
            if not any(text is not None for text in dataset.response_text):
                raise InputError("there are no texts to slice by length", column=LENGTH)
        elif name == SYSTEM:
            if not dataset.systems:
                raise InputError("the data does not say which system wrote a response", column=SYSTEM)
            if len(dataset.systems) > MOST_SYSTEMS:
                raise InputError(f"{len(dataset.systems):,} systems are too many to slice by", column=SYSTEM)
        else:
            raise UnknownNameError("slice column", name, (*dataset.columns, *RESERVED))
    return tuple(columns)


def parts_of(human: Human, name: str) -> list[Part]:
    """The parts of one name, in order.

    A pair belongs to a length by the mean of its two, and to the systems of both of its responses.
    """
    if name in human.dataset.columns:
        column = slice_column(human.dataset, name)
        return [
            Part(label, column.index[human.pairs.item] == number, column.index[human.item] == number)
            for number, label in enumerate(column.values)
        ]
    return _by_length(human) if name == LENGTH else _by_system(human)


def _by_length(human: Human) -> list[Part]:
    """Quartiles of the length of the responses, in characters."""
    length = human.length
    of_pair = (length[human.pairs.a] + length[human.pairs.b]) / 2
    edges = np.unique(np.round(np.nanquantile(length, [0, 0.25, 0.5, 0.75, 1])))
    if len(edges) == 1:
        edges = np.array([edges[0], edges[0]])
    parts = []
    for number, (low, high) in enumerate(pairwise(edges)):
        last = number == len(edges) - 2
        label = f"{low:,.0f}–{high if last else max(low, high - 1):,.0f} characters"
        parts.append(Part(label, _within(of_pair, low, high, last), _within(length, low, high, last)))
    return parts


def _within(length: FloatArray, low: float, high: float, last: bool) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray((length >= low) & ((length <= high) if last else (length < high)))


def _by_system(human: Human) -> list[Part]:
    system = human.dataset.response_system
    a, b = system[human.pairs.a], system[human.pairs.b]
    return [
        Part(label, (a == number) | (b == number), system == number)
        for number, label in enumerate(human.dataset.systems)
    ]
