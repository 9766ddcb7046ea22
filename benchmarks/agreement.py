"""Agreement of raters and rater models, beside krippendorff and crowd-kit where these are installed.

    python benchmarks/agreement.py [--annotations FILE.npz] [--repeats 9] [--peers FOLDER]

100,000 labels (4 kinds) of 20,000 units, 5 of 500 raters for each, drawn from a fixed seed; or the arrays ``task``,
``worker`` and ``label`` of a file. FOLDER is a site-packages folder with the peers, if they are not in this environment
(``pip install krippendorff crowd-kit``); it may also be named by REWARDMETER_PEERS. Prints one JSON object per job: CPU
seconds of the middle repeat, the peer's, their ratio and how far the numbers are apart. Numbers that are not equal, or
a goal that is missed, end the run with status 1. One BLAS thread is used.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.humans.dawid_skene import dawid_skene
from rewardmeter.stats.humans.judgments import rating_matrix, triples
from rewardmeter.stats.humans.krippendorff import krippendorff_alpha
from rewardmeter.stats.humans.mace import MaceStart, mace
from rewardmeter.stats.resampling import item_weights

ALPHA_GOAL, DAWID_SKENE_GOAL = 20.0, 5.0
METRICS = ("nominal", "ordinal", "interval", "ratio")
EQUAL = 1e-9
Ints = NDArray[np.int64]
failures: list[str] = []


@dataclass(frozen=True)
class Labels:
    """Judgments as triples, and as a matrix (raters, units)."""

    unit: Ints
    rater: Ints
    label: Ints
    matrix: NDArray[np.float64]


def made(units: int = 20_000, per_unit: int = 5, raters: int = 500, labels: int = 4) -> Labels:
    """Raters of differing skill and activity who are right or guess."""
    rng = np.random.default_rng(20261122)
    truth = rng.choice(labels, units, p=[0.4, 0.3, 0.2, 0.1])
    skill, activity = rng.beta(6, 2.5, raters), rng.exponential(1, raters)
    # The raters of a unit: the greatest of exponential races run at each rater's activity, so without repeats.
    races = rng.exponential(1, (units, raters)) / activity
    rater = np.argpartition(races, per_unit, axis=1)[:, :per_unit].ravel()
    unit = np.repeat(np.arange(units), per_unit)
    wrong = (truth[unit] + rng.integers(1, labels, unit.size)) % labels
    return prepared(unit, rater, np.where(rng.random(unit.size) < skill[rater], truth[unit], wrong))


def prepared(unit: Ints, rater: Ints, label: Ints) -> Labels:
    """Raters and labels numbered in the order of their first use.

    crowd-kit's MACE numbers them so in one place and sorts them in another: only then do its counts belong together.
    """
    rater, label = by_first_use(rater), by_first_use(label)
    return Labels(unit, rater, label, rating_matrix(unit, rater, label))


def by_first_use(index: Ints) -> Ints:
    _, first, code = np.unique(index, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[code]


def cpu_seconds(run: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """CPU seconds of the middle repeat, and the result."""
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        result = run()
        seconds.append(time.process_time() - begin)
    return statistics.median(seconds), result


def report(job: str, ours: float, peer: float | None = None, *, apart: float = 0.0, goal: float = 0.0) -> None:
    """Print a job's line; remember what it misses."""
    line: dict[str, object] = {"job": job, "cpu_seconds": float(f"{ours:.3g}")}
    if peer is not None:
        ratio = peer / ours
        line |= {"peer_cpu_seconds": float(f"{peer:.3g}"), "ratio": round(ratio, 1), "numbers_apart": apart}
        if goal:
            line |= {"goal": goal, "met": ratio >= goal}
            failures.extend([f"{job}: {ratio:.1f} times, goal {goal:g}"] if ratio < goal else [])
        failures.extend([f"{job}: the numbers differ by {apart:g}"] if not apart <= EQUAL else [])
    print(json.dumps(line), flush=True)


def installed(name: str) -> bool:
    found = importlib.util.find_spec(name) is not None
    if not found:
        print(json.dumps({"peer": name, "installed": False}), flush=True)
    return found


