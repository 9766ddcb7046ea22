"""How much a scorer's scores change from run to run. May import `credits`, `humans.intraclass`, `result`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.cells import Floats
from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.humans.intraclass import intraclass_correlations
from rewardmeter.stats.result import Estimate

__all__ = ["run_flips", "run_reliability", "within_response_deviation"]


def within_response_deviation(
    runs: ArrayLike, cluster: ArrayLike, *, weights: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Standard deviation of the scores of one response over runs, in units of the scores.

    The square root of the mean, over the responses with two scores or more, of the variance over runs (divisor one less
    than the number of scores). The interval is a percentile bootstrap over items.

    Parameters
    ----------
    runs:
        (runs, R) scores, NaN for none.
    cluster:
        (R,) item of each response.
    weights, level:
        As in `mean_estimates`.

    Raises
    ------
    ValueError
        If ``runs`` has not two axes or has infinite values.
    """
    scores = _checked(runs)
    count = np.sum(~np.isnan(scores), axis=0)
    enough = count >= 2
    variance = np.full(scores.shape[1], np.nan)
    if not np.any(enough):
        return Estimate(math.nan, level=level, method="undefined")
    variance[enough] = np.nanvar(scores[:, enough], axis=0, ddof=1)
    largest = float(np.nanmax(variance))
    if largest == 0:
        return Estimate(0.0, level=level, n=int(np.sum(enough)))
    # Twice the share of the largest: values above 1 get a bootstrap whatever the unit, those below 1 would not.
    (made,) = mean_estimates(2 * variance[None] / largest, cluster, weights=weights, level=level)
    value, low, high = (math.sqrt(one * largest / 2) for one in (made.value, made.low, made.high))
    return replace(made, value=value, low=low, high=high)


def run_flips(
    margins: ArrayLike, cluster: ArrayLike, *, weights: ArrayLike | None = None, level: float = 0.95
) -> tuple[Estimate, Estimate]:
    """How often two runs name different winners of a pair, and how often one of them names none.

    Over all pairs of responses and, within each, over all choices of two runs that have scored it: the share with
    opposite signs of the margin, and the share with exactly one margin of 0.

    Parameters
    ----------
    margins:
        (runs, P) score of a less score of b, NaN for none.
    cluster, weights, level:
        As in `mean_estimates`.
    """
    signs = np.sign(_checked(margins))
    more, less, tied = (np.sum(signs == sign, axis=0, dtype=np.float64) for sign in (1, -1, 0))
    known = more + less + tied
    choices = known * (known - 1) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = np.where(choices > 0, np.stack([more * less, tied * (more + less)]) / choices, np.nan)
    flips, ties = mean_estimates(rows, cluster, weights=weights, level=level)
    return flips, ties


def run_reliability(runs: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Share of the variance of single scores that lies between responses: ICC(1,1) with runs as raters, at most 1.

    ``runs`` (runs, R), NaN for none; responses without a score in every run are left out (`intraclass_correlations`).
    """
    return intraclass_correlations(_checked(runs), level=level)["1,1"]


def _checked(runs: ArrayLike) -> Floats:
    scores = np.asarray(runs, dtype=np.float64)
    if scores.ndim != 2:
        raise ValueError(f"runs must be (runs, columns); got the shape {scores.shape}")
    if np.any(np.isinf(scores)):
        raise ValueError("scores must be finite, or NaN where there is none")
    return scores
