"""Fits of combinations: ridge regression with weights of at least 0, the penalty chosen over whole items.

The loss is half the mean squared error for ratings, the log-loss for pairs and probabilities, plus penalty / 2 times
the sum of squared distances of the weights of the standardised scores from their mean, plus 1e-5 times half their sum
of squares. A great penalty gives all scorers one weight, which is hard to beat with few rows (the egalitarian ridge of
Diebold and Shin 2019); 0 leaves each its own. The intercept is not penalised; for pairs there is none. Non-negative
weights keep correlated scorers from being played against each other and most useless ones at 0 (Breiman 1996; Lawson
and Hanson 1974). Outcomes are drawn to 1/2 by what one case is worth, as in `platt` (smoothed shares) and in
`temperature` (one more pair that lies at the root mean square of every score), so that neither value nor bound is
certain where the scores part the labels perfectly. Training rows with missing scores get the expectation given the
others (`stack_moments`).
May import: `curves`, `forms`, `newton`, `platt`, `records`, `rows`, `spline`, `stack_moments`, `stacking`,
`stats.resampling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.scaling.curves import CurveMap
from rewardmeter.stats.scaling.forms import LinearMap
from rewardmeter.stats.scaling.newton import Loss, fitted, losses
from rewardmeter.stats.scaling.platt import smoothed_shares
from rewardmeter.stats.scaling.records import Floats, Map, Places, Target
from rewardmeter.stats.scaling.rows import item_places, kept_rows, require_shares
from rewardmeter.stats.scaling.spline import fit_spline, fit_utility_spline
from rewardmeter.stats.scaling.stack_moments import filled_in, moments
from rewardmeter.stats.scaling.stacking import Stack, mapped

__all__ = ["PENALTIES", "fit_stack", "fit_stack_pairs"]

PENALTIES: tuple[float, ...] = (1e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_FOLDS = 5
_LEAST_RIDGE = 1e-5
"""Shares a weight out among scores that are one score."""
_NEGLIGIBLE = 1e-3
"""A scorer that moves the value less than this share of what the greatest one does gets the weight 0: it would have to
run for nothing."""


def fit_stack(
    scores: ArrayLike,
    human: ArrayLike,
    item: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    target: Literal["rating", "probability"] = "rating",
    bent: bool = False,
    penalties: Sequence[float] = PENALTIES,
    rng: np.random.Generator | None = None,
) -> Stack:
    """The combination of M scorers that predicts ratings, or the probability of rating 1.

    Parameters
    ----------
    scores:
        (rows, M), NaN where one is missing; rows without any do not count. A scorer without scores, or with one score
        throughout, gets the weight 0.
    human:
        (rows,), for ``probability`` in [0, 1]; rows with NaN do not count.
    item:
        (rows,) labels of items: the folds that choose the penalty part none, and errors are clustered by them. None for
        one each.
    weight:
        (rows,) at least 0; None for 1 each.
    bent:
        Whether each score first goes through a monotone spline of its own, fitted to the same rows (see `spline`). The
        weights then share out what the splines of single scorers say, and all are divided by one scale.
    penalties:
        At least one, each at least 0; the greatest of those with the least held-out loss is taken.
    rng:
        Draws the folds; None for a generator of seed 0.

    Raises
    ------
    ValueError
        Shapes that do not fit, infinite values, bad weights or penalties, fewer than two items.
    """
    x, (y,), w, group = _rows({"scores": scores}, {"human": human}, item, weight)
    if target == "probability":
        require_shares("human", y)
    maps = _curves(x["scores"], y, w, group, target, rng) if bent else ()
    if target == "probability":
        y = smoothed_shares(y, w)
    first, centre, scale, second = _standardised(mapped(maps, x["scores"]), w, rng, one_unit=bent)
    loss: Loss = "logit" if target == "probability" else "squares"
    problem = _Problem(np.column_stack([np.ones(len(first)), first]), y, w, group, loss, free=1)
    theta, covariance, penalty = problem.solved(penalties, rng)
    return Stack(
        target=target,
        intercept=float(theta[0]),
        weights=theta[1:],
        centre=centre,
        scale=scale,
        moments=second,
        covariance=covariance,
        penalty=penalty,
        maps=maps,
    )


def fit_stack_pairs(
    score_a: ArrayLike,
    score_b: ArrayLike,
    label: ArrayLike,
    item: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    bent: bool = False,
    penalties: Sequence[float] = PENALTIES,
    rng: np.random.Generator | None = None,
) -> Stack:
    """The combination of M scorers whose differences are the logits that the first of two responses is preferred.

    ``score_a`` and ``score_b`` are (rows, M), ``label`` is (rows,) in [0, 1]; the rest, and what is raised, is as in
    `fit_stack`. A score that one side lacks is missing on both. Scores are divided by the root mean square of their
    differences; their centre, which moves no difference, is the mean of both sides.
    """
    x, (y,), w, group = _rows({"score_a": score_a, "score_b": score_b}, {"label": label}, item, weight)
    require_shares("label", y)
    maps = _utility_curves(x["score_a"], x["score_b"], y, w, group, rng) if bent else ()
    x = {name: mapped(maps, values) for name, values in x.items()}
    margin = x["score_a"] - x["score_b"]
    if np.isinf(margin).any():
        raise ValueError("a difference of scores overflows")
    first, _, scale, second = _standardised(margin, w, rng, about_zero=True, one_unit=bent)
    both, twice = np.concatenate([x["score_a"], x["score_b"]]), np.concatenate([w, w])
    seen = (np.abs(first).max(axis=0) > 0) * 1.0
    problem = _Problem(
        np.vstack([first, seen]),
        np.append(y, 0.5),
        np.append(w, 1.0),
        np.append(group, group.max() + 1),
        "logit",
        free=0,
        prior=1,
    )
    theta, covariance, penalty = problem.solved(penalties, rng)
    whole = np.zeros((theta.size + 1, theta.size + 1))
    whole[1:, 1:] = covariance
    return Stack(
        target="utility",
        intercept=0.0,
        weights=theta,
        centre=_mean(both, twice),
        scale=scale,
        moments=second,
        covariance=whole,
        penalty=penalty,
        maps=maps,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """A fit whose penalty is to be chosen; the first ``free`` columns have no penalty and no bound; the last ``prior``
    rows belong to every fit and to no test."""

    design: Floats
    label: Floats
    weight: Floats
    group: Places
    loss: Loss
    free: int
    prior: int = 0

    @property
    def _judged(self) -> Places:
        return np.arange(self.label.size - self.prior)

    def solved(self, penalties: Sequence[float], rng: np.random.Generator | None) -> tuple[Floats, Floats, float]:
        """Parameters, their covariance and the penalty of least held-out loss."""
        if not penalties or not all(np.isfinite(value) and value >= 0 for value in penalties):
            raise ValueError(f"penalties must be finite and at least 0, one or more; got {list(penalties)}")
        penalty = self._chosen(sorted(penalties, reverse=True), np.random.default_rng(0) if rng is None else rng)
        theta = self._fitted(self._judged, penalty)
        part = theta * self.design.std(axis=0)
        idle = (np.arange(theta.size) >= self.free) & (part < _NEGLIGIBLE * part[self.free :].max(initial=0.0))
        theta[idle] = 0.0
        return theta, self._covariance(theta, penalty), penalty

    def _chosen(self, penalties: Sequence[float], rng: np.random.Generator) -> float:
        if len(penalties) == 1:
            return penalties[0]
        group = self.group[self._judged]
        groups = int(group.max()) + 1
        fold = item_folds(groups, min(_FOLDS, groups), rng)[group]
        held_out = np.zeros(len(penalties))
        for k in range(int(fold.max()) + 1):
            train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            for number, penalty in enumerate(penalties):
                eta = self.design[test] @ self._fitted(train, penalty)
                held_out[number] += self.weight[test] @ losses(eta, self.label[test], self.loss)[0]
        return penalties[int(np.flatnonzero(held_out <= held_out.min() * (1 + 1e-9))[0])]

    def _fitted(self, rows: Places, penalty: float) -> Floats:
        rows = np.append(rows, np.arange(self.label.size)[self.label.size - self.prior :])
        weight = self.weight[rows]
        bound = np.zeros(self.design.shape[1])
        bound[: self.free] = -np.inf
        ridge = weight.sum() * self._ridge(penalty)
        return fitted(self.design[rows], self.label[rows], weight, lower=bound, loss=self.loss, penalty=ridge)

    def _ridge(self, penalty: float) -> Floats:
        """The quadratic form of the penalty, per unit of weight; columns of zeros have no part in the mean weight."""
        seen = (np.abs(self.design).max(axis=0) > 0) & (np.arange(self.design.shape[1]) >= self.free)
        apart = np.diag(seen * 1.0) - np.outer(seen, seen) / max(int(seen.sum()), 1)
        least = np.where(np.arange(seen.size) < self.free, 0.0, _LEAST_RIDGE)
        return penalty * apart + np.diag(least)

    def _covariance(self, theta: Floats, penalty: float) -> Floats:
        """Of the parameters above their bound, by the infinitesimal jackknife over items (Huber's sandwich).

        Of outcomes it is at least the inverse information in every direction: where the scores part the labels, no item
        differs from what is said, and the jackknife sees nothing.
        """
        above = np.ones(theta.size, dtype=bool)
        above[self.free :] = theta[self.free :] > 0
        design, items = self.design[:, above], int(self.group.max()) + 1
        _, residual, curvature = losses(self.design @ theta, self.label, self.loss, True)
        ridge = self.weight.sum() * self._ridge(penalty)[np.ix_(above, above)]
        hessian = design.T @ ((self.weight * curvature)[:, None] * design) + ridge
        pull = np.zeros((items, design.shape[1]))
        np.add.at(pull, self.group, (self.weight * residual)[:, None] * design)
        inverse = np.linalg.pinv(hessian, hermitian=True)
        moved = inverse @ pull.T
        covariance = np.zeros((theta.size, theta.size))
        centred = moved - moved.mean(axis=1, keepdims=True)
        jackknife = centred @ centred.T * items / (items - 1)
        covariance[np.ix_(above, above)] = _at_least(jackknife, inverse) if self.loss == "logit" else jackknife
        return (covariance + covariance.T) / 2


def _at_least(covariance: Floats, floor: Floats) -> Floats:
    """The least matrix that is, in the directions that both share as axes, as great as either (M, M)."""
    values, axes = np.linalg.eigh(floor)
    root = axes * np.sqrt(np.maximum(values, 0.0))
    back = axes / np.sqrt(np.where(values > 0, values, np.inf))
    ratio, turned = np.linalg.eigh(back.T @ covariance @ back)
    both = root @ turned
    return (both * np.maximum(ratio, 1.0)) @ both.T


def _rows(
    scores: dict[str, ArrayLike], columns: dict[str, ArrayLike], item: ArrayLike | None, weight: ArrayLike | None
) -> tuple[dict[str, Floats], list[Floats], Floats, Places]:
    """The rows that count: scores (rows, M) by name, the other columns, weights and items as 0..K-1."""
    x = {name: np.asarray(values, dtype=np.float64) for name, values in scores.items()}
    shapes = {name: values.shape for name, values in x.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 2 or shape[1] < 1 for shape in shapes.values()):
        raise ValueError(f"scores must be (rows, scorers), of one shape; got {shapes}")
    if any(np.isinf(values).any() for values in x.values()):
        raise ValueError("scores must be finite or NaN")
    both = np.sum(list(x.values()), axis=0)
    known = np.where((~np.isnan(both)).any(axis=1), 0.0, np.nan)
    (_, *kept), w, there = kept_rows({"scores": known, **columns}, weight)
    group = item_places(item, there)
    group = np.arange(len(w)) if group is None else group
    if int(group.max()) < 1:
        raise ValueError("the rows belong to one item: there is nothing to choose a penalty on")
    return {name: values[there] for name, values in x.items()}, kept, w, group


def _curves(
    x: Floats, y: Floats, weight: Floats, group: Places, target: Target, rng: np.random.Generator | None
) -> tuple[Map, ...]:
    """Each column's spline; for probabilities on the logit. A column without a score gets a constant."""
    made: list[Map] = []
    for column in x.T:
        if np.isnan(column).all():
            made.append(LinearMap(target="rating", slope=0.0))
        elif target == "probability":
            curve = fit_spline(column, y, weight, item=group, target="probability", rng=rng)
            made.append(CurveMap(target="utility", knots=curve.knots, values=curve.values))
        else:
            made.append(fit_spline(column, y, weight, item=group, rng=rng))
    return tuple(made)


def _utility_curves(
    a: Floats, b: Floats, y: Floats, weight: Floats, group: Places, rng: np.random.Generator | None
) -> tuple[Map, ...]:
    """The same of pairs."""
    return tuple(
        LinearMap(target="utility", slope=0.0)
        if np.isnan(first - second).all()
        else fit_utility_spline(first, second, y, weight, item=group, rng=rng)
        for first, second in zip(a.T, b.T, strict=True)
    )


def _standardised(
    x: Floats, weight: Floats, rng: np.random.Generator | None, *, about_zero: bool = False, one_unit: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """Rows standardised and filled in, centre, scale and second moments of the columns.

    With ``one_unit`` the columns, which are on one scale already, are divided by the same number, the largest of their
    standard deviations: a column that is flat but for rounding must not be blown up.
    """
    centre = np.zeros(x.shape[1]) if about_zero else _mean(x, weight)
    scale = _deviation(x, centre, weight)
    z = (x - centre) / scale
    mean, covariance = moments(z, weight, about_zero=about_zero, rng=rng)
    filled = filled_in(z, mean, covariance)
    unit = np.sqrt(covariance.diagonal())
    unit[unit < 1e-9] = 1.0
    idle = np.isnan(x).all(axis=0) | ~(np.nanmax(np.abs(z), axis=0, initial=0.0) > 0)
    filled[:, idle], mean[idle], unit[idle] = 0.0, 0.0, 1.0
    if one_unit:
        unit = float((scale * unit)[~idle].max(initial=0.0) or 1.0) / scale
    second = covariance / unit / unit[:, None]
    second[idle], second[:, idle] = 0.0, 0.0
    return (filled - mean) / unit, centre + scale * mean, scale * unit, (second + second.T) / 2


def _mean(x: Floats, weight: Floats) -> Floats:
    """(M,) weighted means of what is there; 0 where nothing is."""
    mass = np.where(np.isnan(x), 0.0, weight[:, None]).sum(axis=0)
    return np.nansum(x * weight[:, None], axis=0) / np.where(mass > 0, mass, 1.0)


def _deviation(x: Floats, centre: Floats, weight: Floats) -> Floats:
    """(M,) weighted root mean squares around the centre; 1 where it is 0 or rounding alone."""
    mass = np.where(np.isnan(x), 0.0, weight[:, None]).sum(axis=0)
    size = np.sqrt(np.nansum(np.square(x - centre) * weight[:, None], axis=0) / np.where(mass > 0, mass, 1.0))
    largest = np.nanmax(np.abs(x), axis=0, initial=0.0)
    return np.where(size > 1e-12 * largest, size, 1.0)
