"""The prompts or the responses of a dataset as texts to compare. May import `shingles` of this folder, `dataset`,
`types`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardmeter.auditing.shingles import normalised
from rewardmeter.dataset import Dataset
from rewardmeter.types import prompt_text

__all__ = ["PARTS", "PartTexts"]

PARTS = ("prompts", "responses")
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PartTexts:
    """The n texts of one part that are long enough.

    Attributes
    ----------
    item:
        (n,) the item of each.
    text:
        (n,) which of `distinct` it is.
    labels:
        (n,) where it stands.
    distinct:
        (D,) different texts, normalised.
    items:
        How many items have such a text.
    skipped:
        How many texts are too short, or unknown.
    """

    item: Places
    text: Places
    labels: Sequence[str]
    distinct: Sequence[str]
    items: int
    skipped: int

    @property
    def n(self) -> int:
        """How many."""
        return len(self.item)

    @property
    def owners(self) -> tuple[Places, Places]:
        """(D,) in how many items each distinct text stands, and the first of them."""
        pairs = np.unique(np.stack([self.text, self.item]), axis=1)
        count = np.bincount(pairs[0], minlength=len(self.distinct))
        return count, pairs[1][np.searchsorted(pairs[0], np.arange(len(self.distinct)))]

    @classmethod
    def of(cls, dataset: Dataset, part: str, shortest: int) -> PartTexts:
        """The prompts or the responses of a dataset."""
        ids = dataset.item_ids
        if part == "prompts":
            texts = [None if prompt is None else prompt_text(prompt) for prompt in dataset.prompts]
            items, labels = np.arange(len(texts), dtype=np.int32), list(ids)
        else:
            texts, items = list(dataset.response_text), dataset.response_item
            place = np.arange(len(texts)) - dataset.item_start[items]
            labels = [f"{ids[i]}#{k}" for i, k in zip(items.tolist(), place.tolist(), strict=True)]
        known: dict[str, int] = {}
        kept, text = [], []
        for row, raw in enumerate(texts):
            shown = normalised(raw) if raw is not None else ""
            if len(shown) >= shortest:
                kept.append(row)
                text.append(known.setdefault(shown, len(known)))
        chosen = np.array(kept, dtype=np.int64)
        item = items[chosen].astype(np.int64)
        where = [labels[row] for row in kept]
        distinct = np.array(text, dtype=np.int64)
        return cls(item, distinct, where, list(known), len(np.unique(item)), len(texts) - len(kept))
