"""Tie-aware pairwise accuracy acc_eq, its tie calibration, and how much the calibration flatters.

Deutsch, Foster and Freitag 2023, "Ties Matter". Scorers with fine-grained scores never tie where people do; a
threshold epsilon below which their differences count as ties makes them comparable with coarse scorers.
May import: `cells`, `influence`, `intervals`, `resampling`, `result`, `tie_pairs`, `tie_search`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import (
    Floats,
    Grouping,
    Ints,
    check_cells,
    check_grouping,
    grouped,
    mean_of_defined,
    paired,
)
from rewardmeter.stats.influence import item_standard_error
from rewardmeter.stats.intervals import JACKKNIFE_SHARE, Interval, bootstrap_method, exact_at_bounds, normal_interval
from rewardmeter.stats.resampling import item_folds, percentile_interval, resampled_means
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.tie_pairs import Stack, stacks
from rewardmeter.stats.tie_search import best_epsilon, right_by_cell, right_by_group

__all__ = [
    "CrossFittedTies",
    "TieCalibration",
    "acc_eq",
    "acc_eq_estimates",
    "calibrate_ties",
    "cross_fitted_ties",
    "tau_eq",
]


@dataclass(frozen=True, slots=True)
class TieCalibration:
    """Tie-aware accuracy of each scorer at a threshold.

    Attributes
    ----------
    accuracy: (scorers,) mean over groups of the share of pairs judged right, in [0, 1]; NaN without any pair.
    epsilon: (scorers,) greatest absolute score difference that counts as a tie; NaN without any pair.
    groups: (scorers, groups) accuracy within each group, NaN where it holds no pair; one group when pooled.
    n_pairs: (scorers,) pairs in all groups together.
    n_groups: (scorers,) groups with a pair.
    """

    accuracy: Floats
    epsilon: Floats
    groups: Floats
    n_pairs: Ints
    n_groups: Ints


@dataclass(frozen=True, slots=True)
class CrossFittedTies:
    """Tie calibration judged on items that it was not fitted on; every array but the last has the shape (scorers,).

    Attributes
    ----------
    accuracy: accuracy with each fold of items judged at the epsilon fitted on the other folds.
    in_sample: accuracy of the same folds at the one epsilon fitted on all items.
    optimism: ``in_sample - accuracy``, how much fitting on the judged items flatters.
    epsilon: (scorers, folds) what was fitted without each fold.
    """

    accuracy: Floats
    in_sample: Floats
    optimism: Floats
    epsilon: Floats


def acc_eq(
    scores: ArrayLike, gold: ArrayLike, *, epsilon: ArrayLike = 0.0, grouping: Grouping = "item"
) -> TieCalibration:
    """Tie-aware accuracy acc_eq = (C + Thm) / all pairs at a fixed epsilon (Deutsch et al. 2023, eq. 5).

    C: the scorer orders the pair as the gold does; Thm: both tie it; a scorer's difference of at most ``epsilon`` is
    a tie. ``epsilon`` is one number or one per scorer, in units of the scores, at least 0.

    ``scores`` (scorers, systems, items) and ``gold`` (systems, items) hold NaN where missing; pairs with a missing
    side do not exist. By ``item`` (systems of an item against one another) and by ``system`` the shares of the groups
    are averaged with equal weight; ``pooled`` compares all cells with all.
    """
    scores, gold = _checked(scores, gold, grouping)
    thresholds = np.broadcast_to(np.asarray(epsilon, dtype=np.float64), (scores.shape[0],))
    if (thresholds < 0).any():
        raise ValueError(f"epsilon must not be negative; got {epsilon!r}")
    rows = [_accuracy(stacks(row, gold, grouping), e) for row, e in zip(scores, thresholds, strict=True)]
    return _assembled(rows, thresholds, _group_count(gold, grouping))


def tau_eq(
    scores: ArrayLike, gold: ArrayLike, *, epsilon: ArrayLike = 0.0, grouping: Grouping = "item"
) -> TieCalibration:
    """tau_eq = (C + Thm - D - Th - Tm) / all pairs = 2 acc_eq - 1, in [-1, 1] (Deutsch et al. 2023, eq. 4).

    As `acc_eq`, whose ``accuracy`` and ``groups`` here hold tau_eq.
    """
    result = acc_eq(scores, gold, epsilon=epsilon, grouping=grouping)
    return TieCalibration(
        2 * result.accuracy - 1, result.epsilon, 2 * result.groups - 1, result.n_pairs, result.n_groups
    )


def calibrate_ties(scores: ArrayLike, gold: ArrayLike, *, grouping: Grouping = "item") -> TieCalibration:
    """`acc_eq` at the epsilon that makes it greatest for each scorer: acc*_eq (Deutsch et al. 2023, section 5).

    One epsilon for all groups, out of 0 and every absolute score difference of a pair; all pairs are looked at. Of
    equally good thresholds the smallest is taken, on exact counts. Fitting and judging on the same pairs flatters
    scorers with fine-grained scores: see `cross_fitted_ties`.

    Memory is bounded; time grows with the pairs (about 350 million when 26,000 cells are pooled).
    """
    scores, gold = _checked(scores, gold, grouping)
    rows, thresholds = [], []
    for row in scores:
        groups = stacks(row, gold, grouping)
        thresholds.append(best_epsilon(groups))
        rows.append(_accuracy(groups, thresholds[-1]))
    return _assembled(rows, np.array(thresholds), _group_count(gold, grouping))


def cross_fitted_ties(
    scores: ArrayLike, gold: ArrayLike, *, folds: int, rng: np.random.Generator, grouping: Grouping = "item"
) -> CrossFittedTies:
    """Tie calibration with epsilon fitted on the other folds of items, and the optimism of fitting on all.

    Items are split at random into ``folds`` of nearly equal size. Accuracy is the mean over the groups of all folds
    (by item: over all items); pooled and by system, pairs lie within a fold, so ``in_sample`` there is the accuracy
    of these very pairs at the epsilon fitted on all pairs.
    """
    scores, gold = _checked(scores, gold, grouping)
    fold = item_folds(gold.shape[1], folds, rng)
    overall = calibrate_ties(scores, gold, grouping=grouping).epsilon
    fitted: list[Floats] = []
    held_out: list[Floats] = []
    in_sample: list[Floats] = []
    for number in range(folds):
        inside = fold == number
        epsilon = calibrate_ties(scores[:, :, ~inside], gold[:, ~inside], grouping=grouping).epsilon
        fitted.append(epsilon)
        for epsilons, into in ((epsilon, held_out), (overall, in_sample)):
            into.append(acc_eq(scores[:, :, inside], gold[:, inside], epsilon=epsilons, grouping=grouping).groups)
    accuracy, flattered = (mean_of_defined(np.concatenate(parts, axis=1)) for parts in (held_out, in_sample))
    return CrossFittedTies(accuracy, flattered, flattered - accuracy, np.stack(fitted, axis=1))


def acc_eq_estimates(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    grouping: Grouping = "item",
    weights: NDArray[Any] | None,
    level: float = 0.95,
    epsilon: ArrayLike | None = None,
) -> list[Estimate]:
    """acc_eq of each scorer with an interval, at a given ``epsilon`` or, when None, calibrated on these very pairs.

    ``weights`` are the item counts of `resampling.item_weights`, or None for no interval. Epsilon is held fixed:
    intervals say how the accuracy at this threshold varies with the items, not how the threshold does. By item the
    interval is the percentile bootstrap; pooled and by system the normal interval on the logit from the
    infinitesimal jackknife over items. ``detail`` holds ``epsilon`` and ``pairs``; ``n`` counts groups (pairs when
    pooled).
    """
    scores, gold = _checked(scores, gold, grouping)
    if epsilon is None:
        result = calibrate_ties(scores, gold, grouping=grouping)
    else:
        result = acc_eq(scores, gold, epsilon=epsilon, grouping=grouping)
    fixed = "epsilon held fixed"
    interval: Interval = (np.full(result.accuracy.shape, np.nan),) * 2
    method = "none"
    if weights is not None and grouping == "item":
        interval = percentile_interval(resampled_means(result.groups, weights), level, items=result.n_groups)
        interval = exact_at_bounds(result.accuracy, interval, result.n_groups, level)
        method = f"{bootstrap_method(weights)}, {fixed}"
    elif weights is not None:
        errors = [_standard_error(row, gold, grouping, e) for row, e in zip(scores, result.epsilon, strict=True)]
        interval = normal_interval(result.accuracy, np.array(errors), level, bounds=(0.0, 1.0))
        method = f"{JACKKNIFE_SHARE}, {fixed}"
    counts = result.n_pairs if grouping == "pooled" else result.n_groups
    present = ~np.isnan(scores) & ~np.isnan(gold)
    with_data = [np.count_nonzero(grouped(row, grouping).any(axis=1)) for row in present]
    return [
        Estimate(
            float(result.accuracy[k]),
            float(interval[0][k]),
            float(interval[1][k]),
            level=level,
            n=int(counts[k]),
            method=method,
            undefined=int(with_data[k] - result.n_groups[k]),
            detail={"epsilon": float(result.epsilon[k]), "pairs": float(result.n_pairs[k])},
        )
        for k in range(scores.shape[0])
    ]


def _checked(scores: ArrayLike, gold: ArrayLike, grouping: str) -> tuple[Floats, Floats]:
    check_grouping(grouping)
    return check_cells(scores, gold)


def _group_count(gold: Floats, grouping: Grouping) -> int:
    return int(grouped(gold, grouping).shape[0])


def _accuracy(groups: Sequence[Stack], epsilon: float) -> list[tuple[NDArray[np.intp], Floats, int]]:
    """Per stack: the numbers of its groups, their accuracies, and the pairs of each."""
    if math.isnan(epsilon):
        return []
    return [(stack.group, right_by_group(stack, epsilon) / stack.pairs, stack.pairs) for stack in groups]


def _assembled(
    rows: Sequence[list[tuple[NDArray[np.intp], Floats, int]]], thresholds: Floats, group_count: int
) -> TieCalibration:
    groups = np.full((len(rows), group_count), np.nan)
    pairs = np.zeros(len(rows), dtype=np.int64)
    for k, row in enumerate(rows):
        for group, accuracy, pairs_each in row:
            groups[k, group] = accuracy
            pairs[k] += group.size * pairs_each
    return TieCalibration(mean_of_defined(groups), np.array(thresholds), groups, pairs, (~np.isnan(groups)).sum(axis=1))


def _standard_error(row: Floats, gold: Floats, grouping: Grouping, epsilon: float) -> float:
    """Jackknife error of the accuracy: a cell moves it by how much its own pairs are right more often than all."""
    by_item = np.zeros(gold.shape[1])
    groups = stacks(*paired(row, gold), grouping)
    for stack in groups:
        cells = stack.scores.shape[0]
        right = right_by_cell(stack, epsilon)
        accuracy = right.sum(axis=0) / (2 * stack.pairs)
        influence = (right - accuracy * (cells - 1)) / stack.pairs
        by_item += np.bincount((stack.member % by_item.size).ravel(), influence.ravel(), minlength=by_item.size)
    count = sum(stack.group.size for stack in groups)
    return float(item_standard_error(by_item / count)) if count else math.nan
