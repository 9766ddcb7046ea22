"""Combinations of recorded scorers: is one worth having over its best member, on items that no fit has seen?

    python benchmarks/combinations.py [--write]

Runs `rewardmeter combine` on each set, as a user would, and prints (or writes into docs/results/combinations.md) what
it finds. The sets must be on this machine (`rewardmeter data list`).
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "combinations.md"
SETS: dict[str, tuple[str, ...]] = {
    "judgebench": ("recorded",),
    "topicalchat-judges": ("recorded",),
    "hanna": ("recorded",),
    "wmt22-ende-gemba": ("recorded",),
    "demo": ("chrf", "bleu", "rouge-l", "length"),
}
SHOWN = 6
HEAD = """# Combinations

Written by `python benchmarks/combinations.py --write`. Scores are weighted so that the value predicts what people say;
weights, penalty and splines are fitted on four fifths of the items and judged on the rest, in turn, and so is every
member alone, calibrated as is best for it. Losses are log-losses in nats for preferences and squared errors for
ratings; a gain is positive where the combination loses less, with its 95 % interval over items. The members shown are
those of the greatest weights.
"""


def combination_of(name: str, scorers: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    command = ["rewardmeter", "combine", name, *(part for one in scorers for part in ("--scorer", one))]
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-m", *command, "--no-store", "--out", f"{folder}/combination.json"]
        done = subprocess.run(run, capture_output=True, text=True, cwd=folder)
        if done.returncode:
            raise SystemExit(f"{shlex.join(command)} failed:\n{done.stderr}")
        return shlex.join(command), json.loads(Path(folder, "combination.json").read_text("utf-8"))


def number(estimate: dict[str, Any]) -> str:
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"


def section(name: str, command: str, record: dict[str, Any]) -> str:
    fit = record["fit"]
    members = sorted(fit["members"], key=lambda one: -one["weight"])
    kept = sum(one["weight"] > 0 for one in members)
    verdict = "worth having" if fit["gain"]["worth_having"] else "not shown to be worth having"
    lines = [
        f"## {name}",
        "",
        f"    {command}",
        "",
        f"{record['data']['rows']:,} judgments of {record['data']['items']:,} items, {len(members)} scorers, {kept} of"
        f" them with a weight. Over its best member, {fit['best']}, the combination gains {number(fit['gain'])}"
        f" ({fit['loss']}): {verdict}.",
        "",
        f"| | weight | held-out {fit['loss']} | gain of the combination |",
        "|---|---|---|---|",
    ]
    lines.append(f"| combination ({fit['method']}) | | {number(fit['held_out'])} | |")
    lines.append(f"| plain mean | | {number(fit['mean']['held_out'])} | {number(fit['mean']['gain'])} |")
    for one in members[:SHOWN]:
        scorer = one["scorer"].replace("|", "\\|")
        lines.append(f"| {scorer} | {one['weight']:.3f} | {number(one['held_out'])} | {number(one['gain'])} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} instead of printing")
    write = parser.parse_args().write
    parts = [HEAD.rstrip()]
    for name, scorers in SETS.items():
        parts.append(section(name, *combination_of(name, scorers)))
        print(f"{name}: done", file=sys.stderr)
    page = "\n\n".join(parts) + "\n"
    if write:
        PAGE.write_text(page, encoding="utf-8")
    else:
        print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
