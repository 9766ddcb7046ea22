"""Are scorers of known miscalibration measured right, and do nominal 95 % intervals of calibration statistics cover?

    python benchmarks/calibration_coverage.py [--replications 800] [--seed 1] [--write]

Prints JSON; with --write also makes docs/results/calibration-coverage.md. Takes some minutes on one core. Truths are
values over 200,000 items (``TRUE_ITEMS``), with expected labels in place of drawn ones where the statistic is linear in
labels, so that a calibrated scorer has a calibration error of 0.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from rewardmeter.stats.calibration import gap_calibration, pair_calibration, rating_calibration
from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.result import Estimate

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Found = Mapping[str, list[Estimate]]

ITEMS = (30, 100, 400)
PER_ITEM = 4
RESAMPLES = 1000
TRUE_ITEMS = 200_000
GOAL = (93.0, 97.0)
NEEDS_LABELS = ("calibration.brier", "calibration.uncertainty", "calibration.excess_aurc")
"""Not linear in labels: their truth is taken with drawn ones."""
PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "calibration-coverage.md"

PAIR_SCORERS: dict[str, tuple[str, Callable[[Floats], Floats]]] = {
    "calibrated": ("margin = true logit", lambda z: z),
    "over-confident": ("margin = 2 · true logit", lambda z: 2 * z),
    "timid": ("margin = ½ · true logit", lambda z: z / 2),
    "first preferred": ("margin = true logit − 0.5", lambda z: z - 0.5),
    "bent": ("margin = sign · |true logit|³ / 3", lambda z: z**3 / 3),
    "coarse": ("margin = 2 · true logit, rounded to whole numbers, so with ties", lambda z: np.round(2 * z)),
}
RATING_SCORERS: dict[str, tuple[str, Callable[[Floats], Floats]]] = {
    "calibrated": ("human = prediction", lambda x: x),
    "too far apart": ("human = 1.5 + ½ · prediction", lambda x: 1.5 + x / 2),
    "bent": ("human = 3 + sign · √|prediction − 3|", lambda x: 3 + np.sign(x - 3) * np.sqrt(np.abs(x - 3))),
}


@dataclass(frozen=True)
class Measured:
    """One statistic of one scorer: truth, mean over the data sets, and how often the interval held the truth.

    ``low_misses`` and ``high_misses`` are the shares of intervals wholly above and wholly below the truth;
    ``undefined`` counts data sets without an interval, which are no part of the shares.
    """

    kind: str
    scorer: str
    statistic: str
    items: int
    truth: float
    mean: float
    coverage: float
    low_misses: float
    high_misses: float
    width: float
    undefined: int


def pair_data(items: int, scorer: str, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Places]:
    """Margins (1, pairs), labels, their expectations, items. Margins and labels of an item go together."""
    item = np.repeat(np.arange(items), PER_ITEM)
    z = rng.normal(0, 0.8, items)[item] + rng.normal(0, 1, item.size)
    expected = 1 / (1 + np.exp(-z))
    # Uniform for each pair, with a correlation of about 0.3 within an item.
    uniform = ndtr(np.sqrt(0.3) * rng.normal(0, 1, items)[item] + np.sqrt(0.7) * rng.normal(0, 1, item.size))
    label = (uniform < expected).astype(np.float64)
    return PAIR_SCORERS[scorer][1](z)[None], label, expected, item


def rating_data(items: int, scorer: str, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Places]:
    """Predictions (1, rows), human scores, their expectations, items. People's errors within an item go together."""
    item = np.repeat(np.arange(items), PER_ITEM)
    prediction = 3 + rng.normal(0, 0.5, items)[item] + rng.normal(0, 0.8, item.size)
    expected = RATING_SCORERS[scorer][1](prediction)
    human = expected + rng.normal(0, 0.4, items)[item] + rng.normal(0, 0.6, item.size)
    return prediction[None], human, expected, item


def ratings_and_gaps(*arguments: Any, **options: Any) -> Found:
    return {**rating_calibration(*arguments, **options), **gap_calibration(*arguments, **options)}


def true_values(made: tuple[Floats, Floats, Floats, Places], measure: Callable[..., Found]) -> dict[str, float]:
    score, drawn, expected, item = made
    truths = {name: found[0].value for name, found in measure(score, expected, item).items()}
    with_labels = measure(score, drawn, item)
    return {name: with_labels[name][0].value if name in NEEDS_LABELS else value for name, value in truths.items()}


