"""Are probabilities as often right as they say? Calibration error by bins, Brier score and log-loss.

Rows are (probability, label, weight). A label is 1 where the event happened, 0 where it did not, or a share in between
(0.5 for a tie). A row with a NaN probability or label does not count; without any row of positive weight every number
is NaN. Labels of one class only are no special case. Imports nothing of ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Binning",
    "ReliabilityBins",
    "brier_losses",
    "brier_score",
    "expected_calibration_error",
    "log_loss",
    "log_losses",
    "reliability_bins",
]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Binning = Literal["equal_width", "equal_mass"]
"""``equal_width``: bins ((m - 1) / M, m / M], the first with 0 (Guo et al. 2017, section 2). ``equal_mass``: the upper
end of bin m is the smallest observed probability up to which at least m / M of the weight lies, so that about as much
weight is in each bin and equal probabilities are never parted (Nixon et al. 2019 call it adaptive)."""

_CACHED = 1 << 15
"""Rows worked on in one go: what stays in the processor's cache takes half the time."""


@dataclass(frozen=True, slots=True, eq=False)
class ReliabilityBins:
    """What a reliability diagram shows; all arrays are (bins,).

    Attributes
    ----------
    low, high: ends of the bins, which hold probabilities with low < p <= high; the first also holds ``low``.
    probability: weighted mean probability in the bin; NaN where it is empty.
    frequency: weighted mean label in the bin, in [0, 1]; NaN where it is empty.
    weight: total weight in the bin.
    count: rows in the bin.
    """

    low: Floats
    high: Floats
    probability: Floats
    frequency: Floats
    weight: Floats
    count: NDArray[np.int64]


def expected_calibration_error(
    probability: ArrayLike,
    label: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    bins: int = 15,
    binning: Binning = "equal_width",
) -> float:
    """ECE = sum over bins of (share of the weight) * |mean label - mean probability|, in [0, 1]; less is better.

    Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017, eq. 3, for the probability of one event. It depends on the
    bins, and is biased upwards where they hold few rows: state both.

    Parameters
    ----------
    probability, label:
        (rows,) in [0, 1], NaN where missing.
    weight:
        (rows,) at least 0; None for 1 each. A whole weight w is worth w copies of the row.
    bins, binning:
        How many, and how they are cut: see `Binning`.

    Raises
    ------
    ValueError
        Shapes that do not fit, values outside [0, 1], weights that are negative or not finite, fewer than one bin.
    """
    p, y, w = _checked(probability, label, weight)
    total = _total(p, w)
    if not total > 0:
        return math.nan
    edges = _edges(p, w, bins, binning)
    gap = np.zeros(bins)
    for rows, place in _pieces(p, edges, binning):
        # Weight times the gap of a bin is the sum of its rows' gaps: one weighted count is enough.
        apart = p[rows] - y[rows] if w is None else (p[rows] - y[rows]) * w[rows]
        gap += np.bincount(place, weights=apart, minlength=bins)
    return float(np.abs(gap).sum() / total)


def reliability_bins(
    probability: ArrayLike,
    label: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    bins: int = 15,
    binning: Binning = "equal_width",
) -> ReliabilityBins:
    """The bins behind `expected_calibration_error`, whose arguments and errors these are.

    Without any row of positive weight, bins of equal mass have no ends (NaN) and count nothing.
    """
    p, y, w = _checked(probability, label, weight)
    edges = _edges(p, w, bins, binning)
    count = np.zeros(bins, dtype=np.int64)
    mass, *sums = np.zeros((3, bins))
    if not np.isnan(edges).any():
        for rows, place in _pieces(p, edges, binning):
            weights = np.ones(place.size) if w is None else w[rows]
            count += np.bincount(place, minlength=bins)
            mass += np.bincount(place, weights=weights, minlength=bins)
            for total, values in zip(sums, (p, y), strict=True):
                total += np.bincount(place, weights=values[rows] * weights, minlength=bins)
    means = [np.divide(total, mass, out=np.full(bins, np.nan), where=mass > 0) for total in sums]
    return ReliabilityBins(edges[:-1], edges[1:], means[0], means[1], mass, count)


def brier_losses(probability: ArrayLike, label: ArrayLike) -> Floats:
    """(label - probability)^2 of each row, in [0, 1]; NaN where a side is missing."""
    p, y = _pair(probability, label)
    return np.square(p - y)


