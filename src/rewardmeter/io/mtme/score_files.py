"""The score files of mt-metrics-eval as arrays. May import `errors`, `types` and `io.textfile`.

``.seg.score`` and ``.sys.score`` hold ``SYSTEM<blank>SCORE`` lines, ``.seg.rating`` holds ``SYSTEM<tab>JSON`` lines.
A segment file has one line per segment and system; systems come in any order, so scores are joined by system and by
position within the system, never by line.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rewardmeter.errors import InputError
from rewardmeter.io.textfile import read_bytes, read_lines
from rewardmeter.types import FloatArray

__all__ = ["SegmentScores", "read_rating_file", "read_segment_scores", "read_system_scores"]


@dataclass(frozen=True)
class SegmentScores:
    """Scores of one file.

    Attributes
    ----------
    by_system:
        float64 (segments,) per system; NaN where the file has ``None`` or NaN.
    failed:
        bool (segments,) for each system that has NaN literally: where.
    """

    by_system: dict[str, FloatArray]
    failed: dict[str, NDArray[np.bool_]]


def read_segment_scores(path: Path, n_segments: int | None, systems: Collection[str] | None = None) -> SegmentScores:
    """One ``.seg.score`` file.

    Parameters
    ----------
    n_segments:
        How many lines each system must have; None takes the number of the first system.
    systems:
        The systems that may occur; None allows any.

    Raises
    ------
    InputError
        For a line without exactly two fields, a score that is no number or is infinite, an unknown system, or a
        system with too few or too many lines; each with the line.
    """
    names, cells = _two_columns(read_bytes(path), path)
    values, bad = _numbers(cells, path)
    rows = _rows_by_system(names)
    scores = SegmentScores({}, {})
    for system, where in rows.items():
        _check_system(system, systems, path, int(where[0]) + 1)
        if n_segments is None:
            n_segments = len(where)
        if len(where) != n_segments:
            raise InputError(
                f"system '{system}' has {len(where):,} scores for {n_segments:,} segments",
                path=path,
                line=int(where[-1]) + 1,
                fix="A segment file has one line per segment and system, 'None' where there is no score.",
            )
        scores.by_system[system] = values[where]
        if np.any(bad[where]):
            scores.failed[system] = bad[where]
    return scores


def read_system_scores(path: Path, systems: Collection[str] | None = None) -> dict[str, float]:
    """One ``.sys.score`` file: a score per system; systems with ``None`` are left out.

    Raises
    ------
    InputError
        As `read_segment_scores`, and for a system that is there twice.
    """
    names, cells = _two_columns(read_bytes(path), path)
    values, _ = _numbers(cells, path)
    scores: dict[str, float] = {}
    for system, where in _rows_by_system(names).items():
        _check_system(system, systems, path, int(where[0]) + 1)
        if len(where) > 1:
            raise InputError(f"system '{system}' has two system scores", path=path, line=int(where[1]) + 1)
        if np.isfinite(values[where[0]]):
            scores[system] = float(values[where[0]])
    return scores


def _check_system(system: str, systems: Collection[str] | None, path: Path, line: int) -> None:
    if systems is not None and system not in systems:
        raise InputError(
            f"unknown system '{system}'", path=path, line=line, fix="Every scored system needs its file of outputs."
        )


def _two_columns(data: bytes, path: Path) -> tuple[list[bytes], list[bytes]]:
    """The two fields of each line."""
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    if data and not data.endswith(b"\n"):
        data += b"\n"
    if data and _one_tab_per_line(data):
        fields = data[:-1].replace(b"\n", b"\t").split(b"\t")
        return fields[0::2], fields[1::2]
    rows = [line.split() for line in data.splitlines()]
    for number, row in enumerate(rows, 1):
        if len(row) != 2:
            raise InputError(
                f"{len(row)} fields where there should be a system and a score",
                path=path,
                line=number,
                fix="Write SYSTEM, a tab, and a number or 'None'.",
            )
    if not rows:
        raise InputError("no scores in the file", path=path, fix="Fetch or copy it again.")
    return [row[0] for row in rows], [row[1] for row in rows]


def _one_tab_per_line(data: bytes) -> bool:
    raw = np.frombuffer(data, dtype=np.uint8)
    ends, tabs = np.flatnonzero(raw == ord("\n")), np.flatnonzero(raw == ord("\t"))
    return len(ends) == len(tabs) and bool(np.all(tabs < ends) and np.all(tabs[1:] > ends[:-1]))


def _numbers(cells: list[bytes], path: Path) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The scores, NaN for ``None``, and where the file said NaN literally."""
    text = np.array(cells)
    absent = text == b"None"
    text[absent] = b"nan"
    try:
        values = text.astype(np.float64)
    except ValueError as error:
        line, cell = next((i, cell) for i, cell in enumerate(cells, 1) if not _is_number(cell))
        raise InputError(
            f"{cell.decode(errors='replace')!r} is no number",
            path=path,
            line=line,
            column="score",
            fix="Write a number, or 'None' where there is no score.",
        ) from error
    if np.any(np.isinf(values)):
        line = int(np.flatnonzero(np.isinf(values))[0]) + 1
        raise InputError(
            "the score is infinite", path=path, line=line, column="score", fix="Write 'None' where scoring failed."
        )
    return values, np.isnan(values) & ~absent


