"""What a dataset holds, in lines for a person. Imports `dataset` and `types`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardmeter.dataset import Dataset, Preferences, Ratings, Recorded

__all__ = ["Fact", "describe", "facts"]

_MOST = 8


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a description: what it is about, and what there is."""

    about: str
    text: str


def describe(dataset: Dataset) -> list[str]:
    """The facts as aligned lines, the dataset's name first."""
    found = list(facts(dataset))
    width = max(len(fact.about) for fact in found)
    return [dataset.name, *(f"  {fact.about:<{width}}  {fact.text}" for fact in found)]


def facts(dataset: Dataset) -> Iterator[Fact]:
    """What the dataset holds: where it is from, sizes, gold, slices, recorded scorers, and the notes of its reader."""
    origin = dataset.origin
    if origin.format:
        yield Fact("format", origin.format)
    yield Fact("items", f"{dataset.n_items:,}")
    yield Fact("responses", _responses(dataset))
    if dataset.systems:
        made = " (labels made from the gold)" if origin.systems_from_gold else ""
        yield Fact("systems", f"{len(dataset.systems):,}: {_listed(dataset.systems)}{made}")
    yield Fact("texts", _texts(dataset))
    if origin.gold:
        yield Fact("gold", origin.gold)
    if dataset.ratings is not None:
        yield from _rating_facts(dataset.ratings, dataset.n_responses, origin.default_aspect)
    if dataset.preferences is not None:
        yield Fact("preferences", _preferences(dataset.preferences))
    if dataset.best_of_k is not None:
        sizes = np.diff(dataset.best_of_k.offsets)
        yield Fact("best of k", f"{len(sizes):,} groups of {_span(sizes)} responses")
    if dataset.ratings is None and dataset.preferences is None and dataset.best_of_k is None:
        yield Fact("gold", "none: responses can be scored, but no scorer can be compared with people")
    for name, values in dataset.columns.items():
        yield Fact("slice", f"{name}: {_slice(values)}")
    if dataset.recorded:
        yield Fact("recorded", f"{len(dataset.recorded):,}: {_listed(list(dataset.recorded))}")
        gaps = _gaps(dataset.recorded)
        if gaps:
            yield Fact("", gaps)
    for option, offers in origin.alternatives.items():
        yield Fact(f"--{option}", ", ".join(offers))
    for what, text in (("licence", origin.licence), ("cite", origin.citation), ("path", origin.path)):
        if text:
            yield Fact(what, text)
    for note in origin.notes:
        yield Fact("note", note)


def _responses(dataset: Dataset) -> str:
    sizes = np.diff(dataset.item_start)
    if not len(sizes):
        return f"{dataset.n_responses:,}"
    return f"{dataset.n_responses:,} ({_span(sizes)} per item)"


def _span(sizes: np.ndarray[Any, np.dtype[np.int64]]) -> str:
    low, high = int(sizes.min()), int(sizes.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _texts(dataset: Dataset) -> str:
    known = [text for text in dataset.response_text if text is not None]
    if not known:
        responses = "no responses"
    elif len(known) < dataset.n_responses:
        responses = f"{len(known):,} of {dataset.n_responses:,} responses"
    else:
        responses = "responses"
    empty = sum(not text for text in known)
    if empty:
        responses += f" ({empty:,} empty)"
    prompts = sum(prompt is not None for prompt in dataset.prompts)
    parts = ["no prompts" if not prompts else _share("prompts", prompts, dataset.n_items), responses]
    counts = np.array([len(found) for found in dataset.references], dtype=np.int64)
    if not counts.any():
        parts.append("no references")
    else:
        parts.append(
            f"{_share('references', int(np.count_nonzero(counts)), dataset.n_items)} ({_span(counts)} per item)"
        )
    return ", ".join(parts)


def _share(what: str, count: int, of: int) -> str:
    return what if count == of else f"{what} for {count:,} of {of:,} items"


def _rating_facts(ratings: Ratings, n_responses: int, default: str | None) -> Iterator[Fact]:
    raters = f" by {len(ratings.raters):,} raters" if ratings.raters else ""
    rated = len(np.unique(ratings.response))
    yield Fact("ratings", f"{len(ratings):,}{raters}; {rated:,} of {n_responses:,} responses are rated")
    for index, aspect in enumerate(ratings.aspects):
        rows = ratings.aspect == index
        values = ratings.value[rows]
        if not len(values):
            continue
        mark = " (default)" if aspect == default else ""
        spread = f"{values.min():g} to {values.max():g}, mean {values.mean():.4g}, {len(np.unique(values)):,} values"
        yield Fact("aspect", f"{aspect}{mark}: {len(values):,} ratings, {spread}")


def _preferences(pairs: Preferences) -> str:
    raters = f" by {len(pairs.raters):,} raters" if pairs.raters else ""
    ties = int(np.count_nonzero(pairs.probability == 0.5))
    share = f"{ties / len(pairs):.1%}" if len(pairs) else "none"
    graded = int(np.count_nonzero(~np.isin(pairs.probability, (0.0, 0.5, 1.0))))
    text = f"{len(pairs):,}{raters}; {ties:,} ties ({share})"
    return f"{text}; {graded:,} are probabilities" if graded else text


def _slice(values: Sequence[str | float | None]) -> str:
    known = [value for value in values if value is not None]
    missing = f", {len(values) - len(known):,} missing" if len(known) < len(values) else ""
    counts = Counter(known)
    if known and len(counts) > _MOST and not any(isinstance(value, str) for value in known):
        numbers = np.array(known, dtype=np.float64)
        return f"{numbers.min():g} to {numbers.max():g}, {len(counts):,} values{missing}"
    if len(counts) > _MOST and len(counts) > len(known) / 2:
        return f"{len(counts):,} different values{missing}"
    shown = ", ".join(f"{_short(value)} ({count:,})" for value, count in counts.most_common(_MOST))
    more = f" and {len(counts) - _MOST:,} more" if len(counts) > _MOST else ""
    return f"{shown}{more}{missing}"


def _short(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _gaps(recorded: Mapping[str, Recorded]) -> str:
    """How complete the recorded scorers are."""
    partial = {}
    for name, scorer in recorded.items():
        if scorer.values is not None and len(scorer.values):
            share = float(np.isfinite(scorer.values).mean())
            if share < 1:
                partial[name] = share
    if not partial:
        return ""
    worst = sorted(partial, key=partial.__getitem__)[:3]
    listed = ", ".join(f"{name} {partial[name]:.1%}" for name in worst)
    return f"{len(partial):,} do not score every response (least: {listed})"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
