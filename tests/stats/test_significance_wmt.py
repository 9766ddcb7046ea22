"""WMT23 en-de: tests between all published metrics agree with the published accuracies, and mean what they say."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rewardmeter.stats.significance import (
    EarlyStop,
    all_pairs,
    correlation_permutation_tests,
    draw_swaps,
    item_swap_tests,
    pair_swap_tests,
    significance_clusters,
)
from rewardmeter.stats.ties import calibrate_ties


def read_scores(path: Path, systems: list[str]) -> np.ndarray:
    """(systems, items) of a segment score file."""
    blocks: dict[str, list[float]] = {}
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        system, value = line.split("\t")
        blocks.setdefault(system, []).append(math.nan if value == "None" else float(value))
    return np.array([blocks[system] for system in systems])


@pytest.fixture(scope="module")
def wmt(data_set: Callable[[str], Path]):
    folder = data_set("wmt23-mtme")
    expected = json.loads((folder / "expected.json").read_text())["en-de"]
    names = list(expected["metrics"])
    places = [folder / part / "en-de" for part in ("metric-scores", "sentinel-scores")]
    paths = [next(p for p in (place / f"{name}.seg.score.gz" for place in places) if p.exists()) for name in names]
    scores = np.array([read_scores(path, expected["systems"]) for path in paths])
    gold = read_scores(folder / "human-scores" / "en-de.mqm.seg.score.gz", expected["systems"])
    accuracy = np.array([expected["metrics"][name]["acc_t"] for name in names])
    return names, scores, gold, accuracy


@pytest.mark.parametrize("test", [item_swap_tests, pair_swap_tests])
def test_differences_of_calibrated_accuracies_are_the_published_ones(wmt, test) -> None:
    names, scores, gold, accuracy = wmt
    tests = test(scores, gold, alternative="greater")
    assert tests.difference == pytest.approx(accuracy[:, None] - accuracy[None], abs=2e-6)
    off = ~np.eye(len(names), dtype=bool)
    assert np.all(tests.p[off] > 0)
    assert np.all(tests.resamples == 0)
    assert not tests.reasons
    clusters = significance_clusters(calibrate_ties(scores, gold).accuracy, tests)
    assert clusters.rank[names.index("XCOMET-Ensemble-refA")] == 1
    assert np.all(np.diff(clusters.rank[clusters.order]) >= 0)
    assert clusters.rank[names.index("Random-sysname-src")] > clusters.rank[names.index("BLEU-refA")]
    # Upstream, these two metrics hold the same en-de numbers.
    twins = names.index("instructscore-refA"), names.index("sescoreX-refA")
    assert tests.p[twins] == 1
    assert clusters.rank[twins[0]] == clusters.rank[twins[1]]


def test_scorers_that_are_constant_within_items_cannot_be_tested_by_item(wmt) -> None:
    names, scores, gold, _ = wmt
    chosen = [names.index(name) for name in ("COMET-refA", "BLEU-refA", "SENTINEL-SRC-MQM-src")]
    tests = all_pairs(
        scores[chosen], gold, statistic="segment.kendall_b.item", rng=np.random.default_rng(1), resamples=50
    )
    assert np.isnan(tests.p[2]).all()
    assert "scorer 2 is constant within every group" in tests.reasons[0, 2]
    assert tests.p[0, 1] == 1 / 51


def test_early_stopping_spares_most_draws_on_real_metrics(wmt) -> None:
    _, scores, gold, _ = wmt
    draws = draw_swaps(gold.shape, 2000, rng=np.random.default_rng(2))
    tests = correlation_permutation_tests(
        scores[:6], gold, draws, statistic="pearson", grouping="item", early_stop=EarlyStop()
    )
    used = tests.resamples[np.triu_indices(6, 1)]
    assert used.min() < 2000
    assert used.mean() < 1200
    assert np.all(tests.p[np.triu_indices(6, 1)] > 0)
