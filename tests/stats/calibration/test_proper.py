"""Log-loss, Brier score, its decomposition and sharpness against scikit-learn, brute force and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from simulated import item_error, pairs

from rewardmeter.stats.calibration import (
    brier_decomposition_estimates,
    brier_estimates,
    logit_losses,
    nll_estimates,
    sharpness_estimates,
)
from rewardmeter.stats.resampling import item_weights

metrics = pytest.importorskip("sklearn.metrics")
isotonic = pytest.importorskip("sklearn.isotonic")

rows = st.lists(
    st.tuples(st.integers(-6, 6).map(lambda k: k / 2), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.integers(0, 3)),
    min_size=1,
    max_size=20,
).filter(lambda made: any(w for _, _, w in made))


def test_scores_are_those_of_scikit_learn() -> None:
    margins, label, item = pairs(400, 2)
    p = 1 / (1 + np.exp(-margins[0]))
    weight = np.random.default_rng(2).exponential(1, label.size)
    for unit in (None, weight):
        nll = nll_estimates(margins, label, item, unit_weights=unit)[0]
        brier = brier_estimates(margins, label, item, unit_weights=unit)[0]
        assert nll.value == pytest.approx(metrics.log_loss(label, p, sample_weight=unit), abs=1e-12)
        assert brier.value == pytest.approx(metrics.brier_score_loss(label, p, sample_weight=unit), abs=1e-12)
        assert nll.n == brier.n == 800


@pytest.mark.parametrize(("margin", "label", "loss"), [(800, 1, 0), (800, 0, 800), (-800, 1, 800), (-800, 0, 0)])
def test_great_margins_neither_overflow_nor_clip(margin: float, label: float, loss: float) -> None:
    assert logit_losses(margin, label) == loss
    assert nll_estimates([[margin]], [label], [0])[0].value == loss
    assert brier_estimates([[margin]], [label], [0])[0].value == float(loss > 0)


def test_losses_keep_their_digits() -> None:
    assert logit_losses(40.0, 1.0) == pytest.approx(math.exp(-40), rel=1e-12)
    assert logit_losses(700.0, 1.0) == pytest.approx(math.exp(-700), rel=1e-12)
    assert logit_losses(0.0, 0.3) == pytest.approx(math.log(2))
    assert logit_losses(800.0, 0.5) == 400
    assert np.isnan(logit_losses([math.nan, 1.0], [1.0, math.nan])).all()


def slow_isotonic(x: list[float], y: list[float], w: list[float]) -> np.ndarray:
    """Least squares by the minimax formula: max over a <= x of min over b >= x of the mean over a..b."""
    places = sorted(set(x))

    def mean(a: float, b: float) -> float:
        inside = [k for k in range(len(x)) if a <= x[k] <= b]
        return sum(w[k] * y[k] for k in inside) / sum(w[k] for k in inside)

    fitted = {at: max(min(mean(a, b) for b in places if b >= at) for a in places if a <= at) for at in places}
    return np.array([fitted[at] for at in x])


@given(rows)
def test_decomposition_is_the_definition_and_sums(made: list[tuple[float, float, int]]) -> None:
    kept = [row for row in made if row[2]]
    x, y, w = ([float(v) for v in column] for column in zip(*kept, strict=True))
    c, p = slow_isotonic(x, y, w), 1 / (1 + np.exp(-np.array(x)))
    mean = np.average(y, weights=w)
    stated, refitted, constant = (np.average((np.array(y) - at) ** 2, weights=w) for at in (p, c, mean))
    margins, label, weight = zip(*made, strict=True)
    item = np.arange(len(made))
    found = brier_decomposition_estimates([margins], label, item, unit_weights=weight)
    values = [found[f"calibration.{name}"][0].value for name in ("miscalibration", "discrimination", "uncertainty")]
    assert values == pytest.approx([stated - refitted, constant - refitted, constant], abs=1e-12)
    brier = brier_estimates([margins], label, item, unit_weights=weight)[0].value
    assert brier == pytest.approx(values[0] - values[1] + values[2], abs=1e-14)


def test_the_isotonic_fit_is_scikit_learns() -> None:
    margins, label, item = pairs(2000, 1)
    fitted = isotonic.IsotonicRegression().fit_transform(margins[0], label)
    found = brier_decomposition_estimates(margins, label, item)
    expected = label.var() - np.mean((label - fitted) ** 2)
    assert found["calibration.discrimination"][0].value == pytest.approx(expected, abs=1e-12)


def test_margins_that_round_to_one_probability_are_told_apart() -> None:
    """exp(-50) and exp(-60) are both lost beside 1, yet their order separates the labels."""
    found = brier_decomposition_estimates([[50.0, 60.0]], [0, 1], [0, 1])
    assert found["calibration.discrimination"][0].value == 0.25


def test_constants() -> None:
    half = brier_decomposition_estimates(np.zeros((1, 4)), [0, 1, 1, 0], np.arange(4), weights=np.ones((1, 4)))
    assert [half[f"calibration.{part}"][0].value for part in ("miscalibration", "discrimination", "uncertainty")] == [
        0,
        0,
        0.25,
    ]
    assert brier_estimates(np.zeros((1, 4)), [0, 1, 1, 0], np.arange(4))[0].value == 0.25
    assert nll_estimates(np.zeros((1, 4)), [0, 1, 0.5, 0], np.arange(4))[0].value == pytest.approx(math.log(2))
    assert sharpness_estimates(np.full((1, 4), 3.0), [0, 1, 1, 0], np.arange(4))[0].value == pytest.approx(0)


def test_sharpness_is_the_variance_of_p() -> None:
    margins, label, item = pairs(50, 2)
    found = sharpness_estimates(margins, label, item)[0]
    p = 1 / (1 + np.exp(-margins[0]))
    assert found.value == pytest.approx(p.var())
    assert found.detail["confidence"] == pytest.approx(np.maximum(p, 1 - p).mean())


@pytest.mark.parametrize("part", ["miscalibration", "discrimination", "uncertainty"])
def test_intervals_of_the_decomposition_use_numerical_derivatives(part: str) -> None:
    margins, label, item = pairs(40, 3, slope=0.6, seed=4, ties=0.1)
    name = f"calibration.{part}"
    found = brier_decomposition_estimates(margins, label, item, weights=np.ones((1, 40)))[name][0]

    def value(weight: np.ndarray) -> float:
        return brier_decomposition_estimates(margins, label, item, unit_weights=weight)[name][0].value

    reach = norm.ppf(0.975) * item_error(value, item)
    ends = {
        "uncertainty": (found.value - reach, min(0.25, found.value + found.detail["bias"] + reach)),
    }.get(part, (max(0.0, found.value - found.detail["bias"] - reach), found.value + reach))
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-7)


def test_sharpness_interval_uses_numerical_derivatives() -> None:
    margins, label, item = pairs(40, 3)
    found = sharpness_estimates(margins, label, item, weights=np.ones((1, 40)))[0]
    error = item_error(lambda w: sharpness_estimates(margins, label, item, unit_weights=w)[0].value, item)
    logit = math.log(found.value / (0.25 - found.value))
    reach = norm.ppf(0.975) * error * 0.25 / (found.value * (0.25 - found.value))
    ends = [0.25 / (1 + math.exp(-end)) for end in (logit - reach, logit + reach)]
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-7)


def test_log_loss_interval_is_the_bootstrap_over_items() -> None:
    margins, label, item = pairs(30, 3)
    weights = item_weights(30, 500, np.random.default_rng(3))
    found = nll_estimates(np.concatenate([margins, margins * 2]), label, item, weights=weights)[0]
    losses = logit_losses(margins[0], label)
    draws = [np.average(losses, weights=drawn[item]) for drawn in weights]
    assert np.quantile(draws, 0.03) > found.low > np.quantile(draws, 0.005)
    assert np.quantile(draws, 0.97) < found.high < np.quantile(draws, 0.995)
    assert found.method == "bootstrap over items, percentile, 500 resamples"
