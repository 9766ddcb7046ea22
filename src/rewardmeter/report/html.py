"""The report as one HTML file that opens from disk: no network, no library, light and dark, phone and paper.

Python checks the input, names the statistics and writes what needs no script (the answer, the method); the scripts in
`page/` draw the rest from JSON blocks that the file carries. May import `errors`, `types` and `stats.result` of ours.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from rewardmeter.errors import InputError
from rewardmeter.report.files import write_text

__all__ = ["render", "write"]

Json = object
Record = Mapping[str, Json]

_SCRIPTS = (
    "core.js",
    "marks.js",
    "axis.js",
    "board.js",
    "controls.js",
    "agreement.js",
    "slices.js",
    "item.js",
    "items.js",
    "page.js",
)
_UNSAFE_IN_JSON = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
_UNSAFE_IN_HTML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SUBSCRIPT = re.compile(r"\*_([A-Za-z]+)")
_BEFORE_PERCENT = re.compile(r"(?<=\d) (?=%)")
_NUMBERS = ("value", "low", "high")

_WORDS: Mapping[str, str] = {
    "acc": "accuracy",
    "acc_eq": "acc*_eq",
    "auc": "AUC",
    "best_of_k": "best of k",
    "ece": "ECE",
    "kendall": "Kendall τ",
    "kendall_b": "Kendall τ-b",
    "kendall_c": "Kendall τ-c",
    "mrr": "MRR",
    "ndcg": "NDCG",
    "pearson": "Pearson",
    "pr_auc": "PR AUC",
    "roc_auc": "ROC AUC",
    "spearman": "Spearman",
}
_GROUPINGS: Mapping[str, str] = {"item": "by item", "system": "by system"}


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
    record, shown = _plain_record(board, "board"), _plain_record(views or {}, "views")
    rows = _checked_rows(record)
    statistics = _described(rows, record, shown.get("statistics"))
    blocks: dict[str, Json] = {"board": record}
    blocks["statistics"] = [{"id": name, **entry} for name, entry in statistics.items()]
    blocks |= {name: view for name in ("agreement", "margins") if (view := _kept(shown.get(name)))}
    items = shown.get("items")
    if isinstance(items, Mapping) and items.get("shown"):
        blocks["items"] = items
    style, script = _part("page.css"), _script()
    return _template().render(
        board=record,
        rows=rows,
        statistics=statistics,
        primary=_primary(rows, record),
        blocks={name: _json_block(value) for name, value in blocks.items()},
        ceilings=_ceilings(record),
        sliced=any(row.get("slices") for row in rows),
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
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


def _plain_record(value: Record, name: str) -> dict[str, Json]:
    if not isinstance(value, Mapping):
        raise InputError(f"{name} is {type(value).__name__}, not a mapping", fix="Pass what board.json holds.")
    plain = _plain(value, name)
    assert isinstance(plain, dict)
    return plain


def _plain(value: Json, where: str) -> Json:
    """The same as plain JSON values: undefined numbers become null, never 0."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(entry, f"{where}.{key}") for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(entry, f"{where}[{place}]") for place, entry in enumerate(value)]
    raise InputError(
        f"{where} is {type(value).__name__}, which is not a JSON value",
        fix="Pass numbers, strings, lists, mappings and None; arrays as lists (array.tolist()).",
    )


def _checked_rows(board: Record) -> list[dict[str, Json]]:
    dataset, rows = board.get("dataset"), board.get("board")
    if not isinstance(dataset, Mapping) or not isinstance(dataset.get("name"), str):
        raise InputError(
            "the board does not name its dataset", column="dataset.name", fix="Pass what board.json holds."
        )
    if not isinstance(rows, list):
        raise InputError("the board has no list of rows", column="board", fix="Pass what board.json holds.")
    seen: set[str] = set()
    for place, row in enumerate(rows):
        where = f"board[{place}]"
        name = row.get("scorer") if isinstance(row, Mapping) else None
        if not isinstance(name, str):
            raise InputError("a row has no scorer name", column=f"{where}.scorer", fix="Give every row a name.")
        if name in seen:
            raise InputError(f"scorer '{name}' has two rows", column=where, fix="Give each its own name.")
        seen.add(name)
        for label, statistics in _tables(row, where):
            _check_statistics(statistics, label)
    return rows


def _tables(row: Record, where: str) -> Iterator[tuple[str, Json]]:
    """Every statistics table of a row, overall and per slice, with the place where it stands."""
    yield f"{where}.statistics", row.get("statistics")
    slices = row.get("slices") or {}
    if not isinstance(slices, Mapping):
        raise InputError("slices are not a mapping", column=f"{where}.slices", fix="Pass what board.json holds.")
    for column, values in slices.items():
        for value, entry in values.items():
            yield f"{where}.slices.{column}.{value}.statistics", entry.get("statistics")


