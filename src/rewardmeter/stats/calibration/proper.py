"""Proper scores of a margin that is read as a logit: log-loss, Brier score and its decomposition, sharpness.

Every function takes

margins:
    (K, P) score of the first response minus that of the second, read as the logit of "the first is better"; NaN
    where missing, finite otherwise.
label:
    (P,) in [0, 1]: 1 where the first is better, 0.5 for a tie, NaN where unknown. A label y counts as y of a pair with
    the label 1 and 1 - y of one with the label 0.
item:
    (P,) item of each pair, 0..N-1, whose pairs are drawn together.
unit_weights:
    (P,) weight of each pair, at least 0; None for 1 each.
weights:
    (B, N) of `resampling.item_weights`; None for no interval.
level:
    Nominal coverage.

and returns one `Estimate` for each of the K scorers, NaN with the reason in ``method`` where it is undefined; ``n``
counts pairs. ValueError on shapes that do not fit, infinite margins, labels outside [0, 1] or bad weights.
May import: bins, cells, credits, intervals, resampling, result, rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.calibration.bins import squares_by_item
from rewardmeter.stats.calibration.rows import (
    Asked,
    Floats,
    Rows,
    asked,
    biased_upwards,
    bounded,
    no_value,
    pair_rows,
    totals,
)
from rewardmeter.stats.cells import ratio
from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.intervals import bootstrap_method, estimates
from rewardmeter.stats.resampling import percentile_interval, weighted_sums
from rewardmeter.stats.result import Estimate

__all__ = [
    "brier_decomposition_estimates",
    "brier_estimates",
    "logit_losses",
    "nll_estimates",
    "sharpness_estimates",
]


def logit_losses(margins: ArrayLike, label: ArrayLike) -> Floats:
    """y log(1 + exp(-m)) + (1 - y) log(1 + exp(m)) of each margin m and label y, in nats, at least 0.

    Shapes broadcast; NaN where a side is missing. Nothing overflows and nothing is clipped: a margin of 800 on the
    wrong side costs 800.
    """
    m, y = np.asarray(margins, dtype=np.float64), np.asarray(label, dtype=np.float64)
    return np.log1p(np.exp(-np.abs(m))) + (1 - y) * np.maximum(m, 0.0) + y * np.maximum(-m, 0.0)


def nll_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.nll``: mean of `logit_losses`, at least 0; ln 2 for margins of 0 throughout (Good 1952).

    The interval is the percentile bootstrap over items.
    """
    return nll_of(pair_rows(margins, label, item, unit_weights), asked(weights, item, level))


def nll_of(scorers: Sequence[Rows], ask: Asked) -> list[Estimate]:
    losses = [row.weight * logit_losses(row.score, row.truth) for row in scorers]
    value = ratio(np.array([part.sum() for part in losses]), np.array([row.mass for row in scorers]))
    n, items = (np.array([getattr(row, name) for row in scorers], dtype=np.int64) for name in ("n", "items"))
    if ask.weights is None or not scorers:
        return _explained(estimates(value, None, n=n, method="none", level=ask.level), scorers, ask)
    length = ask.weights.shape[1]
    sums = [totals(row.item, part, length) for row, part in zip(scorers, losses, strict=True)]
    masses = [totals(row.item, row.weight, length) for row in scorers]
    drawn = weighted_sums(ask.weights, np.array([*sums, *masses]).T)
    low, high = percentile_interval(ratio(drawn[:, : len(sums)], drawn[:, len(sums) :]), ask.level, items=items)
    several = items > 1
    ends = np.where(several, low, np.nan), np.where(several, high, np.nan)
    method = [bootstrap_method(ask.weights) if one else "none" for one in several]
    return _explained(estimates(value, ends, n=n, method=method, level=ask.level), scorers, ask)


