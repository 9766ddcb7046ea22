"""The parts of one preference row: prompt, candidates, systems and scores. May import `types`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rewardmeter.io.formats import cells as cell
from rewardmeter.io.formats.columns import Plan
from rewardmeter.io.formats.dialogue import Candidate, candidate
from rewardmeter.types import Prompt

__all__ = ["Comparison", "ComparisonCells"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row: candidates, the chosen ones first, with their systems and scores."""

    prompt: Prompt | None
    candidates: list[Candidate]
    chosen: int
    systems: list[str | None]
    scores: list[tuple[str, list[float]]]


class ComparisonCells:
    """Takes comparisons out of records; `nan_cells` counts the score cells that spell NaN out.

    In CSV a cell is read as a list only if the table has a column ``num_correct``, since a response may well begin
    with a bracket.
    """

    def __init__(self, plan: Plan, *, text_cells: bool, scorer: str) -> None:
        self._text_cells, self._scorer = text_cells, scorer
        self.nan_cells = 0
        self._prompt, self._count, self._model = (plan.single(role) for role in ("prompt", "num_correct", "model"))
        self._lists = (plan.single("text"), plan.single("scores"))
        self._candidates = (plan.single("chosen"), plan.single("rejected"))
        self._models = (plan.single("chosen_model"), plan.single("rejected_model"))
        self._result = (plan.single("scores_chosen"), plan.single("scores_rejected"))
        chosen, rejected = plan.families.get("chosen_score", {}), plan.families.get("rejected_score", {})
        names = dict.fromkeys(name for name, _ in [*chosen, *rejected])
        self._scores = {name: (chosen.get((name, None)), rejected.get((name, None))) for name in names}

    def read(self, record: dict[str, Any]) -> Comparison:
        """The comparison that a record holds.

        Raises
        ------
        BadCellError
            With the column, if a cell makes no sense.
        """
        with cell.reading_column(self._prompt or "prompt"):
            prompt = cell.prompt(record.get(self._prompt or ""), text_cells=self._text_cells)
        count = self._number_correct(record)
        if self._lists[0] is not None:
            candidates = self._several(record, self._lists[0])
            self._check_count(count is not None and 0 < count < len(candidates), count, len(candidates))
            chosen = count or 0
        else:
            first, second = (self._several(record, column or "") for column in self._candidates)
            self._check_count(count is None or count == len(first), count, len(first))
            candidates, chosen = first + second, len(first)
        counts = (chosen, len(candidates) - chosen)
        return Comparison(prompt, candidates, chosen, self._systems(record, counts), list(self._found(record, counts)))

    def _check_count(self, fits: bool, count: int | None, found: int) -> None:
        if not fits:
            with cell.reading_column(self._count or "num_correct"):
                raise cell.BadCellError(f"{count} correct responses do not go with the {found} that stand here")

    def _number_correct(self, record: dict[str, Any]) -> int | None:
        with cell.reading_column(self._count or ""):
            text = cell.text_of(record.get(self._count or ""))
            if text and not text.isdecimal():
                raise cell.BadCellError(f"{cell.shown(text)} is no number of responses")
        return int(text) if text else None

    def _cell(self, record: dict[str, Any], column: str) -> Any:
        found = record.get(column)
        if self._text_cells and self._count is not None and isinstance(found, str) and found.startswith("["):
            try:
                return json.loads(found)
            except (ValueError, RecursionError):
                return found
        return found

    def _several(self, record: dict[str, Any], column: str) -> list[Candidate]:
        """One candidate, or several where the cell holds a list of texts or of chats."""
        found = self._cell(record, column)
        with cell.reading_column(column):
            if found == []:
                raise cell.BadCellError("the list of responses is empty", "Give a response, or delete the row.")
            if isinstance(found, list) and not isinstance(found[0], dict):
                return [candidate(one, text_cells=self._text_cells) for one in found]
            return [candidate(found, text_cells=self._text_cells)]

    def _systems(self, record: dict[str, Any], counts: tuple[int, int]) -> list[str | None]:
        systems: list[str | None] = []
        for column, count in zip(self._models, counts, strict=True):
            if column is None:
                systems += [None] * count
                continue
            with cell.reading_column(column):
                systems += [cell.text_of(one) or None for one in self._aligned(record, column, count)]
        return systems

    def _aligned(self, record: dict[str, Any], column: str, count: int) -> list[Any]:
        """The cell as one value per response; an empty one has none for any."""
        found = self._cell(record, column)
        if found is None or found == "":
            return [None] * count
        several = found if isinstance(found, list) else [found]
        if len(several) != count:
            raise cell.BadCellError(f"{len(several)} values for {count} responses", "Give a list with one for each.")
        return several

    def _found(self, record: dict[str, Any], counts: tuple[int, int]) -> Iterator[tuple[str, list[float]]]:
        for name, columns in self._scores.items():
            yield name, self._numbers(record, columns, counts)
        own = str(record.get(self._model) or self._scorer) if self._model is not None else self._scorer
        if any(self._result):
            yield own, self._numbers(record, self._result, counts)
        if self._lists[1] is not None:
            yield own, self._numbers(record, (self._lists[1],), (sum(counts),))

    def _numbers(self, record: dict[str, Any], columns: tuple[str | None, ...], counts: tuple[int, ...]) -> list[float]:
        values: list[float] = []
        for column, count in zip(columns, counts, strict=True):
            with cell.reading_column(column or ""):
                several = self._aligned(record, column or "", count)
                for one in several:
                    value, spelled_nan = cell.score(one)
                    values.append(value)
                    self.nan_cells += spelled_nan
        return values
