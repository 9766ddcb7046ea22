"""Groups of k responses: brute force, closed forms, and the published vector of the Ties score."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from share_interval import share_ends

from rewardmeter.stats.best_of_k import (
    best_of_k_estimates,
    best_of_k_strict_estimates,
    mean_reciprocal_rank_estimates,
    separation_estimates,
    ties_score_estimates,
)

STATISTICS = {
    "best_of_k": best_of_k_estimates,
    "strict": best_of_k_strict_estimates,
    "separation": separation_estimates,
    "reciprocal_rank": mean_reciprocal_rank_estimates,
}


def slow_credits(scores, best):
    """The four credits of one group, written from their definitions; None where the group does not count."""
    correct = [s for s, b in zip(scores, best, strict=True) if b]
    wrong = [s for s, b in zip(scores, best, strict=True) if not b]
    if not correct or not wrong or any(math.isnan(s) for s in scores):
        return None
    top = [b for s, b in zip(scores, best, strict=True) if s == max(scores)]
    return {
        "best_of_k": sum(top) / len(top),
        "strict": float(max(correct) > max(wrong)),
        "separation": float(min(correct) > max(wrong)),
        "reciprocal_rank": 1 / (1 + sum(s >= max(correct) for s in wrong)),
    }


score = st.sampled_from([-math.inf, -1.0, 0.0, 0.5, 2.0, math.inf])
group = st.lists(st.tuples(score | st.just(math.nan), score, st.booleans()), min_size=1, max_size=5)


@given(st.lists(group, max_size=8))
@settings(deadline=None)
def test_statistics_are_their_definitions(groups):
    """Expected: the readable credits above, averaged over the groups that count."""
    flat = [response for responses in groups for response in responses]
    scores = np.array([[r[0] for r in flat], [r[1] for r in flat]])
    best = np.array([r[2] for r in flat], bool)
    offsets = np.cumsum([0, *map(len, groups)])
    for name, statistic in STATISTICS.items():
        estimates = statistic(scores, offsets, best, np.arange(len(groups)))
        for k, estimate in enumerate(estimates):
            slow = [slow_credits([r[k] for r in responses], [r[2] for r in responses]) for responses in groups]
            credits = [credit[name] for credit in slow if credit]
            assert estimate.value == pytest.approx(np.mean(credits) if credits else math.nan, nan_ok=True)
            informative = sum(0 < sum(r[2] for r in responses) < len(responses) for responses in groups)
            assert estimate.n == len(credits)
            assert estimate.detail["unscored"] == informative - len(credits)
            assert estimate.detail["uninformative"] == len(groups) - informative


@pytest.mark.parametrize("k", [2, 4, 10])
def test_a_constant_scorer_has_chance_accuracy(k):
    """Expected: closed form. All tied: 1/k under the tie rule, 0 strictly, rank k for the correct response."""
    offsets, best = np.arange(0, 5 * k + 1, k), np.tile(np.arange(k) == 0, 5)
    values = {
        name: statistic(np.zeros((1, 5 * k)), offsets, best, np.arange(5))[0].value
        for name, statistic in STATISTICS.items()
    }
    assert values == pytest.approx({"best_of_k": 1 / k, "strict": 0, "separation": 0, "reciprocal_rank": 1 / k})


def test_random_scores_have_the_harmonic_reciprocal_rank():
    """Expected: closed form H_10 / 10 = .29290 for one correct of ten, and 10 % accuracy; 5 standard errors."""
    rng = np.random.default_rng(1)
    groups, k = 40_000, 10
    arguments = (
        rng.random((1, groups * k)),
        np.arange(0, groups * k + 1, k),
        np.tile(np.arange(k) == 0, groups),
        np.arange(groups),
    )
    (rank,) = mean_reciprocal_rank_estimates(*arguments)
    assert rank.value == pytest.approx(sum(1 / i for i in range(1, 11)) / 10, abs=5 * 0.27 / math.sqrt(groups))
    assert best_of_k_estimates(*arguments)[0].value == pytest.approx(0.1, abs=5 * 0.3 / math.sqrt(groups))


def test_interval_rests_on_items():
    """Expected: `share_ends` of credits taken group by group."""
    rng = np.random.default_rng(2)
    scores, best = rng.integers(0, 4, size=(2, 120)).astype(float), np.tile([True, False, False, False], 30)
    offsets, cluster = np.arange(0, 121, 4), rng.integers(0, 11, size=30)
    weights = rng.multinomial(11, np.full(11, 1 / 11), size=70)
    for name, statistic in STATISTICS.items():
        estimates = statistic(scores, offsets, best, cluster, weights=weights, level=0.9)
        for k in range(2):
            credits = np.array([slow_credits(row, best[:4])[name] for row in scores[k].reshape(30, 4)])
            expected = share_ends(credits, cluster, 0.9)
            assert [estimates[k].low, estimates[k].high] == pytest.approx(expected, abs=1e-7)


def ties_arguments(prompts):
    """Flat arguments from (reference, tied) pairs of (correct scores, wrong scores)."""
    groups = [version for pair in prompts for version in pair]
    scores = [score for correct, wrong in groups for score in (*correct, *wrong)]
    best = [flag for correct, wrong in groups for flag in (*[True] * len(correct), *[False] * len(wrong))]
    offsets = np.cumsum([0, *(len(correct) + len(wrong) for correct, wrong in groups)])
    tied = np.arange(len(groups)) % 2 == 1
    return ([scores], offsets, np.array(best), np.arange(len(groups)) // 2), {"tied": tied}


def test_ties_score_vector():
    """Expected: 1.009814, RewardBench 2's own function on reference 2.0 | .5, 0 and tied 1.5 1.2 1.3 | .2, -.5."""
    arguments, options = ties_arguments([(([2.0], [0.5, 0.0]), ([1.5, 1.2, 1.3], [0.2, -0.5]))])
    (estimate,) = ties_score_estimates(*arguments, **options)
    assert estimate.value == pytest.approx(1.009814, abs=5e-7)
    assert estimate.detail["margin_tanh"] == pytest.approx(math.tanh(1.0 / 0.3 - 1))