def _is_number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell == b"None"
    return True


def _rows_by_system(names: list[bytes]) -> dict[str, NDArray[np.int64]]:
    """Row numbers of each system, in the order of the file; systems in order of first appearance."""
    column = np.array(names)
    bounds = [0, *(np.flatnonzero(column[1:] != column[:-1]) + 1).tolist(), len(column)]
    runs: dict[bytes, list[NDArray[np.int64]]] = {}
    for start, stop in pairwise(bounds):
        runs.setdefault(names[start], []).append(np.arange(start, stop))
    return {name.decode("utf-8", "replace"): np.concatenate(parts) for name, parts in runs.items()}


class _Span(msgspec.Struct):
    score: float | None = None


class _Rating(msgspec.Struct):
    errors: list[_Span]


def read_rating_file(
    path: Path, n_segments: int | None, systems: Collection[str] | None, rater: str | None
) -> dict[str | None, dict[str, FloatArray]]:
    """One ``.seg.rating`` file: by rater and system, float64 (segments,) of -(sum of the error weights).

    0 is a translation without errors, NaN one that the rater did not see. The rater is the third field where a line
    has one, else ``rater``.

    Raises
    ------
    InputError
        For a line of another shape, a span without a weight, an unknown system or a wrong number of lines.
    """
    decoder = msgspec.json.Decoder(_Rating)
    seen: dict[str, int] = {}
    cells: list[tuple[str | None, str, int, float]] = []
    for number, line in enumerate(read_lines(path), 1):
        fields = line.split("\t")
        if len(fields) not in (2, 3):
            raise InputError(f"{len(fields)} fields where there should be 2 or 3", path=path, line=number)
        if fields[0] not in seen:
            _check_system(fields[0], systems, path, number)
        position = seen.get(fields[0], 0)
        seen[fields[0]] = position + 1
        if fields[1] != "None":
            who = fields[2] if len(fields) == 3 and fields[2] != "None" else rater
            cells.append((who, fields[0], position, _rating(fields[1], decoder, path, number)))
    if not seen:
        raise InputError("no ratings in the file", path=path, fix="Fetch or copy it again.")
    due = n_segments if n_segments is not None else next(iter(seen.values()))
    for system, count in seen.items():
        if count != due:
            raise InputError(f"system '{system}' has {count:,} ratings for {due:,} segments", path=path)
    ratings: dict[str | None, dict[str, FloatArray]] = {}
    for who, system, position, value in cells:
        of_rater = ratings.setdefault(who, {})
        if system not in of_rater:
            of_rater[system] = np.full(due, np.nan)
        of_rater[system][position] = value
    return ratings


def _rating(text: str, decoder: msgspec.json.Decoder[_Rating], path: Path, line: int) -> float:
    try:
        weights = [span.score for span in decoder.decode(text).errors]
    except msgspec.MsgspecError as error:
        raise InputError(f"no JSON of error spans ({error})", path=path, line=line, column="rating") from error
    known = [weight for weight in weights if weight is not None]
    if len(known) < len(weights):
        raise InputError("an error span has no weight", path=path, line=line, column="score")
    return 0.0 - sum(known)
