"""Nested summary scores, as SummEval and REALSumm are kept: one object per summary, its metrics in a tree.

May import `dataset`, `errors` and the other modules of `io`.

A record is ``{"instance_id": ..., "summarizer_id": ..., "metrics": {"rouge-1": {"f1": ...}, ...}}``. A number in the
tree is a recorded scorer, named by its path (``rouge-1_f1``); a list of numbers is what several raters said, and the
path names the aspect. Files of one folder are joined. Texts come from records
``{"instance_id": ..., "source": ..., "references": [...], "systems": {SYSTEM: TEXT}}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.io.formats.options import ReadOptions
from rewardmeter.io.formats.ratings import RatingRows
from rewardmeter.io.rows import Row, open_rows

__all__ = ["is_nested", "nested_files", "read_nested"]

HUMAN_MEASURES = frozenset({"expert", "turker", "litepyramid"})
"""Names at the root of the tree below which numbers come from people."""

_SHAPE = 'A record needs "instance_id" with "summarizer_id" and "metrics", or with "systems".'


def is_nested(record: Mapping[str, Any]) -> bool:
    """Whether a record is one of the two kinds."""
    scores = isinstance(record.get("metrics"), dict) and "summarizer_id" in record
    return "instance_id" in record and (scores or isinstance(record.get("systems"), dict))


def nested_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """The JSON-lines files of a folder that hold nested scores, and those that do not."""
    files = sorted(path for path in folder.iterdir() if path.name.removesuffix(".gz").endswith(".jsonl"))
    fitting = [path for path in files if all(is_nested(record) for _, record in islice(open_rows(path).rows(), 1))]
    return fitting, [path for path in files if path not in fitting]


def read_nested(path: str | Path, options: ReadOptions | None = None) -> Dataset:
    """Read nested scores from a file, or join all such files of a folder.

    Which numbers are human and which are metrics is told by `HUMAN_MEASURES`, by lists (several raters), or by a
    mapping such as ``{"rating": "pyramid_recall"}``.

    Raises
    ------
    InputError
        With file and line, if a record has another shape or two files contradict each other.
    """
    options = options or ReadOptions()
    path = Path(path)
    files, left_out = nested_files(path) if path.is_dir() else ([path], [])
    if not files:
        raise InputError("no file of the folder holds nested scores", path=path, fix=_SHAPE)
    mapped = _mapped(options)
    reader = RatingRows(options)
    for file in files:
        reader.add_rows(file, _flat_rows(file, mapped))
    extra = [f"Left out, because it has another shape: {file.name}." for file in left_out]
    return reader.dataset(path, "nested scores (JSON lines)", extra)


def _mapped(options: ReadOptions) -> frozenset[str]:
    """Names that the mapping gives a part of their own."""
    names: set[str] = set()
    for value in options.mapping.values():
        names.update([value, *value.split("+")] if isinstance(value, str) else value)
    return frozenset(names)


def _flat_rows(path: Path, mapped: frozenset[str]) -> Iterator[Row]:
    for line, record in open_rows(path).rows():
        if not is_nested(record):
            raise InputError("the record has another shape", path=path, line=line, fix=_SHAPE)
        flatten = _flat_texts if "systems" in record else _flat_scores
        try:
            for row in flatten(record, mapped):
                yield line, row
        except _ShapeError as error:
            raise InputError(error.problem, path=path, line=line, column=error.name) from error


class _ShapeError(Exception):
    def __init__(self, name: str, problem: str) -> None:
        super().__init__(problem)
        self.name, self.problem = name, problem


def _flat_scores(record: Mapping[str, Any], mapped: frozenset[str]) -> Iterator[dict[str, Any]]:
    """One row with all single numbers, then one for each rater with that rater's ratings."""
    base = {"item": record["instance_id"], "system": record["summarizer_id"]}
    raters: dict[str, dict[str, Any]] = {}
    row: dict[str, Any] = dict(base)
    seen: set[str] = set()
    for place, value in _leaves(record["metrics"], ()):
        name = "_".join(place)
        if name in seen:
            raise _ShapeError(name, "two metrics of the tree would have this name")
        seen.add(name)
        if isinstance(value, list):
            for number, rating in enumerate(value, 1):
                rater = f"{place[0]}-{number}"
                raters.setdefault(rater, {**base, "rater": rater})[f"rating.{name}"] = rating
        elif name in mapped:
            row[name] = value
        else:
            row[f"{'rating' if place[0] in HUMAN_MEASURES else 'score'}.{name}"] = value
    yield row
    yield from raters.values()


def _leaves(tree: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in tree.items():
        place = (*above, name)
        if isinstance(value, dict):
            if len(place) > 8:
                raise _ShapeError("_".join(place), "the tree of metrics is more than eight levels deep")
            yield from _leaves(value, place)
        else:
            yield place, value


def _flat_texts(record: Mapping[str, Any], _: frozenset[str]) -> Iterator[dict[str, Any]]:
    base: dict[str, Any] = {"item": record["instance_id"]}
    for role, names in (("prompt", ("source", "document")), ("references", ("references", "reference"))):
        found = next((record[name] for name in names if name in record), None)
        if found is not None:
            base[role] = found
    for name, text in record["systems"].items():
        yield {**base, "system": name, "response": text}
