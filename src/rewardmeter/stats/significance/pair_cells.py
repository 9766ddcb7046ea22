"""The cells on which two scorers are compared: those that both have scored and people have rated.

May import: cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats, Grouping

__all__ = ["PairCells", "PatternBlock", "pair_cells", "pattern_blocks", "rounding_slack", "standardised"]

Mask = NDArray[np.bool_]
Places = NDArray[np.intp]
_ULPS = 16


@dataclass(frozen=True, slots=True, eq=False)
class PairCells:
    """Cells of two scorers in the groups in which a correlation can be defined, ordered by group.

    Attributes
    ----------
    cell: (cells,) place of each cell in the flattened (systems, items) array.
    group: (cells,) group of each cell, numbered without gaps.
    first, second, gold: (cells,) standardised scores of the two scorers, and the gold.
    """

    cell: Places
    group: Places
    first: Floats
    second: Floats
    gold: Floats

    @property
    def start(self) -> Places:
        """Where each group begins."""
        return np.flatnonzero(np.diff(self.group, prepend=-1))

    @property
    def size(self) -> Places:
        """Cells of each group."""
        return np.diff(np.append(self.start, self.cell.size))


@dataclass(frozen=True, slots=True, eq=False)
class PatternBlock:
    """Pairs of scorers, (pairs,) ``rows`` and ``columns``, with the same cells ``present`` (systems, items)."""

    rows: Places
    columns: Places
    present: Mask

    @property
    def scorers(self) -> Places:
        """The scorers that occur, in ascending order."""
        return np.unique(np.concatenate([self.rows, self.columns]))


def standardised(values: Floats) -> Floats:
    """z-scores along the last axis, with the population's standard deviation; 0 throughout for a constant.

    Swapping scores between two scorers makes sense only on a common scale.
    """
    centred = values - values.mean(axis=-1, keepdims=True)
    centred = centred - centred.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True))
    constant = values.min(axis=-1, keepdims=True) == values.max(axis=-1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=~constant & (spread > 0))


def rounding_slack(values: Floats) -> Floats:
    """How far apart two z-scores may be for rounding alone, (..., cells) -> (...): scores on other scales, with other
    offsets, can be the same after standardising, and must then tie."""
    spread = values.std(axis=-1)
    greatest = np.abs(values).max(axis=-1)
    share = np.divide(greatest, spread, out=np.zeros_like(greatest), where=spread > 0)
    return np.asarray(_ULPS * np.finfo(np.float64).eps * (1 + share))


def pattern_blocks(scores: Floats, gold: Floats) -> Iterator[PatternBlock]:
    """All pairs of scorers (scorers, systems, items), i < j, by the cells that both have and the gold has.

    Where no scorer misses a cell there is one block; each pattern of missing cells more adds its own.
    """
    present = ~np.isnan(scores) & ~np.isnan(gold)
    packed = np.packbits(present.reshape(scores.shape[0], -1), axis=1)
    _, first_of, pattern = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    patterns = present[first_of]
    members = [np.flatnonzero(pattern.ravel() == number) for number in range(first_of.size)]
    for p, one in enumerate(members):
        for q in range(p, len(members)):
            first, second = (grid.ravel() for grid in np.meshgrid(one, members[q], indexing="ij"))
            if p == q:
                first, second = first[first < second], second[first < second]
            if first.size:
                yield PatternBlock(np.minimum(first, second), np.maximum(first, second), patterns[p] & patterns[q])


def pair_cells(first: Floats, second: Floats, gold: Floats, grouping: Grouping) -> PairCells | str:
    """The cells of two scorers, or why no correlation of theirs is defined.

    Scores (systems, items) are standardised over all cells that count; then groups with a constant gold are left out,
    since swaps of scores do not change that they are undefined. Why: "first" or "second" where that scorer is
    constant within every group, else a clause.
    """
    system, item = np.nonzero(~(np.isnan(first) | np.isnan(second) | np.isnan(gold)))
    if system.size < 2:
        return "fewer than two cells have both scores and a rating"
    x, y = (standardised(side[system, item]) for side in (first, second))
    y = _snapped(y, x, sum(rounding_slack(side[system, item]) for side in (first, second)))
    human = gold[system, item]
    label = {"pooled": np.zeros_like(system), "item": item, "system": system}[grouping]
    order = np.argsort(label, kind="stable")
    start = np.flatnonzero(np.diff(label[order], prepend=-1))
    varies = _varies(human[order], start)
    if not varies.any():
        return "the gold is constant within every group"
    for name, values in (("first", x), ("second", y)):
        if not (_varies(values[order], start) & varies).any():
            return name
    size = np.diff(np.append(start, order.size))
    order = order[np.repeat(varies, size)]
    group = np.repeat(np.arange(np.count_nonzero(varies)), size[varies])
    cell = system[order] * gold.shape[1] + item[order]
    return PairCells(cell, group, x[order], y[order], human[order])


def _varies(values: NDArray[Any], start: Places) -> Mask:
    """Whether each group holds two different values."""
    return np.minimum.reduceat(values, start) < np.maximum.reduceat(values, start)


def _snapped(values: Floats, grid: Floats, slack: Floats | int) -> Floats:
    """The values, each replaced by the nearest of ``grid`` where that is no further than ``slack``."""
    marks = np.unique(grid)
    above = np.clip(np.searchsorted(marks, values), 1, max(1, marks.size - 1))
    low, high = marks[above - 1], marks[np.minimum(above, marks.size - 1)]
    nearest = np.where(values - low < high - values, low, high)
    return np.where(np.abs(values - nearest) <= slack, nearest, values)
