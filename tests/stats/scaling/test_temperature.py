"""Pair fits against scikit-learn, brute-force optimisation and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit

from rewardmeter.stats.scaling import fit_davidson, fit_length_aware, fit_temperature

LogisticRegression = pytest.importorskip("sklearn.linear_model").LogisticRegression


def drawn(n: int = 800, slope: float = 0.7, seed: int = 1) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0, 2, (2, n))
    return a, b, (rng.random(n) < expit(slope * (a - b))).astype(float), rng.exponential(1, n)


def log_f(theta: float, weight: float) -> float:
    """Minus the log-density of log-F(m, m), up to a constant."""
    return weight * (math.log1p(math.exp(theta)) - theta / 2)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_maximum_likelihood_is_scikit_learns(weighted: bool, soft: bool) -> None:
    a, b, y, w = drawn()
    if soft:
        y = np.clip(0.8 * y + 0.1 * np.tanh(a) ** 2, 0, 1)
    weight = w if weighted else np.ones(y.size)
    margin = np.concatenate([a - b, a - b])[:, None]
    labels, weights = np.repeat([1, 0], y.size), np.concatenate([weight * y, weight * (1 - y)])
    peer = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
    peer.fit(margin, labels, sample_weight=weights)
    made = fit_temperature(a, b, y, w if weighted else None, prior=0)
    assert made.slope == pytest.approx(float(peer.coef_[0, 0]), rel=1e-6)
    assert made.temperature == pytest.approx(1 / made.slope)


def test_prior_is_the_log_f_density() -> None:
    a, b, y, w = drawn(12)
    unit = math.sqrt(float(np.average((a - b) ** 2, weights=w)))

    def loss(slope: float) -> float:
        return float(w @ (np.logaddexp(0, slope * (a - b)) - y * slope * (a - b))) + log_f(slope * unit, 2.5)

    grid = np.linspace(0.0, 5.0, 50_001)
    best = grid[np.argmin([loss(float(slope)) for slope in grid])]
    assert fit_temperature(a, b, y, w, prior=2.5).slope == pytest.approx(best, abs=1e-4)


def test_temperature_is_recovered() -> None:
    found = [fit_temperature(*drawn(4000, 0.7, seed)[:3]).slope for seed in range(20)]
    assert np.mean(found) == pytest.approx(0.7, abs=0.01)
    assert np.std(found) < 0.04


def test_closed_form_of_one_margin() -> None:
    # All margins are 2 and 3 of 4 labels are 1: the logit of 2 * slope is log 3.
    made = fit_temperature([2, 3, 4, 5], [0, 1, 2, 3], [1, 1, 1, 0], prior=0)
    assert made.slope == pytest.approx(math.log(3) / 2)
    with_prior = fit_temperature([2, 3, 4, 5], [0, 1, 2, 3], [1, 1, 1, 0], prior=1)
    assert with_prior.slope == pytest.approx(logit(3.5 / 5) / 2)


def test_perfect_separation_is_bounded_by_the_prior() -> None:
    n = 50
    made = fit_temperature(np.full(n, 3.0), np.zeros(n), np.ones(n))
    assert made.slope == pytest.approx(logit((n + 0.5) / (n + 1)) / 3)
    with pytest.raises(ValueError, match="part the labels perfectly"):
        fit_temperature([1, 2], [0, 3], [1, 0], prior=0)


def test_no_information_and_worse_than_chance_give_slope_0() -> None:
    assert fit_temperature([1, 2], [1, 2], [1, 0]).slope == 0
    with pytest.raises(ValueError, match="all margins are 0"):
        fit_temperature([1, 2], [1, 2], [1, 0], prior=0)
    for prior in (0.0, 1.0):
        made = fit_temperature([1, 2, 5], [0, 0, 0], [0, 0, 1e-9], prior=prior)
        assert made.slope == 0
        assert made.temperature == math.inf
        assert made([3.0, -7.0]).tolist() == [0, 0]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([0, 0.5, 1])), min_size=3, max_size=20),
    st.sampled_from([1e-6, 0.25, 3.0, 1e9]),
    st.integers(-5, 5),
)
def test_affine_changes_of_the_score_change_the_slope_alone(
    pairs: list[tuple[int, int, float]], factor: float, shift: int
) -> None:
    a, b, y = (np.array(column, float) for column in zip(*pairs, strict=True))
    assume((a != b).any())
    plain, moved = fit_temperature(a, b, y), fit_temperature(factor * (a + shift), factor * (b + shift), y)
    assert moved.slope * factor == pytest.approx(plain.slope, rel=1e-6, abs=1e-9)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-5, 5), st.integers(-5, 5), st.sampled_from([0, 0.5, 1]), st.integers(0, 3)),
        min_size=2,
        max_size=15,
    ).filter(lambda rows: any(row[3] for row in rows))
)
def test_weights_are_copies_and_sides_do_not_matter(rows: list[tuple[int, int, float, int]]) -> None:
    a, b, y, w = (np.array(column, float) for column in zip(*rows, strict=True))
    value = fit_temperature(a, b, y, w).slope
    copies = [np.repeat(column, w.astype(int)) for column in (a, b, y)]
    assert value == pytest.approx(fit_temperature(*copies).slope, rel=1e-6, abs=1e-9)
    assert value == pytest.approx(fit_temperature(b, a, 1 - y, w).slope, rel=1e-6, abs=1e-9)


def davidson_loss(theta: np.ndarray, a: np.ndarray, b: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    slope, nu = theta[0], math.exp(theta[1])
    first, second = np.exp(slope * (a - b) / 2), np.exp(-slope * (a - b) / 2)
    chance = np.select([y == 1, y == 0], [first, second], nu) / (first + second + nu)
    unit = math.sqrt(float(np.average((a - b) ** 2, weights=w)))
    at_zero = nu / (2 + nu)
    return float(-w @ np.log(chance)) + log_f(slope * unit, 1) - 0.5 * math.log(at_zero * (1 - at_zero))


def test_davidson_is_the_joint_maximum() -> None:
    a, b, y, w = drawn(60)
    y[np.abs(a - b) < 1] = 0.5
    made = fit_davidson(a, b, y, w)
    best = minimize(
        davidson_loss, [0.5, 0.0], (a, b, y, w), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    assert made.slope == pytest.approx(best.x[0], rel=1e-5)
    assert made.nu == pytest.approx(math.exp(best.x[1]), rel=1e-5)


def test_davidson_is_recovered_and_its_chances_are_one() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 1, (2, 40_000))
    first, second, tie = np.exp((a - b) * 0.6), np.exp(-(a - b) * 0.6), np.full(a.size, 0.8)
    u = rng.random(a.size) * (first + second + tie)
    y = np.select([u < first, u < first + second], [1.0, 0.0], 0.5)
    made = fit_davidson(a, b, y)
    assert made.slope == pytest.approx(1.2, abs=0.04)
    assert made.nu == pytest.approx(0.8, abs=0.03)
    p_a, p_b, p_tie = made.probabilities([1.0, 1e4, math.nan, 0.0], [0.0, 0.0, 1.0, 0.0])
    np.testing.assert_allclose((p_a + p_b + p_tie)[[0, 1, 3]], 1, atol=1e-15)
    assert np.isnan([p_a[2], p_b[2], p_tie[2]]).all()
    # Where there is no tie, the logit is the difference of the utilities.
    assert logit(p_a[0] / (p_a[0] + p_b[0])) == pytest.approx(made.slope)
    assert p_tie[3] == pytest.approx(made.nu / (2 + made.nu))


@pytest.mark.parametrize("label", [0.5, 1.0])
def test_davidson_with_ties_alone_or_without_any(label: float) -> None:
    made = fit_davidson([2, 3, 4], [0, 1, 1], [label] * 3)
    assert 0 < made.nu < 100
    assert math.isfinite(made.slope)
    assert (made.slope == 0) == (label == 0.5)


def test_length_aware_is_scikit_learns_with_the_prior_as_rows() -> None:
    a, b, y, w = drawn(300)
    rng = np.random.default_rng(2)
    length_a, length_b = rng.integers(0, 400, (2, a.size))
    made = fit_length_aware(a, b, y, length_a, length_b, w, prior=2)
    z = np.log1p(length_a) - np.log1p(length_b)
    units = [math.sqrt(float(np.average(column**2, weights=w))) for column in (a - b, z)]
    design = np.column_stack([(a - b) / units[0], z / units[1]])
    design = np.concatenate([design, np.eye(2), np.eye(2)])
    labels, weights = np.concatenate([y, [1, 1, 0, 0]]), np.concatenate([w, np.ones(4)])
    peer = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
    peer.fit(design, labels, sample_weight=weights)
    assert made.slope == pytest.approx(peer.coef_[0, 0] / units[0], rel=1e-6)
    assert made.gamma == pytest.approx(peer.coef_[0, 1], rel=1e-6)
    difference = made(a, length=length_a) - made(b, length=length_b)
    np.testing.assert_allclose(difference, peer.decision_function(design[: a.size]), rtol=1e-6, atol=1e-6)


def test_length_bias_is_taken_up() -> None:
    rng = np.random.default_rng(4)
    quality_a, quality_b = rng.normal(0, 1, (2, 20_000))
    length_a, length_b = rng.integers(1, 1000, (2, 20_000))
    longer = np.log1p(length_a) - np.log1p(length_b)
    y = (rng.random(20_000) < expit(quality_a - quality_b)).astype(float)
    # The scorer likes length, people do not.
    made = fit_length_aware(quality_a + np.log1p(length_a), quality_b + np.log1p(length_b), y, length_a, length_b)
    assert made.slope == pytest.approx(1.0, abs=0.05)
    assert made.gamma / math.sqrt(float(np.mean(longer**2))) == pytest.approx(-1.0, abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [0, 0], [1, 2]), r"label must lie in \[0, 1\]"),
        (([1, math.inf], [0, 0], [1, 0]), "score_a must be finite or NaN; row 1"),
        (([1, 2], [0, 0], [1, 0], [1, -1]), "row 1 has -1"),
        (([1, 2], [0], [1, 0]), "score_a and score_b"),
        (([math.nan], [0], [1]), "nothing to fit"),
        (([1e308], [-1e308], [1]), "overflows"),
    ],
)
def test_bad_rows_are_named(arguments: tuple[object, ...], message: str) -> None:
    for fit in (fit_temperature, fit_davidson):
        with pytest.raises(ValueError, match=message):
            fit(*arguments)


def test_bad_options_are_named() -> None:
    with pytest.raises(ValueError, match="prior must be a finite number from 0 up"):
        fit_temperature([1], [0], [1], prior=-1)
    with pytest.raises(ValueError, match="prior must be a finite number above 0"):
        fit_davidson([1], [0], [1], prior=0)
    with pytest.raises(ValueError, match=r"0, 0.5 \(a tie\) or 1"):
        fit_davidson([1], [0], [0.3])
    with pytest.raises(ValueError, match="lengths must be finite and at least 0"):
        fit_length_aware([1], [0], [1], [-1], [3])
