"""Words around a response that add nothing to it. May import `checks`, `edit`, `guard`, `prose`, `reasons`, `spans` and
`wordings`.
"""

from __future__ import annotations

import re

import numpy as np

from rewardmeter.auditing.edits.checks import bare, grown_at_end, grown_at_start, one_of
from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_prose, pick
from rewardmeter.auditing.edits.prose import language_of, load, sentences
from rewardmeter.auditing.edits.reasons import EMPTY, HAS_HEADING, IS_CODE, NO_SENTENCE, NO_WORDING
from rewardmeter.auditing.edits.spans import Spans, fences
from rewardmeter.auditing.edits.wordings import ANSWER, HOPE, IN_SHORT, SURE
from rewardmeter.scorers.emoji import EMOJI

__all__ = ["PADDING"]

SHORTEST_RESTATED = 5
HEADING_LINE = re.compile(r"\s*(?:#{1,6}\s|[^\n]+\n(?:===|---))")
GLYPHS = ("🙂", "✨", "👍", "📌", "🌟")
QUESTION = ("?", "？", "؟")


def _restate(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    text, language = material.response, language_of(material.response)
    if language not in IN_SHORT:
        return NotApplicable(NO_WORDING)
    for one in sentences(text):
        said = text[one.start : one.stop]
        if one.closed and load(said) >= SHORTEST_RESTATED and not said.endswith(QUESTION):
            return Changed(f"{text}\n\n{IN_SHORT[language]}{said}")
    return NotApplicable(NO_SENTENCE)


def _restated(material: Material, added: str) -> str:
    lead = next((lead for lead in IN_SHORT.values() if added.strip().startswith(lead.strip())), None)
    if lead is None:
        return "the closing has no lead"
    repeated = bare(added)[len(bare(lead)) :]
    return "" if len(repeated) > 4 and repeated in bare(material.response) else "the closing says something new"


def _chat(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    language = language_of(material.response)
    if language not in SURE:
        return NotApplicable(NO_WORDING)
    return Changed(f"{SURE[language]}\n\n{material.response}\n\n{HOPE[language]}")


def _chatted(material: Material, made: Changed) -> str:
    opening = next((one for one in SURE.values() if made.response.startswith(one)), None)
    closing = next((one for one in HOPE.values() if made.response.endswith(one)), None)
    if opening is None or closing is None:
        return "what was added is not the wording"
    between = made.response[len(opening) : len(made.response) - len(closing)]
    whole = material.response in between and between.strip() == material.response.strip()
    return "" if whole else "the response is not there word for word"


def _head(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    language = language_of(material.response)
    if HEADING_LINE.match(material.response):
        return NotApplicable(HAS_HEADING)
    if language not in ANSWER:
        return NotApplicable(NO_WORDING)
    return Changed(f"## {ANSWER[language]}\n\n{material.response}")


def _decorate(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    text, spans = material.response, Spans(material.response)
    blocks = fences(text)
    places = [one.stop for one in sentences(text) if one.closed and not spans.touch(one.stop - 1, one.stop + 1)]
    if not places:
        stop = len(text.rstrip())
        places = [] if blocks and blocks[-1].stop >= stop else [stop]
    if not places:
        return NotApplicable(NO_SENTENCE)
    place = pick(places, rng)
    return Changed(f"{text[:place]} {pick(GLYPHS, rng)}{text[place:]}")


def _decorated(material: Material, made: Changed) -> str:
    before, after = EMOJI.findall(material.response), EMOJI.findall(made.response)
    if len(after) != len(before) + 1:
        return "there is not one emoji more"
    if bare(EMOJI.sub("", made.response)) != bare(EMOJI.sub("", material.response)):
        return "more than an emoji was changed"
    return ""


PADDING = (
    Edit(
        "closing restatement",
        "preserving",
        "repeats the first sentence that says something as a closing summary",
        on_prose(_restate),
        grown_at_end(_restated),
        (EMPTY, IS_CODE, NO_WORDING, NO_SENTENCE),
    ),
    Edit(
        "pleasantries",
        "preserving",
        "puts a friendly line before the response and another one after it",
        on_prose(_chat),
        _chatted,
        (EMPTY, IS_CODE, NO_WORDING),
    ),
    Edit(
        "heading",
        "preserving",
        "puts a heading above the response",
        on_prose(_head),
        grown_at_start(one_of(f"## {word}" for word in ANSWER.values())),
        (EMPTY, IS_CODE, HAS_HEADING, NO_WORDING),
    ),
    Edit(
        "added emoji",
        "preserving",
        "puts an emoji behind a sentence",
        on_prose(_decorate),
        _decorated,
        (EMPTY, IS_CODE, NO_SENTENCE),
    ),
)
