"""Audits of published benchmarks and scorers: what else is responded to than what is asked.

    python benchmarks/audit_results.py [--write] [SET …]

Runs `rewardmeter audit` on each set, as a user would, and prints (or writes into docs/results/audit.md) what it finds.
With sets named, the parts of the page that belong to the others are kept. The sets must be on this machine
(`rewardmeter data list`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rewardmeter as rm
from rewardmeter.auditing import find_duplicates

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "audit.md"
WMT = ("SENTINEL-SRC-MQM-src", "SENTINEL-REF-MQM-refA", "SENTINEL-CAND-MQM-src", "XCOMET-Ensemble-refA", "COMET-refA")
WMT = (*WMT, "GEMBA-MQM-src", "chrF-refA", "Random-sysname-src")
MINILM = "embedding:minilm"


def recorded(*names: str) -> tuple[str, ...]:
    return tuple(f"recorded:{name}" for name in names)


SETS: dict[str, tuple[str, ...]] = {
    "rewardmath:rewardbench-math": ("--scorer", "recorded"),
    "rmb": ("--slice", "goal", "--slice", "task"),
    "rm-bench": ("--slice", "domain", "--scorer", "length", "--scorer", "markdown", "--edits", "none"),
    "judgebench": ("--scorer", "recorded"),
    "llmbar": ("--scorer", "recorded", "--slice", "set"),
    "wmt23-mtme:en-de": tuple(part for one in recorded(*WMT) for part in ("--scorer", one)),
    "wmt23-mtme:zh-en": tuple(part for one in recorded(*WMT) for part in ("--scorer", one)),
    "frank": ("--scorer", "recorded"),
    "hanna": ("--scorer", "recorded"),
    "realsumm": ("--scorer", "recorded"),
    "topicalchat-judges": ("--scorer", "recorded"),
    "xstest": ("--scorer", "recorded", "--slice", "label"),
    "bias-probes:evalbiasbench": ("--slice", "bias", "--scorer", "length", "--scorer", "markdown", "--edits", "none"),
    "bias-probes:judgement-bias-rich-content": ("--scorer", "length", "--scorer", "markdown", "--edits", "none"),
    "bias-probes:sycophancy": ("--scorer", "length", "--edits", "none"),
}
EDITED: dict[str, tuple[str, ...]] = {
    "summeval with edits": ("summeval", "rouge-l", "chrf", MINILM),
    "wmt23-mtme:zh-en with edits": ("wmt23-mtme:zh-en", "chrf", "bleu"),
    "llmbar with edits": ("llmbar", f"{MINILM}?against=prompt", "length"),
}
DUPLICATES = (("judgebench", ""), ("judgebench", "judgebench:claude-3-5-sonnet"), ("llmbar", ""), ("rmb", ""))
DUPLICATES = (*DUPLICATES, ("hh-harmless-test", ""))
HEAD = """# What else is responded to

