"""Elo: worked example, conservation, and agreement of a slow gain with Bradley-Terry."""

from __future__ import annotations

import numpy as np
import pytest

from rewardmeter.stats.elo import elo_ratings, elo_ratings_over_orders
from rewardmeter.stats.ranking import bradley_terry


def test_worked_example():
    """Expected: by hand. Equals, so half of the gain of 32 moves; then a draw at odds of 10^(32 / 400)."""
    one = elo_ratings([0], [1], [1.0], gain=32, initial=1500)
    assert one == pytest.approx([1516, 1484])
    expected = 1 / (1 + 10 ** ((1484 - 1516) / 400))
    two = elo_ratings([0, 1], [1, 0], [1.0, 0.5], gain=32, initial=1500)
    assert two == pytest.approx([1516 + 32 * (0.5 - expected), 1484 - 32 * (0.5 - expected)])


def test_order_matters_and_the_mean_does_not_move():
    rng = np.random.default_rng(1)
    first = rng.integers(0, 5, 300)
    second = (first + rng.integers(1, 5, 300)) % 5
    outcome = rng.choice([0.0, 0.5, 1.0, np.nan], 300)
    forward = elo_ratings(first, second, outcome, gain=20)
    backward = elo_ratings(first[::-1], second[::-1], outcome[::-1], gain=20)
    assert forward.mean() == pytest.approx(1000)
    assert not np.allclose(forward, backward)


def test_a_system_without_comparisons_has_no_rating():
    ratings = elo_ratings([0], [2], [1.0], systems=4)
    assert list(np.isnan(ratings)) == [False, True, False, True]


def test_random_orders_are_orders():
    """Expected: with one shuffle replayed from the same generator, the plain loop on the shuffled comparisons."""
    rng = np.random.default_rng(2)
    first = rng.integers(0, 4, 50)
    second = (first + rng.integers(1, 4, 50)) % 4
    outcome = rng.choice([0.0, 0.5, 1.0], 50)
    ratings = elo_ratings_over_orders(first, second, outcome, rng=np.random.default_rng(3), orders=6)
    shuffled = np.random.default_rng(3).permuted(np.tile(np.arange(50), (6, 1)), axis=1)
    for row, order in zip(ratings, shuffled, strict=True):
        assert row == pytest.approx(elo_ratings(first[order], second[order], outcome[order]), abs=1e-9)


def test_small_gains_lead_to_bradley_terry():
    """Elo is stochastic gradient ascent of the same likelihood: many small steps come close to its maximum."""
    rng = np.random.default_rng(4)
    truth = np.array([0.8, 0.0, -0.8])
    first = rng.integers(0, 3, 40_000)
    second = (first + rng.integers(1, 3, 40_000)) % 3
    outcome = (rng.random(40_000) < 1 / (1 + np.exp(truth[second] - truth[first]))).astype(float)
    ratings = elo_ratings(first, second, outcome, gain=1.0, scale=400.0, initial=0.0) * np.log(10) / 400
    assert ratings == pytest.approx(bradley_terry(first, second, outcome).strengths, abs=0.12)


def test_bad_scale_is_refused():
    with pytest.raises(ValueError, match="scale"):
        elo_ratings([0], [1], [1.0], scale=0)
