"""Which of two responses people prefer, whatever they were asked. May import `comparison`, `dataset`, `errors`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rewardmeter.comparison.case import gold_of
from rewardmeter.comparison.gold import PairGold, pair_gold, preferences_from_ratings
from rewardmeter.dataset import Dataset, Preferences
from rewardmeter.errors import InputError

__all__ = ["judged_pairs", "without_texts"]


def judged_pairs(dataset: Dataset, aspect: str | None = None) -> PairGold:
    """Judged pairs of responses of one item: preferences, else pairs of mean ratings, else best against others.

    Raises
    ------
    InputError
        If no two responses of an item were judged.
    UnknownNameError
        If there is no such aspect.
    """
    gold = gold_of(dataset, aspect)
    if gold.pairs is not None:
        return gold.pairs
    made = preferences_from_ratings(dataset, aspect=gold.ratings.aspect) if gold.ratings else _from_groups(dataset)
    if not len(made.preferences or ()):
        raise InputError(
            f"dataset '{dataset.name}' has no two judged responses to one item",
            fix="An audit of the data asks which of two responses a rule would take: judge two or more of an item.",
        )
    return pair_gold(made)


def without_texts(dataset: Dataset) -> str:
    """Why nothing can be said of the texts; empty where every response has one."""
    if dataset.has_texts:
        return ""
    missing = sum(text is None for text in dataset.response_text)
    if missing in (0, dataset.n_responses):
        return "the data has no texts"
    return f"{missing:,} of {dataset.n_responses:,} responses have no text"


def _from_groups(dataset: Dataset) -> Dataset:
    """Every best response of a group against every other one."""
    groups = dataset.best_of_k
    assert groups is not None  # there is no other gold
    first, second = [], []
    for start, stop in zip(groups.offsets[:-1], groups.offsets[1:], strict=True):
        response, best = groups.response[start:stop], groups.best[start:stop]
        a, b = np.meshgrid(response[best], response[~best], indexing="ij")
        first.append(a.ravel())
        second.append(b.ravel())
    none = np.empty(0, dtype=np.int32)
    a, b = (np.concatenate([none, *part]).astype(np.int32) for part in (first, second))
    made = Preferences(a, b, np.ones(len(a)), np.full(len(a), -1, dtype=np.int32))
    return replace(dataset, preferences=made)
