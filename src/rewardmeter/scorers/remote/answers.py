"""What servers answer, read with suspicion: shape, length, order, finite numbers. May import `types`, `pointwise`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rewardmeter.scorers.pointwise import Measured
from rewardmeter.types import Unscored

__all__ = ["BadAnswerError", "along", "by_index", "entry_of", "list_of", "looks_activated", "number"]

LEFT_OUT = Unscored("the server left this response out of its answer")
_SHOWN = 60
_SUM = 1e-3  # float32 probabilities of a softmax add up to 1 well within this


class BadAnswerError(Exception):
    """An answer of which no part can be trusted; its text is the reason."""


def number(value: object) -> Measured:
    """A finite number as it is; anything else is a failure that says what came."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return Unscored(f"the server returned {shown(value)} instead of a number")


def shown(value: object) -> str:
    """A value for a message: short."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def list_of(answer: object, key: str, n: int) -> list[Any]:
    """The list of n values under a key of the answer; without a key, the answer itself."""
    found = answer
    if key:
        if not isinstance(answer, Mapping):
            raise BadAnswerError(f"the server answered {shown(answer)} instead of an object with '{key}'")
        if key not in answer:
            raise BadAnswerError(
                f"the server's answer has no '{key}'; it has {', '.join(map(str, answer)) or 'nothing'}"
            )
        found = answer[key]
    if not isinstance(found, list):
        raise BadAnswerError(f"the server's '{key or 'answer'}' is {shown(found)} instead of a list")
    if len(found) != n:
        raise BadAnswerError(
            f"the server answered {len(found)} values for {n} responses, and nothing says which are which"
        )
    return found


def by_index(answer: object, key: str, n: int) -> list[Mapping[str, Any] | None]:
    """The n entries of a list of ``{"index": i, …}`` by index, None where one is missing.

    Raises
    ------
    BadAnswerError
        If an index is no number from 0 to n - 1, or comes twice.
    """
    if key and not (isinstance(answer, Mapping) and isinstance(answer.get(key), list)):
        raise BadAnswerError(f"the server answered {shown(answer)} instead of an object with a list '{key}'")
    entries = answer[key] if key and isinstance(answer, Mapping) else answer
    if not isinstance(entries, list):
        raise BadAnswerError(f"the server answered {shown(answer)} instead of a list")
    found: list[Mapping[str, Any] | None] = [None] * n
    for entry in entries:
        index = entry.get("index") if isinstance(entry, Mapping) else None
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < n or found[index] is not None:
            raise BadAnswerError(f"the server's entry {shown(entry)} does not say which one of {n} responses it is for")
        found[index] = entry
    return found


def entry_of(values: object, output: int) -> Measured:
    """One output of a model's vector of outputs; a negative one counts from the end."""
    if not isinstance(values, list) or not values:
        return Unscored(f"the server returned {shown(values)} instead of a list of outputs")
    if not -len(values) <= output < len(values):
        return Unscored(f"the model has {len(values)} outputs, none with index {output}")
    return number(values[output])


def looks_activated(rows: Sequence[object]) -> bool:
    """Whether rows of two or more outputs are all probabilities: a softmax was applied although logits were asked for.

    Logits do not lie in [0, 1] and add up to 1 but by chance. A sigmoid over one output cannot be seen.
    """
    vectors = [row for row in rows if isinstance(row, list) and all(isinstance(number(one), float) for one in row)]
    if not vectors or min(map(len, vectors)) < 2:
        return False
    return all(min(row) >= 0 and abs(sum(row) - 1) <= _SUM for row in vectors)


def along(answer: object, path: str) -> object:
    """What stands at a path like ``data.0.score`` or ``results.*.score``; ``*`` takes every entry of a list.

    Raises
    ------
    BadAnswerError
        If the path leads nowhere.
    """
    found = answer
    steps = path.split(".") if path else []
    for depth, step in enumerate(steps):
        if step == "*" and isinstance(found, list):
            return [along(one, ".".join(steps[depth + 1 :])) for one in found]
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.lstrip("-").isdigit() and -len(found) <= int(step) < len(found):
            found = found[int(step)]
        else:
            raise BadAnswerError(f"the server's answer has no '{path}': {shown(found)} has no '{step}'")
    return found
