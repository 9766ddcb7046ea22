"""WMT23 en-de and zh-en and WMT22 en-de: every published and recomputed number of segment and system level."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardmeter.stats.correlation import correlate
from rewardmeter.stats.system import system_estimates, system_means
from rewardmeter.stats.ties import calibrate_ties

Folder = Callable[[str], Path]


def read_scores(path: Path, systems: list[str]) -> np.ndarray:
    """(systems, items) of a segment score file, or (systems, 1) of a system score file."""
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    blocks: dict[str, list[float]] = {}
    for line in text.splitlines():
        system, value = line.split("\t")
        blocks.setdefault(system, []).append(math.nan if value == "None" else float(value))
    return np.array([blocks.get(system, [math.nan]) for system in systems])


class Wmt:
    """Scores, gold and expected numbers of one test set."""

    def __init__(self, folder: Path, expected: dict[str, Any], pair: str) -> None:
        self.systems, self.expected = expected["systems"], expected["metrics"]
        self.names = list(self.expected)
        places = [folder / "metric-scores" / pair, folder / "sentinel-scores" / pair]
        candidates = [[place / f"{name}.seg.score.gz" for place in places] for name in self.names]
        paths = [next(path for path in both if path.exists()) for both in candidates]
        self.scores = np.array([read_scores(path, self.systems) for path in paths])
        sides = [path.with_name(path.name.replace(".seg.score.gz", ".sys.score")) for path in paths]
        # Scorers without a system file enter the published log with their means over all segments, rated or not.
        published = [
            read_scores(side, self.systems)[:, 0] if side.exists() else system_means(own)
            for side, own in zip(sides, self.scores, strict=True)
        ]
        self.published = np.array(published)

    def column(self, name: str) -> np.ndarray:
        values = [self.expected[metric].get(name) for metric in self.names]
        return np.array([math.nan if value is None else value for value in values])

    def published_column(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The published numbers, and which scorers have one that is not the 0 written for undefined."""
        rows = [self.expected[metric].get("published", {}).get(name) for metric in self.names]
        known = np.array([row is not None for row in rows]) & ~np.isnan(self.column(name))
        return np.array([math.nan if row is None else row for row in rows]), known


@pytest.fixture(scope="module", params=["en-de", "zh-en"])
def wmt23(request: pytest.FixtureRequest, data_set: Folder) -> tuple[Wmt, np.ndarray, np.ndarray]:
    folder = data_set("wmt23-mtme")
    wmt = Wmt(folder, json.loads((folder / "expected.json").read_text())[request.param], request.param)
    gold = read_scores(folder / "human-scores" / f"{request.param}.mqm.seg.score.gz", wmt.systems)
    return wmt, gold, read_scores(folder / "human-scores" / f"{request.param}.mqm.sys.score", wmt.systems)[:, 0]


@pytest.mark.parametrize(
    ("name", "statistic", "grouping"),
    [
        ("seg_pearson", "pearson", "pooled"),
        ("seg_kendall", "kendall_b", "pooled"),
        ("item_pearson", "pearson", "item"),
        ("item_kendall", "kendall_b", "item"),
    ],
)
def test_wmt23_segment_correlations_are_the_published_ones(wmt23, name: str, statistic: Any, grouping: Any) -> None:
    wmt, gold, _ = wmt23
    result = correlate(wmt.scores, gold, statistic=statistic, grouping=grouping)
    np.testing.assert_allclose(result.value, wmt.column(name), atol=6e-8, rtol=0)
    published, known = wmt.published_column(name)
    assert known.sum() >= 34
    np.testing.assert_allclose(result.value[known], published[known], atol=1e-6, rtol=0)
    if grouping == "item":
        np.testing.assert_array_equal(result.n, wmt.column("item_corr_items"))
        items = np.count_nonzero((~np.isnan(wmt.scores) & ~np.isnan(gold)).any(axis=1), axis=1)
        np.testing.assert_array_equal(result.n + result.undefined, items)
    else:
        np.testing.assert_array_equal(result.n, wmt.column("n_scores"))


