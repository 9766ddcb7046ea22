"""Monotone penalised broken lines: a rating, a probability or a utility as a smooth function of the score.

The function is linear between at most ``knots`` knots, which lie at quantiles of the scores, and does not decrease:
it is a sum of ramps (I-splines of order 1; Ramsay 1988) with coefficients from 0 up. The penalty, lambda times the
integral of the squared second derivative with the score at unit variance (by differences, as Eilers and Marx 1996),
pulls it to a straight line: the linear and the temperature map are its limits. Lambda is chosen by cross-validation
over whole items. May import: `curves`, `newton`, `platt`, `records`, `rows`, `temperature`, `stats.resampling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.scaling.curves import CurveMap
from rewardmeter.stats.scaling.newton import Loss, fitted, losses
from rewardmeter.stats.scaling.platt import smoothed_shares
from rewardmeter.stats.scaling.records import Floats, Places
from rewardmeter.stats.scaling.rows import item_places, kept_rows, lower_quantiles, merged, require_shares
from rewardmeter.stats.scaling.temperature import checked_margin, checked_prior

__all__ = ["PENALTIES", "fit_spline", "fit_utility_spline"]

PENALTIES = tuple(10.0**k for k in range(-6, 3))
"""The values of lambda, per unit of weight, that cross-validation chooses among."""

_CHOSEN_ON = 20_000
"""With more rows than this, lambda is chosen on whole items drawn at random that have about as many."""
_FOLDS = 5
_CLOSEST = 1e-6
"""Knots nearer than this, in standard deviations of the score, are one."""


def fit_spline(
    score: ArrayLike,
    human: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    item: ArrayLike | None = None,
    target: Literal["rating", "probability"] = "rating",
    knots: int = 20,
    penalties: Sequence[float] = PENALTIES,
    rng: np.random.Generator | None = None,
) -> CurveMap:
    """Expected rating (least squares) or probability (log-loss, on the logit) as a monotone broken line.

    Parameters
    ----------
    score, human, weight:
        (rows,); rows with NaN or weight 0 do not count. For ``probability``, ``human`` lies in [0, 1], and Platt's
        smoothing (see `fit_platt`) keeps the logits finite.
    item:
        (rows,) labels of items, which cross-validation never parts; None for one row each.
    knots, penalties:
        At most how many knots, at least 2; the values of lambda, per unit of weight, to choose among (one value: no
        cross-validation). With more than 20,000 rows lambda is chosen on whole items that have about as many.
    rng:
        Draws the folds; None for a generator of seed 0.

    Returns
    -------
    A `CurveMap`, constant beyond the outer knots. One distinct score gives a constant.

    Raises
    ------
    ValueError
        Bad rows or options, no row.
    """
    (x, y), w, there = kept_rows({"score": score, "human": human}, weight)
    loss: Loss = "logit" if target == "probability" else "squares"
    if loss == "logit":
        require_shares("human", y)
        y = smoothed_shares(y, w)
    places, unit = _knots(x, w, knots)
    # Ramps, after a constant that is free.
    basis = np.tril(np.ones((places.size, places.size)))
    lower = np.append(-np.inf, np.zeros(places.size - 1))
    problem = _Problem(_hats(x, places), y, w, basis, lower, _roughness(places / unit, basis), loss)
    values = basis @ problem.solved(_groups(item, there, y.size), penalties, rng)
    return CurveMap(
        target=target, knots=places, values=_ordered(values), link="logit" if loss == "logit" else "identity"
    )


def fit_utility_spline(
    score_a: ArrayLike,
    score_b: ArrayLike,
    label: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    item: ArrayLike | None = None,
    knots: int = 20,
    penalties: Sequence[float] = PENALTIES,
    prior: float = 1.0,
    rng: np.random.Generator | None = None,
) -> CurveMap:
    """A monotone utility u with logit P(a) = u(score_a) - u(score_b), by penalised likelihood.

    Arguments as for `fit_temperature` and `fit_spline`. The weak prior, m > 0, is one more pair of weight m and label
    1/2 between the outer knots: it bounds the rise of u where the scores part the labels perfectly.

    Returns
    -------
    A `CurveMap` of target ``utility`` that goes on with the end's slope beyond the outer knots; the weighted mean
    utility of the fitted responses is 0.

    Raises
    ------
    ValueError
        Bad rows or options, labels outside [0, 1], no row.
    """
    (a, b, y), w, there = kept_rows({"score_a": score_a, "score_b": score_b, "label": label}, weight)
    checked_margin(a, b, y)
    checked_prior(prior, positive=True)
    both = np.concatenate([a, b])
    places, unit = _knots(both, np.concatenate([w, w]), knots)
    if places.size == 1:
        return CurveMap(target="utility", knots=places, values=np.zeros(1), beyond="linear")
    basis = np.tril(np.ones((places.size, places.size)))[:, 1:]
    hats_a, hats_b = _hats(np.append(a, places[-1]), places), _hats(np.append(b, places[0]), places)
    lower = np.zeros(places.size - 1)
    rough = _roughness(places / unit, basis)
    problem = _Problem(hats_a - hats_b, np.append(y, 0.5), np.append(w, prior), basis, lower, rough, "logit", 1)
    values = basis @ problem.solved(_groups(item, there, y.size), penalties, rng)
    centre = float(w @ (hats_a + hats_b)[:-1].dot(values)) / w.sum() / 2
    return CurveMap(target="utility", knots=places, values=_ordered(values) - centre, beyond="linear")


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """A penalised fit whose penalty is to be chosen; the last ``extra`` rows are the prior's and in every fold."""

    design: Any
    label: Floats
    weight: Floats
    basis: Floats
    lower: Floats
    rough: Floats
    loss: Loss
    extra: int = 0

    def solved(self, group: Places, penalties: Sequence[float], rng: np.random.Generator | None) -> Floats:
        """Parameters with the penalty of least held-out loss; the greater of equal ones."""
        if not penalties or not all(np.isfinite(value) and value >= 0 for value in penalties):
            raise ValueError(f"penalties must be finite and at least 0, one or more; got {list(penalties)}")
        ordered = sorted(penalties, reverse=True)
        groups = int(group.max()) + 1
        if len(ordered) == 1 or groups < 2 or self.lower.size < 2:
            return self._fitted(np.arange(self.label.size), ordered[0])
        rng = np.random.default_rng(0) if rng is None else rng
        chosen = _some(group, rng)
        fold = item_folds(groups, min(_FOLDS, groups), rng)[group[chosen]]
        held_out = np.zeros(len(ordered))
        for k in range(int(fold.max()) + 1):
            train, test = chosen[fold != k], chosen[fold == k]
            if not train.size or not test.size:
                continue
            rows = np.append(train, self._prior_rows())
            for number, penalty in enumerate(ordered):
                theta = self._fitted(rows, penalty)
                eta = self.design[test] @ (self.basis @ theta)
                held_out[number] += self.weight[test] @ losses(eta, self.label[test], self.loss)[0]
        best = int(np.flatnonzero(held_out <= held_out.min() + 1e-9 * abs(held_out.min()))[0])
        return self._fitted(np.arange(self.label.size), ordered[best])

    def _prior_rows(self) -> Places:
        return np.arange(self.label.size - self.extra, self.label.size)

    def _fitted(self, rows: Places, penalty: float) -> Floats:
        weight = self.weight[rows]
        matrix = penalty * weight.sum() * self.rough
        design = self.design if rows.size == self.label.size else self.design[rows]
        return fitted(
            design, self.label[rows], weight, lower=self.lower, loss=self.loss, penalty=matrix, basis=self.basis
        )


