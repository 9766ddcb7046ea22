"""Lower bounds of combined values, as conservative rewards.

For ``rating`` the bound lies below the human rating of a new item's response with probability ``level`` or more: the
value less reach(level) * size, where size^2 is the variance of the fit and of what is missing, plus noise, plus
disagreement times the scorers' disagreement (both at least 0, fitted to squared residuals), and the reach is the
one-sided conformal quantile of (value - human) / size over items, of cross-fitted values and sizes. What is guaranteed,
and what is approximate about cross-fitted values, stands in `conformal`. It holds over all responses, not for each kind
of response, and not where scores are missing more often than on the data of the fit.

For ``utility`` and ``probability``, whose single outcomes an interval says nothing about, it is a lower confidence
bound of the value itself: of the linear predictor, by the normal quantile of its variance. It does not know of what the
combination gets wrong in kind. The bound is not monotone in the scores. May import: `conformal`, `records`, `rows`,
`stacking`, `forms`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.scaling.conformal import item_quantile
from rewardmeter.stats.scaling.forms import linked
from rewardmeter.stats.scaling.records import Floats, numbers_of, require_fields
from rewardmeter.stats.scaling.rows import item_places, kept_rows
from rewardmeter.stats.scaling.stacking import Stack

__all__ = ["LEVELS", "LowerBound", "bound_from_dict", "fit_lower_bound"]

LEVELS: tuple[float, ...] = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99)
"""Levels whose reaches are kept."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LowerBound:
    """How far below its value a combination's lower bound lies.

    Attributes
    ----------
    noise, disagreement: of size^2; see the module. Not used for utilities and probabilities.
    levels, reaches: (L,) of the conformal quantiles, as far as the items allow; empty for utilities and probabilities.
    """

    noise: float
    disagreement: float
    levels: Floats
    reaches: Floats

    def __post_init__(self) -> None:
        for name, value in (("noise", self.noise), ("disagreement", self.disagreement)):
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"a lower bound: {name} must be finite and at least 0, not {value}")
        ordered = (np.diff(self.levels) > 0).all() and (np.diff(self.reaches) >= 0).all()
        inside = (self.levels > 0).all() and (self.levels < 1).all()
        if self.levels.shape != self.reaches.shape or self.levels.ndim != 1 or not (ordered and inside):
            raise ValueError("a lower bound: levels in (0, 1) must rise with their reaches, one for each")

    def __call__(self, stack: Stack, scores: ArrayLike, level: float) -> Floats:
        """(..., M) scores as (...) lower bounds of the combination; NaN where it has no value.

        For ratings, a level between two kept ones gets the greater. ValueError where the level is not in (0, 1) or
        needs more items than there were.
        """
        eta = stack.predictor(scores)
        return linked(eta - self.reach(stack, level) * self.size(stack, scores), stack.target == "probability")

    def reach(self, stack: Stack, level: float) -> float:
        """How many sizes below the value the bound lies; raises as a call."""
        if not 0 < level < 1:
            raise ValueError(f"level must lie strictly between 0 and 1; got {level}")
        if stack.target != "rating":
            from scipy.special import ndtri

            return float(ndtri(level))
        place = int(np.searchsorted(self.levels, level - 1e-9))
        if place >= self.levels.size:
            most = f"{self.levels[-1]:g} at most" if self.levels.size else "none"
            raise ValueError(f"the items of the fit allow no lower bound of level {level:g} ({most})")
        return float(self.reaches[place])

    def size(self, stack: Stack, scores: ArrayLike) -> Floats:
        """(...) the unit of the reach at each response."""
        variance, disagreement = stack.doubt(scores)
        if stack.target != "rating":
            return np.sqrt(variance)
        return np.sqrt(variance + self.noise + self.disagreement * disagreement)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `bound_from_dict` reads them."""
        return {
            "noise": self.noise,
            "disagreement": self.disagreement,
            "levels": self.levels.tolist(),
            "reaches": self.reaches.tolist(),
        }


def bound_from_dict(record: Mapping[str, Any]) -> LowerBound:
    """The bound of a record made by `LowerBound.to_dict`; ValueError says what is wrong in it."""
    wanted = ("noise", "disagreement", "levels", "reaches")
    require_fields("a lower bound", record, wanted)
    noise, disagreement = numbers_of("bound", [record["noise"], record["disagreement"]]).tolist()
    levels, reaches = (numbers_of(f"bound.{name}", record[name]) for name in wanted[2:])
    return LowerBound(noise=noise, disagreement=disagreement, levels=levels, reaches=reaches)


def fit_lower_bound(
    values: ArrayLike, variance: ArrayLike, disagreement: ArrayLike, human: ArrayLike, item: ArrayLike
) -> LowerBound:
    """The lower bound of a combination of ratings, from values of combinations that had not seen the items.

    Parameters
    ----------
    values, human:
        (rows,) cross-fitted values and human ratings; rows with NaN do not count.
    variance, disagreement:
        (rows,) from `Stack.doubt` of the same combinations.
    item:
        (rows,) labels of items.

    Raises
    ------
    ValueError
        Bad rows, no row.
    """
    from scipy.optimize import nnls

    columns = {"values": values, "variance": variance, "disagreement": disagreement, "human": human}
    (value, known, spread, truth), _, there = kept_rows(columns, None)
    group = item_places(item, there)
    assert group is not None  # an item array was given
    residual = value - truth
    unit = max(float(np.mean(residual**2)), 1e-300)
    design = np.column_stack([np.ones(residual.size), spread])
    # A twentieth of the mean square stays, so that no size comes near 0.
    found, _ = nnls(design, np.maximum(residual**2 - known, 0.0) / unit)
    noise = max(found[0] * unit, 0.05 * unit)
    size = np.sqrt(known + noise + found[1] * unit * spread)
    kept, reaches = [], []
    for level in LEVELS:
        reach, _ = item_quantile(residual / size, group, level)
        if math.isfinite(reach):
            kept.append(level)
            reaches.append(reach)
    return LowerBound(
        noise=float(noise), disagreement=float(found[1]) * unit, levels=np.array(kept), reaches=np.array(reaches)
    )
