"""Random swaps of two scorers' scores: the draws of every permutation test here.

A draw says for each cell (system, item) whether the two scorers exchange their scores there. Draws are kept as bits
and made again from their seed for every pair of scorers, so that all pairs see the same swaps and memory stays small.
Imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Bits", "Swap", "SwapDraws", "draw_swaps", "replayed_swaps", "unpacked"]

Bits = NDArray[np.uint8]
Swap = Literal["cells", "rows_columns", "rows", "columns"]
"""What is swapped as one: ``cells`` every (system, item) cell by itself (PERM-BOTH as mt-metrics-eval has it);
``rows_columns`` whole systems, then whole items (PERM-BOTH as nlpstats has it); ``rows`` whole systems (PERM-SYSTEMS);
``columns`` whole items (PERM-INPUTS). Which of them is fair depends on what the scorers' errors share: see
`permutation`."""

_BLOCK_BYTES = 1 << 22
_MOST_UNITS = 24


@dataclass(frozen=True, slots=True, eq=False)
class SwapDraws:
    """Swaps of (systems, items) cells.

    Attributes
    ----------
    systems, items: the shape of the cells.
    count: how many draws there are.
    exact: whether they are all possible swaps, each once, the one that swaps nothing included.
    swap: what is swapped as one.
    """

    systems: int
    items: int
    count: int
    exact: bool
    swap: Swap
    _seed: int = 0
    _given: Bits | None = field(default=None, repr=False)

    def blocks(self) -> Iterator[tuple[Bits, int]]:
        """The draws, the same at every call: packed bits (cells, bytes) with bit 1 for swapped, and their number."""
        width = max(8, _BLOCK_BYTES // max(1, self.systems * self.items) * 8)
        for number, start in enumerate(range(0, self.count, width)):
            draws = min(width, self.count - start)
            if self._given is not None:
                yield self._given[:, start // 8 : (start + draws + 7) // 8], draws
            else:
                yield self._cells(self._unit_bits(number, start, draws)), draws

    @property
    def description(self) -> str:
        """For the method line of a result."""
        unit = {
            "cells": "PERM-BOTH, cells swapped one by one",
            "rows_columns": "PERM-BOTH, whole systems and whole items swapped",
            "rows": "PERM-SYSTEMS, whole systems swapped",
            "columns": "PERM-INPUTS, whole items swapped",
        }[self.swap]
        return f"{unit}, {f'all {self.count:,} swaps' if self.exact else f'{self.count:,} draws'}"

    def _unit_bits(self, number: int, start: int, draws: int) -> Bits:
        units = unit_count(self.systems, self.items, self.swap)
        if self.exact:
            pattern = np.arange(start, start + draws, dtype=np.int64)
            return np.packbits(((pattern >> np.arange(units)[:, None]) & 1).astype(np.uint8), axis=1)
        octets = (draws + 7) // 8
        drawn = np.random.default_rng([self._seed, number]).bytes(units * octets)
        return np.frombuffer(drawn, dtype=np.uint8).reshape(units, octets)

    def _cells(self, units: Bits) -> Bits:
        """Bits of the cells, (systems * items, bytes), from those of what is swapped as one."""
        shape = (self.systems, self.items, units.shape[1])
        if self.swap == "rows_columns":
            return (units[: self.systems, None] ^ units[None, self.systems :]).reshape(-1, shape[2])
        if self.swap == "rows":
            return np.broadcast_to(units[:, None], shape).reshape(-1, shape[2])
        if self.swap == "columns":
            return np.broadcast_to(units[None], shape).reshape(-1, shape[2])
        return units


def unit_count(systems: int, items: int, swap: Swap) -> int:
    """How many independent coins one draw tosses."""
    return {"cells": systems * items, "rows_columns": systems + items, "rows": systems, "columns": items}[swap]


def draw_swaps(shape: tuple[int, int], resamples: int, *, rng: np.random.Generator, swap: Swap = "cells") -> SwapDraws:
    """Random swaps for cells of ``shape`` (systems, items).

    Where all possible swaps are no more than ``resamples``, they are enumerated instead, and p-values are exact.
    """
    if swap not in get_args(Swap):
        raise ValueError(f"swap must be one of {', '.join(get_args(Swap))}; got {swap!r}")
    systems, items = shape
    if systems < 1 or items < 1 or resamples < 1:
        raise ValueError(
            f"need systems, items and resamples; got {systems} systems, {items} items and {resamples} resamples"
        )
    units = unit_count(systems, items, swap)
    if units <= _MOST_UNITS and 2**units <= resamples:
        return SwapDraws(systems, items, 2**units, True, swap)
    return SwapDraws(systems, items, resamples, False, swap, int(rng.integers(2**63)))


def replayed_swaps(swapped: ArrayLike, *, swap: Swap = "cells") -> SwapDraws:
    """Draws that were made elsewhere: ``swapped`` (draws, systems, items), true where scores change places."""
    bits = np.asarray(swapped, dtype=bool)
    if bits.ndim != 3 or not bits.size:
        raise ValueError(f"swapped must be (draws, systems, items) and not empty; got the shape {bits.shape}")
    count, systems, items = bits.shape
    return SwapDraws(systems, items, count, False, swap, 0, np.packbits(bits.reshape(count, -1).T, axis=1))


def unpacked(packed: Bits, cells: NDArray[Any] | None, draws: int, kind: type | np.dtype[Any]) -> NDArray[Any]:
    """Swaps as numbers 0 and 1 of the dtype ``kind``: (cells, draws); ``cells`` picks rows, None takes all."""
    chosen = packed if cells is None else np.take(packed, cells, axis=0)
    return np.unpackbits(chosen, axis=1, count=draws).astype(kind, copy=False)
