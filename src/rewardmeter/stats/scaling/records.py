"""What every map is: scores in, values of one target out, and a record of plain JSON values that makes it again.

Imports nothing of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from reprlib import repr as shortened
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "READERS",
    "Beyond",
    "Floats",
    "Label",
    "Labels",
    "Link",
    "Map",
    "Places",
    "Target",
    "checked_scores",
    "count_of",
    "labels_of",
    "list_of",
    "map_from_dict",
    "number_of",
    "numbers_of",
    "require_fields",
    "target_of",
]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Target = Literal["utility", "rating", "probability", "score"]
"""``utility``: log-odds, where the difference of two responses of an item is the logit that the first is preferred (its
zero means nothing); ``rating``: the expected human rating on the rating's own scale; ``probability``: that of rating 1,
for ratings 0 and 1; ``score``: the score's own scale, of maps that take something away and calibrate nothing."""
Link = Literal["identity", "logit"]
Beyond = Literal["flat", "linear"]
Label = str | int
Labels = tuple[Label, ...]

_KINDS: dict[str, type[Map]] = {}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Map:
    """A monotone map from the scores of single responses to the values of one target.

    Attributes
    ----------
    kind: the form of the map, as its record names it.
    needs: which of ``length``, ``slice`` and ``covariates`` a call must give.
    target: what the values are; see `Target`.
    """

    target: Target
    kind: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        _KINDS[cls.kind] = cls

    def __call__(self, scores: ArrayLike, *, length: ArrayLike | None = None, slice: ArrayLike | None = None) -> Floats:
        """Values of the scores, in their shape; NaN where a score (or a length that is needed) is NaN.

        ``length`` (at least 0, in the unit of the fit) and ``slice`` (names or integers) have the shape of the scores
        or one that broadcasts to it. What the map does not need is not looked at. ValueError for infinite
        scores and for a length or slice that is needed and not given.
        """
        x = checked_scores(scores)
        given = {"length": length, "slice": slice}
        for name in self.needs:
            if given[name] is None:
                raise ValueError(f"a map of kind {self.kind!r} needs the {name} of each response")
        return np.where(np.isnan(x), np.nan, self._values(x, length, slice))

    def _values(self, x: Floats, length: ArrayLike | None, slice: ArrayLike | None) -> Floats:
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: ``kind``, ``target`` and the parameters by name; `map_from_dict` reads them."""
        return {"kind": self.kind, **{field.name: _plain(getattr(self, field.name)) for field in fields(self)}}

    def _require(self, holds: bool, what: str) -> None:
        if not holds:
            raise ValueError(f"a map of kind {self.kind!r}: {what}")

    def _require_targets(self, *targets: Target) -> None:
        self._require(self.target in targets, f"target must be {' or '.join(targets)}, not {self.target!r}")


def map_from_dict(record: Mapping[str, Any]) -> Map:
    """The map of a record made by `Map.to_dict`.

    Raises
    ------
    ValueError
        An unknown kind; a field that is missing, unknown, of another type, not finite or out of range: it is named.
    """
    if not isinstance(record, Mapping):
        raise ValueError(f"the record of a map must be a mapping, not {type(record).__name__}")
    kind = record.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"unknown kind of map {kind!r}; known are {', '.join(sorted(_KINDS))}")
    form = _KINDS[kind]
    wanted = {field.name: str(field.type) for field in fields(form)}
    require_fields(f"a map of kind {kind!r}", record, ("kind", *wanted))
    return form(**{name: READERS[of](f"{kind}.{name}", record[name]) for name, of in wanted.items()})


def require_fields(what: str, record: Any, wanted: Sequence[str], *, maybe: Sequence[str] = ()) -> None:
    """ValueError unless the record is a mapping with the wanted fields, perhaps those of ``maybe``, and no others."""
    if not isinstance(record, Mapping):
        raise ValueError(f"{what} must be a mapping, not {type(record).__name__}")
    for name in wanted:
        if name not in record:
            raise ValueError(f"{what} has no field {name!r}")
    for name in record:
        if name not in wanted and name not in maybe:
            raise ValueError(f"{what} has a field {name!r} that is not known")


def checked_scores(scores: ArrayLike) -> Floats:
    """Scores as float64; ValueError where one is infinite."""
    x = np.asarray(scores, dtype=np.float64)
    if np.isinf(x).any():
        raise ValueError(f"scores must be finite or NaN; {np.count_nonzero(np.isinf(x))} are infinite")
    return x


def _plain(value: Any) -> Any:
    if isinstance(value, Map):
        return value.to_dict()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def number_of(name: str, value: Any) -> float:
    """A finite number as it is; ValueError names what is none."""
    # Compared, not converted: an integer may be too great for a float.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise ValueError(f"{name} must be a finite number, not {shortened(value)}")
    return float(value)


def numbers_of(name: str, value: Any) -> Floats:
    """A list of finite numbers as an array; ValueError names what is none."""
    return np.array([number_of(f"{name}[{i}]", part) for i, part in enumerate(list_of(name, value))], dtype=np.float64)


def count_of(name: str, value: Any) -> int:
    """A whole number from 0 up as it is; ValueError names what is none."""
    number = number_of(name, value)
    if not (number.is_integer() and 0 <= number < 2**53):
        raise ValueError(f"{name} must be a whole number from 0 up, not {number:g}")
    return int(number)


def list_of(name: str, value: Any) -> Sequence[Any]:
    """A list as it is; ValueError where it is none."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} must be a list, not {shortened(value)}")
    return value


def labels_of(name: str, value: Any) -> Labels:
    """A list of strings or integers, all different, as a tuple; ValueError names what is none."""
    for part in list_of(name, value):
        if isinstance(part, bool) or not isinstance(part, str | int):
            raise ValueError(f"{name} must hold strings or integers, not {shortened(part)}")
    if len(set(value)) != len(value):
        raise ValueError(f"{name} must all be different")
    return tuple(value)


def _one_of(choices: Any) -> Callable[[str, Any], Any]:
    def read(name: str, value: Any) -> Any:
        if value not in get_args(choices):
            raise ValueError(f"{name} must be one of {', '.join(get_args(choices))}, not {shortened(value)}")
        return value

    return read


target_of = _one_of(Literal["utility", "rating", "probability"])
"""The name of a target that says something of people, as it is; ValueError for another one."""

READERS: dict[str, Callable[[str, Any], Any]] = {
    "float": number_of,
    "Floats": numbers_of,
    "Labels": labels_of,
    "Map": lambda name, value: map_from_dict(value),
    "Target": target_of,
    "Link": _one_of(Link),
    "Beyond": _one_of(Beyond),
}
"""How a field of a record is read, by the name of its type; a map with a type of its own adds it."""
