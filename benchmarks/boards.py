"""Boards on which published judges and metrics stand beside scorers that are computed here, with what those cost.

    python benchmarks/boards.py [--write]

Runs `rewardmeter compare` on each set, as a user would, with a new store, and prints (or writes into
docs/results/boards.md) the board's head and every computed scorer. The sets must be on this machine
(`rewardmeter data list`); the extras `hf` and `minilm` must be installed.
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

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "boards.md"
RULES = ("length", "-length", "type-token-ratio")
AGAINST_PROMPT = ("embedding:minilm?against=prompt",)
AGAINST_REFERENCE = ("embedding:minilm", "bertscore:minilm", "chrf", "bleu", "rouge-l")
BOARDS = {
    "llmbar": (*AGAINST_PROMPT, *RULES),
    "topicalchat-judges": (*AGAINST_PROMPT, *RULES),
    "wmt22-ende-gemba": (*AGAINST_REFERENCE, *RULES),
}
"""Per set, what is computed beside everything recorded; the first two sets have no references."""

LEADERS = 10
HEAD = """# Recorded judges beside scorers computed here

Written by `python benchmarks/boards.py --write`. Each board holds every judge and metric that the data records, and the
scorers named in the command, computed with a new store on one thread. Shown are the leaders and all that was computed;
cost is seconds of this machine per 1,000 different responses, model loading included. What recorded scorers have cost,
the data does not say.
"""


def board_of(name: str, scorers: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    command = ["rewardmeter", "compare", name, "--scorer", "recorded"]
    for scorer in scorers:
        command += ["--scorer", scorer]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "REWARDMETER_STORE": f"{folder}/store.sqlite", "OMP_NUM_THREADS": "1"}
        run = [sys.executable, "-m", *command, "--json", "-"]
        done = subprocess.run(run, capture_output=True, text=True, env=environment, cwd=folder)
    if done.returncode not in (0, 3):
        raise SystemExit(f"{shlex.join(command)} failed:\n{done.stderr}")
    return shlex.join(command), json.loads(done.stdout)


def estimate_text(estimate: dict[str, Any] | None) -> str:
    if estimate is None or estimate["value"] is None:
        return "undefined"
    interval = "" if estimate["low"] is None else f" [{estimate['low']:.3f}, {estimate['high']:.3f}]"
    return f"{estimate['value']:.3f}{interval}"


def section(name: str, command: str, board: dict[str, Any]) -> str:
    primary = board["settings"]["primary"]
    lines = [f"## {name}", "", f"    {command}", "", *(f"{sentence}  " for sentence in board["headline"]), ""]
    heads = ("rank", "cluster", "scorer", "kind", "reads", describe(primary).label, "coverage", "cost per 1,000")
    lines += ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for place, row in enumerate(board["board"]):
        if place >= LEADERS and row["kind"] != "computed":
            continue
        cost = row["cost_per_1000"]
        cells = (
            row["rank"] or "–",
            row["cluster"] or "–",
            row["scorer"].replace("|", "\\|"),
            row["kind"],
            "?" if row["reads"] is None else ", ".join(row["reads"]),
            estimate_text(row["statistics"].get(primary)),
            f"{row['coverage']:.1%}",
            "–" if cost is None else f"{cost['seconds']:.2g} s",
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", f"{len(board['board'])} scorers in all; recorded ones below place {LEADERS} are left out here."]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    write = parser.parse_args().write
    parts = [section(name, *board_of(name, scorers)) for name, scorers in BOARDS.items()]
    text = HEAD + "\n" + "\n\n".join(parts) + "\n"
    if write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
