"""The report of calibration as one HTML file, in the look of the board's. May import `report.shell`, `report.files`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rewardmeter.report.files import write_text
from rewardmeter.report.shell import (
    Json,
    Record,
    checked_rows,
    described,
    json_block,
    plain_record,
    primary_of,
    rendered,
)

__all__ = ["render_calibration", "write_calibration_page"]

_SCRIPTS = (
    "core.js",
    "marks.js",
    "axis.js",
    "board.js",
    "controls.js",
    "plots.js",
    "slices.js",
    "diagrams.js",
    "shift.js",
    "scorer.js",
    "calibration.js",
    "page.js",
)
_MOST_CELLS = 30_000
_SLICED = tuple(
    f"calibration.{name}"
    for name in ("nll", "brier", "ece", "slope", "auc", "rating_ece", "rating_slope", "margin_linearity")
)
_IN_SLICES = ("value", "low", "high", "n", "level")


def render_calibration(board: Record, views: Record) -> str:
    """The report of one calibration board as a self-contained page.

    Parameters
    ----------
    board:
        What ``calibration.json`` holds.
    views:
        What `rewardmeter.calibration.calibration_views` makes of it.

    Returns
    -------
    str
        HTML, as safe as `rewardmeter.report.html.render` makes it. Of slices it holds values and intervals, and where
        there are very many only those of the main statistics.

    Raises
    ------
    InputError
        If a needed part is absent, a scorer's name occurs twice, or a statistic is neither a number nor ``None``.
    """
    record, shown = plain_record(board, "board"), plain_record(views, "views")
    outcomes = _mapping(shown.get("outcomes"))
    rows = checked_rows(record)
    ids = _slice_ids(rows)
    page_rows = [_page_row(row, outcomes.get(str(row["scorer"])), ids) for row in rows]
    page = {**record, "board": page_rows}
    statistics = described(page_rows, page, shown.get("statistics"))
    blocks: dict[str, Json] = {
        "board": page,
        "statistics": [{"id": name, **entry} for name, entry in statistics.items()],
    }
    diagrams = shown.get("diagrams")
    if diagrams:
        blocks["diagrams"] = diagrams
    return rendered(
        "calibration.html.j2",
        styles=("page.css", "calibration.css"),
        scripts=_SCRIPTS,
        board=page,
        rows=page_rows,
        statistics=statistics,
        primary=primary_of(page_rows, page),
        blocks={name: json_block(value) for name, value in blocks.items()},
        ceilings={},
        sliced=any(row.get("slices") for row in page_rows),
        target=_mapping(record.get("settings")).get("target"),
        drawn=shown.get("drawn", len(rows)),
        resamples=shown.get("resamples"),
    )


def write_calibration_page(board: Record, views: Record, path: str | os.PathLike[str]) -> None:
    """Write `render_calibration` to `path`, whole or not at all; raises as it, or if the page cannot be written."""
    write_text(Path(path), render_calibration(board, views))


def _mapping(value: Json) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _page_row(row: Record, outcome: Json, ids: frozenset[str] | None) -> dict[str, Json]:
    """A row with its outcome, whose statistics stand beside the others, and with slices cut to what is drawn."""
    found = _mapping(outcome)
    slices = {
        column: {value: _page_slice(entry, ids) for value, entry in values.items()}
        for column, values in _mapping(row.get("slices")).items()
    }
    return {
        **row,
        "statistics": {**_mapping(row["statistics"]), **_mapping(found.get("statistics"))},
        "outcome": {"calibrator": found.get("calibrator"), "tried": found.get("tried")},
        "slices": slices,
    }


def _page_slice(entry: Record, ids: frozenset[str] | None) -> dict[str, Json]:
    statistics = {
        name: {part: estimate[part] for part in _IN_SLICES if part in estimate}
        for name, estimate in _mapping(entry.get("statistics")).items()
        if ids is None or name in ids
    }
    return {"n": entry.get("n"), "statistics": statistics}


def _slice_ids(rows: Sequence[Record]) -> frozenset[str] | None:
    """Which statistics are kept by slice; None for all."""
    cells = sum(
        len(_mapping(entry.get("statistics")))
        for row in rows
        for values in _mapping(row.get("slices")).values()
        for entry in values.values()
    )
    return None if cells <= _MOST_CELLS else frozenset(_SLICED)
