"""What the rows of a table say about items: id, prompt, references and slice columns. May import `types`, `errors`.

Every row belongs to an item. Which one: the `item` column where there is one, else the prompt, else the row itself.
Other columns become slice columns if they have one value per item; those that vary are named in a note and left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from rewardmeter.io.formats import cells as cell
from rewardmeter.io.formats.collected import ClashError, Codes, Places, agreed, distinct
from rewardmeter.io.formats.columns import ROW_NUMBER, Plan
from rewardmeter.types import IntArray, Prompt

__all__ = ["ITEM_ROLES", "ItemRows", "ItemTable", "spell_numbers"]

ITEM_ROLES: dict[str, tuple[str, ...]] = {"item": (), "prompt": (), "reference": (), "references": ()}
"""Roles that all table formats share."""

_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
SliceCell = str | float | None


@dataclass(frozen=True, slots=True)
class ItemTable:
    """The items of a table.

    Attributes
    ----------
    of_row:
        int32: the item of each row.
    ids, prompts, references, columns:
        As `Dataset` wants them.
    notes:
        Sentences about what was assumed or left out.
    """

    of_row: IntArray
    ids: list[str]
    prompts: list[Prompt | None]
    references: list[tuple[str, ...]]
    columns: dict[str, list[SliceCell]]
    notes: list[str]


@dataclass
class ItemRows:
    """Item-level cells, collected chunk by chunk.

    ``text_cells`` says that all cells are strings (CSV). Rows with different `split_by` cells are different items
    even if their prompts are the same.
    """

    places: Places
    text_cells: bool
    split_by: str | None = None
    _ids: Codes[str] | None = None
    _prompts: Codes[Prompt] = field(default_factory=Codes)
    _references: Codes[tuple[str, ...]] = field(default_factory=Codes)
    _others: dict[str, Codes[Hashable]] = field(default_factory=dict)
    _unusable: set[str] = field(default_factory=set)
    _split: Codes[str] = field(default_factory=Codes)
    _id_column: str = "item"

    def add(self, records: Sequence[dict[str, Any]], plan: Plan, *, start: int, prompts: Any = None) -> None:
        """Take the item-level cells of a chunk whose first row is ``start``.

        ``prompts`` are given by formats that find the prompt elsewhere than in a column of its own.
        """
        self._add_ids(records, plan, start)
        if prompts is None and (column := plan.single("prompt")) is not None:
            found = [record.get(column) for record in records]
            prompts = self.places.read(
                partial(cell.prompts, text_cells=self.text_cells), found, column=column, start=start
            )
        if prompts is not None:
            self._prompts.extend(prompts, before=start)
        self._add_references(records, plan, start)
        if self.split_by is not None:
            found = [record.get(self.split_by) for record in records]
            self._split.extend(self.places.read(cell.names, found, column=self.split_by, start=start), before=start)
        for column in plan.others:
            if column and column not in self._unusable:
                self._add_other(column, [record.get(column) for record in records], start)

    def _add_ids(self, records: Sequence[dict[str, Any]], plan: Plan, start: int) -> None:
        columns = plan.singles.get("item", ())
        if not columns:
            return
        self._id_column = "+".join(columns)
        if self._ids is None:
            self._ids = Codes()
        parts: list[list[str | None]] = []
        for column in columns:
            if column == ROW_NUMBER:
                parts.append([str(start + position + 1) for position in range(len(records))])
            else:
                found = [record.get(column) for record in records]
                parts.append(self.places.read(cell.names, found, column=column, start=start))
        ids = parts[0]
        if len(parts) > 1:
            ids = [None if None in row else "/".join(filter(None, row)) for row in zip(*parts, strict=True)]
        self._ids.extend(ids, before=start)

    def _add_references(self, records: Sequence[dict[str, Any]], plan: Plan, start: int) -> None:
        columns = [(name, False) for name in plan.singles.get("reference", ())]
        columns += [(name, self.text_cells) for name in plan.singles.get("references", ())]
        if not columns:
            return
        several = []
        for column, spelled in columns:
            found = [record.get(column) for record in records]
            read = partial(cell.references, text_cells=spelled)
            several.append(self.places.read(read, found, column=column, start=start))
        joined = several[0]
        if len(several) > 1:
            joined = [tuple(dict.fromkeys(text for part in row for text in part)) for row in zip(*several, strict=True)]
        self._references.extend((references or None for references in joined), before=start)

    def _add_other(self, column: str, found: list[Any], start: int) -> None:
        codes = self._others.setdefault(column, Codes())
        try:
            codes.extend([_slice_cell(value) for value in found], before=start)
        except (cell.BadCellError, TypeError):
            self._unusable.add(column)
            del self._others[column]

    def finish(self) -> ItemTable:
        """The items of all rows.

        Raises
        ------
        InputError
            If a row has no id or prompt, or two rows of an item have different prompts or references.
        """
        rows = len(self.places)
        of_row, ids, notes = self._identity(rows)
        prompts = self._once(self._prompts, of_row, ids, "prompt")
        references = self._once(self._references, of_row, ids, "references")
        columns = self._slices(of_row, ids, notes)
        plain_references = [found or () for found in references] if any(references) else []
        return ItemTable(of_row, ids, prompts if any(prompts) else [], plain_references, columns, notes)

    def _identity(self, rows: int) -> tuple[IntArray, list[str], list[str]]:
        if self._ids is not None:
            codes = self._ids.codes(rows)
            self._all_there(codes, self._id_column, "Give every row an id, or none of them.")
            return codes, self._ids.values(), []
        prompts = self._prompts.codes(rows)
        if self._prompts.index:
            self._all_there(prompts, "prompt", "Give every row its prompt, or an item column to all rows.")
            key = prompts.astype(np.int64)
            if self.split_by is not None:
                key = key * (len(self._split.index) + 1) + self._split.codes(rows) + 1
            of_row, _ = distinct(key)
            n = int(of_row.max(initial=-1)) + 1
            split = f" and {self.split_by}" if self.split_by is not None and len(self._split.index) > 1 else ""
            note = f"No item column: rows with the same prompt{split} are one item."
            return of_row, [str(i + 1) for i in range(n)], [note]
        note = "Neither item nor prompt column: every row is an item of its own."
        return np.arange(rows, dtype=np.int32), [str(row + 1) for row in range(rows)], [note]

    def _all_there(self, codes: IntArray, column: str, fix: str) -> None:
        missing = np.flatnonzero(codes < 0)
        if len(missing):
            raise self.places.error(int(missing[0]), "the cell is empty", column=column, fix=fix)

    def _once(self, column: Codes[Any], of_row: IntArray, ids: list[str], what: str) -> list[Any]:
        codes = column.codes(len(of_row))
        try:
            first = agreed(of_row, codes, codes >= 0, len(ids))
        except ClashError as clash:
            item = ids[of_row[clash.first]]
            raise self.places.error(
                clash.second,
                f"item '{item}' has other {what} than on {self.places.where(clash.first)}",
                column=what,
                fix=f"Give each of the two its own item id, or the same {what}.",
            ) from clash
        values = column.values()
        return [values[codes[row]] if row >= 0 else None for row in first.tolist()]

    def _slices(self, of_row: IntArray, ids: list[str], notes: list[str]) -> dict[str, list[SliceCell]]:
        columns: dict[str, list[SliceCell]] = {}
        varying = []
        for name, column in self._others.items():
            codes = column.codes(len(of_row))
            try:
                first = agreed(of_row, codes, codes >= 0, len(ids))
            except ClashError:
                varying.append(name)
                continue
            values: list[Any] = _as_numbers(column.values()) if self.text_cells else column.values()
            if values:
                columns[name] = [values[codes[row]] if row >= 0 else None for row in first.tolist()]
        if varying:
            notes.append(f"Ignored, because they vary within an item: {_listed(varying)}.")
        if self._unusable:
            notes.append(f"Ignored, because they hold lists, objects or infinities: {_listed(sorted(self._unusable))}.")
        return columns


def _slice_cell(value: Any) -> Hashable:
    """A string, a finite number, or None; truth values become words, so that True and 1 stay apart."""
    if value is None or value == "":
        return None
    if isinstance(value, float):
        if math.isinf(value):
            raise cell.BadCellError("infinite")
        return None if math.isnan(value) else value
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return cell.text_of(value)


def spell_numbers(texts: Sequence[str]) -> bool:
    """Whether every text spells a finite number in the ordinary way (007 does not)."""
    return all(_NUMBER.fullmatch(text) and math.isfinite(float(text)) for text in texts)


def _as_numbers(values: list[Any]) -> list[Any]:
    return [float(value) for value in values] if values and spell_numbers(values) else values


def _listed(names: list[str], limit: int = 8) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
