"""What all table formats have in common: rows in chunks, a plan of the columns, items. May import the rest of `io`.

A format subclasses `TableRows`, says what to take out of a chunk, and makes a `Dataset` of it at the end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rewardmeter.errors import InputError
from rewardmeter.io.formats.collected import Places, chunks
from rewardmeter.io.formats.columns import Plan, Vocabulary, plan_columns
from rewardmeter.io.formats.items import ItemRows
from rewardmeter.io.formats.options import ReadOptions, only_subset
from rewardmeter.io.rows import Row, RowFile

__all__ = ["TableRows", "dataset_name", "sentence"]

Read = TypeVar("Read")
Records = Sequence[dict[str, Any]]


@dataclass
class TableRows(ABC):
    """Rows of one or several files, read chunk by chunk."""

    options: ReadOptions
    text_cells: bool = False
    places: Places = field(default_factory=Places, init=False)
    items: ItemRows = field(init=False)
    columns: dict[str, None] = field(default_factory=dict, init=False)
    _plan: Plan | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.items = ItemRows(self.places, self.text_cells)

    @abstractmethod
    def vocabulary(self) -> Vocabulary:
        """The roles of this format, given the columns seen so far."""

    @abstractmethod
    def add(self, records: Records, plan: Plan, start: int) -> None:
        """Take in a chunk whose first row is ``start``."""

    def add_file(self, file: RowFile) -> None:
        """Take in the rows of a file."""
        self.add_rows(file.path, file.rows())

    def add_rows(self, path: Path, rows: Iterable[Row]) -> None:
        """Take in rows that come from ``path``."""
        self.places.begin(path)
        for chunk in chunks(only_subset(rows, self.options.subset)):
            start = len(self.places)
            self.places.lines.extend([line for line, _ in chunk])
            records = [record for _, record in chunk]
            self.add(records, self._see(records), start)

    def _see(self, records: Records) -> Plan:
        known = len(self.columns)
        for keys in dict.fromkeys(map(tuple, records)):
            self.columns.update(dict.fromkeys(keys))
        if self._plan is None or len(self.columns) > known:
            self._plan = plan_columns(list(self.columns), self.options.mapping, self.vocabulary())
        return self._plan

    def take(self, records: Records, column: str, read: Callable[[Sequence[Any]], Read], start: int) -> Read:
        """``read`` over the cells of a column, errors told with their place."""
        return self.places.read(read, [record.get(column) for record in records], column=column, start=start)

    def finished_plan(self, path: str | Path) -> Plan:
        """The plan when all rows have been read.

        Raises
        ------
        InputError
            If there were no rows.
        UnknownNameError
            If the mapping names a column that no row has.
        """
        if self._plan is None:
            raise InputError("there are no rows", path=path, fix="The file needs at least one row of data.")
        self._plan.require([column for column in self.columns if column])
        return self._plan


def dataset_name(options: ReadOptions, path: str | Path) -> str:
    """What the dataset is called."""
    return options.name or str(path)


def sentence(format_name: str, parts: Iterable[str]) -> str:
    """The line that says what was understood."""
    return f"{format_name}: {', '.join(filter(None, parts))}."
