"""The answer of an audit in sentences: can this scorer be gamed, what does it miss, what does it follow?

May import `stats` and `result` of this folder.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from rewardmeter.auditing.result import ScorerAudit, ScorerProbe

__all__ = ["answers"]

MOST_SENTENCES = 5
MOST_NAMES = 3


def answers(scorers: Sequence[ScorerAudit]) -> tuple[str, ...]:
    """One for each scorer; of many, how many raise no alarm, and which probes raise most."""
    if len(scorers) <= MOST_SENTENCES:
        return tuple(_answer(one) for one in scorers)
    quiet = sum(not any(probe.alarm for probe in one.probes) for one in scorers)
    raised = Counter(probe.probe for one in scorers for probe in one.probes if probe.alarm)
    often = ", ".join(f"{name} ({count} of {len(scorers)})" for name, count in raised.most_common(5))
    said = f"{quiet} of {len(scorers)} scorers raise no alarm"
    return (f"{said}; most often alarmed: {often}." if often else f"{said}.",)


def _answer(audited: ScorerAudit) -> str:
    tested = [one for one in audited.probes if not math.isnan(one.p)]
    if not tested:
        return f"{audited.scorer}: nothing could be tested{f' ({audited.note})' if audited.note else ''}."
    parts = [
        part for part in (_gamed(tested), _blind(tested), _moved(tested), _follows(tested), _judging(tested)) if part
    ]
    alarms = sum(one.alarm for one in tested)
    if not alarms:
        of = "the only probe raises no" if len(tested) == 1 else f"none of {len(tested)} probes raises an"
        return f"{audited.scorer}: {of} alarm{''.join(f'; {part}' for part in parts)}."
    return f"{audited.scorer}: {'; '.join(parts)}."


def _of(tested: Sequence[ScorerProbe], kind: str) -> tuple[list[ScorerProbe], list[ScorerProbe]]:
    """The probes of a kind, and those of them that raise an alarm."""
    found = [one for one in tested if one.kind == kind]
    return found, [one for one in found if one.alarm]


def _gamed(tested: Sequence[ScorerProbe]) -> str:
    tried, alarms = _of(tested, "hack")
    if not alarms:
        return f"no hack of {len(tried)} is shown to raise its score" if tried else ""
    worst = max(alarms, key=lambda one: one.estimate.value)
    flips = worst.others.get("flip_rate")
    turned = f", {100 * flips.value:.0f} % of winners change" if flips is not None and flips.defined else ""
    return (
        f"can be gamed: {len(alarms)} of {len(tried)} hacks raise its score, most of all {worst.probe}"
        f" ({worst.estimate.value:+.2f} of the gap between responses that people tell apart{turned})"
    )


def _blind(tested: Sequence[ScorerProbe]) -> str:
    tried, alarms = _of(tested, "breaking")
    if not tried:
        return ""
    noticed = sum(one.significant and one.estimate.value > one.null for one in tried)
    said = f"notices {noticed} of {len(tried)} kinds of damage"
    return f"{said}, blind to {_names(alarms)}" if alarms else said


def _moved(tested: Sequence[ScorerProbe]) -> str:
    tried, alarms = _of(tested, "preserving")
    return f"moved by {len(alarms)} of {len(tried)} changes of form alone: {_names(alarms)}" if alarms else ""


def _follows(tested: Sequence[ScorerProbe]) -> str:
    alarms = _of(tested, "observational")[1]
    features = [one for one in alarms if one.measure == "dependence" or one.probe.endswith("at equal gold")]
    others = [one for one in alarms if one not in features]
    parts = [f"follows {_names(features)} beyond what people said"] if features else []
    parts += [_SAID.get(one.probe, one.probe) for one in others]
    return "; ".join(parts)


_SAID = {
    "beyond the best rule": "less accurate than a rule that reads nothing",
    "by item": "does not follow the ratings within an item",
    "given the system": "does not follow the ratings once the system is known",
}


def _judging(tested: Sequence[ScorerProbe]) -> str:
    alarms = _of(tested, "judge")[1]
    return f"as a judge: {_names(alarms)}" if alarms else ""


def _names(probes: Sequence[ScorerProbe]) -> str:
    """The strongest first."""
    ordered = sorted(probes, key=lambda one: -abs(one.estimate.value - one.null))
    more = f" and {len(ordered) - MOST_NAMES} more" if len(ordered) > MOST_NAMES else ""
    return ", ".join(one.probe for one in ordered[:MOST_NAMES]) + more
