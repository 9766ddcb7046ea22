"""What one cell may hold: a text, a name, a number, a prompt, references. May import `types` and `errors`.

Cells come from JSON and Parquet as Python values and from CSV as strings. Each reader here takes a list of cells and
gives a list as long; None and NaN stand for "nothing there". A cell that makes no sense raises `CellError`, which the
caller turns into an `InputError` with file, line and column.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rewardmeter.types import FloatArray, Message, Prompt

__all__ = [
    "BadCellError",
    "CellError",
    "Numbers",
    "chat",
    "chat_of_text",
    "names",
    "numbers",
    "prompt",
    "prompts",
    "reading_column",
    "references",
    "score",
    "shown",
    "text_of",
    "texts",
    "written_prompt",
]

_JSON_FIX = "Write lists into CSV with json.dumps."
MISSING_WORDS = frozenset({"na", "n/a", "none", "null"})
"""Spellings of "nothing there" in number columns, next to the empty cell; case does not matter."""


class CellError(Exception):
    """A cell that cannot be read: its position in the list, what is wrong, and the mend."""

    def __init__(self, position: int, problem: str, fix: str = "") -> None:
        super().__init__(problem)
        self.position, self.problem, self.fix = position, problem, fix


class BadCellError(ValueError):
    """A value that cannot be read, before anybody knows where it stands."""

    def __init__(self, problem: str, fix: str = "") -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix
        self.column: str | None = None


class Numbers(NamedTuple):
    """Numbers of some cells, NaN where there is none, and how many cells spelled NaN out."""

    values: FloatArray
    spelled_nan: int


class reading_column:  # noqa: N801  # read like a sentence: with reading_column(name)
    """Within ``with reading_column(name):`` a `BadCellError` is about this column."""

    def __init__(self, column: str) -> None:
        self.column = column

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BadCellError) and error.column is None:
            error.column = self.column


def _each(cells: Sequence[Any], read: Callable[[Any], Any]) -> list[Any]:
    result = []
    for position, cell in enumerate(cells):
        try:
            result.append(read(cell))
        except BadCellError as error:
            raise CellError(position, error.problem, error.fix) from error
    return result


def shown(value: object) -> str:
    """A value as an error message quotes it: at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def text_of(value: Any) -> str | None:
    """A text; numbers, dates and truth values become their spelling (3.0 becomes 3)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, int | decimal.Decimal | dt.date | dt.time):
        return str(value)
    raise BadCellError(f"{shown(value)} is no text")


def texts(cells: Sequence[Any]) -> list[str | None]:
    """Texts, the empty text included."""
    return _each(cells, lambda cell: cell if cell.__class__ is str else text_of(cell))


def names(cells: Sequence[Any]) -> list[str | None]:
    """Names of items, systems, raters and aspects: an empty one is none."""
    return [cell or None for cell in texts(cells)]


def numbers(cells: Sequence[Any], *, nan_allowed: bool) -> Numbers:
    """Finite numbers; NaN where a cell is empty, null or one of `MISSING_WORDS`.

    A cell that spells NaN out counts as nothing there if ``nan_allowed``, else it is an error; infinities always are.
    Truth values are 1 and 0.
    """
    try:
        values = np.array([math.nan if cell is None or cell == "" else float(cell) for cell in cells])
    except (ValueError, TypeError, OverflowError):
        values = np.array(_each(cells, _number))
    spelled_nan = 0
    for position in np.flatnonzero(~np.isfinite(values)).tolist():
        cell = cells[position]
        if np.isinf(values[position]):
            raise CellError(position, f"{shown(cell)} is not finite", "Leave the cell empty where there is none.")
        if not _nothing(cell):
            spelled_nan += 1
            if not nan_allowed:
                raise CellError(position, f"{shown(cell)} is no rating", "Leave the cell empty where nobody rated.")
    for position, cell in enumerate(cells):
        if cell.__class__ is str and "_" in cell:  # Python would read 1_000 as a thousand
            raise CellError(position, f"{shown(cell)} is no number")
    return Numbers(values, spelled_nan)


def score(cell: Any) -> tuple[float, bool]:
    """One recorded score, as `numbers` reads it, and whether the cell spells NaN out."""
    try:
        read = numbers([cell], nan_allowed=True)
    except CellError as error:
        raise BadCellError(error.problem, error.fix) from error
    return float(read.values[0]), bool(read.spelled_nan)


def prompt(cell: Any, *, text_cells: bool) -> Prompt | None:
    """One prompt: a text or a chat; an empty one is none."""
    if isinstance(cell, list):
        return chat(cell) or None
    text = text_of(cell) or None
    return (chat_of_text(text) or text) if text_cells and text else text


def _nothing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and (not cell.strip() or cell.strip().lower() in MISSING_WORDS))


def _number(cell: Any) -> float:
    if _nothing(cell):
        return math.nan
    if isinstance(cell, list) and len(cell) == 1:
        return _number(cell[0])
    try:
        return float(cell)
    except OverflowError as error:
        raise BadCellError(f"{shown(cell)} is too large for a number") from error
    except (ValueError, TypeError) as error:
        fix = "Leave the cell empty where there is none."
        if isinstance(cell, str) and "," in cell:
            fix = "Write the decimal sign as a point."
        if isinstance(cell, list):
            fix = "Write one row for each number."
        raise BadCellError(f"{shown(cell)} is no number", fix) from error


def content_of(value: Any) -> str:
    """Content of a chat message: a text, or a list of parts of which every one is a text."""
    if value is None:
        return ""
    if isinstance(value, list):
        parts = [part.get("text") if isinstance(part, dict) else part for part in value]
        written = [part for part in parts if isinstance(part, str)]
        if len(written) < len(parts):
            raise BadCellError("a message holds something that is no text (an image or a tool call)")
        return "".join(written)
    return text_of(value) or ""


def chat(value: Any) -> tuple[Message, ...]:
    """A list of ``{"role": ..., "content": ...}`` as messages."""
    if not isinstance(value, list):
        raise BadCellError(f"{shown(value)} is neither a text nor a list of messages")
    messages = []
    for message in value:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str) or "content" not in message:
            raise BadCellError(f"{shown(message)} is no message", 'Write messages as {"role": ..., "content": ...}.')
        messages.append(Message(message["role"], content_of(message["content"])))
    return tuple(messages)


def chat_of_text(text: str) -> tuple[Message, ...] | None:
    """The chat that a CSV cell spells as JSON; None where the cell is an ordinary text.

    Raises
    ------
    BadCellError
        If the cell spells a chat the way Python prints one.
    """
    if text.startswith("[{'") and "'role'" in text:
        raise BadCellError("a chat as Python prints it, not as JSON", _JSON_FIX)
    if not text.startswith("[") or '"role"' not in text:
        return None
    try:
        return chat(json.loads(text)) or None
    except (ValueError, RecursionError):
        return None


def prompts(cells: Sequence[Any], *, text_cells: bool) -> list[Prompt | None]:
    """Prompts: texts or chats; an empty one is none."""
    return _each(cells, lambda one: prompt(one, text_cells=text_cells))


def written_prompt(prompt: Prompt | None) -> Any:
    """A prompt as JSON holds it: the other direction of `prompts`."""
    if prompt is None or isinstance(prompt, str):
        return prompt
    return [{"role": message.role, "content": message.content} for message in prompt]


def references(cells: Sequence[Any], *, text_cells: bool) -> list[tuple[str, ...]]:
    """References: a text is one, a list is several; in CSV a list is spelled as JSON. Nothing is none."""

    def read(cell: Any) -> tuple[str, ...]:
        if text_cells and isinstance(cell, str) and cell.startswith("["):
            try:
                cell = json.loads(cell)
            except (ValueError, RecursionError) as error:
                if cell.endswith("]"):
                    fix = f"{_JSON_FIX} A single text belongs into the column 'reference'."
                    raise BadCellError(f"{shown(cell)} is no JSON list", fix) from error
                return (cell,)
        if cell is None or cell == "":
            return ()
        if not isinstance(cell, list):
            return tuple(filter(None, [text_of(cell)]))
        several = [text_of(part) for part in cell]
        if None in several:
            raise BadCellError("null among the references", "Leave it out of the list.")
        return tuple(text for text in several if text is not None)

    return _each(cells, read)
