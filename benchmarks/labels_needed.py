"""How many labels calibration needs, by strategy: human labels of real data, hidden and revealed by the strategy.

    python benchmarks/labels_needed.py [--repetitions N] [--sets NAME ...] [--write]

The sets must be on this machine (`rewardmeter data list`).
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import rewardmeter as rm
from rewardmeter.calibration.labelling import STRATEGIES, labelled_so_far, next_items
from rewardmeter.calibration.methods import losses, methods_for
from rewardmeter.calibration.questions import Questions, questions_of, target_of
from rewardmeter.calibration.refits import SIMPLEST, Labelled, refits_of
from rewardmeter.comparison import Contender
from rewardmeter.scorers.recorded import recorded_scores
from rewardmeter.stats.scaling import applied
from rewardmeter.stats.selection import Standing, excess_loss, should_stop

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "labels-needed.md"
SETS = {
    "judgebench": ("Skywork-Reward-Gemma-2-27B", "GRM-Gemma-2B-rewardmodel-ft", "internlm2-7b-reward"),
    "topicalchat-judges": ("UniEval/overall", "gpt3.5-geval/engagingness", "gpt3.5-rate_explain/coherence"),
    "hanna": ("Beluga-13B AVG 1", "BERTScore F1 Ξε", "Mistral-7B AVG 1"),
    "wmt22-ende-gemba": ("MetricX-23-XXL-refA", "CometKiwi-XL-src", "GEMBA-GPT4-DA-src"),
}
GRID = (5, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480)
SHOWN = (10, 20, 40, 80, 160, 320)
TARGETS = (0.02, 0.01, 0.005)
TOLERANCE = 0.01
STOPPED = ("random", "coverage")
FORMS = {"utility": "logit", "rating": "squares", "probability": "probability"}


@dataclass(frozen=True)
class Curves:
    """Excess over the blind loss, (repetitions, grid), of weighted and plain fits; and where the rule stopped."""

    weighted: np.ndarray
    plain: np.ndarray
    stops: list[tuple[int, float]]


@dataclass(frozen=True)
class Trial:
    """One repetition's split: a pool to label, and items that judge it."""

    questions: Questions
    truth: np.ndarray
    test: np.ndarray
    target: str
    scores: np.ndarray
    full: float
    blind: float

    def excess(self, made: object) -> float:
        """Held-out loss above that of the calibrator fitted on the whole pool, over the blind loss."""
        return (self.loss(made) - self.full) / self.blind

    def loss(self, made: object) -> float:
        rows = self.questions.rows(self.scores, self.truth)
        values = applied(made, {name: column[self.test] for name, column in rows.items()})
        return float(np.nanmean(losses(self.target, values, self.truth[self.test])))


def fit(questions: Questions, scores: np.ndarray, labels: np.ndarray, weight: np.ndarray, target: str, method: str):
    rows = questions.rows(scores, labels)
    there = ~np.isnan(labels) & ~np.isnan(questions.signal(scores))
    rows = {name: values[there] for name, values in rows.items()}
    way = methods_for(target, (method,), rows)[method]
    return way.fit(**way.rows(rows), weight=weight[there])


def judged(name: str) -> tuple[Questions, np.ndarray, list[Contender]]:
    """Questions that people answered, their answers, and the scorers."""
    dataset = rm.load(name)
    every = questions_of(dataset)
    scorers = [Contender(one, recorded_scores(dataset, one), "recorded") for one in SETS[name]]
    there = ~np.isnan(every.known)
    hidden = np.full(int(there.sum()), np.nan)
    b = None if every.b is None else every.b[there]
    return Questions(dataset, every.ask, every.a[there], b, hidden), every.known[there], scorers


