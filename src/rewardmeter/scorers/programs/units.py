"""Units of measurement as people write them, by pint's registry. May import `word_sets`.

Arithmetic is exact: pint works on fractions here, so that 3.2 km is 3,200 m to the last digit.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rewardmeter.scorers.programs.word_sets import word_set

__all__ = ["UnitAt", "on_a_scale", "registry", "unit_at"]


PREFIXABLE = word_set(
    "meter gram second ampere kelvin mole candela hertz newton pascal joule watt coulomb volt farad ohm siemens weber"
    " tesla henry lumen lux becquerel gray sievert liter bit byte electron_volt calorie watt_hour bar parsec molar"
    " metric_ton year meter_Hg radian steradian katal curie volt_ampere bit_per_second byte_per_second"
)
"""Units of pint's that take a prefix here: with the others, cats would be centi-technical-atmospheres."""
ALIASES = {
    "°": "degree",
    "º": "degree",
    "°C": "degC",
    "ºC": "degC",
    "℃": "degC",
    "Celsius": "degC",
    "Centigrade": "degC",
    "centigrade": "degC",
    "°F": "degF",
    "ºF": "degF",
    "℉": "degF",
    "Fahrenheit": "degF",
    "fahrenheit": "degF",
    "Kelvin": "kelvin",
    "Kelvins": "kelvin",
    "AU": "astronomical_unit",
    "kmh": "km/h",
    "kph": "km/h",
    "kmph": "km/h",
    "sec": "second",
    "‰": "permille",
    "Mbps": "megabit/second",
    "Gbps": "gigabit/second",
}
OFFSET = {"degree_Celsius": "delta_degree_Celsius", "degree_Fahrenheit": "delta_degree_Fahrenheit"}
ENGLISH_WORDS = word_set("in a at as are am me he we so do us M B h d")
"""Spellings of units that are other things before a word: ``3 in the morning``, ``5 M people``."""
NO_UNITS = word_set("pts point points count counts dot dots pixel pixels hand hands link links pole poles e")
SYMBOLS = word_set("m s kg N A K mol W h V C J Pa cm mm km g min L Hz rad sr lb ft")
"""What may follow a unit after a blank, as a factor: ``N m``, ``kW h``, ``m s-1``."""

LETTER = r"[^\W\d_⁰¹²³⁴-⁹½¼¾]"
"""Superscripts are word characters to Python, and no digits."""
WORD = re.compile(r"[°º][CF]?(?![^\W\d_])|[℃℉%‰]|" + LETTER + "+(?:_" + LETTER + "+)*")
DEGREES = re.compile(r"(?:deg(?:rees?)?|[°º])\.?\s+(C|F|[Cc]elsius|[Ff]ahrenheit|[Cc]entigrade)\b")
POWER_BEFORE = re.compile(r"(square|sq\.?|cubic|cu\.?)\s+", re.IGNORECASE)
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
POWER_AFTER = re.compile(
    r"\s*(?:\^|\*\*)\s*(?:\{\s*([-+−]?\d)\s*\}|\(\s*([-+−]?\d)\s*\)|([-+−]?\d))(?!\d)"
    r"|([⁻]?[¹²³⁴⁵⁶⁷⁸⁹])(?![⁰¹²³⁴⁵⁶⁷⁸⁹])|([23])(?![\d.,]*\d)|([-−][1234])(?![\d.])|\s+(squared|cubed)\b"
)
TIMES = re.compile(r"\s*[·⋅*×]\s*(?=[^\W\d_])|[-‐](?=[^\W\d_])")
PER = re.compile(r"\s*/\s*(?=[^\W\d_]|[°º℃(])|\s+per\s+")
NOT_UNDERSTOOD = re.compile(r"\s*(?:\^|\*\*)|\s*/\s*[^\W\d_(]|\(")
MOST_FACTORS = 6


@dataclass(frozen=True, slots=True)
class UnitAt:
    """A unit found in a text: pint's unit and the place where it ends."""

    unit: Any
    end: int


@functools.cache
def registry() -> Any:
    """Pint's registry with its default units, on fractions."""
    import pint

    return pint.UnitRegistry(non_int_type=Fraction, cache_folder=None)


