"""A text's sentences by rule. May import `surface` of ours."""

from __future__ import annotations

import re

from rewardmeter.scorers.surface import SENTENCE_END

__all__ = ["split_sentences"]

NO_END = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|vs|No|Nos|Inc|Ltd|Co|Corp|Gen|Col|Sgt|Capt|Lt|Rev|Hon|Gov|Sen|Rep|Fig|Eq|cf|al"
    r"|approx|e\.g|i\.e|z\.B|d\.h|bzw|Nr)|\b[A-Z])\.$"
)
"""Abbreviations and initials, whose full stop ends no sentence where more follows."""


def split_sentences(text: str) -> list[str]:
    """The sentences of a text without white space at their ends, in order; none for a blank text.

    A line break ends a sentence; so does a run of ``. ! ? …`` before white space, unless it is the stop of a common
    abbreviation or an initial, or a lower-case letter follows; ``。！？`` end one anywhere.
    """
    found: list[str] = []
    for line in text.splitlines():
        start = 0
        for match in SENTENCE_END.finditer(line):
            rest = line[match.end() :].lstrip()
            if rest and (NO_END.search(line[start : match.end()]) or rest[0].islower()):
                continue
            found.append(line[start : match.end()].strip())
            start = match.end()
        found.append(line[start:].strip())
    return [sentence for sentence in found if sentence]
