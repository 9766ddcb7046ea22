"""Calibration of 1,000,000 scored pairs: every measure and 1,000 resampled bands, beside scikit-learn and netcal.

    python benchmarks/calibration_million.py [--pairs 1000000] [--items 100000] [--resamples 1000] [--repeats 5]
                                             [--peers FOLDER]

FOLDER is a site-packages folder with netcal and what it needs (``pip install netcal``), if it is not in this
environment; it may also be named by REWARDMETER_PEERS. Prints one JSON object per job: CPU seconds of the middle
repeat, the peer's, their ratio and how far the numbers are apart. Numbers that are not equal end the run with status 1.
One BLAS thread is used. The weights of the resamples, which a board draws once for all its statistics, are not timed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import importlib
import json
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats import calibration
from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.result import Estimate

Floats = NDArray[np.float64]
EQUAL = 1e-9
failures: list[str] = []


@dataclass(frozen=True)
class Pairs:
    """Over-confident margins (1, pairs), labels, items, and the weights of resamples."""

    margins: Floats
    label: Floats
    item: NDArray[np.int64]
    weights: NDArray[Any]

    @property
    def given(self) -> tuple[Any, Any, Any]:
        return self.margins, self.label, self.item

    @property
    def probability(self) -> Floats:
        return 1 / (1 + np.exp(-self.margins[0]))

    def verdicts(self) -> tuple[Floats, Floats]:
        """Confidences, and whether they are right."""
        p = self.probability
        return np.maximum(p, 1 - p), np.where(self.margins[0] > 0, self.label, 1 - self.label)


def made(pairs: int, items: int, resamples: int) -> Pairs:
    rng = np.random.default_rng(20261121)
    item = np.sort(rng.integers(0, items, pairs))
    logit = rng.normal(0, 0.7, items)[item] + rng.normal(0, 1.1, pairs)
    label = (rng.random(pairs) < 1 / (1 + np.exp(-logit))).astype(np.float64)
    margins = 1.6 * logit + rng.normal(0, 0.4, pairs)
    return Pairs(margins[None], label, item, item_weights(items, resamples, rng))


def cpu_seconds(run: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """CPU seconds of the middle repeat, and the result."""
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        result = run()
        seconds.append(time.process_time() - begin)
    return statistics.median(seconds), result


def report(job: str, ours: float, peer: str = "", theirs: float | None = None, *, apart: float = 0.0) -> None:
    """Print a job's line; remember what is not equal."""
    line: dict[str, object] = {"job": job, "cpu_seconds": float(f"{ours:.3g}")}
    if theirs is not None:
        ratio = round(theirs / ours, 1)
        line |= {"peer": peer, "peer_cpu_seconds": float(f"{theirs:.3g}"), "ratio": ratio, "numbers_apart": apart}
        if not apart <= EQUAL:
            failures.append(f"{job}: the numbers of {peer} differ by {apart:g}")
    print(json.dumps(line), flush=True)


def first(found: list[Estimate] | dict[str, list[Estimate]]) -> float:
    return (found if isinstance(found, list) else next(iter(found.values())))[0].value


def beside(job: str, ours: Callable[[], Any], peer: str, theirs: Callable[[], Any], repeats: int) -> None:
    """One number, ours and a peer's; ours without an interval, as the peer's."""
    seconds, value = cpu_seconds(ours, repeats)
    other, expected = cpu_seconds(theirs, repeats)
    report(f"{job}, value alone", seconds, peer, other, apart=abs(first(value) - float(expected)))


def measure_scikit_learn(data: Pairs, repeats: int) -> None:
    try:
        from sklearn.calibration import calibration_curve
        from sklearn.isotonic import IsotonicRegression
        from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
    except ImportError as error:
        print(json.dumps({"peer": "scikit-learn", "installed": False, "why": str(error)}), flush=True)
        return
    p, y = data.probability, data.label
    name = "scikit-learn"
    jobs = {
        "log-loss": (calibration.nll_estimates, lambda: log_loss(y, p)),
        "Brier score": (calibration.brier_estimates, lambda: brier_score_loss(y, p)),
        "AUC": (calibration.auc_estimates, lambda: roc_auc_score(y, p)),
    }
    for job, (ours, theirs) in jobs.items():
        beside(job, lambda f=ours: f(*data.given), name, theirs, repeats)

    def refitted() -> float:
        fitted = IsotonicRegression().fit_transform(data.margins[0], y)
        return float(np.mean((y - p) ** 2) - np.mean((y - fitted) ** 2))

    beside(
        "Brier score in its parts", lambda: calibration.brier_decomposition_estimates(*data.given),
        f"{name} IsotonicRegression", refitted, repeats,
    )  # fmt: skip
    options: dict[str, Any] = {"on": "probability", "binning": "equal_width", "bins": 15}
    ours, diagram = cpu_seconds(lambda: calibration.reliability_diagrams(*data.given, rng=None, **options)[0], repeats)
    theirs, curve = cpu_seconds(lambda: calibration_curve(y, p, n_bins=15), repeats)
    apart = max(np.abs(diagram.frequency - curve[0]).max(), np.abs(diagram.probability - curve[1]).max())
    report("reliability curve, 15 bins, no bands", ours, f"{name} calibration_curve", theirs, apart=float(apart))


