"""Do nominal 95 % intervals cover, and do tests hold their level? Simulated data whose truth is known.

    python benchmarks/coverage.py [--replications 800] [--seed 1] [--write]

Prints JSON; with --write also makes docs/results/coverage.md. Takes some minutes on one core. The tests' levels and
power curves come from power.py beside this script. A rating statistic's truth is its value on 100,000 items of the same
systems (``TRUE_ITEMS``); pooled Pearson's is checked against its closed form. The other truths are closed forms.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast, get_args

import numpy as np
from coverage_page import page
from numpy.typing import NDArray
from power import levels_and_power
from scipy.special import ndtr, stdtrit

from rewardmeter.stats.cells import Grouping
from rewardmeter.stats.classification import roc_auc_estimates
from rewardmeter.stats.correlation import Statistic, correlation_estimates
from rewardmeter.stats.humans.krippendorff import Metric, krippendorff_alpha
from rewardmeter.stats.preference import accuracy_estimates
from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.system import SystemStatistic, system_estimates_of
from rewardmeter.stats.ties import acc_eq_estimates

Floats = NDArray[np.float64]
Weights = NDArray[np.int32]

ITEMS = (30, 100, 400)
SYSTEMS = (5, 15)
RESAMPLES = 1000
LEVEL = 0.95
TRUE_ITEMS = 100_000
TRUE_TIE_ITEMS = 20_000
CORRELATIONS: tuple[Statistic, ...] = ("pearson", "spearman", "kendall_b")
SYSTEM_STATISTICS: tuple[SystemStatistic, ...] = ("pearson", "spearman", "kendall_b", "pairwise_accuracy")
SCORERS = ("weak", "strong")
PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "coverage.md"


@dataclass(frozen=True)
class Coverage:
    """How often an interval held the truth.

    ``low_misses`` and ``high_misses`` are the shares of intervals that lie wholly above and wholly below the truth;
    ``undefined`` counts replications without an interval, which are no part of the shares. ``width`` is the mean.
    """

    study: str
    statistic: str
    scorer: str
    items: int
    systems: int | None
    truth: float
    coverage: float
    low_misses: float
    high_misses: float
    width: float
    replications: int
    undefined: int

    @property
    def standard_error(self) -> float:
        return math.sqrt(max(self.coverage * (1 - self.coverage), 1e-9) / max(self.replications, 1))


def covered(
    ends: Floats, truth: float, *, study: str, statistic: str, scorer: str, items: int, systems: int | None = None
) -> Coverage:
    """``ends`` (replications, 2), NaN where there was no interval."""
    known = ends[~np.isnan(ends).any(axis=1)]
    slack = 1e-12
    above, below = known[:, 0] > truth + slack, known[:, 1] < truth - slack
    return Coverage(
        study,
        statistic,
        scorer,
        items,
        systems,
        truth,
        float(1 - (above | below).mean()) if known.size else math.nan,
        float(above.mean()) if known.size else math.nan,
        float(below.mean()) if known.size else math.nan,
        float((known[:, 1] - known[:, 0]).mean()) if known.size else math.nan,
        len(known),
        len(ends) - len(known),
    )


@dataclass(frozen=True)
class RatingModel:
    """quality = system + item + residual, known to people; a scorer sees a share of it, has likings of its own for
    systems and items, and errs. Systems are fixed, items are drawn.

    ``coarse``: ratings on a scale of five points, and the weak scorer on one of four, so that both sides tie.
    """

    systems: int
    coarse: bool

    ITEM, ERROR = 0.7, 1.0
    SEES = (0.4, 1.0)
    LIKES_SYSTEMS = (0.25, 0.25)
    LIKES_ITEMS = (0.5, 0.5)
    ERRS = (1.0, 0.5)

    @property
    def name(self) -> str:
        return "coarse ratings" if self.coarse else "normal ratings"

    def system_effects(self) -> tuple[Floats, Floats]:
        """(systems,) qualities and (scorers, systems) likings: fixed, of mean 0; the likings
        are the same in every run."""
        place = (np.arange(self.systems) + 0.5) / self.systems
        quality = 0.6 * math.sqrt(12) * (place - 0.5)
        liking = np.random.default_rng(self.systems).normal(size=(2, self.systems))
        liking -= liking.mean(axis=1, keepdims=True)
        return quality, liking / liking.std(axis=1, keepdims=True) * np.array(self.LIKES_SYSTEMS)[:, None]

    def draw(self, items: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Scores (scorers, systems, items), gold (systems, items), and a binary gold."""
        system, liking = self.system_effects()
        quality = (
            system[:, None] + self.ITEM * rng.normal(size=items) + self.ERROR * rng.normal(size=(self.systems, items))
        )
        sees, errs, likes = (np.array(part)[:, None, None] for part in (self.SEES, self.ERRS, self.LIKES_ITEMS))
        scores = sees * quality + liking[:, :, None] + likes * rng.normal(size=(2, 1, items))
        scores = scores + errs * rng.normal(size=(2, self.systems, items))
        good = (quality > 0.8).astype(np.float64)
        if not self.coarse:
            return scores, quality, good
        scores[0] = np.clip(np.round(scores[0]), -1, 2)
        return scores, np.clip(np.round(quality + 1), 0, 4), good

    def pooled_pearson(self) -> Floats:
        """Closed form over infinitely many items, (scorers,); of the normal ratings only."""
        system, liking = self.system_effects()
        spread = self.ITEM**2 + self.ERROR**2
        made = []
        for k, sees in enumerate(self.SEES):
            of_system = sees * system + liking[k]
            shared = float((of_system * system).mean()) + sees * spread
            own = float((of_system**2).mean()) + sees**2 * spread + self.LIKES_ITEMS[k] ** 2 + self.ERRS[k] ** 2
            made.append(shared / math.sqrt(own * (float((system**2).mean()) + spread)))
        return np.array(made)


