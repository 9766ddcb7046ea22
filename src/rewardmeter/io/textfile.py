"""Whole text files, plain or gzipped, as lines or JSON lines. May import `errors`."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from rewardmeter.errors import InputError

__all__ = [
    "check_columns",
    "decode_json",
    "json_lines",
    "plain_name",
    "present",
    "read_bytes",
    "read_lines",
    "read_text",
]

T = TypeVar("T")


def plain_name(path: Path) -> str:
    """The file's name without a closing ``.gz``."""
    return path.name.removesuffix(".gz")


def present(path: Path) -> Path | None:
    """The file itself, else its gzipped twin, else None."""
    return next((form for form in (path, path.with_name(path.name + ".gz")) if form.is_file()), None)


def read_bytes(path: Path) -> bytes:
    """The file's bytes, unpacked if its name ends in ``.gz``.

    ``path`` may name the plain file where only the gzipped one exists.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, or it is a damaged gzip file.
    """
    found = present(path)
    if found is None:
        raise InputError("no such file", path=path, fix="Check the folder, or fetch the data again.")
    try:
        data = found.read_bytes()
        return gzip.decompress(data) if found.suffix == ".gz" else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"not a whole gzip file ({error})", path=found, fix="Fetch or copy it again.") from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", path=found) from error


def read_text(path: Path) -> str:
    """The file as UTF-8 text, a byte order mark taken off.

    Raises
    ------
    InputError
        As `read_bytes`; or if the bytes are not UTF-8, with the line of the first wrong one.
    """
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"byte {error.start:,} is not UTF-8", path=path, line=line, fix="Save the file as UTF-8."
        ) from error


def read_lines(path: Path) -> list[str]:
    """The lines, cut at line feeds alone (a text may hold other separators), without the line ends."""
    lines = read_text(path).split("\n")
    if lines[-1] == "":
        lines.pop()
    if lines and all(line.endswith("\r") for line in lines):
        lines = [line[:-1] for line in lines]
    return lines


def decode_json(text: str | bytes, kind: type[T], *, path: Path, line: int | None = None) -> T:
    """JSON of the given type.

    Raises
    ------
    InputError
        If the text is no JSON, or of another shape than the type says.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"not the JSON that is due here ({error})", path=path, line=line) from error


def json_lines(path: Path, kind: type[T]) -> Iterator[tuple[int, T]]:
    """Line number, from 1, and content of each line that is not blank.

    Raises
    ------
    InputError
        At the first line that is no JSON of the given type.
    """
    decoder = msgspec.json.Decoder(kind)
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            try:
                yield number, decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise InputError(f"not the JSON that is due here ({error})", path=path, line=number) from error


def check_columns(found: Collection[str], due: Collection[str], path: Path) -> None:
    """Check that a table has the columns that are due.

    Raises
    ------
    InputError
        For the first that is not there.
    """
    for column in due:
        if column not in found:
            raise InputError("no such column", path=path, column=column, fix=f"There are: {', '.join(found)}.")
