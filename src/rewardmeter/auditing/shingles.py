"""Texts as sets of their pieces. May import `stats`.

A shingle is a run of characters, or of words, of a fixed length (Broder 1997). What looks the same to a reader is made
the same first: NFKC, case folded, each run of white space a space.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rewardmeter.scorers.surface import TOKEN
from rewardmeter.stats.set_join import ElementSets

__all__ = ["ShingleKind", "normalised", "shingle_sets"]

ShingleKind = Literal["characters", "words"]
SIZES = {"characters": 5, "words": 3}
_ASCII_TOKEN = re.compile(r"\w+|[^\w\s]")  # what `TOKEN` finds where there are no ideographs, in less time
_SPACE = re.compile(r"\s+")
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio
_MIX = np.uint64(0xBF58476D1CE4E5B9)  # of SplitMix64 (Steele et al. 2014)


def normalised(text: str) -> str:
    """The text as it is compared: NFKC, case folded, NFKC again, runs of white space as one space, none at the ends."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _SPACE.sub(" ", folded).strip()


def shingle_sets(texts: Sequence[str], kind: ShingleKind = "characters", size: int | None = None) -> ElementSets:
    """One set of 64-bit hashes for each text, of its runs of 5 characters or of 3 words, or of ``size`` of them.

    A text shorter than that is one shingle; an empty one has none. Words are runs of letters and digits, ideographs,
    kana and punctuation marks one by one.
    """
    length = SIZES[kind] if size is None else size
    if length < 1:
        raise ValueError(f"shingles of {length} {kind} make no sense")
    codes = _codes if kind == "characters" else _WordCodes()
    return ElementSets.of([_hashes(codes(text), length) for text in texts])


def _codes(text: str) -> NDArray[np.uint64]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)


class _WordCodes:
    """A number for each word, the same in every text and every process."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __call__(self, text: str) -> NDArray[np.uint64]:
        known = self._known
        words = (_ASCII_TOKEN if text.isascii() else TOKEN).findall(text)
        for word in words:
            if word not in known:
                digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
                known[word] = int.from_bytes(digest, "little")
        return np.array([known[word] for word in words], dtype=np.uint64)


def _hashes(codes: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    """A 64-bit hash of each run of ``length`` codes; of all of them where there are fewer."""
    if not len(codes):
        return codes
    length = min(length, len(codes))
    runs = len(codes) - length + 1
    made = np.full(runs, length, dtype=np.uint64)
    for offset in range(length):
        made *= _ODD
        made += codes[offset : offset + runs]
    made ^= made >> np.uint64(30)
    made *= _MIX
    made ^= made >> np.uint64(27)
    return made
