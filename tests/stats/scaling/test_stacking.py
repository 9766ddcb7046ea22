"""Combinations of scorers: parity with other solvers, closed forms, what missing scores do."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import minimize, nnls

from rewardmeter.stats.scaling import (
    LowerBound,
    Stack,
    fit_platt,
    fit_stack,
    fit_stack_pairs,
    fit_temperature,
    stack_from_dict,
)
from rewardmeter.stats.scaling.stack_moments import filled_in, moments


def made(n=600, m=4, seed=0, weights=(1.0, 0.6, 0.0, -0.4), noise=1.0, share=0.5):
    """Correlated scores of quite different units, and ratings that some of them explain."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 1))
    z = np.sqrt(share) * common + np.sqrt(1 - share) * rng.normal(size=(n, m))
    y = 3 + z @ np.array(weights[:m]) + noise * rng.normal(size=n)
    return z * 10.0 ** np.arange(m) + 7, y, np.arange(n) // 3


def standard(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def quadratic(penalty, m=4):
    """The penalty per row: squared distances from the mean weight, and a little of the squares."""
    return penalty * (np.eye(m) - 1 / m) + 1e-5 * np.eye(m)


@pytest.mark.parametrize("penalty", [0.0, 0.01, 1.0, 1e4])
def test_ratings_are_least_squares_of_scipy_and_scikit_learn_with_rows_for_the_penalty(penalty):
    LinearRegression = pytest.importorskip("sklearn.linear_model").LinearRegression

    x, y, item = made()
    found = fit_stack(x, y, item, penalties=[penalty])
    z, n = standard(x), len(y)
    design = np.concatenate([z, np.linalg.cholesky(n * quadratic(penalty)).T])
    truth = np.concatenate([y - y.mean(), np.zeros(4)])
    weights, _ = nnls(design, truth)
    theirs = LinearRegression(positive=True, fit_intercept=False).fit(design, truth).coef_
    assert np.allclose(found.weights, weights, rtol=0, atol=1e-6)
    assert np.allclose(found.weights, theirs, rtol=0, atol=1e-6)
    assert found.intercept == pytest.approx(y.mean(), abs=1e-9)
    assert np.allclose(found(x), y.mean() + z @ weights, rtol=0, atol=1e-5)
    if penalty == 0:
        assert found.weights[3] == 0, "a scorer that points the wrong way"
    if penalty == 1e4:
        slope = (z.sum(axis=1) @ (y - y.mean())) / np.sum(z.sum(axis=1) ** 2)
        assert np.allclose(found.weights, slope, rtol=1e-3), "the plain mean is the limit"


@pytest.mark.parametrize("target", ["probability", "utility"])
def test_logits_are_the_minimum_that_a_general_solver_finds(target):
    x, y, item = made()
    rng = np.random.default_rng(1)
    if target == "probability":
        won = (rng.random(y.size) < 1 / (1 + np.exp(3 - y))).astype(float)
        found = fit_stack(x, won, item, target="probability", penalties=[0.01])
        z = np.column_stack([np.ones(y.size), standard(x)])
        ones = won.sum()
        won = won * (ones + 1) / (ones + 2) + (1 - won) / (y.size - ones + 2)  # Platt's targets
    else:
        a, b = x[::2], x[1::2]
        won = (rng.random(len(a)) < 1 / (1 + np.exp(y[1::2] - y[::2]))).astype(float)
        found = fit_stack_pairs(a, b, won, penalties=[0.01])
        z = (a - b) / np.sqrt(np.mean((a - b) ** 2, axis=0))
        z, won = np.vstack([z, np.ones(4)]), np.append(won, 0.5)  # one more pair, undecided, at 1 of every score
    free = z.shape[1] - 4

    def loss(theta):
        eta = z @ theta
        return np.mean(np.logaddexp(0, eta) - won * eta) + theta[free:] @ quadratic(0.01) @ theta[free:] / 2

    bounds = [(None, None)] * free + [(0, None)] * 4
    best = minimize(
        loss, np.zeros(z.shape[1]), bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10}
    )
    mine = np.append(found.intercept, found.weights) if free else found.weights
    assert loss(mine) <= best.fun + 1e-10
    assert np.allclose(mine, best.x, rtol=0, atol=2e-4)


