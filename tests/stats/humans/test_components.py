"""Variance components against the analysis of variance, against explicit projections, and on simulated studies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.humans.components import crossed, rating_components, variance_components
from rewardmeter.stats.resampling import item_folds

# Shrout and Fleiss 1979, table 2: six targets, four judges.
RATINGS = np.array([[9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2], [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7]], dtype=float)


def grid(*sizes):
    """Index arrays of a full design, one row per cell."""
    return [axis.ravel() for axis in np.meshgrid(*(np.arange(size) for size in sizes), indexing="ij")]


def by_projections(values, factors):
    """Henderson's method I with explicit matrices: E[y'Py] = sum_g trace(P Z_g Z_g') var_g + trace(P) var_e."""
    n = values.size
    indicators = [np.eye(int(f.max()) + 1)[f] for f in factors]
    indicators = [z[:, z.any(axis=0)] for z in indicators]
    mean = np.full((n, n), 1 / n)
    forms = [z @ np.linalg.inv(z.T @ z) @ z.T - mean for z in indicators] + [np.eye(n) - mean]
    spreads = [z @ z.T for z in indicators] + [np.eye(n)]
    equations = np.array([[np.trace(p @ v) for v in spreads] for p in forms])
    if np.linalg.matrix_rank(equations, tol=1e-8 * n) < len(forms):
        return None
    return np.linalg.solve(equations, [values @ p @ values for p in forms])


def test_balanced_two_way_is_the_analysis_of_variance():
    """Closed form: (MS_item - MS_e) / k, (MS_rater - MS_e) / n, MS_e."""
    k, n = RATINGS.shape
    rater, item = grid(k, n)
    unit_mean, rater_mean = RATINGS.mean(axis=0), RATINGS.mean(axis=1, keepdims=True)
    ms_item = k * unit_mean.var(ddof=1)
    ms_rater = n * rater_mean.var(ddof=1)
    ms_error = ((RATINGS - unit_mean - rater_mean + RATINGS.mean()) ** 2).sum() / ((n - 1) * (k - 1))
    found = rating_components(RATINGS.ravel(), item, rater)
    assert found.names == ("item", "rater", "residual")
    assert found.left_out == ("item x rater",)  # one rating of each item by each rater
    expected = [(ms_item - ms_error) / k, (ms_rater - ms_error) / n, ms_error]
    assert found.variance == pytest.approx(expected, abs=1e-12)
    assert found.variance == pytest.approx([2.5556, 5.2444, 1.0194], abs=5e-5)
    assert found.levels.tolist() == [6, 4, 24]


def test_balanced_three_way_is_the_analysis_of_variance(rng):
    """Brennan 2001, table 3.2: each component of a p x i x r design from its mean squares."""
    s, i, r = 4, 7, 3
    y = (
        rng.normal(size=(s, i, r))
        + rng.normal(size=(s, 1, 1))
        + rng.normal(size=(1, i, r))
        + rng.normal(size=(s, i, 1))
    )

    def mean(*axes):
        return y.mean(axis=tuple(a for a in range(3) if a not in axes), keepdims=True)

    def square(part, *axes):
        return float((np.broadcast_to(part, y.shape) ** 2).sum()) / np.prod([y.shape[a] - 1 for a in axes])

    grand = mean()
    ms = {axes: square(mean(*axes) - grand, *axes) for axes in ((0,), (1,), (2,))}
    for a, b in ((0, 1), (0, 2), (1, 2)):
        ms[a, b] = square(mean(a, b) - mean(a) - mean(b) + grand, a, b)
    rest = y - mean(0, 1) - mean(0, 2) - mean(1, 2) + mean(0) + mean(1) + mean(2) - grand
    error = square(rest, 0, 1, 2)
    expected = {
        "system": (ms[0,] - ms[0, 1] - ms[0, 2] + error) / (i * r),
        "item": (ms[1,] - ms[0, 1] - ms[1, 2] + error) / (s * r),
        "rater": (ms[2,] - ms[0, 2] - ms[1, 2] + error) / (s * i),
        "item x system": (ms[0, 1] - error) / r,
        "system x rater": (ms[0, 2] - error) / i,
        "item x rater": (ms[1, 2] - error) / s,
        "residual": error,
    }
    system, item, rater = grid(s, i, r)
    found = rating_components(y.ravel(), item, rater, system=system)
    assert set(found.names) == set(expected)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-11)
    assert found["no such factor"] == 0.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.floats(-5, 5)), min_size=4, max_size=25),
    st.booleans(),
)
def test_unbalanced_designs_are_the_explicit_projections(ratings, interaction):
    first, second = np.array([r[:2] for r in ratings]).T
    values = np.array([r[2] for r in ratings])
    factors = {"a": first, "b": second} | ({"ab": crossed(first, second)} if interaction else {})
    expected = by_projections(values, list(factors.values()))
    if expected is None:
        with pytest.raises(ValueError, match="cannot tell these factors"):
            variance_components(values, factors)
    else:
        found = variance_components(values, factors).variance
        assert found == pytest.approx(expected, abs=1e-6 * max(1.0, float(np.abs(expected).max())))


