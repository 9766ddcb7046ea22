"""Columns while they are read: names as small integers, numbers as arrays, and where each row came from.

May import `types` and `errors`. Readers add chunk after chunk; a column that turns up late is missing in the rows
before. So a million rows cost some arrays and each distinct text once.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rewardmeter.errors import InputError
from rewardmeter.io.formats.cells import CellError
from rewardmeter.types import FloatArray, IntArray

__all__ = ["ClashError", "Codes", "Numeric", "Places", "agreed", "chunks", "distinct"]

CHUNK = 20_000
Name = TypeVar("Name", bound=Hashable)
Cell = TypeVar("Cell")
Read = TypeVar("Read")


@dataclass
class Codes(Generic[Name]):
    """A column of names as integers in order of first use; -1 where there is none."""

    index: dict[Name, int] = field(default_factory=dict)
    _codes: array[int] = field(default_factory=lambda: array("i"))

    def extend(self, cells: Iterable[Name | None], *, before: int = 0) -> None:
        """Add cells; ``before`` is how many rows were read before them."""
        self._codes.extend([-1] * (before - len(self._codes)))
        index = self.index
        self._codes.extend([-1 if cell is None else index.setdefault(cell, len(index)) for cell in cells])

    def codes(self, rows: int) -> IntArray:
        """int32 (rows,)."""
        self._codes.extend([-1] * (rows - len(self._codes)))
        return np.array(self._codes, dtype=np.int32)

    def values(self) -> list[Name]:
        """The names by code."""
        return list(self.index)


@dataclass
class Numeric:
    """A column of numbers, NaN where there is none."""

    _parts: list[FloatArray] = field(default_factory=list)
    _rows: int = 0
    spelled_nan: int = 0

    def extend(self, values: FloatArray, *, before: int) -> None:
        """Add numbers; ``before`` is how many rows were read before them."""
        if before > self._rows:
            self._parts.append(np.full(before - self._rows, np.nan))
        self._parts.append(values)
        self._rows = before + len(values)

    def values(self, rows: int) -> FloatArray:
        """float64 (rows,)."""
        if rows > self._rows:
            self.extend(np.empty(0), before=rows)
        return np.concatenate(self._parts) if self._parts else np.empty(0)


@dataclass
class Places:
    """File and line of every row, for error messages."""

    lines: array[int] = field(default_factory=lambda: array("q"))
    _starts: list[int] = field(default_factory=list)
    _paths: list[Path] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def begin(self, path: Path) -> None:
        """The rows that follow come from this file."""
        self._starts.append(len(self.lines))
        self._paths.append(path)

    def where(self, row: int) -> str:
        """The row in words, for a sentence about two rows."""
        several = f" of {self._path(row).name}" if len(self._paths) > 1 else ""
        return f"line {self.lines[row]:,}{several}"

    def _path(self, row: int) -> Path:
        return self._paths[bisect_right(self._starts, row) - 1]

    def error(self, row: int, problem: str, *, column: str | None = None, fix: str | None = None) -> InputError:
        """An `InputError` at this row."""
        return InputError(problem, path=self._path(row), line=self.lines[row], column=column, fix=fix)

    def read(self, read: Callable[[Sequence[Cell]], Read], cells: Sequence[Cell], *, column: str, start: int) -> Read:
        """``read(cells)``; a `CellError` becomes an `InputError` with file, line and column.

        ``start`` is the row of the first cell.
        """
        try:
            return read(cells)
        except CellError as error:
            raise self.error(start + error.position, error.problem, column=column, fix=error.fix or None) from error


class ClashError(Exception):
    """Two rows that say different things of the same thing."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(first, second)
        self.first, self.second = first, second


def agreed(group: NDArray[np.integer[Any]], values: NDArray[Any], known: NDArray[np.bool_], n_groups: int) -> IntArray:
    """The first row of each group that knows a value, int32 (n_groups,), -1 where no row does.

    Raises
    ------
    ClashError
        If two rows of a group know different values.
    """
    rows = np.flatnonzero(known)
    first = np.full(n_groups, -1, dtype=np.int32)
    first[group[rows][::-1]] = rows[::-1]  # the last assignment stays, so the order is turned round
    clash = rows[values[rows] != values[first[group[rows]]]]
    if len(clash):
        raise ClashError(int(first[group[clash[0]]]), int(clash[0]))
    return first


def distinct(key: NDArray[np.int64]) -> tuple[IntArray, IntArray]:
    """Groups of equal keys, numbered in order of first appearance: the group of each row, the first row of each."""
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[inverse], first[order].astype(np.int32)


def chunks(rows: Iterator[Cell], size: int = CHUNK) -> Iterator[list[Cell]]:
    """Lists of up to ``size`` rows."""
    while chunk := list(islice(rows, size)):
        yield chunk
