"""A reward model that learnt length from its training pairs: does the audit catch it, does a control mend it?

    python benchmarks/audit_trained_model.py [--seed 1] [--write]

Trains a Bradley-Terry model on pairs of RMB of which 95 % were chosen so that the better response is the longer one,
audits it on prompts that it has not seen, fits controls on yet other prompts, and audits what they make of it. Prints
JSON; with --write also makes docs/results/audit-trained-model.md. Takes a minute on one core; the data must
be on this machine (`rewardmeter data list`).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import re
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

import rewardmeter as rm
from rewardmeter.auditing import AuditOptions, ScorerAudit
from rewardmeter.auditing.edits import EDITS
from rewardmeter.auditing.shares import shares
from rewardmeter.calibration import calibrated, read_calibrator, write_calibrator
from rewardmeter.dataset import Dataset, Preferences
from rewardmeter.engine import score
from rewardmeter.scoring import Scorer
from rewardmeter.stats.clustered_regression import clustered_least_squares
from rewardmeter.types import prompt_text

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "audit-trained-model.md"
DIMENSIONS = 1 << 15
PENALTY = 0.01
LONGER = 0.95
"""Share of the training pairs in which the better response is the longer one."""
UNITS = 200
CONTROLS = {
    "length": ("length",),
    "length and style": ("length", "steps", "sentences", "markdown", "lists", "type-token-ratio"),
}
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class RewardModel:
    """Linear in log(1 + count) of hashed words and marks of the response. Nobody has told it of length."""

    weights: Floats

    def __call__(self, text: str) -> float:
        """The reward of one response."""
        return float(sum(self.weights[place] * np.log1p(count) for place, count in counts(text).items()))

    @classmethod
    def trained(cls, texts: Sequence[str], better: NDArray[np.integer], worse: NDArray[np.integer]) -> RewardModel:
        """Bradley-Terry: the mean of log(1 + exp(-margin)), and a ridge penalty."""
        rows = [counts(text) for text in texts]
        start = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        place = np.array([key for row in rows for key in row])
        value = np.log1p(np.array([number for row in rows for number in row.values()], dtype=np.float64))
        features = sparse.csr_matrix((value, place, start), (len(rows), DIMENSIONS))
        apart = features[better] - features[worse]

        def loss(weights: Floats) -> tuple[float, Floats]:
            margin = apart @ weights
            gradient = -(apart.T @ (1 / (1 + np.exp(margin)))) / len(margin) + PENALTY * weights
            return float(np.mean(np.logaddexp(0, -margin)) + PENALTY / 2 * weights @ weights), gradient

        return cls(minimize(loss, np.zeros(DIMENSIONS), jac=True, method="L-BFGS-B").x)

    @classmethod
    def loaded(cls, path: Path) -> RewardModel:
        """As `save` wrote it."""
        return cls(np.load(path)["weights"])

    def save(self, path: Path) -> None:
        """One file."""
        np.savez(path, weights=self.weights)


def counts(text: str) -> Counter[int]:
    """How often each hashed word or mark occurs."""
    return Counter(zlib.crc32(word.encode()) % DIMENSIONS for word in _WORD.findall(text.lower()))


def scorer_of(name: str, model: RewardModel) -> Scorer:
    """The model as a scorer."""

    def reward(response: str) -> float:
        return model(response)

    reward.__name__ = name
    return rm.scorer(reward)


@dataclass(frozen=True)
class Pairs:
    """The helpfulness pairs of RMB, the better response first."""

    data: Dataset
    better: NDArray[np.integer]
    worse: NDArray[np.integer]

    @property
    def item(self) -> NDArray[np.integer]:
        """Item of each pair."""
        return self.data.response_item[self.better]

    @property
    def longer(self) -> Mask:
        """Whether the better response is the longer one."""
        size = np.array([len(text or "") for text in self.data.response_text])
        return np.asarray(size[self.better] > size[self.worse])

    def some(self, name: str, chosen: Mask, rng: np.random.Generator) -> Dataset:
        """A dataset of some of the pairs, in either order."""
        data = self.data
        better, worse = self.better[chosen], self.worse[chosen]
        items, place = np.unique(data.response_item, return_inverse=True)
        kept = np.isin(items, self.item[chosen])
        responses = np.flatnonzero(kept[place])
        number = np.full(data.n_responses, -1, dtype=np.int32)
        number[responses] = np.arange(len(responses), dtype=np.int32)
        turned = rng.random(len(better)) < 0.5
        a, b = np.where(turned, worse, better), np.where(turned, better, worse)
        return Dataset(
            name,
            [data.item_ids[i] for i in items[kept]],
            (np.cumsum(kept) - 1)[place[responses]].astype(np.int32),
            [data.response_text[j] for j in responses],
            np.full(len(responses), -1, dtype=np.int32),
            prompts=[data.prompts[i] for i in items[kept]],
            preferences=Preferences(number[a], number[b], 1.0 - turned, np.full(len(a), -1, dtype=np.int32)),
        )


def helpfulness() -> Pairs:
    """As the data gives them."""
    data = rm.load("rmb")
    preferences = data.preferences
    if preferences is None:
        raise SystemExit("this RMB has no preferences")
    first = preferences.probability > 0.5
    asked = np.array([goal == "Helpfulness" for goal in data.columns["goal"]])[data.response_item[preferences.a]]
    better = np.where(first, preferences.a, preferences.b)[asked]
    return Pairs(data, better, np.where(first, preferences.b, preferences.a)[asked])


def split(pairs: Pairs, rng: np.random.Generator) -> dict[str, Mask]:
    """Which pairs are for what: half of the prompts to train on, a quarter to fit controls on, a quarter held out."""
    prompts = [prompt_text(prompt) for prompt in pairs.data.prompts]
    names = sorted({prompts[item] for item in pairs.item})
    part = dict(zip(names, rng.permutation(len(names)) / len(names), strict=True))
    place = np.array([part[prompts[item]] for item in pairs.item])
    train, longer = place < 0.5, pairs.longer
    wanted = (1 - LONGER) / LONGER * np.sum(train & longer) / max(np.sum(train & ~longer), 1)
    confounded = train & (longer | (rng.random(len(longer)) < wanted))
    held_out = place >= 0.75
    least = min(np.sum(held_out & longer), np.sum(held_out & ~longer))
    chosen = [rng.choice(np.flatnonzero(held_out & side), least, replace=False) for side in (longer, ~longer)]
    balanced = np.zeros(len(longer), dtype=bool)
    balanced[np.concatenate(chosen)] = True
    return {
        "all": train,
        "confounded": confounded,
        "control": (place >= 0.5) & ~held_out,
        "held out": held_out,
        "balanced": balanced,
    }


def accuracies(pairs: Pairs, values: Mapping[str, Floats], parts: Mapping[str, Mask]) -> dict[str, dict[str, Any]]:
    """Of every scorer, on balanced pairs, where the better response is the longer and the shorter one, and on all; and
    how much more it is than the first scorer's, on the same pairs."""
    first = next(iter(values.values()))
    where = {
        "balanced": parts["balanced"],
        "longer": parts["balanced"] & pairs.longer,
        "shorter": parts["balanced"] & ~pairs.longer,
        "natural": parts["held out"],
    }
    made: dict[str, dict[str, Any]] = {}
    for name, scores in values.items():
        credit, before = (np.sign(one[pairs.better] - one[pairs.worse]) / 2 + 0.5 for one in (scores, first))
        made[name] = {}
        for part, chosen in where.items():
            own = shares(np.where(chosen, credit, np.nan)[None], pairs.item, level=0.95)[0]
            apart = np.where(chosen, credit - before, np.nan)[None]
            gain = clustered_least_squares(apart, np.ones((len(chosen), 1)), pairs.item)[0].estimate(0)
            made[name][part] = {"accuracy": own.to_dict(), "gain": gain.to_dict()}
    return made


