"""Intervals for the human score with stated coverage, exchangeable by item.

The guarantee: let the items (with all their responses) and a new item be exchangeable, and let map and spread come from
other items. Then the interval of a response of the new item holds its human score with probability ``level`` or more,
over the draw of all items (hierarchical conformal prediction; Lee, Barber and Willett 2023). Each item's absolute
residuals share one weight 1 / (K + 1), as does the new item's, which counts as infinite. With one response for each
item it is split conformal prediction with the ceil((K + 1) level)-th of the K residuals (Papadopoulos et al. 2002; Lei
et al. 2018). It does not hold given the items drawn or given the score, and holds by slice only where asked for
(Mondrian: Vovk, Gammerman and Shafer 2005). With values from `cross_fit`, whose maps have seen other calibration items,
coverage is approximate (Barber et al. 2021 prove 2 level - 1 for the intervals CV+, which are made differently).
May import: `records`, `rows`, `slices`, `stats.intervals`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.intervals import check_level
from rewardmeter.stats.scaling.records import (
    Floats,
    Labels,
    Places,
    checked_scores,
    count_of,
    labels_of,
    list_of,
    number_of,
    numbers_of,
    require_fields,
)
from rewardmeter.stats.scaling.rows import item_places, kept_rows, lower_quantiles, merged
from rewardmeter.stats.scaling.slices import places_of, slice_index

__all__ = [
    "ConformalIntervals",
    "Spread",
    "fit_spread",
    "intervals_from_dict",
    "item_quantile",
    "items_needed",
    "split_intervals",
]


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The typical absolute residual by bins of the value: ``sizes`` (K,) positive, ``cuts`` (K - 1,) increasing."""

    cuts: Floats
    sizes: Floats

    def __call__(self, values: ArrayLike) -> Floats:
        """Size of each value, of which the k-th holds for cuts[k - 1] < value <= cuts[k]; NaN for NaN."""
        x = checked_scores(values)
        sizes = self.sizes[np.searchsorted(self.cuts, np.where(np.isnan(x), 0.0, x), side="left")]
        return np.where(np.isnan(x), np.nan, sizes)