@functools.lru_cache(maxsize=4096)
def unit_named(word: str) -> Any:
    """The unit that a word names, None if it names none."""
    if word in ALIASES:
        return registry().Unit(ALIASES[word])
    if word in NO_UNITS or len(word) > 40 or (not word.isascii() and word[0] not in "µμΩÅ%°"):
        return None
    known = registry()
    for spelling in dict.fromkeys((word, word.lower() if len(word) > 3 else word)):
        for prefix, unit, _ in known.parse_unit_name(spelling):
            if not prefix or unit in PREFIXABLE:
                return known.Unit(prefix + unit)
    return None


def unit_at(text: str, start: int) -> UnitAt | None:
    """The longest unit that is written from a place on, with its factors and powers; None where there is none."""
    first = _factor(text, start)
    if first is None:
        return None
    unit, end, sign, alone = first.unit, first.end, 1, True
    for _ in range(MOST_FACTORS):
        step = _next_factor(text, end)
        if step is None:
            break
        factor, sign = step[0], -1 if step[1] else sign
        unit = (_difference(unit) if alone else unit) * _difference(factor.unit) ** sign
        end, alone = factor.end, False
    return None if NOT_UNDERSTOOD.match(text, end) else UnitAt(unit, end)


def _next_factor(text: str, end: int) -> tuple[UnitAt, bool] | None:
    """The factor that goes on from a unit's end, and whether it divides."""
    for pattern, divides in ((PER, True), (TIMES, False)):
        match = pattern.match(text, end)
        if match:
            factor = _in_brackets(text, match.end()) if divides else None
            factor = factor or _factor(text, match.end())
            return None if factor is None else (factor, divides)
    if text[end : end + 1] == " ":
        word = WORD.match(text, end + 1)
        if word and word.group() in SYMBOLS and not re.match(r"\s+[^\W\d_]{3}", text[word.end() : word.end() + 6]):
            factor = _factor(text, end + 1)
            return None if factor is None else (factor, False)
    return None


def _in_brackets(text: str, start: int) -> UnitAt | None:
    """A product in round brackets, as in ``J/(kg K)``."""
    close = text.find(")", start, start + 40)
    if text[start : start + 1] != "(" or close < 0 or "(" in text[start + 1 : close]:
        return None
    inside = unit_at(text[start + 1 : close], 0)
    if inside is None or inside.end != close - start - 1:
        return None
    return UnitAt(inside.unit, close + 1)


def _factor(text: str, start: int) -> UnitAt | None:
    degrees = DEGREES.match(text, start)
    if degrees:
        return UnitAt(registry().Unit("degC" if degrees.group(1)[0] in "Cc" else "degF"), degrees.end())
    before = POWER_BEFORE.match(text, start)
    named = _named(text, before.end() if before else start)
    if named is None:
        return None
    unit, end = named.unit, named.end
    if before:
        return UnitAt(unit ** (2 if before.group(1)[0] in "sS" else 3), end)
    after = POWER_AFTER.match(text, end)
    if after and text[end - 1 : end] not in ("%", "‰"):
        written = next(group for group in after.groups() if group).translate(SUPERSCRIPTS).replace("−", "-")
        power = {"squared": 2, "cubed": 3}[written] if written.isalpha() else int(written)
        return UnitAt(_difference(unit) ** power, after.end())
    return named


def _named(text: str, start: int) -> UnitAt | None:
    word = WORD.match(text, start)
    if word is None:
        return None
    second = re.compile(r"[ -](" + LETTER + "+)").match(text, word.end())
    if second and len(word.group()) > 3:  # nautical miles, fluid ounces, light-years
        unit = unit_named(f"{word.group()}_{second.group(1)}".lower())
        if unit is not None:
            return UnitAt(unit, second.end())
    if word.group() in ENGLISH_WORDS and re.compile(r"\s+[^\W\d_]").match(text, word.end()):
        return None
    unit = unit_named(word.group())
    return None if unit is None else UnitAt(unit, word.end())


def on_a_scale(unit: Any) -> bool:
    """Whether a unit is a temperature scale with a zero of its own."""
    return any(unit == registry().Unit(name) for name in OFFSET)


def _difference(unit: Any) -> Any:
    """A unit as it counts in a product: degrees Celsius are then steps, not places on the scale."""
    for name, step in OFFSET.items():
        if unit == registry().Unit(name):
            return registry().Unit(step)
    return unit
