"""Do the all-pairs tests hold their level, and what do they find? Two scorers on simulated data, p <= 0.05, two-sided.

    python benchmarks/power.py [--replications 800] [--seed 1]

Prints JSON. The page is written by coverage.py, which runs this too. Under the null the two scorers are alike: what is
drawn for the one could as well have been drawn for the other. They err cell by cell, or have besides likings of their
own for items (both cells of an item then go up together), or for items and systems.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from rewardmeter.stats.cells import Grouping
from rewardmeter.stats.classification import roc_auc_estimates
from rewardmeter.stats.correlation import correlate
from rewardmeter.stats.significance import (
    correlation_permutation_tests,
    delong_tests,
    draw_swaps,
    item_swap_tests,
    pair_swap_tests,
    paired_accuracy_power,
    preference_tests,
)
from rewardmeter.stats.significance.draws import Swap
from rewardmeter.stats.ties import calibrate_ties

Floats = NDArray[np.float64]
Ratings = tuple[Floats, Floats, Floats]
"""Scores (2, systems, items), gold (systems, items), binary gold."""
RatingTest = Callable[[Ratings, np.random.Generator], float]

DRAWS = 499
ALPHA = 0.05
SHAPES = ((5, 30), (5, 100), (15, 100))
LIKINGS = {
    "errors by cell": (0.0, 0.0),
    "likings for items": (0.7, 0.0),
    "likings for items and systems": (0.7, 0.4),
}
TRUE_ITEMS = 20_000


@dataclass(frozen=True)
class Rejection:
    """How often a test found a difference, out of ``replications``; under the null that should be 0.05 at most.

    ``difference`` is the true one, in units of the statistic; ``planned`` the power that the planning function says.
    """

    test: str
    statistic: str
    scorers: str
    systems: int | None
    items: int
    difference: float
    found: float
    replications: int
    planned: float | None = None

    @property
    def standard_error(self) -> float:
        return math.sqrt(max(self.found * (1 - self.found), 1e-9) / self.replications)


def rated(
    shape: tuple[int, int], likings: tuple[float, float], errors: tuple[float, float], rng: np.random.Generator
) -> Ratings:
    """Two scorers that see the quality, with likings (items, systems) and errors per cell of these sizes."""
    systems, items = shape
    quality = 0.5 * rng.normal(size=(systems, 1)) + 0.7 * rng.normal(size=items) + rng.normal(size=shape)
    scores = quality + np.array(errors)[:, None, None] * rng.normal(size=(2, *shape))
    scores += likings[0] * rng.normal(size=(2, 1, items)) + likings[1] * rng.normal(size=(2, systems, 1))
    return scores, np.clip(np.round(quality + 1), 0, 4), (quality > 0.8).astype(np.float64)


def perm_both(swap: Swap, grouping: Grouping) -> RatingTest:
    def test(data: Ratings, rng: np.random.Generator) -> float:
        scores, gold, _ = data
        draws = draw_swaps((gold.shape[0], gold.shape[1]), DRAWS, rng=rng, swap=swap)
        tests = correlation_permutation_tests(scores, gold, draws, statistic="pearson", grouping=grouping)
        return float(tests.p[0, 1])

    return test


def pair_swap(data: Ratings, rng: np.random.Generator) -> float:
    return float(pair_swap_tests(data[0], data[1], rng=rng).p[0, 1])


def sign_flip(data: Ratings, rng: np.random.Generator) -> float:
    """The two scorers change places on whole items: sign flips of the differences of the items' correlations."""
    values = correlate(data[0], data[1], statistic="pearson", grouping="item").groups
    return float(preference_tests(values, rng=rng, resamples=DRAWS).p[0, 1])


def item_swap(data: Ratings, _: np.random.Generator) -> float:
    return float(item_swap_tests(data[0], data[1]).p[0, 1])


def delong(clustered: bool) -> RatingTest:
    def test(data: Ratings, _: np.random.Generator) -> float:
        scores, good = data[0], data[2]
        item = np.tile(np.arange(good.shape[1]), good.shape[0]) if clustered else None
        return float(delong_tests(scores.reshape(2, -1), good.ravel(), item).p[0, 1])

    return test


RATING_TESTS: Mapping[tuple[str, str], RatingTest] = {
    ("test.perm_both_cells", "segment.pearson"): perm_both("cells", "pooled"),
    ("test.perm_both_cells", "segment.pearson.item"): perm_both("cells", "item"),
    ("test.perm_both_rows_columns", "segment.pearson"): perm_both("rows_columns", "pooled"),
    ("test.perm_both_rows_columns", "segment.pearson.item"): perm_both("rows_columns", "item"),
    ("test.perm_inputs", "segment.pearson"): perm_both("columns", "pooled"),
    ("test.perm_inputs", "segment.pearson.item"): perm_both("columns", "item"),
    ("test.sign_flip", "segment.pearson.item"): sign_flip,
    ("test.pair_swap", "segment.acc_eq.item"): pair_swap,
    ("test.item_swap", "segment.acc_eq.item"): item_swap,
    ("test.delong", "segment.roc_auc"): delong(clustered=True),
    ("test.delong, not clustered", "segment.roc_auc"): delong(clustered=False),
}


def share_found(p_values: Floats) -> tuple[float, int]:
    """Share of p at most ALPHA, and of how many tests."""
    known = p_values[~np.isnan(p_values)]
    return float((known <= ALPHA).mean()), int(known.size)