def test_unbiased_on_unbalanced_designs(rng):
    """Mean over 300 studies of 40 items x 6 systems x 5 raters with 40 % of the ratings, four standard errors."""
    truth = {"item": 1.0, "rater": 0.3, "system": 0.5, "item x system": 0.7, "system x rater": 0.2, "residual": 1.2}
    item, system, rater = grid(40, 6, 5)
    names = list(truth)
    found = []
    for _ in range(300):
        kept = rng.random(item.size) < 0.4
        i, s, r = item[kept], system[kept], rater[kept]
        levels = {"item": i, "rater": r, "system": s, "item x system": i * 6 + s, "system x rater": s * 5 + r}
        y = np.sqrt(truth["residual"]) * rng.normal(size=i.size)
        for name, level in levels.items():
            y += np.sqrt(truth[name]) * rng.normal(size=240)[level]
        found.append([*variance_components(y, levels).variance])
    found = np.array(found)
    error = found.std(axis=0, ddof=1) / np.sqrt(300)
    assert (np.abs(found.mean(axis=0) - [truth[name] for name in names]) < 4 * error).all()


def test_intervals_cover_their_nominal_share(rng):
    """200 studies of 60 items x 6 systems x 4 raters with half of the ratings, 20 groups of items."""
    item, system, rater = grid(60, 6, 4)
    truth = {"item": 1.0, "item x system": 0.7, "residual": 1.2}
    covered = dict.fromkeys(truth, 0)
    for _ in range(200):
        kept = rng.random(item.size) < 0.5
        i, s, r = item[kept], system[kept], rater[kept]
        y = rng.normal(size=60)[i] + np.sqrt(0.7) * rng.normal(size=360)[i * 6 + s] + rng.normal(size=6)[s]
        y += rng.normal(size=4)[r] + np.sqrt(1.2) * rng.normal(size=i.size)
        factors = {"item": i, "rater": r, "system": s, "item x system": crossed(i, s)}
        found = variance_components(y, factors, item=i, fold=item_folds(60, 20, rng)).estimates()
        for name in truth:
            covered[name] += found[name].low <= truth[name] <= found[name].high
    for name, times in covered.items():
        assert abs(times / 200 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 200), name


def test_invariances(rng):
    item, rater = grid(10, 4)
    values = rng.normal(size=40) + rng.normal(size=10)[item]
    kept = rng.random(40) < 0.8
    item, rater, values = item[kept], rater[kept], values[kept]
    base = rating_components(values, item, rater).variance
    assert rating_components(3 * values + 1e6, item, rater).variance == pytest.approx(9 * base, rel=1e-6, abs=1e-6)
    assert rating_components(values, 9 - item, 100 * rater).variance == pytest.approx(base, abs=1e-12)


def test_a_negative_variance_is_shown():
    """Two items with equal means: (MS_between - MS_within) / 2 = (0 - 1/2) / 2."""
    found = variance_components([0.0, 1.0, 1.0, 0.0], {"item": [0, 0, 1, 1]})
    assert found["item"] == pytest.approx(-0.25)
    assert found["residual"] == pytest.approx(0.5)


def test_intervals_leave_out_groups_of_items(rng):
    item, rater = grid(20, 3)
    values = rng.normal(size=60) + rng.normal(size=20)[item]
    fold = item_folds(20, 5, rng)
    found = rating_components(values, item, rater, fold=fold)
    without = [rating_components(values[k], item[k], rater[k]).variance for k in (fold[item] != j for j in range(5))]
    assert found.without_group == pytest.approx(np.array(without), abs=1e-12)
    estimate = found.estimates()["item"]
    error = np.sqrt(4 / 5 * ((np.array(without)[:, 0] - np.mean(without, axis=0)[0]) ** 2).sum())
    assert (estimate.high - estimate.low) / 2 == pytest.approx(2.7764451051977987 * error)  # t.ppf(0.975, 4)
    assert estimate.value == found["item"]
    assert found.of_items.tolist() == [True, False, True]
    assert np.isnan(found.estimates()["rater"].low)  # items do not tell how raters would differ
    assert found.estimates()["rater"].n == 3


def test_what_the_design_cannot_tell_is_left_out_and_named():
    """Each item rated once by the one rater of its system: rater and system are one, and so are items and residual."""
    item, rater = np.arange(12), np.arange(12) % 3
    found = rating_components(np.arange(12.0) ** 2, item, rater, system=rater)
    assert found.names == ("rater", "residual")
    assert found.left_out == ("item", "system", "item x system", "system x rater", "item x rater")
    with pytest.raises(ValueError, match="from the others: item, system"):
        variance_components(np.arange(12.0), {"item": item, "rater": rater, "system": rater})


def test_crossed_numbers_the_combinations_that_occur():
    assert crossed([5, 5, 0, 0, 5], [1, 1, 9, 1, 9]).tolist() == [2, 2, 1, 0, 3]


@pytest.mark.parametrize(
    ("value", "factors", "problem"),
    [
        ([1.0, np.nan], {"item": [0, 1]}, "finite"),
        ([1.0, 2.0], {"item": [0, 1, 1]}, "item must have the shape"),
        ([1.0], {"item": [0]}, "at least two ratings"),
    ],
)
def test_bad_input_is_refused(value, factors, problem):
    with pytest.raises(ValueError, match=problem):
        variance_components(value, factors)


def test_folds_need_items():
    with pytest.raises(ValueError, match="give the item of each rating"):
        variance_components([1.0, 2.0, 4.0], {"a": [0, 0, 1]}, fold=np.array([0, 1]))
