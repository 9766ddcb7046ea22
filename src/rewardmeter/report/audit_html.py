"""The report of an audit as one HTML file, in the look of the board's.

May import `report.shell`, `report.files`, `report.attributed_text`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rewardmeter.errors import InputError
from rewardmeter.report.attributed_text import attributed, within_budget
from rewardmeter.report.files import write_text
from rewardmeter.report.shell import NUMBERS, Json, Record, json_block, plain_record, rendered

__all__ = ["render_audit", "write_audit_page"]

_SCRIPTS = (
    "core.js",
    "marks.js",
    "axis.js",
    "controls.js",
    "plots.js",
    "slices.js",
    "audit.marks.js",
    "audit.rules.js",
    "audit.matrix.js",
    "audit.probes.js",
    "audit.attribution.js",
    "page.js",
)
_FIX = "Pass what audit.json holds."
_KINDS: Mapping[str, tuple[str, str]] = {
    "observational": (
        "In the data as it is",
        "What the scores go with once what people said is known. Nothing is changed: a dependence is no proof of a"
        " cause.",
    ),
    "preserving": (
        "Edits that keep the meaning",
        "A careful reader finds the response as good as before, so the score should stay.",
    ),
    "breaking": ("Edits that break the content", "The response is worse in content, so the score should fall."),
    "hack": (
        "Edits made to please a scorer",
        "The response is no better, or worse, so the score should not rise.",
    ),
    "judge": ("How a judge judges", "What moves a verdict besides the responses that are judged."),
}
_MEASURES: Mapping[str, str] = {
    "dependence": "in units of the scorer's scale, for what people said held fixed",
    "shift": "change of the score by the edit, in units of the scorer's scale",
    "gap": "a difference of the two values that the probe names",
    "detected": "share of edited responses that are told from the original on the right side",
    "share": "a share of what the probe names",
}
_IN_SLICES = ("value", "low", "high", "n", "level")
_KNOWN_SETTINGS = frozenset(["level", "resamples", "seed", "versions", "command", "primary"])


def render_audit(audit: Record) -> str:
    """The report of one audit as a self-contained page.

    Parameters
    ----------
    audit:
        What ``audit.json`` holds: needed are ``dataset.name`` and, where present, lists ``data`` and ``scorers``.

    Returns
    -------
    str
        HTML, as safe as `rewardmeter.report.html.render` makes it. Numbers are kept to six digits; of slices it holds
        the share with ties ½ only, and of attributed texts as many as there is room for.

    Raises
    ------
    InputError
        If a needed part is absent, a scorer's name occurs twice, or a statistic is neither a number nor ``None``.
    """
    record = plain_record(audit, "audit")
    dataset = record.get("dataset")
    if not isinstance(dataset, Mapping) or not isinstance(dataset.get("name"), str):
        raise InputError("the audit does not name its dataset", column="dataset.name", fix=_FIX)
    settings = _mapping(record.get("settings"))
    level = settings.get("level") if isinstance(settings.get("level"), float) else 0.95
    data = list(enumerate(_list(record, "data")))
    rules = [_rule(row, f"data[{place}]") for place, row in data if not _is_pooled(row)]
    pooled = [_pooled(row, f"data[{place}]") for place, row in data if _is_pooled(row)]
    overall = _with_mirrors([row for row in rules if not row["slice"]])
    parts = [_part(row) for row in rules if row["slice"]]
    scorers = _scorers(_list(record, "scorers"))
    page = {
        "dataset": {"name": dataset["name"]},
        "settings": {"level": level},
        "data": overall + parts,
        "board": scorers,
        "kinds": {name: {"title": title, "says": says} for name, (title, says) in _KINDS.items()},
        "measures": _MEASURES,
    }
    return rendered(
        "audit.html.j2",
        styles=("page.css", "audit.css"),
        scripts=_SCRIPTS,
        board=record,
        rows=scorers,
        rules=overall,
        pooled=pooled,
        duplicates=[one for one in _list(record, "duplicates") if isinstance(one, Mapping)],
        slices=_by_column(parts),
        kinds=page["kinds"],
        measures=_MEASURES,
        probes=_probes_of_all(scorers),
        statistics={},
        more_settings={name: _in_words(value) for name, value in settings.items() if name not in _KNOWN_SETTINGS},
        blocks={"board": json_block(_six_digits(page)), "statistics": json_block([])},
    )


def write_audit_page(audit: Record, path: str | os.PathLike[str]) -> None:
    """Write `render_audit` to `path`, whole or not at all; raises as it, or if the page cannot be written."""
    write_text(Path(path), render_audit(audit))


# ---- the data


def _rule(row: Json, where: str) -> dict[str, Any]:
    """A rule on all data or on a part, with what was found about it in a word."""
    if not isinstance(row, Mapping) or not isinstance(row.get("probe"), str):
        raise InputError("a rule has no name", column=f"{where}.probe", fix=_FIX)
    won, shared = (_estimate(row.get(name), f"{where}.{name}") for name in ("estimate", "estimate_half_ties"))
    said = _rule_said(shared, row.get("p_adjusted"))
    part = _mapping(row.get("slice")) or None
    return {**row, "estimate": won, "estimate_half_ties": shared, "slice": part, "said": said}


def _is_pooled(row: Json) -> bool:
    return isinstance(row, Mapping) and row.get("measure") == "pearson"


def _pooled(row: Record, where: str) -> dict[str, Any]:
    """What a part of the input predicts of ratings pooled over items."""
    found = {name: _estimate(row.get(name), f"{where}.{name}") for name in ("estimate", "estimate_by_item")}
    return {**row, **found}


def _rule_said(shared: Mapping[str, Any], p: Json) -> str:
    value = shared.get("value")
    if value is None or not _is_number(p):
        return "undefined" if value is None else "not tested"
    if value == 0.5 or not _shown(p, shared):
        return "not shown"
    return "more than half" if value > 0.5 else "less than half"


def _with_mirrors(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Marks rows of which another row is the same rule the other way round, and wins more."""
    found = [(row["estimate_half_ties"].get("value"), row["estimate_half_ties"].get("n"), row.get("p")) for row in rows]

    def mirror(row: tuple[Any, ...]) -> bool:
        value, *same = row
        if value is None or value >= 0.5:
            return False
        return any(v is not None and abs(v + value - 1) < 1e-9 and rest == same for v, *rest in found)

    return [{**row, "mirror": mirror(one)} for row, one in zip(rows, found, strict=True)]


