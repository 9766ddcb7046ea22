"""`Audit`: what else the data and its scorers respond to. May import `duplicates` of this folder, `stats`, `types`,
`version`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

from rewardmeter.auditing.duplicates import Duplicates
from rewardmeter.stats.result import Estimate
from rewardmeter.version import __version__

__all__ = ["Audit", "DataProbe", "Kind", "ScorerAudit", "ScorerProbe", "Span"]

Kind = Literal["observational", "preserving", "breaking", "hack", "judge"]
"""What a probe of a scorer does: looks at the scores as they are; edits responses in a way that keeps the meaning,
destroys it, or games the scorer; or looks at how a judge judges."""

TRACE = 0.05
"""A shift or a dependence below a twentieth of what a scorer makes of the difference between two responses that people
tell apart."""


@dataclass(frozen=True, eq=False)
class DataProbe:
    """One content-blind rule on the whole data or a part of it.

    Attributes
    ----------
    probe:
        What it prefers, ``shorter`` for instance.
    says:
        What it looks at.
    estimate:
        Share of decided pairs that it wins, with an interval over items; pairs that it cannot tell apart are not won.
        Undefined where it does not apply.
    half_ties:
        The same with a half for each pair that it cannot tell apart, so that chance is ½.
    measure:
        ``wins``, as above; or ``pearson``: then `estimate` is Pearson's r of its predictions with ratings pooled over
        items, and `half_ties` the same by item.
    column, value:
        The part; empty for all of the data.
    p:
        Of the exact sign test over items against ½, two-sided; NaN where it was not tested.
    p_adjusted:
        The same after Holm, over all rules; of those on parts, over all parts.
    reason:
        Why it does not apply; empty where it does.
    """

    probe: str
    says: str
    estimate: Estimate
    half_ties: Estimate
    measure: Literal["wins", "pearson"] = "wins"
    column: str = ""
    value: str = ""
    p: float = math.nan
    p_adjusted: float = math.nan
    reason: str = ""

    @property
    def significant(self) -> bool:
        """Whether it is shown to win more than ½, or to go with the ratings."""
        above = self.half_ties.value > 0.5 if self.measure == "wins" else self.estimate.value > 0
        return self.p_adjusted < 1 - self.half_ties.level and above

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "probe": self.probe,
            "says": self.says,
            "slice": {"column": self.column, "value": self.value} if self.column else None,
            "measure": self.measure,
            "estimate": self.estimate.to_dict(),
            ("estimate_half_ties" if self.measure == "wins" else "estimate_by_item"): self.half_ties.to_dict(),
            "p": None if math.isnan(self.p) else self.p,
            "p_adjusted": None if math.isnan(self.p_adjusted) else self.p_adjusted,
            "reason": self.reason,
        }


@dataclass(frozen=True, eq=False)
class ScorerProbe:
    """One question to one scorer, and the answer as an effect size.

    Attributes
    ----------
    probe:
        What is tried, ``length`` or ``flattery`` for instance; unique within a scorer and kind.
    kind:
        Which sort of probe it is.
    measure:
        What the estimate is, in a word: ``dependence``, ``gap``, ``shift``, ``detected``, ``share``.
    says:
        The question in a few words.
    estimate:
        The effect with an interval over items; undefined where the probe could not be made.
    null:
        The value at which there is nothing to complain of.
    bad:
        On which side of the null an effect raises an alarm: ``greater``, ``less`` or ``either``.
    others:
        More about the same, by name (``flip_rate``, ``accuracy_when_longer``).
    counts:
        How often what happened: ``applied``, ``not_applicable``, ``check_failed``, ``unscored``.
    reasons:
        Why something did not apply, to how often.
    p:
        Of the test that the effect is the null, two-sided; NaN where it was not tested.
    p_adjusted:
        The same after Holm, over all tests of this scorer.
    reason:
        Why there is no estimate; empty where there is one.
    """

    probe: str
    kind: Kind
    measure: str
    says: str
    estimate: Estimate
    null: float = 0.0
    bad: Literal["greater", "less", "either"] = "either"
    others: Mapping[str, Estimate] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    p: float = math.nan
    p_adjusted: float = math.nan
    reason: str = ""

    @property
    def significant(self) -> bool:
        """Whether an effect is shown at all, good or bad."""
        return self.p_adjusted < 1 - self.estimate.level

    @property
    def trace(self) -> bool:
        """Whether an effect is shown, and shown to be too small to matter: a shift or dependence of which the whole
        interval lies within `TRACE` of the null."""
        ends = (self.estimate.low - self.null, self.estimate.high - self.null)
        small = self.measure in ("shift", "dependence") and all(abs(end) < TRACE for end in ends)
        return self.significant and small

    @property
    def alarm(self) -> bool:
        """Whether an effect is shown on the bad side of the null, and more than a trace."""
        side = self.estimate.value - self.null
        return self.significant and not self.trace and (self.bad == "either" or (side > 0) == (self.bad == "greater"))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "probe": self.probe,
            "kind": self.kind,
            "measure": self.measure,
            "says": self.says,
            "estimate": self.estimate.to_dict(),
            "null": self.null,
            "bad": self.bad,
            "alarm": self.alarm,
            "trace": self.trace,
            "others": {name: one.to_dict() for name, one in self.others.items()},
            "counts": dict(self.counts),
            "reasons": dict(self.reasons),
            "p": None if math.isnan(self.p) else self.p,
            "p_adjusted": None if math.isnan(self.p_adjusted) else self.p_adjusted,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Span:
    """A part of a response and what it adds to the score.

    Attributes
    ----------
    start, stop:
        Characters of the response.
    effect:
        Score with the part less the score without it, as the method defines it; NaN where that was not scored.
    """

    start: int
    stop: int
    effect: float


@dataclass(frozen=True, eq=False)
class ScorerAudit:
    """What one scorer responds to.

    Attributes
    ----------
    scorer:
        Its name.
    fingerprint:
        Of its signature; empty where there is none.
    scale:
        The unit of shifts and dependences: the mean absolute difference that the scorer makes between two responses
        that people tell apart, with an interval over items.
    probes:
        Alarms first, by effect.
    failed:
        Responses that it could not score, edited ones included.
    note:
        Why responses have no score, commonest first; empty where all have one.
    """

    scorer: str
    fingerprint: str
    scale: Estimate
    probes: tuple[ScorerProbe, ...]
    attributions: tuple[Mapping[str, Any], ...] = ()
    failed: int = 0
    note: str = ""

    def __getitem__(self, probe: str) -> ScorerProbe:
        """The first probe of that name; KeyError where there is none."""
        for one in self.probes:
            if one.probe == probe:
                return one
        raise KeyError(probe)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "scorer": self.scorer,
            "fingerprint": self.fingerprint,
            "scale": self.scale.to_dict(),
            "note": self.note,
            "probes": [one.to_dict() for one in self.probes],
            "failed": self.failed,
            "attributions": [dict(one) for one in self.attributions],
        }


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """The data's rules by how far above chance they are, those that do not apply last; then one part a scorer."""

    dataset: Mapping[str, Any]
    gold: Mapping[str, Any]
    settings: Mapping[str, Any]
    data: tuple[DataProbe, ...]
    scorers: tuple[ScorerAudit, ...] = ()
    headline: tuple[str, ...] = ()
    duplicates: tuple[Duplicates, ...] = ()

    def __getitem__(self, probe: str) -> DataProbe:
        """A rule on all of the data; KeyError where there is none of that name."""
        for one in self.data:
            if one.probe == probe and not one.column:
                return one
        raise KeyError(probe)

    def scorer(self, name: str) -> ScorerAudit:
        """The part of one scorer; KeyError where there is none of that name."""
        for one in self.scorers:
            if one.scorer == name:
                return one
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "rewardmeter": __version__,
            "dataset": dict(self.dataset),
            "gold": dict(self.gold),
            "settings": dict(self.settings),
            "headline": list(self.headline),
            "data": [probe.to_dict() for probe in self.data],
            "duplicates": [one.to_dict() for one in self.duplicates],
            "scorers": [one.to_dict() for one in self.scorers],
        }

    def alarms(self) -> list[tuple[str, ScorerProbe]]:
        """Every alarm with the name of its scorer."""
        return [(one.scorer, probe) for one in self.scorers for probe in one.probes if probe.alarm]

    def __str__(self) -> str:
        """What was found, and every alarm; the command line shows tables."""
        lines = [str(self.dataset.get("name", "")), *self.headline]
        lines += [f"{scorer} · {probe.probe} · {probe.measure} {probe.estimate}" for scorer, probe in self.alarms()]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """What was found, and a table of the alarms, for notebooks."""
        said = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.headline)
        rows = (
            (scorer, probe.probe, probe.kind, f"{probe.measure} {probe.estimate}") for scorer, probe in self.alarms()
        )
        cells = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        head = "".join(f"<th>{name}</th>" for name in ("scorer", "alarm", "kind", "effect"))
        return f"{said}<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>"
