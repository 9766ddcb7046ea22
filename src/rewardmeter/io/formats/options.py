"""What a user may say about a file when it is read. May import `errors` and `io.formats.columns`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rewardmeter.errors import UnknownNameError
from rewardmeter.io.formats.columns import ColumnMapping

__all__ = ["SUBSET_COLUMN", "ReadOptions", "only_subset"]

SUBSET_COLUMN = "subset"
Row = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a file.

    Attributes
    ----------
    name:
        Name of the dataset; the path where empty.
    mapping:
        Role to column (`io.formats.columns` says how it is written).
    subset:
        Keep only rows whose column ``subset`` holds this.
    """

    name: str = ""
    mapping: ColumnMapping = field(default_factory=dict)
    subset: str | None = None


def only_subset(rows: Iterable[Row], subset: str | None) -> Iterator[Row]:
    """The rows of one subset; all rows where ``subset`` is None.

    Raises
    ------
    UnknownNameError
        At the end, if no row belongs to the subset.
    """
    seen: dict[str, None] = {}
    kept = False
    for number, record in rows:
        if subset is not None:
            own = str(record.get(SUBSET_COLUMN, ""))
            if own != subset:
                seen.setdefault(own)
                continue
        kept = True
        yield number, record
    if subset is not None and not kept:
        hint = f"The column '{SUBSET_COLUMN}' tells the subsets."
        raise UnknownNameError("subset", subset, filter(None, seen), hint=hint)
