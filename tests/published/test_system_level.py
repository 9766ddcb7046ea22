"""System-level statistics against published tables: Arena-Hard's notebook and RewardBench 2's downstream table."""

import csv
import gzip
import json

import numpy as np
import pytest

from rewardmeter.stats.reliability import brier_score, log_loss
from rewardmeter.stats.system import system_estimates


def over_systems(x, y, statistic):
    scores, gold = np.asarray(x, float)[None, :, None], np.asarray(y, float)[:, None]
    return system_estimates(scores, gold, statistic=statistic)[0].value


def lines(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as stream:
        return {row["model"].lower(): row for row in map(json.loads, stream)}


ARENA_HARD = {
    # Printed in upstream's benchmark_statistics.ipynb: Spearman, strict pair agreement, log-loss, Brier; 20 systems.
    "alpaca_LC": (0.878195, 0.852632, 1.965293, 0.134726),
    "alpaca": (0.757895, 0.810526, 1.840866, 0.164211),
    "arena_hard": (0.932331, 0.915789, 0.395046, 0.070479),
    "mt_bench": (0.893233, 0.868421, 0.331054, 0.100829),
}


@pytest.mark.parametrize("metric", ARENA_HARD)
def test_arena_hard_notebook(data_set, metric):
    root = data_set("arena-hard-system")
    with (root / "chatbot_arena_20240329.csv").open() as stream:
        arena = {row["model"].lower(): row for row in csv.DictReader(stream)}
    to_hard = json.loads((root / "notebook" / "arena_to_arena_hard.json").read_text())
    to_mt = json.loads((root / "notebook" / "arena_to_mt_bench.json").read_text())
    from_alpaca = {b: a for a, b in json.loads((root / "notebook" / "alpaca_to_arena.json").read_text()).items()}
    names = {"arena_hard": to_hard, "mt_bench": to_mt}.get(metric, from_alpaca)
    found = lines(root / "notebook" / f"bootstrap_stats_{metric}.jsonl.gz")
    shared = sorted(name for name in to_hard if name.lower() in arena)
    pick = [found[names.get(name, name).lower()] for name in shared]
    human = [arena[name.lower()] for name in shared]
    assert len(shared) == 20

    rating = np.array([float(row["rating"]) for row in human])
    score = np.array([row["score"] for row in pick])
    first, second = np.triu_indices(20, 1)
    spearman, strict, loss, brier = ARENA_HARD[metric]
    assert over_systems(score, rating, "spearman") == pytest.approx(spearman, abs=5e-7)
    assert over_systems(score, rating, "pairwise_accuracy") == pytest.approx(strict, abs=5e-7)

    from scipy.stats import norm

    draws = [np.array(row["results"]) for row in pick]
    mean, variance = np.array([d.mean() for d in draws]), np.array([d.var() for d in draws])
    chance = norm.cdf((mean[second] - mean[first]) / np.sqrt(variance[first] + variance[second]))
    label = (rating[first] < rating[second]).astype(float)
    assert brier_score(chance, label) == pytest.approx(brier, abs=6e-7)
    # scikit-learn, which the notebook uses, clips at the spacing of doubles.
    assert log_loss(chance, label, clip=float(np.finfo(float).eps)) == pytest.approx(loss, abs=6e-7)


REWARDBENCH2 = {
    # README of the set, from table 8: rows, Pearson and Spearman of the benchmark with PPO, and with best of 16.
    "all": (17, 0.7168, -0.0393, 0.9155, 0.7934),
    "on-policy": (12, 0.8846, 0.4413, 0.9279, 0.8301),
    "on-policy strong": (9, -0.2551, -0.3347, 0.7164, 0.6109),
    "off-policy": (5, -0.9466, -1.0000, 0.9712, 1.0000),
}


@pytest.mark.parametrize("part", REWARDBENCH2)
def test_rewardbench2_downstream(data_set, part):
    with (data_set("rewardbench2-downstream") / "table8_ppo_bon.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    groups = {
        "all": {"on_policy", "on_policy_weak", "off_policy"},
        "on-policy": {"on_policy", "on_policy_weak"},
        "on-policy strong": {"on_policy"},
        "off-policy": {"off_policy"},
    }[part]
    chosen = [row for row in rows if row["group"] in groups]
    bench, ppo, best = (np.array([float(row[f"{c}_avg"]) for row in chosen]) for c in ("rewardbench2", "ppo", "bon"))
    n, ppo_pearson, ppo_spearman, best_pearson, best_spearman = REWARDBENCH2[part]
    assert len(chosen) == n
    assert over_systems(bench, ppo, "pearson") == pytest.approx(ppo_pearson, abs=5e-5)
    assert over_systems(bench, ppo, "spearman") == pytest.approx(ppo_spearman, abs=5e-5)
    assert over_systems(bench, best, "pearson") == pytest.approx(best_pearson, abs=5e-5)
    assert over_systems(bench, best, "spearman") == pytest.approx(best_spearman, abs=5e-5)
