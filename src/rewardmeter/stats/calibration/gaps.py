"""Margin linearity: do equal score gaps mean equal human gaps, within an item and from item to item?

All pairs of responses to one item that both have a score and a human score, oriented so that the score gap u is not
negative; v is the human gap. Training on score differences takes v to be a multiple of u, the same everywhere.
Arguments and results as in `ratings`, with any score in place of a prediction; ``n`` counts pairs unless said
otherwise, and the weight of a pair is the product of its responses' weights. Needs memory for all pairs.
May import: bins, ratings, recalibration, resampling, result, rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.calibration.bins import Binned, equal_mass, squares_by_item, without_empty
from rewardmeter.stats.calibration.ratings import student_reach
from rewardmeter.stats.calibration.recalibration import student_interval
from rewardmeter.stats.calibration.rows import Asked, Floats, Rows, Runs, asked, biased_upwards, no_value, rows, totals
from rewardmeter.stats.intervals import bootstrap_method, check_level
from rewardmeter.stats.resampling import percentile_interval, weighted_sums
from rewardmeter.stats.result import Estimate

__all__ = ["GapBins", "gap_bins", "margin_linearity_estimates", "slope_spread_estimates"]

MOST_PAIRS = 50_000_000


def margin_linearity_estimates(
    scores: ArrayLike,
    human: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> dict[str, list[Estimate]]:
    """``calibration.margin_slope`` and ``calibration.margin_linearity``.

    The slope is sum(u v) / sum(u^2), human points per score point: the line through the origin of least squares. The
    linearity, in [0, 1], is how much of sum(v^2) the line with a slope of at least 0 explains, divided by how much the
    best nondecreasing function of u with f(0) = 0 and f(-u) = -f(u) explains: 1 where equal score gaps mean equal human
    gaps, 0 where the slope is not positive. (Pearson's test of linearity compares r^2 with the correlation ratio in
    the same way; here isotonic regression, Barlow et al. 1972, takes the place of class means.) ``detail`` holds both
    shares, ``r2_linear`` and ``r2_isotonic``.

    The isotonic fit also follows chance, which lowers the linearity by up to ``detail["bias"]`` (the bound of
    `proper.brier_decomposition_estimates`, less what the line gains in the same way); the interval is normal with fits
    held fixed, its upper end raised by that much. Undefined without two responses of an item that differ in
    score, and where no nondecreasing function explains anything. ValueError for more than 50 million pairs.
    """
    scorers = rows(scores, human, item, unit_weights, names=("scores", "human"))
    return margin_linearity_of(scorers, asked(weights, item, level))


def margin_linearity_of(scorers: Sequence[Rows], ask: Asked) -> dict[str, list[Estimate]]:
    both = [_linearity(_gaps(row), ask) for row in scorers]
    return {
        "calibration.margin_slope": [slope for slope, _ in both],
        "calibration.margin_linearity": [linearity for _, linearity in both],
    }


def _linearity(pairs: Rows, ask: Asked) -> tuple[Estimate, Estimate]:
    from scipy.optimize import isotonic_regression

    u, v, weight = pairs.score, pairs.truth, pairs.weight
    square = pairs.mean(u**2) if pairs.n else 0.0
    if not square > 0:
        none = no_value(pairs, ask, "no two responses of an item differ in score")
        return none, none
    slope = pairs.mean(u * v) / square
    made = student_interval(pairs, ask, slope, (v - slope * u) * u / square / pairs.mass, fitted=1)
    apart = u > 0
    runs = Runs.of(u[apart])
    mass = runs.sums(weight[apart])
    fit = isotonic_regression(runs.sums((weight * v)[apart]) / mass, weights=mass)
    level = np.zeros(pairs.n)
    level[apart] = np.maximum(runs.spread(fit.x), 0.0)
    line = max(slope, 0.0) * u
    by_line, by_curve = v**2 - (v - line) ** 2, v**2 - (v - level) ** 2
    curve, total = pairs.mean(by_curve), pairs.mean(v**2)
    if not curve > 0:
        return made, no_value(pairs, ask, "greater score gaps do not go with greater human gaps")
    place = np.unique(level, return_inverse=True)[1]
    levels = int(place.max()) + 1
    chance = squares_by_item(pairs, place, weight * (v - level) * (level > 0), levels)[0] / totals(place, weight)
    of_line = np.square(totals(pairs.item, weight * u * (v - line))).sum() / (square * pairs.mass)
    bias = max(0.0, float(2 * chance.sum() - of_line)) / (curve * pairs.mass)
    bent = max(0.0, 1 - pairs.mean(by_line) / curve)
    influence = ((1 - bent) * by_curve - by_line) / curve / pairs.mass
    bending = biased_upwards(pairs, ask, bent, min(bias, bent), influence)
    detail = {"bias": min(bias, bent), "r2_linear": pairs.mean(by_line) / total, "r2_isotonic": curve / total}
    method = bending.method.replace("lower end less", "upper end with")
    return made, replace(
        bending, value=1 - bent, low=1 - bending.high, high=1 - bending.low, method=method, detail=detail
    )


@dataclass(frozen=True, slots=True, eq=False)
class GapBins:
    """Human gaps by score gap; arrays are (bins,), without empty bins. Pairs with equal scores are left out.

    Attributes
    ----------
    low, high: least and greatest score gap in the bin.
    score_gap, human_gap: weighted means.
    slope: human_gap / score_gap, which is the same in all bins where margins are linear.
    slope_low, slope_high: Student's interval at ``level``, items as clusters; NaN for a bin with one item.
    weight, count: total weight and pairs of the bin.
    level: nominal coverage, of each bin by itself.
    """

    low: Floats
    high: Floats
    score_gap: Floats
    human_gap: Floats
    slope: Floats
    slope_low: Floats
    slope_high: Floats
    weight: Floats
    count: NDArray[np.int64]
    level: float


def gap_bins(
    scores: ArrayLike,
    human: ArrayLike,
    item: ArrayLike,
    *,
    bins: int = 10,
    unit_weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[GapBins]:
    """Slope of human gap on score gap by size of the score gap, in bins of equal mass (deciles), for each scorer."""
    if bins < 1:
        raise ValueError(f"bins must be 1 or more; got {bins}")
    check_level(level)
    scorers = rows(scores, human, item, unit_weights, names=("scores", "human"))
    return [_gap_bins(_gaps(row), bins, level) for row in scorers]


def _gap_bins(pairs: Rows, bins: int, level: float) -> GapBins:
    apart = pairs.score > 0
    pairs = Rows(pairs.score[apart], pairs.truth[apart], pairs.item[apart], pairs.weight[apart])
    if not pairs.n:
        empty = np.zeros(0)
        return GapBins(empty, empty, empty, empty, empty, empty, empty, empty, np.zeros(0, dtype=np.int64), level)
    place = without_empty(equal_mass(pairs.by_score, pairs.weight, bins))[0]
    weight = totals(place, pairs.weight)
    scored, judged = (totals(place, pairs.weight * gap) for gap in (pairs.score, pairs.truth))
    slope = judged / scored
    low, high = np.full((2, weight.size), np.nan)
    np.fmin.at(low, place, pairs.score)
    np.fmax.at(high, place, pairs.score)
    # The error of a ratio of sums is that of the mean of its residuals, per score gap.
    residual = pairs.truth - slope[place] * pairs.score
    reach = student_reach(Binned(pairs, place, residual, scored, np.zeros(weight.size)), level)
    count = np.bincount(place).astype(np.int64)
    means = (low, high, scored / weight, judged / weight, slope, slope - reach, slope + reach)
    return GapBins(*means, weight, count, level)


def slope_spread_estimates(
    scores: ArrayLike,
    human: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.slope_spread``: how much the slope of human on score differs between items, beyond noise.

    Standard deviation of the items' slopes divided by their common slope, at least 0; 0 where a score gap means the
    same for every item. With x, y deviations from the item's means, an item of m responses has the slope b = Sxy / Sxx
    and the variance sigma^2 / Sxx, sigma^2 = sum (Syy - Sxy^2 / Sxx) / sum (m - 2) over all items; the variance between
    items is that of DerSimonian and Laird 1986, 0 where it comes out negative. ``detail`` holds ``spread`` (in units of
    the slope) and ``slope`` (sum Sxy / sum Sxx); ``n`` counts items with different scores. Percentile bootstrap over
    items.

    Undefined with fewer than two such items, without an item of three responses, and where the common slope is not
    positive. A line is assumed within items: a bent one looks like spread where items differ in their range of scores.
    """
    scorers = rows(scores, human, item, unit_weights, names=("scores", "human"))
    return slope_spread_of(scorers, asked(weights, item, level))


