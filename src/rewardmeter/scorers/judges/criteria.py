"""Lists of weighted criteria in TOML or JSON. May import `errors`.

The fields are those that the package verifiers reads (its ``v1/judges/rubric.py``): ``name``, ``text``, ``weight``
(default 1) and ``choices``, from worst to best (default no, yes), which are worth evenly spaced values from 0 to 1.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewardmeter.errors import InputError

__all__ = ["Criterion", "criteria_digest", "read_criteria"]

_FIELDS = frozenset({"name", "text", "weight", "choices"})


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing to be judged.

    Attributes
    ----------
    name, text:
        What it is called, and what it asks.
    weight:
        Its share, 0 or more.
    choices:
        The answers allowed, worst first, at least two, different also without regard to case.
    """

    name: str
    text: str
    weight: float = 1.0
    choices: tuple[str, ...] = ("no", "yes")

    def value(self, verdict: str) -> float | None:
        """What an answer is worth, in [0, 1]; None for one that is not allowed."""
        plain = [choice.casefold() for choice in self.choices]
        given = verdict.strip().casefold()
        return plain.index(given) / (len(plain) - 1) if given in plain else None


def criteria_digest(criteria: tuple[Criterion, ...]) -> str:
    """16 hexadecimal digits of the criteria's content."""
    listed = [[one.name, one.text, one.weight, one.choices] for one in criteria]
    return hashlib.blake2b(json.dumps(listed).encode(), digest_size=8).hexdigest()


def read_criteria(path: str | Path) -> tuple[Criterion, ...]:
    """The ``criteria`` of a file.

    Raises
    ------
    InputError
        If the file cannot be read, lists no criteria, or one of them makes no sense.
    """
    file = Path(path).expanduser()
    try:
        text = file.read_text(encoding="utf-8")
        data: Any = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(f"the criteria cannot be read ({error.strerror})", path=file) from error
    except ValueError as error:
        kind = "JSON" if file.suffix.lower() == ".json" else "TOML"
        raise InputError(f"not {kind}: {error}", path=file) from error
    listed = data.get("criteria") if isinstance(data, dict) else data
    if not isinstance(listed, list) or not listed:
        raise InputError("no criteria", path=file, fix="List them as [[criteria]] tables with name and text.")
    criteria = tuple(_criterion(one, number, file) for number, one in enumerate(listed, start=1))
    names = [one.name for one in criteria]
    if len(set(names)) < len(names):
        raise InputError("two criteria have the same name", path=file)
    if not sum(one.weight for one in criteria) > 0:
        raise InputError("no criterion has a weight above 0", path=file)
    return criteria


def _criterion(one: object, number: int, file: Path) -> Criterion:
    def wrong(problem: str, fix: str) -> InputError:
        return InputError(f"criterion {number} {problem}", path=file, fix=fix)

    if not isinstance(one, dict) or not all(isinstance(one.get(key), str) and one[key] for key in ("name", "text")):
        raise wrong("lacks its name or its text", "Write name and text as strings.")
    if strange := sorted(set(one) - _FIELDS):
        raise wrong(f"has a field '{strange[0]}'", "There are: name, text, weight, choices.")
    weight = one.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight < math.inf:
        raise wrong(f"has the weight {weight!r}", "A weight is a number, 0 or more.")
    choices = one.get("choices", ["no", "yes"])
    if not isinstance(choices, list) or len(choices) < 2 or not all(isinstance(c, str) and c.strip() for c in choices):
        raise wrong("has unusable choices", "List at least two answers as strings, worst first.")
    if len({choice.strip().casefold() for choice in choices}) < len(choices):
        raise wrong("has a choice twice", "Choices must differ by more than upper and lower case.")
    return Criterion(one["name"], one["text"], float(weight), tuple(choice.strip() for choice in choices))
