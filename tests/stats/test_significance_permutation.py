"""PERM-BOTH against scipy statistics of every swapped data set, published regression values, and its invariances."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest
from scipy import stats

from rewardmeter.stats.correlation import correlate
from rewardmeter.stats.significance import (
    PairwiseTests,
    accuracy_permutation_tests,
    correlation_permutation_tests,
    draw_swaps,
    replayed_swaps,
    system_permutation_tests,
)
from rewardmeter.stats.system import system_estimates
from rewardmeter.stats.ties import acc_eq

CORRELATIONS = ("pearson", "spearman", "kendall_b")
GROUPINGS = ("pooled", "item", "system")
SYSTEM = ("pearson", "spearman", "kendall_b", "pairwise_accuracy")
ROUNDING = 1e-12


def scipy_value(statistic: str, x: np.ndarray, y: np.ndarray) -> float:
    """The statistic of two vectors without missing values, from scipy or the definition."""
    if statistic == "pairwise_accuracy":
        pairs = list(itertools.combinations(range(len(x)), 2))
        signs = [(sign_of(x[i] - x[j]), sign_of(y[i] - y[j])) for i, j in pairs]
        return sum(a == b for a, b in signs) / len(pairs)
    if len(x) < 2 or np.ptp(x) < ROUNDING or np.ptp(y) < ROUNDING:
        return math.nan
    if statistic != "pearson":  # equal scores of two scorers must tie, whatever standardising did to their last digit
        x, y = np.round(x, 11), np.round(y, 11)
    functions = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall_b": stats.kendalltau}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(functions[statistic](x, y)[0])


def sign_of(value: float) -> int:
    return 0 if abs(value) < ROUNDING else int(np.sign(value))


def slow_value(statistic: str, grouping: str, x: np.ndarray, y: np.ndarray, epsilon: float = 0.0) -> float:
    """A statistic of (systems, items) arrays by its definition, group by group; NaN where no group has it."""
    there = ~(np.isnan(x) | np.isnan(y))
    if grouping == "means":
        used = there.any(axis=1)
        means = [np.array([v[row].mean() for v, row in zip(side[used], there[used], strict=True)]) for side in (x, y)]
        return scipy_value(statistic, *means)
    groups = {"pooled": [(x, y, there)], "item": zip(x.T, y.T, there.T, strict=True)}
    groups["system"] = zip(x, y, there, strict=True)
    values = []
    for one, two, mask in groups[grouping]:
        if statistic == "acc_eq":
            values.append(slow_accuracy(one[mask], two[mask], epsilon))
        else:
            values.append(scipy_value(statistic, one[mask], two[mask]))
    defined = [value for value in values if not math.isnan(value)]
    return float(np.mean(defined)) if defined else math.nan


def slow_accuracy(x: np.ndarray, y: np.ndarray, epsilon: float) -> float:
    pairs = list(itertools.combinations(range(len(x)), 2))
    right = [
        (0 if abs(x[i] - x[j]) <= epsilon + ROUNDING else np.sign(x[i] - x[j])) == np.sign(y[i] - y[j])
        for i, j in pairs
    ]
    return float(np.mean(right)) if pairs else math.nan


def standardised(a: np.ndarray, b: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both scorers on a common scale, over the cells that they share with the gold; NaN elsewhere."""
    there = ~(np.isnan(a) | np.isnan(b) | np.isnan(y))
    made = []
    for side in (a, b):
        values = np.where(there, side, np.nan)
        spread = np.nanstd(values)
        made.append((values - np.nanmean(values)) / (spread if spread > 0 else 1.0))
    return made[0], made[1]


def slow_differences(statistic, grouping, a, b, y, swaps, epsilon=0.0) -> list[float]:
    """The difference of the two scorers' statistics after each of the swaps (draws, systems, items)."""
    a, b = standardised(a, b, y)
    return [
        slow_value(statistic, grouping, np.where(swap, b, a), y, epsilon)
        - slow_value(statistic, grouping, np.where(swap, a, b), y, epsilon)
        for swap in swaps
    ]


def slow_p(differences: list[float], observed: float, alternative: str) -> tuple[float, float]:
    """Share of the differences as extreme as the observed one: for the first being better, and for the second."""
    draws = np.array(differences)
    with np.errstate(invalid="ignore"):
        if alternative == "two-sided":
            both = float(np.mean(~(np.abs(draws) < abs(observed) - ROUNDING)))
            return both, both
        return (
            float(np.mean(~(draws < observed - ROUNDING))),
            float(np.mean(~(draws > observed + ROUNDING))),
        )


