"""Soft pairwise accuracy under swaps of cells, against its definition and exact enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rewardmeter.stats.resampling import sign_flips
from rewardmeter.stats.significance import all_pairs, draw_swaps, replayed_swaps, soft_pairwise_permutation_tests
from rewardmeter.stats.soft_pairwise import exact_soft_pairwise_accuracy, soft_pairwise_accuracy


def standardised(a: np.ndarray, b: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both scorers on a common scale, over the cells that they share with the gold; NaN elsewhere."""
    there = ~(np.isnan(a) | np.isnan(b) | np.isnan(y))
    made = []
    for side in (a, b):
        values = np.where(there, side, np.nan)
        spread = np.nanstd(values)
        made.append((values - np.nanmean(values)) / (spread if spread > 0 else 1.0))
    return made[0], made[1]


def slow_soft_accuracy(x: np.ndarray, y: np.ndarray, flips: np.ndarray) -> float:
    """Soft pairwise accuracy by its definition, pair by pair and flip by flip; NaN is missing."""
    losses = []
    for i, j in itertools.combinations(range(len(x)), 2):
        shared = ~(np.isnan(x[i]) | np.isnan(x[j]) | np.isnan(y[i]) | np.isnan(y[j]))
        if not shared.any():
            continue
        p = []
        for side in (x, y):
            apart = (side[i] - side[j])[shared]
            p.append(np.mean([flip[shared] @ apart >= apart.sum() - 1e-9 for flip in flips]))
        losses.append(abs(p[0] - p[1]))
    return 1 - float(np.mean(losses))


@pytest.mark.parametrize("ragged", [False, True])
def test_soft_pairwise_accuracy_under_swaps_is_that_of_the_definition(ragged) -> None:
    rng = np.random.default_rng(12)
    scores, gold = rng.integers(0, 4, (3, 4, 7)).astype(float), rng.integers(0, 3, (4, 7)).astype(float)
    gold[:, 6] = np.nan
    if ragged:
        scores[0, 1, 2] = scores[2, 0, 0] = gold[3, 4] = np.nan
    flips = sign_flips(7, 50, rng)
    swaps = rng.random((20, 4, 7)) < 0.5
    tests = soft_pairwise_permutation_tests(scores, gold, replayed_swaps(swaps), flips=flips, alternative="greater")
    for i, j in itertools.combinations(range(3), 2):
        a, b = standardised(scores[i], scores[j], gold)
        human = np.where(np.isnan(a), np.nan, gold)
        observed = slow_soft_accuracy(a, human, flips) - slow_soft_accuracy(b, human, flips)
        draws = [
            slow_soft_accuracy(np.where(swap, b, a), human, flips)
            - slow_soft_accuracy(np.where(swap, a, b), human, flips)
            for swap in swaps
        ]
        assert tests.difference[i, j] == pytest.approx(observed, abs=1e-12)
        assert tests.p[i, j] * 21 - 1 == pytest.approx(np.sum(np.array(draws) >= observed - 1e-12), abs=1e-9)


def test_sums_that_tie_count_in_soft_pairwise_accuracy_whatever_the_rounding() -> None:
    # Ratings in tenths tie often; summed in single precision, as the peer does, many ties are lost.
    rng = np.random.default_rng(13)
    gold = rng.integers(0, 4, (4, 12)) / 10
    scores = rng.integers(0, 4, (2, 4, 12)) / 10
    every = np.array(list(itertools.product([1.0, -1.0], repeat=12)))
    draws = draw_swaps(gold.shape, 8, rng=rng, swap="cells")
    tests = soft_pairwise_permutation_tests(scores, gold, draws, flips=every)
    value = [estimate.value for estimate in exact_soft_pairwise_accuracy(scores, gold)]
    assert tests.difference[0, 1] == pytest.approx(value[0] - value[1], abs=1e-12)


def test_scattered_missing_ratings_do_not_shift_items_against_each_other() -> None:
    # The peer drops missing cells from a flat list and cuts the rest into rows again: systems get each other's items.
    rng = np.random.default_rng(14)
    gold = rng.normal(size=(3, 8))
    scores = np.stack([gold, gold + 5 * rng.normal(size=gold.shape)])
    gold[0, 1] = gold[1, 4] = gold[2, 7] = np.nan
    flips = sign_flips(8, 200, rng)
    draws = draw_swaps(gold.shape, 16, rng=rng)
    tests = soft_pairwise_permutation_tests(scores, gold, draws, flips=flips)
    other = np.where(np.isnan(gold), np.nan, scores[1])
    assert tests.difference[0, 1] == pytest.approx(1 - slow_soft_accuracy(other, gold, flips), abs=1e-12)


def test_differences_are_those_of_the_statistic_where_no_sums_tie() -> None:
    rng = np.random.default_rng(17)
    gold = rng.normal(size=(6, 50))
    scores = gold + rng.normal(size=(3, 6, 50))
    gold[:, 10:15] = np.nan
    # The same generator draws the swaps first there; here the flips are what must be the same.
    tests = all_pairs(scores, gold, statistic="system.soft_pairwise_accuracy", rng=SecondDraw(18), resamples=8)
    value = [one.value for one in soft_pairwise_accuracy(scores, gold, rng=np.random.default_rng(18))]
    assert tests.difference[0, 1] == pytest.approx(value[0] - value[1], abs=1e-12)
    assert tests.difference[1, 2] == pytest.approx(value[1] - value[2], abs=1e-12)


class SecondDraw:
    """A generator whose integers, which seed the swaps, do not move the flips that follow."""

    def __init__(self, seed: int) -> None:
        self._flips = np.random.default_rng(seed)

    def integers(self, high: int) -> int:
        return 7

    def random(self, **options: object) -> np.ndarray:
        return self._flips.random(**options)