def test_where_scores_part_the_labels_the_value_is_that_of_one_scorer_and_the_bound_knows_little():
    """Six cases: Platt's targets allow 4/5 at most on one side; all temperatures of one more pair agree."""
    x = np.array([-2.5, -2.2, -2.1, 2.1, 2.4, 2.6])
    twice = np.column_stack([x, x + np.array([0.1, -0.2, 0.1, 0.0, 0.2, -0.1])])
    won = (x > 0).astype(float)
    stack = fit_stack(twice, won, target="probability")
    bound = LowerBound(noise=0.0, disagreement=0.0, levels=np.empty(0), reaches=np.empty(0))
    ask = np.array([[2.5, 2.5]])
    assert stack(ask) == pytest.approx(fit_platt(x, won)(np.array([2.5])), abs=0.01)
    assert bound(stack, ask, 0.95) < 0.5
    pairs = fit_stack_pairs(twice, np.zeros_like(twice), won)
    assert pairs(ask) == pytest.approx(fit_temperature(x, np.zeros(6), won)(np.array([2.5])), rel=0.02)
    assert bound(pairs, ask, 0.95) < 0.3 * pairs(ask)


def test_the_covariance_is_at_least_the_inverse_information():
    """With nothing but chance the jackknife has it right; the floor must not move it by much."""
    x, y, item = made()
    won = (np.random.default_rng(1).random(y.size) < 1 / (1 + np.exp(3 - y))).astype(float)
    found = fit_stack(x, won, item, target="probability", penalties=[0.01])
    kept = np.append(True, found.weights > 0)
    z = np.column_stack([np.ones(y.size), standard(x)])[:, kept]
    p = found(x)
    n = y.size
    ridge = np.zeros((5, 5))
    ridge[1:, 1:] = n * quadratic(0.01)
    information = z.T @ ((p * (1 - p))[:, None] * z) + ridge[np.ix_(kept, kept)]
    apart = found.covariance[np.ix_(kept, kept)] - np.linalg.inv(information)
    assert np.linalg.eigvalsh(apart).min() > -1e-9
    assert found.covariance[0, 0] < 2 * np.linalg.inv(information)[0, 0]


def test_one_scorer_without_penalty_is_the_line_of_least_squares():
    x, y, item = made(m=1)
    found = fit_stack(x, y, item, penalties=[0.0])
    slope, intercept = np.polyfit(x[:, 0], y, 1)
    assert np.allclose(found(x), intercept + slope * x[:, 0], rtol=0, atol=1e-4), "but for the least ridge"


def test_the_error_of_the_fit_is_the_sandwich_over_items():
    x, y, item = made(m=1)
    found = fit_stack(x, y, item, penalties=[0.0])
    design = np.column_stack([np.ones(y.size), standard(x)])
    pull = np.zeros((item.max() + 1, 2))
    np.add.at(pull, item, (design @ [found.intercept, found.weights[0]] - y)[:, None] * design)
    inverse = np.linalg.inv(design.T @ design)
    moved = pull @ inverse
    expected = np.cov(moved.T) * len(moved)
    assert np.allclose(found.covariance, expected, rtol=1e-4, atol=1e-9)


def test_a_copy_of_every_row_is_a_weight_of_two():
    x, y, item = made(n=90)
    x[::4, 1] = np.nan
    weight = np.where(np.arange(90) < 45, 2.0, 1.0)
    rows = np.concatenate([np.arange(90), np.arange(45)])
    once = fit_stack(x, y, item, weight, penalties=[0.1])
    twice = fit_stack(x[rows], y[rows], item[rows], penalties=[0.1])
    assert np.allclose(once.weights, twice.weights, rtol=0, atol=5e-3), "the prior of the moments is a mean row"


