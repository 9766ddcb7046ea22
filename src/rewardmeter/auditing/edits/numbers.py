"""Another number. May import `dates`, `edit`, `guard`, `reasons` and `spans`."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from rewardmeter.auditing.edits.dates import beside_a_month
from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_prose, pick
from rewardmeter.auditing.edits.reasons import EMPTY, IS_CODE, NO_NUMBER
from rewardmeter.auditing.edits.spans import Spans, fences

__all__ = ["NUMBERS", "another_number", "number_swapped"]

LATIN = "A-Za-zÀ-ɏ"
# Not a part of a name, version, address, index, citation, fraction or slashed date.
NUMBER = re.compile(
    rf"(?<![{LATIN}\d_.,/:^'’\\#\[@٫٬])(?<!\w[-–])\d+(?:[.,٫٬]\d+)*(?![{LATIN}\d_/:\]'’]|[.,٫٬]\d|[-–]\w|\ufe0f|\u20e3)"
)
VERSION = re.compile(r"\d+(?:[.,]\d+){2}(?<![.,]\d{3})|\d{1,3}\.\d{1,2}\.")
LIKE_A_YEAR = re.compile(r"1\d{3}|20\d\d")
NUMERAL_OF_LIST = re.compile(r"^[ \t>*_#|]*[(（]?\d+(?:\.\d+)*(?:[.)）、:]|(?= [A-ZÀ-Þ]))", re.MULTILINE)
LABEL = re.compile(
    r"(?:\b(?:step|section|chapter|figure|fig|table|part|question|option|case|example|equation|phase|method|item|point|note|page"
    r"|number|version|approach|solution|problem|exercise|task|line|schritt|kapitel|abschnitt|abbildung|tabelle|teil|frage"
    r"|beispiel|étape|chapitre|section|partie|exemple|paso|capítulo|sección|ejemplo|parte|stap|hoofdstuk|шаг|глава|раздел"
    r"|часть|пример|рисунок|الخطوة|الفصل)|步骤|第|図|图|表|ステップ|例)[\s:#*.]*$",
    re.IGNORECASE,
)


def another_number(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """One number with another leading digit, of a year another third one; as long as before, in the same digits."""
    text, spans = material.response, Spans(material.response, maths=False)
    numerals = {match.end() - (not match.group()[-1].isdecimal()) for match in NUMERAL_OF_LIST.finditer(text)}
    found = [
        match.span()
        for match in NUMBER.finditer(text)
        if match.end() not in numerals
        and not spans.touch(*match.span())
        and not LABEL.search(text[max(0, match.start() - 24) : match.start()])
        and not VERSION.match(match.group())
        and not beside_a_month(text, *match.span())
    ]
    if not found:
        return NotApplicable(NO_NUMBER)
    start, stop = pick(found, rng)
    digits = [i for i in range(start, stop) if text[i].isdecimal()]
    place = next((i for i in digits if unicodedata.decimal(text[i])), digits[0])
    if LIKE_A_YEAR.fullmatch(text, start, stop):  # 7981 would be no year any more
        place = start + 2
    old = unicodedata.decimal(text[place])
    new = pick([digit for digit in range(1, 10) if digit != old], rng)
    return Changed(f"{text[:place]}{chr(ord(text[place]) - old + new)}{text[place + 1 :]}")


def number_swapped(material: Material, made: Changed) -> str:
    """As many numbers as before, exactly one of them another one, and nothing else; no list is renumbered."""
    before, after = (re.findall(r"\d+", text) for text in (material.response, made.response))
    if re.sub(r"\d", "0", material.response) != re.sub(r"\d", "0", made.response):
        return "more than digits was changed"
    if len(before) != len(after) or sum(one != other for one, other in zip(before, after, strict=True)) != 1:
        return "not exactly one number differs"
    numerals = [re.findall(r"^[ \t]*\d+[.)](?=\s)", text, re.MULTILINE) for text in (material.response, made.response)]
    if numerals[0] != numerals[1]:
        return "a list was numbered anew"
    code = [[text[one.start : one.stop] for one in fences(text)] for text in (material.response, made.response)]
    return "code was changed" if code[0] != code[1] else ""


NUMBERS = (
    Edit(
        "number swap",
        "breaking",
        "changes one digit of one number, the leading one save in years",
        on_prose(another_number),
        number_swapped,
        (EMPTY, IS_CODE, NO_NUMBER),
    ),
)
