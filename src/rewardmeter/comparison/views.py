"""What the report draws besides the board: densities, margin histograms and the items of greatest disagreement.

Large data is aggregated here, before it is drawn. May import `types`, `dataset`, `errors` and `stats`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rewardmeter.comparison.board import Board
from rewardmeter.comparison.case import Case, Contender, make_case
from rewardmeter.dataset import BestOfK, Dataset
from rewardmeter.stats.catalogue import explained
from rewardmeter.stats.verdicts import combine_games
from rewardmeter.types import FloatArray, IntArray, Prompt

__all__ = ["board_views"]

BINS = 36
MOST_ITEMS = 80
MOST_NUMBERS = 60_000
MOST_RESPONSES = 40
MOST_REFERENCES = 5
MOST_CHARACTERS = 1500
VERDICT_EDGES = (-1.5, -0.5, 0.5, 1.5)


def board_views(dataset: Dataset, contenders: Sequence[Contender], board: Board) -> dict[str, Any]:
    """Plain JSON values for the report: ``agreement``, ``margins``, ``items`` and ``statistics``.

    ``margins`` holds a histogram per scorer, by ``kind``: ``"score"`` (score of the response that people prefer minus
    score of the other), ``"verdict"`` (1 for that response, 0 tie, -1 for the other, two games joined as
    `PairEvidence.judged` joins them), ``"best_of_k"`` (best correct score minus best wrong score of a group).

    ``items`` says how many items were ``looked_at`` and holds those ``shown``: for each scorer the ones on which it and
    people disagree most, at most 80 and at most about 60,000 scores and verdicts. The scores of a response stand in the
    order of ``scorers``; the ``judges`` among them judge by verdict, and a pair's ``verdicts`` name each judge that was
    asked (None: its answer could not be read). Texts are cut at 1,500 characters (the fields called ``cut`` hold the
    full length). Disagreement is, with ratings, the mean distance between standardised score and standardised rating
    over an item's responses (both centred by item); else how far the item's worst pair or group goes against people, in
    standard deviations of the margin.
    """
    by_name = {contender.name: contender for contender in contenders}
    case = make_case(dataset, [by_name[name] for name in board.scorers], board.gold.get("aspect"))
    views: dict[str, Any] = {
        "agreement": {},
        "margins": {},
        "statistics": {name: explained(name) for name in board.statistic_ids},
    }
    apart: dict[str, FloatArray] = {}
    if case.gold.ratings is not None:
        human = case.gold.ratings.value
        for name, values in zip(board.scorers, case.values, strict=True):
            views["agreement"][name] = _agreement(values, human, dataset.response_item, dataset.n_items)
            apart[name] = _rating_disagreement(values, human, dataset)
    else:
        for name, margins in zip(board.scorers, _all_margins(case), strict=True):
            views["margins"][name] = _histogram(margins)
            apart[name] = _worst(margins, dataset.n_items)
    views["items"] = _items(case, board.scorers, apart)
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


@dataclass(frozen=True, eq=False)
class _Margins:
    """How far one scorer goes with people, (U,) by pair or group: positive with them, NaN where nothing is to be said;
    and the (U,) item of each."""

    signed: FloatArray
    item: IntArray
    kind: Literal["score", "verdict", "best_of_k"]


def _all_margins(case: Case) -> list[_Margins]:
    """Margins of every scorer: of best-of-k groups where these are the gold, else of pairs."""
    groups, pairs, evidence = case.groups, case.gold.pairs, case.evidence
    if groups is not None:
        return [_Margins(signed, case.group_item, "best_of_k") for signed in _group_margins(case.values, groups)]
    assert pairs is not None
    assert evidence is not None
    side = np.sign(pairs.probability - 0.5)
    side[side == 0] = np.nan
    return [
        _Margins(judged * side, pairs.item, "verdict" if by_verdict else "score")
        for judged, by_verdict in zip(evidence.judged, _judges(case), strict=True)
    ]


def _group_margins(values: FloatArray, groups: BestOfK) -> FloatArray:
    """(K, G) best correct score minus best wrong score; NaN where a response of the group has no score."""
    scores, starts = values[:, groups.response], groups.offsets[:-1]
    correct = np.maximum.reduceat(np.where(groups.best | np.isnan(scores), scores, -np.inf), starts, axis=1)
    wrong = np.maximum.reduceat(np.where(~groups.best | np.isnan(scores), scores, -np.inf), starts, axis=1)
    margin = correct - wrong
    return np.where(np.isinf(margin), np.nan, margin)


def _judges(case: Case) -> NDArray[np.bool_]:
    """(K,) whether recorded verdicts decide the scorer's accuracy."""
    return np.zeros(len(case.values), dtype=bool) if case.evidence is None else case.evidence.by_verdict


