"""Everything that rewardmeter raises on purpose. Imports nothing of ours.

RewardmeterError
├── InputError          data that cannot be read as it stands: says file, line, column and the mend
├── UnknownNameError    a dataset, scorer, statistic or column that does not exist: names the nearest one
├── SpecError           a scorer spec or option that makes no sense
├── MissingExtraError   a feature whose optional packages are not installed: names the extra
├── MissingDataError    a named dataset that is not on this machine: says where it was looked for
├── StoreError          the score store cannot be read or written
└── ScorerError         a scorer broke its contract (wrong number of scores, not one item's own failure)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "InputError",
    "MissingDataError",
    "MissingExtraError",
    "RewardmeterError",
    "ScorerError",
    "SpecError",
    "StoreError",
    "UnknownNameError",
]


class RewardmeterError(Exception):
    """Base of all errors that rewardmeter raises on purpose; its text is meant for the user."""


class InputError(RewardmeterError, ValueError):
    """Data that cannot be read as it stands.

    Parameters
    ----------
    problem:
        What is wrong, in one clause.
    path, line, column:
        Where: file, line number counted from 1, column or field name.
    fix:
        What to do about it, in one sentence.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: str | Path | None = None,
        line: int | None = None,
        column: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.problem = problem
        self.path = str(path) if path is not None else None
        self.line = line
        self.column = column
        self.fix = fix
        where = ""
        if self.path is not None:
            where = self.path + (f", line {line:,}" if line is not None else "")
        elif line is not None:
            where = f"line {line:,}"
        if column is not None:
            where += f"{', ' if where else ''}column '{column}'"
        text = f"{where}: {problem}" if where else problem
        if fix:
            text = f"{text.rstrip('.')}. {fix}"
        super().__init__(text)


class UnknownNameError(RewardmeterError, LookupError):
    """A name that is not known, with the nearest names that are."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, hint: str | None = None) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        folded = {candidate.casefold(): candidate for candidate in self.known}
        near = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)]
        text = f"no {kind} named '{name}'"
        if near:
            text += f"; did you mean {' or '.join(repr(match) for match in near)}?"
        elif self.known and len(self.known) <= 12:
            text += f"; there are: {', '.join(self.known)}"
        if hint:
            text += f" {hint}" if text.endswith("?") else f". {hint}"
        super().__init__(text)


class SpecError(RewardmeterError, ValueError):
    """A scorer spec or an option that makes no sense; the text says which part and what is allowed."""


class MissingExtraError(RewardmeterError, ImportError):
    """A feature whose optional packages are not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        self.feature, self.extra = feature, extra
        super().__init__(f"{feature} needs the extra '{extra}': pip install 'rewardmeter[{extra}]'")


class MissingDataError(RewardmeterError, FileNotFoundError):
    """A named dataset that is not on this machine."""


class StoreError(RewardmeterError, OSError):
    """The score store cannot be read or written."""


class ScorerError(RewardmeterError, RuntimeError):
    """A scorer broke its contract, for example by returning the wrong number of scores."""