def study(
    kind: str,
    scorers: Mapping[str, Any],
    data: Callable[..., tuple[Floats, Floats, Floats, Places]],
    measure: Callable[..., Found],
    replications: int,
    rng: np.random.Generator,
) -> Iterator[Measured]:
    for scorer in scorers:
        truths = true_values(data(TRUE_ITEMS, scorer, rng), measure)
        if kind == "ratings":
            truths["calibration.slope_spread"] = 0.0 if scorer != "bent" else np.nan
        for items in ITEMS:
            found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in truths}
            for _ in range(replications if items < 400 else replications // 2):
                score, truth, _, item = data(items, scorer, rng)
                weights = item_weights(items, RESAMPLES, rng)
                for name, (one,) in measure(score, truth, item, weights=weights).items():
                    found[name].append((one.value, one.low, one.high))
            for name, truth in truths.items():
                if not np.isnan(truth):
                    yield measured(np.array(found[name]), truth, kind, scorer, name, items)


def measured(values: Floats, truth: float, kind: str, scorer: str, statistic: str, items: int) -> Measured:
    there = values[~np.isnan(values).any(axis=1)]
    slack = 1e-9  # of truths that lie on a bound
    above, below = there[:, 1] > truth + slack, there[:, 2] < truth - slack
    return Measured(
        kind=kind,
        scorer=scorer,
        statistic=statistic,
        items=items,
        truth=truth,
        mean=float(np.nanmean(values[:, 0])) if not np.isnan(values[:, 0]).all() else float("nan"),
        coverage=float(1 - (above | below).mean()) if there.size else float("nan"),
        low_misses=float(above.mean()) if there.size else float("nan"),
        high_misses=float(below.mean()) if there.size else float("nan"),
        width=float((there[:, 2] - there[:, 1]).mean()) if there.size else float("nan"),
        undefined=len(values) - len(there),
    )


HEAD = """# Are calibration statistics right, and do their intervals cover?

Written by `python benchmarks/calibration_coverage.py --write`. {replications} data sets per setting (half for 400
items), seed {seed}, {per_item} pairs or responses per item, nominal coverage 95 %; {cpu_seconds:.0f} s of CPU. A
coverage near 95 % has a Monte-Carlo standard error of {error:.1f} points. A cell is: mean value less the truth, then
coverage in per cent, then how many per cent of the intervals lie wholly above / wholly below the truth. **Bold** is a
coverage below 93 %; an *italic* one is above 97 %.

Pairs: the true logit of an item's pairs is normal with a variance of 0.64 between and 1 within items; labels of an item
also go together (a correlation of 0.3 of what decides them). Ratings: predictions have a standard deviation of 0.9,
people err by 0.4 per item and 0.6 per response. Truths are over {true_items:,} items, with expected labels where the
statistic is linear in them.

Calibration errors and the parts of the Brier score are biased upwards by construction, with few pairs by much; their
intervals reach down past the bias, and so cover more than 95 % where the scorer is not calibrated.
"""


def page(record: Mapping[str, Any]) -> str:
    error = 100 * (0.95 * 0.05 / record["replications"]) ** 0.5
    parts = [HEAD.format(**record, error=error)]
    for kind, scorers in (("pairs", PAIR_SCORERS), ("ratings", RATING_SCORERS)):
        for scorer, (words, _) in scorers.items():
            parts.append(f"\n## {kind.capitalize()}, {scorer}: {words}\n")
            parts.append("| statistic | truth | " + " | ".join(f"{items} items" for items in ITEMS) + " |")
            parts.append("|---" * (2 + len(ITEMS)) + "|")
            rows = [row for row in record["measured"] if (row["kind"], row["scorer"]) == (kind, scorer)]
            for name in dict.fromkeys(row["statistic"] for row in rows):
                cells = [cell(row) for row in rows if row["statistic"] == name]
                truth = next(row["truth"] for row in rows if row["statistic"] == name)
                parts.append(f"| `{name}` | {truth:.4f} | " + " | ".join(cells) + " |")
    return "\n".join(parts) + "\n"


def cell(row: Mapping[str, Any]) -> str:
    if np.isnan(row["coverage"]):
        return "no interval"
    per_cent = 100 * row["coverage"]
    shown = f"{per_cent:.1f}"
    shown = f"**{shown}**" if per_cent < GOAL[0] else f"*{shown}*" if per_cent > GOAL[1] else shown
    text = f"{row['mean'] - row['truth']:+.4f}; {shown} ({100 * row['low_misses']:.0f}/{100 * row['high_misses']:.0f})"
    return text + (f", {row['undefined']} undefined" if row["undefined"] else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=800, help="data sets per setting; half for 400 items")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"also write {PAGE.relative_to(PAGE.parents[2])}")
    options = parser.parse_args()
    start = time.process_time()
    first, second = np.random.default_rng(options.seed).spawn(2)
    made = [*study("pairs", PAIR_SCORERS, pair_data, pair_calibration, options.replications, first)]
    made += study("ratings", RATING_SCORERS, rating_data, ratings_and_gaps, options.replications, second)
    record = {
        "replications": options.replications,
        "seed": options.seed,
        "per_item": PER_ITEM,
        "true_items": TRUE_ITEMS,
        "cpu_seconds": round(time.process_time() - start, 1),
        "measured": [asdict(row) for row in made],
    }
    print(json.dumps(record))
    if options.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(record), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
