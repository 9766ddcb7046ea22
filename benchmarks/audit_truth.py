"""Does the audit find what was planted, and how often does it find what is not there? Data whose truth is known.

    python benchmarks/audit_truth.py [--seed 1] [--write]

Prints JSON; with --write also makes docs/results/audit-truth.md. Takes some four minutes on one core. Data and scorers
are made by audit_truth_data.py, the page by audit_truth_page.py, both beside this script.
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
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from audit_truth_data import GOLDS, NOISES, SHARED, Made, Pool, contenders, made_data, made_pool, noise
from audit_truth_edits import edits_study
from audit_truth_page import page
from numpy.typing import NDArray

from rewardmeter.auditing import AuditOptions
from rewardmeter.auditing.effect_unit import effect_units
from rewardmeter.auditing.evidence import Evidence, gather_evidence
from rewardmeter.auditing.features import FEATURES
from rewardmeter.auditing.observed import dependence_probes, difference
from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.auditing.run import audit

Floats = NDArray[np.float64]
Row = dict[str, Any]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "audit-truth.md"
ERROR = 0.8
"""Standard deviation of a score's error; the gold counts 1, or 1 a point of the rating."""
ITEMS = (30, 100, 350, 1000)
FOLLOWS = (0.0, 0.4, 0.8)
"""Correlations of log length with the gold that data sets take in turn. 0.8 is that of answers which think aloud."""
PLANTED = (("length", 0.2), ("length", 1.5), ("markdown", 0.3))
TRUE_ITEMS = 20_000
ALARM_SETS = 12
AT_ONCE = 20
"""Scorers of one data set, whose errors are drawn apart."""
SIZES = (0.05, 0.1, 0.2, 0.3, 0.5)
FOUND_ITEMS = (100, 350)


def probe_of(name: str, made: Made, scores: Floats) -> tuple[list[ScorerProbe], Evidence]:
    """The dependence on one feature of each scorer, the others left out."""
    evidence = gather_evidence(made.dataset, contenders(scores))
    only = {one: values if one == name else np.full_like(values, np.nan) for one, values in made.features.items()}
    place = [one.name for one in FEATURES].index(name)
    return [row[place] for row in dependence_probes(evidence, only)], evidence


