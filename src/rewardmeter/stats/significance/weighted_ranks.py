"""Rank correlations under many integer weightings of the same values, without sorting again.

An entry is a pair (x, y) in a group. A draw gives each entry a weight: 0 or 1 for scores that were swapped in or out,
a count for a bootstrap resample; an entry of weight w stands for w equal copies. Sorting is done once; a draw is then
a few running sums, done for many draws side by side (the last axis).
May import: cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats, ratio

__all__ = ["WeightedKendall", "WeightedSpearman", "weighted_kendall", "weighted_spearman"]

Places = NDArray[np.intp]
Array = NDArray[Any]
_SIDE_BY_SIDE = 1 << 20
"""Bytes of one array of weights that are worked on at once: what stays in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Entries of equal value within a group, the entries being sorted by group and value.

    ``start``, ``end`` and ``group`` (runs,); ``group_start`` (groups,) the first run of each group.
    """

    start: Places
    end: Places
    group: Places
    group_start: Places


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """One bit of the dense ranks of y, entries being numbered in the order of x.

    Entries that agree in all higher bits form a node and part at this bit. ``zeros`` and ``ones`` are the entries with
    either bit, by node and in ascending order of x. ``low`` and ``high`` (ones,) say how many of ``zeros`` lie before
    the entries with the same x in the same node, and before their end; ``first`` and ``last`` where the node begins and
    ends in ``zeros``. ``start`` and ``group`` (groups with ones,) where a group begins in ``ones``.
    """

    zeros: Places
    ones: Places
    low: Places
    high: Places
    first: Places
    last: Places
    start: Places
    group: Places


@dataclass(frozen=True, slots=True, eq=False)
class WeightedKendall:
    """Kendall's tau-b of fixed entries under given weights; made by `weighted_kendall`."""

    order: Places
    runs_x: _Runs
    order_y: Places
    runs_y: _Runs
    levels: tuple[_Level, ...]
    kind: np.dtype[Any]

    @property
    def step(self) -> int:
        """How many draws to hand in at once, a multiple of 8."""
        return max(8, _SIDE_BY_SIDE // max(1, self.order.size * self.kind.itemsize) // 8 * 8)

    def __call__(self, weights: Array) -> Floats:
        """tau-b in each group, (groups, draws), from weights (entries, draws); NaN where a side is constant."""
        in_order = np.take(weights.astype(self.kind, copy=False), self.order, axis=0)
        return self._tau(in_order, self._concordance(in_order, rest=False)[0])

    def split(self, weights: Array) -> tuple[Floats, Floats]:
        """tau-b of the entries whose weight is 1, and of the others, whose weight is 0."""
        in_order = np.take(weights.astype(self.kind, copy=False), self.order, axis=0)
        first, second = self._concordance(in_order, rest=True)
        return self._tau(in_order, first), self._tau(1 - in_order, second)

    def _tau(self, in_order: Array, balance: Array) -> Floats:
        total = _group_sums(in_order, self.runs_x)
        squares_x = _run_squares(in_order, self.runs_x)
        squares_y = _run_squares(np.take(in_order, self.order_y, axis=0), self.runs_y)
        pairs_x, pairs_y = total**2 - squares_x, total**2 - squares_y
        return ratio(2.0 * balance, np.sqrt(pairs_x) * np.sqrt(pairs_y))

    def _concordance(self, weights: Array, *, rest: bool) -> tuple[Array, Array]:
        """Concordant minus discordant pairs of each group; with ``rest`` also those among what has no weight.

        What an entry of the rest has before and behind it is what there is in all, less what has weight.
        """
        draws = weights.shape[1]
        balance, balance_rest = np.zeros((2, self.runs_x.group_start.size, draws), dtype=self.kind)
        sums, left, right = (np.empty((weights.shape[0] + 1, draws), dtype=self.kind) for _ in range(3))
        for level in self.levels:
            before = sums[: level.zeros.size + 1]
            before[0] = 0
            zeros = np.take(weights, level.zeros, axis=0, out=left[: level.zeros.size], mode="clip")
            np.cumsum(zeros, axis=0, out=before[1:])
            net, part = left[: level.ones.size], right[: level.ones.size]
            np.take(before, level.low, axis=0, out=net, mode="clip")
            net += np.take(before, level.high, axis=0, out=part, mode="clip")
            net -= np.take(before, level.first, axis=0, out=part, mode="clip")
            net -= np.take(before, level.last, axis=0, out=part, mode="clip")
            np.take(weights, level.ones, axis=0, out=part, mode="clip")
            if rest:
                everything = (level.low + level.high - level.first - level.last).astype(self.kind)
                others = sums[: level.ones.size]
                np.multiply(np.subtract(everything[:, None], net, out=others), 1 - part, out=others)
                balance_rest[level.group] += np.add.reduceat(others, level.start, axis=0, dtype=self.kind)
            net *= part
            balance[level.group] += np.add.reduceat(net, level.start, axis=0, dtype=self.kind)
        return balance, balance_rest


def weighted_kendall(x: Floats, y: Floats, group: Places, most: int) -> WeightedKendall:
    """Prepare tau-b of entries (entries,) whose groups are numbered 0, 1, ... without gaps.

    ``most`` is the greatest total weight that a group can have.
    """
    codes_x, codes_y = _dense(x, group), _dense(y, group)
    if codes_x.max(initial=0) < codes_y.max(initial=0):
        codes_x, codes_y = codes_y, codes_x
    order = np.lexsort((codes_x, group))
    codes_x, codes_y, group = codes_x[order], codes_y[order], group[order]
    order_y = np.lexsort((codes_y, group))
    bits = int(codes_y.max(initial=0)).bit_length()
    levels = tuple(_level(codes_x, codes_y, group, bit) for bit in range(bits))
    return WeightedKendall(
        order,
        _runs(codes_x, group),
        order_y,
        _runs(codes_y[order_y], group),
        tuple(level for level in levels if level.ones.size),
        _kind(most * most),
    )


@dataclass(frozen=True, slots=True, eq=False)
class WeightedSpearman:
    """Spearman's rho (Pearson of midranks) of fixed entries under given weights; made by `weighted_spearman`."""

    order: Places
    runs_x: _Runs
    run_x: Places
    order_y: Places
    runs_y: _Runs
    run_y: Places
    kind: np.dtype[Any]

    @property
    def step(self) -> int:
        """How many draws to hand in at once, a multiple of 8."""
        return max(8, _SIDE_BY_SIDE // max(1, 8 * self.order.size) // 8 * 8)

    def __call__(self, weights: Array) -> Floats:
        """rho in each group, (groups, draws), from weights (entries, draws); NaN where a side is constant."""
        in_order = np.take(weights.astype(self.kind, copy=False), self.order, axis=0)
        rank_x, square_x = _centred_ranks(in_order, self.runs_x)
        rank_y, square_y = _centred_ranks(np.take(in_order, self.order_y, axis=0), self.runs_y)
        product = np.take(rank_x, self.run_x, axis=0)
        product *= np.take(rank_y, self.run_y, axis=0)
        product *= in_order
        starts = self.runs_x.start[self.runs_x.group_start]
        together = np.add.reduceat(product, starts, axis=0)
        return np.clip(ratio(together, np.sqrt(square_x) * np.sqrt(square_y)), -1.0, 1.0)

    def split(self, weights: Array) -> tuple[Floats, Floats]:
        """rho of the entries whose weight is 1, and of the others, whose weight is 0."""
        return self(weights), self(1 - weights)


def weighted_spearman(x: Floats, y: Floats, group: Places, most: int) -> WeightedSpearman:
    """Prepare rho of entries (entries,); the arguments are those of `weighted_kendall`."""
    codes_x, codes_y = _dense(x, group), _dense(y, group)
    order = np.lexsort((codes_x, group))
    codes_x, codes_y, group = codes_x[order], codes_y[order], group[order]
    order_y = np.lexsort((codes_y, group))
    runs_x, runs_y = _runs(codes_x, group), _runs(codes_y[order_y], group)
    run_y = np.empty(order_y.size, dtype=np.intp)
    run_y[order_y] = _run_of_entry(runs_y)
    return WeightedSpearman(order, runs_x, _run_of_entry(runs_x), order_y, runs_y, run_y, _kind(4 * most))


def _dense(values: Array, group: Places) -> Places:
    """Rank of each value among the distinct values of its group, from 0."""
    order = np.lexsort((values, group))
    first = _firsts(values[order], group[order])
    number = np.cumsum(first) - 1
    group_first = np.searchsorted(group[order], group[order], side="left")
    codes = np.empty(values.size, dtype=np.intp)
    codes[order] = number - number[group_first]
    return codes


def _firsts(values: Array, group: Places) -> NDArray[np.bool_]:
    """Which of the sorted entries differ from the one before them in value or group."""
    first = np.ones(values.size, dtype=bool)
    first[1:] = (values[1:] != values[:-1]) | (group[1:] != group[:-1])
    return first


def _runs(codes: Places, group: Places) -> _Runs:
    start = np.flatnonzero(_firsts(codes, group))
    run_group = group[start]
    return _Runs(start, np.append(start[1:], codes.size), run_group, np.flatnonzero(np.diff(run_group, prepend=-1)))


def _run_of_entry(runs: _Runs) -> Places:
    return np.repeat(np.arange(runs.start.size), runs.end - runs.start)


def _level(codes_x: Places, codes_y: Places, group: Places, bit: int) -> _Level:
    node = _dense(codes_y >> (bit + 1), group) + group * (int(codes_y.max(initial=0)) + 1)
    order = np.lexsort((codes_x, node))
    is_one = ((codes_y[order] >> bit) & 1).astype(bool)
    zeros, ones = order[~is_one], order[is_one]
    span = int(codes_x.max(initial=0)) + 1
    key_zeros, key_ones = node[zeros] * span + codes_x[zeros], node[ones] * span + codes_x[ones]
    first, last = (np.searchsorted(node[zeros], node[ones], side=side) for side in ("left", "right"))
    low, high = (np.searchsorted(key_zeros, key_ones, side=side) for side in ("left", "right"))
    kept = last > first
    ones = ones[kept]
    start = np.flatnonzero(np.diff(group[ones], prepend=-1))
    return _Level(zeros, ones, low[kept], high[kept], first[kept], last[kept], start, group[ones][start])


def _kind(bound: int) -> np.dtype[Any]:
    """The narrowest integers that hold numbers up to ``bound``."""
    return np.dtype(np.int16 if bound < 1 << 15 else np.int32 if bound < 1 << 31 else np.int64)


def _group_sums(weights: Array, runs: _Runs) -> Floats:
    sums = np.add.reduceat(weights, runs.start[runs.group_start], axis=0)
    return sums.astype(np.float64)


def _run_squares(weights: Array, runs: _Runs) -> Floats:
    """Sum of squared weights of the runs of each group, weights being in the order of the runs."""
    sizes = weights
    if runs.start.size < weights.shape[0]:
        sizes = np.add.reduceat(weights, runs.start, axis=0, dtype=weights.dtype)
    squares = np.add.reduceat(sizes * sizes, runs.group_start, axis=0, dtype=weights.dtype)
    return squares.astype(np.float64)


def _centred_ranks(weights: Array, runs: _Runs) -> tuple[Floats, Floats]:
    """Twice the midrank of each run less its mean over the group's copies, and the sum of its square over them."""
    below = np.zeros((weights.shape[0] + 1, weights.shape[1]), dtype=weights.dtype)
    np.cumsum(weights, axis=0, out=below[1:])
    start, end = np.take(below, runs.start, axis=0), np.take(below, runs.end, axis=0)
    group_start = np.take(start, runs.group_start, axis=0)
    group_end = np.append(group_start[1:], end[-1:], axis=0)
    number = np.cumsum(np.diff(runs.group, prepend=-1) > 0) - 1
    rank = (start + end).astype(np.float64)
    rank -= np.take(group_start + group_end, number, axis=0)
    square = np.add.reduceat(rank * rank * (end - start), runs.group_start, axis=0)
    return rank, square
