"""Pairs of cells as tie-aware accuracy sees them, for many small groups side by side.

Cells that are compared with one another form a group. A pair that the gold ties is judged right when its absolute
score difference is at most epsilon; any other pair when its difference, taken so that the gold's better cell comes
first, exceeds epsilon. Groups with the same number of cells are stacked, so that no pair has a missing side.
May import: `cells`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats, Grouping, grouped, paired

__all__ = ["PairBlock", "Stack", "pair_blocks", "stacks"]

_PIECE = 1 << 16
"""Pairs looked at in one go: small enough for the arrays to stay in cache."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Groups with the same number of cells, the cells of each group in ascending order of the gold.

    ``group`` (groups,) their numbers; ``member`` (cells, groups) the places of the cells within their group before
    sorting; ``scores`` and ``gold`` (cells, groups) without missing values.
    """

    group: NDArray[np.intp]
    member: NDArray[np.intp]
    scores: Floats
    gold: Floats

    @property
    def pairs(self) -> int:
        """Pairs in each of the groups."""
        cells = int(self.scores.shape[0])
        return cells * (cells - 1) // 2


@dataclass(frozen=True, slots=True)
class PairBlock:
    """All pairs of some groups, (pairs, groups).

    ``difference`` is absolute where ``tied`` by the gold, else positive where scorer and gold agree. ``lower`` and
    ``upper`` (pairs,) are the two cells of each pair, ``columns`` the groups of the stack.
    """

    difference: Floats
    tied: NDArray[np.bool_]
    lower: NDArray[np.intp]
    upper: NDArray[np.intp]
    columns: slice

    def right(self, epsilon: float) -> NDArray[np.bool_]:
        """Which pairs are judged right when score differences up to ``epsilon`` are ties."""
        return (self.difference > epsilon) ^ self.tied


def stacks(scores: Floats, gold: Floats, grouping: Grouping) -> list[Stack]:
    """The groups of one scorer that hold a pair; ``scores`` and ``gold`` are (systems, items), NaN where missing."""
    x, y = paired(scores, gold)
    rows_x, rows_y = grouped(x, grouping), grouped(y, grouping)
    present = ~np.isnan(rows_x)
    cells = present.sum(axis=1)
    made = []
    for size in np.unique(cells[cells > 1]):
        group = np.flatnonzero(cells == size)
        member = np.nonzero(present[group])[1].reshape(group.size, size).T
        stack_gold = rows_y[group, member]
        order = np.argsort(stack_gold, axis=0, kind="stable")
        member = np.take_along_axis(member, order, axis=0)
        made.append(Stack(group, member, rows_x[group, member], rows_y[group, member]))
    return made


def pair_blocks(stack: Stack) -> Iterator[PairBlock]:
    """All pairs of all groups of a stack, some groups at a time."""
    lower, upper = np.triu_indices(stack.scores.shape[0], 1)
    step = max(1, _PIECE // stack.pairs)
    for start in range(0, stack.group.size, step):
        columns = slice(start, start + step)
        scores, gold = stack.scores[:, columns], stack.gold[:, columns]
        difference = scores[upper] - scores[lower]
        tied = gold[upper] == gold[lower]
        np.abs(difference, out=difference, where=tied)
        yield PairBlock(difference, tied, lower, upper, columns)