@dataclass(frozen=True, slots=True, eq=False)
class ConformalIntervals:
    """Intervals value - reach to value + reach, the reach times the spread where there is one.

    Attributes
    ----------
    level: the coverage, in (0, 1).
    slices: S names, or none where one reach serves all.
    reach: (S,) or (1,); infinite where a slice has fewer items than `items_needed`.
    items: (S,) or (1,), on how many items each reach rests.
    spread: by bins of the value, or None.
    """

    level: float
    slices: Labels
    reach: Floats
    items: Places
    spread: Spread | None = None

    def __call__(self, values: ArrayLike, *, slice: ArrayLike | None = None) -> tuple[Floats, Floats]:
        """Lower and upper ends, in the shape of the values; NaN for NaN.

        Both are infinite where the items are too few or the slice was not seen: there is no finite interval of that
        coverage. ValueError where the slices are needed and not given.
        """
        centre = checked_scores(values)
        if self.slices and slice is None:
            raise ValueError("these intervals need the slice of each response")
        reach = np.append(self.reach, np.inf)[places_of(self.slices, slice)] if self.slices else self.reach[0]
        half = reach if self.spread is None else reach * self.spread(centre)
        return np.where(np.isnan(centre), np.nan, centre - half), np.where(np.isnan(centre), np.nan, centre + half)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``reach`` is None, and ``note`` says why, where no finite interval has the coverage."""
        needed = items_needed(self.level)
        return {
            "level": self.level,
            "slices": list(self.slices),
            "items": self.items.tolist(),
            "reach": [value if math.isfinite(value) else None for value in self.reach.tolist()],
            "spread": None
            if self.spread is None
            else {"cuts": self.spread.cuts.tolist(), "sizes": self.spread.sizes.tolist()},
            "note": [
                "" if math.isfinite(value) else f"{count} items are too few for a finite interval: {needed} are needed"
                for value, count in zip(self.reach.tolist(), self.items.tolist(), strict=True)
            ],
        }


def intervals_from_dict(record: Mapping[str, Any]) -> ConformalIntervals:
    """The intervals of a record made by `ConformalIntervals.to_dict`; ValueError says what is wrong in it."""
    wanted = ("level", "slices", "items", "reach", "spread")
    require_fields("the record of conformal intervals", record, wanted, maybe=("note",))
    slices = labels_of("intervals.slices", record["slices"])
    listed = list_of("intervals.reach", record["reach"])
    reach = numbers_of("intervals.reach", [0.0 if value is None else value for value in listed])
    reach[[i for i, value in enumerate(listed) if value is None]] = math.inf
    counts = [
        count_of(f"intervals.items[{i}]", one) for i, one in enumerate(list_of("intervals.items", record["items"]))
    ]
    items = np.array(counts, dtype=np.intp)
    if reach.shape != (max(1, len(slices)),) or reach.shape != items.shape or not (reach >= 0).all():
        raise ValueError("intervals: reach and items must have one number from 0 up for each slice, or one in all")
    level = number_of("intervals.level", record["level"])
    if not 0 < level < 1:
        raise ValueError(f"intervals.level must lie strictly between 0 and 1, not {level:g}")
    spread = None if record["spread"] is None else _spread_from_dict(record["spread"])
    return ConformalIntervals(level, slices, reach, items, spread)


def _spread_from_dict(record: Any) -> Spread:
    if not isinstance(record, Mapping) or not {"cuts", "sizes"} <= set(record):
        raise ValueError("intervals.spread must be an object with cuts and sizes")
    cuts, sizes = (numbers_of(f"intervals.spread.{name}", record[name]) for name in ("cuts", "sizes"))
    if cuts.size != sizes.size - 1 or not ((np.diff(cuts) > 0).all() and (sizes > 0).all()):
        raise ValueError("intervals.spread must have positive sizes and one cut less, in order")
    return Spread(cuts, sizes)


def fit_spread(values: ArrayLike, human: ArrayLike, weight: ArrayLike | None = None, *, bins: int = 10) -> Spread:
    """Mean absolute residual of ``human`` in bins of equal mass of ``values``: intervals are wider where it is greater.

    (rows,) each; take rows of other items than those that `split_intervals` gets. Equal values share a bin. A size
    below a thousandth of the overall one is raised to that, and all are 1 where no residual is left. Raises ValueError
    for bad rows, fewer than one bin, and where there is no row.
    """
    (x, y), w, _ = kept_rows({"values": values, "human": human}, weight)
    if bins < 1:
        raise ValueError(f"bins must be 1 or more; got {bins}")
    distinct, mass, (size,) = merged(x, w, np.abs(y - x))
    last = np.unique(np.append(lower_quantiles(mass, np.arange(1, bins) / bins), distinct.size - 1))
    starts = np.concatenate([[0], last[:-1] + 1])
    sizes = np.add.reduceat(mass * size, starts) / np.add.reduceat(mass, starts)
    overall = float(mass @ size / mass.sum())
    return Spread(distinct[last[:-1]], np.maximum(sizes, overall / 1000) if overall > 0 else np.ones(sizes.size))


def split_intervals(
    values: ArrayLike,
    human: ArrayLike,
    item: ArrayLike,
    *,
    level: float = 0.95,
    slice: ArrayLike | None = None,
    spread: Spread | None = None,
) -> ConformalIntervals:
    """Conformal intervals around mapped scores; see the module for what is guaranteed.

    Parameters
    ----------
    values, human:
        (rows,) mapped scores and human scores of the calibration items, which the map was not fitted on; rows with NaN
        do not count.
    item:
        (rows,) labels of items.
    slice:
        (rows,) for a reach of its own in each slice; None for one reach.
    spread:
        From `fit_spread` on other items, for residuals over their typical size; None for the absolute residual.

    Raises
    ------
    ValueError
        Bad rows, a level outside (0, 1), no row.
    """
    check_level(level)
    (x, y), _, there = kept_rows({"values": values, "human": human}, None)
    group = item_places(item, there)
    residual = np.abs(y - x) if spread is None else np.abs(y - x) / spread(x)
    assert group is not None  # an item array was given
    if slice is None:
        reach, count = item_quantile(residual, group, level)
        return ConformalIntervals(level, (), np.array([reach]), np.array([count]), spread)
    labels = np.asarray(slice)
    if labels.shape != there.shape:
        raise ValueError(f"slice must be {there.shape} as the values are; got the shape {labels.shape}")
    names, place = slice_index(labels[there])
    found = [item_quantile(residual[place == k], group[place == k], level) for k in range(len(names))]
    if not names:
        raise ValueError("no row has a slice")
    return ConformalIntervals(
        level, names, np.array([reach for reach, _ in found]), np.array([count for _, count in found]), spread
    )


def items_needed(level: float) -> int:
    """The least number of items with a finite interval: level / (1 - level), rounded up."""
    return math.ceil(check_level(level) / (1 - level) - 1e-9)


def item_quantile(residual: Floats, group: Places, level: float) -> tuple[float, int]:
    """The level quantile of (rows,) residuals, each item of ``group`` (0..K-1) with the weight 1 / (K + 1) and one more
    item infinite; and the number of items."""
    rows = np.bincount(group)
    count = int(np.count_nonzero(rows))
    order = np.argsort(residual)
    filled = np.cumsum(1 / rows[group][order])
    # Sums of shares are rounded; a part in 10^9 of an item decides nothing.
    place = int(np.searchsorted(filled, level * (count + 1) - 1e-9 * (count + 1), side="left"))
    return (float(residual[order[place]]) if place < residual.size else math.inf), count
