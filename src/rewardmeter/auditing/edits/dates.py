"""Another date. May import `checks`, `edit`, `guard`, `prose`, `reasons` and `spans`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import numpy as np

from rewardmeter.auditing.edits.checks import changed_stretch
from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_prose, pick
from rewardmeter.auditing.edits.prose import language_of
from rewardmeter.auditing.edits.reasons import EMPTY, IS_CODE, NO_DATE
from rewardmeter.auditing.edits.spans import Spans

__all__ = ["DATES", "another_date", "beside_a_month", "date_swapped"]

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "en, short": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "ru, alone": "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
}
NAMES = {language: names.split() for language, names in MONTHS.items()}
MONTH = re.compile(
    r"(?<!\w)(?:" + "|".join(sorted({m for names in NAMES.values() for m in names}, key=len, reverse=True)) + r")(?!\w)"
)
DAY_BEFORE = re.compile(r"\d(?:st|nd|rd|th|er|º|ª)?\.?\s(?:de\s|of\s|di\s)?$")
BETWEEN = re.compile(r"(?:st|nd|rd|th|er|º|ª)?\.?\s(?:de\s|of\s|di\s)?")
NUMBER_AFTER = re.compile(r"\.?,?\s(?:de\s|del\s|of\s)?\d")
D = "0-9٠-٩۰-۹０-９"
ISO = re.compile(r"(?<![\d-])\d{4}-(0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\d-])", re.ASCII)
EAST_ASIAN = re.compile(rf"(?<![{D}])([{D}]{{1,2}})\s?月(?=\s?[{D}]{{1,2}}\s?[日号])")
NUMERIC = re.compile(rf"(?<![{D}./])[{D}]{{1,2}}([./])[{D}]{{1,2}}\1([{D}]{{4}})(?![{D}])")
YEAR = re.compile(rf"(?<![{D}.,$€£¥/-])([{D}]{{4}})(?![{D}%/-]|[.,][{D}])")
BEFORE_YEAR = re.compile(
    r"(?:^|\W)(?:in|since|from|until|till|during|year|around|circa|after|before|im|jahr|jahre|seit|bis|ab|nach|vor"
    r"|en|depuis|année|an|desde|hasta|año|nel|dal|anno|em|ano|sinds|jaar|в|с|до|около|после|عام|سنة|في)\s$"
    rf"|(?:{'|'.join(m for names in NAMES.values() for m in names)}),?\s$",
    re.IGNORECASE,
)
AFTER_YEAR = re.compile(
    r"\s*(?:$|[,.;:)）\]!?،؛。，、–—])|\s*年|\s(?:г\b|год|(?:and|to|the|by|with|when|as|until|after|before|in|at|for|was|were|is"
    r"|are|he|she|it|they|on|a|an|under|und|bis|et|y|e|en|и|по|der|die|das|von|durch|le|la|les|par|el|los|por|il|da|o|de)\s)"
)
EARLIEST, LATEST = 1000, 2099
PAST = 2020
"""A later year is put in only where the old one is later."""

Place = tuple[int, int, list[str]]
"""Start, stop, and what may stand there instead."""


def another_date(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """One date of the prose with another month, or another year, or one year named as such."""
    text, spans = material.response, Spans(material.response)
    language = language_of(text)
    found = [place for place in _dates(text, language) if not spans.touch(place[0], place[1])]
    if not found:
        return NotApplicable(NO_DATE)
    start, stop, instead = pick(found, rng)
    return Changed(f"{text[:start]}{pick(instead, rng)}{text[stop:]}")


def _dates(text: str, language: str) -> Iterator[Place]:
    for match in ISO.finditer(text):
        yield (*match.span(1), [f"{month:02}" for month in (1, 3, 5, 7, 8, 10, 12) if month != int(match.group(1))])
    for match in EAST_ASIAN.finditer(text):
        old = _value(match.group(1))
        yield (*match.span(1), [_digits(month, match.group(1)) for month in (1, 3, 5, 7, 8, 10, 12) if month != old])
    for match in MONTH.finditer(text):
        near = DAY_BEFORE.search(text[max(0, match.start() - 8) : match.start()])
        if near or NUMBER_AFTER.match(text, match.end()):
            yield (*match.span(), _months(match.group(), language))
    for match in NUMERIC.finditer(text):
        yield (*match.span(2), _years(match.group(2)))
    for match in YEAR.finditer(text):
        if not EARLIEST <= _value(match.group()) <= LATEST:
            continue
        cued = BEFORE_YEAR.search(text[max(0, match.start() - 14) : match.start()])
        around = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 2].lstrip(" ")[:1]
        named = around in ("()", "（）") or around.endswith("年")
        if named or (cued and AFTER_YEAR.match(text, match.end())):
            yield (*match.span(1), _years(match.group(1)))


def beside_a_month(text: str, start: int, stop: int) -> bool:
    """Whether a number counts days or years of a date."""
    before = [match.end() for match in MONTH.finditer(text, max(0, start - 16), start)]
    after = BETWEEN.match(text, stop)
    named = before and NUMBER_AFTER.match(text, before[-1], start + 1)
    return bool(
        named
        or (after and MONTH.match(text, after.end()))
        or text[stop : stop + 2].lstrip(" ")[:1] in tuple("年月日号")
    )


def _months(word: str, language: str) -> list[str]:
    """The other months of the list that the word is in, the text's own language first."""
    lists = [(name[:2] != language, names) for name, names in NAMES.items() if word in names]
    names = min(lists, key=lambda one: one[0])[1]
    return [month for month in names if month != word]


def _value(digits: str) -> int:
    return int("".join(str(unicodedata.decimal(digit)) for digit in digits))


def _digits(number: int, like: str) -> str:
    zero = ord(like[0]) - unicodedata.decimal(like[0])
    return "".join(chr(zero + int(digit)) for digit in str(number))


def _years(year: str) -> list[str]:
    old = _value(year)
    new = [old + sign * step for step in range(2, 31) for sign in (-1, 1)]
    return [_digits(one, year) for one in new if EARLIEST <= one <= max(PAST, old)]


def date_swapped(material: Material, made: Changed) -> str:
    """One word differs: a month against another of the same list, or a month's or year's number against another one."""
    before, after = material.response, made.response
    stretch = changed_stretch(before, after)
    if not stretch.before and not stretch.after:
        return "nothing was changed"
    start, stop = stretch.start, len(before) - stretch.start - len(stretch.before)
    while start and _wordlike(before[start - 1], before[start : start + 1]):
        start -= 1
    while stop and _wordlike(before[len(before) - stop], before[len(before) - stop - 1 : len(before) - stop]):
        stop -= 1
    old, new = before[start : len(before) - stop], after[start : len(after) - stop]
    if old.isdecimal() and new.isdecimal():
        return "" if _in_date(before, start, old) and len(new) in (1, 2, 4) else "the number is in no date"
    if any(old in names.split() and new in names.split() for names in MONTHS.values()):
        return ""
    return "what differs is no month or year"


def _wordlike(character: str, beside: str) -> bool:
    return character.isdecimal() if beside.isdecimal() else character.isalpha()


def _in_date(text: str, start: int, number: str) -> bool:
    around = text[max(0, start - 1) : start] + text[start + len(number) :][:2].strip()[:1]
    if len(number) == 4:
        return 1000 <= int(number) <= 2099
    return len(number) <= 2 and (around == "--" or around.endswith("月"))


DATES = (
    Edit(
        "date swap",
        "breaking",
        "puts another month or year into one date",
        on_prose(another_date),
        date_swapped,
        (EMPTY, IS_CODE, NO_DATE),
    ),
)
