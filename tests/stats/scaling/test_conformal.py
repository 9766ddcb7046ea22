"""Conformal intervals: the quantile by its definition, coverage by simulation, and when there is none."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.scaling import Spread, fit_spread, intervals_from_dict, items_needed, split_intervals


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 99))
def test_one_row_each_is_the_finite_sample_quantile(residuals: list[int], percent: int) -> None:
    n = len(residuals)
    found = split_intervals(np.zeros(n), residuals, np.arange(n), level=percent / 100).reach[0]
    rank = math.ceil((n + 1) * Fraction(percent, 100))
    assert found == (sorted(residuals)[rank - 1] if rank <= n else math.inf)
    assert math.isfinite(found) == (n >= items_needed(percent / 100))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=40),
    st.sampled_from([Fraction(1, 2), Fraction(4, 5), Fraction(9, 10)]),
)
def test_items_share_their_weight(rows: list[tuple[int, int]], level: Fraction) -> None:
    residual, item = zip(*rows, strict=True)
    items = len(set(item))
    share = {k: Fraction(1, item.count(k) * (items + 1)) for k in item}
    enough = [r for r in sorted(set(residual)) if sum(share[k] for s, k in rows if s <= r) >= level]
    found = split_intervals(np.zeros(len(rows)), residual, item, level=float(level))
    assert found.reach[0] == (enough[0] if enough else math.inf)
    assert found.items.tolist() == [items]


def draw(rng: np.random.Generator, items: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Items with 1 to 6 rows that share an error; those with more rows err more."""
    rows = rng.integers(1, 7, items)
    item = np.repeat(np.arange(items), rows)
    x = rng.normal(size=item.size)
    spread = 0.3 * rows[item] * np.where(x > 0, 3.0, 1.0)
    return x, x + spread * (rng.normal(size=items)[item] + 0.3 * rng.normal(size=item.size)), item


@pytest.mark.parametrize("normalised", [False, True])
def test_coverage_of_a_response_of_a_new_item(normalised: bool) -> None:
    rng = np.random.default_rng(11)
    trials, covered = 4000, 0
    spread = fit_spread(*draw(rng, 500)[:2]) if normalised else None
    for _ in range(trials):
        x, y, item = draw(rng, 40)
        made = split_intervals(x, y, item, level=0.8, spread=spread)
        new_x, new_y, _ = draw(rng, 1)
        low, high = made(new_x[:1])
        covered += bool(low[0] <= new_y[0] <= high[0])
    error = math.sqrt(0.8 * 0.2 / trials)
    assert 0.8 - 3 * error <= covered / trials <= 0.8 + 2 / 41 + 3 * error


def test_coverage_by_slice() -> None:
    rng = np.random.default_rng(12)
    trials = 2000
    covered = np.zeros((2, 2))
    scale = np.array([1.0, 5.0])
    for _ in range(trials):
        place = np.repeat([0, 1], [30, 24])
        y = rng.normal(size=54) * scale[place]
        for number, slices in enumerate((None, place)):
            made = split_intervals(np.zeros(54), y, np.arange(54), level=0.9, slice=slices)
            low, high = made([0.0, 0.0], slice=[0, 1])
            new = rng.normal(size=2) * scale
            covered[number] += (low <= new) & (new <= high)
    error = 3 * math.sqrt(0.09 / trials)
    assert (covered[1] / trials >= 0.9 - error).all()
    assert (covered[1] / trials <= 0.9 + 1 / 25 + error).all()
    assert covered[0, 1] / trials < 0.85  # one reach for both leaves the wider slice short


def test_spread_makes_intervals_follow_the_residuals() -> None:
    rng = np.random.default_rng(13)
    x = rng.uniform(0, 1, 4000)
    y = x + rng.normal(size=4000) * (0.1 + x)
    spread = fit_spread(x[:2000], y[:2000], bins=10)
    made = split_intervals(x[2000:], y[2000:], np.arange(2000), level=0.9, spread=spread)
    low, high = made([0.02, 0.98])
    assert (high - low)[1] > 4 * (high - low)[0]


