"""Isotonic regression against scikit-learn, histogram and quantile mapping against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.scaling import fit_histogram, fit_isotonic, fit_quantile

IsotonicRegression = pytest.importorskip("sklearn.isotonic").IsotonicRegression

rows = st.lists(
    st.tuples(st.integers(-4, 4), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.integers(0, 3)), min_size=1, max_size=30
).filter(lambda made: any(w for _, _, w in made))


def columns(made: list[tuple[int, float, int]]) -> list[np.ndarray]:
    return [np.array(column, float) for column in zip(*made, strict=True)]


@settings(deadline=None)
@given(rows)
def test_isotonic_is_scikit_learns_with_ties_and_weights(made: list[tuple[int, float, int]]) -> None:
    x, y, w = columns(made)
    peer = IsotonicRegression(out_of_bounds="clip").fit(x, y, w)
    grid = np.linspace(-6, 6, 121)
    np.testing.assert_allclose(fit_isotonic(x, y, w)(grid), peer.predict(grid), atol=1e-12)


def test_isotonic_is_scikit_learns_on_many_rows() -> None:
    rng = np.random.default_rng(1)
    for x in (rng.normal(size=20_000), rng.integers(0, 5, 20_000).astype(float)):
        y, w = (rng.random(x.size) < 1 / (1 + np.exp(-x))).astype(float), rng.exponential(1, x.size)
        made = fit_isotonic(x, y, w, target="probability")
        peer = IsotonicRegression(out_of_bounds="clip").fit(x, y, w)
        np.testing.assert_allclose(made(x), peer.predict(x), atol=1e-12)
        assert made.knots.size < 500


@settings(deadline=None)
@given(rows)
def test_isotonic_weights_are_copies_and_order_does_not_matter(made: list[tuple[int, float, int]]) -> None:
    x, y, w = columns(made)
    grid = np.linspace(-6, 6, 49)
    value = fit_isotonic(x, y, w)(grid)
    copies = np.repeat(np.arange(x.size), w.astype(int))[::-1]
    np.testing.assert_allclose(fit_isotonic(x[copies], y[copies])(grid), value, atol=1e-12)


@settings(deadline=None)
@given(rows)
def test_isotonic_knows_the_order_of_scores_alone(made: list[tuple[int, float, int]]) -> None:
    x, y, w = columns(made)
    fitted = x[w > 0]  # between them the map is linear
    np.testing.assert_allclose(fit_isotonic(np.exp(x), y, w)(np.exp(fitted)), fit_isotonic(x, y, w)(fitted), atol=1e-12)


def test_isotonic_keeps_the_mean_and_is_the_nearest() -> None:
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=60), rng.exponential(1, 60)
    y = x + rng.normal(size=60)
    values = fit_isotonic(x, y, w)(x)
    assert w @ values == pytest.approx(w @ y)
    for _ in range(200):
        other = np.sort(values + rng.normal(0, 0.2, 60))[np.argsort(np.argsort(x))]
        assert w @ (y - values) ** 2 <= w @ (y - other) ** 2


def test_closed_forms_of_isotonic() -> None:
    made = fit_isotonic([1, 2, 3, 4], [1, 3, 2, 4])
    assert made.to_dict() == {
        "kind": "curve",
        "target": "rating",
        "knots": [1, 2, 3, 4],
        "values": [1, 2.5, 2.5, 4],
        "link": "identity",
        "beyond": "flat",
    }
    assert made([0, 1.5, 2.4, 9]).tolist() == [1, 1.75, 2.5, 4]
    assert fit_isotonic([4, 3, 2, 1], [1, 2, 3, 4]).values.tolist() == [2.5, 2.5]
    assert fit_isotonic([2, 2, 2], [1, 2, 6]).to_dict()["values"] == [3]


def test_histogram_is_means_of_bins_of_equal_mass() -> None:
    x = np.arange(12.0)
    y = np.array([0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1.0])
    made = fit_histogram(x, y, bins=4, target="probability")
    assert made.cuts.tolist() == [2.5, 8.5]  # the two bins in the middle have the same mean
    assert made.values.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert made([2.5, 2.6, -9, 99]).tolist() == pytest.approx([1 / 3, 2 / 3, 1 / 3, 1])


def test_histogram_joins_bins_in_the_wrong_order() -> None:
    made = fit_histogram([1, 2, 3, 4], [0, 3, 1, 4], bins=4)
    assert made.cuts.tolist() == [1.5, 3.5]
    assert made.values.tolist() == [0, 2, 4]


@settings(deadline=None)
@given(rows, st.integers(1, 6))
def test_histogram_never_parts_ties_and_keeps_the_mean(made: list[tuple[int, float, int]], bins: int) -> None:
    x, y, w = columns(made)
    found = fit_histogram(x, y, w, bins=bins)
    assert found.values.size <= bins
    values = found(x)
    assert w @ values == pytest.approx(w @ y)
    assert (np.diff(values[np.argsort(x)]) >= 0).all()
    # Within a step, the value is the mean of its rows.
    for value in np.unique(values[w > 0]):
        inside = values == value
        assert w[inside] @ y[inside] / w[inside].sum() == pytest.approx(value)


def test_histogram_cuts_between_neighbouring_floats() -> None:
    low = 1.0
    high = math.nextafter(low, 2)
    made = fit_histogram([low, high], [0, 1], bins=2)
    assert made([low, high]).tolist() == [0, 1]


def test_quantile_of_distinct_scores_sorts_the_ratings() -> None:
    made = fit_quantile([10, 30, 20, 40], [5, 1, 2, 3])
    assert made([10, 20, 30, 40]).tolist() == [1, 2, 3, 5]
    assert made([-5, 15, 99]).tolist() == [1, 1.5, 5]


@settings(deadline=None)
@given(rows)
def test_quantile_keeps_the_mean_and_shares_ties(made: list[tuple[int, float, int]]) -> None:
    x, y, w = columns(made)
    found = fit_quantile(x, y, w)
    assert w @ found(x) == pytest.approx(w @ y)
    # A tied score has the mean of the ratings of its ranks, counted in copies.
    copies = np.repeat(np.arange(x.size), w.astype(int))
    ordered, ratings = np.sort(x[copies]), np.sort(y[copies])
    for score in np.unique(ordered):
        assert found(score) == pytest.approx(ratings[ordered == score].mean())


def test_quantile_of_many_scores_keeps_the_distribution() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=50_000), rng.gamma(2, 1, 50_000)
    made = fit_quantile(x, y)
    assert made.knots.size == 256
    values = made(x)
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    np.testing.assert_allclose(np.quantile(values, shares), np.quantile(y, shares), atol=0.02)
    assert values.mean() == pytest.approx(y.mean(), abs=0.005)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="bins must be 1 or more"):
        fit_histogram([1], [1], bins=0)
    for fit in (fit_isotonic, fit_histogram):
        with pytest.raises(ValueError, match=r"human must lie in \[0, 1\]"):
            fit([1, 2], [1, 2], target="probability")
    for fit in (fit_isotonic, fit_histogram, fit_quantile):
        with pytest.raises(ValueError, match="human must be finite or NaN; row 1 is infinite"):
            fit([1, 2], [1, math.inf])
        with pytest.raises(ValueError, match="nothing to fit"):
            fit([1, 2], [1, 0], [0, 0])
