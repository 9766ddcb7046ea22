"""Mean and covariance of scores of which some are missing, and the missing ones' expectation given the others.

By the EM algorithm for the normal distribution (Little and Rubin 2002, section 11.2), which is right where scores are
missing at random given those that are there. May import: `records`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.scaling.records import Floats

__all__ = ["filled_in", "moments"]

_MOST_ROWS = 5_000
_STEPS = 100
_CLOSE = 1e-5


def moments(
    x: Floats, weight: Floats, *, about_zero: bool, rng: np.random.Generator | None = None
) -> tuple[Floats, Floats]:
    """Mean (M,) and covariance (M, M) of the rows of x (rows, M), NaN where a score is missing.

    Complete rows give their weighted mean and covariance (divided by the weight, not by one less). Otherwise the
    covariance has a weak prior, worth one row of mean weight with independent scores of unit variance (so scale the
    columns first): two scorers that were never seen together count as unrelated. More than 5,000 incomplete rows are
    represented by as many, drawn at random.

    Parameters
    ----------
    x:
        (rows, M); a column without a score has mean 0 and variance 1 or less.
    weight:
        (rows,) positive.
    about_zero:
        Whether the mean is 0 and known.
    rng:
        Draws the rows; None for a generator of seed 0.
    """
    there = ~np.isnan(x)
    if there.all():
        mean = np.zeros(x.shape[1]) if about_zero else weight @ x / weight.sum()
        apart = x - mean
        return mean, apart.T @ (weight[:, None] * apart) / weight.sum()
    if len(x) > _MOST_ROWS:
        some = (np.random.default_rng(0) if rng is None else rng).permutation(len(x))[:_MOST_ROWS]
        x, weight, there = x[some], weight[some], there[some]
    prior = float(weight.mean())
    mean, covariance = np.zeros(x.shape[1]), np.eye(x.shape[1])
    for _ in range(_STEPS):
        filled, extra = _expected(x, weight, there, mean, covariance)
        moved = np.zeros(x.shape[1]) if about_zero else weight @ filled / weight.sum()
        apart = filled - moved
        total = apart.T @ (weight[:, None] * apart) + extra + prior * np.eye(x.shape[1])
        reached = total / (weight.sum() + prior)
        change = max(float(np.abs(reached - covariance).max()), float(np.abs(moved - mean).max()))
        mean, covariance = moved, (reached + reached.T) / 2
        if change < _CLOSE:
            break
    return mean, covariance


def filled_in(x: Floats, mean: Floats, covariance: Floats) -> Floats:
    """The rows of x with the expectation of what is missing given what is there."""
    return _expected(x, np.ones(len(x)), ~np.isnan(x), mean, covariance)[0]


def _expected(
    x: Floats, weight: Floats, there: NDArray[np.bool_], mean: Floats, covariance: Floats
) -> tuple[Floats, Floats]:
    """Filled rows, and the weighted sum of the conditional covariances of what was missing."""
    filled, extra = x.copy(), np.zeros_like(covariance)
    patterns, which = np.unique(there, axis=0, return_inverse=True)
    which = which.reshape(-1)
    for k, seen in enumerate(patterns):
        if seen.all():
            continue
        rows, lost = np.flatnonzero(which == k), ~seen
        slope = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, lost)])
        filled[np.ix_(rows, lost)] = mean[lost] + (x[np.ix_(rows, seen)] - mean[seen]) @ slope
        left = covariance[np.ix_(lost, lost)] - covariance[np.ix_(lost, seen)] @ slope
        extra[np.ix_(lost, lost)] += weight[rows].sum() * left
    return filled, extra
