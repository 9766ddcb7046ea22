"""Small data whose texts, gold and scores are known."""

from __future__ import annotations

import numpy as np

from rewardmeter.comparison import Contender
from rewardmeter.dataset import Dataset, Preferences, Ratings
from rewardmeter.types import Scores


def pairs_of(texts, probability, *, prompts=(), items=None):
    """Pairs of texts; one an item, or of the items named."""
    n = len(texts)
    items = np.arange(n) if items is None else np.asarray(items)
    a = np.arange(0, 2 * n, 2, dtype=np.int32)
    return Dataset(
        "made",
        [f"i{i}" for i in range(int(items.max()) + 1)],
        np.repeat(items, 2).astype(np.int32),
        [text for pair in texts for text in pair],
        np.full(2 * n, -1, dtype=np.int32),
        prompts=prompts,
        preferences=Preferences(a, a + 1, np.asarray(probability, dtype=float), np.full(n, -1, np.int32)),
    )


def rated(values, *, texts=None):
    """(systems, items) ratings, NaN where there is none."""
    values = np.asarray(values, dtype=float)
    systems, items = values.shape
    place = np.arange(systems * items, dtype=np.int32)
    item, system = place // systems, place % systems
    flat = values.T.ravel()
    known = ~np.isnan(flat)
    return Dataset(
        "rated",
        [f"i{i}" for i in range(items)],
        item,
        [None] * len(place) if texts is None else list(texts),
        system,
        tuple(f"s{i}" for i in range(systems)),
        ratings=Ratings(
            place[known], flat[known], np.full(int(known.sum()), -1, np.int32), np.zeros(int(known.sum()), np.int32)
        ),
    )


def contender(name, values):
    """Recorded scores."""
    return Contender(name, Scores.from_values(np.asarray(values, dtype=float)), "recorded")


def words(rng, count):
    """Some words."""
    return " ".join(f"w{i}" for i in rng.integers(0, 50, count))
