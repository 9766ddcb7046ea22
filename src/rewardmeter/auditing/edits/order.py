"""Lists whose entries may stand in any order. May import `edit`, `guard`, `reasons` and `spans`."""

from __future__ import annotations

import re

import numpy as np

from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_prose
from rewardmeter.auditing.edits.reasons import EMPTY, IS_CODE, NO_LIST
from rewardmeter.auditing.edits.spans import fences

__all__ = ["ORDER"]

ENTRY = re.compile(r"([ \t]*[-*+•])[ \t]+(\S.*)$")
NUMBERED = re.compile(r"[ \t]*\d{1,9}[.)][ \t]")
IN_ORDER = re.compile(
    r"\W*(?:first|second|third|then|next|after|before|finally|lastly|last|also|so|therefore|step|day|week|phase|stage|part"
    r"|round|level|zuerst|erst|zweit|dritt|dann|danach|schließlich|zuletzt|schritt|tag|d'abord|ensuite|puis|enfin|premi"
    r"|deuxième|étape|jour|primero|segundo|luego|después|finalmente|paso|día|prim|poi|infine|passo|depois|eerst|daarna|stap"
    r"|сначала|затем|потом|наконец|шаг|день|перв|втор|首先|其次|然后|最后|第|步骤|まず|次に|最後に|ステップ|手順|أولا|ثانيا|ثم|أخيرا"
    r"|الخطوة|\d)",
    re.IGNORECASE,
)
LABELLED = re.compile(r"\W*[A-Za-z][.):]\s|\W*\([A-Za-z]\)")
LOOKS_BACK = re.compile(
    r"\b(?:previous|above|below|former|latter|following|likewise|similarly|again|vorige|vorherig|oben|précédent|ci-dessus"
    r"|anterior|выше|предыдущ\w*)|上述|前述|السابق",
    re.IGNORECASE,
)
RUNS_ON = (",", ";", ":", "；", "、", "，", "：", "؛", "،", "and", "und", "et", "y", "и", "或", "和")
FEWEST = 3


def _shuffle(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    lines = material.response.split("\n")
    made = False
    for start, stop in _lists(material.response, lines):
        entries = lines[start:stop]
        order = [int(i) for i in rng.permutation(stop - start)]
        if [entries[i] for i in order] == entries:
            order = order[1:] + order[:1]
        made = made or [entries[i] for i in order] != entries
        lines[start:stop] = [entries[i] for i in order]
    return Changed("\n".join(lines)) if made else NotApplicable(NO_LIST)


def _lists(text: str, lines: list[str]) -> list[tuple[int, int]]:
    """Runs of entries with the same mark, nothing between or below them, and no word that says an order."""
    in_code = _lines_in_code(text)
    found, start = [], 0
    while start < len(lines):
        mark = _mark(lines[start]) if start not in in_code else None
        stop = start + 1
        while mark is not None and stop < len(lines) and _mark(lines[stop]) == mark:
            stop += 1
        if mark is not None and stop - start >= FEWEST and _free(lines, start, stop):
            found.append((start, stop))
        start = stop
    return found


def _lines_in_code(text: str) -> set[int]:
    inside: set[int] = set()
    line, place = 0, 0
    for block in fences(text):
        first = line + text.count("\n", place, block.start)
        line, place = first + text.count("\n", block.start, block.stop), block.stop
        inside.update(range(first, line + 1))
    return inside


def _mark(line: str) -> str | None:
    entry = ENTRY.match(line)
    return entry.group(1) if entry else None


def _free(lines: list[str], start: int, stop: int) -> bool:
    """Whether entries stand on their own: an entry that goes on below, or leads on, has its place."""
    follows = lines[stop] if stop < len(lines) else ""
    before = lines[start - 1] if start else ""
    if (
        (follows[:1].isspace() and follows.strip())
        or ENTRY.match(follows)
        or ENTRY.match(before)
        or NUMBERED.match(before)
    ):
        return False
    bodies = [ENTRY.sub(r"\2", line).strip() for line in lines[start:stop]]
    return not any(
        IN_ORDER.match(body) or LABELLED.match(body) or LOOKS_BACK.search(body) or body.casefold().endswith(RUNS_ON)
        for body in bodies
    )


def _shuffled(material: Material, made: Changed) -> str:
    before, after = material.response.split("\n"), made.response.split("\n")
    if sorted(before) != sorted(after):
        return "the lines are not the same lines"
    moved = [i for i, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    if not moved:
        return "no entry was moved"
    if not all(re.match(r"\s*[-*+•]\s", before[i]) for i in moved):
        return "a line that is no entry was moved"
    return ""


ORDER = (
    Edit(
        "list order",
        "preserving",
        "shuffles the entries of bulleted lists in which nothing tells an order",
        on_prose(_shuffle),
        _shuffled,
        (EMPTY, IS_CODE, NO_LIST),
    ),
)
