"""Tests of tie-calibrated accuracy by swapping the two scorers' verdicts on whole items.

Each item is one piece of evidence: the difference of the two accuracies there, whose sign the null flips. What the
pairs of an item have in common does no harm. The null is summed exactly where few items differ, else by a saddlepoint
approximation (Robinson 1982), which is right to about 1 % of p far into the tail; nothing is drawn.
May import: cells, ties, pair_cells, pair_swap, pairwise, signed_sums, swap_engine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, check_cells
from rewardmeter.stats.significance.pair_cells import PatternBlock, pattern_blocks
from rewardmeter.stats.significance.pair_swap import tie_thresholds
from rewardmeter.stats.significance.pairwise import (
    Alternative,
    PairResults,
    PairwiseTests,
    check_alternative,
    combined,
)
from rewardmeter.stats.significance.signed_sums import flipped_sum_tails
from rewardmeter.stats.significance.swap_engine import untested
from rewardmeter.stats.ties import acc_eq

__all__ = ["item_swap_tests"]

_PIECE = 1 << 22
"""Differences (pairs of scorers x items) looked at in one go."""


def item_swap_tests(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    epsilon: ArrayLike | None = None,
    alternative: Alternative = "two-sided",
) -> PairwiseTests:
    """Tests of tie-aware accuracy by item, each scorer at its own epsilon, between all pairs of scorers.

    Parameters
    ----------
    scores, gold:
        (scorers, systems, items) and (systems, items), NaN where missing. Two scorers are compared on the responses
        that both have scored, so ``difference`` can differ from that of their accuracies on all data.
    epsilon:
        One number or one per scorer; None calibrates each scorer on its own data (`ties.calibrate_ties`). It is held
        fixed.
    alternative:
        ``two-sided``, or ``greater``: p[i, j] is for scorer i being more accurate than j.

    Items are taken as independent, and two scorers of equal quality as equally likely to win each.

    Raises
    ------
    ValueError
        Shapes that do not fit, infinite values, an unknown alternative or a negative epsilon.
    """
    check_alternative(alternative)
    scores, gold = check_cells(scores, gold)
    thresholds = tie_thresholds(scores, gold, "item", epsilon)
    parts = [_tested(scores, gold, thresholds, block, alternative) for block in pattern_blocks(scores, gold)]
    return combined(parts, scores.shape[0], alternative, "verdicts swapped item by item, exact or saddlepoint null")


def _tested(
    scores: Floats, gold: Floats, thresholds: Floats, block: PatternBlock, alternative: Alternative
) -> PairResults:
    scorers = block.scorers
    human = np.where(block.present, gold, np.nan)
    groups = acc_eq(scores[scorers], human, epsilon=thresholds[scorers]).groups
    groups = groups[:, ~np.isnan(groups).any(axis=0)]
    if not groups.shape[1]:
        return untested(block.rows, block.columns, "no item has two cells with both scores and ratings")
    rows, columns = np.searchsorted(scorers, block.rows), np.searchsorted(scorers, block.columns)
    difference, p = np.empty(rows.size), np.empty((2, rows.size))
    step = max(1, _PIECE // groups.shape[1])
    for start in range(0, rows.size, step):
        piece = slice(start, start + step)
        apart = groups[rows[piece]] - groups[columns[piece]]
        total = apart.sum(axis=1)
        difference[piece] = total / groups.shape[1]
        p[:, piece] = _p_values(apart, total, alternative)
    return PairResults(block.rows, block.columns, difference, p[0], p[1], np.zeros(rows.size, dtype=np.int64))


def _p_values(apart: Floats, total: Floats, alternative: Alternative) -> Floats:
    """Forward and backward p of items' differences (pairs, items)."""
    sizes: NDArray[np.float64] = np.abs(apart)
    if alternative == "two-sided":
        both = np.minimum(1.0, 2 * flipped_sum_tails(sizes, np.abs(total)))
        return np.stack([np.where(np.abs(total) < 1e-9, 1.0, both)] * 2)
    return np.stack([flipped_sum_tails(sizes, total), flipped_sum_tails(sizes, -total)])
