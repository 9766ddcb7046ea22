"""Which changes a scorer is examined under. May import `scoring`, `types`, `errors`.

Some changes must not move a score: how inputs are batched, padded and ordered, and asking again. Others may: the number
format, the special tokens, the template. Each field of a scorer that is known here gives its own variants.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from rewardmeter.errors import RewardmeterError
from rewardmeter.scoring import Scorer
from rewardmeter.types import Item

__all__ = ["ItemOrder", "Variant", "variants_of"]

ItemOrder = Callable[[Sequence[Item]], list[Item]]

_HARMLESS: Mapping[str, Sequence[object]] = {
    "batch_tokens": (1, 1_000_000),
    "padding": ("left", "right"),
    "prefix": ("off", "auto"),
    "threads": (1, 2),
}
"""Fields that say how a scorer runs, with values to try: none may move a score, as they declare themselves."""

_CHOICES: Mapping[str, Sequence[object]] = {
    "dtype": ("float32", "bfloat16", "float16", "int8"),
    "bos": ("none", "one", "double", "as-tokenized"),
    "template": ("", "plain"),
    "truncation": ("left", "right"),
    "system_prompt": ("", "You are a helpful assistant."),
    "seed": (0, 1),
}
"""Fields that may move a score, with values to try: how far is what the user wants to know."""


@dataclass(frozen=True)
class Variant:
    """The scorer under one change.

    Attributes
    ----------
    name:
        What was changed, in words.
    scorer:
        The scorer as changed.
    must_hold:
        Whether the change must not move a score.
    arrange:
        How the items are given: ``"together"``, ``"alone"`` (each response by itself) or ``"reversed"``.
    """

    name: str
    scorer: Scorer
    must_hold: bool
    arrange: str = "together"


def variants_of(scorer: Scorer) -> list[Variant]:
    """The changes that apply to this scorer, harmless ones first."""
    found = [Variant("asked again", scorer, scorer.laws.deterministic)]
    if scorer.laws.pointwise:
        found.append(Variant("each response by itself", scorer, True, "alone"))
    found.append(Variant("items and responses reversed", scorer, scorer.laws.order_invariant, "reversed"))
    found += _by_field(scorer, _HARMLESS, must_hold=True)
    found += _by_field(scorer, _CHOICES, must_hold=False)
    return found


def _by_field(scorer: Scorer, known: Mapping[str, Sequence[object]], *, must_hold: bool) -> list[Variant]:
    declared: Sequence[dataclasses.Field[Any]] = (
        dataclasses.fields(cast(Any, scorer)) if dataclasses.is_dataclass(scorer) else ()
    )
    # A field of that name may be something else in another family; what it declares of itself decides.
    fields = {field.name for field in declared if field.metadata.get("moves_score", True) != must_hold}
    found = []
    for name in (name for name in known if name in fields):
        for value in known[name]:
            if value == getattr(scorer, name):
                continue
            try:
                changed = dataclasses.replace(cast(Any, scorer), **{name: value})
            except RewardmeterError:  # this scorer does not take the value
                continue
            found.append(Variant(f"{name}={value if value != '' else 'none'}", changed, must_hold))
    return found
