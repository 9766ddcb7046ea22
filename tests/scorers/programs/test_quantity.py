"""Quantities: equalities by hand from the definitions of the units, and conversions drawn at random."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_response import outcome, value

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Outcome

pytest.importorskip("pint")

from rewardmeter.scorers.programs.quantity import quantities_in


@pytest.mark.parametrize(
    ("response", "reference"),
    [
        ("3.2 km", "3200 m"),
        ("1,000 km", "1e6 m"),
        ("5-km run", "5 kilometres"),
        ("5 ft 10 in", "70 inches"),
        ("5'10\"", "177.8 cm"),
        ("1 hour and 30 minutes", "90 min"),
        ("-1 h 30 min", "-90 min"),
        ("20 °C", "68 °F"),
        ("68 degrees Fahrenheit", "20 Celsius"),
        ("-5 °C", "23 °F"),
        ("0 K", "-273.15 °C"),
        ("50%", "0.5"),
        ("0.5", "50 percent"),
        ("9.8 m/s^2", "980 cm/s²"),
        ("9.8 m s-2", "9.8 meters per second squared"),
        (r"$3\times 10^{8}\ \text{m/s}$", "300000 km/s"),
        ("6 × 10⁻³ m", "6 mm"),
        ("1.5 million tonnes", "1.5e9 kg"),
        ("2 1/2 cups", "2.5 cups"),
        ("1/2 mile", "2640 feet"),
        ("60 mph", "88 ft/s"),
        ("5 kWh", "18 MJ"),
        ("1 N m", "1 J"),
        ("4.2 J/(g K)", "4200 J/kg/°C"),
        ("3 square meters", "30000 cm^2"),
        ("1 cubic metre", "1000 L"),
        ("3 sq ft", "3 ft2"),
        ("2 GB", "2000 MB"),
        ("10 µm", "1e-5 m"),
        ("1 nautical mile", "1852 m"),
        ("12 cats", "12"),
        ("at 3 in the morning", "3"),
        ("$5", "5"),
    ],
)
def test_equal(response: str, reference: str) -> None:
    assert value("quantity", response, reference) == 1
    assert value("quantity", reference, response) == 1


@pytest.mark.parametrize(
    ("response", "reference"),
    [
        ("5 km", "5 kg"),
        ("20", "20 km"),
        ("20 km", "20"),
        ("20 °C", "20 °F"),
        ("3201 m", "3.2 km"),
        ("180°", "180"),
        ("1 byte", "8"),
        ("5 m^2", "5 m"),
        ("5 m^99", "5 m"),
        ("5 km, then 3 m", "5 km"),
        ("1.609 km", "1 mile"),
    ],
)
def test_not_equal(response: str, reference: str) -> None:
    assert value("quantity", response, reference) == 0


UNITS = {
    "mm": Fraction(1, 1000), "cm": Fraction(1, 100), "m": Fraction(1), "km": Fraction(1000),
    "inches": Fraction(254, 10_000),
    "ft": Fraction(3048, 10_000), "yards": Fraction(9144, 10_000), "miles": Fraction(1_609_344, 1000),
}  # fmt: skip
"""The international definitions of 1959, in metres."""


@given(
    st.integers(-(10**6), 10**6),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from([Fraction(1), Fraction(10**6 + 1, 10**6)]),
)
def test_lengths_are_converted_exactly(number: int, unit: str, other: str, factor: Fraction) -> None:
    converted = number * UNITS[unit] / UNITS[other] * factor
    text = f"It is {converted.numerator}/{converted.denominator} {other}" if converted.denominator < 10**9 else None
    if text is None:
        return
    found = quantities_in(text)
    assert [one.number for one in found] == [converted]
    assert value("quantity", text, f"{number} {unit}") == float(factor == 1 or number == 0)


def test_which_quantity_counts() -> None:
    assert value("quantity", "The distance is 3.2 km, see step 4.", "3200 m") == 1
    text = "First 1 km, then 2 km; 3 stops"
    assert [value(f"quantity?take={take}", text, "1 km") for take in ("first", "last", "any")] == [1, 0, 1]
    assert [value(f"quantity?take={take}", text, "2 km") for take in ("first", "last", "any")] == [0, 1, 1]
    assert value("quantity", text, "3") == 1  # a bare reference asks for the last number of all
    assert value("quantity", "2 km", "no number", "3 km", "2000 m") == 1


def test_tolerance_is_relative_to_the_reference_in_its_unit() -> None:
    assert value("quantity?tolerance=0.001", "1.609 km", "1 mile") == 1
    assert value("quantity?tolerance=0.05", "21 °C", "20 °C") == 1
    assert value("quantity?tolerance=0.01", "21 °C", "20 °C") == 0
    assert value("quantity?tolerance=0.5", "5 kg", "5 km") == 0


def test_a_bare_number_in_the_other_unit() -> None:
    assert value("quantity?assume_unit=true", "20", "20 km") == 1
    assert value("quantity?assume_unit=true", "20 km", "20") == 1
    assert value("quantity?assume_unit=true", "20 m", "20 km") == 0


def test_outcomes_without_a_quantity() -> None:
    remark = "no quantity found in the response: counted as wrong"
    assert outcome("quantity", "no idea", "3 km") == (Outcome.SCORED, 0, remark)
    assert outcome("quantity?no_answer=abstain", "no idea", "3 km")[0] == Outcome.ABSTAINED
    kind, _, reason = outcome("quantity", "3 km", "no idea")
    assert (kind, reason) == (Outcome.FAILED, "the references hold no quantity")
    assert outcome("quantity", "3 km")[2] == "no reference"


@pytest.mark.parametrize(
    "text",
    [
        "1 m " * 20_000,
        "9" * 1_000_000,
        "5 km/" * 20_000,
        "1e9999 km " * 1_000,
        "5 " + "m·" * 100_000,
        "5 " + "a" * 1_000_000,
        "1 ft 2 in " * 10_000,
        "3 m^9999999",
        "1e-9999 m",
        "1/0 m",
        "0/0 km",
        "3 dBm 3 dB 3 °C/s 3 degC^2",
        "5 kilo 5 milli 5 micro",
        "5 __class__ 5 lambda 5 import",
        "1" + ",000" * 100_000,
    ],
)
def test_hard_texts(text: str) -> None:
    start = time.monotonic()
    for reference in ("3 m", "3", "3 dBm", "1e9999 km", "3 °C"):
        assert outcome("quantity?tolerance=0.1", text, reference)[0] == Outcome.SCORED
        assert outcome("quantity?take=any&assume_unit=true", reference, text[:200])[0] in (
            Outcome.SCORED,
            Outcome.FAILED,
        )
    assert time.monotonic() - start < 60


def test_specs_are_checked() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'last'"):
        make_scorer("quantity?take=lats")
    with pytest.raises(SpecError, match="tolerance=-1"):
        make_scorer("quantity?tolerance=-1")
    with pytest.raises(SpecError, match="tolerance=inf"):
        make_scorer("quantity?tolerance=inf")
