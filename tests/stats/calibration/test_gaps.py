"""Margin linearity and the spread of slopes against pair-by-pair definitions and simulated truth."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression
from scipy.stats import norm
from simulated import item_error

from rewardmeter.stats.calibration import gap_bins, gap_calibration, margin_linearity_estimates, slope_spread_estimates
from rewardmeter.stats.resampling import item_weights

SLOPE, LINEARITY, SPREAD = "calibration.margin_slope", "calibration.margin_linearity", "calibration.slope_spread"


def scored(
    items: int, per_item: int, *, power: float = 1.0, spread: float = 0.0, seed: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Human scores are 2 * score in each item, with another slope per item, or a curve of the score gap."""
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(items), per_item)
    score = rng.normal(0, 1, item.size)
    slope = 2 * (1 + spread * rng.normal(0, 1, items))
    human = slope[item] * np.sign(score) * np.abs(score) ** power + rng.normal(0, 1, items)[item]
    return score[None], human + rng.normal(0, 0.3, item.size), item


def slow_linearity(score: list[float], human: list[float], item: list[int], weight: list[float]) -> tuple[float, float]:
    """Both orders of every pair, so that the isotonic fit is odd by itself."""
    gaps = []
    for a, b in itertools.permutations(range(len(score)), 2):
        if item[a] == item[b] and weight[a] * weight[b] > 0:
            gaps.append((score[a] - score[b], human[a] - human[b], weight[a] * weight[b]))
    if not any(u for u, _, _ in gaps):
        return math.nan, math.nan
    u, v, w = (np.array(column) for column in zip(*gaps, strict=True))
    slope = (w * u * v).sum() / (w * u * u).sum()
    index = np.unique(u, return_inverse=True)[1]
    mass = np.bincount(index, w)
    curve = isotonic_regression(np.bincount(index, w * v) / mass, weights=mass).x[index]
    total, by_curve = (w * v**2).sum(), (w * (v - curve) ** 2).sum()
    by_line = (w * (v - max(slope, 0.0) * u) ** 2).sum()
    bottom = total - by_curve
    return slope, (total - by_line) / bottom if bottom > 1e-9 else math.nan


rows = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12
)


@given(rows)
def test_linearity_is_the_definition(made: list[tuple[int, int, int, int]]) -> None:
    score, human, item, weight = (list(column) for column in zip(*made, strict=True))
    found = margin_linearity_estimates([score], human, item, unit_weights=weight)
    slope, linearity = slow_linearity(score, human, item, weight)
    assert found[SLOPE][0].value == pytest.approx(slope, abs=1e-12, nan_ok=True)
    assert found[LINEARITY][0].value == pytest.approx(linearity, abs=1e-9, nan_ok=True)


def test_a_line_is_linear_and_a_power_is_not() -> None:
    line, root = (
        margin_linearity_estimates(*scored(300, 3, power=power), weights=np.ones((1, 300)))[LINEARITY][0]
        for power in (1.0, 0.2)
    )
    assert line.value > 0.98
    assert line.high == 1
    assert root.value < root.high < 0.99
    exact = margin_linearity_estimates([[1.0, 2.0, 4.0]], [3.0, 5.0, 9.0], [0, 0, 0])
    assert exact[SLOPE][0].value == 2
    assert exact[LINEARITY][0].value == 1
    assert exact[LINEARITY][0].detail["r2_linear"] == exact[LINEARITY][0].detail["r2_isotonic"] == 1


def test_scale_of_either_side_does_not_matter() -> None:
    score, human, item = scored(40, 4, power=0.5)
    plain = gap_calibration(score, human, item)
    scaled = gap_calibration(100 * score + 7, human / 3, item)
    for name in (LINEARITY, SPREAD):
        assert scaled[name][0].value == pytest.approx(plain[name][0].value)
    assert scaled[SLOPE][0].value == pytest.approx(plain[SLOPE][0].value / 300)


def test_the_wrong_way_round() -> None:
    found = gap_calibration([[3.0, 2.0, 1.0, 6.0, 5.0, 1.0]], [1, 2, 3, 1, 2, 3], [0, 0, 0, 1, 1, 1])
    assert found[SLOPE][0].value < 0
    assert found[LINEARITY][0].method == "undefined: greater score gaps do not go with greater human gaps"
    assert found[SPREAD][0].method == "undefined: greater scores do not go with greater human scores"


