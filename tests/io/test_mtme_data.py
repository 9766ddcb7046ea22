"""The mt-metrics-eval reader on the WMT23 files: raw arrays against the published numbers.

Expected values are those of the set's expected.json: ``published`` is the log of Perrella et al. (ACL 2024), made with
Google's mt-metrics-eval; the rest was recomputed with scipy from the files themselves. Statistics are computed here
with scipy, so that an error of the reader shows by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rewardmeter.dataset import Dataset
from rewardmeter.io.named.wmt23_mtme import SUBSETS, load

DataSet = Callable[[str], Path]

TOLERANCE = 1e-6


@cache
def loaded(root: Path, pair: str) -> Dataset:
    return load(root, subset=pair)


@pytest.fixture(params=SUBSETS)
def case(request: pytest.FixtureRequest, data_set: DataSet) -> tuple[Dataset, dict[str, Any]]:
    root = data_set("wmt23-mtme")
    expected = json.loads((root / "expected.json").read_text(encoding="utf-8"))
    return loaded(root, request.param), expected[request.param]


def mean_rating(data: Dataset) -> np.ndarray:
    assert data.ratings is not None
    return data.ratings.mean(data.n_responses)


def pearson(x: np.ndarray, y: np.ndarray) -> float | None:
    return None if np.ptp(x) == 0 or np.ptp(y) == 0 else float(stats.pearsonr(x, y)[0])


def item_pearson(gold: np.ndarray, metric: np.ndarray) -> tuple[float | None, int]:
    """Mean over rows of Pearson r, and over how many: rows that are constant on either side are left out."""
    x, y = gold - gold.mean(axis=1, keepdims=True), metric - metric.mean(axis=1, keepdims=True)
    varied = (np.ptp(gold, axis=1) > 0) & (np.ptp(metric, axis=1) > 0)
    x, y = x[varied], y[varied]
    if not len(x):
        return None, 0
    return float(np.mean(np.sum(x * y, axis=1) / np.sqrt(np.sum(x**2, axis=1) * np.sum(y**2, axis=1)))), len(x)


def test_systems_and_names(case: tuple[Dataset, dict[str, Any]]) -> None:
    data, expected = case
    assert list(data.systems) == expected["systems"]
    assert {name for name, r in data.recorded.items() if r.values is not None and np.isfinite(r.values).any()} == set(
        expected["metrics"]
    )


def test_every_metric_reproduces_the_published_correlations(case: tuple[Dataset, dict[str, Any]]) -> None:
    data, expected = case
    gold = mean_rating(data)
    judged = np.isfinite(gold)
    rows = judged.reshape(data.n_items, -1).all(axis=1)
    for name, reference in expected["metrics"].items():
        values = data.recorded[name].values
        assert values is not None
        assert np.isfinite(values[judged]).sum() == reference["n_scores"], name
        found = {
            "seg_pearson": pearson(values[judged], gold[judged]),
            "seg_kendall": float(stats.kendalltau(values[judged], gold[judged])[0]),
        }
        shape = (data.n_items, len(data.systems))
        found["item_pearson"], items = item_pearson(gold.reshape(shape)[rows], values.reshape(shape)[rows])
        assert items == reference["item_corr_items"], name
        for statistic, value in found.items():
            assert value == pytest.approx(reference[statistic], abs=TOLERANCE), (name, statistic)
            published = reference.get("published", {}).get(statistic)
            if published is not None and value is not None:
                assert value == pytest.approx(published, abs=TOLERANCE), (name, statistic)


def test_system_scores_reproduce_the_published_correlations(case: tuple[Dataset, dict[str, Any]]) -> None:
    data, expected = case
    assert data.ratings is not None
    published_gold = data.ratings.system_values["overall"]
    gold = np.array([published_gold[system] for system in data.systems])
    first, second = np.triu_indices(len(gold), 1)
    for name, reference in expected["metrics"].items():
        metric = np.array([data.recorded[name].system_values[system] for system in data.systems])
        assert pearson(metric, gold) == pytest.approx(reference["sys_pearson"], abs=TOLERANCE), name
        product = (metric[first] - metric[second]) * (gold[first] - gold[second])
        assert (int(np.sum(product > 0)), len(product)) == (reference["pair_agree"], reference["pairs"]), name


def test_second_gold_against_the_first(case: tuple[Dataset, dict[str, Any]], data_set: DataSet) -> None:
    data, expected = case
    other = load(data_set("wmt23-mtme"), subset=data.name.partition(":")[2], gold="da-sqm")
    assert other.systems == data.systems
    x, y = mean_rating(other), mean_rating(data)
    both = np.isfinite(x) & np.isfinite(y)
    reference = expected["da_sqm_vs_mqm"]
    assert both.sum() == reference["n"]
    assert pearson(x[both], y[both]) == pytest.approx(reference["seg_pearson"], abs=TOLERANCE)
    assert stats.kendalltau(x[both], y[both])[0] == pytest.approx(reference["seg_kendall"], abs=TOLERANCE)
    assert data.ratings is not None
    assert other.ratings is not None
    systems = [[d.ratings.system_values["overall"][s] for s in data.systems] for d in (data, other) if d.ratings]
    assert stats.pearsonr(*systems)[0] == pytest.approx(reference["sys_pearson"], abs=TOLERANCE)


def test_error_spans_of_the_raters_average_to_the_official_score(data_set: DataSet) -> None:
    for pair, raters, ratings in (("en-de", 0, 5520), ("zh-en", 8, 19545)):
        official = mean_rating(loaded(data_set("wmt23-mtme"), pair))
        data = load(data_set("wmt23-mtme"), subset=pair, gold="mqm-raters")
        assert data.ratings is not None
        assert (len(data.ratings.raters), len(data.ratings)) == (raters, ratings)
        np.testing.assert_allclose(mean_rating(data), official, atol=1e-9)


def test_human_translation_has_gold_but_no_reference_based_scores(data_set: DataSet) -> None:
    data = load(data_set("wmt23-mtme"), subset="en-de", include_human=True)
    assert "refA" in data.systems
    assert "synthetic_ref" not in data.systems
    reference = data.response_system == data.systems.index("refA")
    # human-scores/en-de.mqm.sys.score: refA -2.9634782608695645
    assert np.nanmean(mean_rating(data)[reference]) == pytest.approx(-2.9634782608695645, abs=1e-9)
    chrf, gemba = data.recorded["chrF-refA"].values, data.recorded["GEMBA-MQM-src"].values
    assert chrf is not None
    assert gemba is not None
    assert np.all(np.isnan(chrf[reference]))
    assert np.all(np.isfinite(gemba[reference]))


def test_sentinels_say_what_they_read(data_set: DataSet) -> None:
    data = loaded(data_set("wmt23-mtme"), "en-de")
    assert data.recorded["SENTINEL-SRC-MQM-src"].reads == {"prompt"}
    assert data.recorded["SENTINEL-REF-DA-refA"].reads == {"references"}
    assert data.recorded["SENTINEL-CAND-MQM-src"].reads == {"response"}
    source_only = data.recorded["SENTINEL-SRC-MQM-src"].values
    assert source_only is not None
    assert np.all(np.ptp(source_only.reshape(data.n_items, -1), axis=1) == 0)
