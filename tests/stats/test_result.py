"""`Estimate`: honest digits and JSON without NaN."""

import json
import math

import pytest

from rewardmeter.stats.result import Estimate, short, undefined


@pytest.mark.parametrize(
    ("half", "decimals"),
    # Particle Data Group, Review of Particle Physics, introduction 5.3: 0.827 ± 0.119 is 0.83 ± 0.12 and
    # 0.827 ± 0.367 is 0.8 ± 0.4; between 355 and 949 one digit is kept.
    [(0.119, 2), (0.367, 1), (0.0089, 3), (0.02, 3), (0.05, 2), (1.2, 1), (40.0, 0), (0.00001, 4), (0.0, 3)],
)
def test_digits_follow_the_interval(half, decimals):
    assert Estimate(0.827, 0.827 - half, 0.827 + half).decimals == decimals


def test_without_an_interval_three_places_are_shown():
    assert Estimate(0.5).decimals == 3


def test_undefined_is_null_in_json():
    record = undefined(7).to_dict()
    assert record["value"] is None
    assert record["n"] == 7
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert str(undefined()) == "undefined"
    assert not undefined().defined


def test_details_stand_beside_the_value():
    estimate = Estimate(0.5, 0.4, 0.6, n=10, undefined=2, detail={"epsilon": 0.1, "nothing": math.nan})
    assert estimate.to_dict()["epsilon"] == 0.1
    assert estimate.to_dict()["nothing"] is None
    assert estimate.to_dict()["undefined_groups"] == 2


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.5432, 3, ".543"),
        (-0.021, 2, "-.02"),
        (1.25, 2, "1.25"),
        (0.0, 2, ".00"),
        (-0.001, 2, ".00"),
        (-0.2, 0, "0"),
    ],
)
def test_no_zero_before_the_point(value, decimals, text):
    assert short(value, decimals) == text