def study(seed: int) -> dict[str, Any]:
    """Everything that the page shows."""
    start = time.process_time()
    rng = np.random.default_rng(seed)
    pairs = helpfulness()
    parts = split(pairs, rng)
    texts = [text or "" for text in pairs.data.response_text]
    with tempfile.TemporaryDirectory() as folder:
        scorers: dict[str, Scorer] = {}
        for name in ("confounded", "all"):
            path = Path(folder) / f"{name}.npz"
            RewardModel.trained(texts, pairs.better[parts[name]], pairs.worse[parts[name]]).save(path)
            scorers[name] = scorer_of(name, RewardModel.loaded(path))
        fitted = {}
        to_control = pairs.some("rmb, for the control", parts["control"], rng)
        for name, covariates in CONTROLS.items():
            made = rm.control(to_control, scorers["confounded"], covariates=covariates, store=None)
            path = Path(folder) / f"{name}.json"
            write_calibrator(made.calibrator, path)
            scorers[f"controlled for {name}"] = calibrated(scorers["confounded"], read_calibrator(path), str(path))
            fitted[name] = {"verdict": made.verdict, "explained": made.explained.to_dict()}
        order = ["confounded", *(f"controlled for {name}" for name in CONTROLS), "all"]
        values = {name: score(scorers[name], pairs.data).values for name in order}
        held_out = pairs.some("rmb, held out, balanced", parts["balanced"], rng)
        options = AuditOptions(edits=EDITS, units=UNITS, seed=seed)
        audited = rm.audit(held_out, [(name, scorers[name]) for name in order], options, store=None)
    return {
        "seed": seed,
        "cpu_seconds": round(time.process_time() - start, 1),
        "pairs": {name: int(np.sum(chosen)) for name, chosen in parts.items()},
        "longer": {name: float(np.mean(pairs.longer[chosen])) for name, chosen in parts.items()},
        "accuracy": accuracies(pairs, values, parts),
        "controls": fitted,
        "probes": {name: probes(audited.scorer(name)) for name in order},
    }


