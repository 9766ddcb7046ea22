"""Score matrices: one row per system, and in every other cell a list with one number per item, as HANNA is kept.

May import `dataset`, `errors` and the other modules of `io`.

The file cannot say which columns are human, so the mapping must: ``rating=Relevance+Coherence``, or one column per
rater: ``rating.Relevance@1=Human 1 RE``. All other lists are recorded scorers unless ``score`` is mapped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.io.formats.options import ReadOptions
from rewardmeter.io.formats.ratings import RatingRows
from rewardmeter.io.rows import Row, RowFile, open_rows

__all__ = ["list_cell", "list_columns", "read_matrix"]

_PYTHON_NAN = re.compile(r"\bnan\b", re.IGNORECASE)


def list_cell(cell: Any) -> list[Any] | None:
    """The list of numbers that a cell holds or spells; None where it is something else."""
    if isinstance(cell, str) and cell.startswith("[") and cell.endswith("]"):
        try:
            cell = json.loads(_PYTHON_NAN.sub("NaN", cell))
        except (ValueError, RecursionError):
            return None
    if not isinstance(cell, list) or len(cell) < 2:
        return None
    return cell if all(value is None or type(value) in (int, float) for value in cell) else None


def list_columns(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Columns whose every cell is a list of numbers; empty unless all lists of a row are equally long."""
    names = [name for name in records[0] if name and all(list_cell(record.get(name)) for record in records)]
    for record in records:
        if len({len(list_cell(record[name]) or ()) for name in names}) > 1:
            return []
    return names


def read_matrix(path: str | Path, options: ReadOptions | None = None) -> Dataset:
    """Read a score matrix from CSV, JSON or Parquet.

    The system's name stands in the one column without lists, or in the one that the mapping names. Items have no
    names; they are numbered from 1 by their position in the lists.

    Raises
    ------
    InputError
        With file, line, column and mend.
    UnknownNameError
        If the mapping names a role or column that does not exist.
    """
    options = options or ReadOptions()
    file = open_rows(path)
    records = [record for _, record in file.rows()]
    if not records:
        raise InputError("there are no rows", path=file.path, fix="The file needs at least one row of data.")
    lists = list_columns(records)
    system = options.mapping.get("system") or _only_other(records, lists, file.path)
    if not any(role.startswith("rating") for role in options.mapping):
        raise InputError(
            f"nothing says which of the {len(lists)} columns of lists are human ({', '.join(lists[:6])}, ...)",
            path=file.path,
            fix="Map them, for example --map rating=COLUMN+COLUMN.",
        )
    mapping = {"score": "*", **options.mapping, "system": system, "item": "item"}
    reader = RatingRows(replace(options, mapping=mapping))
    reader.add_rows(file.path, _cells(file, str(system), lists))
    return reader.dataset(path, f"score matrix ({file.container})")


def _only_other(records: Sequence[Mapping[str, Any]], lists: list[str], path: Path) -> str:
    others = [name for name in records[0] if name and name not in lists]
    if len(others) != 1 or not lists:
        raise InputError(
            f"a score matrix has one column with the system's name beside its lists, not {len(others)}",
            path=path,
            fix="Map it, for example --map system=Model; all lists of a row must be equally long.",
        )
    return others[0]


def _cells(file: RowFile, system: str, lists: list[str]) -> Iterator[Row]:
    for line, record in file.rows():
        columns = [list_cell(record.get(name)) or [] for name in lists]
        for position, values in enumerate(zip(*columns, strict=True), 1):
            yield line, {"item": position, system: record.get(system), **dict(zip(lists, values, strict=True))}
