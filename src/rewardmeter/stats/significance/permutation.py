"""PERM-BOTH: is the difference of two scorers' statistics more than swapping their scores at random would give?

Deutsch, Dror and Roth 2021 (arXiv 2104.00054), Algorithm 2. The two public implementations of it differ and are both
here, by name: see `draws.Swap`. Scores are standardised first, over the cells that both scorers and the gold have, so
that they can change places; every draw serves all pairs of scorers.

What a p-value here takes for granted: the two scorers' errors could change places cell by cell. Where a scorer favours
whole systems, as judges with a taste for a style do, they could not, and both forms of PERM-BOTH reject too often: with
10 systems, 60 items and such biases half as large as the noise, tests at 5 % reject 13 % by item and 26 to 33 % at
system level. Swapping whole systems (``rows``) then holds the level, at the price of power.
May import: cells, draws, pair_cells, pairwise, swap_accuracy, swap_engine, swap_kernels, swap_soft, swap_systems.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.cells import Floats, Grouping, check_cells, check_grouping
from rewardmeter.stats.significance.draws import SwapDraws
from rewardmeter.stats.significance.pair_cells import pair_cells, pattern_blocks
from rewardmeter.stats.significance.pairwise import (
    Alternative,
    EarlyStop,
    PairResults,
    PairwiseTests,
    check_alternative,
    combined,
)
from rewardmeter.stats.significance.swap_accuracy import accuracy_kernels
from rewardmeter.stats.significance.swap_engine import permuted, stopping, untested
from rewardmeter.stats.significance.swap_kernels import CorrelationStatistic, correlation_kernel
from rewardmeter.stats.significance.swap_soft import checked_flips, soft_pairwise_kernel
from rewardmeter.stats.significance.swap_systems import SystemSwapStatistic, system_kernel

__all__ = [
    "accuracy_permutation_tests",
    "correlation_permutation_tests",
    "soft_pairwise_permutation_tests",
    "system_permutation_tests",
]


def correlation_permutation_tests(
    scores: ArrayLike,
    gold: ArrayLike,
    draws: SwapDraws,
    *,
    statistic: CorrelationStatistic,
    grouping: Grouping,
    alternative: Alternative = "two-sided",
    early_stop: EarlyStop | None = None,
) -> PairwiseTests:
    """Permutation tests of a segment-level correlation between all pairs of scorers.

    Parameters
    ----------
    scores, gold:
        (scorers, systems, items) and (systems, items), NaN where missing.
    draws:
        Swaps of cells, rows and columns, ... from `draws.draw_swaps`.
    statistic, grouping:
        ``pearson``, ``spearman`` or ``kendall_b``, pooled, by item or by system: the mean over the groups in which it
        is defined, as in `correlation.correlate`. Groups may become undefined by a swap; they are left out of that
        draw. A draw without any defined group counts as extreme.
    alternative:
        ``greater``: p[i, j] is for scorer i correlating better than j. ``two-sided``: for any difference.
    early_stop:
        When to stop drawing for a pair; None draws them all.

    Returns
    -------
    Tests with p = (hits + 1) / (draws + 1), or exact where ``draws`` are all swaps.

    Raises
    ------
    ValueError
        Shapes that do not fit (the draws' included), infinite values, unknown names.
    """
    if statistic not in get_args(CorrelationStatistic):
        raise ValueError(f"statistic must be one of {', '.join(get_args(CorrelationStatistic))}; got {statistic!r}")
    check_grouping(grouping)
    scores, gold = _checked(scores, gold, draws, alternative)
    parts = _correlation_parts(scores, gold, draws, statistic, grouping, alternative, early_stop)
    return combined(parts, scores.shape[0], alternative, _method(draws, early_stop))


def accuracy_permutation_tests(
    scores: ArrayLike,
    gold: ArrayLike,
    draws: SwapDraws,
    *,
    epsilon: float = 0.0,
    alternative: Alternative = "two-sided",
    early_stop: EarlyStop | None = None,
) -> PairwiseTests:
    """Permutation tests of tie-aware accuracy acc_eq by item at one fixed epsilon, between all pairs of scorers.

    ``epsilon`` is in standard deviations of each scorer: since scores change places, scorers cannot have a threshold
    each. (For accuracies calibrated scorer by scorer see `pair_swap.pair_swap_tests`.) The other arguments are those of
    `correlation_permutation_tests`. All pairs share one matrix product, exact in integers.
    """
    if not epsilon >= 0:
        raise ValueError(f"epsilon must not be negative; got {epsilon}")
    scores, gold = _checked(scores, gold, draws, alternative)
    parts: list[PairResults] = []
    for block in pattern_blocks(scores, gold):
        kernels = accuracy_kernels(scores, gold, block, epsilon)
        if not kernels:
            parts.append(untested(block.rows, block.columns, "no item has two cells with both scores and ratings"))
        parts += [permuted(kernel, kernel.rows, kernel.columns, draws, alternative, early_stop) for kernel in kernels]
    return combined(parts, scores.shape[0], alternative, _method(draws, early_stop))


def system_permutation_tests(
    scores: ArrayLike,
    gold: ArrayLike,
    draws: SwapDraws,
    *,
    statistic: SystemSwapStatistic,
    alternative: Alternative = "two-sided",
    early_stop: EarlyStop | None = None,
) -> PairwiseTests:
    """Permutation tests of a system-level statistic between all pairs of scorers.

    A system's value is the mean of its cells that count. ``pearson``, ``spearman`` and ``kendall_b`` over systems, or
    ``pairwise_accuracy``, where a pair tied on both sides is right and one tied on one side is wrong. Published system
    scores are tested with the shape (scorers, systems, 1): swapping cells then swaps systems, which is what
    mt-metrics-eval does at system level. The other arguments are those of `correlation_permutation_tests`.
    """
    scores, gold = _checked(scores, gold, draws, alternative)
    parts = []
    for block in pattern_blocks(scores, gold):
        kernel = system_kernel(scores, gold, block, statistic)
        if isinstance(kernel, str):
            parts.append(untested(block.rows, block.columns, kernel))
        else:
            parts.append(permuted(kernel, block.rows, block.columns, draws, alternative, early_stop))
    return combined(parts, scores.shape[0], alternative, _method(draws, early_stop))


def soft_pairwise_permutation_tests(
    scores: ArrayLike,
    gold: ArrayLike,
    draws: SwapDraws,
    *,
    flips: ArrayLike,
    alternative: Alternative = "two-sided",
    early_stop: EarlyStop | None = None,
) -> PairwiseTests:
    """Permutation tests of soft pairwise accuracy (Thompson et al. 2024) between all pairs of scorers.

    ``flips`` (flips, items) of +1 and -1, from `resampling.sign_flips`, are the sign flips behind the p-values that the
    statistic compares; they are held fixed. Two systems are compared on the items that they share. The other arguments
    are those of `correlation_permutation_tests`.
    """
    scores, gold = _checked(scores, gold, draws, alternative)
    signs = checked_flips(flips, gold.shape[1])
    parts = []
    for block in pattern_blocks(scores, gold):
        kernel = soft_pairwise_kernel(scores, gold, block, signs)
        if isinstance(kernel, str):
            parts.append(untested(block.rows, block.columns, kernel))
        else:
            parts.append(permuted(kernel, block.rows, block.columns, draws, alternative, early_stop))
    method = f"{_method(draws, early_stop)}, {signs.shape[0]:,} sign flips held fixed"
    return combined(parts, scores.shape[0], alternative, method)


def _checked(scores: ArrayLike, gold: ArrayLike, draws: SwapDraws, alternative: str) -> tuple[Floats, Floats]:
    check_alternative(alternative)
    scores, gold = check_cells(scores, gold)
    if (draws.systems, draws.items) != gold.shape:
        raise ValueError(
            f"the draws are for {draws.systems} systems and {draws.items} items; the data have {gold.shape[0]} and "
            f"{gold.shape[1]}"
        )
    return scores, gold


def _method(draws: SwapDraws, early_stop: EarlyStop | None) -> str:
    return f"{draws.description}{stopping(early_stop)}, scores standardised"


def _correlation_parts(
    scores: Floats,
    gold: Floats,
    draws: SwapDraws,
    statistic: CorrelationStatistic,
    grouping: Grouping,
    alternative: Alternative,
    early_stop: EarlyStop | None,
) -> Iterator[PairResults]:
    for i, j in zip(*np.triu_indices(scores.shape[0], 1), strict=True):
        row, column = np.array([i]), np.array([j])
        cells = pair_cells(scores[i], scores[j], gold, grouping)
        if isinstance(cells, str):
            named = {"first": i, "second": j}
            why = f"scorer {named[cells]} is constant within every group" if cells in named else cells
            yield untested(row, column, why)
        else:
            yield permuted(correlation_kernel(cells, statistic), row, column, draws, alternative, early_stop)
