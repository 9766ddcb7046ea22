"""What every page shares: checks of the input, names of statistics, JSON blocks, policy and template.

May import `errors`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

from rewardmeter.errors import InputError

__all__ = [
    "NUMBERS",
    "Json",
    "Record",
    "checked_rows",
    "described",
    "json_block",
    "plain_record",
    "primary_of",
    "rendered",
]

Json = object
Record = Mapping[str, Json]

_UNSAFE_IN_JSON = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
_UNSAFE_IN_HTML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SUBSCRIPT = re.compile(r"\*_([A-Za-z]+)")
_BEFORE_PERCENT = re.compile(r"(?<=\d) (?=%)")
NUMBERS = ("value", "low", "high")

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


def plain_record(value: Record, name: str) -> dict[str, Json]:
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


def checked_rows(board: Record) -> list[dict[str, Json]]:
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
        for part in NUMBERS:
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


def primary_of(rows: Sequence[Record], board: Record) -> str | None:
    """The statistic that ranks the board: the one that the settings name, else the first."""
    settings, ids = board.get("settings"), _statistic_ids(rows)
    named = settings.get("primary") if isinstance(settings, Mapping) else None
    if isinstance(named, str) and named in ids:
        return named
    return ids[0] if ids else None


def described(rows: Sequence[Record], board: Record, given: Json) -> dict[str, dict[str, Json]]:
    """What each statistic on the board is called and means; the primary one comes first."""
    known = given if isinstance(given, Mapping) else {}
    primary = primary_of(rows, board)
    ids = sorted(_statistic_ids(rows), key=lambda name: name != primary)
    return {name: {"label": _label(name), **(known.get(name) or {})} for name in ids}


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


def json_block(value: Json) -> Markup:
    """JSON that may stand inside a script element: nothing in it can end the element or break a line."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(_UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def _file(name: str) -> str:
    return resources.files("rewardmeter.report").joinpath("page", name).read_text(encoding="utf-8")


def _script(names: Sequence[str]) -> str:
    return '(() => {\n"use strict";\n' + "\n".join(_file(name) for name in names) + "})();\n"


def _policy(style: str, script: str) -> str:
    """Content security policy: the page's own style and script by hash, nothing from anywhere."""

    def named(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; script-src {named(script)}; style-src {named(style)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def rendered(template: str, *, styles: Sequence[str], scripts: Sequence[str], **context: Any) -> str:
    """A template of `page/`, filled; the page may run these scripts and nothing else, and load nothing."""
    style, script = "".join(_file(name) for name in styles), _script(scripts)
    page = _environment().get_template(template)
    return page.render(**context, style=Markup(style), script=Markup(script), policy=_policy(style, script))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_file),
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
    return environment


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
