"""Pearson correlation and Lin's concordance from the moments of paired values, for many groups or resamples at once.

May import: cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats, ratio

__all__ = ["Moments", "centred", "concordance", "group_moments", "moments_of_sums", "pearson", "powers"]

_ROUNDING = 1e-12
"""A variance below this share of the raw second moment is rounding, not spread."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of paired values; every attribute has the shape of the groups (or resamples).

    ``count`` pairs, ``mean_x``, ``mean_y``, and the centred sums ``xx``, ``yy`` (exactly 0 for a constant) and ``xy``.
    """

    count: Floats
    mean_x: Floats
    mean_y: Floats
    xx: Floats
    yy: Floats
    xy: Floats


def group_moments(x: Floats, y: Floats) -> Moments:
    """Moments of each row of (groups, members) arrays that are NaN in the same places."""
    count = (~np.isnan(x)).sum(axis=1).astype(np.float64)
    mean_x, dx = centred(x)
    mean_y, dy = centred(y)
    return Moments(count, mean_x, mean_y, (dx * dx).sum(axis=1), (dy * dy).sum(axis=1), (dx * dy).sum(axis=1))


def centred(values: Floats) -> tuple[Floats, Floats]:
    """Row means and the deviations from them: 0 where missing, and exactly 0 all along a constant row."""
    missing = np.isnan(values)
    count = values.shape[1] - missing.sum(axis=1)
    filled = np.where(missing, 0.0, values)
    mean = ratio(filled.sum(axis=1), count)
    constant = np.fmin.reduce(values, axis=1, initial=np.nan) == np.fmax.reduce(values, axis=1, initial=np.nan)
    deviation = np.where(missing | constant[:, None], 0.0, values - mean[:, None])
    return mean, deviation


def powers(dx: Floats, dy: Floats, present: NDArray[np.bool_]) -> Floats:
    """The six terms whose sums are the moments: 1, x, y, xx, yy, xy along a new last axis."""
    return np.stack([present.astype(np.float64), dx, dy, dx * dx, dy * dy, dx * dy], axis=-1)


def moments_of_sums(sums: Floats, shift_x: Floats, shift_y: Floats) -> Moments:
    """Moments from sums (..., 6) of `powers` of values from which ``shift_x`` and ``shift_y`` had been taken off."""
    count, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread_x, spread_y = xx - x * x / count, yy - y * y / count
        spread_x = np.where(spread_x > _ROUNDING * xx, spread_x, 0.0)
        spread_y = np.where(spread_y > _ROUNDING * yy, spread_y, 0.0)
        return Moments(count, x / count + shift_x, y / count + shift_y, spread_x, spread_y, xy - x * y / count)


def pearson(moments: Moments) -> Floats:
    """Pearson's r = xy / sqrt(xx yy), in [-1, 1]; NaN where either side is constant."""
    scale = np.sqrt(moments.xx) * np.sqrt(moments.yy)
    value: Floats = np.clip(ratio(moments.xy, scale), -1.0, 1.0)
    return value


def concordance(moments: Moments) -> Floats:
    """Lin's concordance 2 s_xy / (s_x^2 + s_y^2 + (mean_x - mean_y)^2), in [-1, 1] (Lin 1989, eq. 4, moments by 1/n).

    NaN where either side is constant, as for the correlation that it discounts.
    """
    apart = moments.count * (moments.mean_x - moments.mean_y) ** 2
    scale = moments.xx + moments.yy + apart
    both = (moments.xx > 0) & (moments.yy > 0)
    value: Floats = np.clip(ratio(2 * moments.xy, np.where(both, scale, 0.0)), -1.0, 1.0)
    return value
