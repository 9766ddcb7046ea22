"""How many tokens a text may have, without its model's tokenizer. Imports nothing of ours."""

from __future__ import annotations

__all__ = ["BYTES_PER_TOKEN", "estimated_tokens"]

BYTES_PER_TOKEN = 3
"""On the safe side: English prose has 4 to 5 bytes to a token, code and numbers about 3, ideographs about 3."""


def estimated_tokens(text: str) -> int:
    """UTF-8 bytes over 3, rounded up: an estimate that is rarely too low, not a bound."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)
