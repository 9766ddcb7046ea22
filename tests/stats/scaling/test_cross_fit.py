"""Held-out values, and whether a map is worth having."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from rewardmeter.stats.reliability import log_losses
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.scaling import (
    LinearMap,
    applied,
    cross_fit,
    fit_isotonic,
    fit_length_aware,
    fit_linear,
    fit_sliced_temperature,
    fit_spline,
    fit_temperature,
    gain,
)


def test_values_come_from_the_other_folds() -> None:
    rng = np.random.default_rng(1)
    item = np.repeat(rng.permutation(20) * 7, 3)
    x = rng.normal(size=60)
    y = x + rng.normal(size=60)
    values = cross_fit(fit_linear, {"score": x, "human": y}, item, 4, np.random.default_rng(9))
    distinct = np.unique(item)
    fold = item_folds(20, 4, np.random.default_rng(9))[np.searchsorted(distinct, item)]
    for k in range(4):
        inside = fold == k
        assert set(item[inside]).isdisjoint(item[~inside])
        np.testing.assert_array_equal(values[inside], fit_linear(x[~inside], y[~inside])(x[inside]))


def test_every_row_is_held_out_by_whole_items() -> None:
    seen: list[set[int]] = []
    item = np.array([3, 3, 8, 8, 5])

    def fit(score: np.ndarray, human: np.ndarray) -> LinearMap:
        seen.append(set(score.tolist()))
        return LinearMap(target="rating", slope=1.0)

    values = cross_fit(fit, {"score": item, "human": item}, item, folds=10)
    assert values.tolist() == item.tolist()
    assert sorted(map(sorted, seen)) == [[3, 5], [3, 8], [5, 8]]  # at most one fold for each item


def test_pairs_have_margins_with_lengths_and_slices() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 60))
    arrays: dict[str, Any] = {"score_a": a, "score_b": b, "label": (a + rng.normal(size=60) > b).astype(float)}
    item = np.arange(60)
    made = fit_temperature(**arrays)
    np.testing.assert_array_equal(applied(made, arrays), made(a) - made(b))
    assert np.isfinite(cross_fit(fit_temperature, arrays, item)).all()
    lengths = {"length_a": rng.integers(1, 50, 60), "length_b": rng.integers(1, 50, 60)}
    assert np.isfinite(cross_fit(fit_length_aware, {**arrays, **lengths}, item)).all()
    sliced = {**arrays, "slice": np.repeat(["x", "y"], 30)}
    assert np.isfinite(cross_fit(fit_sliced_temperature, sliced, item)).all()


def test_missing_scores_have_no_value_and_missing_labels_do() -> None:
    x, y = np.arange(10.0), np.arange(10.0)
    x[2], y[3] = np.nan, np.nan
    values = cross_fit(partial(fit_spline, penalties=[1.0]), {"score": x, "human": y}, np.arange(10))
    assert np.isnan(values).tolist() == [i == 2 for i in range(10)]


def test_temperature_brings_log_loss_below_a_coins() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 2000))
    y = (rng.random(2000) < expit(0.3 * (a - b))).astype(float)
    a, b = 20 * a, 20 * b  # right order, far too sure
    item = np.repeat(np.arange(500), 4)
    margin = cross_fit(fit_temperature, {"score_a": a, "score_b": b, "label": y}, item)
    before, after = (log_losses(expit(m), y, clip=1e-12) for m in (a - b, margin))
    found = gain(before, after, item)
    assert after.mean() < math.log(2)
    assert found.worth_having
    assert found.to_dict()["worth_having"] is True
    assert found.estimate.value == pytest.approx(before.mean() - after.mean())


def test_a_map_from_few_labels_is_not_worth_having() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=12)
    y = x + rng.normal(size=12)
    values = cross_fit(fit_isotonic, {"score": x, "human": y}, np.arange(12))
    found = gain((x - y) ** 2, (values - y) ** 2, np.arange(12))
    assert not found.worth_having
    assert found.estimate.low < 0


def test_a_calibrated_scorer_is_hardly_ever_said_to_gain() -> None:
    rng = np.random.default_rng(8)
    item = np.repeat(np.arange(30), 3)
    worth = 0
    for _ in range(100):
        a, b = rng.normal(size=(2, 90))
        y = (rng.random(90) < expit(a - b)).astype(float)
        margin = cross_fit(fit_temperature, {"score_a": a, "score_b": b, "label": y}, item)
        worth += gain(*(log_losses(expit(m), y, clip=1e-12) for m in (a - b, margin)), item).worth_having
    assert worth <= 5


def test_gain_of_one_row_for_each_item_is_the_t_interval() -> None:
    rng = np.random.default_rng(5)
    before, after = rng.normal(size=(2, 30))
    found = gain(before, after, np.arange(30), level=0.9).estimate
    peer = ttest_1samp(before - after, 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((peer.low, peer.high))
    assert (found.n, found.level) == (30, 0.9)


def test_gain_is_clustered_and_weighted() -> None:
    rng = np.random.default_rng(6)
    item, w = rng.integers(0, 12, 80), rng.integers(0, 3, 80).astype(float)
    before, after = rng.normal(size=(2, 80))
    found = gain(before, after, item, w).estimate
    kept = w > 0
    value = np.average((before - after)[kept], weights=w[kept])
    sums = [float((w * (before - after - value))[item == k].sum()) for k in np.unique(item[kept])]
    n = len(sums)
    error = math.sqrt(n / (n - 1) * sum(s * s for s in sums)) / w.sum()
    assert found.value == pytest.approx(value)
    assert found.high - found.value == pytest.approx(student.ppf(0.975, n - 1) * error)
    copies = np.repeat(np.arange(80), w.astype(int))
    again = gain(before[copies], after[copies], item[copies]).estimate
    assert (again.low, again.high) == pytest.approx((found.low, found.high))


def test_an_unseen_item_is_in_the_interval_and_not_in_the_value() -> None:
    before, after = np.full(99, 0.0067), np.full(99, 0.0018)
    sure, honest = gain(before, after, np.arange(99)), gain(before, after, np.arange(99), unseen=-1.3)
    assert sure.worth_having
    assert not honest.worth_having
    assert honest.estimate.value == sure.estimate.value
    whole = np.append(before - after, -1.3)
    peer = ttest_1samp(whole, 0).confidence_interval(0.95)
    assert (honest.estimate.low, honest.estimate.high) == pytest.approx((peer.low, peer.high))
    with pytest.raises(ValueError, match="unseen"):
        gain(before, after, np.arange(99), unseen=math.nan)


def test_interval_of_the_gain_covers() -> None:
    rng = np.random.default_rng(7)
    item = np.repeat(np.arange(25), 4)
    covered = 0
    for _ in range(1000):
        loss = rng.normal(0.2, 1, 25)[item] + rng.normal(size=100)
        found = gain(loss, np.zeros(100), item).estimate
        covered += found.low <= 0.2 <= found.high
    assert covered == pytest.approx(950, abs=21)  # three standard errors


def test_undefined_gains() -> None:
    one = gain([1, 2], [0, 0], [7, 7])
    assert one.estimate.value == 1.5
    assert math.isnan(one.estimate.low)
    assert not one.worth_having
    none = gain([math.nan], [1.0], [0])
    assert not none.estimate.defined
    assert not none.worth_having
    same = gain([1.0, 2.0], [1.0, 2.0], [0, 1])
    assert (same.estimate.low, same.worth_having) == (0, False)
    with pytest.raises(ValueError, match="a loss is infinite"):
        gain([math.inf, 1], [0, 1], [0, 1])
    with pytest.raises(ValueError, match="loss_before and item"):
        gain([1, 1], [0, 1], [0])
    with pytest.raises(ValueError, match="weights must be finite"):
        gain([1, 1], [0, 1], [0, 1], [1, -1])


def test_bad_folds_are_named() -> None:
    arrays = {"score": np.arange(4), "human": np.arange(4)}
    with pytest.raises(ValueError, match="got 1 folds"):
        cross_fit(fit_linear, arrays, np.arange(4), folds=1)
    with pytest.raises(ValueError, match=r"one fold per item \(1\)"):
        cross_fit(fit_linear, arrays, np.zeros(4))
    with pytest.raises(ValueError, match="item and human"):
        cross_fit(fit_linear, {"score": np.arange(4), "human": np.arange(3)}, np.arange(4))
