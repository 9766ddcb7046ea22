"""Intraclass correlations: how much of the variance of ratings lies between what is rated.

Notation of Shrout and Fleiss (1979): n units rated by the same k raters; mean squares between units (b), within units
(w), between raters (j) and residual (e).
May import: cells, intervals, judgments, result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.cells import Floats
from rewardmeter.stats.humans.judgments import checked_matrix
from rewardmeter.stats.intervals import check_level
from rewardmeter.stats.result import Estimate

__all__ = ["Form", "intraclass_correlations"]

Form = Literal["1,1", "2,1", "3,1", "1,k", "2,k", "3,k"]
_METHOD = "F distribution, Shrout and Fleiss 1979"
_ROUNDING = 1e-14


class _MeanSquares(NamedTuple):
    units: int
    raters: int
    between: float
    within: float
    rater: float
    residual: float


def intraclass_correlations(ratings: ArrayLike, *, level: float = 0.95) -> Mapping[Form, Estimate]:
    """The six intraclass correlations of Shrout and Fleiss (1979), with exact or (2,1; 2,k) approximate F intervals.

    ``1,1``: one rating, each unit rated by raters of its own; (b - w) / (b + (k - 1) w).
    ``2,1``: one rating, raters a sample, absolute agreement; (b - e) / (b + (k - 1) e + k (j - e) / n).
    ``3,1``: one rating, these very raters, consistency; (b - e) / (b + (k - 1) e).
    ``1,k``, ``2,k``, ``3,k``: the same for the mean of the k raters.
    Each is at most 1; 0 means that ratings of a unit are no more alike than others, and values may be negative.

    Parameters
    ----------
    ratings: (raters, units), NaN where missing. Units without a rating by every rater are left out and counted in
        ``undefined``: for such data see `variance_components`. ``n`` counts the units used.
    level: nominal coverage.

    Returns
    -------
    By form. All NaN with fewer than two complete units or two raters, or where all ratings are equal; NaN for the mean
    of k where units do not differ.

    Raises
    ------
    ValueError
        If ``ratings`` is no matrix or has infinite values.
    """
    matrix = checked_matrix("ratings", ratings)
    check_level(level)
    complete = ~np.isnan(matrix).any(axis=0)
    squares = _mean_squares(matrix[:, complete])
    values = _values(squares) if squares else dict.fromkeys(get_args(Form), math.nan)
    ends = _intervals(squares, values, level) if squares else {}
    n, left_out = int(complete.sum()), int((~complete & ~np.isnan(matrix).all(axis=0)).sum())
    made: dict[Form, Estimate] = {}
    for form in get_args(Form):
        low, high = ends.get(form, (math.nan, math.nan))
        method = _METHOD if form in ends else "none"
        made[form] = Estimate(values[form], low, high, level, n, method, undefined=left_out)
    return made


def _mean_squares(matrix: Floats) -> _MeanSquares | None:
    """None where there are no degrees of freedom or nothing varies."""
    k, n = matrix.shape
    if k < 2 or n < 2 or np.ptp(matrix) == 0:
        return None
    centred = matrix - matrix.mean()
    unit, rater = centred.mean(axis=0), centred.mean(axis=1)
    total = float((centred**2).sum())
    between, within = k * float((unit**2).sum()), float(((centred - unit) ** 2).sum())
    residual = float(((centred - unit - rater[:, None]) ** 2).sum())
    of_raters = n * float((rater**2).sum())
    clean = [part if part > _ROUNDING * total else 0.0 for part in (between, within, of_raters, residual)]
    freedom = (n - 1, n * (k - 1), k - 1, (n - 1) * (k - 1))
    return _MeanSquares(n, k, *(part / df for part, df in zip(clean, freedom, strict=True)))


def _values(s: _MeanSquares) -> dict[Form, float]:
    n, k = s.units, s.raters
    b, w, j, e = s.between, s.within, s.rater, s.residual
    by_rater = (j - e) / n
    return {
        "1,1": (b - w) / (b + (k - 1) * w),
        "2,1": _quotient(b - e, b + (k - 1) * e + k * by_rater),
        "3,1": _quotient(b - e, b + (k - 1) * e),
        "1,k": _quotient(b - w, b),
        "2,k": _quotient(b - e, b + by_rater),
        "3,k": _quotient(b - e, b),
    }


def _quotient(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else math.nan


def _intervals(s: _MeanSquares, values: Mapping[Form, float], level: float) -> dict[Form, tuple[float, float]]:
    n, k = s.units, s.raters
    made: dict[Form, tuple[float, float]] = {}
    by_error: tuple[tuple[Form, Form, float, int], ...] = (
        ("1,1", "1,k", s.within, n * (k - 1)),
        ("3,1", "3,k", s.residual, (n - 1) * (k - 1)),
    )
    for one, many, error, freedom in by_error:
        if error > 0:
            low, high = _ratio_ends(s.between / error, n - 1, freedom, level)
            made[one] = (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)
            if not math.isnan(values[many]):
                made[many] = 1 - 1 / low, 1 - 1 / high
    if s.residual > 0 and not math.isnan(values["2,1"]):
        low, high = _absolute_ends(s, values["2,1"], level)
        made["2,1"] = low, high
        if not math.isnan(values["2,k"]):
            made["2,k"] = _of_mean(low, k), _of_mean(high, k)
    return made


def _of_mean(single: float, raters: int) -> float:
    """Spearman and Brown: the correlation of a mean of raters from that of one; NaN where it has no lower bound."""
    return _quotient(raters * single, 1 + (raters - 1) * single)


def _ratio_ends(observed: float, between: int, within: int, level: float) -> tuple[float, float]:
    """Ends of the ratio of the expected mean squares, from the observed F."""
    from scipy.special import fdtri

    share = (1 + level) / 2
    return observed / float(fdtri(between, within, share)), observed * float(fdtri(within, between, share))


def _absolute_ends(s: _MeanSquares, value: float, level: float) -> tuple[float, float]:
    """Interval of ICC(2,1): Shrout and Fleiss 1979, page 424, with Satterthwaite's degrees of freedom."""
    from scipy.special import fdtri

    n, k, b, j, e = s.units, s.raters, s.between, s.rater, s.residual
    of_raters, rest = k * value * j / e, n * (1 + (k - 1) * value) - k * value
    freedom = (k - 1) * (n - 1) * (of_raters + rest) ** 2 / ((n - 1) * of_raters**2 + rest**2)
    share = (1 + level) / 2
    below, above = float(fdtri(n - 1, freedom, share)), float(fdtri(freedom, n - 1, share))
    others = k * j + (k * n - k - n) * e
    return n * (b - below * e) / (below * others + n * b), n * (above * b - e) / (others + n * above * b)
