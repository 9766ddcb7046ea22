"""Cohen's kappa of two raters, plain and weighted, and Fleiss' kappa of many.

Each is 1 - observed / expected disagreement, 1 for perfect agreement, 0 for chance, and may be negative.
May import: cells, counts, result, uncertainty.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Ints, ratio
from rewardmeter.stats.humans.counts import (
    ValueCounts,
    coded,
    item_sums,
    items_of,
    resampled_totals,
    value_counts,
)
from rewardmeter.stats.humans.uncertainty import percentile_ends
from rewardmeter.stats.result import Estimate

__all__ = ["Weighting", "cohen_kappa", "fleiss_kappa"]

Weighting = Literal["none", "linear", "quadratic"]
_ROUNDING = 1e-12


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    *,
    weighting: Weighting = "none",
    item: ArrayLike | None = None,
    weights: NDArray[Any] | None = None,
    level: float = 0.95,
) -> Estimate:
    """Cohen's kappa of two raters (Cohen 1960), or weighted kappa (Cohen 1968): at most 1, possibly negative.

    1 - sum_u d(x_u, y_u) / n / sum_c sum_k p_c q_k d(c, k), with p and q the shares of the values of the two raters.

    Parameters
    ----------
    first, second: (units,) what each said; NaN is no judgment, and units that lack one are left out.
    weighting: the disagreement d(c, k). ``none``: 0 if equal, else 1. ``linear``: |c - k|. ``quadratic``: (c - k)^2.
        Weights are taken from the values themselves, which is the same as from their positions where the scale is
        evenly spaced, used or not.
    item, weights, level: as for `krippendorff_alpha`.

    Returns
    -------
    NaN where both raters say one and the same value throughout, or no unit has both. ``n`` counts units with both,
    ``undefined`` those with one. ``detail``: the ``agreement``, the plain share of equal values.

    Raises
    ------
    ValueError
        On shapes that differ, infinite values or an unknown weighting.
    """
    if weighting not in get_args(Weighting):
        raise ValueError(f"weighting must be one of {', '.join(get_args(Weighting))}; got {weighting!r}")
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"the two raters must have judged the same units; got the shapes {x.shape} and {y.shape}")
    given = ~np.isnan(x), ~np.isnan(y)
    both = given[0] & given[1]
    pairs = _pairs(x[both], y[both], items_of(item, x.size, weights)[both], weighting)
    x, y = (np.bincount(side, minlength=pairs.values.size).astype(np.float64) for side in (pairs.x, pairs.y))
    n = int(both.sum())
    kappa = _kappa(pairs.apart.sum(), np.array(float(n)), _expected(weighting, x, y, pairs.values))
    low, high, method = percentile_ends(None if weights is None else _cohen_draws(pairs, weighting, weights), level)
    detail = {"agreement": float(np.mean(pairs.x == pairs.y)) if n else np.nan}
    alone = int((given[0] ^ given[1]).sum())
    return Estimate(float(kappa), low, high, level, n, method, undefined=alone, detail=detail)


class _Pairs(NamedTuple):
    """Units that both raters judged: positions in ``values`` of what they said, disagreement d, and item."""

    x: Ints
    y: Ints
    apart: Floats
    item: Ints
    values: Floats


def _pairs(x: Floats, y: Floats, item: Ints, weighting: Weighting) -> _Pairs:
    if np.isinf(x).any() or np.isinf(y).any():
        raise ValueError("a value is infinite; use NaN where there is no judgment")
    code, values = coded(np.concatenate([x, y]))
    return _Pairs(code[: x.size], code[x.size :], _difference(weighting, np.abs(x - y)), item, values)


def _cohen_draws(pairs: _Pairs, weighting: Weighting, weights: NDArray[Any]) -> Floats:
    """Kappa under each resample of the items."""
    within, n = item_sums(np.stack([pairs.apart, np.ones(pairs.x.size)], axis=1), pairs.item, weights).T
    expected = np.empty(weights.shape[0])
    ones = np.ones(pairs.x.size, dtype=np.int64)
    x, y = (ValueCounts(np.arange(ones.size), side, ones, ones, pairs.values) for side in (pairs.x, pairs.y))
    pieces = zip(resampled_totals(x, pairs.item, weights), resampled_totals(y, pairs.item, weights), strict=True)
    for (rows, total_x), (_, total_y) in pieces:
        expected[rows] = _expected(weighting, total_x, total_y, pairs.values)
    return _kappa(within, n, expected)


def _difference(weighting: Weighting, apart: Floats) -> Floats:
    if weighting == "none":
        return (apart > 0).astype(np.float64)
    return apart if weighting == "linear" else apart**2


def _expected(weighting: Weighting, x: Floats, y: Floats, values: Floats) -> Floats:
    """Sum of d over all pairs of a value of x and a value of y, from their totals (..., K)."""
    n, m = x.sum(axis=-1), y.sum(axis=-1)
    if weighting == "none":
        return n * m - (x * y).sum(axis=-1)
    if weighting == "linear":
        # Each gap between neighbouring values is crossed by the pairs with one value below and one above it.
        below_x, below_y = np.cumsum(x, axis=-1)[..., :-1], np.cumsum(y, axis=-1)[..., :-1]
        crossing = below_x * (m[..., None] - below_y) + below_y * (n[..., None] - below_x)
        return (crossing * np.diff(values)).sum(axis=-1)
    placed = values - values[:1]
    square = m * (x * placed**2).sum(axis=-1) + n * (y * placed**2).sum(axis=-1)
    spread = square - 2 * (x * placed).sum(axis=-1) * (y * placed).sum(axis=-1)
    return np.where(spread > _ROUNDING * square, spread, 0.0)


def _kappa(disagreement: Floats, n: Floats, expected: Floats) -> Floats:
    return 1.0 - ratio(np.asarray(n * disagreement), np.asarray(expected))


def fleiss_kappa(
    unit: ArrayLike,
    value: ArrayLike,
    *,
    item: ArrayLike | None = None,
    weights: NDArray[Any] | None = None,
    level: float = 0.95,
) -> Estimate:
    """Fleiss' kappa of units judged by equally many raters, not always the same ones (Fleiss 1971): at most 1.

    (P - P_e) / (1 - P_e), P the mean over units of the share of agreeing pairs of raters, P_e = sum_c p_c^2.

    Parameters
    ----------
    unit, value: (judgments,) what was judged and what was said (labels); NaN is no judgment.
    item, weights, level: as for `krippendorff_alpha`.

    Returns
    -------
    NaN where all judgments are equal or there are none. ``n`` counts units; ``detail``: the ``agreement`` P.

    Raises
    ------
    ValueError
        If units have different numbers of judgments, or one each: use `krippendorff_alpha`, which allows that.
    """
    counts = value_counts(unit, value, units=None if item is None else np.size(item))
    judged = counts.ratings > 0
    sizes = np.unique(counts.ratings[judged])
    if sizes.size > 1 or (sizes == 1).any():
        raise ValueError(
            f"Fleiss' kappa needs equally many judgments of each unit, at least two; got {sizes.min()} to "
            f"{sizes.max()}. Use krippendorff_alpha"
        )
    raters = float(sizes[0]) if sizes.size else np.nan
    items = items_of(item, counts.ratings.size, weights)
    apart = raters * (raters - 1) - counts.unit_sums(counts.count.astype(np.float64) - 1)
    apart = np.where(judged, apart / (raters * (raters - 1)), 0.0)
    totals = counts.totals()
    n = np.array(float(np.count_nonzero(judged)))
    kappa = _fleiss(apart.sum(), n, totals)
    draws = None
    if weights is not None:
        within, drawn = item_sums(np.stack([apart, judged], axis=1), items, weights).T
        pieces = resampled_totals(counts, items, weights)
        draws = np.concatenate([_fleiss(within[rows], drawn[rows], piece) for rows, piece in pieces])
    low, high, method = percentile_ends(draws, level)
    detail = {"agreement": float(1 - ratio(np.asarray(apart.sum()), n))}
    return Estimate(float(kappa), low, high, level, int(n), method, detail=detail)


def _fleiss(disagreement: Floats, n: Floats, totals: Floats) -> Floats:
    ratings = totals.sum(axis=-1)
    expected = ratio(ratings**2 - (totals**2).sum(axis=-1), ratings**2)
    return 1.0 - ratio(np.asarray(disagreement), np.asarray(n * expected))