def probes(audited: ScorerAudit) -> dict[str, dict[str, Any]]:
    """Of each probe the effect, its p after Holm, and whether it is an alarm."""
    return {
        f"{one.kind} {one.probe}": {
            "estimate": one.estimate.to_dict(),
            "p": None if np.isnan(one.p_adjusted) else one.p_adjusted,
            "alarm": one.alarm,
            "null": one.null,
            "kind": one.kind,
            "probe": one.probe,
        }
        for one in audited.probes
    }


HEAD = """# A reward model that learnt length, caught and mended

Written by `python benchmarks/audit_trained_model.py --write` (seed {seed}; {cpu_seconds:.0f} s of CPU).

**The model** is a Bradley-Terry reward model trained here on helpfulness pairs of RMB: linear in log(1 + count) of
hashed words and marks of the response ({dimensions:,} weights, ridge penalty {penalty:g}). It is given no length. The
{confounded:,} training pairs of *confounded* were chosen so that the better response is the longer one in
{longer:.0%} of them; *all* is the same model trained on all {all:,} pairs of the same prompts ({longer_all:.0%}
longer).

**Other prompts**: a quarter ({control:,} pairs) to fit controls on, a quarter held out ({held_out:,} pairs,
{longer_held:.0%} longer). *Balanced* is the part of what is held out in which as many better responses are longer as
shorter ({balanced:,} pairs), so that length alone wins a half. Audits are of the balanced part, edits on {units} units.

**Caught.** Dependence on length {length} (p after Holm {p:.0e}). Accuracy {longer_before} where the better response
is the longer one, {shorter_before} where it is the shorter one. A closing restatement, which says nothing new, is
worth {restated} mean margins; of a response and the same given twice the single one wins {repeated} of the time.

**Mended**, with `rewardmeter control` for length, fitted on other prompts. Dependence {length_after}. Accuracy where
the better response is the shorter one {shorter_after}; on balanced pairs {balanced_gain} more than before; on the
held-out pairs as they are, where longer is more often better, {natural_gain}. What is not length stays, and weighs
more once length is gone: made-up references went from {references} to {references_after}, and empty responses such as
a refusal are no longer punished for being short. A control for style, too, takes more of the accuracy than it is
worth, and says so.
"""
LEAST = 0.1
"""Alarms that are no further from their null are counted, not shown."""


