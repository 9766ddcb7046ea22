"""Projections: closed forms, intraclass correlations as a special case, and simulated studies of the planned size."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardmeter.stats.humans.components import VarianceComponents, rating_components
from rewardmeter.stats.humans.intraclass import intraclass_correlations
from rewardmeter.stats.humans.projection import more_items_or_raters, response_projection, system_projection
from rewardmeter.stats.resampling import item_folds

TRUTH = {
    "item": 1.0,
    "rater": 0.3,
    "system": 0.5,
    "item x system": 0.7,
    "system x rater": 0.2,
    "item x rater": 0.1,
    "residual": 1.2,
}


def components(**changed) -> VarianceComponents:
    values = TRUTH | {name.replace("_", " "): value for name, value in changed.items()}
    variance = np.array(list(values.values()))
    return stated(tuple(values), variance)


def stated(names, variance) -> VarianceComponents:
    size = len(names)
    return VarianceComponents(names, variance, np.full(size, 9), np.ones(size, dtype=bool), np.empty((0, size)))


def test_by_hand():
    """20 items, 4 raters, 2 of them on each response."""
    found = system_projection(components(), items=20, raters=4, ratings_per_response=2)
    relative = 0.7 / 20 + 0.2 / 4 + 1.2 / 40
    absolute = relative + 1.0 / 20 + 0.3 / 4 + 0.1 / 40
    assert found.standard_error.value == pytest.approx(math.sqrt(2 * relative), abs=1e-15)
    assert found.generalisability.value == pytest.approx(0.5 / (0.5 + relative), abs=1e-15)
    assert found.dependability.value == pytest.approx(0.5 / (0.5 + absolute), abs=1e-15)
    single = response_projection(components(), raters=3)
    assert single.standard_error.value == pytest.approx(math.sqrt(2 * 1.5 / 3), abs=1e-15)
    assert single.generalisability.value == pytest.approx(2.2 / (2.2 + 0.5), abs=1e-15)
    assert single.dependability.value == pytest.approx(2.2 / (2.2 + 0.6), abs=1e-15)


def test_of_a_full_table_it_is_the_intraclass_correlation(rng):
    ratings = rng.normal(size=(4, 30)) + rng.normal(size=30) + rng.normal(size=(4, 1))
    rater, item = np.divmod(np.arange(120), 30)
    found = response_projection(rating_components(ratings.ravel(), item, rater), raters=4)
    expected = intraclass_correlations(ratings)
    assert found.generalisability.value == pytest.approx(expected["3,k"].value, abs=1e-12)
    assert found.dependability.value == pytest.approx(expected["2,k"].value, abs=1e-12)


def test_is_the_spread_of_simulated_studies(rng):
    """Difference of two systems' means over 10 items and 3 raters, 4,000 studies; the error of a variance is
    sqrt(2 / 4000) of it."""
    projected = system_projection(components(), items=10, raters=3).standard_error.value ** 2
    cell = rng.normal(size=(4000, 10, 2)).mean(axis=1) * math.sqrt(0.7)
    liking = rng.normal(size=(4000, 3, 2)).mean(axis=1) * math.sqrt(0.2)
    rest = rng.normal(size=(4000, 30, 2)).mean(axis=1) * math.sqrt(1.2)
    simulated = np.diff(cell + liking + rest, axis=1).var()
    assert abs(simulated / projected - 1) < 4 * math.sqrt(2 / 4000)


def test_more_items_or_more_raters():
    """Whichever holds the variance is what to draw more of."""
    by_item = more_items_or_raters(components(item_x_system=5.0), items=20, raters=4)
    assert by_item["items"].standard_error.value < by_item["raters"].standard_error.value
    by_rater = more_items_or_raters(components(system_x_rater=5.0), items=20, raters=4)
    assert by_rater["raters"].standard_error.value < by_rater["items"].standard_error.value
    for plan in ("items", "raters"):
        assert by_item[plan].standard_error.value < by_item["now"].standard_error.value
    assert (by_item["items"].items, by_item["raters"].raters, by_item["raters"].ratings_per_response) == (40, 8, 8)


def test_negative_components_count_as_none_and_nothing_varying_is_undefined():
    found = system_projection(components(item_x_system=-0.1), items=1, raters=1)
    assert found.standard_error.value == pytest.approx(math.sqrt(2 * 1.4))
    nothing = stated(("system", "residual"), np.zeros(2))
    assert math.isnan(system_projection(nothing, items=5, raters=2).generalisability.value)


def test_intervals_come_from_the_folds(rng):
    system, item, rater = (axis.ravel() for axis in np.meshgrid(range(6), range(40), range(3), indexing="ij"))
    values = rng.normal(size=720) + rng.normal(size=6)[system] + rng.normal(size=240)[system * 40 + item]
    fold = item_folds(40, 8, rng)
    found = rating_components(values, item, rater, system=system, fold=fold)
    projected = system_projection(found, items=100, raters=3)
    for estimate in (projected.standard_error, projected.generalisability, projected.dependability):
        assert estimate.low < estimate.value < estimate.high
        assert estimate.method == "jackknife over items, 8 groups left out in turn, t"
    assert projected.standard_error.low >= 0


@pytest.mark.parametrize(("items", "raters", "each"), [(0, 1, None), (1, 0, None), (1, 2, 3), (1, 1, 0)])
def test_plans_must_make_sense(items, raters, each):
    with pytest.raises(ValueError, match="a plan needs at least one"):
        system_projection(components(), items=items, raters=raters, ratings_per_response=each)


def test_systems_must_be_known():
    known = stated(("item", "residual"), np.ones(2))
    with pytest.raises(ValueError, match="use response_projection"):
        system_projection(known, items=5, raters=2)
