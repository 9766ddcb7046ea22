"""Resamples of items and the intervals from them, against NumPy, SciPy and enumeration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rewardmeter.stats.intervals import normal_interval
from rewardmeter.stats.resampling import (
    bca_interval,
    item_folds,
    item_subsets,
    item_weights,
    percentile_interval,
    resampled_means,
    weighted_sums,
)


def test_weights_are_multinomial_counts() -> None:
    weights = item_weights(6, 20_000, np.random.default_rng(0))
    assert weights.shape == (20_000, 6)
    assert (weights.sum(axis=1) == 6).all()
    # Multinomial: mean 1, variance 1 - 1/6, covariance -1/6; six standard errors of 20,000 draws.
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=6 * math.sqrt(5 / 6 / 20_000))
    expected = np.where(np.eye(6) == 1, 5 / 6, -1 / 6)
    np.testing.assert_allclose(np.cov(weights.T), expected, atol=0.05)


def test_weights_are_the_same_for_the_same_seed_and_go_on_across_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = item_weights(7, 30, np.random.default_rng(5))
    np.testing.assert_array_equal(item_weights(7, 30, np.random.default_rng(5)), whole)
    monkeypatch.setattr("rewardmeter.stats.resampling._PIECE", 21)
    np.testing.assert_array_equal(item_weights(7, 30, np.random.default_rng(5)).sum(axis=1), whole.sum(axis=1))


def test_folds_and_subsets_have_their_sizes() -> None:
    rng = np.random.default_rng(1)
    assert sorted(np.bincount(item_folds(23, 4, rng))) == [5, 6, 6, 6]
    subsets = item_subsets(11, 4, 500, rng)
    assert (subsets.sum(axis=1) == 4).all()
    assert set(np.unique(subsets)) == {0, 1}
    np.testing.assert_allclose(subsets.mean(axis=0), 4 / 11, atol=6 * math.sqrt(4 / 11 * 7 / 11 / 500))


def test_sums_and_means_under_weights_are_those_of_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewardmeter.stats.resampling._PIECE", 40)
    rng = np.random.default_rng(2)
    values = rng.normal(size=(3, 2, 9))
    values[rng.random(values.shape) < 0.5] = np.nan
    values[2, 1, 1:] = np.nan
    weights = item_weights(9, 25, rng)
    means = resampled_means(values, weights)
    assert means.shape == (25, 3, 2)
    for row, found in zip(weights, means, strict=True):
        copies = np.repeat(values, row, axis=2)
        there = ~np.isnan(copies)
        sums = np.where(there, copies, 0).sum(axis=2)
        expected = np.divide(sums, there.sum(axis=2), out=np.full((3, 2), np.nan), where=there.any(axis=2))
        np.testing.assert_allclose(found, expected, atol=1e-12)
    with pytest.raises(ValueError, match="9 items"):
        weighted_sums(weights[:, :8], values[0].T)


def test_percentiles_are_numpys_without_the_undefined_draws() -> None:
    rng = np.random.default_rng(3)
    draws = rng.normal(size=(101, 4))
    draws[:30, 1], draws[:60, 2], draws[:, 3] = np.nan, np.nan, np.nan
    low, high = percentile_interval(draws, 0.9)
    for column in (0, 1):
        expected = np.nanquantile(draws[:, column], [0.05, 0.95])
        np.testing.assert_allclose((low[column], high[column]), expected, atol=1e-14)
    assert np.isnan(low[2:]).all()
    assert np.isnan(high[2:]).all()


def test_bca_is_scipys() -> None:
    """Fed with the draws that SciPy made, the interval is the one that SciPy made of them."""
    rng = np.random.default_rng(4)
    sample = rng.exponential(size=40)
    result = stats.bootstrap((sample,), np.mean, n_resamples=4000, method="BCa")
    left_out = np.array([np.delete(sample, i).mean() for i in range(40)])
    low, high = bca_interval(result.bootstrap_distribution, sample.mean(), left_out)
    expected = result.confidence_interval
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_bca_without_draws_on_both_sides_is_undefined() -> None:
    low, high = bca_interval(np.full(100, 2.0), 1.0, np.arange(5.0))
    assert math.isnan(low)
    assert math.isnan(high)


def test_normal_intervals_are_fishers() -> None:
    """For Pearson's r of n normal pairs the standard error is (1 - r^2) / sqrt(n - 3) on Fisher's z."""
    x, noise = np.random.default_rng(0).normal(size=(2, 50))
    result = stats.pearsonr(x, x + noise)
    interval, r = result.confidence_interval(0.95), result.statistic
    low, high = normal_interval(np.array(r), np.array((1 - r * r) / math.sqrt(50 - 3)), 0.95)
    assert (float(low), float(high)) == pytest.approx((interval.low, interval.high), abs=1e-12)
    assert normal_interval(np.array(1.0), np.array(0.0)) == (1, 1)
    low, high = normal_interval(np.array(0.9), np.array(0.2), bounds=(0.0, 1.0))
    assert 0 < low < 0.9 < high < 1


@pytest.mark.parametrize("level", [0, 1, 95])
def test_levels_are_shares(level: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        percentile_interval(np.zeros(5), level)
