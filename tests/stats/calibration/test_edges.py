"""What every calibration statistic does with little, constant, missing or impossible data; and do intervals cover?"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import pairs

from rewardmeter.stats.calibration import (
    gap_calibration,
    margin_histograms,
    pair_calibration,
    rating_calibration,
    reliability_diagrams,
    risk_coverage_curves,
)
from rewardmeter.stats.catalogue import CATALOGUE
from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.result import Estimate

EVERY = {
    "pairs": (pair_calibration, st.sampled_from([0.0, 0.25, 0.5, 1.0, math.nan])),
    "ratings": (rating_calibration, st.sampled_from([1.0, 2.0, 5.0, math.nan])),
    "gaps": (gap_calibration, st.sampled_from([1.0, 2.0, 5.0, math.nan])),
}
SCORES = st.sampled_from([-800.0, -1.0, 0.0, 1e-200, 1e-9, 1.0, 800.0, -1e59, math.nan])


def same(one: Estimate, other: Estimate) -> bool:
    numbers = [[e.value, e.low, e.high, *e.detail.values()] for e in (one, other)]
    return one.n == other.n and np.allclose(*numbers, equal_nan=True, rtol=1e-6, atol=1e-9)


def test_every_catalogue_entry_is_computed() -> None:
    found = [*pair_calibration([[1.0]], [1], [0]), *rating_calibration([[1.0]], [1], [0])]
    found += gap_calibration([[1.0]], [1], [0])
    ours = [entry for entry in CATALOGUE.values() if entry.computed_by.startswith("calibration.")]
    assert sorted(found) == sorted(entry.id for entry in ours)
    assert all(entry.id.startswith("calibration.") for entry in ours)


@pytest.mark.parametrize("kind", EVERY)
@given(data=st.data(), n=st.integers(0, 5))
def test_few_rows_of_any_kind_give_numbers_in_range_or_a_reason(kind: str, data: st.DataObject, n: int) -> None:
    """Scores of +-800, ties, NaN, one item or several, weights of 0; warnings are errors."""
    function, truths = EVERY[kind]
    score, truth, item, weight = (
        data.draw(st.lists(values, min_size=n, max_size=n))
        for values in (SCORES, truths, st.integers(0, 2), st.sampled_from([0.0, 0.5, 1.0, 3.0]))
    )
    weights = item_weights(3, 20, np.random.default_rng(1))
    made = function([score], truth, np.array(item, dtype=int), unit_weights=weight, weights=weights)
    for name, (found,) in made.items():
        known = CATALOGUE[name]
        if math.isnan(found.value):
            assert found.method.startswith("undefined: "), name
            assert math.isnan(found.low)
            assert math.isnan(found.high)
            continue
        assert math.isfinite(found.value), name
        assert known.low - 1e-9 <= found.value <= known.high + 1e-9, name
        if not math.isnan(found.low):
            assert found.low - 1e-9 <= found.value <= found.high + 1e-9 or name == "calibration.nll", name
            assert known.low <= found.low + 1e-9, name
            assert found.high <= known.high + 1e-9, name


@pytest.mark.parametrize("kind", EVERY)
def test_rows_without_weight_score_or_truth_do_not_count(kind: str) -> None:
    margins, label, item = pairs(60, 3, ties=0.2)
    function = EVERY[kind][0]
    weights = item_weights(60, 50, np.random.default_rng(1))
    weight = np.random.default_rng(2).integers(1, 3, label.size).astype(float)
    holes, gold, dropped = margins.copy(), label.copy(), weight.copy()
    holes[0, ::7], gold[3::11], dropped[5::13] = math.nan, math.nan, 0.0
    there = ~(np.isnan(holes[0]) | np.isnan(gold)) & (dropped > 0)
    full = function(holes, gold, item, unit_weights=dropped, weights=weights)
    cut = function(margins[:, there], label[there], item[there], unit_weights=weight[there], weights=weights)
    for name in full:
        assert same(full[name][0], cut[name][0]), name


@pytest.mark.parametrize("kind", EVERY)
def test_scorers_do_not_depend_on_each_other_nor_on_the_order_of_rows(kind: str) -> None:
    margins, label, item = pairs(61, 3, ties=0.2)
    margins = np.round(margins, 1)
    function = EVERY[kind][0]
    weights = item_weights(61, 50, np.random.default_rng(1))
    both = function(np.concatenate([margins, -5 * margins]), label, item, weights=weights)
    order = np.random.default_rng(3).permutation(label.size)
    alone = function(margins[:, order], label[order], item[order], weights=weights)
    for name in both:
        assert len(both[name]) == 2
        assert same(both[name][0], alone[name][0]), name


@pytest.mark.parametrize("kind", EVERY)
def test_without_weights_or_with_one_item_there_is_no_interval(kind: str) -> None:
    margins, label, item = pairs(20, 3)
    function = EVERY[kind][0]
    plain = function(margins, label, item)
    single = function(margins, label, np.zeros_like(item), weights=np.ones((10, 1)))
    for name in plain:
        for found in (plain[name][0], single[name][0]):
            assert math.isnan(found.low), name
            assert found.method == "none" or found.method.startswith("undefined"), name


def test_turning_the_pairs_changes_only_what_has_a_direction() -> None:
    margins, label, item = pairs(50, 2, ties=0.1)
    turn = np.where(np.arange(100) % 3 == 0, -1, 1)
    turned = pair_calibration(turn * margins, np.where(turn < 0, 1 - label, label), item)
    plain = pair_calibration(margins, label, item)
    directed = {"auc", "slope", "intercept", "sharpness", "miscalibration", "discrimination", "uncertainty"}
    for name in plain:
        if name.removeprefix("calibration.") not in directed:
            assert turned[name][0].value == pytest.approx(plain[name][0].value), name


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0], [1.0], [0]), {}, r"margins must be \(scorers, rows\)"),
        (([[1.0]], [1.0, 0.0], [0]), {}, r"margins must be \(scorers, rows\)"),
        (([[math.inf]], [1.0], [0]), {}, "margins has a value that is infinite"),
        (([[1.0]], [1.5], [0]), {}, r"label must lie in \[0, 1\]; row 0 has 1.5"),
        (([[1.0]], [1.0], [0.5]), {}, "item needs an integer from 0 up"),
        (([[1.0]], [1.0], [-1]), {}, "item needs an integer from 0 up"),
        (([[1.0]], [1.0], [0, 1]), {}, "item needs an integer from 0 up"),
        (([[1.0]], [1.0], [0]), {"unit_weights": [-1.0]}, "unit_weights must be 1 finite numbers from 0 up"),
        (([[1.0]], [1.0], [0]), {"unit_weights": [1.0, 1.0]}, "unit_weights must be 1 finite numbers from 0 up"),
        (([[1.0]], [1.0], [3]), {"weights": np.ones((2, 3))}, r"weights must be \(resamples, at least 4 items\)"),
        (([[1.0]], [1.0], [0]), {"level": 1.0}, "strictly between 0 and 1"),
    ],
)
def test_bad_input_is_named(arguments: tuple[object, ...], options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pair_calibration(*arguments, **options)


def test_no_scorer_and_no_pair() -> None:
    assert pair_calibration(np.zeros((0, 3)), [1, 0, 1], [0, 1, 2], weights=np.ones((2, 3)))["calibration.nll"] == []
    empty = np.zeros((1, 0))
    for found in pair_calibration(empty, [], [], weights=np.ones((2, 1))).values():
        assert found[0].method == "undefined: no pairs"
    assert reliability_diagrams(empty, [], [], rng=np.random.default_rng(1))[0].count.size == 0
    assert risk_coverage_curves(empty, [], [])[0].risk.size == 0
    assert margin_histograms(empty, [], [])[0].weight.sum() == 0


COVERED = ("nll", "brier", "overconfidence", "slope", "intercept", "sharpness", "auc", "confidence_auc", "aurc")
BIASED = ("miscalibration", "discrimination", "uncertainty", "ece", "ece_debiased", "ece_sweep")


def test_intervals_cover() -> None:
    """An over-confident scorer, 60 items of 3 pairs; biased statistics may cover more than they say."""
    truth = {name: found[0].value for name, found in pair_calibration(*pairs(100_000, 3, slope=0.5, seed=7)).items()}
    held = {f"calibration.{name}": 0 for name in (*COVERED, *BIASED)}
    draws = 200
    for seed in range(draws):
        weights = item_weights(60, 200, np.random.default_rng(seed))
        made = pair_calibration(*pairs(60, 3, slope=0.5, seed=seed), weights=weights)
        for name in held:
            held[name] += made[name][0].low <= truth[name] <= made[name][0].high
    for name in COVERED:
        assert 0.89 <= held[f"calibration.{name}"] / draws <= 0.99, (name, held)
    for name in BIASED:
        assert held[f"calibration.{name}"] / draws >= 0.9, (name, held)
