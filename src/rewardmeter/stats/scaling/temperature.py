"""Utility from pairs by few parameters: Bradley-Terry temperature, Davidson's ties, length.

Rows are pairs (score_a, score_b, label, weight): the label is 1 where the first response is preferred, 0 where the
second is, or a share in between. A whole weight w is worth w copies of the pair. Pairs with NaN
or weight 0 do not count.

The weak prior: every slope, times the root mean square of what it multiplies, has the log-F(m, m) density, m the
``prior``. It is worth one more pair of weight m and label 1/2 that lies at that root mean square; for m = 1 the odds
ratio there lies with 95 % between 1/648 and 648 (Greenland and Mansournia 2015). It bounds the slope where the margins
part the labels perfectly, moves it by the order of one pair in all elsewhere, and gives 0 where all margins are 0.
May import: `forms`, `newton`, `records`, `rows`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.scaling.forms import DavidsonMap, LengthMap, LinearMap, log_length
from rewardmeter.stats.scaling.newton import fitted, minimise
from rewardmeter.stats.scaling.records import Floats
from rewardmeter.stats.scaling.rows import kept_rows, require_shares

__all__ = [
    "checked_margin",
    "checked_prior",
    "fit_davidson",
    "fit_length_aware",
    "fit_temperature",
    "margins",
    "root_mean_square",
    "slope_of",
]


def fit_temperature(
    score_a: ArrayLike, score_b: ArrayLike, label: ArrayLike, weight: ArrayLike | None = None, *, prior: float = 1.0
) -> LinearMap:
    """One temperature: logit P(a) = (score_a - score_b) / T by greatest likelihood (Bradley and Terry 1952).

    Parameters
    ----------
    score_a, score_b, label, weight:
        (pairs,); see the module.
    prior:
        Weight m of the weak prior, at least 0. 0 is plain maximum likelihood, for which perfect separation and margins
        that are all 0 are errors.

    Returns
    -------
    A `LinearMap` of target ``utility`` with slope 1 / T. The slope is 0 (T infinite) where the scores order the labels
    no better than backwards: no positive temperature does better than a coin.

    Raises
    ------
    ValueError
        Bad rows, labels outside [0, 1], no row; with ``prior`` = 0 also where no finite positive slope is best.
    """
    margin, y, w = margins(score_a, score_b, label, weight)
    checked_prior(prior)
    return LinearMap(target="utility", slope=slope_of(margin, y, w, prior))


def fit_davidson(
    score_a: ArrayLike, score_b: ArrayLike, label: ArrayLike, weight: ArrayLike | None = None, *, prior: float = 1.0
) -> DavidsonMap:
    """Temperature and tie parameter nu by joint likelihood (Davidson 1970): labels 1, 0, and 0.5 for a tie.

    The weak prior, m > 0, is on the slope as in `fit_temperature` and on ties by one more pair of weight m with
    margin 0, tied by half: nu is positive without any tie and finite with ties alone.

    Raises
    ------
    ValueError
        As `fit_temperature`; other labels than 0, 0.5 and 1 (several verdicts are several rows); m not positive.
    """
    margin, y, w = margins(score_a, score_b, label, weight)
    checked_prior(prior, positive=True)
    if not np.isin(y, (0.0, 0.5, 1.0)).all():
        raise ValueError("labels must be 0, 0.5 (a tie) or 1; give a pair with several verdicts as several rows")
    unit = root_mean_square(margin, w)
    if unit == 0:
        unit = 1.0
    decided, tied = np.where(y == 0.5, 0.0, 2 * y - 1), (y == 0.5).astype(np.float64)
    half = margin / unit / 2

    def objective(theta: Floats, derivatives: bool) -> tuple[float, Floats, Floats]:
        # Three classes with the scores d / 2, -d / 2 and log nu: concave in (slope, log nu).
        d, tie = theta[0] * half, theta[1]
        value = np.logaddexp(np.logaddexp(d, -d), tie)
        p_a, p_b, p_tie = np.exp(d - value), np.exp(-d - value), np.exp(tie - value)
        empty = np.logaddexp(np.log(2.0), tie)
        bend = np.logaddexp(0.0, theta[0]) - theta[0] / 2
        total = float(w @ (value - decided * d - tied * tie)) + prior * float(bend + empty - tie / 2)
        if not derivatives:
            return total, theta, theta[None]
        chance, at_zero = 1 / (1 + np.exp(-theta[0])), float(np.exp(tie - empty))
        lead = p_a - p_b
        gradient = np.array([w @ (half * (lead - decided)), w @ (p_tie - tied)])
        gradient += prior * np.array([chance - 0.5, at_zero - 0.5])
        cross = -float((w * half * lead) @ p_tie)
        steep = float((w * half**2) @ (p_a + p_b - lead**2)) + prior * chance * (1 - chance)
        flat = float(w @ (p_tie * (1 - p_tie))) + prior * at_zero * (1 - at_zero)
        return total, gradient, np.array([[steep, cross], [cross, flat]])

    slope, log_nu = minimise(objective, np.zeros(2), np.array([0.0, -np.inf]))
    return DavidsonMap(target="utility", slope=float(slope) / unit, nu=float(np.exp(log_nu)))


def fit_length_aware(
    score_a: ArrayLike,
    score_b: ArrayLike,
    label: ArrayLike,
    length_a: ArrayLike,
    length_b: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    prior: float = 1.0,
) -> LengthMap:
    """logit P(a) = margin / T + gamma * z, z the difference of log(1 + length) over its root mean square.

    Gives each pair's length bias a parameter of its own, as length-controlled win rates do (Dubois et al. 2024).
    The weak prior, m > 0, is on both parameters. Lengths are at least 0; a pair with a NaN length does not count.
    Raises as `fit_temperature`.
    """
    a, b = log_length(length_a), log_length(length_b)
    columns = {"score_a": score_a, "score_b": score_b, "label": label, "length_a": a, "length_b": b}
    (first, second, y, a, b), w, _ = kept_rows(columns, weight)
    margin, difference = checked_margin(first, second, y), a - b
    checked_prior(prior, positive=True)
    units = np.array([root_mean_square(margin, w), root_mean_square(difference, w)])
    units[units == 0] = 1.0
    design = np.concatenate([np.column_stack([margin, difference]) / units, np.eye(2)])
    labels, weights = np.concatenate([y, [0.5, 0.5]]), np.concatenate([w, [prior, prior]])
    slope, gamma = fitted(design, labels, weights, lower=np.array([0.0, -np.inf])).tolist()
    return LengthMap(
        target="utility",
        slope=slope / units[0].item(),
        intercept=0.0,
        gamma=gamma,
        centre=float((w @ a + w @ b) / w.sum() / 2),
        scale=units[1].item(),
    )


def slope_of(margin: Floats, label: Floats, weight: Floats, prior: float) -> float:
    """Slope of greatest likelihood from checked rows; see `fit_temperature`."""
    unit = root_mean_square(margin, weight)
    if prior == 0:
        wrong = weight * np.where(margin > 0, 1 - label, np.where(margin < 0, label, 0.0))
        if unit == 0:
            raise ValueError("all margins are 0: no temperature follows from them; a prior above 0 gives slope 0")
        if not wrong.any():
            raise ValueError("the margins part the labels perfectly: no finite slope is best; use a prior above 0")
    if unit == 0:
        return 0.0
    design = np.append(margin / unit, 1.0)[:, None]
    labels, weights = np.append(label, 0.5), np.append(weight, prior)
    return float(fitted(design, labels, weights, lower=np.zeros(1))[0]) / unit


def margins(
    score_a: ArrayLike, score_b: ArrayLike, label: ArrayLike, weight: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Margin, label and weight of the pairs that count; ValueError as `fit_temperature` says."""
    (a, b, y), w, _ = kept_rows({"score_a": score_a, "score_b": score_b, "label": label}, weight)
    return checked_margin(a, b, y), y, w


def checked_margin(a: Floats, b: Floats, label: Floats) -> Floats:
    """a - b; ValueError where it overflows or a label lies outside [0, 1]."""
    require_shares("label", label)
    with np.errstate(over="ignore"):
        margin = a - b
    if not np.isfinite(margin).all():
        raise ValueError("a difference of scores overflows")
    return margin


def root_mean_square(values: Floats, weight: Floats) -> float:
    """Weighted root mean square, safe from overflow; 0 where all values are 0."""
    largest = float(np.abs(values).max())
    return largest * float(np.sqrt(weight @ (values / largest) ** 2 / weight.sum())) if largest > 0 else 0.0


def checked_prior(prior: float, positive: bool = False) -> None:
    if not (np.isfinite(prior) and (prior > 0 if positive else prior >= 0)):
        raise ValueError(f"prior must be a finite number {'above 0' if positive else 'from 0 up'}; got {prior}")
