"""Partial correlation against regression by hand and FRANK; correlation of differences against all differences."""

from __future__ import annotations

import gzip
import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rewardmeter.stats.correlation import correlate
from rewardmeter.stats.differences import pairwise_difference_estimates, pairwise_difference_pearson
from rewardmeter.stats.partial import partial_correlation, partial_correlation_estimates
from rewardmeter.stats.resampling import item_weights


def by_regression(x: np.ndarray, y: np.ndarray, design: np.ndarray, statistic: str) -> float:
    """Residuals of an ordinary regression on the given columns, correlated by SciPy."""
    residuals = [side - design @ np.linalg.lstsq(design, side, rcond=None)[0] for side in (x, y)]
    function = stats.pearsonr if statistic == "pearson" else stats.spearmanr
    return float(function(*residuals).statistic)


@pytest.mark.parametrize("statistic", ["pearson", "spearman"])
@pytest.mark.parametrize("kind", ["numbers", "labels", "both"])
def test_partial_correlation_is_that_of_regression_residuals(statistic: Any, kind: str) -> None:
    rng = np.random.default_rng(0)
    length, noise = rng.normal(size=(2, 5, 60))
    label = rng.integers(0, 3, (5, 60))
    gold = 2 * length + label + rng.normal(size=(5, 60))
    scores = (3 * length - label + noise + 0.4 * gold)[None]
    scores[0, rng.random((5, 60)) < 0.1] = np.nan
    length[0, :4] = np.nan
    names = np.array(["a", "b", "c"])[label]
    there = ~np.isnan(scores[0]) & (~np.isnan(length) if kind != "labels" else True)
    columns = [np.eye(3)[label[there]]] if kind != "numbers" else [np.ones((there.sum(), 1))]
    if kind != "labels":
        columns += [length[there][:, None], length[there][:, None] ** 2]
    expected = by_regression(scores[0][there], gold[there], np.hstack(columns), statistic)
    covariates = names if kind == "labels" else np.stack([length, length**2])
    [found] = partial_correlation(
        scores, gold, covariates, statistic=statistic, labels=names if kind == "both" else None
    )
    assert found == pytest.approx(expected, abs=1e-12)


def test_what_the_covariates_explain_has_no_partial_correlation() -> None:
    rng = np.random.default_rng(1)
    gold, length = rng.normal(size=(2, 4, 30))
    scores = np.stack([2.5 * length - 7, gold])
    found = partial_correlation(scores, gold, length[None])
    assert math.isnan(found[0])
    assert found[1] == pytest.approx(1)


def test_partial_intervals_are_close_to_a_brute_force_bootstrap() -> None:
    rng = np.random.default_rng(2)
    items = 200
    length = rng.normal(size=(3, items)) + rng.normal(size=items)
    gold = length + rng.normal(size=(3, items)) + rng.normal(size=items)
    scores = (0.5 * gold - 2 * length + rng.normal(size=(3, items)))[None]
    [estimate] = partial_correlation_estimates(scores, gold, length[None])
    draws = []
    for row in item_weights(items, 600, rng):
        drawn = np.repeat(np.arange(items), row)
        draws += [partial_correlation(scores[:, :, drawn], gold[:, drawn], length[None, :, drawn])[0]]
    low, high = np.quantile(draws, [0.025, 0.975])
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.12 * (high - low))
    assert estimate.n == 3 * items


def test_covariates_must_belong_to_the_cells() -> None:
    scores, gold = np.zeros((1, 2, 3)), np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        partial_correlation(scores, gold, np.zeros((1, 2, 4)))
    with pytest.raises(ValueError, match="twice"):
        partial_correlation(scores, gold, np.zeros((2, 3)), labels=np.zeros((2, 3)))
    with pytest.raises(ValueError, match="pearson or spearman"):
        partial_correlation(scores, gold, np.zeros((2, 3)), statistic="kendall_b")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def frank(data_set: Callable[[str], Path]) -> tuple[dict[str, Any], dict[str, np.ndarray], np.ndarray]:
    """Expected numbers, columns by metric name (gold included), and the system of each row."""
    folder = data_set("frank")
    human, metrics = (
        json.loads(gzip.decompress((folder / f"{name}.json.gz").read_bytes()))
        for name in ("human_annotations", "baseline_factuality_metrics_outputs")
    )
    gold = {(row["hash"], row["model_name"]): row["Factuality"] for row in human}
    expected = json.loads((folder / "expected.json").read_text())["results"]
    columns = {
        name: np.array([row[name] if row[name] is not None else math.nan for row in metrics], dtype=float)
        for name in expected["all"]
    }
    columns["gold"] = np.array([gold[row["hash"], row["model_name"]] for row in metrics])
    columns["dataset"], columns["split"] = (np.array([row[key] for row in metrics]) for key in ("dataset", "split"))
    return expected, columns, np.array([row["model_name"] for row in metrics])


