"""The library of edits. May import `types`, `errors` and `scorers`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from rewardmeter.auditing.edits.code import CODE
from rewardmeter.auditing.edits.dates import DATES
from rewardmeter.auditing.edits.edit import Changed, Edit, EditKind, Material, NotApplicable, apply_edit
from rewardmeter.auditing.edits.entities import ENTITIES
from rewardmeter.auditing.edits.gaming import GAMING
from rewardmeter.auditing.edits.layout import LAYOUT
from rewardmeter.auditing.edits.negation import NEGATION
from rewardmeter.auditing.edits.numbers import NUMBERS
from rewardmeter.auditing.edits.order import ORDER
from rewardmeter.auditing.edits.padding import PADDING
from rewardmeter.auditing.edits.paraphrase import paraphrase
from rewardmeter.auditing.edits.persuasion import PERSUASION
from rewardmeter.auditing.edits.replaced import REPLACED
from rewardmeter.auditing.edits.structure import STRUCTURE
from rewardmeter.auditing.edits.typography import TYPOGRAPHY
from rewardmeter.auditing.edits.units import UNITS
from rewardmeter.errors import UnknownNameError

__all__ = [
    "EDITS",
    "KINDS",
    "Changed",
    "Edit",
    "EditKind",
    "Material",
    "NotApplicable",
    "apply_edit",
    "edits_named",
    "edits_table",
    "paraphrase",
]

KINDS: tuple[EditKind, ...] = ("preserving", "breaking", "hack")

EDITS: tuple[Edit, ...] = (
    *(*PADDING, *LAYOUT, *TYPOGRAPHY, *ORDER, *CODE),
    *(*NUMBERS, *DATES, *UNITS, *NEGATION, *ENTITIES, *STRUCTURE, *REPLACED),
    *(*PERSUASION, *GAMING),
)
"""Every edit that an audit of a scorer tries: preserving ones, breaking ones, hacks. A paraphrase needs a paraphraser
and is added by who has one."""


def edits_named(names: Iterable[str], *, among: tuple[Edit, ...] = EDITS) -> tuple[Edit, ...]:
    """Edits by name or kind, each once, in the library's order.

    Parameters
    ----------
    names:
        Of edits (``number swap``) or kinds (``breaking``), in any case.
    among:
        Where to look, for edits of one's own.

    Raises
    ------
    UnknownNameError
        For a name that is neither.
    """
    groups: dict[str, tuple[Edit, ...]] = {edit.name.casefold(): (edit,) for edit in among}
    groups |= {str(kind): tuple(edit for edit in among if edit.kind == kind) for kind in KINDS}
    asked = list(names)
    for name in asked:
        if name.casefold() not in groups:
            raise UnknownNameError("edit", name, [*KINDS, *(edit.name for edit in among)])
    chosen = set(chain.from_iterable((edit.name for edit in groups[name.casefold()]) for name in asked))
    return tuple(edit for edit in among if edit.name in chosen)


def edits_table(edits: Iterable[Edit] = EDITS) -> str:
    """The edits as a Markdown table: name, kind, what it does, when it does not apply."""
    rows = (f"| {edit.name} | {edit.kind} | {edit.says} | {'; '.join(edit.unless)} |" for edit in edits)
    return "\n".join(["| edit | kind | what it does | does not apply |", "|---|---|---|---|", *rows])
