"""Control for length: AlpacaEval's win rates beside people's ranking, and scorers before and after a control.

    python benchmarks/length_controlled.py [--write]

Prints, or writes into docs/results/length-controlled.md, what it finds. The sets must be on this machine: those that
load by name (`rewardmeter data list`), and a copy of AlpacaEval's results as the folder `alpaca-eval` beside them.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

import rewardmeter as rm
from rewardmeter.calibration import ControlledStatistic
from rewardmeter.errors import RewardmeterError
from rewardmeter.stats.length_controlled import ControlledWinRates
from rewardmeter.stats.result import Estimate

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "length-controlled.md"
ELO = {"2 Feb 2024": "Arena Elo\n[Feb 2, 2024]", "18 Apr 2024": "Arena Elo\n[April 18, 2024]"}
PUBLISHED = {"raw": "AlpacaEval 2.0", "controlled": "LC AlpacaEval 2.0"}
STYLED = ("alpaca-7b", "claude-2.1", "gpt-3.5-turbo-1106")
CONTROLS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("judgebench", "recorded:GRM-Gemma-2B-rewardmodel-ft", ("length",)),
    ("judgebench", "recorded:Skywork-Reward-Gemma-2-27B", ("length",)),
    ("judgebench", "recorded:internlm2-20b-reward", ("length", "markdown")),
    ("llmbar:all", "length", ("markdown",)),
    ("llmbar:all", "words", ("type-token-ratio",)),
    ("rm-bench", "markdown", ("length",)),
    ("rm-bench", "length", ("markdown", "lists")),
    ("rmb", "length", ("markdown",)),
    ("rmb", "type-token-ratio", ("length",)),
    ("summeval", "rouge-l", ("length",)),
    ("summeval", "recorded:bertscore_f1", ("length",)),
    ("realsumm", "rouge-l", ("length",)),
)
DRAWS = 10_000
STAR = "\\*"
HEAD = """# Length-controlled

Written by `python benchmarks/length_controlled.py --write`. Intervals are at 95 %."""

Floats = NDArray[np.float64]


def root() -> Path:
    for folder in os.environ.get("REWARDMETER_DATA", "").split(os.pathsep):
        if folder and (Path(folder) / "alpaca-eval").is_dir():
            return Path(folder) / "alpaca-eval"
    raise SystemExit("set REWARDMETER_DATA to the folder that holds alpaca-eval/")


def preferences(folder: Path) -> tuple[list[str], Floats, Floats]:
    """Models, preferences over the baseline (0 stands for a tie, as upstream has it) and differences in characters."""
    with gzip.open(folder / "per_item_preferences.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    models = sorted({row["model"] for row in rows})
    place = {model: number for number, model in enumerate(models)}
    prefer, apart = np.full((2, len(models), 1 + max(int(row["idx"]) for row in rows)), np.nan)
    for row in rows:
        where = place[row["model"]], int(row["idx"])
        prefer[where] = (float(row["preference"]) or 1.5) - 1
        apart[where] = float(row["len_model"]) - float(row["len_baseline"])
    return models, prefer, apart


def table(path: Path, key: str) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


def rank_correlations(raw: Floats, controlled: Floats, elo: Floats) -> tuple[float, float, float, float]:
    """Spearman's rho of both with people, and the percentile interval of their difference over models."""
    rng = np.random.default_rng(0)
    differences = []
    for _ in range(DRAWS):
        drawn = rng.integers(0, len(elo), len(elo))
        if len(set(elo[drawn])) > 2:
            differences.append(spearmanr(controlled[drawn], elo[drawn])[0] - spearmanr(raw[drawn], elo[drawn])[0])
    low, high = np.quantile(differences, [0.025, 0.975])
    return float(spearmanr(raw, elo)[0]), float(spearmanr(controlled, elo)[0]), float(low), float(high)


def arena(models: Sequence[str], rates: Mapping[str, Floats], board: Mapping[str, Mapping[str, str]]) -> str:
    lines = ["| win rates | Arena Elo of | models | raw | controlled | difference |", "|---|---|---|---|---|---|"]
    for when, column in ELO.items():
        both = [model for model in models if board.get(model, {}).get(column)]
        where = [models.index(model) for model in both]
        elo = np.array([float(board[model][column]) for model in both])
        lines.append(_arena_row("fitted here", when, *(rates[name][where] for name in rates), elo))
        listed = [row for row in board.values() if row[column] and all(row[name] for name in PUBLISHED.values())]
        elo = np.array([float(row[column]) for row in listed])
        raw, controlled = (np.array([float(row[name]) for row in listed]) for name in PUBLISHED.values())
        lines.append(_arena_row("as published", when, raw, controlled, elo))
    return "\n".join(lines)


def _arena_row(what: str, when: str, raw: Floats, controlled: Floats, elo: Floats) -> str:
    before, after, low, high = rank_correlations(raw, controlled, elo)
    change = f"{after - before:+.3f} [{low:+.3f}, {high:+.3f}]"
    return f"| {what} | {when} | {len(elo)} | {before:.3f} | {after:.3f} | {change} |"


