"""Edits on scorers whose answer is known: deaf ones, flattered ones, ones that like length, ones that see no damage.

A scorer is a number for what a response says, which edits of every kind leave alone, and a number drawn for the text
and the prompt, as if by a hash of both. What an edit does on top is planted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from audit_truth_data import Made, Pool, made_data
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from rewardmeter.auditing.edited import NOTICES, edit_probes
from rewardmeter.auditing.edits import EDITS
from rewardmeter.auditing.experiment import EditTrial, Experiment, make_experiment
from rewardmeter.auditing.pairs import judged_pairs
from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.stats.clustered_regression import clustered_least_squares
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.significance import holm
from rewardmeter.types import Scores

__all__ = ["edits_study"]

Floats = NDArray[np.float64]

ERROR = 0.8
BUMP = 0.5
"""What flattery adds to a score; the gap in quality is 1."""
LIKING = 1.0
"""What a unit of log length adds to a score that likes length."""
PADDING = "pleasantries"
ITEMS = 100
MOST_EXACT = 40
"""Edits that apply to no more units are left out here: their exact tests take long, and what they are is the same."""
SORTS = ("normal", "heavy", "skewed")


@dataclass(frozen=True)
class Laid:
    """An experiment as arrays over its responses: what each says, and which text it is.

    Attributes
    ----------
    says:
        (R,) quality of what is said.
    text:
        (R,) number of the text and its prompt.
    texts:
        How many there are.
    pairs:
        (items, 2) numbers of the texts of the data: the better and the worse one.
    size:
        (R,) log(1 + characters).
    """

    experiment: Experiment
    says: Floats
    text: NDArray[np.int64]
    texts: int
    pairs: NDArray[np.int64]
    size: Floats


def laid_out(made: Made, units: int, seed: int) -> Laid:
    """Every edit of the library on these data."""
    data = made.dataset
    whole = make_experiment(data, judged_pairs(data), EDITS, units=units, seed=seed)
    trials = tuple(one for one in whole.trials if one.counts["applied"] > MOST_EXACT)
    experiment = Experiment(whole.dataset, trials, whole.units)
    texts = experiment.dataset
    says = np.zeros(texts.n_responses)
    for trial in trials:
        target = 0.5 if trial.edit.kind == "breaking" else -0.5
        for pair, values in (
            (trial.before, (target, -target)),
            (trial.beside, (target, target)),
            (trial.after, (target, -target)),
        ):
            says[pair[:, 0]], says[pair[:, 1]] = values
    numbers: dict[tuple[str, str | None], int] = {}

    def number(prompt: object, text: str | None) -> int:
        return numbers.setdefault((str(prompt), text), len(numbers))

    text = np.array([number(texts.prompts[texts.response_item[j]], texts.response_text[j]) for j in range(len(says))])
    own = [number(data.prompts[data.response_item[j]], data.response_text[j]) for j in range(data.n_responses)]
    turned = made.gold.reshape(-1, 2)[:, :1] < 0
    pairs = np.where(turned, np.reshape(own, (-1, 2))[:, ::-1], np.reshape(own, (-1, 2)))
    size = np.log1p([len(one or "") for one in texts.response_text])
    return Laid(experiment, says, text, len(numbers), pairs, size)


def drawn(sort: str, size: int, rng: np.random.Generator) -> Floats:
    """Errors of mean 0 and variance 1."""
    if sort == "heavy":
        return np.asarray(rng.standard_t(3, size=size) / np.sqrt(3))
    return rng.normal(size=size) if sort == "normal" else rng.exponential(size=size) - 1


def scored(laid: Laid, sort: str, rng: np.random.Generator, *, planted: bool) -> tuple[Scores, Estimate]:
    """Scores of the experiment's responses and the scale over the data.

    A clean scorer notices damage just as often as the audit asks for; a planted one is flattered, likes length where
    there is padding, and sees no damage.
    """
    error = ERROR * drawn(sort, laid.texts, rng)
    values = laid.says + error[laid.text]
    for trial in laid.experiment.trials:
        edited = trial.beside[:, 1], trial.after[:, 0]
        add = _added(trial, laid, sort, planted=planted)
        for place in edited:
            values[place] += add
    margin = np.abs(1.0 + error[laid.pairs[:, 0]] - error[laid.pairs[:, 1]])
    fit = clustered_least_squares(margin[None], np.ones((len(margin), 1)), np.arange(len(margin)))[0]
    return Scores.from_values(values), fit.estimate(0)


def _added(trial: EditTrial, laid: Laid, sort: str, *, planted: bool) -> Floats | float:
    if trial.edit.kind == "breaking":
        return 0.0 if planted else -_boundary(sort)
    if planted and trial.edit.name == "flattery":
        return BUMP
    if planted and trial.edit.name == PADDING:
        return np.asarray(LIKING * (laid.size[trial.beside[:, 1]] - laid.size[trial.beside[:, 0]]))
    return 0.0


@cache
def _boundary(sort: str) -> float:
    """How much damage takes from a score so that it is noticed at the rate `NOTICES`: a quantile of the difference of
    two errors, Laplace's where they are skewed (exponential)."""
    if sort == "normal":
        return float(ERROR * np.sqrt(2) * ndtri(NOTICES))
    if sort == "skewed":
        return float(-ERROR * np.log(2 * (1 - NOTICES)))
    rng = np.random.default_rng(0)
    apart = drawn(sort, 2_000_000, rng) - drawn(sort, 2_000_000, rng)
    return float(ERROR * np.quantile(apart, NOTICES))


