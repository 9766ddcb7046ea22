"""Where labels are wanted."""

from __future__ import annotations

import numpy as np
import pytest

from rewardmeter.stats.selection import by_item, closeness, coverage, disagreement, draw_items, score_bins


def test_items_are_means_of_their_rows():
    found = by_item([1.0, 3.0, np.nan, np.nan, 5.0], [0, 0, 0, 1, 2], 4)
    assert found == pytest.approx([2.0, np.nan, 5.0, np.nan], nan_ok=True)


def test_closeness_is_the_variance_of_the_verdict():
    assert closeness([0.0, 1.5, -1.5, 800.0, -800.0, np.nan]) == pytest.approx(
        [1, 0.5965858, 0.5965858, 0, 0, np.nan], nan_ok=True
    )


def test_disagreement_by_hand():
    """Two scorers of opposite order: normal scores are z and -z, whose deviation is |z| times the root of 2."""
    z = 0.9674215661017014  # normal quantile of 5 / 6
    found = disagreement([[1.0, 2.0, 3.0], [30.0, 20.0, 10.0]])
    assert found == pytest.approx([z * np.sqrt(2), 0, z * np.sqrt(2)])


def test_disagreement_looks_at_ranks_alone_and_needs_two():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(3, 20))
    bent = np.stack([np.exp(scores[0]), 5 * scores[1] - 3, scores[2] ** 3])
    assert disagreement(bent) == pytest.approx(disagreement(scores))
    scores[:2, 4] = np.nan
    assert np.flatnonzero(np.isnan(disagreement(scores))).tolist() == [4]
    assert np.isnan(disagreement(scores[:1])).all()
    assert disagreement(np.ones((2, 5))).tolist() == [0.0] * 5, "constants are all ties"


def test_bins_are_equally_wide():
    scores = np.concatenate([np.linspace(0, 1, 1001), [-50, 70, np.nan]])
    found = score_bins(scores, 10)
    sizes = np.bincount(found[:1001], minlength=10)
    assert (sizes[1:-1] >= 97).all(), "outliers have moved no cut far"
    assert found[-3:].tolist() == [0, 9, -1]
    assert score_bins([2.0, 2.0, np.nan]).tolist() == [0, 0, -1]
    assert score_bins([np.nan]).tolist() == [-1]


def test_coverage_fills_the_range_evenly():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(1, 3000))
    items = np.arange(3000)
    priority = coverage(scores, items, 3000, np.zeros(3000, dtype=bool))
    drawn = draw_items(np.zeros(3000, dtype=bool), 150, priority, rng, uniform=0.05).item
    counts = np.bincount(score_bins(scores[0])[drawn], minlength=10)
    even = np.bincount(score_bins(scores[0])[rng.permutation(3000)[:150]], minlength=10)
    assert counts.min() >= 8
    assert counts.std() < even.std() / 2


def test_labels_that_were_there_count():
    scores = np.array([[0.0, 0.1, 0.9, 1.0]])
    priority = coverage(scores, np.arange(4), 4, np.array([True, True, False, False]), bins=2)
    wanted = priority(np.zeros(4, dtype=bool))
    assert wanted[2] == wanted[3] == 3 * wanted[1]


def test_a_row_without_score_asks_for_nothing():
    priority = coverage([[np.nan, 1.0]], [0, 1], 2, np.zeros(2, dtype=bool))
    assert priority(np.zeros(2, dtype=bool)).tolist() == [0.0, 1.0]
