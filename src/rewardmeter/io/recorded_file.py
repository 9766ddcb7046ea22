"""Recorded scores from a file beside the data, joined to it by item and system. May import `dataset`, `errors`, `io`.

Three forms are read, plain or gzipped:

- a table (CSV, TSV, JSON lines, Parquet) with columns ``item``, ``system`` and ``score`` or ``score.NAME``;
- the score lines that `rewardmeter score --out` writes (``item``, ``system``, ``scorer``, ``value``, ``outcome``);
- ``NAME.seg.score``: lines ``SYSTEM<tab>SCORE``, the k-th line of a system for the k-th item; such files commonly hold
  more systems than a dataset keeps (references, say), and those are skipped.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.dataset import Dataset, Recorded
from rewardmeter.errors import InputError
from rewardmeter.io.formats.cells import BadCellError, reading_column, score, text_of
from rewardmeter.io.mtme.score_files import read_segment_scores
from rewardmeter.io.rows import open_rows
from rewardmeter.types import FloatArray, Outcome

__all__ = ["RecordedFile", "names_score_file", "read_recorded_file"]

SEGMENT_SCORES = ".seg.score"
TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
OUTCOMES = {outcome.name.lower(): outcome for outcome in Outcome}
FORM = "Write the columns item, system and score (or score.NAME for each scorer)."


def names_score_file(target: str) -> bool:
    """Whether the target of ``recorded:TARGET`` is meant as a file: by its ending, the file need not exist."""
    return target.removesuffix(".gz").lower().endswith((SEGMENT_SCORES, *TABLES))


@dataclass(frozen=True)
class RecordedFile:
    """What a score file says about a dataset.

    Attributes
    ----------
    recorded:
        The scorers of the file by name, with a value or an outcome for every response of the dataset.
    notes:
        One sentence for each thing that was left out.
    """

    recorded: Mapping[str, Recorded]
    notes: tuple[str, ...] = ()


def read_recorded_file(path: str | Path, dataset: Dataset) -> RecordedFile:
    """The scorers of a file, joined to the dataset.

    A scorer is named by its column ``score.NAME`` or by the field ``scorer``; a lone column ``score`` and a segment
    file by the file. Responses that the file leaves out are missing; a score that is spelled NaN has failed.

    Raises
    ------
    InputError
        If the file cannot be read; if a row names an item or system that the data does not have, has no score column,
        no number or an unknown outcome, or scores a response again; if a segment file has no system of the data; or if
        the data has a recorded scorer of that name. With line and column.
    """
    path = Path(path)
    if path.name.removesuffix(".gz").endswith(SEGMENT_SCORES):
        found = _segment_scores(path, dataset)
    else:
        found = RecordedFile(_table(path, dataset))
    for name in found.recorded:
        if name in dataset.recorded:
            raise InputError(
                f"dataset '{dataset.name}' already carries a recorded scorer '{name}'",
                path=path,
                fix="Give the file or its score column another name.",
            )
    return found


def _stem(path: Path) -> str:
    name = path.name.removesuffix(".gz")
    return name.removesuffix(SEGMENT_SCORES) if name.endswith(SEGMENT_SCORES) else Path(name).stem


def _segment_scores(path: Path, dataset: Dataset) -> RecordedFile:
    known = set(dataset.systems)
    scores = read_segment_scores(path, dataset.n_items)
    strange = [system for system in scores.by_system if system not in known]
    if len(strange) == len(scores.by_system):
        raise InputError(
            f"none of its systems is in dataset '{dataset.name}': not '{strange[0]}'{_nearest(strange[0], known)}",
            path=path,
            column="system",
            fix=f"The data's systems: {', '.join(dataset.systems[:8]) or 'none'}.",
        )
    values = np.full(dataset.n_responses, np.nan)
    outcomes = np.full(dataset.n_responses, Outcome.MISSING, dtype=np.uint8)
    for number_of_system, system in enumerate(dataset.systems):
        if system in scores.by_system:
            responses = np.flatnonzero(dataset.response_system == number_of_system)
            items = dataset.response_item[responses]
            values[responses] = scores.by_system[system][items]
            outcomes[responses] = np.where(np.isnan(values[responses]), Outcome.MISSING, Outcome.SCORED)
            if system in scores.failed:
                outcomes[responses[scores.failed[system][items]]] = Outcome.FAILED
    notes = (f"{path.name}: systems that '{dataset.name}' does not hold are skipped: {', '.join(strange)}.",)
    return RecordedFile({_stem(path): Recorded(_stem(path), values, outcomes)}, notes if strange else ())


def _table(path: Path, dataset: Dataset) -> dict[str, Recorded]:
    join = _Join(dataset)
    file = open_rows(path)
    for line, row in file.rows():
        try:
            join.add(row, _stem(path))
        except BadCellError as error:
            raise InputError(error.problem, path=path, line=line, column=error.column, fix=error.fix) from error
    if not join.columns:
        raise InputError("no row with a score", path=path, fix=FORM)
    return join.recorded()


@dataclass
class _Column:
    """What was read of one scorer."""

    values: FloatArray
    outcomes: NDArray[np.uint8]
    taken: dict[tuple[str, str | None], int] = field(default_factory=dict)


class _Join:
    """Puts rows where they belong: by item and system; unnamed responses of an item one after the other."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.columns: dict[str, _Column] = {}
        self.items = set(dataset.item_ids)
        self.places: dict[tuple[str, str | None], list[int]] = {}
        self.of_item: dict[str, list[int]] = {}
        for response, item in enumerate(dataset.response_item.tolist()):
            name = dataset.item_ids[item]
            self.places.setdefault((name, dataset.system_of(response)), []).append(response)
            self.of_item.setdefault(name, []).append(response)

    def add(self, row: Mapping[str, Any], file_name: str) -> None:
        """One row; raises `BadCellError`."""
        with reading_column("item"):
            item = text_of(row.get("item"))
            if not item:
                raise BadCellError("no item", FORM)
            if item not in self.items:
                raise BadCellError(
                    f"item '{item}' is not in dataset '{self.dataset.name}'{_nearest(item, self.items)}",
                    "Use the data's own item ids.",
                )
        system = text_of(row.get("system")) or None
        with reading_column("system"):
            places = self._places(item, system)
        for name, value, outcome, column in _scores_in(row, file_name):
            with reading_column(column):
                self._put(name, (item, system), places, (value, outcome))

    def _places(self, item: str, system: str | None) -> list[int]:
        if (item, system) in self.places:
            return self.places[item, system]
        if system is None and len(self.of_item.get(item, ())) == 1:
            return self.of_item[item]
        if system is None:
            raise BadCellError(f"item '{item}' has several responses; which is meant?", "Fill in the column system.")
        if system not in self.dataset.systems:
            raise BadCellError(
                f"system '{system}' is not in dataset '{self.dataset.name}'{_nearest(system, self.dataset.systems)}",
                "Take its rows out, or load the data with that system.",
            )
        raise BadCellError(f"system '{system}' has no response to item '{item}'", "Take the row out.")

    def _put(self, name: str, key: tuple[str, str | None], places: list[int], scored: tuple[float, Outcome]) -> None:
        n = self.dataset.n_responses
        column = self.columns.get(name)
        if column is None:
            missing = np.full(n, Outcome.MISSING, dtype=np.uint8)
            column = self.columns[name] = _Column(np.full(n, np.nan), missing)
        taken = column.taken.get(key, 0)
        if taken >= len(places):
            raise BadCellError(
                f"scorer '{name}' has scored system '{key[1] or '(unnamed)'}' on item '{key[0]}' before",
                "Keep one score per response.",
            )
        column.taken[key] = taken + 1
        column.values[places[taken]], column.outcomes[places[taken]] = scored

    def recorded(self) -> dict[str, Recorded]:
        return {name: Recorded(name, column.values, column.outcomes) for name, column in self.columns.items()}


