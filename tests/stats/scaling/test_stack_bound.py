"""Lower bounds of combinations cover at the stated rate."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binom

from rewardmeter.stats.scaling import LowerBound, bound_from_dict, fit_lower_bound, fit_stack, fit_stack_pairs

TRUTH = np.array([1.0, 0.6, 0.3])


def rated(rng, items, k=3):
    """Ratings with a noise of their own in each item: rows of an item are not independent."""
    x = rng.normal(size=(items * k, 3)) + rng.normal(size=(items * k, 1))
    item = np.repeat(np.arange(items), k)
    noise = 0.7 * rng.normal(size=items)[item] + 0.7 * rng.normal(size=items * k)
    return x, x @ TRUTH + noise, item


def cross_fitted(x, y, item, folds=5):
    values, variance, spread = (np.full(y.size, np.nan) for _ in range(3))
    fold = item % folds
    for k in range(folds):
        made = fit_stack(x[fold != k], y[fold != k], item[fold != k], penalties=[0.01])
        values[fold == k] = made(x[fold == k])
        variance[fold == k], spread[fold == k] = made.doubt(x[fold == k])
    return fit_stack(x, y, item, penalties=[0.01]), fit_lower_bound(values, variance, spread, y, item)


@pytest.mark.parametrize("missing", [0.0, 0.25])
@pytest.mark.parametrize("level", [0.8, 0.9])
def test_ratings_lie_above_their_bound_at_the_stated_rate(level, missing):
    rng = np.random.default_rng(11)
    covered, runs = 0, 60 if missing else 150
    for _ in range(runs):
        x, y, item = rated(rng, 60)
        new, truth, _ = rated(rng, 1)
        x[rng.random(x.shape) < missing], new[rng.random(new.shape) < missing] = np.nan, np.nan
        x[np.isnan(x).all(axis=1), 0], new[np.isnan(new).all(axis=1), 0] = 0.0, 0.0
        stack, bound = cross_fitted(x, y, item)
        covered += truth[0] >= bound(stack, new, level)[0]
    low, high = binom.interval(0.998, runs, level)
    assert low <= covered <= high + 3, "conformal quantiles round up"


def test_the_bound_is_lower_where_less_is_known():
    x, y, item = rated(np.random.default_rng(0), 200)
    x[::5, 0] = np.nan
    stack, bound = cross_fitted(x, y, item)
    whole, holed = np.zeros(3), np.array([np.nan, 0.0, 0.0])
    size = bound.size(stack, np.stack([whole, holed]))
    assert size[1] > size[0]
    assert bound(stack, whole, 0.95) < bound(stack, whole, 0.9) < stack(whole)
    assert bound(stack, whole, 0.87) == bound(stack, whole, 0.9), "between two kept levels the greater is taken"


def test_utilities_are_bounded_by_the_error_of_the_fit():
    """The true difference from the average response lies above the bound of it at the stated rate."""
    rng = np.random.default_rng(4)
    covered, runs, probe = 0, 200, np.array([1.5, 0.5, -1.0])
    nothing = LowerBound(noise=0.0, disagreement=0.0, levels=np.empty(0), reaches=np.empty(0))
    for _ in range(runs):
        a, b = rng.normal(size=(2, 300, 3))
        won = (rng.random(300) < 1 / (1 + np.exp((b - a) @ TRUTH))).astype(float)
        stack = fit_stack_pairs(a, b, won, penalties=[1e-4])
        covered += (probe - stack.centre) @ TRUTH >= nothing(stack, probe, 0.9)
    low, high = binom.interval(0.998, runs, 0.9)
    assert low <= covered <= high
    chance = fit_stack(a, won, target="probability", penalties=[0.01])
    assert 0 < nothing(chance, probe, 0.9) < chance(probe) < 1


def test_too_few_items_allow_no_bound_of_a_high_level():
    x, y, item = rated(np.random.default_rng(0), 5)
    stack, bound = cross_fitted(x, y, item)
    assert np.isfinite(bound(stack, x, 0.8)).all()
    with pytest.raises(ValueError, match=r"no lower bound of level 0\.95 \(0\.8 at most\)"):
        bound(stack, x, 0.95)
    with pytest.raises(ValueError, match="strictly between"):
        bound(stack, x, 1.0)


def test_no_residual_and_no_row():
    values = np.arange(20.0)
    bound = fit_lower_bound(values, np.zeros(20), np.ones(20), values, np.arange(20))
    assert bound.reaches.max() == 0
    with pytest.raises(ValueError, match="nothing to fit"):
        fit_lower_bound(values * np.nan, values, values, values, np.arange(20))


def test_a_record_makes_the_same_bound_and_a_wrong_one_is_named():
    x, y, item = rated(np.random.default_rng(0), 40)
    stack, bound = cross_fitted(x, y, item)
    record = json.loads(json.dumps(bound.to_dict()))
    assert np.array_equal(bound_from_dict(record)(stack, x, 0.9), bound(stack, x, 0.9))
    for change, words in [
        ({"noise": -1.0}, "noise"),
        ({"levels": [0.9, 0.8], "reaches": [1.0, 2.0]}, "rise"),
        ({"reaches": [1.0]}, "rise"),
        ({"noise": None}, "finite number"),
        ({"more": 1}, "not known"),
    ]:
        with pytest.raises(ValueError, match=words):
            bound_from_dict(record | change)
