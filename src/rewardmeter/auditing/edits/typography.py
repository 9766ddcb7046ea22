"""Letter case and quotation marks. May import `edit`, `guard`, `prose`, `reasons` and `spans`."""

from __future__ import annotations

import re

import numpy as np

from rewardmeter.auditing.edits.checks import changed_stretch
from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_prose
from rewardmeter.auditing.edits.prose import SMALL_WORDS_OF_ALL, language_of, sentences
from rewardmeter.auditing.edits.reasons import EMPTY, IS_CODE, NO_CASE, NO_QUOTES
from rewardmeter.auditing.edits.spans import Spans, fences

__all__ = ["TYPOGRAPHY"]

OPENERS = "\"'“„«¿¡(*"
FIRST_WORD = re.compile(rf"[{re.escape(OPENERS)}]{{0,3}}+([^\W\d_])([^\W\d_]+)(?=[\s,;:])")
MARKS_BY_LANGUAGE = {
    "de": "„“",
    "fr": "«»",
    "ru": "«»",
    "uk": "«»",
    "ar": "«»",
    "zh": "“”",
    "ja": "「」",
}
"""What a pair of straight marks becomes; “ ” elsewhere."""
TYPOGRAPHIC = "“”„«»「」‟"
STRAIGHT = re.compile(r"(?<![\d\w\\=])\"(?=[^\s\"])([^\"\n]{1,400}+)(?<=[^\s\\])\"(?![\w=])")
ANY_MARK = re.compile(f'["{TYPOGRAPHIC}]')


def _lower(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """Give sentences a small first letter where the word is a small word, or stands in small letters too."""
    text, spans = material.response, Spans(material.response)
    common = SMALL_WORDS_OF_ALL.union(word for word in re.findall(r"[^\W\d_]+", text) if word.islower())
    made, last = [], 0
    for one in [] if language_of(text) == "tr" else sentences(text):  # Turkish has two letters i
        word = FIRST_WORD.match(text, one.start, one.stop)
        if word is None or not one.closed or spans.touch(word.start(), word.end()):
            continue
        if word.group(2).islower() and word.group(1).isupper() and word.group().lower().lstrip(OPENERS) in common:
            made += [text[last : word.start(1)], word.group(1).lower()]
            last = word.end(1)
    return Changed("".join([*made, text[last:]])) if made else NotApplicable(NO_CASE)


def _lowered(material: Material, made: Changed) -> str:
    if made.response == material.response:
        return "no letter was changed"
    if made.response.casefold() != material.response.casefold():
        return "more than case was changed"
    fewer = sum(map(str.isupper, material.response)) - sum(map(str.isupper, made.response))
    if fewer < 1:
        return "there are not fewer capitals"
    return "code was changed" if _code(material.response) != _code(made.response) else ""


def _code(text: str) -> list[str]:
    return [text[block.start : block.stop] for block in fences(text)]


def _requote(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """Straight marks become those of the language; where there are none, typographic ones become straight."""
    text = material.response
    spans = Spans(text)
    opening, closing = tuple(MARKS_BY_LANGUAGE.get(language_of(text), "“”"))
    made, last = [], 0
    for pair in STRAIGHT.finditer(text):
        if not spans.touch(pair.start(), pair.end()):
            made += [text[last : pair.start()], opening, pair.group(1), closing]
            last = pair.end()
    if made:
        return Changed("".join([*made, text[last:]]))
    places = [mark.start() for mark in re.finditer(f"[{TYPOGRAPHIC}]", text)]
    letters = list(text)
    for place in places:
        if not spans.touch(place, place + 1):
            letters[place] = '"'
    straight = "".join(letters)
    return Changed(straight) if straight != text else NotApplicable(NO_QUOTES)


def _requoted(material: Material, made: Changed) -> str:
    if ANY_MARK.sub('"', made.response) != ANY_MARK.sub('"', material.response):
        return "more than quotation marks was changed"
    stretch = changed_stretch(material.response, made.response)
    return "" if stretch.before else "no quotation mark was changed"


TYPOGRAPHY = (
    Edit(
        "small letters",
        "preserving",
        "begins sentences with a small letter, where the first word is no name",
        on_prose(_lower),
        _lowered,
        (EMPTY, IS_CODE, NO_CASE),
    ),
    Edit(
        "quotation marks",
        "preserving",
        "makes straight quotation marks typographic, or else typographic ones straight",
        on_prose(_requote),
        _requoted,
        (EMPTY, IS_CODE, NO_QUOTES),
    ),
)
