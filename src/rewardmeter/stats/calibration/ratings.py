"""Is a prediction of the human score right on average, wherever it lies?

prediction:
    (K, n) predicted human score, on the rating's scale; NaN where missing, finite otherwise.
human:
    (n,) human score; NaN where missing.
item:
    (n,) item of each response, 0..N-1, whose responses are drawn together.

``unit_weights``, ``weights``, ``level``, the results and the errors are as in `proper`; ``n`` counts responses.
May import: bins, binned_error, recalibration, result, rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.calibration.binned_error import plug_in
from rewardmeter.stats.calibration.bins import Binned, binned, equal_mass, without_empty
from rewardmeter.stats.calibration.recalibration import student_interval
from rewardmeter.stats.calibration.rows import Asked, Floats, Rows, asked, biased_upwards, no_value, rows, totals
from rewardmeter.stats.intervals import check_level
from rewardmeter.stats.result import Estimate

__all__ = ["ResidualBins", "rating_ece_estimates", "rating_recalibration_estimates", "residual_bins"]


def rating_ece_estimates(
    prediction: ArrayLike,
    human: ArrayLike,
    item: ArrayLike,
    *,
    bins: int = 15,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.rating_ece``: sum over bins of share of weight * |mean human - mean prediction|, at least 0.

    In units of the rating. Bins of equal mass on the prediction, equal predictions in one bin (the expected
    calibration error for a mean in place of a probability; Gruber and Buettner 2022 for the general form). Bias and
    interval are as in `binned_error.ece_estimates`.
    """
    if bins < 1:
        raise ValueError(f"bins must be 1 or more; got {bins}")
    return rating_ece_of(rows(prediction, human, item, unit_weights), asked(weights, item, level), bins=bins)


def rating_ece_of(scorers: Sequence[Rows], ask: Asked, *, bins: int = 15) -> list[Estimate]:
    found = []
    for row in scorers:
        if not row.n:
            found.append(no_value(row, ask, "no responses"))
            continue
        value, bias, influence = plug_in(_by_mass(row, bins), row)
        found.append(biased_upwards(row, ask, value, bias, influence, bounds=(0.0, math.inf)))
    return found


def rating_recalibration_estimates(
    prediction: ArrayLike,
    human: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> dict[str, list[Estimate]]:
    """``calibration.rating_slope`` and ``calibration.rating_intercept``: human = intercept + slope * prediction.

    Least squares (Mincer and Zarnowitz 1969). A slope of 1 and an intercept of 0 are right; a slope below 1 says that
    predictions lie too far apart. Noise of people does not move the slope, noise of the scorer lowers it, as it
    should: such a prediction is too far from the mean. Intervals are Student's with the sandwich error clustered by
    item. Undefined where predictions do not vary.
    """
    return rating_recalibration_of(rows(prediction, human, item, unit_weights), asked(weights, item, level))


def rating_recalibration_of(scorers: Sequence[Rows], ask: Asked) -> dict[str, list[Estimate]]:
    both = [_line(row, ask) for row in scorers]
    return {
        "calibration.rating_slope": [slope for slope, _ in both],
        "calibration.rating_intercept": [intercept for _, intercept in both],
    }


def _line(row: Rows, ask: Asked) -> tuple[Estimate, Estimate]:
    if not row.n or row.score.min() == row.score.max():
        none = no_value(row, ask, "the predictions do not vary" if row.n else "no responses")
        return none, none
    centre, middle = row.mean(row.score), row.mean(row.truth)
    x, y = row.score - centre, row.truth - middle
    square = row.mean(x**2)
    if not square > 0:
        none = no_value(row, ask, "the predictions do not vary")
        return none, none
    slope = row.mean(x * y) / square
    residual = y - slope * x
    of_slope = residual * x / square / row.mass
    of_intercept = residual / row.mass - centre * of_slope
    return (
        student_interval(row, ask, slope, of_slope),
        student_interval(row, ask, middle - slope * centre, of_intercept),
    )


@dataclass(frozen=True, slots=True, eq=False)
class ResidualBins:
    """How far people are from the prediction where the prediction is so high; arrays are (bins,), without empty bins.

    Attributes
    ----------
    low, high: least and greatest prediction in the bin.
    prediction: weighted mean prediction.
    residual: weighted mean of human - prediction; above 0 the scorer is too low.
    residual_low, residual_high: Student's interval at ``level``, items as clusters; NaN for a bin with one item.
    weight, count: total weight and responses of the bin.
    level: nominal coverage, of each bin by itself.
    """

    low: Floats
    high: Floats
    prediction: Floats
    residual: Floats
    residual_low: Floats
    residual_high: Floats
    weight: Floats
    count: NDArray[np.int64]
    level: float


def residual_bins(
    prediction: ArrayLike,
    human: ArrayLike,
    item: ArrayLike,
    *,
    bins: int = 10,
    unit_weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[ResidualBins]:
    """Residual by predicted value, in bins of equal mass on the prediction, for each scorer."""
    if bins < 1:
        raise ValueError(f"bins must be 1 or more; got {bins}")
    check_level(level)
    return [_residuals(row, bins, level) for row in rows(prediction, human, item, unit_weights)]


def _residuals(row: Rows, bins: int, level: float) -> ResidualBins:
    if not row.n:
        empty = np.zeros(0)
        return ResidualBins(empty, empty, empty, empty, empty, empty, empty, np.zeros(0, dtype=np.int64), level)
    made = _by_mass(row, bins)
    low, high = np.full((2, made.mass.size), np.nan)
    np.fmin.at(low, made.place, row.score)
    np.fmax.at(high, made.place, row.score)
    prediction = totals(made.place, row.weight * row.score) / made.mass
    reach = student_reach(made, level)
    count = np.bincount(made.place).astype(np.int64)
    return ResidualBins(low, high, prediction, made.gap, made.gap - reach, made.gap + reach, made.mass, count, level)


def student_reach(made: Binned, level: float) -> Floats:
    """Half the width of Student's interval of each bin's gap; NaN where a bin has one item."""
    from scipy.special import stdtrit

    items = made.items()
    quantile = stdtrit(np.maximum(items - 1, 1), (1 + level) / 2)
    return np.where(items > 1, quantile * np.sqrt(made.variance()), np.nan)


def _by_mass(row: Rows, bins: int) -> Binned:
    """Bins of equal mass on the prediction, the empty ones left out."""
    place, filled = without_empty(equal_mass(row.by_score, row.weight, bins))
    return binned(row, row.score, row.truth, place, filled)
