"""Rows of Parquet files, through the extra `data`. May import `errors` and `io.formats.opened`."""

from __future__ import annotations

from collections.abc import Iterator
from gzip import GzipFile
from pathlib import Path
from typing import Any

from rewardmeter.errors import InputError, MissingExtraError
from rewardmeter.io.formats.opened import open_bytes, reading

__all__ = ["PARQUET_MAGIC", "parquet_rows"]

PARQUET_MAGIC = b"PAR1"
_BATCH = 20_000


def parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Records with their row numbers from 1, read batch by batch.

    Raises
    ------
    MissingExtraError
        If pyarrow is not installed.
    InputError
        If the file is damaged or a column name stands twice.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("reading Parquet", "data") from error
    with reading(path), open_bytes(path) as stream:
        number = 0
        try:
            # Parquet is read from its end, which a gzip stream reaches only by unpacking everything
            plain = not isinstance(stream.raw, GzipFile)
            table = pq.ParquetFile(stream if plain else pa.BufferReader(stream.read()))
            names = table.schema_arrow.names
            _check_names(names, path)
            for batch in table.iter_batches(batch_size=_BATCH):
                columns = [_cells(column) for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    number += 1
                    yield number, dict(zip(names, cells, strict=True))
        except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError) as error:
            if isinstance(error, InputError):
                raise
            problem = f"the Parquet data cannot be read after row {number:,}"
            cause = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise InputError(f"{problem} ({cause})", path=path, fix="Write or copy the file again.") from error


def _cells(column: Any) -> list[Any]:
    """Plain Python values, None for null; the quick way where NumPy keeps null and NaN apart."""
    import pyarrow.types as types

    kind = column.type
    text = types.is_string(kind) or types.is_large_string(kind)
    number = types.is_integer(kind) or types.is_floating(kind)
    if text or (number and column.null_count == 0):
        cells: list[Any] = column.to_numpy(zero_copy_only=False).tolist()
        return cells
    plain: list[Any] = column.to_pylist()
    return plain


def _check_names(names: list[str], path: Path) -> None:
    for position, name in enumerate(names):
        if name in names[:position]:
            raise InputError(f"column '{name}' stands twice", path=path, column=name, fix="Rename one of them.")