def brier_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.brier``: mean of (y - p)^2, p = 1 / (1 + exp(-margin)), in [0, 1]; less is better (Brier 1950).

    The interval is normal on the logit with the error of a mean clustered by item.
    """
    return brier_of(pair_rows(margins, label, item, unit_weights), asked(weights, item, level))


def brier_of(scorers: Sequence[Rows], ask: Asked) -> list[Estimate]:
    found = []
    for row in scorers:
        loss = np.square(row.truth - row.probability)[None]
        found += mean_estimates(loss, row.item, weights=ask.weights, unit_weights=row.weight, level=ask.level)
    return _explained(found, scorers, ask)


def brier_decomposition_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> dict[str, list[Estimate]]:
    """Brier score = miscalibration - discrimination + uncertainty, which sums exactly (up to rounding).

    CORP (Dimitriadis, Gneiting and Jordan 2021, PNAS 118): with c the isotonic regression of label on margin and S(.)
    the mean squared error, ``calibration.miscalibration`` = S(p) - S(c), ``calibration.discrimination`` = S(mean
    label) - S(c) and ``calibration.uncertainty`` = S(mean label); all at least 0, the last two at most 0.25.

    Being fitted to the same labels, c follows chance, which raises the first two alike, by between D and 2 D, where
    D = sum over the levels of c of mass * (error of the level's mean, by items)^2, divided by the total mass (the
    number of levels is the degrees of freedom of the fit, Meyer and Woodroofe 2000; the upper bound holds for
    projections on cones). ``detail["bias"]`` is 2 D. Their intervals are normal with c held fixed (its derivative by
    row weights vanishes at the best fit), the lower end less that bias. The uncertainty is too low by the squared error
    of the mean label, by which the upper end of its interval is raised.
    """
    return decomposition_of(pair_rows(margins, label, item, unit_weights), asked(weights, item, level))


def decomposition_of(scorers: Sequence[Rows], ask: Asked) -> dict[str, list[Estimate]]:
    parts = [_decomposed(row, ask) for row in scorers]
    names = ("calibration.miscalibration", "calibration.discrimination", "calibration.uncertainty")
    return {name: [part[place] for part in parts] for place, name in enumerate(names)}


def _decomposed(row: Rows, ask: Asked) -> tuple[Estimate, Estimate, Estimate]:
    from scipy.optimize import isotonic_regression

    if not row.n:
        return (no_value(row, ask, "no pairs"),) * 3
    runs = row.by_score
    mass = runs.sums(row.weight)
    fit = isotonic_regression(runs.sums(row.weight * row.truth) / mass, weights=mass)
    refitted = np.square(row.truth - runs.spread(fit.x))
    stated = np.square(row.truth - row.probability)
    constant = np.square(row.truth - row.mean(row.truth))
    blocks = np.searchsorted(fit.blocks[1:-1], np.arange(mass.size), side="right")
    residual = row.weight * (row.truth - runs.spread(fit.x))
    levels = int(blocks[-1]) + 1
    chance = squares_by_item(row, runs.spread(blocks), residual, levels)[0] / totals(blocks, mass)
    bias = 2 * float(chance.sum() / row.mass)
    made = []
    for loss, most in ((stated, 1.0), (constant, 0.25)):
        part = loss - refitted
        value = max(0.0, row.mean(part))
        made.append(biased_upwards(row, ask, value, bias, (part - value) / row.mass, bounds=(0.0, most)))
    return made[0], made[1], _uncertainty(row, ask, constant)


def _uncertainty(row: Rows, ask: Asked, constant: Floats) -> Estimate:
    """Mean squared deviation from the mean label, which is too low by the square of that mean's error."""
    value = row.mean(constant)
    if not value > 0:
        return bounded(row, ask, value, constant, bounds=(0.0, 0.25))
    centred = (row.truth - row.mean(row.truth)) / row.mass
    bias = row.error(centred) ** 2
    turned = biased_upwards(row, ask, 0.25 - value, bias, (value - constant) / row.mass, bounds=(0.0, 0.25))
    method = turned.method.replace("lower end less", "upper end with")
    return replace(turned, value=value, low=0.25 - turned.high, high=0.25 - turned.low, method=method)


def sharpness_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.sharpness``: variance of p over the pairs, in [0, 0.25]; 0 says the same of every pair.

    Gneiting, Balabdaoui and Raftery 2007: as sharp as can be, subject to calibration. ``detail["confidence"]`` is the
    mean of max(p, 1 - p). Labels only say which pairs count. The interval is normal on the logit.
    """
    return sharpness_of(pair_rows(margins, label, item, unit_weights), asked(weights, item, level))


def sharpness_of(scorers: Sequence[Rows], ask: Asked) -> list[Estimate]:
    found = []
    for row in scorers:
        if not row.n:
            found.append(no_value(row, ask, "no pairs"))
            continue
        apart = np.square(row.probability - row.mean(row.probability))
        value, detail = row.mean(apart), {"confidence": row.mean(row.confidence)}
        found.append(bounded(row, ask, value, (apart - value) / row.mass, bounds=(0.0, 0.25), detail=detail))
    return found


def _explained(found: list[Estimate], scorers: Sequence[Rows], ask: Asked) -> list[Estimate]:
    """Say why where there is nothing to average."""
    return [one if row.n else no_value(row, ask, "no pairs") for one, row in zip(found, scorers, strict=True)]
