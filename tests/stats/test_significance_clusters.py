"""Corrections for many tests and significance clusters, against scipy, definitions and the published rule."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rewardmeter.stats.significance import PairwiseTests, adjust, benjamini_hochberg, holm, significance_clusters

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def slow_holm(p: list[float]) -> list[float]:
    """Smallest level at which the step-down procedure rejects each hypothesis, by trying every level."""
    m = len(p)
    ordered = sorted(range(m), key=lambda k: p[k])
    adjusted = [0.0] * m
    for place, k in enumerate(ordered):
        adjusted[k] = max(min(1.0, (m - j) * p[ordered[j]]) for j in range(place + 1))
    return adjusted


@given(P_VALUES)
@settings(max_examples=100, deadline=None)
def test_holm_is_its_definition_and_bounds_bonferroni(p) -> None:
    assert holm(p) == pytest.approx(slow_holm(p))
    assert np.all(holm(p) <= np.minimum(1, np.array(p) * len(p)) + 1e-12)


@given(P_VALUES)
@settings(max_examples=100, deadline=None)
def test_benjamini_hochberg_is_scipys(p) -> None:
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


def test_what_was_not_tested_does_not_count() -> None:
    p = np.array([[math.nan, 0.01, 0.04], [math.nan, math.nan, 0.03], [math.nan, math.nan, math.nan]])
    assert holm(p)[0, 1] == pytest.approx(0.03)
    assert np.isnan(holm(p)[1, 0])
    assert holm([]).size == 0
    with pytest.raises(ValueError, match="p-values must lie"):
        holm([0.5, 1.5])


def matrix(p: np.ndarray, difference: np.ndarray, alternative: str = "greater") -> PairwiseTests:
    return PairwiseTests(p, difference, alternative, "by hand", np.zeros(p.shape, dtype=np.int64))


def from_values(value: np.ndarray, p_upper: dict[tuple[int, int], float], alternative: str = "greater"):
    """Tests of the given p for the better of each pair; 0.5 elsewhere."""
    value = np.asarray(value, dtype=float)
    p = np.full((len(value),) * 2, 0.5)
    np.fill_diagonal(p, np.nan)
    for (i, j), number in p_upper.items():
        p[i, j], p[j, i] = number, number if alternative == "two-sided" else 1 - number
    return matrix(p, value[:, None] - value[None], alternative)


def test_two_sided_tests_are_half_as_many() -> None:
    value = np.array([0.9, 0.8, 0.7])
    one_sided, two_sided = (from_values(value, {(0, 1): 0.01, (0, 2): 0.02}, kind) for kind in ("greater", "two-sided"))
    for correction in ("holm", "benjamini-hochberg"):
        assert adjust(one_sided, correction).tests == 6
        assert adjust(two_sided, correction).tests == 3
    adjusted = adjust(two_sided, "holm").p_adjusted
    assert adjusted[0, 1] == adjusted[1, 0] == pytest.approx(0.03)
    assert adjusted[0, 2] == pytest.approx(0.04)
    assert adjust(one_sided, "holm").p_adjusted[0, 1] == pytest.approx(0.06)
    assert np.isnan(np.diagonal(adjusted)).all()
    with pytest.raises(ValueError, match="correction must be"):
        adjust(two_sided, "bonferroni")


def published_ranks(p: np.ndarray, level: float) -> list[int]:
    """The rule of mt-metrics-eval's AssignRanks on scorers in order: a new rank where one since the last start wins."""
    ranks, rank, start = [], 1, 0
    for i in range(len(p)):
        if i and any(p[j, i] <= level for j in range(start, i)):
            rank, start = rank + 1, i
        ranks.append(rank)
    return ranks


@given(st.integers(2, 9), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_clusters_are_those_of_the_published_rule(scorers, seed) -> None:
    rng = np.random.default_rng(seed)
    value = rng.permutation(np.linspace(0, 1, scorers))
    p = rng.random((scorers, scorers)) ** 3
    np.fill_diagonal(p, np.nan)
    clusters = significance_clusters(value, matrix(p, value[:, None] - value[None]))
    order = np.argsort(-value)
    assert list(clusters.rank[order]) == published_ranks(p[np.ix_(order, order)], 0.05)
    assert list(clusters.order) == list(order)
    shuffled = rng.permutation(scorers)
    moved = significance_clusters(
        value[shuffled], matrix(p[np.ix_(shuffled, shuffled)], (value[:, None] - value[None])[shuffled][:, shuffled])
    )
    assert np.array_equal(moved.rank, clusters.rank[shuffled])


def test_a_scorer_that_only_the_best_beats_still_opens_a_cluster() -> None:
    value = np.array([0.9, 0.8, 0.7])
    clusters = significance_clusters(value, from_values(value, {(0, 2): 0.001}))
    assert list(clusters.rank) == [1, 1, 2]
    # In its own cluster it is not compared with the first any more, nor with the second.
    assert list(significance_clusters(value, from_values(value, {(0, 1): 0.01})).rank) == [1, 2, 2]


def test_equal_values_come_in_the_order_of_how_clearly_they_are_beaten() -> None:
    for value, beaten in (([0.9, 0.5, 0.5], (0, 1)), ([0.9, 0.5, 0.5], (0, 2))):
        clusters = significance_clusters(value, from_values(np.array(value), {beaten: 0.01}))
        assert clusters.rank[beaten[1]] == 2
        assert clusters.rank[3 - beaten[1]] == 1


def test_two_sided_tests_split_only_downwards_and_corrections_split_less() -> None:
    value = np.array([0.9, 0.8, 0.7])
    tests = from_values(value, {(0, 1): 0.03, (0, 2): 0.001, (1, 2): 0.2}, "two-sided")
    assert list(significance_clusters(value, tests).rank) == [1, 2, 2]
    corrected = significance_clusters(value, tests, correction="holm")
    assert list(corrected.rank) == [1, 1, 2]
    assert corrected.p[0, 1] == pytest.approx(0.06)
    # An order of another statistic: the worse one comes first, and nothing may split on its being significantly worse.
    assert list(significance_clusters([0.1, 0.2, 0.15], tests).rank) == [1, 1, 1]


def test_undefined_scorers_have_no_rank_and_untested_pairs_do_not_split() -> None:
    value = np.array([math.nan, 0.8, 0.7])
    p = np.array([[math.nan] * 3, [math.nan, math.nan, 0.001], [math.nan, 0.999, math.nan]])
    difference = value[:, None] - value[None]
    clusters = significance_clusters(value, matrix(p, difference))
    assert list(clusters.rank) == [0, 1, 2]
    assert list(clusters.order) == [1, 2, 0]
    untested = significance_clusters([0.9, 0.8, 0.7], matrix(np.full((3, 3), math.nan), np.zeros((3, 3))))
    assert list(untested.rank) == [1, 1, 1]


def test_bad_clusters_are_refused() -> None:
    tests = from_values(np.array([0.9, 0.8]), {})
    with pytest.raises(ValueError, match="one number for each"):
        significance_clusters([0.9], tests)
    with pytest.raises(ValueError, match="level must"):
        significance_clusters([0.9, 0.8], tests, level=0)
