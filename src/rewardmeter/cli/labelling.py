"""``rewardmeter label``. Imported only when it runs."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rewardmeter.api import label as run_label
from rewardmeter.calibration import LabelOptions, LabelTurn, ScorerStanding, check_labelling, label_state_path
from rewardmeter.cli.app import DONE
from rewardmeter.cli.calibrating import running
from rewardmeter.cli.commands import DataOptions, ScorerOptions
from rewardmeter.cli.output import console
from rewardmeter.report.numbers import value_and_half_width
from rewardmeter.stats.result import Estimate

__all__ = ["label"]

MOST_REASONS = 5


def label(
    data: DataOptions,
    scorers: ScorerOptions,
    options: LabelOptions,
    *,
    out: str,
    labels: str | None,
    state: str | None,
    **asking: Any,
) -> int:
    """Read the answers, say how far it is, write the next batch."""
    check_labelling(options)
    turn = run_label(
        data.load(), scorers.named(), out, options, labels=labels, state=state, **asking, **running(scorers)
    )
    _print(turn, options, turn.state.ask, console())
    screen = Console(highlight=False)
    if turn.batch:
        screen.print(
            f"batch → {out}     {len(turn.batch):,} items; fill the column '{turn.state.ask}', then run this again with"
            f" --labels {out} and another --out",
            markup=False,
            soft_wrap=True,
        )
    screen.print(f"state → {state or label_state_path(out)}", markup=False, soft_wrap=True)
    return DONE


def _print(turn: LabelTurn, options: LabelOptions, ask: str, screen: Console) -> None:
    screen.print(Text(f"{turn.labelled:,} of {turn.items:,} items are labelled", style="bold"), soft_wrap=True)
    if turn.standings:
        screen.print(_table(turn.standings))
        unit = "log-loss" if ask == "preference" else "loss"
        screen.print(
            Text(
                f"Held-out {unit} is weighted to speak of all items. The calibration error is the expected loss above"
                " that of the calibrator fitted on any number of labels, with its upper end; 1 is what the mean or a"
                " coin loses.",
                style="dim",
            ),
            soft_wrap=True,
        )
    for name in turn.left_out:
        screen.print(Text(f"{name} has no scores, and is left out.", style="dim"), soft_wrap=True)
    screen.print(Text(f"{'Stop' if turn.stop.stop else 'Go on'}: {turn.stop.reason}.", style="bold"), soft_wrap=True)
    if turn.asked_before:
        screen.print("Nobody has answered the last batch yet: it is written again.", soft_wrap=True)
    for one in turn.batch[:MOST_REASONS]:
        screen.print(f"  {one.item_id}: {one.reason}", markup=False, soft_wrap=True)
    if len(turn.batch) > MOST_REASONS:
        screen.print(f"  and {len(turn.batch) - MOST_REASONS} more ({options.strategy})", markup=False, soft_wrap=True)


def _table(standings: tuple[ScorerStanding, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("scorer", "method", "held-out loss", "gain over knowing nothing", "calibration error", "up to"):
        table.add_column(heading, no_wrap=heading != "scorer", overflow="fold")
    for one in standings:
        if one.reason:
            table.add_row(one.scorer, one.method, one.reason)
            continue
        table.add_row(
            one.scorer,
            one.method,
            _cell(one.loss),
            _cell(one.over_blind.estimate),
            _share(one.over_blind_loss(one.excess.value)),
            _share(one.over_blind_loss(one.excess.high)),
        )
    return table


def _share(share: float) -> str:
    return "undefined" if math.isnan(share) else f"{share:.4f}"


def _cell(estimate: Estimate) -> str:
    return " ".join(value_and_half_width(estimate)).rstrip()
