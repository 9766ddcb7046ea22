"""Resampling of items, and the intervals that come from it. The one place of the statistics that draws at random.

A resample of the items is a row of integer counts, so every statistic that is a function of sums over items is one
matrix product for all resamples. The same counts serve all scorers and statistics, which keeps comparisons paired.
May import: `cells`, `intervals`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, ratio
from rewardmeter.stats.intervals import check_level

__all__ = [
    "bca_interval",
    "expanded_level",
    "item_folds",
    "item_subsets",
    "item_weights",
    "percentile_interval",
    "resampled_means",
    "sign_flips",
    "weighted_sums",
]

_PIECE = 1 << 22
"""Array elements drawn or converted in one go, which bounds the memory."""


def item_weights(n_items: int, resamples: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Bootstrap resamples of the items: how often each item is drawn, shape (resamples, items).

    Each row is one multinomial draw of ``n_items`` items with replacement, and sums to ``n_items``.
    """
    if n_items < 1 or resamples < 1:
        raise ValueError(f"need at least one item and one resample; got {n_items} items, {resamples} resamples")
    weights = np.empty((resamples, n_items), dtype=np.int32)
    step = max(1, _PIECE // n_items)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(0, n_items, size=(rows, n_items)) + n_items * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * n_items)
        weights[start : start + rows] = counts.reshape(rows, n_items)
    return weights


def item_folds(n_items: int, folds: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """A random split of the items into folds of nearly equal size: the fold of each item, shape (items,)."""
    if not 2 <= folds <= n_items:
        raise ValueError(f"need between 2 folds and one fold per item ({n_items}); got {folds} folds")
    return rng.permutation(np.arange(n_items) % folds)


def item_subsets(n_items: int, size: int, draws: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Random subsets of ``size`` items without replacement, as 0/1 weights of shape (draws, items)."""
    if not 1 <= size <= n_items:
        raise ValueError(f"a subset of {n_items} items must have between 1 and {n_items} of them; got {size}")
    weights = np.zeros((draws, n_items), dtype=np.int32)
    step = max(1, _PIECE // n_items)
    for start in range(0, draws, step):
        keys = rng.random((min(step, draws - start), n_items))
        chosen = np.argpartition(keys, size - 1, axis=1)[:, :size]
        np.put_along_axis(weights[start : start + step], chosen, 1, axis=1)
    return weights


def sign_flips(n_items: int, flips: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Random signs 1 and -1 in single precision, shape (flips, items): uniform draws rounded, doubled, less 1.

    With ``numpy.random.default_rng(4)`` these are the signs of mt-metrics-eval's soft pairwise accuracy.
    """
    signs = rng.random(size=(flips, n_items), dtype=np.float32)
    np.rint(signs, out=signs)
    signs *= 2
    signs -= 1
    return signs


def weighted_sums(weights: NDArray[Any], columns: Floats) -> Floats:
    """Sums over items under each resample: (resamples, items) x (items, columns) -> (resamples, columns)."""
    if weights.ndim != 2 or weights.shape[1] != columns.shape[0]:
        raise ValueError(f"weights must be (resamples, {columns.shape[0]} items); got the shape {weights.shape}")
    sums = np.empty((weights.shape[0], columns.shape[1]))
    step = max(1, _PIECE // max(1, weights.shape[1]))
    for start in range(0, weights.shape[0], step):
        np.matmul(weights[start : start + step].astype(np.float64), columns, out=sums[start : start + step])
    return sums


def resampled_means(values: Floats, weights: NDArray[Any]) -> Floats:
    """Means over items of (..., items) values under each resample, NaN values left out: (resamples, ...).

    NaN where a resample holds no item with a value.
    """
    flat = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
    missing = np.isnan(flat)
    sums = weighted_sums(weights, np.where(missing, 0.0, flat).T)
    if missing.any():
        counts = weighted_sums(weights, (~missing).T.astype(np.float64))
    else:
        counts = np.broadcast_to(weights.sum(axis=1, dtype=np.float64)[:, None], sums.shape)
    return ratio(sums, counts).reshape(weights.shape[0], *values.shape[:-1])


def percentile_interval(
    draws: ArrayLike, level: float = 0.95, *, items: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Ends of the central ``level`` of the draws, (resamples, ...) -> two arrays of the remaining shape.

    Draws that are NaN (the statistic is undefined in that resample) are left out. Both ends are NaN where fewer than
    half of the draws are defined: an interval from the rest would describe another question.

    ``items`` says on how many items each column rests (one number or one per column). A bootstrap of few items is too
    narrow, by sqrt((n - 1) / n) and for using normal quantiles; the level is then expanded to
    2 Phi(sqrt(n / (n - 1)) t) - 1, t the quantile of Student's t with n - 1 degrees (Hesterberg 2015, section 5).
    """
    draws = np.asarray(draws, dtype=np.float64)
    tail = np.broadcast_to((1 - expanded_level(level, items)) / 2, draws.shape[1:])
    return _quantiles(draws, tail), _quantiles(draws, 1 - tail)


def expanded_level(level: float, items: ArrayLike | None) -> Floats:
    """The level at which to take percentiles for n items; the level itself for None or fewer than two items."""
    if items is None:
        return np.asarray(check_level(level))
    from scipy.special import ndtr, stdtrit

    n = np.asarray(items, dtype=np.float64)
    enough = np.where(n >= 2, n, 2.0)
    reach = np.sqrt(enough / (enough - 1)) * stdtrit(enough - 1, (1 + check_level(level)) / 2)
    return np.where(n >= 2, 2 * ndtr(reach) - 1, level)


def bca_interval(draws: ArrayLike, value: ArrayLike, left_out: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Bias-corrected and accelerated bootstrap interval (Efron 1987; Efron and Tibshirani 1993, eq. 14.9-14.15).

    ``draws`` (resamples, ...), ``value`` (...) the point value and ``left_out`` (items, ...) the statistic with each
    item left out in turn. NaN draws are left out as in `percentile_interval`. Draws equal to the value count half.
    Both ends are NaN where every draw lies on one side of the value.
    """
    from scipy.special import ndtr, ndtri

    draws, value = np.asarray(draws, dtype=np.float64), np.asarray(value, dtype=np.float64)
    left_out = np.asarray(left_out, dtype=np.float64)
    defined = np.maximum((~np.isnan(draws)).sum(axis=0), 1)
    below = ((draws < value).sum(axis=0) + 0.5 * (draws == value).sum(axis=0)) / defined
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = np.where((below > 0) & (below < 1), ndtri(below), np.nan)
        deviation = np.nanmean(left_out, axis=0) - left_out
        acceleration = np.nansum(deviation**3, axis=0) / (6 * np.nansum(deviation**2, axis=0) ** 1.5)
        acceleration = np.where(np.isfinite(acceleration), acceleration, 0.0)
        ends = []
        for share in ((1 - check_level(level)) / 2, (1 + level) / 2):
            shifted = bias + ndtri(share)
            ends.append(_quantiles(draws, ndtr(bias + shifted / (1 - acceleration * shifted))))
    return ends[0], ends[1]


def _quantiles(draws: Floats, shares: Floats) -> Floats:
    """The ``shares`` quantile (linear between order statistics) of the defined draws of each column."""
    ordered = np.sort(draws, axis=0)
    count = (~np.isnan(draws)).sum(axis=0)
    position = np.where(np.isnan(shares), 0.0, shares) * np.maximum(count - 1, 0)
    below = np.floor(position).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low = np.take_along_axis(ordered, below[None], axis=0)[0]
    high = np.take_along_axis(ordered, above[None], axis=0)[0]
    result = low + (high - low) * (position - below)
    return np.where((2 * count >= draws.shape[0]) & (count > 0) & ~np.isnan(shares), result, np.nan)