def _scores_in(row: Mapping[str, Any], file_name: str) -> Iterator[tuple[str, float, Outcome, str]]:
    """Scorer, value, outcome and column of each score in a row."""
    if "scorer" in row and "value" in row:
        with reading_column("scorer"):
            name = text_of(row["scorer"])
            if not name:
                raise BadCellError("no scorer", FORM)
        value, outcome = _scored(row["value"], "value")
        with reading_column("outcome"):
            outcome = _outcome(row.get("outcome"), value, outcome)
        yield name, value, outcome, "scorer"
        return
    columns = [column for column in row if column == "score" or column.startswith("score.")]
    if not columns:
        raise BadCellError("no column with scores", FORM)
    for column in columns:
        yield column.partition(".")[2] or file_name, *_scored(row[column], column), column


def _scored(cell: Any, column: str) -> tuple[float, Outcome]:
    if cell.__class__ is float and math.isfinite(cell):
        return cell, Outcome.SCORED
    with reading_column(column):
        value, spelled_nan = score(cell)
    if math.isfinite(value):
        return value, Outcome.SCORED
    return math.nan, Outcome.FAILED if spelled_nan else Outcome.MISSING


def _outcome(cell: Any, value: float, default: Outcome) -> Outcome:
    word = text_of(cell)
    if not word:
        return default
    if word not in OUTCOMES:
        raise BadCellError(f"'{word}' is no outcome", f"There are {', '.join(OUTCOMES)}.")
    outcome = OUTCOMES[word]
    if outcome.has_value != math.isfinite(value):
        raise BadCellError(f"outcome '{word}' does not go with the value {value}", "Leave the value out, or mend it.")
    return outcome


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
