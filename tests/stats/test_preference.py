"""Pair accuracy: tie rules, groups, weights and intervals, against brute force and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from expanded import ends
from hypothesis import given, settings
from hypothesis import strategies as st
from share_interval import share_ends

from rewardmeter.stats.credits import group_average_estimates, mean_estimates
from rewardmeter.stats.preference import (
    REWARDBENCH_SECTIONS,
    accuracy_estimates,
    grouped_accuracy,
    macro_average,
    margin_weighted_accuracy_estimates,
    micro_average,
    pair_credits,
    rewardbench_section_estimates,
)
from rewardmeter.stats.resampling import item_weights


def slow_accuracy(margins, gold, tie_credit):
    """The definition, pair by pair: (value, n, ties)."""
    total, n, ties = 0.0, 0, 0
    for margin, probability in zip(margins, gold, strict=True):
        if math.isnan(margin) or math.isnan(probability) or probability == 0.5:
            continue
        n += 1
        if margin == 0:
            ties += 1
            total += tie_credit
        elif (margin > 0) == (probability > 0.5):
            total += 1
    return (total / n if n else math.nan), n, ties


margin = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 3.0, math.inf, -math.inf, math.nan])
probability = st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0, math.nan])


@given(st.lists(st.tuples(margin, margin, probability, st.integers(0, 4)), max_size=30))
@settings(deadline=None)
def test_accuracy_is_its_definition(rows):
    """Expected: the readable loop above."""
    margins = np.array([[row[k] for row in rows] for k in (0, 1)])
    gold, cluster = [row[2] for row in rows], np.array([row[3] for row in rows], int)
    for ties, credit in (("wrong", 0.0), ("half", 0.5)):
        for k, estimate in enumerate(accuracy_estimates(margins, gold, cluster, ties=ties)):
            value, n, tied = slow_accuracy(margins[k], gold, credit)
            assert estimate.value == pytest.approx(value, nan_ok=True)
            assert (estimate.n, estimate.detail["ties"]) == (n, tied)
            assert estimate.detail["gold_ties"] == gold.count(0.5)
            decided = sum(not math.isnan(p) and p != 0.5 for p in gold)
            assert estimate.detail["unscored"] == decided - n
            assert math.isnan(estimate.low)
            assert estimate.method == "none"


def test_accuracy_counts_and_outcomes_by_hand():
    """Expected: counted by hand. Pairs: right, wrong, scorer's tie, gold tie, unjudged, unscored."""
    margins = [[1.0, 1.0, 0.0, 1.0, 1.0, math.nan]]
    gold = [1.0, 0.0, 1.0, 0.5, math.nan, 1.0]
    (wrong,) = accuracy_estimates(margins, gold, np.arange(6), ties="wrong")
    (half,) = accuracy_estimates(margins, gold, np.arange(6), ties="half")
    assert (wrong.value, half.value) == (pytest.approx(1 / 3), pytest.approx(1.5 / 3))
    assert wrong.n == half.n == 3
    assert wrong.detail == {"ties": 1, "gold_ties": 1, "unscored": 1}


def test_interval_is_normal_on_the_logit_with_the_error_of_a_ratio_of_sums():
    """Expected: `share_ends`, which takes derivatives numerically."""
    rng = np.random.default_rng(5)
    margins = np.round(rng.normal(size=(3, 60)), 1)
    margins[1, 7:20] = np.nan
    gold, cluster = rng.choice([0.0, 0.5, 1.0], size=60), rng.integers(0, 17, size=60)
    weights = rng.multinomial(17, np.full(17, 1 / 17), size=120)
    estimates = accuracy_estimates(margins, gold, cluster, ties="half", weights=weights, level=0.8)
    for k in range(3):
        expected = share_ends(pair_credits(margins, gold, ties="half")[k], cluster, 0.8)
        assert [estimates[k].low, estimates[k].high] == pytest.approx(expected, abs=1e-7)
        assert estimates[k].method == "infinitesimal jackknife over items, normal on the logit"
        assert estimates[k].level == 0.8


