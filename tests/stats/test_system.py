"""System-level statistics against SciPy, brute force over pairs and items drawn one by one."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.system import system_estimates, system_means, system_scores

STATISTICS = ("pearson", "spearman", "kendall_b", "pairwise_accuracy")


def by_definition(statistic: str, x: np.ndarray, y: np.ndarray) -> float:
    if statistic == "pairwise_accuracy":
        pairs = list(itertools.combinations(range(len(x)), 2))
        agree = sum(np.sign(x[i] - x[j]) == np.sign(y[i] - y[j]) for i, j in pairs)
        return agree / len(pairs) if pairs else math.nan
    if len(np.unique(x)) < 2 or len(np.unique(y)) < 2:
        return math.nan
    function = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall_b": stats.kendalltau}[statistic]
    return float(function(x, y).statistic)


def ragged(rng: np.random.Generator, systems: int = 5, items: int = 40) -> tuple[np.ndarray, np.ndarray]:
    gold = rng.integers(0, 4, (systems, items)) + rng.normal(size=(systems, 1)).round(1)
    scores = gold + rng.normal(size=(2, systems, items)) * 2
    gold[rng.random(gold.shape) < 0.3], scores[rng.random(scores.shape) < 0.1] = np.nan, np.nan
    return scores, gold


values = st.one_of(st.integers(0, 3).map(float), st.just(math.nan))
system_rows = st.integers(2, 7).flatmap(
    lambda n: st.tuples(*(arrays.arrays(np.float64, (n,), elements=values, fill=st.nothing()) for _ in range(2)))
)


@settings(deadline=None, max_examples=150)
@given(system_rows, st.sampled_from(STATISTICS))
def test_statistics_of_published_values_are_their_definitions(both, statistic: Any) -> None:
    x, y = both
    empty = np.full((1, len(x), 1), np.nan)
    [estimate] = system_estimates(empty, empty[0], statistic=statistic, published_scores=x[None], published_gold=y)
    used = ~np.isnan(x + y)
    assert estimate.value == pytest.approx(by_definition(statistic, x[used], y[used]), abs=1e-12, nan_ok=True)
    systems = used.sum()
    assert estimate.n == (systems * (systems - 1) // 2 if statistic == "pairwise_accuracy" else systems)
    if statistic == "pairwise_accuracy" and estimate.defined:
        assert estimate.detail["agree"] / estimate.detail["pairs"] == estimate.value


def test_means_on_both_sides_are_over_the_cells_that_are_rated_and_scored() -> None:
    scores, gold = ragged(np.random.default_rng(0))
    found = system_scores(scores, gold)
    for k, s in itertools.product(range(2), range(5)):
        there = ~np.isnan(gold[s] + scores[k, s])
        assert found.gold[k, s] == pytest.approx(gold[s][there].mean())
        assert found.scorer[k, s] == pytest.approx(scores[k, s][there].mean())


def test_published_values_come_first_and_a_row_of_nan_is_not_published() -> None:
    scores, gold = ragged(np.random.default_rng(1))
    published = np.full((2, 5), np.nan)
    published[0] = [3, 1, 4, 1, 5]
    found = system_scores(scores, gold, published_scores=published, published_gold=np.arange(5.0))
    np.testing.assert_array_equal(found.scorer[0], published[0])
    np.testing.assert_array_equal(found.scorer[1], system_scores(scores, gold).scorer[1])
    only_scorer = system_scores(scores, gold, published_scores=published)
    np.testing.assert_allclose(only_scorer.gold[0], system_means(gold))
    np.testing.assert_array_equal(only_scorer.gold[1], system_scores(scores, gold).gold[1])
    np.testing.assert_array_equal(found.gold, np.tile(np.arange(5.0), (2, 1)))


def past_bias(low: float, high: float, value: float, draws: list[float]) -> tuple[float, float]:
    """(1 + r) / (1 - r) is exp(2z), on which a shift of z is a factor."""

    def odds(r: float) -> float:
        return (1 + r) / (1 - r)

    factor = (odds(value) / odds(float(np.median(draws)))) ** 2
    shifted = [(odds(end) * factor - 1) / (odds(end) * factor + 1) for end in (low, high)]
    return min(low, shifted[0]), max(high, shifted[1])


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("publish", ["nothing", "means of everything scored", "means of what is rated"])
def test_intervals_are_those_of_items_drawn_one_by_one(statistic: Any, publish: str) -> None:
    rng = np.random.default_rng(2)
    scores, gold = ragged(rng)
    weights = item_weights(40, 70, rng)
    rated = np.where(np.isnan(gold), np.nan, scores)
    cells = scores if publish == "means of everything scored" else rated
    published = None if publish == "nothing" else system_means(cells)
    estimates = system_estimates(
        scores, gold, statistic=statistic, published_scores=published, weights=weights, level=0.8
    )
    for k, estimate in enumerate(estimates):
        human = np.where(np.isnan(scores[k]), np.nan, gold) if publish == "nothing" else gold
        draws = []
        for row in weights:
            drawn = np.repeat(np.arange(40), row)
            draws += [by_definition(statistic, np.nanmean(cells[k][:, drawn], 1), np.nanmean(human[:, drawn], 1))]
        low, high = np.quantile(draws, [0.1, 0.9])
        method = "bootstrap over items, percentile, 70 resamples"
        if statistic.startswith("pearson"):
            low, high = past_bias(low, high, estimate.value, draws)
            method += ", widened by their bias"
        assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=1e-9)
        assert estimate.method == method


def test_intervals_of_perfect_and_of_undefined_agreement() -> None:
    """Where every resample agrees perfectly, there is no bias to undo; two systems agree or disagree in full."""
    rng = np.random.default_rng(8)
    gold = rng.normal(size=(4, 20))
    weights = item_weights(20, 60, rng)
    [perfect] = system_estimates(gold[None], gold, statistic="pearson", weights=weights)
    assert (perfect.value, perfect.low, perfect.high) == pytest.approx((1, 1, 1))
    [two] = system_estimates(rng.normal(size=(1, 2, 20)), gold[:2], statistic="pearson", weights=weights)
    assert abs(two.value) == 1
    assert (two.low, two.high) == pytest.approx((-1, 1))
    [constant] = system_estimates(np.ones((1, 4, 20)), gold, statistic="pearson", weights=weights)
    assert math.isnan(constant.low)


def test_values_that_are_not_item_means_are_held_fixed() -> None:
    rng = np.random.default_rng(3)
    scores, gold = ragged(rng)
    weights = item_weights(40, 80, rng)
    published = system_means(scores) ** 2 + 1
    estimate = system_estimates(scores, gold, statistic="pearson", published_scores=published, weights=weights)[0]
    draws = []
    for row in weights:
        drawn = np.repeat(np.arange(40), row)
        draws += [by_definition("pearson", published[0], np.nanmean(gold[:, drawn], axis=1))]
    expected = past_bias(*np.quantile(draws, [0.025, 0.975]), estimate.value, draws)
    assert (estimate.low, estimate.high) == pytest.approx(expected, abs=1e-9)
    assert "scorer values held fixed" in estimate.method
    [neither, _] = system_estimates(
        scores, gold, statistic="pearson", published_scores=published, published_gold=np.arange(5.0), weights=weights
    )
    assert math.isnan(neither.low)
    assert "no interval" in neither.method


def test_systems_with_equal_cells_stay_tied_in_every_resample() -> None:
    rng = np.random.default_rng(4)
    gold = rng.normal(size=(9, 50)) + np.arange(9)[:, None]
    scores = np.broadcast_to(rng.normal(size=50), (1, 9, 50))
    weights = item_weights(50, 100, rng)
    [accuracy] = system_estimates(scores, gold, statistic="pairwise_accuracy", weights=weights)
    assert (accuracy.value, accuracy.low, accuracy.high) == (0, 0, 0)
    [pearson] = system_estimates(scores, gold, statistic="pearson", weights=weights)
    assert (pearson.defined, math.isnan(pearson.low)) == (False, True)


def test_one_system_has_no_statistic() -> None:
    for statistic in STATISTICS:
        [estimate] = system_estimates(np.ones((1, 1, 3)), np.ones((1, 3)), statistic=statistic)  # type: ignore[arg-type]
        assert not estimate.defined
        assert estimate.n == (0 if statistic == "pairwise_accuracy" else 1)


def test_shapes_and_names_are_checked() -> None:
    scores, gold = np.ones((1, 2, 3)), np.ones((2, 3))
    with pytest.raises(ValueError, match=r"\(1, 2\)"):
        system_estimates(scores, gold, statistic="pearson", published_scores=np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"one per system \(2\)"):
        system_estimates(scores, gold, statistic="pearson", published_gold=np.ones(3))
    with pytest.raises(ValueError, match="pairwise_accuracy"):
        system_estimates(scores, gold, statistic="kendall")  # type: ignore[arg-type]
