"""The opposite: a negation more or less. May import `checks`, `edit`, `guard`, `negation_rules`, `prose`, `reasons` and
`spans`.
"""

from __future__ import annotations

import numpy as np

from rewardmeter.auditing.edits.checks import bare
from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_prose, pick
from rewardmeter.auditing.edits.negation_rules import AFFIRMED, NEGATORS, RULES
from rewardmeter.auditing.edits.prose import language_of, sentences
from rewardmeter.auditing.edits.reasons import EMPTY, IS_CODE, NO_NEGATION, NO_WORDING
from rewardmeter.auditing.edits.spans import Spans

__all__ = ["NEGATION", "opposite", "turned_round"]

QUESTION = ("?", "？", "؟")


def opposite(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """One statement with a negation put in or taken out; taken out where both can be had."""
    text, language = material.response, language_of(material.response)
    if language not in RULES:
        return NotApplicable(NO_WORDING)
    spans, found = Spans(text), []
    for one in sentences(text):
        said = text[one.start : one.stop]
        if not one.closed or said.endswith(QUESTION):
            continue
        found += [
            (one.start + match.start(), one.start + match.end(), match.expand(instead))
            for pattern, instead in RULES[language]
            for match in pattern.finditer(said)
            if not spans.touch(one.start + match.start(), one.start + match.end())
        ]
    if not found:
        return NotApplicable(NO_NEGATION)
    shorter = [place for place in found if len(place[2]) < place[1] - place[0]]
    start, stop, instead = pick(shorter or found, rng)
    return Changed(f"{text[:start]}{instead}{text[stop:]}")


def turned_round(material: Material, made: Changed) -> str:
    """One negation more or less, and the same words without any."""
    before, after = material.response.casefold(), made.response.casefold()
    if abs(len(NEGATORS.findall(after)) - len(NEGATORS.findall(before))) != 1:
        return "there is not one negation more or less"
    return "" if _affirmed(before) == _affirmed(after) else "more than a negation was changed"


def _affirmed(text: str) -> str:
    for pattern, instead in AFFIRMED:
        text = pattern.sub(instead, text)
    return bare(text)


NEGATION = (
    Edit(
        "negation swap",
        "breaking",
        "takes the negation out of one statement, or else puts one in",
        on_prose(opposite),
        turned_round,
        (EMPTY, IS_CODE, NO_WORDING, NO_NEGATION),
    ),
)