def all_swaps(systems: int, items: int, swap: str) -> np.ndarray:
    """Every swap there is, each once."""
    units = {"cells": systems * items, "rows_columns": systems + items, "rows": systems, "columns": items}[swap]
    patterns = np.array(list(itertools.product([False, True], repeat=units)))
    if swap == "cells":
        return patterns.reshape(-1, systems, items)
    if swap == "rows_columns":
        return patterns[:, :systems, None] ^ patterns[:, None, systems:]
    shape = (len(patterns), systems, items)
    return np.broadcast_to(patterns[:, :, None] if swap == "rows" else patterns[:, None, :], shape)


def small_data(seed: int, shape: tuple[int, int], levels: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, levels, (2, *shape)).astype(float), rng.integers(0, 3, shape).astype(float)


def run_tests(statistic, grouping, scores, gold, draws, **options) -> PairwiseTests:
    if statistic == "acc_eq":
        return accuracy_permutation_tests(scores, gold, draws, **options)
    if grouping == "means":
        return system_permutation_tests(scores, gold, draws, statistic=statistic, **options)
    return correlation_permutation_tests(scores, gold, draws, statistic=statistic, grouping=grouping, **options)


EVERY = [
    *itertools.product(CORRELATIONS, GROUPINGS),
    ("acc_eq", "item"),
    *((statistic, "means") for statistic in SYSTEM),
]


@pytest.mark.parametrize(("statistic", "grouping"), EVERY)
@pytest.mark.parametrize(("swap", "shape"), [("cells", (4, 2)), ("rows_columns", (4, 3)), ("rows", (5, 3))])
def test_enumerated_swaps_give_the_p_value_of_brute_force(statistic, grouping, swap, shape) -> None:
    for seed in range(2):
        scores, gold = small_data(seed, shape)
        swaps = all_swaps(*shape, swap)
        draws = draw_swaps(shape, 300, rng=np.random.default_rng(0), swap=swap)
        assert draws.exact
        assert draws.count == len(swaps)
        differences = slow_differences(statistic, grouping, *scores, gold, swaps, 0.7)
        option = {"epsilon": 0.7} if statistic == "acc_eq" else {}
        for alternative in ("two-sided", "greater"):
            tests = run_tests(statistic, grouping, scores, gold, draws, alternative=alternative, **option)
            if math.isnan(differences[0]):
                assert np.isnan(tests.p[0, 1])
                continue
            assert tests.difference[0, 1] == pytest.approx(differences[0], abs=1e-12)
            expected = slow_p(differences, differences[0], alternative)
            assert (tests.p[0, 1], tests.p[1, 0]) == pytest.approx(expected, abs=1e-12)
            assert tests.resamples[0, 1] == 0


@pytest.mark.parametrize(("statistic", "grouping"), EVERY)
def test_ragged_data_are_swapped_on_the_cells_that_both_scorers_share(statistic, grouping) -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(2, 5, 6)).round(1)
    gold = rng.integers(0, 4, (5, 6)).astype(float)
    scores[0, 1, 2] = scores[1, 3, 4] = scores[1, 0, 0] = gold[4, 4] = np.nan
    gold[:, 5] = np.nan
    swaps = rng.random((30, 5, 6)) < 0.5
    option = {"epsilon": 0.4} if statistic == "acc_eq" else {}
    tests = run_tests(statistic, grouping, scores, gold, replayed_swaps(swaps), alternative="greater", **option)
    nothing = np.zeros((1, 5, 6), dtype=bool)
    [observed] = slow_differences(statistic, grouping, *scores, gold, nothing, 0.4)
    differences = slow_differences(statistic, grouping, *scores, gold, swaps, 0.4)
    expected = slow_p(differences, observed, "greater")
    assert tests.difference[0, 1] == pytest.approx(observed, abs=1e-12)
    assert (tests.p[0, 1] * 31 - 1) / 30 == pytest.approx(expected[0], abs=1e-12)
    assert (tests.p[1, 0] * 31 - 1) / 30 == pytest.approx(expected[1], abs=1e-12)
    assert tests.resamples[0, 1] == tests.resamples[1, 0] == 30


def nlpstats_swaps(random: np.random.RandomState, draws: int, method: str) -> np.ndarray:
    """The draws of nlpstats.correlations.permutation for 9 x 5 matrices, in its order."""
    swaps = np.empty((draws, 9, 5), dtype=bool)
    for k in range(draws):
        rows = random.random_sample((9, 1)) > 0.5 if method != "inputs" else np.zeros((9, 1), dtype=bool)
        columns = random.random_sample((1, 5)) > 0.5 if method != "systems" else np.zeros((1, 5), dtype=bool)
        swaps[k] = rows ^ columns
    return swaps


