"""What is drawn of pairs: reliability diagrams with consistency bands, and histograms of margins.

Arguments and errors as in `proper`, ``tied`` as in `binned_error`. May import: bins, rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.calibration.bins import binned, equal_mass, equal_width, without_empty
from rewardmeter.stats.calibration.rows import Floats, Places, Rows, TiedMargin, pair_rows, totals
from rewardmeter.stats.intervals import check_level

__all__ = ["Axis", "Binning", "MarginHistogram", "ReliabilityDiagram", "margin_histograms", "reliability_diagrams"]

Axis = Literal["confidence", "probability"]
"""``confidence``: max(p, 1 - p) against being right. ``probability``: p against the label, as pairs are oriented."""
Binning = Literal["equal_mass", "equal_width"]
_CELLS = 4096
"""Groups of nearly equal probabilities that many rows are drawn as."""
_PIECE = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class ReliabilityDiagram:
    """Frequencies against stated probabilities; all arrays are (bins,), without the empty bins.

    Attributes
    ----------
    low, high: least and greatest probability in the bin.
    probability: weighted mean of what is stated.
    frequency: weighted mean of what was.
    band_low, band_high: the central ``level`` of frequencies that would come out if every label were drawn with its
        stated probability, bin by bin; NaN without resamples.
    weight, count: total weight and rows of the bin.
    level: of the band.
    """

    low: Floats
    high: Floats
    probability: Floats
    frequency: Floats
    band_low: Floats
    band_high: Floats
    weight: Floats
    count: NDArray[np.int64]
    level: float

    @property
    def outside(self) -> int:
        """Bins whose frequency lies outside the band; chance alone puts about (1 - level) of them there."""
        slack = 1e-12
        return int(
            np.count_nonzero((self.frequency < self.band_low - slack) | (self.frequency > self.band_high + slack))
        )


def reliability_diagrams(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    rng: np.random.Generator | None,
    on: Axis = "confidence",
    bins: int = 15,
    binning: Binning = "equal_mass",
    resamples: int = 1000,
    tied: TiedMargin = "half",
    unit_weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[ReliabilityDiagram]:
    """One diagram for each scorer, with the consistency bands of Bröcker and Smith 2007 (forecasts held fixed).

    In each of ``resamples`` draws every pair gets the label 1 with its stated probability, else 0; the band of a bin
    is the central ``level`` of its drawn frequencies. Labels are drawn pair by pair: where the labels of an item go
    together, bands are too narrow; where labels are ties or means of several people, too wide. ``rng`` draws; None
    for no bands.

    Pairs of equal probability and weight are drawn together as a binomial. More than 4,096 kinds of pairs of one
    weight are first put into groups of a bin's rows with nearly the same probability, and take their mean: the
    variance that this adds to a frequency is less than one part in a million.
    Without pairs the diagram has no bins. ValueError besides on unknown options and fewer than one bin or resample.
    """
    if on not in get_args(Axis) or binning not in get_args(Binning):
        known = f"on must be one of {', '.join(get_args(Axis))} and binning of {', '.join(get_args(Binning))}"
        raise ValueError(f"{known}; got {on!r} and {binning!r}")
    if bins < 1 or resamples < 1:
        raise ValueError(f"bins and resamples must be 1 or more; got {bins} and {resamples}")
    check_level(level)
    scorers = pair_rows(margins, label, item, unit_weights, tied)
    return [_diagram(row, rng, on, bins, binning, resamples, level) for row in scorers]


def _diagram(
    row: Rows, rng: np.random.Generator | None, on: Axis, bins: int, binning: Binning, resamples: int, level: float
) -> ReliabilityDiagram:
    if not row.n:
        empty = np.zeros(0)
        return ReliabilityDiagram(empty, empty, empty, empty, empty, empty, empty, np.zeros(0, dtype=np.int64), level)
    stated, truth = (row.confidence, row.right) if on == "confidence" else (row.probability, row.truth)
    if binning == "equal_mass":
        place = equal_mass(row.by_confidence if on == "confidence" else row.by_score, row.weight, bins)
    elif on == "confidence":
        place = equal_width(stated, bins)
    else:
        place = np.clip(np.ceil(stated * bins).astype(np.intp) - 1, 0, bins - 1)
    place, filled = without_empty(place)
    made = binned(row, stated, truth, place, filled)
    probability = totals(place, row.weight * stated) / made.mass
    low, high = np.full(filled, np.inf), np.full(filled, -np.inf)
    np.minimum.at(low, place, stated)
    np.maximum.at(high, place, stated)
    band_low, band_high = np.full((2, filled), np.nan)
    if rng is not None:
        sure = row.score == 0 if on == "confidence" and row.tied == "half" else np.zeros(row.n, dtype=bool)
        drawn = _drawn_sums(stated, row.weight, place, sure, rng, resamples) / made.mass
        band_low, band_high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    count = np.bincount(place).astype(np.int64)
    frequency = probability + made.gap
    return ReliabilityDiagram(low, high, probability, frequency, band_low, band_high, made.mass, count, level)


def _drawn_sums(
    p: Floats, weight: Floats, place: Places, sure: NDArray[np.bool_], rng: np.random.Generator, resamples: int
) -> Floats:
    """Sums by bin of weight times drawn label, (resamples, bins); a ``sure`` row has half a label in every draw."""
    bins = int(place.max()) + 1
    fixed = totals(place, np.where(sure, weight / 2, 0.0), bins)
    p, weight, place = p[~sure], weight[~sure], place[~sure]
    group_p, group_weight, group_place, count = _alike(p, weight, place)
    out = np.tile(fixed, (resamples, 1))
    if not count.size:
        return out
    start = np.flatnonzero(np.diff(group_place, prepend=-1))
    step = max(1, _PIECE // count.size)
    for first in range(0, resamples, step):
        rows = slice(first, min(resamples, first + step))
        drawn = rng.binomial(count, group_p, size=(rows.stop - rows.start, count.size)) * group_weight
        out[rows, group_place[start]] += np.add.reduceat(drawn, start, axis=1)
    return out


def _alike(p: Floats, weight: Floats, place: Places) -> tuple[Floats, Floats, Places, NDArray[np.int64]]:
    """Probability, weight, bin and size of groups of rows that are drawn together, in ascending order of the bin."""
    cell = p
    if p.size > _CELLS and weight.min() == weight.max():
        # On the logit, cells are as fine at the ends, where the variance is small, as in the middle.
        with np.errstate(divide="ignore"):
            logit = np.clip(np.log(p) - np.log1p(-p), -40.0, 40.0)
        if np.unique(p).size > _CELLS:
            cell = np.floor(logit * (_CELLS / 16))
    order = np.lexsort((weight, cell, place))
    keys = [values[order] for values in (place, cell, weight)]
    changed = np.zeros(p.size, dtype=bool)
    changed[:1] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    start = np.flatnonzero(changed)
    if not start.size:
        return p, weight, place, np.zeros(0, dtype=np.int64)
    count = np.diff(start, append=p.size)
    mean = np.add.reduceat(p[order], start) / count
    return np.clip(mean, 0.0, 1.0), weight[order][start], place[order][start], count


@dataclass(frozen=True, slots=True, eq=False)
class MarginHistogram:
    """How much weight has which margin of the better response over the worse; all arrays are (bins,).

    ``low`` and ``high`` are the ends of the bins, symmetric about 0, the upper end excluded. ``weight`` is the weight
    of pairs in the bin: a label y puts y at the margin and 1 - y at its negative, so that ties lie evenly about 0.
    Margins beyond the ends are in the outermost bins; ``beyond`` is the weight that they have.
    """

    low: Floats
    high: Floats
    weight: Floats
    beyond: float


def margin_histograms(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    bins: int = 40,
    reach: float | None = None,
    unit_weights: ArrayLike | None = None,
) -> list[MarginHistogram]:
    """One histogram for each scorer, of an even number of ``bins`` over [-reach, reach).

    ``reach`` is the 99.5 % quantile of the scorer's |margin| if not given, 1 where that is 0. Without pairs all
    weights are 0. ValueError besides where ``bins`` is odd or below 2, or ``reach`` is not positive.
    """
    if bins < 2 or bins % 2:
        raise ValueError(f"bins must be even, so that 0 is an end, and 2 or more; got {bins}")
    if reach is not None and not reach > 0:
        raise ValueError(f"reach must be positive; got {reach}")
    return [_histogram(row, bins, reach) for row in pair_rows(margins, label, item, unit_weights)]


def _histogram(row: Rows, bins: int, reach: float | None) -> MarginHistogram:
    size = np.abs(row.score)
    end = reach if reach is not None else (float(np.quantile(size, 0.995)) if row.n else 0.0) or 1.0
    weight = np.zeros(bins)
    for margin, part in ((row.score, row.truth), (-row.score, 1 - row.truth)):
        place = np.floor((margin / end + 1) * (bins / 2)).clip(0, bins - 1).astype(np.intp)
        weight += totals(place, row.weight * part, bins)
    edges = end * (2 * np.arange(bins + 1) / bins - 1)
    return MarginHistogram(edges[:-1], edges[1:], weight, float(row.weight @ (size > end)))
