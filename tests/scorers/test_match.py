"""Exact, pattern and numeric match: cases by hand; numbers against Python's own decimal reading."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_item import scores, value

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.match import numbers_in
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Outcome


@pytest.mark.parametrize(
    ("spec", "response", "references", "expected"),
    [
        ("exact", " Paris \n", ["Paris"], 1),
        ("exact", "paris", ["Paris"], 0),
        ("exact", "Lyon", ["Paris", "Lyon"], 1),
        ("exact", "", ["Paris"], 0),
        ("exact?ignore_case=true", "PARIS", ["paris"], 1),
        ("exact?ignore_case=true&ignore_punctuation=true&ignore_articles=true", "The end, an end.", ["end end"], 1),
        ("exact?within=true", "It is Paris", ["Paris"], 1),
        ("exact?within=true", "It is Parisian", ["Paris"], 0),
        ("regex:^Yes", "Yes, it is", [], 1),
        ("regex:^Yes", "Oh Yes", [], 0),
        ("regex?pattern=colou?r", "color", [], 1),
        ("regex?pattern=a%26b&ignore_case=true", "A&B", [], 1),
        (r"regex?pattern=\d+&full=true", " 42\n", [], 1),
        (r"regex?pattern=\d+&full=true", "42 apples", [], 0),
        ("numeric", "First 3, then 4.", ["4"], 1),
        ("numeric", "First 3, then 4.", ["3"], 0),
        ("numeric?take=first", "First 3, then 4.", ["3"], 1),
        ("numeric?take=any", "First 3, then 4.", ["Answer: 3"], 1),
        ("numeric", "no number at all", ["3"], 0),
        ("numeric", "$1,234.50", ["1234.5"], 1),
        ("numeric", "\u22125", ["-5"], 1),
        ("numeric", "1e3", ["1000"], 1),
        ("numeric", "9007199254740993", ["9007199254740992"], 0),  # equal as binary floats
        ("numeric", "3.14", ["3.14159"], 0),
        ("numeric?tolerance=0.01", "3.14", ["3.14159"], 1),
        ("numeric?tolerance=0.01", "-3.14", ["3.14159"], 0),
        ("numeric?tolerance=0.01", "1e9999", ["2e9999"], 0),  # both beyond the largest float
    ],
)
def test_by_hand(spec: str, response: str, references: list[str], expected: float) -> None:
    assert value(spec, response, *references) == expected


@pytest.mark.parametrize(
    ("spec", "reference", "reason"),
    [
        ("exact", "", "no reference"),
        ("exact?ignore_punctuation=true", "?!", "nothing is left of the references once they are normalised"),
        ("numeric", "none", "the references hold no number"),
    ],
)
def test_what_cannot_match_fails(spec: str, reference: str, reason: str) -> None:
    made = scores(spec, "3", reference)
    assert math.isnan(made.values[0])
    assert (made.outcomes[0], made.reasons[0]) == (Outcome.FAILED, reason)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("1,234,567.8 and 12,34 and 1,2345", ["1234567.8", "12", "34", "1", "2345"]),
        ("-5 (-6) 3-7 x-8 --9", ["-5", "-6", "3", "7", "8", "-9"]),
        (".5 5. 3.14. v2 A4 10km 1.2.3", ["0.5", "5", "3.14", "10", "1.2"]),
        ("2024-05-01 17:30", ["2024", "5", "1", "17", "30"]),
        ("2e3 2E-3 2e 2e99999", ["2000", "0.002", "2", "2"]),
        ("٤٢", ["42"]),
    ],
)
def test_numbers_by_hand(text: str, expected: list[str]) -> None:
    assert numbers_in(text) == [Decimal(number) for number in expected]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_numbers_as_python_prints_them(number: Decimal) -> None:
    assert numbers_in(f"It is {number}.") == [number]
    assert numbers_in(f"It is {number:,f} in all") == [number]


def test_specs_are_checked() -> None:
    with pytest.raises(SpecError, match="needs a pattern"):
        make_scorer("regex")
    with pytest.raises(SpecError, match="pattern once"):
        make_scorer("regex:a?pattern=b")
    with pytest.raises(SpecError, match=r"'\(' is no regular expression"):
        make_scorer("regex:(")
    with pytest.raises(UnknownNameError, match="did you mean 'last'"):
        make_scorer("numeric?take=lats")
    with pytest.raises(SpecError, match="tolerance=-1"):
        make_scorer("numeric?tolerance=-1")
