"""Calibration slope and intercept: the logistic regression of labels on margins. May import: result, rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.calibration.rows import Asked, Floats, Rows, asked, no_value, pair_rows
from rewardmeter.stats.result import Estimate

__all__ = ["recalibration_estimates", "student_interval"]

_STEPS = 100
_CONSTANT = "the margins do not vary"
_ENOUGH = 1e-14
"""A Newton step that gains less than this share of the weight, in nats, is the last."""


def recalibration_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> dict[str, list[Estimate]]:
    """``calibration.slope`` and ``calibration.intercept``: logit P(label) = intercept + slope * margin, by likelihood.

    Cox 1958; Miller, Hui and Tierney 1991. A slope of 1 and an intercept of 0 are right; a slope below 1 says that
    margins are too great (its inverse is the temperature when the intercept is 0), below 0 that they point the wrong
    way. The intercept is how much the first response is preferred, in logits, at equal scores: with the order of a
    pair drawn by lot it is 0. Both are fitted together; a label y counts as y and 1 - y of a pair with the labels 1, 0.

    Intervals are Student's with the sandwich error clustered by item and items - 2 degrees of freedom. Both are NaN,
    with the reason in ``method``, where the likelihood has no greatest value: margins that do not vary, labels of one
    class only, and labels that a threshold on the margin separates without overlap (``detail["separated"]`` is then 1
    or -1: the direction). Arguments and errors as in `proper`.
    """
    return recalibration_of(pair_rows(margins, label, item, unit_weights), asked(weights, item, level))


def recalibration_of(scorers: Sequence[Rows], ask: Asked) -> dict[str, list[Estimate]]:
    both = [_one(row, ask) for row in scorers]
    return {
        "calibration.slope": [slope for slope, _ in both],
        "calibration.intercept": [intercept for _, intercept in both],
    }


def _one(row: Rows, ask: Asked) -> tuple[Estimate, Estimate]:
    reason, direction = _no_maximum(row)
    if reason:
        none = no_value(row, ask, reason)
        if direction:
            none = Estimate(math.nan, level=ask.level, n=row.n, method=none.method, detail={"separated": direction})
        return none, none
    centre = row.mean(row.score)
    spread = math.sqrt(row.mean(np.square(row.score - centre)))
    if not spread > 0:
        none = no_value(row, ask, _CONSTANT)
        return none, none
    fitted = _newton((row.score - centre) / spread, row.truth, row.weight / row.mass)
    if fitted is None:
        none = no_value(row, ask, f"no greatest likelihood was found in {_STEPS} steps")
        return none, none
    intercept, slope, influence = fitted
    of_slope = influence[1] / spread / row.mass
    of_intercept = influence[0] / row.mass - of_slope * centre
    return (
        student_interval(row, ask, slope / spread, of_slope),
        student_interval(row, ask, intercept - slope / spread * centre, of_intercept),
    )


def student_interval(row: Rows, ask: Asked, value: float, influence: Floats, fitted: int = 2) -> Estimate:
    """An estimate of a regression with ``fitted`` coefficients, from its derivatives by row weight, items as clusters.

    Student's interval with items - fitted degrees of freedom and the error times sqrt((items - 1) / (items - fitted)).
    """
    from scipy.special import stdtrit

    left = row.items - fitted
    if ask.weights is None or left < 1:
        return Estimate(value, level=ask.level, n=row.n)
    reach = float(stdtrit(left, (1 + ask.level) / 2)) * row.error(influence) * math.sqrt((row.items - 1) / left)
    method = "sandwich clustered by item, Student's t"
    return Estimate(value, value - reach, value + reach, level=ask.level, n=row.n, method=method)


def _no_maximum(row: Rows) -> tuple[str, float]:
    """Why the likelihood has no single greatest value, and the direction in which labels are separated (0 if not)."""
    if not row.n:
        return "no pairs", 0.0
    if row.score.min() == row.score.max():
        return _CONSTANT, 0.0
    ones, noughts = row.score[row.truth > 0], row.score[row.truth < 1]
    if not ones.size or not noughts.size:
        return "labels of one class only", 0.0
    if noughts.max() <= ones.min():
        return "the margins separate the labels perfectly", 1.0
    if ones.max() <= noughts.min():
        return "the margins separate the labels perfectly, the wrong way round", -1.0
    return "", 0.0


def _newton(z: Floats, y: Floats, w: Floats) -> tuple[float, float, Floats] | None:
    """Intercept, slope, and the derivatives (2, rows) of both by row weight; ``w`` sums to 1, ``z`` is standardised."""
    a = b = 0.0
    at = np.zeros_like(z)
    loss = math.log(2)
    for _ in range(_STEPS):
        p = _expit(at)
        residual = y - p
        steep = w * p * (1 - p)
        slanted = steep * z
        hessian = np.array([[steep.sum(), slanted.sum()], [slanted.sum(), slanted @ z]])
        gradient = np.array([w @ residual, (w * residual) @ z])
        if not np.linalg.det(hessian) > 0:
            return None
        step = np.linalg.solve(hessian, gradient)
        gain = float(gradient @ step)
        if gain < _ENOUGH:
            return a, b, np.linalg.solve(hessian, np.stack([residual, residual * z]))
        size = 1.0
        while size > _ENOUGH:
            ahead = (a + size * step[0]) + (b + size * step[1]) * z
            new = float(w @ (np.maximum(ahead, 0) + np.log1p(np.exp(-np.abs(ahead))) - y * ahead))
            if new < loss or gain < 1e-10:
                break
            size /= 2
        a, b, at, loss = a + size * step[0], b + size * step[1], ahead, new
    return None


def _expit(x: Floats) -> Floats:
    from scipy.special import expit

    return np.asarray(expit(x))
