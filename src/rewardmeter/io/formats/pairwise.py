"""The pairwise table: two responses per row and who prefers which, with recorded judges beside it.

May import `types`, `dataset`, `errors` and the other modules of `io`.

Columns: ``prompt``, ``response_a``, ``response_b``, ``preference``, ``rater``, ``system_a``, ``system_b``, ``item``,
``reference(s)``; other columns are slice columns if they have one value per item. ``preference`` is ``a``, ``b`` or
``tie`` (``model_a``/``model_b``, ``response_a``/``response_b`` and ``1``/``2`` are understood too), or in all rows the
probability in [0, 1] that a is better.

Recorded judges: ``verdict.NAME`` is the judge's answer when shown (a, b), ``verdict_swapped.NAME`` its answer when
shown (b, a). Both name the *original* response that it prefers: a judge that answers "the first one" to (b, a) has the
swapped verdict ``b``. ``none`` means that its answer held no verdict, an empty cell that it was not asked in that
order. Recorded scores of the two responses are ``score_a.NAME`` and ``score_b.NAME``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.dataset import Dataset, Origin, Preferences, Recorded
from rewardmeter.io.formats import cells as cell
from rewardmeter.io.formats.collected import Codes, Numeric
from rewardmeter.io.formats.columns import Plan, Vocabulary
from rewardmeter.io.formats.dialogue import candidate, compared
from rewardmeter.io.formats.items import ITEM_ROLES
from rewardmeter.io.formats.options import ReadOptions
from rewardmeter.io.formats.preference_words import UNREADABLE, preferences, verdicts
from rewardmeter.io.formats.sides import SideRows
from rewardmeter.io.formats.table import Records, TableRows, dataset_name, sentence
from rewardmeter.io.rows import open_rows
from rewardmeter.types import FloatArray, Prompt

__all__ = ["PAIRWISE", "read_pairwise"]

PAIRWISE = Vocabulary(
    {
        **ITEM_ROLES,
        "response_a": (),
        "response_b": (),
        "system_a": (),
        "system_b": (),
        "preference": (),
        "rater": (),
    },
    families=("verdict", "verdict_swapped", "score_a", "score_b"),
)


def read_pairwise(path: str | Path, options: ReadOptions | None = None) -> Dataset:
    """Read a pairwise table from JSON, CSV, TSV or Parquet.

    Raises
    ------
    InputError
        With file, line, column and mend.
    UnknownNameError
        If the mapping names a role or column that does not exist.
    """
    options = options or ReadOptions()
    file = open_rows(path)
    reader = _PairwiseRows(options, file.text_cells)
    reader.add_file(file)
    return reader.dataset(file.path, f"pairwise table ({file.container})")


@dataclass
class _PairwiseRows(TableRows):
    sides: SideRows = field(init=False)
    _preference: list[object] = field(default_factory=list)
    _rater: Codes[str] = field(default_factory=Codes)
    _verdicts: dict[tuple[str, str], Numeric] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sides = SideRows(self.places)

    def vocabulary(self) -> Vocabulary:
        return PAIRWISE

    def add(self, records: Records, plan: Plan, start: int) -> None:
        self.items.add(records, plan, start=start, prompts=self._add_sides(records, plan, start))
        if (rater := plan.single("rater")) is not None:
            self._rater.extend(self.take(records, rater, cell.names, start), before=start)
        preference = plan.single("preference")
        self._preference.extend(record.get(preference) if preference is not None else None for record in records)
        for family in ("verdict", "verdict_swapped"):
            for (judge, _), column in plan.families[family].items():
                values = self.take(records, column, verdicts, start)
                self._verdicts.setdefault((judge, family), Numeric()).extend(values, before=start)

    def _add_sides(self, records: Records, plan: Plan, start: int) -> list[Prompt | None]:
        column = plan.single("prompt")
        prompts: list[Prompt | None] = [None] * len(records)
        if column is not None:
            prompts = self.take(records, column, partial(cell.prompts, text_cells=self.text_cells), start)
        sides = [
            _SideColumns(
                plan.single(f"response_{letter}"),
                plan.single(f"system_{letter}"),
                {name: score for (name, _), score in plan.families[f"score_{letter}"].items()},
            )
            for letter in "ab"
        ]
        scorers = dict.fromkeys(name for side in sides for name in side.scores)
        for row, record in enumerate(records, start):
            try:
                prompts[row - start], texts = self._texts(record, prompts[row - start], sides)
                self.sides.add(row, texts, [side.system_in(record) for side in sides])
                for name in scorers:
                    scores = [side.score_in(record, name) for side in sides]
                    self.sides.add_scores(name, [value for value, _ in scores])
                    self.sides.nan_cells += sum(spelled_nan for _, spelled_nan in scores)
            except cell.BadCellError as error:
                raise self.places.error(row, error.problem, column=error.column, fix=error.fix or None) from error
        return prompts

    def _texts(
        self, record: dict[str, Any], prompt: Prompt | None, sides: list[_SideColumns]
    ) -> tuple[Prompt | None, list[str | None]]:
        if any(side.response is None for side in sides):
            return prompt, [None, None]
        candidates = []
        for side in sides:
            with cell.reading_column(side.response or ""):
                candidates.append(candidate(record.get(side.response or ""), text_cells=self.text_cells))
        prompt, texts = compared(prompt, candidates)
        return prompt, list(texts)

    def dataset(self, path: Path, format_name: str) -> Dataset:
        plan = self.finished_plan(path)
        rows = len(self.places)
        items = self.items.finish()
        notes = list(items.notes)
        probability = self._probability(plan, notes)
        judged = np.flatnonzero(np.isfinite(probability))
        if len(judged) < rows:
            notes.append(f"{rows - len(judged):,} rows have no preference and are left out of the pairs.")
        responses = self.sides.finish(items, notes)
        pairs = Preferences(
            responses.of_row[0::2][judged],
            responses.of_row[1::2][judged],
            probability[judged],
            self._rater.codes(rows)[judged],
            tuple(self._rater.values()),
        )
        recorded = self._with_verdicts(self.sides.recorded(responses), judged, rows)
        ties = int(np.count_nonzero(pairs.probability == 0.5))
        understood = (
            f"{rows:,} rows",
            f"{len(items.ids):,} items",
            f"{len(responses):,} responses",
            f"{len(pairs):,} pairs ({ties:,} tied)",
            f"{len(recorded)} recorded scorers" if recorded else "",
        )
        origin = Origin(str(path), format_name, _gold(pairs), (sentence("Pairwise table", understood), *notes))
        return Dataset(
            name=dataset_name(self.options, path),
            item_ids=items.ids,
            response_item=responses.item,
            response_text=responses.text,
            response_system=responses.system,
            systems=self.sides.systems,
            prompts=items.prompts,
            references=items.references,
            columns=items.columns,
            preferences=pairs if len(pairs) else None,
            recorded=recorded,
            origin=origin,
        )

    def _probability(self, plan: Plan, notes: list[str]) -> FloatArray:
        column = plan.single("preference") or "preference"
        spelled = self.places.read(preferences, self._preference, column=column, start=0)
        if spelled.coded:
            notes.append("The preference 1 is read as a (the first response), 2 as b.")
        return spelled.probability

    def _with_verdicts(self, recorded: dict[str, Recorded], judged: NDArray[np.intp], rows: int) -> dict[str, Recorded]:
        together = dict(recorded)
        if not len(judged):
            return together
        for judge in dict.fromkeys(judge for judge, _ in self._verdicts):
            first, asked = self._game(judge, "verdict", judged, rows)
            known = replace(together.get(judge, Recorded(judge)), first=first, asked=asked)
            if (judge, "verdict_swapped") in self._verdicts:
                second, asked_second = self._game(judge, "verdict_swapped", judged, rows)
                known = replace(known, second=second, asked_second=asked_second)
            together[judge] = known
        return together

    def _game(
        self, judge: str, family: str, judged: NDArray[np.intp], rows: int
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """A judge's verdicts in one order, and where it was asked."""
        column = self._verdicts.get((judge, family))
        cells = np.full(len(judged), np.nan) if column is None else column.values(rows)[judged]
        return np.where(cells == UNREADABLE, np.nan, cells), ~np.isnan(cells)


@dataclass(frozen=True, slots=True)
class _SideColumns:
    """The columns of one of the two responses."""

    response: str | None
    system: str | None
    scores: dict[str, str]

    def system_in(self, record: dict[str, Any]) -> str | None:
        if self.system is None:
            return None
        with cell.reading_column(self.system):
            return cell.text_of(record.get(self.system)) or None

    def score_in(self, record: dict[str, Any], name: str) -> tuple[float, bool]:
        column = self.scores.get(name, "")
        with cell.reading_column(column):
            return cell.score(record.get(column))


def _gold(pairs: Preferences) -> str:
    if not pairs.raters:
        return "preferences"
    return f"preferences of {len(pairs.raters):,} rater{'s' if len(pairs.raters) > 1 else ''}"
