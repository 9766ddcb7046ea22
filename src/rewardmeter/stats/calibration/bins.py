"""Residuals in bins: their means, and how much of a bin's mean is chance when items are drawn.

May import: rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardmeter.stats.calibration.rows import Floats, Places, Rows, Runs, totals

__all__ = ["Binned", "binned", "equal_mass", "equal_width", "folded_mean", "squares_by_item", "without_empty"]

_DENSE = 1 << 24
"""Cells of an (items, bins) table up to which it is made whole, and sparse beyond."""


@dataclass(frozen=True, slots=True, eq=False)
class Binned:
    """Rows in bins.

    ``place`` (rows,) is the bin of each row, ``residual`` (rows,) truth less forecast. ``mass`` (bins,) is the weight
    in a bin, ``gap`` (bins,) its weighted mean residual, 0 where it is empty.
    """

    row: Rows
    place: Places
    residual: Floats
    mass: Floats
    gap: Floats

    @property
    def share(self) -> Floats:
        return self.mass / self.mass.sum()

    def variance(self) -> Floats:
        """Variance (bins,) of each gap when items are drawn; NaN in a bin with one item, or none.

        Sum over items of the square of what the item adds to the gap, times n / (n - 1) for n items in the bin.
        """
        squares, items = squares_by_item(self.row, self.place, self._deviation(), self.mass.size)
        return squares * _corrected(items)

    def covariance(self) -> Floats:
        """Covariance (bins, bins) of the gaps, `variance` on its diagonal.

        Between bins the factor is the geometric mean of both.
        """
        bins, deviation = self.mass.size, self._deviation()
        if self.row.items == self.row.n:
            return np.diag(self.variance())
        by_item = _by_item(self.row, self.place, deviation, bins)
        products = np.asarray((by_item.T @ by_item).toarray())
        factor = np.sqrt(_corrected(totals(by_item.indices, np.ones(by_item.nnz), bins)))
        return products * factor[:, None] * factor

    def items(self) -> Floats:
        """How many items each bin has."""
        return squares_by_item(self.row, self.place, np.ones(self.place.size), self.mass.size)[1]

    def _deviation(self) -> Floats:
        return self.row.weight * (self.residual - self.gap[self.place]) / self.mass[self.place]


def _corrected(items: Floats) -> Floats:
    return np.divide(items, items - 1, out=np.full(items.size, np.nan), where=items > 1)


def binned(row: Rows, forecast: Floats, truth: Floats, place: Places, bins: int) -> Binned:
    """The rows in the bins of ``place``."""
    residual = truth - forecast
    mass = totals(place, row.weight, bins)
    total = totals(place, row.weight * residual, bins)
    return Binned(row, place, residual, mass, np.divide(total, mass, out=np.zeros(bins), where=mass > 0))


def squares_by_item(row: Rows, place: Places, values: Floats, bins: int) -> tuple[Floats, Floats]:
    """Sum over items of (sum of the item's ``values`` in the bin)^2, and items in each bin, both (bins,)."""
    if row.items == row.n:
        return totals(place, values**2, bins), totals(place, np.ones(place.size), bins)
    cells = (int(row.item.max()) + 1) * bins
    if cells > _DENSE:
        by_item = _by_item(row, place, values, bins)
        return totals(by_item.indices, by_item.data**2, bins), totals(by_item.indices, np.ones(by_item.nnz), bins)
    cell = row.item * bins + place
    table = totals(cell, values, cells).reshape(-1, bins)
    filled = np.bincount(cell, minlength=cells).reshape(-1, bins) > 0
    return np.einsum("ij,ij->j", table, table), np.count_nonzero(filled, axis=0).astype(np.float64)


def _by_item(row: Rows, place: Places, values: Floats, bins: int) -> Any:
    """Sums by item and bin, sparse; a bin in which an item has rows has an entry, though it be 0."""
    from scipy.sparse import csr_array

    made = csr_array((values, (row.item, place)), shape=(int(row.item.max()) + 1, bins))
    made.sum_duplicates()
    return made


def equal_mass(runs: Runs, weight: Floats, bins: int) -> Places:
    """The bin of each row, about as much weight in each, equal keys never parted.

    Bin m ends with the smallest key up to which at least m / bins of the weight lies, as in `reliability.Binning`.
    """
    up_to = np.cumsum(runs.sums(weight))
    last = np.searchsorted(up_to * bins, np.arange(1, bins) * up_to[-1], side="left")
    return np.asarray(runs.spread(np.searchsorted(last, np.arange(up_to.size), side="left")))


def without_empty(place: Places) -> tuple[Places, int]:
    """The same bins numbered anew without those that no row is in, and how many are left."""
    filled = np.bincount(place) > 0
    return (np.cumsum(filled) - 1)[place], int(np.count_nonzero(filled))


def equal_width(confidence: Floats, bins: int) -> Places:
    """The bin of each confidence among ``bins`` over (0.5, 1], upper ends included and 0.5 in the first."""
    at = np.ceil(confidence * (2 * bins)).astype(np.intp) - bins - 1
    return np.clip(at, 0, bins - 1)


def folded_mean(mean: Floats, variance: Floats) -> Floats:
    """E|X| of normal X."""
    from scipy.special import ndtr

    spread = np.sqrt(variance)
    z = np.divide(mean, spread, out=np.full_like(mean, np.inf), where=spread > 0)
    core = spread * math.sqrt(2 / math.pi) * np.exp(-(z**2) / 2)
    return np.where(spread > 0, core + np.abs(mean) * (2 * ndtr(np.abs(z)) - 1), np.abs(mean))
