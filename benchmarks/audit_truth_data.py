"""Data whose truth is known: responses made by construction, their gold, and the errors of scorers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardmeter.auditing.features import FEATURES, entered, feature_values
from rewardmeter.comparison import Contender
from rewardmeter.dataset import Dataset, Preferences, Ratings
from rewardmeter.types import Scores

__all__ = ["GOLDS", "NOISES", "Made", "Pool", "contenders", "drawn_gold", "made_data", "made_pool", "noise"]

Floats = NDArray[np.float64]

GOLDS = {
    "pairs": "one pair of responses an item, one of them better",
    "ties": "one pair an item, a quarter of them equal",
    "levels": "four responses an item, good or bad, all six pairs compared",
    "ratings": "four responses an item, rated from 1 to 5",
}
NOISES = {
    "normal": "normal",
    "heavy": "Student's t with 3 degrees of freedom",
    "unequal": "normal, and each item adds a liking for length of its own, of mean 0",
}
SHARED = ("levels", "ratings")
"""Golds with several pairs of one response, so that errors are shared within items."""
SHORTEST, LONGEST = 20, 20_000
NAMES = ("Anna Keller", "Tom Baker", "Maria Silva", "Peter Novak", "Laura Rossi", "David Stone")
PLACES = ("Lisbon", "Vienna", "Chicago", "Nairobi", "Osaka", "Prague")
MONTHS = ("January", "March", "April", "June", "August", "October")
SENTENCES = (
    "{name} moved to {place} in {month} {year} and worked there for the city.",
    "The bridge near {place} is {number} km long and was not closed that winter.",
    "There are {number} rooms in the house, and most of them are not used by the owner.",
    "In {year} the market sold {number} kg of apples, which was more than anyone had expected.",
    "It is known that {name} has written about the river and the people who live by it.",
    "You can take the train from {place}, because it is cheaper than the bus.",
    "The letter was sent in {month} {year}, but the answer did not come before the summer.",
    "This means that the price will rise by {number} percent if nothing is done.",
    "For most visitors the garden is the best part of the museum.",
    "She said that the work would take {number} days, and it was finished on time.",
)


@dataclass(frozen=True)
class Pool:
    """Texts by length, and the features of each."""

    texts: Sequence[str]
    features: dict[str, Floats]
    size: Floats

    def of_length(self, length: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
        """(n,) texts of about so many characters, one of the five that come nearest."""
        place = np.searchsorted(self.size, length) + rng.integers(-2, 3, length.size)
        return np.clip(place, 0, len(self.texts) - 1)


@dataclass(frozen=True)
class Made:
    """A data set, the features of its responses, and the gold of each response."""

    dataset: Dataset
    features: dict[str, Floats]
    gold: Floats

    def of(self, feature: str) -> Floats:
        """(R,) values of a feature as they enter a regression."""
        return entered(next(one for one in FEATURES if one.name == feature), self.features[feature])


def made_pool(size: int, rng: np.random.Generator) -> Pool:
    """Texts whose log length covers all that `made_data` asks for. A third have a list, a sixth a heading, a quarter
    bold words, a thirtieth an emoji."""
    spread = np.concatenate([rng.normal(5.3, 0.9, size), rng.uniform(np.log(SHORTEST), np.log(LONGEST), size // 10)])
    target = np.clip(np.exp(spread), SHORTEST, LONGEST)
    texts = sorted((_text(int(n), rng) for n in target), key=len)
    each = np.arange(len(texts), dtype=np.int32)
    data = Dataset("pool", [str(i) for i in each], each, texts, np.full(len(texts), -1, dtype=np.int32))
    return Pool(texts, feature_values(data), np.array([len(text) for text in texts], dtype=np.float64))


def _text(size: int, rng: np.random.Generator) -> str:
    """Sentences of about so many characters, marks included."""
    marks = ""
    if rng.random() < 1 / 6:
        marks += f"## {rng.choice(PLACES)}\n"
    if rng.random() < 1 / 3:
        marks += "\n".join(f"- {word}" for word in rng.choice(PLACES, size=rng.integers(2, 6))) + "\n\n"
    if rng.random() < 1 / 4:
        marks += f"**{rng.choice(NAMES)}**: "
    if rng.random() < 1 / 30:
        marks += "\N{GRINNING FACE} "
    said = [marks]
    length = len(marks)
    while length < size:
        sentence = str(rng.choice(SENTENCES)).format(
            name=rng.choice(NAMES),
            place=rng.choice(PLACES),
            month=rng.choice(MONTHS),
            year=rng.integers(1950, 2020),
            number=rng.integers(12, 900),
        )
        said += [sentence, "\n" if rng.random() < 0.2 else " "]
        length += len(sentence) + 1
    return "".join(said)[: max(size, len(marks) + 5)].strip()


def drawn_gold(gold: str, items: int, rng: np.random.Generator) -> Floats:
    """(R,) of each response, an item's responses beside each other."""
    if gold == "ratings":
        return np.clip(np.round(3 + 1.1 * rng.normal(size=4 * items)), 1, 5)
    if gold == "levels":
        return rng.integers(0, 2, size=4 * items).astype(np.float64)
    side = rng.choice([-0.5, 0.5], size=items)
    if gold == "ties":
        side[rng.random(items) < 0.25] = 0.0
    return np.stack([side, -side], axis=1).ravel()


