"""An audit as tables of the terminal. May import `auditing`, `report`, `stats.result` and rich."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rewardmeter.auditing import Audit, DataProbe, ScorerAudit, ScorerProbe
from rewardmeter.auditing.edited import NOTICES
from rewardmeter.auditing.result import Kind
from rewardmeter.report.numbers import value_and_half_width
from rewardmeter.stats.result import Estimate

__all__ = ["print_audit"]

_MOST_SCORERS = 5
_MOST_ALARMS = 25
_MOST_NAMES = 8
_SUMMARY = ("beyond the best rule", "length", "markdown", "surface share")
_BROKEN = {"beyond the best rule": "beyond the\nbest rule", "surface share": "surface\nshare"}
_NAME = 24
_UNBOUNDED = 10_000
_ORDER = ("not shown either way", "no effect shown", "a trace", "as it should be", "described")
_LEGEND = (
    "A shift or dependence of 1 is what the scorer's score differs by between two responses that people told apart."
    f" Detected: how often the broken response scores lower, an alarm where that is shown to be below {NOTICES}. Flips:"
    " pairs in which the edit changes the winner."
)


def print_audit(made: Audit, screen: Console) -> None:
    """The data's rules, then the scorers: a summary of many, or the probes of each."""
    facts = f"{made.dataset['items']:,} items · gold: {made.gold['description'] or made.gold['kind']}"
    screen.print(Text(f"{made.dataset['name']} · {facts}", style="bold"), soft_wrap=True)
    screen.print()
    _print_data(made, screen)
    if len(made.scorers) > 1:
        _print_summary(made.scorers, screen)
    for one in made.scorers[:_MOST_SCORERS]:
        _print_scorer(one, screen)
    if len(made.scorers) > _MOST_SCORERS:
        rest = len(made.scorers) - _MOST_SCORERS
        screen.print(f"\n{rest} more scorers in the report and the JSON file.", soft_wrap=True)
    screen.print()
    for number, sentence in enumerate(made.headline):
        screen.print(Text(sentence, style="bold" if number == 0 else ""), soft_wrap=True)
    said = "Pairs that people tied are left out. p of a rule is of the exact sign test over items against a coin, Holm"
    said += " over all rules; p of a probe is after Holm over all probes of its scorer."
    screen.print(Text(said, style="dim"), soft_wrap=True)
    if made.scorers:
        screen.print(Text(_LEGEND, style="dim"), soft_wrap=True)


def _print_data(made: Audit, screen: Console) -> None:
    found = [one for one in made.data if not one.column and not one.reason]
    whole = [one for one in found if one.measure == "wins" and one.half_ties.value >= 0.5]
    screen.print(_rules(whole, with_part=False))
    pooled = [one for one in found if one.measure == "pearson"]
    if pooled:
        screen.print()
        screen.print(_pooled(pooled))
    parts = [one for one in made.data if one.column and one.significant]
    if parts:
        screen.print()
        screen.print(Text("In parts of the data, what is shown to win more than half:", style="bold"))
        screen.print(_rules(parts, with_part=True))
    for rule in made.data:
        if rule.reason:
            screen.print(Text(f"{rule.probe}: {rule.reason}.", style="dim"), soft_wrap=True)
    for twice in made.duplicates:
        where = twice.against or "other items"
        said = twice.reason or f"{twice.near:,} of {twice.texts:,} stand in {where}, too, {twice.exact:,} word for word"
        if twice.near or twice.against:
            screen.print(Text(f"{twice.part}: {said}.", style="dim"), soft_wrap=True)


