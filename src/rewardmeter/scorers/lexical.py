"""BLEU and TER of single responses, by sacrebleu. May import `pointwise`, `scoring`, `types`, `errors` of ours.

sacrebleu's own signature is part of each scorer's, so a score says with which tokenizer, smoothing and version it was
made. Blank references are left out; sacrebleu would count them as references of length zero.
"""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.pointwise import Measured, Pointwise, Unscored, against_references
from rewardmeter.scoring import Laws
from rewardmeter.types import Item, Scores, Signature

__all__ = ["Bleu", "Ter"]

TOKENIZERS = ("13a", "char", "intl", "none", "zh")
SMOOTHING = ("exp", "floor", "add-k", "none")
LARGEST_TER = 25_000_000
"""Words of a response times words of a reference: beyond it, the search for shifts does not end in reasonable time."""


class SacrebleuScorer(Pointwise):
    """A sentence score of sacrebleu; subclasses make the metric and name what the score says."""

    reads: ClassVar[frozenset[str]] = frozenset({"response", "references"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    @cached_property
    def metric(self) -> Any:
        """The sacrebleu metric object."""
        return self.make_metric()

    @abstractmethod
    def make_metric(self) -> Any:
        """A new sacrebleu metric with this scorer's options."""

    @abstractmethod
    def measure(self, text: str, references: tuple[str, ...]) -> Measured:
        """The score of one text."""

    def __call__(self, items: Sequence[Item], /) -> Scores:
        try:
            return against_references(items, self.measure)
        finally:
            _forget_texts(self.metric.tokenizer)

    def __getstate__(self) -> dict[str, object]:
        return {option.name: getattr(self, option.name) for option in dataclasses.fields(self)}  # type: ignore[arg-type]

    def signature(self) -> Signature:
        """Name and the parts of sacrebleu's signature; how many references an item has belongs to the data."""
        self.metric.num_refs = -1
        parts = {key: value for key, value in self.metric.get_signature().info.items() if value is not None}
        del parts["nrefs"]
        version = str(parts.pop("version"))
        return Signature(self.name, {**parts, **self._more_options()}, f"{self.revision} sacrebleu-{version}")

    def _more_options(self) -> dict[str, object]:
        """Options that sacrebleu's signature leaves out."""
        return {}


def _forget_texts(tokenizer: Any) -> None:
    """Empty sacrebleu's tokenizer caches, which would keep the last 65,536 texts in memory."""
    for part in (tokenizer, *vars(tokenizer).values()):
        cached = vars(type(part)).get("__call__")
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()


@dataclass(frozen=True)
class Bleu(SacrebleuScorer):
    """Sentence BLEU against all references together, in [0, 100] (Papineni et al. 2002; Post 2018).

    Equals ``sacrebleu.sentence_bleu`` for the same options: exponential smoothing and effective order, that is, orders
    longer than the response are left out. An empty response scores 0.

    Parameters
    ----------
    tokenize:
        sacrebleu's tokenizer: 13a, char, intl, none or zh.
    smooth:
        Smoothing of n-grams without a match: exp, floor, add-k or none.
    lowercase:
        Compare lower-cased texts.
    max_order:
        Longest n-gram.
    """

    family: ClassVar[str] = "bleu"

    tokenize: str = "13a"
    smooth: str = "exp"
    lowercase: bool = False
    max_order: int = 4

    def __post_init__(self) -> None:
        if self.tokenize not in TOKENIZERS:
            raise UnknownNameError("tokenizer for bleu", self.tokenize, TOKENIZERS)
        if self.smooth not in SMOOTHING:
            raise UnknownNameError("smoothing for bleu", self.smooth, SMOOTHING)
        if self.max_order < 1:
            raise SpecError(f"bleu: max_order={self.max_order} must be at least 1")

    def make_metric(self) -> Any:
        from sacrebleu.metrics.bleu import BLEU

        return BLEU(
            lowercase=self.lowercase,
            tokenize=self.tokenize,
            smooth_method=self.smooth,
            max_ngram_order=self.max_order,
            effective_order=True,
            force=True,
        )

    def _more_options(self) -> dict[str, object]:
        return {"order": self.max_order}

    def measure(self, text: str, references: tuple[str, ...]) -> Measured:
        return float(self.metric.sentence_score(text, references).score)


@dataclass(frozen=True)
class Ter(SacrebleuScorer):
    """Translation edit rate, negated so that greater is better: −100 · edits / mean reference length, at most 0.

    Equals ``−sacrebleu.sentence_ter`` (Snover et al. 2006). Against one reference, an empty response has −100, and so
    has one without a common word that is not longer; there is no lower bound. Texts too long to compare fail.

    Parameters
    ----------
    normalized:
        Tercom's normalisation of punctuation and entities.
    no_punct:
        Leave punctuation out.
    asian_support:
        Split East Asian characters (with ``normalized``) and drop their punctuation (with ``no_punct``).
    case_sensitive:
        Let case matter.
    """

    family: ClassVar[str] = "ter"

    normalized: bool = False
    no_punct: bool = False
    asian_support: bool = False
    case_sensitive: bool = False

    def make_metric(self) -> Any:
        from sacrebleu.metrics.ter import TER

        return TER(self.normalized, self.no_punct, self.asian_support, self.case_sensitive)

    def measure(self, text: str, references: tuple[str, ...]) -> Measured:
        words, most = len(text.split()), max(len(reference.split()) for reference in references)
        if words * most > LARGEST_TER:
            return Unscored(f"too long for TER: {words:,} × {most:,} words are more than {LARGEST_TER:,}")
        edits = self.metric.sentence_score(text, references)
        if not edits.ref_length:
            return Unscored("the references have no words once punctuation is left out")
        return -float(edits.score) + 0.0  # no negative zero
