"""What the engine costs per response beyond the scorer itself: CPU time, single process, typed outcomes, store on.

    python benchmarks/engine_overhead.py [--responses 100000] [--repeats 5]

Three shapes of data, all responses distinct: ten per item or one per item with a scorer that reads the response alone,
and one per item, each with its own prompt, with a scorer that reads both. For each: without a store, with a new store
(opening, one row per response and closing included), and with a store that knows everything already. Every run's
scores are checked against the scorer's own. CPU seconds of the fastest and of the middle repeat; the scorer's own time
is measured on ready-made items and subtracted.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from rewardmeter.dataset import Dataset
from rewardmeter.engine import score
from rewardmeter.io.store import Store
from rewardmeter.scoring import Laws, Scorer
from rewardmeter.types import Item, Response, Scores

GOAL = 4.0
"""Microseconds of CPU per response, new store, beyond the scorer itself."""


@dataclass(frozen=True)
class Length:
    """Characters of the response: about the cheapest scorer there is."""

    name: ClassVar[str] = "length"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws()

    def __call__(self, items: Sequence[Item]) -> Scores:
        n = sum(len(item.responses) for item in items)
        lengths = (len(response.text) for item in items for response in item.responses)
        return Scores.from_values(np.fromiter(lengths, np.float64, n))


@dataclass(frozen=True)
class LengthBeyondPrompt(Length):
    """Characters of the response less those of the prompt."""

    name: ClassVar[str] = "length-beyond-prompt"
    reads: ClassVar[frozenset[str]] = frozenset({"prompt", "response"})

    def __call__(self, items: Sequence[Item]) -> Scores:
        n = sum(len(item.responses) for item in items)
        lengths = (len(response.text) - len(str(item.prompt)) for item in items for response in item.responses)
        return Scores.from_values(np.fromiter(lengths, np.float64, n))


def make_dataset(n: int, per_item: int) -> Dataset:
    """n distinct responses of about 140 characters, each item with a distinct prompt of about 80."""
    rng = random.Random(1)
    n_items = n // per_item
    return Dataset(
        "made",
        [str(i) for i in range(n_items)],
        np.repeat(np.arange(n_items, dtype=np.int32), per_item),
        [f"response {i} {''.join(rng.choices('abcdefgh ', k=125))}" for i in range(n)],
        np.tile(np.arange(per_item, dtype=np.int32), n_items),
        tuple(f"system {i}" for i in range(per_item)),
        [f"prompt {i} {''.join(rng.choices('abcdefgh ', k=70))}" for i in range(n_items)],
    )


def own_seconds(scorer: Scorer, dataset: Dataset, repeats: int) -> tuple[float, Scores]:
    """CPU seconds and scores of the scorer on ready-made items that hold what it reads."""
    one_item = "prompt" not in scorer.reads
    items = [Item(tuple(Response(r.text) for r in item.responses), item.prompt) for item in dataset.items()]
    if one_item:
        items = [Item(tuple(response for item in items for response in item.responses))]
    seconds, scores = [], scorer(items)
    for _ in range(repeats):
        begin = time.process_time()
        scores = scorer(items)
        seconds.append(time.process_time() - begin)
    return min(seconds), scores


def measure(run: Callable[[int], Scores], expected: Scores, repeats: int) -> tuple[float, float]:
    """CPU seconds of the fastest and the middle repeat; the scores must be the expected ones."""
    seconds = []
    for repeat in range(repeats):
        begin = time.process_time()
        scores = run(repeat)
        seconds.append(time.process_time() - begin)
        assert scores.values.tobytes() == expected.values.tobytes(), "the engine changed a score"
        assert scores.coverage == 1
    return min(seconds), statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--responses", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    n, repeats = options.responses, options.repeats
    shapes: list[tuple[Scorer, int]] = [(Length(), 10), (Length(), 1), (LengthBeyondPrompt(), 1)]
    print(f"{n:,} distinct responses, CPU microseconds per response: engine = total - scorer; fastest (middle)")
    for scorer, per_item in shapes:
        dataset = make_dataset(n, per_item)
        own, expected = own_seconds(scorer, dataset, repeats)
        print(f"\n{scorer.name}, {per_item} per item; the scorer itself {own / n * 1e6:.2f}")
        with tempfile.TemporaryDirectory() as folder:

            def bare(repeat: int, scorer: Scorer = scorer, dataset: Dataset = dataset) -> Scores:
                return score(scorer, dataset)

            def stored(
                repeat: int, scorer: Scorer = scorer, dataset: Dataset = dataset, folder: str = folder
            ) -> Scores:
                with Store(Path(folder) / f"{repeat}.sqlite") as store:
                    return score(scorer, dataset, store=store)

            for label, run in (("no store", bare), ("new store", stored), ("known store", stored)):
                fastest, middle = measure(run, expected, repeats)
                own_here = 0.0 if label == "known store" else own
                engine, usual = (fastest - own_here) / n * 1e6, (middle - own_here) / n * 1e6
                verdict = ""
                if label == "new store" and "prompt" not in scorer.reads:
                    verdict = f"   goal {GOAL:.0f}: {'met' if usual <= GOAL else 'MISSED'}"
                print(f"  {label:12} engine {engine:5.2f} ({usual:5.2f})   total {fastest / n * 1e6:5.2f}{verdict}")


if __name__ == "__main__":
    main()
