"""CSV files of known columns. May import `errors` and `io.textfile`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from rewardmeter.errors import InputError
from rewardmeter.io.textfile import read_text

__all__ = ["csv_rows"]


def csv_rows(path: Path, columns: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number, where the row ends, and cells by column of each row.

    Raises
    ------
    InputError
        If one of ``columns`` is missing, a row has another number of cells than the header, or quotes do not close.
    """
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), restkey="", strict=True)
    try:
        if lacking := set(columns) - set(reader.fieldnames or ()):
            raise InputError(f"no column {', '.join(sorted(lacking))}", path=path, line=1)
        for row in reader:
            if "" in row or None in row.values():
                raise InputError("another number of cells than the header has", path=path, line=reader.line_num)
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"no CSV ({error})", path=path, line=reader.reader.line_num) from error
