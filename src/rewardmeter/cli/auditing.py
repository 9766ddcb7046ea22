"""``rewardmeter audit``. Imported only when it runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rewardmeter.api import audit as run_audit
from rewardmeter.auditing import Audit, DataProbe
from rewardmeter.cli.app import DONE
from rewardmeter.cli.commands import DataOptions
from rewardmeter.cli.output import console
from rewardmeter.report.files import json_text, write_text
from rewardmeter.report.numbers import value_and_half_width

__all__ = ["audit"]


def audit(data: DataOptions, *, auditing: Mapping[str, Any], json_path: str | None) -> int:
    """Audit, print, write."""
    to_stdout = json_path == "-"
    made = run_audit(data.load(), **auditing)
    if to_stdout:
        sys.stdout.write(json_text(made.to_dict()))
    elif json_path is not None:
        write_text(Path(json_path), json_text(made.to_dict()))
    _print(made, console(stderr=to_stdout))
    return DONE


def _print(made: Audit, screen: Console) -> None:
    facts = f"{made.dataset['items']:,} items · gold: {made.gold['description'] or made.gold['kind']}"
    screen.print(Text(f"{made.dataset['name']} · {facts}", style="bold"), soft_wrap=True)
    screen.print()
    whole = [one for one in made.data if not one.column and not one.reason and one.half_ties.value >= 0.5]
    screen.print(_table(whole, with_part=False))
    parts = [one for one in made.data if one.column and one.significant]
    if parts:
        screen.print()
        screen.print(Text("In parts of the data, what is shown to win more than half:", style="bold"))
        screen.print(_table(parts, with_part=True))
    screen.print()
    for number, sentence in enumerate(made.headline):
        screen.print(Text(sentence, style="bold" if number == 0 else ""), soft_wrap=True)
    for one in made.data:
        if one.reason:
            screen.print(Text(f"{one.probe}: {one.reason}.", style="dim"), soft_wrap=True)
    screen.print(
        Text(
            "Pairs that people tied are left out. p is of the exact sign test over items against a coin, after Holm"
            " over all rules.",
            style="dim",
        ),
        soft_wrap=True,
    )


def _table(probes: list[DataProbe], *, with_part: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("rule", *(("part",) if with_part else ()), "wins", "with ties ½", "pairs", "p"):
        table.add_column(heading, no_wrap=heading not in ("rule", "part"), overflow="fold")
    for one in probes:
        part = (f"{one.column} {one.value}",) if with_part else ()
        table.add_row(
            one.probe,
            *part,
            " ".join(value_and_half_width(one.estimate)).rstrip(),
            " ".join(value_and_half_width(one.half_ties)).rstrip(),
            f"{one.half_ties.n:,}",
            "<.001" if one.p_adjusted < 0.001 else f"{one.p_adjusted:.3f}",
        )
    return table
