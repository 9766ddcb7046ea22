"""Cyclic triads by brute force and by Kendall and Babington Smith's formula (1940)."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.cycles import cyclic_triads, unexplained_share


@given(n=st.integers(2, 9), seed=st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_full_tournaments_follow_the_formula(n, seed):
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(n, 1)
    credit = rng.integers(0, 2, len(first)).astype(float)
    wins = np.bincount(first, credit, n) + np.bincount(second, 1 - credit, n)
    cyclic = n * (n - 1) * (2 * n - 1) / 12 - np.sum(wins**2) / 2
    assert cyclic_triads(first, second, credit) == (cyclic, n * (n - 1) * (n - 2) // 6)


@given(n=st.integers(2, 7), seed=st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_sparse_tournaments_with_ties_by_brute_force(n, seed):
    rng = np.random.default_rng(seed)
    pairs = [pair if rng.random() < 0.5 else pair[::-1] for pair in itertools.combinations(range(n), 2)]
    credit = rng.choice([0, 0.3, 0.5, 1, np.nan], len(pairs))
    beats = {(a, b) if c > 0.5 else (b, a) for (a, b), c in zip(pairs, credit, strict=True) if c == c and c != 0.5}
    cyclic = complete = 0
    for a, b, c in itertools.combinations(range(n), 3):
        sides = [(a, b), (b, c), (c, a)]
        complete += all(side in beats or side[::-1] in beats for side in sides)
        cyclic += all(side in beats for side in sides) or all(side[::-1] in beats for side in sides)
    first, second = (np.array([pair[side] for pair in pairs], dtype=int) for side in (0, 1))
    assert cyclic_triads(first, second, credit) == (cyclic, complete)


def test_a_pair_that_is_asked_twice_counts_by_its_mean():
    assert cyclic_triads([0, 1, 2, 1], [1, 2, 0, 0], [1, 1, 1, 1]) == (0, 0)
    assert cyclic_triads([0, 1, 2, 0], [1, 2, 0, 1], [1, 1, 1, 0.9]) == (1, 1)


def test_unexplained_share():
    assert unexplained_share([1, 0, 1], [1, 0, 1]) == 0
    assert unexplained_share([1, 1, 1], [0.5, 0.5, 0.5]) == 1
    assert unexplained_share([1, 0.5, np.nan, 0], [0.9, 0.6, 0.2, 0.1]) == pytest.approx(0.03 / 0.5)
    assert np.isnan(unexplained_share([0.5, 0.5], [0.5, 0.4]))
