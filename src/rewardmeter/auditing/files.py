"""An audit as files. May import `report` and the files of this folder."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rewardmeter.auditing.result import Audit, DataProbe, ScorerAudit, ScorerProbe
from rewardmeter.report.audit_html import write_audit_page
from rewardmeter.report.files import csv_text, json_text, write_text
from rewardmeter.report.shell import plain_record
from rewardmeter.stats.result import Estimate

__all__ = ["audit_rows", "save_audit"]

_COLUMNS = (
    "part",
    "scorer",
    "probe",
    "kind",
    "slice",
    "measure",
    "value",
    "low",
    "high",
    "n",
    "p",
    "p_adjusted",
    "alarm",
    "reason",
)


def save_audit(audit: Audit, folder: Path) -> None:
    """Write index.html, audit.json and audit.csv of an audit into a folder.

    Raises
    ------
    InputError
        If one of them cannot be written; an older file stays as it was.
    """
    record = plain_record(audit.to_dict(), "audit")
    write_text(folder / "audit.json", json_text(record))
    write_text(folder / "audit.csv", csv_text(audit_rows(audit)))
    write_audit_page(record, folder / "index.html")


def audit_rows(audit: Audit) -> list[dict[str, Any]]:
    """One row for each number of an audit, as ``audit.csv`` has them; undefined ones are None.

    A rule has two: the share that it ``won``, and ``won_half_ties``, which was tested. Of a scorer there are its
    ``scale``, every probe, and what else a probe found, by its name.
    """
    rows = [row for one in audit.data for row in _data_rows(one)]
    return rows + [row for one in audit.scorers for row in _scorer_rows(one)]


def _data_rows(one: DataProbe) -> Iterator[dict[str, Any]]:
    same = {"part": "data", "probe": one.probe, "kind": "rule", "reason": one.reason}
    same["slice"] = f"{one.column}={one.value}" if one.column else ""
    if one.measure == "pearson":
        found = {"p": _plain(one.p), "p_adjusted": _plain(one.p_adjusted), "alarm": one.significant}
        yield _row(one.estimate, measure="pearson_pooled", **same, **found)
        yield _row(one.half_ties, measure="pearson_by_item", **same)
        return
    yield _row(one.estimate, measure="won", **same)
    tested = {"p": _plain(one.p), "p_adjusted": _plain(one.p_adjusted), "alarm": one.significant}
    yield _row(one.half_ties, measure="won_half_ties", **same, **tested)


def _scorer_rows(part: ScorerAudit) -> Iterator[dict[str, Any]]:
    yield _row(part.scale, part="scorer", scorer=part.scorer, measure="scale")
    for one in part.probes:
        same = {"part": "scorer", "scorer": part.scorer, "probe": one.probe, "kind": one.kind}
        yield _row(one.estimate, **same, **_tested(one))
        for name, other in one.others.items():
            yield _row(other, **same, measure=name)


def _tested(one: ScorerProbe) -> dict[str, Any]:
    found = {"measure": one.measure, "alarm": one.alarm, "reason": one.reason}
    return {**found, "p": _plain(one.p), "p_adjusted": _plain(one.p_adjusted)}


def _row(estimate: Estimate, **known: Any) -> dict[str, Any]:
    numbers = {"value": _plain(estimate.value), "low": _plain(estimate.low), "high": _plain(estimate.high)}
    row = {**known, **numbers, "n": estimate.n}
    return {name: row.get(name) for name in _COLUMNS}


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
