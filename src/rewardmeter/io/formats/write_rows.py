"""Rows into a file: JSON lines, CSV, TSV or Parquet, by suffix. May import `errors` and `files`.

The file appears whole or not at all; missing folders are made.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from rewardmeter.errors import InputError, MissingExtraError
from rewardmeter.files import replacing
from rewardmeter.io.formats.cells import BadCellError, chat_of_text

__all__ = ["suffix_of", "write_rows"]

Record = dict[str, Any]
_RESPONSES = frozenset({"response", "response_a", "response_b"})
_MAY_BE_CHATS = frozenset({"prompt", "chosen", "rejected", "response_a", "response_b"})


def write_rows(rows: Iterable[Record], columns: Sequence[str], path: str | Path) -> None:
    """Write records with the cells of ``columns``; a cell without anything is null or empty.

    Raises
    ------
    InputError
        If the suffix is unknown, the file cannot be written, or the container cannot hold a cell as it is.
    MissingExtraError
        For Parquet without pyarrow.
    """
    path = Path(path)
    write = _WRITERS.get(suffix_of(path))
    if write is None:
        fix = f"End the name in {', '.join(_WRITERS)}."
        raise InputError(f"'{suffix_of(path)}' names no format to write", path=path, fix=fix)
    with _packed(path) as stream:
        write(rows, columns, stream, path)


def suffix_of(path: str | Path) -> str:
    """The suffix that says the container, in lower case, ``.gz`` left aside."""
    return Path(Path(path).name.removesuffix(".gz")).suffix.lower()


@contextmanager
def _packed(path: Path) -> Iterator[BinaryIO]:
    with replacing(path) as plain:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=plain, mode="wb", filename="", mtime=0) as zipped:
                yield cast(BinaryIO, zipped)
        else:
            yield plain


def _json_lines(rows: Iterable[Record], columns: Sequence[str], stream: BinaryIO, _: Path) -> None:
    for record in rows:
        row = {name: record.get(name) for name in columns}
        try:
            line = msgspec.json.encode(row)
        except (UnicodeEncodeError, msgspec.MsgspecError):  # lone surrogates, which JSON spells with an escape
            line = json.dumps(row, ensure_ascii=True).encode("ascii")
        stream.write(line + b"\n")


def _comma(rows: Iterable[Record], columns: Sequence[str], stream: BinaryIO, path: Path) -> None:
    _delimited(rows, columns, stream, path, ",")


def _tab(rows: Iterable[Record], columns: Sequence[str], stream: BinaryIO, path: Path) -> None:
    _delimited(rows, columns, stream, path, "\t")


def _delimited(rows: Iterable[Record], columns: Sequence[str], stream: BinaryIO, path: Path, delimiter: str) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    quoting = csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for number, record in enumerate(rows, 1):
        for name in columns:
            problem = _unwritable(name, record.get(name))
            if problem:
                raise InputError(f"row {number:,}: {problem}", path=path, column=name, fix="Write .jsonl instead.")
        cells = [_spelled(record.get(name)) for name in columns]
        # a lone carriage return ends a line for the reader, but the csv module does not quote it of itself
        (quoting if any("\r" in cell for cell in cells) else writer).writerow(cells)
    text.detach()


def _unwritable(name: str, cell: Any) -> str:
    """Why CSV would not give the cell back as it is; empty where it would."""
    if cell is None:
        return "CSV cannot tell a missing response from an empty one" if name in _RESPONSES else ""
    spelled = _spelled(cell)
    if "\0" in spelled:
        return "CSV cannot hold a NUL character"
    if not spelled.isascii() and any("\ud800" <= mark <= "\udfff" for mark in spelled):
        return "UTF-8 cannot hold half a surrogate pair"
    return "CSV cannot tell this text from a chat" if name in _MAY_BE_CHATS and _reads_as_chat(cell) else ""


def _reads_as_chat(cell: Any) -> bool:
    try:
        return isinstance(cell, str) and chat_of_text(cell) is not None
    except BadCellError:
        return True


def _spelled(cell: Any) -> str:
    """A cell as CSV holds it: numbers so that they read back the same, lists and chats as JSON."""
    if cell is None:
        return ""
    if isinstance(cell, list):
        return json.dumps(cell, ensure_ascii=False) if cell else ""
    return cell if isinstance(cell, str) else repr(cell)


def _parquet(rows: Iterable[Record], columns: Sequence[str], stream: BinaryIO, path: Path) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("writing Parquet", "data") from error
    cells: dict[str, list[Any]] = {name: [] for name in columns}
    for record in rows:
        for name in columns:
            cells[name].append(record.get(name))
    arrays = {}
    for name, column in cells.items():
        try:
            arrays[name] = pa.array(column)
        except (pa.ArrowException, UnicodeEncodeError, TypeError, OverflowError) as error:
            problem = "Parquet cannot hold this column: " + str(error).splitlines()[0][:120]
            raise InputError(problem, path=path, column=name, fix="Write .jsonl instead.") from error
    pq.write_table(pa.table(arrays), stream)


_WRITERS: Mapping[str, Callable[[Iterable[Record], Sequence[str], BinaryIO, Path], None]] = {
    ".jsonl": _json_lines,
    ".csv": _comma,
    ".tsv": _tab,
    ".parquet": _parquet,
}
