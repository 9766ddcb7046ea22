"""Questions that the checks of edits ask of a text before and after. May import `edit`.

They know nothing of how a change was made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rewardmeter.auditing.edits.edit import Changed, Check, Material

__all__ = ["Stretch", "bare", "changed_stretch", "grown_at_end", "grown_at_start", "one_of", "replaced_by"]

BLANK = re.compile(r"\s+")


class Stretch(NamedTuple):
    """The one stretch in which two texts differ: where it starts, what stood there, what stands there now."""

    start: int
    before: str
    after: str


def bare(text: str) -> str:
    """A text without white space."""
    return BLANK.sub("", text)


def changed_stretch(before: str, after: str) -> Stretch:
    """What is left of two texts without the start and the end that they share."""
    shortest = min(len(before), len(after))
    start = _shared(before, after, shortest)
    ending = _shared(before[::-1], after[::-1], shortest - start)
    return Stretch(start, before[start : len(before) - ending], after[start : len(after) - ending])


def _shared(one: str, other: str, most: int) -> int:
    """Length of the start that two texts share, by halving."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def grown_at_end(said: Callable[[Material, str], str]) -> Check:
    """The response stands at the start word for word; ``said`` judges what was added."""

    def check(material: Material, made: Changed) -> str:
        if not made.response.startswith(material.response):
            return "the response does not stand at the start"
        return said(material, made.response[len(material.response) :])

    return check


def grown_at_start(said: Callable[[Material, str], str]) -> Check:
    """The response stands at the end word for word; ``said`` judges what was added."""

    def check(material: Material, made: Changed) -> str:
        if not made.response.endswith(material.response):
            return "the response does not stand at the end"
        return said(material, made.response[: len(made.response) - len(material.response)])

    return check


def one_of(wordings: Iterable[str]) -> Callable[[Material, str], str]:
    """What was added is one of these, white space at its ends aside."""
    known = frozenset(wording.strip() for wording in wordings)

    def said(material: Material, added: str) -> str:
        return "" if added.strip() in known else "what was added is not the wording"

    return said


def replaced_by(wordings: Iterable[str]) -> Check:
    """The response is one of these and nothing else."""
    known = frozenset(wordings)

    def check(material: Material, made: Changed) -> str:
        if made.response not in known:
            return "the response is not the constant text"
        return "the response is what it was" if made.response == material.response else ""

    return check
