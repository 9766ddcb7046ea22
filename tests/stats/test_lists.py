"""NDCG against scikit-learn, reciprocal ranks by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.lists import ndcg_estimates, reciprocal_rank_estimates

ndcg_score = pytest.importorskip("sklearn.metrics").ndcg_score

response = st.tuples(st.sampled_from([-1.0, 0.0, 0.5, 2.0]), st.sampled_from([0.0, 0.0, 1.0, 2.0, 3.0]))
lists = st.lists(st.lists(response, min_size=2, max_size=7), min_size=1, max_size=6)


def flat(data):
    scores = np.array([score for rows in data for score, _ in rows])
    relevance = np.array([grade for rows in data for _, grade in rows])
    return scores, np.cumsum([0, *map(len, data)]), relevance, np.arange(len(data))


@given(lists, st.sampled_from([None, 1, 2, 4]), st.sampled_from(["linear", "exponential"]))
@settings(deadline=None)
def test_ndcg_is_that_of_scikit_learn(data, cutoff, gain):
    """Expected: sklearn.metrics.ndcg_score with its tie averaging; grades of all 0 (its 0) are left out here."""
    scores, offsets, relevance, cluster = flat(data)
    estimates = ndcg_estimates([scores, -scores], offsets, relevance, cluster, cutoff=cutoff, gain=gain)
    for sign, estimate in zip((1, -1), estimates, strict=True):
        expected = []
        for rows in data:
            gains = np.array([2**grade - 1 if gain == "exponential" else grade for _, grade in rows])
            if gains.any():
                expected.append(ndcg_score([gains], [[sign * score for score, _ in rows]], k=cutoff))
        assert estimate.n == len(expected)
        assert estimate.detail["irrelevant"] == len(data) - len(expected)
        assert estimate.value == pytest.approx(np.mean(expected) if expected else math.nan, nan_ok=True, abs=1e-12)


def test_ndcg_leaves_unscored_lists_out():
    """Expected: by hand. The first scorer lacks a score of the second list; the third list has no relevant response."""
    scores = [[1.0, 2.0, 1.0, math.nan, 1.0, 2.0], [2.0, 1.0, 2.0, 1.0, 1.0, 2.0]]
    relevance, offsets = [1.0, 0.0, 1.0, 0.0, 0.0, 0.0], [0, 2, 4, 6]
    first, second = ndcg_estimates(scores, offsets, relevance, np.arange(3))
    assert first.value == pytest.approx(1 / math.log2(3))
    assert (first.n, first.detail) == (1, {"unscored": 1, "irrelevant": 1})
    assert (second.value, second.n, second.detail["unscored"]) == (1, 2, 0)


@given(lists, st.sampled_from([1.0, 2.0]))
@settings(deadline=None)
def test_reciprocal_rank(data, threshold):
    """Expected: 1 / rank of the first relevant response, an irrelevant one with the same score ahead of it."""
    scores, offsets, relevance, cluster = flat(data)
    (estimate,) = reciprocal_rank_estimates([scores], offsets, relevance, cluster, relevant_from=threshold)
    expected = []
    for rows in data:
        relevant = [score for score, grade in rows if grade >= threshold]
        others = [score for score, grade in rows if grade < threshold]
        if relevant and others:
            ordered = sorted(rows, key=lambda row: (-row[0], row[1] >= threshold))
            position = next(i for i, (_, grade) in enumerate(ordered, 1) if grade >= threshold)
            expected.append(1 / position)
    assert estimate.n == len(expected)
    assert estimate.value == pytest.approx(np.mean(expected) if expected else math.nan, nan_ok=True)


def test_bad_input_is_refused():
    arguments = ([[1.0, 2.0]], [0, 2])
    with pytest.raises(ValueError, match="relevance needs"):
        ndcg_estimates(*arguments, [1.0, -1.0], [0])
    with pytest.raises(ValueError, match="relevance needs"):
        reciprocal_rank_estimates(*arguments, [1.0, math.nan], [0], relevant_from=1)
    with pytest.raises(ValueError, match="cutoff"):
        ndcg_estimates(*arguments, [1.0, 0.0], [0], cutoff=0)
    with pytest.raises(ValueError, match="gain"):
        ndcg_estimates(*arguments, [1.0, 0.0], [0], gain="quadratic")
    with pytest.raises(ValueError, match="offsets must run"):
        ndcg_estimates([[1.0, 2.0]], [0, 1], [1.0, 0.0], [0])
