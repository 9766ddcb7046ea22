"""Judgments as triples (unit, rater, value) and as a matrix (raters, units): checked, and turned into each other.

May import: cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Ints

__all__ = ["Triples", "checked_index", "checked_labels", "checked_matrix", "rating_matrix", "rating_slots", "triples"]


class Triples(NamedTuple):
    """One judgment per row, all three of shape (judgments,): what was judged, by whom, and what they said."""

    unit: Ints
    rater: Ints
    value: Floats


def checked_index(name: str, index: ArrayLike, length: int | None = None) -> Ints:
    """An index array (length,) of whole numbers from 0 as int64; ValueError otherwise."""
    array = np.asarray(index)
    if array.ndim != 1 or (length is not None and array.size != length):
        due = "one dimension" if length is None else f"the shape ({length},)"
        raise ValueError(f"{name} must have {due}; got {array.shape}")
    if array.size and (not np.issubdtype(array.dtype, np.integer) or array.min() < 0):
        raise ValueError(f"{name} must hold whole numbers from 0; got {array.dtype} with minimum {array.min()}")
    return array.astype(np.int64, copy=False)


def checked_matrix(name: str, matrix: ArrayLike) -> Floats:
    """A matrix (raters, units) as float64, NaN where there is no judgment; ValueError if it is none or infinite."""
    array = np.asarray(matrix, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"{name} must have the shape (raters, units); got {array.shape}")
    if np.isinf(array).any():
        rater, unit = (int(i) for i in np.argwhere(np.isinf(array))[0])
        raise ValueError(f"{name}[{rater}, {unit}] is infinite; use NaN where there is no judgment")
    return array


def checked_labels(unit: ArrayLike, rater: ArrayLike, label: ArrayLike, labels: int | None) -> tuple[Ints, Ints, Ints]:
    """Triples whose values are labels 0..labels-1; ValueError if there are none or they do not fit together."""
    units = checked_index("unit", unit)
    raters, said = checked_index("rater", rater, units.size), checked_index("label", label, units.size)
    if not units.size:
        raise ValueError("there are no judgments")
    if labels is not None and int(said.max()) >= labels:
        raise ValueError(f"a label is {int(said.max())}, but there are only {labels} labels: 0 to {labels - 1}")
    return units, raters, said


def triples(matrix: ArrayLike) -> Triples:
    """The judgments in a matrix (raters, units), ordered by rater."""
    array = checked_matrix("matrix", matrix)
    rater, unit = np.nonzero(~np.isnan(array))
    return Triples(unit, rater, array[rater, unit])


def rating_matrix(unit: ArrayLike, rater: ArrayLike, value: ArrayLike, *, units: int | None = None) -> Floats:
    """Triples as a matrix (raters, units), NaN where a rater did not judge a unit.

    Raises
    ------
    ValueError
        If a rater judged a unit twice: number the judgments of a unit with `rating_slots` instead.
    """
    of_unit = checked_index("unit", unit)
    of_rater = checked_index("rater", rater, of_unit.size)
    values = np.asarray(value, dtype=np.float64)
    shape = (int(of_rater.max(initial=-1)) + 1, max(units or 0, int(of_unit.max(initial=-1)) + 1))
    place = of_rater * shape[1] + of_unit
    seen, count = np.unique(place, return_counts=True)
    if (count > 1).any():
        r, u = divmod(int(seen[count > 1][0]), shape[1])
        raise ValueError(f"rater {r} judged unit {u} more than once; number the judgments with rating_slots instead")
    matrix = np.full(shape, np.nan)
    matrix[of_rater, of_unit] = values
    return matrix


def rating_slots(unit: ArrayLike) -> NDArray[np.intp]:
    """The number 0, 1, ... of each judgment among those of its unit, in the order given.

    Stands in for the rater where raters are not known, or where each judged too little to be looked at alone.
    """
    units = checked_index("unit", unit)
    order = np.argsort(units, kind="stable")
    ordered = units[order]
    position = np.arange(units.size)
    starts = np.ones(units.size, dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=starts[1:])
    slots = np.empty(units.size, dtype=np.intp)
    slots[order] = position - np.maximum.accumulate(np.where(starts, position, 0))
    return slots
