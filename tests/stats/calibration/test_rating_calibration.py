"""Predictions of human scores: calibration error, slope and residuals against NumPy and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import t as student
from simulated import item_error

from rewardmeter.stats.calibration import rating_ece_estimates, rating_recalibration_estimates, residual_bins

SLOPE, INTERCEPT = "calibration.rating_slope", "calibration.rating_intercept"


def ratings(items: int, per_item: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions that lie too far apart: the true slope is 0.5, the intercept 1.5."""
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(items), per_item)
    prediction = 3 + rng.normal(0, 1, item.size)
    human = 1.5 + 0.5 * prediction + rng.normal(0, 0.4, items)[item] + rng.normal(0, 0.5, item.size)
    return prediction[None], human, item


rows = st.lists(st.tuples(st.integers(-4, 4), st.integers(1, 5), st.integers(0, 3)), min_size=1, max_size=15).filter(
    lambda made: any(w for _, _, w in made)
)


@given(rows, st.integers(1, 5))
def test_calibration_error_is_the_definition(made: list[tuple[int, int, int]], bins: int) -> None:
    prediction, human, weight = zip(*made, strict=True)
    kept = [row for row in made if row[2]]
    total = sum(w for _, _, w in kept)
    places = sorted({x for x, _, _ in kept})
    ends = [
        next(x for x in places if sum(w for at, _, w in kept if at <= x) * bins >= k * total) for k in range(1, bins)
    ]
    error = 0.0
    for place in range(bins):
        inside = [row for row in kept if sum(row[0] > end for end in ends) == place]
        error += abs(sum(w * (y - x) for x, y, w in inside)) / total
    found = rating_ece_estimates([prediction], human, np.arange(len(made)), bins=bins, unit_weights=weight)[0]
    assert found.value == pytest.approx(error, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_line_is_numpys(weighted: bool) -> None:
    prediction, human, item = ratings(50, 2)
    weight = np.random.default_rng(2).exponential(1, human.size) if weighted else None
    found = rating_recalibration_estimates(prediction, human, item, unit_weights=weight)
    expected = np.polyfit(prediction[0], human, 1, w=None if weight is None else np.sqrt(weight))
    assert [found[name][0].value for name in (SLOPE, INTERCEPT)] == pytest.approx(expected)


@pytest.mark.parametrize("name", [SLOPE, INTERCEPT])
def test_intervals_of_the_line_are_the_sandwich_clustered_by_item(name: str) -> None:
    prediction, human, item = ratings(25, 3)
    found = rating_recalibration_estimates(prediction, human, item, weights=np.ones((1, 25)))[name][0]
    error = item_error(
        lambda w: rating_recalibration_estimates(prediction, human, item, unit_weights=w)[name][0].value, item
    )
    reach = student.ppf(0.975, 23) * error * math.sqrt(24 / 23)
    assert (found.low, found.high) == pytest.approx((found.value - reach, found.value + reach), rel=1e-5)


def test_interval_of_the_error_uses_numerical_derivatives() -> None:
    prediction, human, item = ratings(32, 2)
    found = rating_ece_estimates(prediction, human, item, weights=np.ones((1, 32)))[0]
    error = item_error(lambda w: rating_ece_estimates(prediction, human, item, unit_weights=w)[0].value, item)
    reach = norm.ppf(0.975) * error
    ends = max(0.0, found.value - found.detail["bias"] - reach), found.value + reach
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-6)


def test_a_shift_is_the_error() -> None:
    human = np.arange(20.0)
    assert rating_ece_estimates([human + 0.75, human], human, np.arange(20))[0].value == pytest.approx(0.75)
    assert rating_ece_estimates([human + 0.75, human], human, np.arange(20))[1].value == 0
    found = rating_recalibration_estimates([human + 0.75], human, np.arange(20), weights=np.ones((1, 20)))
    assert found[SLOPE][0].value == pytest.approx(1)
    assert found[INTERCEPT][0].value == pytest.approx(-0.75)


def test_residuals_by_prediction() -> None:
    prediction, human, item = ratings(500, 2)
    (found,) = residual_bins(prediction, human, item)
    assert found.count.tolist() == [100] * 10
    order = np.argsort(prediction[0])
    for k, rows in enumerate(order.reshape(10, 100)):
        assert found.residual[k] == pytest.approx((human - prediction[0])[rows].mean())
        assert found.prediction[k] == pytest.approx(prediction[0][rows].mean())
        assert (found.low[k], found.high[k]) == (prediction[0][rows].min(), prediction[0][rows].max())
    assert found.residual[0] > 0 > found.residual[-1]
    assert np.all((found.residual_low < found.residual) & (found.residual < found.residual_high))


def test_residual_intervals_are_students_for_single_responses() -> None:
    prediction, human, item = ratings(60, 1)
    (found,) = residual_bins(prediction, human, item, bins=1, level=0.9)
    residual = human - prediction[0]
    reach = student.ppf(0.95, 59) * residual.std(ddof=1) / math.sqrt(60)
    assert found.residual_high[0] == pytest.approx(residual.mean() + reach)


def test_constants_and_nothing() -> None:
    constant = rating_recalibration_estimates([[2.0, 2.0]], [1, 3], [0, 1])
    assert constant[SLOPE][0].method == "undefined: the predictions do not vary"
    assert rating_ece_estimates([[2.0, 2.0]], [1, 3], [0, 1])[0].value == 0
    nothing = rating_recalibration_estimates([[math.nan]], [1.0], [0])
    assert nothing[INTERCEPT][0].method == "undefined: no responses"
    assert residual_bins([[math.nan]], [1.0], [0])[0].count.size == 0
    (single,) = residual_bins([[1.0, 2.0]], [1.0, 4.0], [0, 0])
    assert np.isnan(single.residual_low).all()
    for function in (rating_ece_estimates, residual_bins):
        with pytest.raises(ValueError, match="bins must be 1 or more"):
            function([[1.0]], [1.0], [0], bins=0)
