"""Probability and rating from a score by order alone: isotonic regression, histogram binning, quantile mapping.

Rows are (score, human, weight). A whole weight w is worth w copies of the row; rows with NaN or weight 0 do not count.
Rows with equal scores are joined first, so that a score has one value. May import: `curves`, `records`, `rows`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.scaling.curves import CurveMap, StepMap
from rewardmeter.stats.scaling.rows import kept_rows, lower_quantiles, merged, require_shares

__all__ = ["fit_histogram", "fit_isotonic", "fit_quantile"]

_QUANTILE_KNOTS = 256
MonotoneTarget = Literal["rating", "probability"]


def fit_isotonic(
    score: ArrayLike, human: ArrayLike, weight: ArrayLike | None = None, *, target: MonotoneTarget = "rating"
) -> CurveMap:
    """The non-decreasing function of the score nearest to the ratings in weighted squares (pool adjacent violators).

    Ayer et al. 1955; Zadrozny and Elkan 2002 for calibration. Between fitted scores the map is linear and beyond them
    constant, as scikit-learn's ``IsotonicRegression(out_of_bounds="clip")`` is. Only the ends of its level stretches
    are stored as knots. On these stretches the order of scores is lost: prefer a spline where differences matter.

    Parameters
    ----------
    score, human, weight:
        (rows,); ``human`` in [0, 1] for the target ``probability``. A certainty (0 or 1) is possible where a class is
        pure at an end; log-loss of such a map may be infinite.

    Raises
    ------
    ValueError
        Bad rows, no row.
    """
    from scipy.optimize import isotonic_regression

    (x, y), w, _ = kept_rows({"score": score, "human": human}, weight)
    if target == "probability":
        require_shares("human", y)
    knots, mass, (mean,) = merged(x, w, y)
    level = np.maximum.accumulate(np.clip(isotonic_regression(mean, weights=mass).x, mean.min(), mean.max()))
    changes = level[1:] != level[:-1]
    ends = np.concatenate([[True], changes]) | np.concatenate([changes, [True]])
    return CurveMap(target=target, knots=knots[ends], values=level[ends])


def fit_histogram(
    score: ArrayLike,
    human: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    bins: int = 15,
    target: MonotoneTarget = "rating",
) -> StepMap:
    """The weighted mean rating in each of ``bins`` bins of equal mass, made monotone by pooling adjacent violators.

    Histogram binning (Zadrozny and Elkan 2001), which need not be monotone, with neighbouring bins in the wrong order
    joined. The upper end of bin m is the smallest score up to which m / bins of the weight lies, so that equal scores
    are never parted and fewer bins may come out; the cut lies midway to the next score.

    Raises ValueError for bad rows, fewer than one bin, and where there is no row.
    """
    from scipy.optimize import isotonic_regression

    (x, y), w, _ = kept_rows({"score": score, "human": human}, weight)
    if target == "probability":
        require_shares("human", y)
    if bins < 1:
        raise ValueError(f"bins must be 1 or more; got {bins}")
    distinct, mass, (mean,) = merged(x, w, y)
    last = np.unique(np.append(lower_quantiles(mass, np.arange(1, bins) / bins), distinct.size - 1))
    starts = np.concatenate([[0], last[:-1] + 1])
    weights = np.add.reduceat(mass, starts)
    means = np.clip(np.add.reduceat(mass * mean, starts) / weights, mean.min(), mean.max())
    level = np.maximum.accumulate(np.clip(isotonic_regression(means, weights=weights).x, means.min(), means.max()))
    below, above = distinct[last[:-1]], distinct[starts[1:]]
    middle = below / 2 + above / 2
    cuts = np.where((middle > below) & (middle < above), middle, below)
    changes = level[1:] != level[:-1]
    return StepMap(target=target, cuts=cuts[changes], values=level[np.append(True, changes)])


def fit_quantile(score: ArrayLike, human: ArrayLike, weight: ArrayLike | None = None) -> CurveMap:
    """Quantile mapping: scores get the ratings of the same rank (equipercentile; Kolen and Brennan 2014, ch. 2).

    A score that takes the ranks from F(x-) to F(x) gets the mean of the ratings' quantile function over these ranks, so
    that ties share, and the mean of the mapped scores is that of the ratings. More than 256 distinct scores are joined
    to 256 groups of about equal mass first; between scores the map is linear, beyond them constant.

    It matches the distribution of the ratings, not their expectation given the score: a score without any relation to
    the ratings is spread over the whole scale. Raises ValueError for bad rows and where there is none.
    """
    (x, y), w, _ = kept_rows({"score": score, "human": human}, weight)
    knots, mass, _ = merged(x, w)
    rating, weights, _ = merged(y, w)
    if knots.size > _QUANTILE_KNOTS:
        last = np.unique(
            np.append(lower_quantiles(mass, np.arange(1, _QUANTILE_KNOTS) / _QUANTILE_KNOTS), mass.size - 1)
        )
        starts = np.concatenate([[0], last[:-1] + 1])
        joined = np.add.reduceat(mass, starts)
        middle = np.add.reduceat(mass * knots, starts) / joined
        knots, mass = np.clip(middle, knots[starts], knots[last]), joined
    ends = np.concatenate([[0.0], np.cumsum(mass)])
    # The integral of the quantile function is a broken line through the ratings' cumulative sums.
    ranks, sums = (np.concatenate([[0.0], np.cumsum(part)]) for part in (weights, weights * rating))
    integral = np.interp(ends / ends[-1], ranks / ranks[-1], sums / ranks[-1])
    values = np.clip(np.diff(integral) * ends[-1] / mass, rating[0], rating[-1])
    return CurveMap(target="rating", knots=knots, values=np.maximum.accumulate(values))
