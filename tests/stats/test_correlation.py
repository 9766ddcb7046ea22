"""Segment-level correlation against SciPy, brute force over pairs, closed forms and brute-force resampling."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from expanded import ends
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from rewardmeter.stats import ranks
from rewardmeter.stats.correlation import STATISTICS, correlate, correlation_estimates
from rewardmeter.stats.resampling import item_weights

GROUPINGS = ("pooled", "item", "system")
# 4 systems x 2 items with the values that mt-metrics-eval gives: Pearson and tau-b, pooled, by item, by system.
GOLD = np.array([[1, 2], [3, 4], [5, 5], [7, 8.0]])
VECTORS = {
    (1, 2, 3, 3, 7, 3, 5, 5): {"pearson": (0.7511, 0.8901, 1.0), "kendall_b": (0.7464, 0.7898, 1.0)},
    (2, 1, 2, 6, 8, 8, 7, 6): {"pearson": (0.7486, 0.7415, -0.3333), "kendall_b": (0.5004, 0.5477, -0.3333)},
}


def cells(rating_levels: int = 4) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    """Scores of one scorer and gold with ties, holes and constant groups."""
    value = st.one_of(st.integers(0, rating_levels).map(float), st.just(math.nan), st.sampled_from([0.1, 2.3, -7.0]))
    shape = st.tuples(st.integers(1, 6), st.integers(1, 6))
    return shape.flatmap(
        lambda s: st.tuples(*(arrays.arrays(np.float64, s, elements=value, fill=st.nothing()) for _ in range(2)))
    )


def groups_of(x: np.ndarray, y: np.ndarray, grouping: str) -> list[tuple[np.ndarray, np.ndarray]]:
    rows = {
        "pooled": [(x.ravel(), y.ravel())],
        "item": list(zip(x.T, y.T, strict=True)),
        "system": list(zip(x, y, strict=True)),
    }[grouping]
    return [(a[~np.isnan(a + b)], b[~np.isnan(a + b)]) for a, b in rows]


def pair_counts(x: np.ndarray, y: np.ndarray) -> dict[str, int]:
    counts = dict.fromkeys(("C", "D", "Th", "Tm", "Thm"), 0)
    for i, j in itertools.combinations(range(len(x)), 2):
        a, b = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
        kind = "Thm" if a == b == 0 else "Tm" if a == 0 else "Th" if b == 0 else "C" if a == b else "D"
        counts[kind] += 1
    return counts


def by_definition(statistic: str, x: np.ndarray, y: np.ndarray) -> float:
    """SciPy where it has the statistic, else the textbook formula; NaN where undefined."""
    if statistic.startswith("kendall_wmt"):
        n = pair_counts(x, y)
        top, bottom = {
            "kendall_wmt10": (n["C"] - n["D"] - n["Tm"], n["C"] + n["D"] + n["Tm"]),
            "kendall_wmt13": (n["C"] - n["D"], n["C"] + n["D"]),
            "kendall_wmt14": (n["C"] - n["D"], n["C"] + n["D"] + n["Tm"]),
        }[statistic]
        return top / bottom if bottom else math.nan
    if len(np.unique(x)) < 2 or len(np.unique(y)) < 2:
        return math.nan
    if statistic == "concordance":
        return 2 * np.cov(x, y, bias=True)[0, 1] / (np.var(x) + np.var(y) + (x.mean() - y.mean()) ** 2)
    if statistic == "pearson":
        return float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    if statistic == "spearman":
        return float(stats.spearmanr(x, y).statistic)
    return float(stats.kendalltau(x, y, variant=statistic[-1]).statistic)


@settings(deadline=None, max_examples=150)
@given(cells(), st.sampled_from(STATISTICS), st.sampled_from(GROUPINGS))
def test_every_statistic_is_its_definition_in_every_group(both, statistic: Any, grouping: Any) -> None:
    x, y = both
    groups = groups_of(x, y, grouping)
    expected = np.array([by_definition(statistic, a, b) for a, b in groups])
    result = correlate(x[None], y, statistic=statistic, grouping=grouping)
    np.testing.assert_allclose(result.groups[0], expected, atol=1e-12, rtol=0)
    defined = expected[~np.isnan(expected)]
    assert result.value[0] == pytest.approx(defined.mean() if defined.size else math.nan, abs=1e-12, nan_ok=True)
    assert result.n[0] == (len(groups[0][0]) if grouping == "pooled" else defined.size)
    assert result.undefined[0] == sum(len(a) > 0 for a, _ in groups) - defined.size


@settings(deadline=None, max_examples=100)
@given(cells(rating_levels=9))
def test_cell_pairs_are_counts_over_all_pairs(both) -> None:
    x, y = both
    hole = np.isnan(x + y)
    x, y = np.where(hole, np.nan, x), np.where(hole, np.nan, y)
    found = ranks.cell_pairs(x, y)
    for row, (a, b) in enumerate(zip(x, y, strict=True)):
        signs_a, signs_b = (np.nan_to_num(np.sign(v[:, None] - v[None, :])) for v in (a, b))
        present = ~hole[row][:, None] & ~hole[row][None, :]
        np.testing.assert_array_equal(found.difference[row], (signs_a * signs_b).sum(axis=1))
        np.testing.assert_array_equal(found.untied[row], np.abs(signs_a * signs_b).sum(axis=1))
        np.testing.assert_array_equal(found.untied_x[row], (np.abs(signs_a) * present).sum(axis=1))
        np.testing.assert_array_equal(found.untied_y[row], (np.abs(signs_b) * present).sum(axis=1))


@settings(deadline=None, max_examples=60)
@given(cells(rating_levels=9))
def test_looking_at_every_pair_and_sorting_agree(both) -> None:
    x, y = both
    hole = np.isnan(x + y)
    x, y = np.where(hole, np.nan, x), np.where(hole, np.nan, y)
    by_pairs = ranks.small_pair_sums(x, y)
    by_sorting = ranks.pair_sums(ranks.cell_pairs(x.T, y.T), by_pairs.members)
    for name in ("members", "difference", "untied", "untied_x", "untied_y", "pairs"):
        np.testing.assert_array_equal(getattr(by_pairs, name), getattr(by_sorting, name))


def test_items_with_many_systems_are_counted_by_sorting_to_the_same_values() -> None:
    rng = np.random.default_rng(3)
    y = np.round(rng.normal(size=(90, 12)), 1)
    x = np.round(y + rng.normal(size=y.shape), 1)
    x[rng.random(x.shape) < 0.1] = np.nan
    expected = [by_definition("kendall_b", a, b) for a, b in groups_of(x, y, "item")]
    found = correlate(x[None], y, statistic="kendall_b", grouping="item").groups[0]
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_many_pooled_cells_have_the_same_tau_by_either_road(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    gold = rng.integers(0, 6, (30, 10_000)).astype(float)
    scores = (gold + rng.normal(size=gold.shape) * 3).round(2)[None]
    by_scipy = correlate(scores, gold, statistic="kendall_b", grouping="pooled").value
    monkeypatch.setattr("rewardmeter.stats.correlation._MANY_CELLS", 10**9)
    np.testing.assert_allclose(
        correlate(scores, gold, statistic="kendall_b", grouping="pooled").value, by_scipy, atol=1e-13
    )


@pytest.mark.parametrize("metric", VECTORS)
@pytest.mark.parametrize("statistic", ["pearson", "kendall_b"])
def test_vectors_of_the_reference_implementation(metric: tuple[int, ...], statistic: Any) -> None:
    scores = np.reshape(metric, (1, 4, 2))
    for grouping, expected in zip(("pooled", "item", "system"), VECTORS[metric][statistic], strict=True):
        [value] = correlate(scores, GOLD, statistic=statistic, grouping=grouping).value
        assert value == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize("statistic", ["spearman", "kendall_b", "kendall_wmt14"])
def test_rank_statistics_ignore_monotone_maps_and_the_order_of_systems(statistic: Any) -> None:
    rng = np.random.default_rng(5)
    gold, scores = rng.integers(0, 5, (7, 30)).astype(float), np.round(rng.normal(size=(2, 7, 30)), 1)
    order = rng.permutation(7)
    for grouping in GROUPINGS:
        plain = correlate(scores, gold, statistic=statistic, grouping=grouping).value
        mapped = correlate(np.exp(scores) * 3 - 8, gold**3, statistic=statistic, grouping=grouping).value
        moved = correlate(scores[:, order], gold[order], statistic=statistic, grouping=grouping).value
        np.testing.assert_allclose(mapped, plain, atol=1e-13)
        np.testing.assert_allclose(moved, plain, atol=1e-13)


def test_a_scorer_that_only_knows_the_item_is_undefined_by_item() -> None:
    rng = np.random.default_rng(1)
    gold = rng.normal(size=(5, 40)) + 3 * rng.normal(size=40)
    scores = np.broadcast_to(gold.mean(axis=0), (1, 5, 40))
    assert correlate(scores, gold, statistic="pearson", grouping="pooled").value[0] > 0.8
    by_item = correlate(scores, gold, statistic="pearson", grouping="item")
    assert math.isnan(by_item.value[0])
    assert (by_item.n[0], by_item.undefined[0]) == (0, 40)
    [estimate] = correlation_estimates(
        scores, gold, statistic="pearson", grouping="item", weights=item_weights(40, 20, rng)
    )
    assert not estimate.defined
    assert estimate.to_dict()["value"] is None


BOOTSTRAPPED = [(statistic, "item") for statistic in STATISTICS]
BOOTSTRAPPED += [(statistic, grouping) for statistic in ("pearson", "concordance") for grouping in ("pooled", "system")]


@pytest.mark.parametrize(("statistic", "grouping"), BOOTSTRAPPED)
def test_bootstrap_intervals_are_those_of_items_drawn_one_by_one(statistic: Any, grouping: Any) -> None:
    """By item any statistic, and moments everywhere: each resample recomputed from copies of the items."""
    rng = np.random.default_rng(8)
    gold = rng.integers(0, 3, (4, 15)).astype(float)
    scores = gold + rng.normal(size=(2, 4, 15)).round(1)
    gold[rng.random(gold.shape) < 0.3] = np.nan
    scores[:, 2] = np.nan
    weights = item_weights(15, 60, rng)
    draws = []
    for row in weights:
        items = np.repeat(np.arange(15), row)
        again = correlate(scores[:, :, items], gold[:, items], statistic=statistic, grouping=grouping)
        draws.append(again.value)
    estimates = correlation_estimates(scores, gold, statistic=statistic, grouping=grouping, weights=weights, level=0.8)
    low, high = ends(draws, int(np.sum(~np.isnan(gold).all(axis=0))), 0.8)
    np.testing.assert_allclose([e.low for e in estimates], low, atol=1e-10)
    np.testing.assert_allclose([e.high for e in estimates], high, atol=1e-10)
    assert all("bootstrap" in e.method and "60" in e.method for e in estimates)


@pytest.mark.parametrize("statistic", ["spearman", "kendall_b", "kendall_c", "kendall_wmt10", "kendall_wmt13"])
@pytest.mark.parametrize("grouping", ["pooled", "system"])
def test_jackknife_intervals_are_close_to_a_brute_force_bootstrap(statistic: Any, grouping: Any) -> None:
    rng = np.random.default_rng(11)
    items = 220
    base = rng.normal(size=items) * 1.5
    gold = np.round(base + rng.normal(size=(4, items)))
    scores = (base + gold + 2 * rng.normal(size=(4, items))).round(1)[None]
    scores[0, 1, :30] = np.nan
    weights = item_weights(items, 700, rng)
    [estimate] = correlation_estimates(scores, gold, statistic=statistic, grouping=grouping, weights=weights)
    draws = []
    for row in weights:
        drawn = np.repeat(np.arange(items), row)
        draws += [correlate(scores[:, :, drawn], gold[:, drawn], statistic=statistic, grouping=grouping).value[0]]
    low, high = np.quantile(draws, [0.025, 0.975])
    # The bootstrap ends themselves have a standard error of about 5 % of the width with 700 draws.
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.12 * (high - low))
    assert estimate.high - estimate.low == pytest.approx(high - low, rel=0.12)
    assert "jackknife" in estimate.method


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("grouping", GROUPINGS)
def test_likelihoods_too_small_to_square_and_nothing_at_all(statistic: Any, grouping: Any) -> None:
    rng = np.random.default_rng(12)
    gold = rng.normal(size=(4, 6))
    scores, weights = gold + rng.normal(size=(2, 4, 6)), item_weights(6, 30, rng)
    unit = 2.0**-600
    # Concordance alone compares the two scales.
    small_gold = gold * unit if statistic == "concordance" else gold
    plain = correlation_estimates(scores, gold, statistic=statistic, grouping=grouping, weights=weights)
    small = correlation_estimates(scores * unit, small_gold, statistic=statistic, grouping=grouping, weights=weights)
    for a, b in zip(plain, small, strict=True):
        assert (b.value, b.low, b.high) == pytest.approx((a.value, a.low, a.high), abs=1e-12)
    for shape in ((0, 4, 6), (2, 4, 0), (2, 0, 6)):
        empty = correlation_estimates(
            np.zeros(shape), np.zeros(shape[1:]), statistic=statistic, grouping=grouping, weights=weights[:, : shape[2]]
        )
        assert [estimate.defined for estimate in empty] == [False] * shape[0]


def test_without_weights_there_is_no_interval() -> None:
    [estimate] = correlation_estimates(GOLD[None], GOLD, statistic="spearman", grouping="pooled", weights=None)
    assert estimate.value == pytest.approx(1)
    assert math.isnan(estimate.low)
    assert estimate.method == "none"


@pytest.mark.parametrize(
    ("scores", "gold", "message"),
    [
        (np.zeros((2, 3)), np.zeros((2, 3)), r"scorers, systems, items"),
        (np.zeros((1, 2, 3)), np.zeros((2, 4)), r"same systems"),
        (np.full((1, 1, 2), np.inf), np.zeros((1, 2)), r"scores\[0, 0, 0\] is infinite or beyond 1e\+300"),
    ],
)
def test_bad_arrays_are_named(scores: np.ndarray, gold: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        correlate(scores, gold, statistic="pearson", grouping="pooled")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="kendall_b"):
        correlate(GOLD[None], GOLD, statistic="tau", grouping="pooled")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="pooled, item, system"):
        correlate(GOLD[None], GOLD, statistic="pearson", grouping="segment")  # type: ignore[arg-type]
