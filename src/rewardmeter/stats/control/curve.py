"""Natural cubic splines of one covariate: smooth between the knots, without a bend at the ends, constant beyond them.

A curve is its values at the knots (Green and Silverman 1994, section 2.1): the spline is linear in them, so they are
the parameters of a fit, and a file of them can be read by a person. May import: `stats.scaling.records`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.scaling.records import Floats, numbers_of, require_fields

__all__ = ["CovariateCurve", "count_like", "curve_from_dict", "knots_at", "on_scale", "roughness", "spline_basis"]

_CLOSEST = 1e-6
"""Knots nearer than this, in standard deviations, are one."""


@dataclass(frozen=True, slots=True, eq=False)
class CovariateCurve:
    """A natural cubic spline through (knot, value), (K,) each, K at least 1; one knot is a constant.

    Attributes
    ----------
    logarithmic: whether the knots are of log(1 + covariate) or of the covariate itself.
    knots: strictly increasing; between the first and the last the curve was fitted.
    values: what is added to a score there, in the score's unit.
    """

    logarithmic: bool
    knots: Floats
    values: Floats

    def __post_init__(self) -> None:
        for name, numbers in (("knots", self.knots), ("values", self.values)):
            if numbers.ndim != 1 or not numbers.size or not np.isfinite(numbers).all():
                raise ValueError(f"a curve: {name} must be finite, in one row, and at least one")
        if self.knots.shape != self.values.shape or not (np.diff(self.knots) > 0).all():
            raise ValueError("a curve: knots must increase strictly, and each has one value")

    def __call__(self, covariate: ArrayLike) -> Floats:
        """The curve at covariates of any shape, in their unit; beyond the outer knots the value there, NaN at NaN."""
        x = on_scale(covariate, self.logarithmic)
        return np.where(np.isnan(x), np.nan, spline_basis(x, self.knots) @ self.values)

    def outside(self, covariate: ArrayLike) -> Any:
        """Which covariates lie beyond the outer knots, bool of their shape; more than rounding may do."""
        x = on_scale(covariate, self.logarithmic)
        slack = 1e-9 * max(1.0, float(np.abs(self.knots).max()))
        return (x < self.knots[0] - slack) | (x > self.knots[-1] + slack)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `curve_from_dict` reads them."""
        return {"logarithmic": self.logarithmic, "knots": self.knots.tolist(), "values": self.values.tolist()}


def curve_from_dict(name: str, record: Mapping[str, Any]) -> CovariateCurve:
    """The curve of a record; ValueError names what is wrong in it."""
    require_fields(name, record, ("logarithmic", "knots", "values"))
    if not isinstance(record["logarithmic"], bool):
        raise ValueError(f"{name}.logarithmic must be true or false")
    knots, values = (numbers_of(f"{name}.{part}", record[part]) for part in ("knots", "values"))
    try:
        return CovariateCurve(record["logarithmic"], knots, values)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def count_like(covariate: ArrayLike) -> bool:
    """Whether all values are whole numbers from 0 up and one is above 1: a count, whose logarithm is of use."""
    x = np.asarray(covariate, dtype=np.float64)
    known = x[~np.isnan(x)]
    return bool(known.size and (known >= 0).all() and (known == np.floor(known)).all() and known.max() > 1)


def on_scale(covariate: ArrayLike, logarithmic: bool) -> Floats:
    """Covariates as the curve takes them: log(1 + x), x no less than 0, or as they are."""
    x = np.asarray(covariate, dtype=np.float64)
    return np.log1p(np.maximum(x, 0.0)) if logarithmic else x


def knots_at(x: Floats, degrees: int) -> Floats:
    """At most ``degrees`` + 1 knots: the least, the greatest and quantiles between, of (n,) values that are no NaN.

    Fewer where quantiles fall together; one where all values are equal.
    """
    if degrees < 1:
        raise ValueError(f"a curve needs one degree of freedom or more; got {degrees}")
    places = np.unique(np.quantile(x, np.linspace(0, 1, degrees + 1), method="inverted_cdf"))
    least, kept = _CLOSEST * float(np.std(x)), [places[0]]
    for knot in places[1:-1].tolist():
        if knot - kept[-1] > least and places[-1] - knot > least:
            kept.append(knot)
    return np.array([*kept, *places[1:][-1:]])


def spline_basis(x: Floats, knots: Floats) -> Floats:
    """H (..., K) with H @ values the natural cubic spline at x (...), held constant beyond the outer knots.

    With t the knots, h their distances and g the second derivatives there (0 at both ends), between two of them
    f = ((x - t0) v1 + (t1 - x) v0) / h - (x - t0)(t1 - x) ((1 + (x - t0) / h) g1 + (1 + (t1 - x) / h) g0) / 6
    (Green and Silverman 1994, eq. 2.21). Rows of H sum to 1. NaN counts as the first knot.
    """
    size = knots.size
    if size == 1:
        return np.ones((*x.shape, 1))
    inside = np.clip(np.where(np.isnan(x), knots[0], x), knots[0], knots[-1])
    place = np.clip(np.searchsorted(knots, inside, side="right") - 1, 0, size - 2)
    width = np.diff(knots)[place]
    above, below = (inside - knots[place]) / width, (knots[place + 1] - inside) / width
    unit, bends = np.eye(size), np.zeros((size, size))
    bends[1:-1] = _bends(knots)
    curved = (1 + above)[..., None] * bends[place + 1] + (1 + below)[..., None] * bends[place]
    straight = above[..., None] * unit[place + 1] + below[..., None] * unit[place]
    return straight - (above * below * width**2 / 6)[..., None] * curved


def roughness(knots: Floats) -> Floats:
    """R (K, K), with values @ R @ values the integral of the squared second derivative (Green and Silverman, 2.5)."""
    if knots.size < 3:
        return np.zeros((knots.size, knots.size))
    return _differences(knots).T @ _bends(knots)


def _bends(knots: Floats) -> Floats:
    """(K - 2, K): second derivatives at the inner knots, of values at the knots."""
    if knots.size < 3:
        return np.empty((0, knots.size))
    width = np.diff(knots)
    band = np.diag((width[:-1] + width[1:]) / 3) + np.diag(width[1:-1] / 6, 1) + np.diag(width[1:-1] / 6, -1)
    return np.asarray(np.linalg.solve(band, _differences(knots)), dtype=np.float64)


def _differences(knots: Floats) -> Floats:
    """(K - 2, K): second differences of values at the knots."""
    slope = 1 / np.diff(knots)
    rows = np.zeros((max(knots.size - 2, 0), knots.size))
    for j in range(len(rows)):
        rows[j, j : j + 3] = slope[j], -slope[j] - slope[j + 1], slope[j + 1]
    return rows
