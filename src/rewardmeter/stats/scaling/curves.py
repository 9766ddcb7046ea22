"""Maps made of knots: broken lines and steps.

May import: `records`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.scaling.records import Beyond, Floats, Link, Map

__all__ = ["CurveMap", "StepMap", "checked_curve"]

_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CurveMap(Map):
    """A broken line through (knot, value), (K,) each; its logistic function where ``link`` is ``logit``.

    Attributes
    ----------
    knots: scores, strictly increasing.
    values: non-decreasing, on the scale of the link.
    beyond: outside the knots, ``flat`` keeps the end's value and ``linear`` goes on with the end's slope, or keeps
        the end's value where its two knots are so near that they are a step.
    """

    kind: ClassVar[str] = "curve"
    knots: Floats
    values: Floats
    link: Link = "identity"
    beyond: Beyond = "flat"

    def __post_init__(self) -> None:
        checked_curve(self.kind, "values", self.knots, self.values)

    def _values(self, x: Floats, length: ArrayLike | None, slice: ArrayLike | None) -> Floats:
        from scipy.special import expit

        value = np.interp(x, self.knots, self.values)
        if not np.isfinite(value).all():  # knots so near that the slope between them overflows: a step
            value = np.where(np.isfinite(value), value, self.values[np.searchsorted(self.knots, x, side="right") - 1])
        if self.beyond == "linear" and self.knots.size > 1:
            with np.errstate(over="ignore"):
                rise = np.diff(self.values)[[0, -1]] / np.diff(self.knots)[[0, -1]]
                rise = np.where(np.isfinite(rise), rise, 0.0)
                value = value + rise[0] * np.minimum(x - self.knots[0], 0.0)
                value = value + rise[1] * np.maximum(x - self.knots[-1], 0.0)
            value = np.clip(value, -_LARGEST, _LARGEST)
        return expit(value) if self.link == "logit" else value


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StepMap(Map):
    """Steps: ``values`` (K,), non-decreasing, of which the k-th holds for cuts[k - 1] < score <= cuts[k].

    ``cuts`` (K - 1,) increase strictly; the first and the last step have no outer end.
    """

    kind: ClassVar[str] = "steps"
    cuts: Floats
    values: Floats

    def __post_init__(self) -> None:
        for name, numbers in (("cuts", self.cuts), ("values", self.values)):
            self._require(bool(np.isfinite(numbers).all()), f"{name} must be finite")
        fits = self.values.ndim == 1 and self.cuts.shape == (self.values.size - 1,)
        self._require(fits, f"{self.values.size} values need one cut less; got {self.cuts.size}")
        self._require(bool((np.diff(self.cuts) > 0).all()), "cuts must increase strictly")
        self._require(bool((np.diff(self.values) >= 0).all()), "values must not decrease")

    def _values(self, x: Floats, length: ArrayLike | None, slice: ArrayLike | None) -> Floats:
        return self.values[np.searchsorted(self.cuts, np.where(np.isnan(x), 0.0, x), side="left")]


def checked_curve(kind: str, name: str, knots: Floats, values: Floats) -> None:
    """ValueError unless the knots increase strictly and the values, as many and at least one, do not decrease."""
    for what, numbers in (("knots", knots), (name, values)):
        if numbers.ndim != 1 or not numbers.size or not np.isfinite(numbers).all():
            raise ValueError(f"a map of kind {kind!r}: {what} must be finite, in one row, and at least one")
    if knots.shape != values.shape:
        raise ValueError(f"a map of kind {kind!r}: {knots.size} knots and {values.size} {name} do not fit")
    if not (np.diff(knots) > 0).all() or not (np.diff(values) >= 0).all():
        raise ValueError(f"a map of kind {kind!r}: knots must increase strictly and {name} must not decrease")
