"""A calibrator: a map together with the scorer and the data that it was fitted on, as one small file.

May import `errors`, `files`, `types`, `stats`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rewardmeter.errors import SpecError
from rewardmeter.files import write_text
from rewardmeter.stats.control import ControlMap
from rewardmeter.stats.scaling import (
    Abstention,
    ConformalIntervals,
    Map,
    abstention_from_dict,
    intervals_from_dict,
    map_from_dict,
)

__all__ = [
    "FORM",
    "Calibrator",
    "Covariate",
    "mapping_in",
    "read_calibrator",
    "read_record",
    "text_in",
    "write_calibrator",
    "write_record",
]

FORM = 1
"""Version of the file's form."""

_ROW_OF_NUMBERS = re.compile(r"\[[^\[\]{}\"]*\]")


@dataclass(frozen=True, slots=True)
class Covariate:
    """A rule that looks at the response alone, whose value a map takes beside the score.

    Attributes
    ----------
    spec:
        What makes it.
    fingerprint:
        Of that rule when the map was fitted.
    """

    spec: str
    fingerprint: str

    def to_dict(self) -> dict[str, str]:
        """Plain JSON values."""
        return {"spec": self.spec, "fingerprint": self.fingerprint}


@dataclass(frozen=True, eq=False)
class Calibrator:
    """How a scorer's scores become values that mean something.

    Attributes
    ----------
    map:
        From scores to values.
    spec:
        The scorer that it was fitted on, as a spec.
    fingerprint:
        That scorer's fingerprint: options, revision and code.
    data:
        What it was fitted on: name, content hash, gold, counts.
    fit:
        How it was fitted, and what it gained on held-out items.
    created:
        When, UTC.
    version:
        Of rewardmeter.
    intervals:
        Conformal intervals around the values of ratings; None where none were asked for.
    abstention:
        Above which absolute difference of the values of two responses the comparison may be trusted; None likewise.
    by:
        The column of the items whose values have parameters or intervals of their own; empty where all share them.
    covariates:
        What the map takes beside the score, in its order; empty for most maps.
    """

    map: Map
    spec: str
    fingerprint: str
    data: Mapping[str, Any] = field(default_factory=dict)
    fit: Mapping[str, Any] = field(default_factory=dict)
    created: str = ""
    version: str = ""
    intervals: ConformalIntervals | None = None
    abstention: Abstention | None = None
    by: str = ""
    covariates: tuple[Covariate, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the contents of the file."""
        more = {"intervals": self.intervals, "abstention": self.abstention}
        return {
            "rewardmeter_calibrator": FORM,
            "scorer": {"spec": self.spec, "fingerprint": self.fingerprint},
            "map": self.map.to_dict(),
            **({"by": self.by} if self.by else {}),
            **({"covariates": [one.to_dict() for one in self.covariates]} if self.covariates else {}),
            **{name: made.to_dict() for name, made in more.items() if made is not None},
            "data": dict(self.data),
            "fit": dict(self.fit),
            "created": self.created,
            "rewardmeter": self.version,
        }


def write_calibrator(calibrator: Calibrator, path: str | Path) -> None:
    """Write the file, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    write_record(calibrator.to_dict(), path)


def read_calibrator(path: str | Path) -> Calibrator:
    """The calibrator of a file.

    Raises
    ------
    SpecError
        If there is no such file, or it holds no calibrator of a form that this version knows; it says which field.
    """
    path = Path(path).expanduser()
    record = read_record(path, "calibrator", FORM, "rewardmeter calibrate")
    scorer = mapping_in(path, record, "scorer")
    made, around, trusted = (
        mapping_in(path, record, name) if name == "map" or name in record else None
        for name in ("map", "intervals", "abstention")
    )
    assert made is not None  # a map is always there
    try:
        fitted = map_from_dict(made)
        intervals = None if around is None else intervals_from_dict(around)
        abstention = None if trusted is None else abstention_from_dict(trusted)
    except ValueError as error:
        raise SpecError(f"calibrator {path}: {error}") from error
    except RecursionError as error:
        raise SpecError(f"calibrator {path}: 'map' holds maps within maps without end") from error
    return Calibrator(
        fitted,
        text_in(path, scorer, "spec"),
        text_in(path, scorer, "fingerprint"),
        mapping_in(path, record, "data"),
        mapping_in(path, record, "fit"),
        text_in(path, record, "created"),
        text_in(path, record, "rewardmeter"),
        intervals,
        abstention,
        _column_in(path, record, fitted),
        _covariates_in(path, record, fitted),
    )


def _column_in(path: Path, record: Mapping[str, Any], fitted: Map) -> str:
    by = text_in(path, record, "by") if "by" in record else ""
    if not by and "slice" in fitted.needs:
        raise SpecError(f"calibrator {path}: 'by' is missing, and the map has a parameter for each slice")
    return by


def _covariates_in(path: Path, record: Mapping[str, Any], fitted: Map) -> tuple[Covariate, ...]:
    wanted = len(fitted.curves) if isinstance(fitted, ControlMap) else 0
    listed = record.get("covariates", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise SpecError(f"calibrator {path}: 'covariates' is no list of rules")
    if len(listed) != wanted:
        raise SpecError(f"calibrator {path}: its map takes {wanted} covariates, and {len(listed)} are named")
    return tuple(Covariate(text_in(path, one, "spec"), text_in(path, one, "fingerprint")) for one in listed)


def write_record(record: Mapping[str, Any], path: str | Path) -> None:
    """Write plain JSON values, a row of numbers on a line, whole or not at all; raises as `write_calibrator`."""
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, _ROW_OF_NUMBERS.sub(lambda found: " ".join(found.group().split()), text) + "\n")


def read_record(path: Path, what: str, form: int, maker: str) -> Mapping[str, Any]:
    """The record of a ``calibrator`` or a ``combination``, if its form is known.

    Raises
    ------
    SpecError
        If there is no such file, or it is something else.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except OSError as error:
        raise SpecError(f"{what} {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SpecError(f"{what} {path} is no JSON: {error}") from error
    except RecursionError as error:
        raise SpecError(f"{path} is no {what}: its lists and objects are nested too deeply") from error
    found = record.get(f"rewardmeter_{what}") if isinstance(record, dict) else None
    if found is None:
        raise SpecError(f"{path} is no {what}; '{maker}' makes one")
    if type(found) is not int or found != form:  # True and 1.0 are equal to 1
        raise SpecError(f"{what} {path} has form {found!r}, and this version of rewardmeter knows form {form}")
    checked: Mapping[str, Any] = record
    return checked


def mapping_in(path: Path, record: Mapping[str, Any], name: str, what: str = "calibrator") -> Mapping[str, Any]:
    """A field that is an object; SpecError where it is not."""
    value = record.get(name)
    if not isinstance(value, dict):
        raise SpecError(f"{what} {path}: '{name}' is missing or no object")
    return value


def text_in(path: Path, record: Mapping[str, Any], name: str, what: str = "calibrator") -> str:
    """A field that is text; SpecError where it is not."""
    value = record.get(name)
    if not isinstance(value, str):
        raise SpecError(f"{what} {path}: '{name}' is missing or no text")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
