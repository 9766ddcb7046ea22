"""The sentences that a board opens with: the answer first, then what the numbers do not show.

May import `types` and `stats`. Every sentence is made from the estimates; none says more than they do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rewardmeter.comparison.board import Board, Entry
from rewardmeter.stats.catalogue import describe
from rewardmeter.stats.result import Estimate, short

__all__ = ["caveats", "headline", "show"]


CORRECTIONS = {"holm": "Holm", "benjamini-hochberg": "Benjamini–Hochberg", "": "uncorrected"}


def show(estimate: Estimate) -> str:
    """A value with its interval, with honest digits: ``.543 [.540, .546]``; ``undefined`` where there is none."""
    if not estimate.defined:
        return "undefined"
    places = estimate.decimals
    text = short(estimate.value, places)
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return text
    return f"{text} [{short(estimate.low, places)}, {short(estimate.high, places)}]"


def headline(board: Board) -> tuple[str, ...]:
    """Who leads, who cannot be told apart from the leader, how far people and rules that do not read get."""
    primary, entries = board.settings.primary, board.entries
    ranked = [e for e in entries if primary in e.statistics and e.statistics[primary].defined]
    label = describe(primary).label
    if not ranked:
        return (f"No scorer has a defined {label} on this data.",)
    best = [entry for entry in ranked if entry.statistics[primary].value == ranked[0].statistics[primary].value]
    verb = "leads" if len(best) == 1 else "share the first place"
    names = _join([entry.scorer for entry in best]) if len(best) <= 4 else f"{len(best)} scorers"
    rivals = _rivals(board, best[0], ranked[len(best) :])
    sentences = [f"{names} {verb} with {label} {show(best[0].statistics[primary])}{rivals}."]
    ceiling = board.human_ceiling.get(primary)
    if ceiling is not None:
        sentences.append(_ceiling_sentence(ceiling, best[0].statistics[primary]))
    rules = [entry for entry in ranked if entry.baseline]
    readers = [entry for entry in ranked if not entry.baseline]
    if rules and readers:
        sentences.append(_baseline_sentence(rules[0], readers, primary))
    undefined = len(entries) - len(ranked)
    if undefined:
        plural = "s have no defined" if undefined > 1 else " has no defined"
        sentences.append(f"{undefined} scorer{plural} {label}, and stand{'' if undefined > 1 else 's'} last.")
    return tuple(sentences)


def _rivals(board: Board, best: Entry, others: Sequence[Entry]) -> str:
    primary = board.settings.primary
    first = best.statistics[primary]
    if board.settings.tests is not None:
        rivals = [entry.scorer for entry in others if entry.cluster == 1]
        how = "it cannot be told apart from"
        none = "; every other is significantly worse" if others else ""
    elif math.isnan(first.low):
        return ", without an interval"
    else:
        rivals = [entry.scorer for entry in others if entry.statistics[primary].high >= first.low]
        how = "the interval overlaps with"
        none = "; the interval overlaps with no other" if others else ""
    if not rivals:
        return none
    if len(rivals) <= 3:
        return f"; {how} {_join(rivals)}"
    return f"; {how} {len(rivals)} others, from {rivals[0]} to {rivals[-1]}"


def _ceiling_sentence(ceiling: Estimate, best: Estimate) -> str:
    where = "above" if ceiling.value > best.value else "not above"
    return f"One rater against the others gets {show(ceiling)}, {where} the best scorer."


def _baseline_sentence(rule: Entry, readers: Sequence[Entry], primary: str) -> str:
    value = rule.statistics[primary]
    below = sum(1 for entry in readers if entry.statistics[primary].value <= value.value)
    start = f"The best rule that does not read the content, {rule.scorer}, gets {show(value)}"
    if below == 0:
        return f"{start}, less than every scorer that does."
    return f"{start}: at least as much as {below} of the {len(readers)} scorers that do."


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _by_reason(failed: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Failing scorers by their commonest reason."""
    groups: dict[str, list[Entry]] = {}
    for entry in failed:
        groups.setdefault(next(iter(entry.reasons), "no reason given"), []).append(entry)
    return groups


def _failure_sentence(reason: str, group: Sequence[Entry]) -> str:
    count = sum(entry.outcomes["failed"] for entry in group)
    names = _join([entry.scorer for entry in group]) if len(group) <= 6 else f"{len(group)} scorers"
    more = "mostly " if any(len(entry.reasons) > 1 for entry in group) else ""
    return f"{count:,} scores of {names} failed and were left out ({more}{reason[:200]})."