def test_too_few_items_have_no_finite_interval() -> None:
    made = split_intervals(np.zeros(40), np.ones(40), np.repeat(np.arange(18), 3)[:40], level=0.95)
    assert made.to_dict()["reach"] == [None]
    assert made.to_dict()["note"] == ["14 items are too few for a finite interval: 19 are needed"]
    low, high = made([0.5, math.nan])
    assert (low[0], high[0]) == (-math.inf, math.inf)
    assert np.isnan([low[1], high[1]]).all()
    assert [items_needed(level) for level in (0.5, 0.8, 0.9, 0.95, 0.99)] == [1, 4, 9, 19, 99]


def test_slices_have_their_own_reach_and_unseen_ones_none() -> None:
    y = np.concatenate([np.arange(1, 10.0), np.arange(10, 19.0), [7.0]])
    slices = ["a"] * 9 + ["b"] * 9 + ["c"]
    made = split_intervals(np.zeros(19), y, np.arange(19), level=0.9, slice=slices)
    assert made.reach.tolist() == [9, 18, math.inf]
    assert made.items.tolist() == [9, 9, 1]
    low, high = made([1.0] * 5, slice=["a", "b", "c", "d", ""])
    assert low.tolist() == [-8, -17, -math.inf, -math.inf, -math.inf]
    assert high.tolist() == [10, 19, math.inf, math.inf, math.inf]
    with pytest.raises(ValueError, match="need the slice of each response"):
        made([1.0])


@pytest.mark.parametrize("slices", [None, ["a", "b"] * 10])
def test_a_record_makes_the_same_intervals(slices: list[str] | None) -> None:
    rng = np.random.default_rng(14)
    x = rng.normal(size=20)
    spread = fit_spread(x, x + rng.normal(size=20), bins=3)
    made = split_intervals(x, rng.normal(size=20), np.arange(20), level=0.92, slice=slices, spread=spread)
    record = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    again = intervals_from_dict(record)
    assert again.to_dict() == made.to_dict()
    np.testing.assert_array_equal(again(x, slice=slices), made(x, slice=slices))
    for name in ("level", "slices", "items", "reach", "spread"):
        with pytest.raises(ValueError, match=name):
            intervals_from_dict({key: value for key, value in record.items() if key != name})
    with pytest.raises(ValueError, match="one number from 0 up"):
        intervals_from_dict({**record, "reach": [1.0] * 7})
    with pytest.raises(ValueError, match="positive sizes"):
        intervals_from_dict({**record, "spread": {"cuts": [], "sizes": [-1.0]}})


def test_spread_of_ties_and_of_no_residual() -> None:
    assert fit_spread([1, 1, 2], [1, 1, 2]).sizes.tolist() == [1, 1]
    made = fit_spread([1, 1, 2, 2], [1, 1, 3, 1], bins=2)
    assert made.sizes.tolist() == [0.5 / 1000, 1]
    assert made([0, 1, 1.5, 9, math.nan]).tolist()[:4] == [0.0005, 0.0005, 1, 1]
    assert isinstance(made, Spread)
    assert np.isnan(made(math.nan))


def test_missing_rows_do_not_count_and_bad_ones_are_named() -> None:
    made = split_intervals([0, 0, math.nan], [1, 2, 3], [0, 1, 2], level=0.5)
    assert (made.items.tolist(), made.reach.tolist()) == ([2], [2])
    with pytest.raises(ValueError, match="level"):
        split_intervals([0], [1], [0], level=1)
    with pytest.raises(ValueError, match="nothing to fit"):
        split_intervals([math.nan], [1], [0])
    with pytest.raises(ValueError, match="item must be"):
        split_intervals([0, 1], [1, 1], [0])
    with pytest.raises(ValueError, match="no row has a slice"):
        split_intervals([0, 1], [1, 1], [0, 1], slice=[-1, -1])
    with pytest.raises(ValueError, match="bins must be 1 or more"):
        fit_spread([0, 1], [1, 1], bins=0)
