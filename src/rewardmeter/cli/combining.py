"""``rewardmeter combine``. Imported only when it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rewardmeter.api import combine as run_combine
from rewardmeter.calibration import Combination, write_combination
from rewardmeter.cli.app import DONE
from rewardmeter.cli.calibrating import check_out, running, short
from rewardmeter.cli.commands import DataOptions, ScorerOptions
from rewardmeter.cli.output import console
from rewardmeter.report.numbers import value_and_half_width
from rewardmeter.stats.result import Estimate

__all__ = ["combine"]


def combine(data: DataOptions, scorers: ScorerOptions, *, out: str | None, fitting: Mapping[str, Any]) -> int:
    """Fit, write, say what it gained."""
    specs = [spec for spec in scorers.named() if isinstance(spec, str)]
    path = out or "combination.json"
    check_out(path, data.spec, specs, "combination")
    made = run_combine(data.load(), specs, **running(scorers), **fitting)
    write_combination(made, path)
    _print(made, console())
    Console(highlight=False).print(
        f"combination → {path}     use it as  combined:{path}  or  combined:{path}?bound=lower&level=0.9",
        markup=False,
        soft_wrap=True,
    )
    return DONE


def _print(made: Combination, screen: Console) -> None:
    data, fit = made.data, made.fit
    screen.print(Text(f"{data['name']} · {data['rows']:,} judgments", style="bold"), soft_wrap=True)
    screen.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scorer", overflow="fold")
    for title in ("weight", "calibrated", "held-out loss", "gain"):
        table.add_column(title, no_wrap=True)
    for one in sorted(fit["members"], key=lambda one: -one["weight"]):
        weight = f"{one['weight']:.3f}" if one["weight"] > 0 else "0"
        table.add_row(one["scorer"], weight, one["calibrated_by"], _cell(one["held_out"]), _cell(one["gain"]))
    table.add_row("plain mean", "", "", _cell(fit["mean"]["held_out"]), _cell(fit["mean"]["gain"]))
    table.add_row("combination", "", fit["method"], _cell(fit["held_out"]), "")
    screen.print(table)
    screen.print()
    gain = fit["gain"]
    verdict = "The combination is worth having" if gain["worth_having"] else "Not shown to be worth having"
    screen.print(Text(f"{verdict}: gain over {fit['best']}, the best member, {short(gain)}.", style="bold"))
    screen.print(
        Text(
            f"Weights are of standardised scores. The loss is the {fit['loss']} on held-out items, the gain how much"
            " less the combination loses.",
            style="dim",
        ),
        soft_wrap=True,
    )
    if fit["without_scores"]:
        screen.print(Text(f"Left out, without scores: {', '.join(fit['without_scores'])}.", style="dim"))


def _cell(record: Mapping[str, Any]) -> str:
    value, low, high = (math.nan if record[part] is None else record[part] for part in ("value", "low", "high"))
    return " ".join(value_and_half_width(Estimate(value, low, high, level=record["level"]))).rstrip()
