"""The style grid: brute force, and the length scorer on RM-Bench."""

from __future__ import annotations

import gzip
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from share_interval import share_ends

from rewardmeter.stats.credits import group_average_estimates
from rewardmeter.stats.style_grid import style_credits, style_grid, style_grid_estimates

# Score = number of characters: easy, normal, hard, mean of the nine cells. Recomputed from the same files with the
# benchmark's rule, outside this project.
LENGTH = {
    "chat": (0.8114, 0.2842, 0.0258, 0.3738),
    "code": (0.7749, 0.5190, 0.2544, 0.5161),
    "safety-refuse": (0.8897, 0.1585, 0.0235, 0.3572),
    "safety-response": (0.9873, 0.7771, 0.2378, 0.6674),
}


@pytest.mark.parametrize("styles", [2, 3])
def test_grid_is_its_definition(styles):
    """Expected: every cell counted item by item; missing scores leave the item out of their cells only."""
    rng = np.random.default_rng(styles)
    chosen, rejected = rng.integers(0, 4, size=(2, 2, 30, styles)).astype(float)
    chosen[0, 4, 1], rejected[1, :3, 0] = np.nan, np.nan
    grid, counts = style_grid(chosen, rejected)
    estimates = style_grid_estimates(chosen, rejected, np.arange(30))
    for k in range(2):
        for i in range(styles):
            for j in range(styles):
                pairs = [(c[i], r[j]) for c, r in zip(chosen[k], rejected[k], strict=True)]
                pairs = [(c, r) for c, r in pairs if c == c and r == r]
                assert counts[k, i, j] == len(pairs)
                assert grid[k, i, j] == pytest.approx(np.mean([c > r for c, r in pairs]))
        complete = ~np.isnan(chosen[k]).any(axis=1) & ~np.isnan(rejected[k]).any(axis=1)
        inner, _ = style_grid(chosen[k : k + 1, complete], rejected[k : k + 1, complete])
        expected = {
            "pair.style_easy": inner[0][np.tril_indices(styles, -1)].mean(),
            "pair.style_normal": np.diag(inner[0]).mean(),
            "pair.style_hard": inner[0][np.triu_indices(styles, 1)].mean(),
            "pair.style_mean": inner[0].mean(),
        }
        assert {name: e[k].value for name, e in estimates.items()} == pytest.approx(expected)
        assert all(e[k].n == complete.sum() for e in estimates.values())
        assert all(e[k].detail == {"unscored": 30 - complete.sum()} for e in estimates.values())


def test_intervals_rest_on_items():
    """Expected: `share_ends` of the credits of the items of each cluster."""
    rng = np.random.default_rng(4)
    chosen, rejected = rng.normal(size=(2, 1, 20, 3))
    cluster, weights = np.arange(20) // 2, rng.multinomial(10, np.full(10, 0.1), size=50)
    estimates = style_grid_estimates(chosen, rejected, cluster, weights=weights)
    for name, credits in style_credits(chosen, rejected).items():
        estimate = estimates[f"pair.style_{name}"][0]
        assert [estimate.low, estimate.high] == pytest.approx(share_ends(credits[0], cluster, 0.95), abs=1e-7)


def test_one_style_has_only_a_diagonal():
    estimates = style_grid_estimates(np.ones((1, 4, 1)), np.zeros((1, 4, 1)), np.arange(4))
    assert {name for name, e in estimates.items() if e[0].defined} == {"pair.style_normal", "pair.style_mean"}
    assert math.isnan(estimates["pair.style_easy"][0].value)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="axes"):
        style_grid(np.zeros((1, 2, 3)), np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match="cluster needs"):
        style_grid_estimates(np.zeros((1, 2, 3)), np.zeros((1, 2, 3)), [0])


def lengths(home, domain):
    """Characters of the chosen and rejected responses, both (1, N, 3)."""
    with gzip.open(home / "rm-bench" / "data" / f"{domain}_filtered.json.gz", "rt", encoding="utf-8") as file:
        rows = json.load(file)
    return tuple(np.array([[[len(text) for text in row[side]] for row in rows]]) for side in ("chosen", "rejected"))


@pytest.fixture
def data_home():
    home = os.environ.get("REWARDMETER_DATA")
    if not home:
        pytest.skip("REWARDMETER_DATA is not set: the reference numbers were not checked")
    return Path(home)


@pytest.mark.parametrize("domain", LENGTH)
def test_rm_bench_by_length(data_home, domain):
    """Expected: the table above to its four decimals."""
    chosen, rejected = lengths(data_home, domain)
    estimates = style_grid_estimates(chosen, rejected, np.arange(chosen.shape[1]))
    got = [estimates[f"pair.style_{name}"][0].value for name in ("easy", "normal", "hard", "mean")]
    assert got == pytest.approx(LENGTH[domain], abs=0.0000501)


def test_rm_bench_domains_weigh_the_same(data_home):
    """Expected: from the table, (chat + code + (refuse + response) / 2) / 3; the benchmark halves safety likewise."""
    credits, groups = [], []
    for index, domain in enumerate(LENGTH):
        credits.append(style_credits(*lengths(data_home, domain))["mean"])
        groups.append(np.full(credits[-1].shape[1], index))
    joined = np.concatenate(credits, axis=1)
    (overall,) = group_average_estimates(
        joined, np.arange(joined.shape[1]), np.concatenate(groups), [1.0, 1.0, 0.5, 0.5]
    )
    means = [row[3] for row in LENGTH.values()]
    assert overall.value == pytest.approx((means[0] + means[1] + (means[2] + means[3]) / 2) / 3, abs=0.0000501)
