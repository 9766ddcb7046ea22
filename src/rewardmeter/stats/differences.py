"""Pearson correlation of the differences between cells: does a scorer say by how much one response is better?

May import: `cells`, `intervals`, `moments`, `resampling`, `result`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Grouping, check_cells, check_grouping, grouped, paired
from rewardmeter.stats.intervals import bootstrap_method, estimates
from rewardmeter.stats.moments import Moments, centred, group_moments, moments_of_sums, pearson, powers
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
    return np.array([_of_differences(group)[0] for group in moments])


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
    draws = np.stack([_draws(*paired(row, gold), grouping, weights) for row in scores], axis=1)
    return estimates(values, percentile_interval(draws, level), n=n, method=bootstrap_method(weights), level=level)


def _draws(x: Floats, y: Floats, grouping: Grouping, weights: NDArray[Any]) -> Floats:
    """The coefficient of one scorer in each resample of the items."""
    rows_x, rows_y = grouped(x, grouping), grouped(y, grouping)
    if grouping == "item":
        # Copies of an item are groups of their own: differences stay within one copy.
        moments = group_moments(rows_x, rows_y)
        sums = weighted_sums(weights, np.stack(_products(moments), axis=1))
        return _ratio(sums[:, 0], sums[:, 1], sums[:, 2])
    (mean_x, dx), (mean_y, dy) = centred(rows_x), centred(rows_y)
    terms = powers(dx, dy, ~np.isnan(rows_x)).reshape(dx.shape[0], -1, x.shape[1], 6).sum(axis=1)
    columns = terms.transpose(1, 0, 2).reshape(x.shape[1], -1)
    sums = weighted_sums(weights, columns).reshape(weights.shape[0], -1, 6)
    return _of_differences(moments_of_sums(sums, mean_x, mean_y))


def _of_differences(moments: Moments) -> Floats:
    """The coefficient over the groups of the last axis."""
    return np.atleast_1d(_ratio(*(part.sum(axis=-1) for part in _products(moments))))


def _products(moments: Moments) -> list[Floats]:
    """Sums of products of differences in each group: both sides, scores, gold; 0 in an empty group."""
    there = moments.count > 0
    return [np.where(there, moments.count * part, 0.0) for part in (moments.xy, moments.xx, moments.yy)]


def _ratio(xy: Floats, xx: Floats, yy: Floats) -> Floats:
    zero = np.zeros_like(xy)
    return pearson(Moments(zero, zero, zero, xx, yy, xy))