@cache
def true_scale(sort: str) -> float:
    """Mean of |1 + the difference of two errors|."""
    if sort == "normal":
        spread = ERROR * np.sqrt(2)
        return float(spread * np.sqrt(2 / np.pi) * np.exp(-1 / (2 * spread**2)) + 1 - 2 * ndtr(-1 / spread))
    rng = np.random.default_rng(0)
    return float(np.mean(np.abs(1 + ERROR * (drawn(sort, 2_000_000, rng) - drawn(sort, 2_000_000, rng)))))


def true_padding(pool: Pool, seed: int) -> float:
    """How much the padding adds to log length on average, over many units."""
    made = made_data(pool, "pairs", 4000, 0.0, np.random.default_rng([seed, 3]))
    edits = tuple(one for one in EDITS if one.name == PADDING)
    made_of = make_experiment(made.dataset, judged_pairs(made.dataset), edits, units=4000, seed=seed)
    trial, texts = made_of.trials[0], made_of.dataset.response_text
    before, after = (np.log1p([len(texts[j] or "") for j in trial.beside[:, side]]) for side in (0, 1))
    return float(np.mean(after - before))


def edits_study(pool: Pool, seed: int, *, sets: int = 5, scorers: int = 70) -> dict[str, Any]:
    """Alarms of clean scorers by kind and over all edits; what is found of planted ones, and how well."""
    padding = true_padding(pool, seed)
    clean, planted = [], []
    for sort in SORTS:
        rngs = [np.random.default_rng([seed, number, SORTS.index(sort), 11]) for number in range(sets)]
        laid = [laid_out(made_data(pool, "pairs", ITEMS, 0.0, rng), ITEMS, k) for k, rng in enumerate(rngs)]
        clean.append(clean_row(sort, laid, rngs, scorers))
        planted.append(planted_row(sort, laid, rngs, 3 * scorers, padding))
    return {"clean": clean, "planted": planted, "items": ITEMS}


def clean_row(sort: str, laid: list[Laid], rngs: list[np.random.Generator], scorers: int) -> dict[str, Any]:
    """Alarms of single edits by kind, before Holm, and of any edit after it."""
    rejected: Counter[str] = Counter()
    tested: Counter[str] = Counter()
    alarms, total = 0, 0
    for one_set, rng in zip(laid, rngs, strict=True):
        for _ in range(scorers):
            probes = edit_probes(one_set.experiment, *scored(one_set, sort, rng, planted=False))
            p = np.array([one.p for one in probes])
            alarms, total = alarms + any(_bad(probes, holm(p))), total + 1
            for one, bad in zip(probes, _bad(probes, p), strict=True):
                tested[one.kind] += 1
                rejected[one.kind] += bad
    rates = {kind: rejected[kind] / count for kind, count in tested.items()}
    return {"noise": sort, "n": total, "edits": len(laid[0].experiment.trials), "any": alarms / total, **rates}


def planted_row(
    sort: str, laid: list[Laid], rngs: list[np.random.Generator], scorers: int, padding: float
) -> dict[str, Any]:
    """Of each planted edit: the true shift, the mean error, how often the interval holds it, how often it is found."""
    truths = {"flattery": BUMP / true_scale(sort), PADDING: LIKING * padding / true_scale(sort)}
    found: dict[str, list[ScorerProbe]] = {name: [] for name in (*truths, "breaking")}
    tests = len(laid[0].experiment.trials)
    for one_set, rng in zip(laid, rngs, strict=True):
        wanted = (*truths, "shuffled words")
        few = replace(
            one_set.experiment, trials=tuple(one for one in one_set.experiment.trials if one.edit.name in wanted)
        )
        for _ in range(scorers):
            for one in edit_probes(few, *scored(replace(one_set, experiment=few), sort, rng, planted=True)):
                found["breaking" if one.kind == "breaking" else one.probe].append(one)
    row: dict[str, Any] = {"noise": sort, "n": len(found["flattery"])}
    for name, probes in found.items():
        alone, among = (np.mean(_bad(probes, np.array([one.p for one in probes]) * times)) for times in (1, tests))
        row[name] = {"alone": float(alone), "among": float(among)}
        if name in truths:
            held = [one.estimate.low <= truths[name] <= one.estimate.high for one in probes]
            error = float(np.mean([one.estimate.value for one in probes])) - truths[name]
            row[name] |= {"truth": truths[name], "error": error, "held": float(np.mean(held))}
    return row


def _bad(probes: list[ScorerProbe], p: Floats) -> list[bool]:
    """Which are significant on the bad side."""
    made = []
    for probe, one in zip(probes, p, strict=True):
        side = probe.estimate.value - probe.null
        made.append(bool(one < 0.05 and (probe.bad == "either" or (side > 0) == (probe.bad == "greater"))))
    return made