def _knots(x: Floats, weight: Floats, most: int) -> tuple[Floats, float]:
    """At most that many distinct quantiles of the scores, with the least and the greatest; and the scores' spread."""
    if most < 2:
        raise ValueError(f"knots must be 2 or more; got {most}")
    distinct, mass, _ = merged(x, weight)
    largest = max(float(np.abs(distinct).max()), 1e-300)
    share = mass / mass.sum()
    scaled = distinct / largest
    unit = float(np.sqrt(share @ (scaled - share @ scaled) ** 2)) * largest
    unit = unit if unit > 0 else 1.0
    if distinct.size <= most:
        return _apart(distinct, unit), unit
    places = np.unique(
        np.concatenate([[0], lower_quantiles(mass, np.arange(1, most - 1) / (most - 1)), [mass.size - 1]])
    )
    return _apart(distinct[places], unit), unit


def _apart(knots: Floats, unit: float) -> Floats:
    """The ends, and the inner knots that are not next to nothing apart: a slope between such has no finite bend."""
    least, kept = _CLOSEST * unit, [knots[0]]
    for knot in knots[1:-1].tolist():
        if knot - kept[-1] > least and knots[-1] - knot > least:
            kept.append(knot)
    return np.array([*kept, *knots[1:][-1:]])


def _hats(x: Floats, knots: Floats) -> Any:
    """(rows, knots) sparse matrix H with H @ values the broken line at x, which lies within the knots."""
    from scipy.sparse import csr_array

    if knots.size == 1:
        return csr_array(np.ones((x.size, 1)))
    left = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, knots.size - 2)
    part = (x - knots[left]) / (knots[left + 1] - knots[left])
    columns = np.column_stack([left, left + 1]).ravel()
    data = np.column_stack([1 - part, part]).ravel()
    return csr_array((data, columns, np.arange(0, 2 * x.size + 1, 2)), shape=(x.size, knots.size))


def _roughness(knots: Floats, basis: Floats) -> Floats:
    """The integral of the squared second derivative as a quadratic form of the parameters."""
    if knots.size < 3:
        return np.zeros((basis.shape[1], basis.shape[1]))
    gap = np.diff(knots)
    slopes = np.diff(np.eye(knots.size), axis=0) / gap[:, None]
    bends = np.diff(slopes, axis=0) / np.sqrt((gap[1:] + gap[:-1]) / 2)[:, None]
    half = bends @ basis
    return half.T @ half


def _groups(item: ArrayLike | None, there: NDArray[np.bool_], rows: int) -> Places:
    """The items of the rows left, one each where none are given."""
    items = item_places(item, there)
    return np.arange(rows) if items is None else items


def _some(group: Places, rng: np.random.Generator) -> Places:
    """Rows of as many whole items, drawn at random, as have at most `_CHOSEN_ON` rows; all rows where these suffice."""
    if group.size <= _CHOSEN_ON:
        return np.arange(group.size)
    order = rng.permutation(int(group.max()) + 1)
    taken = np.cumsum(np.bincount(group)[order]) <= _CHOSEN_ON
    taken[:2] = True
    kept = np.zeros(order.size, dtype=bool)
    kept[order[taken]] = True
    return np.flatnonzero(kept[group])


def _ordered(values: Floats) -> Floats:
    """Values that rounding does not let decrease."""
    return np.maximum.accumulate(values)
