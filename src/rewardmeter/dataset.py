"""`Dataset`: items, responses, human judgments and recorded scores, in columns. Imports only `types` and `errors`.

A million responses are ordinary: everything numeric is an array, texts are one list, and `Item` objects are made
only when a scorer asks for them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.types import FloatArray, IntArray, Item, Prompt, Response, prompt_text

__all__ = ["BestOfK", "Dataset", "Origin", "Preferences", "Ratings", "Recorded", "cell_label"]


@dataclass(frozen=True, eq=False)
class Ratings:
    """Absolute human judgments, one row each.

    Attributes
    ----------
    response:
        int32 (M,): index of the rated response.
    value:
        float64 (M,): the rating, finite; greater is better.
    rater:
        int32 (M,): index into `raters`; -1 where the value is an average or the rater is unknown.
    aspect:
        int32 (M,): index into `aspects`.
    raters, aspects:
        Names. There is always at least one aspect (``"overall"`` where the data names none).
    system_values:
        Published human system scores by aspect and system, where the data has them.
    """

    response: IntArray
    value: FloatArray
    rater: IntArray
    aspect: IntArray
    raters: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ("overall",)
    system_values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = {len(self.response), len(self.value), len(self.rater), len(self.aspect)}
        if len(rows) != 1:
            raise InputError(f"the columns of the ratings have different lengths: {sorted(rows)}")
        if not np.all(np.isfinite(self.value)):
            raise InputError("ratings must be finite", fix="Leave the row out where nothing was rated.")

    def __len__(self) -> int:
        return len(self.value)

    def mean(self, n_responses: int, aspect: str | None = None) -> FloatArray:
        """Mean rating per response over raters, float64 (n_responses,); NaN where nobody rated.

        ``aspect`` None takes the only aspect, and raises `InputError` if there are several.
        """
        rows = self.rows(aspect)
        total = np.bincount(self.response[rows], weights=self.value[rows], minlength=n_responses)
        count = np.bincount(self.response[rows], minlength=n_responses)
        with np.errstate(invalid="ignore"):
            return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def rows(self, aspect: str | None = None) -> NDArray[np.bool_]:
        """Which rows belong to the aspect, bool (M,)."""
        if aspect is None:
            if len(self.aspects) > 1:
                raise InputError(f"there are several aspects; name one of {', '.join(self.aspects)}")
            return np.ones(len(self), dtype=bool)
        if aspect not in self.aspects:
            raise UnknownNameError("aspect", aspect, self.aspects)
        return np.asarray(self.aspect == self.aspects.index(aspect))


@dataclass(frozen=True, eq=False)
class Preferences:
    """Pairwise human judgments, one row per pair and rater.

    Attributes
    ----------
    a, b:
        int32 (P,): indices of the two responses, which must belong to one item.
    probability:
        float64 (P,) in [0, 1]: that ``a`` is better; 1 = a, 0 = b, 0.5 = tie.
    rater:
        int32 (P,): index into `raters`; -1 where unknown or gold by construction.
    """

    a: IntArray
    b: IntArray
    probability: FloatArray
    rater: IntArray
    raters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rows = {len(self.a), len(self.b), len(self.probability), len(self.rater)}
        if len(rows) != 1:
            raise InputError(f"the columns of the preferences have different lengths: {sorted(rows)}")
        with np.errstate(invalid="ignore"):
            inside = (self.probability >= 0) & (self.probability <= 1)
        if not np.all(inside):
            raise InputError(
                f"preference {int(np.flatnonzero(~inside)[0])}: the probability that a is better must lie in [0, 1]"
            )

    def __len__(self) -> int:
        return len(self.probability)


@dataclass(frozen=True, eq=False)
class BestOfK:
    """Groups of responses to one item of which some are correct: best-of-k, one group per row range.

    Attributes
    ----------
    offsets:
        int64 (G + 1,): group g holds positions ``offsets[g]:offsets[g + 1]`` of the two flat arrays.
    response:
        int32: index of the response.
    best:
        bool: whether that response is (one of) the correct one(s).
    """

    offsets: NDArray[np.int64]
    response: IntArray
    best: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if len(self.response) != len(self.best) or len(self.offsets) < 1 or self.offsets[-1] != len(self.response):
            raise InputError("best-of-k groups: offsets, responses and marks do not fit together")

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True, eq=False)
class Recorded:
    """What somebody else's scorer said about this data, as the data carries it.

    Attributes
    ----------
    name:
        The name that the data uses; the board shows it as it is.
    values:
        float64 (R,) per response, NaN where there is none; None for a pure pairwise judge.
    outcomes:
        uint8 (R,) of `Outcome`; derived from `values` (NaN is `MISSING`) when left out.
    system_values:
        Published system-level scores by system name.
    first, second:
        float64 (P,) per preference row: +1 a better, -1 b better, 0 tie, NaN no verdict. ``first`` is the game in
        the order (a, b); ``second`` the game shown as (b, a), already mapped back to the original numbering.
    asked:
        bool (P,): whether the judge was asked about the pair at all; a NaN verdict where it was asked is an answer that
        could not be read. None stands for "wherever there is a verdict".
    asked_second:
        bool (P,): the same for the game with the order swapped; None stands for "as `asked`".
    reads:
        What the scorer read, where the data says so (``{"prompt", "response", "references"}``).
    dollars:
        What it has cost in all, NaN where unknown.
    """

    name: str
    values: FloatArray | None = None
    outcomes: NDArray[np.uint8] | None = None
    system_values: Mapping[str, float] = field(default_factory=dict)
    first: FloatArray | None = None
    second: FloatArray | None = None
    asked: NDArray[np.bool_] | None = None
    asked_second: NDArray[np.bool_] | None = None
    reads: frozenset[str] | None = None
    dollars: float = float("nan")


@dataclass(frozen=True)
class Origin:
    """Where a dataset came from and what was understood of it.

    Attributes
    ----------
    path, format:
        File or folder read, and the name of the format ("ratings table", "mt-metrics-eval", ...).
    gold:
        Who or what judged, in words ("MQM (expert)", "preference of 3 raters", "correct by construction").
    notes:
        One sentence for each thing that was counted, left out or assumed while reading.
    licence, citation:
        As the source states them; empty where it states none.
    alternatives:
        Other golds or references that the source offers, by option ("gold": ("mqm", "da-sqm")).
    default_aspect:
        The aspect to judge against when none is asked for.
    systems_from_gold:
        Whether the systems are labels made from the judgments ("chosen/concise"), and name nobody who wrote anything.
        They tell responses apart; that they go with the gold says nothing of the data.
    """

    path: str = ""
    format: str = ""
    gold: str = ""
    notes: tuple[str, ...] = ()
    licence: str = ""
    citation: str = ""
    alternatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_aspect: str | None = None
    systems_from_gold: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Items with their responses and what people (and recorded scorers) said about them.

    Attributes
    ----------
    name:
        As the user wrote it ("wmt23-mtme:zh-en", "pairs.jsonl").
    item_ids:
        Unique names of the N items.
    response_item:
        int32 (R,): the item of each response, ascending.
    response_text:
        R texts; None where the data carries recorded scores only.
    response_system:
        int32 (R,): index into `systems`; -1 where the system is unknown.
    systems:
        Names of the systems.
    prompts, references:
        One entry per item; empty sequences mean that the data has none.
    columns:
        Slice columns: one value per item (string, number or None).
    ratings, preferences, best_of_k:
        The gold; any of them may be absent.
    recorded:
        Recorded scorers by name, in the order of the data.
    """

    name: str
    item_ids: Sequence[str]
    response_item: IntArray
    response_text: Sequence[str | None]
    response_system: IntArray
    systems: tuple[str, ...] = ()
    prompts: Sequence[Prompt | None] = ()
    references: Sequence[tuple[str, ...]] = ()
    columns: Mapping[str, Sequence[str | float | None]] = field(default_factory=dict)
    ratings: Ratings | None = None
    preferences: Preferences | None = None
    best_of_k: BestOfK | None = None
    recorded: Mapping[str, Recorded] = field(default_factory=dict)
    origin: Origin = field(default_factory=Origin)

    def __post_init__(self) -> None:
        n, r = self.n_items, self.n_responses
        if len(set(self.item_ids)) != n:
            seen: set[str] = set()
            twice = next(x for x in self.item_ids if x in seen or seen.add(x))  # type: ignore[func-returns-value]
            raise InputError(f"item id '{twice}' stands for two different items", fix="Make the ids unique.")
        if len(self.response_text) != r or len(self.response_system) != r:
            raise InputError("the columns of the responses have different lengths")
        if r and (np.any(np.diff(self.response_item) < 0) or self.response_item[0] < 0 or self.response_item[-1] >= n):
            raise InputError("responses must be grouped by item, in the order of the items")
        for what, rows in (("prompts", self.prompts), ("references", self.references), *self.columns.items()):
            if len(rows) not in (0, n):
                raise InputError(f"{what}: {len(rows)} values for {n} items")
        self._check_judgments(r)

    def _check_judgments(self, r: int) -> None:
        if self.ratings is not None and len(self.ratings) and int(self.ratings.response.max()) >= r:
            raise InputError("a rating points at a response that does not exist")
        pairs = self.preferences
        if pairs is not None and len(pairs):
            if max(int(pairs.a.max()), int(pairs.b.max())) >= r:
                raise InputError("a preference points at a response that does not exist")
            apart = self.response_item[pairs.a] != self.response_item[pairs.b]
            if np.any(apart):
                raise InputError(f"preference {int(np.flatnonzero(apart)[0])} compares responses of two items")
        p = len(pairs) if pairs is not None else 0
        for recorded in self.recorded.values():
            verdicts = (recorded.first, recorded.second, recorded.asked, recorded.asked_second)
            for column, rows in ((recorded.values, r), *((verdict, p) for verdict in verdicts)):
                if column is not None and len(column) != rows:
                    raise InputError(f"recorded scorer '{recorded.name}': {len(column)} values where {rows} are due")

    def __repr__(self) -> str:
        """One line; `rewardmeter.io.describe.describe` says more."""
        gold = [
            f"{len(part):,} {name}"
            for name, part in (("ratings", self.ratings), ("preferences", self.preferences), ("groups", self.best_of_k))
            if part is not None
        ]
        systems = f", {len(self.systems):,} systems" if self.systems else ""
        recorded = f", {len(self.recorded):,} recorded scorers" if self.recorded else ""
        return (
            f"Dataset({self.name!r}: {self.n_items:,} items, {self.n_responses:,} responses{systems},"
            f" {', '.join(gold) or 'no judgments'}{recorded})"
        )

    @property
    def n_items(self) -> int:
        """How many items."""
        return len(self.item_ids)

    @property
    def n_responses(self) -> int:
        """How many responses."""
        return len(self.response_item)

    @cached_property
    def item_start(self) -> NDArray[np.int64]:
        """int64 (N + 1,): responses of item i are ``item_start[i]:item_start[i + 1]``."""
        return np.searchsorted(self.response_item, np.arange(self.n_items + 1)).astype(np.int64)

    @property
    def has_texts(self) -> bool:
        """Whether every response carries its text."""
        return self.n_responses > 0 and not any(text is None for text in self.response_text)

    def item(self, index: int) -> Item:
        """Item ``index`` with all its responses, everything that the data knows filled in."""
        start, stop = int(self.item_start[index]), int(self.item_start[index + 1])
        responses = tuple(Response(self.response_text[j] or "", self.system_of(j)) for j in range(start, stop))
        return Item(
            responses,
            self.prompts[index] if self.prompts else None,
            self.references[index] if self.references else (),
            self.item_ids[index],
        )

    def items(self) -> Iterator[Item]:
        """All items in order."""
        return (self.item(index) for index in range(self.n_items))

    def system_of(self, response: int) -> str | None:
        """Name of the system that wrote a response, None where unknown."""
        system = int(self.response_system[response])
        return self.systems[system] if system >= 0 else None

    def with_recorded(self, recorded: Mapping[str, Recorded]) -> Dataset:
        """The same data with more recorded scorers."""
        return replace(self, recorded={**self.recorded, **recorded})

    @cached_property
    def judged_hash(self) -> str:
        """The content hash without recorded scores: equal items, texts and judgments, equal hash."""
        return replace(self, recorded={}).content_hash if self.recorded else self.content_hash

    @cached_property
    def content_hash(self) -> str:
        """32 hexadecimal digits over items, texts, judgments and recorded scores: equal data, equal hash."""
        digest = hashlib.blake2b(digest_size=16)

        def feed(text: str) -> None:
            raw = text.encode("utf-8", "surrogatepass")
            digest.update(len(raw).to_bytes(8, "little") + raw)

        for name in (*self.item_ids, *self.systems):
            feed(name)
        for prompt in self.prompts:
            feed(prompt_text(prompt))
        for references in self.references:
            feed(str(len(references)))
            for reference in references:
                feed(reference)
        for text in self.response_text:
            feed("" if text is None else "1" + text)
        arrays: list[NDArray[np.generic] | None] = [self.response_item, self.response_system]
        if self.ratings is not None:
            arrays += [self.ratings.response, self.ratings.value, self.ratings.rater, self.ratings.aspect]
        if self.preferences is not None:
            arrays += [self.preferences.a, self.preferences.b, self.preferences.probability, self.preferences.rater]
        if self.best_of_k is not None:
            arrays += [self.best_of_k.offsets, self.best_of_k.response, self.best_of_k.best]
        for name, recorded in self.recorded.items():
            feed(name)
            arrays += [recorded.values, recorded.first, recorded.second, recorded.asked, recorded.asked_second]
        for array in arrays:
            digest.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def cell_label(cell: str | float) -> str:
    """What a value of a column is called."""
    return f"{cell:g}" if isinstance(cell, float) else str(cell)
