"""Ranks, tie runs and concordance counts, for many rows at once.

Every function works on rows: an array (rows, members) in which NaN marks a missing member, and both arrays of a pair
are missing in the same places. Nothing here loops over members or pairs. May import: `cells`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats, Ints

__all__ = ["CellPairs", "PairSums", "RowRanks", "cell_pairs", "pair_sums", "rank_rows", "small_pair_sums"]

_PIECE = 1 << 18
"""Pairs looked at in one go: small enough for the arrays to stay in cache."""


@dataclass(frozen=True, slots=True)
class RowRanks:
    """Where each member stands in its row.

    Attributes
    ----------
    order: (rows, members) positions that sort the row, missing members last.
    smaller: how many members of the row are strictly smaller (meaningless where missing).
    ties: how many members have the same value, the member itself included.
    code: dense rank, 0 for the smallest value; missing members share the greatest code.
    members: (rows,) members present.
    """

    order: NDArray[np.intp]
    smaller: Ints
    ties: Ints
    code: Ints
    members: Ints

    @property
    def midranks(self) -> Floats:
        """Average ranks from 1 (meaningless where missing)."""
        return self.smaller + (self.ties + 1) / 2


@dataclass(frozen=True, slots=True)
class PairSums:
    """Sums over the unordered pairs of present members in each row, each of shape (rows,).

    ``difference`` is concordant minus discordant pairs; ``untied`` counts pairs tied on neither side (concordant plus
    discordant); ``untied_x`` and ``untied_y`` count pairs that are not tied on that side; ``members`` present members.
    """

    members: Ints
    difference: Ints
    untied: Ints
    untied_x: Ints
    untied_y: Ints

    @property
    def pairs(self) -> Ints:
        """All pairs of present members."""
        return self.members * (self.members - 1) // 2


@dataclass(frozen=True, slots=True)
class CellPairs:
    """The share of each member in the sums of `PairSums`: sums over its pairs with the others, (rows, members)."""

    difference: Ints
    untied: Ints
    untied_x: Ints
    untied_y: Ints


def rank_rows(values: Floats) -> RowRanks:
    """Rank the members of each row among the present ones."""
    rows, width = values.shape
    filled = np.where(np.isnan(values), np.inf, values)
    order = np.argsort(filled, axis=1)
    ordered = np.take_along_axis(filled, order, axis=1)
    starts = np.ones((rows, width), dtype=bool)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=starts[:, 1:])
    position = np.arange(width, dtype=np.int64)
    first = np.maximum.accumulate(np.where(starts, position, 0), axis=1)
    run = np.cumsum(starts.ravel()) - 1
    sizes = np.bincount(run)[run].reshape(rows, width)
    code = np.cumsum(starts, axis=1) - 1
    placed = [np.empty((rows, width), dtype=np.int64) for _ in range(3)]
    for target, source in zip(placed, (first, sizes, code), strict=True):
        np.put_along_axis(target, order, source, axis=1)
    members = width - np.isnan(values).sum(axis=1)
    return RowRanks(order, placed[0], placed[1], placed[2], members)


def cell_pairs(x: Floats, y: Floats) -> CellPairs:
    """For each member, what its pairs with the other members of its row add to each sum.

    O(members log members) per row. Missing members get 0. Concordance is found by sorting on x and then reading the
    dense ranks of y bit by bit from the highest: two members part at the first bit in which they differ, and there a
    running count tells every member how many on the other side came before it.
    """
    present = ~np.isnan(x)
    rank_x, rank_y = rank_rows(x), rank_rows(y)
    if rank_x.code.max(initial=0) < rank_y.code.max(initial=0):
        swapped = _cell_pairs(rank_y, rank_x, present)
        return CellPairs(swapped.difference, swapped.untied, swapped.untied_y, swapped.untied_x)
    return _cell_pairs(rank_x, rank_y, present)


def _cell_pairs(rank_x: RowRanks, rank_y: RowRanks, present: NDArray[np.bool_]) -> CellPairs:
    joint = rank_x.code * (rank_y.code.max(initial=0) + 1) + rank_y.code
    both = rank_rows(np.where(present, joint, np.nan))
    balance = np.empty(present.shape, dtype=np.int64)
    codes = np.take_along_axis(rank_y.code, both.order, axis=1)
    np.put_along_axis(balance, both.order, _earlier_balance(codes), axis=1)
    members = rank_x.members[:, None]
    # Members equal in x and different in y are neither: those were counted as earlier-smaller or later-larger.
    larger_y = members - rank_y.smaller - rank_y.ties
    difference = 2 * balance + larger_y - rank_y.smaller - (rank_x.ties - both.ties)
    untied_x, untied_y = members - rank_x.ties, members - rank_y.ties
    untied = untied_x + untied_y - (members - both.ties)
    return CellPairs(*(np.where(present, part, 0) for part in (difference, untied, untied_x, untied_y)))


def _earlier_balance(codes: Ints) -> Ints:
    """For each place of each row: how many earlier places hold a smaller code, minus how many hold a larger one."""
    rows, width = codes.shape
    bits = int(codes.max(initial=0)).bit_length()
    values = (codes + (np.arange(rows, dtype=np.int64) << bits)[:, None]).ravel()
    kind = np.int32 if max(values.size, rows << bits) < 2**31 else np.int64
    # starts[v]: the first place of value v once all is sorted by (row, code); a node is a run of such values.
    starts = np.concatenate([[0], np.cumsum(np.bincount(values, minlength=rows << bits))]).astype(kind)
    place = np.arange(values.size, dtype=kind)
    flat: NDArray[Any] = values.astype(kind)
    origin: NDArray[Any] = place.copy()
    balance: NDArray[Any] = np.zeros(values.size, dtype=kind)
    for bit in range(bits - 1, -1, -1):
        high: NDArray[Any] = (flat >> bit) & 1
        node = (flat >> (bit + 1)) << (bit + 1)
        first = starts[node]
        ones = np.cumsum(high, dtype=kind) - high
        ones_before = ones - ones[first]
        zeros_before = place - first - ones_before
        is_high = high.astype(bool)
        balance += np.where(is_high, zeros_before, -ones_before)
        target = starts[node + (high << bit)] + np.where(is_high, ones_before, zeros_before)
        flat, origin, balance = (_scattered(array, target) for array in (flat, origin, balance))
    return _scattered(balance, origin).astype(np.int64).reshape(rows, width)


def _scattered(values: NDArray[Any], target: NDArray[Any]) -> NDArray[Any]:
    moved = np.empty_like(values)
    moved[target] = values
    return moved


def pair_sums(cells: CellPairs, members: Ints) -> PairSums:
    """Row sums of the members' shares; each pair has been counted from both ends."""
    totals = (part.sum(axis=1) // 2 for part in (cells.difference, cells.untied, cells.untied_x, cells.untied_y))
    return PairSums(members, *totals)


def small_pair_sums(x: Floats, y: Floats) -> PairSums:
    """`PairSums` of columns (members, columns) by looking at every pair: the faster way for few members.

    Both arrays are missing in the same places. Works through the columns in pieces, in bounded memory.
    """
    members, columns = x.shape
    first, second = np.triu_indices(members, 1)
    sums = np.zeros((4, columns), dtype=np.int64)
    step = max(1, _PIECE // max(1, first.size))
    for start in range(0, columns, step):
        piece = slice(start, start + step)
        sign_x = _signs(x[first, piece], x[second, piece])
        sign_y = _signs(y[first, piece], y[second, piece])
        product = sign_x * sign_y
        for row, part in enumerate((product, np.abs(product), np.abs(sign_x), np.abs(sign_y))):
            sums[row, piece] = part.sum(axis=0, dtype=np.int64)
    return PairSums(np.count_nonzero(~np.isnan(x), axis=0), sums[0], sums[1], sums[2], sums[3])


def _signs(left: Floats, right: Floats) -> NDArray[np.int8]:
    """Sign of left - right without subtracting (no overflow, NaN gives 0)."""
    return (left > right).view(np.int8) - (left < right).view(np.int8)
