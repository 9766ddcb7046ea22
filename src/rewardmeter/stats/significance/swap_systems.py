"""System-level statistics under swaps: means over items, then one statistic over systems.

A scorer's system means after swaps are (m_a + m_b) / 2 +- (t_a - t_b) / 2, where t_k are the means of the scores with
the swap signs: they are found once per scorer, not per pair.
May import: cells, draws, pair_cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats, ratio
from rewardmeter.stats.significance.draws import Bits, unpacked
from rewardmeter.stats.significance.pair_cells import PatternBlock, standardised

__all__ = ["SystemKernel", "SystemSwapStatistic", "system_kernel", "system_statistic"]

Places = NDArray[np.intp]
SystemSwapStatistic = Literal["pearson", "spearman", "kendall_b", "pairwise_accuracy"]
_DRAWN = 1 << 20
_SAME = 1e-12
"""Means of standardised scores this close are equal: the order of additions must not break a tie."""


@dataclass(frozen=True, slots=True, eq=False)
class SystemKernel:
    """Differences of a system-level statistic for the pairs of a block; made by `system_kernel`."""

    rows: Places
    columns: Places
    statistic: SystemSwapStatistic
    cell: Places
    scores: Floats
    gold: Floats

    @property
    def step(self) -> int:
        return max(8, _DRAWN // max(1, self.cell.size) // 8 * 8)

    @property
    def pairs(self) -> int:
        return int(self.rows.size)

    def differences(self, packed: Bits, draws: int, active: Places) -> Floats:
        systems, _, items = self.scores.shape
        signs = 1 - 2 * unpacked(packed, self.cell, draws, np.float64).reshape(systems, items, draws)
        signed = np.matmul(self.scores, signs)
        plain = self.scores.sum(axis=2)
        made = np.empty((active.size, draws))
        for place, pair in enumerate(active):
            row, column = self.rows[pair], self.columns[pair]
            middle = (plain[:, row] + plain[:, column])[:, None] / 2
            half = (signed[:, row] - signed[:, column]) / 2
            first, second = (system_statistic(self.statistic, middle + side, self.gold) for side in (half, -half))
            made[place] = first - second
        return made


def system_kernel(
    scores: Floats, gold: Floats, block: PatternBlock, statistic: SystemSwapStatistic
) -> SystemKernel | str:
    """The kernel of a block, or why no system-level statistic is defined there.

    Scores are standardised over the cells of the block; a system's value is the mean of its cells, of scores and gold.
    """
    if statistic not in get_args(SystemSwapStatistic):
        raise ValueError(f"statistic must be one of {', '.join(get_args(SystemSwapStatistic))}; got {statistic!r}")
    there = block.present.sum(axis=1)
    used = np.flatnonzero(there)
    if used.size < 2:
        return "fewer than two systems have both scores and a rating"
    present = block.present[used]
    human = standardised(np.where(present, gold[used], 0.0).sum(axis=1) / there[used])
    if statistic != "pairwise_accuracy" and human.min() == human.max():
        return "the gold is the same for all systems"
    scorers = block.scorers
    share = np.zeros((scorers.size, *present.shape))
    share[:, present] = standardised(scores[scorers][:, used][:, present])
    share /= there[used, None]
    cell = (used[:, None] * gold.shape[1] + np.arange(gold.shape[1])).ravel()
    rows, columns = np.searchsorted(scorers, block.rows), np.searchsorted(scorers, block.columns)
    return SystemKernel(rows, columns, statistic, cell, np.ascontiguousarray(share.transpose(1, 0, 2)), human)


def system_statistic(
    statistic: SystemSwapStatistic, scores: Floats, gold: Floats, weights: NDArray[Any] | None = None
) -> Floats:
    """The statistic over systems of ``scores`` (systems, draws) with ``gold`` (systems,) or (systems, draws).

    Scores and gold must be standardised, or nearly so: values closer than 1e-12 are taken as equal. ``weights``
    (systems, draws) are how often a resample has each system; without, each counts once. Copies of one system are tied
    with one another on both sides, and are no pair for pairwise accuracy. NaN where undefined.
    """
    human = np.broadcast_to(gold.reshape(gold.shape[0], -1), scores.shape)
    if statistic == "pearson":
        return _pearson(scores, human, weights)
    lower, upper = np.triu_indices(scores.shape[0], 1)
    apart, human_apart = (_signs(values[lower] - values[upper]) for values in (scores, human))
    pair_weight = np.ones((1, 1)) if weights is None else (weights[lower] * weights[upper]).astype(np.float64)
    if statistic == "pairwise_accuracy":
        pairs = np.broadcast_to(pair_weight, apart.shape).sum(axis=0)
        return ratio(((apart == human_apart) * pair_weight).sum(axis=0), pairs)
    if statistic == "kendall_b":
        spread = [(np.abs(signs) * pair_weight).sum(axis=0) for signs in (apart, human_apart)]
        return ratio((apart * human_apart * pair_weight).sum(axis=0), np.sqrt(spread[0]) * np.sqrt(spread[1]))
    sides = [_centred_ranks(signs, lower, upper, scores.shape[0], weights) for signs in (apart, human_apart)]
    return _pearson(sides[0], sides[1], weights)


def _signs(apart: Floats) -> NDArray[np.int8]:
    return (apart > _SAME).view(np.int8) - (apart < -_SAME).view(np.int8)


def _centred_ranks(
    signs: NDArray[np.int8], lower: Places, upper: Places, systems: int, weights: NDArray[Any] | None
) -> Floats:
    """Twice the midrank of each system, less a number that is the same for all."""
    one = np.ones((systems, 1)) if weights is None else weights
    is_lower, is_upper = (np.arange(systems)[:, None] == side for side in (lower, upper))
    ranks: Floats = is_lower.astype(np.float64) @ (signs * one[upper]) - is_upper.astype(np.float64) @ (
        signs * one[lower]
    )
    return ranks


def _pearson(x: Floats, y: Floats, weights: NDArray[Any] | None) -> Floats:
    """r over the first axis; NaN where a side is constant among the systems that have a weight."""
    weight = np.ones(x.shape) if weights is None else np.broadcast_to(weights, x.shape).astype(np.float64)
    (dx, spread_x), (dy, spread_y) = _deviations(x, weight), _deviations(y, weight)
    return np.clip(ratio((weight * dx * dy).sum(axis=0), np.sqrt(spread_x) * np.sqrt(spread_y)), -1.0, 1.0)


def _deviations(values: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Deviations from the weighted mean, and the sum of their squares: 0 where all values are the same."""
    deviation = values - ratio((weight * values).sum(axis=0), weight.sum(axis=0))
    used = weight > 0
    low = np.where(used, values, np.inf).min(axis=0)
    high = np.where(used, values, -np.inf).max(axis=0)
    square = (weight * deviation**2).sum(axis=0)
    return deviation, np.where(high - low > _SAME, square, 0.0)
