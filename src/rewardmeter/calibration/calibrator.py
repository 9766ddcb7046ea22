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
from rewardmeter.stats.scaling import Map, map_from_dict

__all__ = ["FORM", "Calibrator", "read_calibrator", "write_calibrator"]

FORM = 1
"""Version of the file's form."""

_ROW_OF_NUMBERS = re.compile(r"\[[^\[\]{}\"]*\]")


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
    """

    map: Map
    spec: str
    fingerprint: str
    data: Mapping[str, Any] = field(default_factory=dict)
    fit: Mapping[str, Any] = field(default_factory=dict)
    created: str = ""
    version: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the contents of the file."""
        return {
            "rewardmeter_calibrator": FORM,
            "scorer": {"spec": self.spec, "fingerprint": self.fingerprint},
            "map": self.map.to_dict(),
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
    text = json.dumps(calibrator.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, _ROW_OF_NUMBERS.sub(lambda found: " ".join(found.group().split()), text) + "\n")


def read_calibrator(path: str | Path) -> Calibrator:
    """The calibrator of a file.

    Raises
    ------
    SpecError
        If there is no such file, or it holds no calibrator of a form that this version knows; it says which field.
    """
    path = Path(path).expanduser()
    try:
        record = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except OSError as error:
        raise SpecError(f"calibrator {path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise SpecError(f"calibrator {path} is no JSON: {error}") from error
    form = record.get("rewardmeter_calibrator") if isinstance(record, dict) else None
    if form is None:
        raise SpecError(f"{path} is no calibrator; 'rewardmeter calibrate' makes one")
    if form != FORM:
        raise SpecError(f"calibrator {path} has form {form!r}, and this version of rewardmeter knows form {FORM}")
    scorer = _mapping(path, record, "scorer")
    try:
        fitted = map_from_dict(_mapping(path, record, "map"))
    except ValueError as error:
        raise SpecError(f"calibrator {path}: {error}") from error
    return Calibrator(
        fitted,
        _text(path, scorer, "spec"),
        _text(path, scorer, "fingerprint"),
        _mapping(path, record, "data"),
        _mapping(path, record, "fit"),
        _text(path, record, "created"),
        _text(path, record, "rewardmeter"),
    )


def _mapping(path: Path, record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = record.get(name)
    if not isinstance(value, dict):
        raise SpecError(f"calibrator {path}: '{name}' is missing or no object")
    return value


def _text(path: Path, record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise SpecError(f"calibrator {path}: '{name}' is missing or no text")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
