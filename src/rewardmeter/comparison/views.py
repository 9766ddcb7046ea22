"""What the report draws besides the board: densities, margin histograms and the items of greatest disagreement.

Large data is aggregated here, before it is drawn. May import `types`, `dataset`, `errors` and `stats`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.comparison.board import Board
from rewardmeter.comparison.case import Contender, Gold, gold_of
from rewardmeter.dataset import Dataset
from rewardmeter.stats.catalogue import describe
from rewardmeter.types import FloatArray, Prompt

__all__ = ["board_views"]

BINS = 36
MOST_ITEMS = 80
MOST_RESPONSES = 40
MOST_REFERENCES = 5
MOST_CHARACTERS = 1500


def board_views(dataset: Dataset, contenders: Sequence[Contender], board: Board) -> dict[str, Any]:
    """Plain JSON values for the report: ``agreement``, ``margins``, ``items`` and ``statistics``.

    Texts are cut at 1,500 characters (the fields called ``cut`` hold the full length) and at most 80 items are shown:
    for each scorer those on which it and people disagree most. Disagreement is, with ratings, the mean distance between
    standardised score and standardised rating over an item's responses (both centred by item); with preferences, how
    far the item's worst pair goes against people, in standard deviations of the margin.
    """
    gold = gold_of(dataset, board.gold.get("aspect"))
    by_name = {contender.name: contender for contender in contenders}
    ordered = [by_name[name] for name in board.scorers]
    views: dict[str, Any] = {
        "agreement": {},
        "margins": {},
        "statistics": {
            name: {
                part: getattr(describe(name), part)
                for part in ("label", "definition", "formula", "assumptions", "source", "misleads")
            }
            for name in board.statistic_ids
        },
    }
    apart: dict[str, FloatArray] = {}
    for contender in ordered:
        values = contender.scores.values
        if gold.ratings is not None:
            human = gold.ratings.value
            views["agreement"][contender.name] = _agreement(values, human, dataset.response_item, dataset.n_items)
            apart[contender.name] = _rating_disagreement(values, human, dataset)
        elif gold.pairs is not None:
            signed = _signed_margin(contender, gold)
            views["margins"][contender.name] = _histogram(signed)
            apart[contender.name] = _worst_pair(signed, gold.pairs.item, dataset.n_items)
    views["items"] = _items(dataset, gold, ordered, apart)
    return views


def _agreement(values: FloatArray, human: FloatArray, item: NDArray[np.int32], n: int) -> dict[str, Any] | None:
    both = ~np.isnan(values) & ~np.isnan(human)
    if not np.any(both):
        return None
    x, y, where = human[both], values[both], item[both]
    count = np.bincount(where, minlength=n)[where]
    views: dict[str, Any] = {"pooled": _density(x, y, "human rating", "score")}
    if np.any(count > 1):
        several = count > 1
        views["item"] = _density(
            _centred(x, where, n)[several],
            _centred(y, where, n)[several],
            "human rating − item mean",
            "score − item mean",
        )
    return views


def _centred(values: FloatArray, item: NDArray[np.int32], n: int) -> FloatArray:
    count = np.maximum(np.bincount(item, minlength=n), 1)
    return np.asarray(values - (np.bincount(item, weights=values, minlength=n) / count)[item])


def _density(x: FloatArray, y: FloatArray, x_label: str, y_label: str) -> dict[str, Any]:
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=(_edges(x), _edges(y)))
    return {
        "x": _rounded(x_edges),
        "y": _rounded(y_edges),
        "counts": counts.astype(int).tolist(),
        "x_label": x_label,
        "y_label": y_label,
    }


def _edges(values: FloatArray) -> FloatArray:
    """Bin edges: one bin per value where there are few, else equal widths over the central 99.8 %, open at the ends."""
    distinct = np.unique(values)
    if len(distinct) == 1:
        return np.array([distinct[0] - 0.5, distinct[0] + 0.5])
    if len(distinct) <= BINS // 2:
        middle = (distinct[1:] + distinct[:-1]) / 2
        return np.concatenate([[distinct[0] - (middle[0] - distinct[0])], middle, [2 * distinct[-1] - middle[-1]]])
    low, high = np.quantile(values, [0.001, 0.999])
    if not high > low:
        low, high = distinct[0], distinct[-1]
    edges = np.linspace(low, high, BINS + 1)
    edges[0], edges[-1] = min(edges[0], distinct[0]), max(edges[-1], distinct[-1])
    return edges


def _rounded(values: FloatArray) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _rating_disagreement(values: FloatArray, human: FloatArray, dataset: Dataset) -> FloatArray:
    """(N,) mean distance between standardised score and standardised rating over an item's responses, both centred
    by item where an item has several; NaN where nothing can be said."""
    n, item = dataset.n_items, dataset.response_item
    both = ~np.isnan(values) & ~np.isnan(human)
    x, y, where = values[both], human[both], item[both]
    if len(x) < 2:
        return np.full(n, np.nan)
    count = np.bincount(where, minlength=n)
    if np.max(count) > 1:
        x, y = _centred(x, where, n), _centred(y, where, n)
    spread_x, spread_y = float(np.std(x)), float(np.std(y))
    if spread_x == 0 or spread_y == 0:
        return np.full(n, np.nan)
    gap = np.abs((x - x.mean()) / spread_x - (y - y.mean()) / spread_y)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(count > 0, np.bincount(where, weights=gap, minlength=n) / count, np.nan))


def _signed_margin(contender: Contender, gold: Gold) -> FloatArray:
    """(P,) margin towards the response that people preferred; NaN for human ties and unscored pairs."""
    pairs = gold.pairs
    assert pairs is not None
    values = contender.scores.values
    margin = values[pairs.a] - values[pairs.b]
    if np.all(np.isnan(margin)) and contender.recorded is not None and contender.recorded.first is not None:
        margin = pairs.per_pair(contender.recorded.first)
    side = np.sign(pairs.probability - 0.5)
    return np.where(side == 0, np.nan, margin * side)


def _histogram(signed: FloatArray) -> dict[str, Any] | None:
    known = signed[~np.isnan(signed)]
    if not len(known):
        return None
    reach = float(np.quantile(np.abs(known), 0.995)) or float(np.max(np.abs(known))) or 1.0
    edges = np.linspace(-reach, reach, BINS + 2)
    counts, _ = np.histogram(np.clip(known, -reach, reach), bins=edges)
    return {"edges": _rounded(edges), "counts": counts.astype(int).tolist()}


def _worst_pair(signed: FloatArray, item: NDArray[np.int32], n: int) -> FloatArray:
    """(N,) how far the item's worst pair goes against people, in standard deviations of the margin."""
    out = np.full(n, -np.inf)
    known = ~np.isnan(signed)
    spread = float(np.std(signed[known])) if np.any(known) else 0.0
    if spread > 0:
        np.maximum.at(out, item[known], -signed[known] / spread)
    return np.where(np.isinf(out), np.nan, out)


