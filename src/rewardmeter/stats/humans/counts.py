"""How often each value was given to each unit, without a matrix of units by values, and totals under resampling.

May import: cells, judgments, resampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Ints
from rewardmeter.stats.humans.judgments import checked_index
from rewardmeter.stats.resampling import weighted_sums

__all__ = ["ValueCounts", "coded", "item_sums", "items_of", "occurring", "resampled_totals", "value_counts"]

_PIECE = 1 << 22
"""Array elements made in one go, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """One row for each (unit, value) that occurs, by unit and then by value.

    Attributes
    ----------
    unit, code: (rows,) the unit, and the position of the value in ``values``.
    count: (rows,) how many judgments say so.
    ratings: (units,) judgments of each unit.
    values: (K,) the distinct values, ascending.
    """

    unit: Ints
    code: Ints
    count: Ints
    ratings: Ints
    values: Floats

    def totals(self) -> Floats:
        """(K,) how often each value occurs."""
        return np.bincount(self.code, self.count, minlength=self.values.size).astype(np.float64, copy=False)

    def unit_sums(self, amounts: Floats) -> Floats:
        """(units,) sums of ``amounts`` (rows,) over the judgments of each unit."""
        summed = np.bincount(self.unit, self.count * amounts, minlength=self.ratings.size)
        return summed.astype(np.float64, copy=False)

    def pairable(self) -> ValueCounts:
        """Without the units that have fewer than two judgments; these stay with 0 ratings."""
        alone = self.ratings == 1
        if not alone.any():
            return self
        kept = ~alone[self.unit]
        ratings = np.where(alone, 0, self.ratings)
        return ValueCounts(self.unit[kept], self.code[kept], self.count[kept], ratings, self.values)


def value_counts(unit: ArrayLike, value: ArrayLike, *, units: int | None = None) -> ValueCounts:
    """Counts of triples (unit, any rater, value); a NaN value is no judgment.

    Raises
    ------
    ValueError
        On shapes that differ, units that are no whole numbers from 0, or infinite values.
    """
    of_unit, values = checked_index("unit", unit), np.asarray(value, dtype=np.float64)
    if values.shape != of_unit.shape:
        raise ValueError(f"unit and value must have one shape; got {of_unit.shape} and {values.shape}")
    if np.isinf(values).any():
        raise ValueError(f"value[{int(np.flatnonzero(np.isinf(values))[0])}] is infinite; use NaN for no judgment")
    n = max(units or 0, int(of_unit.max(initial=-1)) + 1)
    missing = np.isnan(values)
    if missing.any():
        of_unit, values = of_unit[~missing], values[~missing]
    code, distinct = coded(values)
    width = max(1, distinct.size)
    place, count = occurring(of_unit * width + code, n * width)
    row_unit = place // width
    return ValueCounts(row_unit, place - row_unit * width, count, np.bincount(of_unit, minlength=n), distinct)


def coded(values: Floats) -> tuple[Ints, Floats]:
    """The position of each value among the distinct ones, and these, ascending."""
    if not values.size:
        return np.zeros(0, dtype=np.int64), values
    low, high = float(values.min()), float(values.max())
    if high - low <= 4 * values.size and max(-low, high) < 2.0**53:
        whole = values.astype(np.int64)
        if np.array_equal(whole, values):
            whole -= int(low)
            seen = np.bincount(whole) > 0
            position = np.cumsum(seen, dtype=np.int64) - 1
            return position[whole], np.flatnonzero(seen).astype(np.float64) + low
    distinct, code = np.unique(values, return_inverse=True)
    return code.astype(np.int64, copy=False), distinct


def occurring(places: Ints, size: int) -> tuple[Ints, Ints]:
    """Distinct values of ``places`` (all in 0..size-1), ascending, and how often each occurs."""
    if size > 16 * places.size:
        distinct, count = np.unique(places, return_counts=True)
        return distinct, count.astype(np.int64, copy=False)
    full = np.bincount(places, minlength=size)
    distinct = np.flatnonzero(full)
    return distinct, full[distinct]


def items_of(item: ArrayLike | None, units: int, weights: NDArray[Any] | None) -> Ints:
    """The item of each unit, (units,), checked against resampling weights (resamples, items); by default its own."""
    index = np.arange(units) if item is None else checked_index("item", item, units)
    if weights is not None and (weights.ndim != 2 or weights.shape[1] <= index.max(initial=-1)):
        raise ValueError(
            f"weights must be (resamples, items) with at least {int(index.max(initial=-1)) + 1} items; "
            f"got the shape {weights.shape}"
        )
    return index


def item_sums(columns: Floats, item: Ints, weights: NDArray[Any]) -> Floats:
    """Sums of (units, columns) under each resample of the items: (resamples, columns)."""
    items = weights.shape[1]
    summed = np.stack([np.bincount(item, column, minlength=items) for column in columns.T], axis=1)
    return weighted_sums(weights, summed.astype(np.float64, copy=False))


def resampled_totals(counts: ValueCounts, item: Ints, weights: NDArray[Any]) -> Iterator[tuple[slice, Floats]]:
    """How often each value occurs under each resample, (resamples, K), in pieces with the rows that they hold."""
    from scipy.sparse import csr_array

    shape = (weights.shape[1], counts.values.size)
    table = csr_array((counts.count.astype(np.float64), (item[counts.unit], counts.code)), shape=shape)
    step = max(1, _PIECE // max(1, max(shape)))
    for start in range(0, weights.shape[0], step):
        rows = slice(start, min(start + step, weights.shape[0]))
        yield rows, weights[rows].astype(np.float64) @ table
