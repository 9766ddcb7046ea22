"""Cohen's and Fleiss' kappa: scikit-learn's and statsmodels' numbers, the definition, and invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.humans.kappa import cohen_kappa, fleiss_kappa
from rewardmeter.stats.resampling import item_weights

NAN = math.nan
WEIGHTINGS = ("none", "linear", "quadratic")
INDEX = np.arange(40)
FIRST = INDEX * 7 % 5
SECOND = INDEX * 7 % 5 + (INDEX % 3 == 0)

# scikit-learn 1.9.1: cohen_kappa_score(FIRST, SECOND, weights=None | "linear" | "quadratic").
SKLEARN = {"none": 0.5679012345679012, "linear": 0.787878787878788, "quadratic": 0.9176470588235294}

# The worked example of the Fleiss kappa article of Wikipedia: 14 raters, 10 subjects, 5 categories; printed 0.210.
# The digits beyond are those of statsmodels 0.15.0: statsmodels.stats.inter_rater.fleiss_kappa(TABLE).
TABLE = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def judged(table):
    """Triples of a table (units, categories) of counts."""
    unit, category = np.nonzero(table)
    times = table[unit, category]
    return np.repeat(unit, times), np.repeat(category, times).astype(float)


def by_definition(x, y, weighting):
    def d(a, b):
        return {"none": float(a != b), "linear": abs(a - b), "quadratic": (a - b) ** 2}[weighting]

    observed = np.mean([d(a, b) for a, b in zip(x, y, strict=True)])
    expected = np.mean([d(a, b) for a in x for b in y])
    return 1 - observed / expected if expected > 0 else NAN


LABELS = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 2.0, 4.5]), st.sampled_from([0.0, 1.0, 2.0, 4.5])), min_size=1, max_size=12
)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_equals_scikit_learn(weighting):
    assert cohen_kappa(FIRST, SECOND, weighting=weighting).value == pytest.approx(SKLEARN[weighting], abs=1e-14)


@settings(max_examples=100, deadline=None)
@given(LABELS, st.sampled_from(WEIGHTINGS))
def test_is_the_definition(labels, weighting):
    x, y = np.array(labels).T
    expected = by_definition(x, y, weighting)
    assert cohen_kappa(x, y, weighting=weighting).value == pytest.approx(expected, abs=1e-12, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(LABELS, st.sampled_from(WEIGHTINGS))
def test_is_symmetric_and_does_not_depend_on_the_order_of_units(labels, weighting):
    x, y = np.array(labels).T
    expected = cohen_kappa(x, y, weighting=weighting).value
    assert cohen_kappa(y, x, weighting=weighting).value == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert cohen_kappa(x[::-1], y[::-1], weighting=weighting).value == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_units_without_both_judgments_are_left_out_and_counted():
    x, y = np.append(FIRST, [1.0, NAN, NAN]), np.append(SECOND, [NAN, 2.0, NAN])
    estimate = cohen_kappa(x, y)
    assert estimate.value == cohen_kappa(FIRST, SECOND).value
    assert (estimate.n, estimate.undefined) == (40, 2)
    assert estimate.detail["agreement"] == np.mean(FIRST == SECOND)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_a_resample_is_kappa_of_the_drawn_units(weighting, rng):
    weights = item_weights(20, 30, rng)
    item = INDEX % 20
    draws = []
    for row in weights:
        drawn = np.repeat(INDEX, row[item])
        draws.append(cohen_kappa(FIRST[drawn], SECOND[drawn], weighting=weighting).value)
    estimate = cohen_kappa(FIRST, SECOND, weighting=weighting, item=item, weights=weights, level=0.8)
    assert [estimate.low, estimate.high] == pytest.approx(np.quantile(draws, [0.1, 0.9]), abs=1e-12)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_negative_and_undefined(weighting):
    assert cohen_kappa([0, 0, 1, 1], [1, 1, 0, 0], weighting=weighting).value == pytest.approx(-1.0, abs=1e-15)
    assert math.isnan(cohen_kappa([0.1] * 3, [0.1] * 3, weighting=weighting).value)
    assert math.isnan(cohen_kappa([NAN, 1.0], [1.0, NAN], weighting=weighting).value)
    assert cohen_kappa([0, 0, 0], [1, 1, 1], weighting=weighting).value == 0.0  # as little agreement as by chance


def test_fleiss_equals_statsmodels():
    estimate = fleiss_kappa(*judged(TABLE))
    assert estimate.value == pytest.approx(0.210, abs=0.0005)
    assert estimate.value == pytest.approx(0.20993070442195522, abs=1e-14)
    assert estimate.n == 10
    assert estimate.detail["agreement"] == pytest.approx(0.378, abs=0.0005)  # P of the same example


def test_fleiss_of_two_raters_is_not_cohen_but_close_to_alpha():
    """Scott's pi, closed form: margins pooled over the two raters."""
    x, y = np.array([0, 0, 1, 1, 2.0]), np.array([0, 1, 1, 1, 2.0])
    share = np.bincount(np.concatenate([x, y]).astype(int)) / 10
    expected = (0.8 - (share**2).sum()) / (1 - (share**2).sum())
    estimate = fleiss_kappa(np.tile(np.arange(5), 2), np.concatenate([x, y]))
    assert estimate.value == pytest.approx(expected, abs=1e-14)


def test_fleiss_resample_is_kappa_of_the_drawn_units(rng):
    weights = item_weights(10, 30, rng)
    draws = [fleiss_kappa(*judged(np.repeat(TABLE, row, axis=0))).value for row in weights]
    unit, value = judged(TABLE)
    estimate = fleiss_kappa(unit, value, weights=weights, level=0.8)
    assert [estimate.low, estimate.high] == pytest.approx(np.quantile(draws, [0.1, 0.9]), abs=1e-12)


def test_fleiss_needs_equally_many_judgments():
    with pytest.raises(ValueError, match="at least two; got 2 to 3"):
        fleiss_kappa([0, 0, 1, 1, 1], [1.0, 2.0, 1.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="at least two; got 1 to 1"):
        fleiss_kappa([0, 1], [1.0, 2.0])
    assert math.isnan(fleiss_kappa([0, 0, 1, 1], [1.0, 1.0, 1.0, 1.0]).value)
    assert math.isnan(fleiss_kappa(np.zeros(0, dtype=int), []).value)


@pytest.mark.parametrize(
    ("first", "second", "weighting", "problem"),
    [
        ([1, 2], [1, 2], "cubic", "weighting must be one of"),
        ([1, 2], [1, 2, 3], "none", "same units"),
        ([1, math.inf], [1, 2], "linear", "infinite"),
    ],
)
def test_bad_input_is_refused(first, second, weighting, problem):
    with pytest.raises(ValueError, match=problem):
        cohen_kappa(first, second, weighting=weighting)