def _rules(probes: Sequence[DataProbe], *, with_part: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("rule", *(("part",) if with_part else ()), "wins", "with ties ½", "pairs", "p"):
        table.add_column(heading, no_wrap=heading not in ("rule", "part"), overflow="fold")
    for one in probes:
        part = (f"{one.column} {one.value}",) if with_part else ()
        numbers = (_number(one.estimate), _number(one.half_ties), f"{one.half_ties.n:,}", _p(one.p_adjusted))
        table.add_row(one.probe, *part, *numbers)
    return table


def _pooled(probes: Sequence[DataProbe]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("learnt from", "Pearson pooled", "by item", "responses", "p"):
        table.add_column(heading, no_wrap=True)
    for one in probes:
        numbers = (_number(one.estimate), _number(one.half_ties), f"{one.estimate.n:,}", _p(one.p_adjusted))
        table.add_row(one.probe, *numbers)
    return table


def _print_summary(scorers: Sequence[ScorerAudit], screen: Console) -> None:
    """As many columns as there is room for beside names that can be read."""
    longest = max(len(one.scorer) for one in scorers)
    table = _summary(scorers, _SUMMARY, longest)
    shown = list(_SUMMARY)
    while shown and _natural(table) > screen.width:
        if longest <= _NAME:
            shown.pop()
        longest = min(longest, _NAME)
        table = _summary(scorers, shown, longest)
    screen.print()
    screen.print(table)
    left_out = ", ".join(_SUMMARY[len(shown) :])
    if left_out:
        screen.print(Text(f"left out for width: {left_out}; see the report", style="dim"), soft_wrap=True)


def _summary(scorers: Sequence[ScorerAudit], shown: Sequence[str], name_width: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scorer", overflow="fold", width=name_width, vertical="top")
    for heading in ("alarms", "accuracy", *shown):
        table.add_column(_BROKEN.get(heading, heading), no_wrap=True)
    for one in scorers:
        alarms = sum(probe.alarm for probe in one.probes)
        own = one[_SUMMARY[0]].others.get("accuracy")
        cells = [_number(one[name].estimate) + (" ▲" if one[name].alarm else "") for name in shown]
        table.add_row(Text(one.scorer), str(alarms), _number(own) if own else "–", *cells)
    return table


def _natural(table: Table) -> int:
    return Console(width=_UNBOUNDED).measure(table).maximum


def _print_scorer(one: ScorerAudit, screen: Console) -> None:
    screen.print()
    unit = f" · a shift of 1 is {_number(one.scale)} of its score" if one.scale.defined else ""
    if one.scale.value == 0:
        unit = " · it tells no two responses apart that people told apart"
    screen.print(Text(one.scorer + unit, style="bold"), soft_wrap=True)
    if one.note:
        screen.print(Text(f"{one.note}.", style="dim"), soft_wrap=True)
    alarms = [probe for probe in one.probes if probe.alarm]
    if alarms:
        screen.print(_probes(alarms[:_MOST_ALARMS]))
    if len(alarms) > _MOST_ALARMS:
        screen.print(f"… and {len(alarms) - _MOST_ALARMS} more alarms.")
    quiet = [probe for probe in one.probes if probe.estimate.defined and not probe.alarm]
    for said, kind in sorted({(_said(probe), probe.kind) for probe in quiet}, key=_place):
        named = [probe for probe in quiet if (_said(probe), probe.kind) == (said, kind)]
        values = ", ".join(f"{probe.probe} {_number(probe.estimate)}" for probe in named)
        screen.print(Text(f"{said}, {kind}: {values}", style="dim"), soft_wrap=True)
    missing: dict[str, list[str]] = {}
    for probe in one.probes:
        if probe.reason:
            missing.setdefault(probe.reason, []).append(probe.probe)
    for reason, names in missing.items():
        probes = ", ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} probes, see the report"
        screen.print(Text(f"not tried, {reason}: {probes}", style="dim"), soft_wrap=True)
    if one.attributions:
        said = f"sentences of {len(one.attributions)} responses told apart: see the report or the JSON file"
        screen.print(Text(said, style="dim"), soft_wrap=True)


def _said(probe: ScorerProbe) -> str:
    """What is known of a probe without an alarm."""
    if probe.p != probe.p:
        return "described"
    if probe.trace:
        return "a trace"
    if probe.significant:
        return "as it should be"
    return "not shown either way" if probe.kind == "breaking" else "no effect shown"


def _place(said_of_kind: tuple[str, str]) -> tuple[int, int]:
    """What is not shown comes first: it is no all-clear."""
    said, kind = said_of_kind
    return _ORDER.index(said), get_args(Kind).index(kind)


def _probes(probes: Sequence[ScorerProbe]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("alarm", "kind", "effect", "", "flips", "n", "p"):
        table.add_column(heading, no_wrap=heading != "alarm", overflow="fold")
    for one in probes:
        flips = one.others.get("flip_rate")
        table.add_row(
            one.probe,
            one.kind,
            one.measure,
            _number(one.estimate),
            _number(flips) if flips else "–",
            f"{one.estimate.n:,}",
            _p(one.p_adjusted),
        )
    return table


def _number(estimate: Estimate) -> str:
    return " ".join(value_and_half_width(estimate)).rstrip()


def _p(value: float) -> str:
    return "–" if value != value else "<.001" if value < 0.001 else f"{value:.3f}"
