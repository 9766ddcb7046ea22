"""Which column plays which part: by its own name, or because the user mapped it. May import `errors`.

A format names its *single* roles (``prompt``, ``system``, ...) and its *families* (``rating.ASPECT``, ``score.NAME``).
A mapping says which columns play a role under other names::

    {"rating": "human"}                        one rating column
    {"rating": "Coherence+Fluency"}            two aspects, named like their columns
    {"rating.fluency": "F1"}                   an aspect with a name of its own
    {"rating.fluency@anna": "anna_fluency"}    one column per rater
    {"score": "BLEU+Rouge*"}                   recorded scorers; * stands for any columns not used otherwise
    {"item": "doc+segment"}                    an id made of two columns; "#" is the row number

Several columns are joined by ``+`` or given as a list; a column whose own name holds a ``+`` is found whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from rewardmeter.errors import InputError, UnknownNameError

__all__ = ["ROW_NUMBER", "ColumnMapping", "Plan", "Vocabulary", "parse_mapping"]

ROW_NUMBER = "#"
RATED = "rating"
"""The family whose mapping may name a rater: ``rating@RATER``, ``rating.ASPECT@RATER``."""

ColumnMapping = Mapping[str, str | Sequence[str]]

_NEXT_ROLE = re.compile(r",\s*(?=[a-z_]+(?:[.@][^=,]*)?=)")


def parse_mapping(texts: Iterable[str]) -> dict[str, str]:
    """Mapping from the command line: ``role=column`` pairs, several of them separated by commas.

    Raises
    ------
    InputError
        If a part is not written ``role=column`` or a role is mapped twice.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        for part in _NEXT_ROLE.split(text):
            role, equals, column = part.partition("=")
            role = role.strip()
            if not equals or not role or not column:
                raise InputError(f"--map '{part}' makes no sense", fix="Write role=column, for example rating=human.")
            if role in mapping:
                raise InputError(f"--map names {role} twice", fix=f"Write {role}={mapping[role]}+{column}.")
            mapping[role] = column
    return mapping


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The roles of a format.

    Attributes
    ----------
    singles:
        Roles by name, with the other names that a column may have in its stead.
    families:
        Prefixes of ``PREFIX.NAME`` columns.
    bare:
        Families whose prefix alone is a column too, with the name that it stands for (``rating`` is ``overall``).
    """

    singles: Mapping[str, tuple[str, ...]]
    families: tuple[str, ...] = ()
    bare: Mapping[str, str] = field(default_factory=dict)

    def knows(self, role: str) -> bool:
        """Whether a mapping may name this role."""
        family = role.partition(".")[0]
        return (
            role in self.singles or family in self.families or (RATED in self.families and role.startswith(f"{RATED}@"))
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of a file and their parts.

    Attributes
    ----------
    singles:
        Columns of each single role that the file has; more than one only for joined roles.
    families:
        ``(name, rater)`` to column, by family; the rater is None unless the mapping names one.
    others:
        Columns without a part.
    unknown:
        Mapped columns that the file does not have.
    """

    singles: Mapping[str, tuple[str, ...]]
    families: Mapping[str, Mapping[tuple[str, str | None], str]]
    others: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    def single(self, role: str) -> str | None:
        """The column of a role, None where there is none.

        Raises
        ------
        InputError
            If the mapping gives it several.
        """
        columns = self.singles.get(role, ())
        if len(columns) > 1:
            raise InputError(f"{role} is one column, not {len(columns)}", fix=f"Map {role} to one of them.")
        return columns[0] if columns else None

    def has(self, role: str) -> bool:
        """Whether any column plays the role or belongs to the family."""
        return bool(self.singles.get(role)) or bool(self.families.get(role))

    def require(self, columns: Sequence[str]) -> None:
        """Raise `UnknownNameError` if the mapping names a column that the file does not have."""
        for name in self.unknown:
            raise UnknownNameError("column", name, columns, hint="The mapping must name columns of the file.")


