"""Parts of a response that are no prose: code blocks, code, formulas, addresses. Imports nothing of ours."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

__all__ = ["Fence", "Spans", "fences", "protected_spans"]

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^\n`]*)$", re.MULTILINE)
# Every repeat is possessive or bounded, so that no text makes these slow.
CODE = r"`[^`\n]{1,500}+`|https?://[^\s<>]++|www\.[^\s<>]++|</?[A-Za-z][^<>\n]{0,200}+>"
MATHS = (
    r"|\$\$[^$]{1,2000}+\$\$|(?<![\w$\\])\$(?=\S)[^$\n]{1,300}+(?<=\S)\$(?![\w$])"
    r"|\\\[(?:[^\\]|\\(?![\[\]])){1,2000}+\\\]|\\\((?:[^\\]|\\(?![()])){1,1000}+\\\)"
)
INLINE, INLINE_AND_MATHS = re.compile(CODE), re.compile(CODE + MATHS)


class Fence(NamedTuple):
    """A code block: its place, what is named behind the opening fence, and the place of the code."""

    start: int
    stop: int
    info: str
    body_start: int
    body_stop: int


def fences(text: str) -> list[Fence]:
    """Code blocks between fences, as Markdown has them; one that is not closed reaches to the end."""
    found: list[Fence] = []
    opened: re.Match[str] | None = None
    for mark in FENCE.finditer(text):
        if opened is None:
            opened = mark
        elif mark.group(1).startswith(opened.group(1)) and not mark.group(2).strip():
            body = min(opened.end() + 1, mark.start())
            found.append(Fence(opened.start(), mark.end(), opened.group(2).strip(), body, mark.start()))
            opened = None
    if opened is not None:
        body = min(opened.end() + 1, len(text))
        found.append(Fence(opened.start(), len(text), opened.group(2).strip(), body, len(text)))
    return found


def protected_spans(text: str, *, maths: bool = True) -> list[tuple[int, int]]:
    """Where code blocks, code, addresses, tags and, with ``maths``, formulas stand, in order, without overlap."""
    pattern = INLINE_AND_MATHS if maths else INLINE
    found: list[tuple[int, int]] = []
    start = 0
    for block in [(one.start, one.stop) for one in fences(text)] + [(len(text), len(text))]:
        found += [match.span() for match in pattern.finditer(text, start, block[0])]
        if block[0] < block[1]:
            found.append(block)
        start = block[1]
    return found


class Spans:
    """Places of a text that are to be left alone."""

    def __init__(self, text: str, *, maths: bool = True) -> None:
        self.spans = protected_spans(text, maths=maths)
        self.starts = [start for start, _ in self.spans]

    def touch(self, start: int, stop: int) -> bool:
        """Whether any of text[start:stop] is in one of them."""
        last = bisect_right(self.starts, max(start, stop - 1)) - 1
        return last >= 0 and self.spans[last][1] > start
