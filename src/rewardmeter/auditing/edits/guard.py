"""What every edit asks first. May import `edit`, `prose` and `reasons`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from rewardmeter.auditing.edits.edit import Change, Changed, Material, NotApplicable
from rewardmeter.auditing.edits.prose import is_code
from rewardmeter.auditing.edits.reasons import EMPTY, IS_CODE

T = TypeVar("T")

__all__ = ["on_any_text", "on_prose", "pick"]


def on_any_text(change: Change) -> Change:
    """The change, on responses that are not blank."""

    def guarded(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
        return change(material, rng) if material.response.strip() else NotApplicable(EMPTY)

    return guarded


def on_prose(change: Change) -> Change:
    """The change, on responses that are neither blank nor a bare program, which words would break."""

    def guarded(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
        return NotApplicable(IS_CODE) if is_code(material.response) else change(material, rng)

    return on_any_text(guarded)


def pick(options: Sequence[T], rng: np.random.Generator) -> T:
    """One of several, all alike probable."""
    return options[int(rng.integers(len(options)))]