def made_data(
    pool: Pool,
    gold: str,
    items: int,
    follows: float,
    rng: np.random.Generator,
    *,
    value: Floats | None = None,
    quality: Floats | None = None,
) -> Made:
    """Data of one sort of gold, in which log length goes with the gold at the correlation ``follows``.

    Log length is t-distributed with 3 degrees of freedom given the gold (about 200 characters, standard deviation 0.7),
    so that a few responses are many times as long as most.

    Parameters
    ----------
    value:
        (R,) gold of each response; drawn if None.
    quality:
        (R,) what length goes with; the gold if None.
    """
    value = drawn_gold(gold, items, rng) if value is None else value
    each = value.size // items
    leads = value if quality is None else quality
    wild = rng.standard_t(3, size=value.shape) / np.sqrt(3)
    length = np.exp(5.3 + 0.7 * (follows * (leads - leads.mean()) / leads.std() + np.sqrt(1 - follows**2) * wild))
    chosen = pool.of_length(length, rng)
    nobody = np.full(items * each, -1, dtype=np.int32)
    data = Dataset(
        f"made {gold}",
        [f"i{i}" for i in range(items)],
        np.repeat(np.arange(items, dtype=np.int32), each),
        [pool.texts[i] for i in chosen],
        nobody,
        prompts=[f"What should a visitor know about town {i}?" for i in range(items)],
        preferences=_preferences(value, items, each, rng) if gold != "ratings" else None,
        ratings=_ratings(value) if gold == "ratings" else None,
    )
    return Made(data, {name: values[chosen] for name, values in pool.features.items()}, value)


def _preferences(value: Floats, items: int, each: int, rng: np.random.Generator) -> Preferences:
    """Every pair of an item, in either order."""
    i, j = np.triu_indices(each, 1)
    a, b = ((each * np.arange(items)[:, None] + one).ravel() for one in (i, j))
    turned = rng.random(a.size) < 0.5
    a, b = np.where(turned, b, a).astype(np.int32), np.where(turned, a, b).astype(np.int32)
    return Preferences(a, b, (np.sign(value[a] - value[b]) + 1) / 2, np.full(a.size, -1, dtype=np.int32))


def _ratings(value: Floats) -> Ratings:
    rows = np.arange(value.size, dtype=np.int32)
    return Ratings(rows, value, np.full(value.size, -1, dtype=np.int32), np.zeros(value.size, dtype=np.int32))


def noise(sort: str, made: Made, draws: int, rng: np.random.Generator) -> Floats:
    """(draws, R) errors of scores; of variance 1, but that an item's liking for length comes on top."""
    shape = (draws, made.dataset.n_responses)
    if sort == "heavy":
        return np.asarray(rng.standard_t(3, size=shape) / np.sqrt(3))
    drawn = rng.normal(size=shape)
    if sort == "unequal":
        drawn += rng.normal(size=(draws, made.dataset.n_items))[:, made.dataset.response_item] * made.of("length")
    return drawn


def contenders(scores: Floats) -> list[Contender]:
    """One scorer for each row of (K, R) scores."""
    return [Contender(f"s{k}", Scores.from_values(row)) for k, row in enumerate(scores)]
