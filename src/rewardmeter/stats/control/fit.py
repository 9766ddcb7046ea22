"""What a score owes to covariates beyond what people's judgement warrants.

Within items, the margin of a judged pair is g(gold) + sum over covariates c of f_c(a) - f_c(b) + error. g is a multiple
of 2 p - 1 for preferences and the difference of a curve of the rating for ratings; f_c and that curve are natural
cubic splines. Least squares, with a penalty on the bend of the f_c (lambda times the integral of the squared second
derivative, the covariate at unit variance) that is chosen by cross-validation over whole items; the limit is a straight
line. The model has no intercept: exchanging a and b changes nothing.
May import: `curve`, `rows`, `stats.resampling`, `stats.scaling.records`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rewardmeter.stats.control.curve import CovariateCurve, knots_at, on_scale, roughness, spline_basis
from rewardmeter.stats.control.rows import ControlRows, Indices
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.scaling.records import Floats

__all__ = ["DEGREES", "PENALTIES", "ControlFit", "correction", "fit_control", "gold_columns"]

DEGREES = 4
"""Degrees of freedom of each curve: one knot more."""
PENALTIES = tuple(10.0**k for k in range(-6, 3))
"""The values of lambda, per pair, that cross-validation chooses among."""
_FOLDS = 5
_RANK = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class ControlFit:
    """A fitted control.

    Attributes
    ----------
    curves: f_c of each covariate, with mean 0 over the responses of the fit; the controlled score is s - sum of f_c.
    gold: g: (2,) slope 0 and the multiple of 2 p - 1 for preferences; None without gold.
    gold_curve: the curve of the rating; None for preferences.
    penalty: the chosen lambda.
    """

    curves: tuple[CovariateCurve, ...]
    gold: float | None
    gold_curve: CovariateCurve | None
    penalty: float

    def margin(self, rows: ControlRows) -> Floats:
        """(P,) margins as the model has them."""
        moved = correction(self.curves, rows.covariates)
        made = moved[rows.a] - moved[rows.b]
        if self.gold is not None and rows.preference is not None:
            made = made + self.gold * (2 * rows.preference - 1)
        if self.gold_curve is not None and rows.rating is not None:
            rated = self.gold_curve(rows.rating)
            made = made + rated[rows.a] - rated[rows.b]
        return made


def correction(curves: Sequence[CovariateCurve], covariates: Floats) -> Floats:
    """The sum of the curves at (C, ...) covariates, (...); NaN where one of them is."""
    made = np.zeros(covariates.shape[1:])
    for curve, covariate in zip(curves, covariates, strict=True):
        made = made + curve(covariate)
    return made


def fit_control(
    rows: ControlRows,
    logarithmic: Sequence[bool],
    *,
    degrees: int = DEGREES,
    penalties: Sequence[float] = PENALTIES,
    rng: np.random.Generator | None = None,
) -> ControlFit:
    """Fit the control on the usable pairs.

    Parameters
    ----------
    rows:
        What there is; pairs with something missing do not count.
    logarithmic:
        (C,) whether a covariate enters by log(1 + x).
    degrees:
        Degrees of freedom of each curve, at least 1, which is a straight line.
    penalties:
        The values of lambda, per pair, to choose among.
    rng:
        Draws the folds that choose; None for a generator of seed 0.

    Returns
    -------
    A `ControlFit`. A covariate that tells no two responses of the pairs apart has the curve 0.

    Raises
    ------
    ValueError
        No usable pair, or bad options.
    """
    rows = rows.of(rows.usable())
    if not rows.a.size:
        raise ValueError("there is no pair with scores, covariates and judgement")
    if not penalties or not all(np.isfinite(value) and value >= 0 for value in penalties):
        raise ValueError(f"penalties must be finite and at least 0, one or more; got {list(penalties)}")
    there = np.unique(np.concatenate([rows.a, rows.b]))
    blocks = [
        _Block(rows, there, on_scale(x, log), degrees, log) for x, log in zip(rows.covariates, logarithmic, strict=True)
    ]
    gold_block = None if rows.rating is None else _Block(rows, there, rows.rating, degrees, False)
    columns = [_gold(rows, gold_block), *(block.design for block in blocks)]
    bends = [np.zeros((columns[0].shape[1],) * 2), *(block.bend for block in blocks)]
    design, bend = np.concatenate(columns, axis=1), _block_diagonal(bends)
    margin = rows.margin
    unit = float(np.abs(margin).max()) or 1.0
    theta, penalty = _chosen(design, margin / unit, bend, rows.item, sorted(penalties, reverse=True), rng)
    parts = np.split(unit * theta, np.cumsum([column.shape[1] for column in columns])[:-1])
    curves = tuple(block.curve(part) for block, part in zip(blocks, parts[1:], strict=True))
    gold = float(parts[0][0]) if rows.preference is not None else None
    return ControlFit(curves, gold, None if gold_block is None else gold_block.curve(parts[0]), penalty)


class _Block:
    """The columns of one curve, which is 0 at the first knot: a line, then how far each inner knot is off it. So the
    penalty leaves the first column alone, however great it is."""

    def __init__(self, rows: ControlRows, there: Indices, x: Floats, degrees: int, logarithmic: bool) -> None:
        apart = bool(np.any(x[rows.a] != x[rows.b]))
        self.logarithmic = logarithmic
        self.knots = knots_at(x[there], degrees) if apart else x[there][:1]
        basis = spline_basis(x[there], self.knots)
        whole = np.zeros((x.size, self.knots.size))
        whole[there] = basis
        self.mean = basis.mean(axis=0)
        away = self.knots - self.knots[0]
        self.parts = np.column_stack([away / (away[-1] or 1.0), np.eye(self.knots.size)[:, 1:-1]])[:, : away.size - 1]
        self.design = (whole[rows.a] - whole[rows.b]) @ self.parts
        unit = float(np.std(x[there])) or 1.0
        self.bend = self.parts.T @ roughness(self.knots / unit) @ self.parts
        self.bend[:1] = self.bend[:, :1] = 0.0

    def curve(self, theta: Floats) -> CovariateCurve:
        values = self.parts @ theta
        return CovariateCurve(self.logarithmic, self.knots, values - self.mean @ values)


def gold_columns(rows: ControlRows, degrees: int = DEGREES) -> Floats:
    """(P, G) columns of the judgement for usable pairs; none where there is no gold."""
    there = np.unique(np.concatenate([rows.a, rows.b]))
    return _gold(rows, None if rows.rating is None else _Block(rows, there, rows.rating, degrees, False))


def _gold(rows: ControlRows, block: _Block | None) -> Floats:
    if rows.preference is not None:
        return (2 * rows.preference - 1)[:, None]
    return np.empty((rows.a.size, 0)) if block is None else block.design


def _chosen(
    design: Floats,
    margin: Floats,
    bend: Floats,
    item: Indices,
    penalties: Sequence[float],
    rng: np.random.Generator | None,
) -> tuple[Floats, float]:
    """Parameters with the penalty of least held-out squared error, the greater of equal ones; and that penalty."""
    both = np.column_stack([design, margin])
    group = np.unique(item, return_inverse=True)[1]
    items = int(group.max()) + 1
    whole = both.T @ both
    best = penalties[0]
    if len(penalties) > 1 and items > 1 and bend.any():
        folds = min(_FOLDS, items)
        fold = item_folds(items, folds, np.random.default_rng(0) if rng is None else rng)[group]
        parts = [both[fold == k].T @ both[fold == k] for k in range(folds)]
        counts = np.bincount(fold, minlength=folds)
        lost = [
            sum(
                _loss(part, _solved(whole - part, bend, penalty * (margin.size - count)))
                for part, count in zip(parts, counts.tolist(), strict=True)
            )
            for penalty in penalties
        ]
        # Where the model is exact, what is lost is rounding, and may be negative.
        least = max(min(lost), 0.0) * (1 + 1e-9) + 1e-13 * float(whole[-1, -1])
        best = penalties[int(np.flatnonzero(np.array(lost) <= least)[0])]
    return _solved(whole, bend, best * margin.size), best


def _solved(products: Floats, bend: Floats, penalty: float) -> Floats:
    """The penalised least-squares parameters, of least norm where several are as good."""
    inner, outer = products[:-1, :-1] + penalty * bend, products[:-1, -1]
    size = np.sqrt(np.maximum(np.diag(inner), 0.0))
    size[size == 0] = 1.0
    return np.linalg.lstsq(inner / np.outer(size, size), outer / size, rcond=_RANK)[0] / size


def _loss(products: Floats, theta: Floats) -> float:
    away = np.append(-theta, 1.0)
    return float(away @ products @ away)


def _block_diagonal(blocks: Sequence[Floats]) -> Floats:
    size = sum(len(block) for block in blocks)
    made, start = np.zeros((size, size)), 0
    for block in blocks:
        stop = start + len(block)
        made[start:stop, start:stop] = block
        start = stop
    return made
