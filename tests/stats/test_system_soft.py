"""Soft pairwise accuracy, pairs that people tell apart, and the stability of rankings."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rewardmeter.stats.resampling import item_subsets, item_weights, sign_flips
from rewardmeter.stats.soft_pairwise import exact_soft_pairwise_accuracy, pair_p_values, soft_pairwise_accuracy
from rewardmeter.stats.system_ranking import pair_significance, ranking_stability, significant_pair_estimates

HUMAN = np.array([[1, 2, 3], [2, 3, 4.0]])
METRIC = np.array([[[2, 2, 4], [1, 3, 5.0]]])


def reference_p(values: np.ndarray, flips: int = 1000) -> np.ndarray:
    """The published scheme, pair by pair: seed 4, signs and sums in single precision, no smoothing."""
    rng = np.random.default_rng(4)
    signs = np.rint(rng.random(size=(flips, values.shape[1]), dtype=np.float32)) * np.float32(2) - np.float32(1)
    single = values.astype(np.float32)
    totals, flipped = single.sum(axis=1), signs @ single.T
    pairs = itertools.combinations(range(len(values)), 2)
    return np.array([(flipped[:, i] - flipped[:, j] >= totals[i] - totals[j]).sum() / flips for i, j in pairs])


def test_vectors() -> None:
    """0.872 with the draws of mt-metrics-eval; by enumeration p_h = 1 and p_m = 7/8."""
    [drawn] = soft_pairwise_accuracy(METRIC, HUMAN, rng=np.random.default_rng(4))
    assert drawn.value == pytest.approx(0.872, abs=1e-12)
    [exact] = exact_soft_pairwise_accuracy(METRIC, HUMAN)
    assert (exact.value, exact.n) == (0.875, 1)


@pytest.mark.parametrize("kind", ["continuous", "tenths", "whole numbers"])
def test_values_are_identical_to_the_reference_scheme(kind: str) -> None:
    rng = np.random.default_rng(1)
    gold = np.round(rng.normal(size=(13, 400)) + rng.normal(size=(13, 1)) / 8, 1)
    scores = gold + rng.normal(size=(8, 13, 400))
    scores = {"continuous": scores, "tenths": scores.round(1), "whole numbers": scores.round()}[kind]
    scores[:, 3] = scores[:, 5]
    found = soft_pairwise_accuracy(scores, gold, rng=np.random.default_rng(4))
    for estimate, row in zip(found, scores, strict=True):
        assert estimate.value == 1 - np.mean(np.abs(reference_p(gold) - reference_p(row)))
    unrated = np.insert(gold, [0, 200], np.nan, axis=1)
    padded = np.insert(scores, [0, 200], 7.0, axis=2)
    again = soft_pairwise_accuracy(padded, unrated, rng=np.random.default_rng(4))
    assert [estimate.value for estimate in again] == [estimate.value for estimate in found]


def exact_p(x: np.ndarray, y: np.ndarray) -> float:
    """Share of all sign flips of whole-number differences that reach the observed sum."""
    differences = (x - y)[~np.isnan(x - y)]
    if differences.size == 0:
        return math.nan
    flipped = [np.dot(signs, differences) for signs in itertools.product((1, -1), repeat=differences.size)]
    return float(np.mean(np.array(flipped) >= differences.sum()))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_exact_values_with_holes_compare_what_both_systems_have(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold, scores = rng.integers(-3, 4, (4, 6)).astype(float), rng.integers(-3, 4, (1, 4, 6)).astype(float)
    gold[rng.random(gold.shape) < 0.25], scores[rng.random(scores.shape) < 0.15] = np.nan, np.nan
    hole = np.isnan(gold + scores[0])
    x, y = np.where(hole, np.nan, scores[0]), np.where(hole, np.nan, gold)
    apart = [abs(exact_p(x[i], x[j]) - exact_p(y[i], y[j])) for i, j in itertools.combinations(range(4), 2)]
    defined = [value for value in apart if not math.isnan(value)]
    [found] = exact_soft_pairwise_accuracy(scores, gold)
    assert found.value == pytest.approx(1 - np.mean(defined) if defined else math.nan, abs=1e-12, nan_ok=True)
    assert (found.n, found.undefined) == (len(defined), 6 - len(defined))


def test_exact_values_do_not_depend_on_the_scale_of_decimals() -> None:
    rng = np.random.default_rng(2)
    gold, scores = rng.integers(0, 30, (3, 9)).astype(float), rng.integers(0, 30, (1, 3, 9)).astype(float)
    [whole] = exact_soft_pairwise_accuracy(scores, gold)
    [tenths] = exact_soft_pairwise_accuracy(scores / 10, gold / 7)
    assert tenths.value == pytest.approx(whole.value, abs=1e-12)


def test_draws_come_near_the_exact_value_and_holes_do_not_shift_items() -> None:
    rng = np.random.default_rng(3)
    gold = rng.normal(size=(5, 14)) + np.arange(5)[:, None] / 3
    scores = gold[None] + rng.normal(size=(2, 5, 14))
    gold[2, ::4], scores[1, 0, 1::4] = np.nan, np.nan
    exact = exact_soft_pairwise_accuracy(scores, gold)
    drawn = soft_pairwise_accuracy(scores, gold, rng=rng, flips=20_000)
    for a, b in zip(exact, drawn, strict=True):
        # Each p has a standard error of at most 0.0036; their mean over pairs stays well within four of them.
        assert b.value == pytest.approx(a.value, abs=0.015)


def test_p_values_are_those_of_scipys_permutation_test() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 8))
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=8)))
    [p] = pair_p_values(np.stack([x, y]), signs)
    expected = stats.permutation_test(
        (x - y,), lambda d: d.sum(), permutation_type="samples", alternative="greater", n_resamples=np.inf
    )
    assert p == pytest.approx(expected.pvalue, abs=1e-12)


def test_nothing_in_common_is_no_number() -> None:
    gold = np.array([[1, np.nan], [np.nan, 2]])
    [estimate] = soft_pairwise_accuracy(gold[None], gold, rng=np.random.default_rng(0))
    assert (estimate.defined, estimate.n, estimate.undefined) == (False, 0, 1)
    [estimate] = exact_soft_pairwise_accuracy(np.ones((1, 2, 2)), np.full((2, 2), np.nan))
    assert not estimate.defined
    with pytest.raises(ValueError, match="at most 20"):
        exact_soft_pairwise_accuracy(np.zeros((1, 2, 21)), np.zeros((2, 21)))


def test_significance_of_pairs_is_two_sided_and_never_zero() -> None:
    rng = np.random.default_rng(6)
    gold = np.round(rng.normal(size=(4, 60)), 1) + np.array([0, 0, 0.3, 5])[:, None]
    gold[1, :7] = np.nan
    found = pair_significance(gold, rng=np.random.default_rng(9), flips=400)
    signs = sign_flips(60, 400, np.random.default_rng(9)).astype(float)
    for p, (i, j) in zip(found, itertools.combinations(range(4), 2), strict=True):
        differences = np.nan_to_num(gold[i] - gold[j])
        reached = np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9
        assert p == (1 + reached.sum()) / 401
    assert found.min() == 1 / 401


def test_accuracy_on_significant_pairs() -> None:
    rng = np.random.default_rng(7)
    gold = rng.normal(size=(6, 80)) + np.array([0, 0.02, 0.04, 1, 1.02, 3])[:, None]
    scores = -gold[None] * np.array([1, -1])[:, None, None] + rng.normal(size=(2, 6, 80)) / 4
    scores[1, 0] += 2
    weights = item_weights(80, 60, rng)
    significant = pair_significance(gold, rng=np.random.default_rng(1)) <= 0.05
    found = significant_pair_estimates(scores, gold, rng=np.random.default_rng(1), weights=weights, level=0.8)
    pairs = np.array(list(itertools.combinations(range(6), 2)))[significant]
    assert 8 <= len(pairs) < 15

    def share(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.mean([np.sign(x[i] - x[j]) == np.sign(y[i] - y[j]) for i, j in pairs]))

    for k, estimate in enumerate(found):
        assert estimate.value == pytest.approx(share(scores[k].mean(axis=1), gold.mean(axis=1)))
        assert (estimate.detail["pairs"], estimate.detail["all_pairs"]) == (len(pairs), 15)
        draws = [share(scores[k] @ row, gold @ row) for row in weights]
        assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(draws, [0.1, 0.9])))
    [none] = significant_pair_estimates(scores[:1], np.zeros((6, 80)), rng=rng)
    assert (none.defined, none.n) == (False, 0)


def test_stability_is_agreement_of_a_subset_with_the_rest() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal(size=(2, 5, 40)) + np.arange(5)[:, None] / 4
    values[0, 2, :5] = np.nan
    found = ranking_stability(values, sizes=[5, 20], draws=30, rng=np.random.default_rng(2))
    again = np.random.default_rng(2)
    for place, size in enumerate((5, 20)):
        inside = item_subsets(40, size, 30, again).astype(bool)
        for k in range(2):
            taus = [
                stats.kendalltau(
                    np.nanmean(values[k][:, row], axis=1), np.nanmean(values[k][:, ~row], axis=1)
                ).statistic
                for row in inside
            ]
            estimate = found[k][place]
            assert estimate.value == pytest.approx(np.mean(taus))
            assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(taus, [0.025, 0.975])))
            assert estimate.n == size
    assert found[1][1].value > found[1][0].value
    with pytest.raises(ValueError, match="at least one of the 40 items"):
        ranking_stability(values, sizes=[40], draws=3, rng=rng)
