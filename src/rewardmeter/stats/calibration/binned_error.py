"""Expected calibration error in its variants, on the confidence in the verdict of a pair.

The confidence of a pair is max(p, 1 - p), p = 1 / (1 + exp(-margin)); it is right by the label's share for the response
with the greater score, half of it for a tie in the label. A margin of 0 is right by ``tied``: "half" as an expected
coin flip, "first" or "second" as a verdict for that response. The other arguments, the results and the errors are those
of `proper`. May import: bins, result, rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.calibration.bins import Binned, binned, equal_mass, equal_width, folded_mean, squares_by_item
from rewardmeter.stats.calibration.rows import (
    Asked,
    Floats,
    Rows,
    Runs,
    TiedMargin,
    asked,
    biased_upwards,
    bounded,
    no_value,
    pair_rows,
)
from rewardmeter.stats.result import Estimate

__all__ = [
    "ece_debiased_estimates",
    "ece_estimates",
    "ece_sweep_estimates",
    "ece_width_estimates",
    "overconfidence_estimates",
]

MOST_SWEPT = 1000
"""Bins at which a sweep ends, so that a scorer that sorts the labels perfectly does not take for ever."""
_ROUNDING = 1e-12


def ece_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    bins: int = 15,
    tied: TiedMargin = "half",
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.ece``: sum over bins of share of weight * |mean rightness - mean confidence|, in [0, 1].

    Bins of equal mass on the confidence, 15 if not told otherwise: bin m ends with the smallest confidence up to which
    m / bins of the weight lies; equal confidences share a bin (Naeini et al. 2015; Nixon et al. 2019). Confidences are
    told apart by |margin|, also where they round to 1.

    The value is biased upwards. ``detail["bias"]`` says by about how much: sum of share * (E|g + noise| - |g|) under
    normal noise of the variance that a bin's gap has when items are drawn, with g^2 the gap's square less twice that
    variance (or 0), in the manner of Kumar et al. 2019. The interval is normal, its lower end less the bias; bins are
    held fixed.
    """
    scorers, ask = pair_rows(margins, label, item, unit_weights, tied), asked(weights, item, level)
    return ece_of(scorers, ask, bins=_checked(bins))


def ece_of(scorers: Sequence[Rows], ask: Asked, *, bins: int = 15) -> list[Estimate]:
    return [_plug_in(_by_mass(row, bins), row, ask) if row.n else no_value(row, ask, "no pairs") for row in scorers]


def ece_width_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    bins: int = 10,
    tied: TiedMargin = "half",
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.ece_width``: as `ece_estimates` with bins of equal width over (0.5, 1], ten of 0.05 by default.

    Upper ends belong to their bin, 0.5 to the first. Guo et al. 2017, eq. 3, whose 20 bins over (0, 1] are these ten
    where there are two classes, but for confidences of exactly 0.5.
    """
    scorers, ask = pair_rows(margins, label, item, unit_weights, tied), asked(weights, item, level)
    return ece_width_of(scorers, ask, bins=_checked(bins))


def ece_width_of(scorers: Sequence[Rows], ask: Asked, *, bins: int = 10) -> list[Estimate]:
    return [
        _plug_in(binned(row, row.confidence, row.right, equal_width(row.confidence, bins), bins), row, ask)
        if row.n
        else no_value(row, ask, "no pairs")
        for row in scorers
    ]


def ece_debiased_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    bins: int = 15,
    tied: TiedMargin = "half",
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.ece_debiased``: root of an unbiased estimate of sum of share * (expected gap)^2, in [0, 1].

    In place of a bin's squared gap stands the mean product of the residuals (rightness - confidence) of two different
    items in the bin. With one pair per item and equal confidences in a bin this is Kumar et al. 2019, definition 5.2
    (Ferro and Fricker 2012, eq. 8): gap^2 - y(1 - y) / (n - 1). Pairs of one item, which go together, add nothing.
    The bins are those of `ece_estimates`; one with a single item is left out and counted in ``undefined``.

    An estimate of the square below 0 has the root 0; ``detail["squared"]`` holds the square itself. The interval is
    normal on the square, with the error of the infinitesimal jackknife over items, but at least that of a sum of
    squared normal gaps around 0, sqrt(2) |V|, V their covariance by items, each bin times its share: so that it stays
    valid where the scorer is calibrated, as in Sun et al. 2024. Ends below 0 are 0 too.
    """
    scorers, ask = pair_rows(margins, label, item, unit_weights, tied), asked(weights, item, level)
    return ece_debiased_of(scorers, ask, bins=_checked(bins))


def ece_debiased_of(scorers: Sequence[Rows], ask: Asked, *, bins: int = 15) -> list[Estimate]:
    return [_debiased(_by_mass(row, bins), row, ask) if row.n else no_value(row, ask, "no pairs") for row in scorers]


