"""All pairs of sets that are alike: an exact join by Jaccard similarity. Imports `cells`.

The Jaccard similarity of two sets is the size of what they share over the size of what either holds (Jaccard 1912).
Order all elements, rare ones first. Two sets with a similarity of t or more share ceil(t n) elements or more, n the
size of either, and so at least l of the first n - ceil(t n) + l of each (prefix filtering; Chaudhuri et al. 2006, and
Wang et al. 2012 for l above 1). Only pairs that do are compared in full: nothing is missed and nothing is estimated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats

__all__ = ["ElementSets", "SimilarPairs", "TooManyPairsError", "similar_sets"]

Elements = NDArray[np.uint64]
Places = NDArray[np.int64]
_MOST_BUCKETS = 1 << 22
"""Counters of elements. Elements that share one look more frequent than they are, which costs time and misses
nothing: any order will do, as long as all sets keep to it."""
_PIECE = 1 << 22
"""Meetings of two sets in an element that are held at once."""
_ROUNDING = 1e-9
Matrix = Any  # of SciPy's, in compressed rows


class TooManyPairsError(ValueError):
    """More pairs have to be compared than was allowed."""


@dataclass(frozen=True, eq=False)
class ElementSets:
    """n sets of 64-bit numbers: set i is ``element[start[i]:start[i + 1]]``, ascending and each number once."""

    element: Elements
    start: Places

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def size(self) -> Places:
        """(n,) how many elements each set has."""
        return np.diff(self.start)

    @classmethod
    def of(cls, rows: list[Elements]) -> ElementSets:
        """From one array of numbers for each set, in any order and with repetitions."""
        unique = [_distinct(row) for row in rows]
        start = np.concatenate([[0], np.cumsum([len(row) for row in unique])]).astype(np.int64)
        return cls(np.concatenate([np.empty(0, np.uint64), *unique]), start)


@dataclass(frozen=True, eq=False)
class SimilarPairs:
    """Pairs of sets whose similarity is at least the threshold, P of them, by left and then by right.

    Attributes
    ----------
    left, right:
        int64 (P,): the sets; left < right where one collection is joined with itself.
    similarity:
        float64 (P,) in [threshold, 1].
    """

    left: Places
    right: Places
    similarity: Floats

    def __len__(self) -> int:
        return len(self.left)


def similar_sets(
    left: ElementSets, right: ElementSets | None = None, *, threshold: float = 0.8, most: int = 2_000_000
) -> SimilarPairs:
    """Every pair of sets with a Jaccard similarity of at least ``threshold``, and no other.

    Parameters
    ----------
    left, right:
        Collections of n and m sets; every left one is compared with every right one, or, without a right collection,
        every two of the left with each other. Empty sets are like nothing.
    threshold:
        In (0, 1].
    most:
        Pairs to compare in full. n sets made from one template are n²/2 pairs.

    Raises
    ------
    ValueError
        If the threshold is out of range.
    TooManyPairsError
        If there are more pairs to compare.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"the threshold must lie in (0, 1]; got {threshold}")
    right_sets = left if right is None else right
    buckets = min(_MOST_BUCKETS, 1 << (len(left.element) + len(right_sets.element)).bit_length())
    count = np.bincount(_bucket(left.element, buckets), minlength=buckets)
    if right is not None:
        count = count + np.bincount(_bucket(right.element, buckets), minlength=buckets)
    own = _prefixes(left, count, threshold)
    other = own if right is None else _prefixes(right, count, threshold)
    found: list[tuple[Places, Places]] = []
    for pair in _candidates(own, other, threshold):
        found.append(pair)
        if sum(len(i) for i, _ in found) > most:
            raise TooManyPairsError(f"more than {most:,} pairs of sets may be alike")
    i, j = (np.concatenate([[], *side]).astype(np.int64) for side in (zip(*found, strict=True) if found else ([], [])))
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    similarity = _similarities(left, right_sets, buckets, i, j, threshold)
    kept = similarity >= threshold - _ROUNDING
    return SimilarPairs(i[kept], j[kept], similarity[kept])


@dataclass(frozen=True, eq=False)
class _Prefixes:
    """The first elements of n sets, those of a smaller set before those of a larger one.

    Attributes
    ----------
    key:
        The elements by their places in the common order: two elements with one key only make more to compare.
    start:
        (n + 1,) where each set begins among the keys.
    sets:
        (n,) which set it is.
    size, shared:
        (n,) how many elements it has, and how many of the first ones must be shared.
    """

    key: Elements
    start: Places
    sets: Places
    size: Places
    shared: Places


def _distinct(row: Elements) -> Elements:
    """Ascending, each once; by sorting, which for some thousand numbers is quicker than `numpy.unique`."""
    ordered = np.sort(row)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def _bucket(element: Elements, buckets: int) -> Places:
    return (element & np.uint64(buckets - 1)).view(np.int64)