def gameability(models: Sequence[str], raw: Floats, controlled: Floats) -> str:
    lines = ["| model | win rate | concise | as it is | verbose | spread over mean |", "|---|---|---|---|---|---|"]
    for model in STYLED:
        for name, rates in (("raw", raw), ("controlled", controlled)):
            found = [rates[models.index(m)] if m in models else np.nan for m in _styles(model)]
            known = np.array(found)[~np.isnan(found)]
            cells = " | ".join("–" if np.isnan(rate) else f"{rate:.1f}" for rate in found)
            lines.append(f"| {model} | {name} | {cells} | {np.std(known, ddof=1) / known.mean():.0%} |")
    return "\n".join(lines)


def _styles(model: str) -> tuple[str, str, str]:
    return f"{model}_concise", model, f"{model}_verbose"


def win_rates() -> str:
    folder = root()
    models, prefer, apart = preferences(folder)
    made: ControlledWinRates = rm.length_controlled_win_rates(prefer, apart)
    raw, controlled = (np.array([100 * one.value for one in side]) for side in (made.raw, made.controlled))
    listed = table(folder / "leaderboards" / "weighted_alpaca_eval_gpt4_turbo_leaderboard.csv", "")
    where = [number for number, model in enumerate(models) if model in listed]
    theirs_raw, theirs = (
        np.array([float(listed[models[number]][name]) for number in where])
        for name in ("win_rate", "length_controlled_winrate")
    )
    worst = np.abs(raw[where] - theirs_raw).max()
    off = np.abs(controlled[where] - theirs)
    board = table(folder / "benchmarks.csv", "Model")
    null = models.index("NullModel")
    fooled = made.controlled[null]
    return f"""## Win rates: AlpacaEval 2.0

`rm.length_controlled_win_rates` on {int((~np.isnan(prefer)).sum()):,} preferences of {len(models)} models on \
{prefer.shape[1]} instructions; instruction difficulty is fitted to these models and taken from no table.

- Raw win rates equal the published ones for {int(np.sum(np.abs(raw[where] - theirs_raw) < 1e-9))} of {len(where)} \
listed models to 1e-9 (greatest difference {worst:.1g}).
- Controlled ones beside the published ones, {len(where)} models: Spearman \
{spearmanr(controlled[where], theirs)[0]:.3f}, Pearson {np.corrcoef(controlled[where], theirs)[0, 1]:.3f}, mean \
absolute difference {off.mean():.2f} points, greatest \
{off.max():.1f} ({models[where[int(off.argmax())]]}). Theirs also use preferences for gamed baselines, which are not \
published.

Spearman's correlation with Chatbot Arena; the interval of the difference draws models:

{arena(models, {"raw": raw, "controlled": controlled}, board)}

The correlation is higher in every row. Where the interval reaches 0, so few models do not show it: per-item \
preferences are published for 58 models only, of which few have an Arena rating.

The same model asked to be concise or verbose; the spread is the standard deviation over the mean of the rates:

{gameability(models, raw, controlled)}

**Length control does not mend everything.** NullModel gives one constant answer that games the judge: raw \
{raw[null]:.1f}, controlled {100 * fooled.value:.1f} [{100 * fooled.low:.1f}, {100 * fooled.high:.1f}], published \
{float(listed["NullModel"]["length_controlled_winrate"]):.1f}. Its answer is short, so the control raises it."""


def number(estimate: Estimate, form: Callable[[float], str]) -> str:
    if not estimate.defined:
        return "undefined"
    if np.isnan(estimate.low):
        return form(estimate.value)
    return f"{form(estimate.value)} [{form(estimate.low)}, {form(estimate.high)}]"


def control_row(data: str, spec: str, covariates: Sequence[str]) -> str:
    try:
        made = rm.control(data, spec, covariates=covariates, store=None)
    except RewardmeterError as error:
        raise SystemExit(f"{data}, {spec}: {error}") from error
    share = number(made.explained.estimate, lambda value: f"{100 * value:.1f}")
    change = number(made.accuracy.change, lambda value: f"{100 * value:+.1f}")
    verdict = "yes" if made.worth_having else "no"
    slopes: list[ControlledStatistic] = [made["dependence", one] for one in covariates]
    before = "; ".join(f"{one.before.value:+.2f}{STAR if one.shown else ''}" for one in slopes)
    after = "; ".join(f"{one.after.value:+.2f}" for one in slopes)
    accuracy = f"{100 * made.accuracy.before.value:.1f} → {100 * made.accuracy.after.value:.1f}"
    return (
        f"| {data} | {spec.removeprefix('recorded:')} | {', '.join(covariates)} | {before} → {after} | {share} |"
        f" {accuracy} | {change} | {verdict} |"
    )


def scores() -> str:
    lines = [
        "| data | scorer | covariates | dependence | predicted, % | accuracy | change, points | worth having |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for data, spec, covariates in CONTROLS:
        lines.append(control_row(data, spec, covariates))
        print(f"{data} {spec}: done", file=sys.stderr)
    body = "\n".join(lines)
    return f"""## Scores: before and after

`rewardmeter control DATA --scorer SPEC --covariate …`, everything on items that the fit has not seen. *Dependence* is \
how many spreads the margin moves for one spread of a covariate, people's judgement held fixed (\\* shown to differ \
from 0); *predicted* is how much of what the judgements leave open in margins the covariates predict; accuracy counts \
a scorer's ties ½. A control is worth having if a dependence is shown that the fit has caught, and accuracy is not \
shown to fall by more than 1 point.

{body}"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} instead of printing")
    write = parser.parse_args().write
    page = "\n\n".join([HEAD, win_rates(), scores()]) + "\n"
    if write:
        PAGE.write_text(page, encoding="utf-8")
    else:
        print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
