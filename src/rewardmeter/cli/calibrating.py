"""``rewardmeter calibration`` and ``rewardmeter calibrate``. Imported only when one of them runs."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rewardmeter.api import calibrate as run_calibrate
from rewardmeter.api import contenders
from rewardmeter.calibration import (
    BLIND,
    CalibrationBoard,
    CalibrationEntry,
    Calibrator,
    calibration_board,
    check_measuring,
    read_combination,
    save_calibration,
    write_calibrator,
)
from rewardmeter.cli.app import DONE
from rewardmeter.cli.commands import DataOptions, ScorerOptions, command_line, default_folder
from rewardmeter.cli.output import console
from rewardmeter.cli.progress import make_progress
from rewardmeter.errors import InputError, SpecError
from rewardmeter.report.files import json_text, write_text
from rewardmeter.report.numbers import value_and_half_width
from rewardmeter.scoring.spec import parse_spec, spec_in_target, without_calibrator
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.scaling import FEWEST_ITEMS

__all__ = ["calibrate", "calibration", "check_out", "running", "short"]

SHOWN = {
    "calibration.nll": "log-loss",
    "calibration.brier": "Brier",
    "calibration.ece": "ECE",
    "calibration.slope": "slope",
    "calibration.auc": "AUC",
}
"""What the table shows, with headings; `rewardmeter stats explain` defines each."""

_FIRST_TO_GO = ("AUC", "Brier", "ECE", "slope", "log-loss")
_NARROWEST, _NAME = 12, 30
_MOST_SLICES = 12


def calibration(
    data: DataOptions,
    scorers: ScorerOptions,
    *,
    measuring: Mapping[str, Any],
    out: str | None,
    json_path: str | None,
    no_report: bool,
) -> int:
    """Measure, print, write."""
    to_stdout = json_path == "-"
    named = scorers.named()
    dataset = data.load()
    check_measuring(dataset, **measuring)
    made = contenders(dataset, named, **running(scorers))
    board = calibration_board(dataset, made, **measuring)
    board = replace(board, settings={**board.settings, "command": command_line()})
    if to_stdout:
        sys.stdout.write(json_text(board.to_dict()))
    elif json_path is not None:
        write_text(Path(json_path), json_text(board.to_dict()))
    screen = console(stderr=to_stdout)
    _print(board, screen)
    if not no_report and not (to_stdout and out is None):
        folder = Path(out or default_folder(data.spec, "calibration"))
        save_calibration(dataset, made, board, folder)
        screen.print(f"report  → {folder / 'index.html'}     numbers → {folder / 'calibration.json'}", soft_wrap=True)
    return DONE


def calibrate(data: DataOptions, scorers: ScorerOptions, *, out: str | None, fitting: Mapping[str, Any]) -> int:
    """Fit, write, say what it gained."""
    named = scorers.named()
    if len(named) != 1 or not isinstance(named[0], str):
        raise SpecError("a calibrator belongs to one scorer: name one with --scorer")
    path = out or "calibrator.json"
    check_out(path, data.spec, [named[0]], "calibrator")
    made = run_calibrate(data.load(), named[0], **running(scorers), **fitting)
    write_calibrator(made, path)
    screen = Console(highlight=False)
    fit = made.fit
    # Raw scores of ratings are in other units: any line gains over them.
    gain, beside = fit["gain"], "the raw scores"
    if made.map.target != "utility" and fit["method"] not in BLIND:
        gain, beside = fit["gain_over_blind"], "the mean"
    screen.print(
        f"{made.spec} · {fit['method']} · held-out {fit['loss']} {short(fit['held_out'])}, gain over {beside}"
        f" {short(gain)}",
        markup=False,
        soft_wrap=True,
    )
    if not gain["worth_having"]:
        why = "The interval of the gain includes 0: it is not shown to be worth having."
        if gain["items"] < FEWEST_ITEMS:
            why = f"{gain['items']} items are too few: it is not shown to be worth having."
        elif gain["high"] is not None and gain["high"] < 0:
            why = "The whole interval of the gain is below 0: it is shown to be worse than the raw scores."
        screen.print(why, soft_wrap=True)
    for line in (*_interval(made), *_abstention(made)):
        screen.print(line, markup=False, soft_wrap=True)
    screen.print(f"calibrator → {path}     use it as  {made.spec}@{path}", markup=False, soft_wrap=True)
    return DONE


def _interval(made: Calibrator) -> list[str]:
    if made.intervals is None:
        return []
    found, lines = made.intervals, []
    for number, (reach, items) in enumerate(zip(found.reach.tolist(), found.items.tolist(), strict=True)):
        where = f" ({made.by} {found.slices[number]})" if found.slices else ""
        if math.isinf(reach):
            lines.append(f"intervals{where}: {items} items are too few for {found.level:.0%}")
        else:
            lines.append(
                f"intervals{where}: value ± {reach:.3g} holds the rating of {found.level:.0%} of new items' responses"
            )
    shown = lines[:_MOST_SLICES]
    return shown + ([f"… and {len(lines) - len(shown)} more in the file"] if len(lines) > len(shown) else [])


def _abstention(made: Calibrator) -> list[str]:
    found = made.abstention
    if found is None:
        return []
    if found.outcome == "none":
        return [f"abstention: {found.reason}"]
    where = "all comparisons" if found.outcome == "all" else f"comparisons with a margin above {found.threshold:.3g}"
    return [
        f"abstention: {where} ({found.coverage:.0%}) err at most {found.risk:.0%} of the time, at {1 - found.delta:.0%}"
    ]


def check_out(out: str, data: str, specs: Sequence[str], what: str) -> None:
    """Raise InputError where a file would be written over the data, over one that a scorer is made of, or over anything
    but an older file of its kind; or where its name does not end in .json, as specs need.

    A calibrator or combination in the place of its own input could not be used.
    """
    place = os.path.realpath(out)
    for input, files in (("the data", [data]), *((f"what '{spec}' is made of", _files_of(spec)) for spec in specs)):
        if any(os.path.realpath(os.path.expanduser(file)) == place for file in files):
            raise InputError(f"it would be written over {input}", path=out, fix="Name another file with --out.")
    if not out.endswith(".json"):
        raise InputError(f"a {what} is a .json file", path=out, fix=f"Name it for example {Path(out).stem}.json.")
    if os.path.exists(place) and not _is_record(place, what):
        raise InputError(f"something else is there, no {what}", path=out, fix="Name another file with --out.")


def _is_record(path: str, what: str) -> bool:
    """Whether a file is an older calibrator or combination."""
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and f"rewardmeter_{what}" in record


def _files_of(spec: str, outer: tuple[str, ...] = ()) -> Iterator[str]:
    """Everything in a spec that may be a file: of calibrators and combinations, and of scorers within them."""
    plain, calibrator = without_calibrator(spec)
    if calibrator:
        yield calibrator
        yield from _files_of(plain, outer)
        return
    try:
        parsed = parse_spec(plain)
    except SpecError:
        return  # a target that is no spec; a wrong spec fails where it is used
    yield from parsed.options.values()
    if not parsed.target:
        return
    yield parsed.target
    yield from _files_of(spec_in_target(parsed.target), outer)
    if parsed.name == "combined" and parsed.target not in outer:
        for member in read_combination(parsed.target).members:
            yield from _files_of(member.spec, (*outer, parsed.target))


def running(scorers: ScorerOptions) -> dict[str, Any]:
    """What the library is told of how to run scorers."""
    return {
        "store": scorers.where(),
        "workers": scorers.workers,
        "max_cost": scorers.max_cost,
        "executor": scorers.executor,
        "progress": make_progress(sys.stderr),
    }


def short(record: Mapping[str, Any]) -> str:
    """An estimate with its interval, in a few characters."""
    if record["value"] is None:
        return "undefined"
    if record["low"] is None:
        return f"{record['value']:.4f}"
    return f"{record['value']:.4f} [{record['low']:.4f}, {record['high']:.4f}]"


def _print(board: CalibrationBoard, screen: Console) -> None:
    data, gold = board.dataset, board.gold
    facts = f"{data['items']:,} items, {data['responses']:,} responses · gold: {gold['description'] or gold['kind']}"
    screen.print(Text(f"{data['name']} · {facts}", style="bold"), soft_wrap=True)
    screen.print()
    columns, left_out = _fitted(board, screen.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scorer", no_wrap=True, overflow="ellipsis", min_width=_NARROWEST)
    for heading in columns:
        table.add_column(heading, no_wrap=True)
    for entry, *cells in zip(board.entries, *columns.values(), strict=True):
        table.add_row(entry.scorer, *cells)
    screen.print(table)
    if left_out:
        screen.print(Text(f"left out for width: {', '.join(left_out)}; --json has them", style="dim"), soft_wrap=True)
    screen.print()
    for number, sentence in enumerate(board.headline):
        screen.print(Text(sentence, style="bold" if number == 0 else ""), soft_wrap=True)
    for sentence in (*board.caveats, *_elsewhere(board), _LEGEND[board.settings["target"]]):
        screen.print(Text(sentence, style="dim"), soft_wrap=True)


def _elsewhere(board: CalibrationBoard) -> list[str]:
    """What was asked for and has no room in the table, and where it is."""
    sliced = sorted({column for entry in board.entries for column in entry.slices})
    shifted = sorted({column for entry in board.entries for column in entry.shift})
    parts = [f"by {', '.join(sliced)}"] if sliced else []
    parts += [f"under shift of {', '.join(shifted)}"] if shifted else []
    return [f"Measured {' and '.join(parts)} too: see the report, or --json."] if parts else []


def _fitted(board: CalibrationBoard, width: int) -> tuple[dict[str, list[str]], list[str]]:
    """The columns behind the scorer's name, by heading, and the headings of those that found no room."""
    pairs = board.settings["target"] == "utility"
    columns = {
        short: [_cell(entry.statistics.get(name)) for entry in board.entries]
        for name, short in SHOWN.items()
        if any(name in entry.statistics for entry in board.entries)
    }
    outcomes = [_outcome(entry, pairs) for entry in board.entries]
    headings = ("calibrated", "held-out loss", "gain over raw" if pairs else "gain over the mean")
    columns |= {heading: [cells[i] for cells in outcomes] for i, heading in enumerate(headings)}
    names = max(len(entry.scorer) for entry in board.entries)
    left_out: list[str] = []
    for short in _FIRST_TO_GO:
        needed = sum(2 + max(len(heading), *map(len, cells)) for heading, cells in columns.items())
        if needed + min(names, _NAME) <= width:
            break
        if columns.pop(short, None) is not None:
            left_out.append(short)
    return columns, left_out


_LEGEND = {
    "utility": "Margins are taken as logits. Losses are log-losses in nats on items that the fit has not seen; .693 is"
    " a coin.",
    "rating": "Margins are taken as logits. Losses are squared errors of the predicted rating on items that the fit has"
    " not seen.",
    "probability": "Margins are taken as logits. Losses are log-losses of the predicted probability on items that the"
    " fit has not seen; .693 is a coin.",
}


def _cell(estimate: Estimate | None) -> str:
    return "–" if estimate is None else " ".join(value_and_half_width(estimate)).rstrip()


def _outcome(entry: CalibrationEntry, pairs: bool) -> tuple[str, str, str]:
    """The chosen method, its loss and its gain; for raw scores the best that was tried."""
    chosen = entry.held_out[entry.held_out.chosen]
    if chosen.method in BLIND:
        return "knows nothing", _cell(chosen.loss), "–"
    gained = chosen.over_raw if pairs else chosen.over_blind
    if gained is not None:
        return chosen.method, _cell(chosen.loss), _cell(gained.estimate)
    return "not worth it", _cell(chosen.loss), "–"