def _prefixes(sets: ElementSets, count: Places, threshold: float) -> _Prefixes:
    """Prefixes for as many shared elements as a twentieth of the set, which tells apart what shares a rare word."""
    order = np.argsort(sets.size, kind="stable")
    size = sets.size[order]
    least = np.ceil(threshold * size - _ROUNDING).astype(np.int64)
    shared = np.minimum(1 + size // 20, np.maximum(least, 1))
    length = np.where(size > 0, size - least + shared, 0)
    frequency = np.minimum(count, (1 << 22) - 1).astype(np.uint64)
    parts: list[Elements] = [np.empty(0, dtype=np.uint64)]
    for start, n, most in zip(sets.start[:-1][order].tolist(), size.tolist(), length.tolist(), strict=True):
        if n:
            element = sets.element[start : start + n]
            key = (frequency[_bucket(element, len(count))] << np.uint64(42)) | (element >> np.uint64(22))
            parts.append(np.partition(key, most - 1)[:most])
    return _Prefixes(np.concatenate(parts), np.concatenate([[0], np.cumsum(length)]), order, size, shared)


def _candidates(left: _Prefixes, right: _Prefixes, threshold: float) -> Iterator[tuple[Places, Places]]:
    """Pairs that share as many of their first elements as they must, some rows of the left at a time.

    Sets of too different size cannot be alike: as both sides ascend in size, each row meets a range of the right.
    """
    same = left is right
    rows, columns, meetings = _incidence(left, right)
    low = np.searchsorted(right.size, threshold * left.size - _ROUNDING, side="left")
    high = np.searchsorted(right.size, left.size / threshold + _ROUNDING, side="right")
    low = np.arange(len(left.size)) if same else low
    first = 0
    while first < len(left.size):
        last = max(first + 1, int(np.searchsorted(meetings, meetings[first] + _PIECE, side="right")) - 1)
        start, stop = int(low[first]), int(high[last - 1])
        product = (rows[first:last] @ columns[start:stop].T.tocsr()).tocoo()
        i, j = product.row.astype(np.int64) + first, product.col.astype(np.int64) + start
        kept = product.data >= np.minimum(left.shared[i], right.shared[j])
        kept &= (j < high[i]) & ((i < j) if same else (j >= low[i]))
        a, b = left.sets[i[kept]], right.sets[j[kept]]
        yield (np.minimum(a, b), np.maximum(a, b)) if same else (a, b)
        first = last


def _incidence(left: _Prefixes, right: _Prefixes) -> tuple[Matrix, Matrix, Places]:
    """Which set has which key, (n, F) and (m, F), keys of one set alone left out; and how often the rows before each
    row meet a set of the right, (n + 1,)."""
    from scipy import sparse

    keys = left.key if left is right else np.concatenate([left.key, right.key])
    known, place, times = np.unique(keys, return_inverse=True, return_counts=True)
    sides = [(left, place[: len(left.key)])] + ([] if left is right else [(right, place[len(left.key) :])])
    made = []
    for side, column in sides:
        kept = times[column] > 1
        ends = np.concatenate([[0], np.cumsum(kept)])[side.start]
        ones = np.ones(int(kept.sum()), dtype=np.int32)
        made.append(sparse.csr_matrix((ones, column[kept], ends), shape=(len(side.size), len(known))))
    met = np.bincount(made[-1].indices, minlength=len(known))
    work = np.concatenate([[0], np.cumsum(met[made[0].indices])])[made[0].indptr]
    return made[0], made[-1], work.astype(np.int64)


def _similarities(
    left: ElementSets, right: ElementSets, buckets: int, i: Places, j: Places, threshold: float
) -> Floats:
    """Jaccard similarities of some pairs, by left; 0 where a bound already shows that it is below the threshold.

    Two sets share at most as many elements as one has in buckets of the other.
    """
    bucket, seen = _bucket(right.element, buckets), np.zeros(buckets, dtype=bool)
    made = np.zeros(len(i))
    bounds = np.flatnonzero(np.diff(i, prepend=-1, append=-1)) if len(i) else np.empty(0, np.intp)
    for a, b in pairwise(bounds.tolist()):
        own = left.element[left.start[i[a]] : left.start[i[a] + 1]]
        marks = _bucket(own, buckets)
        seen[marks] = True
        for pair in range(a, b):
            start, stop = right.start[j[pair]], right.start[j[pair] + 1]
            needed = threshold / (1 + threshold) * (len(own) + stop - start) - _ROUNDING
            if np.count_nonzero(seen[bucket[start:stop]]) >= needed:
                shared = len(np.intersect1d(own, right.element[start:stop], assume_unique=True))
                made[pair] = shared / (len(own) + stop - start - shared)
        seen[marks] = False
    return made
