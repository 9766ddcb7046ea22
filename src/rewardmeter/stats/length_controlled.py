"""Win rates against a baseline with the difference in length, or in any covariates, held at none.

The model is that of Length-Controlled AlpacaEval (Dubois et al. 2024, arXiv 2404.04475, section 3): the preference of
model m over the baseline on instruction x has the log-odds

    theta_m + sum over c of phi_mc tanh(d_cmx / s_cm) + psi_m gamma_x,

d the covariate of the model's response less that of the baseline's, s its standard deviation over instructions. The
controlled win rate is the mean over instructions with the middle term at 0. Theirs takes the difficulties gamma from a
table that was fitted before; here they are fitted to all models at once, so that any set of instructions will do.
May import: `influence`, `intervals`, `result`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.influence import item_standard_error
from rewardmeter.stats.intervals import JACKKNIFE_SHARE, check_level, estimates, normal_interval
from rewardmeter.stats.result import Estimate

__all__ = ["FEWEST_MODELS", "ControlledWinRates", "length_controlled_win_rates"]

Floats = NDArray[np.float64]
FEWEST_MODELS = 5
"""With fewer models the difficulty of an instruction would be read off the very preferences that it is to explain."""
_LEAST = 1e-3
"""Ridge of theta: it keeps the log-odds of a model that always wins finite, and moves others by less than rounding of
a win rate."""
_STEPS = 1_000
_METHOD = "joint logistic regression, sandwich over instructions, normal on the logit"


@dataclass(frozen=True, eq=False)
class ControlledWinRates:
    """Raw and controlled win rates of M models on N instructions, and the fit behind them.

    Attributes
    ----------
    raw, controlled:
        One estimate for each model, in [0, 1], with intervals over instructions.
    strength:
        float64 (M,): theta, log-odds.
    slopes:
        float64 (M, C): phi, log-odds between no difference and a very great one.
    sensitivity:
        float64 (M,): psi; 0 where difficulties were not fitted.
    difficulty:
        float64 (N,): gamma; greater where the baseline is beaten more often.
    influence:
        float64 (M, N): how far each instruction moves the controlled win rate of each model, to first order.
    """

    raw: tuple[Estimate, ...]
    controlled: tuple[Estimate, ...]
    strength: Floats
    slopes: Floats
    sensitivity: Floats
    difficulty: Floats
    influence: Floats

    def difference(self, first: int, second: int) -> Estimate:
        """Controlled win rate of one model less that of another, on the same instructions."""
        a, b = self.controlled[first], self.controlled[second]
        error = item_standard_error((self.influence[first] - self.influence[second])[None])
        value = np.array([a.value - b.value])
        interval = normal_interval(value, error, a.level)
        return estimates(value, interval, n=np.array([self.influence.shape[1]]), method=_METHOD, level=a.level)[0]


def length_controlled_win_rates(
    preference: ArrayLike,
    difference: ArrayLike,
    *,
    ridge: float = 1.0,
    difficulty: bool | None = None,
    level: float = 0.95,
) -> ControlledWinRates:
    """Win rates of models against one baseline, raw and with the covariates' differences held at none.

    Parameters
    ----------
    preference:
        (M, N) in [0, 1], how far the judge prefers the model's response to the baseline's; NaN where it was not asked.
    difference:
        (M, N), or (C, M, N) of several covariates: that of the model's response less that of the baseline's, length
        in characters for instance. Needed where there is a preference.
    ridge:
        Strength of the priors, above 0: phi is drawn to its mean over models with this precision, psi to 0; gamma has
        precision 1. Together the last two bound the nuclear norm of the term psi gamma.
    difficulty:
        Whether to fit gamma; None for where there are `FEWEST_MODELS` models or more.

    Returns
    -------
    `ControlledWinRates`. Intervals take every fitted number as estimated, gamma too, but not s. A model that never
    differs from the baseline (the baseline itself) has no slope of its own, and keeps its fitted win rate.

    Raises
    ------
    ValueError
        Shapes that do not fit, preferences outside [0, 1], a model or an instruction without any, a covariate that
        differs by the same amount everywhere, a ridge that is not positive.
    """
    y, there, x = _checked(preference, difference, ridge)
    check_level(level)
    fits = y.shape[0] >= FEWEST_MODELS if difficulty is None else difficulty
    made = _Model(y, there, x, ridge, fits)
    theta, gamma = made.solved()
    value, influence = made.win_rates(theta, gamma)
    count = there.sum(axis=1)
    share = y.sum(axis=1) / count
    raw = _rates(share, np.where(there, y - share[:, None], 0.0) / count[:, None], count, JACKKNIFE_SHARE, level)
    controlled = _rates(value, influence, count, _METHOD, level)
    return ControlledWinRates(raw, controlled, theta[:, 0], theta[:, 1:-1], theta[:, -1], gamma, influence)


def _rates(
    value: Floats, influence: Floats, count: NDArray[np.int64], method: str, level: float
) -> tuple[Estimate, ...]:
    error = item_standard_error(influence)
    return tuple(
        estimates(value, normal_interval(value, error, level, bounds=(0.0, 1.0)), n=count, method=method, level=level)
    )


def _checked(preference: ArrayLike, difference: ArrayLike, ridge: float) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Preferences with 0 where there is none, where there is one, and (M, N, C) squashed differences."""
    y, d = np.asarray(preference, dtype=np.float64), np.asarray(difference, dtype=np.float64)
    d = d[None] if d.ndim == 2 else d
    if y.ndim != 2 or d.ndim != 3 or d.shape[1:] != y.shape or not d.shape[0]:
        raise ValueError(f"preference must be (M, N) and difference (M, N) or (C, M, N); got {y.shape} and {d.shape}")
    if not ridge > 0 or not np.isfinite(ridge):
        raise ValueError(f"ridge must be positive and finite; got {ridge}")
    there = ~np.isnan(y)
    if ((y < 0) | (y > 1)).any():
        raise ValueError("preferences must lie in [0, 1]")
    if not there.any(axis=1).all() or not there.any(axis=0).all():
        raise ValueError("every model and every instruction needs a preference")
    if not np.isfinite(d[:, there]).all():
        raise ValueError("a difference is missing or infinite where there is a preference")
    known = np.where(there, d, np.nan)
    spread = np.nanstd(known, axis=2, keepdims=True)
    flat = (spread[..., 0] <= 1e-12 * np.nanmax(np.abs(known), axis=2)) & (np.nanmax(np.abs(known), axis=2) > 0)
    if flat.any():
        c, m = np.argwhere(flat)[0]
        raise ValueError(f"covariate {c} of model {m} differs by the same amount on every instruction: undefined")
    squashed = np.tanh(np.where(there, d, 0.0) / np.where(spread > 0, spread, 1.0))
    return np.where(there, y, 0.0), there, np.moveaxis(squashed, 0, 2)


