"""Quantities with units: ``3.2 km`` is ``3200 m``. May import `pointwise`, `errors` and the modules beside it."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar

from rewardmeter.errors import SpecError
from rewardmeter.scorers.match import NUMBER
from rewardmeter.scorers.pointwise import Pointwise, Unscored
from rewardmeter.scorers.programs.results import Checked, check_each, one_of, require, wrong_or_abstained
from rewardmeter.scorers.programs.units import SUPERSCRIPTS, on_a_scale, registry, unit_at
from rewardmeter.scoring import Laws
from rewardmeter.types import Item, Scores

__all__ = ["Found", "Quantity", "quantities_in"]

LONGEST_NUMBER = 1_000
LATEX = (
    (re.compile(r"\\(?:text|mathrm|rm|textrm|operatorname)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\^\s*\{?\s*\\circ\s*\}?"), "°"),
    (re.compile(r"\\[,;:! ]|(?<!\\)~"), " "),
    (re.compile(r"\\([%$&])"), r"\1"),
    (re.compile(r"\\[dt]?frac\s*\{(\d+)\}\s*\{(\d+)\}"), r"\1/\2"),
    (re.compile(r"\\(times|cdot)(?![A-Za-z])"), "·"),
    (re.compile(r"\$"), " "),
)
POWER_OF_TEN = re.compile(
    r"\s*[×x·*]\s*10(?:\s*(?:\^|\*\*)\s*[{(]?\s*([-+−]?\d{1,3})\s*[})]?|([⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}))(?!\d)"
)
FRACTION = re.compile(r"/(\d{1,9})(?![\d./])|\s(\d{1,9})/([1-9]\d{0,8})(?![\d./])")
FEET_AND_INCHES = re.compile(r"\s*['′]\s*(\d+(?:\.\d+)?)\s*(?:[\"″]|'')")
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
SCALE = re.compile(r"\s+(thousand|million|billion|trillion)\b", re.IGNORECASE)
BLANK = re.compile(r"[ \t\u00a0\u202f]*-?")
AND = re.compile(r"(?:\s+|\s*,?\s*and\s+)")
RATIOS = frozenset({"percent", "permille", "ppm"})
"""Units that are plain numbers: a bare number can equal them."""


@dataclass(frozen=True, slots=True)
class Found:
    """A number in a text with its unit, None for a bare number."""

    number: Fraction
    unit: Any | None


@dataclass(frozen=True)
class Quantity(Pointwise):
    """1 if the response's quantity equals a reference's, whatever the units; a response without a quantity scores 0.

    Numbers are those of ``numeric``, and fractions, powers of ten and the words thousand to trillion; units are
    pint's, by name or symbol, with powers, products and quotients (``m/s^2``, ``kg·m²``, ``miles per hour``, ``20
    °C``). Adjacent parts are one quantity (``5 ft 10 in``). Conversions are exact. A bare number equals no quantity
    with a unit, percent and the like aside. A word that is no unit (``12 apples``) leaves the number bare. A
    reference's quantity is its last one.

    Parameters
    ----------
    take:
        Which of the response's quantities is its answer: last, first or any; where the reference has a unit, of those
        with a unit.
    tolerance:
        Largest difference that still counts as equal, relative to the reference's number in the reference's unit.
    assume_unit:
        Read a bare number on one side in the other side's unit.
    no_answer:
        What a response without a quantity is: ``wrong`` (0, with a remark that can be counted) or ``abstain``.
    """

    family: ClassVar[str] = "quantity"
    reads: ClassVar[frozenset[str]] = frozenset({"response", "references"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    take: str = "last"
    tolerance: float = 0.0
    assume_unit: bool = False
    no_answer: str = "wrong"

    def __post_init__(self) -> None:
        one_of("quantity to take", self.take, ("last", "first", "any"))
        one_of("meaning of no answer", self.no_answer, ("wrong", "abstain"))
        if not 0 <= self.tolerance < float("inf"):
            raise SpecError(f"quantity: tolerance={self.tolerance} must be zero or a positive number")

    def __call__(self, items: Sequence[Item], /) -> Scores:
        require("pint", "the scorer 'quantity'")
        return check_each(items, self._check)

    def _check(self, text: str, references: tuple[str, ...]) -> Checked:
        wanted = [found[-1] for found in map(_reference, references) if found]
        if not wanted:
            return Unscored("the references hold no quantity")
        given = quantities_in(text)
        if not given:
            return wrong_or_abstained(self.no_answer, "no quantity found in the response")
        return float(any(self._matches(given, right) for right in wanted))

    def _matches(self, given: list[Found], right: Found) -> bool:
        if right.unit is not None and not self.assume_unit:
            given = [one for one in given if one.unit is not None] or given
        if self.take != "any":
            given = given[-1:] if self.take == "last" else given[:1]
        return any(self._equal(one, right) for one in given)

    def _equal(self, one: Found, right: Found) -> bool:
        number = _in_unit(one, right, self.assume_unit)
        if number is None:
            return False
        return abs(number - right.number) <= Fraction(self.tolerance) * abs(right.number)


def _in_unit(one: Found, right: Found, assume_unit: bool) -> Fraction | None:
    """The first quantity's number in the second one's unit; None where they have no common unit."""
    if one.unit == right.unit:
        return one.number
    if one.unit is not None and right.unit is not None:
        if one.unit.dimensionality != right.unit.dimensionality:
            return None
    elif assume_unit:
        return one.number
    elif not _is_ratio(one.unit if right.unit is None else right.unit):
        return None
    return _converted(one.number, one.unit, right.unit)


def _is_ratio(unit: Any) -> bool:
    return any(unit == registry().Unit(name) for name in RATIOS)


def _converted(number: Fraction, unit: Any, into: Any) -> Fraction | None:
    from pint.errors import PintError

    plain = registry().Unit("")
    try:
        return Fraction(
            registry().Quantity(number, plain if unit is None else unit).to(plain if into is None else into).m
        )
    except (PintError, ArithmeticError, TypeError, ValueError):  # logarithmic units, temperatures in products
        return None


@functools.lru_cache(maxsize=1024)
def _reference(text: str) -> list[Found]:
    return quantities_in(text)


def quantities_in(text: str) -> list[Found]:
    """The quantities that a text states, in order; numbers of more than 1,000 digits are passed over."""
    for pattern, plain in LATEX:
        text = pattern.sub(plain, text)
    found: list[Found] = []
    position = joined_from = 0
    while match := NUMBER.search(text, position):
        if len(match.group()) > LONGEST_NUMBER:
            position = match.end()
            continue
        one, position = _quantity_at(text, match)
        joint = AND.fullmatch(text, joined_from, match.start()) if found and joined_from else None
        ratio = _part_of(one.unit, found[-1].unit) if joint and match.group()[0].isdigit() else None
        if ratio is not None:
            found[-1] = _sum(found[-1], one, ratio)
        else:
            found.append(one)
        joined_from = position
    return found


def _quantity_at(text: str, match: re.Match[str]) -> tuple[Found, int]:
    """The quantity that begins with a number, and where it ends."""
    number = Fraction(Decimal(match.group().replace(",", "").replace("−", "-")))
    end = match.end()
    height = FEET_AND_INCHES.match(text, end)
    if height:
        return Found(12 * number + Fraction(height.group(1)), registry().Unit("inch")), height.end()
    part = FRACTION.match(text, end)
    if part and number.denominator == 1 and int(part.group(1) or part.group(3)):
        sign = -1 if match.group()[0] in "-−" else 1
        whole = part.group(2) is not None
        number = (
            number + sign * Fraction(int(part.group(2)), int(part.group(3))) if whole else number / int(part.group(1))
        )
        end = part.end()
    power = POWER_OF_TEN.match(text, end)
    if power:
        number *= Fraction(10) ** int((power.group(1) or power.group(2)).translate(SUPERSCRIPTS).replace("−", "-"))
        end = power.end()
    scale = SCALE.match(text, end)
    if scale:
        number, end = number * SCALES[scale.group(1).lower()], scale.end()
    blank = BLANK.match(text, end)
    unit = unit_at(text, blank.end() if blank else end)
    return (Found(number, None), end) if unit is None else (Found(number, unit.unit), unit.end)


@functools.lru_cache(maxsize=1024)
def _part_of(unit: Any, whole: Any) -> Fraction | None:
    """A smaller unit of the same kind as a part of a larger one, as an inch is 1/12 foot; None if it is none."""
    if unit is None or whole is None or unit == whole or unit.dimensionality != whole.dimensionality:
        return None
    if unit.dimensionless or on_a_scale(unit) or on_a_scale(whole):
        return None
    ratio = _converted(Fraction(1), unit, whole)
    return ratio if ratio is not None and 0 < ratio < 1 else None


def _sum(whole: Found, part: Found, ratio: Fraction) -> Found:
    more = part.number * ratio
    return Found(whole.number - more if whole.number < 0 else whole.number + more, whole.unit)
