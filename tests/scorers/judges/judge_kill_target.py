"""A run to be killed: ``judge_kill_target.py SPEC STORE`` scores 60 responses with a judge and prints the values."""

from __future__ import annotations

import json
import sys

import numpy as np

from rewardmeter.dataset import Dataset
from rewardmeter.engine import score
from rewardmeter.io.store import Store
from rewardmeter.scoring import make_scorer

ITEMS, EACH = 30, 2
DATASET = Dataset(
    "made",
    [f"item {i}" for i in range(ITEMS)],
    np.repeat(np.arange(ITEMS), EACH).astype(np.int32),
    [f"response {i}" for i in range(ITEMS * EACH)],
    np.tile(np.arange(EACH), ITEMS).astype(np.int32),
    ("s0", "s1"),
    [f"question {i}" for i in range(ITEMS)],
    [() for _ in range(ITEMS)],
)


def main(spec: str, path: str) -> None:
    with Store(path) as store:
        scores = score(make_scorer(spec), DATASET, store=store)
    print(json.dumps([scores.values.tolist(), scores.cost.calls]))


if __name__ == "__main__":
    main(*sys.argv[1:])