def _histogram(margins: _Margins) -> dict[str, Any] | None:
    known = margins.signed[~np.isnan(margins.signed)]
    if not len(known):
        return None
    if margins.kind == "verdict":
        edges = np.array(VERDICT_EDGES)
    else:
        reach = float(np.quantile(np.abs(known), 0.995)) or float(np.max(np.abs(known))) or 1.0
        known = np.clip(known, -reach, reach)
        edges = np.linspace(-reach, reach, BINS + 2)  # an odd number of bins, so that one lies around zero
    counts, _ = np.histogram(known, bins=edges)
    return {"edges": _rounded(edges), "counts": counts.astype(int).tolist(), "kind": margins.kind}


def _worst(margins: _Margins, n: int) -> FloatArray:
    """(N,) how far the item's worst pair or group goes against people, in standard deviations of the margin (in units
    of the margin where all are equal)."""
    out = np.full(n, -np.inf)
    known = ~np.isnan(margins.signed)
    signed = margins.signed[known]
    if len(signed):
        spread = float(np.std(signed)) or float(np.max(np.abs(signed))) or 1.0
        np.maximum.at(out, margins.item[known], -signed / spread)
    return np.where(np.isinf(out), np.nan, out)


@dataclass(frozen=True, eq=False)
class _Browsed:
    """What an item is shown with: the arrays, the scorers in board order, which of them (K,) judge by verdict, how far
    each is from people by item, and which responses are correct (absent: in no best-of-k group)."""

    case: Case
    scorers: Sequence[str]
    judges: NDArray[np.bool_]
    apart: Mapping[str, FloatArray]
    best: Mapping[int, bool]


def _items(case: Case, scorers: Sequence[str], apart: Mapping[str, FloatArray]) -> dict[str, Any]:
    judges = _judges(case)
    known = np.any([~np.isnan(far) for far in apart.values()], axis=0)
    browsed = _Browsed(case, scorers, judges, apart, _best_marks(case))
    return {
        "scorers": list(scorers),
        "judges": [name for name, by_verdict in zip(scorers, judges, strict=True) if by_verdict],
        "looked_at": int(np.sum(known)),
        "shown": [_item(browsed, index) for index in _chosen(browsed)],
    }


def _chosen(browsed: _Browsed) -> list[int]:
    """Items by number: every scorer's worst, then every scorer's second worst, …, until the page has enough."""
    dataset, pairs = browsed.case.dataset, browsed.case.gold.pairs
    numbers = np.minimum(np.diff(dataset.item_start), MOST_RESPONSES) * len(browsed.scorers)
    if pairs is not None:
        numbers = numbers + np.bincount(pairs.item, minlength=dataset.n_items) * np.sum(browsed.judges)
    worst = []
    for far in browsed.apart.values():
        order = np.argsort(np.where(np.isnan(far), np.inf, -far), kind="stable")[:MOST_ITEMS]
        worst.append([int(index) for index in order if far[index] > 0])
    chosen: dict[int, None] = {}
    room = MOST_NUMBERS
    for place in range(max(map(len, worst), default=0)):
        for index in (order[place] for order in worst if place < len(order)):
            if index in chosen:
                continue
            room -= int(numbers[index])
            if chosen and (room < 0 or len(chosen) == MOST_ITEMS):
                return sorted(chosen)
            chosen[index] = None
    return sorted(chosen)


