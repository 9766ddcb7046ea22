"""Intervals from resamples of the items, and from leaving out groups of them.

May import: cells, intervals, resampling.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from rewardmeter.stats.cells import Floats
from rewardmeter.stats.intervals import bootstrap_method, check_level, normal_interval
from rewardmeter.stats.resampling import percentile_interval

__all__ = ["grouped_jackknife", "jackknife_method", "percentile_ends"]


def percentile_ends(draws: Floats | None, level: float) -> tuple[float, float, str]:
    """Interval and method of an `Estimate` from its draws (resamples,); NaN and "none" where there are none."""
    if draws is None:
        return math.nan, math.nan, "none"
    low, high = percentile_interval(draws, level)
    return float(low), float(high), bootstrap_method(draws)


def grouped_jackknife(
    value: float, left_out: Floats, *, level: float = 0.95, bounds: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Interval of a statistic from its values with each of g random groups of items left out in turn.

    SE^2 = (g - 1) / g sum_j (v_j - mean)^2 (Shao and Tu 1995, eq. 2.3 with d items per group), and a t interval with
    g - 1 degrees of freedom: on Fisher's z of the value mapped from ``bounds`` to (-1, 1), or on the value itself where
    ``bounds`` is None. Asks nothing of the statistic but that it is smooth: items are never repeated, so no ties are
    made where there were none, as resampling with replacement would.

    Both ends are NaN where the value, or one of fewer than two ``left_out`` (g,), is undefined.
    """
    groups = left_out.size
    if math.isnan(value) or groups < 2 or np.isnan(left_out).any():
        return math.nan, math.nan
    from scipy.special import stdtrit

    error = math.sqrt((groups - 1) / groups * float(((left_out - left_out.mean()) ** 2).sum()))
    quantile = float(stdtrit(groups - 1, (1 + check_level(level)) / 2))
    if bounds is None:
        return value - quantile * error, value + quantile * error
    wider = error * quantile / NormalDist().inv_cdf((1 + level) / 2)
    low, high = normal_interval(np.array(value), np.array(wider), level, bounds=bounds)
    return float(low), float(high)


def jackknife_method(groups: int) -> str:
    """What `Estimate.method` says of `grouped_jackknife`."""
    return f"jackknife over items, {groups} groups left out in turn, t"