@pytest.mark.parametrize("part", ["all", "test", "valid", "all cnndm", "all bbc"])
def test_frank_partial_correlations(frank, part: str) -> None:
    expected, columns, systems = frank
    chosen = np.ones(systems.size, dtype=bool)
    if part in ("test", "valid"):
        chosen = columns["split"] == part
    elif part != "all":
        chosen = columns["dataset"] == part.removeprefix("all ")
    scores = np.array([columns[name][chosen] for name in expected[part]])[:, None, :]
    gold, labels = columns["gold"][chosen][None], systems[chosen][None]
    for statistic in ("pearson", "spearman"):
        partial = partial_correlation(scores, gold, labels, statistic=statistic)  # type: ignore[arg-type]
        plain = correlate(scores, gold, statistic=statistic, grouping="pooled")  # type: ignore[arg-type]
        for k, numbers in enumerate(expected[part].values()):
            assert partial[k] == pytest.approx(numbers[f"partial_{statistic}"], abs=6e-7)
            assert plain.value[k] == pytest.approx(numbers[statistic], abs=6e-7)
            assert plain.n[k] == numbers["n"]


def all_differences(x: np.ndarray, y: np.ndarray, grouping: str) -> float:
    """Pearson's r over every ordered difference within a group, written out."""
    rows = {"pooled": [(x.ravel(), y.ravel())], "item": zip(x.T, y.T, strict=True), "system": zip(x, y, strict=True)}
    pairs = [
        (a[i] - a[j], b[i] - b[j])
        for a, b in rows[grouping]
        for i, j in itertools.permutations(np.flatnonzero(~np.isnan(a + b)), 2)
    ]
    left, right = np.array(pairs).T if pairs else (np.empty(0), np.empty(0))
    varies = np.abs(left).max(initial=0) > 0 and np.abs(right).max(initial=0) > 0
    return float(np.corrcoef(left, right)[0, 1]) if varies else math.nan


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from(["pooled", "item", "system"]))
def test_correlation_of_differences_is_that_of_all_differences(seed: int, grouping: Any) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 4, (2, *rng.integers(1, 6, 2))).astype(float)
    x[rng.random(x.shape) < 0.2], y[rng.random(y.shape) < 0.2] = np.nan, np.nan
    [found] = pairwise_difference_pearson(x[None], y, grouping=grouping)
    assert found == pytest.approx(all_differences(x, y, grouping), abs=1e-12, nan_ok=True)


def test_vector_of_the_reference_implementation() -> None:
    gold = np.array([[1, 5, np.nan], [10, 2, 12]])
    scores = np.array([[[3.0, 15, 1], [20, 4, 24]]])
    assert pairwise_difference_pearson(scores, gold, grouping="item")[0] == pytest.approx(0.968, abs=6e-4)
    assert pairwise_difference_pearson(scores, gold, grouping="pooled")[0] == pytest.approx(0.975, abs=6e-4)


@pytest.mark.parametrize("grouping", ["item", "system", "pooled"])
def test_intervals_of_differences_are_a_bootstrap_of_items(grouping: Any) -> None:
    rng = np.random.default_rng(4)
    gold = rng.normal(size=(4, 25))
    scores = (gold + rng.normal(size=(4, 25)))[None]
    gold[1, :9] = np.nan
    weights = item_weights(25, 60, rng)
    [estimate] = pairwise_difference_estimates(scores, gold, grouping=grouping, weights=weights, level=0.8)
    draws = []
    for row in weights:
        drawn = np.repeat(np.arange(25), row)
        draws += [pairwise_difference_pearson(scores[:, :, drawn], gold[:, drawn], grouping=grouping)[0]]
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(draws, [0.1, 0.9])), abs=1e-10)
    assert estimate.n == {"item": 9 * 3 + 16 * 6, "system": 3 * 300 + 120, "pooled": 91 * 90 // 2}[grouping]