def ece_sweep_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    tied: TiedMargin = "half",
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.ece_sweep``: as `ece_estimates` with as many bins as keep the mean rightness from falling.

    Bins of equal mass are tried with 1, 2, 3, … of them until the mean rightness falls from one bin to the next; the
    last number before that counts, at most 1,000 (a limit of ours). Roelofs et al. 2022, with absolute gaps.
    ``detail["bins"]`` is the number.
    """
    scorers, ask = pair_rows(margins, label, item, unit_weights, tied), asked(weights, item, level)
    return ece_sweep_of(scorers, ask)


def ece_sweep_of(scorers: Sequence[Rows], ask: Asked) -> list[Estimate]:
    found = []
    for row in scorers:
        if not row.n:
            found.append(no_value(row, ask, "no pairs"))
            continue
        bins = _swept(row.by_confidence, row)
        found.append(_plug_in(_by_mass(row, bins), row, ask, {"bins": float(bins)}))
    return found


def overconfidence_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    tied: TiedMargin = "half",
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.overconfidence``: mean confidence less mean rightness, in [-0.5, 1]; 0 is right, below 0 too timid.

    The signed calibration error of one bin (calibration in the large). The interval is normal on the logit.
    """
    return overconfidence_of(pair_rows(margins, label, item, unit_weights, tied), asked(weights, item, level))


def overconfidence_of(scorers: Sequence[Rows], ask: Asked) -> list[Estimate]:
    found = []
    for row in scorers:
        if not row.n:
            found.append(no_value(row, ask, "no pairs"))
            continue
        apart = row.confidence - row.right
        value = row.mean(apart)
        found.append(bounded(row, ask, value, (apart - value) / row.mass, bounds=(-0.5, 1.0)))
    return found


def _checked(bins: int) -> int:
    if bins < 1:
        raise ValueError(f"bins must be 1 or more; got {bins}")
    return bins


def _by_mass(row: Rows, bins: int) -> Binned:
    place = equal_mass(row.by_confidence, row.weight, bins)
    return binned(row, row.confidence, row.right, place, bins)


def plug_in(made: Binned, row: Rows) -> tuple[float, float, Floats]:
    """Sum of share * |gap|, about how much of it is chance, and its derivatives by row weight."""
    value = float(made.share @ np.abs(made.gap))
    variance = np.nan_to_num(made.variance())
    without = np.sqrt(np.maximum(made.gap**2 - 2 * variance, 0.0))
    bias = min(value, float(made.share @ (folded_mean(without, variance) - without)))
    return value, bias, (np.sign(made.gap)[made.place] * made.residual - value) / row.mass


def _plug_in(made: Binned, row: Rows, ask: Asked, detail: dict[str, float] | None = None) -> Estimate:
    value, bias, influence = plug_in(made, row)
    return biased_upwards(row, ask, value, bias, influence, detail=detail)


def _debiased(made: Binned, row: Rows, ask: Asked) -> Estimate:
    same_residual, same_weight = (
        squares_by_item(row, made.place, row.weight * values, made.mass.size)[0]
        for values in (made.residual, np.ones(row.n))
    )
    several = made.mass**2 - same_weight > _ROUNDING * made.mass**2
    left_out = np.count_nonzero((made.mass > 0) & ~several)
    if not several.any():
        return no_value(row, ask, "no bin has two items")
    mass, gap = made.mass[several], made.gap[several]
    products = (mass * gap) ** 2 - same_residual[several]
    share = mass / mass.sum()
    squared = float(share @ (products / (mass**2 - same_weight[several])))
    low, high, method = math.nan, math.nan, "none"
    if ask.weights is not None:
        covariance = made.covariance()[np.ix_(several, several)]
        noise = 2 * float((np.outer(share, share) * covariance**2).sum())
        kept = np.where(several, made.gap, 0.0)[made.place]
        influence = (2 * kept * made.residual - kept**2 - share @ gap**2 * several[made.place]) / mass.sum()
        reach = NormalDist().inv_cdf((1 + ask.level) / 2) * max(row.error(influence), math.sqrt(noise))
        low, high = (min(1.0, math.sqrt(max(0.0, end))) for end in (squared - reach, squared + reach))
        method = "normal on the square, items as clusters"
    return Estimate(
        math.sqrt(max(0.0, squared)),
        low,
        high,
        level=ask.level,
        n=row.n,
        method=method,
        undefined=int(left_out),
        detail={"squared": squared},
    )


def _swept(runs: Runs, row: Rows) -> int:
    """The greatest number of bins before the mean rightness of a bin falls below that of the one before."""
    up_to = np.cumsum(runs.sums(row.weight))
    right = np.cumsum(runs.sums(row.weight * row.right))
    for bins in range(2, min(MOST_SWEPT, runs.start.size) + 1):
        last = np.searchsorted(up_to * bins, np.arange(1, bins + 1) * up_to[-1], side="left")
        last = np.unique(np.minimum(last, up_to.size - 1))
        mean = np.diff(right[last], prepend=0.0) / np.diff(up_to[last], prepend=0.0)
        if (np.diff(mean) < -_ROUNDING).any():
            return bins - 1
    return max(1, min(MOST_SWEPT, runs.start.size))
