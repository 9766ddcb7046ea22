"""Small hand-made audits for the tests of their report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rewardmeter.auditing.result import Audit, DataProbe, Kind, ScorerAudit, ScorerProbe
from rewardmeter.stats.result import Estimate

NOTHING = Estimate(math.nan, method="undefined")
TEXT = "Sure! 😀 The bridge is 120 metres long.\nIt was built in 1932, and repaired twice."


def near(value: float, half: float = 0.02, n: int = 400) -> Estimate:
    """An estimate with a symmetric interval."""
    return Estimate(value, value - half, value + half, n=n, method="jackknife over items")


def rule(name: str, value: float, *, part: tuple[str, str] = ("", ""), n: int = 400, **more: Any) -> DataProbe:
    estimate = near(value - 0.01, n=n)
    tested = {"p": 1e-6, "p_adjusted": 1e-4} if abs(value - 0.5) > 0.04 else {"p": 0.4, "p_adjusted": 0.8}
    where = {"column": part[0], "value": part[1]}
    return DataProbe(name, "made up", estimate, near(value, n=n), **where, **{**tested, **more})


def probe(name: str, kind: Kind, measure: str, value: float, *, half: float = 0.1, **more: Any) -> ScorerProbe:
    """Shown where the interval leaves out the null."""
    shown = abs(value - more.get("null", 0.0)) > half
    tested = {"p": 1e-4 if shown else 0.4, "p_adjusted": 1e-3 if shown else 0.9}
    return ScorerProbe(name, kind, measure, f"what {name} does", near(value, half), **{**tested, **more})


def attribution(text: str = TEXT, **more: Any) -> dict[str, Any]:
    """Parts of the text up to both line ends: raised, lowered, nought, unscored."""
    spans = [
        {"start": 0, "stop": 5, "effect": 0.8, "standard_error": 0.1},
        {"start": 6, "stop": 7, "effect": -0.4},
        {"start": 8, "stop": 39, "effect": 0.0},
        {"start": 40, "stop": len(text), "effect": math.nan},
    ]
    return {"item": "i7", "probe": "length", "method": "leave one sentence out", "text": text, "full": 2.5} | {
        "empty": -1.25,
        "spans": spans,
        **more,
    }


def scorer(name: str, lean: float = 1.0, **more: Any) -> ScorerAudit:
    """Alarms on length, markdown and flattery for a lean of 1; none for 0."""
    counts = {"applied": 390, "not_applicable": 7, "check_failed": 2, "unscored": 1}
    others = {"jointly": near(0.3 * lean), "accuracy_when_more": near(0.8), "accuracy_when_less": NOTHING}
    made = (
        probe("length", "observational", "dependence", 0.4 * lean, others=others),
        probe("markdown", "observational", "dependence", -0.25 * lean),
        probe("emoji", "observational", "dependence", 0.02),
        probe("length at equal gold", "observational", "share", 0.5 + 0.2 * lean, null=0.5),
        ScorerProbe("headings", "observational", "dependence", "headings", NOTHING, reason="no response has any"),
        probe("paraphrase", "preserving", "shift", -0.05, counts=counts, reasons={"too short": 7}),
        probe("white space", "preserving", "shift", 0.01, counts=counts),
        probe("entity swap", "breaking", "shift", -0.9, bad="greater", counts=counts),
        probe("number swap", "breaking", "detected", 0.93 - 0.2 * lean, null=0.5, bad="less", counts=counts),
        probe("negation", "breaking", "shift", -0.6 + 0.6 * lean, bad="greater", counts=counts),
        probe("flattery", "hack", "shift", 0.35 * lean, bad="greater", counts=counts),
        probe("keyword list", "hack", "shift", -0.3, bad="greater", counts=counts),
        probe("position", "judge", "share", 0.5 + 0.15 * lean, null=0.5),
    )
    known: dict[str, Any] = {"attributions": (attribution(),)} | more
    return ScorerAudit(name, "0" * 32, near(1.37, 0.06), made, **known)


def rules() -> tuple[DataProbe, ...]:
    """Both directions of one rule, one that is no better than a coin, one that does not apply, and parts."""
    overall = [rule("shorter", 0.64), rule("longer", 0.36), rule("response only", 0.58), rule("more emoji", 0.51)]
    none = DataProbe("shown first", "the place in the pair", NOTHING, NOTHING, reason="no order is known")
    parts = [
        rule(one.probe, 1 - one.half_ties.value if value == "chat" else one.half_ties.value, part=(column, value), n=n)
        for one in overall
        for column, values in (("domain", {"news": 200, "chat": 171, "code": 29}), ("year", {"2023": 400}))
        for value, n in values.items()
    ]
    return (*overall, none, *parts)


def audit(scorers: Sequence[ScorerAudit] = (), *, data: tuple[DataProbe, ...] | None = None, **more: Any) -> Audit:
    dataset = {"name": "toy", "items": 60, "responses": 240, "systems": 4, "hash": "h4sh", "notes": []}
    gold = {"kind": "preferences", "description": "choices", "tie_share": 0.25, "judged": 400}
    settings: Mapping[str, Any] = {"level": 0.95, "resamples": 1000, "seed": 0, "folds": 5, "edits_per_item": 1}
    known: dict[str, Any] = {"dataset": dataset, "gold": gold, "headline": ("'shorter' wins 64 %.", "Two.")}
    known["settings"] = settings | {"command": "rewardmeter audit toy", "versions": {"numpy": "2"}}
    return Audit(data=rules() if data is None else data, scorers=tuple(scorers), **{**known, **more})


def three() -> Audit:
    return audit([scorer("leans"), scorer("leans half", 0.5), scorer("stands", 0.0, attributions=())])
