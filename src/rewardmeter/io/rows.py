"""Rows of a file as ``(line number, record)``, whatever the container: JSON, CSV, TSV or Parquet, gzipped or not.

May import `errors` and the containers in `io.formats`. Text is UTF-8 (a byte order mark is accepted). Rows come as a
stream: only a JSON list and an object of columns are held in memory whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewardmeter.errors import InputError
from rewardmeter.io.formats.delimited import delimited_rows, delimiter_of, is_quoted
from rewardmeter.io.formats.json_rows import json_container, json_rows
from rewardmeter.io.formats.opened import UTF8_BOM, open_bytes, reading
from rewardmeter.io.formats.parquet import PARQUET_MAGIC, parquet_rows

__all__ = ["Row", "RowFile", "open_rows", "read_rows"]

Row = tuple[int, dict[str, Any]]
"""A line number counted from 1 (a row number where the container has no lines) and the row's cells by column."""

_DELIMITED = (".csv", ".tsv", ".tab")
_JSON = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of rows whose container is known.

    Attributes
    ----------
    path:
        The file.
    container:
        ``"JSON lines"``, ``"JSON list"``, ``"JSON columns"``, ``"CSV"``, ``"TSV"`` (``"TSV without quoting"``) or
        ``"Parquet"``.
    delimiter:
        What separates the fields of CSV and TSV; empty otherwise.
    quoted:
        Whether quotation marks quote fields of CSV and TSV.
    """

    path: Path
    container: str
    delimiter: str = ""
    quoted: bool = True

    @property
    def text_cells(self) -> bool:
        """Whether every cell is a string, so that numbers, lists and missing values have to be told by spelling."""
        return self.delimiter != ""

    def rows(self) -> Iterator[Row]:
        """The rows from the beginning; every call reads the file anew.

        Raises
        ------
        InputError
            At the first row that cannot be read, with its line.
        MissingExtraError
            For Parquet without pyarrow.
        """
        if self.delimiter:
            return delimited_rows(self.path, self.delimiter, quoted=self.quoted)
        if self.container == "Parquet":
            return parquet_rows(self.path)
        return json_rows(self.path, self.container)


def open_rows(path: str | Path) -> RowFile:
    """Find out how a file holds its rows: by its content, and by its suffix where the content leaves a choice.

    Raises
    ------
    InputError
        If the file does not exist, is empty, is an archive that is not gzip, or says ``.parquet`` and is not.
    """
    path = Path(path)
    with reading(path), open_bytes(path) as stream:
        head = stream.read(4096).removeprefix(UTF8_BOM)
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if head.startswith(PARQUET_MAGIC):
        return RowFile(path, "Parquet")
    if suffix == ".parquet":
        raise InputError("the file is no Parquet file, though its name says so", path=path, fix="Write it again.")
    start = head.lstrip()[:1]
    if suffix in _JSON or (suffix not in _DELIMITED and start in (b"{", b"[")):
        return RowFile(path, json_container(path))
    delimiter = delimiter_of(path)
    if suffix not in _DELIMITED and delimiter.encode() not in head.partition(b"\n")[0]:
        raise InputError(
            "the file is neither JSON nor a table: its first line has no columns",
            path=path,
            fix="Rows are read from JSON, CSV, TSV and Parquet.",
        )
    quoted = is_quoted(path, delimiter)
    container = "TSV" if delimiter == "\t" else "CSV"
    return RowFile(path, container if quoted else f"{container} without quoting", delimiter, quoted)


def read_rows(path: str | Path) -> Iterator[Row]:
    """The rows of a file, one by one: `open_rows` and `RowFile.rows` in one step."""
    return open_rows(path).rows()
