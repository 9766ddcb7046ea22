"""Rows in, `Dataset` out: the one place where readers put what they have read. May import `types`, `dataset`, `errors`.

Readers call `item`, `response`, `rating`, `preference`, ... in any order; `build` groups responses by item, checks that
nothing contradicts, and makes the columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rewardmeter.dataset import BestOfK, Dataset, Origin, Preferences, Ratings, Recorded
from rewardmeter.errors import InputError
from rewardmeter.types import Outcome, Prompt

__all__ = ["DatasetBuilder"]

Cell = str | float | None


@dataclass
class _Names:
    """Names to small integers, in order of first use."""

    index: dict[str, int] = field(default_factory=dict)

    def of(self, name: str | None) -> int:
        if name is None:
            return -1
        return self.index.setdefault(name, len(self.index))

    def all(self) -> tuple[str, ...]:
        return tuple(self.index)


@dataclass
class _RecordedRows:
    responses: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    outcomes: list[int] = field(default_factory=list)
    pairs: list[int] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    second: list[float] = field(default_factory=list)
    system_values: dict[str, float] = field(default_factory=dict)
    reads: frozenset[str] | None = None


class DatasetBuilder:
    """Collects rows and makes a `Dataset`; every method that adds something returns its index.

    Errors are raised without a place: readers catch `InputError` and raise it again with file and line, or pass
    ``path``/``line`` through `at`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._item_index: dict[str, int] = {}
        self._prompts: list[Prompt | None] = []
        self._references: list[tuple[str, ...]] = []
        self._columns: list[dict[str, Cell]] = []
        self._systems = _Names()
        self._response_index: dict[tuple[int, int, str | None], int] = {}
        self._system_text: dict[tuple[int, int], str | None] = {}
        self._response_item: list[int] = []
        self._response_system: list[int] = []
        self._response_text: list[str | None] = []
        self._raters = _Names()
        self._aspects = _Names()
        self._ratings: list[tuple[int, float, int, int]] = []
        self._preference_raters = _Names()
        self._preferences: list[tuple[int, int, float, int]] = []
        self._groups: list[tuple[list[int], list[bool]]] = []
        self._recorded: dict[str, _RecordedRows] = {}
        self._system_ratings: dict[str, dict[str, float]] = {}

    def item(
        self,
        item_id: str,
        *,
        prompt: Prompt | None = None,
        references: Sequence[str] = (),
        columns: Mapping[str, Cell] | None = None,
    ) -> int:
        """Index of the item, made on first use; later uses may fill in what was missing but not contradict.

        Raises
        ------
        InputError
            If the prompt, references or a slice column differ from what an earlier row said of this item.
        """
        index = self._item_index.get(item_id)
        if index is None:
            index = self._item_index[item_id] = len(self._prompts)
            self._prompts.append(prompt)
            self._references.append(tuple(references))
            self._columns.append(dict(columns or {}))
            return index
        self._merge_item(index, item_id, prompt, tuple(references), columns or {})
        return index

    def _merge_item(
        self, index: int, item_id: str, prompt: Prompt | None, references: tuple[str, ...], columns: Mapping[str, Cell]
    ) -> None:
        if prompt is not None:
            if self._prompts[index] is None:
                self._prompts[index] = prompt
            elif self._prompts[index] != prompt:
                raise InputError(
                    f"item '{item_id}' has two different prompts",
                    column="prompt",
                    fix="Give each prompt its own item id.",
                )
        if references:
            if not self._references[index]:
                self._references[index] = references
            elif self._references[index] != references:
                raise InputError(f"item '{item_id}' has two different sets of references", column="references")
        known = self._columns[index]
        for name, value in columns.items():
            if known.setdefault(name, value) != value:
                raise InputError(
                    f"item '{item_id}' has both {known[name]!r} and {value!r}",
                    column=name,
                    fix="A slice column has one value per item.",
                )

    def response(self, item: int, *, system: str | None = None, text: str | None = None) -> int:
        """Index of the response; the same item, system and text is the same response.

        Raises
        ------
        InputError
            If one system has two different texts for one item.
        """
        key_system = self._systems.of(system)
        if system is not None:
            slot = (item, key_system)
            known = self._system_text.setdefault(slot, text)
            if known != text:
                item_id = next(name for name, index in self._item_index.items() if index == item)
                raise InputError(
                    f"system '{system}' has two different responses to item '{item_id}'",
                    column="response",
                    fix="Give each sample its own system name (for example 'model#1', 'model#2') or its own item id.",
                )
            key: tuple[int, int, str | None] = (item, key_system, None)
        else:
            key = (item, -1, text)
        index = self._response_index.get(key)
        if index is None or (system is None and text is None):
            index = len(self._response_item)
            self._response_index[key] = index
            self._response_item.append(item)
            self._response_system.append(key_system)
            self._response_text.append(text)
        return index

    def rating(self, response: int, value: float, *, rater: str | None = None, aspect: str = "overall") -> None:
        """Add one rating.

        Raises
        ------
        InputError
            If the value is not finite.
        """
        if not math.isfinite(value):
            raise InputError(f"rating {value} is not finite", fix="Leave the cell empty where nothing was rated.")
        self._ratings.append((response, value, self._raters.of(rater), self._aspects.of(aspect)))

    def system_rating(self, system: str, value: float, *, aspect: str = "overall") -> None:
        """Add one published human system score."""
        self._system_ratings.setdefault(aspect, {})[system] = value

    def preference(self, a: int, b: int, probability: float, *, rater: str | None = None) -> int:
        """Add one judged pair: the probability in [0, 1] that a is better (1 = a, 0 = b, 0.5 = tie)."""
        if not 0 <= probability <= 1:
            raise InputError(f"preference {probability} is no probability", fix="Write a, b, tie or 0 to 1.")
        if a == b:
            raise InputError("a pair compares a response with itself")
        self._preferences.append((a, b, float(probability), self._preference_raters.of(rater)))
        return len(self._preferences) - 1

    def best_of_k(self, responses: Sequence[int], best: Sequence[bool]) -> int:
        """Add one best-of-k group: responses of one item and which of them are correct."""
        if len(responses) != len(best) or not any(best) or all(best):
            raise InputError("a best-of-k group needs at least one correct and one wrong response")
        self._groups.append((list(responses), list(best)))
        return len(self._groups) - 1

    def score(self, name: str, response: int, value: float | None, *, outcome: Outcome | None = None) -> None:
        """Add one recorded score; a None or NaN value is missing unless ``outcome`` says otherwise.

        Raises
        ------
        InputError
            If the value is infinite.
        """
        rows = self._recorded.setdefault(name, _RecordedRows())
        number = math.nan if value is None else float(value)
        if math.isinf(number):
            raise InputError(f"score {number} is infinite", column=f"score.{name}", fix="Leave failed scores empty.")
        if outcome is None:
            outcome = Outcome.MISSING if math.isnan(number) else Outcome.SCORED
        rows.responses.append(response)
        rows.values.append(number)
        rows.outcomes.append(outcome)

    def system_score(self, name: str, system: str, value: float) -> None:
        """Add one published system-level score of a recorded scorer."""
        self._recorded.setdefault(name, _RecordedRows()).system_values[system] = value

    def verdict(self, name: str, preference: int, first: float, second: float = math.nan) -> None:
        """Add a recorded judge's verdicts on a pair: +1 a, -1 b, 0 tie, NaN none; ``second`` with the order swapped,
        already mapped back to the original numbering."""
        rows = self._recorded.setdefault(name, _RecordedRows())
        rows.pairs.append(preference)
        rows.first.append(first)
        rows.second.append(second)

    def recorded_reads(self, name: str, reads: Sequence[str]) -> None:
        """Say what a recorded scorer read."""
        self._recorded.setdefault(name, _RecordedRows()).reads = frozenset(reads)

    def build(self, origin: Origin | None = None) -> Dataset:
        """The dataset; responses are grouped by item, in order of first appearance."""
        item_of = np.array(self._response_item, dtype=np.int32)
        order = np.argsort(item_of, kind="stable")
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        names = sorted({name for columns in self._columns for name in columns}) if self._columns else []
        first_seen = {name: i for i, name in enumerate(dict.fromkeys(n for c in self._columns for n in c))}
        names.sort(key=lambda name: first_seen[name])
        return Dataset(
            name=self.name,
            item_ids=list(self._item_index),
            response_item=item_of[order],
            response_text=[self._response_text[i] for i in order],
            response_system=np.array(self._response_system, dtype=np.int32)[order],
            systems=self._systems.all(),
            prompts=self._prompts if any(prompt is not None for prompt in self._prompts) else (),
            references=self._references if any(self._references) else (),
            columns={name: [columns.get(name) for columns in self._columns] for name in names},
            ratings=self._build_ratings(rank),
            preferences=self._build_preferences(rank),
            best_of_k=self._build_groups(rank),
            recorded=self._build_recorded(rank),
            origin=origin or Origin(),
        )

    def _build_ratings(self, rank: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Ratings | None:
        if not self._ratings:
            return None
        response, value, rater, aspect = zip(*self._ratings, strict=True)
        return Ratings(
            rank[np.array(response, dtype=np.int64)],
            np.array(value, dtype=np.float64),
            np.array(rater, dtype=np.int32),
            np.array(aspect, dtype=np.int32),
            self._raters.all(),
            self._aspects.all(),
            self._system_ratings,
        )

    def _build_preferences(self, rank: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Preferences | None:
        if not self._preferences:
            return None
        a, b, probability, rater = zip(*self._preferences, strict=True)
        return Preferences(
            rank[np.array(a, dtype=np.int64)],
            rank[np.array(b, dtype=np.int64)],
            np.array(probability, dtype=np.float64),
            np.array(rater, dtype=np.int32),
            self._preference_raters.all(),
        )

    def _build_groups(self, rank: np.ndarray[tuple[int], np.dtype[np.int32]]) -> BestOfK | None:
        if not self._groups:
            return None
        sizes = [len(responses) for responses, _ in self._groups]
        flat = np.array([r for responses, _ in self._groups for r in responses], dtype=np.int64)
        best = np.array([mark for _, marks in self._groups for mark in marks], dtype=bool)
        return BestOfK(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), rank[flat], best)

    def _build_recorded(self, rank: np.ndarray[tuple[int], np.dtype[np.int32]]) -> dict[str, Recorded]:
        recorded = {}
        for name, rows in self._recorded.items():
            values = outcomes = first = second = asked = None
            if rows.responses:
                where = rank[np.array(rows.responses, dtype=np.int64)]
                values = np.full(len(rank), np.nan)
                values[where] = rows.values
                outcomes = np.full(len(rank), Outcome.MISSING, dtype=np.uint8)
                outcomes[where] = rows.outcomes
            if rows.pairs:
                first, second = np.full((2, len(self._preferences)), np.nan)
                first[rows.pairs], second[rows.pairs] = rows.first, rows.second
                asked = np.zeros(len(self._preferences), dtype=bool)
                asked[rows.pairs] = True
            recorded[name] = Recorded(
                name, values, outcomes, rows.system_values, first, second, asked, reads=rows.reads
            )
        return recorded
