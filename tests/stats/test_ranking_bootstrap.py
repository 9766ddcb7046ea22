"""Bootstrap of Bradley-Terry strengths: each draw refitted on its own, and the sandwich for comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardmeter.stats.ranking import bradley_terry
from rewardmeter.stats.ranking_bootstrap import bradley_terry_draws, bradley_terry_item_draws, strength_estimates


def battles(rng, *, systems, n, ties=0.2):
    truth = rng.normal(size=systems)
    first = rng.integers(0, systems, n)
    second = (first + rng.integers(1, systems, n)) % systems
    outcome = (rng.random(n) < 1 / (1 + np.exp(truth[second] - truth[first]))).astype(float)
    outcome[rng.random(n) < ties] = 0.5
    return first, second, outcome


def refitted(first, second, outcome, rows, systems, ridge=0.0):
    """Strengths of the repeated rows by the ordinary fit; NaN where that finds no finite estimate."""
    try:
        return bradley_terry(first[rows], second[rows], outcome[rows], systems=systems, ridge=ridge).strengths
    except ValueError:
        return np.full(systems, np.nan)


@pytest.mark.parametrize("ridge", [0.0, 0.2])
@pytest.mark.parametrize("n", [25, 60, 400])
def test_item_draws_equal_refits(n, ridge):
    """Expected: the ordinary fit on the comparisons of every drawn item; with 25 comparisons some have none."""
    rng = np.random.default_rng(n)
    first, second, outcome = battles(rng, systems=4, n=n)
    outcome[3] = np.nan
    cluster, items = rng.integers(0, n // 2, n), n // 2
    weights = rng.multinomial(items, np.full(items, 1 / items), size=60)
    draws = bradley_terry_item_draws(first, second, outcome, cluster, weights=weights, ridge=ridge, systems=4)
    lost = 0
    for draw, counts in zip(draws, weights, strict=True):
        expected = refitted(first, second, outcome, np.repeat(np.arange(n), counts[cluster]), 4, ridge)
        assert draw == pytest.approx(expected, abs=1e-8, nan_ok=True)
        lost += np.isnan(expected).any()
    if n == 25 and not ridge:
        assert lost > 0
    if ridge:
        assert lost == 0


def test_draws_of_comparisons_are_those_of_the_multinomial():
    """Expected: the same generator's multinomial counts over the cells, each refitted on its own."""
    first, second, outcome = np.array([0, 0, 0, 1, 1, 2, 2, 0]), np.array([1, 1, 2, 2, 2, 0, 1, 1]), None
    outcome = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    draws = bradley_terry_draws(first, second, outcome, rng=np.random.default_rng(11), resamples=40)
    low, high = np.minimum(first, second), np.maximum(first, second)
    credit = np.where(first < second, outcome, 1 - outcome)
    cells, counts = np.unique(np.stack([low, high, credit]), axis=1, return_counts=True)
    drawn = np.random.default_rng(11).multinomial(8, counts / 8, size=40)
    lost = 0
    for draw, row in zip(draws, drawn, strict=True):
        rows = np.repeat(np.arange(cells.shape[1]), row)
        expected = refitted(cells[0].astype(int), cells[1].astype(int), cells[2], rows, 3)
        assert draw == pytest.approx(expected, abs=1e-8, nan_ok=True)
        lost += np.isnan(expected).any()
    assert 0 < lost < 40
    estimates = strength_estimates(bradley_terry(first, second, outcome).strengths, draws)
    assert all(e.detail["resamples_undefined"] == lost and e.n == 40 - lost for e in estimates)


def test_spread_agrees_with_the_sandwich():
    """Expected: the sandwich standard errors; 4,000 draws have a relative error of 1.1 %, here 5 of those."""
    rng = np.random.default_rng(12)
    first, second, outcome = battles(rng, systems=8, n=6000)
    fit = bradley_terry(first, second, outcome)
    draws = bradley_terry_draws(first, second, outcome, rng=rng, resamples=4000)
    assert draws.std(axis=0) == pytest.approx(np.sqrt(np.diag(fit.covariance)), rel=0.056)
    for estimate, normal in zip(strength_estimates(fit.strengths, draws), fit.estimates(), strict=True):
        assert estimate.low == pytest.approx(normal.low, abs=0.01)
        assert estimate.high == pytest.approx(normal.high, abs=0.01)
    assert draws.sum(axis=1) == pytest.approx(np.zeros(4000), abs=1e-9)


def test_pieces_do_not_matter(monkeypatch):
    """Expected: the result with everything at once."""
    rng = np.random.default_rng(13)
    first, second, outcome = battles(rng, systems=5, n=80)
    cluster, weights = np.arange(80) // 2, rng.multinomial(40, np.full(40, 1 / 40), size=33)
    whole = bradley_terry_item_draws(first, second, outcome, cluster, weights=weights)
    monkeypatch.setattr("rewardmeter.stats.ranking_bootstrap._PIECE", 100)
    pieces = bradley_terry_item_draws(first, second, outcome, cluster, weights=weights)
    assert pieces == pytest.approx(whole, abs=1e-12, nan_ok=True)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="resamples"):
        bradley_terry_draws([0, 1], [1, 0], [1.0, 1.0], rng=np.random.default_rng(0), resamples=0)
    with pytest.raises(ValueError, match="never lost"):
        bradley_terry_draws([0], [1], [1.0], rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="weights must"):
        bradley_terry_item_draws([0, 1], [1, 0], [1.0, 1.0], [0, 1], weights=[[1]])
    with pytest.raises(ValueError, match="cluster needs"):
        bradley_terry_item_draws([0, 1], [1, 0], [1.0, 1.0], [0], weights=[[1, 1]])
    with pytest.raises(ValueError, match="draws need"):
        strength_estimates([0.0, 0.0], [[math.nan]])
