"""ROUGE-N, ROUGE-L and summary-level ROUGE-L (Lin 2004). May import `lcs`, `pointwise`, `types`, `scorer`, `errors`.

The same numbers as the package rouge-score without stemming: texts are lower-cased and only ``a-z`` and ``0-9`` make
tokens. Where the references hold nothing to match (no Latin letters, or one word for ROUGE-2) that package says 0; here
the score is undefined, so the scorer abstains.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorer import Laws
from rewardmeter.scorers.lcs import common_positions, lcs_length, positions_of
from rewardmeter.scorers.pointwise import NO_REFERENCE, Measured, Pointwise, Unscored, scores_of, usable_references
from rewardmeter.types import Item, Outcome, Scores

__all__ = ["RougeL", "RougeLsum", "RougeN", "rouge_1", "rouge_2"]

TOKEN = re.compile("[a-z0-9]+")
NOTHING_TO_MATCH = Unscored("the references are too short: ROUGE matches runs of a-z and 0-9", Outcome.ABSTAINED)
MEASURES = ("f1", "recall", "precision")


class Match(NamedTuple):
    """How many units (n-grams, tokens) response and reference share, and how many each has."""

    shared: int
    response: int
    reference: int

    @property
    def precision(self) -> float:
        """Share of the response's units that match; 0 for a response without units."""
        return self.shared / self.response if self.response else 0.0

    @property
    def recall(self) -> float:
        """Share of the reference's units that match."""
        return self.shared / self.reference

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where nothing matches."""
        precision, recall = self.precision, self.recall
        return 2 * precision * recall / (precision + recall) if self.shared else 0.0


Matcher = Callable[[str], Match]


class Rouge(Pointwise):
    """The walk that all variants share: each reference is prepared once, and the one with the best F1 counts."""

    reads: ClassVar[frozenset[str]] = frozenset({"response", "references"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)
    measure: str

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise UnknownNameError(f"measure of {self.family}", self.measure, MEASURES)

    def matcher(self, reference: str) -> Matcher | None:
        """What compares a response with this reference; None if the reference has no unit."""
        raise NotImplementedError

    def __call__(self, items: Sequence[Item], /) -> Scores:
        measured: list[Measured] = []
        for item in items:
            references = usable_references(item)
            matchers = [matcher for matcher in map(self.matcher, references) if matcher]
            if matchers:
                measured.extend(self._best(response.text, matchers) for response in item.responses)
            else:
                measured.extend([NOTHING_TO_MATCH if references else NO_REFERENCE] * len(item.responses))
        return scores_of(measured)

    def _best(self, text: str, matchers: Sequence[Matcher]) -> float:
        best = max((matcher(text) for matcher in matchers), key=lambda match: match.f1)
        return float(getattr(best, self.measure))


@dataclass(frozen=True)
class RougeN(Rouge):
    """Overlap of token n-grams with the reference, in [0, 1] (Lin 2004, section 2).

    Parameters
    ----------
    n:
        Order of the n-grams, part of the name: ``rouge-1``, ``rouge-2``.
    measure:
        f1, recall or precision, of the reference that has the best F1. An empty response scores 0.
    """

    family: ClassVar[str] = "rouge"
    n: int = 1
    measure: str = "f1"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n < 1:
            raise SpecError(f"rouge-{self.n}: the order must be at least 1")

    @property
    def name(self) -> str:
        """``rouge-1`` or ``rouge-2`` with the measure where it is not F1."""
        return f"rouge-{self.n}" + (f"?measure={self.measure}" if self.measure != "f1" else "")

    def matcher(self, reference: str) -> Matcher | None:
        known = Counter(_ngrams(reference, self.n))
        n, size = self.n, known.total()

        def match(text: str) -> Match:
            found = _ngrams(text, n)
            shared = sum([min(count, known[ngram]) for ngram, count in Counter(found).items() if ngram in known])
            return Match(shared, len(found), size)

        return match if size else None


def rouge_1(measure: str = "f1") -> RougeN:
    """ROUGE-1: overlap of tokens."""
    return RougeN(1, measure)


def rouge_2(measure: str = "f1") -> RougeN:
    """ROUGE-2: overlap of token pairs."""
    return RougeN(2, measure)


@dataclass(frozen=True)
class RougeL(Rouge):
    """Longest common subsequence of tokens with the reference, in [0, 1] (Lin 2004, section 3.1).

    F1 weighs precision and recall equally (β = 1). ``measure`` as for `RougeN`.
    """

    family: ClassVar[str] = "rouge-l"
    measure: str = "f1"

    def matcher(self, reference: str) -> Matcher | None:
        tokens = _tokens(reference)
        where = positions_of(tokens)

        def match(text: str) -> Match:
            found = _tokens(text)
            return Match(lcs_length(where, len(tokens), found), len(found), len(tokens))

        return match if tokens else None


@dataclass(frozen=True)
class RougeLsum(Rouge):
    """Summary-level ROUGE-L, in [0, 1]: lines are sentences, and their common subsequences are united.

    Lin 2004, section 3.2: for each line of the reference, the tokens count that lie on its longest common subsequence
    with any line of the response, each at most as often as both texts hold it. ``measure`` as for `RougeN`.
    """

    family: ClassVar[str] = "rouge-lsum"
    measure: str = "f1"

    def matcher(self, reference: str) -> Matcher | None:
        lines = [tokens for tokens in map(_tokens, reference.split("\n")) if tokens]
        size = sum(map(len, lines))

        def match(text: str) -> Match:
            found = [tokens for tokens in map(_tokens, text.split("\n")) if tokens]
            return Match(_united_hits(lines, found), sum(map(len, found)), size)

        return match if size else None


def _tokens(text: str) -> list[str]:
    return TOKEN.findall(text.lower())


def _ngrams(text: str, n: int) -> Sequence[object]:
    tokens = _tokens(text)
    return tokens if n == 1 else list(zip(*(tokens[start:] for start in range(n)), strict=False))


def _united_hits(reference: Sequence[list[str]], response: Sequence[list[str]]) -> int:
    left_in_reference = Counter(token for line in reference for token in line)
    left_in_response = Counter(token for line in response for token in line)
    candidates = [(positions_of(line), line) for line in response]
    hits = 0
    for line in reference:
        united: set[int] = set()
        for where, other in candidates:
            united |= common_positions(line, where, len(other))
        for position in sorted(united):
            token = line[position]
            if left_in_response[token] > 0 and left_in_reference[token] > 0:
                hits += 1
                left_in_response[token] -= 1
                left_in_reference[token] -= 1
    return hits
