"""Shares of pairs or units, with intervals in closed form. May import `stats`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.result import Estimate
from rewardmeter.types import FloatArray

__all__ = ["no_resamples", "shares"]


def shares(credits: FloatArray, item: NDArray[np.integer], *, level: float) -> list[Estimate]:
    """Mean of each row of credits in [0, 1], (K, U) with NaN where a unit does not count, by `mean_estimates`."""
    return mean_estimates(credits, item, weights=no_resamples(int(np.max(item, initial=-1)) + 1), level=level)


def no_resamples(items: int) -> NDArray[np.int64]:
    """What stands for resamples where an interval has a closed form and draws none."""
    return np.ones((1, items), dtype=np.int64)
