"""Rules that look at the surface of a response: how long, how marked up, how repetitive. They know nothing of content.

They stand on every board as baselines: a scorer that does not beat them has not been shown to judge content. Each is a
count or a ratio, greater for more of what it names; a leading ``-`` in the spec turns it round. May import `pointwise`,
`types` and `scoring` of ours.
"""

from __future__ import annotations

import re
import zlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rewardmeter.errors import SpecError
from rewardmeter.scorers.emoji import EMOJI
from rewardmeter.scorers.pointwise import Measured, Pointwise, Unscored, scores_of
from rewardmeter.scoring import Laws
from rewardmeter.types import Item, Outcome, Scores

__all__ = [
    "Compression",
    "Emoji",
    "Headings",
    "Length",
    "Lists",
    "Markdown",
    "Repetition",
    "Sentences",
    "Steps",
    "Tokens",
    "TypeTokenRatio",
    "Words",
]

IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
TOKEN = re.compile(rf"[{IDEOGRAPHS}]|[^\W{IDEOGRAPHS}]+|[^\w\s]")
WORD = re.compile(r"\w+")
SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s)|[。！？]+")
HEADING = re.compile(r"^ {0,3}#{1,6}(?=[ \t])", re.MULTILINE)
LIST_ENTRY = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,9}[.)])(?=[ \t])", re.MULTILINE)
INLINE_MARK = re.compile(
    r"^```|^~~~"  # fence of a code block
    r"|^[ \t]*>"  # block quote
    r"|^[ \t]*\|.*\|[ \t]*$"  # table row
    r"|\*\*[^*\n]+\*\*|__[^_\n]+__"  # bold
    r"|`[^`\n]+`"  # code
    r"|\[[^\[\]\n]*\]\([^()\n]*\)",  # link
    re.MULTILINE,
)


class SurfaceRule(Pointwise):
    """A number computed from the text of one response."""

    @abstractmethod
    def measure(self, text: str) -> Measured:
        """The rule's value for one text."""

    def __call__(self, items: Sequence[Item], /) -> Scores:
        measure = self.measure
        return scores_of([measure(response.text) for item in items for response in item.responses])


@dataclass(frozen=True)
class Length(SurfaceRule):
    """Characters (Unicode code points) of the response, white space included."""

    family: ClassVar[str] = "length"

    def measure(self, text: str) -> Measured:
        return len(text)


@dataclass(frozen=True)
class Words(SurfaceRule):
    """Runs of characters between white space. A text in a script without spaces counts as few words; use `Tokens`."""

    family: ClassVar[str] = "words"

    def measure(self, text: str) -> Measured:
        return len(text.split())


@dataclass(frozen=True)
class Tokens(SurfaceRule):
    """Words and punctuation marks, each ideograph and kana on its own; not the tokens of any model."""

    family: ClassVar[str] = "tokens"

    def measure(self, text: str) -> Measured:
        return sum(1 for _ in TOKEN.finditer(text))


@dataclass(frozen=True)
class Sentences(SurfaceRule):
    """Sentences, counted by their final marks.

    A run of ``. ! ? …`` ends one where white space follows, ``。！？`` end one anywhere, and the end of the text ends
    the last. Abbreviations count as ends, decimal points do not. An empty text has no sentence.
    """

    family: ClassVar[str] = "sentences"

    def measure(self, text: str) -> Measured:
        body = text.strip()
        ends = [match.end() for match in SENTENCE_END.finditer(body)]
        return len(ends) + (len(body) > (ends[-1] if ends else 0))


@dataclass(frozen=True)
class Steps(SurfaceRule):
    """Lines that are not blank: the steps of a solution written one to a line."""

    family: ClassVar[str] = "steps"

    def measure(self, text: str) -> Measured:
        return sum(1 for line in text.splitlines() if line.strip())


@dataclass(frozen=True)
class Headings(SurfaceRule):
    """Markdown headings: lines that open with one to six ``#`` and a space."""

    family: ClassVar[str] = "headings"

    def measure(self, text: str) -> Measured:
        return sum(1 for _ in HEADING.finditer(text))


@dataclass(frozen=True)
class Lists(SurfaceRule):
    """Entries of lists: lines that open with ``-``, ``*``, ``+``, ``•`` or a number and a dot or bracket."""

    family: ClassVar[str] = "lists"

    def measure(self, text: str) -> Measured:
        return sum(1 for _ in LIST_ENTRY.finditer(text))


@dataclass(frozen=True)
class Markdown(SurfaceRule):
    """Markdown marks of all kinds: headings, list entries, bold, code spans, fences, quotes, table rows, links."""

    family: ClassVar[str] = "markdown"

    def measure(self, text: str) -> Measured:
        return sum(1 for pattern in (HEADING, LIST_ENTRY, INLINE_MARK) for _ in pattern.finditer(text))


@dataclass(frozen=True)
class Emoji(SurfaceRule):
    """Emoji as a reader sees them: a flag, a keycap or a joined family counts once (Unicode TS #51, section 1.4.9)."""

    family: ClassVar[str] = "emoji"

    def measure(self, text: str) -> Measured:
        return 0 if text.isascii() else sum(1 for _ in EMOJI.finditer(text))


@dataclass(frozen=True)
class TypeTokenRatio(SurfaceRule):
    """Distinct words over words, in (0, 1], case folded unless ``ignore_case=false``. It falls as texts grow longer.

    Undefined, hence abstained, for a text without words.
    """

    family: ClassVar[str] = "type-token-ratio"
    ignore_case: bool = True

    def measure(self, text: str) -> Measured:
        words = WORD.findall(text.casefold() if self.ignore_case else text)
        return len(set(words)) / len(words) if words else Unscored("no words", Outcome.ABSTAINED)


@dataclass(frozen=True)
class Repetition(SurfaceRule):
    """Share of word n-grams that have occurred before in the response: 1 − distinct / all, in [0, 1).

    This is the complement of distinct-n (Li et al. 2016, section 5.1), case folded. Undefined, hence abstained, for a
    text with fewer than ``n`` words.
    """

    family: ClassVar[str] = "repetition"
    n: int = 3

    def __post_init__(self) -> None:
        if self.n < 1:
            raise SpecError(f"repetition: n={self.n} must be at least 1")

    def measure(self, text: str) -> Measured:
        words = WORD.findall(text.casefold())
        count = len(words) - self.n + 1
        if count < 1:
            return Unscored(f"fewer than {self.n} words", Outcome.ABSTAINED)
        return 1 - len(set(zip(*(words[start:] for start in range(self.n)), strict=False))) / count


@dataclass(frozen=True)
class Compression(SurfaceRule):
    """Compression ratio: bytes of the text in UTF-8 over bytes after zlib at level 9 (Shaib et al. 2024, section 3).

    Greater is more redundant. Short texts lie below 1 since the format has a header; an empty text has ratio 0.
    """

    family: ClassVar[str] = "compression"
    laws: ClassVar[Laws] = Laws(cpu_bound=True)
    revision: ClassVar[str] = f"1 zlib-{zlib.ZLIB_RUNTIME_VERSION}"

    def measure(self, text: str) -> Measured:
        raw = text.encode("utf-8", "surrogatepass")
        return len(raw) / len(zlib.compress(raw, 9))
