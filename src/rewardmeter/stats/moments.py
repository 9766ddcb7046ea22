"""Pearson correlation and Lin's concordance from the moments of paired values, for many groups or resamples at once.

May import: `cells`, `resampling`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats, ratio
from rewardmeter.stats.resampling import weighted_sums

__all__ = [
    "Centred",
    "Moments",
    "centred",
    "concordance",
    "group_moments",
    "moments_of_sums",
    "pearson",
    "pearson_of_sums",
    "resampled_powers",
]

_ROUNDING = 1e-12
"""A variance below this share of the raw second moment is rounding, not spread."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of paired values; every attribute has the shape of the groups (or resamples).

    ``count`` pairs, ``mean_x``, ``mean_y``, and the centred sums ``xx``, ``yy`` (exactly 0 for a constant) and ``xy``
    of values in units of ``unit_x`` and ``unit_y``, powers of two: so squares of likelihoods do not vanish.
    """

    count: Floats
    mean_x: Floats
    mean_y: Floats
    xx: Floats
    yy: Floats
    xy: Floats
    unit_x: Floats
    unit_y: Floats


@dataclass(frozen=True, slots=True)
class Centred:
    """Rows less their means: ``mean`` and ``unit`` (rows,), ``deviation`` (rows, members) in these units.

    Deviations lie within (-1, 1); they are 0 where missing, and exactly 0 all along a constant row.
    """

    mean: Floats
    unit: Floats
    deviation: Floats


def group_moments(x: Floats, y: Floats) -> Moments:
    """Moments of each row of (groups, members) arrays that are NaN in the same places."""
    count = (~np.isnan(x)).sum(axis=1).astype(np.float64)
    a, b = centred(x), centred(y)
    xx, yy, xy = ((u * v).sum(axis=1) for u, v in _products(a.deviation, b.deviation))
    return Moments(count, a.mean, b.mean, xx, yy, xy, a.unit, b.unit)


def centred(values: Floats) -> Centred:
    """Rows (groups, members) less their means, NaN left out."""
    missing = np.isnan(values)
    count = values.shape[1] - missing.sum(axis=1)
    mean = ratio(np.where(missing, 0.0, values).sum(axis=1), count)
    constant = np.fmin.reduce(values, axis=1, initial=np.inf) == np.fmax.reduce(values, axis=1, initial=-np.inf)
    deviation = np.where(missing | constant[:, None], 0.0, values - mean[:, None])
    exponent = np.frexp(np.abs(deviation).max(axis=1, initial=0.0))[1]
    unit = np.ldexp(1.0, np.maximum(exponent, -1000))
    return Centred(mean, unit, deviation * (1 / unit)[:, None])


def resampled_powers(x: Centred, y: Centred, present: NDArray[np.bool_], weights: NDArray[Any]) -> Floats:
    """Sums of the powers under each resample of the items, (resamples, groups, 6).

    ``present`` (systems, items); ``x`` and ``y`` have one row per system, or one in all.
    """
    systems, items = present.shape
    groups = x.mean.size
    terms = _powers(x.deviation, y.deviation, present.reshape(x.deviation.shape))
    by_item = terms.reshape(groups, systems // max(1, groups), items, 6).sum(axis=1)
    columns = by_item.transpose(1, 0, 2).reshape(items, groups * 6)
    return weighted_sums(weights, columns).reshape(weights.shape[0], groups, 6)


def moments_of_sums(sums: Floats, x: Centred, y: Centred) -> Moments:
    """Moments from the sums (..., groups, 6) of `resampled_powers` of ``x`` and ``y``."""
    count, sum_x, sum_y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread_x, spread_y = xx - sum_x * sum_x / count, yy - sum_y * sum_y / count
        spread_x = np.where(spread_x > _ROUNDING * xx, spread_x, 0.0)
        spread_y = np.where(spread_y > _ROUNDING * yy, spread_y, 0.0)
        mean_x, mean_y = x.mean + sum_x / count * x.unit, y.mean + sum_y / count * y.unit
        xy = xy - sum_x * sum_y / count
    return Moments(count, mean_x, mean_y, spread_x, spread_y, xy, x.unit, y.unit)


def pearson(moments: Moments) -> Floats:
    """Pearson's r = xy / sqrt(xx yy), in [-1, 1]; NaN where either side is constant."""
    return pearson_of_sums(moments.xy, moments.xx, moments.yy)


def pearson_of_sums(xy: Floats, xx: Floats, yy: Floats) -> Floats:
    """xy / sqrt(xx yy), kept within [-1, 1]; NaN where ``xx`` or ``yy`` is 0."""
    value: Floats = np.clip(ratio(xy, np.sqrt(xx) * np.sqrt(yy)), -1.0, 1.0)
    return value


def concordance(moments: Moments) -> Floats:
    """Lin's concordance 2 s_xy / (s_x^2 + s_y^2 + (mean_x - mean_y)^2), in [-1, 1] (Lin 1989, eq. 4, moments by 1/n).

    NaN where either side is constant, as for the correlation that it discounts.
    """
    unit = np.maximum(moments.unit_x, moments.unit_y)
    x, y = moments.unit_x / unit, moments.unit_y / unit
    apart = moments.count * ((moments.mean_x - moments.mean_y) / unit) ** 2
    scale = moments.xx * x * x + moments.yy * y * y + apart
    both = (moments.xx > 0) & (moments.yy > 0)
    value: Floats = np.clip(ratio(2 * moments.xy * x * y, np.where(both, scale, 0.0)), -1.0, 1.0)
    return value


def _powers(dx: Floats, dy: Floats, present: NDArray[np.bool_]) -> Floats:
    """The six terms whose sums are the moments: 1, x, y, xx, yy, xy along a new last axis."""
    return np.stack([present.astype(np.float64), dx, dy, *(u * v for u, v in _products(dx, dy))], axis=-1)


def _products(x: Floats, y: Floats) -> tuple[tuple[Floats, Floats], ...]:
    return (x, x), (y, y), (x, y)
