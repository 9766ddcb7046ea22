"""Tie-aware accuracy and its calibration against a search over all pairs and thresholds in exact fractions."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from expanded import ends
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rewardmeter.stats import tie_pairs, tie_search
from rewardmeter.stats.resampling import item_folds, item_weights
from rewardmeter.stats.ties import acc_eq, acc_eq_estimates, calibrate_ties, cross_fitted_ties, tau_eq

GROUPINGS = ("item", "system", "pooled")

decimals = st.sampled_from([0.1, 0.2, 0.30000000000000004, 2.7])
score = st.one_of(st.integers(0, 5).map(float), st.just(math.nan), decimals)
rating = st.one_of(st.integers(0, 3).map(float), st.just(math.nan))
cells = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda shape: st.tuples(
        arrays.arrays(np.float64, shape, elements=score, fill=st.nothing()),
        arrays.arrays(np.float64, shape, elements=rating, fill=st.nothing()),
    )
)


def pairs_by_group(x: np.ndarray, y: np.ndarray, grouping: str) -> list[list[tuple[float, int, int]]]:
    """Of every pair in every group: absolute score difference, sign of it, sign of the rating difference."""
    rows = {"pooled": [(x.ravel(), y.ravel())], "item": zip(x.T, y.T, strict=True), "system": zip(x, y, strict=True)}[
        grouping
    ]
    groups = []
    for a, b in rows:
        there = [i for i in range(len(a)) if not math.isnan(a[i] + b[i])]
        pairs = itertools.combinations(there, 2)
        groups.append([(abs(a[i] - a[j]), np.sign(a[i] - a[j]), np.sign(b[i] - b[j])) for i, j in pairs])
    return groups


def accuracy(group: list[tuple[float, int, int]], epsilon: float) -> Fraction:
    right = sum(human == 0 if apart <= epsilon else sign == human for apart, sign, human in group)
    return Fraction(int(right), len(group))


def best_by_search(groups: list[list[tuple[float, int, int]]]) -> tuple[float, float]:
    """Greatest mean accuracy and the smallest epsilon that has it."""
    used = [group for group in groups if group]
    if not used:
        return math.nan, math.nan
    candidates = sorted({0.0} | {apart for group in used for apart, _, _ in group})
    means = [sum(accuracy(group, epsilon) for group in used) / len(used) for epsilon in candidates]
    return float(max(means)), candidates[means.index(max(means))]


@settings(deadline=None, max_examples=200)
@given(cells, st.sampled_from(GROUPINGS))
def test_calibration_finds_the_smallest_best_epsilon(both, grouping: Any) -> None:
    x, y = both
    groups = pairs_by_group(x, y, grouping)
    best, epsilon = best_by_search(groups)
    found = calibrate_ties(x[None], y, grouping=grouping)
    assert found.accuracy[0] == pytest.approx(best, abs=1e-14, nan_ok=True)
    assert found.epsilon[0] == epsilon or (math.isnan(epsilon) and math.isnan(found.epsilon[0]))
    assert found.n_pairs[0] == sum(len(group) for group in groups)
    assert found.n_groups[0] == sum(len(group) > 0 for group in groups)
    expected = [float(accuracy(group, epsilon)) if group else math.nan for group in groups]
    np.testing.assert_allclose(found.groups[0], expected, atol=1e-15)


@settings(deadline=None, max_examples=100)
@given(cells, st.sampled_from(GROUPINGS), st.sampled_from([0, 10**6]))
def test_narrowing_and_counting_by_ranges_change_nothing(both, grouping: Any, small_group: int) -> None:
    """The roads for many pairs and for large groups, taken by small arrays."""
    groups = tie_pairs.stacks(*both, grouping)
    _, epsilon = best_by_search(pairs_by_group(*both, grouping))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tie_search, "_SMALL_GROUP", small_group)
        patch.setattr(tie_search, "_EDGES", 4)
        patch.setattr(tie_search, "_HELD", 8)
        narrowed = tie_search.best_epsilon(groups, held=1)
    assert narrowed == epsilon or (math.isnan(epsilon) and math.isnan(narrowed))


@settings(deadline=None, max_examples=100)
@given(cells, st.sampled_from(GROUPINGS), st.sampled_from([0.0, 0.1, 1.0, 3.0]), st.sampled_from([0, 10**6]))
def test_right_pairs_of_cells_and_groups(both, grouping: Any, epsilon: float, small_group: int) -> None:
    groups = pairs_by_group(*both, grouping)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tie_search, "_SMALL_GROUP", small_group)
        for stack in tie_pairs.stacks(*both, grouping):
            expected = [accuracy(groups[number], epsilon) * len(groups[number]) for number in stack.group]
            np.testing.assert_array_equal(tie_search.right_by_group(stack, epsilon), expected)
            by_cell = tie_search.right_by_cell(stack, epsilon)
            np.testing.assert_array_equal(by_cell.sum(axis=0), 2 * np.array(expected))
            for cell, column in itertools.product(range(by_cell.shape[0]), range(by_cell.shape[1])):
                x, h = stack.scores[:, column], stack.gold[:, column]
                tie = np.abs(x - x[cell]) <= epsilon
                right = np.where(tie, h == h[cell], np.sign(x - x[cell]) == np.sign(h - h[cell]))
                assert by_cell[cell, column] == right.sum() - 1


@pytest.mark.parametrize(
    ("scores", "gold", "epsilon", "best"),
    [
        ([0, 2, 6, 8], [1, 2, 3, 4], 0, 1),
        ([0, 2, 6, 8], [1, 1, 1, 4], 4, 4 / 6),
        # 0.7 in decimals: the difference of the two scores as stored is the threshold.
        ([2, 1, 1.5, 5, 3], [1, 2, 2, 3, 4], 0.5, 0.7),
    ],
)
def test_vectors_of_the_reference_implementation(scores, gold, epsilon: float, best: float) -> None:
    found = calibrate_ties(np.reshape(scores, (1, -1, 1)), np.reshape(gold, (-1, 1)))
    assert (found.epsilon[0], found.accuracy[0]) == (pytest.approx(epsilon), pytest.approx(best))


def test_the_sweep_of_the_reference_vector() -> None:
    scores, gold = np.reshape([0.0, 2, 6, 8], (1, -1, 1)), np.reshape([1.0, 2, 3, 4], (-1, 1))
    sweep = [acc_eq(scores, gold, epsilon=epsilon).accuracy[0] for epsilon in (0, 2, 4, 6, 8)]
    assert sweep == pytest.approx([1, 4 / 6, 3 / 6, 1 / 6, 0])
    taus = [tau_eq(scores, gold, epsilon=epsilon).accuracy[0] for epsilon in (0, 2, 4, 6, 8)]
    assert taus == pytest.approx([1, 2 / 6, 0, -4 / 6, -1])


def test_published_vectors_of_acc_eq_at_three_groupings() -> None:
    gold = np.array([[1, 2], [3, 4], [5, 5], [7, 8.0]])
    metrics = np.array([[1, 2, 3, 3, 7, 3, 5, 5], [2, 1, 2, 6, 8, 8, 7, 6]], dtype=float).reshape(2, 4, 2)
    for grouping, expected in (("pooled", (0.75, 0.7143)), ("item", (0.8333, 0.6667)), ("system", (0.25, 0.5))):
        found = acc_eq(metrics, gold, grouping=grouping)
        expected_item = pytest.approx(expected, abs=6e-5)
        assert tuple(found.accuracy) == expected_item


def test_equally_good_thresholds_of_groups_with_different_pairs_do_not_depend_on_rounding() -> None:
    """One gain in a group of 3 pairs weighs exactly as much as two losses in a group of 6: epsilon stays at 0."""
    scores = np.array([[[0.0, 0.0], [1.0, 1.0], [10.0, 2.0], [np.nan, 3.0]]])
    gold = np.array([[5.0, 0.0], [5.0, 1.0], [9.0, 2.0], [np.nan, 2.0]])
    gold[:, 1] = [0, 1, 2, 2]
    groups = pairs_by_group(scores[0], gold, "item")
    found = calibrate_ties(scores, gold)
    assert found.epsilon[0] == best_by_search(groups)[1]


def test_many_group_sizes_need_exact_integers_beyond_64_bits() -> None:
    rng = np.random.default_rng(2)
    gold = rng.integers(0, 4, (60, 50)).astype(float)
    scores = np.round(gold + rng.normal(size=gold.shape) * 2, 1)
    for item in range(50):
        gold[item + 5 :, item] = np.nan
    groups = tie_pairs.stacks(scores, gold, "item")
    assert math.lcm(*(stack.pairs for stack in groups)) > 2**62
    best, epsilon = best_by_search(pairs_by_group(scores, gold, "item"))
    found = calibrate_ties(scores[None], gold)
    assert (found.accuracy[0], found.epsilon[0]) == (pytest.approx(best, abs=1e-14), epsilon)
    assert tie_search.best_epsilon(groups, held=100) == epsilon


@pytest.mark.parametrize("decimals", [0, 2, 15])
def test_narrowing_agrees_with_sorting_everything_on_larger_groups(decimals: int) -> None:
    rng = np.random.default_rng(4)
    gold = rng.poisson(0.6, (3, 500)).astype(float)
    scores = np.round(gold * 3 + rng.normal(size=gold.shape) * 6, decimals)
    groups = tie_pairs.stacks(scores, gold, "pooled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tie_search, "_SMALL_GROUP", 10**6)
        sorted_all = tie_search.best_epsilon(groups)
    assert sorted_all > 0
    assert tie_search.best_epsilon(groups, held=2000) == sorted_all


def test_calibration_ignores_shifts_and_scales_of_the_scores() -> None:
    rng = np.random.default_rng(9)
    gold = rng.integers(0, 3, (6, 50)).astype(float)
    scores = gold + rng.integers(-20, 20, (1, 6, 50)) / 8
    plain, moved = calibrate_ties(scores, gold), calibrate_ties(4 * scores - 32, gold)
    np.testing.assert_array_equal(moved.groups, plain.groups)
    np.testing.assert_array_equal(moved.epsilon, 4 * plain.epsilon)


def test_cross_fitting_is_calibration_on_the_other_folds() -> None:
    rng = np.random.default_rng(6)
    gold = rng.integers(0, 3, (5, 31)).astype(float)
    scores = gold + rng.normal(size=(3, 5, 31)) * 2
    found = cross_fitted_ties(scores, gold, folds=4, rng=np.random.default_rng(12))
    fold = item_folds(31, 4, np.random.default_rng(12))
    held_out = np.empty((3, 31))
    for number in range(4):
        inside = fold == number
        epsilon = calibrate_ties(scores[:, :, ~inside], gold[:, ~inside]).epsilon
        np.testing.assert_array_equal(found.epsilon[:, number], epsilon)
        held_out[:, inside] = acc_eq(scores[:, :, inside], gold[:, inside], epsilon=epsilon).groups
    np.testing.assert_allclose(found.accuracy, held_out.mean(axis=1), atol=1e-15)
    np.testing.assert_allclose(found.in_sample, calibrate_ties(scores, gold).accuracy, atol=1e-15)
    np.testing.assert_allclose(found.optimism, found.in_sample - found.accuracy, atol=1e-15)


def test_estimates_by_item_are_a_bootstrap_of_items_at_the_calibrated_epsilon() -> None:
    rng = np.random.default_rng(7)
    gold = rng.integers(0, 3, (5, 40)).astype(float)
    gold[:, :3], gold[1:, 3] = np.nan, np.nan
    scores = gold + rng.normal(size=(2, 5, 40)) * 2
    weights = item_weights(40, 50, rng)
    calibrated = calibrate_ties(scores, gold)
    for k, estimate in enumerate(acc_eq_estimates(scores, gold, weights=weights, level=0.9)):
        draws = []
        for row in weights:
            drawn = np.repeat(np.arange(40), row)
            draws += [acc_eq(scores[k : k + 1, :, drawn], gold[:, drawn], epsilon=calibrated.epsilon[k]).accuracy[0]]
        assert (estimate.low, estimate.high) == pytest.approx(tuple(ends(draws, 36, 0.9)), abs=1e-12)
        assert estimate.value == calibrated.accuracy[k]
        assert (estimate.n, estimate.undefined) == (36, 1)
        assert estimate.detail == {"epsilon": calibrated.epsilon[k], "pairs": 360}
        assert "epsilon held fixed" in estimate.method


@pytest.mark.parametrize("grouping", ["pooled", "system"])
def test_jackknife_intervals_are_close_to_a_brute_force_bootstrap(grouping: Any) -> None:
    rng = np.random.default_rng(13)
    items = 300
    base = rng.normal(size=items)
    gold = np.round(base + rng.normal(size=(3, items)))
    scores = (base + gold + rng.normal(size=gold.shape))[None]
    weights = item_weights(items, 500, rng)
    [estimate] = acc_eq_estimates(scores, gold, grouping=grouping, weights=weights, epsilon=0.4)
    draws = []
    for row in weights:
        drawn = np.repeat(np.arange(items), row)
        draws += [acc_eq(scores[:, :, drawn], gold[:, drawn], epsilon=0.4, grouping=grouping).accuracy[0]]
    low, high = np.quantile(draws, [0.025, 0.975])
    # Copies of a cell are tied with one another, which lifts the draws by about 1 / cells: compare the widths.
    assert estimate.high - estimate.low == pytest.approx(high - low, rel=0.12)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.25 * (high - low))


def test_a_given_epsilon_must_be_possible() -> None:
    with pytest.raises(ValueError, match="negative"):
        acc_eq(np.zeros((1, 2, 2)), np.zeros((2, 2)), epsilon=-0.1)


def test_no_pair_is_no_number() -> None:
    scores, gold = np.zeros((1, 2, 3)), np.full((2, 3), np.nan)
    gold[0] = 1
    found = calibrate_ties(scores, gold)
    assert math.isnan(found.accuracy[0])
    assert math.isnan(found.epsilon[0])
    [estimate] = acc_eq_estimates(scores, gold, weights=item_weights(3, 5, np.random.default_rng(0)))
    assert (estimate.defined, estimate.n, estimate.undefined) == (False, 0, 3)
