"""How a tokenizer joins two texts into one input, read from what it does. Imports nothing heavy of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rewardmeter.errors import SpecError

__all__ = ["PairFrame", "pair_frame"]


@dataclass(frozen=True)
class PairFrame:
    """The special tokens before, between and after two texts, and the token types of all five parts.

    Attributes
    ----------
    before, between, after:
        Token ids.
    types:
        Token type of: before, first text, between, second text, after; None for models that take none. A part of
        several special tokens has one type each.
    """

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    types: tuple[tuple[int, ...], int, tuple[int, ...], int, tuple[int, ...]] | None

    @property
    def specials(self) -> int:
        """How many special tokens a pair takes."""
        return len(self.before) + len(self.between) + len(self.after)

    def join(self, first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
        """Token ids of a pair."""
        return (*self.before, *first, *self.between, *second, *self.after)

    def token_types(self, first: int, second: int) -> list[int]:
        """Token types of a pair whose texts have so many tokens."""
        if self.types is None:
            raise ValueError("the model takes no token types")
        before, one, between, two, after = self.types
        return [*before, *[one] * first, *between, *[two] * second, *after]


def pair_frame(tokenizer: Any) -> PairFrame:
    """The frame that the tokenizer puts around two texts.

    Raises
    ------
    SpecError
        If the tokenizer does not say which token is whose, as slow ones.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise SpecError(f"the tokenizer {type(tokenizer).__name__} is not a fast one: pairs cannot be put together")
    encoded = tokenizer("a", "b")
    ids, owners = encoded["input_ids"], encoded.sequence_ids(0)
    given = encoded.get("token_type_ids") if "token_type_ids" in tokenizer.model_input_names else None
    first, second = owners.index(0), owners.index(1)
    last_first, last_second = len(owners) - 1 - owners[::-1].index(0), len(owners) - 1 - owners[::-1].index(1)
    spans = (slice(0, first), slice(last_first + 1, second), slice(last_second + 1, None))
    types = None
    if given is not None:
        parts = [tuple(given[span]) for span in spans]
        types = (parts[0], given[first], parts[1], given[second], parts[2])
    before, between, after = (tuple(ids[span]) for span in spans)
    return PairFrame(before, between, after, types)
