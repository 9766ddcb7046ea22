"""Outlier systems by the MAD rule: WMT19 system-level scores of 18 language pairs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.system import outlier_systems, system_estimates, system_means


def read_table(path: Path) -> tuple[list[str], np.ndarray, dict[str, np.ndarray]]:
    """Systems, human scores, metric columns; systems in the order of the file."""
    header, *lines = path.read_text().splitlines()
    names = header.split()
    rows = [line.split() for line in lines]
    columns = {
        name: np.array([float(row[place]) if row[place] not in ("NA", "nan") else math.nan for row in rows])
        for place, name in enumerate(names)
        if place >= 2
    }
    return [row[1] for row in rows], columns.pop(names[2]), columns


def test_wmt19_outliers_and_what_they_do_to_pearson(data_set: Callable[[str], Path]) -> None:
    folder = data_set("wmt19-sys-da")
    expected = json.loads((folder / "expected.json").read_text())
    paths = {path.name: path for path in (folder / "wmt19_sys_scores").iterdir()}
    assert len(expected) == 18
    compared = 0
    for pair, record in expected.items():
        [name] = [name for name in paths if name.split("-")[2] == pair.replace("-", "")]
        systems, human, metrics = read_table(paths[name])
        assert len(systems) == record["systems"]
        outlying = outlier_systems(human)
        assert sorted(np.array(systems)[outlying]) == sorted(record["outliers"]), pair
        values = np.array([metrics[metric] for metric in record["metrics"]])
        none = np.full((*values.shape, 1), np.nan)
        sides = {"published_scores": values, "published_gold": human}
        plain = system_estimates(none, none[0], statistic="pearson", **sides)
        kendall = system_estimates(none, none[0], statistic="kendall_b", **sides)
        robust = system_estimates(none, none[0], statistic="pearson_without_outliers", **sides)
        for k, numbers in enumerate(record["metrics"].values()):
            assert (plain[k].n, robust[k].n) == (numbers["n"], numbers.get("n_no_outliers", numbers["n"]))
            assert plain[k].value == pytest.approx(numbers["pearson"], abs=6e-7)
            assert kendall[k].value == pytest.approx(numbers["kendall"], abs=6e-7)
            without = numbers.get("pearson_no_outliers", numbers["pearson"])
            assert robust[k].value == pytest.approx(without, abs=6e-7)
            compared += 1
    assert compared > 350


def test_the_rule_by_hand() -> None:
    # Median 3, absolute deviations 2 1 0 1 97: MAD 1, so the limit is 2.5 * 1.483 = 3.7075.
    np.testing.assert_array_equal(outlier_systems([1, 2, 3, 4, 100]), [False, False, False, False, True])
    np.testing.assert_array_equal(outlier_systems([-0.7075, 2, 3, 4, 6.7]), [False] * 5)
    np.testing.assert_array_equal(outlier_systems([-0.7076, 2, 3, 4, 3]), [True] + [False] * 4)
    # With no spread at all nothing is far off by any multiple of it; a missing value is no outlier.
    assert not outlier_systems([5, 5, 5, 9]).any()
    assert not outlier_systems([np.nan, 1, 2, 3]).any()
    assert not outlier_systems([np.nan, np.nan]).any()


def test_outliers_are_the_same_in_every_resample() -> None:
    rng = np.random.default_rng(0)
    gold = rng.normal(size=(7, 30)) + np.array([0, 0.1, 0.3, 0.2, 0.4, 0.5, 9])[:, None]
    scores = (gold + rng.normal(size=gold.shape))[None]
    weights = item_weights(30, 80, rng)
    [estimate] = system_estimates(scores, gold, statistic="pearson_without_outliers", weights=weights)
    kept = ~outlier_systems(system_means(gold))
    assert not kept[6]
    assert estimate.detail == {"outliers": (~kept).sum()}
    [plain] = system_estimates(scores[:, kept], gold[kept], statistic="pearson", weights=weights)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((plain.value, plain.low, plain.high))
