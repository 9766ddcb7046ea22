"""Scorers that say yes (1) or no (0): exact match, pattern match, numeric match. May import `pointwise`, `errors`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from string import punctuation
from typing import ClassVar

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.pointwise import Measured, Pointwise, Unscored, against_references, scores_of
from rewardmeter.types import Item, Scores

__all__ = ["Exact", "Numeric", "Regex", "numbers_in"]

WITH_REFERENCES = frozenset({"response", "references"})
DROP_PUNCTUATION = str.maketrans("", "", punctuation)
ARTICLE = re.compile(r"\b(?:a|an|the)\b")
NUMBER = re.compile(
    r"(?<![^\W_])(?<!\d\.)[-+\u2212]?"  # not in the middle of a word, a number or a version; a sign
    r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
    r"(?:[eE][-+]?\d{1,4}(?!\d))?"
)


@dataclass(frozen=True)
class Exact(Pointwise):
    """1 if the response equals one of the references, else 0; runs of white space count as one blank.

    Parameters
    ----------
    ignore_case, ignore_punctuation, ignore_articles:
        What is dropped from both sides first; all three together are SQuAD's normalisation (Rajpurkar et al. 2016).
    within:
        It is enough that the reference occurs in the response, bounded by blanks or ends.
    """

    family: ClassVar[str] = "exact"
    reads: ClassVar[frozenset[str]] = WITH_REFERENCES

    ignore_case: bool = False
    ignore_punctuation: bool = False
    ignore_articles: bool = False
    within: bool = False

    def __call__(self, items: Sequence[Item], /) -> Scores:
        def measure(text: str, references: tuple[str, ...]) -> Measured:
            wanted = [plain for plain in map(self._plain, references) if plain]
            if not wanted:
                return Unscored("nothing is left of the references once they are normalised")
            found = self._plain(text)
            if self.within:
                return float(any(f" {plain} " in f" {found} " for plain in wanted))
            return float(found in wanted)

        return against_references(items, measure)

    def _plain(self, text: str) -> str:
        if self.ignore_case:
            text = text.lower()
        if self.ignore_punctuation:
            text = text.translate(DROP_PUNCTUATION)
        if self.ignore_articles:
            text = ARTICLE.sub(" ", text)
        return " ".join(text.split())


@dataclass(frozen=True)
class Regex(Pointwise):
    """1 if a Python regular expression is found in the response, else 0.

    In a spec the pattern is the target (``regex:^Answer``) or an option (``regex?pattern=colou?r``); in an option ``&``
    is written ``%26`` and ``%`` is written ``%25``. A pattern that backtracks without end is not stopped.

    Parameters
    ----------
    pattern:
        The expression, in the syntax of Python's ``re``.
    ignore_case:
        Let case not matter.
    full:
        The whole response must match, white space at its ends aside.
    """

    family: ClassVar[str] = "regex"

    pattern: str
    ignore_case: bool = False
    full: bool = False

    def __post_init__(self) -> None:
        if not self.pattern:
            raise SpecError("regex needs a pattern: write regex:PATTERN or regex?pattern=PATTERN")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise SpecError(f"regex: '{self.pattern}' is no regular expression: {error}") from error

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE if self.ignore_case else 0)

    def __call__(self, items: Sequence[Item], /) -> Scores:
        if self.full:
            matches = [self._compiled.fullmatch(r.text.strip()) for item in items for r in item.responses]
        else:
            matches = [self._compiled.search(r.text) for item in items for r in item.responses]
        return scores_of([float(match is not None) for match in matches])


def regex(target: str | None = None, pattern: str = "", ignore_case: bool = False, full: bool = False) -> Regex:
    """The pattern scorer from a spec, where the pattern is the target or an option.

    Raises
    ------
    SpecError
        If there is no pattern, or two.
    """
    if target and pattern:
        raise SpecError("regex: give the pattern once, as regex:PATTERN or as regex?pattern=PATTERN")
    return Regex(target or pattern, ignore_case, full)


@dataclass(frozen=True)
class Numeric(Pointwise):
    """1 if the response's number equals a reference's number, else 0; a response without a number scores 0.

    Numbers are decimal, with sign, thousands commas, fraction and exponent (``-1,234.50``, ``3e8``), and are compared
    exactly: 0.5 equals .50. A reference's number is its last one.

    Parameters
    ----------
    take:
        Which number of the response is its answer: last, first or any.
    tolerance:
        Largest difference that still counts as equal, relative to the reference's number; 0 asks for equality.
    """

    family: ClassVar[str] = "numeric"
    reads: ClassVar[frozenset[str]] = WITH_REFERENCES

    take: str = "last"
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.take not in ("last", "first", "any"):
            raise UnknownNameError("number to take", self.take, ("last", "first", "any"))
        if not 0 <= self.tolerance < float("inf"):
            raise SpecError(f"numeric: tolerance={self.tolerance} must be zero or a positive number")

    def __call__(self, items: Sequence[Item], /) -> Scores:
        def measure(text: str, references: tuple[str, ...]) -> Measured:
            wanted = [numbers[-1] for numbers in map(numbers_in, references) if numbers]
            if not wanted:
                return Unscored("the references hold no number")
            found = numbers_in(text)
            if self.take != "any":
                found = found[-1:] if self.take == "last" else found[:1]
            return float(any(self._equal(one, right) for one in found for right in wanted))

        return against_references(items, measure)

    def _equal(self, found: Decimal, wanted: Decimal) -> bool:
        if found == wanted or not self.tolerance:
            return found == wanted
        return abs(float(found) - float(wanted)) <= self.tolerance * abs(float(wanted)) < math.inf


def numbers_in(text: str) -> list[Decimal]:
    """The decimal numbers written in a text, in order; ``100,200`` is read with a thousands comma."""
    return [Decimal(match.group().replace(",", "").replace("\u2212", "-")) for match in NUMBER.finditer(text)]
