"""Mean absolute error after calibration: how far a score is from the rating once it has been put on the rating's scale.

The map from score to rating is fitted on other items, so that a flexible map earns nothing by memory.
May import: cells, credits, resampling, result.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, check_cells
from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.result import Estimate

__all__ = ["CalibrationMap", "calibrated_error_estimates"]

CalibrationMap = Literal["isotonic", "linear"]


def calibrated_error_estimates(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    folds: int,
    rng: np.random.Generator,
    mapping: CalibrationMap = "isotonic",
    weights: NDArray[np.integer] | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Mean of |m(score) - rating| over the cells that have both, m fitted on the items of the other folds.

    In units of the rating, not negative, smaller is better.

    Parameters
    ----------
    scores, gold:
        (scorers, systems, items) and (systems, items), NaN where missing.
    folds:
        Parts into which the items are split at random, from 2 to the number of items.
    mapping:
        ``isotonic``: the nondecreasing function of least squares (Barlow et al. 1972), joined by straight lines and
        level outside the scores that it was fitted to. ``linear``: the straight line of least squares, falling or
        rising; level where all scores are equal.
    weights:
        Item counts for the interval, (resamples, items); None for no interval. The fitted maps are held fixed.

    Raises
    ------
    ValueError
        On shapes that do not fit, infinite values, an unknown map or a wrong number of folds.
    """
    if mapping not in ("isotonic", "linear"):
        raise ValueError(f"mapping must be isotonic or linear; got {mapping!r}")
    scores, gold = check_cells(scores, gold)
    fold = item_folds(gold.shape[1], folds, rng)
    system, item = np.nonzero(~np.isnan(gold))
    rating, part = gold[system, item], fold[item]
    errors = np.stack([_errors(row[system, item], rating, part, folds, mapping) for row in scores])
    return mean_estimates(errors, item, weights=weights, level=level)


def _errors(score: Floats, rating: Floats, part: NDArray[np.intp], folds: int, mapping: CalibrationMap) -> Floats:
    """Error of each cell under the map fitted on the other folds; NaN where there is no score or nothing to fit to."""
    errors = np.full(score.shape, np.nan)
    scored = ~np.isnan(score)
    for number in range(folds):
        inside, outside = scored & (part == number), scored & (part != number)
        if inside.any() and outside.any():
            fitted = _isotonic if mapping == "isotonic" else _linear
            errors[inside] = np.abs(fitted(score[outside], rating[outside], score[inside]) - rating[inside])
    return errors


def _isotonic(x: Floats, y: Floats, at: Floats) -> Floats:
    from scipy.optimize import isotonic_regression

    places, index = np.unique(x, return_inverse=True)
    count = np.bincount(index)
    means = np.bincount(index, weights=y) / count
    return np.interp(at, places, isotonic_regression(means, weights=count).x)


def _linear(x: Floats, y: Floats, at: Floats) -> Floats:
    deviation = x - x.mean()
    spread = float(deviation @ deviation)
    slope = float(deviation @ (y - y.mean())) / spread if spread > 0 else 0.0
    return np.asarray(y.mean() + slope * (at - x.mean()))
