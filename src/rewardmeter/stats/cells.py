"""The cells (scorer, system, item) that a statistic reads: checked, paired and laid out in groups.

Imports nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Floats",
    "GroupSummary",
    "Grouping",
    "Ints",
    "check_cells",
    "check_grouping",
    "grouped",
    "mean_of_defined",
    "paired",
    "paired_rows",
    "ratio",
    "summarise",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Grouping = Literal["pooled", "item", "system"]
"""``pooled``: all cells are one group; ``item``: one group per item, over its systems; ``system``: one group per
system, over its items."""

_GREATEST = 1e300
"""Greater numbers would overflow when summed."""


def check_cells(scores: ArrayLike, gold: ArrayLike) -> tuple[Floats, Floats]:
    """Scores (scorers, systems, items) and gold (systems, items) as float64 arrays.

    Raises
    ------
    ValueError
        If the shapes do not belong together, or a value is infinite or beyond 1e300 (NaN means missing and is fine).
    """
    scores = np.asarray(scores, dtype=np.float64)
    gold = np.asarray(gold, dtype=np.float64)
    if scores.ndim != 3 or gold.ndim != 2 or scores.shape[1:] != gold.shape:
        raise ValueError(
            "scores must have the shape (scorers, systems, items) and gold (systems, items) with the same systems "
            f"and items; got {scores.shape} and {gold.shape}"
        )
    for name, values in (("scores", scores), ("gold", gold)):
        beyond = np.abs(values) > _GREATEST
        if beyond.any():
            where = [int(i) for i in np.argwhere(beyond)[0]]
            raise ValueError(f"{name}{where} is infinite or beyond {_GREATEST:g}; use NaN where a value is missing")
    return scores, gold


def check_grouping(grouping: str) -> None:
    """Raise ValueError unless ``grouping`` is one of the known names."""
    if grouping not in get_args(Grouping):
        raise ValueError(f"grouping must be one of {', '.join(get_args(Grouping))}; got {grouping!r}")


def grouped(values: NDArray[Any], grouping: Grouping) -> NDArray[Any]:
    """A view of a (systems, items) array as (groups, members)."""
    if grouping == "item":
        return values.T
    return values if grouping == "system" else values.reshape(1, -1)


def paired(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Both arrays with NaN wherever either is NaN; an array that does not change is returned itself."""
    missing_x, missing_y = np.isnan(x), np.isnan(y)
    only_x, only_y = missing_x & ~missing_y, missing_y & ~missing_x
    paired_x = np.where(only_y, np.nan, x) if only_y.any() else x
    return paired_x, np.where(only_x, np.nan, y) if only_x.any() else y


def paired_rows(x: Floats, y: Floats, grouping: Grouping) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """(systems, items) arrays as groups: x and y (groups, members), NaN in the same places, and the item of each cell.

    Pooled, the missing cells are left out instead.
    """
    x, y = paired(x, y)
    if grouping == "pooled":
        system, item = np.nonzero(~np.isnan(x))
        return x[system, item][None], y[system, item][None], item[None]
    items = np.broadcast_to(np.arange(x.shape[1]), x.shape)
    return grouped(x, grouping), grouped(y, grouping), grouped(items, grouping)


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """What several scorers' group values come to; every attribute has the shape (scorers,).

    ``value`` is the plain mean over the groups with a value, NaN without any; ``n`` counts these groups (when pooled,
    the cells instead); ``undefined`` counts groups that have data and no value.
    """

    value: Floats
    n: Ints
    undefined: Ints


def summarise(groups: Floats, cells: Ints, grouping: Grouping) -> GroupSummary:
    """Summary of group values (scorers, groups), NaN where undefined, and the cells that each group has."""
    missing = np.isnan(groups)
    n = cells.sum(axis=1) if grouping == "pooled" else (~missing).sum(axis=1)
    return GroupSummary(mean_of_defined(groups), n, ((cells > 0) & missing).sum(axis=1))


def mean_of_defined(values: Floats) -> Floats:
    """Mean over the last axis of what is not NaN; NaN where nothing is left."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=-1)
    return ratio(np.where(defined, values, 0.0).sum(axis=-1), count)


def ratio(top: NDArray[Any], bottom: NDArray[Any]) -> Floats:
    """``top / bottom`` where ``bottom`` is positive, NaN elsewhere."""
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    value: Floats = np.divide(top, bottom, out=np.full(shape, np.nan), where=bottom > 0)
    return value