def _part(row: Mapping[str, Any]) -> dict[str, Any]:
    shared = row["estimate_half_ties"]
    kept = {name: row.get(name) for name in ("probe", "slice", "p_adjusted", "said")}
    return {**kept, "estimate_half_ties": {name: shared[name] for name in _IN_SLICES if name in shared}}


def _by_column(parts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rules and values of every column, with the rows by both: for the tables that need no script."""
    columns: dict[str, dict[str, Any]] = {}
    for row in parts:
        column, value = str(row["slice"].get("column")), str(row["slice"].get("value"))
        found = columns.setdefault(column, {"rules": {}, "values": {}, "cells": {}})
        found["rules"][row["probe"]] = True
        found["values"][value] = max(found["values"].get(value, 0), row["estimate_half_ties"].get("n") or 0)
        found["cells"].setdefault(row["probe"], {})[value] = row
    return columns


# ---- the scorers


def _scorers(rows: Sequence[Json]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for place, row in enumerate(rows):
        where = f"scorers[{place}]"
        name = row.get("scorer") if isinstance(row, Mapping) else None
        if not isinstance(row, Mapping) or not isinstance(name, str):
            raise InputError("a part has no scorer name", column=f"{where}.scorer", fix=_FIX)
        if any(name == one["scorer"] for one in made):
            raise InputError(f"scorer '{name}' has two parts", column=where, fix="Give each its own name.")
        probes = [_probe(one, f"{where}.probes[{i}]") for i, one in enumerate(_list(row, "probes"))]
        scale = _estimate(row.get("scale"), f"{where}.scale")
        texts = [attributed(one) for one in _list(row, "attributions") if isinstance(one, Mapping)]
        alarms = sum(one["said"] == "alarm" for one in probes)
        made.append({**row, "probes": probes, "scale": scale, "attributions": texts, "alarms": alarms})
    for row, kept in zip(made, within_budget([one["attributions"] for one in made]), strict=True):
        row["attributions"], row["texts"] = kept, len(row["attributions"])
    return made


def _probe(row: Json, where: str) -> dict[str, Any]:
    if not isinstance(row, Mapping) or not isinstance(row.get("probe"), str):
        raise InputError("a probe has no name", column=f"{where}.probe", fix=_FIX)
    estimate = _estimate(row.get("estimate"), f"{where}.estimate")
    others = {name: _estimate(one, f"{where}.others.{name}") for name, one in _mapping(row.get("others")).items()}
    null, p = row.get("null"), row.get("p_adjusted")
    made = {**row, "estimate": estimate, "others": others, "null": null if _is_number(null) else 0}
    made["kind"], made["measure"] = str(row.get("kind") or "other"), str(row.get("measure") or "effect")
    return {**made, "said": _probe_said(row, estimate, p)}


def _probe_said(row: Record, estimate: Mapping[str, Any], p: Json) -> str:
    if estimate.get("value") is None:
        return "undefined"
    if row.get("alarm"):
        return "alarm"
    if not _is_number(p):
        return "not tested"
    if row.get("trace"):
        return "a trace"
    if _shown(p, estimate):
        return "as it should be"
    return "fall not shown" if row.get("kind") == "breaking" else "not shown"


def _probes_of_all(scorers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every probe once, in the order of the kinds: what it asks and what was a fault."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in scorers:
        for one in row["probes"]:
            found.setdefault((one["kind"], one["probe"]), one)
    order = list(_KINDS)
    return sorted(found.values(), key=lambda one: order.index(one["kind"]) if one["kind"] in order else len(order))


# ---- plain values


def _estimate(value: Json, where: str) -> dict[str, Any]:
    """An estimate whose numbers are numbers; nothing at all is an undefined one."""
    found = dict(_mapping(value))
    for part in NUMBERS:
        if found.get(part) is not None and not _is_number(found[part]):
            raise InputError(
                f"{found[part]!r} is not a number", column=f"{where}.{part}", fix="Use null where it is undefined."
            )
    return found


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(p: Any, estimate: Mapping[str, Any]) -> bool:
    return bool(p < 1 - estimate.get("level", 0.95))


def _mapping(value: Json) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(record: Record, name: str) -> list[Any]:
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError(f"{name} is not a list", column=name, fix=_FIX)
    return value


def _in_words(value: Json) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_in_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(_in_words(one) for one in value)
    if value is None:
        return "none"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _six_digits(value: Json) -> Json:
    """Numbers as a page draws them; counts stay whole."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {name: _six_digits(one) for name, one in value.items()}
    return [_six_digits(one) for one in value] if isinstance(value, list) else value
