"""A text cut into sentences or words, in any language. May import `scorers`.

The units cover the text: joined, they are the text. White space goes with the unit before it, so that what is left when
one is taken out still reads as a text.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

from rewardmeter.scorers.surface import IDEOGRAPHS

__all__ = ["UnitKind", "joined_units", "text_units"]

UnitKind = Literal["sentence", "word"]
Bounds = tuple[int, int]

CLOSING = "\"'”’»)\\]）】」』"
SENTENCE = re.compile(
    rf"[.!?…؟۔।॥։።]++[{CLOSING}]*+(?=\s)\s*"  # final marks of scripts that put a space after them
    rf"|[。！？｡]++[{CLOSING}]*+\s*"  # and of those that do not
    r"|\s*\n\s*"  # a line break ends headings, entries of lists, lines of code and verse
)
WORD = re.compile(rf"(?:[{IDEOGRAPHS}][^\w\s]*|[^\s{IDEOGRAPHS}]+)\s*")


def text_units(text: str, kind: UnitKind) -> list[Bounds]:
    """Start and stop of each unit, in characters; they follow on each other from 0 to the end of the text.

    ``"sentence"``: up to a run of final marks (``. ! ? …``, Arabic, Urdu, Devanagari, Armenian and Ethiopic ones) with
    white space behind it, a run of ``。！？``, or a line break. Abbreviations end sentences, decimal points do not.
    ``"word"``: runs of characters between white space, punctuation included; each ideograph and kana by itself, with
    the punctuation behind it. Scripts that put no space between words, as Thai, are not cut.

    A text of white space alone, or none, has no units.
    """
    if not text.strip():
        return []
    pattern = SENTENCE if kind == "sentence" else WORD
    start = len(text) - len(text.lstrip())
    ends = [match.end() for match in pattern.finditer(text, start)]
    bounds = [0, *ends]
    if bounds[-1] < len(text):
        bounds.append(len(text))
    return list(pairwise(bounds))


def joined_units(units: list[Bounds], most: int) -> list[Bounds]:
    """At most ``most`` units: neighbours joined, as evenly as it goes by their number."""
    if len(units) <= most:
        return units
    cuts = [len(units) * part // most for part in range(most + 1)]
    return [(units[a][0], units[b - 1][1]) for a, b in pairwise(cuts)]