def test_interval_of_credits_on_another_scale_is_the_percentile_of_resampled_ratios():
    """Expected: each resample recomputed by repeating the units of every drawn item."""
    rng = np.random.default_rng(5)
    credits, cluster = 3 * rng.normal(size=(3, 60)), rng.integers(0, 17, size=60)
    credits[1, 7:20] = np.nan
    weights = rng.multinomial(17, np.full(17, 1 / 17), size=120)
    estimates = mean_estimates(credits, cluster, weights=weights, level=0.8)
    for k in range(3):
        draws = [np.nanmean(credits[k, np.repeat(np.arange(60), counts[cluster])]) for counts in weights]
        expected = ends(draws, len(np.unique(cluster[~np.isnan(credits[k])])), 0.8)
        assert (estimates[k].low, estimates[k].high) == pytest.approx(tuple(expected), abs=1e-12)
        assert estimates[k].method == "bootstrap over items, percentile, 120 resamples"


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.int64])
def test_weights_of_any_number_type_give_the_same_interval(dtype):
    """Expected: the float64 result."""
    rng = np.random.default_rng(6)
    credits, cluster = rng.normal(size=(2, 40)), np.arange(40)
    weights = rng.multinomial(40, np.full(40, 1 / 40), size=50)
    plain = mean_estimates(credits, cluster, weights=weights.astype(float))
    assert mean_estimates(credits, cluster, weights=weights.astype(dtype)) == plain


def test_one_item_gives_no_interval():
    """All pairs from one prompt say nothing about the spread over prompts."""
    weights = np.ones((10, 1), int)
    (estimate,) = mean_estimates([[1.0, 0.0]], [0, 0], weights=weights)
    assert estimate.value == 0.5
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)


