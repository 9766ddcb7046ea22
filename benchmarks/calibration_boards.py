"""Calibration before and after, on data with published scorers: held-out losses of every way to calibrate.

    python benchmarks/calibration_boards.py [--write]

Runs `rewardmeter calibration` on each set, as a user would, and prints (or writes into docs/results/calibration.md)
what it finds. The sets must be on this machine (`rewardmeter data list`).
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rewardmeter.stats.catalogue import describe

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "calibration.md"
SETS = ("judgebench", "wmt23-mtme:en-de", "wmt23-mtme:zh-en", "topicalchat-judges", "hanna", "wmt22-ende-gemba")
SHOWN = 15
MEASURES = ("calibration.nll", "calibration.brier", "calibration.ece", "calibration.slope", "calibration.auc")
HEAD = """# Calibration before and after

Written by `python benchmarks/calibration_boards.py --write`. Every recorded scorer's margins are taken as logits; every
way to calibrate is fitted on four fifths of the items and judged on the rest, in turn. Losses are log-losses in nats
for preferences (a coin has 0.693) and squared errors for ratings; brackets are 95 % intervals over items. *Chosen* is
the simplest way that no other is shown to beat; *raw*: none is shown to be better than the scores as they are; *coin*
and *mean*: the score is not shown to say anything.
"""


def board_of(name: str) -> tuple[str, dict[str, Any]]:
    command = ["rewardmeter", "calibration", name, "--scorer", "recorded"]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "REWARDMETER_STORE": f"{folder}/store.sqlite", "OMP_NUM_THREADS": "1"}
        run = [sys.executable, "-m", *command, "--json", "-"]
        done = subprocess.run(run, capture_output=True, text=True, env=environment, cwd=folder)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} failed:\n{done.stderr}")
    return shlex.join(command), json.loads(done.stdout)


def number(estimate: dict[str, Any] | None) -> str:
    if estimate is None or estimate["value"] is None:
        return "–"
    interval = "" if estimate["low"] is None else f" [{estimate['low']:.3f}, {estimate['high']:.3f}]"
    return f"{estimate['value']:.3f}{interval}"


def section(name: str, command: str, board: dict[str, Any]) -> str:
    lines = [f"## {name}", "", f"    {command}", "", *(f"{sentence}  " for sentence in board["headline"]), ""]
    entries = board["board"][:SHOWN]
    blind = "coin" if board["settings"]["target"] == "utility" else "mean"
    before = ["scorer", *(describe(one).label for one in MEASURES)]
    lines += table(
        before, [[row["scorer"], *(number(row["statistics"].get(one)) for one in MEASURES)] for row in entries]
    )
    lines.append("")
    rows = []
    for row in entries:
        trials = {trial["method"]: trial for trial in row["methods"]}
        chosen = trials[row["chosen"]]
        rows.append(
            [
                row["scorer"],
                number(trials["raw"]["loss"]),
                number(trials.get(blind, {}).get("loss")),
                row["chosen"],
                number(chosen["loss"]),
                number(chosen.get("gain")),
                number(chosen.get("gain_over_blind")),
            ]
        )
    heads = [
        "scorer",
        "raw loss",
        f"{blind}'s loss",
        "chosen",
        "held-out loss",
        "gain over raw",
        f"gain over the {blind}",
    ]
    lines += table(heads, rows)
    left = len(board["board"]) - len(entries)
    lines += [
        "",
        f"{len(board['board'])} scorers in all"
        + (f"; {left} with more raw log-loss are left out here." if left else "."),
    ]
    return "\n".join(lines)


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in [heads, ["---"] * len(heads), *cells]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    write = parser.parse_args().write
    text = HEAD + "\n" + "\n\n".join(section(name, *board_of(name)) for name in SETS) + "\n"
    if write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