def test_the_regression_values_of_nlpstats_come_out_to_the_last_hit() -> None:
    # tests/correlations/permutation_test.py of danieldeutsch/nlpstats: one seed, five tests one after the other.
    random = np.random.RandomState(1234)
    x, y, gold = (random.random_sample((9, 5)) for _ in range(3))
    scores = np.stack([x, y])
    both = nlpstats_swaps(random, 9999, "both")
    tests = run_tests("pearson", "pooled", scores, gold, replayed_swaps(both, swap="rows_columns"))
    assert round(tests.p[0, 1] * 10000 - 1) == round(0.5361536153615362 * 9999)
    for published, (i, j) in ((0.741, (0, 1)), (0.299, (1, 0))):
        draws = replayed_swaps(nlpstats_swaps(random, 1000, "both"), swap="rows_columns")
        tests = run_tests("pearson", "pooled", scores, gold, draws, alternative="greater")
        assert round(tests.p[i, j] * 1001 - 1) == round(published * 1000)
    draws = replayed_swaps(nlpstats_swaps(random, 1000, "inputs"), swap="columns")
    tests = run_tests("spearman", "means", scores, gold, draws)
    assert round(tests.p[0, 1] * 1001 - 1) == round(0.698 * 1000)
    draws = replayed_swaps(nlpstats_swaps(random, 1000, "systems"), swap="rows")
    tests = run_tests("kendall_b", "item", scores, gold, draws)
    assert round(tests.p[0, 1] * 1001 - 1) == round(0.519 * 1000)


@pytest.fixture(scope="module")
def medium() -> tuple[np.ndarray, np.ndarray]:
    """Three scorers of different quality with some ties, 6 systems x 40 items."""
    rng = np.random.default_rng(11)
    truth = rng.normal(size=(6, 40)) + rng.normal(size=(6, 1))
    scores = np.stack([(truth + noise * rng.normal(size=truth.shape)).round(1) for noise in (0.5, 1.0, 3.0)])
    return scores, np.round(truth)


@pytest.mark.parametrize("swap", ["cells", "rows_columns"])
def test_differences_are_those_of_the_statistics_themselves(medium, swap) -> None:
    scores, gold = medium
    draws = draw_swaps(gold.shape, 24, rng=np.random.default_rng(0), swap=swap)
    for statistic, grouping in itertools.product(CORRELATIONS, GROUPINGS):
        value = correlate(scores, gold, statistic=statistic, grouping=grouping).value
        found = run_tests(statistic, grouping, scores, gold, draws).difference
        assert found == pytest.approx(value[:, None] - value[None], abs=1e-12)
    scores = scores + 0.01 * np.random.default_rng(1).normal(size=scores.shape)
    for statistic in SYSTEM:
        value = np.array([estimate.value for estimate in system_estimates(scores, gold, statistic=statistic)])
        found = run_tests(statistic, "means", scores, gold, draws).difference
        assert found == pytest.approx(value[:, None] - value[None], abs=1e-12)
    scaled = (scores - scores.mean(axis=(1, 2), keepdims=True)) / scores.std(axis=(1, 2), keepdims=True)
    value = acc_eq(scaled, gold, epsilon=0.3).accuracy
    found = run_tests("acc_eq", "item", scores, gold, draws, epsilon=0.3).difference
    assert found == pytest.approx(value[:, None] - value[None], abs=1e-12)


@pytest.mark.parametrize(("statistic", "grouping"), EVERY)
def test_matrices_are_symmetric_and_p_is_never_zero(medium, statistic, grouping) -> None:
    scores, gold = medium
    draws = draw_swaps(gold.shape, 64, rng=np.random.default_rng(1))
    tests = run_tests(statistic, grouping, scores, gold, draws)
    off = ~np.eye(3, dtype=bool)
    assert np.array_equal(tests.p[off], tests.p.T[off])
    assert np.array_equal(tests.difference, -tests.difference.T)
    assert np.all(tests.p[off] >= 1 / 65)
    assert np.isnan(np.diagonal(tests.p)).all()
    one_sided = run_tests(statistic, grouping, scores, gold, draws, alternative="greater")
    assert np.all(one_sided.p[off] + one_sided.p.T[off] >= 1)
    assert tests.better(0.05).sum() == np.count_nonzero(tests.p[off] <= 0.05) / 2


