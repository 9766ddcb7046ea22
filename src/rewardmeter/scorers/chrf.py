"""chrF and chrF++ (Popović 2015, 2017), many sentences at once. May import `ngrams`, `pointwise` and `errors` of ours.

The same numbers as sacrebleu's sentence chrF: the counts are equal integers, the formula is computed in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import punctuation
from typing import ClassVar

import numpy as np

from rewardmeter.errors import SpecError
from rewardmeter.scorers.ngrams import Overlap, batches, character_pairs, overlap, word_pairs
from rewardmeter.scorers.pointwise import (
    NO_REFERENCE,
    Measured,
    Pointwise,
    changed_options,
    scores_of,
    spec_of,
    usable_references,
)
from rewardmeter.scoring import Laws
from rewardmeter.types import FloatArray, Item, Scores

__all__ = ["ChrF", "chrf_plus_plus"]

PUNCTUATION = frozenset(punctuation)


@dataclass(frozen=True)
class ChrF(Pointwise):
    """Character n-gram F-score against the references, in [0, 100]; of several references the best counts.

    Precision and recall are averaged over the orders that both texts are long enough for, then combined:
    ``100 (1 + β²) P R / (β² P + R)`` (Popović 2015, equation 1). An empty response scores 0.

    Parameters
    ----------
    char_order:
        Longest character n-gram.
    word_order:
        Longest word n-gram; 2 is chrF++ (Popović 2017).
    beta:
        How many times as important recall is as precision.
    lowercase:
        Compare lower-cased texts.
    whitespace:
        Let white space be part of character n-grams.
    """

    family: ClassVar[str] = "chrf"
    reads: ClassVar[frozenset[str]] = frozenset({"response", "references"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    char_order: int = 6
    word_order: int = 0
    beta: float = 2.0
    lowercase: bool = False
    whitespace: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.char_order <= 100 or not 0 <= self.word_order <= 100:
            raise SpecError("chrf: char_order must be 1 to 100, word_order 0 to 100")
        if not 0 <= self.beta < float("inf"):
            raise SpecError(f"chrf: beta={self.beta} must be zero or a positive number")

    @property
    def name(self) -> str:
        """``chrf`` or ``chrf++`` with the options that are not at their default."""
        options = changed_options(self)
        if self.word_order != 2:
            return spec_of("chrf", options)
        del options["word_order"]
        return spec_of("chrf++", options)

    def __call__(self, items: Sequence[Item], /) -> Scores:
        left: list[str] = []
        right: list[str] = []
        group: list[int] = []  # position of the first pair of each scored response
        measured: list[Measured] = []
        for item in items:
            references = usable_references(item)
            for response in item.responses:
                measured.append(0.0 if references else NO_REFERENCE)
                if references:
                    group.append(len(left))
                    left.extend([response.text] * len(references))
                    right.extend(references)
        if group:
            best = iter(np.maximum.reduceat(self._of_pairs(left, right), group).tolist())
            measured = [next(best) if one is not NO_REFERENCE else one for one in measured]
        return scores_of(measured)

    def _of_pairs(self, left: Sequence[str], right: Sequence[str]) -> FloatArray:
        if self.lowercase:
            left, right = [text.lower() for text in left], [text.lower() for text in right]
        parts = [
            self._of_batch(left[run], right[run])
            for run in batches([len(a) + len(b) for a, b in zip(left, right, strict=True)])
        ]
        return np.concatenate(parts)

    def _of_batch(self, *sides: Sequence[str]) -> FloatArray:
        letters = character_pairs(*(sides if self.whitespace else map(_without_space, sides)))
        counts = [overlap(letters, range(1, self.char_order + 1))]
        if self.word_order:
            words = word_pairs(*([_words(text) for text in side] for side in sides))
            counts.append(overlap(words, range(1, self.word_order + 1)))
        return _f_score(counts, self.beta)


def chrf_plus_plus(char_order: int = 6, beta: float = 2.0, lowercase: bool = False, whitespace: bool = False) -> ChrF:
    """chrF++: character n-grams up to 6 and word n-grams up to 2 (Popović 2017)."""
    return ChrF(char_order, 2, beta, lowercase, whitespace)


def _without_space(texts: Sequence[str]) -> list[str]:
    return ["".join(text.split()) for text in texts]


def _words(text: str) -> list[str]:
    """Words with one punctuation mark split off, at the end or else at the beginning (Popović 2017, section 2)."""
    words: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in PUNCTUATION:
            words += (word[:-1], word[-1])
        elif len(word) > 1 and word[0] in PUNCTUATION:
            words += (word[0], word[1:])
        else:
            words.append(word)
    return words


def _f_score(counts: Sequence[Overlap], beta: float) -> FloatArray:
    """F-score per pair; an order counts where both sides have at least one n-gram."""
    orders, precision, recall = np.zeros((3, counts[0].matches.shape[1]))
    for count in counts:
        # Added order by order, as sacrebleu does: NumPy's sum would round differently for batches of other shapes.
        for left, right, matches in zip(count.left, count.right, count.matches, strict=True):
            used = (left > 0) & (right > 0)
            orders += used
            precision += np.where(used, matches / np.maximum(left, 1), 0.0)
            recall += np.where(used, matches / np.maximum(right, 1), 0.0)
    precision /= np.maximum(orders, 1)
    recall /= np.maximum(orders, 1)
    factor = beta**2
    weighted = factor * precision + recall
    score = (1 + factor) * precision * recall / np.where(weighted > 0, weighted, 1.0)
    return np.asarray(100 * score, dtype=np.float64)
