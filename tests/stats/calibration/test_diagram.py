"""Reliability diagrams against scikit-learn's curve, bands against exact binomials, histograms against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom
from simulated import pairs

from rewardmeter.stats.calibration import ece_estimates, margin_histograms, reliability_diagrams

calibration_curve = pytest.importorskip("sklearn.calibration").calibration_curve


@pytest.mark.parametrize(("binning", "strategy"), [("equal_width", "uniform"), ("equal_mass", "quantile")])
def test_the_curve_is_scikit_learns(binning: str, strategy: str) -> None:
    margins, label, item = pairs(1500, 2)  # 3000 rows divide by the bins, where both rules cut at the same rows
    p = 1 / (1 + np.exp(-margins[0]))
    frequency, probability = calibration_curve(label, p, n_bins=15, strategy=strategy)
    (found,) = reliability_diagrams(margins, label, item, rng=None, on="probability", binning=binning)
    np.testing.assert_allclose(found.frequency, frequency, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.probability, probability, rtol=0, atol=1e-12)
    assert found.count.sum() == 3000
    assert np.isnan(found.band_low).all()
    assert found.outside == 0


def test_the_gaps_add_up_to_the_calibration_error() -> None:
    margins, label, item = pairs(200, 3, slope=0.5, ties=0.1)
    (found,) = reliability_diagrams(margins, label, item, rng=None)
    error = found.weight @ np.abs(found.frequency - found.probability) / found.weight.sum()
    assert error == pytest.approx(ece_estimates(margins, label, item)[0].value)


def test_bands_are_binomial_where_probabilities_are_equal() -> None:
    margins = np.repeat([0.5, 1.5, 3.0], [400, 300, 200])
    label = np.ones(900)
    (found,) = reliability_diagrams(
        margins[None], label, np.arange(900), rng=np.random.default_rng(1), bins=3, resamples=20_000
    )
    assert found.count.tolist() == [400, 300, 200]
    for k, (margin, n) in enumerate([(0.5, 400), (1.5, 300), (3.0, 200)]):
        exact = binom(n, 1 / (1 + np.exp(-margin)))
        assert found.band_low[k] == pytest.approx(exact.ppf(0.025) / n, abs=1.1 / n)
        assert found.band_high[k] == pytest.approx(exact.ppf(0.975) / n, abs=1.1 / n)


@pytest.mark.parametrize("on", ["confidence", "probability"])
def test_grouping_many_rows_does_not_move_the_bands(on: str) -> None:
    """With weights no two rows are alike, and each is drawn by itself."""
    margins, label, item = pairs(20_000, 1, seed=2)
    options = {"on": on, "resamples": 300, "bins": 4}
    (grouped,) = reliability_diagrams(margins, label, item, rng=np.random.default_rng(1), **options)
    weight = 1 + 1e-9 * np.arange(20_000)
    (single,) = reliability_diagrams(margins, label, item, rng=np.random.default_rng(2), unit_weights=weight, **options)
    width = single.band_high - single.band_low
    np.testing.assert_allclose(grouped.band_low, single.band_low, rtol=0, atol=0.2 * width.max())
    np.testing.assert_allclose(grouped.band_high - grouped.band_low, width, rtol=0.25)
    assert np.all((grouped.band_low < grouped.probability) & (grouped.probability < grouped.band_high))


def test_bands_hold_calibrated_scorers_and_refuse_others() -> None:
    inside = total = 0
    for seed in range(20):
        margins, label, item = pairs(300, 1, seed=seed)
        (found,) = reliability_diagrams(margins, label, item, rng=np.random.default_rng(seed), resamples=400)
        inside, total = inside + found.count.size - found.outside, total + found.count.size
    assert 0.91 < inside / total <= 0.99
    margins, label, item = pairs(2000, 1, slope=0.3)
    (found,) = reliability_diagrams(margins, label, item, rng=np.random.default_rng(1), resamples=200)
    assert found.outside > 8


def test_tied_margins_are_half_right_in_every_draw() -> None:
    (found,) = reliability_diagrams([[0.0, 0.0, 0.0]], [1, 0, 1], [0, 1, 2], rng=np.random.default_rng(1))
    assert found.band_low.tolist() == found.band_high.tolist() == found.frequency.tolist() == [0.5]
    (found,) = reliability_diagrams([[0.0, 0.0, 0.0]], [1, 0, 1], [0, 1, 2], rng=np.random.default_rng(1), tied="first")
    assert found.band_low < 0.4 < 0.6 < found.band_high


def test_draws_follow_the_generator() -> None:
    margins, label, item = pairs(50, 1)
    one, same, other = (
        reliability_diagrams(margins, label, item, rng=np.random.default_rng(seed))[0].band_low for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_histogram_has_the_better_response_to_the_right() -> None:
    margins, label, item = pairs(500, 2, ties=0.2)
    weight = np.random.default_rng(1).exponential(1, label.size)
    (found,) = margin_histograms(margins, label, item, bins=20, reach=2.0, unit_weights=weight)
    towards = np.concatenate([margins[0], -margins[0]]).clip(-2, 2 - 1e-12)
    share = np.concatenate([weight * label, weight * (1 - label)])
    expected, edges = np.histogram(towards, bins=20, range=(-2, 2), weights=share)
    np.testing.assert_allclose(found.weight, expected, atol=1e-9)
    np.testing.assert_allclose(np.append(found.low, found.high[-1]), edges)
    assert found.beyond == pytest.approx(weight[np.abs(margins[0]) > 2].sum())
    assert found.weight[10:].sum() > found.weight[:10].sum()


def test_reach_is_a_quantile_and_never_nothing() -> None:
    margins, label, item = pairs(500, 2)
    (found,) = margin_histograms(margins, label, item)
    assert found.high[-1] == pytest.approx(np.quantile(np.abs(margins), 0.995))
    (constant,) = margin_histograms([[0.0, 0.0]], [1, 0], [0, 1])
    assert constant.high[-1] == 1
    assert constant.weight.sum() == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": 0}, "bins and resamples must be 1 or more"),
        ({"resamples": 0}, "bins and resamples must be 1 or more"),
        ({"on": "logit"}, "on must be one of confidence, probability"),
        ({"binning": "other"}, "binning of equal_mass, equal_width"),
        ({"level": 1.0}, "strictly between 0 and 1"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reliability_diagrams([[1.0]], [1.0], [0], rng=None, **options)


def test_histogram_options_are_named() -> None:
    with pytest.raises(ValueError, match="bins must be even"):
        margin_histograms([[1.0]], [1.0], [0], bins=3)
    with pytest.raises(ValueError, match="reach must be positive"):
        margin_histograms([[1.0]], [1.0], [0], reach=0.0)
