"""Standard errors without resampling: the infinitesimal jackknife, clustered by item.

Each statistic is a smooth function of weights on the cells, where a cell of weight w stands for w equal copies. Its
derivatives at weight 1 (the influences), summed within items, give the variance that a bootstrap over items has to
first order (Jaeckel 1972; Efron 1982, ch. 6). Ranks never have to be found again.
May import: `cells`, `ranks`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats
from rewardmeter.stats.ranks import RowRanks

__all__ = ["item_standard_error", "mean_standard_error", "spearman_influence", "sums_below"]


def item_standard_error(item_influence: Floats) -> Floats:
    """Standard error from the influences of the items, (..., items) -> (...); NaN with fewer than two items."""
    items = item_influence.shape[-1]
    if items < 2:
        return np.full(item_influence.shape[:-1], np.nan)
    deviation = item_influence - item_influence.mean(axis=-1, keepdims=True)
    error: Floats = np.sqrt((deviation**2).sum(axis=-1) * items / (items - 1))
    return error


def mean_standard_error(values: Floats, influence: Floats, item: NDArray[np.intp], n_items: int) -> float:
    """Standard error of the mean of the group ``values`` (groups,) that are defined; NaN where none is.

    ``influence`` (groups, members) belongs to the values, ``item`` (groups, members) says whose cell each member is.
    Missing members must have the influence 0 or NaN.
    """
    defined = ~np.isnan(values)
    if not defined.any():
        return float("nan")
    parts = np.where(defined[:, None] & ~np.isnan(influence), influence, 0.0)
    by_item = np.bincount(item.ravel(), parts.ravel(), minlength=n_items)
    return float(item_standard_error(by_item / np.count_nonzero(defined)))


def spearman_influence(x: RowRanks, y: RowRanks, present: NDArray[np.bool_]) -> Floats:
    """Derivative of Spearman's rho with respect to the weight of each member, (groups, members); NaN where undefined.

    With u, v the midranks less one half and n members: rho = A / sqrt(B C), A = sum u v - n^3 / 4 and
    B = (n^3 - sum of ties^3) / 12, C likewise for y. Each depends on a weight through the ranks of all members.
    """
    members = x.members[:, None].astype(np.float64)
    u = np.where(present, x.midranks - 0.5, 0.0)
    v = np.where(present, y.midranks - 0.5, 0.0)
    product = (u * v).sum(axis=1, keepdims=True) - members**3 / 4
    square_x = (members**3 - _tie_squares(x, present)) / 12
    square_y = (members**3 - _tie_squares(y, present)) / 12
    product_cells = u * v + _sums_above(v, x) + _sums_above(u, y) - 0.75 * members**2
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(square_x) * np.sqrt(square_y)
        relative = (members**2 - x.ties**2) / square_x + (members**2 - y.ties**2) / square_y
        influence = (product_cells - product * relative / 8) / scale
    return np.where(present & (square_x > 0) & (square_y > 0), influence, np.nan)


def sums_below(values: Floats, ranks: RowRanks) -> tuple[Floats, Floats]:
    """For each member: the sum of ``values`` over the members ranked below it, and below or equal to it.

    ``values`` (groups, members) must be 0 where missing.
    """
    below = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(np.take_along_axis(values, ranks.order, axis=1), axis=1, out=below[:, 1:])
    strictly = np.take_along_axis(below, ranks.smaller, axis=1)
    return strictly, np.take_along_axis(below, ranks.smaller + ranks.ties, axis=1)


def _sums_above(values: Floats, ranks: RowRanks) -> Floats:
    """For each member: the sum of ``values`` over members ranked above it plus half of that over its tie run."""
    strictly, up_to = sums_below(values, ranks)
    above: Floats = values.sum(axis=1, keepdims=True) - (strictly + up_to) / 2
    return above


def _tie_squares(ranks: RowRanks, present: NDArray[np.bool_]) -> Floats:
    """Sum of ties^3 over the tie runs of each row, as the sum of ties^2 over its members."""
    squares: Floats = np.where(present, ranks.ties.astype(np.float64) ** 2, 0.0).sum(axis=1, keepdims=True)
    return squares
