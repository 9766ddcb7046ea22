"""How far margins follow a covariate among pairs that people judge alike.

May import: `rows`, `stats.intervals`, `stats.resampling`, `stats.result`, `stats.scaling.records`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.intervals import bootstrap_method
from rewardmeter.stats.resampling import percentile_interval, weighted_sums
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.scaling.records import Floats

__all__ = ["dependence_estimates"]

_EXPLAINED = 1e-9
"""A covariate of which the gold leaves less than this share open cannot be told apart from it."""


def dependence_estimates(
    margins: Floats,
    difference: Floats,
    gold: Floats,
    item: NDArray[Any],
    *,
    weights: NDArray[Any] | None,
    level: float = 0.95,
) -> list[Estimate]:
    """Standardised slopes of margins on one covariate's difference, the gold held fixed, and their changes.

    The slope is that of least squares without intercept of the margin on the difference and the gold's columns, in
    units of the first margins' root mean square over that of the difference: how many spreads the margin moves for one
    spread of the covariate. It is 0 where there is nothing left.

    Parameters
    ----------
    margins: (M, P), the first ones those before a control.
    difference: (P,) of the covariate, on the scale of its curve.
    gold: (P, G) columns of the judgement, G may be 0.
    item: integers (P,).
    weights: (B, N) how often each resample draws each item; None for no intervals.

    Returns
    -------
    One estimate for each row of margins, then one for each row but the first less the first, on the same resamples.
    Undefined where the covariate does not differ or follows the gold exactly, or the first margins are all 0.
    """
    columns = np.column_stack([difference, gold, margins.T])
    units = np.sqrt(np.mean(columns**2, axis=0)) if len(columns) else np.zeros(columns.shape[1])
    first, count = 1 + gold.shape[1], len(margins)
    scale = units.copy()
    scale[first:] = units[first]
    scale[scale == 0] = 1.0
    columns = columns / scale
    value = _slopes((columns.T @ columns)[None], first)[0]
    n = len(columns)
    if units[first] == 0 or units[0] == 0:
        value = np.full(count, np.nan)
    low = high = np.full(2 * count - 1, math.nan)
    values = np.concatenate([value, value[1:] - value[0]])
    method = "none"
    if weights is not None and not np.isnan(value).any():
        drawn = _slopes(_resampled_products(columns, item, weights), first)
        drawn = np.concatenate([drawn, drawn[:, 1:] - drawn[:, :1]], axis=1)
        low, high = percentile_interval(drawn, level, items=np.full(2 * count - 1, len(np.unique(item))))
        method = bootstrap_method(weights)
    return [
        Estimate(float(v), float(a), float(b), level=level, n=n, method=method)
        for v, a, b in zip(values, low, high, strict=True)
    ]


def _resampled_products(columns: Floats, item: NDArray[Any], weights: NDArray[Any]) -> Floats:
    """(B, q, q) sums of products of the columns under each resample of the items."""
    size = columns.shape[1]
    upper = np.triu_indices(size)
    products = (columns[:, i] * columns[:, j] for i, j in zip(*upper, strict=True))
    by_item = np.stack([np.bincount(item, one, minlength=weights.shape[1]) for one in products], axis=1)
    made = np.empty((len(weights), size, size))
    made[:, upper[0], upper[1]] = made[:, upper[1], upper[0]] = weighted_sums(weights, by_item.astype(np.float64))
    return made


def _slopes(products: Floats, first: int) -> Floats:
    """(B, M) slopes on the first column, from (B, q, q) products of first + M columns; NaN where there is none."""
    gold, own = products[:, 1:first, 1:first], products[:, 1:first, 0]
    inverse = np.linalg.pinv(gold, rcond=1e-10, hermitian=True) if first > 1 else gold
    held = np.einsum("bg,bgh->bh", own, inverse)
    left = products[:, 0, 0] - np.einsum("bg,bg->b", held, own)
    moved = products[:, 0, first:] - np.einsum("bg,bgm->bm", held, products[:, 1:first, first:])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((left > _EXPLAINED * products[:, 0, 0])[:, None], moved / left[:, None], np.nan)