def slope_spread_of(scorers: Sequence[Rows], ask: Asked) -> list[Estimate]:
    return [_slope_spread(row, ask) for row in scorers]


def _slope_spread(row: Rows, ask: Asked) -> Estimate:
    sums = _item_sums(row)
    used = sums[:, 0] > 0
    n, total = int(np.count_nonzero(used)), sums.sum(axis=0)
    reason = ""
    if n < 2:
        reason = "fewer than two items have different scores"
    elif not total[3] > 0:
        reason = "no item has three responses"
    elif not total[1] > 0:
        reason = "greater scores do not go with greater human scores"
    if reason:
        return replace(no_value(row, ask, reason), n=n)
    spread = float(_spread(total))
    slope = float(total[1] / total[0])
    low, high, method = math.nan, math.nan, "none"
    if ask.weights is not None:
        drawn = weighted_sums(ask.weights[:, : len(sums)], sums)
        common = np.divide(drawn[:, 1], drawn[:, 0], out=np.full(len(drawn), np.nan), where=drawn[:, 1] > 0)
        ends = percentile_interval(_spread(drawn) / common, ask.level, items=n)
        low, high, method = float(ends[0]), float(ends[1]), bootstrap_method(ask.weights)
    detail = {"spread": spread, "slope": slope}
    return Estimate(spread / slope, low, high, level=ask.level, n=n, method=method, detail=detail)