def brier_score(probability: ArrayLike, label: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Weighted mean of `brier_losses`, in [0, 1]; less is better (Brier 1950, in the form for one event).

    Arguments and errors as for `expected_calibration_error`.
    """
    p, y, w = _checked(probability, label, weight)
    return _mean(np.square(p - y), w)


def log_losses(probability: ArrayLike, label: ArrayLike, *, clip: float = 0.0) -> Floats:
    """-(y log p + (1 - y) log(1 - p)) of each row, in nats, from 0 up; NaN where a side is missing.

    A certainty that proves wrong (p = 0 and y > 0, or p = 1 and y < 1) costs infinity, one that proves right nothing.
    ``clip`` in [0, 0.5) moves probabilities into [clip, 1 - clip] first.
    """
    return _log_losses(*_pair(probability, label), clip)


def log_loss(probability: ArrayLike, label: ArrayLike, weight: ArrayLike | None = None, *, clip: float = 0.0) -> float:
    """Weighted mean of `log_losses`, in nats; infinite where a certainty of positive weight proves wrong.

    Arguments and errors as for `expected_calibration_error` and `log_losses`.
    """
    p, y, w = _checked(probability, label, weight)
    return _mean(_log_losses(p, y, clip), w)


def _log_losses(p: Floats, y: Floats, clip: float) -> Floats:
    if not 0 <= clip < 0.5:
        raise ValueError(f"clip must lie in [0, 0.5); got {clip}")
    if clip:
        p = np.clip(p, clip, 1 - clip)
    with np.errstate(divide="ignore", invalid="ignore"):
        happened = np.where(y > 0, y * np.log(p), 0.0)
        did_not = np.where(y < 1, (1 - y) * np.log1p(-p), 0.0)
    return np.where(np.isnan(p) | np.isnan(y), np.nan, 0.0 - (happened + did_not))


def _pair(probability: ArrayLike, label: ArrayLike) -> tuple[Floats, Floats]:
    p, y = np.asarray(probability, dtype=np.float64), np.asarray(label, dtype=np.float64)
    if p.ndim != 1 or p.shape != y.shape:
        raise ValueError(f"probability and label must be (rows,) both; got the shapes {p.shape} and {y.shape}")
    for name, values in (("probability", p), ("label", y)):
        low, high = np.fmin.reduce(values, initial=np.inf), np.fmax.reduce(values, initial=-np.inf)
        if low < 0 or high > 1:
            row = int(np.flatnonzero((values < 0) | (values > 1))[0])
            raise ValueError(f"{name} must lie in [0, 1]; row {row} has {values[row]:g}")
    return p, y


def _checked(
    probability: ArrayLike, label: ArrayLike, weight: ArrayLike | None
) -> tuple[Floats, Floats, Floats | None]:
    """The rows that count."""
    p, y = _pair(probability, label)
    w = None if weight is None else np.asarray(weight, dtype=np.float64)
    if w is not None:
        if w.shape != p.shape:
            raise ValueError(f"weight must be {p.shape} as probability is; got the shape {w.shape}")
        if not (np.isfinite(w) & (w >= 0)).all():
            row = int(np.flatnonzero(~(np.isfinite(w) & (w >= 0)))[0])
            raise ValueError(f"weights must be finite and at least 0; row {row} has {w[row]:g}")
    # A sum is NaN where a term is, and costs less than looking at each.
    if math.isnan(float(p.sum() + y.sum())):
        there = ~(np.isnan(p) | np.isnan(y))
        p, y, w = p[there], y[there], None if w is None else w[there]
    return p, y, w


def _edges(p: Floats, w: Floats | None, bins: int, binning: str) -> Floats:
    """The ends of the bins, (bins + 1,); NaN where there is nothing to cut into equal masses."""
    if bins < 1:
        raise ValueError(f"bins must be 1 or more; got {bins}")
    if binning not in get_args(Binning):
        raise ValueError(f"binning must be one of {', '.join(get_args(Binning))}; got {binning!r}")
    if binning == "equal_width":
        return np.arange(bins + 1) / bins
    order = np.argsort(p)
    ordered = p[order]
    mass = np.arange(1, p.size + 1, dtype=np.float64) if w is None else np.cumsum(w[order])
    if not p.size or not mass[-1] > 0:
        return np.full(bins + 1, np.nan)
    inner = ordered[np.searchsorted(mass * bins, np.arange(1, bins) * mass[-1], side="left")]
    return np.concatenate([ordered[:1], inner, ordered[-1:]])


def _pieces(p: Floats, edges: Floats, binning: str) -> Iterator[tuple[slice, Places]]:
    """Some rows at a time, and the bin of each."""
    for start in range(0, p.size, _CACHED):
        rows = slice(start, start + _CACHED)
        if binning == "equal_width":
            yield rows, (np.maximum(np.ceil(p[rows] * (edges.size - 1)), 1.0) - 1.0).astype(np.intp)
        else:
            yield rows, np.searchsorted(edges[1:-1], p[rows], side="left")


def _total(p: Floats, w: Floats | None) -> float:
    return float(p.size) if w is None else float(w.sum())


def _mean(losses: Floats, w: Floats | None) -> float:
    """Weighted mean; a row of weight 0 does not count, whatever its loss."""
    total = _total(losses, w)
    if not total > 0:
        return math.nan
    if w is None:
        return float(losses.mean())
    return float(np.where(w > 0, losses, 0.0) @ w / total)
