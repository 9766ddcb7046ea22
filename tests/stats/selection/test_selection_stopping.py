"""What more labels would gain, against simulation, and the rule."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.scaling import fit_linear, fit_temperature
from rewardmeter.stats.selection import Standing, excess_loss, left_to_gain, should_stop


def test_divergences_by_hand():
    assert excess_loss([1.0, 2.0], [[1.5, 2.0], [1.0, 3.0]], "squares").value == pytest.approx((0.125 + 0.5) / 2)
    p, q = 0.7, 0.4
    kl = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    assert excess_loss([p], [[q]], "probability").value == pytest.approx(kl)
    logit = math.log(p / (1 - p)), math.log(q / (1 - q))
    assert excess_loss([logit[0]], [[logit[1]]], "logit").value == pytest.approx(kl)
    assert excess_loss([800.0], [[-800.0]], "logit").value == pytest.approx(800), "log 1 / q"


def test_rows_and_refits_without_values_do_not_count():
    found = excess_loss([1.0, np.nan], [[2.0, np.nan], [np.nan, np.nan]], "squares")
    assert (found.value, found.n) == (1.0, 1)
    assert not excess_loss([1.0], [[np.nan], [np.nan], [2.0]], "squares").defined
    assert not excess_loss([np.nan], [[np.nan]], "squares").defined


def test_the_forecast_of_a_line_is_right_in_the_mean():
    """Least squares with two parameters loses 2 sigma^2 / n above the best line, at the points of the pool."""
    rng = np.random.default_rng(0)
    pool = rng.normal(size=2000)
    forecast, truth, covered = [], [], []
    for _ in range(150):
        x = rng.choice(pool, 40, replace=False)
        y = x + rng.normal(size=40)
        made = fit_linear(x, y)
        again = [fit_linear(x, y, counts)(pool) for counts in item_weights(40, 60, rng)]
        found = excess_loss(made(pool), again, "squares")
        forecast.append(found.value)
        truth.append(np.mean((made(pool) - pool) ** 2))
        covered.append(truth[-1] <= found.high)
    assert np.mean(truth) == pytest.approx(2 / 40, rel=0.25)
    assert np.mean(forecast) == pytest.approx(np.mean(truth), rel=0.25)
    assert np.mean(covered) > 0.85


def test_the_forecast_of_a_temperature_is_right_in_the_mean():
    """Wilks: one parameter loses 1 / (2 n) nats above the best temperature."""
    rng = np.random.default_rng(1)
    pool = rng.normal(size=1000)
    forecast = []
    for _ in range(60):
        margin = rng.choice(pool, 200, replace=False)
        label = (rng.random(200) < 1 / (1 + np.exp(-margin))).astype(float)
        zero = np.zeros(200)
        slope = fit_temperature(margin, zero, label).slope
        again = [fit_temperature(margin, zero, label, counts).slope * pool for counts in item_weights(200, 40, rng)]
        forecast.append(excess_loss(slope * pool, again, "logit").value)
    assert np.mean(forecast) == pytest.approx(1 / 400, rel=0.25)


def test_what_is_left_to_gain():
    assert left_to_gain(0.1, 50, 0) == 0
    assert left_to_gain(0.1, 50, 50) == pytest.approx(0.05)
    assert left_to_gain(0.1, 0, 10) == pytest.approx(0.1)


def test_the_rule():
    quiet, loud = Standing(0.01, 50, 50), Standing(0.1, 50, 50)
    assert should_stop([quiet, quiet], 0.01).stop
    assert not should_stop([loud, quiet], 0.01).stop
    assert not should_stop([quiet, loud], 0.01).stop
    assert not should_stop([quiet], 0.01).stop
    assert should_stop([quiet], 0.01, quiet=1).stop
    assert not should_stop([], 0.01).stop
    assert should_stop([Standing(math.nan, 3, 0)], 0.01).stop, "nothing is left to ask"
    assert not should_stop([Standing(math.nan, 50, 50)] * 2, 0.01).stop, "what is not known is not small"
    assert "fewer than 10" in should_stop([Standing(0.0, 9, 50)] * 2, 0.01).reason
    assert should_stop([quiet, loud], 0.01).reason.startswith("more labels could gain up to 0.05")
    assert should_stop([loud, quiet], 0.01).reason.startswith("1 round ago more labels")
    for wrong in ({"tolerance": 0}, {"tolerance": 0.1, "quiet": 0}):
        with pytest.raises(ValueError):
            should_stop([quiet], **wrong)
