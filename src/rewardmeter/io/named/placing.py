"""Errors that know their file. May import `errors`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rewardmeter.errors import InputError

__all__ = ["placed"]


@contextmanager
def placed(path: Path) -> Iterator[None]:
    """Give an `InputError` that names no file this one."""
    try:
        yield
    except InputError as error:
        if error.path is not None:
            raise
        raise InputError(error.problem, path=path, line=error.line, column=error.column, fix=error.fix) from error
