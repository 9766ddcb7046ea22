"""The responses that rows compare with each other, collected side by side. May import `types`, `dataset`, `errors`.

Preference rows and pairwise tables both put their responses here: every row gives two or more sides, and the same
response may be a side of many rows.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rewardmeter.dataset import Recorded
from rewardmeter.io.formats.collected import Codes, Places
from rewardmeter.io.formats.items import ItemTable
from rewardmeter.io.formats.responses import (
    ResponseTable,
    ScoreClashError,
    identify,
    recorded_scores,
    without_clashing_systems,
)

__all__ = ["SideRows"]


@dataclass
class SideRows:
    """Sides of all rows, in order.

    `identical_rows` counts rows with equal texts, `nan_cells` score cells that spell NaN out; `systems` are the names
    of the systems once all rows are in.
    """

    places: Places
    row: array[int] = field(default_factory=lambda: array("i"))
    systems: tuple[str, ...] = ()
    _systems: Codes[str] = field(default_factory=Codes)
    _texts: Codes[str] = field(default_factory=Codes)
    _copy: array[int] = field(default_factory=lambda: array("i"))
    _scores: dict[str, array[float]] = field(default_factory=dict)
    identical_rows: int = 0
    nan_cells: int = 0

    def __len__(self) -> int:
        return len(self.row)

    def add(self, row: int, texts: Sequence[str | None], systems: Sequence[str | None]) -> None:
        """Add the sides of one row; two sides with equal texts stay two responses."""
        sides = list(zip(systems, texts, strict=True))
        copies = [0] * len(sides)
        if len(set(sides)) < len(sides):
            copies = [0 if text is None else sides[:i].count((system, text)) for i, (system, text) in enumerate(sides)]
        self.identical_rows += len(set(texts)) < len(texts) and None not in texts
        self.row.extend([row] * len(sides))
        self._copy.extend(copies)
        # a system cannot have two responses to one item: the copy goes without a name
        self._systems.extend([None if copy else system for copy, system in zip(copies, systems, strict=True)])
        self._texts.extend(texts)

    def add_scores(self, name: str, values: Sequence[float]) -> None:
        """Scores of the last sides added, NaN where there is none."""
        column = self._scores.setdefault(name, array("d"))
        column.extend([math.nan] * (len(self) - len(values) - len(column)))
        column.extend(values)

    def finish(self, items: ItemTable, notes: list[str]) -> ResponseTable:
        """The responses of all sides.

        Raises
        ------
        InputError
            If a row compares a response with itself and has no texts to tell the two apart.
        """
        item = items.of_row[np.array(self.row, dtype=np.int32)]
        text = self._texts.codes(len(self))
        system, clashes = without_clashing_systems(item, self._systems.codes(len(self)), text)
        if clashes:
            notes.append(
                f"{clashes:,} items have several responses of one system: those responses go without a system name."
            )
        if self.identical_rows:
            notes.append(f"{self.identical_rows:,} rows hold the same text twice; a scorer can only tie there.")
        if self.nan_cells:
            notes.append(f"{self.nan_cells:,} score cells are NaN and count as missing.")
        used, codes = np.unique(system[system >= 0], return_inverse=True)
        system[system >= 0] = codes
        names = self._systems.values()
        self.systems = tuple(names[code] for code in used)
        table = identify(item, system, self._texts, copy=np.array(self._copy, dtype=np.int32))
        self._check_apart(table)
        return table

    def _check_apart(self, table: ResponseTable) -> None:
        row = np.array(self.row, dtype=np.int32)
        order = np.lexsort((table.of_row, row))
        same = (np.diff(row[order]) == 0) & (np.diff(table.of_row[order]) == 0)
        if np.any(same):
            raise self.places.error(
                int(row[order][np.flatnonzero(same)[0]]),
                "a response is compared with itself",
                fix="Give the two responses different systems, or their texts.",
            )

    def recorded(self, table: ResponseTable) -> dict[str, Recorded]:
        """Recorded scorers by name.

        Raises
        ------
        InputError
            If two rows give one response two different scores.
        """
        columns = {}
        for name, values in self._scores.items():
            values.extend([math.nan] * (len(self) - len(values)))
            columns[name] = np.array(values)
        try:
            return recorded_scores(columns, table.of_row, len(table))
        except ScoreClashError as clash:
            first, second = columns[clash.name][clash.first], columns[clash.name][clash.second]
            raise self.places.error(
                self.row[clash.second],
                f"the same response has score {second:g} here and {first:g} on"
                f" {self.places.where(self.row[clash.first])} (scorer {clash.name})",
                fix="Map item=# so that every row is an item of its own.",
            ) from clash
