"""The grouped jackknife against closed forms, and the interval of draws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardmeter.stats.humans.uncertainty import grouped_jackknife, percentile_ends


def left_out_means(values):
    return (values.sum() - values) / (values.size - 1)


def test_of_a_mean_it_is_the_t_interval(rng):
    """With one item per group the jackknife error of a mean is s / sqrt(n) exactly."""
    values = rng.normal(size=15)
    found = grouped_jackknife(values.mean(), left_out_means(values))
    reach = 2.1447866879169273 * values.std(ddof=1) / math.sqrt(15)  # scipy.stats.t.ppf(0.975, 14)
    assert found == pytest.approx((values.mean() - reach, values.mean() + reach), abs=1e-12)


def test_bounds_are_kept():
    low, high = grouped_jackknife(0.98, np.array([0.9, 1.0, 0.99, 0.97]), bounds=(0.0, 1.0))
    assert 0 < low < 0.98 < high < 1
    assert grouped_jackknife(1.0, np.ones(4), bounds=(0.0, 1.0)) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("value", "without"), [(math.nan, [1.0, 2.0]), (1.0, [1.0]), (1.0, [1.0, math.nan]), (1.0, [])]
)
def test_undefined(value, without):
    assert all(math.isnan(end) for end in grouped_jackknife(value, np.array(without)))


def test_draws_give_their_quantiles():
    low, high, method = percentile_ends(np.arange(101.0), 0.9)
    assert (low, high) == pytest.approx((5.0, 95.0))
    assert method == "bootstrap over items, percentile, 101 resamples"
    assert math.isnan(percentile_ends(None, 0.9)[0])