def split(
    questions: Questions, truth: np.ndarray, scores: np.ndarray, rng: np.random.Generator
) -> tuple[Trial, Questions, np.ndarray] | None:
    """A third of the items judges; the rest is the pool, as questions of their own with their rows."""
    items = rng.permutation(np.unique(questions.item))
    test = np.isin(questions.item, items[: len(items) // 3])
    rows = np.flatnonzero(~test)
    pool = Questions(
        questions.dataset,
        questions.ask,
        questions.a[rows],
        None if questions.b is None else questions.b[rows],
        np.full(len(rows), np.nan),
    )
    target = target_of(questions, truth)
    trial = Trial(questions, truth, test, target, scores, 0.0, 1.0)
    even = np.ones(len(rows))
    full = fit(pool, scores, truth[rows], even, target, SIMPLEST[target])
    blind = fit(pool, scores, truth[rows], even, target, "coin" if target == "utility" else "mean")
    return replace(trial, full=trial.loss(full), blind=trial.loss(blind)), pool, rows


def run(trial: Trial, pool: Questions, truth: np.ndarray, contenders: list[Contender], strategy: str, seed: int):
    """Excess by size, with weighted and with plain fits; and where the rule stopped, with its excess there."""
    labels, drawn = np.full(len(pool), np.nan), []
    items, weighted, plain, standings, stop = len(np.unique(pool.item)), [], [], [], None
    seen = contenders if strategy == "disagreement" else contenders[:1]
    method = SIMPLEST[trial.target]
    known = Labelled(labels, np.ones(pool.dataset.n_items))
    for step, size in enumerate(size for size in GRID if size < items):
        n = size - len(drawn)
        chosen = next_items(pool, seen, known, n, strategy=strategy, target=trial.target, seed=(seed, step))
        drawn += [(one.item, one.chance) for one in chosen]
        rows = np.isin(pool.item, [one.item for one in chosen])
        labels = np.where(rows, truth, labels)
        known = labelled_so_far(pool, seen, labels, drawn, {strategy})
        for found, weight in ((plain, np.ones(len(pool))), (weighted, known.weights[pool.item])):
            found.append(trial.excess(fit(pool, trial.scores, labels, weight, trial.target, method)))
        if strategy in STOPPED and stop is None:
            rng = np.random.default_rng([seed, step])
            refits = refits_of(pool, trial.scores, known, trial.target, method, rng, 50)
            high = excess_loss(refits.values, refits.again, FORMS[trial.target]).high / trial.blind
            standings.append(Standing(high, size, items - size))
            if should_stop(standings, TOLERANCE).stop:
                stop = (size, plain[-1] if known.ignorable else weighted[-1])
    return weighted, plain, stop


def curves(name: str, repetitions: int) -> tuple[dict[str, dict[str, Curves]], int, int, str]:
    """By scorer and strategy; the pool's items and questions per item, and the target."""
    questions, truth, scorers = judged(name)
    made: dict[str, dict[str, Curves]] = {}
    items = 0
    for place, one in enumerate(scorers):
        order = [one, *scorers[:place], *scorers[place + 1 :]]
        found: dict[str, tuple[list, list, list]] = {strategy: ([], [], []) for strategy in STRATEGIES}
        for repetition in range(repetitions):
            trial, pool, rows = split(questions, truth, one.scores.values, np.random.default_rng([repetition, place]))
            items = len(np.unique(pool.item))
            for number, strategy in enumerate(STRATEGIES):
                seed = (repetition * 100 + place) * 10 + number
                weighted, plain, stop = run(trial, pool, truth[rows], order, strategy, seed)
                found[strategy][0].append(weighted)
                found[strategy][1].append(plain)
                found[strategy][2].append(stop or (items, 0.0))
        made[one.name] = {
            strategy: Curves(np.array(weighted), np.array(plain), stops)
            for strategy, (weighted, plain, stops) in found.items()
        }
    return made, items, round(len(questions) / len(np.unique(questions.item))), target_of(questions, truth)


def needed(curve: np.ndarray, target: float) -> float:
    """The least number of items from which on the mean stays at or below the target, interpolated on a log scale."""
    mean = np.maximum.accumulate(curve.mean(axis=0)[::-1])[::-1]
    grid = np.array(GRID[: len(mean)], dtype=float)
    below = np.flatnonzero(mean <= target)
    if not len(below):
        return np.inf
    first = int(below[0])
    if first == 0:
        return float(grid[0])
    share = (mean[first - 1] - target) / max(mean[first - 1] - mean[first], 1e-300)
    return float(np.exp(np.log(grid[first - 1]) + share * np.log(grid[first] / grid[first - 1])))


def needed_text(curve: np.ndarray, target: float, rng: np.random.Generator) -> str:
    draws = rng.integers(0, len(curve), (400, len(curve)))
    low, high = np.quantile([needed(curve[rows], target) for rows in draws], [0.025, 0.975], method="nearest")
    most = GRID[curve.shape[1] - 1]

    def said(number: float) -> str:
        return f"> {most}" if np.isinf(number) else f"≤ {GRID[0]}" if number <= GRID[0] else f"{number:.0f}"

    return f"{said(needed(curve, target))} [{said(low)}, {said(high)}]"


def section(name: str, repetitions: int) -> tuple[str, dict[str, dict[str, Curves]]]:
    started = time.time()
    made, items, per_item, target = curves(name, repetitions)
    print(f"{name}: {time.time() - started:.0f} s", file=sys.stderr)
    unit = "pair" if target == "utility" else "rated response"
    blind = "a coin" if target == "utility" else "the mean"
    lines = [
        f"## {name}",
        "",
        f"{items} items to label, {per_item} {unit}{'s' if per_item > 1 else ''} each; {SIMPLEST[target]}; 100 % is"
        f" what {blind} loses.",
    ]
    for scorer, by_strategy in made.items():
        lines += ["", f"**{scorer}**", "", *_table(by_strategy)]
        for strategy in STOPPED:
            stops = by_strategy[strategy].stops
            at, excess = np.array([one[0] for one in stops]), np.array([one[1] for one in stops])
            lines += [
                "",
                f"The rule with tolerance {TOLERANCE:.0%}, {strategy}: stopped at {np.median(at):.0f} items (median;"
                f" {np.quantile(at, 0.1):.0f} to {np.quantile(at, 0.9):.0f} in four of five runs), with"
                f" {interval(100 * excess)} % left; at most {TOLERANCE:.0%} in {np.mean(excess <= TOLERANCE):.0%} of"
                " the runs.",
            ]
    return "\n".join(lines), made


def summary(found: dict[str, dict[str, dict[str, Curves]]]) -> str:
    """Each strategy's calibration error over random's, by set: the mean over sizes from 10 up and over scorers."""
    kinds = [(strategy, kind) for strategy in STRATEGIES[1:] for kind in ("weighted", "plain")]
    rng = np.random.default_rng(0)
    rows, said = [], {"Shown to be better": [], "Shown to be worse": []}
    for strategy, kind in kinds:
        cells = []
        for name, made in found.items():
            own, even = (
                np.mean([getattr(one[key], how)[:, GRID.index(10) :].mean(axis=1) for one in made.values()], axis=0)
                for key, how in ((strategy, kind), ("random", "plain"))
            )
            draws = rng.integers(0, len(own), (2000, len(own)))
            low, high = np.quantile(own[draws].mean(axis=1) / even[draws].mean(axis=1), [0.025, 0.975])
            cells.append(f"{own.mean() / even.mean():.2f} [{low:.2f}, {high:.2f}]")
            if not low <= 1 <= high:
                said[f"Shown to be {'better' if high < 1 else 'worse'}"].append(f"{strategy}, {kind}, on {name}")
        rows.append([strategy, kind, *cells])
    verdicts = [f"{verdict}: {'; '.join(cases) or 'none'}." for verdict, cases in said.items()]
    return "\n".join([*_lines(["strategy", "fit", *found], rows), "", *verdicts])


def _table(by_strategy: dict[str, Curves]) -> list[str]:
    width = next(iter(by_strategy.values())).weighted.shape[1]
    sizes = [size for size in SHOWN if size in GRID[:width]]
    heads = ["strategy", "fit", *(f"{size} items" for size in sizes), *(f"items for {t:.1%}" for t in TARGETS)]
    rows = []
    rng = np.random.default_rng(0)
    for strategy, found in by_strategy.items():
        for kind in ("plain",) if strategy == "random" else ("weighted", "plain"):
            curve = getattr(found, kind)
            cells = [interval(100 * curve[:, GRID.index(size)]) for size in sizes]
            rows.append([strategy, kind, *cells, *(needed_text(curve, t, rng) for t in TARGETS)])
    return _lines(heads, rows)


def _lines(heads: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in [heads, ["---"] * len(heads), *rows]]


def interval(values: np.ndarray) -> str:
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{values.mean():.2f} ±{half:.2f}"


HEAD = """# How many labels calibration needs

Written by `python benchmarks/labels_needed.py --write --repetitions {repetitions}`. Real data with published scorers:
the human labels are hidden, a strategy chooses which items to reveal, and the simplest calibrator of the target is
fitted on them. {repetitions} repetitions, each with another third of the items held out to judge.

**Calibration error** is the held-out loss above that of the same calibrator fitted on all labels of the pool, in
percent of the loss of what does not look at the score; ± is the 95 % interval of the mean over repetitions, which
share the data set. **Items for x %** is the least number from which on the mean stays at or below x, with a 95 %
interval over repetitions. *Weighted* fits undo the choice, *plain* ones do not. Disagreement looks at all three
scorers, the others at the one that is calibrated. **The rule** is that of `rewardmeter label`, with a budget of the
whole pool; runs that it did not stop count as stopped with everything labelled.

## Is any strategy better than random?

Calibration error over that of random labels, mean over scorers and sizes from 10 items up; below 1 is better, and an
interval (95 %, over repetitions, not corrected for their number) that includes 1 shows no difference. `rewardmeter
label` fits plainly where each item is one pair (judgebench), weighted elsewhere; disagreement is always weighted.

"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write docs/results/{PAGE.name}")
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    given = parser.parse_args()
    made = {name: section(name, given.repetitions) for name in given.sets}
    parts = [summary({name: curves for name, (_, curves) in made.items()}), *(text for text, _ in made.values())]
    text = HEAD.format(repetitions=given.repetitions) + "\n\n".join(parts) + "\n"
    print(text) if not given.write else PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
