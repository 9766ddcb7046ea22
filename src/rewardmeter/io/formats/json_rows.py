"""Rows of JSON files: one object per line, a list of objects, or one object of equally long columns.

May import `errors` and `io.formats.opened`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from rewardmeter.errors import InputError
from rewardmeter.io.formats.opened import UTF8_BOM, open_bytes, reading

__all__ = ["json_container", "json_rows"]

Row = tuple[int, dict[str, Any]]

_DECODER = msgspec.json.Decoder(dict[str, Any])
_LIST_DECODER = msgspec.json.Decoder(list[msgspec.Raw])
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
_OPENING = re.compile(rb"\s*\[")
_BETWEEN = re.compile(rb"[\s,]*")
_BLANK = re.compile(r"[ \t\r\n]*")
_ROW_NAMES = frozenset({"id", "item", "prompt", "subset", "instance_id"})


def json_container(path: Path) -> str:
    """``"JSON lines"``, ``"JSON list"`` or ``"JSON columns"``, by what the file holds, whatever it is called."""
    with reading(path), open_bytes(path) as stream:
        first = b""
        for line in stream:
            first = line.removeprefix(UTF8_BOM).strip()
            if first:
                break
        if first.startswith(b"["):
            return "JSON list"
        more = any(line.strip() for line in stream)
    complete = _is_object(first)
    if (complete and more) or path.name.removesuffix(".gz").endswith(".jsonl"):
        return "JSON lines"
    whole = _whole_object(path)
    if whole is not None and _column_lists(whole):
        return "JSON columns"
    if whole is not None and not complete:
        raise InputError(
            "the file is one JSON object, not rows",
            path=path,
            fix="Write one object per line, a list of objects, or an object of equally long columns.",
        )
    return "JSON lines"


def json_rows(path: Path, container: str) -> Iterator[Row]:
    """The objects of the file with the lines on which they begin (for columns: with their positions from 1).

    Raises
    ------
    InputError
        If something is not JSON, not an object, or breaks off.
    """
    if container == "JSON list":
        return _list_rows(path)
    return _line_rows(path) if container == "JSON lines" else _column_rows(path)


def _line_rows(path: Path) -> Iterator[Row]:
    decode = _DECODER.decode
    with reading(path), open_bytes(path) as stream:
        for number, line in enumerate(stream, 1):
            if number == 1:
                line = line.removeprefix(UTF8_BOM)
            try:
                row = decode(line)
            except _UNREADABLE:
                if not line.strip():
                    continue
                row = _object(_loads(line, path, number), path, number)
            yield number, row


def _list_rows(path: Path) -> Iterator[Row]:
    with reading(path), open_bytes(path) as stream:
        data = stream.read().removeprefix(UTF8_BOM)
    try:
        raws = _LIST_DECODER.decode(data)
    except _UNREADABLE:
        with reading(path):
            text = data.decode("utf-8")
        yield from _slow_list(text, path)
        return
    position, line = _OPENING.match(data).end(), 1  # type: ignore[union-attr]  # the decoder has seen a list
    line += data.count(b"\n", 0, position)
    for raw in raws:
        start = _BETWEEN.match(data, position).end()  # type: ignore[union-attr]  # it matches the empty string too
        line += data.count(b"\n", position, start)
        position = start + len(memoryview(raw))
        try:
            row = _DECODER.decode(raw)
        except _UNREADABLE:
            with reading(path):
                row = _object(_loads(data[start:position], path, line), path, line)
        yield line, row
        line += data.count(b"\n", start, position)


def _slow_list(text: str, path: Path) -> Iterator[Row]:
    """The list object by object with the standard library, which reads NaN and says where it stumbles."""
    decode = json.JSONDecoder().raw_decode
    position, line, expected = 0, 1, "["
    while True:
        start = _BLANK.match(text, position).end()  # type: ignore[union-attr]  # it matches the empty string too
        line += text.count("\n", position, start)
        mark = text[start : start + 1]
        if expected == ",]" and mark == "]":
            rest = _BLANK.match(text, start + 1).end()  # type: ignore[union-attr]
            if rest == len(text):
                return
            line += text.count("\n", start, rest)
            raise _stumble(text, rest, "something follows the list", path, line)
        if not mark or mark not in expected:
            raise _stumble(text, start, f"expected {' or '.join(expected)}", path, line)
        position = _BLANK.match(text, start + 1).end()  # type: ignore[union-attr]
        line += text.count("\n", start, position)
        if mark == "[" and text.startswith("]", position):
            return
        try:
            row, end = decode(text, position)
        except json.JSONDecodeError as error:
            raise _stumble(text, error.pos, error.msg, path, line + text.count("\n", position, error.pos)) from error
        except (ValueError, RecursionError) as error:
            raise _stumble(text, position, str(error), path, line) from error
        yield line, _object(row, path, line)
        line += text.count("\n", position, end)
        position, expected = end, ",]"


def _column_rows(path: Path) -> Iterator[Row]:
    whole = _whole_object(path)
    names = _column_lists(whole or {})
    if whole is None or not names:
        raise InputError("the file is no object of equally long columns", path=path)
    constants = {name: value for name, value in whole.items() if name not in names}
    for number, cells in enumerate(zip(*(whole[name] for name in names), strict=True), 1):
        yield number, {**constants, **dict(zip(names, cells, strict=True))}


def _whole_object(path: Path) -> dict[str, Any] | None:
    with reading(path), open_bytes(path) as stream:
        data = stream.read().removeprefix(UTF8_BOM)
    try:
        return _DECODER.decode(data)
    except _UNREADABLE:
        try:
            whole = json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError):
            return None
        return whole if isinstance(whole, dict) else None


def _column_lists(whole: dict[str, Any]) -> list[str]:
    """Names of the columns if the object is a table by columns: equally long lists, one of which names the rows."""
    lists = {name: value for name, value in whole.items() if isinstance(value, list)}
    named = [name for name in _ROW_NAMES & set(lists) if not any(isinstance(cell, dict) for cell in lists[name])]
    same_length = len({len(value) for value in lists.values()}) == 1
    nested = any(isinstance(value, dict) for value in whole.values())
    return list(lists) if named and same_length and len(lists) > 1 and not nested else []


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode("utf-8")), dict)
    except (ValueError, RecursionError):
        return False


def _object(row: Any, path: Path, line: int) -> dict[str, Any]:
    if isinstance(row, dict):
        return row
    what = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}.get(type(row), "a number")
    raise InputError(
        f"{what} stands where a row is due", path=path, line=line, fix='Write each row as {"column": value, ...}.'
    )


def _loads(data: bytes, path: Path, line: int) -> Any:
    """Standard-library JSON: slower, but reads NaN, Infinity and lone surrogates, and says where it stumbles."""
    text = data.decode("utf-8")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _stumble(text, error.pos, error.msg, path, line + error.lineno - 1) from error
    except (ValueError, RecursionError) as error:
        raise _stumble(text, 0, str(error), path, line) from error


def _stumble(text: str, position: int, message: str, path: Path, line: int) -> InputError:
    column = position - text.rfind("\n", 0, position)
    if "\0" in text:
        column = (nul := text.index("\0")) - text.rfind("\n", 0, nul)
        fix = "Remove it, or write it as \\u0000 inside a string."
        return InputError(f"NUL byte at character {column:,}", path=path, line=line, fix=fix)
    if position >= len(text.rstrip()) or message.startswith("Unterminated string"):
        fix = "The file may be truncated: write or copy it again, or delete the line."
        return InputError(f"the JSON breaks off at character {column:,} ({message})", path=path, line=line, fix=fix)
    fix = "Write one JSON object per line, or one list of objects."
    return InputError(f"no valid JSON at character {column:,} ({message})", path=path, line=line, fix=fix)
