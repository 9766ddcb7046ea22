"""Clustered least squares against a plain loop that leaves each item out, and against the closed form of a mean."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.clustered_regression import clustered_least_squares


def slow(y, x, item):
    """Every item left out in turn, each time with NumPy's own least squares."""
    keep = np.isfinite(y) & np.all(np.isfinite(x), axis=1)
    y, x, item = y[keep], x[keep], item[keep]
    whole = np.linalg.lstsq(x, y, rcond=None)[0]
    names = np.unique(item)
    without = np.array([np.linalg.lstsq(x[item != one], y[item != one], rcond=None)[0] for one in names])
    g = len(names)
    return whole, (without - whole).T @ (without - whole) * (g - 1) / g


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(6, 15), st.integers(1, 3))
def test_as_leaving_each_item_out(seed, items, columns):
    rng = np.random.default_rng(seed)
    item = rng.permutation(np.repeat(np.arange(items), rng.integers(2, 5, items)))
    x, unit = rng.normal(size=(len(item), columns)), 10.0 ** rng.integers(-6, 6, columns)
    y = rng.normal(size=(2, len(item)))
    y[1, 0] = np.nan
    for row, fit in zip(y, clustered_least_squares(y, x * unit, item), strict=True):
        coefficients, covariance = slow(row, x, item)
        np.testing.assert_allclose(fit.coefficients, coefficients / unit, rtol=1e-9)
        np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), np.sqrt(np.diag(covariance)) / unit, rtol=1e-9)


def test_of_a_mean_it_is_the_t_test():
    stats = pytest.importorskip("scipy.stats")
    y = np.random.default_rng(0).normal(0.3, 1, 40)
    fit = clustered_least_squares(y[None], np.ones((40, 1)), np.arange(40))[0]
    known = stats.ttest_1samp(y, 0)
    assert fit.p(0) == pytest.approx(known.pvalue, rel=1e-9)
    low, high = known.confidence_interval(0.9)
    made = fit.estimate(0, level=0.9)
    assert (made.low, made.high, made.n) == (pytest.approx(low), pytest.approx(high), 40)


def test_undefined_is_not_a_number():
    ones = np.ones((5, 1))
    empty = clustered_least_squares(np.full((1, 5), np.nan), ones, np.arange(5))[0]
    assert np.isnan(empty.coefficients[0])
    assert empty.n == 0
    assert math.isnan(empty.p(0))
    one_item = clustered_least_squares(np.ones((1, 5)), ones, np.zeros(5, dtype=int))[0]
    assert one_item.coefficients[0] == pytest.approx(1)
    assert math.isnan(one_item.p(0))
    assert math.isnan(one_item.estimate(0).low)
    twins = clustered_least_squares(np.arange(5.0)[None], np.ones((5, 2)), np.arange(5))[0]
    assert np.all(np.isnan(twins.coefficients))


def test_a_column_that_one_item_carries_has_no_error():
    x = np.array([[1.0, 1.0], [1, 0], [1, 0], [1, 0]])
    fit = clustered_least_squares(np.array([[3.0, 1, 2, 1]]), x, np.arange(4))[0]
    assert fit.coefficients[1] == pytest.approx(3 - 4 / 3)
    assert math.isnan(fit.p(1))


def test_the_unit_scales_the_interval():
    y = np.random.default_rng(1).normal(size=(1, 20))
    fit = clustered_least_squares(y, np.ones((20, 1)), np.arange(20))[0]
    plain, turned = fit.estimate(0), fit.estimate(0, unit=-2)
    assert turned.value == pytest.approx(-2 * plain.value)
    assert turned.low == pytest.approx(-2 * plain.high)
    assert turned.high == pytest.approx(-2 * plain.low)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="do not fit"):
        clustered_least_squares(np.ones((1, 3)), np.ones((2, 1)), np.arange(3))


def slow_freedom(x, item):
    """From the covariance, items by items, of what each item's absence does to a coefficient."""
    names, whole = np.unique(item), np.linalg.inv(x.T @ x)
    moves = []
    for one in names:
        of = item == one
        absent = np.linalg.inv(x[~of].T @ x[~of])
        move = absent @ np.where(of, 0.0, x.T) - whole @ x.T
        moves.append(move)
    moves = np.array(moves)
    shared = np.einsum("gqu,hqu->qgh", moves, moves)
    return np.array([np.trace(one) ** 2 / np.sum(one**2) for one in shared])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(6, 15), st.integers(1, 3))
def test_degrees_of_freedom_as_from_the_covariance_written_out(seed, items, columns):
    rng = np.random.default_rng(seed)
    item = rng.permutation(np.repeat(np.arange(items), rng.integers(2, 5, items)))
    x = rng.standard_t(2, size=(len(item), columns))
    fit = clustered_least_squares(rng.normal(size=(1, len(item))), x, item)[0]
    np.testing.assert_allclose(fit.freedom, np.clip(slow_freedom(x, item), 1, items - 1), rtol=1e-6)


def test_degrees_of_freedom_of_a_mean_and_of_a_column_that_few_items_have():
    y, ones = np.random.default_rng(0).normal(size=(1, 50)), np.ones((50, 1))
    assert clustered_least_squares(y, ones, np.arange(50))[0].freedom[0] == pytest.approx(49)
    few = (np.arange(50) < 3).astype(float)[:, None]
    assert clustered_least_squares(y, few, np.arange(50))[0].freedom[0] == pytest.approx(2)


def test_a_column_that_few_items_have_is_not_found_too_often():
    """In 3 of 100 items: with G - 1 degrees of freedom 13 of 100 null coefficients would be significant."""
    rng = np.random.default_rng(5)
    x = np.column_stack([rng.choice([-1.0, 1.0], 100), np.arange(100) < 3])
    fits = clustered_least_squares(rng.normal(size=(2000, 100)), x, np.arange(100))
    assert np.mean([fit.p(1) < 0.05 for fit in fits]) < 0.06
    from scipy.special import stdtr

    t = [fit.coefficients[1] / np.sqrt(fit.covariance[1, 1]) for fit in fits]
    assert np.mean(2 * stdtr(99, -np.abs(t)) < 0.05) > 0.10


def test_a_response_that_the_columns_explain_entirely_has_no_error():
    """The one that is there is as sure as that many items that agree; the one that is not is not found by rounding."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        x = np.column_stack([rng.choice([-1.0, 1.0], 60), rng.normal(size=60)])
        fit = clustered_least_squares(x[None, :, 0] * 0.1 + 0.7 - 0.7, x, np.arange(60))[0]
        assert (fit.p(0) < 1e-9, fit.p(1)) == (True, 1.0)
    few = np.zeros((60, 1))
    few[:3] = 1.0
    fit = clustered_least_squares(np.where(few[:, 0] > 0, 2.0, 0.0)[None], few, np.arange(60))[0]
    assert fit.p(0) == pytest.approx(0.25)


@pytest.mark.parametrize("unit", [1e-300, 1e-170, 1e160, 1e300])
def test_the_unit_of_the_response_changes_no_test(unit):
    """Squares of the moves vanish below 1e-154 and overflow above 1e154."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 1)), rng.normal(size=40)
    with np.errstate(all="raise"):
        one, other = clustered_least_squares(np.stack([y, y * unit]), x, np.arange(40))
    assert other.p(0) == pytest.approx(one.p(0), rel=1e-9)
    found, wanted = other.estimate(0, unit=1 / unit), one.estimate(0)
    assert (found.value, found.low, found.high) == pytest.approx((wanted.value, wanted.low, wanted.high), rel=1e-9)
