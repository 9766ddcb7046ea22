"""Datasets that are a list of judged pairs: one row, one prompt, two responses, one gold. May import `dataset`.

Rows with the same prompt and columns share an item, so that intervals resampled by item know that they belong together;
every row keeps its own two responses, even where two texts are equal.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rewardmeter.dataset import Dataset, Origin, Preferences, Recorded
from rewardmeter.errors import InputError
from rewardmeter.types import FloatArray, Prompt

__all__ = ["Pair", "SampleItems", "Verdicts", "pairs_dataset"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One judged pair; ``a_is_better`` is 1, 0, or 0.5 for a tie. Texts are None where the data has none."""

    id: str
    a: str | None
    b: str | None
    a_is_better: float
    prompt: Prompt | None = None
    columns: Mapping[str, str | float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What one recorded scorer said about P pairs.

    Attributes
    ----------
    first, second:
        float64 (P,) as in `Recorded`; None where the game was not played.
    scores:
        float64 (P, 2): its score for a and for b; None for a judge without scores.
    asked:
        bool (P,): which pairs it was asked about; None for all.
    """

    first: FloatArray | None = None
    second: FloatArray | None = None
    scores: FloatArray | None = None
    asked: NDArray[np.bool_] | None = None


def pairs_dataset(
    name: str, pairs: Sequence[Pair], recorded: Mapping[str, Verdicts], *, reads: frozenset[str], origin: Origin
) -> Dataset:
    """The dataset of the pairs, with preference row p for pair p.

    An item has the id of its first pair; pairs without a prompt are an item each.

    Raises
    ------
    InputError
        If there is no pair.
    """
    if not pairs:
        raise InputError("the file holds no pair", path=origin.path)
    items, firsts = _items(pairs)
    order = np.argsort(items, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    a = (2 * place).astype(np.int32)
    texts: list[str | None] = [text for row in order for text in (pairs[row].a, pairs[row].b)]
    columns = {column: [pairs[row].columns[column] for row in firsts] for column in pairs[0].columns}
    return Dataset(
        name=name,
        item_ids=[pairs[row].id for row in firsts],
        response_item=np.repeat(items[order], 2).astype(np.int32),
        response_text=texts,
        response_system=np.full(len(texts), -1, dtype=np.int32),
        prompts=[pairs[row].prompt for row in firsts] if pairs[0].prompt is not None else (),
        columns=columns,
        preferences=Preferences(
            a,
            a + np.int32(1),
            np.array([pair.a_is_better for pair in pairs], dtype=np.float64),
            np.full(len(pairs), -1, dtype=np.int32),
        ),
        recorded={judge: _recorded(judge, said, order, reads) for judge, said in recorded.items()},
        origin=origin,
    )


def _items(pairs: Sequence[Pair]) -> tuple[NDArray[np.int64], list[int]]:
    """The item of each pair, and the first pair of each item."""
    index: dict[object, int] = {}
    firsts: list[int] = []
    items = np.empty(len(pairs), dtype=np.int64)
    for row, pair in enumerate(pairs):
        same = row if pair.prompt is None else (pair.prompt, tuple(pair.columns.items()))
        item = items[row] = index.setdefault(same, len(firsts))
        if item == len(firsts):
            firsts.append(row)
    return items, firsts


def _recorded(name: str, said: Verdicts, order: NDArray[np.int64], reads: frozenset[str]) -> Recorded:
    values = None if said.scores is None else said.scores[order].ravel()
    none = np.full(len(order), math.nan)
    first, second = said.first, said.second
    if first is not None or second is not None:
        first, second = none if first is None else first, none if second is None else second
    return Recorded(name, values, first=first, second=second, asked=said.asked, reads=reads)


class SampleItems:
    """Item ids under which every system has one text: a system's second text for a prompt opens a second item.

    Some data holds two samples of one system for one prompt without saying so. Merging them would lose a text, and
    renaming the system would split its strength in two; two items for one prompt lose neither.
    """

    def __init__(self) -> None:
        self._items: dict[Hashable, list[tuple[str, dict[str, str]]]] = {}

    def id_of(self, prompt: Hashable, item_id: str, texts: Mapping[str, str]) -> str:
        """Id of the item for these texts by system; ``item_id`` is used for a prompt that is new."""
        known = self._items.setdefault(prompt, [])
        for found, held in known:
            if all(held.get(system, text) == text for system, text in texts.items()):
                held.update(texts)
                return found
        base = known[0][0] if known else item_id
        new = f"{base}#{len(known) + 1}" if known else base
        known.append((new, dict(texts)))
        return new

    @property
    def split(self) -> int:
        """How many prompts needed more than one item."""
        return sum(len(items) > 1 for items in self._items.values())
