"""Shrinkage between slices: closed forms, recovery, and what lies between the extremes."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit

from rewardmeter.stats.scaling import (
    fit_isotonic,
    fit_linear,
    fit_platt,
    fit_sliced_shift,
    fit_sliced_temperature,
    fit_temperature,
)
from rewardmeter.stats.scaling.shrinkage import design_effect

SLOPES = np.array([0.3, 0.6, 1.0, 1.5, 2.5])


def pairs(per_slice: int, seed: int, slopes: np.ndarray = SLOPES) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(slopes.size), per_slice)
    a, b = rng.normal(size=(2, place.size))
    return a, b, (rng.random(place.size) < expit(slopes[place] * (a - b))).astype(float), place


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 80))
def test_a_slices_temperature_lies_between_its_own_and_the_common_one(seed: int, per_slice: int) -> None:
    a, b, y, place = pairs(per_slice, seed)
    made = fit_sliced_temperature(a, b, y, place)
    for k, slope in enumerate(made.slopes.tolist()):
        rows = place == k
        own = minimize_scalar(
            lambda t, rows=rows: np.logaddexp(0, (1 - 2 * y[rows]) * math.exp(t) * (a - b)[rows]).sum(),
            bounds=(-12, 8),
            method="bounded",
            options={"xatol": 1e-9},
        )
        low, high = sorted([math.exp(own.x), made.common])
        assert low * (1 - 1e-3) <= slope <= high * (1 + 1e-3)


def test_the_mode_is_that_of_likelihood_and_normal_prior() -> None:
    a, b, y, place = pairs(60, 3)
    made = fit_sliced_temperature(a, b, y, place)
    assert made.spread > 0
    for k in range(SLOPES.size):
        margin, label = (a - b)[place == k], y[place == k]
        grid = math.log(made.common) + np.linspace(-4, 4, 80_001)
        loss = (grid - math.log(made.common)) ** 2 / (2 * made.spread**2)
        for m, own in zip(margin, label, strict=True):
            loss += np.logaddexp(0, (1 - 2 * own) * np.exp(grid) * m)
        assert math.log(made.slopes[k]) == pytest.approx(grid[np.argmin(loss)], abs=2e-4)


def test_much_data_leaves_each_slice_its_own() -> None:
    a, b, y, place = pairs(20_000, 1)
    made = fit_sliced_temperature(a, b, y, place)
    np.testing.assert_allclose(made.slopes, SLOPES, rtol=0.06)
    assert made.spread == pytest.approx(np.std(np.log(SLOPES), ddof=1), rel=0.15)
    assert made.common == pytest.approx(math.exp(np.log(SLOPES).mean()), rel=0.1)


def test_equal_slices_are_drawn_together() -> None:
    a, b, y, place = pairs(100, 2, np.ones(20))
    made = fit_sliced_temperature(a, b, y, place)
    alone = [fit_temperature(*(column[place == k] for column in (a, b, y))).slope for k in range(20)]
    assert np.var(np.log(made.slopes)) < np.var(np.log(alone)) / 4
    assert made.common == pytest.approx(fit_temperature(a, b, y).slope, rel=0.1)


def test_shrinkage_predicts_better_than_either_extreme() -> None:
    lost = np.zeros(3)
    for seed in range(30):
        slopes = np.exp(np.random.default_rng(seed).normal(0, 0.5, 15))
        a, b, y, place = pairs(40, seed + 100, slopes)
        made = fit_sliced_temperature(a, b, y, place)
        alone = [fit_temperature(*(column[place == k] for column in (a, b, y))).slope for k in range(15)]
        for number, found in enumerate((made.slopes, alone, fit_temperature(a, b, y).slope)):
            lost[number] += np.mean((np.log(np.maximum(found, 0.01)) - np.log(slopes)) ** 2)
    assert lost[0] < min(lost[1:])


def test_separated_backward_and_empty_slices_are_finite() -> None:
    a, b, y, place = pairs(50, 4)
    y[place == 0], y[place == 1] = (a > b)[place == 0], (a < b)[place == 1]
    a[place == 2] = b[place == 2]
    made = fit_sliced_temperature(a, b, y, place)
    assert (made.slopes > 0).all()
    assert np.isfinite(made.slopes).all()
    assert made.slopes[0] > made.common > made.slopes[1]
    assert made.slopes[2] == pytest.approx(made.common)


def test_one_slice_none_and_no_slope() -> None:
    a, b, y, _ = pairs(50, 5)
    one = fit_sliced_temperature(a, b, y, np.full(a.size, "chat"))
    common = fit_temperature(a, b, y).slope
    assert one.slopes.tolist() == pytest.approx([one.common])
    assert one.spread == 0
    none = fit_sliced_temperature(a, b, y, np.full(a.size, -1))
    assert (none.slices, none.common) == ((), common)
    backward = fit_sliced_temperature(a, b, (a < b).astype(float), np.arange(a.size) % 2)
    assert (backward.common, backward.slopes.tolist()) == (0, [0, 0])


def normal_rows(seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(6), [5, 10, 20, 40, 80, 160])
    x = rng.normal(size=place.size)
    return x, 2 * x + np.array([-1, 1, -0.5, 0.5, 0, 0.3])[place] + rng.normal(size=place.size), place


@pytest.mark.parametrize("weighted", [False, True])
def test_rating_offsets_are_those_of_the_closed_form(weighted: bool) -> None:
    x, y, place = normal_rows(1)
    w = np.random.default_rng(2).integers(1, 4, x.size).astype(float) if weighted else np.ones(x.size)
    made = fit_sliced_shift(x, y, place, w)
    rest = y - fit_linear(x, y, w)(x)
    mass = np.bincount(place, weights=w)
    mean = np.bincount(place, weights=w * rest) / mass
    variance = w @ (rest - mean[place]) ** 2 / (w.sum() - 6) / mass

    def excess(tau2: float) -> float:  # Paule and Mandel
        share = 1 / (variance + tau2)
        return float(share @ (mean - share @ mean / share.sum()) ** 2 - 5)

    tau2 = float(brentq(excess, 0, 100, xtol=1e-12))
    share = 1 / (variance + tau2)
    common = share @ mean / share.sum()
    np.testing.assert_allclose(made.offsets, common + tau2 / (tau2 + variance) * (mean - common), atol=1e-7)
    assert made.common == pytest.approx(common)
    assert made.spread == pytest.approx(math.sqrt(tau2))
    low, high = np.minimum(mean, common), np.maximum(mean, common)
    assert ((made.offsets >= low) & (made.offsets <= high)).all()


def test_probability_offsets_are_recovered() -> None:
    rng = np.random.default_rng(3)
    place = rng.integers(0, 4, 40_000)
    offsets = np.array([-1.0, 0.0, 0.5, 1.5])
    x = rng.normal(size=place.size)
    y = (rng.random(place.size) < expit(x + offsets[place])).astype(float)
    base = partial(fit_platt, smooth=False)
    made = fit_sliced_shift(x, y, place, base=base)
    np.testing.assert_allclose(np.diff(made.offsets), np.diff(offsets), atol=0.1)
    values = made(x, slice=place)
    assert [values[place == k].mean() for k in range(4)] == pytest.approx(
        [y[place == k].mean() for k in range(4)], abs=0.01
    )
    certain = fit_sliced_shift(x, y, place, base=partial(fit_isotonic, target="probability"))
    assert np.isfinite(certain.offsets).all()


def test_copies_of_rows_within_items_shrink_more() -> None:
    x, y, place = normal_rows(4)
    item = np.arange(x.size)
    made = fit_sliced_shift(x, y, place, item=item)
    np.testing.assert_allclose(made.offsets, fit_sliced_shift(x, y, place).offsets)  # one row each is no cluster
    copied = [np.repeat(column, 8) for column in (x, y, place, item)]
    blind, seeing = fit_sliced_shift(*copied[:3]), fit_sliced_shift(*copied[:3], item=copied[3])
    assert np.abs(seeing.offsets - made.offsets).max() < np.abs(blind.offsets - made.offsets).max()
    assert design_effect(np.array([1.0, 1, -1, -1]), np.ones(4), np.zeros(4, int), np.array([0, 0, 1, 1])) == 2
    sliced = fit_sliced_temperature(
        *(np.repeat(column, 8) for column in pairs(40, 6)), item=np.repeat(np.arange(200), 8)
    )
    assert sliced.spread <= fit_sliced_temperature(*(np.repeat(column, 8) for column in pairs(40, 6))).spread


def test_exact_ratings_keep_their_slices() -> None:
    x, place = np.tile(np.arange(10.0), 3), np.repeat(["a", "b", "c"], 10)
    y = x + np.repeat([0.0, 1.0, 5.0], 10)
    made = fit_sliced_shift(x, y, place)
    np.testing.assert_allclose(made(x, slice=place), y, atol=1e-5)


@pytest.mark.parametrize("factor", [1e-6, 1e7])
def test_the_unit_of_the_ratings_does_not_matter(factor: float) -> None:
    x, y, place = normal_rows(7)
    made, moved = fit_sliced_shift(x, y, place), fit_sliced_shift(x, factor * (y + 30), place)
    np.testing.assert_allclose(moved.offsets, factor * made.offsets, rtol=1e-6)


def test_bad_bases_and_slices_are_refused() -> None:
    with pytest.raises(ValueError, match="scores alone to a rating or probability; got linear of utility"):
        fit_sliced_shift([1, 2], [1, 2], [0, 1], base=lambda score, human, weight: fit_temperature([1], [0], [1]))
    with pytest.raises(ValueError, match=r"slice must be \(2,\)"):
        fit_sliced_shift([1, 2], [1, 2], [0])
    with pytest.raises(ValueError, match="all be strings or all integers"):
        fit_sliced_temperature([1, 2], [1, 2], [0, 1], [0.5, 1])
