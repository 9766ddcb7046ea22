"""Pearson correlation of the differences between cells: does a scorer say by how much one response is better?

May import: `cells`, `intervals`, `moments`, `resampling`, `result`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Grouping, check_cells, check_grouping, grouped, paired
from rewardmeter.stats.intervals import bootstrap_method, estimates
from rewardmeter.stats.moments import (
    Moments,
    centred,
    group_moments,
    moments_of_sums,
    pearson_of_sums,
    resampled_powers,
)
from rewardmeter.stats.resampling import percentile_interval, weighted_sums
from rewardmeter.stats.result import Estimate

__all__ = ["pairwise_difference_estimates", "pairwise_difference_pearson"]


def pairwise_difference_pearson(scores: ArrayLike, gold: ArrayLike, *, grouping: Grouping = "item") -> Floats:
    """Pearson's r over all ordered differences of two cells within a group, all groups together; (scorers,).

    r = sum_g n_g Sxy_g / sqrt(sum_g n_g Sxx_g * sum_g n_g Syy_g), n_g the cells of group g and S its centred sums:
    the sum of all products of ordered differences in a group is 2 n_g Sxy_g, so no difference is ever formed.
    In [-1, 1]; NaN where no group varies on one side. ``pooled``, it equals Pearson's r of the cells.

    ``scores`` (scorers, systems, items) and ``gold`` (systems, items), NaN where missing.
    """
    check_grouping(grouping)
    scores, gold = check_cells(scores, gold)
    sides = (paired(row, gold) for row in scores)
    moments = [group_moments(grouped(x, grouping), grouped(y, grouping)) for x, y in sides]
    return np.array([_of_differences(group) for group in moments])


def pairwise_difference_estimates(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    grouping: Grouping = "item",
    weights: NDArray[Any] | None,
    level: float = 0.95,
) -> list[Estimate]:
    """`pairwise_difference_pearson` with the percentile bootstrap over items; ``n`` counts unordered differences."""
    values = pairwise_difference_pearson(scores, gold, grouping=grouping)
    scores, gold = check_cells(scores, gold)
    present = [grouped(~np.isnan(row) & ~np.isnan(gold), grouping).sum(axis=1) for row in scores]
    n = np.array([(cells * (cells - 1) // 2).sum() for cells in present])
    if weights is None:
        return estimates(values, None, n=n, method="none", level=level)
    rows = [_draws(*paired(row, gold), grouping, weights) for row in scores]
    draws = np.array(rows).reshape(len(rows), weights.shape[0]).T
    return estimates(values, percentile_interval(draws, level), n=n, method=bootstrap_method(weights), level=level)


def _draws(x: Floats, y: Floats, grouping: Grouping, weights: NDArray[Any]) -> Floats:
    """The coefficient of one scorer in each resample of the items."""
    rows_x, rows_y = grouped(x, grouping), grouped(y, grouping)
    if grouping == "item":
        # Copies of an item are groups of their own: differences stay within one copy.
        sums = weighted_sums(weights, np.stack(_products(group_moments(rows_x, rows_y)), axis=1))
        return pearson_of_sums(sums[:, 0], sums[:, 1], sums[:, 2])
    left, right = centred(rows_x), centred(rows_y)
    return _of_differences(moments_of_sums(resampled_powers(left, right, ~np.isnan(x), weights), left, right))


def _of_differences(moments: Moments) -> Floats:
    """The coefficient over the groups of the last axis."""
    xy, xx, yy = (np.sum(part, axis=-1) for part in _products(moments))
    return pearson_of_sums(xy, xx, yy)


def _products(moments: Moments) -> list[Floats]:
    """Sums of products of differences in each group, halved: both sides, scores, gold; 0 in an empty group."""
    x, y = (unit / unit.max(initial=0.0) for unit in (moments.unit_x, moments.unit_y))
    parts = (moments.xy * x * y, moments.xx * x * x, moments.yy * y * y)
    return [np.where(moments.count > 0, moments.count * part, 0.0) for part in parts]