Written by `python benchmarks/audit_results.py --write`; each part is one `rewardmeter audit`. *Wins*: share of decided
pairs that a rule wins, pairs that it cannot tell apart not won; *ties ½*: these count half, so that a coin has .5; p is
exact, over items, after Holm. Columns named after a feature: what one standard deviation of the feature's difference
moves the margin by, given what people said, in units of the scorer's mean absolute margin. Brackets are 95 % intervals
over items; ▲ marks an alarm (shown after Holm over the probes of the scorer). What each column means, and what it does
not: [docs/audit.md](../audit.md).
"""
COLUMNS = ("beyond the best rule", "length", "markdown", "varied words", "length at equal gold", "surface share")
COLUMNS = (*COLUMNS, "by item", "given the system", "position", "swap consistency", "verbosity", "scale use")


def run(command: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "REWARDMETER_STORE": f"{folder}/store.sqlite", "OMP_NUM_THREADS": "1"}
        line = [sys.executable, "-m", *command, "--no-report", "--json", "-"]
        done = subprocess.run(line, capture_output=True, text=True, env=environment, cwd=folder)
    if done.returncode not in (0, 3):
        raise SystemExit(f"{shlex.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def number(estimate: dict[str, Any] | None) -> str:
    if not estimate or estimate.get("value") is None:
        return "–"
    interval = "" if estimate["low"] is None else f" [{estimate['low']:.2f}, {estimate['high']:.2f}]"
    return f"{estimate['value']:.3f}{interval}"


def p_value(value: float | None) -> str:
    return "–" if value is None else "<.001" if value < 0.001 else f"{value:.3f}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in [list(heads), ["---"] * len(heads), *cells]]


def data_lines(made: dict[str, Any]) -> list[str]:
    whole = [one for one in made["data"] if not one["slice"] and not one["reason"]]
    wins = [one for one in whole if one["measure"] == "wins" and (one["estimate_half_ties"]["value"] or 0) >= 0.5]
    lines = table(
        ("rule", "wins", "ties ½", "pairs", "p"),
        [
            (
                one["probe"],
                number(one["estimate"]),
                number(one["estimate_half_ties"]),
                f"{one['estimate']['n']:,}",
                p_value(one["p_adjusted"]),
            )
            for one in wins
        ],
    )
    parts = [one for one in made["data"] if one["slice"] and one["probe"] in ("longer", "shorter", "response only")]
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for one in parts:
        key = (one["slice"]["column"], one["slice"]["value"])
        if one["estimate_half_ties"]["value"] is None:
            continue
        best.setdefault(key, {})[one["probe"]] = one
    if best:
        heads = ("part", "longer wins", "shorter wins", "response only (ties ½)", "pairs")
        rows = [
            (
                f"{column} {value}",
                *(number(found.get(name, {}).get("estimate")) for name in ("longer", "shorter")),
                number(found.get("response only", {}).get("estimate_half_ties")),
                f"{next(iter(found.values()))['estimate']['n']:,}",
            )
            for (column, value), found in sorted(best.items())
        ]
        lines += ["", *table(heads, rows[:20])]
        if len(rows) > 20:
            lines += ["", f"{len(rows) - 20} more parts in the JSON file."]
    pooled = [one for one in whole if one["measure"] == "pearson"]
    if pooled:
        rows = [(one["probe"], number(one["estimate"]), number(one["estimate_by_item"])) for one in pooled]
        lines += ["", *table(("learnt from", "Pearson with the ratings, pooled", "by item"), rows)]
    return lines


def scorer_lines(made: dict[str, Any]) -> list[str]:
    rows: list[dict[str, str]] = []
    for scorer in made["scorers"]:
        probes = {one["probe"]: one for one in scorer["probes"]}
        row = {"scorer": scorer["scorer"], "alarms": str(sum(one["alarm"] for one in scorer["probes"]))}
        for name in COLUMNS:
            one = probes.get(name)
            if one is not None:
                row[name] = number(one["estimate"]) + (" ▲" if one["alarm"] else "")
        beyond = probes.get("beyond the best rule", {}).get("others", {})
        row["accuracy"] = number(beyond.get("accuracy"))
        length = probes.get("length", {}).get("others", {})
        row["accuracy, longer is right"] = number(length.get("accuracy_when_more"))
        row["accuracy, shorter is right"] = number(length.get("accuracy_when_less"))
        row["Pearson pooled"] = number(probes.get("by item", {}).get("others", {}).get("pearson_pooled"))
        rows.append(row)
    order = ["scorer", "alarms", "accuracy", "accuracy, longer is right", "accuracy, shorter is right"]
    order += ["Pearson pooled", *COLUMNS]
    heads = [one for one in dict.fromkeys(order) if any(row.get(one, "–") != "–" for row in rows)]
    return table(heads, [[row.get(one, "–") for one in heads] for row in rows]) if rows else []


def section(name: str, options: Sequence[str]) -> str:
    command = ["rewardmeter", "audit", name, *options]
    made = run(command)
    lines = [f"## {name}", "", f"    {shlex.join(command)}", "", *(f"{one}  " for one in made["headline"]), ""]
    lines += [*data_lines(made), "", *scorer_lines(made)]
    return "\n".join(lines).rstrip()


def edited(title: str, options: Sequence[str]) -> str:
    """Every edit on scorers that can be run."""
    name, *scorers = options
    command = ["rewardmeter", "audit", name, "--units", "100"]
    command += [part for one in scorers for part in ("--scorer", one)]
    made = run(command)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for scorer in made["scorers"]:
        for one in scorer["probes"]:
            if one["kind"] in ("preserving", "breaking", "hack"):
                key = (one["kind"], one["probe"])
                counts = one["counts"]
                row = rows.setdefault(key, {"applied": f"{counts['applied']} of {made['settings']['units']}"})
                row[scorer["scorer"]] = number(one["estimate"]) + (" ▲" if one["alarm"] else "")
    names = [one["scorer"] for one in made["scorers"]]
    heads = ("kind", "edit", "applied", *names)
    cells = [[*key, row["applied"], *(row.get(one, "–") for one in names)] for key, row in rows.items()]
    cells.sort(key=lambda row: ("preserving", "breaking", "hack").index(row[0]))
    said = (
        "Preserving edits and hacks: shift of the score in units of the scorer's mean absolute margin between responses"
        " that people tell apart. Breaking edits: how often the original scores above its broken form (ties half)."
    )
    return "\n".join([f"## {title}", "", f"    {shlex.join(command)}", "", said, "", *table(heads, cells)])


def collapse() -> str:
    """Reward models where shorter wins, and where it does not."""
    easy = run(["rewardmeter", "audit", "rewardmath:rewardbench-math", "--scorer", "recorded"])
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "rewardmeter", "compare", "rewardmath", "--scorer", "recorded", "--no-report"]
        done = subprocess.run([*line, "--json", "-", "--resamples", "200"], capture_output=True, text=True, cwd=folder)
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)
    hard = {row["scorer"]: row["statistics"] for row in json.loads(done.stdout)["board"]}
    same = {"GRM-Llama3-8B": "grm_llama3", "GRM_Gemma_2B": "grm_gemma", "Skywork-Llama-3.1-8B": "skywork_llama3"}
    same |= {"internlm2-20b": "internlm2_20b"}
    rows = []
    for scorer in easy["scorers"]:
        name = same.get(scorer["scorer"], scorer["scorer"])
        probes = {one["probe"]: one for one in scorer["probes"]}
        statistics = hard.get(name)
        if statistics is None:
            continue
        others = probes["beyond the best rule"]["others"]
        best = statistics.get("pair.best_of_k_strict") or statistics.get("pair.best_of_k")
        length = probes["length"]
        rows.append(
            (
                scorer["scorer"],
                number(others["accuracy"]),
                number(probes["beyond the best rule"]["estimate"]),
                number(length["estimate"]) + (" ▲" if length["alarm"] else ""),
                number(statistics.get("pair.accuracy")),
                number(best),
            )
        )
    heads = ("reward model", "RewardBench-math accuracy", "less that of the best rule", "length dependence")
    heads = (*heads, "RewardMATH pairs won", "RewardMATH best of 10")
    gaps = [one for scorer in easy["scorers"] for one in scorer["probes"] if one["probe"] == "beyond the best rule"]
    better = sum(one["estimate"]["low"] > 0 for one in gaps)
    said = (
        f"On RewardBench's mathematics pairs {better} of {len(gaps)} are shown to be better than the best rule that"
        " reads nothing (fewer sentences). Where the solutions of a problem are written alike (RewardMATH; a coin finds"
        " the right one of ten in .10), what is left of their accuracy stands on the right."
    )
    return "\n".join(["## The collapse of mathematics reward models", "", said, "", *table(heads, rows)])


def duplicates() -> str:
    """Texts that stand in several items, and in another set."""
    rows = []
    for name, train in DUPLICATES:
        for found in find_duplicates(rm.load(name), rm.load(train) if train else None):
            share = found.reason or number(found.items.to_dict())
            counts = (f"{found.texts:,}", f"{found.exact:,}", f"{found.near:,}", share)
            rows.append((name, train or "other items", found.part, *counts))
    heads = ("data", "beside", "part", "texts", "equal", "alike", "share of items concerned")
    return "\n".join(["## Duplicates", "", *table(heads, rows)])


def length_controlled() -> str:
    said = "Win rates of 57 systems, raw and length-controlled: [length-controlled.md](length-controlled.md)."
    return f"## alpaca-eval\n\n{said}"


def parts_of(text: str) -> dict[str, str]:
    found = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    titles, bodies = found[1::2], found[2::2]
    return {title: f"## {title}{body}".rstrip() for title, body in zip(titles, bodies, strict=True)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", help="titles of parts; all if none")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    chosen = parser.parse_args()
    makers: dict[str, Callable[[], str]] = {
        name: lambda n=name, o=options: section(n, o) for name, options in SETS.items()
    }
    makers |= {name: lambda n=name, o=options: edited(n, o) for name, options in EDITED.items()}
    makers["The collapse of mathematics reward models"] = collapse
    makers["Duplicates"] = duplicates
    makers["alpaca-eval"] = length_controlled
    known = parts_of(PAGE.read_text("utf-8")) if PAGE.exists() else {}
    for name, make in makers.items():
        if not chosen.sets or name in chosen.sets:
            known[name] = make()
            if chosen.write:
                ordered = [known[one] for one in makers if one in known]
                PAGE.write_text(HEAD + "\n" + "\n\n".join(ordered) + "\n", encoding="utf-8")
            else:
                print(known[name], end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