def measure_alpha(data: Labels, repeats: int) -> None:
    peer: Callable[..., Any] | None = None
    if installed("krippendorff"):
        import krippendorff

        peer = krippendorff.alpha
    for metric in METRICS:
        ours, estimate = cpu_seconds(lambda m=metric: krippendorff_alpha(data.unit, data.label, metric=m), repeats)
        theirs, value = None, estimate.value
        if peer is not None:
            theirs, value = cpu_seconds(lambda m=metric: peer(data.matrix, level_of_measurement=m), repeats)
        job = f"alpha {metric}, {data.matrix.shape[0]} x {data.matrix.shape[1]}"
        report(f"{job}, from triples", ours, theirs, apart=abs(estimate.value - value), goal=ALPHA_GOAL)
        if metric == "nominal":
            ours, estimate = cpu_seconds(lambda: alpha_of_matrix(data.matrix), repeats)
            report(f"{job}, from the matrix", ours, theirs, apart=abs(estimate.value - value))
        weights = item_weights(data.matrix.shape[1], 1000, np.random.default_rng(1))
        ours, _ = cpu_seconds(
            lambda m=metric, w=weights: krippendorff_alpha(data.unit, data.label, metric=m, weights=w), 3
        )
        report(f"{job}, 1,000 resamples of the units", ours)


def alpha_of_matrix(matrix: NDArray[np.float64]) -> Any:
    unit, _, value = triples(matrix)
    return krippendorff_alpha(unit, value, metric="nominal")


def measure_dawid_skene(data: Labels, repeats: int) -> None:
    """With crowd-kit's least count all numbers must be equal; the time of EM without it is shown beside."""
    judgments = (data.unit, data.rater, data.label)
    steps, theirs, peer = 42, None, None
    if installed("crowdkit"):
        from crowdkit.aggregation import DawidSkene

        theirs, model = cpu_seconds(lambda: DawidSkene(100).fit(frame(data)), min(repeats, 5))
        steps, peer = len(model.loss_history_), model.probas_.sort_index(axis=0).sort_index(axis=1).to_numpy()
    for least in (1e-10, 0.0):
        ours, fitted = cpu_seconds(
            lambda x=least: dawid_skene(*judgments, steps=steps, tolerance=0, least_count=x), repeats
        )
        job = f"Dawid-Skene, {steps} steps, least count {least:g}"
        if peer is None or least == 0:
            report(job, ours)
            continue
        different = np.count_nonzero(fitted.labels != peer.argmax(axis=1))
        report(f"{job}, labels", ours, theirs, apart=float(different), goal=DAWID_SKENE_GOAL)
        report(f"{job}, probabilities", ours, theirs, apart=float(np.abs(fitted.probability - peer).max()))


def measure_mace(data: Labels, repeats: int) -> None:
    raters, labels = int(data.rater.max()) + 1, int(data.label.max()) + 1
    start = crowd_kits_start(raters, labels)
    ours, fitted = cpu_seconds(
        lambda: mace(data.unit, data.rater, data.label, steps=50, tolerance=0, starts=[start]), repeats
    )
    theirs, apart = None, 0.0
    if installed("crowdkit"):
        from crowdkit.aggregation import MACE

        theirs, model = cpu_seconds(lambda: MACE(n_restarts=1, n_iter=50).fit(frame(data)), 1)
        peer = model.probas_.sort_index(axis=0).sort_index(axis=1).to_numpy()
        apart = float(np.abs(fitted.probability - peer).max())
    report("MACE, one start of 50 steps, probabilities", ours, theirs, apart=apart)


def crowd_kits_start(raters: int, labels: int) -> MaceStart:
    """Uniform draws from [1, 2.5) with the seed 0, normalised."""
    knows, strategy = (np.random.RandomState(0).uniform(1, 2.5, size=(raters, n)) for n in (2, labels))
    return MaceStart(knows[:, 1] / knows.sum(axis=1), strategy / strategy.sum(axis=1, keepdims=True))


def frame(data: Labels) -> Any:
    import pandas as pd

    return pd.DataFrame({"task": data.unit, "worker": data.rater, "label": data.label})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--annotations", help="an .npz file with the arrays task, worker, label")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--peers", default=os.environ.get("REWARDMETER_PEERS"), help="a site-packages folder")
    options = parser.parse_args()
    if options.peers:
        sys.path.append(options.peers)
    if options.annotations:
        with np.load(options.annotations) as arrays:
            data = prepared(arrays["task"], arrays["worker"], arrays["label"])
    else:
        data = made()
    for measured in (measure_alpha, measure_dawid_skene, measure_mace):
        measured(data, options.repeats)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
