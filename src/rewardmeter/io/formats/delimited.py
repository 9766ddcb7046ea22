"""Rows of CSV and TSV files, read strictly: a stray quotation mark or a missing field is an error, never a guess.

May import `errors` and `io.formats.opened`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from rewardmeter.errors import InputError
from rewardmeter.io.formats.opened import UTF8_BOM, open_bytes, reading

__all__ = ["delimited_rows", "delimiter_of", "is_quoted"]

_NAMES = {",": "a comma", "\t": "a tab", ";": "a semicolon"}

csv.field_size_limit(2**31 - 1)  # the default of 128 KiB is less than one long response


def delimiter_of(path: Path) -> str:
    """Comma, tab or semicolon: what the suffix says if it occurs in the first line, else what does occur there."""
    with reading(path), open_bytes(path) as stream:
        header = stream.readline().removeprefix(UTF8_BOM)
    tabbed = path.name.removesuffix(".gz").endswith((".tsv", ".tab"))
    candidates = "\t,;" if tabbed else ",\t;"
    return next((mark for mark in candidates if mark.encode() in header), candidates[0])


def is_quoted(path: Path, delimiter: str) -> bool:
    """Whether quotation marks quote. In CSV they do; many TSV files know no quoting.

    A TSV file is taken for one without quoting if some field begins with a quotation mark but is not quoted properly,
    and yet every line has as many tabs as the header.
    """
    if delimiter != "\t":
        return True
    plain, proper = True, True
    with reading(path), open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        tabs = None
        for line in text:
            tabs = line.count("\t") if tabs is None else tabs
            plain = plain and (line.count("\t") == tabs or not line.strip("\r\n"))
            if proper and '"' in line:
                try:
                    proper = len(next(csv.reader([line], delimiter="\t", strict=True))) == tabs + 1
                except csv.Error:
                    proper = False
            if not plain:
                break
    return proper or not plain


def delimited_rows(path: Path, delimiter: str, *, quoted: bool = True) -> Iterator[tuple[int, dict[str, str]]]:
    """Records with the lines on which they begin; empty lines are passed over.

    Raises
    ------
    InputError
        If the quoting is broken, a record has more or fewer fields than the header, a column name stands twice, a NUL
        byte occurs, or bytes are not UTF-8.
    """
    with reading(path), open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        reader = csv.reader(
            _lines(text, path),
            delimiter=delimiter,
            quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
            strict=True,
        )
        header: list[str] | None = None
        start = 1
        try:
            for cells in reader:
                if header is None:
                    header = _header(cells, path) if cells else None
                elif len(cells) == len(header):
                    yield start, dict(zip(header, cells, strict=True))
                elif cells:
                    raise _wrong_count(cells, header, delimiter, path, start)
                start = reader.line_num + 1
        except csv.Error as error:
            raise InputError(
                f"broken quoting in the record that begins here ({error})",
                path=path,
                line=start,
                fix='Put the whole field in double quotes and write a double quote inside it as "".',
            ) from error
        if header is None:
            raise InputError("the file has no header line", path=path, fix="Write the column names in the first line.")


def _lines(text: io.TextIOWrapper, path: Path) -> Iterator[str]:
    for number, line in enumerate(text, 1):
        if "\0" in line:
            place = line.index("\0") + 1
            raise InputError(f"NUL byte at character {place:,}", path=path, line=number, fix="Remove it.")
        yield line


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() for cell in cells]
    for position, name in enumerate(names):
        if name in names[:position]:
            what = f"column '{name}' stands twice in the header" if name else "two columns have no name"
            raise InputError(what, path=path, line=1, column=name or None, fix="Give each column its own name.")
    return names


def _wrong_count(cells: list[str], header: list[str], delimiter: str, path: Path, line: int) -> InputError:
    if len(cells) > len(header):
        fix = f"Put fields that contain {_NAMES[delimiter]} in double quotes."
    else:
        fix = "The line may be cut off, or a quotation mark may be missing."
    fields = "1 field" if len(cells) == 1 else f"{len(cells)} fields"
    return InputError(f"{fields} where the header has {len(header)}", path=path, line=line, fix=fix)
