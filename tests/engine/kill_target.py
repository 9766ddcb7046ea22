"""A run to be killed: ``kill_target.py STORE LOG OUT SECONDS WORKERS [EXECUTOR]`` scores 300 responses."""

from __future__ import annotations

import sys

from engine_scorers import Slow, make_dataset

from rewardmeter.engine import score
from rewardmeter.io.score_file import write_scores
from rewardmeter.io.store import Store

DATASET = make_dataset([(f"p{i}", (), [f"text-{i}-{j}" for j in range(5)] + [f"text-{i}-0"]) for i in range(50)])
"""300 responses, 250 of them distinct."""


def main(store_path: str, log: str, out: str, seconds: str, workers: str, executor: str = "local") -> None:
    with Store(store_path) as store:
        scores = score(Slow(log, float(seconds)), DATASET, store=store, workers=int(workers), executor=executor)
    write_scores(out, DATASET, {"slow": scores})


if __name__ == "__main__":
    main(*sys.argv[1:])
