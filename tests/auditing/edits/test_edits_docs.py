"""The page of edits says what the code says."""

from __future__ import annotations

from pathlib import Path

from rewardmeter.auditing.edits import EDITS, edits_table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "edits.md"


def test_the_table_is_that_of_the_code():
    assert edits_table() in PAGE.read_text(encoding="utf-8")


def test_every_edit_says_what_it_does_and_when_not():
    assert all(edit.says and edit.unless for edit in EDITS)
    assert "|" not in "".join(f"{edit.name}{edit.says}{''.join(edit.unless)}" for edit in EDITS)
