"""ROUGE-N, ROUGE-L and summary-level ROUGE-L (Lin 2004).

May import `lcs`, `porter`, `pointwise`, `types`, `scoring` and `errors` of ours.

The same numbers as the package rouge-score: texts are lower-cased and only ``a-z`` and ``0-9`` make tokens. Where the
references hold nothing to match (no Latin letters, or one word for ROUGE-2) that package says 0; here the score is
undefined, so the scorer abstains.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers import porter
from rewardmeter.scorers.lcs import common_positions, lcs_length, positions_of
from rewardmeter.scorers.pointwise import (
    NO_REFERENCE,
    Measured,
    Pointwise,
    Unscored,
    changed_options,
    scores_of,
    spec_of,
    usable_references,
)
from rewardmeter.scoring import Laws
from rewardmeter.types import Item, Outcome, Scores

__all__ = ["RougeL", "RougeLsum", "RougeN", "rouge_1", "rouge_2"]

TOKEN = re.compile("[a-z0-9]+")
NOTHING_TO_MATCH = Unscored("the references are too short: ROUGE matches runs of a-z and 0-9", Outcome.ABSTAINED)
MEASURES = ("f1", "recall", "precision")
SEVERAL = ("best", "pooled")


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
    """The walk that all variants share, with their options.

    Parameters
    ----------
    measure:
        f1, recall or precision. An empty response scores 0 on each.
    stem:
        Reduce tokens of more than three characters to their stems (English only).
    several:
        What becomes of several references. ``best``: the one with the best F1 counts, as in rouge-score. ``pooled``:
        matches and sizes are added up over all of them, as in ROUGE-1.5.5 with ``-f A``.
    """

    reads: ClassVar[frozenset[str]] = frozenset({"response", "references"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)
    measure: str
    stem: bool
    several: str

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise UnknownNameError(f"measure of {self.family}", self.measure, MEASURES)
        if self.several not in SEVERAL:
            raise UnknownNameError(f"treatment of several references in {self.family}", self.several, SEVERAL)

    @abstractmethod
    def matcher(self, reference: str) -> Matcher | None:
        """What compares a response with this reference; None if the reference has no unit."""

    def tokens(self, text: str) -> list[str]:
        """The text's tokens."""
        found = TOKEN.findall(text.lower())
        return [porter.stem(token) if len(token) > 3 else token for token in found] if self.stem else found

    def lines(self, text: str) -> list[list[str]]:
        """The tokens of each line that has any."""
        return [tokens for tokens in map(self.tokens, text.split("\n")) if tokens]

    def __call__(self, items: Sequence[Item], /) -> Scores:
        measured: list[Measured] = []
        for item in items:
            references = usable_references(item)
            matchers = [matcher for matcher in map(self.matcher, references) if matcher]
            if matchers:
                measured.extend(self._of_all(response.text, matchers) for response in item.responses)
            else:
                measured.extend([NOTHING_TO_MATCH if references else NO_REFERENCE] * len(item.responses))
        return scores_of(measured)

    def _of_all(self, text: str, matchers: Sequence[Matcher]) -> float:
        matches = [matcher(text) for matcher in matchers]
        if self.several == "pooled":
            match = Match(*map(sum, zip(*matches, strict=True)))
        else:
            match = max(matches, key=lambda one: one.f1)
        return float(getattr(match, self.measure))


@dataclass(frozen=True)
class RougeN(Rouge):
    """Overlap of token n-grams with the references, in [0, 1] (Lin 2004, section 2); options as for `Rouge`."""

    family: ClassVar[str] = "rouge"

    n: int = 1
    measure: str = "f1"
    stem: bool = False
    several: str = "best"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n < 1:
            raise SpecError(f"rouge-{self.n}: the order must be at least 1")

    @property
    def name(self) -> str:
        """``rouge-1`` or ``rouge-2`` with the options that are not at their default."""
        return spec_of(f"rouge-{self.n}", {key: value for key, value in changed_options(self).items() if key != "n"})

    def matcher(self, reference: str) -> Matcher | None:
        known = Counter(self._ngrams(reference))
        size = known.total()

        def match(text: str) -> Match:
            found = self._ngrams(text)
            shared = sum([min(count, known[ngram]) for ngram, count in Counter(found).items() if ngram in known])
            return Match(shared, len(found), size)

        return match if size else None

    def _ngrams(self, text: str) -> Sequence[object]:
        tokens = self.tokens(text)
        return tokens if self.n == 1 else list(zip(*(tokens[start:] for start in range(self.n)), strict=False))


def rouge_1(measure: str = "f1", stem: bool = False, several: str = "best") -> RougeN:
    """ROUGE-1: overlap of tokens."""
    return RougeN(1, measure, stem, several)


def rouge_2(measure: str = "f1", stem: bool = False, several: str = "best") -> RougeN:
    """ROUGE-2: overlap of token pairs."""
    return RougeN(2, measure, stem, several)


@dataclass(frozen=True)
class RougeL(Rouge):
    """Longest common subsequence of tokens with the references, in [0, 1] (Lin 2004, section 3.1).

    F1 weighs precision and recall equally (β = 1); options as for `Rouge`.
    """

    family: ClassVar[str] = "rouge-l"

    measure: str = "f1"
    stem: bool = False
    several: str = "best"

    def matcher(self, reference: str) -> Matcher | None:
        tokens = self.tokens(reference)
        where = positions_of(tokens)

        def match(text: str) -> Match:
            found = self.tokens(text)
            return Match(lcs_length(where, len(tokens), found), len(found), len(tokens))

        return match if tokens else None


@dataclass(frozen=True)
class RougeLsum(Rouge):
    """Summary-level ROUGE-L, in [0, 1]: lines are sentences, and their common subsequences are united.

    Lin 2004, section 3.2: for each line of the reference, the tokens count that lie on its longest common subsequence
    with any line of the response, each at most as often as both texts hold it. Options as for `Rouge`.
    """

    family: ClassVar[str] = "rouge-lsum"

    measure: str = "f1"
    stem: bool = False
    several: str = "best"

    def matcher(self, reference: str) -> Matcher | None:
        lines = self.lines(reference)
        size = sum(map(len, lines))

        def match(text: str) -> Match:
            found = self.lines(text)
            return Match(_united_hits(lines, found), sum(map(len, found)), size)

        return match if size else None


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