class _Model:
    """The penalised likelihood in theta (M, 2 + C), columns strength, slopes and sensitivity, and gamma (N,)."""

    def __init__(self, y: Floats, there: NDArray[np.bool_], x: Floats, ridge: float, fits: bool) -> None:
        self.y, self.there, self.x, self.fits = y, there, x, fits
        models, covariates = y.shape[0], x.shape[2]
        size = 2 + covariates
        self.penalty = np.zeros((models, size, models, size))
        each = np.arange(models)
        self.penalty[each, 0, each, 0] = _LEAST
        for c in range(1, 1 + covariates):
            # Drawn to the mean over models; a little to 0, which one model alone needs.
            self.penalty[:, c, :, c] = ridge * (np.eye(models) - 1 / models) + _LEAST * np.eye(models)
        self.penalty[each, -1, each, -1] = ridge
        self.penalty = self.penalty.reshape(models * size, models * size)

    def start(self) -> tuple[Floats, Floats]:
        models, instructions = self.y.shape
        theta, gamma = np.zeros((models, 2 + self.x.shape[2])), np.zeros(instructions)
        share = self.y.sum(axis=1) / self.there.sum(axis=1)
        clipped = np.clip(share, 0.01, 0.99)
        theta[:, 0] = np.log(clipped / (1 - clipped))
        if self.fits:
            away = np.where(self.there, self.y - share[:, None], 0.0).sum(axis=0) / self.there.sum(axis=0)
            gamma = away / (float(away.std()) or 1.0)
            theta[:, -1] = 1.0
        return theta, gamma

    def design(self, gamma: Floats) -> Floats:
        """(M, N, 2 + C) columns of theta."""
        ones = np.ones((*self.y.shape, 1))
        return np.concatenate([ones, self.x, np.broadcast_to(gamma[None, :, None], ones.shape)], axis=2)

    def value(self, theta: Floats, gamma: Floats) -> float:
        eta = np.einsum("mnk,mk->mn", self.design(gamma), theta)
        loss = np.where(self.there, np.logaddexp(0.0, eta) - self.y * eta, 0.0).sum()
        flat = theta.ravel()
        return float(loss + (flat @ self.penalty @ flat + gamma @ gamma) / 2)

    def pieces(self, theta: Floats, gamma: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Gradients by theta, (M K,) and by cell (M, N, K); by gamma (N,); Hessian A (M K, M K); cross part
        (M, N, K)."""
        from scipy.special import expit

        design = self.design(gamma)
        eta = np.einsum("mnk,mk->mn", design, theta)
        p = expit(eta)
        apart = np.where(self.there, p - self.y, 0.0)
        curved = np.where(self.there, p * (1 - p), 0.0)
        cells = apart[:, :, None] * design
        by_theta = cells.sum(axis=1).ravel() + self.penalty @ theta.ravel()
        by_gamma = theta[:, -1] @ apart + gamma
        models, _, size = design.shape
        blocks = np.einsum("mn,mni,mnj->mij", curved, design, design)
        hessian = np.zeros((models, size, models, size))
        hessian[np.arange(models), :, np.arange(models), :] = blocks
        cross = (curved * theta[:, -1:])[:, :, None] * design
        cross[:, :, -1] += apart
        return by_theta, cells, by_gamma, hessian.reshape(models * size, -1) + self.penalty, cross

    def _own(self, theta: Floats, gamma: Floats) -> Floats:
        """(N,) second derivatives by gamma."""
        from scipy.special import expit

        p = expit(np.einsum("mnk,mk->mn", self.design(gamma), theta))
        return theta[:, -1] ** 2 @ np.where(self.there, p * (1 - p), 0.0) + 1.0

    def solved(self) -> tuple[Floats, Floats]:
        """The minimum: sweeps over theta and gamma in turn, each convex, then Newton's steps in both.

        Raises
        ------
        ValueError
            If none is found.
        """
        theta, gamma = self.start()
        best, close = self.value(theta, gamma), 1e-9 * float(self.there.sum())
        for step in range(_STEPS):
            by_theta, _, by_gamma, hessian, cross = self.pieces(theta, gamma)
            by_gamma = by_gamma if self.fits else np.zeros_like(gamma)
            if max(np.abs(by_theta).max(), np.abs(by_gamma).max()) <= close:
                return theta, gamma
            moves: list[tuple[Floats, Floats]] = []
            if step >= 5 and self.fits:
                moves.append(self._joint(theta, gamma, by_theta, by_gamma, hessian, cross))
            alone = np.asarray(-np.linalg.solve(hessian, by_theta), dtype=np.float64)
            moves.append((alone.reshape(theta.shape), np.zeros_like(gamma)))
            theta, gamma, best = self._moved(theta, gamma, moves, best)
            if self.fits:
                by_gamma = self.pieces(theta, gamma)[2]
                moves = [(np.zeros_like(theta), -by_gamma / self._own(theta, gamma))]
                theta, gamma, best = self._moved(theta, gamma, moves, best)
        raise ValueError(f"no minimum found in {_STEPS} steps")

    def _joint(
        self, theta: Floats, gamma: Floats, by_theta: Floats, by_gamma: Floats, hessian: Floats, cross: Floats
    ) -> tuple[Floats, Floats]:
        own = self._own(theta, gamma)
        side = np.moveaxis(cross, 1, 2).reshape(len(hessian), -1)
        inner = hessian - (side / own) @ side.T
        solution = np.linalg.lstsq(inner, by_theta - side @ (by_gamma / own), rcond=None)[0]
        move = np.asarray(-solution, dtype=np.float64)
        return move.reshape(theta.shape), np.asarray(-(by_gamma + side.T @ move) / own)

    def _moved(
        self, theta: Floats, gamma: Floats, moves: list[tuple[Floats, Floats]], best: float
    ) -> tuple[Floats, Floats, float]:
        """The first move that does not lose, halved until it does not; the place itself where none is left."""
        for first, second in moves:
            share = 1.0
            while share > 1e-4:
                there = theta + share * first, gamma + share * second
                value = self.value(*there)
                if value <= best + 1e-12 * abs(best):
                    return *there, min(value, best)
                share /= 2
        return theta, gamma, best

    def win_rates(self, theta: Floats, gamma: Floats) -> tuple[Floats, Floats]:
        """Controlled win rates (M,), and their influences (M, N).

        Instructions are drawn, each with its own gamma, which is a function of theta; so the Hessian is that of the
        likelihood with gamma profiled out, and the score of an instruction is that of its cells.
        """
        from scipy.special import expit

        _, cells, _, hessian, cross = self.pieces(theta, gamma)
        at_none = theta[:, :1] + theta[:, -1:] * gamma
        p = expit(at_none)
        value, curved = p.mean(axis=1), p * (1 - p)
        models, instructions, size = cells.shape
        side = np.moveaxis(cross, 1, 2).reshape(models * size, instructions)
        own = self._own(theta, gamma)
        inner = hessian - (side / own) @ side.T if self.fits else hessian
        slope = np.zeros((models, models, size))
        each = np.arange(models)
        slope[each, each, 0] = curved.mean(axis=1)
        if self.fits:
            slope[each, each, -1] = (curved * gamma).mean(axis=1)
            moved = (curved * theta[:, -1:]) @ (side / own).T / instructions
            slope -= moved.reshape(slope.shape)
        scores = np.moveaxis(cells, 1, 2).reshape(models * size, instructions)
        pulled = np.linalg.lstsq(inner, scores, rcond=None)[0]
        influence: Any = (p - value[:, None]) / instructions - slope.reshape(models, -1) @ pulled
        return value, influence
