"""Another name. May import `edit`, `guard`, `prose`, `reasons` and `spans`."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

import numpy as np

from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_prose, pick
from rewardmeter.auditing.edits.prose import SMALL_WORDS_OF_ALL, language_of, script_of, sentences
from rewardmeter.auditing.edits.reasons import EMPTY, IS_CODE, NAMES_NOT_MARKED, NO_ENTITY, NO_OTHER_ENTITY
from rewardmeter.auditing.edits.spans import Spans

__all__ = ["ENTITIES"]

SCRIPTS_WITH_CASE = ("latin", "cyrillic", "greek")
CAPITALS = "".join(chr(code) for code in (*range(0x41, 0x590), *range(0x1E00, 0x2000)) if chr(code).isupper())
NAME = re.compile(rf"(?<![\w.'’-])[{CAPITALS}][^\W\d_]+(?: [{CAPITALS}][^\W\d_]+){{0,2}}(?![\w'’-])")
AFTER_WORD = re.compile(r"[^\W\d_][,;]? $")
WORDS = re.compile(r"[^\W_]+")
NO_NAMES = frozenset(
    ["true", "false", "none", "null", "yes", "note", "ihnen", "ihre", "ihrem", "ihren", "ihrer", "ihr", "sie"]
)
MOST_OTHERS = 40


@lru_cache(maxsize=512)
def _small(text: str) -> frozenset[str]:
    """The words that a text has in small letters."""
    return frozenset(word for word in re.findall(r"[^\W\d_]+", text) if word[0].islower())


@lru_cache(maxsize=512)
def _capitalised(text: str) -> tuple[str, ...]:
    """Capitalised words in the middle of sentences, up to three in a row, no acronyms.

    In German, where every noun is capitalised, and where the language is not known, two at least.
    """
    fewest, spans = 2 if language_of(text) in ("de", "") else 1, Spans(text)
    found: list[str] = []
    for one in sentences(text):
        said = text[one.start : one.stop]
        for match in NAME.finditer(said) if one.closed else ():
            words = match.group().split(" ")
            if len(words) < fewest or not all(word[1:].islower() for word in words):
                continue
            inside = AFTER_WORD.search(said[max(0, match.start() - 3) : match.start()])
            if inside and not spans.touch(one.start + match.start(), one.start + match.end()):
                found.append(match.group())
    return tuple(dict.fromkeys(found))


def _names(text: str, common: frozenset[str]) -> list[str]:
    """Capitalised words none of which is also written in small letters, here or in other responses."""
    return [name for name in _capitalised(text) if common.isdisjoint(name.lower().split(" "))]


def _swap(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """All mentions of one name become a name of another response, of as many words if there is one."""
    text, others = material.response, material.others[:MOST_OTHERS]
    if script_of(text) not in SCRIPTS_WITH_CASE:
        return NotApplicable(NAMES_NOT_MARKED)
    common = SMALL_WORDS_OF_ALL.union(NO_NAMES, *map(_small, (text, material.prompt, *others)))
    own = _names(text, common)
    if not own:
        return NotApplicable(NO_ENTITY)
    old = pick(own, rng)
    taken = set(WORDS.findall(f"{text} {material.prompt}".casefold()))
    same_language = [other for other in others if language_of(other) == language_of(text)]
    options = [name for other in same_language for name in _names(other, common)]
    options = [name for name in dict.fromkeys(options) if taken.isdisjoint(WORDS.findall(name.casefold()))]
    options = [name for name in options if script_of(name) == script_of(old)]
    if not options:
        return NotApplicable(NO_OTHER_ENTITY)
    alike = [name for name in options if name.count(" ") == old.count(" ")]
    return Changed(_everywhere(text, old, pick(alike or options, rng)))


def _everywhere(text: str, old: str, new: str) -> str:
    spans, made, last = Spans(text), [], 0
    for match in re.finditer(rf"(?<!\w){re.escape(old)}(?!\w)", text):
        if not spans.touch(*match.span()):
            made += [text[last : match.start()], new]
            last = match.end()
    return "".join([*made, text[last:]])


def _swapped(material: Material, made: Changed) -> str:
    """The words gone and those that came are capitalised, the latter from another response; the rest is as it was."""
    before, after = WORDS.findall(material.response), WORDS.findall(made.response)
    gone, came = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if not gone or not came:
        return "no name was replaced"
    if not all(word[0].isupper() for word in [*gone, *came]) or len(came) > 3 or len(gone) > 3:
        return "what differs is not one name"
    if not any(set(came) <= set(WORDS.findall(other)) for other in material.others):
        return "the new name is in no other response"
    names = gone | came
    if [word for word in before if word not in names] != [word for word in after if word not in names]:
        return "more than a name was changed"
    return ""


ENTITIES = (
    Edit(
        "entity swap",
        "breaking",
        "puts a name from another response in the place of one name, wherever it stands",
        on_prose(_swap),
        _swapped,
        (EMPTY, IS_CODE, NAMES_NOT_MARKED, NO_ENTITY, NO_OTHER_ENTITY),
    ),
)
