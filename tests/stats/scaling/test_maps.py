"""What holds for every map: its record, its checks, its order."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from rewardmeter.stats.scaling import (
    BetaMap,
    CurveMap,
    DavidsonMap,
    LengthMap,
    LinearMap,
    Map,
    SlicedShiftMap,
    SlicedSlopeMap,
    StepMap,
    map_from_dict,
)

number = st.floats(-1e6, 1e6)
positive = st.floats(0, 1e6)
target = st.sampled_from(["utility", "rating", "probability"])


def increasing(least: int = 1) -> st.SearchStrategy[np.ndarray]:
    return st.lists(number, min_size=least, max_size=6, unique=True).map(lambda made: np.array(sorted(made)))


@st.composite
def knots_and_values(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    knots = draw(increasing())
    values = draw(st.lists(number, min_size=knots.size, max_size=knots.size))
    return knots, np.array(sorted(values))


linear_maps = st.builds(LinearMap, target=target, slope=positive, intercept=number)
curve_maps = st.builds(
    lambda made, link, beyond, of: CurveMap(target=of, knots=made[0], values=made[1], link=link, beyond=beyond),
    knots_and_values(),
    st.sampled_from(["identity", "logit"]),
    st.sampled_from(["flat", "linear"]),
    target,
)
step_maps = st.builds(lambda made, of: StepMap(target=of, cuts=made[0][1:], values=made[1]), knots_and_values(), target)
beta_maps = st.builds(
    lambda made, a, b, c: BetaMap(
        target="probability", a=a, b=b, c=c, knots=made, units=np.linspace(0.1, 0.9, made.size)
    ),
    increasing(),
    positive,
    positive,
    number,
)
length_maps = st.builds(
    LengthMap, target=target, slope=positive, intercept=number, gamma=number, centre=number, scale=st.floats(1e-3, 10)
)
names = st.one_of(st.just(("a", "b", "ü")), st.just((0, 3, 7)))
sliced_maps = st.builds(
    lambda s, common, slopes: SlicedSlopeMap(
        target="utility", common=common, slices=s, slopes=np.array(slopes), spread=0.5
    ),
    names,
    positive,
    st.tuples(positive, positive, positive),
)
shifted_maps = st.builds(
    lambda s, base, offsets: SlicedShiftMap(
        target=base.target, base=base, common=0.1, slices=s, offsets=np.array(offsets), spread=0.0
    ),
    names,
    st.one_of(linear_maps, length_maps, curve_maps).filter(lambda base: base.target == "rating"),
    st.tuples(number, number, number),
)
maps = st.one_of(
    linear_maps,
    curve_maps,
    step_maps,
    beta_maps,
    length_maps,
    sliced_maps,
    shifted_maps,
    st.builds(DavidsonMap, target=st.just("utility"), slope=positive, nu=positive),
)


def values(made: Map, scores: np.ndarray) -> np.ndarray:
    """With the lengths and slices that the map may need."""
    slices = getattr(made, "slices", (0,))
    return made(scores, length=np.full(scores.shape, 20.0), slice=np.full(scores.shape, slices[0]))


@settings(deadline=None)
@given(maps)
def test_a_record_makes_the_same_map(made: Map) -> None:
    record = made.to_dict()
    again = map_from_dict(json.loads(json.dumps(record, allow_nan=False)))
    assert type(again) is type(made)
    assert again.to_dict() == record
    scores = np.linspace(-10, 10, 21)
    np.testing.assert_array_equal(values(again, scores), values(made, scores))


@settings(deadline=None)
@given(maps, st.lists(number, min_size=1, max_size=10))
def test_maps_never_decrease_and_keep_nan(made: Map, scores: list[float]) -> None:
    x = np.sort(np.array(scores))
    found = values(made, x)
    assert found.dtype == np.float64
    scale = np.abs(found).max() + 1e6
    assert (np.diff(found) >= -1e-12 * scale).all()
    with_holes = values(made, np.append(x, np.nan))
    assert np.isnan(with_holes[-1])
    np.testing.assert_array_equal(with_holes[:-1], found)
    with pytest.raises(ValueError, match="scores must be finite or NaN"):
        values(made, np.array([math.inf]))


@settings(deadline=None)
@given(maps, st.data())
def test_a_field_that_is_missing_or_wrong_is_named(made: Map, data: st.DataObject) -> None:
    record = made.to_dict()
    name = data.draw(st.sampled_from([key for key in record if key != "kind"]))
    with pytest.raises(ValueError, match=name):
        map_from_dict({key: value for key, value in record.items() if key != name})
    for wrong in (math.nan, math.inf, None, {}, [math.nan]):
        with pytest.raises(ValueError, match="record of a map" if name == "base" else name):
            map_from_dict({**record, name: wrong} if name != "base" else {**record, name: 3})


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            {"target": "rating"},
            "unknown kind of map None; known are beta, (control, )?curve, davidson, length, linear, sliced_shift",
        ),
        ({"kind": "magic"}, "unknown kind of map 'magic'"),
        ({"kind": ["linear"]}, "unknown kind of map"),
        ({"kind": "linear", "target": "rating", "slope": True, "intercept": 0}, "linear.slope must be a finite number"),
        ({"kind": "linear", "target": "rating", "slope": "1", "intercept": 0}, "linear.slope must be a finite number"),
        ({"kind": "linear", "target": "rating", "slope": -1, "intercept": 0}, "slope must be finite, from 0 up"),
        ({"kind": "linear", "target": "score", "slope": 1, "intercept": 0}, "linear.target must be one of utility"),
        ({"kind": "linear", "target": "rating", "slope": 1, "intercept": 0, "x": 1}, "field 'x' that is not known"),
        ({"kind": "davidson", "target": "rating", "slope": 1, "nu": 1}, "target must be utility, not 'rating'"),
        (
            {"kind": "curve", "target": "rating", "knots": [1, 1], "values": [0, 1], "link": "logit", "beyond": "flat"},
            "knots must increase strictly",
        ),
        (
            {"kind": "curve", "target": "rating", "knots": [1, 2], "values": [1, 0], "link": "logit", "beyond": "flat"},
            "values must not decrease",
        ),
        (
            {"kind": "curve", "target": "rating", "knots": [], "values": [], "link": "logit", "beyond": "flat"},
            "at least one",
        ),
        (
            {"kind": "curve", "target": "rating", "knots": [1, None], "values": [1, 2], "link": "logit", "beyond": "x"},
            r"curve.knots\[1\] must be a finite number",
        ),
        ({"kind": "steps", "target": "rating", "cuts": [1], "values": [1]}, "1 values need one cut less; got 1"),
        (
            {"kind": "sliced_slope", "target": "utility", "common": 1, "slices": ["a"], "slopes": [], "spread": 0},
            "1 slices need as many slopes",
        ),
    ],
)
def test_records_that_make_no_map_are_refused(record: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        map_from_dict(record)


def test_length_and_slices_are_asked_for() -> None:
    made = LengthMap(target="utility", slope=1.0, intercept=0.0, gamma=1.0, centre=0.0, scale=1.0)
    with pytest.raises(ValueError, match="'length' needs the length of each response"):
        made([1, 2])
    assert made.needs == ("length",)
    assert np.isnan(made([1, 2], length=[math.nan, 3])).tolist() == [True, False]
    sliced = SlicedSlopeMap(target="utility", common=1.0, slices=("a", "b"), slopes=np.array([2.0, 3.0]), spread=0.1)
    with pytest.raises(ValueError, match="'sliced_slope' needs the slice of each response"):
        sliced([1.0])
    assert sliced([1, 1, 1, 1], slice=["b", "", "other", "a"]).tolist() == [3, 1, 1, 2]
    assert sliced([1, 1], slice=np.array(["a", "b"], dtype=object)).tolist() == [2, 3]
    with pytest.raises(ValueError, match="all be strings or all integers"):
        sliced([1, 1], slice=[0.5, 1.5])


def test_integer_slices_are_not_their_names() -> None:
    sliced = SlicedSlopeMap(target="utility", common=1.0, slices=(0, 5), slopes=np.array([2.0, 3.0]), spread=0.1)
    assert sliced([1, 1, 1], slice=[5, -1, 0]).tolist() == [3, 1, 2]
    assert sliced([1, 1], slice=["5", "0"]).tolist() == [1, 1]


def test_shapes_are_kept() -> None:
    made = LinearMap(target="probability", slope=1.0)
    assert made(0.0).shape == ()
    assert made(np.zeros((2, 3))).shape == (2, 3)
    assert made([]).shape == (0,)
    assert StepMap(target="rating", cuts=np.empty(0), values=np.ones(1))(np.zeros((2, 3))).shape == (2, 3)


def test_shifts_of_a_probability_are_on_the_logit() -> None:
    base = LinearMap(target="probability", slope=1.0)
    made = SlicedShiftMap(
        target="probability", base=base, common=0.0, slices=("a",), offsets=np.array([2.0]), spread=1.0
    )
    assert logit(made([1.0, 1.0], slice=["a", ""])).tolist() == pytest.approx([3, 1])
    certain = CurveMap(target="probability", knots=np.array([0.0, 1.0]), values=np.array([0.0, 1.0]))
    shifted = SlicedShiftMap(
        target="probability", base=certain, common=0.0, slices=("a",), offsets=np.array([2.0]), spread=1.0
    )
    assert shifted([0.0, 0.5, 1.0], slice=["a"] * 3).tolist() == pytest.approx([0, expit(2.0), 1])
    with pytest.raises(ValueError, match="target 'rating' over 'probability'"):
        SlicedShiftMap(target="rating", base=base, common=0.0, slices=(), offsets=np.empty(0), spread=0.0)


def test_knots_a_rounding_step_apart_are_a_step():
    near = CurveMap(target="rating", knots=np.array([0.0, 5e-321, 1.0]), values=np.array([0.0, 2.0, 3.0]))
    assert near([0.0, 5e-321, 0.5, 1.0]).tolist() == [0.0, 2.0, 2.5, 3.0]
    assert np.isfinite(near(1e-321))