def test_wmt23_tie_calibrated_accuracy_is_the_published_one(wmt23) -> None:
    wmt, gold, _ = wmt23
    result = calibrate_ties(wmt.scores, gold)
    np.testing.assert_allclose(result.accuracy, wmt.column("acc_t"), atol=6e-8, rtol=0)
    published, known = wmt.published_column("acc_t")
    np.testing.assert_allclose(result.accuracy[known], published[known], atol=1e-6, rtol=0)
    np.testing.assert_array_equal(result.n_groups, wmt.column("acc_t_items"))
    # The expected thresholds are rounded, and not always the smallest of equally good ones.
    assert (result.epsilon <= wmt.column("acc_t_epsilon") * (1 + 1e-6) + 1e-6).all()


def test_wmt23_system_level_is_the_published_one(wmt23) -> None:
    wmt, gold, published_gold = wmt23
    sides = {"published_scores": wmt.published, "published_gold": published_gold}
    pearson = system_estimates(wmt.scores, gold, statistic="pearson", **sides)
    values = np.array([estimate.value for estimate in pearson])
    np.testing.assert_allclose(values, wmt.column("sys_pearson"), atol=6e-8, rtol=0)
    published, known = wmt.published_column("sys_pearson")
    np.testing.assert_allclose(values[known], published[known], atol=1e-6, rtol=0)
    pairs = system_estimates(wmt.scores, gold, statistic="pairwise_accuracy", **sides)
    np.testing.assert_array_equal([e.detail["agree"] for e in pairs], wmt.column("pair_agree"))
    np.testing.assert_array_equal([e.detail["pairs"] for e in pairs], wmt.column("pairs"))


def test_wmt23_two_human_protocols_agree_as_recomputed(wmt23, data_set: Folder, request) -> None:
    wmt, gold, published_gold = wmt23
    pair = request.node.callspec.params["wmt23"]
    folder = data_set("wmt23-mtme")
    expected = json.loads((folder / "expected.json").read_text())[pair]["da_sqm_vs_mqm"]
    other = read_scores(folder / "human-scores" / f"{pair}.da-sqm.seg.score.gz", wmt.systems)[None]
    for name, statistic in (("seg_pearson", "pearson"), ("seg_kendall", "kendall_b")):
        result = correlate(other, gold, statistic=statistic, grouping="pooled")
        assert result.value[0] == pytest.approx(expected[name], abs=6e-8)
        assert result.n[0] == expected["n"]
    other_systems = read_scores(folder / "human-scores" / f"{pair}.da-sqm.sys.score", wmt.systems)[:, 0]
    [estimate] = system_estimates(
        other, gold, statistic="pearson", published_scores=other_systems[None], published_gold=published_gold
    )
    assert estimate.value == pytest.approx(expected["sys_pearson"], abs=6e-8)


def test_wmt22_judges_have_the_recomputed_numbers(data_set: Folder) -> None:
    folder = data_set("wmt22-ende-gemba")
    wmt = Wmt(folder, json.loads((folder / "expected.json").read_text()), "en-de")
    columns = [read_scores(folder / "human-scores" / f"en-de.mqm-col{k}.seg.score.gz", wmt.systems) for k in (1, 2, 3)]
    gold = np.mean(columns, axis=0)
    expected = {
        "seg_pearson": correlate(wmt.scores, gold, statistic="pearson", grouping="pooled").value,
        "seg_spearman": correlate(wmt.scores, gold, statistic="spearman", grouping="pooled").value,
        "seg_kendall_b": correlate(wmt.scores, gold, statistic="kendall_b", grouping="pooled").value,
        "item_kendall": correlate(wmt.scores, gold, statistic="kendall_b", grouping="item").value,
        "acc_t": calibrate_ties(wmt.scores, gold).accuracy,
    }
    # System values of the gold there: one mean over all rated items, also for scorers that miss some of them.
    sides = {"published_gold": system_means(gold)}
    expected["sys_pearson_same_items"] = np.array(
        [estimate.value for estimate in system_estimates(wmt.scores, gold, statistic="pearson", **sides)]
    )
    for name, values in expected.items():
        np.testing.assert_allclose(values, wmt.column(name), atol=6e-7, rtol=0, err_msg=name)
    pairs = system_estimates(wmt.scores, gold, statistic="pairwise_accuracy", **sides)
    np.testing.assert_array_equal([e.detail["agree"] for e in pairs], wmt.column("pair_agree"))
    np.testing.assert_array_equal([e.detail["pairs"] for e in pairs], wmt.column("pairs"))
