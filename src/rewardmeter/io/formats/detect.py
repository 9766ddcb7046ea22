"""Which format a file has, told by its columns and first rows. May import the other modules of `io`.

Nothing is guessed: where no format fits, the error says which is nearest, what it lacks, and which mapping would mend
it; where two fit, it asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.formats import matrix, nested
from rewardmeter.io.formats.columns import ColumnMapping, Plan, Vocabulary, plan_columns
from rewardmeter.io.formats.matrix import read_matrix
from rewardmeter.io.formats.nested import read_nested
from rewardmeter.io.formats.options import ReadOptions
from rewardmeter.io.formats.pairwise import PAIRWISE, read_pairwise
from rewardmeter.io.formats.preferences import read_preferences, vocabulary_of
from rewardmeter.io.formats.ratings import RATINGS, read_ratings
from rewardmeter.io.formats.suggest import suggestion
from rewardmeter.io.rows import open_rows

__all__ = ["FORMATS", "Format", "Match", "Sample", "detect", "read", "sample_of"]

_SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file and the columns that occur in them."""

    path: Path
    columns: tuple[str, ...]
    records: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Match:
    """How well a format fits.

    Attributes
    ----------
    certainty:
        1 where the columns can mean nothing else, 0 where the format cannot be read from them.
    statement:
        One line: what the file was taken for, and why.
    missing:
        Roles that the format would need besides.
    """

    certainty: float
    statement: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name for ``--format``, how to tell it, and its reader."""

    name: str
    title: str
    sniff: Callable[[Sample, ColumnMapping], Match]
    read: Callable[[Path, ReadOptions], Dataset]
    vocabulary: Vocabulary = field(default_factory=lambda: Vocabulary({}))


def sample_of(path: str | Path) -> Sample:
    """The first rows of a file.

    Raises
    ------
    InputError
        If they cannot be read, or there are none.
    """
    file = open_rows(path)
    records = tuple(record for _, record in islice(file.rows(), _SAMPLE_ROWS))
    if not records:
        raise InputError("there are no rows", path=path, fix="The file needs at least one row of data.")
    columns = dict.fromkeys(column for record in records for column in record)
    return Sample(file.path, tuple(columns), records)


def _plan(sample: Sample, mapping: ColumnMapping, vocabulary: Vocabulary) -> Plan | None:
    """The plan of the sample's columns; None if the mapping names roles that the format does not have."""
    if not all(vocabulary.knows(role) for role in mapping):
        return None
    return plan_columns(sample.columns, mapping, vocabulary)


def sniff_ratings(sample: Sample, mapping: ColumnMapping) -> Match:
    """A ratings table has ratings or recorded scores, and says what they are about."""
    plan = _plan(sample, mapping, RATINGS)
    if plan is None:
        return Match(0, "", ("rating",))
    about = [role for role in ("response", "system", "item", "prompt") if plan.has(role)]
    judged = [family for family in ("rating", "score") if plan.has(family)]
    if judged and about:
        return Match(1 if "rating" in mapping or plan.has("response") else 0.9, "a ratings table", ())
    if "response" in about and len(about) > 1:
        return Match(0.5, "a ratings table without ratings: responses to be scored", ())
    missing = [*([] if judged else ["rating"]), *([] if about else ["response or system"])]
    return Match(0, "", tuple(missing))


def sniff_preferences(sample: Sample, mapping: ColumnMapping) -> Match:
    """Preference rows have a chosen and a rejected response."""
    plan = _plan(sample, mapping, vocabulary_of(sample.columns))
    if plan is None:
        return Match(0, "", ("chosen", "rejected"))
    if plan.has("text") and plan.has("scores"):
        return Match(1, "a result file of RewardBench 2")
    missing = tuple(role for role in ("chosen", "rejected") if not plan.has(role))
    return Match(0, "", missing) if missing else Match(1, "preference rows")


def sniff_pairwise(sample: Sample, mapping: ColumnMapping) -> Match:
    """A pairwise table has two responses, or at least two systems, and a preference."""
    plan = _plan(sample, mapping, PAIRWISE)
    if plan is None:
        return Match(0, "", ("response_a", "response_b", "preference"))
    sides = next((kind for kind in ("response", "system") if plan.has(f"{kind}_a") and plan.has(f"{kind}_b")), None)
    missing = [] if sides else [f"response_{letter}" for letter in "ab" if not plan.has(f"response_{letter}")]
    missing += [] if plan.has("preference") else ["preference"]
    return Match(0, "", tuple(missing)) if missing else Match(1, "a pairwise table")


