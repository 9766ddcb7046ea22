"""An edit: a seeded change of a response whose effect on meaning or quality is declared, and which checks itself.

May import `types`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

__all__ = ["Changed", "Edit", "EditKind", "Material", "NotApplicable", "apply_edit"]

EditKind = Literal["preserving", "breaking", "hack"]
"""``preserving``: a careful reader finds the response as good as before. ``breaking``: worse, in content. ``hack``: no
better, or worse, and made to please a scorer."""


@dataclass(frozen=True)
class Material:
    """What an edit may look at.

    Attributes
    ----------
    response:
        The text to be edited.
    prompt:
        What was asked, "" where unknown.
    others:
        Responses to other prompts of the data, for edits that mix things up.
    references:
        Of the item.
    """

    response: str
    prompt: str = ""
    others: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changed:
    """The edited response; ``prompt`` where the prompt was changed too (a false premise), else None."""

    response: str
    prompt: str | None = None


@dataclass(frozen=True)
class NotApplicable:
    """The edit has nothing to work on. Keep the wordings few, so that they can be counted."""

    reason: str


Change = Callable[[Material, np.random.Generator], "Changed | NotApplicable"]
Check = Callable[[Material, Changed], str]


@dataclass(frozen=True)
class Edit:
    """One edit of the library.

    Attributes
    ----------
    name:
        What people call it: ``entity swap``.
    kind:
        What it does to quality.
    says:
        What it does, in a few words.
    change:
        The edit itself; randomness from the generator only.
    check:
        Whether it took hold, written independently of ``change``: "" if it did, else what is wrong.
    unless:
        Every reason that it gives for not applying.
    """

    name: str
    kind: EditKind
    says: str
    change: Change = field(repr=False)
    check: Check = field(repr=False)
    unless: tuple[str, ...] = field(default=(), repr=False)


def apply_edit(edit: Edit, material: Material, rng: np.random.Generator) -> Changed | NotApplicable | str:
    """The changed response, why the edit does not apply, or, as a string, what its own check found wrong.

    Never an unchanged response: an edit that changed nothing has failed its check.
    """
    made = edit.change(material, rng)
    if isinstance(made, NotApplicable):
        return made
    if made.response == material.response and made.prompt is None:
        return "nothing was changed"
    return edit.check(material, made) or made