def _best_marks(case: Case) -> dict[int, bool]:
    """Whether a response is correct, by response, for those in a best-of-k group."""
    groups = case.groups
    if groups is None:
        return {}
    marks: dict[int, bool] = {}
    for response, best in zip(groups.response.tolist(), groups.best.tolist(), strict=True):
        marks[response] = marks.get(response, False) or best
    return marks


def _item(browsed: _Browsed, index: int) -> dict[str, Any]:
    dataset = browsed.case.dataset
    start, stop = int(dataset.item_start[index]), int(dataset.item_start[index + 1])
    shown = min(stop, start + MOST_RESPONSES)
    references = [_cut(text) for text in (dataset.references[index] if dataset.references else ())[:MOST_REFERENCES]]
    return {
        "id": dataset.item_ids[index],
        **_prompt(dataset.prompts[index] if dataset.prompts else None),
        "references": [text for text, _ in references],
        "references_cut": [length for _, length in references],
        "columns": {name: cells[index] for name, cells in dataset.columns.items() if cells[index] is not None},
        "responses": [_response(browsed, j) for j in range(start, shown)],
        "responses_total": stop - start,
        "pairs": _pairs(browsed, index, start, shown),
        "disagreement": {name: _number(far[index]) for name, far in browsed.apart.items() if not np.isnan(far[index])},
    }


def _prompt(prompt: Prompt | None) -> dict[str, Any]:
    if isinstance(prompt, tuple):
        turns = [(message.role, *_cut(message.content)) for message in prompt]
        return {"prompt": [{"role": role, "content": text, "cut": length} for role, text, length in turns]}
    text, length = _cut(prompt)
    return {"prompt": text, "prompt_cut": length}


def _response(browsed: _Browsed, index: int) -> dict[str, Any]:
    dataset, ratings = browsed.case.dataset, browsed.case.gold.ratings
    text, length = _cut(dataset.response_text[index])
    record: dict[str, Any] = {
        "system": dataset.system_of(index),
        "text": text,
        "cut": length,
        "gold": None,
        "ratings": [],
        "scores": [_number(value) for value in browsed.case.values[:, index]],
    }
    if ratings is not None and dataset.ratings is not None:
        record["gold"] = _number(ratings.value[index])
        rows = dataset.ratings.rows(ratings.aspect) & (dataset.ratings.response == index)
        record["ratings"] = [float(value) for value in dataset.ratings.value[rows]]
    if index in browsed.best:
        record["best"] = browsed.best[index]
    return record


def _pairs(browsed: _Browsed, item: int, start: int, stop: int) -> list[dict[str, Any]]:
    pairs = browsed.case.gold.pairs
    if pairs is None:
        return []
    rows = np.flatnonzero((pairs.item == item) & (pairs.a < stop) & (pairs.b < stop))
    records: list[dict[str, Any]] = [
        {"a": int(pairs.a[p]) - start, "b": int(pairs.b[p]) - start, "gold": float(pairs.probability[p])} for p in rows
    ]
    if np.any(browsed.judges):
        for record, verdicts in zip(records, _verdicts(browsed, rows), strict=True):
            record["verdicts"] = verdicts
    return records


def _verdicts(browsed: _Browsed, rows: NDArray[np.int64]) -> list[dict[str, float | None]]:
    """By pair, the verdict of every judge that was asked; None for an answer that could not be read."""
    evidence = browsed.case.evidence
    assert evidence is not None
    cells = np.ix_(browsed.judges, rows)
    verdicts = combine_games(evidence.first[cells], evidence.second[cells])
    asked = np.any(evidence.asked[np.ix_(np.arange(2), browsed.judges, rows)], axis=0) | ~np.isnan(verdicts)
    names = [name for name, by_verdict in zip(browsed.scorers, browsed.judges, strict=True) if by_verdict]
    return [{name: _number(verdicts[k, p]) for k, name in enumerate(names) if asked[k, p]} for p in range(len(rows))]


def _cut(text: str | None) -> tuple[str | None, int | None]:
    if text is None or len(text) <= MOST_CHARACTERS:
        return text, None
    return text[:MOST_CHARACTERS], len(text)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.6g}")
