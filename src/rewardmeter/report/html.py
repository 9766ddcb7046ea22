"""The report as one HTML file that opens from disk: no network, no library, light and dark, phone and paper.

Python checks the input, names the statistics and writes what needs no script (the answer, the method); the scripts in
`page/` draw the rest from JSON blocks that the file carries. May import `report.shell`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rewardmeter.report.files import write_text
from rewardmeter.report.shell import (
    NUMBERS,
    Json,
    Record,
    checked_rows,
    described,
    json_block,
    plain_record,
    primary_of,
    rendered,
)

__all__ = ["render", "write"]

_SCRIPTS = (
    "core.js",
    "marks.js",
    "axis.js",
    "board.js",
    "controls.js",
    "plots.js",
    "agreement.js",
    "slices.js",
    "item.js",
    "items.js",
    "page.js",
)


def render(board: Record, views: Record | None = None) -> str:
    """The report of one board as a self-contained page.

    Parameters
    ----------
    board:
        What ``board.json`` holds. Needed are ``dataset.name`` and ``board``, a list of rows, each with a ``scorer``
        (unique) and ``statistics`` (``{id: {"value", "low", "high", "n", "method", ...}}``, ``None`` or NaN where
        undefined). Everything else is shown where present.
    views:
        What the plots need, none of it required: ``agreement`` and ``margins`` (counts by scorer), ``items``
        (``shown``: texts and scores of the items to browse, with ``scorers`` for the order of the scores) and
        ``statistics`` (``{id: {"label", "definition", ...}}``; an id that is
        not named there gets a label made from the id).

    Returns
    -------
    str
        HTML. Texts of the data appear in it only as text: a content security policy lets the page run its own script
        (named by hash) and load nothing. The JSON block ``data-board`` holds the board as it came in.

    Raises
    ------
    InputError
        If a needed part is absent, a scorer's name occurs twice, or a statistic is neither a number nor ``None``.
    """
    record, shown = plain_record(board, "board"), plain_record(views or {}, "views")
    rows = checked_rows(record)
    statistics = described(rows, record, shown.get("statistics"))
    blocks: dict[str, Json] = {"board": record}
    blocks["statistics"] = [{"id": name, **entry} for name, entry in statistics.items()]
    blocks |= {name: view for name in ("agreement", "margins") if (view := _kept(shown.get(name)))}
    items = shown.get("items")
    if isinstance(items, Mapping) and items.get("shown"):
        blocks["items"] = items
    return rendered(
        "board.html.j2",
        styles=("page.css",),
        scripts=_SCRIPTS,
        board=record,
        rows=rows,
        statistics=statistics,
        primary=primary_of(rows, record),
        blocks={name: json_block(value) for name, value in blocks.items()},
        ceilings=_ceilings(record),
        sliced=any(row.get("slices") for row in rows),
    )


def write(board: Record, views: Record | None, path: str | os.PathLike[str]) -> None:
    """Write the report of one board to `path`, whole or not at all; folders are made where missing.

    Raises
    ------
    InputError
        As `render`.
    RewardmeterError
        If the page cannot be written there; an older file stays as it was.
    """
    write_text(Path(path), render(board, views))


def _ceilings(board: Record) -> dict[str, str]:
    """What one rater reaches against the others, by statistic id, as text."""
    given = board.get("human_ceiling")
    texts: dict[str, str] = {}
    for name, estimate in (given if isinstance(given, Mapping) else {}).items():
        value, low, high = (estimate.get(part) for part in NUMBERS)
        if value is not None:
            texts[name] = f"{value:.3f}" if low is None or high is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"
    return texts


def _kept(view: Json) -> Json:
    """A view without the scorers for which there is nothing to draw."""
    return {name: part for name, part in view.items() if part} if isinstance(view, Mapping) else view