def test_the_value_never_falls_where_a_score_rises_whatever_is_missing():
    rng = np.random.default_rng(3)
    x, y, item = made(share=0.2)
    for bent in (False, True):
        found = fit_stack(x, y, item, bent=bent)
        probe = x[:50].copy()
        probe[rng.random(probe.shape) < 0.4] = np.nan
        for k in range(4):
            higher = probe.copy()
            higher[:, k] += 10.0**k
            there = ~np.isnan(found(probe))
            assert (found(higher)[there] >= found(probe)[there] - 1e-12).all()


def test_what_is_missing_is_predicted_from_the_others():
    """Of two scorers with correlation r, weights (u, v): without the second the weight of the first is u + r v."""
    found = Stack(
        target="rating",
        intercept=1.0,
        weights=np.array([0.5, 2.0]),
        centre=np.array([10.0, 0.0]),
        scale=np.array([2.0, 1.0]),
        moments=np.array([[1.0, 0.6], [0.6, 1.0]]),
        covariance=np.zeros((3, 3)),
        penalty=0.0,
    )
    assert found([12.0, 3.0]) == pytest.approx(1 + 0.5 + 6)
    assert found([12.0, np.nan]) == pytest.approx(1 + 0.5 + 0.6 * 2)
    assert found([np.nan, 3.0]) == pytest.approx(1 + 3 * (2 + 0.6 * 0.5))
    assert np.isnan(found([np.nan, np.nan]))
    variance, _ = found.doubt([[12.0, 3.0], [12.0, np.nan], [np.nan, 3.0], [np.nan, np.nan]])
    assert variance[:3] == pytest.approx([0.0, 4 * (1 - 0.36), 0.25 * (1 - 0.36)])
    assert np.isnan(variance[3])


def test_scores_missing_at_random_given_the_others_leave_the_fit_where_it_is():
    x, y, item = made(n=6000, weights=(1.0, 0.6, 0.0, 0.3))
    whole = fit_stack(x, y, item, penalties=[1e-4])
    rng = np.random.default_rng(5)
    holed = x.copy()
    holed[(x[:, 0] > 7) & (rng.random(len(x)) < 0.7), 1] = np.nan  # missing more often where the first is high
    found = fit_stack(holed, y, item, penalties=[1e-4])
    assert np.allclose(found.weights, whole.weights, rtol=0, atol=0.06)
    assert found.centre[1] == pytest.approx(x[:, 1].mean(), abs=0.05 * x[:, 1].std())
    assert np.mean(found(holed) - y) == pytest.approx(0, abs=0.03)
    kept = np.isnan(holed[:, 1])
    assert np.mean(found(holed)[kept] - y[kept]) == pytest.approx(0, abs=0.06), "nor where the score is missing"


