"""Intervals from standard errors, and the making of many `Estimate` at once.

May import: `result`.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.result import Estimate

__all__ = [
    "JACKKNIFE",
    "JACKKNIFE_SHARE",
    "Interval",
    "bootstrap_method",
    "check_level",
    "estimates",
    "exact_at_bounds",
    "normal_interval",
]

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]
JACKKNIFE = "infinitesimal jackknife over items, normal on Fisher's z"
JACKKNIFE_SHARE = "infinitesimal jackknife over items, normal on the logit"


def bootstrap_method(weights: NDArray[Any]) -> str:
    """What `Estimate.method` says of a percentile bootstrap with these (resamples, items) weights."""
    return f"bootstrap over items, percentile, {weights.shape[0]} resamples"


def check_level(level: float) -> float:
    """The level itself, or ValueError unless it lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval must lie strictly between 0 and 1; got {level}")
    return level


def normal_interval(
    value: Floats, standard_error: Floats, level: float = 0.95, *, bounds: tuple[float, float] = (-1.0, 1.0)
) -> Interval:
    """Normal interval on the scale z = atanh(v), v being the value mapped linearly from ``bounds`` to (-1, 1).

    For a correlation this is Fisher's z, for a share in (0, 1) it is the logit up to a factor. The standard error is
    that of the value itself; the delta method carries it over. A value on a bound has the interval [value, value].
    """
    half, centre = (bounds[1] - bounds[0]) / 2, (bounds[1] + bounds[0]) / 2
    quantile = NormalDist().inv_cdf((1 + check_level(level)) / 2)
    mapped = (np.asarray(value, dtype=np.float64) - centre) / half
    inner = np.abs(mapped) < 1
    safe = np.where(inner, mapped, 0.0)
    reach = quantile * np.asarray(standard_error) / half / (1 - safe**2)
    low, high = np.tanh(np.arctanh(safe) - reach), np.tanh(np.arctanh(safe) + reach)
    low, high = np.where(inner, low, mapped), np.where(inner, high, mapped)
    return low * half + centre, high * half + centre


def exact_at_bounds(value: Floats, interval: Interval, items: NDArray[np.integer[Any]], level: float) -> Interval:
    """The interval of a mean over items of values in [0, 1], mended where every item is at one end.

    There resampling finds no variation and its interval has no width. With n items all at 1, their chance is at most
    mean^n, so a mean below ((1 - level) / 2)^(1/n) is refuted (Clopper and Pearson 1934 for 0/1 values); likewise at 0.
    """
    low, high = interval
    reach = ((1 - check_level(level)) / 2) ** (1 / np.maximum(items, 1))
    flat = (low == value) & (high == value) & (items > 0)
    return np.where(flat & (value == 1), reach, low), np.where(flat & (value == 0), 1 - reach, high)


def estimates(
    values: Floats,
    interval: Interval | None,
    *,
    n: NDArray[np.int64],
    method: str | Sequence[str],
    level: float,
    undefined: NDArray[np.int64] | None = None,
) -> list[Estimate]:
    """One `Estimate` per value; ``n`` and ``undefined`` have the shape of ``values``, ``method`` may be one for all."""
    low, high = interval if interval is not None else (np.full(values.shape, np.nan),) * 2
    methods = [method] * values.size if isinstance(method, str) else list(method)
    left_out = np.zeros(values.shape, dtype=np.int64) if undefined is None else undefined
    return [
        Estimate(float(v), float(a), float(b), level=level, n=int(c), method=m, undefined=int(u))
        for v, a, b, c, m, u in zip(values, low, high, n, methods, left_out, strict=True)
    ]