def true_unit(pool: Pool, gold: str, follows: float, planted: tuple[str, float], sort: str, seed: int) -> float:
    """What a coefficient is multiplied by, over very many items."""
    rng = np.random.default_rng([seed, 77])
    made = made_data(pool, gold, TRUE_ITEMS // (4 if gold in SHARED else 1), follows, rng)
    scores = made.gold + planted[1] * made.of(planted[0]) + ERROR * noise(sort, made, 1, rng)
    evidence = gather_evidence(made.dataset, contenders(scores))
    feature = next(one for one in FEATURES if one.name == planted[0])
    return effect_units(evidence, difference(feature, made.features, evidence))[0].value


def coverage_study(pool: Pool, sets: int, seed: int) -> Iterator[Row]:
    """Planted coefficients: how often the interval holds the effect that infinitely many items have."""
    for gold in GOLDS:
        for place, sort in enumerate(NOISES):
            truths = {
                (planted, follows): planted[1] * true_unit(pool, gold, follows, planted, sort, seed)
                for planted in PLANTED
                for follows in FOLLOWS
            }
            for items in ITEMS:
                for number in range(sets):
                    follows = FOLLOWS[number % len(FOLLOWS)]
                    rng = np.random.default_rng([seed, items, place, number, list(GOLDS).index(gold)])
                    made = made_data(pool, gold, items, follows, rng)
                    clean = made.gold + ERROR * noise(sort, made, AT_ONCE, rng)
                    for name, size in PLANTED:
                        probes, _ = probe_of(name, made, clean + size * made.of(name))
                        yield {
                            "gold": gold,
                            "noise": sort,
                            "items": items,
                            "feature": name,
                            "size": size,
                            **held([one.estimate for one in probes], truths[(name, size), follows]),
                        }


def held(estimates: list[Any], truth: float) -> Row:
    """Counts and sums, to be added up over data sets."""
    ends = np.array([(one.low, one.high, one.value) for one in estimates])
    known = ~np.isnan(ends).any(axis=1)
    low, high, value = ends[known].T
    return {
        "n": int(known.sum()),
        "undefined": int((~known).sum()),
        "above": int(np.sum(low > truth)),
        "below": int(np.sum(high < truth)),
        "error": float(np.sum(value - truth)),
        "truth": float(truth * known.sum()),
        "width": float(np.sum(high - low)),
    }


def added(rows: list[Row], by: tuple[str, ...]) -> list[Row]:
    """Rows with the same keys added up."""
    sums: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts = {name: row[name] for name in ("n", "undefined", "above", "below", "error", "truth", "width")}
        for name, value in counts.items():
            sums[tuple(row[one] for one in by)][name] += value
    return [{**dict(zip(by, key, strict=True)), **found} for key, found in sums.items()]


def alarm_study(pool: Pool, sets: int, scorers: int, seed: int) -> Iterator[Row]:
    """Clean scorers (the gold and an error), and coins, through the whole audit: alarms of each probe, and of any."""
    cells = [(gold, items, 1.0) for gold in GOLDS for items in (30, 100)]
    cells += [(gold, 350, 1.0) for gold in ("pairs", "ratings")] + [("pairs", items, 0.0) for items in (30, 100)]
    for gold, items, clean in cells:
        rejected: Counter[str] = Counter()
        tested: Counter[str] = Counter()
        alarms = total = 0
        for number in range(sets):
            rng = np.random.default_rng([seed, items, number, list(GOLDS).index(gold), 5])
            follows = FOLLOWS[number % len(FOLLOWS)] if clean else 0.0
            made = made_data(pool, gold, items, follows, rng)
            scores = clean * made.gold + ERROR * noise(list(NOISES)[number % len(NOISES)], made, scorers, rng)
            found = audit(made.dataset, contenders(scores), options=AuditOptions(resamples=200, seed=number))
            for one in found.scorers:
                # Where length says nearly all of the gold, the rule 'longer' is the better scorer: no false alarm.
                probes = [p for p in one.probes if follows < max(FOLLOWS) or p.probe != "beyond the best rule"]
                alarms, total = alarms + any(p.alarm for p in probes), total + 1
                for p in probes:
                    tested[p.probe] += not math.isnan(p.p)
                    rejected[p.probe] += p.p < 0.05 and replace(p, p_adjusted=p.p).alarm
        rates = {name: rejected[name] / count for name, count in tested.items() if count}
        kind = "clean" if clean else "coin"
        yield {"gold": gold, "items": items, "scorer": kind, "n": total, "any": alarms / total, "probes": rates}


def power_study(pool: Pool, sets: int, seed: int) -> Iterator[Row]:
    """How often a dependence on length of so many units is found, alone and as one of ten probes."""
    for gold in ("pairs", "ratings"):
        for items in FOUND_ITEMS:
            for size in SIZES:
                alone = among = total = 0
                planted = coefficient(pool, gold, size, seed)
                for number in range(sets):
                    rng = np.random.default_rng([seed, items, number, int(100 * size), 9])
                    made = made_data(pool, gold, items, 0.4, rng)
                    clean = made.gold + ERROR * noise("normal", made, AT_ONCE, rng)
                    probes, _ = probe_of("length", made, clean + planted * made.of("length"))
                    p = np.array([one.p for one in probes])
                    alone, among, total = alone + int(np.sum(p < 0.05)), among + int(np.sum(p < 0.005)), total + len(p)
                yield {"gold": gold, "items": items, "size": size, "alone": alone / total, "among": among / total}


_COEFFICIENTS: dict[tuple[str, float], float] = {}


def coefficient(pool: Pool, gold: str, size: float, seed: int) -> float:
    """What to plant so that the effect has this size."""
    if (gold, size) not in _COEFFICIENTS:
        low, high = 0.0, 4.0
        for _ in range(12):
            middle = (low + high) / 2
            effect = middle * true_unit(pool, gold, 0.4, ("length", middle), "normal", seed)
            low, high = (middle, high) if effect < size else (low, middle)
        _COEFFICIENTS[gold, size] = (low + high) / 2
    return _COEFFICIENTS[gold, size]


PEOPLE = {"always": 0.0, "90 %": 0.325, "75 %": 1.0}
"""How often people name the better of two responses, and the spread of their error against a quality of spread 1."""


def measurement_study(pool: Pool, sets: int, seed: int) -> Iterator[Row]:
    """Scorers that read quality and nothing else, people who err, and length that goes with quality."""
    items = 350
    for gold in ("pairs", "ratings"):
        each = 4 if gold in SHARED else 2
        for right, spread in PEOPLE.items():
            for follows in (0.0, 0.2, 0.4, 0.6):
                values, found = [], []
                for number in range(sets):
                    rng = np.random.default_rng([seed, number, int(10 * follows), int(100 * spread), each])
                    quality = rng.normal(size=each * items)
                    said = (quality + spread * rng.normal(size=quality.size)) / math.hypot(1, spread)
                    side = np.sign(said[::2] - said[1::2]) / 2
                    value = np.stack([side, -side], axis=1).ravel()
                    if gold == "ratings":
                        value = np.clip(np.round(3 + 1.1 * said), 1, 5)
                    made = made_data(pool, gold, items, follows, rng, value=value, quality=quality)
                    probes, _ = probe_of("length", made, quality + 0.5 * noise("normal", made, AT_ONCE, rng))
                    values += [one.estimate.value for one in probes]
                    found += [one.p < 0.05 for one in probes]
                effect, often = float(np.mean(values)), float(np.mean(found))
                yield {"gold": gold, "people": right, "follows": follows, "effect": effect, "found": often}


def study(seed: int, *, sets: int = 18, scorers: int = 85) -> Mapping[str, Any]:
    """Everything that the page shows."""
    start = time.process_time()
    pool = made_pool(5000, np.random.default_rng(seed))
    covered = list(coverage_study(pool, sets, seed))
    record: Row = {
        "seed": seed,
        "sets": sets,
        "true_items": TRUE_ITEMS,
        "alarm_sets": ALARM_SETS,
        "by_gold": added(covered, ("gold", "items", "feature", "size")),
        "by_noise": added(covered, ("noise", "items", "feature", "size")),
        "alarms": list(alarm_study(pool, ALARM_SETS, scorers, seed)),
        "edits": edits_study(pool, seed),
        "power": list(power_study(pool, 20, seed)),
        "measurement": list(measurement_study(pool, 20, seed)),
    }
    return {**record, "cpu_seconds": round(time.process_time() - start, 1)}


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
