"""Fits of few parameters to ratings against scikit-learn, closed forms and brute-force optimisation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit

from rewardmeter.stats.scaling import fit_beta, fit_length_aware_rating, fit_linear, fit_platt
from rewardmeter.stats.scaling.platt import smoothed_shares

linear_model = pytest.importorskip("sklearn.linear_model")


def drawn(n: int = 600, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(3, 2, n)
    return x, (rng.random(n) < expit(0.8 * x - 2)).astype(float), rng.exponential(1, n)


def unpenalised(design: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, float]:
    """Coefficients and intercept by scikit-learn, shares as two rows."""
    peer = linear_model.LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
    labels, weights = np.repeat([1, 0], y.size), np.concatenate([w * y, w * (1 - y)])
    peer.fit(np.concatenate([design, design]), labels, sample_weight=weights)
    return peer.coef_[0], float(peer.intercept_[0])


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_platt_is_scikit_learns(smooth: bool, weighted: bool) -> None:
    x, y, w = drawn()
    weight = w if weighted else np.ones(x.size)
    made = fit_platt(x, y, w if weighted else None, smooth=smooth)
    slope, intercept = unpenalised(x[:, None], smoothed_shares(y, weight) if smooth else y, weight)
    assert made.slope == pytest.approx(slope[0], rel=1e-6)
    assert made.intercept == pytest.approx(intercept, rel=1e-6)


def test_smoothing_is_platts() -> None:
    y = np.array([1.0, 1, 1, 0])
    assert smoothed_shares(y, np.ones(4)).tolist() == pytest.approx([4 / 5, 4 / 5, 4 / 5, 1 / 3])


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_is_a_constant(label: float) -> None:
    made = fit_platt([1, 2, 3, 4], [label] * 4)
    assert made([0.0, 9.0]) == pytest.approx([5 / 6 if label else 1 / 6] * 2)
    with pytest.raises(ValueError, match="all ratings are"):
        fit_platt([1, 2, 3, 4], [label] * 4, smooth=False)


def test_separation_is_bounded_by_smoothing_and_refused_without() -> None:
    x, y = [1, 2, 3, 4], [0, 0, 1, 1]
    made = fit_platt(x, y)
    assert 0 < made.slope < 100
    for part in ([0, 0, 1, 1], [0, 0, 0, 1]):
        with pytest.raises(ValueError, match="part the ratings perfectly"):
            fit_platt(x, part, smooth=False)
    with pytest.raises(ValueError, match="part the ratings perfectly"):
        fit_platt([1, 2, 2, 3], [0, 0, 1, 1], smooth=False)  # one shared score does not help


def test_constant_and_backward_scores_give_the_mean() -> None:
    y, w = [0, 0, 1], [1, 1, 4]
    for scores in ([7, 7, 7], [9, 8, 1]):
        assert fit_platt(scores, y, w, smooth=False)([0.0]) == pytest.approx([4 / 6])
        made = fit_linear(scores, y, w)
        assert made.slope == 0
        assert made([123.0]) == pytest.approx([4 / 6])


def test_linear_is_scikit_learns() -> None:
    x, _, w = drawn()
    y = 2 * x + np.sin(x)
    peer = linear_model.LinearRegression().fit(x[:, None], y, w)
    made = fit_linear(x, y, w)
    assert made.slope == pytest.approx(peer.coef_[0])
    assert made.intercept == pytest.approx(peer.intercept_)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1e-7, 0.3, 40.0, 1e8]), st.floats(-50, 50))
def test_values_do_not_depend_on_the_unit_of_the_score(seed: int, factor: float, shift: float) -> None:
    x, y, w = drawn(30, seed)
    for fit in (fit_platt, fit_linear, fit_beta):
        plain, moved = fit(x, y, w)(x), fit(factor * (x + shift), y, w)(factor * (x + shift))
        np.testing.assert_allclose(moved, plain, atol=1e-6)


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_beta_without_a_scale_depends_on_order_alone(seed: int) -> None:
    x, y, w = drawn(40, seed)
    np.testing.assert_allclose(fit_beta(np.exp(x), y, w)(np.exp(x)), fit_beta(x, y, w)(x), atol=1e-7)


def test_beta_on_probabilities_is_scikit_learns() -> None:
    x, y, w = drawn()
    s = expit(x - 2)
    made = fit_beta(s, y, w, scale=(0, 1), smooth=False)
    slopes, intercept = unpenalised(np.column_stack([np.log(s), -np.log1p(-s)]), y, w)
    assert min(slopes) > 0
    assert [made.a, made.b, made.c] == pytest.approx([*slopes, intercept], rel=1e-5)
    np.testing.assert_allclose(made(s), expit(made.a * np.log(s) - made.b * np.log1p(-s) + made.c), rtol=1e-9)


def test_beta_keeps_its_parameters_from_0_up() -> None:
    rng = np.random.default_rng(0)
    s = rng.random(300)
    y = (rng.random(300) < np.clip(s**4, 0, 1)).astype(float)
    weights = rng.random(300)
    made = fit_beta(s, y, weights, scale=(0, 1))
    targets = smoothed_shares(y, weights)

    def loss(theta: np.ndarray) -> float:
        eta = theta[0] * np.log(s) - theta[1] * np.log1p(-s) + theta[2]
        return float(weights @ (np.logaddexp(0, eta) - targets * eta))

    best = minimize(loss, [1, 1, 0], method="L-BFGS-B", bounds=[(0, None), (0, None), (None, None)], tol=1e-14)
    assert loss(np.array([made.a, made.b, made.c])) <= best.fun + 1e-7
    assert min(made.a, made.b) >= 0


def test_beta_at_the_ends_of_a_scale() -> None:
    made = fit_beta([0, 2, 5, 10, 10], [0, 0, 1, 1, 1], scale=(0, 10))
    values = made([-3.0, 0.0, 5.0, 10.0, 12.0])
    assert np.isfinite(logit(values)).all()
    assert values[0] == values[1]
    assert values[-1] == values[-2]
    with pytest.raises(ValueError, match=r"scores must lie in the scale \[0, 10\]"):
        fit_beta([0, 11], [0, 1], scale=(0, 10))
    with pytest.raises(ValueError, match="two finite numbers in order"):
        fit_beta([0, 1], [0, 1], scale=(1, 1))


def test_beta_recovers_the_identity_on_calibrated_probabilities() -> None:
    rng = np.random.default_rng(5)
    s = rng.beta(1.2, 0.8, 60_000)
    made = fit_beta(s, (rng.random(s.size) < s).astype(float), scale=(0, 1))
    assert [made.a, made.b, made.c] == pytest.approx([1, 1, 0], abs=0.05)


def test_length_aware_rating_is_scikit_learns() -> None:
    x, y, w = drawn()
    length = np.random.default_rng(6).integers(0, 900, x.size)
    rating = x - 0.4 * np.log1p(length)
    peer = linear_model.LinearRegression().fit(np.column_stack([x, np.log1p(length)]), rating, w)
    made = fit_length_aware_rating(x, rating, length, w)
    assert made.slope == pytest.approx(peer.coef_[0])
    assert made.gamma / made.scale == pytest.approx(peer.coef_[1])
    np.testing.assert_allclose(made(x, length=length), rating, atol=1e-8)
    chance = fit_length_aware_rating(x, y, length, w, target="probability")
    slopes, intercept = unpenalised(np.column_stack([x, np.log1p(length)]), smoothed_shares(y, w), w)
    expected = expit(x * slopes[0] + np.log1p(length) * slopes[1] + intercept)
    np.testing.assert_allclose(chance(x, length=length), expected, atol=1e-6)


def test_shares_outside_the_unit_interval_are_refused() -> None:
    for fit in (fit_platt, fit_beta):
        with pytest.raises(ValueError, match=r"human must lie in \[0, 1\]"):
            fit([1, 2], [1, 2])
    with pytest.raises(ValueError, match="row 0 is infinite"):
        fit_linear([-math.inf, 1], [0, 1])
