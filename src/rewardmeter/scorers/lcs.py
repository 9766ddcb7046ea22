"""Longest common subsequence of token lists by bit-parallel dynamic programming. Imports nothing of ours.

One row of the dynamic programming table is one integer with a bit per token (Hyyrö 2004, "Bit-parallel LCS-length
computation revisited"): bit j is 0 where the table rises between columns j and j + 1. A step costs three operations on
integers, whatever the number of tokens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

__all__ = ["common_positions", "lcs_length", "positions_of"]

KEPT_BITS = 1 << 28
"""Rows kept for reading a subsequence back, in bits over all rows (32 MB); more are computed again when needed."""


def positions_of(tokens: Sequence[str]) -> dict[str, int]:
    """For each token the integer whose bit j is set where it stands at position j."""
    where: dict[str, int] = {}
    if len(tokens) <= 512:
        for position, token in enumerate(tokens):
            where[token] = where.get(token, 0) | 1 << position
        return where
    listed: dict[str, list[int]] = {}
    for position, token in enumerate(tokens):
        listed.setdefault(token, []).append(position)
    for token, positions in listed.items():
        row = bytearray(positions[-1] // 8 + 1)
        for position in positions:
            row[position >> 3] |= 1 << (position & 7)
        where[token] = int.from_bytes(row, "little")
    return where


def lcs_length(where: Mapping[str, int], size: int, tokens: Sequence[str]) -> int:
    """Length of a longest common subsequence of ``tokens`` and the list of ``size`` tokens that ``where`` indexes."""
    full = (1 << size) - 1
    row = full
    for token in tokens:
        hits = row & where.get(token, 0)
        if hits:
            row = (row + hits | row - hits) & full
    return size - row.bit_count()


def common_positions(tokens: Sequence[str], where: Mapping[str, int], size: int) -> set[int]:
    """Positions in ``tokens`` of one longest common subsequence with the indexed list of ``size`` tokens.

    Of several, the one found by a walk from both ends that takes every match it meets, else steps back in ``tokens`` if
    that keeps the length, else steps back in the other list. Rows are kept for one block of tokens at a time.
    """
    block = max(math.isqrt(len(tokens)), KEPT_BITS // max(size, 1), 1)
    starts = range(0, len(tokens), block)
    first_rows = [(1 << size) - 1]
    rows = first_rows[:1]
    for start in starts:
        rows = _rows(first_rows[-1], tokens[start : start + block], where, size)
        first_rows.append(rows[-1])
    found: set[int] = set()
    i, j = len(tokens), size
    for number, start in reversed(list(enumerate(starts))):
        if number < len(starts) - 1:
            rows = _rows(first_rows[number], tokens[start : start + block], where, size)
        while i > start and j > 0:
            before, after = rows[i - 1 - start], rows[i - start]
            if where.get(tokens[i - 1], 0) >> (j - 1) & 1:
                found.add(i - 1)
                i, j = i - 1, j - 1
            elif before == after or _low_ones(before, j) == _low_ones(after, j):
                i -= 1
            else:
                j -= 1
    return found


def _rows(row: int, tokens: Sequence[str], where: Mapping[str, int], size: int) -> list[int]:
    """The row before the first token and the row after each."""
    full = (1 << size) - 1
    rows = [row]
    for token in tokens:
        hits = row & where.get(token, 0)
        if hits:
            row = (row + hits | row - hits) & full
        rows.append(row)
    return rows


def _low_ones(row: int, bits: int) -> int:
    return (row & ((1 << bits) - 1)).bit_count()
