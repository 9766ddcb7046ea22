"""Probability and rating from a score by few parameters: Platt's sigmoid, beta calibration, a straight line, length.

Rows are (score, human, weight). A whole weight w is worth w copies of the row; rows with NaN or weight 0 do not count.
All slopes are at least 0: where more score goes with less rating, the map is the constant of the weighted mean.

Platt's smoothing (Platt 1999): with N+ the weight of rating 1 and N- that of 0, a rating h becomes
h * (N+ + 1) / (N+ + 2) + (1 - h) / (N- + 2). It keeps the fit finite where the scores part the ratings perfectly and
where only one of them occurs. May import: `forms`, `newton`, `records`, `rows`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.scaling.forms import BetaMap, LengthMap, LinearMap, log_length
from rewardmeter.stats.scaling.newton import Loss, fitted
from rewardmeter.stats.scaling.records import Floats
from rewardmeter.stats.scaling.rows import kept_rows, lower_quantiles, merged, require_shares

__all__ = ["fit_beta", "fit_length_aware_rating", "fit_linear", "fit_platt", "smoothed_shares"]

_RANK_KNOTS = 256


def fit_platt(score: ArrayLike, human: ArrayLike, weight: ArrayLike | None = None, *, smooth: bool = True) -> LinearMap:
    """logit p = intercept + slope * score by greatest likelihood (Platt 1999; Lin, Lin and Weng 2007).

    Parameters
    ----------
    score, human, weight:
        (rows,); ``human`` in [0, 1].
    smooth:
        Whether to smooth the ratings as Platt does; see the module.

    Raises
    ------
    ValueError
        Bad rows, ratings outside [0, 1], no row; without smoothing also one class alone and perfect separation.
    """
    x, y, w = _shares(score, human, weight, smooth)
    slope, intercept = _line(x, y, w, "logit")
    return LinearMap(target="probability", slope=slope, intercept=intercept)


def fit_beta(
    score: ArrayLike,
    human: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    scale: tuple[float, float] | None = None,
    smooth: bool = True,
) -> BetaMap:
    """Beta calibration, logit p = a log s - b log(1 - s) + c with a, b from 0 up (Kull, Silva Filho and Flach 2017).

    Parameters
    ----------
    score, human, weight, smooth:
        As for `fit_platt`.
    scale:
        The ends of a bounded score, (0, 1) for a probability: s is the score's place between them, kept away from 0
        and 1 by half a row's share or the nearest score's distance, whichever is less. None, for scores without bounds:
        s is the score's mid-rank, (weight below + half of that at the score) / weight, so that the fit depends on the
        scores' order alone and outliers do not matter; with more than 256 distinct scores it is linear between 256
        quantiles of them. Scores beyond the fitted ones count as the nearest.

    Raises
    ------
    ValueError
        As `fit_platt`; scores outside the scale.
    """
    x, y, w = _shares(score, human, weight, smooth)
    knots, units = _ranks(x, w) if scale is None else _places(x, w, scale)
    s = np.interp(x, knots, units)
    features = np.column_stack([np.log(s), -np.log1p(-s), np.ones(s.size)])
    a, b, c = fitted(features, y, w, lower=np.array([0.0, 0.0, -np.inf])).tolist()
    return BetaMap(target="probability", a=a, b=b, c=c, knots=knots, units=units)


def fit_linear(score: ArrayLike, human: ArrayLike, weight: ArrayLike | None = None) -> LinearMap:
    """Expected rating intercept + slope * score by weighted least squares, slope at least 0; not clipped to the scale.

    A constant score gives slope 0. Raises ValueError for bad rows and where there is none.
    """
    (x, y), w, _ = kept_rows({"score": score, "human": human}, weight)
    slope, intercept = _line(x, y, w, "squares")
    return LinearMap(target="rating", slope=slope, intercept=intercept)


def fit_length_aware_rating(
    score: ArrayLike,
    human: ArrayLike,
    length: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    target: Literal["rating", "probability"] = "rating",
) -> LengthMap:
    """intercept + slope * score + gamma * z, z = log(1 + length) standardised over the rows.

    By least squares for ``rating``; for ``probability`` the logit is fitted by likelihood, with Platt's smoothing.
    Lengths are at least 0; rows with a NaN length do not count. Raises as `fit_platt`.
    """
    (x, y, z), w, _ = kept_rows({"score": score, "human": human, "length": log_length(length)}, weight)
    loss: Loss = "logit" if target == "probability" else "squares"
    if loss == "logit":
        require_shares("human", y)
        y = smoothed_shares(y, w)
    (x, x_centre, x_unit), (z, z_centre, z_unit) = _standard(x, w), _standard(z, w)
    design = np.column_stack([x, z, np.ones(x.size)])
    slope, gamma, level = fitted(design, y, w, lower=np.array([0.0, -np.inf, -np.inf]), loss=loss).tolist()
    slope /= x_unit
    return LengthMap(
        target=target, slope=slope, intercept=level - slope * x_centre, gamma=gamma, centre=z_centre, scale=z_unit
    )


def smoothed_shares(human: Floats, weight: Floats) -> Floats:
    """Platt's targets; see the module."""
    ones = float(weight @ human)
    zeros = float(weight.sum()) - ones
    return human * (ones + 1) / (ones + 2) + (1 - human) / (max(zeros, 0.0) + 2)