def _tie_sentence(entries: Sequence[Entry]) -> str:
    start = "Ties: gold ties count as right when scores differ by at most ε; ε is fitted on these same items"
    found = [entry.statistics["segment.acc_eq.item"] for entry in entries if "segment.acc_eq.item" in entry.statistics]
    gaps = [abs(e.value - e.detail["cross_fitted"]) for e in found if e.defined and "cross_fitted" in e.detail]
    if not gaps:
        return f"{start}."
    return f"{start}; fitted on other items it moves a value by at most {short(max(gaps), 3)}."


def caveats(board: Board) -> tuple[str, ...]:
    """What the numbers do not show: coverage, tie rule, tests, how intervals were made."""
    entries, settings, gold = board.entries, board.settings, board.gold
    lines: list[str] = []
    partial = [entry for entry in entries if entry.coverage < 1]
    if partial:
        worst = min(partial, key=lambda entry: entry.coverage)
        lines.append(
            f"{len(partial)} of {len(entries)} scorers do not cover every judgment (least: {worst.scorer},"
            f" {math.floor(worst.coverage * 1000) / 10:.1f}%); each is measured on what it covers."
        )
    else:
        lines.append("Every scorer covers every judgment.")
    accuracies = [e.statistics["pair.accuracy"] for e in entries if "pair.accuracy" in e.statistics]
    unread = sum(estimate.detail.get("unread", 0) for estimate in accuracies)
    if unread:
        lines.append(f"{unread:,.0f} recorded verdicts could not be read; they name neither response and earn nothing.")
    abstained = [entry for entry in entries if entry.outcomes.get("abstained") and entry.kind == "computed"]
    if abstained:
        names = _join([entry.scorer for entry in abstained]) if len(abstained) <= 4 else f"{len(abstained)} scorers"
        lines.append(f"{sum(e.outcomes['abstained'] for e in abstained):,} abstentions of {names} were left out.")
    failed = [entry for entry in entries if entry.outcomes.get("failed", 0)]
    lines += [_failure_sentence(reason, group) for reason, group in _by_reason(failed).items()]
    lines += [
        f"{entry.scorer}: {count:,} scored responses {'was' if count == 1 else 'were'} {remark}."
        if remark.startswith("truncated")
        else f"{entry.scorer}, on {count:,} scored responses: {remark}."
        for entry in entries
        for remark, count in entry.remarks.items()
    ]
    if settings.primary == "segment.acc_eq.item":
        lines.append(_tie_sentence(entries))
        constant = gold.get("constant")
        if isinstance(constant, float):
            lines.append(f"A scorer that says the same of every response gets {short(constant, 3)}.")
    elif settings.primary.startswith("pair.accuracy"):
        lines.append("Ties: pairs that people tied are left out; a scorer's tie earns 0 in accuracy, ½ in its twin.")
    elif settings.primary.startswith("pair.best_of_k") and isinstance(gold.get("chance"), float):
        lines.append(f"Choosing at random gets {short(float(gold['chance']), 3)}.")
    if settings.tests is not None:
        lines.append(
            f"Clusters: no member of a cluster is significantly better than a later one ({settings.tests}, all pairs,"
            f" two-sided, {CORRECTIONS[settings.correction or '']}, α = {settings.alpha:g})."
        )
    elif len(entries) > 1:
        lines.append("Scorers were not tested against each other; overlapping intervals are not a test.")
    if settings.primary.startswith("system.") and settings.resamples:
        lines.append("System-level intervals say what as many other items would give, not what more items would.")
    if settings.resamples:
        lines.append(
            f"Intervals at {settings.level:.0%} resample whole items ({settings.resamples:,} draws, seed"
            f" {settings.seed})."
        )
    else:
        lines.append("No intervals were made.")
    if gold.get("kind") == "ratings" and not gold.get("description"):
        lines.append("The data does not say who rated.")
    if primary_ceiling := board.human_ceiling.get(settings.primary):
        lines.append(
            f"The human line is the mean over {primary_ceiling.n} raters, each against the mean or plurality of the"
            " others: a noisier gold than the scorers'."
        )
    return tuple(lines)