def _item_sums(row: Rows) -> Floats:
    """By item, 0 where its scores do not differ: Sxx, Sxy, Sxy^2 / Sxx, m - 2, residual square, Sxx^2, 1."""
    length = int(row.item.max(initial=-1)) + 1
    mass = totals(row.item, row.weight, length)
    x, y = (
        values - (totals(row.item, row.weight * values, length) / np.where(mass > 0, mass, 1))[row.item]
        for values in (row.score, row.truth)
    )
    xx, xy, yy = (totals(row.item, row.weight * part, length) for part in (x * x, x * y, y * y))
    # Rounding leaves equal scores a little apart.
    size = totals(row.item, row.weight * row.score**2, length)
    used = xx > 1e-24 * size
    xx, xy = np.where(used, xx, 0.0), np.where(used, xy, 0.0)
    explained = np.divide(xy**2, xx, out=np.zeros(length), where=used)
    left = np.where(used, np.bincount(row.item, minlength=length) - 2, 0)
    return np.stack([xx, xy, explained, left, np.where(used, yy - explained, 0.0), xx**2, used], axis=1)


def _spread(sums: Floats) -> Floats:
    """Standard deviation between items, from sums over items (..., 7)."""
    xx, xy, explained, left, residual, squares, items = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = residual / left
        between = (explained - xy**2 / xx - (items - 1) * noise) / (xx - squares / xx)
    return np.sqrt(np.maximum(between, 0.0))


def _gaps(row: Rows) -> Rows:
    """All pairs within items as rows of (score gap of at least 0, human gap)."""
    order = np.argsort(row.item, kind="stable")
    item, start, size = np.unique(row.item[order], return_index=True, return_counts=True)
    pairs = int((size.astype(np.int64) * (size - 1) // 2).sum())
    if pairs > MOST_PAIRS:
        raise ValueError(f"{pairs:,} pairs within items are more than {MOST_PAIRS:,}; give fewer responses")
    parts: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]] = []
    for many in np.unique(size[size > 1]):
        first, second = np.triu_indices(many, 1)
        same = size == many
        at = start[same][:, None]
        parts.append((order[at + first].ravel(), order[at + second].ravel(), np.repeat(item[same], first.size)))
    if not parts:
        empty = np.zeros(0)
        return Rows(empty, empty, np.zeros(0, dtype=np.intp), empty)
    a, b, of = (np.concatenate([part[k] for part in parts]) for k in range(3))
    gap, judged = row.score[a] - row.score[b], row.truth[a] - row.truth[b]
    return Rows(np.abs(gap), np.where(gap < 0, -judged, judged), of, row.weight[a] * row.weight[b])
