"""All pairs of scorers, by statistic id: the test that fits the statistic. May import: the tests."""

from __future__ import annotations

from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, check_cells
from rewardmeter.stats.resampling import sign_flips
from rewardmeter.stats.significance.delong import delong_tests
from rewardmeter.stats.significance.draws import Swap, draw_swaps
from rewardmeter.stats.significance.item_swap import item_swap_tests
from rewardmeter.stats.significance.pair_swap import pair_swap_tests
from rewardmeter.stats.significance.pairwise import Alternative, EarlyStop, PairwiseTests
from rewardmeter.stats.significance.permutation import (
    correlation_permutation_tests,
    soft_pairwise_permutation_tests,
    system_permutation_tests,
)
from rewardmeter.stats.significance.statistic_ids import statistic_id
from rewardmeter.stats.significance.swap_kernels import CorrelationStatistic
from rewardmeter.stats.significance.swap_systems import SystemSwapStatistic

__all__ = ["all_pairs"]

Verdicts = Literal["pairs", "items"]
_FLIPS = 1000
"""Sign flips behind soft pairwise accuracy, as in the reference code."""


def all_pairs(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    statistic: str,
    rng: np.random.Generator,
    resamples: int = 1000,
    swap: Swap = "cells",
    alternative: Alternative = "two-sided",
    early_stop: EarlyStop | None = None,
    epsilon: ArrayLike | None = None,
    verdicts: Verdicts = "pairs",
) -> PairwiseTests:
    """Test every scorer against every other on one statistic of ratings.

    ===========================================  ==============================================================
    statistic                                    test
    ===========================================  ==============================================================
    ``segment.pearson``, ``spearman``,           PERM-BOTH (`permutation`), swapping ``swap``
    ``kendall_b``, pooled, ``.item``,
    ``.system``
    ``segment.acc_eq``, ditto                    swapped verdicts, each scorer at its epsilon (`pair_swap`)
    ``segment.roc_auc``                          DeLong, clustered by item (`delong`)
    ``system.pearson``, ``spearman``,            PERM-BOTH of means over items
    ``kendall_b``, ``pairwise_accuracy``
    ``system.soft_pairwise_accuracy``            PERM-BOTH with 1,000 sign flips held fixed
    ===========================================  ==============================================================

    Parameters
    ----------
    scores, gold:
        (scorers, systems, items) and (systems, items), NaN where missing.
    resamples:
        Random draws for the tests that draw. Exact and closed-form tests have none (``resamples`` of the result is 0).
    epsilon:
        Tie thresholds of acc_eq, one or one per scorer; None calibrates each scorer on its own data.
    verdicts:
        What changes places for acc_eq: the verdicts on single ``pairs``, as WMT has it, which rejects too often (see
        `pair_swap`), or on whole ``items`` (`item_swap`), which holds its level.

    For preferences see `preference_tests`.
    """
    wanted = statistic_id(statistic)
    if verdicts not in get_args(Verdicts):
        raise ValueError(f"verdicts must be one of {', '.join(get_args(Verdicts))}; got {verdicts!r}")
    scores, gold = check_cells(scores, gold)
    if wanted.name == "acc_eq":
        if verdicts == "items":
            if wanted.grouping != "item":
                raise ValueError(f"verdicts of whole items are swapped for segment.acc_eq.item only, not {statistic}")
            return item_swap_tests(scores, gold, epsilon=epsilon, alternative=alternative)
        return pair_swap_tests(
            scores, gold, grouping=wanted.grouping, epsilon=epsilon, alternative=alternative, rng=rng
        )
    if wanted.name == "roc_auc":
        if wanted.grouping != "pooled":
            raise ValueError(f"there is no test of {statistic}: areas are compared pooled (segment.roc_auc)")
        cells, labels, item = _flat(scores, gold)
        return delong_tests(cells, labels, item, alternative=alternative)
    draws = draw_swaps((gold.shape[0], gold.shape[1]), resamples, rng=rng, swap=swap)
    if wanted.level == "segment":
        return correlation_permutation_tests(
            scores,
            gold,
            draws,
            statistic=cast(CorrelationStatistic, wanted.name),
            grouping=wanted.grouping,
            alternative=alternative,
            early_stop=early_stop,
        )
    if wanted.name == "soft_pairwise_accuracy":
        flips = np.ones((_FLIPS, gold.shape[1]), dtype=np.float32)
        rated = (~np.isnan(gold)).any(axis=0)
        flips[:, rated] = sign_flips(int(np.count_nonzero(rated)), _FLIPS, rng)
        return soft_pairwise_permutation_tests(
            scores, gold, draws, flips=flips, alternative=alternative, early_stop=early_stop
        )
    return system_permutation_tests(
        scores,
        gold,
        draws,
        statistic=cast(SystemSwapStatistic, wanted.name),
        alternative=alternative,
        early_stop=early_stop,
    )


def _flat(scores: Floats, gold: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Rated cells of all systems in one row per scorer, and the item of each."""
    system, item = np.nonzero(~np.isnan(gold))
    return scores[:, system, item], gold[system, item], item
