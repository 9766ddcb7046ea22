"""Leaning to one side: judges of which it is known whether they lean."""

import numpy as np

from rewardmeter.stats.leaning import leaning


def test_a_judge_that_errs_on_either_side_alike_does_not_lean():
    """Right in 81 of 100 pairs whoever wins, where people take the side in 95 of 100: the five others are often all
    right.
    With the plain normal test of the gap two in five such judges would be said to lean."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(300):
        gold = (rng.random(100) < 0.95).astype(float)
        judge = np.where(rng.random(100) < 0.81, gold, 1 - gold)
        found.append(leaning(judge, gold, np.arange(100)).p < 0.05)
    assert np.mean(found) < 0.05


def test_a_judge_that_errs_against_one_side_leans():
    rng = np.random.default_rng(4)
    gold = (rng.random(350) < 0.8).astype(float)
    judge = np.where(rng.random(350) < np.where(gold == 1, 0.95, 0.4), gold, 1 - gold)
    assert leaning(judge, gold, np.arange(350)).p < 0.01
