"""Krippendorff's alpha from counts of values, with a bootstrap over items.

Notation: unit u has m_u judgments, value c occurs n_c times in all, n is the number of judgments in units with at least
two. D_o, the observed disagreement, averages the squared difference d(c, k) over the pairs within units, D_e over all
pairs: alpha = 1 - D_o / D_e = 1 - (n - 1) sum_u O_u / E, with O_u the sum of d over the ordered pairs of unit u divided
by m_u - 1, and E = sum_c sum_k n_c n_k d(c, k)  (Krippendorff 2011, "Computing Krippendorff's alpha-reliability", D).
May import: cells, counts, result, uncertainty.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Ints, ratio
from rewardmeter.stats.humans.counts import ValueCounts, item_sums, items_of, resampled_totals, value_counts
from rewardmeter.stats.humans.uncertainty import percentile_ends
from rewardmeter.stats.result import Estimate

__all__ = ["Metric", "krippendorff_alpha"]

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
_ROUNDING = 1e-12
"""A spread below this share of the raw second moment is rounding."""
_RATIO_VALUES = 8192
_PIECE = 1 << 22


def krippendorff_alpha(
    unit: ArrayLike,
    value: ArrayLike,
    *,
    metric: Metric,
    item: ArrayLike | None = None,
    weights: NDArray[Any] | None = None,
    level: float = 0.95,
) -> Estimate:
    """Krippendorff's alpha: 1 - observed / expected disagreement, 1 for perfect agreement, 0 for chance, at most 1.

    It may be negative (judgments of a unit differ more than judgments of different units do) and is returned so. Who
    judged does not enter, so raters need not be known and each may judge any part.

    Parameters
    ----------
    unit: (judgments,) what was judged, 0..U-1.
    value: (judgments,) what was said; NaN is no judgment.
    metric: the squared difference of two values. ``nominal``: 0 if equal, else 1. ``ordinal``: (difference of the
        midranks among all judgments)^2. ``interval``: (c - k)^2. ``ratio``: ((c - k) / (c + k))^2, values at least 0.
    item: (units,) the item of each unit, judged or not; by default each unit is an item.
    weights: (resamples, items) of `resampling.item_weights` for a percentile interval, or None for none.
    level: nominal coverage.

    Returns
    -------
    NaN where no unit has two judgments or all of their judgments are equal. ``n`` counts the units with at least two
    judgments, ``undefined`` those with one, which say nothing; ``detail`` has the number of ``ratings`` used.

    Raises
    ------
    ValueError
        On arrays that do not fit, infinite values, an unknown metric, or ``ratio`` with negative or with more than
        8,192 distinct values.
    """
    if metric not in get_args(Metric):
        raise ValueError(f"metric must be one of {', '.join(get_args(Metric))}; got {metric!r}")
    given = value_counts(unit, value, units=None if item is None else np.size(item))
    counts = given.pairable()
    _check_ratio(metric, counts.values)
    items = items_of(item, counts.ratings.size, weights)
    totals = counts.totals()
    scale = _scale(metric, totals, counts.values)
    observed = _observed(metric, counts, scale)
    alpha = _alpha(observed.sum(), totals.sum(), _expected(metric, totals, scale))
    draws = None if weights is None else _draws(metric, counts, scale, items, weights)
    low, high, method = percentile_ends(draws, level)
    units, alone = np.count_nonzero(counts.ratings), np.count_nonzero(given.ratings == 1)
    detail = {"ratings": float(totals.sum())}
    return Estimate(float(alpha), low, high, level, int(units), method, undefined=int(alone), detail=detail)


def _check_ratio(metric: Metric, values: Floats) -> None:
    if metric != "ratio":
        return
    if (values < 0).any():
        raise ValueError(f"a ratio scale has no values below 0; got {values.min():g}. Use the metric 'interval'")
    if values.size > _RATIO_VALUES:
        raise ValueError(f"{values.size} distinct values are too many for the metric 'ratio'; round them first")


def _alpha(observed: Floats, ratings: Floats, expected: Floats) -> Floats:
    return 1.0 - ratio(np.asarray((ratings - 1) * observed), np.asarray(expected))


def _scale(metric: Metric, totals: Floats, values: Floats) -> Floats:
    """Where each value lies: its midrank, or itself, for the interval metric less the median, which differences ignore.

    Taking off one of the values themselves keeps small differences of large values exact.
    """
    if metric == "ordinal":
        return _midranks(totals)
    if metric == "interval" and values.size:
        return values - values[np.searchsorted(np.cumsum(totals), totals.sum() / 2)]
    return values


def _midranks(totals: Floats) -> Floats:
    """Mean rank of each value, over the last axis, less the mean of all ranks."""
    return np.cumsum(totals, axis=-1) - totals / 2 - totals.sum(axis=-1, keepdims=True) / 2


def _observed(metric: Metric, counts: ValueCounts, scale: Floats) -> Floats:
    """O_u of each unit."""
    ratings, others = counts.ratings.astype(np.float64), np.maximum(counts.ratings - 1, 1)
    if metric == "nominal":
        return (ratings**2 - counts.unit_sums(counts.count.astype(np.float64))) / others
    if metric == "ratio":
        return _observed_ratio(counts) / others
    placed = scale[counts.code]
    mean = ratio(counts.unit_sums(placed), ratings)
    return 2 * ratings * counts.unit_sums((placed - mean[counts.unit]) ** 2) / others


def _observed_ratio(counts: ValueCounts) -> Floats:
    """Sum of d over the ordered pairs of each unit; its rows stand together, so pairs lie 1, 2, ... rows apart."""
    sums = np.zeros(counts.ratings.size)
    placed = counts.values[counts.code]
    for apart in range(1, int(np.bincount(counts.unit).max(initial=0))):
        same = np.flatnonzero(counts.unit[apart:] == counts.unit[:-apart])
        below, above = placed[same], placed[same + apart]
        pairs = 2.0 * counts.count[same] * counts.count[same + apart]
        sums += np.bincount(counts.unit[same], pairs * ((above - below) / (above + below)) ** 2, minlength=sums.size)
    return sums


def _expected(metric: Metric, totals: Floats, scale: Floats) -> Floats:
    """E for totals (..., K) of the values on a ``scale`` that broadcasts with them; 0 where nothing varies."""
    n = totals.sum(axis=-1)
    if metric == "nominal":
        return n**2 - (totals**2).sum(axis=-1)
    if metric == "ratio":
        return _expected_ratio(totals, scale)
    first, second = (totals * scale).sum(axis=-1), (totals * scale**2).sum(axis=-1)
    return _spread(n, first, second)


def _expected_ratio(totals: Floats, values: Floats) -> Floats:
    expected = np.zeros(totals.shape[:-1])
    step = max(1, _PIECE // max(1, values.size))
    for start in range(0, values.size, step):
        rows = values[start : start + step, None]
        share = ratio(np.abs(rows - values), rows + values)
        difference = np.where(rows == values, 0.0, share) ** 2
        expected += ((totals @ difference.T) * totals[..., start : start + step]).sum(axis=-1)
    return expected


def _spread(n: Floats, first: Floats, second: Floats) -> Floats:
    """E of the interval metric from the sums of 1, v and v^2; exactly 0 where all values are equal."""
    whole = 2 * n * second
    spread = whole - 2 * first**2
    return np.where(spread > _ROUNDING * whole, spread, 0.0)


def _draws(metric: Metric, counts: ValueCounts, scale: Floats, item: Ints, weights: NDArray[Any]) -> Floats:
    """Alpha under each resample of the items."""
    if metric == "ordinal":
        return _ordinal_draws(counts, item, weights)
    ratings, observed = counts.ratings.astype(np.float64), _observed(metric, counts, scale)
    if metric == "interval":
        placed = scale[counts.code]
        columns = [ratings, observed, counts.unit_sums(placed), counts.unit_sums(placed**2)]
        n, within, first, second = item_sums(np.stack(columns, axis=1), item, weights).T
        return _alpha(within, n, _spread(n, first, second))
    n, within = item_sums(np.stack([ratings, observed], axis=1), item, weights).T
    expected = np.empty(weights.shape[0])
    for rows, totals in resampled_totals(counts, item, weights):
        expected[rows] = _expected(metric, totals, counts.values)
    return _alpha(within, n, expected)


def _ordinal_draws(counts: ValueCounts, item: Ints, weights: NDArray[Any]) -> Floats:
    """The midranks are those of the resample, so O_u has to be made again for each.

    Units share few rows of counts, so the sums of midranks and of their squares are sparse products.
    """
    from scipy.sparse import csr_array

    shape = (counts.ratings.size, counts.values.size)
    table = csr_array((counts.count.astype(np.float64), (counts.unit, counts.code)), shape=shape)
    ratings = counts.ratings.astype(np.float64)[:, None]
    alpha = np.empty(weights.shape[0])
    step = max(1, _PIECE // max(1, shape[0]))
    for rows, totals in resampled_totals(counts, item, weights):
        for start in range(rows.start, rows.stop, step):
            piece = slice(start, min(start + step, rows.stop))
            here = totals[piece.start - rows.start : piece.stop - rows.start]
            ranks = _midranks(here)
            sums, squares = table @ ranks.T, table @ (ranks**2).T
            within = 2 * (ratings * squares - sums**2) / np.maximum(ratings - 1, 1)
            observed = (within * weights[piece][:, item].T).sum(axis=0)
            alpha[piece] = _alpha(observed, here.sum(axis=1), _expected("ordinal", here, ranks))
    return alpha