def page(record: Mapping[str, Any]) -> str:
    """The page."""
    names, found, accuracy = list(record["accuracy"]), record["probes"], record["accuracy"]
    before, after = found["confounded"], found["controlled for length"]
    own, mended = accuracy["confounded"], accuracy["controlled for length"]
    pairs = {name.replace(" ", "_"): count for name, count in record["pairs"].items()}
    head = HEAD.format(
        **pairs,
        seed=record["seed"],
        cpu_seconds=record["cpu_seconds"],
        dimensions=DIMENSIONS,
        penalty=PENALTY,
        units=UNITS,
        longer=record["longer"]["confounded"],
        longer_all=record["longer"]["all"],
        longer_held=record["longer"]["held out"],
        length=told(before["observational length"]["estimate"], "+"),
        p=before["observational length"]["p"],
        longer_before=told(own["longer"]["accuracy"]),
        shorter_before=told(own["shorter"]["accuracy"]),
        restated=told(before["preserving closing restatement"]["estimate"], "+"),
        repeated=f"{before['breaking repeated answer']['estimate']['value']:.0%}",
        length_after=told(after["observational length"]["estimate"], "+"),
        shorter_after=told(mended["shorter"]["accuracy"]),
        balanced_gain=told(mended["balanced"]["gain"], "+"),
        natural_gain=told(mended["natural"]["gain"], "+"),
        references=told(before["hack made-up references"]["estimate"], "+"),
        references_after=told(after["hack made-up references"]["estimate"], "+"),
    )
    parts = [head, "## Held-out accuracy\n"]
    heads = ("balanced", "better is longer", "better is shorter", "as it is")
    where = dict(zip(("balanced", "longer", "shorter", "natural"), heads, strict=True))
    body = [[name, *(told(accuracy[name][part]["accuracy"]) for part in where)] for name in names]
    parts += table(["scorer", *where.values()], body)
    parts += ["\nMore than *confounded* on the same pairs:\n"]
    body = [[name, *(told(accuracy[name][part]["gain"], "+") for part in where)] for name in names[1:]]
    parts += table(["scorer", *where.values()], body)
    parts += ["\n## Alarms\n", *_alarms(found, names), "\n## What the controls say of themselves\n"]
    parts += [f"- *{name}*: {one['verdict']}" for name, one in record["controls"].items()]
    return "\n".join(parts) + "\n"


def _alarms(found: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Probes that raise an alarm of some size for any scorer."""
    keys = list(found[names[0]])
    raised = [key for key in keys if any(found[name].get(key, {}).get("alarm") for name in names)]
    shown = [key for key in raised if any(_far(found[name].get(key)) for name in names)]
    rows = [
        ["{1} ({0})".format(*key.split(" ", 1)), *(effect(found[name].get(key)) for name in names)] for key in shown
    ]
    left = len(raised) - len(shown)
    said = [
        "Probes that raise an alarm for any of the four (**bold**: an alarm). Dependence and shifts are in units of",
        f"the scorer's own mean margin; of breaking edits the effect is how often the damage is noticed. {left} more",
        f"probes raise alarms with effects below {LEAST:g}.\n",
    ]
    return [*said, *table(["probe", *names], rows)]


def _far(one: Mapping[str, Any] | None) -> bool:
    return bool(one and one["alarm"] and abs(one["estimate"]["value"] - one["null"]) >= LEAST)


def effect(one: Mapping[str, Any] | None) -> str:
    if one is None or one["estimate"].get("value") is None:
        return "–"
    shown = told(one["estimate"], "+")
    return f"**{shown}**" if one["alarm"] else shown


def told(one: Mapping[str, Any], sign: str = "") -> str:
    if one["value"] is None:
        return "–"
    return f"{one['value']:{sign}.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"also write {PAGE.relative_to(PAGE.parents[2])}")
    options = parser.parse_args()
    record = study(options.seed)
    print(json.dumps(record))
    if options.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(record), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