def rating_estimates(
    scores: Floats, gold: Floats, good: Floats, weights: Weights | None, level: float
) -> dict[str, list[Estimate]]:
    """Every statistic of ratings that the board shows, of each scorer."""
    made: dict[str, list[Estimate]] = {}
    for statistic in CORRELATIONS:
        for grouping in get_args(Grouping):
            ending = "" if grouping == "pooled" else f".{grouping}"
            made[f"segment.{statistic}{ending}"] = correlation_estimates(
                scores, gold, statistic=statistic, grouping=cast(Grouping, grouping), weights=weights, level=level
            )
    if weights is not None:
        made["segment.acc_eq.item"] = acc_eq_estimates(scores, gold, weights=weights, level=level)
    else:
        few = slice(None, TRUE_TIE_ITEMS)
        made["segment.acc_eq.item"] = acc_eq_estimates(scores[:, :, few], gold[:, few], weights=None)
    made["segment.roc_auc"] = roc_auc_estimates(scores, good, weights=weights, level=level)
    of_systems = system_estimates_of(SYSTEM_STATISTICS, scores, gold, weights=weights, level=level)
    return made | {f"system.{name}": found for name, found in of_systems.items()}


def rating_truth(model: RatingModel, rng: np.random.Generator) -> dict[str, Floats]:
    """Each statistic of each scorer over very many items."""
    found = rating_estimates(*model.draw(TRUE_ITEMS, rng), None, LEVEL)
    truth = {name: np.array([estimate.value for estimate in made]) for name, made in found.items()}
    if not model.coarse and np.abs(truth["segment.pearson"] - model.pooled_pearson()).max() > 0.005:
        raise AssertionError(f"simulated truth {truth['segment.pearson']} is not {model.pooled_pearson()}")
    return truth


def expanded(level: float, items: int) -> float:
    """The level at which a normal quantile is as wide as Student's t with items - 1 degrees of freedom, and a variance
    divided by items as one divided by items - 1: Hesterberg's expanded percentile interval (2015, arXiv 1411.5279)."""
    reach = math.sqrt(items / (items - 1)) * float(stdtrit(items - 1, (1 + level) / 2))
    return float(2 * ndtr(reach) - 1)


def rating_study(replications: int, rng: np.random.Generator) -> Iterator[Coverage]:
    for coarse in (False, True):
        for systems in SYSTEMS:
            model = RatingModel(systems, coarse)
            truth = rating_truth(model, rng)
            for items in ITEMS:
                levels = {model.name: LEVEL}
                if items == min(ITEMS):
                    levels[f"{model.name}, expanded"] = expanded(LEVEL, items)
                count = replications if items < max(ITEMS) else replications // 2
                made = _rating_ends(model, items, list(levels.values()), count, rng)
                for (name, k), (ends, value) in made.items():
                    kinds = dict(zip(levels, ends.transpose(1, 0, 2), strict=True))
                    if name.startswith("system."):
                        kinds = {model.name: ends[:, 0], f"{model.name}, reflected": reflected(name, ends[:, 0], value)}
                    for study, found in kinds.items():
                        yield covered(
                            found,
                            float(truth[name][k]),
                            study=study,
                            statistic=name,
                            scorer=SCORERS[k],
                            items=items,
                            systems=systems,
                        )


def reflected(statistic: str, ends: Floats, value: Floats) -> Floats:
    """The basic bootstrap interval, the percentile interval turned round the value: where resamples are as far below
    the value as the value is below the truth, this undoes both (Davison and Hinkley 1997, section 5.2)."""
    least = 0.0 if "accuracy" in statistic else -1.0
    return np.clip(2 * value[:, None] - ends[:, ::-1], least, 1.0)


