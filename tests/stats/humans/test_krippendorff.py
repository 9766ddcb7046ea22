"""Krippendorff's alpha: a published example, the krippendorff package's numbers, the definition, and invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.humans.judgments import triples
from rewardmeter.stats.humans.krippendorff import krippendorff_alpha
from rewardmeter.stats.resampling import item_weights

METRICS = ("nominal", "ordinal", "interval", "ratio")
NAN = math.nan

# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C: 4 observers, 12 units; the values there
# have three decimals. The digits beyond are those of krippendorff 0.9.0: krippendorff.alpha(PAPER, metric).
PAPER = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]
PUBLISHED = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}
PACKAGE = {
    "nominal": 0.743421052631579,
    "ordinal": 0.8153875037548814,
    "interval": 0.8491071428571428,
    "ratio": 0.7974027747116121,
}
# krippendorff 0.9.0 on `made()`.
PACKAGE_MADE = {
    "nominal": 0.5891401792991036,
    "ordinal": 0.8879264668519068,
    "interval": 0.866072799877131,
    "ratio": 0.7400814164156875,
}


def made() -> np.ndarray:
    i = np.arange(40)
    return np.array([i * 7 % 5, i * 7 % 5 + (i % 3 == 0), np.where(i % 4 == 1, NAN, i * 7 % 5 + (i % 7 == 0) * 2)])


def alpha_of(matrix, metric, **options):
    unit, _, value = triples(matrix)
    return krippendorff_alpha(unit, value, metric=metric, **options)


def by_definition(matrix: np.ndarray, metric: str) -> float:
    """1 - D_o / D_e by looking at every pair of pairable values."""
    columns = [column[~np.isnan(column)] for column in matrix.T]
    columns = [column for column in columns if column.size > 1]
    if not columns:
        return NAN
    pool = np.concatenate(columns)

    def difference(c: float, k: float) -> float:
        if metric == "nominal":
            return float(c != k)
        if metric == "interval":
            return (c - k) ** 2
        if metric == "ratio":
            return 0.0 if c == k else ((c - k) / (c + k)) ** 2
        low, high = min(c, k), max(c, k)
        between = np.count_nonzero((pool >= low) & (pool <= high))
        return (between - (np.count_nonzero(pool == c) + np.count_nonzero(pool == k)) / 2) ** 2 * (c != k)

    observed = sum(sum(difference(a, b) for a in column for b in column) / (column.size - 1) for column in columns)
    expected = sum(difference(a, b) for a in pool for b in pool) / (pool.size - 1)
    return 1 - observed / expected if expected > 0 else NAN


@st.composite
def matrices(draw, *, values=(0.0, 1.0, 2.0, 5.0)):
    raters, units = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    cells = draw(st.lists(st.sampled_from([NAN, *values]), min_size=raters * units, max_size=raters * units))
    return np.array(cells).reshape(raters, units)


@pytest.mark.parametrize("metric", METRICS)
def test_the_published_example(metric):
    assert alpha_of(PAPER, metric).value == pytest.approx(PUBLISHED[metric], abs=0.0005)
    assert alpha_of(PAPER, metric).value == pytest.approx(PACKAGE[metric], abs=1e-14)
    assert alpha_of(made(), metric).value == pytest.approx(PACKAGE_MADE[metric], abs=1e-14)


def test_what_is_counted():
    estimate = alpha_of(PAPER, "nominal")
    assert estimate.n == 11  # units with two judgments
    assert estimate.undefined == 1  # the last one has one judgment
    assert estimate.detail["ratings"] == 40


@settings(max_examples=150, deadline=None)
@given(matrices(), st.sampled_from(METRICS))
def test_is_the_definition(matrix, metric):
    assert alpha_of(matrix, metric).value == pytest.approx(by_definition(matrix, metric), abs=1e-12, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(matrices(), st.sampled_from(METRICS), st.randoms(use_true_random=False))
def test_does_not_depend_on_who_judged_or_on_the_order(matrix, metric, random):
    expected = alpha_of(matrix, metric).value
    unit, _, value = triples(matrix)
    order = list(range(unit.size))
    random.shuffle(order)
    shuffled = krippendorff_alpha(unit[order], value[order], metric=metric)
    assert shuffled.value == pytest.approx(expected, abs=1e-14, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(matrices(), st.floats(0.1, 100), st.floats(-1e6, 1e6))
def test_what_each_metric_ignores(matrix, scale, shift):
    for metric, changed in (
        ("nominal", np.exp(-matrix)),
        ("ordinal", np.exp(matrix)),
        ("interval", scale * matrix + shift),
        ("ratio", scale * matrix),
    ):
        expected = alpha_of(matrix, metric).value
        assert alpha_of(changed, metric).value == pytest.approx(expected, abs=1e-6, nan_ok=True), metric


@pytest.mark.parametrize("metric", METRICS)
def test_a_resample_is_alpha_of_the_drawn_units(metric, rng):
    """The interval's draws against alpha of data in which units are literally repeated."""
    matrix = made()
    weights = item_weights(40, 25, rng)
    draws = [alpha_of(np.repeat(matrix, row, axis=1), metric).value for row in weights]
    estimate = alpha_of(matrix, metric, weights=weights, level=0.8)
    expected = np.quantile(draws, [0.1, 0.9])
    assert [estimate.low, estimate.high] == pytest.approx(expected, abs=1e-12)
    assert estimate.method == "bootstrap over items, percentile, 25 resamples"


