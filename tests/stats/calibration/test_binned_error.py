"""Calibration errors against `reliability`, brute force over pairs of rows, and simulated truth."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from simulated import item_error, pairs

from rewardmeter.stats.calibration import (
    TiedMargin,
    ece_debiased_estimates,
    ece_estimates,
    ece_sweep_estimates,
    ece_width_estimates,
    overconfidence_estimates,
)
from rewardmeter.stats.reliability import expected_calibration_error

rows = st.lists(
    st.tuples(
        st.integers(-5, 5).map(lambda k: k / 2),
        st.sampled_from([0.0, 0.5, 1.0]),
        st.integers(0, 3),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=18,
).filter(lambda made: any(w for _, _, w, _ in made))


def said(margin: float) -> float:
    return 1 / (1 + math.exp(-abs(margin)))


def right(margin: float, label: float, tied: str = "half") -> float:
    if margin == 0:
        return {"half": 0.5, "first": label, "second": 1 - label}[tied]
    return label if margin > 0 else 1 - label


@given(rows, st.integers(1, 6), st.sampled_from(["half", "first", "second"]))
def test_both_binnings_are_those_of_reliability(
    made: list[tuple[float, float, int, int]], bins: int, tied: TiedMargin
) -> None:
    margins, label, weight, item = zip(*made, strict=True)
    confidence = [said(m) for m in margins]
    verdict = [right(m, y, tied) for m, y in zip(margins, label, strict=True)]
    options = {"bins": bins, "tied": tied, "unit_weights": weight}
    mass = ece_estimates([margins], label, item, **options)[0].value
    width = ece_width_estimates([margins], label, item, **options)[0].value
    expected = expected_calibration_error(confidence, verdict, weight, bins=bins, binning="equal_mass")
    assert mass == pytest.approx(expected, abs=1e-12)
    above = [max(0.5 + 1e-12, c) for c in confidence]  # over (0, 1] a confidence of 0.5 has the bin below
    assert width == pytest.approx(expected_calibration_error(above, verdict, weight, bins=2 * bins), abs=1e-11)


def slow_debiased(made: list[tuple[float, float, int, int]], bins: int) -> float:
    """Mean product of residuals of rows of different items, bin by bin."""
    kept = [row for row in made if row[2]]
    total = sum(row[2] for row in kept)
    sizes = sorted({abs(m) for m, *_ in kept})
    up_to = [sum(w for m, _, w, _ in kept if abs(m) <= size) for size in sizes]
    ends = [next(s for s, mass in zip(sizes, up_to, strict=True) if mass * bins >= k * total) for k in range(1, bins)]
    square = mass_used = 0.0
    for place in range(bins):
        inside = [row for row in kept if sum(abs(row[0]) > end for end in ends) == place]
        top = bottom = 0.0
        for a, b in itertools.permutations(inside, 2):
            if a[3] != b[3]:
                top += a[2] * b[2] * (right(a[0], a[1]) - said(a[0])) * (right(b[0], b[1]) - said(b[0]))
                bottom += a[2] * b[2]
        if bottom:
            mass = sum(row[2] for row in inside)
            square += mass * top / bottom
            mass_used += mass
    return square / mass_used if mass_used else math.nan


@given(rows, st.integers(1, 4))
def test_debiased_is_the_product_of_different_items(made: list[tuple[float, float, int, int]], bins: int) -> None:
    margins, label, weight, item = zip(*made, strict=True)
    found = ece_debiased_estimates([margins], label, item, bins=bins, unit_weights=weight)[0]
    expected = slow_debiased(made, bins)
    if math.isnan(expected):
        assert math.isnan(found.value)
        assert found.method == "undefined: no bin has two items"
    else:
        assert found.detail["squared"] == pytest.approx(expected, abs=1e-12)
        assert found.value == pytest.approx(math.sqrt(max(0.0, expected)), abs=1e-6)


def test_debiased_is_the_formula_of_kumar_for_single_pairs_of_equal_confidence() -> None:
    margins = np.repeat([0.5, 1.0, 2.0], 20)
    label = np.random.default_rng(1).integers(0, 2, 60).astype(float)
    found = ece_debiased_estimates(margins[None], label, np.arange(60), bins=3)[0]
    expected = 0.0
    for part, margin in zip(label.reshape(3, 20), (0.5, 1.0, 2.0), strict=True):
        mean = part.mean()
        expected += ((said(margin) - mean) ** 2 - mean * (1 - mean) / 19) / 3
    assert found.detail["squared"] == pytest.approx(expected, abs=1e-14)


def slow_sweep(margins: np.ndarray, label: np.ndarray) -> int:
    order = np.argsort(np.abs(margins))
    verdict = np.array([right(m, y) for m, y in zip(margins[order], label[order], strict=True)])
    n = len(verdict)
    for bins in range(1, n + 1):
        ends = [math.ceil(k * n / bins) for k in range(bins + 1)]
        means = [verdict[a:b].mean() for a, b in itertools.pairwise(ends)]
        if any(b < a for a, b in itertools.pairwise(means)):
            return bins - 1
    return n


@pytest.mark.parametrize("seed", range(12))
def test_sweep_takes_the_last_number_of_bins_before_a_fall(seed: int) -> None:
    margins, label, item = pairs(31, 1, seed=seed)
    found = ece_sweep_estimates(margins, label, item)[0]
    bins = slow_sweep(margins[0], label)
    assert found.detail["bins"] == bins
    assert found.value == ece_estimates(margins, label, item, bins=bins)[0].value


def test_a_sweep_over_sorted_labels_ends() -> None:
    margins = np.linspace(0.01, 5, 3000)[None]
    found = ece_sweep_estimates(margins, (margins[0] > 1).astype(float), np.arange(3000))[0]
    assert found.detail["bins"] == 1000


def test_overconfidence_is_one_signed_bin() -> None:
    margins, label, item = pairs(60, 2, slope=0.4)
    found = overconfidence_estimates(margins, label, item)[0]
    assert found.value == pytest.approx(ece_estimates(margins, label, item, bins=1)[0].value)
    assert overconfidence_estimates(margins / 9, label, item)[0].value < 0 < found.value


@pytest.mark.parametrize("statistic", [ece_estimates, ece_width_estimates, ece_sweep_estimates])
def test_intervals_use_numerical_derivatives(statistic: object) -> None:
    margins, label, item = pairs(32, 2, slope=0.5, seed=3)  # 64 rows: no end of a bin lies at a whole row
    found = statistic(margins, label, item, weights=np.ones((1, 32)))[0]
    error = item_error(lambda w: statistic(margins, label, item, unit_weights=w)[0].value, item)
    reach = norm.ppf(0.975) * error
    ends = max(0.0, found.value - found.detail["bias"] - reach), found.value + reach
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-6)


def test_debiased_interval_is_that_of_the_square() -> None:
    margins, label, item = pairs(200, 1, slope=0.2, seed=3)
    found = ece_debiased_estimates(margins, label, item, weights=np.ones((1, 200)))[0]
    assert found.low < found.value < found.high
    assert found.high**2 - found.detail["squared"] == pytest.approx(found.detail["squared"] - found.low**2)


def test_bias_is_what_chance_alone_gives() -> None:
    """A calibrated scorer has an error of 0, and about the value that its bias says."""
    values, biases = [], []
    for seed in range(60):
        margins, label, item = pairs(150, 2, seed=seed)
        found = ece_estimates(margins, label, item)[0]
        values.append(found.value)
        biases.append(found.detail["bias"])
    assert 0.6 * np.mean(values) < np.mean(biases) <= np.mean(values)
    squares = [ece_debiased_estimates(*pairs(150, 2, seed=seed))[0].detail["squared"] for seed in range(60)]
    assert abs(np.mean(squares)) < 3 * np.std(squares) / math.sqrt(60)


def test_bins_must_be_there() -> None:
    for statistic in (ece_estimates, ece_width_estimates, ece_debiased_estimates):
        with pytest.raises(ValueError, match="bins must be 1 or more; got 0"):
            statistic([[1.0]], [1.0], [0], bins=0)
    with pytest.raises(ValueError, match="tied must be one of half, first, second; got 'third'"):
        ece_estimates([[1.0]], [1.0], [0], tied="third")