def sniff_nested(sample: Sample, _: ColumnMapping) -> Match:
    """Nested scores have a shape of their own."""
    if all(nested.is_nested(record) for record in sample.records):
        return Match(1, "nested summary scores")
    return Match(0, "", ("instance_id", "summarizer_id", "metrics"))


def sniff_matrix(sample: Sample, mapping: ColumnMapping) -> Match:
    """A score matrix has lists of numbers in all columns but one or two."""
    lists = matrix.list_columns(sample.records)
    mapped = "system" in mapping or len([name for name in sample.columns if name]) == len(lists) + 1
    if len(lists) > 1 and mapped:
        return Match(1, "a score matrix with a list per system and column")
    return Match(0, "", ("columns of lists",))


FORMATS: tuple[Format, ...] = (
    Format("ratings", "ratings table", sniff_ratings, read_ratings, RATINGS),
    Format("preferences", "preference rows", sniff_preferences, read_preferences, vocabulary_of(())),
    Format("pairwise", "pairwise table", sniff_pairwise, read_pairwise, PAIRWISE),
    Format("nested", "nested scores", sniff_nested, read_nested),
    Format("matrix", "score matrix", sniff_matrix, read_matrix, RATINGS),
)


def detect(sample: Sample, mapping: ColumnMapping) -> tuple[Format, Match]:
    """The one format that fits.

    Raises
    ------
    InputError
        If none fits, or several do equally well.
    UnknownNameError
        If the mapping names a role that no format has.
    """
    matches = [(match, form) for form in FORMATS if (match := form.sniff(sample, mapping)).certainty > 0]
    best = max((match.certainty for match, _ in matches), default=0.0)
    fitting = [(match, form) for match, form in matches if match.certainty == best]
    if len(fitting) == 1:
        return fitting[0][1], fitting[0][0]
    if fitting:
        raise InputError(
            f"the columns could be {' or '.join(match.statement for match, _ in fitting)}",
            path=sample.path,
            fix=f"Say which: --format {' or --format '.join(form.name for _, form in fitting)}.",
        )
    raise _nothing_fits(sample, mapping)


def _nothing_fits(sample: Sample, mapping: ColumnMapping) -> Exception:
    for role, column in mapping.items():
        if not any(form.vocabulary.knows(role) for form in FORMATS):
            roles = [*RATINGS.singles, *RATINGS.families, *PAIRWISE.singles, *PAIRWISE.families, "chosen", "rejected"]
            return UnknownNameError("role", role, dict.fromkeys(roles), hint="A mapping is written role=column.")
        names = [column, *column.split("+")] if isinstance(column, str) else list(column)
        if not any(name in sample.columns or "*" in name for name in names):
            hint = "The mapping must name columns of the file."
            return UnknownNameError("column", str(column), filter(None, sample.columns), hint=hint)
    nearest, fix = suggestion(_candidates(sample, mapping), sample.columns, sample.records, mapping)
    shown = ", ".join(repr(name) for name in sample.columns[:20])
    more = f" and {len(sample.columns) - 20} more" if len(sample.columns) > 20 else ""
    return InputError(f"the columns {shown}{more} fit no format; {nearest}", path=sample.path, fix=fix)


def _candidates(sample: Sample, mapping: ColumnMapping) -> Iterator[tuple[str, tuple[str, ...], Vocabulary]]:
    for form in FORMATS[:3]:
        if all(form.vocabulary.knows(role) for role in mapping):
            yield form.name, form.sniff(sample, mapping).missing, form.vocabulary


def read(path: str | Path, options: ReadOptions, format_name: str | None = None) -> Dataset:
    """Read a file of rows in the format given, or in the one that fits.

    Raises
    ------
    InputError
        If no format fits or the file cannot be read.
    UnknownNameError
        If there is no format of that name, or the mapping names a role or column that does not exist.
    """
    path = Path(path)
    if format_name is None:
        form, _ = detect(sample_of(path), options.mapping)
    else:
        by_name = {form.name: form for form in FORMATS}
        if format_name not in by_name:
            raise UnknownNameError("format", format_name, by_name)
        form = by_name[format_name]
    return form.read(path, options)
