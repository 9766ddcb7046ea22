"""``rewardmeter doctor``. Imported only when it runs."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rewardmeter.api import doctor as run_doctor
from rewardmeter.cli.app import CHECK_FAILED, DONE
from rewardmeter.cli.output import console
from rewardmeter.doctor import Diagnosis, Finding
from rewardmeter.report.files import json_text, write_text
from rewardmeter.report.numbers import duration, value_and_half_width
from rewardmeter.stats.catalogue import describe
from rewardmeter.stats.result import Estimate

__all__ = ["doctor"]


def doctor(scorer: str, data: str, *, items: int, tolerance: float, json_path: str | None) -> int:
    """Examine, print, write; status 1 if something moved a score that must not."""
    to_stdout = json_path == "-"
    screen = console(stderr=to_stdout)
    errors = Console(stderr=True, highlight=False)

    def told(change: str) -> None:
        if errors.is_terminal:
            errors.print(f"examining: {change}", markup=False)

    diagnosis = run_doctor(scorer, data, items=items, tolerance=tolerance, told=told)
    _print(diagnosis, screen)
    if to_stdout:
        sys.stdout.write(json_text(diagnosis.to_dict()))
    elif json_path is not None:
        write_text(Path(json_path), json_text(diagnosis.to_dict()))
    return CHECK_FAILED if diagnosis.failures else DONE


def _print(diagnosis: Diagnosis, screen: Console) -> None:
    facts = f"{diagnosis.items:,} items, {diagnosis.responses:,} responses of {diagnosis.dataset}"
    screen.print(f"{diagnosis.scorer} · {facts}, {diagnosis.scored:,} with a score", markup=False, style="bold")
    screen.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    label = "accuracy" if diagnosis.statistic is None else describe(diagnosis.statistic).label
    table.add_column("", no_wrap=True, min_width=len("MOVES"))  # what was found is the last thing to be cut
    table.add_column("change", min_width=11)
    for heading in ("largest move", "in sd", "pairs flipped", label, "time"):
        table.add_column(heading, no_wrap=True, justify="left" if heading == label else "right")
    for one in diagnosis.findings:
        table.add_row(*_row(one))
    screen.print(table)
    screen.print()
    for sentence in _sentences(diagnosis):
        screen.print(sentence, markup=False, soft_wrap=True)


def _row(one: Finding) -> list[str | Text]:
    if one.error:
        return [Text("not tried", style="dim"), one.change, "–", "–", "–", "–", "–"]
    verdict = Text("holds" if one.holds else "moves", style="" if one.holds else "yellow")
    if one.must_hold and not one.holds:
        verdict = Text("MOVES", style="bold red")
    flipped = "–" if one.flipped != one.flipped else f"{one.flipped:.1%}"
    largest, in_sd = ("–" if x != x else f"{x:.2g}" for x in (one.largest, one.largest_in_sd))
    return [verdict, one.change, largest, in_sd, flipped, _accuracy(one), duration(one.seconds)]


def _accuracy(one: Finding) -> str:
    if one.accuracy is None or one.accuracy_as_is is None:
        return "–"
    value = " ".join(value_and_half_width(one.accuracy)).rstrip()
    change = _difference(one.accuracy, one.accuracy_as_is)
    return f"{value} ({change})" if change else value


def _difference(changed: Estimate, as_is: Estimate) -> str:
    difference = changed.value - as_is.value
    return f"{difference:+.3f}" if changed.defined and as_is.defined else ""


def _sentences(diagnosis: Diagnosis) -> list[str]:
    must = [one for one in diagnosis.findings if one.must_hold]
    failures = diagnosis.failures
    if failures:
        names = ", ".join(one.change for one in failures)
        lines = [f"{len(failures)} of {len(must)} changes that must not move a score do: {names}."]
    else:
        lines = [f"None of {len(must)} changes that must not move a score does (tolerance {diagnosis.tolerance:g})."]
    lines += [
        f"{one.change}: {one.outcomes_changed:,} responses have a score one way only."
        for one in diagnosis.findings
        if one.outcomes_changed
    ]
    lines += [f"{one.change} was not tried: {one.error}" for one in diagnosis.findings if one.error]
    remarks = {text: count for one in diagnosis.findings[:1] for text, count in one.remarks.items()}
    lines += [f"{count:,} responses: {text}." for text, count in remarks.items()]
    if diagnosis.statistic is None:
        lines.append("Without human judgments there is no accuracy to lose; --data names a set that has them.")
    return lines
