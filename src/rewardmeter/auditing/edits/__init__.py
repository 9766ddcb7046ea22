"""The library of edits. May import `types`."""

from collections.abc import Sequence

from rewardmeter.auditing.edits.edit import Changed, Edit, EditKind, Material, NotApplicable, apply_edit

__all__ = ["EDITS", "Changed", "Edit", "EditKind", "Material", "NotApplicable", "apply_edit", "edits_named"]

EDITS: tuple[Edit, ...] = ()
"""Every edit that an audit of a scorer tries."""


def edits_named(names: Sequence[str]) -> tuple[Edit, ...]:
    """The edits of these kinds or names; all for none."""
    return tuple(one for one in EDITS if not names or {one.name, one.kind} & set(names))
