"""Maps with a parameter of its own for each slice, and which slice a row belongs to.

A slice is named by a string or an integer. The empty string and integers below 0 name none; at a call, none and a name
that was not fitted take the common parameter. May import: `records`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.scaling.records import Floats, Label, Labels, Map, Places

__all__ = ["SlicedShiftMap", "SlicedSlopeMap", "places_of", "slice_index"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SlicedSlopeMap(Map):
    """Utility slope * score with one slope for each slice; ``common`` for the others.

    Attributes
    ----------
    slices: S names, all different.
    slopes: (S,) at least 0; one over the slice's temperature.
    spread: standard deviation of the log-temperatures between slices that the shrinkage was made with.
    """

    kind: ClassVar[str] = "sliced_slope"
    needs: ClassVar[tuple[str, ...]] = ("slice",)
    common: float
    slices: Labels
    slopes: Floats
    spread: float

    def __post_init__(self) -> None:
        self._require_targets("utility")
        _checked(self, "slopes", self.slices, self.slopes)
        self._require(self.common >= 0 and bool((self.slopes >= 0).all()), "slopes must be at least 0")

    def _values(self, x: Floats, length: ArrayLike | None, slice: ArrayLike | None) -> Floats:
        return np.append(self.slopes, self.common)[places_of(self.slices, slice)] * x


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SlicedShiftMap(Map):
    """Another map's value plus an offset for each slice; for ``probability`` the offset is added to the logit.

    Attributes
    ----------
    base: the map that is shifted, of the same target.
    slices: S names, all different.
    offsets: (S,), on the rating's scale or in logits.
    common: the offset of the others.
    spread: standard deviation of the offsets between slices that the shrinkage was made with.
    """

    kind: ClassVar[str] = "sliced_shift"
    needs: ClassVar[tuple[str, ...]] = ("slice",)
    base: Map
    common: float
    slices: Labels
    offsets: Floats
    spread: float

    def __post_init__(self) -> None:
        self._require_targets("rating", "probability")
        self._require(self.base.target == self.target, f"target {self.target!r} over {self.base.target!r}")
        self._require("slice" not in self.base.needs, "its base may not have slices itself")
        _checked(self, "offsets", self.slices, self.offsets)

    def _values(self, x: Floats, length: ArrayLike | None, slice: ArrayLike | None) -> Floats:
        from scipy.special import expit, logit

        offset = np.append(self.offsets, self.common)[places_of(self.slices, slice)]
        value = self.base(x, length=length)
        return expit(logit(value) + offset) if self.target == "probability" else value + offset


def slice_index(slice: ArrayLike) -> tuple[Labels, Places]:
    """The names of the slices, sorted, and the place of each row among them, (rows,); -1 for none.

    ValueError unless all names are strings or all are integers.
    """
    names = np.asarray(slice)
    if names.dtype == object:
        names = np.asarray(names.tolist())
    if names.size and not (np.issubdtype(names.dtype, np.integer) or names.dtype.kind == "U"):
        raise ValueError(f"slices must all be strings or all integers, not {names.dtype}")
    distinct, place = np.unique(names, return_inverse=True)
    none = np.array([_is_none(name) for name in distinct.tolist()], dtype=bool)
    moved = np.where(none, -1, np.cumsum(~none) - 1)
    found = moved[place.reshape(names.shape)] if names.size else np.zeros(names.shape, dtype=np.intp)
    return tuple(distinct[~none].tolist()), found.astype(np.intp)


def places_of(slices: Labels, slice: ArrayLike | None) -> Places:
    """The place of each row's slice among ``slices``; -1 for none and for others."""
    names, place = slice_index(np.asarray(slice))
    known = {name: k for k, name in enumerate(slices)}
    return np.array([*(known.get(name, -1) for name in names), -1], dtype=np.intp)[place]


def _is_none(name: Label) -> bool:
    return name == "" if isinstance(name, str) else name < 0


def _checked(map: SlicedSlopeMap | SlicedShiftMap, name: str, slices: Labels, values: Floats) -> None:
    map._require(values.shape == (len(slices),), f"{len(slices)} slices need as many {name}; got {values.size}")
    map._require(len(set(slices)) == len(slices), "slices must all be different")
    map._require(math.isfinite(map.common) and bool(np.isfinite(values).all()), f"common and {name} must be finite")
    map._require(math.isfinite(map.spread) and map.spread >= 0, f"spread must be finite and at least 0: {map.spread}")
