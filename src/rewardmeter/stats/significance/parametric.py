"""Tests in closed form of two correlations with one and the same gold. May import: pairwise.

Both assume independent cells (no two of one item or system) and, near enough, jointly normal values. Segment scores of
a benchmark are neither, so the permutation tests are the default; these are for reading older papers, for averages
over systems, and for planning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.significance.pairwise import Alternative, check_alternative

__all__ = ["CorrelationTest", "difference_covariance", "steiger", "williams"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationTest:
    """A test of r12 against r13, variable 1 being the gold; arrays of the common shape of the arguments.

    ``statistic`` is Student's t or the normal deviate, positive where r12 is greater; ``p`` in (0, 1]; both NaN where
    undefined (a correlation that is NaN, too few cells, or correlations that cannot belong to one data set). Equal
    correlations with perfectly correlated scorers are no difference: statistic 0.
    """

    statistic: Floats
    p: Floats
    method: str


def williams(
    r12: ArrayLike, r13: ArrayLike, r23: ArrayLike, n: ArrayLike, *, alternative: Alternative = "two-sided"
) -> CorrelationTest:
    """Williams' test (Williams 1959; Steiger 1980, eq. 7), used for metrics since Graham and Baldwin 2014.

    t = (r12 - r13) sqrt((n - 1)(1 + r23)) / sqrt(2 K (n - 1) / (n - 3) + ((r12 + r13) / 2)^2 (1 - r23)^3) with n - 3
    degrees of freedom and K = 1 - r12^2 - r13^2 - r23^2 + 2 r12 r13 r23. Needs n of at least 4.
    """
    from scipy.special import stdtr

    check_alternative(alternative)
    a, b, c, cells = _checked(r12, r13, r23, n)
    enough = cells > 3
    spare = np.where(enough, cells - 3, 1.0)
    volume = _volume(a, b, c)
    scale = 2 * np.maximum(volume, 0.0) * (cells - 1) / spare + ((a + b) / 2) ** 2 * (1 - c) ** 3
    value = _deviate(a, b, np.sqrt((cells - 1) * (1 + c)), scale)
    value = np.where(enough & (volume > -1e-9), value, np.nan)
    return CorrelationTest(value, _p_value(stdtr(spare, -value), stdtr(spare, -np.abs(value)), alternative), "Williams")


def steiger(
    r12: ArrayLike, r13: ArrayLike, r23: ArrayLike, n: ArrayLike, *, alternative: Alternative = "two-sided"
) -> CorrelationTest:
    """Steiger's Z for two correlations with a common variable (Steiger 1980, eq. 14).

    Z = (atanh r12 - atanh r13) sqrt(n - 3) / sqrt(2 - 2 s), s being the covariance of the two Fisher z's at the mean
    correlation (`difference_covariance`). Needs n of at least 4.
    """
    from scipy.special import ndtr

    check_alternative(alternative)
    a, b, c, cells = _checked(r12, r13, r23, n)
    valid = (cells > 3) & (np.abs(a) < 1) & (np.abs(b) < 1) & (_volume(a, b, c) > -1e-9)
    first, second = np.where(valid, a, 0.0), np.where(valid, b, 0.0)
    mean = (first + second) / 2
    scale = 2 - 2 * difference_covariance(mean, mean, np.where(valid, c, 0.0))
    spare = np.sqrt(np.where(valid, cells - 3, 1.0))
    value = np.where(valid, _deviate(np.arctanh(first), np.arctanh(second), spare, scale), np.nan)
    return CorrelationTest(value, _p_value(ndtr(-value), ndtr(-np.abs(value)), alternative), "Steiger")


def difference_covariance(r12: ArrayLike, r13: ArrayLike, r23: ArrayLike) -> Floats:
    """Covariance of atanh r12 and atanh r13, times n - 3 (Dunn and Clark 1969, eq. 8; Steiger 1980, eq. 10).

    s = [r23 (1 - r12^2 - r13^2) - r12 r13 (1 - r12^2 - r13^2 - r23^2) / 2] / [(1 - r12^2)(1 - r13^2)].
    """
    a, b, c = (np.asarray(r, dtype=np.float64) for r in (r12, r13, r23))
    rest = 1 - a**2 - b**2
    top = c * rest - a * b * (rest - c**2) / 2
    return np.asarray(top / ((1 - a**2) * (1 - b**2)))


def _volume(a: Floats, b: Floats, c: Floats) -> Floats:
    """Determinant of the three variables' correlation matrix; below 0 for no data at all."""
    return np.asarray(1 - a**2 - b**2 - c**2 + 2 * a * b * c)


def _deviate(first: Floats, second: Floats, factor: Floats, square: Floats) -> Floats:
    """(first - second) factor / sqrt(square): 0 for equal values, NaN for different ones without any spread."""
    apart = first - second
    spread = np.sqrt(np.maximum(square, 0.0))
    value = np.divide(apart * factor, spread, out=np.full(apart.shape, np.nan), where=square > 0)
    return np.where(apart == 0, 0.0, value)


def _p_value(upper: Floats, outer: Floats, alternative: Alternative) -> Floats:
    """p from the tail above the statistic and the tail beyond its absolute value; never 0."""
    p = upper if alternative == "greater" else 2 * outer
    return np.asarray(np.clip(p, np.finfo(np.float64).tiny, 1.0))


def _checked(r12: ArrayLike, r13: ArrayLike, r23: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    correlations = [np.asarray(r, dtype=np.float64) for r in (r12, r13, r23)]
    if any(np.any(np.abs(r) > 1) for r in correlations):
        raise ValueError("correlations must lie in [-1, 1]")
    cells = np.asarray(n, dtype=np.float64)
    if np.any(cells < 0):
        raise ValueError(f"n counts cells and cannot be negative; got {n!r}")
    a, b, c, cells = np.broadcast_arrays(*correlations, cells)
    return a, b, c, cells
