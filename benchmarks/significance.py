"""What the significance tests cost, in CPU seconds on one thread; beside the peers where their code is at hand.

    python benchmarks/significance.py [--long] [--inputs FILE.npz] [--peer PATH ...]

Inputs are made: 30 scorers, 15 systems, 2,000 items, expert-like ratings with many ties; or read from an .npz file with
``human`` (systems, items), ``human_ragged`` and ``metrics`` (scorers, systems, items). ``--peer`` names checkouts of
mt-metrics-eval or nlpstats, or "installed" for installed packages: their own code then does the same work on the same
arrays for a few draws, the draws are replayed here, and the numbers must be equal. Prints one JSON object.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from rewardmeter.stats.resampling import sign_flips
from rewardmeter.stats.significance import (
    Counts,
    EarlyStop,
    accuracy_permutation_tests,
    bootstrap_values,
    correlation_permutation_tests,
    draw_counts,
    draw_swaps,
    item_swap_tests,
    pair_swap_tests,
    preference_tests,
    replayed_swaps,
    significance_clusters,
    soft_pairwise_permutation_tests,
    system_permutation_tests,
)
from rewardmeter.stats.significance.pair_cells import pair_cells, pattern_blocks
from rewardmeter.stats.significance.swap_accuracy import accuracy_kernels
from rewardmeter.stats.significance.swap_engine import null_differences
from rewardmeter.stats.significance.swap_kernels import correlation_kernel
from rewardmeter.stats.ties import calibrate_ties

Arrays = dict[str, np.ndarray]
CLOSE = 1e-12
# CPU seconds that the tests are meant to stay below at this size.
GOALS = {
    "acc*_eq table: calibration, all pairs, clusters": 4.0,
    "acc*_eq table by swapped items": 4.0,
    "PERM-BOTH acc_eq, all pairs, 1,000 draws": 5.0,
    "PERM-BOTH pearson by item, one pair, 1,000 draws": 0.3,
    "PERM-BOTH kendall_b by item, one pair, 1,000 draws": 1.5,
    "bootstrap pearson by item over both, 9,999 resamples": 2.0,
    "bootstrap kendall_b by item over both, 9,999 resamples": 2.0,
    "soft pairwise accuracy, all pairs, early stopping": 240.0,
}


def made_inputs(scorers: int = 30, systems: int = 15, items: int = 2000) -> Arrays:
    """Ratings like expert error counts, and scorers of three kinds: smooth, lexical with exact ties, coarse grades."""
    rng = np.random.default_rng(20261120)
    quality = rng.normal(0, 0.45, (systems, 1)) + rng.normal(0, 1.1, items) + rng.normal(0, 1, (systems, items))
    copied = rng.random((systems, items)) < 0.06
    quality[copied] = np.roll(quality, 1, axis=0)[copied]
    errors = rng.poisson(0.5 * np.exp(-0.6 - 0.9 * quality)) + 5.0 * rng.poisson(0.12 * np.exp(-0.6 - 0.9 * quality))
    human = -np.minimum(errors, 25.0)
    human[:, rng.choice(items, items // 10, replace=False)] = np.nan
    metrics = np.empty((scorers, systems, items))
    for k in range(scorers):
        noisy = rng.uniform(0.3, 1.2) * quality + 0.12 * rng.normal(size=(systems, 1)) + rng.normal(size=quality.shape)
        noisy[copied] = np.roll(noisy, 1, axis=0)[copied]
        metrics[k] = np.round(noisy * 2) if k % 8 == 7 else np.round(noisy, 2) if k % 8 == 6 else noisy
    ragged = np.where(rng.random(human.shape) < 0.02, np.nan, human)
    return {"human": human, "human_ragged": ragged, "metrics": metrics}


class Clock:
    """Runs jobs and keeps their CPU seconds and the peak memory after each."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def run(self, name: str, job: Callable[[], Any], repeats: int = 1) -> Any:
        seconds = []
        for _ in range(repeats):
            start = time.process_time()
            result = job()
            seconds.append(time.process_time() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        row = {"job": name, "cpu_seconds": round(float(np.median(seconds)), 4), "peak_mb": round(peak)}
        if name in GOALS:
            row["goal_seconds"] = GOALS[name]
        self.rows.append(row)
        print(f"{name}: {row['cpu_seconds']} s", file=sys.stderr)
        return result


def table(metrics: np.ndarray, human: np.ndarray, test: Callable[..., Any]) -> Any:
    """The whole of a shared task's segment-level table: thresholds, accuracies, all-pairs tests, clusters."""
    calibrated = calibrate_ties(metrics, human)
    tests = test(metrics, human, epsilon=calibrated.epsilon, alternative="greater")
    return significance_clusters(calibrated.accuracy, tests)


def own_jobs(clock: Clock, data: Arrays, long: bool) -> None:
    human, metrics = data["human"], data["metrics"]
    rng = np.random.default_rng(1)
    clock.run("acc*_eq table: calibration, all pairs, clusters", lambda: table(metrics, human, pair_swap_tests), 3)
    clock.run("acc*_eq table by swapped items", lambda: table(metrics, human, item_swap_tests), 3)
    ragged = data["human_ragged"]
    clock.run("acc*_eq table by swapped items, ragged", lambda: table(metrics, ragged, item_swap_tests))
    draws = draw_swaps(human.shape, 1000, rng=rng)
    pair = metrics[[0, len(metrics) - 1]]
    for statistic in ("pearson", "spearman", "kendall_b"):
        for grouping in ("item", "pooled", "system"):
            clock.run(
                f"PERM-BOTH {statistic} {'' if grouping == 'pooled' else 'by '}{grouping}, one pair, 1,000 draws",
                lambda s=statistic, g=grouping: correlation_permutation_tests(
                    pair, human, draws, statistic=s, grouping=g
                ),
                3 if grouping == "item" else 1,
            )
    both = draw_swaps(human.shape, 9999, rng=rng, swap="rows_columns")
    clock.run(
        "nlpstats-style permutation, pearson by item, one pair, 9,999 draws",
        lambda: correlation_permutation_tests(pair, ragged, both, statistic="pearson", grouping="item"),
    )
    for statistic in ("pearson", "kendall_b"):
        counts = draw_counts(human.shape, 9999, "both", rng)
        clock.run(
            f"bootstrap {statistic} by item over both, 9,999 resamples",
            lambda s=statistic, c=counts: bootstrap_values(metrics[:1], ragged, c, statistic=f"segment.{s}.item"),
        )
    credits = np.random.default_rng(2).integers(0, 3, (25, 3000)) / 2
    clock.run("paired accuracy, 25 scorers x 3,000 pairs, all 300 tests exact", lambda: preference_tests(credits), 3)
    clock.run("paired accuracy, one test exact", lambda: preference_tests(credits[:2]), 5)
    clock.run(
        "system pearson, all pairs, 1,000 draws",
        lambda: system_permutation_tests(metrics, human, draws, statistic="pearson"),
    )
    clock.run(
        "PERM-BOTH acc_eq, all pairs, 1,000 draws",
        lambda: accuracy_permutation_tests(metrics, human, draws, epsilon=0.1),
        3,
    )
    flips = sign_flips(human.shape[1], 1000, rng)
    clock.run(
        "soft pairwise accuracy, one pair, 1,000 draws",
        lambda: soft_pairwise_permutation_tests(pair, human, draws, flips=flips),
    )
    if long:
        clock.run(
            "soft pairwise accuracy, all pairs, early stopping",
            lambda: soft_pairwise_permutation_tests(metrics, human, draws, flips=flips, early_stop=EarlyStop()),
        )


def found_peers(places: list[str]) -> dict[str, Any]:
    """The peers' modules, from checkouts put on the path or from installed packages."""
    sys.path[:0] = [place for place in places if Path(place).is_dir()]
    peers: dict[str, Any] = {}
    if find_spec("mt_metrics_eval"):
        from mt_metrics_eval import stats  # type: ignore[import-not-found]

        peers["mt-metrics-eval"] = stats
    if find_spec("nlpstats"):
        from nlpstats.correlations import bootstrap, permutation_test  # type: ignore[import-not-found]

        peers["nlpstats"] = (bootstrap, permutation_test)
    return peers


def beside_mt_metrics_eval(clock: Clock, stats: Any, data: Arrays) -> list[dict[str, Any]]:
    """PERM-BOTH of one pair for a few draws there, replayed here; and the pair test's accuracies."""
    from scipy import stats as scipy_stats

    human, pair = data["human"], data["metrics"][[0, len(data["metrics"]) - 1]]
    systems, items = human.shape
    gold = [None if np.isnan(value) else float(value) for value in human.ravel()]
    one, two = (stats.Correlation(systems, gold, list(row.ravel())) for row in pair)
    rated = ~np.isnan(human)
    by_item = np.ravel_multi_index(np.nonzero(rated.T)[::-1], human.shape)
    calls = {
        "pearson": (scipy_stats.pearsonr, {}),
        "kendall_b": (scipy_stats.kendalltau, {}),
        "acc_eq": (stats.KendallVariants, {"variant": "acc23", "epsilon": 0.1}),
    }
    rows = []
    for name, (function, options) in calls.items():
        draws = 8
        np.random.seed(3)  # noqa: NPY002 (the peer draws from the global generator)
        start = time.process_time()
        _, _, _, peer = stats.PermutationSigDiff(
            two, one, function, "item", draws, stats.PermutationSigDiffParams(block_size=10**9), **options
        )
        seconds = time.process_time() - start
        random, swaps = np.random.RandomState(3), np.zeros((draws, systems, items), dtype=bool)
        for swap in swaps:
            swap.reshape(-1)[by_item] = random.binomial(1, 0.5, by_item.size) == 0
        if name == "acc_eq":
            kernel: Any = accuracy_kernels(pair, human, next(pattern_blocks(pair, human)), 0.1)[0]
        else:
            kernel = correlation_kernel(pair_cells(pair[0], pair[1], human, "item"), name)
        own = null_differences(kernel, replayed_swaps(swaps))[0]
        apart = float(np.abs(own - [second - first for second, first in peer]).max())
        assert apart < CLOSE, (name, apart)
        label = f"PERM-BOTH {name} by item, one pair, 1,000 draws"
        own_seconds = next((row["cpu_seconds"] for row in clock.rows if row["job"] == label), None)
        if own_seconds is None:
            test_pair = draw_swaps(human.shape, 1000, rng=np.random.default_rng(4))
            clock.run(label, lambda d=test_pair: accuracy_permutation_tests(pair, human, d, epsilon=0.1))
            own_seconds = clock.rows[-1]["cpu_seconds"]
        peer_seconds = seconds * 1001 / (draws + 1)
        rows.append(
            {
                "peer": "mt-metrics-eval",
                "job": label,
                "peer_cpu_seconds_from": f"{draws} draws",
                "peer_cpu_seconds": round(peer_seconds, 1),
                "ratio": round(peer_seconds / own_seconds),
                "greatest_difference_of_replayed_draws": apart,
            }
        )
    return [*rows, pair_swaps_beside(clock, stats, data, (one, two))]


def pair_swaps_beside(clock: Clock, stats: Any, data: Arrays, pair: tuple[Any, Any]) -> dict[str, Any]:
    """The table of a shared task: what one pair of scorers costs there, times the pairs. Differences must be equal."""
    human, scorers, draws = data["human"], len(data["metrics"]), 4
    chosen = data["metrics"][[0, scorers - 1]]
    thresholds = calibrate_ties(chosen, human).epsilon
    start = time.process_time()
    stats.KendallWithTiesOpt(pair[0].gold_scores, pair[0].metric_scores, "acc23", human.shape[0], "item", 1.0)
    calibration = time.process_time() - start
    options = {"epsilon1": float(thresholds[1]), "epsilon2": float(thresholds[0])}
    start = time.process_time()
    _, delta, _, _ = stats.PairwisePermutationSigDiff(pair[1], pair[0], "acc23", "item", draws, **options)
    swapping = (time.process_time() - start) * 1001 / (draws + 1)
    own = float(pair_swap_tests(chosen, human, epsilon=thresholds).difference[0, 1])
    assert abs(own - delta) < CLOSE, (own, delta)
    label = "acc*_eq table: calibration, all pairs, clusters"
    own_seconds = next(row["cpu_seconds"] for row in clock.rows if row["job"] == label)
    peer_seconds = scorers * (scorers - 1) / 2 * (swapping + 2 * calibration)
    return {
        "peer": "mt-metrics-eval",
        "job": label,
        "peer_cpu_seconds_from": f"one pair, one calibration, {draws} draws",
        "peer_cpu_seconds": round(peer_seconds),
        "ratio": round(peer_seconds / own_seconds),
        "greatest_difference": abs(own - float(delta)),
    }


def beside_nlpstats(clock: Clock, bootstrap: Any, data: Arrays) -> list[dict[str, Any]]:
    """Bootstrap over systems and items for a few resamples there, replayed here."""
    human = data["human_ragged"][:, ~np.isnan(data["human_ragged"]).all(axis=0)]
    scores = data["metrics"][0][:, ~np.isnan(data["human_ragged"]).all(axis=0)]
    scores = np.where(np.isnan(human), np.nan, scores)
    rows = []
    for name, coefficient in (("pearson", "pearson"), ("kendall_b", "kendall")):
        resamples = 12
        np.random.seed(5)  # noqa: NPY002 (the peer draws from the global generator)
        start = time.process_time()
        peer = bootstrap(scores, human, "input", coefficient, "both", n_resamples=resamples).samples
        seconds = time.process_time() - start
        random, systems, items = np.random.RandomState(5), human.shape[0], human.shape[1]
        drawn = [[np.bincount(random.choice(n, n), minlength=n) for n in (systems, items)] for _ in range(resamples)]
        counts = Counts(np.array([pair[1] for pair in drawn]), np.array([pair[0] for pair in drawn]))
        own = bootstrap_values(scores[None], human, counts, statistic=f"segment.{name}.item")[:, 0]
        apart = float(np.abs(own - peer).max())
        assert apart < CLOSE, (name, apart)
        label = f"bootstrap {name} by item over both, 9,999 resamples"
        own_seconds = next(row["cpu_seconds"] for row in clock.rows if row["job"] == label)
        rows.append(
            {
                "peer": "nlpstats",
                "job": label,
                "peer_cpu_seconds_from": f"{resamples} resamples",
                "peer_cpu_seconds": round(seconds / resamples * 9999, 1),
                "ratio": round(seconds / resamples * 9999 / own_seconds),
                "greatest_difference_of_replayed_draws": apart,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", help=".npz file with human, human_ragged and metrics")
    parser.add_argument("--long", action="store_true", help="also the jobs that take minutes")
    parser.add_argument("--peer", action="append", default=[], help="checkout of a peer, or 'installed'")
    options = parser.parse_args()
    data = dict(np.load(options.inputs)) if options.inputs else made_inputs()
    warnings.simplefilter("ignore")
    clock = Clock()
    own_jobs(clock, data, options.long)
    beside = []
    if options.peer:
        peers = found_peers(options.peer)
        if "mt-metrics-eval" in peers:
            beside += beside_mt_metrics_eval(clock, peers["mt-metrics-eval"], data)
        if "nlpstats" in peers:
            beside += beside_nlpstats(clock, peers["nlpstats"][0], data)
    shape = dict(zip(("scorers", "systems", "items"), data["metrics"].shape, strict=True))
    missed = [row["job"] for row in clock.rows if row["cpu_seconds"] > row.get("goal_seconds", np.inf)]
    print(json.dumps({"inputs": shape, "jobs": clock.rows, "beside": beside, "goals_missed": missed}, indent=1))


if __name__ == "__main__":
    main()
