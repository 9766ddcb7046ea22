"""``rewardmeter control``. Imported only when it runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rewardmeter.api import control as run_control
from rewardmeter.calibration import Control, ControlledStatistic, write_calibrator
from rewardmeter.cli.app import DONE
from rewardmeter.cli.calibrating import check_out, running
from rewardmeter.cli.commands import DataOptions, ScorerOptions
from rewardmeter.cli.output import console
from rewardmeter.errors import InputError, SpecError
from rewardmeter.report.files import json_text, write_text
from rewardmeter.report.numbers import value_and_half_width
from rewardmeter.stats.result import Estimate

__all__ = ["control"]


def control(
    data: DataOptions,
    scorers: ScorerOptions,
    *,
    out: str | None,
    json_path: str | None,
    force: bool,
    controlling: Mapping[str, Any],
) -> int:
    """Fit, print before and after, write if it is worth having.

    Raises
    ------
    InputError
        If it is not shown to be worth having, and nobody forces it; the table is printed all the same.
    """
    named = scorers.named()
    if len(named) != 1 or not isinstance(named[0], str):
        raise SpecError("a control belongs to one scorer: name one with --scorer")
    path = out or "calibrator.json"
    check_out(path, data.spec, [named[0]], "calibrator")
    made = run_control(data.load(), named[0], **running(scorers), **controlling)
    to_stdout = json_path == "-"
    if to_stdout:
        sys.stdout.write(json_text(made.to_dict()))
    elif json_path is not None:
        write_text(Path(json_path), json_text(made.to_dict()))
    screen = console(stderr=to_stdout)
    _print(made, screen)
    if not (made.worth_having or force):
        raise InputError(
            f"no control of '{made.calibrator.spec}' is written, as it is not shown to be worth having",
            fix="Keep the raw scores, judge more items, or write it all the same with --force.",
        )
    write_calibrator(made.calibrator, path)
    screen.print(f"calibrator → {path}     use it as  {made.calibrator.spec}@{path}", markup=False, soft_wrap=True)
    return DONE


def _print(made: Control, screen: Console) -> None:
    data = made.calibrator.data
    facts = f"{data['items']:,} items, {data['rows']:,} judged pairs · gold: {data['gold'] or 'people'}"
    screen.print(Text(f"{made.calibrator.spec} · {data['name']} · {facts}", style="bold"), soft_wrap=True)
    screen.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("on held-out items", "before", "after", "change", "pairs"):
        table.add_column(heading, no_wrap=heading != "on held-out items", overflow="fold")
    for one in made.statistics:
        table.add_row(_named(one), _cell(one.before), _cell(one.after), _change(one.change), f"{one.before.n:,}")
    screen.print(table)
    screen.print()
    screen.print(Text(made.verdict, style="bold"), soft_wrap=True)
    held = "" if made.calibrator.fit["ignore_gold"] else ", people's judgement held fixed"
    legend = (
        "Accuracy counts a scorer's tie as ½; pairs that people tied are left out of it. A dependence is how many"
        f" spreads the margin moves for one spread of the covariate{held}."
    )
    for sentence in (*made.caveats, legend):
        screen.print(Text(sentence, style="dim"), soft_wrap=True)


def _named(one: ControlledStatistic) -> str:
    if not one.covariate:
        return "accuracy"
    if one.measure == "dependence":
        return f"dependence on {one.covariate}"
    return f"accuracy, right answer has {one.measure} {one.covariate}"


def _cell(estimate: Estimate) -> str:
    return " ".join(value_and_half_width(estimate)).rstrip()


def _change(estimate: Estimate) -> str:
    """With its sign and both ends: a change is read by whether they include 0."""
    if not estimate.defined:
        return "undefined"
    if estimate.low != estimate.low:
        return f"{estimate.value:+.3f}"
    return f"{estimate.value:+.3f} [{estimate.low:+.3f}, {estimate.high:+.3f}]"
