"""Calibration slope and intercept against scikit-learn, closed forms and a numerical sandwich; separation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student
from simulated import item_error, pairs

from rewardmeter.stats.calibration import recalibration_estimates

linear_model = pytest.importorskip("sklearn.linear_model")

SLOPE, INTERCEPT = "calibration.slope", "calibration.intercept"


def fitted(margins: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> tuple[float, float]:
    """scikit-learn without a penalty, a label y as y of a row labelled 1 and 1 - y of one labelled 0."""
    weight = np.ones(label.size) if weight is None else weight
    model = linear_model.LogisticRegression(C=np.inf, tol=1e-12, solver="newton-cholesky", max_iter=1000)
    x = np.concatenate([margins, margins])[:, None]
    y = np.repeat([1, 0], label.size)
    model.fit(x, y, sample_weight=np.concatenate([weight * label, weight * (1 - label)]))
    return float(model.coef_[0, 0]), float(model.intercept_[0])


@pytest.mark.parametrize("slope", [0.2, 1.0, 3.0])
def test_the_fit_is_scikit_learns(slope: float) -> None:
    margins, label, item = pairs(150, 2, slope=slope, ties=0.2)
    weight = np.random.default_rng(1).integers(0, 3, label.size).astype(float)
    for unit in (None, weight):
        found = recalibration_estimates(margins + 0.3, label, item, unit_weights=unit)
        expected = fitted(margins[0] + 0.3, label, unit)
        assert [found[name][0].value for name in (SLOPE, INTERCEPT)] == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_two_margins_have_a_closed_form() -> None:
    """At -1 a quarter of labels is 1, at 2 four fifths: the line goes through both logits."""
    margins, label = np.repeat([-1.0, 2.0], [4, 5]), np.array([1, 0, 0, 0, 1, 1, 1, 1, 0.0])
    found = recalibration_estimates(margins[None], label, np.arange(9))
    slope = (math.log(4) - math.log(1 / 3)) / 3
    assert found[SLOPE][0].value == pytest.approx(slope)
    assert found[INTERCEPT][0].value == pytest.approx(math.log(1 / 3) + slope)
    assert found[SLOPE][0].n == 9


def test_scale_and_shift_of_margins_are_undone() -> None:
    margins, label, item = pairs(100, 2)
    plain, moved = (recalibration_estimates(m, label, item) for m in (margins, 1000 * margins + 5))
    assert moved[SLOPE][0].value == pytest.approx(plain[SLOPE][0].value / 1000)
    expected = plain[INTERCEPT][0].value - 5 * moved[SLOPE][0].value
    assert moved[INTERCEPT][0].value == pytest.approx(expected, abs=1e-9)


def test_margins_of_800_are_no_trouble() -> None:
    margins, label, item = pairs(100, 1)
    margins[0, :3] = 800, -800, 800
    label[:3] = 1, 0, 0
    found = recalibration_estimates(margins, label, item)
    assert 0 < found[SLOPE][0].value < 0.1


@pytest.mark.parametrize("name", [SLOPE, INTERCEPT])
def test_intervals_are_the_sandwich_clustered_by_item(name: str) -> None:
    margins, label, item = pairs(30, 3, slope=0.7, ties=0.1)
    found = recalibration_estimates(margins, label, item, weights=np.ones((1, 30)))[name][0]
    error = item_error(lambda w: recalibration_estimates(margins, label, item, unit_weights=w)[name][0].value, item)
    reach = student.ppf(0.975, 28) * error * math.sqrt(29 / 28)
    assert (found.low, found.high) == pytest.approx((found.value - reach, found.value + reach), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    ("margins", "label", "reason", "direction"),
    [
        ([-2, -1, 1, 2], [0, 0, 1, 1], "the margins separate the labels perfectly", 1),
        ([-2, -1, 1, 2], [1, 1, 0, 0], "the margins separate the labels perfectly, the wrong way round", -1),
        ([-2, 0, 0, 2], [0, 0, 1, 1], "the margins separate the labels perfectly", 1),
        ([-2, 0, 2], [0, 0.5, 1], "the margins separate the labels perfectly", 1),
        ([-2, 0, 2], [1, 1, 1], "labels of one class only", None),
        ([-2, 0, 2], [0, 0, 0], "labels of one class only", None),
        ([1, 1, 1], [0, 1, 1], "the margins do not vary", None),
        ([1], [1], "the margins do not vary", None),
        ([math.nan], [1], "no pairs", None),
        ([], [], "no pairs", None),
    ],
)
def test_what_has_no_greatest_likelihood_is_undefined(
    margins: list[float], label: list[float], reason: str, direction: float | None
) -> None:
    found = recalibration_estimates([margins], label, np.arange(len(label)), weights=np.ones((1, len(label))))
    for name in (SLOPE, INTERCEPT):
        assert math.isnan(found[name][0].value)
        assert found[name][0].method == f"undefined: {reason}"
        assert found[name][0].detail.get("separated") == direction


def test_overlap_at_one_margin_is_enough() -> None:
    found = recalibration_estimates([[-1.0, 0.0, 0.0, 1.0]], [0, 1, 0, 0], np.arange(4))
    assert math.isfinite(found[SLOPE][0].value)
    nearly = recalibration_estimates([[-1.0, -1e-3, 1e-3, 1.0]], [0, 1, 0, 1], np.arange(4))
    assert math.isfinite(nearly[SLOPE][0].value)


rows = st.lists(st.tuples(st.integers(-4, 4), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=8)


@given(rows)
def test_the_gradient_vanishes_or_there_is_a_reason(made: list[tuple[int, float]]) -> None:
    margins, label = (np.array(column, dtype=float) for column in zip(*made, strict=True))
    found = recalibration_estimates(margins[None], label, np.arange(label.size))
    slope, intercept = found[SLOPE][0], found[INTERCEPT][0]
    if slope.defined:
        residual = label - 1 / (1 + np.exp(-(intercept.value + slope.value * margins)))
        assert residual.sum() == pytest.approx(0, abs=1e-5)
        assert residual @ margins == pytest.approx(0, abs=1e-5)
        assert abs(slope.value) < 30
    else:
        assert slope.method.startswith("undefined: ")
        assert "steps" not in slope.method
