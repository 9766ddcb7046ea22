"""Tie-aware accuracy under swaps of cells: linear in the swap signs, so that all pairs of scorers share one product.

For two cells i, j of an item and scorers a, b, let o(x_i, y_j) be 1 where the score of i from x and that of j from y
judge the pair as the gold does. With signs u (+1 kept, -1 swapped), the pair adds to the difference of the two scorers
u_i (d0 - d1) / 2 + u_j (d0 + d1) / 2, where d0 = o(a_i, a_j) - o(b_i, b_j) and d1 = o(b_i, a_j) - o(a_i, b_j). Summed
over pairs: sum over cells of u_i c_i / 2 with c_i = R_i(a) - R_i(b), R_i(x) = sum over j != i of o(x_i, a_j) +
o(x_i, b_j). The c_i are integers, and so is every null difference within items of one size: nothing is rounded.
May import: cells, draws, pair_cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats
from rewardmeter.stats.significance.draws import Bits, unpacked
from rewardmeter.stats.significance.pair_cells import PatternBlock, rounding_slack, standardised

__all__ = ["AccuracyKernel", "accuracy_kernels"]

Places = NDArray[np.intp]
_HELD = 1 << 26
"""Coefficients (pairs x cells) held at once."""
_PIECE = 1 << 16
"""Outcomes looked at in one go."""
_EXACT = 1 << 23
"""Sums of integers up to here are exact in single precision, whatever the order of additions."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Cells of items with the same number of cells: ``coefficient`` (pairs, cells) integers in single precision, and
    what one unit of their signed sum is worth in the accuracy."""

    cell: Places
    coefficient: NDArray[np.float32]
    total: Floats
    worth: float


@dataclass(frozen=True, slots=True, eq=False)
class AccuracyKernel:
    """Differences of accuracy by item for some pairs of scorers; made by `accuracy_kernels`."""

    rows: Places
    columns: Places
    parts: tuple[_Part, ...]

    @property
    def step(self) -> int:
        cells = max((part.cell.size for part in self.parts), default=1)
        return max(8, (1 << 22) // cells // 8 * 8)

    @property
    def pairs(self) -> int:
        return int(self.rows.size)

    def differences(self, packed: Bits, draws: int, active: Places) -> Floats:
        everyone = active.size == self.pairs
        difference = np.zeros((active.size, draws))
        for part in self.parts:
            swapped = unpacked(packed, part.cell, draws, np.float32)
            coefficient = part.coefficient if everyone else part.coefficient[active]
            difference += part.worth * (part.total[active, None] - 2.0 * np.matmul(coefficient, swapped))
        return difference


def accuracy_kernels(scores: Floats, gold: Floats, block: PatternBlock, epsilon: float) -> list[AccuracyKernel]:
    """Kernels for the pairs of a block; more than one where their coefficients would not fit in memory.

    Scores are standardised over the cells of the block, and score differences up to ``epsilon`` standard deviations
    are ties. A block in which no item has two cells has no kernel.
    """
    size = block.present.sum(axis=0)
    counted = np.flatnonzero(size > 1)
    if not counted.size:
        return []
    scorers = block.scorers
    present = block.present[:, counted]
    scaled = np.zeros((scorers.size, *present.shape))
    own = scores[scorers][:, :, counted][:, present]
    scaled[:, present] = standardised(own)
    slack = rounding_slack(own)
    reach = epsilon + (slack[:, None] + slack) * ~np.eye(scorers.size, dtype=bool)
    human = np.where(present, gold[:, counted], 0.0)
    rows, columns = np.searchsorted(scorers, block.rows), np.searchsorted(scorers, block.columns)
    most = max(1, _HELD // max(1, present.size))
    made = []
    for start in range(0, rows.size, most):
        chosen = slice(start, start + most)
        coefficient = _coefficients(scaled, human, present, rows[chosen], columns[chosen], reach)
        parts = _parts(coefficient, present, counted, gold.shape[1])
        made.append(AccuracyKernel(block.rows[chosen], block.columns[chosen], parts))
    return made


def _parts(coefficient: NDArray[np.float32], present: NDArray[np.bool_], item: Places, items: int) -> tuple[_Part, ...]:
    """Cells by the size of their item, and such that no sum of theirs leaves the exact range."""
    parts = []
    size = present.sum(axis=0)
    greatest = float(np.abs(coefficient).max(initial=1.0))
    most = max(1, int(_EXACT / greatest))
    for cells in np.unique(size):
        system, place = np.nonzero(present & (size == cells))
        worth = 1 / (size.size * cells * (cells - 1))
        for start in range(0, system.size, most):
            chosen = slice(start, start + most)
            own = np.ascontiguousarray(coefficient[:, system[chosen], place[chosen]])
            cell = system[chosen] * items + item[place[chosen]]
            parts.append(_Part(cell, own, own.sum(axis=1, dtype=np.float64), worth))
    return tuple(parts)


def _coefficients(
    scores: Floats, gold: Floats, present: NDArray[np.bool_], rows: Places, columns: Places, reach: Floats
) -> NDArray[np.float32]:
    """c_i of each pair of scorers, (pairs, systems, items), some items at a time."""
    scorers, systems, items = scores.shape
    coefficient = np.empty((rows.size, systems, items), dtype=np.float32)
    step = max(1, _PIECE // (scorers * scorers))
    for start in range(0, items, step):
        piece = slice(start, start + step)
        right = _right_sums(scores[:, :, piece], gold[:, piece], present[:, piece], reach)
        own = right[rows, rows] - right[columns, columns]
        coefficient[:, :, piece] = own + right[rows, columns] - right[columns, rows]
    return coefficient


def _right_sums(scores: Floats, gold: Floats, present: NDArray[np.bool_], reach: Floats) -> NDArray[np.int32]:
    """For scorers x and y and each cell i: how many cells j of its item x_i and y_j order as the gold does,
    (scorers, scorers, systems, items).

    ``reach`` (scorers, scorers) is the greatest difference of scores of either scorer that is a tie.
    """
    scorers, systems, items = scores.shape
    sums = np.zeros((scorers, scorers, systems, items), dtype=np.int32)
    right = np.empty((scorers, scorers, items), dtype=bool)
    for i in range(systems):
        for j in range(i + 1, systems):
            apart = scores[:, None, i] - scores[None, :, j]
            above, below = apart > reach[:, :, None], apart < -reach[:, :, None]
            human = gold[i] - gold[j]
            counts = present[i] & present[j]
            np.logical_and(above, (human > 0) & counts, out=right)
            np.logical_or(right, below & ((human < 0) & counts), out=right)
            np.logical_or(right, ~(above | below) & ((human == 0) & counts), out=right)
            sums[:, :, i] += right
            sums[:, :, j] += right.transpose(1, 0, 2)
    return sums