@pytest.mark.parametrize(("statistic", "grouping"), EVERY)
def test_identical_scorers_have_p_one(medium, statistic, grouping) -> None:
    scores, gold = medium
    twins = np.stack([scores[0], 3 * scores[0] + 2])
    draws = draw_swaps(gold.shape, 40, rng=np.random.default_rng(2))
    for alternative in ("two-sided", "greater"):
        tests = run_tests(statistic, grouping, twins, gold, draws, alternative=alternative)
        assert tests.difference[0, 1] == pytest.approx(0, abs=1e-12)
        assert tests.p[0, 1] == tests.p[1, 0] == 1


@pytest.mark.parametrize(("statistic", "grouping"), EVERY)
def test_order_of_scorers_systems_and_items_does_not_matter(medium, statistic, grouping) -> None:
    scores, gold = medium
    rng = np.random.default_rng(3)
    swaps = rng.random((40, *gold.shape)) < 0.5
    plain = run_tests(statistic, grouping, scores, gold, replayed_swaps(swaps), alternative="greater")
    systems, items, scorers = rng.permutation(6), rng.permutation(40), np.array([2, 0, 1])
    moved = run_tests(
        statistic,
        grouping,
        scores[scorers][:, systems][:, :, items],
        gold[systems][:, items],
        replayed_swaps(swaps[:, systems][:, :, items]),
        alternative="greater",
    )
    assert moved.difference == pytest.approx(plain.difference[np.ix_(scorers, scorers)], abs=1e-12)
    # A scorer pair seen the other way round is swapped the other way round, which is the same draw.
    assert moved.p == pytest.approx(plain.p[np.ix_(scorers, scorers)], nan_ok=True)


@pytest.mark.parametrize("statistic", ["spearman", "kendall_b"])
def test_a_monotone_map_of_the_gold_changes_no_rank_statistic(medium, statistic) -> None:
    scores, gold = medium
    draws = draw_swaps(gold.shape, 40, rng=np.random.default_rng(4))
    for grouping in GROUPINGS:
        plain = run_tests(statistic, grouping, scores, gold, draws)
        mapped = run_tests(statistic, grouping, scores, np.exp(gold), draws)
        assert np.array_equal(plain.p, mapped.p, equal_nan=True)


def test_scale_and_shift_of_a_scorer_change_nothing(medium) -> None:
    scores, gold = medium
    draws = draw_swaps(gold.shape, 40, rng=np.random.default_rng(5))
    mapped = scores * np.array([2.0, 1e-6, 1e6])[:, None, None] + np.array([0.0, 5.0, -3.0])[:, None, None]
    for statistic, grouping in EVERY:
        plain = run_tests(statistic, grouping, scores, gold, draws)
        moved = run_tests(statistic, grouping, mapped, gold, draws)
        assert moved.p == pytest.approx(plain.p, nan_ok=True)
        assert moved.difference == pytest.approx(plain.difference, abs=1e-9)


def test_draws_without_a_value_count_as_extreme() -> None:
    # Two items of two systems; b is constant, but for one cell: some swaps leave one side constant everywhere.
    scores = np.array([[[1.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, 1.0]]])
    gold = np.array([[0.0, 0.0], [1.0, 1.0]])
    swaps = all_swaps(2, 2, "cells")
    differences = slow_differences("pearson", "item", *scores, gold, swaps)
    assert any(math.isnan(value) for value in differences)
    draws = draw_swaps((2, 2), 16, rng=np.random.default_rng(0))
    tests = run_tests("pearson", "item", scores, gold, draws, alternative="greater")
    assert tests.p[0, 1] == slow_p(differences, differences[0], "greater")[0]


def test_published_system_scores_are_swapped_system_by_system() -> None:
    rng = np.random.default_rng(15)
    published, human = rng.normal(size=(2, 8, 1)), rng.normal(size=(8, 1))
    draws = draw_swaps((8, 1), 256, rng=rng)
    tests = run_tests("pearson", "means", published, human, draws, alternative="greater")
    a, b = standardised(published[0], published[1], human)
    differences = [
        scipy_value("pearson", np.where(swap, b, a)[:, 0], human[:, 0])
        - scipy_value("pearson", np.where(swap, a, b)[:, 0], human[:, 0])
        for swap in all_swaps(8, 1, "cells")
    ]
    assert tests.p[0, 1] == pytest.approx(slow_p(differences, differences[0], "greater")[0])
