"""Word lists as they are kept in the source: words between blanks. Imports nothing of ours."""

from __future__ import annotations

__all__ = ["word_set"]


def word_set(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())
