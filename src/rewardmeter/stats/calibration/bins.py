"""Residuals in bins: their means, and how much of a bin's mean is chance when items are drawn.

May import: rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardmeter.stats.calibration.rows import Floats, Places, Rows, Runs, totals

__all__ = ["Binned", "binned", "equal_mass", "equal_width", "folded_mean", "squares_by_item"]


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

    def covariance(self) -> Floats:
        """Covariance (bins, bins) of the gaps when items are drawn; a bin with one item has NaN.

        Sums over items of products of what the item adds to the gaps, times n / (n - 1) for n items in a bin (the
        geometric mean of both factors between bins).
        """
        deviation = self.row.weight * (self.residual - self.gap[self.place]) / self.mass[self.place]
        products, items = self._products(deviation)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.sqrt(np.where(items > 1, items / (items - 1), np.nan))
        return products * factor[:, None] * factor

    def items(self) -> Floats:
        """How many items each bin has."""
        return squares_by_item(self.row, self.place, np.ones(self.place.size), self.mass.size)[1]

    def _products(self, values: Floats) -> tuple[Floats, Floats]:
        """Sum over items of the outer product of their sums by bin, (bins, bins), and items in each bin (bins,)."""
        bins = self.mass.size
        if self.row.items == self.row.n:
            counts = np.bincount(self.place, minlength=bins).astype(np.float64)
            return np.diag(totals(self.place, values**2, bins)), counts
        by_item = _by_item(self.row, self.place, values, bins)
        counts = np.bincount(by_item.indices, minlength=bins).astype(np.float64)
        return np.asarray((by_item.T @ by_item).toarray()), counts


def binned(row: Rows, forecast: Floats, truth: Floats, place: Places, bins: int) -> Binned:
    """The rows in the bins of ``place``."""
    residual = truth - forecast
    mass = totals(place, row.weight, bins)
    total = totals(place, row.weight * residual, bins)
    return Binned(row, place, residual, mass, np.divide(total, mass, out=np.zeros(bins), where=mass > 0))


def squares_by_item(row: Rows, place: Places, values: Floats, bins: int) -> tuple[Floats, Floats]:
    """Sum over items of (sum of the item's ``values`` in the bin)^2, and items in each bin, both (bins,)."""
    if row.items == row.n:
        counts = np.bincount(place, minlength=bins).astype(np.float64)
        return totals(place, values**2, bins), counts
    by_item = _by_item(row, place, values, bins)
    counts = np.bincount(by_item.indices, minlength=bins).astype(np.float64)
    return totals(by_item.indices, by_item.data**2, bins), counts


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