def _check_statistics(statistics: Json, where: str) -> None:
    if not isinstance(statistics, Mapping):
        raise InputError("there is no mapping of statistics", column=where, fix="Pass what board.json holds.")
    for name, estimate in statistics.items():
        for part in _NUMBERS:
            number = estimate.get(part) if isinstance(estimate, Mapping) else "nothing"
            if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
                raise InputError(
                    f"{number!r} is not a number",
                    column=f"{where}.{name}.{part}",
                    fix="Use null where it is undefined.",
                )


def _statistic_ids(rows: Sequence[Record]) -> list[str]:
    """Ids in the order in which the rows name them first."""
    ids: dict[str, None] = {}
    for row in rows:
        statistics = row["statistics"]
        assert isinstance(statistics, Mapping)
        ids |= dict.fromkeys(statistics)
    return list(ids)


def _primary(rows: Sequence[Record], board: Record) -> str | None:
    """The statistic that ranks the board: the one that the settings name, else the first."""
    settings, ids = board.get("settings"), _statistic_ids(rows)
    named = settings.get("primary") if isinstance(settings, Mapping) else None
    if isinstance(named, str) and named in ids:
        return named
    return ids[0] if ids else None


def _described(rows: Sequence[Record], board: Record, given: Json) -> dict[str, dict[str, Json]]:
    """What each statistic on the board is called and means; the primary one comes first."""
    known = given if isinstance(given, Mapping) else {}
    primary = _primary(rows, board)
    ids = sorted(_statistic_ids(rows), key=lambda name: name != primary)
    return {name: {"label": _label(name), **(known.get(name) or {})} for name in ids}


def _ceilings(board: Record) -> dict[str, str]:
    """What one rater reaches against the others, by statistic id, as text."""
    given = board.get("human_ceiling")
    texts: dict[str, str] = {}
    for name, estimate in (given if isinstance(given, Mapping) else {}).items():
        value, low, high = (estimate.get(part) for part in _NUMBERS)
        if value is not None:
            texts[name] = f"{value:.3f}" if low is None or high is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"
    return texts


def _label(statistic: str) -> str:
    """A heading made from an id: ``segment.kendall_b.item`` is "Kendall τ-b by item"."""
    parts = statistic.split(".")
    grouping = _GROUPINGS.get(parts[-1], "") if len(parts) > 2 else ""
    middle = parts[1 : -1 if grouping else None] if len(parts) > 1 else parts
    words = " ".join(_WORDS.get(part, part.replace("_", " ")) for part in middle)
    level = parts[0] if len(parts) > 1 and parts[0] != "segment" else ""
    pooled = "pooled" if parts[0] == "segment" and not grouping else ""
    text = " ".join(part for part in (level, words, grouping or pooled) if part)
    return text if text.startswith("acc*") else text[:1].upper() + text[1:]


def _kept(view: Json) -> Json:
    """A view without the scorers for which there is nothing to draw."""
    return {name: part for name, part in view.items() if part} if isinstance(view, Mapping) else view


def _json_block(value: Json) -> Markup:
    """JSON that may stand inside a script element: nothing in it can end the element or break a line."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(_UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def _part(name: str) -> str:
    return resources.files("rewardmeter.report").joinpath("page", name).read_text(encoding="utf-8")


def _script() -> str:
    return '(() => {\n"use strict";\n' + "\n".join(_part(name) for name in _SCRIPTS) + "})();\n"


def _policy(style: str, script: str) -> str:
    """Content security policy: the page's own style and script by hash, nothing from anywhere."""

    def named(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; script-src {named(script)}; style-src {named(style)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        finalize=_readable,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.ChainableUndefined,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}" if isinstance(number, int) else str(number)
    environment.filters["typeset"] = _typeset
    environment.filters["percent"] = lambda share: f"{100 * share:.3g}\u00a0%"
    environment.filters["coverage"] = _coverage
    return environment.from_string(_part("page.html.j2"))


def _coverage(share: float) -> str:
    """A share that is never rounded up: 100 % means that nothing is missing."""
    return "100\u00a0%" if share == 1 else f"{math.floor(1000 * share + 1e-9) / 10:.1f}\u00a0%"


def _typeset(text: Json) -> Markup:
    """``acc*_eq`` with its subscript and "64 %" in one piece; everything else stays text."""
    safe = str(escape(_readable(str(text))))
    return Markup(_BEFORE_PERCENT.sub("\u00a0", _SUBSCRIPT.sub(r"*<sub>\1</sub>", safe)))


def _readable(value: object) -> object:
    """Text that UTF-8 and HTML can carry: control characters and lone surrogates become U+FFFD."""
    return _UNSAFE_IN_HTML.sub("\ufffd", value) if type(value) is str else value
