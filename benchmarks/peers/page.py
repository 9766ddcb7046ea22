"""The outcomes as a line each, and as the page docs/results/peers.md."""

from __future__ import annotations

import math
import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from measuring import Outcome

PAGE = Path(__file__).resolve().parents[2] / "docs" / "results" / "peers.md"
HEAD = """# Speed beside the peers

Written by `python benchmarks/peers/run.py --write`, which runs both sides one after the other on the same data and,
where something is drawn, the same draws; it fails where numbers are not equal. Times are CPU seconds on one thread (the
middle one of several runs for what is short); memory is the most that Python and NumPy hold at once. Seconds mean
little on another machine, ratios travel better. "Scaled" is a peer's time that was measured on a smaller job, as said
under the table, since the whole would take hours.
"""


def line(outcome: Outcome) -> str:
    """For the terminal."""
    parts = [f"{outcome.job}: ours {seconds(outcome.ours)}"]
    if not math.isnan(outcome.theirs):
        scaled = " (scaled)" if outcome.how else ""
        parts.append(f"{outcome.peer} {seconds(outcome.theirs)}{scaled}, ratio {times(outcome.ratio)}")
    if not math.isnan(outcome.peak):
        parts.append(f"{outcome.peak:,.0f} MB" if outcome.peak >= 10 else f"{outcome.peak:.1f} MB")
    if not math.isnan(outcome.apart):
        parts.append(f"{outcome.compared} apart {outcome.apart:.2g} <= {outcome.tolerance:g}")
    parts += [text for text in (outcome.how, outcome.note) if text]
    return "; ".join(parts + [f"MISSED {miss}" for miss in outcome.misses()])


def write(groups: Mapping[str, Sequence[Outcome]]) -> None:
    parts = [HEAD, f"Measured on {machine()}.\n"]
    for title, outcomes in groups.items():
        parts += [f"## {title}\n", table(outcomes), notes(outcomes)]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")


def table(outcomes: Sequence[Outcome]) -> str:
    rows = [
        "| | job | peer | peer's CPU | ours | times faster | goal | numbers apart (allowed) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for number, o in enumerate(outcomes, 1):
        theirs = "" if math.isnan(o.theirs) else seconds(o.theirs) + (", scaled" if o.how else "")
        memory = "" if math.isnan(o.peak) else f", {o.peak:,.0f} MB" if o.peak >= 10 else f", {o.peak:.1f} MB"
        faster = "" if math.isnan(o.theirs) else times(o.ratio)
        equal = "" if math.isnan(o.apart) else f"{o.apart:.1g} ({o.tolerance:g})"
        ours = seconds(o.ours) + memory
        rows.append(f"| {number} | {o.job} | {o.peer} | {theirs} | {ours} | {faster} | {goal(o)} | {equal} |")
    return "\n".join(rows) + "\n"


def notes(outcomes: Sequence[Outcome]) -> str:
    made = []
    for number, o in enumerate(outcomes, 1):
        their_peak = "" if math.isnan(o.their_peak) else f"the peer holds {o.their_peak:,.0f} MB"
        compared = f"compared: {o.compared}" if o.compared else ""
        missed = [f"**missed: {miss}**" for miss in o.misses()]
        texts = [text for text in (compared, o.how, their_peak, o.note, *missed) if text]
        if texts:
            made.append(f"{number}. {'. '.join(text[0].upper() + text[1:] for text in texts)}.")
    return "\n".join(made) + "\n"


def goal(o: Outcome) -> str:
    """The goals and whether they are met."""
    parts = [] if math.isnan(o.ratio_goal) else [f"{o.ratio_goal:,.0f}"]
    parts += [] if math.isnan(o.seconds_goal) else [f"under {seconds(o.seconds_goal)}"]
    parts += [] if math.isnan(o.memory_goal) else [f"under {o.memory_goal:,.0f} MB"]
    if not parts:
        return ""
    unknown = not math.isnan(o.ratio_goal) and math.isnan(o.theirs)
    return f"{', '.join(parts)}: {'peer absent' if unknown else 'missed' if o.misses() else 'met'}"


def seconds(value: float) -> str:
    if value >= 7200:
        return f"{value / 3600:,.1f} h"
    if value >= 120:
        return f"{value / 60:,.0f} min"
    return f"{value:.3g} s" if value >= 0.1 else f"{value * 1000:.3g} ms"


def times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 20 else f"{ratio:.1f}"


def machine() -> str:
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    named = f", {model[1]}" if model else ""
    return f"{os.cpu_count()} cores{named}, Python {platform.python_version()}"
