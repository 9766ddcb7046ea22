"""Texts whose parts have effects on a score, cut into pieces for a page. May import `report.shell`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from rewardmeter.report.shell import Json, Record

__all__ = ["attributed", "within_budget"]

MOST_CHARACTERS = 20_000
"""Of one text; the pieces beyond are left out and counted."""
PAGE_BUDGET = 600_000
"""Characters of all texts of a page, each piece counted as so many more."""
PIECE_COSTS = 60


def attributed(record: Record) -> dict[str, Json]:
    """One attribution with its text in pieces.

    Parameters
    ----------
    record:
        ``item``, ``probe``, ``method``, ``text``, ``full``, ``empty`` and ``spans``, a list of ``start``, ``stop``
        (characters of the text), ``effect`` and perhaps ``standard_error``.

    Returns
    -------
    dict
        The same, with ``pieces`` in the place of ``text`` and ``spans``: ``[text]`` where nothing was asked, ``[text,
        effect, standard_error]`` where something was; ``cut`` characters and ``dropped`` spans (outside the text, or
        over another one) are counted.
    """
    text = str(record.get("text") or "")
    given = record.get("spans")
    spans = [one for one in given if isinstance(one, Mapping)] if isinstance(given, Sequence) else []
    pieces: list[list[Json]] = []
    at = dropped = 0
    shown = min(len(text), MOST_CHARACTERS)
    for span in sorted(spans, key=_place):
        start, stop = _place(span)
        if not at <= start < stop <= len(text):
            dropped += 1
            continue
        if start >= shown:
            break
        if start > at:
            pieces.append([text[at:start]])
        pieces.append([text[start:stop], span.get("effect"), span.get("standard_error")])
        at = stop
    if at < shown:
        pieces.append([text[at:shown]])
    kept = {name: record.get(name) for name in ("item", "probe", "method", "full", "empty")}
    return {**kept, "pieces": pieces, "cut": len(text) - max(at, shown), "dropped": dropped}


def _place(span: Record) -> tuple[int, int]:
    start, stop = span.get("start"), span.get("stop")
    return (start, stop) if isinstance(start, int) and isinstance(stop, int) else (-1, -1)


def within_budget(
    by_scorer: Sequence[Sequence[dict[str, Json]]], budget: int = PAGE_BUDGET
) -> list[list[dict[str, Json]]]:
    """What a page has room for: the first text of every scorer, then the second of every one, until it is full."""
    kept: list[list[dict[str, Json]]] = [[] for _ in by_scorer]
    spent = 0
    for turn in zip_longest(*by_scorer):
        for place, one in enumerate(turn):
            if one is None:
                continue
            spent += _cost(one)
            if spent > budget:
                return kept
            kept[place].append(one)
    return kept


def _cost(one: Record) -> int:
    pieces = one["pieces"]
    assert isinstance(pieces, list)
    return sum(len(text) + PIECE_COSTS for text, *_ in pieces)
