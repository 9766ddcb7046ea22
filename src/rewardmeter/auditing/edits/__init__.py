"""The library of edits. May import `types`."""

from rewardmeter.auditing.edits.edit import Changed, Edit, EditKind, Material, NotApplicable, apply_edit

__all__ = ["EDITS", "Changed", "Edit", "EditKind", "Material", "NotApplicable", "apply_edit", "edits_named"]

EDITS: tuple[Edit, ...] = ()
"""Every edit that an audit of a scorer tries."""


def edits_named(names):
    return EDITS