def test_ties_score_terms():
    """Expected: by hand from the formula, including a spread of 0 (tanh of an infinity) and 0 / 0 (counts 0)."""
    prompts = [
        (([1.0], [0.0]), ([3.0, 1.0], [0.0])),  # gaps 1 and 1, spread 2
        (([1.0], [0.5]), ([2.0, 2.0], [1.0])),  # gaps .5 and 1, spread 0: everything met, tanh(inf) = 1
        (([1.0], [1.0]), ([2.0, 2.0], [1.0])),  # gaps 0 and 1, spread 0: 0 / 0
        (([0.0], [1.0]), ([2.0, 2.0], [3.0])),  # gaps -1 and -1, spread 0: tanh(-inf) = -1
    ]
    arguments, options = ties_arguments(prompts)
    (estimate,) = ties_score_estimates(*arguments, **options)
    expected = [0.6 + 0.01 * math.tanh(-0.5), 1.01, 0.3 + 0.2, -0.01]
    assert estimate.value == pytest.approx(np.mean(expected))
    assert estimate.n == 4


def test_ties_score_leaves_incomplete_prompts_out():
    """A prompt with one version only, or with a response that was not scored, is counted and not guessed."""
    prompts = [
        (([2.0], [0.5, 0.0]), ([1.5, 1.2, 1.3], [0.2, -0.5])),
        (([2.0], [math.nan]), ([1.5, 1.2], [0.2])),
        (([2.0], [0.5]), ([1.5, 1.2], [0.2])),
    ]
    (scores, offsets, best, prompt), options = ties_arguments(prompts)
    prompt[-1] = 3
    (estimate,) = ties_score_estimates(scores, offsets, best, prompt, **options)
    assert estimate.value == pytest.approx(1.009814, abs=5e-7)
    assert (estimate.n, estimate.detail["left_out"]) == (1, 3)


def test_bad_input_is_refused():
    best = np.array([True, False])
    with pytest.raises(ValueError, match="group 1 is empty"):
        best_of_k_estimates([[1.0, 2.0]], [0, 2, 2], best, [0, 1])
    with pytest.raises(ValueError, match="offsets must run"):
        best_of_k_estimates([[1.0, 2.0]], [0, 1], best, [0])
    with pytest.raises(ValueError, match="best needs"):
        best_of_k_estimates([[1.0, 2.0]], [0, 2], [1, 0], [0])
    with pytest.raises(ValueError, match="axes"):
        best_of_k_estimates([1.0, 2.0], [0, 2], best, [0])
    with pytest.raises(ValueError, match="cluster needs"):
        best_of_k_estimates([[1.0, 2.0]], [0, 2], best, [0, 1])
    arguments = ([[1.0, 2.0, 3.0, 4.0]], [0, 2, 4], np.array([True, False, True, False]), [0, 0])
    with pytest.raises(ValueError, match="two groups"):
        ties_score_estimates(*arguments, tied=np.array([True, True]))