def measure_netcal(data: Pairs, repeats: int) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer = importlib.import_module("netcal.metrics").ECE(20)
    except Exception as error:  # whatever its many dependencies raise
        print(json.dumps({"peer": "netcal", "installed": False, "why": str(error)[:200]}), flush=True)
        return
    confidence, right = data.verdicts()
    ours = lambda: calibration.ece_width_estimates(*data.given)  # noqa: E731
    # 20 bins over (0, 1] are ten over (0.5, 1]; the peer is given confidences, ours margins.
    beside("ECE, bins of 0.05", ours, "netcal", lambda: peer.measure(confidence, right.astype(np.int64)), repeats)


def measure_ours(data: Pairs, resamples: int, repeats: int) -> None:
    weights = {"weights": data.weights}
    functions: dict[str, Callable[..., Any]] = {
        "log-loss": calibration.nll_estimates,
        "Brier score": calibration.brier_estimates,
        "Brier score in its parts": calibration.brier_decomposition_estimates,
        "ECE, 15 bins of equal mass": calibration.ece_estimates,
        "ECE, bins of 0.05": calibration.ece_width_estimates,
        "ECE, debiased": calibration.ece_debiased_estimates,
        "ECE, sweep": calibration.ece_sweep_estimates,
        "overconfidence": calibration.overconfidence_estimates,
        "slope and intercept": calibration.recalibration_estimates,
        "sharpness": calibration.sharpness_estimates,
        "AUC": calibration.auc_estimates,
        "AUC of confidence": calibration.confidence_auc_estimates,
        "risk-coverage, area and excess": calibration.risk_coverage_estimates,
    }
    for job, function in functions.items():
        seconds, _ = cpu_seconds(lambda f=function: f(*data.given, **weights), repeats)
        report(f"{job}, with interval", seconds)
    for job, options in {"values alone": {}, "with intervals": weights}.items():
        seconds, _ = cpu_seconds(lambda o=options: calibration.pair_calibration(*data.given, **o), min(repeats, 3))
        report(f"all 17 measures of pairs, {job}", seconds)
    rng = np.random.default_rng(1)
    seconds, _ = cpu_seconds(
        lambda: calibration.reliability_diagrams(*data.given, rng=rng, resamples=resamples), min(repeats, 3)
    )
    report(f"reliability diagram, {resamples:,} resampled bands", seconds)
    seconds, _ = cpu_seconds(lambda: calibration.risk_coverage_curves(*data.given), repeats)
    report("risk-coverage curve, 500 points", seconds)
    seconds, _ = cpu_seconds(lambda: calibration.margin_histograms(*data.given), repeats)
    report("margin histogram", seconds)


def measure_ratings(data: Pairs, repeats: int) -> None:
    """The same rows as predictions of a score; gaps within items of four."""
    human = data.label + data.probability
    item = np.arange(human.size) // 4
    weights = np.ones((1, item[-1] + 1))  # only the spread of slopes resamples
    for job, function in (
        ("ratings: error, slope, intercept", calibration.rating_calibration),
        ("gaps within items of 4: slope, linearity, spread of slopes", calibration.gap_calibration),
    ):
        seconds, _ = cpu_seconds(lambda f=function: f(data.margins, human, item, weights=weights), min(repeats, 3))
        report(job, seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peers", default=os.environ.get("REWARDMETER_PEERS"), help="a site-packages folder")
    options = parser.parse_args()
    if options.peers:
        sys.path.append(options.peers)
    data = made(options.pairs, options.items, options.resamples)
    size = {"pairs": options.pairs, "items": options.items, "resamples": options.resamples}
    print(json.dumps(size), flush=True)
    measure_scikit_learn(data, options.repeats)
    measure_ours(data, options.resamples, options.repeats)
    measure_ratings(data, options.repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_mb": round(peak), "of_which_weights_mb": round(data.weights.nbytes / 2**20)}), flush=True)
    measure_netcal(data, options.repeats)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
