"""Preference rows: a chosen and a rejected response per row, as TRL and RewardBench write them.

May import `types`, `dataset`, `errors` and the other modules of `io`.

Columns: ``prompt`` (also ``question``, ``input``; a text or a chat; may be implicit), ``chosen`` and ``rejected``
(texts, chats, or lists of them: best of k), ``item`` or ``id``, ``reference(s)``, ``rater``, ``chosen_model`` and
``rejected_model``, ``chosen_score.NAME`` and ``rejected_score.NAME`` for recorded scorers. Every other column
(``subset``, ``margin``, ...) is a slice column if it has one value per item.

Result files of RewardBench are read too: ``scores_chosen``/``scores_rejected`` with ``text_chosen``/``text_rejected``,
and ``text``/``scores``/``num_correct`` of version 2, where the first ``num_correct`` texts are the correct ones.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rewardmeter.dataset import BestOfK, Dataset, Origin, Preferences
from rewardmeter.io.formats import cells as cell
from rewardmeter.io.formats.collected import Codes
from rewardmeter.io.formats.columns import Plan, Vocabulary
from rewardmeter.io.formats.comparison import ComparisonCells
from rewardmeter.io.formats.dialogue import compared
from rewardmeter.io.formats.items import ITEM_ROLES
from rewardmeter.io.formats.options import SUBSET_COLUMN, ReadOptions
from rewardmeter.io.formats.responses import ResponseTable
from rewardmeter.io.formats.sides import SideRows
from rewardmeter.io.formats.table import Records, TableRows, dataset_name, sentence
from rewardmeter.io.rows import RowFile, open_rows
from rewardmeter.types import Prompt

__all__ = ["PREFERENCES", "read_preferences", "vocabulary_of"]

_SHARED = {**ITEM_ROLES, "item": ("id",), "prompt": ("question", "input"), "rater": (), "num_correct": ()}
_MODELS = {"chosen_model": (), "rejected_model": ()}
_RESULT = {"results": (), "model": (), "model_type": (), "chat_template": ()}
_SCORES = ("chosen_score", "rejected_score")

PREFERENCES = Vocabulary({**_SHARED, **_MODELS, "chosen": (), "rejected": ()}, _SCORES)
RESULT_PAIRS = Vocabulary(
    {
        **_SHARED,
        **_MODELS,
        **_RESULT,
        "chosen": ("text_chosen",),
        "rejected": ("text_rejected",),
        "scores_chosen": (),
        "scores_rejected": (),
    },
    _SCORES,
)
RESULT_LISTS = Vocabulary({**_SHARED, **_RESULT, "text": (), "scores": ()})


def vocabulary_of(columns: Iterable[str]) -> Vocabulary:
    """The roles that apply: those of a plain file, or of one of the two kinds of result files."""
    present = set(columns)
    if {"scores_chosen", "scores_rejected"} <= present:
        return RESULT_PAIRS
    if {"text", "scores", "num_correct"} <= present and "chosen" not in present:
        return RESULT_LISTS
    return PREFERENCES


def read_preferences(path: str | Path, options: ReadOptions | None = None) -> Dataset:
    """Read preference rows from JSON, CSV, TSV or Parquet.

    Rows with one chosen and one rejected response become preferences. If any row has several, every row becomes a
    best-of-k group, and each chosen response is preferred to each rejected one besides. Rows without ``item`` or
    ``id`` are of one item if their prompts (and subsets) are the same.

    Raises
    ------
    InputError
        With file, line, column and mend.
    UnknownNameError
        If the mapping names a role or column that does not exist.
    """
    options = options or ReadOptions()
    file = open_rows(path)
    reader = _PreferenceRows(options, file.text_cells)
    reader.add_file(file)
    return reader.dataset(file.path, f"preference rows ({file.container})")


@dataclass
class _PreferenceRows(TableRows):
    sides: SideRows = field(init=False)
    _chosen: array[int] = field(default_factory=lambda: array("i"))
    _size: array[int] = field(default_factory=lambda: array("i"))
    _rater: Codes[str] = field(default_factory=Codes)
    _scorer: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sides = SideRows(self.places)

    def vocabulary(self) -> Vocabulary:
        return vocabulary_of(self.columns)

    def add_file(self, file: RowFile) -> None:
        self._scorer = file.path.name.removesuffix(".gz").rsplit(".", 1)[0]
        super().add_file(file)

    def add(self, records: Records, plan: Plan, start: int) -> None:
        if SUBSET_COLUMN in self.columns:
            self.items.split_by = SUBSET_COLUMN
        cells = ComparisonCells(plan, text_cells=self.text_cells, scorer=self._scorer)
        prompts: list[Prompt | None] = []
        for row, record in enumerate(records, start):
            try:
                found = cells.read(record)
                prompt, texts = compared(found.prompt, found.candidates)
            except cell.BadCellError as error:
                raise self.places.error(row, error.problem, column=error.column, fix=error.fix or None) from error
            self.sides.add(row, texts, found.systems)
            for name, values in found.scores:
                self.sides.add_scores(name, values)
            prompts.append(prompt)
            self._chosen.append(found.chosen)
            self._size.append(len(texts))
        self.sides.nan_cells += cells.nan_cells
        self.items.add(records, plan, start=start, prompts=prompts)
        if (rater := plan.single("rater")) is not None:
            self._rater.extend(self.take(records, rater, cell.names, start), before=start)

    def dataset(self, path: Path, format_name: str) -> Dataset:
        self.finished_plan(path)
        items = self.items.finish()
        notes = list(items.notes)
        responses = self.sides.finish(items, notes)
        recorded = self.sides.recorded(responses)
        pairs = self._pairs(responses, notes)
        groups = self._groups(responses)
        understood = (
            f"{len(self.places):,} rows",
            f"{len(items.ids):,} items",
            f"{len(responses):,} responses",
            f"{len(pairs):,} pairs",
            f"{len(groups):,} best-of-k groups" if groups is not None else "",
            f"{len(recorded)} recorded scorers" if recorded else "",
        )
        notes.insert(0, sentence("Preference rows", understood))
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
            preferences=pairs,
            best_of_k=groups,
            recorded=recorded,
            origin=Origin(str(path), format_name, "chosen over rejected", tuple(notes)),
        )

    def _pairs(self, responses: ResponseTable, notes: list[str]) -> Preferences:
        """Every chosen response of a row against every rejected one."""
        chosen, size = np.array(self._chosen, dtype=np.int64), np.array(self._size, dtype=np.int64)
        begin = np.cumsum(size) - size
        rejected = size - chosen
        row = np.repeat(np.arange(len(size)), chosen * rejected)
        within = np.arange(len(row)) - np.repeat(np.cumsum(chosen * rejected) - chosen * rejected, chosen * rejected)
        a = responses.of_row[begin[row] + within // rejected[row]]
        b = responses.of_row[begin[row] + chosen[row] + within % rejected[row]]
        repeated = len(a) - len(np.unique(a.astype(np.int64) * len(responses) + b))
        if repeated:
            notes.append(f"{repeated:,} pairs are judged more than once; each judgment counts.")
        raters = tuple(self._rater.values())
        return Preferences(a, b, np.ones(len(a)), self._rater.codes(len(size))[row], raters)

    def _groups(self, responses: ResponseTable) -> BestOfK | None:
        chosen, size = np.array(self._chosen, dtype=np.int64), np.array(self._size, dtype=np.int64)
        if np.all(size == 2):
            return None
        offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        best = np.arange(offsets[-1]) - np.repeat(offsets[:-1], size) < np.repeat(chosen, size)
        return BestOfK(offsets, responses.of_row, best)
