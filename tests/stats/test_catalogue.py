"""The catalogue says what the code does: every id is there, its text is complete, and its formula and range hold.

Expected values are formulas written out by brute force over pairs, scikit-learn's, or enumerations of small data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from itertools import combinations, product
from typing import Any, get_args

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.comparison import Board
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.stats import correlation, reliability, ties
from rewardmeter.stats.catalogue import CATALOGUE, ENTRIES, describe
from rewardmeter.stats.classification import average_precision_estimates, roc_auc_estimates
from rewardmeter.stats.differences import pairwise_difference_pearson
from rewardmeter.stats.humans.intraclass import Form, intraclass_correlations
from rewardmeter.stats.humans.kappa import Weighting, cohen_kappa
from rewardmeter.stats.humans.krippendorff import Metric, krippendorff_alpha
from rewardmeter.stats.preference import margin_weighted_accuracy_estimates
from rewardmeter.stats.style_grid import style_grid_estimates
from rewardmeter.stats.system import SystemStatistic
from rewardmeter.stats.verdicts import order_statistics

LEVELS = {"segment", "system", "pair", "list", "ranking", "human", "calibration", "test"}
SPELLING = re.compile(r"[a-z]+\.[a-z0-9]+(_[a-z0-9]+)*(\.(item|system))?")
ENDINGS = ("", ".item", ".system")


def test_ids_are_unique_and_well_formed() -> None:
    assert len(CATALOGUE) == len(ENTRIES) > 100
    for name in CATALOGUE:
        assert SPELLING.fullmatch(name), name
        assert name.split(".")[0] in LEVELS, name
        assert name.count(".") == 1 or name.startswith("segment."), name


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_entries_are_complete(entry: Any) -> None:
    for part in ("label", "definition", "formula", "assumptions", "source", "misleads", "computed_by"):
        text = getattr(entry, part)
        assert text == text.strip() != "", part
        assert "  " not in text, part
    for part in ("definition", "assumptions", "misleads"):
        assert getattr(entry, part).endswith((".", "?")), part
        assert ".." not in getattr(entry, part), part
    assert entry.low < entry.high
    assert math.isnan(entry.chance) or entry.low <= entry.chance <= entry.high


@pytest.mark.parametrize("path", sorted({entry.computed_by for entry in ENTRIES}))
def test_functions_exist(path: str) -> None:
    module, _, function = path.rpartition(".")
    assert callable(getattr(import_module(f"rewardmeter.stats.{module}"), function))


def test_labels_tell_statistics_apart() -> None:
    labels = [entry.label for entry in ENTRIES]
    assert len(set(labels)) == len(labels)


def test_every_named_option_of_the_functions_has_an_entry() -> None:
    ids = {f"segment.{name}{ending}" for name in correlation.STATISTICS for ending in ENDINGS}
    ids |= {f"segment.{name}{ending}" for name in ("acc_eq", "tau_eq", "acc_eq_cross_fitted") for ending in ENDINGS}
    ids |= {f"system.{name}" for name in get_args(SystemStatistic)}
    ids |= {f"human.krippendorff_alpha_{metric}" for metric in get_args(Metric)}
    ids |= {f"human.cohen_kappa_{name}".removesuffix("_none") for name in get_args(Weighting)}
    ids |= {f"human.icc_{form.replace(',', '_')}" for form in get_args(Form)}
    ids |= set(style_grid_estimates(np.ones((1, 2, 3)), np.zeros((1, 2, 3)), [0, 1]))
    ids |= set(order_statistics(np.ones((1, 2)), np.ones((1, 2)), [1.0, 0.0], [0, 1]))
    assert ids <= CATALOGUE.keys()


def judged() -> rm.Dataset:
    """Pairs with recorded verdicts in two orders, some unread, and a slice column."""
    builder = DatasetBuilder("verdicts")
    rng = np.random.default_rng(1)
    for i in range(12):
        item = builder.item(f"i{i}", columns={"domain": "ab"[i % 2]})
        a, b = (builder.response(item, system=system, text=f"{system}{i}") for system in "xy")
        pair = builder.preference(a, b, float(rng.integers(2)))
        builder.verdict("judge", pair, *rng.choice([-1.0, 0.0, 1.0, math.nan], size=2))
        builder.verdict("other", pair, *rng.choice([-1.0, 1.0], size=2))
    return builder.build()


def binary() -> rm.Dataset:
    builder = DatasetBuilder("binary")
    rng = np.random.default_rng(2)
    for i in range(15):
        item = builder.item(f"i{i}")
        for system in "xyz":
            response = builder.response(item, system=system, text="x" * int(rng.integers(1, 9)))
            builder.rating(response, float(rng.integers(2)))
            builder.score("recorded", response, rng.normal())
    return builder.build()


BOARDS: dict[str, tuple[Callable[[], Board], set[str]]] = {
    "ratings": (
        lambda: rm.compare("demo", ["length", "chrf", "-words"], resamples=60, draws=60, slices=["task"]),
        {"segment.acc_eq.item", "segment.kendall_b.system", "system.pearson"},
    ),
    "binary": (
        lambda: rm.compare(binary(), ["recorded", "length"], resamples=60, draws=60),
        {"segment.roc_auc", "segment.pearson"},
    ),
    "pairs": (
        lambda: rm.compare("demo:pairs", ["length", "chrf"], resamples=60, slices=["task"]),
        {"pair.accuracy", "pair.accuracy_half_ties", "pair.accuracy_macro"},
    ),
    "best of 4": (
        lambda: rm.compare("demo:best-of-4", ["length", "chrf"], resamples=60),
        {"pair.best_of_k", "pair.best_of_k_strict", "pair.mrr"},
    ),
    "verdicts": (
        lambda: rm.compare(judged(), ["recorded"], resamples=60, slices=["domain"]),
        {"pair.accuracy_both_orders", "pair.order_agreement", "pair.first_position_share"},
    ),
}


@pytest.mark.parametrize("board", BOARDS)
def test_what_a_board_shows_is_in_the_catalogue_and_within_its_range(board: str) -> None:
    make, expected = BOARDS[board]
    seen = set()
    for entry in make().entries:
        of_slices = [part for values in entry.slices.values() for _, part in values.values()]
        for statistics in (entry.statistics, *of_slices):
            for name, estimate in statistics.items():
                known = CATALOGUE[name]
                numbers = [n for n in (estimate.low, estimate.value, estimate.high) if not math.isnan(n)]
                assert all(known.low - 1e-12 <= number <= known.high + 1e-12 for number in numbers), name
                seen.add(name)
    assert expected <= seen


def test_an_unknown_id_describes_itself() -> None:
    assert describe("segment.no_such_thing").label == "segment no such thing"
    assert describe("segment.pearson") is CATALOGUE["segment.pearson"]


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A scorer and a gold with many ties, 24 cells."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 5, 24).astype(float)
    return np.clip(gold + rng.integers(-2, 3, 24), 0, 5), gold


def counts(x: np.ndarray, y: np.ndarray, epsilon: float = 0.0) -> dict[str, int]:
    """Concordant, discordant and tied pairs: ``th`` by people only, ``tm`` by the scorer only."""
    found = dict.fromkeys(("c", "d", "th", "tm", "both"), 0)
    for i, j in combinations(range(len(x)), 2):
        a = 0 if abs(x[i] - x[j]) <= epsilon else np.sign(x[i] - x[j])
        b = np.sign(y[i] - y[j])
        found["both" if a == b == 0 else "tm" if a == 0 else "th" if b == 0 else "c" if a == b else "d"] += 1
    return found


def by_formula(name: str, x: np.ndarray, y: np.ndarray) -> float:
    """The formula that the catalogue prints for a correlation, pair by pair."""
    n = counts(x, y)
    c, d, th, tm = n["c"], n["d"], n["th"], n["tm"]
    levels = min(len(np.unique(x)), len(np.unique(y)))
    formulas: dict[str, float] = {
        "kendall_b": (c - d) / math.sqrt((c + d + th) * (c + d + tm)),
        "kendall_c": 2 * levels * (c - d) / (len(x) ** 2 * (levels - 1)),
        "kendall_wmt10": (c - d - tm) / (c + d + tm),
        "kendall_wmt13": (c - d) / (c + d),
        "kendall_wmt14": (c - d) / (c + d + tm),
        "concordance": 2 * np.cov(x, y, ddof=0)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2),
    }
    return formulas[name]


@pytest.mark.parametrize("name", sorted(set(correlation.STATISTICS) - {"pearson", "spearman"}))
def test_printed_formulas_of_correlations(name: Any) -> None:
    for seed in range(5):
        x, y = drawn(seed)
        found = correlation.correlate(x[None, None], y[None], statistic=name, grouping="pooled").value[0]
        assert found == pytest.approx(by_formula(name, x, y), abs=1e-12)


@pytest.mark.parametrize("epsilon", [0.0, 1.0, 2.0])
def test_printed_formulas_of_tie_aware_accuracy(epsilon: float) -> None:
    x, y = drawn(7)
    n = counts(x, y, epsilon)
    pairs = sum(n.values())
    found = ties.acc_eq(x[None, None], y[None], epsilon=epsilon, grouping="pooled").accuracy[0]
    assert found == pytest.approx((n["c"] + n["both"]) / pairs)
    tau = (n["c"] + n["both"] - n["d"] - n["th"] - n["tm"]) / pairs
    assert ties.tau_eq(x[None, None], y[None], epsilon=epsilon, grouping="pooled").accuracy[0] == pytest.approx(tau)
    best = max((m := counts(x, y, e))["c"] + m["both"] for e in range(6)) / pairs
    assert ties.calibrate_ties(x[None, None], y[None], grouping="pooled").accuracy[0] == pytest.approx(best)


def test_printed_formula_of_the_correlation_of_differences() -> None:
    x, y = (side.reshape(4, 6) for side in drawn(8))
    apart = np.array(
        [
            (x[i, item] - x[j, item], y[i, item] - y[j, item])
            for item in range(6)
            for i, j in product(range(4), repeat=2)
        ]
    )
    found = pairwise_difference_pearson(x[None], y, grouping="item")[0]
    assert found == pytest.approx(np.corrcoef(apart.T)[0, 1])


def test_printed_formulas_for_binary_gold() -> None:
    x, y = drawn(9)
    label = (y > 3).astype(float)
    above = [(a > b) + (a == b) / 2 for a in x[label == 1] for b in x[label == 0]]
    area = roc_auc_estimates(x[None, None], label[None], weights=None)[0].value
    assert area == pytest.approx(np.mean(above))
    precision = [label[x >= a].mean() for a in x[label == 1]]
    found = average_precision_estimates(x[None, None], label[None], weights=None)[0].value
    assert found == pytest.approx(np.mean(precision))
    metrics = pytest.importorskip("sklearn.metrics")
    assert found == pytest.approx(metrics.average_precision_score(label, x))


def test_printed_formula_of_margin_weighted_accuracy() -> None:
    margins, gold = np.array([1.0, -1, 0, 2]), np.array([0.9, 0.6, 0.8, 0.5])
    found = margin_weighted_accuracy_estimates(margins[None], gold, [0, 1, 2, 3])[0].value
    weight = abs(2 * gold - 1)
    assert found == pytest.approx(weight[0] / weight[:3].sum())


def test_printed_formulas_of_calibration() -> None:
    rng = np.random.default_rng(3)
    p = rng.uniform(0.02, 0.98, 200)
    y = (rng.random(200) < p).astype(float)
    metrics = pytest.importorskip("sklearn.metrics")
    assert reliability.log_loss(p, y) == pytest.approx(metrics.log_loss(y, p))
    assert reliability.brier_score(p, y) == pytest.approx(metrics.brier_score_loss(y, p))
    place = np.ceil(p * 15)
    gaps = [np.mean(place == m) * abs(y[place == m].mean() - p[place == m].mean()) for m in np.unique(place)]
    assert reliability.expected_calibration_error(p, y) == pytest.approx(sum(gaps))


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.computed_by == "correlation.correlate"], ids=lambda e: e.id)
def test_a_scorer_that_knows_nothing_has_the_value_named_chance(entry: Any) -> None:
    rng = np.random.default_rng(4)
    gold = rng.integers(0, 5, (8, 300)).astype(float)
    scores = rng.normal(2, 1.4, (20, 8, 300))
    _, name, *grouping = entry.id.split(".")
    found = correlation.correlate(scores, gold, statistic=name, grouping=grouping[0] if grouping else "pooled")
    error = found.value.std(ddof=1) / math.sqrt(20)
    # These scores never tie; what ties cost is why the WMT10 form names no value.
    chance = 0.0 if math.isnan(entry.chance) else entry.chance
    assert abs(found.value.mean() - chance) < 4 * error


def test_ranges_of_agreement_hold_for_every_small_table() -> None:
    below = []
    for said in product((1.0, 2.0, 4.0), repeat=6):
        first, second = np.array(said[:3]), np.array(said[3:])
        values = [krippendorff_alpha([0, 1, 2, 0, 1, 2], said, metric=metric).value for metric in get_args(Metric)] + [
            cohen_kappa(first, second, weighting=weighting).value for weighting in get_args(Weighting)
        ]
        assert all(math.isnan(value) or -1 <= value <= 1 for value in values)
        below.append({form: e.value for form, e in intraclass_correlations(np.array([first, second])).items()})
    least = reduce(lambda a, b: {form: np.fmin(a[form], b[form]) for form in a}, below)
    for form, value in least.items():
        known = CATALOGUE[f"human.icc_{form.replace(',', '_')}"]
        assert value >= known.low
        assert (value < -1) == (known.low == -math.inf), form
