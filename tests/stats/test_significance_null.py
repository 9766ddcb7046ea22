"""Tests hold their level: under the null, p-values of simulated data are spread evenly, or lie above that."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from rewardmeter.stats.significance import (
    accuracy_permutation_tests,
    all_pairs,
    bootstrap_differences,
    draw_swaps,
    item_swap_tests,
    pair_swap_tests,
    preference_tests,
)

DATA_SETS = 800
SHAPE = (6, 30)

pytestmark = pytest.mark.slow


def exchangeable(rng: np.random.Generator, rounded: bool) -> tuple[np.ndarray, np.ndarray]:
    """Two scorers of equal quality, independent given the truth, and a gold with ties."""
    truth = rng.normal(size=SHAPE) + 0.5 * rng.normal(size=(SHAPE[0], 1)) + rng.normal(size=SHAPE[1])
    scores = truth + rng.normal(size=(2, *SHAPE))
    return (np.round(scores) if rounded else scores), np.round(truth)


def check_level(p: np.ndarray, *, discrete: bool = False) -> None:
    """Shares of p at or below usual levels are at most the level, and near it unless p takes few values."""
    for level in (0.05, 0.1, 0.25, 0.5):
        error = 4 * np.sqrt(level * (1 - level) / p.size)
        share = np.mean(p <= level)
        assert share <= level + error
        assert discrete or share >= level - error


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("swap", ["cells", "rows_columns"])
@pytest.mark.parametrize(
    "statistic",
    [
        "segment.pearson",
        "segment.pearson.item",
        "segment.spearman.system",
        "segment.kendall_b.item",
        "system.pearson",
        "system.pairwise_accuracy",
    ],
)
def test_swapping_exchangeable_scorers(statistic, swap, rounded) -> None:
    rng = np.random.default_rng(zlib.crc32(f"{statistic} {swap} {rounded}".encode()))
    p = np.array(
        [
            all_pairs(
                *exchangeable(rng, rounded),
                statistic=statistic,
                rng=rng,
                resamples=99,
                swap=swap,
                alternative="greater",
            ).p[0, 1]
            for _ in range(DATA_SETS)
        ]
    )
    check_level(p, discrete=statistic == "system.pairwise_accuracy")


def test_accuracy_at_a_fixed_threshold() -> None:
    rng = np.random.default_rng(2)
    p = []
    for _ in range(DATA_SETS):
        scores, gold = exchangeable(rng, False)
        draws = draw_swaps(SHAPE, 99, rng=rng)
        p.append(accuracy_permutation_tests(scores, gold, draws, epsilon=0.5, alternative="greater").p[0, 1])
    check_level(np.array(p))


def test_swapping_verdicts_by_item_holds_the_level_and_pair_by_pair_does_not() -> None:
    # The pairs of an item share its cells, so their verdicts are not independent, which the pairs test takes them for.
    rng = np.random.default_rng(3)
    for systems, least in ((2, 0.0), (10, 0.1)):
        by_item, by_pair = [], []
        for _ in range(DATA_SETS):
            gold = np.round(rng.normal(size=(systems, 60)))
            scores = gold + rng.normal(size=(2, systems, 60))
            by_item.append(item_swap_tests(scores, gold, epsilon=0.5, alternative="greater").p[0, 1])
            by_pair.append(pair_swap_tests(scores, gold, epsilon=0.5, alternative="greater").p[0, 1])
        check_level(np.array(by_item), discrete=systems == 2)
        if systems == 2:
            check_level(np.array(by_pair), discrete=True)
        else:
            assert np.mean(np.array(by_pair) <= 0.05) > least


def test_likings_for_systems_break_every_swap_but_that_of_systems() -> None:
    rng = np.random.default_rng(6)
    found = {swap: [] for swap in ("cells", "rows_columns", "rows")}
    for _ in range(300):
        truth = rng.normal(size=(10, 60)) + 0.5 * rng.normal(size=(10, 1))
        likings = 0.5 * rng.normal(size=(2, 10, 1)) + 0.5 * rng.normal(size=(2, 1, 60))
        scores = truth + likings + rng.normal(size=(2, 10, 60))
        for swap, p in found.items():
            tests = all_pairs(
                scores,
                truth,
                statistic="system.pearson",
                rng=rng,
                resamples=99,
                swap=swap,
                alternative="greater",
            )
            p.append(tests.p[0, 1])
    check_level(np.array(found["rows"]))
    assert np.mean(np.array(found["cells"]) <= 0.05) > 0.15
    assert np.mean(np.array(found["rows_columns"]) <= 0.05) > 0.15


def test_preferences_with_several_variants_of_an_item() -> None:
    rng = np.random.default_rng(4)
    item = np.repeat(np.arange(40), 3)
    clustered, ignored = [], []
    for _ in range(DATA_SETS):
        skill = rng.random((2, 40)) < 0.7  # a scorer that knows an item knows all its variants
        credits = np.where(rng.random((2, 120)) < 0.9, skill[:, item], ~skill[:, item]).astype(float)
        clustered.append(preference_tests(credits, item, alternative="greater").p[0, 1])
        ignored.append(preference_tests(credits, alternative="greater").p[0, 1])
    check_level(np.array(clustered), discrete=True)
    assert np.mean(np.array(ignored) <= 0.05) > 0.08  # what leaving the items out would do


def test_bootstrap_intervals_of_differences_cover_the_truth() -> None:
    rng = np.random.default_rng(5)
    covered = {"percentile": [], "bca": []}
    for _ in range(300):
        truth = rng.normal(size=(6, 60))
        scores = truth + rng.normal(size=(2, *truth.shape))
        for kind, found in covered.items():
            made = bootstrap_differences(
                scores, truth, statistic="segment.pearson.item", rng=rng, resamples=400, interval=kind
            )
            found.append(made.low[0, 1] <= 0 <= made.high[0, 1])
    for found in covered.values():
        assert np.mean(found) == pytest.approx(0.95, abs=0.04)