@pytest.mark.parametrize("metric", METRICS)
def test_units_of_an_item_are_drawn_together(metric, rng):
    """Item t has the units t and t + 20."""
    matrix = made()
    weights = item_weights(20, 25, rng)
    draws = [alpha_of(np.repeat(matrix, np.tile(row, 2), axis=1), metric).value for row in weights]
    estimate = alpha_of(matrix, metric, weights=weights, item=np.arange(40) % 20, level=0.8)
    assert [estimate.low, estimate.high] == pytest.approx(np.quantile(draws, [0.1, 0.9]), abs=1e-12)


def test_units_that_nobody_judged_say_nothing(rng):
    """Ten more units and items at the end; weights of the first ones are the same."""
    weights = np.hstack([item_weights(40, 25, rng), rng.integers(0, 3, (25, 10), dtype=np.int32)])
    unit, _, value = triples(made())
    found = krippendorff_alpha(unit, value, metric="nominal", item=np.arange(50), weights=weights)
    assert found == alpha_of(made(), "nominal", weights=weights[:, :40])


def test_perfect_agreement_is_one_and_systematic_disagreement_negative():
    assert alpha_of([[1, 2, 3], [1, 2, 3]], "interval").value == 1.0
    # Two raters who always say the opposite on n = 4 units, 8 judgments: D_o = 1, D_e = 2 * 16 / (8 * 7).
    assert alpha_of([[0, 0, 1, 1], [1, 1, 0, 0]], "nominal").value == pytest.approx(1 - 7 / 4, abs=1e-15)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("matrix", [[[0.1, 0.1], [0.1, 0.1]], [[0.0, 0.0], [0.0, 0.0]], [[1, NAN], [NAN, 2]], [[], []]])
def test_undefined_without_variation_or_pairs(matrix, metric):
    estimate = alpha_of(np.array(matrix, dtype=float).reshape(2, -1), metric)
    assert math.isnan(estimate.value)
    assert not estimate.defined


def test_small_differences_of_large_values():
    """Shifting must not matter, where a naive sum of squares has lost all digits."""
    matrix = made()
    assert alpha_of(matrix + 1e9, "interval").value == pytest.approx(alpha_of(matrix, "interval").value, abs=1e-9)


@pytest.mark.parametrize(
    ("unit", "value", "metric", "problem"),
    [
        ([0, 0], [1.0, 2.0], "cardinal", "metric must be one of"),
        ([0, 0], [1.0], "nominal", "one shape"),
        ([0, -1], [1.0, 2.0], "nominal", "whole numbers from 0"),
        ([0.0, 1.0], [1.0, 2.0], "nominal", "whole numbers from 0"),
        ([0, 0], [1.0, math.inf], "interval", r"value\[1\] is infinite"),
        ([0, 0], [1.0, -2.0], "ratio", "no values below 0"),
        ([0] * 9000, np.arange(9000), "ratio", "round them first"),
    ],
)
def test_bad_input_is_refused(unit, value, metric, problem):
    with pytest.raises(ValueError, match=problem):
        krippendorff_alpha(unit, value, metric=metric)


def test_weights_must_cover_the_items():
    with pytest.raises(ValueError, match="at least 40 items"):
        alpha_of(made(), "nominal", weights=np.ones((3, 39), dtype=np.int32))


def test_the_interval_covers_its_nominal_share(rng):
    """400 studies of 150 binary units by 3 raters who know with chance sqrt(1/2), else guess: alpha is 1/2."""
    covered = 0
    for _ in range(400):
        truth = rng.integers(0, 2, 150)
        ratings = np.where(rng.random((3, 150)) < math.sqrt(0.5), truth, rng.integers(0, 2, (3, 150)))
        estimate = alpha_of(ratings, "nominal", weights=item_weights(150, 300, rng))
        covered += estimate.low <= 0.5 <= estimate.high
    assert abs(covered / 400 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 400)
