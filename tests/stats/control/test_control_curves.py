"""Natural cubic splines against SciPy, the truncated power basis and their own definition."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.interpolate import CubicSpline

from rewardmeter.stats.control import CovariateCurve, count_like
from rewardmeter.stats.control.curve import curve_from_dict, knots_at, roughness, spline_basis

KNOTS = np.array([-1.0, 0.5, 0.75, 2.0, 5.0])


def test_the_basis_is_the_natural_spline_of_scipy():
    x = np.linspace(-1, 5, 301)
    for size in (2, 3, 5):
        expected = CubicSpline(KNOTS[:size], np.eye(size), bc_type="natural")(np.clip(x, None, KNOTS[size - 1]))
        assert np.allclose(spline_basis(x, KNOTS[:size]), expected, rtol=0, atol=1e-12)


def test_the_basis_spans_the_truncated_power_basis():
    """Hastie, Tibshirani and Friedman (2009), eq. 5.4 and 5.5: 1, x and K - 2 differences of truncated cubes."""
    x = np.linspace(-1, 5, 200)

    def d(k):
        cubes = np.maximum(x - KNOTS[k], 0) ** 3 - np.maximum(x - KNOTS[-1], 0) ** 3
        return cubes / (KNOTS[-1] - KNOTS[k])

    power = np.stack([np.ones_like(x), x, *(d(k) - d(3) for k in range(3))], axis=1)
    basis = spline_basis(x, KNOTS)
    again = basis @ np.linalg.lstsq(basis, power, rcond=None)[0]
    assert np.allclose(again, power, rtol=0, atol=1e-9 * np.abs(power).max())
    assert np.linalg.matrix_rank(basis) == 5


def test_the_second_derivative_is_0_at_the_ends_and_the_curve_constant_beyond():
    values = np.array([1.0, -2.0, 0.5, 3.0, 1.0])
    h = 1e-4

    def bend(x):
        return (np.array([1.0, -2.0, 1.0]) @ spline_basis(np.array([x - h, x, x + h]), KNOTS) @ values) / h**2

    assert abs(bend(-1 + 2 * h)) < 0.1  # third derivative times the way from the end
    assert abs(bend(5 - 2 * h)) < 0.1
    assert abs(bend(1.0)) > 1
    curve = CovariateCurve(False, KNOTS, values)
    assert curve([-100.0, -1.0, 5.0, 1e300]).tolist() == [1.0, 1.0, 1.0, 1.0]
    assert curve.outside(np.array([-1.1, -1.0, 5.0, 5.1])).tolist() == [True, False, False, True]


def test_roughness_is_the_integral_of_the_squared_second_derivative():
    values = np.array([1.0, -2.0, 0.5, 3.0, 1.0])
    second = CubicSpline(KNOTS, values, bc_type="natural").derivative(2)
    expected = sum(quad(lambda x: second(x) ** 2, a, b)[0] for a, b in pairwise(KNOTS))
    assert values @ roughness(KNOTS) @ values == pytest.approx(expected, rel=1e-9)
    assert np.allclose(roughness(KNOTS) @ np.stack([np.ones(5), KNOTS]).T, 0, atol=1e-12), "lines do not bend"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.integers(1, 6))
def test_knots_increase_and_reach_both_ends(values, degrees):
    x = np.array(values)
    knots = knots_at(x, degrees)
    assert (np.diff(knots) > 0).all()
    assert knots[0] == x.min()
    assert knots[-1] == x.max()
    assert knots.size <= degrees + 1
    assert np.allclose(spline_basis(x, knots).sum(axis=1), 1, rtol=0, atol=1e-9)


def test_counts_go_by_their_logarithm_and_ratios_do_not():
    assert count_like([0.0, 3.0, np.nan])
    assert not count_like([0.0, 1.0])
    assert not count_like([0.5, 3.0])
    assert not count_like([-1.0, 3.0])
    assert not count_like([np.nan])
    curve = CovariateCurve(True, np.log1p([1.0, 3.0]), np.array([0.0, 1.0]))
    assert curve([1.0, 3.0, np.sqrt(2 * 4) - 1]).tolist() == pytest.approx([0, 1, 0.5])
    assert curve(-7.0) == 0.0, "below every count is below the range"


def test_a_nan_stays_and_a_record_comes_back():
    curve = CovariateCurve(True, KNOTS, np.arange(5.0))
    assert np.isnan(curve([np.nan, 2.0])).tolist() == [True, False]
    again = curve_from_dict("curve", curve.to_dict())
    assert again.to_dict() == curve.to_dict()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"knots": [1.0, 1.0]}, "knots must increase"),
        ({"knots": [1.0]}, "each has one value"),
        ({"knots": [], "values": []}, "at least one"),
        ({"logarithmic": 1}, "true or false"),
        ({"values": ["1", 2.0]}, r"curve.values\[0\] must be a finite"),
        ({"more": 1}, "'more' that is not known"),
    ],
)
def test_a_wrong_record_says_what_is_wrong(change, words):
    record = CovariateCurve(False, np.array([0.0, 1.0]), np.zeros(2)).to_dict() | change
    with pytest.raises(ValueError, match=words):
        curve_from_dict("curve", record)
