"""Every kind of scorer, by name. Importing this package imports none of them.

`CATALOGUE` is what the registry in `scoring` reads; one module holds one family. Those that need no weights stand here,
the others in a folder by kind, whose ``FAMILIES`` are part of the catalogue. May import `scoring` of ours.
"""

from __future__ import annotations

from rewardmeter.scorers import conversions, judges, models, programs, remote
from rewardmeter.scoring import Family

__all__ = ["CATALOGUE"]

_HERE = "rewardmeter.scorers"
_WITH_REFERENCES = ("response", "references")


def _surface(name: str, factory: str, summary: str) -> Family:
    return Family(name, f"{_HERE}.surface:{factory}", summary, group="surface")


def _reference(name: str, factory: str, summary: str, group: str = "overlap") -> Family:
    return Family(name, f"{_HERE}.{factory}", summary, reads=_WITH_REFERENCES, group=group)


CATALOGUE: tuple[Family, ...] = (
    _surface("length", "Length", "characters"),
    _surface("words", "Words", "words between white space"),
    _surface("tokens", "Tokens", "words, punctuation marks and single ideographs"),
    _surface("sentences", "Sentences", "sentences, counted by final marks"),
    _surface("steps", "Steps", "lines that are not blank"),
    _surface("markdown", "Markdown", "Markdown marks of all kinds"),
    _surface("headings", "Headings", "Markdown headings"),
    _surface("lists", "Lists", "list entries"),
    _surface("emoji", "Emoji", "emoji"),
    _surface("type-token-ratio", "TypeTokenRatio", "distinct words over words"),
    _surface("repetition", "Repetition", "share of word n-grams that occurred before"),
    _surface("compression", "Compression", "bytes over zlib-compressed bytes"),
    _reference("bleu", "lexical:Bleu", "sentence BLEU by sacrebleu"),
    _reference("chrf", "chrf:ChrF", "character n-gram F-score"),
    _reference("chrf++", "chrf:chrf_plus_plus", "character and word n-gram F-score"),
    _reference("ter", "lexical:Ter", "translation edit rate by sacrebleu, negated"),
    _reference("rouge-1", "rouge:rouge_1", "token overlap"),
    _reference("rouge-2", "rouge:rouge_2", "token pair overlap"),
    _reference("rouge-l", "rouge:RougeL", "longest common subsequence"),
    _reference("rouge-lsum", "rouge:RougeLsum", "longest common subsequence, line by line"),
    _reference("exact", "match:Exact", "equal to a reference", group="match"),
    _reference("numeric", "match:Numeric", "the reference's number", group="match"),
    Family("regex", f"{_HERE}.match:regex", "a pattern is found", takes_target=True, group="match"),
    Family(
        "recorded",
        f"{_HERE}.recorded:needs_dataset",
        "scores that the data carries (all, or recorded:NAME) or a file holds (recorded:FILE)",
        reads=(),
        takes_target=True,
        group="recorded",
    ),
    *programs.FAMILIES,
    *models.FAMILIES,
    *judges.FAMILIES,
    *remote.FAMILIES,
    *conversions.FAMILIES,
    Family(
        "combined",
        "rewardmeter.calibration:load_combined",
        "several scorers as one, by the file that 'rewardmeter combine' makes",
        reads=(),
        takes_target=True,
        group="conversion",
    ),
)
"""Every built-in family, in the order of lists."""
