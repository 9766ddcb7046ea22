"""A combination: several scorers' weights together with the scorers and the data of the fit, as one small file.

May import `errors`, `stats`, `calibration.calibrator`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rewardmeter.calibration.calibrator import mapping_in, read_record, text_in, write_record
from rewardmeter.errors import SpecError
from rewardmeter.stats.scaling import LowerBound, Stack, bound_from_dict, stack_from_dict

__all__ = ["COMBINATION_FORM", "Combination", "Member", "read_combination", "write_combination"]

COMBINATION_FORM = 1
"""Version of the file's form."""


@dataclass(frozen=True, slots=True)
class Member:
    """One scorer of a combination.

    Attributes
    ----------
    spec:
        What makes it.
    fingerprint:
        Of that scorer when the combination was fitted.
    dataset:
        Name of the dataset whose recorded scores it is; empty for scorers that run.
    """

    spec: str
    fingerprint: str
    dataset: str = ""

    def to_dict(self) -> dict[str, str]:
        """Plain JSON values."""
        record = {"spec": self.spec, "fingerprint": self.fingerprint}
        return record | ({"dataset": self.dataset} if self.dataset else {})


@dataclass(frozen=True, eq=False)
class Combination:
    """How the scores of several scorers become one value.

    Attributes
    ----------
    members:
        The scorers with a weight, in the order of the weights. Those of weight 0 are left out, and need not run.
    stack, bound:
        The fit, and how far below its value the lower bound lies.
    data:
        What it was fitted on: name, content hash, gold, counts.
    fit:
        How, and held-out losses and gains over each member and over their plain mean.
    created, version:
        When, UTC; by which rewardmeter.
    """

    members: tuple[Member, ...]
    stack: Stack
    bound: LowerBound
    data: Mapping[str, Any] = field(default_factory=dict)
    fit: Mapping[str, Any] = field(default_factory=dict)
    created: str = ""
    version: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the contents of the file."""
        return {
            "rewardmeter_combination": COMBINATION_FORM,
            "members": [member.to_dict() for member in self.members],
            "stack": self.stack.to_dict(),
            "bound": self.bound.to_dict(),
            "data": dict(self.data),
            "fit": dict(self.fit),
            "created": self.created,
            "rewardmeter": self.version,
        }


def write_combination(combination: Combination, path: str | Path) -> None:
    """Write the file, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    write_record(combination.to_dict(), path)


def read_combination(path: str | Path) -> Combination:
    """The combination of a file.

    Raises
    ------
    SpecError
        If there is no such file, or it holds no combination of a form that this version knows; it says which field.
    """
    path, what = Path(path).expanduser(), "combination"
    record = read_record(path, what, COMBINATION_FORM, "rewardmeter combine")
    listed = record.get("members")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise SpecError(f"{what} {path}: 'members' is missing or no list of scorers")
    members = tuple(
        Member(
            text_in(path, one, "spec", what),
            text_in(path, one, "fingerprint", what),
            text_in(path, one, "dataset", what) if "dataset" in one else "",
        )
        for one in listed
    )
    weighed, bounded = mapping_in(path, record, "stack", what), mapping_in(path, record, "bound", what)
    try:
        stack, bound = stack_from_dict(weighed), bound_from_dict(bounded)
    except ValueError as error:
        raise SpecError(f"{what} {path}: {error}") from error
    except RecursionError as error:
        raise SpecError(f"{what} {path}: 'stack' holds maps within maps without end") from error
    if len(members) != stack.weights.size:
        raise SpecError(f"{what} {path}: {len(members)} members have {stack.weights.size} weights")
    return Combination(
        members,
        stack,
        bound,
        mapping_in(path, record, "data", what),
        mapping_in(path, record, "fit", what),
        text_in(path, record, "created", what),
        text_in(path, record, "rewardmeter", what),
    )
