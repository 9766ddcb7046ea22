"""Answer where confident, abstain elsewhere: risk against coverage, and the area under that curve.

Pairs are answered in descending order of |margin|. The risk of an answer is 1 less how right it is (half for a tie in
label or, with ``tied="half"``, margin). Arguments, results and errors as in `proper`. May import: result, rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.calibration.rows import (
    Asked,
    Floats,
    Rows,
    Runs,
    TiedMargin,
    asked,
    bounded,
    no_value,
    pair_rows,
)
from rewardmeter.stats.result import Estimate

__all__ = ["RiskCoverage", "risk_coverage_curves", "risk_coverage_estimates"]


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """A risk–coverage curve; arrays are (points,), ascending in coverage.

    Attributes
    ----------
    coverage: share of the weight that is answered, in (0, 1].
    risk: mean risk of what is answered.
    margin: the least |margin| that is answered.
    """

    coverage: Floats
    risk: Floats
    margin: Floats


def risk_coverage_curves(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    tied: TiedMargin = "half",
    points: int | None = 500,
    unit_weights: ArrayLike | None = None,
) -> list[RiskCoverage]:
    """One curve for each scorer, a point wherever the |margin| changes; without pairs it has no points.

    El-Yaniv and Wiener 2010; Geifman and El-Yaniv 2017. Of more than ``points`` those nearest to equal steps of
    coverage are kept, the last among them.
    """
    if points is not None and points < 1:
        raise ValueError(f"points must be 1 or more, or None for all; got {points}")
    return [_curve(row, points) for row in pair_rows(margins, label, item, unit_weights, tied)]


def _curve(row: Rows, points: int | None) -> RiskCoverage:
    if not row.n:
        return RiskCoverage(*np.zeros((3, 0)))
    runs = row.by_confidence
    answered = np.cumsum(runs.sums(row.weight)[::-1])
    risk = np.cumsum(runs.sums(row.weight * (1 - row.right))[::-1]) / answered
    margin = np.abs(row.score[runs.order[runs.start]])[::-1]
    coverage = answered / answered[-1]
    if points is not None and coverage.size > points:
        kept = np.searchsorted(coverage, np.arange(1, points + 1) / points - 1e-12)
        kept = np.unique(np.minimum(kept, coverage.size - 1))
        coverage, risk, margin = coverage[kept], risk[kept], margin[kept]
    return RiskCoverage(coverage, np.clip(risk, 0.0, 1.0), margin)


def risk_coverage_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    tied: TiedMargin = "half",
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> dict[str, list[Estimate]]:
    """``calibration.aurc`` and ``calibration.excess_aurc``, in [0, 1]; less is better.

    AURC is the mean over k = 1..n of the risk of the k most confident pairs; pairs of equal confidence are answered in
    random order, and the mean over all orders is taken. Excess AURC is what remains after subtracting the AURC of
    the same verdicts in the best order, right before half right before wrong (Geifman, Uziel and El-Yaniv 2019).
    A whole unit weight w is worth w copies. Intervals are normal on the logit, by the infinitesimal jackknife over
    items.
    """
    scorers = pair_rows(margins, label, item, unit_weights, tied)
    return risk_coverage_of(scorers, asked(weights, item, level))


def risk_coverage_of(scorers: Sequence[Rows], ask: Asked) -> dict[str, list[Estimate]]:
    area, excess = [], []
    for row in scorers:
        if not row.n:
            area.append(no_value(row, ask, "no pairs"))
            excess.append(area[-1])
            continue
        risk = 1 - row.right
        value, influence = _aurc(row, row.by_confidence, risk)
        best, influence_of_best = _aurc(row, Runs.of(-risk), risk)
        area.append(bounded(row, ask, value, influence))
        excess.append(bounded(row, ask, max(0.0, value - best), influence - influence_of_best))
    return {"calibration.aurc": area, "calibration.excess_aurc": excess}


def _aurc(row: Rows, runs: Runs, risk: Floats) -> tuple[float, Floats]:
    """The area when runs are answered from the last to the first, and its derivatives by row weight.

    A run of t pairs with the mean risk e, after s pairs with the summed risk E, adds sum over j = 1..t of
    (E + j e) / (s + j) = t e + (E - s e) h with h = H(s + t) - H(s), H the harmonic numbers.
    """
    from scipy.special import digamma

    size = runs.sums(row.weight)[::-1]
    lost = runs.sums(row.weight * risk)[::-1]
    up_to = np.cumsum(size)
    before, lost_before = up_to - size, np.cumsum(lost) - lost
    mean = lost / size
    steps = digamma(up_to + 1) - digamma(before + 1)
    apart = lost_before - before * mean
    value = float((lost + apart * steps).sum() / row.mass)
    bend, bend_before = _trigamma(up_to + 1), _trigamma(before + 1)
    # Weight of a row changes its own run, and the s and E of all that come after.
    by_lost = _after(steps)
    by_size = _after(apart * (bend - bend_before) - mean * steps)
    own = apart * bend + by_size + before * steps * mean / size
    slope = 1 - before * steps / size + by_lost
    spread = [runs.spread(part[::-1]) for part in (own, slope)]
    return value, (spread[0] + spread[1] * risk - value) / row.mass


def _trigamma(x: Floats) -> Floats:
    """Derivative of digamma for x of 1 or more; SciPy's takes twenty times as long where the series is exact."""
    from scipy.special import polygamma

    inverse = 1 / x
    square = inverse**2
    series = inverse + square / 2 + inverse * square * (1 / 6 - square * (1 / 30 - square / 42))
    small = x < 30
    series[small] = polygamma(1, x[small])
    return series


def _after(values: Floats) -> Floats:
    """Sum over the later places."""
    return np.asarray(values[::-1].cumsum()[::-1] - values)
