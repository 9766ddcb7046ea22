"""Fitting maps to a million rows: isotonic regression beside scikit-learn's in the same run, and the other fits.

    python benchmarks/scaling_million.py [--rows 1000000] [--repeats 7]

Scores are normal numbers (and, for ties, five classes), ratings 0 or 1, weights exponential, from a fixed seed. Prints
one JSON object per job: CPU seconds of the middle repeat, the peer's, and their ratio, where the two take turns. Fitted
values that differ by more than 1e-9 from scikit-learn's, or a slower fit and prediction, end the run with status 1.
One BLAS thread is used.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression

from rewardmeter.stats.scaling import (
    cross_fit,
    fit_beta,
    fit_davidson,
    fit_histogram,
    fit_isotonic,
    fit_platt,
    fit_quantile,
    fit_sliced_temperature,
    fit_spline,
    fit_temperature,
    fit_utility_spline,
    split_intervals,
)

EQUAL = 1e-9
failures: list[str] = []


def seconds(job: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    job()
    return time.process_time() - start


def middle(jobs: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median CPU seconds of each job; the jobs take turns, and a first round does not count."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(repeats + 1):
        for name, job in jobs.items():
            spent = seconds(job)
            if turn:
                taken[name].append(spent)
    return {name: statistics.median(values) for name, values in taken.items()}


def isotonic(name: str, x: np.ndarray, y: np.ndarray, w: np.ndarray, repeats: int) -> None:
    """Fit and prediction of the same rows, ours and scikit-learn's."""

    def peer() -> np.ndarray:
        return IsotonicRegression(out_of_bounds="clip").fit(x, y, w).predict(x)

    def ours() -> np.ndarray:
        return fit_isotonic(x, y, w, target="probability")(x)

    apart = float(np.abs(ours() - peer()).max())
    spent = middle({"ours": ours, "scikit-learn": peer}, repeats)
    ratio = spent["scikit-learn"] / spent["ours"]
    knots = fit_isotonic(x, y, w).knots.size
    print(json.dumps({"job": f"isotonic, {name}", **spent, "ratio": ratio, "apart": apart, "knots": knots}), flush=True)
    if apart > EQUAL:
        failures.append(f"isotonic, {name}: fitted values are {apart:.2g} apart")
    if ratio < 1:
        failures.append(f"isotonic, {name}: scikit-learn is {1 / ratio:.2f} times as fast")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    rng = np.random.default_rng(20261121)
    n = options.rows
    x, other = rng.normal(size=(2, n))
    y, w = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(float), rng.exponential(1, n)
    isotonic("distinct scores", x, y, w, options.repeats)
    classes = np.digitize(x, [-1, -0.3, 0.3, 1]).astype(float)
    isotonic("five classes", classes, y, w, options.repeats)
    label = (rng.random(n) < 1 / (1 + np.exp(other - x))).astype(float)
    ties = np.where(rng.random(n) < 0.2, 0.5, label)
    item = np.arange(n) // 4
    jobs: dict[str, Callable[[], Any]] = {
        "temperature": partial(fit_temperature, x, other, label),
        "davidson": partial(fit_davidson, x, other, ties),
        "utility spline": partial(fit_utility_spline, x, other, label, item=item),
        "sliced temperature, 20 slices": partial(fit_sliced_temperature, x, other, label, item % 20),
        "platt": partial(fit_platt, x, y),
        "beta": partial(fit_beta, x, y),
        "spline": partial(fit_spline, x, y, item=item),
        "histogram": partial(fit_histogram, x, y),
        "quantile": partial(fit_quantile, x, y),
        "temperature, cross-fitted in 5": partial(
            cross_fit, fit_temperature, {"score_a": x, "score_b": other, "label": label}, item
        ),
        "conformal intervals": partial(split_intervals, x, y, item),
    }
    for name, spent in middle(jobs, max(1, options.repeats // 2)).items():
        print(json.dumps({"job": name, "rows": n, "ours": spent}), flush=True)
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