@given(st.data())
@settings(deadline=None, max_examples=50)
def test_accuracy_survives_relabelling_and_monotone_maps(data):
    """Swapping a and b, permuting pairs, or scaling margins changes nothing."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    margins, gold = rng.integers(-2, 3, size=(2, 25)).astype(float), rng.choice([0.0, 0.3, 0.5, 1.0], size=25)
    cluster, order = rng.integers(0, 9, size=25), rng.permutation(25)
    base = [e.value for e in accuracy_estimates(margins, gold, cluster, ties="half")]
    swapped = accuracy_estimates(-margins, 1 - gold, cluster, ties="half")
    shuffled = accuracy_estimates(margins[:, order], gold[order], cluster[order], ties="half")
    stretched = accuracy_estimates(margins**3 * 7, gold, cluster, ties="half")
    for other in (swapped, shuffled, stretched):
        assert [e.value for e in other] == base


def test_grouped_accuracy_is_accuracy_within_each_group():
    """Expected: the loop on each group; an empty group and pairs in no group included."""
    rng = np.random.default_rng(8)
    margins, gold = rng.integers(-1, 2, size=(2, 40)).astype(float), rng.choice([0.0, 0.5, 1.0], size=40)
    groups = rng.choice([-1, 0, 1, 3], size=40)
    values, counts = grouped_accuracy(margins, gold, groups, 5, ties="wrong")
    assert values.shape == counts.shape == (2, 5)
    for k in range(2):
        for group in range(5):
            value, n, _ = slow_accuracy(margins[k, groups == group], gold[groups == group], 0.0)
            assert values[k, group] == pytest.approx(value, nan_ok=True)
            assert counts[k, group] == n
    assert np.isnan(values[:, 2]).all()
    assert np.isnan(values[:, 4]).all()


def test_macro_and_micro_average():
    """Expected: by hand. Group 0 has 1 of 1 right, group 1 has 1 of 3; group 2 is empty for the second scorer."""
    credits = [[1.0, 1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0, math.nan]]
    groups, cluster = [0, 1, 1, 1, 2], np.arange(5)
    macro, micro = macro_average(credits, cluster, groups), micro_average(credits, cluster)
    assert macro[0].value == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert macro[1].value == pytest.approx((1 + 1 / 3) / 2)
    assert [(e.n, e.undefined) for e in macro] == [(3, 0), (2, 1)]
    assert [e.value for e in micro] == [pytest.approx(3 / 5), pytest.approx(2 / 4)]


def test_interval_of_a_group_average():
    """Expected: the weighted mean of group means recomputed on the pairs of every drawn item."""
    rng = np.random.default_rng(9)
    credits = rng.integers(0, 2, size=(2, 50)).astype(float)
    credits[1, ::7] = np.nan
    cluster, groups, importance = rng.integers(0, 12, size=50), rng.integers(-1, 3, size=50), [2.0, 1.0, 5.0]
    weights = rng.multinomial(12, np.full(12, 1 / 12), size=80)
    estimates = group_average_estimates(credits, cluster, groups, importance, weights=weights, level=0.9)
    for k in range(2):
        draws = []
        for counts in weights:
            pairs = np.repeat(np.arange(50), counts[cluster])
            means = [np.nanmean(credits[k, pairs[groups[pairs] == g]]) for g in range(3)]
            draws.append(np.average(means, weights=importance))
        counted = cluster[~np.isnan(credits[k]) & (groups >= 0)]
        expected = ends(draws, len(np.unique(counted)), 0.9)
        assert (estimates[k].low, estimates[k].high) == pytest.approx(tuple(expected), abs=1e-12)


def test_rewardbench_sections_weight_subsets_by_their_fixed_counts():
    """Expected: the example-weighted mean by hand; math-prm counts 984, not its 447 pairs (Lambert et al. 2024)."""
    subsets = ["math-prm"] * 4 + ["hep-python"] * 2 + ["donotanswer"] + ["elsewhere"]
    credits = [[1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]]
    sections = rewardbench_section_estimates(credits, np.arange(8), subsets)
    assert sections["Reasoning"][0].value == pytest.approx((0.75 * 984 + 0.5 * 164) / (984 + 164))
    assert (sections["Reasoning"][0].n, sections["Reasoning"][0].undefined) == (2, 5)
    assert sections["Safety"][0].value == 1.0
    assert not sections["Chat"][0].defined
    assert not sections["Chat Hard"][0].defined


def test_rewardbench_counts_are_those_of_the_benchmark():
    """Expected: 2,985 pairs in 23 subsets as published, with 984 in place of the 447 of math-prm."""
    counts = {name: count for section in REWARDBENCH_SECTIONS.values() for name, count in section.items()}
    assert len(counts) == 23
    assert sum(counts.values()) - 984 + 447 == 2985
    assert counts["math-prm"] == sum(count for name, count in counts.items() if name.startswith("hep-"))


def test_margin_weighted_accuracy():
    """Expected: by hand, sum of margins of right pairs over sum of margins; a NaN margin leaves its pair out."""
    margins, gold, cluster = [[1.0, 1.0, -1.0, 1.0]], [1.0, 0.0, 0.0, 1.0], np.arange(4)
    (given_margin,) = margin_weighted_accuracy_estimates(
        margins, gold, cluster, gold_margin=[3.0, -1.0, -2.0, math.nan]
    )
    assert (given_margin.value, given_margin.n) == (pytest.approx(5 / 6), 3)
    (implied,) = margin_weighted_accuracy_estimates(margins, [0.9, 0.4, 0.5, math.nan], cluster)
    assert (implied.value, implied.n) == (pytest.approx(0.8 / (0.8 + 0.2)), 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [1.0], [0]), "axes"),
        (([[1.0]], [1.0, 0.0], [0]), "gold needs"),
        (([[1.0]], [1.5], [0]), r"pair 0 has 1.5"),
        (([[1.0]], [1.0], [0, 1]), "cluster needs"),
        (([[1.0]], [1.0], [-1]), "from 0 up"),
        (([[1.0]], [1.0], [0.5]), "integer"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        accuracy_estimates(*arguments, ties="wrong")


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match="ties must be"):
        pair_credits([[1.0]], [1.0], ties="random")
    with pytest.raises(ValueError, match="at least 3 items"):
        mean_estimates([[1.0]], [2], weights=[[1, 1]])
    with pytest.raises(ValueError, match="level"):
        mean_estimates([[1.0]], [0], level=1.0)
    with pytest.raises(ValueError, match="groups must lie"):
        grouped_accuracy([[1.0]], [1.0], [2], 2, ties="wrong")
    with pytest.raises(ValueError, match="finite"):
        mean_estimates([[1.0]], [0], unit_weights=[-1.0])


def test_an_accuracy_of_one_has_an_honest_interval() -> None:
    # Clopper and Pearson 1934: 20 of 20 at 95 % has the lower end 0.025^(1/20) = 0.8316.
    margins, gold, cluster = np.ones((1, 20)), np.ones(20), np.arange(20)
    weights = item_weights(20, 200, np.random.default_rng(0))
    (estimate,) = accuracy_estimates(margins, gold, cluster, ties="wrong", weights=weights)
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    assert estimate.low == pytest.approx(0.025 ** (1 / 20))
    (estimate,) = accuracy_estimates(-margins, gold, cluster, ties="wrong", weights=weights)
    assert (estimate.low, estimate.value) == (0.0, 0.0)
    assert estimate.high == pytest.approx(1 - 0.025 ** (1 / 20))
