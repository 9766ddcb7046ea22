"""The ratings table: one row per rating, or per response, with any recorded scores beside it.

May import `types`, `dataset`, `errors` and the other modules of `io`.

Columns: ``prompt`` (text or chat), ``response``, ``reference`` or ``references``, ``item``, ``system``, ``rater``,
``rating`` or ``rating.ASPECT`` (``aspect`` names the aspect of ``rating`` row by row), ``score.NAME`` for recorded
scorers (greater is better). All may be mapped. Every other column is a slice column if it has one value per item.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from rewardmeter.dataset import Dataset, Origin, Ratings, Recorded
from rewardmeter.io.formats import cells as cell
from rewardmeter.io.formats.collected import ClashError, Codes, Numeric, agreed, distinct
from rewardmeter.io.formats.columns import Plan, Vocabulary
from rewardmeter.io.formats.items import ITEM_ROLES, ItemTable
from rewardmeter.io.formats.options import ReadOptions
from rewardmeter.io.formats.responses import ResponseTable, ScoreClashError, identify, recorded_scores
from rewardmeter.io.formats.table import Records, TableRows, dataset_name, sentence
from rewardmeter.io.rows import open_rows
from rewardmeter.types import FloatArray, IntArray

__all__ = ["RATINGS", "RatingRows", "read_ratings"]

RATINGS = Vocabulary(
    singles={**ITEM_ROLES, "response": (), "system": (), "rater": (), "aspect": ()},
    families=("rating", "score"),
    bare={"rating": "overall"},
)


def read_ratings(path: str | Path, options: ReadOptions | None = None) -> Dataset:
    """Read a ratings table from JSON, CSV, TSV or Parquet.

    Missing ratings are empty or null. The same rating given twice is kept once, and counted; two different ratings of
    one response by one rater on one aspect are an error, and so are two different scores of one response.

    Raises
    ------
    InputError
        With file, line, column and mend.
    UnknownNameError
        If the mapping names a role or column that does not exist.
    """
    options = options or ReadOptions()
    file = open_rows(path)
    collected = RatingRows(options, file.text_cells)
    collected.add_file(file)
    return collected.dataset(path, f"ratings table ({file.container})")


@dataclass
class RatingRows(TableRows):
    """Rows of one or several ratings tables, collected chunk by chunk and made a `Dataset` at the end."""

    _text: Codes[str] = field(default_factory=Codes)
    _system: Codes[str] = field(default_factory=Codes)
    _rater: Codes[str] = field(default_factory=Codes)
    _aspect: Codes[str] = field(default_factory=Codes)
    _ratings: dict[tuple[str, str | None], Numeric] = field(default_factory=dict)
    _scores: dict[str, Numeric] = field(default_factory=dict)

    def vocabulary(self) -> Vocabulary:
        """The roles of a ratings table."""
        return RATINGS

    def add(self, records: Records, plan: Plan, start: int) -> None:
        """Take in a chunk whose first row is ``start``."""
        self.items.add(records, plan, start=start)
        for role, into, read in (
            ("response", self._text, cell.texts),
            ("system", self._system, cell.names),
            ("rater", self._rater, cell.names),
            ("aspect", self._aspect, cell.names),
        ):
            if (column := plan.single(role)) is not None:
                into.extend(self.take(records, column, read, start), before=start)
        for key, column in plan.families["rating"].items():
            self._add_numbers(self._ratings.setdefault(key, Numeric()), records, column, start, nan_allowed=False)
        for (scorer, _), column in plan.families["score"].items():
            self._add_numbers(self._scores.setdefault(scorer, Numeric()), records, column, start, nan_allowed=True)

    def _add_numbers(self, into: Numeric, records: Records, column: str, start: int, *, nan_allowed: bool) -> None:
        read = self.take(records, column, partial(cell.numbers, nan_allowed=nan_allowed), start)
        into.extend(read.values, before=start)
        into.spelled_nan += read.spelled_nan

    def dataset(self, path: str | Path, format_name: str, more_notes: Iterable[str] = ()) -> Dataset:
        """Everything collected, as a dataset.

        Raises
        ------
        InputError
            If there are no rows, or two rows contradict each other.
        UnknownNameError
            If the mapping names a column that no row has.
        """
        self.finished_plan(path)
        items = self.items.finish()
        responses = self._responses(items)
        notes = list(items.notes)
        ratings = self._build_ratings(responses, notes)
        recorded = self._build_recorded(responses, notes)
        systems = tuple(self._system.values())
        understood = (
            f"{len(self.places):,} rows",
            f"{len(items.ids):,} items",
            f"{len(systems):,} systems" if systems else "",
            f"{len(responses):,} responses",
            _ratings_in_words(ratings),
            f"{len(recorded)} recorded scorers" if recorded else "",
        )
        notes.insert(0, sentence(format_name.partition(" (")[0].capitalize(), understood))
        notes.extend(more_notes)
        return Dataset(
            name=dataset_name(self.options, path),
            item_ids=items.ids,
            response_item=responses.item,
            response_text=responses.text,
            response_system=responses.system,
            systems=systems,
            prompts=items.prompts,
            references=items.references,
            columns=items.columns,
            ratings=ratings,
            recorded=recorded,
            origin=Origin(str(path), format_name, _gold(ratings), tuple(notes)),
        )

    def _responses(self, items: ItemTable) -> ResponseTable:
        system = self._system.codes(len(self.places))
        try:
            return identify(items.of_row, system, self._text)
        except ClashError as clash:
            name = self._system.values()[system[clash.second]]
            item = items.ids[items.of_row[clash.second]]
            raise self.places.error(
                clash.second,
                f"system '{name}' has another response to item '{item}' on {self.places.where(clash.first)}",
                column="response",
                fix="Name samples apart (for example 'model#1', 'model#2'), or give each its own item id.",
            ) from clash

    def _build_ratings(self, responses: ResponseTable, notes: list[str]) -> Ratings | None:
        rows = len(self.places)
        aspects, raters = Codes[str](), Codes[str]()
        row_rater, row_aspect = self._rater.codes(rows), self._aspect.codes(rows)
        raters.index.update(self._rater.index)
        parts = []
        for (aspect, rater), column in self._ratings.items():
            values = column.values(rows)
            given = np.flatnonzero(np.isfinite(values)).astype(np.int32)
            if not len(given):
                notes.append(f"The rating column for '{aspect}' is empty.")
                continue
            in_words = row_aspect if aspect == "overall" and self._aspect.index else None
            aspect_code = self._aspect_codes(aspects, aspect, given, in_words)
            rater_code = row_rater[given]
            if rater is not None:
                rater_code = np.full(len(given), raters.index.setdefault(rater, len(raters.index)), dtype=np.int32)
            parts.append((given, values[given], rater_code, aspect_code))
        if not parts:
            return None
        row, value, rater_code, aspect_code = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(row, kind="stable")
        row, value, rater_code, aspect_code = row[order], value[order], rater_code[order], aspect_code[order]
        keep = self._once(responses.of_row[row], value, rater_code, aspect_code, row=row, notes=notes)
        names = tuple(raters.values())
        return Ratings(
            responses.of_row[row][keep],
            value[keep],
            rater_code[keep],
            aspect_code[keep],
            names,
            tuple(aspects.values()),
        )

    def _aspect_codes(self, aspects: Codes[str], aspect: str, given: IntArray, in_words: IntArray | None) -> IntArray:
        """Aspect of each given rating: the column's, unless the rows name their own."""
        if in_words is None:
            return np.full(len(given), aspects.index.setdefault(aspect, len(aspects.index)), dtype=np.int32)
        for name in self._aspect.values():
            aspects.index.setdefault(name, len(aspects.index))
        own = np.array([aspects.index[name] for name in self._aspect.values()], dtype=np.int32)
        nameless = in_words[given] < 0
        if np.any(nameless):
            raise self.places.error(
                int(given[np.flatnonzero(nameless)[0]]),
                "the rating has no aspect, though the table has a column for it",
                column="aspect",
                fix="Name the aspect in every row.",
            )
        return own[in_words[given]]

    def _once(
        self,
        response: IntArray,
        value: FloatArray,
        rater: IntArray,
        aspect: IntArray,
        *,
        row: IntArray,
        notes: list[str],
    ) -> IntArray:
        """Positions of the ratings without repetitions."""
        n_raters, n_aspects = int(rater.max()) + 2, int(aspect.max()) + 1
        key = (response.astype(np.int64) * n_raters + rater + 1) * n_aspects + aspect
        group, first = distinct(key)
        try:
            agreed(group, value, np.ones(len(value), dtype=bool), len(first))
        except ClashError as clash:
            who = "the same rater" if rater[clash.first] >= 0 else "a nameless rater"
            fix = "Keep one of them." if rater[clash.first] >= 0 else "Add a rater column that tells the raters apart."
            raise self.places.error(
                int(row[clash.second]),
                f"{who} gives {value[clash.second]:g} here and {value[clash.first]:g} on"
                f" {self.places.where(int(row[clash.first]))} to the same response",
                column="rating",
                fix=fix,
            ) from clash
        repeated = len(value) - len(first)
        if repeated:
            notes.append(f"{repeated:,} ratings repeat another row exactly and are counted once.")
        return first

    def _build_recorded(self, responses: ResponseTable, notes: list[str]) -> dict[str, Recorded]:
        rows = len(self.places)
        for name, column in self._scores.items():
            if column.spelled_nan:
                notes.append(f"score {name}: {column.spelled_nan:,} cells are NaN and count as missing.")
        columns = {name: column.values(rows) for name, column in self._scores.items()}
        try:
            return recorded_scores(columns, responses.of_row, len(responses))
        except ScoreClashError as clash:
            first, second = columns[clash.name][clash.first], columns[clash.name][clash.second]
            raise self.places.error(
                clash.second,
                f"the same response has score {second:g} here and {first:g} on {self.places.where(clash.first)}",
                column=f"score.{clash.name}",
                fix="Give each response its own system name or item id (--map item=# makes every row an item).",
            ) from clash


def _gold(ratings: Ratings | None) -> str:
    if ratings is None:
        return ""
    if not ratings.raters:
        return "one rating per response"
    return f"ratings by {len(ratings.raters):,} rater{'s' if len(ratings.raters) > 1 else ''}"


def _ratings_in_words(ratings: Ratings | None) -> str:
    if ratings is None:
        return "no ratings"
    aspects = "" if ratings.aspects == ("overall",) else f" on {', '.join(ratings.aspects)}"
    return f"{len(ratings):,} ratings{aspects}"
