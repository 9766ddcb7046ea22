"""Maps with few parameters: straight lines, Davidson's ties, length, and the beta family.

May import: `curves`, `records`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.scaling.curves import checked_curve
from rewardmeter.stats.scaling.records import Floats, Map

__all__ = ["BetaMap", "DavidsonMap", "LengthMap", "LinearMap", "log_length"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LinearMap(Map):
    """intercept + slope * score; for the target ``probability`` the logistic function of it.

    ``slope`` is at least 0. For the target ``utility`` it is one over the temperature.
    """

    kind: ClassVar[str] = "linear"
    slope: float
    intercept: float = 0.0

    def __post_init__(self) -> None:
        self._require(math.isfinite(self.slope) and self.slope >= 0, f"slope must be finite, from 0 up: {self.slope}")
        self._require(math.isfinite(self.intercept), f"intercept must be finite: {self.intercept}")

    @property
    def temperature(self) -> float:
        """What scores are divided by; infinite where the slope is 0."""
        return 1 / self.slope if self.slope > 0 else math.inf

    def _values(self, x: Floats, length: ArrayLike | None, slice: ArrayLike | None) -> Floats:
        return linked(self.intercept + self.slope * x, self.target == "probability")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DavidsonMap(Map):
    """Utility slope * score with ties: P(a) : P(b) : P(tie) = exp(d / 2) : exp(-d / 2) : nu (Davidson 1970),
    d the difference of the utilities, which is then the logit that the first is preferred where there is no tie."""

    kind: ClassVar[str] = "davidson"
    slope: float
    nu: float

    def __post_init__(self) -> None:
        self._require_targets("utility")
        for name, value in (("slope", self.slope), ("nu", self.nu)):
            self._require(math.isfinite(value) and value >= 0, f"{name} must be finite and at least 0: {value}")

    def _values(self, x: Floats, length: ArrayLike | None, slice: ArrayLike | None) -> Floats:
        return self.slope * x

    def probabilities(self, score_a: ArrayLike, score_b: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """P(a), P(b), P(tie) of each pair, which sum to 1; NaN where a score is."""
        half = (self(score_a) - self(score_b)) / 2
        largest = np.abs(half)
        first, second, tie = np.exp(half - largest), np.exp(-half - largest), self.nu * np.exp(-largest)
        total = first + second + tie
        return first / total, second / total, tie / total


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LengthMap(Map):
    """intercept + slope * score + gamma * (log(1 + length) - centre) / scale; for ``probability`` the logistic of it.

    Monotone in the score at each length; ``gamma`` may have either sign. The difference of two utilities has no centre.
    """

    kind: ClassVar[str] = "length"
    needs: ClassVar[tuple[str, ...]] = ("length",)
    slope: float
    intercept: float
    gamma: float
    centre: float
    scale: float

    def __post_init__(self) -> None:
        for name in ("slope", "intercept", "gamma", "centre", "scale"):
            self._require(math.isfinite(getattr(self, name)), f"{name} must be finite: {getattr(self, name)}")
        self._require(self.slope >= 0, f"slope must be at least 0: {self.slope}")
        self._require(self.scale > 0, f"scale must be positive: {self.scale}")

    def _values(self, x: Floats, length: ArrayLike | None, slice: ArrayLike | None) -> Floats:
        standard = (log_length(length) - self.centre) / self.scale
        return linked(self.intercept + self.slope * x + self.gamma * standard, self.target == "probability")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BetaMap(Map):
    """logit p = a log s - b log(1 - s) + c (Kull, Silva Filho and Flach 2017), s in (0, 1) the score, moved.

    ``knots`` and ``units`` (K,) say how: linearly between the knots, constant beyond them.
    """

    kind: ClassVar[str] = "beta"
    a: float
    b: float
    c: float
    knots: Floats
    units: Floats

    def __post_init__(self) -> None:
        self._require_targets("probability")
        self._require(all(map(math.isfinite, (self.a, self.b, self.c))), "a, b and c must be finite")
        self._require(self.a >= 0 and self.b >= 0, f"a and b must be at least 0: {self.a}, {self.b}")
        checked_curve(self.kind, "units", self.knots, self.units)
        self._require(self.units[0] > 0 and self.units[-1] < 1, "units must lie strictly between 0 and 1")

    def _values(self, x: Floats, length: ArrayLike | None, slice: ArrayLike | None) -> Floats:
        s = np.interp(x, self.knots, self.units)
        return linked(self.a * np.log(s) - self.b * np.log1p(-s) + self.c, True)


def linked(value: Floats, logistic: bool) -> Floats:
    """The value, or the logistic function of it."""
    from scipy.special import expit

    return expit(value) if logistic else value


def log_length(length: ArrayLike | None) -> Floats:
    """log(1 + length); NaN stays, ValueError where a length is negative or infinite."""
    lengths = np.asarray(length, dtype=np.float64)
    if (lengths < 0).any() or np.isinf(lengths).any():
        raise ValueError("lengths must be finite and at least 0, or NaN")
    return np.log1p(lengths)