def plan_columns(columns: Sequence[str], mapping: ColumnMapping, vocabulary: Vocabulary) -> Plan:
    """Give every column its part: mapped ones first, then those whose own name is a role.

    Raises
    ------
    UnknownNameError
        If the mapping names a role that the format does not have.
    """
    mapped = {role: _split(value, columns) for role, value in mapping.items()}
    known = [*vocabulary.singles, *vocabulary.families, *(f"{family}.NAME" for family in vocabulary.families)]
    for role in mapped:
        if not vocabulary.knows(role):
            raise UnknownNameError("role", role, known, hint="A mapping is written role=column.")
    claimed = {column for names in mapped.values() for column in names}
    singles = _plan_singles(columns, mapped, claimed, vocabulary)
    used = claimed | {column for names in singles.values() for column in names}
    families: dict[str, dict[tuple[str, str | None], str]] = {}
    for family in vocabulary.families:
        families[family] = _plan_family(family, columns, mapped, used, vocabulary)
        used = used | set(families[family].values())
    unknown = tuple(
        name for role, names in mapped.items() for name in names if not _found(name, role, columns, vocabulary)
    )
    return Plan(singles, families, tuple(column for column in columns if column not in used), unknown)


def _found(name: str, role: str, columns: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether a mapped name stands for a column: its own, the row number, or some that a pattern matches."""
    if name in columns or (name == ROW_NUMBER and role == "item"):
        return True
    return role not in vocabulary.singles and bool(_matching(name, columns, set()))


def _plan_singles(
    columns: Sequence[str], mapped: Mapping[str, tuple[str, ...]], claimed: set[str], vocabulary: Vocabulary
) -> dict[str, tuple[str, ...]]:
    present = set(columns)
    singles: dict[str, tuple[str, ...]] = {}
    for role, aliases in vocabulary.singles.items():
        if role in mapped:
            names = tuple(name for name in mapped[role] if name in present or (name == ROW_NUMBER and role == "item"))
        else:
            names = tuple(name for name in (role, *aliases) if name in present and name not in claimed)[:1]
        if names:
            singles[role] = names
    return singles


def _plan_family(
    family: str,
    columns: Sequence[str],
    mapped: Mapping[str, tuple[str, ...]],
    used: set[str],
    vocabulary: Vocabulary,
) -> dict[tuple[str, str | None], str]:
    present = set(columns)
    plan: dict[tuple[str, str | None], str] = {}
    for role, names in mapped.items():
        head, _, rater = role.partition("@") if family == RATED else (role, "", "")
        prefix, dot, name = head.partition(".")
        if prefix != family:
            continue
        found = [
            column
            for pattern in names
            for column in ([pattern] if pattern in present else _matching(pattern, columns, used))
        ]
        for column in found:
            own = name if dot else (vocabulary.bare.get(family, column) if len(found) == 1 else column)
            plan[own, rater or None] = column
    for column in columns:
        prefix, dot, name = column.partition(".")
        if column in used or prefix != family or (family in mapped and not dot):
            continue
        if dot and name:
            plan.setdefault((name, None), column)
        elif not dot and family in vocabulary.bare:
            plan.setdefault((vocabulary.bare[family], None), column)
    return plan


def _matching(pattern: str, columns: Sequence[str], used: set[str]) -> list[str]:
    if "*" not in pattern:
        return []
    return [column for column in columns if column and column not in used and fnmatchcase(column, pattern)]


def _split(value: str | Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Column names joined by ``+``; names that hold a ``+`` themselves are found whole, longest first."""
    if not isinstance(value, str):
        return tuple(value)
    found = _split_known(value, set(columns))
    return found if found is not None else tuple(filter(None, value.split("+")))


def _split_known(value: str, columns: set[str]) -> tuple[str, ...] | None:
    if value in columns:
        return (value,)
    for position in (i for i, mark in reversed(list(enumerate(value))) if mark == "+"):
        head = value[:position]
        if head in columns or _is_pattern(head) or head == ROW_NUMBER:
            rest = _split_known(value[position + 1 :], columns)
            if rest is not None:
                return (head, *rest)
    return (value,) if _is_pattern(value) else None


def _is_pattern(text: str) -> bool:
    return "*" in text and "+" not in text
