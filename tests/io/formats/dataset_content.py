"""What a dataset says, free of the order and numbering of its rows: for comparing what was written with what is read.

Also hypothesis strategies for small datasets. They are put together by `DatasetBuilder`, which shares no code with the
table readers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from rewardmeter.dataset import Dataset
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.types import Message


def content(dataset: Dataset) -> dict[str, Any]:
    """Items, responses, judgments and recorded scores by their names and texts."""
    keys = [
        (dataset.item_ids[item], dataset.system_of(j), dataset.response_text[j])
        for j, item in enumerate(dataset.response_item.tolist())
    ]
    return {
        "items": {
            name: (
                (dataset.prompts[i] or None) if dataset.prompts else None,
                tuple(dataset.references[i]) if dataset.references else (),
                frozenset((column, values[i]) for column, values in dataset.columns.items() if values[i] is not None),
            )
            for i, name in enumerate(dataset.item_ids)
        },
        "responses": Counter(keys),
        "ratings": _ratings(dataset, keys),
        "preferences": _preferences(dataset, keys),
        "groups": _groups(dataset, keys),
        "recorded": {
            name: Counter((key, None if math.isnan(v) else v) for key, v in zip(keys, r.values.tolist(), strict=True))
            for name, r in dataset.recorded.items()
            if r.values is not None
        },
    }


def _ratings(dataset: Dataset, keys: list[Any]) -> Counter[Any]:
    r = dataset.ratings
    if r is None:
        return Counter()
    rows = zip(r.response.tolist(), r.rater.tolist(), r.aspect.tolist(), r.value.tolist(), strict=True)
    return Counter((keys[a], r.raters[b] if b >= 0 else None, r.aspects[c], value) for a, b, c, value in rows)


def _preferences(dataset: Dataset, keys: list[Any]) -> Counter[Any]:
    p = dataset.preferences
    if p is None:
        return Counter()
    judges = {name: r for name, r in dataset.recorded.items() if r.first is not None}
    rows = []
    for row, (a, b) in enumerate(zip(p.a.tolist(), p.b.tolist(), strict=True)):
        rater = int(p.rater[row])
        games = [
            (name, kind, float(values[row]))
            for name, r in judges.items()
            for kind, values in (("first", r.first), ("second", r.second))
            if values is not None and not math.isnan(values[row])
        ]
        for name, r in judges.items():
            swapped = None if r.second is None else r.asked if r.asked_second is None else r.asked_second
            asked = (("asked", r.asked), ("asked swapped", swapped))
            games += [(name, kind, 0.0) for kind, marks in asked if marks is not None and marks[row]]
        probability = float(p.probability[row])
        if repr(keys[a]) > repr(keys[b]):  # (a, b, p) and (b, a, 1 - p) say the same
            a, b, probability = b, a, 1 - probability
            games = [(name, kind, -value) for name, kind, value in games]
        who = p.raters[rater] if rater >= 0 else None
        rows.append((keys[a], keys[b], round(probability, 12), who, frozenset(games)))
    return Counter(rows)


def _groups(dataset: Dataset, keys: list[Any]) -> Counter[Any]:
    g = dataset.best_of_k
    if g is None:
        return Counter()
    pairs = [(keys[j], bool(best)) for j, best in zip(g.response.tolist(), g.best.tolist(), strict=True)]
    bounds = g.offsets.tolist()
    return Counter(frozenset(Counter(pairs[a:b]).items()) for a, b in pairwise(bounds))


LETTERS = "abcxyz"
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)
NAMES = st.text(min_size=1, max_size=6).filter(str.strip)
"""Names may hold anything but must not be blank; a name is what JSON, CSV and Parquet all keep."""

HEADINGS = NAMES.map(str.strip).filter(lambda name: name.isprintable())
"""Names of aspects and scorers become headings: the spaces around a heading do not count."""

TEXT = st.text(max_size=12)
CSV_TEXT = TEXT.filter(lambda text: "\0" not in text and not text.startswith("["))
CSV_NAMES = NAMES.filter(lambda text: "\0" not in text)
CHATS = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXT), min_size=1, max_size=3)
SLICES = st.one_of(st.none(), st.sampled_from(["news", "chat", "007"]), st.integers(-5, 5), NUMBERS)


@st.composite
def rated_datasets(draw: st.DrawFn, *, csv: bool = False, one_kind: bool = False) -> Dataset:
    """Items with prompts, references, slices; responses with or without systems and texts; ratings and scores."""
    name, text = (CSV_NAMES, CSV_TEXT) if csv else (NAMES, TEXT)
    slices = st.sampled_from(["news", "chat", "007", None]) if csv or one_kind else SLICES
    chats = CHATS.map(tuple)
    if csv:
        chats = chats.filter(lambda chat: not any("\0" in message.content for message in chat))
    prompts = draw(st.sampled_from([st.none(), text, chats] if one_kind else [st.one_of(st.none(), text, chats)]))
    with_texts, with_systems = draw(st.booleans()), draw(st.booleans())
    aspects = draw(st.lists(HEADINGS, unique=True, max_size=2))
    scorers = draw(st.lists(HEADINGS, unique=True, max_size=2))
    raters = draw(st.lists(name, unique=True, min_size=1, max_size=3))
    builder = DatasetBuilder("made")
    for item_id in draw(st.lists(name, unique=True, min_size=1, max_size=4)):
        item = builder.item(
            item_id,
            prompt=draw(prompts) or None,
            references=draw(st.lists(text, max_size=2)),
            columns={"domain": draw(slices)},
        )
        count = draw(st.integers(1, 3))
        systems = draw(st.lists(name, unique=True, min_size=count, max_size=count))
        texts = draw(st.lists(text, unique=True, min_size=count, max_size=count))
        for j in range(count):
            response = builder.response(
                item, system=systems[j] if with_systems else None, text=texts[j] if with_texts else None
            )
            _judge(draw, builder, response, (aspects, raters if with_texts or with_systems else raters[:1]), scorers)
    return builder.build()


def _judge(
    draw: st.DrawFn, builder: DatasetBuilder, response: int, judges: tuple[list[str], list[str]], scorers: list[str]
) -> None:
    aspects, raters = judges
    for rater in raters:
        for aspect in aspects:
            if draw(st.booleans()):
                builder.rating(response, draw(NUMBERS), rater=rater, aspect=aspect)
    for scorer in scorers:
        builder.score(scorer, response, draw(st.one_of(st.none(), NUMBERS)))


@st.composite
def compared_datasets(draw: st.DrawFn, *, csv: bool = False, decided: bool = False) -> Dataset:
    """Pairs of responses with preferences, raters, and recorded judges."""
    name, text = (CSV_NAMES, CSV_TEXT) if csv else (NAMES, TEXT)
    chats = CHATS.map(tuple)
    if csv:
        chats = chats.filter(lambda chat: not any("\0" in message.content for message in chat))
    raters = draw(st.lists(name, unique=True, max_size=2))
    grades = [0.0, 1.0] if decided else draw(st.sampled_from([[0.0, 0.5, 1.0], [0.25, 0.75, 1.0]]))
    judges = [] if decided else draw(st.lists(HEADINGS, unique=True, max_size=2))
    scorers = draw(st.lists(HEADINGS, unique=True, max_size=2))
    builder = DatasetBuilder("made")
    for item_id in draw(st.lists(name, unique=True, min_size=1, max_size=4)):
        prompt = draw(st.one_of(text, chats)) or "?"
        item = builder.item(item_id, prompt=prompt, references=draw(st.lists(text, max_size=2)))
        texts = draw(st.lists(text, unique=True, min_size=2, max_size=3))
        responses = [builder.response(item, text=one) for one in texts]
        for response in responses:
            for scorer in scorers:
                builder.score(scorer, response, draw(st.one_of(st.none(), NUMBERS)))
        for b in responses[1:]:
            rater = draw(st.sampled_from([None, *raters]))
            pair = builder.preference(responses[0], b, draw(st.sampled_from(grades)), rater=rater)
            for judge in judges[: draw(st.integers(0, 2))]:
                games = [draw(st.sampled_from([1.0, -1.0, 0.0, math.nan])) for _ in range(2)]
                builder.verdict(judge, pair, *games)
    return builder.build()


@st.composite
def grouped_datasets(draw: st.DrawFn, *, csv: bool = False) -> Dataset:
    """Best-of-k groups, one of them with more than two responses."""
    name, text = (CSV_NAMES, CSV_TEXT) if csv else (NAMES, TEXT)
    builder = DatasetBuilder("made")
    for number, item_id in enumerate(draw(st.lists(name, unique=True, min_size=1, max_size=3))):
        item = builder.item(item_id, prompt=draw(text) or "?")
        texts = draw(st.lists(text, unique=True, min_size=3 if not number else 2, max_size=4))
        responses = [builder.response(item, text=one) for one in texts]
        correct = draw(st.integers(1, len(texts) - 1))
        builder.best_of_k(responses, [j < correct for j in range(len(texts))])
        for a in responses[:correct]:
            for b in responses[correct:]:
                builder.preference(a, b, 1.0)
        for response in responses:
            builder.score("rm", response, draw(st.one_of(st.none(), NUMBERS)))
    return builder.build()


Writer = Callable[..., tuple[str, ...]]
