"""Penalised monotone splines against brute-force optimisation and their limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from rewardmeter.stats.scaling import fit_linear, fit_spline, fit_temperature, fit_utility_spline
from rewardmeter.stats.scaling.platt import smoothed_shares


def roughness(knots: np.ndarray, values: np.ndarray) -> float:
    slopes = np.diff(values) / np.diff(knots)
    return float((np.diff(slopes) ** 2 / ((np.diff(knots)[1:] + np.diff(knots)[:-1]) / 2)).sum())


def twin(objective: Any, knots: int, free: bool) -> np.ndarray:
    """Values at the knots by a general minimiser over non-negative increments."""
    bounds = [(None, None) if free else (0.0, 0.0)] + [(0.0, None)] * (knots - 1)
    start = np.append(0.0, np.full(knots - 1, 0.1))
    options = {"maxiter": 100_000, "maxfun": 1_000_000, "ftol": 1e-15, "gtol": 1e-10}
    found = minimize(lambda d: objective(np.cumsum(d)), start, method="L-BFGS-B", bounds=bounds, options=options)
    return np.cumsum(found.x)


@pytest.mark.parametrize("target", ["rating", "probability"])
@pytest.mark.parametrize("penalty", [1e-4, 0.1])
def test_spline_is_the_least_penalised_loss(target: str, penalty: float) -> None:
    rng = np.random.default_rng(1)
    x, w = rng.gamma(2, 1, 120), rng.exponential(1, 120)
    chance = expit(3 * np.sin(x))
    y = (rng.random(120) < chance).astype(float) if target == "probability" else chance + rng.normal(0, 0.1, 120)
    made = fit_spline(x, y, w, target=target, knots=6, penalties=[penalty])
    unit = math.sqrt(float(np.cov(x, aweights=w, ddof=0)))
    targets = smoothed_shares(y, w)

    def objective(values: np.ndarray) -> float:
        eta = np.interp(x, made.knots, values)
        loss = w @ (np.logaddexp(0, eta) - targets * eta) if target == "probability" else w @ (y - eta) ** 2 / 2
        return float(loss) + penalty * w.sum() * roughness(made.knots / unit, values) / 2

    best = twin(objective, made.knots.size, free=True)
    assert objective(made.values) <= objective(best) + 1e-8 * abs(objective(best))
    np.testing.assert_allclose(made.values, best, atol=2e-3)
    assert made.link == ("logit" if target == "probability" else "identity")


def test_utility_spline_is_the_least_penalised_loss() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 150))
    y, w = (rng.random(150) < expit(3 * np.tanh(a) - 3 * np.tanh(b))).astype(float), rng.exponential(1, 150)
    made = fit_utility_spline(a, b, y, w, knots=6, penalties=[0.01])
    unit = math.sqrt(float(np.cov(np.concatenate([a, b]), aweights=np.concatenate([w, w]), ddof=0)))

    def objective(values: np.ndarray) -> float:
        eta = np.interp(a, made.knots, values) - np.interp(b, made.knots, values)
        rise = values[-1] - values[0]
        prior = np.logaddexp(0, rise) - rise / 2
        loss = w @ (np.logaddexp(0, eta) - y * eta) + prior
        return float(loss) + 0.01 * (w.sum() + 1) * roughness(made.knots / unit, values) / 2

    best = twin(objective, made.knots.size, free=False)
    assert objective(made.values) <= objective(best) + 1e-8
    np.testing.assert_allclose(made.values - made.values[0], best, atol=5e-3)
    assert w @ (made(a) + made(b)) == pytest.approx(0, abs=1e-9)


def test_great_penalties_give_the_line() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=400)
    y = np.tanh(x) + rng.normal(0, 0.3, 400)
    line, stiff = fit_linear(x, y), fit_spline(x, y, penalties=[1e7])
    np.testing.assert_allclose(stiff(x), line(x), atol=1e-4)
    a, b = rng.normal(size=(2, 400))
    label = (rng.random(400) < expit(a - b)).astype(float)
    bent = fit_utility_spline(a, b, label, penalties=[1e7], prior=1e-9)
    np.testing.assert_allclose(bent(a) - bent(b), fit_temperature(a, b, label, prior=0).slope * (a - b), atol=1e-4)


def test_curved_functions_are_recovered() -> None:
    rng = np.random.default_rng(4)
    n = 8000
    grid = np.linspace(-1.5, 1.5, 7)
    x = rng.normal(size=n)
    made = fit_spline(x, np.tanh(2 * x) + rng.normal(0, 0.5, n))
    np.testing.assert_allclose(made(grid), np.tanh(2 * grid), atol=0.08)
    chance = fit_spline(x, (rng.random(n) < expit(2 * np.tanh(2 * x))).astype(float), target="probability")
    np.testing.assert_allclose(chance(grid), expit(2 * np.tanh(2 * grid)), atol=0.06)
    a, b = rng.normal(size=(2, n))
    label = (rng.random(n) < expit(3 * np.tanh(a) - 3 * np.tanh(b))).astype(float)
    utility = fit_utility_spline(a, b, label)
    np.testing.assert_allclose(utility(grid), 3 * np.tanh(grid), atol=0.35)


def test_cross_validation_smooths_noise_away() -> None:
    rng = np.random.default_rng(5)
    x, noise = rng.normal(size=300), rng.normal(size=300)
    chosen, rough = fit_spline(x, x + noise), fit_spline(x, x + noise, penalties=[0.0])
    assert np.mean((chosen(x) - x) ** 2) < np.mean((rough(x) - x) ** 2)


def test_items_are_not_parted() -> None:
    rng = np.random.default_rng(6)
    item = np.repeat(np.arange(15), 20)
    x = rng.normal(size=15)[item]
    y = x + rng.normal(size=15)[item]  # rows of an item are copies: parting them would reward following the noise
    parted, whole = fit_spline(x, y), fit_spline(x, y, item=item)
    assert roughness(whole.knots, whole.values) < roughness(parted.knots, parted.values)
    again = fit_spline(x, y, item=item, rng=np.random.default_rng(0))
    assert whole.to_dict() == again.to_dict()


def test_separation_and_beyond_the_knots() -> None:
    made = fit_utility_spline([1, 2, 3], [0, 0, 0], [1, 1, 1])
    assert np.isfinite(made.values).all()
    assert made(3.0) > made(0.0)
    end = (made.values[-1] - made.values[-2]) / (made.knots[-1] - made.knots[-2])
    assert made(5.0) == pytest.approx(made(3.0) + 2 * end)
    assert fit_spline([1, 2, 3], [1, 2, 3])([0, 9]).tolist() == pytest.approx([1, 3], abs=1e-6)
    assert fit_utility_spline([1, 1], [1, 1], [1, 0])([5.0]).tolist() == [0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1e-5, 7.0, 1e6]), st.floats(-20, 20))
def test_affine_changes_of_the_score_do_not_matter(seed: int, factor: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=40)
    y = x + rng.normal(size=40)
    plain, moved = (fit_spline(s, y, penalties=[0.01]) for s in (x, factor * (x + shift)))
    np.testing.assert_allclose(moved(factor * (x + shift)), plain(x), atol=1e-5)


def test_scores_next_to_nothing_apart_are_no_knots_of_their_own() -> None:
    """Some metrics give denormal numbers beside 0; a slope between such has no finite bend."""
    rng = np.random.default_rng(5)
    score = np.concatenate([np.zeros(200), rng.integers(1, 99, 300) * 5e-324, rng.uniform(0, 0.3, 100)])
    human = 3 * score + 0.1 * rng.normal(size=score.size)
    made = fit_spline(score, human)
    assert np.all(np.diff(made.knots) > 1e-9)
    assert np.mean((made(score) - 3 * score) ** 2) < 0.001
    assert np.all(np.isfinite(fit_utility_spline(score[:300], score[300:], human[:300] > human[300:]).values))


def test_bad_options_are_named() -> None:
    with pytest.raises(ValueError, match="knots must be 2 or more"):
        fit_spline([1, 2], [1, 2], knots=1)
    with pytest.raises(ValueError, match="penalties must be finite"):
        fit_spline([1, 2], [1, 2], penalties=[])
    with pytest.raises(ValueError, match="item must be"):
        fit_spline([1, 2], [1, 2], item=[1])
    with pytest.raises(ValueError, match="prior must be a finite number above 0"):
        fit_utility_spline([1, 2], [1, 2], [0, 1], prior=0)