def _items(
    dataset: Dataset, gold: Gold, contenders: Sequence[Contender], apart: Mapping[str, FloatArray]
) -> list[dict[str, Any]]:
    chosen: dict[int, None] = {}
    for place in range(max(3, MOST_ITEMS // max(1, len(apart)))):
        for far in apart.values():
            order = np.argsort(np.where(np.isnan(far), -np.inf, far))[::-1]
            if place < len(order) and far[order[place]] > 0 and len(chosen) < MOST_ITEMS:
                chosen.setdefault(int(order[place]))
    return [_item(dataset, gold, contenders, apart, index) for index in sorted(chosen)]


def _item(
    dataset: Dataset, gold: Gold, contenders: Sequence[Contender], apart: Mapping[str, FloatArray], index: int
) -> dict[str, Any]:
    start, stop = int(dataset.item_start[index]), int(dataset.item_start[index + 1])
    shown = min(stop, start + MOST_RESPONSES)
    references = [_cut(text) for text in (dataset.references[index] if dataset.references else ())[:MOST_REFERENCES]]
    return {
        "id": dataset.item_ids[index],
        **_prompt(dataset.prompts[index] if dataset.prompts else None),
        "references": [text for text, _ in references],
        "references_cut": [length for _, length in references],
        "columns": {name: cells[index] for name, cells in dataset.columns.items() if cells[index] is not None},
        "responses": [_response(dataset, gold, contenders, j) for j in range(start, shown)],
        "responses_total": stop - start,
        "pairs": _pairs(gold, index, start, shown),
        "disagreement": {name: _number(far[index]) for name, far in apart.items() if not np.isnan(far[index])},
    }


def _prompt(prompt: Prompt | None) -> dict[str, Any]:
    if isinstance(prompt, tuple):
        turns = [(message.role, *_cut(message.content)) for message in prompt]
        return {"prompt": [{"role": role, "content": text, "cut": length} for role, text, length in turns]}
    text, length = _cut(prompt)
    return {"prompt": text, "prompt_cut": length}


def _response(dataset: Dataset, gold: Gold, contenders: Sequence[Contender], index: int) -> dict[str, Any]:
    text, length = _cut(dataset.response_text[index])
    record: dict[str, Any] = {
        "system": dataset.system_of(index),
        "text": text,
        "cut": length,
        "gold": None,
        "ratings": [],
        "scores": {c.name: _number(c.scores.values[index]) for c in contenders},
    }
    if gold.ratings is not None and dataset.ratings is not None:
        record["gold"] = _number(gold.ratings.value[index])
        rows = dataset.ratings.rows(gold.ratings.aspect) & (dataset.ratings.response == index)
        record["ratings"] = [float(value) for value in dataset.ratings.value[rows]]
    return record


def _pairs(gold: Gold, item: int, start: int, stop: int) -> list[dict[str, Any]]:
    if gold.pairs is None:
        return []
    a, b, probability = gold.pairs.a, gold.pairs.b, gold.pairs.probability
    rows = np.flatnonzero((gold.pairs.item == item) & (a < stop) & (b < stop))
    return [{"a": int(a[p]) - start, "b": int(b[p]) - start, "gold": float(probability[p])} for p in rows]


def _cut(text: str | None) -> tuple[str | None, int | None]:
    if text is None or len(text) <= MOST_CHARACTERS:
        return text, None
    return text[:MOST_CHARACTERS], len(text)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.6g}")
