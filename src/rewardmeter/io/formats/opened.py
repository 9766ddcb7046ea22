"""Bytes of a file, gzipped or not, and what is wrong with them when they are not UTF-8. May import `errors`."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rewardmeter.errors import InputError

__all__ = ["UTF8_BOM", "open_bytes", "reading", "undecodable"]

UTF8_BOM = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
_BUFFER = 1 << 20

_FOREIGN_ARCHIVES = {
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "Unpack it, or save the sheet as CSV (UTF-8)."),
    b"\xfd7zXZ\x00": ("compressed with xz", "Unpack it with 'xz -d', or compress it with gzip."),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "Unpack it with 'zstd -d', or compress it with gzip."),
    b"BZh": ("compressed with bzip2", "Unpack it with 'bzip2 -d', or compress it with gzip."),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Word file", "Save the sheet as CSV (UTF-8)."),
}
_OTHER_BOMS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def open_bytes(path: Path) -> io.BufferedReader:
    """The file as a buffered stream of bytes, unzipped if it is gzipped (told by content, not by suffix).

    Raises
    ------
    InputError
        If the file cannot be opened, is empty, or is an archive of another kind.
    """
    try:
        stream: io.BufferedReader = io.BufferedReader(io.FileIO(path), _BUFFER)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        head = stream.peek(8)[:8]
    except OSError as error:
        stream.close()
        raise _unreadable(path, error) from error
    for magic, (what, fix) in _FOREIGN_ARCHIVES.items():
        if head.startswith(magic):
            stream.close()
            raise InputError(f"the file is {what}", path=path, fix=fix)
    if not head:
        stream.close()
        raise InputError("the file is empty", path=path)
    if head.startswith(GZIP):
        return io.BufferedReader(_ClosingGzip(stream), _BUFFER)
    return stream


class _ClosingGzip(gzip.GzipFile):
    """A gzip stream that closes the file it reads from."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(fileobj=stream, mode="rb")
        self._below = stream

    def close(self) -> None:
        super().close()
        self._below.close()


def _unreadable(path: Path, error: OSError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError("there is no such file", path=path, fix="Check the path.")
    if isinstance(error, IsADirectoryError):
        return InputError("this is a folder, not a file", path=path)
    return InputError(f"the file cannot be read ({error.strerror or error})", path=path)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what a broken gzip stream, a bad disk or bytes that are not UTF-8 raise into one `InputError`."""
    try:
        yield
    except InputError:
        raise
    except UnicodeDecodeError as error:
        raise undecodable(path) from error
    except EOFError as error:
        raise InputError(
            "the gzip stream ends too early",
            path=path,
            line=_lines_until_broken(path),
            fix="The file is truncated: copy or download it again.",
        ) from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"the gzip stream is damaged ({error})",
            path=path,
            line=_lines_until_broken(path),
            fix="Copy or download the file again.",
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _lines_until_broken(path: Path) -> int:
    lines = 1
    try:
        with open_bytes(path) as stream:
            while block := stream.read1(4096):
                lines += block.count(b"\n")
    except (OSError, EOFError, zlib.error, InputError):
        pass
    return lines


def undecodable(path: Path) -> InputError:
    """The error that says where the first byte stands that is no UTF-8, and which encoding it looks like."""
    offset, number, beyond_ascii = 0, 0, False
    try:
        with open_bytes(path) as stream:
            for number, line in enumerate(stream, 1):
                if number == 1:
                    for bom, encoding in _OTHER_BOMS.items():
                        if line.startswith(bom):
                            return _wrong_encoding(path, 1, f"the file is {encoding}, not UTF-8", encoding)
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError as error:
                    return _bad_byte(path, number, offset + error.start, error, beyond_ascii)
                beyond_ascii = beyond_ascii or not line.isascii()
                offset += len(line)
    except (OSError, EOFError, zlib.error):
        pass
    return InputError("the file is not UTF-8", path=path, line=number or None, fix="Save it as UTF-8.")


def _bad_byte(path: Path, number: int, offset: int, error: UnicodeDecodeError, mixed: bool) -> InputError:
    byte = error.object[error.start]
    where = f"byte {offset:,} (0x{byte:02x}) is not UTF-8"
    if error.reason == "unexpected end of data":
        return InputError(
            f"{where}: a character is cut off", path=path, line=number, fix="The file is truncated: copy it again."
        )
    if error.object.count(b"\0") > len(error.object) // 4:
        return _wrong_encoding(path, number, f"{where}; the file looks like UTF-16", "UTF-16")
    if mixed:
        return InputError(
            f"{where}, though lines before it are: the file mixes encodings",
            path=path,
            line=number,
            fix="This line looks like Windows-1252; convert such lines to UTF-8 before joining files.",
        )
    return _wrong_encoding(path, number, f"{where}; the line looks like Windows-1252 (Latin-1)", "WINDOWS-1252")


def _wrong_encoding(path: Path, line: int, problem: str, encoding: str) -> InputError:
    return InputError(
        problem, path=path, line=line, fix=f"Convert it, for example: iconv -f {encoding} -t UTF-8 {path.name} > new"
    )
