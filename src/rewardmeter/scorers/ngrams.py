"""Overlap of n-grams between many pairs of sequences at once, counted by sorting. Imports nothing of ours.

Every n-gram becomes one 63-bit integer ``n-gram | pair | side``. After one sort per order, equal n-grams of a pair lie
together, those of the left side before those of the right, and their matches are counted without a loop. The counts are
exact integers, so they do not depend on how pairs are batched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Overlap", "Pairs", "batches", "character_pairs", "overlap", "word_pairs"]

BATCH = 1 << 14
"""Symbols per batch: large enough to drown NumPy's overhead, small enough to stay in a core's cache."""

LongArray = NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """P pairs of sequences, laid end to end: the P left ones, then the P right ones.

    Attributes
    ----------
    flat:
        int64: the symbols, numbered densely from 2. Each sequence is closed by an end mark, 0 on the left and 1 on the
        right, so that no n-gram that runs over an end can match.
    lengths:
        int64 (2P,): length of each sequence without its end mark.
    """

    flat: LongArray
    lengths: LongArray


@dataclass(frozen=True)
class Overlap:
    """Counts of n-grams, int64 (orders, P): on the left, on the right, and on both."""

    left: LongArray
    right: LongArray
    matches: LongArray


def batches(sizes: Sequence[int], limit: int = BATCH) -> Iterator[slice]:
    """Consecutive runs of pairs whose sizes add up to at most ``limit``; a larger pair has a run of its own."""
    start, total = 0, 0
    for position, size in enumerate(sizes):
        cost = size + 2
        if total + cost > limit and position > start:
            yield slice(start, position)
            start, total = position, 0
        total += cost
    if start < len(sizes):
        yield slice(start, len(sizes))


def character_pairs(left: Sequence[str], right: Sequence[str]) -> Pairs:
    """Pairs of texts as sequences of characters."""
    texts = [*left, *right]
    joined = "\n".join(texts) + "\n"
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    number = np.zeros(int(points.max()) + 1, dtype=np.int64)
    number[points] = 1
    found = np.flatnonzero(number)
    number[found] = np.arange(2, len(found) + 2)
    return _closed(number[points], np.array([len(text) for text in texts], dtype=np.int64))


def word_pairs(left: Sequence[Sequence[str]], right: Sequence[Sequence[str]]) -> Pairs:
    """Pairs of word lists as sequences of numbers."""
    number: dict[str, int] = {}
    flat: list[int] = []
    sequences = [*left, *right]
    for words in sequences:
        flat += [number.setdefault(word, len(number) + 2) for word in words]
        flat.append(0)
    return _closed(np.array(flat, dtype=np.int64), np.array([len(words) for words in sequences], dtype=np.int64))


def _closed(flat: LongArray, lengths: LongArray) -> Pairs:
    ends = np.cumsum(lengths + 1) - 1
    half = len(lengths) // 2
    flat[ends[:half]] = 0
    flat[ends[half:]] = 1
    return Pairs(flat, lengths)


def overlap(pairs: Pairs, orders: range) -> Overlap:
    """Counts of n-grams on each side of every pair, and of those that both sides share (with multiplicity).

    Parameters
    ----------
    pairs:
        From `character_pairs` or `word_pairs`.
    orders:
        The n to count, ascending by 1.
    """
    n_pairs = len(pairs.lengths) // 2
    sizes = np.maximum(pairs.lengths - np.array(orders, dtype=np.int64)[:, None] + 1, 0)
    matches = np.empty((len(orders), n_pairs), dtype=np.int64)
    low = _bits(n_pairs) + 1
    pair_and_side = np.tile(np.arange(n_pairs, dtype=np.int64) << 1, 2)
    pair_and_side[n_pairs:] |= 1
    pair_and_side = np.repeat(pair_and_side, pairs.lengths + 1)
    step = _bits(int(pairs.flat.max(initial=0)))
    symbol = pairs.flat << low
    gram, width = symbol.copy(), step
    for n in range(1, orders.stop):
        if n > 1:
            if width + step + low > 63:
                gram, width = _renumbered(gram, low)
            gram = gram[:-1]
            gram <<= step
            gram |= symbol[n - 1 :]
            width += step
        if n in orders:
            matches[n - orders.start] = _matches(gram | pair_and_side[: len(gram)], low, n_pairs)
    return Overlap(sizes[:, :n_pairs], sizes[:, n_pairs:], matches)


def _renumbered(gram: LongArray, low: int) -> tuple[LongArray, int]:
    """The same n-grams under dense numbers, and how many bits these need."""
    dense = np.unique(gram, return_inverse=True)[1].astype(np.int64)
    return dense << low, _bits(int(dense.max(initial=0)))


def _matches(keys: LongArray, low: int, n_pairs: int) -> LongArray:
    """Shared n-grams per pair: the smaller of the two sides' counts of each n-gram, added up."""
    keys.sort()
    change = keys[1:] ^ keys[:-1]
    end = np.flatnonzero(change != 0)  # last key of each run of equal keys but the last run
    both = np.flatnonzero(change[end] == 1)  # left run, then right run of one n-gram of one pair
    count = np.diff(end, prepend=-1, append=len(keys) - 1)
    pair = (keys[end[both]] & ((1 << low) - 1)) >> 1
    shared = np.minimum(count[both], count[both + 1])
    return np.bincount(pair, weights=shared, minlength=n_pairs).astype(np.int64)


def _bits(largest: int) -> int:
    return max(1, largest.bit_length())
