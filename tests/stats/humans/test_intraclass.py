"""Intraclass correlations: the example of Shrout and Fleiss (1979), pingouin's digits, and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.humans.intraclass import intraclass_correlations

# Shrout and Fleiss 1979, tables 2 and 4: six targets, four judges.
RATINGS = np.array([[9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2], [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7]], dtype=float)
PRINTED = {"1,1": 0.17, "2,1": 0.29, "3,1": 0.71, "1,k": 0.44, "2,k": 0.62, "3,k": 0.91}
# pingouin 0.7.0, intraclass_corr on the same data: ICC and the two decimals that it gives of CI95%.
PINGOUIN = {
    "1,1": (0.1657417684, -0.13, 0.72),
    "2,1": (0.2897637795, 0.02, 0.76),
    "3,1": (0.7148407148, 0.34, 0.95),
    "1,k": (0.4427971337, -0.88, 0.91),
    "2,k": (0.6200505476, 0.07, 0.93),
    "3,k": (0.9093155424, 0.68, 0.99),
}


@pytest.mark.parametrize("form", PRINTED)
def test_the_published_example(form):
    estimate = intraclass_correlations(RATINGS)[form]
    value, low, high = PINGOUIN[form]
    assert estimate.value == pytest.approx(PRINTED[form], abs=0.005)
    assert estimate.value == pytest.approx(value, abs=1e-10)
    assert [estimate.low, estimate.high] == pytest.approx([low, high], abs=0.0051)
    assert estimate.n == 6


def test_incomplete_units_are_left_out_and_counted():
    wider = np.hstack([RATINGS, [[1.0], [math.nan], [2.0], [3.0]], np.full((4, 1), math.nan)])
    found, expected = intraclass_correlations(wider), intraclass_correlations(RATINGS)
    assert found["2,1"].value == expected["2,1"].value
    assert (found["2,1"].n, found["2,1"].undefined) == (6, 1)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 4), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_means_of_k_follow_spearman_and_brown(raters, units, seed):
    ratings = np.random.default_rng(seed).integers(0, 5, (raters, units)).astype(float)
    found = intraclass_correlations(ratings)
    for one, many in (("1,1", "1,k"), ("2,1", "2,k"), ("3,1", "3,k")):
        single, mean = found[one].value, found[many].value
        if not math.isnan(mean) and abs(1 + (raters - 1) * single) > 1e-9:
            assert mean == pytest.approx(raters * single / (1 + (raters - 1) * single), abs=1e-7, rel=1e-7)


def test_invariances():
    base = intraclass_correlations(RATINGS)
    for changed in (RATINGS[::-1], RATINGS[:, ::-1], 3 * RATINGS - 7):
        for form, estimate in intraclass_correlations(changed).items():
            assert estimate.value == pytest.approx(base[form].value, abs=1e-12)
    harsher = RATINGS - np.array([[0.0], [3.0], [1.0], [0.0]])
    assert intraclass_correlations(harsher)["3,1"].value == pytest.approx(base["3,1"].value, abs=1e-12)
    assert intraclass_correlations(harsher)["2,1"].value != pytest.approx(base["2,1"].value, abs=1e-3)


def test_perfect_negative_and_undefined():
    perfect = intraclass_correlations([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    assert all(estimate.value == 1.0 for estimate in perfect.values())
    # Opposite ratings of two raters: nothing between units, so (1,1) is -1 / (k - 1) and the mean of k has no value.
    opposite = intraclass_correlations([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    assert opposite["1,1"].value == pytest.approx(-1.0)
    assert math.isnan(opposite["1,k"].value)
    for ratings in ([[2.0, 2.0], [2.0, 2.0]], [[1.0, 2.0]], [[1.0], [2.0]], [[math.nan, 1.0], [1.0, math.nan]]):
        assert all(math.isnan(estimate.value) for estimate in intraclass_correlations(ratings).values())


def test_the_interval_covers_its_nominal_share(rng):
    """500 studies of 40 units by 3 raters with variances 1 (units), 0.5 (raters), 1 (residual)."""
    truth = {"1,1": 1 / 2.5, "2,1": 1 / 2.5, "3,1": 1 / 2, "3,k": 1 / (1 + 1 / 3)}
    covered = dict.fromkeys(truth, 0)
    for _ in range(500):
        ratings = rng.normal(size=40) + math.sqrt(0.5) * rng.normal(size=(3, 1)) + rng.normal(size=(3, 40))
        found = intraclass_correlations(ratings)
        for form in covered:
            covered[form] += found[form].low <= truth[form] <= found[form].high
    for form in ("2,1", "3,1", "3,k"):  # (1,1) assumes raters of their own for each unit
        assert abs(covered[form] / 500 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 500), form


@pytest.mark.parametrize(("ratings", "problem"), [([1.0, 2.0], "shape"), ([[1.0, math.inf]], "infinite")])
def test_bad_input_is_refused(ratings, problem):
    with pytest.raises(ValueError, match=problem):
        intraclass_correlations(ratings)
