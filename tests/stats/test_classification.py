"""Area under the ROC curve and average precision against scikit-learn, and their intervals by brute force."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rewardmeter.stats.classification import average_precision_estimates, roc_auc_estimates
from rewardmeter.stats.resampling import item_weights

metrics = pytest.importorskip("sklearn.metrics")

CURVES = {roc_auc_estimates: "roc_auc_score", average_precision_estimates: "average_precision_score"}
cells = st.tuples(st.integers(1, 6), st.integers(1, 7)).flatmap(
    lambda shape: st.tuples(
        arrays.arrays(np.float64, shape, elements=st.sampled_from([0.0, 1, 2, 3, math.nan]), fill=st.nothing()),
        arrays.arrays(np.float64, shape, elements=st.sampled_from([0.0, 1, 1, 0, math.nan]), fill=st.nothing()),
    )
)


def by_sklearn(name: str, x: np.ndarray, y: np.ndarray) -> float:
    """NaN where this project calls the value undefined: no positives, or for the ROC curve no negatives."""
    there = ~np.isnan(x + y)
    x, y = x[there], y[there]
    if y.sum() == 0 or (name == "roc_auc_score" and y.sum() == len(y)):
        return math.nan
    return float(getattr(metrics, name)(y, x))


@settings(deadline=None, max_examples=150)
@given(cells, st.sampled_from(list(CURVES)), st.sampled_from(["pooled", "item", "system"]))
def test_values_are_those_of_scikit_learn(both, curve, grouping: Any) -> None:
    x, y = both
    groups = {"pooled": [(x.ravel(), y.ravel())], "item": zip(x.T, y.T, strict=True), "system": zip(x, y, strict=True)}[
        grouping
    ]
    expected = np.array([by_sklearn(CURVES[curve], a, b) for a, b in groups])
    defined = expected[~np.isnan(expected)]
    [estimate] = curve(x[None], y, grouping=grouping, weights=None)
    assert estimate.value == pytest.approx(defined.mean() if defined.size else math.nan, abs=1e-12, nan_ok=True)
    assert estimate.n == ((~np.isnan(x + y)).sum() if grouping == "pooled" else defined.size)


@pytest.mark.parametrize("curve", list(CURVES))
@pytest.mark.parametrize("grouping", ["pooled", "system"])
def test_jackknife_intervals_are_close_to_a_brute_force_bootstrap(curve, grouping: Any) -> None:
    rng = np.random.default_rng(5)
    items = 250
    base = rng.normal(size=items)
    gold = (base + rng.normal(size=(4, items)) > 0.8).astype(float)
    scores = (base + gold + rng.normal(size=gold.shape)).round(1)[None]
    gold[2, ::3] = np.nan
    weights = item_weights(items, 500, rng)
    [estimate] = curve(scores, gold, grouping=grouping, weights=weights)
    draws = []
    for row in weights:
        drawn = np.repeat(np.arange(items), row)
        draws += [curve(scores[:, :, drawn], gold[:, drawn], grouping=grouping, weights=None)[0].value]
    low, high = np.quantile(draws, [0.025, 0.975])
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.12 * (high - low))
    assert estimate.high - estimate.low == pytest.approx(high - low, rel=0.12)
    assert "jackknife" in estimate.method


def test_intervals_by_item_are_a_bootstrap_of_items() -> None:
    rng = np.random.default_rng(6)
    gold = rng.integers(0, 2, (6, 20)).astype(float)
    gold[:, 0] = 1
    scores = gold + rng.normal(size=(2, 6, 20)).round(1)
    weights = item_weights(20, 50, rng)
    for k, estimate in enumerate(roc_auc_estimates(scores, gold, grouping="item", weights=weights, level=0.9)):
        each = np.array([by_sklearn("roc_auc_score", a, b) for a, b in zip(scores[k].T, gold.T, strict=True)])
        draws = [np.nanmean(np.repeat(each, row)) for row in weights]
        assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(draws, [0.05, 0.95])), abs=1e-12)
        assert estimate.undefined == np.isnan(each).sum()


def test_many_cells_are_equal_to_scikit_learn() -> None:
    rng = np.random.default_rng(7)
    gold = (rng.random((1, 300_000)) < 0.1).astype(float)
    scores = (gold + rng.normal(size=gold.shape)).round(2)[None]
    for curve, name in CURVES.items():
        [estimate] = curve(scores, gold, weights=None)
        assert estimate.value == pytest.approx(by_sklearn(name, scores.ravel(), gold.ravel()), abs=1e-12)


def test_gold_must_be_binary() -> None:
    with pytest.raises(ValueError, match=r"gold\[0, 1\] is 2.0"):
        roc_auc_estimates(np.zeros((1, 1, 2)), np.array([[0, 2]]), weights=None)
