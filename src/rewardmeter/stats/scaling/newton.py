"""Convex fits with lower bounds: Newton's method on the free parameters, and the losses that it is used with.

May import: `records`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from rewardmeter.stats.scaling.records import Floats

__all__ = ["Loss", "Objective", "fitted", "losses", "minimise"]

Objective = Callable[[Floats, bool], tuple[float, Floats, Floats]]
"""Parameters (p,) -> value, gradient (p,) and Hessian (p, p); the latter two may be empty where the flag is False."""
Loss = Literal["logit", "squares"]


def minimise(objective: Objective, start: Floats, lower: Floats, *, steps: int = 200) -> Floats:
    """The minimum of a convex function over parameters (p,) that are at least ``lower`` (-inf for free ones).

    Projected Newton's method with Armijo's rule (Bertsekas 1982): bounds that the gradient presses on are kept, the
    others move by the Newton step, halved until the value falls. It ends where half the squared Newton decrement is
    below 1e-13 of the value, or below 1e-9 of it after a step that rounding kept from gaining 1e-12. (A value below
    1e-9 of the first counts as that.) ValueError where neither is reached in ``steps`` steps.
    """
    theta = np.maximum(start, lower)
    value, gradient, hessian = objective(theta, True)
    least, gained = 1e-9 * abs(value) + 1e-300, np.inf
    for _ in range(steps):
        free = ~((theta <= lower) & (gradient > 0))
        step = np.zeros_like(theta)
        step[free] = -_solved(hessian[np.ix_(free, free)], gradient[free])
        promise = float(-gradient @ step)
        size = max(abs(value), least)
        if promise <= 2e-13 * size or (gained <= 1e-12 * size and promise <= 2e-9 * size):
            return theta
        share, moved, reached = 1.0, theta, value
        while share > 1e-12:
            moved = np.maximum(theta + share * step, lower)
            reached = objective(moved, False)[0]
            if reached <= value + 1e-4 * float(gradient @ (moved - theta)):
                break
            share /= 2
        else:
            return theta  # rounding alone is left
        theta, gained = moved, value - reached
        value, gradient, hessian = objective(theta, True)
    raise ValueError(f"no minimum found in {steps} steps of Newton's method")


def fitted(
    design: Any,
    label: Floats,
    weight: Floats,
    *,
    lower: Floats,
    loss: Loss = "logit",
    penalty: Floats | None = None,
    basis: Floats | None = None,
) -> Floats:
    """Parameters (p,) of the linear predictor design @ basis @ theta by least penalised loss.

    Parameters
    ----------
    design:
        (rows, q), dense or a sparse matrix of SciPy.
    label, weight:
        (rows,); labels in [0, 1] for the loss ``logit``, whose loss of a row is
        log(1 + exp(eta)) - label * eta; that of ``squares`` is (label - eta)^2 / 2.
    lower:
        (p,) bounds from below.
    penalty:
        (p, p), adds theta' penalty theta / 2.
    basis:
        (q, p); None for the unit matrix.
    """

    def objective(theta: Floats, derivatives: bool) -> tuple[float, Floats, Floats]:
        eta = design @ (theta if basis is None else basis @ theta)
        value, residual, curvature = losses(eta, label, loss, derivatives)
        total = float(weight @ value)
        bent = np.zeros_like(theta) if penalty is None else penalty @ theta
        total += float(theta @ bent) / 2
        if not derivatives:
            return total, bent, bent
        gradient = design.T @ (weight * residual)
        hessian = _gram(design, weight * curvature)
        if basis is not None:
            gradient, hessian = basis.T @ gradient, basis.T @ hessian @ basis
        return total, gradient + bent, hessian if penalty is None else hessian + penalty

    return minimise(objective, np.zeros_like(lower), lower)


def losses(eta: Floats, label: Floats, loss: Loss, derivatives: bool = False) -> tuple[Floats, Floats, Floats]:
    """Loss of each row, and its first and second derivative in ``eta`` (the loss again where these are not asked for).

    ``logit``: log(1 + exp(eta)) - label * eta, whose constants are those of the log-loss.
    """
    if loss == "squares":
        apart = eta - label
        return apart**2 / 2, apart, np.ones_like(apart)
    small = np.exp(-np.abs(eta))
    value = np.log1p(small) + np.maximum(eta, 0.0) - label * eta
    if not derivatives:
        return value, value, value
    chance = np.where(eta >= 0, 1.0, small) / (1 + small)
    return value, chance - label, small / (1 + small) ** 2


def _gram(design: Any, weight: Floats) -> Floats:
    if isinstance(design, np.ndarray):
        return design.T @ (weight[:, None] * design)
    return (design.T @ design.multiply(weight[:, None]).tocsr()).toarray()


def _solved(hessian: Floats, gradient: Floats) -> Floats:
    """hessian^-1 gradient, with a ridge where the Hessian is singular to rounding."""
    size = np.sqrt(np.maximum(hessian.diagonal(), 1e-300))
    scaled = hessian / size / size[:, None]
    ridge = 0.0
    while True:
        try:
            root = np.linalg.cholesky(scaled + ridge * np.eye(size.size))
            return np.linalg.solve(root.T, np.linalg.solve(root, gradient / size)) / size
        except np.linalg.LinAlgError:
            ridge = max(10 * ridge, 1e-12)