def rating_levels(replications: int, rng: np.random.Generator) -> Iterator[Rejection]:
    for scorers, likings in LIKINGS.items():
        for shape in SHAPES:
            p = np.empty((len(RATING_TESTS), replications))
            for number in range(replications):
                data = rated(shape, likings, (1.0, 1.0), rng)
                p[:, number] = [test(data, rng) for test in RATING_TESTS.values()]
            for (name, statistic), values in zip(RATING_TESTS, p, strict=True):
                yield Rejection(name, statistic, scorers, *shape, 0.0, *share_found(values))


def credits_of(accuracy: tuple[float, float], shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """(2, items x pairs): right or wrong; on an item of several pairs a scorer's credits go together (correlation 0.3),
    and the two scorers err on the same pairs more often than by chance."""
    items, pairs = shape
    common, own, each = (rng.normal(size=size) for size in ((1, items, pairs), (2, items, 1), (2, items, pairs)))
    shares = (0.5, 0.3, 0.2) if pairs > 1 else (0.5, 0.0, 0.5)
    latent = sum(math.sqrt(share) * part for share, part in zip(shares, (common, own, each), strict=True))
    right: Floats = (latent < ndtri(np.array(accuracy))[:, None, None]).astype(np.float64).reshape(2, -1)
    return right


def preference_levels(replications: int, rng: np.random.Generator) -> Iterator[Rejection]:
    for accuracy in (0.7, 0.95):
        for items in (30, 100, 400):
            for pairs, names in ((1, ("test.mcnemar",)), (4, ("test.sign_flip", "test.sign_flip, not clustered"))):
                item = np.repeat(np.arange(items), pairs)
                p = np.empty((len(names), replications))
                for number in range(replications):
                    credits = credits_of((accuracy, accuracy), (items, pairs), rng)
                    for place, cluster in zip(range(len(names)), (item, None), strict=False):
                        p[place, number] = preference_tests(credits, cluster, rng=rng).p[0, 1]
                for name, values in zip(names, p, strict=True):
                    kind = f"accuracy {accuracy:g}, {pairs} pair{'s' if pairs > 1 else ''} per item"
                    yield Rejection(name, "pair.accuracy", kind, None, items, 0.0, *share_found(values))


def preference_power(replications: int, rng: np.random.Generator) -> Iterator[Rejection]:
    for items in (100, 400):
        for apart in (0.0, 0.02, 0.05, 0.1, 0.15):
            accuracy = (0.7 + apart / 2, 0.7 - apart / 2)
            drawn = [credits_of(accuracy, (items, 1), rng) for _ in range(replications)]
            p = np.array([preference_tests(credits).p[0, 1] for credits in drawn])
            discordant = float(np.mean([(credits[0] != credits[1]).mean() for credits in drawn]))
            planned = float(paired_accuracy_power(apart, discordant, items)) if apart else None
            yield Rejection(
                "test.mcnemar",
                "pair.accuracy",
                "accuracy about 0.7, 1 pair per item",
                None,
                items,
                apart,
                *share_found(p),
                planned,
            )


POWER_TESTS = (
    ("test.perm_both_cells", "segment.pearson.item"),
    ("test.perm_both_rows_columns", "segment.pearson.item"),
    ("test.pair_swap", "segment.acc_eq.item"),
    ("test.item_swap", "segment.acc_eq.item"),
    ("test.delong", "segment.roc_auc"),
)


def true_values(data: Ratings) -> Mapping[str, Floats]:
    """Each tested statistic of the two scorers on very many items."""
    scores, gold, good = data
    return {
        "segment.pearson.item": correlate(scores, gold, statistic="pearson", grouping="item").value,
        "segment.acc_eq.item": calibrate_ties(scores, gold).accuracy,
        "segment.roc_auc": np.array([e.value for e in roc_auc_estimates(scores, good, weights=None)]),
    }


def rating_power(replications: int, rng: np.random.Generator) -> Iterator[Rejection]:
    """The second scorer errs more and more; errors by cell, where all these tests hold their level."""
    for items in (30, 100):
        for errors in (1.0, 1.15, 1.3, 1.6):
            truth = true_values(rated((5, TRUE_ITEMS), (0.0, 0.0), (1.0, errors), rng))
            p = np.empty((len(POWER_TESTS), replications))
            for number in range(replications):
                data = rated((5, items), (0.0, 0.0), (1.0, errors), rng)
                p[:, number] = [RATING_TESTS[key](data, rng) for key in POWER_TESTS]
            for (name, statistic), values in zip(POWER_TESTS, p, strict=True):
                apart = 0.0 if errors == 1.0 else float(truth[statistic][0] - truth[statistic][1])
                yield Rejection(name, statistic, f"errors 1 and {errors:g}", 5, items, apart, *share_found(values))


def levels_and_power(replications: int, rng: np.random.Generator) -> list[Rejection]:
    """All studies of this file; the rating tests with the given number of data sets, power curves with half."""
    return [
        *rating_levels(replications, rng),
        *preference_levels(replications, rng),
        *preference_power(replications // 2, rng),
        *rating_power(replications // 2, rng),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=800, help="data sets per setting")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = levels_and_power(options.replications, np.random.default_rng(options.seed))
    print(json.dumps([asdict(row) for row in rows]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
