"""What every fit does with ties, constants, one class, few rows, weights of 0, NaN, infinities and a million rows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.scaling import (
    Map,
    applied,
    fit_beta,
    fit_davidson,
    fit_histogram,
    fit_isotonic,
    fit_length_aware,
    fit_length_aware_rating,
    fit_linear,
    fit_platt,
    fit_quantile,
    fit_sliced_shift,
    fit_sliced_temperature,
    fit_spline,
    fit_temperature,
    fit_utility_spline,
    map_from_dict,
)

Fit = Callable[..., Map]
PAIRS: dict[str, tuple[Fit, tuple[str, ...]]] = {
    "temperature": (fit_temperature, ()),
    "davidson": (fit_davidson, ()),
    "utility spline": (fit_utility_spline, ()),
    "length-aware": (fit_length_aware, ("length_a", "length_b")),
    "sliced temperature": (fit_sliced_temperature, ("slice",)),
}
CHANCES: dict[str, tuple[Fit, tuple[str, ...]]] = {
    "platt": (fit_platt, ()),
    "beta": (fit_beta, ()),
    "isotonic chance": (partial(fit_isotonic, target="probability"), ()),
    "histogram chance": (partial(fit_histogram, target="probability"), ()),
    "spline chance": (partial(fit_spline, target="probability"), ()),
    "length-aware chance": (partial(fit_length_aware_rating, target="probability"), ("length",)),
    "sliced shift chance": (partial(fit_sliced_shift, base=fit_platt), ("slice",)),
}
RATINGS: dict[str, tuple[Fit, tuple[str, ...]]] = {
    "isotonic": (fit_isotonic, ()),
    "histogram": (fit_histogram, ()),
    "spline": (fit_spline, ()),
    "linear": (fit_linear, ()),
    "quantile": (fit_quantile, ()),
    "length-aware rating": (fit_length_aware_rating, ("length",)),
    "sliced shift": (fit_sliced_shift, ("slice",)),
}
EVERY = {**PAIRS, **CHANCES, **RATINGS}
every_fit = pytest.mark.parametrize("name", EVERY)


def rows(name: str, score: Any, human: Any, **more: Any) -> dict[str, Any]:
    """Arrays for the fit; for pairs the score is that of the first response, and the second has the last score."""
    score, human = np.asarray(score, float), np.asarray(human, float)
    n = score.size
    extra = {"length": np.arange(n) % 7, "length_a": np.arange(n) % 5, "length_b": np.arange(n) % 3}
    extra["slice"] = np.where(np.arange(n) % 3 == 0, "chat", "code")
    arrays: dict[str, Any] = {key: extra[key] for key in EVERY[name][1]}
    if name in PAIRS:
        return {**arrays, "score_a": score, "score_b": score[::-1], "label": human, **more}
    return {**arrays, "score": score, "human": human, **more}


def checked(name: str, arrays: dict[str, Any]) -> np.ndarray:
    """Fit, and hold the map to what every map owes; returns its values of the rows."""
    made = EVERY[name][0](**arrays)
    assert made.target == ("utility" if name in PAIRS else "probability" if name in CHANCES else "rating")
    record = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    given = {key: arrays[key] for key in arrays if key not in ("label", "human", "weight")}
    values = applied(map_from_dict(record), given)
    np.testing.assert_array_equal(values, applied(made, given))
    grid = np.linspace(-20, 20, 81)
    along = made(grid, length=np.full(81, 3.0), slice=np.full(81, "chat"))
    assert (np.diff(along) >= -1e-12).all()
    assert np.isfinite(along).all()
    if name in CHANCES:
        assert along.min() >= 0
        assert along.max() <= 1
    return values


@every_fit
def test_five_classes_and_zero_one_ratings(name: str) -> None:
    rng = np.random.default_rng(1)
    score = rng.integers(0, 5, 400)
    values = checked(name, rows(name, score, (rng.random(400) < 0.2 + 0.15 * score).astype(float)))
    assert np.isfinite(values).all()


@every_fit
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class(name: str, label: float) -> None:
    values = checked(name, rows(name, np.arange(12.0), np.full(12, label)))
    assert np.isfinite(values).all()
    if name in RATINGS:
        np.testing.assert_allclose(values, label, atol=1e-6)
    if name in CHANCES:
        assert (values > 0.5).all() if label else (values < 0.5).all()


@every_fit
def test_constant_scores(name: str) -> None:
    human = np.array([0, 0, 1, 1, 1, 0, 0, 0])
    values = checked(name, rows(name, np.full(8, 3.0), human))
    if name in PAIRS and EVERY[name][1] != ("length_a", "length_b"):
        assert values.tolist() == [0] * 8
    elif not EVERY[name][1]:
        np.testing.assert_allclose(values, 3 / 8, atol=0.05)


@every_fit
def test_perfect_separation(name: str) -> None:
    score = np.concatenate([np.arange(-10.0, 0), np.arange(1.0, 11)])
    values = checked(name, rows(name, score, score > 0))
    assert np.isfinite(values).all()
    assert values[-1] > values[0]


@every_fit
def test_backward_scores(name: str) -> None:
    values = checked(name, rows(name, np.arange(10.0), np.arange(10) < 5))
    assert np.isfinite(values).all()


@every_fit
@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_rows(name: str, n: int) -> None:
    assert np.isfinite(checked(name, rows(name, np.arange(n), np.arange(n) % 2))).all()


@every_fit
def test_weight_0_and_nan_rows_do_not_count(name: str) -> None:
    rng = np.random.default_rng(2)
    score, human = rng.normal(size=120), (rng.random(120) < 0.5).astype(float)
    arrays = rows(name, score, human, weight=rng.integers(1, 4, 120).astype(float))
    hole = np.zeros(120, dtype=bool)
    hole[[3, 50, 77]] = True
    least = {key: values[~hole] for key, values in arrays.items()}
    expected = EVERY[name][0](**least).to_dict()
    without = {**arrays, "weight": np.where(hole, 0.0, arrays["weight"])}
    assert EVERY[name][0](**without).to_dict() == expected
    for key in ("score_a", "label") if name in PAIRS else ("score", "human"):
        missing = {**arrays, key: np.where(hole, np.nan, arrays[key])}
        assert EVERY[name][0](**missing).to_dict() == expected
    with pytest.raises(ValueError, match="nothing to fit"):
        EVERY[name][0](**{**arrays, "weight": np.zeros(120)})


@every_fit
def test_infinite_and_misfitting_rows_are_refused(name: str) -> None:
    for key in ("score_a", "score_b", "label") if name in PAIRS else ("score", "human"):
        arrays = rows(name, np.arange(6.0), np.arange(6) % 2)
        with pytest.raises(ValueError, match=f"{key} must be finite or NaN; row 2 is infinite"):
            EVERY[name][0](**{**arrays, key: np.where(np.arange(6) == 2, math.inf, arrays[key])})
    for weight in (np.full(6, -1.0), np.full(6, math.nan)):
        with pytest.raises(ValueError, match="weights must be finite and at least 0"):
            EVERY[name][0](**rows(name, np.arange(6.0), np.arange(6) % 2, weight=weight))
    with pytest.raises(ValueError, match="must be"):
        EVERY[name][0](**rows(name, np.arange(6.0), np.arange(6) % 2, weight=np.ones(5)))


@every_fit
def test_order_of_rows_does_not_matter(name: str) -> None:
    rng = np.random.default_rng(3)
    score = np.round(rng.normal(size=90), 1)
    arrays = rows(name, score, (rng.random(90) < 0.5).astype(float))
    if "spline" in name:
        arrays["item"] = np.arange(90)  # the folds go with the items
    order = rng.permutation(90)
    shuffled = EVERY[name][0](**{key: values[order] for key, values in arrays.items()})
    plain = {key: values for key, values in arrays.items() if key != "item"}
    np.testing.assert_allclose(applied(shuffled, plain), applied(EVERY[name][0](**arrays), plain), atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(list(EVERY)),
    made=st.lists(
        st.tuples(
            st.sampled_from([-3.0, -1.0, 0.0, 0.5, 1e-9, 7.0]), st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 2)
        ),
        min_size=1,
        max_size=12,
    ).filter(lambda made: any(w for _, _, w in made)),
)
def test_any_few_rows_make_a_map(name: str, made: list[tuple[float, float, int]]) -> None:
    score, human, weight = (np.array(column, float) for column in zip(*made, strict=True))
    assert np.isfinite(checked(name, rows(name, score, human, weight=weight))).all()


@pytest.mark.slow
@every_fit
def test_a_million_rows(name: str) -> None:
    rng = np.random.default_rng(4)
    score = rng.normal(size=1_000_000)
    human = (rng.random(score.size) < 1 / (1 + np.exp(-score))).astype(float)
    arrays = rows(name, score, human)
    if name in PAIRS:
        arrays["score_b"] = np.zeros(score.size)
    made = EVERY[name][0](**arrays)
    grid = np.array([-1.0, 0.0, 1.0])
    values = made(grid, length=np.full(3, 3.0), slice=np.full(3, "chat"))
    if name in PAIRS:
        np.testing.assert_allclose(values[1:] - values[:-1], 1, atol=0.15)
    elif name not in ("quantile", "linear", "sliced shift", "length-aware rating"):
        np.testing.assert_allclose(values, 1 / (1 + np.exp(-grid)), atol=0.05)