@pytest.mark.parametrize(
    ("score", "item", "spread"),
    [
        ([1, 2, 3], [0, 1, 2], "fewer than two items have different scores"),
        ([1, 1, 1], [0, 0, 0], "fewer than two items have different scores"),
        ([1, 2, 1], [0, 0, 1], "fewer than two items have different scores"),
        ([1, 2, 1, 2], [0, 0, 1, 1], "no item has three responses"),
        ([], [], "fewer than two items have different scores"),
    ],
)
def test_reasons(score: list[float], item: list[int], spread: str) -> None:
    found = gap_calibration([score], np.arange(len(score)), item, weights=np.ones((5, 3)))
    assert found[SPREAD][0].method == f"undefined: {spread}"
    if len(set(zip(score, item, strict=True))) == len(set(item)):
        assert found[SLOPE][0].method == "undefined: no two responses of an item differ in score"


def test_linearity_interval_uses_numerical_derivatives() -> None:
    score, human, item = scored(40, 4, power=0.4)
    found = margin_linearity_estimates(score, human, item, weights=np.ones((1, 40)))[LINEARITY][0]

    def value(weight: np.ndarray) -> float:
        return margin_linearity_estimates(score, human, item, unit_weights=weight)[LINEARITY][0].value

    # The weight of a pair is the product of two, both of the item, which doubles the derivative.
    reach = norm.ppf(0.975) * item_error(value, item) / 2
    ends = found.value - reach, min(1.0, found.value + found.detail["bias"] + reach)
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-6)


def test_deciles_of_the_gap() -> None:
    score, human, item = scored(200, 4, power=0.3)
    (found,) = gap_bins(score, human, item)
    u, v = [], []
    for a, b in itertools.combinations(range(800), 2):
        if item[a] == item[b]:
            gap = score[0, a] - score[0, b]
            u.append(abs(gap))
            v.append((human[a] - human[b]) * np.sign(gap))
    order = np.argsort(u)
    u, v = np.array(u)[order].reshape(10, 120), np.array(v)[order].reshape(10, 120)
    np.testing.assert_allclose(found.score_gap, u.mean(axis=1))
    np.testing.assert_allclose(found.slope, v.mean(axis=1) / u.mean(axis=1))
    assert found.count.tolist() == [120] * 10
    assert found.slope[0] > 1.2 * found.slope[-1]
    assert np.all((found.slope_low < found.slope) & (found.slope < found.slope_high))
    assert gap_bins([[1.0, 1.0]], [1, 2], [0, 0])[0].count.size == 0
    with pytest.raises(ValueError, match="bins must be 1 or more"):
        gap_bins(score, human, item, bins=0)


def slow_spread(score: np.ndarray, human: np.ndarray, item: np.ndarray) -> float:
    """DerSimonian and Laird 1986, eq. 7 and 8, over the slopes of the items."""
    slopes, precisions, left, freedom = [], [], 0.0, 0
    for one in np.unique(item):
        x, y = score[item == one], human[item == one]
        x, y = x - x.mean(), y - y.mean()
        if (x != 0).any():
            slopes.append(x @ y / (x @ x))
            precisions.append(x @ x)
            left += ((y - slopes[-1] * x) ** 2).sum()
            freedom += len(x) - 2
    w, b = np.array(precisions) / (left / freedom), np.array(slopes)
    mean = (w @ b) / w.sum()
    q = w @ (b - mean) ** 2
    between = (q - (len(b) - 1)) / (w.sum() - (w**2).sum() / w.sum())
    return math.sqrt(max(0.0, between)) / mean


@pytest.mark.parametrize("spread", [0.0, 0.2, 0.6])
def test_spread_of_slopes_is_dersimonian_and_laird(spread: float) -> None:
    score, human, item = scored(60, 5, spread=spread)
    found = slope_spread_estimates(score, human, item)[0]
    assert found.value == pytest.approx(slow_spread(score[0], human, item), abs=1e-9)
    assert found.n == 60


def test_spread_of_slopes_is_measured_right() -> None:
    for spread in (0.0, 0.3):
        found = [
            slope_spread_estimates(
                *scored(80, 4, spread=spread, seed=seed), weights=item_weights(80, 200, np.random.default_rng(seed))
            )[0]
            for seed in range(60)
        ]
        assert np.mean([one.value for one in found]) == pytest.approx(spread, abs=0.03)
        assert np.mean([one.low <= spread <= one.high for one in found]) > 0.85


def test_too_many_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="pairs within items are more than 50,000,000"):
        gap_bins(np.zeros((1, 20_000)), np.zeros(20_000), np.zeros(20_000, dtype=int))
