"""White space, Markdown and lists: how a response is laid out. May import `checks`, `edit`, `guard`, `prose`,
`reasons` and `spans`.
"""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from rewardmeter.auditing.edits.checks import bare
from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_prose
from rewardmeter.auditing.edits.prose import IDEOGRAPHS, sentences
from rewardmeter.auditing.edits.reasons import EMPTY, IS_CODE, NO_MARKS, NO_PARAGRAPH, NO_PLACE, NO_WHITESPACE
from rewardmeter.auditing.edits.spans import Spans, fences

__all__ = ["LAYOUT"]

HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+")
BULLET = re.compile(r"^([ \t]*)[-*+•][ \t]+(?=\S)")
QUOTED = re.compile(r"^[ \t]*>[ \t]?")
BOLD = re.compile(r"(?<![A-Za-z0-9*\\])(\*{1,3})(?=[^\s*])([^*\n]{1,400}+)(?<=[^\s*])\1(?![A-Za-z0-9*])")
LIST_OR_MARK = re.compile(r"[ \t]*(?:[-*+•>|#]|\d{1,9}[.)][ \t]|[-=*_]{3})")
FIRST_WORDS = re.compile(
    rf"(?:[^\W_{IDEOGRAPHS}]|['’-])+(?: (?:[^\W_{IDEOGRAPHS}]|['’-])+){{0,2}}+|[{IDEOGRAPHS}]{{1,12}}+"
)
MARK_AT_START = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|[-*+•][ \t]+(?=\S)|>[ \t]?)", re.MULTILINE)
DOUBLE_BREAK = re.compile(r"\n[ \t]*\n")
MARKS = re.compile(r"[*#>\-+•\s]")


def _outside_blocks(text: str) -> list[tuple[bool, str]]:
    """The text in pieces, each with whether it is prose; joined they are the text."""
    pieces, start = [], 0
    for block in fences(text):
        pieces += [(True, text[start : block.start]), (False, text[block.start : block.stop])]
        start = block.stop
    return [*pieces, (True, text[start:])]


def _space(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    parts = []
    for prose, part in _outside_blocks(material.response):
        wider = part
        if prose:
            for one in reversed(sentences(part)):
                if one.closed and part[one.stop : one.stop + 1] == " ":
                    wider = f"{wider[: one.stop]} {wider[one.stop :]}"
            wider = DOUBLE_BREAK.sub("\n\n\n", wider)
        parts.append(wider)
    made = "".join(parts)
    if made == material.response:
        made = f"{made.rstrip()} \n\n"
    return Changed(made) if made != material.response else NotApplicable(NO_WHITESPACE)


def _spaced(material: Material, made: Changed) -> str:
    if made.response.split() != material.response.split():
        return "more than white space was changed"
    blocks = [[text[a:b] for a, b in _code_places(text)] for text in (material.response, made.response)]
    return "white space in code was changed" if blocks[0] != blocks[1] else _differs(material, made)


def _code_places(text: str) -> list[tuple[int, int]]:
    return [(block.body_start, block.body_stop) for block in fences(text) if block.body_stop < len(text)]


def _differs(material: Material, made: Changed) -> str:
    return "nothing was changed" if made.response == material.response else ""


def _mark(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """Bold the first words of every plain paragraph."""
    text, spans = material.response, Spans(material.response)
    made, last = [], 0
    for line in re.finditer(r"[^\n]+", text):
        words = FIRST_WORDS.match(line.group())
        plain = not LIST_OR_MARK.match(line.group()) and not set("*_`\\") & set(line.group())
        if words is None or not plain or spans.touch(line.start(), line.start() + words.end() + 1):
            continue
        made += [text[last : line.start()], "**", words.group(), "**"]
        last = line.start() + words.end()
    return Changed("".join([*made, text[last:]])) if made else NotApplicable(NO_PLACE)


def _marked(material: Material, made: Changed) -> str:
    if made.response.replace("**", "") != material.response.replace("**", ""):
        return "more than marks was changed"
    return "" if made.response.count("**") > material.response.count("**") else "no marks were added"


def _unmark(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    parts = []
    for prose, part in _outside_blocks(material.response):
        parts.append("\n".join(_plain(line) for line in part.split("\n")) if prose else part)
    made = "".join(parts)
    return Changed(made) if made != material.response else NotApplicable(NO_MARKS)


def _plain(line: str) -> str:
    spans, made, last = Spans(line), [], 0
    for bold in BOLD.finditer(line):
        if not spans.touch(bold.start(), bold.start() + 1) and not spans.touch(bold.end() - 1, bold.end()):
            made += [line[last : bold.start()], bold.group(2)]
            last = bold.end()
    line = "".join([*made, line[last:]])
    while MARK_AT_START.match(line):
        line = QUOTED.sub("", BULLET.sub(r"\1", HEADING.sub("", line)))
    return line


def _unmarked(material: Material, made: Changed) -> str:
    if MARKS.sub("", made.response) != MARKS.sub("", material.response):
        return "more than marks was changed"
    for prose, part in _outside_blocks(made.response):
        if prose and MARK_AT_START.search(part):
            return "marks are left"
    return "" if len(made.response) < len(material.response) else "no marks were taken away"


def _list(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """Make the sentences of every plain paragraph of three or more the entries of a list."""
    text, made, last = material.response, [], 0
    everything = sentences(text)
    position = 0
    for line in re.finditer(r"[^\n]+", text):
        own = []
        while position < len(everything) and everything[position].start < line.end():
            if everything[position].start >= line.start():
                own.append(everything[position])
            position += 1
        if len(own) < 3 or not all(one.closed for one in own) or LIST_OR_MARK.match(line.group()):
            continue
        cuts = [line.start(), *(one.start for one in own[1:]), own[-1].stop]
        entries = "\n".join(f"- {text[start:stop].strip()}" for start, stop in pairwise(cuts))
        made += [text[last : line.start()], entries]
        last = own[-1].stop
    return Changed("".join([*made, text[last:]])) if made else NotApplicable(NO_PARAGRAPH)


def _listed(material: Material, made: Changed) -> str:
    entry = re.compile(r"^- ", re.MULTILINE)
    before, after = (entry.sub("", text) for text in (material.response, made.response))
    if bare(before) != bare(after):
        return "more than the layout was changed"
    more = len(entry.findall(made.response)) - len(entry.findall(material.response))
    return "" if more >= 3 else "there are not three entries more"


LAYOUT = (
    Edit(
        "white space",
        "preserving",
        "doubles the blanks between sentences and the blank lines between paragraphs, or else those at the end",
        on_prose(_space),
        _spaced,
        (EMPTY, IS_CODE, NO_WHITESPACE),
    ),
    Edit(
        "markdown on",
        "preserving",
        "sets the first words of every plain paragraph in bold",
        on_prose(_mark),
        _marked,
        (EMPTY, IS_CODE, NO_PLACE),
    ),
    Edit(
        "markdown off",
        "preserving",
        "takes away the marks of headings, bullets, quotes, bold and italics",
        on_prose(_unmark),
        _unmarked,
        (EMPTY, IS_CODE, NO_MARKS),
    ),
    Edit(
        "bullets",
        "preserving",
        "makes the sentences of every plain paragraph the entries of a list",
        on_prose(_list),
        _listed,
        (EMPTY, IS_CODE, NO_PARAGRAPH),
    ),
)
