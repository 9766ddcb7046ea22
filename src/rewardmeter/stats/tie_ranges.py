"""Pairs of one large group without looking at each of them: counting and listing by ranges of score differences.

With the cells in ascending order of the gold and the scores as dense codes, "how many cells of this stretch of the
gold have a score within epsilon of mine" is a count of codes below a bound among the first cells. A wavelet matrix
("The wavelet matrix", Information Systems 47, 2015) answers it in one step per bit of the code, for all cells at
once, so a count over all pairs costs O(cells log cells).
May import: `cells`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats, Ints

__all__ = ["LargeGroup", "large_group", "moves_between", "moves_up_to", "reach", "right_by_cell"]

Counts = NDArray[np.int32]
_LISTED = 1 << 21
"""Pairs listed in one go."""


@dataclass(frozen=True, slots=True)
class LargeGroup:
    """The cells of a group in ascending order of the gold.

    ``value`` the distinct scores in ascending order and ``code`` (cells,) their places in it; ``run_start`` and
    ``run_end`` (cells,) where the run of cells with the same gold begins and ends; ``zeros`` (bits, cells + 1) the
    wavelet matrix: how many of the first cells have a 0 in each bit, the cells rearranged from bit to bit;
    ``walk_from_start`` (codes + 1,) what `_walk` gives for the place 0.
    """

    value: Floats
    code: Counts
    run_start: Counts
    run_end: Counts
    zeros: Counts
    walk_from_start: Counts


def large_group(scores: Floats, gold: Floats) -> LargeGroup:
    """Prepare a group of at least one cell; ``gold`` ascends, nothing is missing."""
    value, code = np.unique(scores, return_inverse=True)
    bits = int(value.size).bit_length()
    zeros = np.zeros((bits, code.size + 1), dtype=np.int32)
    arranged = code
    for level in range(bits):
        low = (arranged >> (bits - 1 - level)) & 1 == 0
        np.cumsum(low, out=zeros[level, 1:])
        arranged = np.concatenate([arranged[low], arranged[~low]])
    start, end = np.searchsorted(gold, gold, side="left"), np.searchsorted(gold, gold, side="right")
    bounds = np.arange(value.size + 1, dtype=np.int32)
    from_start = _walk(zeros, np.zeros(bounds.size, dtype=np.int32), bounds)
    small = [side.astype(np.int32) for side in (code, start, end)]
    return LargeGroup(value, small[0], small[1], small[2], zeros, from_start)


def reach(group: LargeGroup, epsilon: float) -> Counts:
    """For each distinct score: the first code whose score exceeds it by more than ``epsilon``.

    What counts is the rounded difference of the two scores, as everywhere, not the score plus epsilon.
    """
    value = group.value
    end = np.searchsorted(value, value + epsilon, side="right")
    while (more := (end < value.size) & (value[np.minimum(end, value.size - 1)] - value <= epsilon)).any():
        end += more
    while (less := value[end - 1] - value > epsilon).any():
        end -= less
    return end.astype(np.int32)


def moves_up_to(group: LargeGroup, edges: Floats) -> tuple[Ints, Ints]:
    """At each edge: pairs tied by the gold, and pairs in which scorer and gold agree, with 0 < difference <= edge."""
    below = np.concatenate([[0], np.cumsum(np.bincount(group.code, minlength=group.value.size))])
    counts = np.empty((2, edges.size + 1), dtype=np.int64)
    for place, edge in enumerate((0.0, *edges)):
        bound = reach(group, float(edge))[group.code]
        before, through = _count_below(group, group.run_start, bound), _count_below(group, group.run_end, bound)
        counts[:, place] = (through - before).sum(), (below[bound] - through).sum()
    return counts[0, 1:] - counts[0, 0], counts[1, 1:] - counts[1, 0]


def moves_between(group: LargeGroup, low: float, high: float) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """Differences of the pairs of `moves_up_to` with low < difference <= high, and whether the gold ties them."""
    order = np.argsort(group.code, kind="stable")
    code, run = group.code[order], group.run_start[order]
    below = np.searchsorted(code, np.arange(group.value.size + 1))
    first, last = below[reach(group, low)][code], below[reach(group, high)][code]
    listed = np.concatenate([[0], np.cumsum(last - first)])
    start = 0
    while start < code.size:
        stop = max(start + 1, int(np.searchsorted(listed, listed[start] + _LISTED, side="right")) - 1)
        length = last[start:stop] - first[start:stop]
        lower = np.repeat(np.arange(start, stop), length)
        upper = np.arange(lower.size) + np.repeat(first[start:stop] - (listed[start:stop] - listed[start]), length)
        moves = run[upper] >= run[lower]
        lower, upper = lower[moves], upper[moves]
        yield group.value[code[upper]] - group.value[code[lower]], run[upper] == run[lower]
        start = stop


def right_by_cell(group: LargeGroup, epsilon: float) -> Ints:
    """In how many of its pairs each cell is judged right when differences up to ``epsilon`` are ties, (cells,)."""
    upward = reach(group, epsilon)
    high = upward[group.code]
    low = np.searchsorted(upward, np.arange(group.value.size), side="right").astype(np.int32)[group.code]
    below = np.concatenate([[0], np.cumsum(np.bincount(group.code, minlength=group.value.size))])
    high_before, high_through = (_count_below(group, end, high) for end in (group.run_start, group.run_end))
    low_before, low_through = (_count_below(group, end, low) for end in (group.run_start, group.run_end))
    tied = (high_through - high_before) - (low_through - low_before) - 1
    beaten = low_before
    beating = (group.code.size - group.run_end) - (below[high] - high_through)
    right: Ints = np.asarray(tied + beaten + beating, dtype=np.int64)
    return right


def _count_below(group: LargeGroup, first: Counts, bound: Counts) -> Counts:
    """How many of the ``first`` cells have a code below ``bound``; both (queries,)."""
    return _walk(group.zeros, first, bound) - group.walk_from_start[bound]


def _walk(zeros: Counts, place: Counts, bound: Counts) -> Counts:
    """Zeros before ``place`` summed over the bits where ``bound`` has a 1, the place followed from bit to bit."""
    count = np.zeros(place.size, dtype=np.int32)
    for level, before in enumerate(zeros):
        high = ((bound >> (zeros.shape[0] - 1 - level)) & 1).astype(bool)
        zeros_before = before[place]
        count += zeros_before * high
        place = np.where(high, before[-1] + place - zeros_before, zeros_before)
    return count
