"""``rewardmeter label``. Imported only when it runs."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rewardmeter.api import contenders
from rewardmeter.calibration import (
    LabelOptions,
    LabelTurn,
    ScorerStanding,
    begin_labelling,
    check_labelling,
    label_turn,
    questions_of,
    read_answers,
    read_state,
    write_questions,
    write_state,
)
from rewardmeter.cli.app import DONE
from rewardmeter.cli.commands import DataOptions, ScorerOptions
from rewardmeter.cli.output import console
from rewardmeter.cli.progress import make_progress
from rewardmeter.errors import InputError
from rewardmeter.report.numbers import value_and_half_width
from rewardmeter.stats.result import Estimate

__all__ = ["LabelFiles", "label"]

MOST_REASONS = 5


@dataclass(frozen=True)
class LabelFiles:
    """Where answers come from, and where the batch and the state go."""

    out: str
    labels: str | None = None
    state: str | None = None

    @property
    def kept(self) -> Path:
        """The state's file: beside the batch unless it is named."""
        return Path(self.state or Path(self.out).with_name("labelling.json"))


def label(
    data: DataOptions,
    scorers: ScorerOptions,
    files: LabelFiles,
    options: LabelOptions,
    *,
    ask: str | None,
    aspect: str | None,
    anew: bool,
) -> int:
    """Read the answers, say how far it is, write the next batch."""
    check_labelling(options)
    named = scorers.named()
    if files.labels is not None and _same(files.labels, files.out):
        raise InputError("the next batch would replace the answers", path=files.out, fix="Name another file for --out.")
    dataset = data.load()
    questions = questions_of(dataset, ask, aspect=aspect, anew=anew)
    state = read_state(files.kept, questions) if files.kept.exists() else begin_labelling(questions)
    answers = None if files.labels is None else read_answers(files.labels, questions)
    made = contenders(
        dataset,
        named,
        store=scorers.where(),
        workers=scorers.workers,
        executor=scorers.executor,
        max_cost=scorers.max_cost,
        progress=make_progress(sys.stderr),
    )
    turn = label_turn(questions, made, state, options, answers)
    rows = write_questions(questions, [one.item for one in turn.batch], files.out) if turn.batch else 0
    write_state(turn.state, files.kept)
    _print(turn, options, questions.ask, console())
    screen = Console(highlight=False)
    if turn.batch:
        screen.print(
            f"batch → {files.out}     {len(turn.batch):,} items, {rows:,} rows; fill the column '{questions.ask}', then"
            f" run this again with --labels {files.out} and another --out",
            markup=False,
            soft_wrap=True,
        )
    screen.print(f"state → {files.kept}", markup=False, soft_wrap=True)
    return DONE


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


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
            f"{one.excess.value / one.blind:.4f}",
            f"{one.excess.high / one.blind:.4f}",
        )
    return table


def _cell(estimate: Estimate) -> str:
    return " ".join(value_and_half_width(estimate)).rstrip()