def _shares(
    score: ArrayLike, human: ArrayLike, weight: ArrayLike | None, smooth: bool
) -> tuple[Floats, Floats, Floats]:
    """The rows that count, smoothed; ValueError where the fit would not be finite."""
    (x, y), w, _ = kept_rows({"score": score, "human": human}, weight)
    require_shares("human", y)
    if smooth:
        return x, smoothed_shares(y, w), w
    if y.max() == 0 or y.min() == 1:
        raise ValueError(f"all ratings are {y[0]:g}: no finite logit is best; smooth the ratings")
    if x[y < 1].max() <= x[y > 0].min() and x.min() < x.max():
        raise ValueError("the scores part the ratings perfectly: no finite slope is best; smooth the ratings")
    return x, y, w


def _line(x: Floats, y: Floats, w: Floats, loss: Loss) -> tuple[float, float]:
    """Slope, at least 0, and intercept."""
    x, centre, unit = _standard(x, w)
    design = np.column_stack([x, np.ones(x.size)])
    slope, level = fitted(design, y, w, lower=np.array([0.0, -np.inf]), loss=loss).tolist()
    return slope / unit, level - slope / unit * centre


def _standard(x: Floats, w: Floats) -> tuple[Floats, float, float]:
    """The values less their weighted mean over their standard deviation (1 where that is 0), and both numbers."""
    largest = max(float(np.abs(x).max()), 1e-300)
    share, scaled = w / w.sum(), x / largest
    centre = float(share @ scaled)
    apart = scaled - centre
    unit = float(np.sqrt(share @ apart**2))
    if unit < 1e-14 or scaled.min() == scaled.max():
        return np.zeros_like(x), centre * largest, 1.0
    return apart / unit, centre * largest, unit * largest


def _ranks(x: Floats, w: Floats) -> tuple[Floats, Floats]:
    distinct, mass, _ = merged(x, w)
    units = (np.cumsum(mass) - mass / 2) / mass.sum()
    if distinct.size > _RANK_KNOTS:
        inner = lower_quantiles(mass, np.arange(1, _RANK_KNOTS - 1) / (_RANK_KNOTS - 1))
        places = np.unique(np.concatenate([[0], inner, [mass.size - 1]]))
        distinct, units = distinct[places], units[places]
    return distinct, units


def _places(x: Floats, w: Floats, scale: tuple[float, float]) -> tuple[Floats, Floats]:
    low, high = scale
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"scale must be two finite numbers in order; got {scale}")
    if x.min() < low or x.max() > high:
        raise ValueError(f"scores must lie in the scale [{low:g}, {high:g}]; they go from {x.min():g} to {x.max():g}")
    s = (x - low) / (high - low)
    inside = s[(s > 0) & (s < 1)]
    nearest = float(np.minimum(inside, 1 - inside).min()) if inside.size else 0.5
    margin = min(0.5 / (float(w.sum()) + 1), nearest, 0.25)
    units = np.array([margin, 1 - margin])
    return low + units * (high - low), units