def test_moments_by_em_are_those_of_a_monotone_pattern_in_closed_form():
    """Where only the second column has holes, its moments follow from the regression on the first (Anderson 1957)."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(4000, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    x[x[:, 0] > 0.5, 1] = np.nan
    there = ~np.isnan(x[:, 1])
    slope, intercept = np.polyfit(x[there, 0], x[there, 1], 1)
    mean, covariance = moments(x, np.ones(4000), about_zero=False)
    assert mean[1] == pytest.approx(intercept + slope * x[:, 0].mean(), abs=1e-3)
    assert covariance[0, 1] / covariance[0, 0] == pytest.approx(slope, abs=2e-3)
    filled = filled_in(x, mean, covariance)
    assert np.allclose(filled[~there, 1], intercept + slope * x[~there, 0], rtol=0, atol=5e-3)


def test_splines_see_what_a_line_cannot():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(900, 2))
    y = np.where(x[:, 0] > 0, 3.0, 0.0) + np.where(x[:, 1] > 1, 3.0, 0.0) + 0.3 * rng.normal(size=900)
    fresh = rng.normal(size=(900, 2))
    truth = np.where(fresh[:, 0] > 0, 3.0, 0.0) + np.where(fresh[:, 1] > 1, 3.0, 0.0)
    line, bent = (fit_stack(x, y, bent=bent)(fresh) for bent in (False, True))
    assert np.mean((bent - truth) ** 2) < 0.3 * np.mean((line - truth) ** 2)


def test_a_spline_that_found_nothing_is_not_blown_up():
    x, y, item = made(n=300, weights=(1.0, 0.0, 0.0, 0.0), share=0.0)
    x[:, 1] = -y + np.random.default_rng(0).normal(size=300)  # can only be flat
    assert fit_stack(x, y, item, bent=True).weights[1] == 0


@pytest.mark.parametrize("bent", [False, True])
@pytest.mark.parametrize("kind", ["constant", "missing", "huge", "tiny", "copy"])
def test_columns_of_all_kinds(kind, bent):
    x, y, item = made(n=60)
    x[:, 1] = {"constant": 5.0, "missing": np.nan, "huge": 1e150 * y, "tiny": 1e-200 * y, "copy": x[:, 0]}[kind]
    for found, values in (
        (fit_stack(x, y, item, bent=bent), lambda one: one(x)),
        (fit_stack_pairs(x[::2], x[1::2], (y[::2] > y[1::2]) * 1.0, bent=bent), lambda one: one(x)),
    ):
        assert np.isfinite(values(found)).all()
        if kind in ("constant", "missing"):
            assert found.weights[1] == 0
        assert np.isfinite(stack_from_dict(json.loads(json.dumps(found.to_dict())))(x)).all()


def test_five_rows_and_perfect_separation():
    x, y, _ = made(n=5)
    assert np.isfinite(fit_stack(x, y).weights).all()
    apart = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    assert np.isfinite(fit_stack(np.column_stack([apart, x]), apart, target="probability").weights).all()
    assert np.isfinite(fit_stack(x, np.ones(5), target="probability").intercept)


def test_a_record_makes_the_same_combination_and_a_wrong_one_is_named():
    x, y, item = made()
    for bent in (False, True):
        found = fit_stack(x, y, item, bent=bent)
        record = json.loads(json.dumps(found.to_dict()))
        assert np.array_equal(stack_from_dict(record)(x), found(x))
    for change, words in [
        ({"kind": "map"}, "kind 'stack'"),
        ({"weights": [1.0]}, "shape"),
        ({"weights": [-1.0, 0, 0, 0]}, "at least 0"),
        ({"scale": [0.0, 1, 1, 1]}, "positive"),
        ({"intercept": "1"}, "finite number"),
        ({"moments": [[1.0], [1.0, 2.0]]}, "one length"),
        ({"target": "magic"}, "must be one of"),
        ({"more": 1}, "not known"),
        ({"maps": [1]}, "mapping"),
        ({"penalty": -1}, "penalty"),
    ]:
        with pytest.raises(ValueError, match=words):
            stack_from_dict(record | change)
    del record["centre"]
    with pytest.raises(ValueError, match="no field 'centre'"):
        stack_from_dict(record)


def test_scorers_without_weight_can_be_left_out():
    x, y, item = made()
    found = fit_stack(x, y, item)
    kept = np.flatnonzero(found.weights > 0)
    assert 3 not in kept
    assert np.allclose(found.kept(kept)(x[:, kept]), found(x), rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="cannot be left out"):
        found.kept([3])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y, i: (x[:, 0], y, i), "scorers"),
        (lambda x, y, i: (x, y[:-1], i), "rows"),
        (lambda x, y, i: (np.where(x > 7, np.inf, x), y, i), "finite"),
        (lambda x, y, i: (x, y * np.nan, i), "nothing to fit"),
        (lambda x, y, i: (x * np.nan, y, i), "nothing to fit"),
        (lambda x, y, i: (x, y, i * 0), "one item"),
    ],
)
def test_rows_that_cannot_be_fitted(change, words):
    with pytest.raises(ValueError, match=words):
        fit_stack(*change(*made(n=30)))
    with pytest.raises(ValueError, match="penalties"):
        fit_stack(*made(n=30), penalties=[])
    with pytest.raises(ValueError, match="lie in"):
        fit_stack(*made(n=30), target="probability")
