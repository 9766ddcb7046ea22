"""What a permutation test computes: the difference of two scorers' statistics after swaps.

A kernel is prepared once for one pair of scorers, or for several, and then looks at many draws at a time.
May import: cells, moments, draws, pair_cells, weighted_ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats, mean_of_defined, ratio
from rewardmeter.stats.moments import group_moments, pearson
from rewardmeter.stats.significance.draws import Bits, unpacked
from rewardmeter.stats.significance.pair_cells import PairCells
from rewardmeter.stats.significance.weighted_ranks import (
    WeightedKendall,
    WeightedSpearman,
    weighted_kendall,
    weighted_spearman,
)

__all__ = ["CorrelationStatistic", "PearsonKernel", "RankKernel", "SwapKernel", "correlation_kernel"]

Places = NDArray[np.intp]
CorrelationStatistic = Literal["pearson", "spearman", "kendall_b"]

_DRAWN = 1 << 21
_DOUBTFUL = 1e-7
"""Where the spread that is left after swaps is below this share of what it was computed from, it is found again from
the values themselves: the shortcut may have lost it to rounding."""


class SwapKernel(Protocol):
    """Null differences of one or more pairs of scorers."""

    @property
    def step(self) -> int:
        """How many draws to hand in at once, a multiple of 8."""

    @property
    def pairs(self) -> int:
        """How many pairs of scorers the kernel knows."""

    def differences(self, packed: Bits, draws: int, active: Places) -> Floats:
        """Statistic of the first scorer minus that of the second, (active, draws), after the swaps.

        ``packed`` (cells, bytes) are bits as `draws.SwapDraws.blocks` makes them; ``active`` picks pairs.
        """


@dataclass(frozen=True, slots=True, eq=False)
class PearsonKernel:
    """Pearson's r of two scorers, averaged over groups, from three linear forms in the swaps per group.

    With signs u (+1 kept, -1 swapped), s = (x + y) / 2 and d = (x - y) / 2, the scores after swaps are s + u d and
    s - u d, so a group's covariance with the gold is sum(g s) +- sum(u g d), and its spread
    sum(s^2 + d^2) +- 2 sum(u s d) - (sum(u d))^2 / n, with s and g centred in the group.
    All arrays are padded to (groups, members); what is padded has the coefficient 0.
    """

    cell: Places
    there: NDArray[np.bool_]
    first: Floats
    second: Floats
    gold: Floats
    coefficient: Floats
    size: NDArray[Any]
    covariance: Floats
    spread: Floats
    gold_spread: Floats

    @property
    def step(self) -> int:
        return max(8, _DRAWN // max(1, self.cell.size) // 8 * 8)

    @property
    def pairs(self) -> int:
        return 1

    def differences(self, packed: Bits, draws: int, active: Places) -> Floats:
        swapped = unpacked(packed, self.cell.ravel(), draws, np.float64).reshape(*self.cell.shape, draws)
        forms = self.coefficient.sum(axis=2)[:, :, None] - 2 * np.matmul(self.coefficient, swapped)
        plain = self.spread[:, None] - ratio(forms[:, 1] ** 2, self.size[:, None])
        first, second = (self._side(swapped, plain, forms, sign) for sign in (1.0, -1.0))
        return (_group_mean(first) - _group_mean(second))[None]

    def _side(self, swapped: Floats, plain: Floats, forms: Floats, sign: float) -> Floats:
        """r of one of the two scorers in each group, (groups, draws)."""
        spread = plain + 2 * sign * forms[:, 2]
        value = ratio(
            self.covariance[:, None] + sign * forms[:, 0],
            np.sqrt(np.maximum(spread, 0.0)) * np.sqrt(self.gold_spread)[:, None],
        )
        group, draw = np.nonzero(spread < _DOUBTFUL * self.spread[:, None])
        if group.size:
            value[group, draw] = self._again(swapped[group, :, draw], group, sign)
        return np.clip(value, -1.0, 1.0)

    def _again(self, swapped: Floats, group: Places, sign: float) -> Floats:
        """r from the scores themselves, for some groups and draws; NaN where they are constant."""
        other = swapped if sign > 0 else 1 - swapped
        scores = np.where(other > 0, self.second[group], self.first[group])
        there = self.there[group]
        return pearson(group_moments(np.where(there, scores, np.nan), np.where(there, self.gold[group], np.nan)))


def _pearson_kernel(cells: PairCells) -> PearsonKernel:
    size = cells.size
    place = np.arange(cells.cell.size) - np.repeat(cells.start, size)
    there = np.arange(size.max()) < size[:, None]

    def padded(values: NDArray[Any]) -> NDArray[Any]:
        wide = np.zeros(there.shape, dtype=values.dtype)
        wide[cells.group, place] = values
        return wide

    def centred(values: Floats) -> Floats:
        mean = np.add.reduceat(values, cells.start) / size
        return values - np.repeat(mean, size)

    gold = centred(cells.gold)
    middle, half = centred((cells.first + cells.second) / 2), (cells.first - cells.second) / 2
    forms = np.stack([padded(gold * half), padded(half), padded(middle * half)], axis=1)
    return PearsonKernel(
        padded(cells.cell),
        there,
        padded(cells.first),
        padded(cells.second),
        padded(cells.gold),
        forms,
        size,
        padded(gold * middle).sum(axis=1),
        padded(middle**2 + half**2).sum(axis=1),
        padded(gold**2).sum(axis=1),
    )


@dataclass(frozen=True, slots=True, eq=False)
class RankKernel:
    """A rank correlation of two scorers, averaged over groups.

    The scores of both scorers are entries that are sorted once; a swap decides which of a cell's two entries belongs
    to which scorer.
    """

    cell: Places
    correlation: WeightedKendall | WeightedSpearman

    @property
    def step(self) -> int:
        return self.correlation.step

    @property
    def pairs(self) -> int:
        return 1

    def differences(self, packed: Bits, draws: int, active: Places) -> Floats:
        swapped = unpacked(packed, self.cell, draws, np.int8)
        first, second = self.correlation.split(np.concatenate([1 - swapped, swapped]))
        return (_group_mean(first) - _group_mean(second))[None]


def _group_mean(values: Floats) -> Floats:
    """Mean over the groups (groups, draws) in which the statistic is defined."""
    if np.isnan(values).any():
        return mean_of_defined(values.T)
    return np.asarray(values.mean(axis=0))


def correlation_kernel(cells: PairCells, statistic: CorrelationStatistic) -> SwapKernel:
    """The kernel of a correlation for one pair of scorers."""
    if statistic == "pearson":
        return _pearson_kernel(cells)
    prepare = weighted_kendall if statistic == "kendall_b" else weighted_spearman
    scores = np.concatenate([cells.first, cells.second])
    gold, group = np.concatenate([cells.gold, cells.gold]), np.concatenate([cells.group, cells.group])
    return RankKernel(cells.cell, prepare(scores, gold, group, int(cells.size.max())))
