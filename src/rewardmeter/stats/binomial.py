"""Shares of independent units, with exact intervals. May import `intervals`, `result`."""

from __future__ import annotations

import math

from rewardmeter.stats.intervals import check_level
from rewardmeter.stats.result import Estimate

__all__ = ["binomial_share"]


def binomial_share(hits: int, n: int, *, level: float = 0.95) -> Estimate:
    """Share of hits among n independent units, with the interval of Clopper and Pearson (1934): at least ``level``.

    Undefined without units.

    Raises
    ------
    ValueError
        If there are more hits than units, or fewer than none.
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits among {n} units make no sense")
    tail = (1 - check_level(level)) / 2
    if n == 0:
        return Estimate(math.nan, level=level, method="undefined")
    from scipy.special import betaincinv

    low = float(betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return Estimate(hits / n, low, high, level, n, "Clopper and Pearson 1934")
