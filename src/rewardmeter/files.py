"""Files that appear whole or not at all. May import `errors`.

Only a regular file is ever replaced: what else a path can name (a pipe, a device, an open descriptor) is written into.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rewardmeter.errors import InputError, RewardmeterError

__all__ = ["replacing", "write_text"]

_DESCRIPTORS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_NUMBERED = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text as `replacing` does; half a surrogate pair is written as it stands.

    Raises
    ------
    InputError
        If it cannot be written; an older file stays as it was.
    """
    with replacing(path) as stream:
        stream.write(text.encode("utf-8", "surrogatepass"))


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A stream whose bytes are at ``path`` once the block has ended well, and not before.

    A regular or new file is written beside its place and renamed into it; of a symbolic link the target is replaced and
    the link stays. A replaced file hands on its permissions. Pipes, devices and descriptors (``/dev/stdout``,
    ``/dev/fd/3``) take the bytes as they come. Missing folders are made.

    Raises
    ------
    InputError
        If the file cannot be opened, written or renamed, with the path and the reason. After this or any other error in
        the block, an older file is as it was and nothing is left beside it.
    """
    path = Path(path)
    try:
        descriptor = _descriptor(path)
        mode = None if descriptor is not None else _mode(path)
        if descriptor is not None:
            with os.fdopen(os.dup(descriptor), "wb") as stream:
                yield stream
        elif mode is not None and not stat.S_ISREG(mode):
            with path.open("wb") as stream:
                yield stream
        else:
            with _neighbour(Path(os.path.realpath(path)), mode) as stream:
                yield stream
    except RewardmeterError:  # some of them are OSErrors too
        raise
    except OSError as error:
        raise InputError(f"could not be written ({error.strerror or error})", path=path) from error


def _descriptor(path: Path) -> int | None:
    """The open descriptor that a path names; to open such a path anew would cut off what it holds already."""
    name = os.path.abspath(path)
    numbered = _NUMBERED.fullmatch(name)
    return int(numbered[1]) if numbered else _DESCRIPTORS.get(name)


def _mode(path: Path) -> int | None:
    """Kind and permissions of what is there, links followed; None where nothing is."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


@contextmanager
def _neighbour(target: Path, mode: int | None) -> Iterator[BinaryIO]:
    target.parent.mkdir(parents=True, exist_ok=True)
    # a name of its own, because the target's may be as long as names can be
    part = target.with_name(f".rewardmeter-{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            part.chmod(stat.S_IMODE(mode))
        part.replace(target)
    except BaseException:
        with suppress(OSError):  # what went wrong is known already
            part.unlink(missing_ok=True)
        raise
