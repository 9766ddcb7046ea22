"""A board of 1,000,000 ratings (100 systems x 10,000 items) x 10 recorded scorers with 1,000 resamples.

    python benchmarks/compare_million.py [--systems 100] [--items 10000] [--scorers 10] [--resamples 1000]

Prints CPU seconds, wall seconds and peak memory over the start, one JSON line. One BLAS thread is used.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import resource
import time

import numpy as np

from rewardmeter.api import contenders
from rewardmeter.comparison import compare_scores
from rewardmeter.dataset import Dataset, Ratings, Recorded


def made(systems: int, items: int, scorers: int) -> Dataset:
    """Ratings like expert error counts: most of them 0, systems and items of different difficulty."""
    rng = np.random.default_rng(20261120)
    quality = rng.normal(0, 0.5, (1, systems)) + rng.normal(0, 1, (items, 1)) + rng.normal(0, 1, (items, systems))
    human = -np.minimum(rng.poisson(np.exp(-0.6 - 0.9 * quality)), 25).astype(float).ravel()
    n = systems * items
    recorded = {}
    for k in range(scorers):
        values = 0.3 * (k + 1) / scorers * quality.ravel() + rng.normal(0, 0.5, n)
        recorded[f"scorer-{k}"] = Recorded(f"scorer-{k}", np.round(values, 1) if k % 3 == 0 else values)
    each = np.arange(n, dtype=np.int32)
    nobody = np.full(n, -1, dtype=np.int32)
    return Dataset(
        name="million",
        item_ids=[str(i) for i in range(items)],
        response_item=np.repeat(np.arange(items, dtype=np.int32), systems),
        response_text=[None] * n,
        response_system=np.tile(np.arange(systems, dtype=np.int32), items),
        systems=tuple(f"system-{s}" for s in range(systems)),
        ratings=Ratings(each, human, nobody, np.zeros(n, dtype=np.int32)),
        recorded=recorded,
    )


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("systems", 100), ("items", 10_000), ("scorers", 10), ("resamples", 1000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    data = made(options.systems, options.items, options.scorers)
    before, cpu, wall = peak_mb(), time.process_time(), time.perf_counter()
    board = compare_scores(data, contenders(data, ["recorded"]), resamples=options.resamples)
    result = {
        "ratings": data.n_responses,
        "scorers": len(board),
        "resamples": board.settings.resamples,
        "statistics": len(board.statistic_ids),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "wall_seconds": round(time.perf_counter() - wall, 1),
        "peak_mb": round(peak_mb()),
        "peak_mb_over_data": round(peak_mb() - before),
        "best": f"{board.scorers[0]} {board[board.scorers[0]][board.settings.primary]}",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
