"""A test of a correlation from its interval. May import `stats`."""

from __future__ import annotations

import math
from statistics import NormalDist

from rewardmeter.stats.result import Estimate

__all__ = ["fisher_p"]


def fisher_p(estimate: Estimate, null: float = 0.0) -> float:
    """Two-sided p of a correlation being ``null``: normal on Fisher's z, with the error that its interval has there.

    NaN where there is no interval, or one that ends at -1 or 1.
    """
    ends = (estimate.value, estimate.low, estimate.high)
    if any(math.isnan(end) or abs(end) >= 1 for end in ends):
        return math.nan
    value, low, high = map(math.atanh, ends)
    error = (high - low) / 2 / NormalDist().inv_cdf((1 + estimate.level) / 2)
    return 2 * NormalDist().cdf(-abs(value - math.atanh(null)) / error) if error > 0 else math.nan