def _rating_ends(
    model: RatingModel, items: int, levels: Sequence[float], replications: int, rng: np.random.Generator
) -> dict[tuple[str, int], tuple[Floats, Floats]]:
    """Interval ends (replications, levels, 2) and values (replications,) by statistic and scorer."""
    found: dict[tuple[str, int], tuple[Floats, Floats]] = {}
    for number in range(replications):
        data, weights = model.draw(items, rng), item_weights(items, RESAMPLES, rng)
        for place, level in enumerate(levels):
            for name, made in rating_estimates(*data, weights, level).items():
                for k, estimate in enumerate(made):
                    if (name, k) not in found:
                        found[name, k] = np.full((replications, len(levels), 2), np.nan), np.full(replications, np.nan)
                    ends, value = found[name, k]
                    ends[number, place] = estimate.low, estimate.high
                    value[number] = estimate.value
    return found


AT_ONCE = 50
PAIRS_PER_ITEM = 4
CLUSTERING = 0.2
"""Correlation of the credits of two pairs of one item."""


def clustered_credits(shape: tuple[int, int], accuracy: float, rng: np.random.Generator) -> Floats:
    """Right or wrong for the pairs of each item, (data sets, items x PAIRS_PER_ITEM): beta-binomial."""
    total = 1 / CLUSTERING - 1
    chance = rng.beta(accuracy * total, (1 - accuracy) * total, size=(*shape, 1))
    return (rng.random((*shape, PAIRS_PER_ITEM)) < chance).astype(np.float64).reshape(shape[0], -1)


def preference_study(replications: int, rng: np.random.Generator) -> Iterator[Coverage]:
    """Pair accuracy; the truth is the accuracy of the beta-binomial model. Data sets are the function's scorers."""
    for accuracy in (0.5, 0.7, 0.95):
        for items in ITEMS:
            item = np.repeat(np.arange(items), PAIRS_PER_ITEM)
            ends: list[tuple[float, float]] = []
            for _ in range(-(-replications // AT_ONCE)):
                margins = 2 * clustered_credits((AT_ONCE, items), accuracy, rng) - 1
                weights = item_weights(items, RESAMPLES, rng)
                gold = np.ones(item.size)
                made = accuracy_estimates(margins, gold, item, ties="wrong", weights=weights, level=LEVEL)
                ends += [(estimate.low, estimate.high) for estimate in made]
            yield covered(
                np.array(ends),
                accuracy,
                study="preferences",
                statistic="pair.accuracy",
                scorer=f"accuracy {accuracy:g}",
                items=items,
            )


RATERS = 3
LABELS = 3


def labels(items: int, knows: float, rng: np.random.Generator) -> Floats:
    """(raters, items): each rater says the true label with chance ``knows``, else any label: alpha -> knows^2."""
    true = rng.integers(LABELS, size=items)
    guess = rng.integers(LABELS, size=(RATERS, items))
    return np.where(rng.random((RATERS, items)) < knows, true, guess).astype(np.float64)


def measured(items: int, reliability: float, rng: np.random.Generator) -> Floats:
    """(raters, items): true value plus error; interval alpha -> the share of the true variance."""
    error = math.sqrt(1 / reliability - 1)
    return np.asarray(rng.normal(size=items) + error * rng.normal(size=(RATERS, items)))


def alpha_study(replications: int, rng: np.random.Generator) -> Iterator[Coverage]:
    """Krippendorff's alpha of three raters; truths are closed forms for infinitely many items."""
    settings: Mapping[Metric, tuple[Callable[[int, float, np.random.Generator], Floats], float, float]] = {
        "nominal": (labels, math.sqrt(0.2), math.sqrt(0.7)),
        "interval": (measured, 0.2, 0.7),
    }
    for metric, (draw, *parameters) in settings.items():
        for truth, parameter in zip((0.2, 0.7), parameters, strict=True):
            for items in ITEMS:
                unit, ends = np.tile(np.arange(items), RATERS), []
                for _ in range(replications // 2):
                    said = draw(items, parameter, rng).ravel()
                    weights = item_weights(items, RESAMPLES, rng)
                    alpha = krippendorff_alpha(unit, said, metric=metric, weights=weights, level=LEVEL)
                    ends.append((alpha.low, alpha.high))
                name = f"human.krippendorff_alpha_{metric}"
                yield covered(
                    np.array(ends), truth, study="raters", statistic=name, scorer=f"alpha {truth:g}", items=items
                )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=800, help="data sets per setting; half for 400 items")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"also write {PAGE.relative_to(PAGE.parents[2])}")
    options = parser.parse_args()
    start = time.process_time()
    streams = np.random.default_rng(options.seed).spawn(4)
    studies = (rating_study, preference_study, alpha_study)
    rows = [row for study, rng in zip(studies, streams, strict=False) for row in study(options.replications, rng)]
    tests = levels_and_power(options.replications, streams[3])
    seconds = time.process_time() - start
    settings = {"replications": options.replications, "seed": options.seed, "resamples": RESAMPLES, "level": LEVEL}
    record = {
        **settings,
        "cpu_seconds": round(seconds, 1),
        "coverage": [asdict(row) for row in rows],
        "tests": [asdict(row) for row in tests],
    }
    print(json.dumps(record))
    if options.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(record), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
