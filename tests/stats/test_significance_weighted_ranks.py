"""Rank correlations under weights against scipy on the data with each entry written out as often as it weighs."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rewardmeter.stats.significance.weighted_ranks import weighted_kendall, weighted_spearman

PAIRS = [(weighted_kendall, stats.kendalltau), (weighted_spearman, stats.spearmanr)]


def by_scipy(function, x: np.ndarray, y: np.ndarray) -> float:
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(function(x, y)[0])


@given(st.integers(0, 2**32 - 1), st.integers(2, 14), st.integers(1, 4), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_an_entry_of_weight_w_is_w_copies(seed, entries, groups, levels) -> None:
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.concatenate([np.arange(groups), rng.integers(0, groups, entries)]))
    x, y = (rng.integers(0, levels, group.size).astype(float) for _ in range(2))
    weights = rng.integers(0, 3, (group.size, 5))
    for prepare, function in PAIRS:
        found = prepare(x, y, group, int(weights.sum()))(weights)
        assert found.shape == (groups, 5)
        for g in range(groups):
            for draw in range(5):
                copies = np.repeat(np.arange(group.size), np.where(group == g, weights[:, draw], 0))
                expected = by_scipy(function, x[copies], y[copies])
                assert found[g, draw] == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(("prepare", "function"), PAIRS)
@pytest.mark.parametrize("size", [100, 400, 60_000])
def test_counts_stay_exact_as_groups_outgrow_narrow_integers(prepare, function, size) -> None:
    rng = np.random.default_rng(size)
    x, y = rng.integers(0, 50, size).astype(float), rng.normal(size=size)
    weights = rng.integers(0, 2, (size, 1))
    copies = np.flatnonzero(weights[:, 0])
    found = prepare(x, y, np.zeros(size, dtype=np.intp), size)(weights)
    assert found[0, 0] == pytest.approx(by_scipy(function, x[copies], y[copies]), abs=1e-12)


@pytest.mark.parametrize(("prepare", "function"), PAIRS)
def test_both_sides_play_the_same_part(prepare, function) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 20, 60).astype(float), rng.integers(0, 3, 60).astype(float)
    group, weights = np.sort(rng.integers(0, 3, 60)), rng.integers(0, 3, (60, 7))
    one, other = prepare(x, y, group, 200)(weights), prepare(y, x, group, 200)(weights)
    assert one == pytest.approx(other, abs=1e-14)
    assert prepare(x, -y, group, 200)(weights) == pytest.approx(-one, abs=1e-14)


@pytest.mark.parametrize("prepare", [weighted_kendall, weighted_spearman])
def test_a_split_is_both_parts(prepare) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 9, 50).astype(float), rng.integers(0, 4, 50).astype(float)
    group, weights = np.sort(rng.integers(0, 3, 50)), rng.integers(0, 2, (50, 9))
    correlation = prepare(x, y, group, 50)
    first, second = correlation.split(weights)
    assert first == pytest.approx(correlation(weights), abs=1e-14, nan_ok=True)
    assert second == pytest.approx(correlation(1 - weights), abs=1e-14, nan_ok=True)
