"""The library of edits. May import `types`."""

from rewardmeter.auditing.edits.edit import Changed, Edit, EditKind, Material, NotApplicable, apply_edit

__all__ = ["EDITS", "Changed", "Edit", "EditKind", "Material", "NotApplicable", "apply_edit"]

EDITS: tuple[Edit, ...] = ()
"""Every edit that an audit of a scorer tries."""
