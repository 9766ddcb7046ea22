"""Several scorers' scores as one value: what a fitted combination is, and how sure it is of itself.

The value is intercept + sum of weight * standardised score, for the target ``probability`` the logistic of it. Scores
may go through a monotone map of their own before. Weights are at least 0 (stacked regressions with that constraint:
Breiman 1996), so that the value never falls where one score rises and the others stay; a scorer for which less is
better has to be negated before.

Where scores are missing, the value is that of the best prediction of the full combination from the scores that are
there, again with weights of at least 0: of all v >= 0 on these, the one with least E(w'z - v'z)^2 under the moments
of the scores on the rows of the fit. Without that bound it would be the combination of the scores imputed by regression
on the others (Buck 1960); with it the value stays monotone. It is right on average where scores are missing at random
given the others; for ``utility`` it uses what scores have in common within items, so that responses to be compared had
better miss the same scorers. The logistic function of a predicted logit is a little too extreme.
May import: `records`, `forms`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.scaling.forms import linked
from rewardmeter.stats.scaling.records import (
    Floats,
    Map,
    Places,
    Target,
    checked_scores,
    map_from_dict,
    numbers_of,
    require_fields,
    target_of,
)

__all__ = ["Stack", "mapped", "stack_from_dict"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stack:
    """A calibrated combination of M scorers.

    Attributes
    ----------
    target: what the values are; see `records.Target`.
    intercept, weights: (M,) of the standardised scores, at least 0.
    centre, scale: (M,) what is subtracted from the scores (or what their maps make of them), and what they are divided
        by.
    moments: (M, M) second moments of the standardised scores: of responses; for ``utility`` of differences in pairs.
    covariance: (1 + M, 1 + M) of the sampling error of intercept and weights, clustered by item.
    penalty: that was chosen.
    maps: M maps that scores go through before they are standardised; or none.
    """

    target: Target
    intercept: float
    weights: Floats
    centre: Floats
    scale: Floats
    moments: Floats
    covariance: Floats
    penalty: float
    maps: tuple[Map, ...] = ()

    def __post_init__(self) -> None:
        m = self.weights.size
        shapes = {"weights": (m,), "centre": (m,), "scale": (m,), "moments": (m, m), "covariance": (m + 1, m + 1)}
        for name, shape in shapes.items():
            values = getattr(self, name)
            _require(values.shape == shape, f"{name} must have the shape {shape}, not {values.shape}")
            _require(bool(np.isfinite(values).all()), f"{name} must be finite")
        _require(m > 0, "there must be a scorer")
        _require(bool((self.weights >= 0).all()), "weights must be at least 0")
        _require(bool((self.scale > 0).all()), "scale must be positive")
        _require(len(self.maps) in (0, m), f"maps must be {m} or none, not {len(self.maps)}")
        _require(not any(one.needs for one in self.maps), "maps may look at the score alone")
        _require(math.isfinite(self.intercept), "intercept must be finite")
        _require(math.isfinite(self.penalty) and self.penalty >= 0, "penalty must be finite and at least 0")
        for name in ("moments", "covariance"):
            values = getattr(self, name)
            _require(bool(np.allclose(values, values.T, rtol=1e-9, atol=1e-12)), f"{name} must be symmetric")

    def __call__(self, scores: ArrayLike) -> Floats:
        """(..., M) scores, NaN where one is missing, as (...) values; NaN where all of positive weight are missing and
        nothing that is there is related to them. ValueError for infinite scores and for another M."""
        return linked(self.predictor(scores), self.target == "probability")

    def predictor(self, scores: ArrayLike) -> Floats:
        """(...) the linear predictor: the value, for ``probability`` its logit."""
        z, shape = self._standardised(scores)
        patterns, which = _patterns(z)
        value = np.full(len(z), np.nan)
        for k, there in enumerate(patterns):
            weights, _ = self._projected(there)
            if weights.any() or (there.any() and not self.weights.any()):
                rows = which == k
                value[rows] = self.intercept + z[rows][:, there] @ weights[there]
        return value.reshape(shape)

    def doubt(self, scores: ArrayLike) -> tuple[Floats, Floats]:
        """(...) the variance of the linear predictor, by the fit and by what is missing; and the scorers' disagreement.

        The first is x' C x, C the covariance of the fit and x the standardised scores, missing ones at their mean, and
        the variance of the full combination given the scores that are there. The second is the weighted variance of the
        standardised scores around their weighted mean, the weights those of the combination. NaN where there is no
        value.
        """
        z, shape = self._standardised(scores)
        patterns, which = _patterns(z)
        design = np.column_stack([np.ones(len(z)), np.where(np.isnan(z), 0.0, z)])
        variance = np.maximum(np.einsum("ri,ij,rj->r", design, self.covariance, design), 0.0)
        spread = np.zeros(len(z))
        for k, there in enumerate(patterns):
            weights, unexplained = self._projected(there)
            rows = which == k
            variance[rows] += unexplained
            if not weights.any():
                if self.weights.any() or not there.any():
                    variance[rows] = spread[rows] = np.nan
                continue
            share, seen = weights[there] / weights.sum(), z[rows][:, there]
            spread[rows] = np.square(seen - (seen @ share)[:, None]) @ share
        return variance.reshape(shape), spread.reshape(shape)

    def kept(self, which: ArrayLike) -> Stack:
        """The combination of some of the scorers; those left out must have weight 0, so that nothing else changes."""
        keep = np.asarray(which, dtype=np.intp)
        left_out = np.setdiff1d(np.arange(self.weights.size), keep)
        _require(not self.weights[left_out].any(), "a scorer with a weight cannot be left out")
        both = np.concatenate([[0], keep + 1])
        return Stack(
            target=self.target,
            intercept=self.intercept,
            weights=self.weights[keep],
            centre=self.centre[keep],
            scale=self.scale[keep],
            moments=self.moments[np.ix_(keep, keep)],
            covariance=self.covariance[np.ix_(both, both)],
            penalty=self.penalty,
            maps=tuple(self.maps[k] for k in keep.tolist()) if self.maps else (),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `stack_from_dict` reads them."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values}
        return {"kind": "stack", **plain, "maps": [one.to_dict() for one in self.maps]}

    def _standardised(self, scores: ArrayLike) -> tuple[Floats, tuple[int, ...]]:
        x = checked_scores(scores)
        _require(x.ndim > 0 and x.shape[-1] == self.weights.size, f"scores must be (..., {self.weights.size})")
        shape = x.shape[:-1]
        x = mapped(self.maps, x.reshape(-1, self.weights.size))
        return (x - self.centre) / self.scale, shape

    def _projected(self, there: NDArray[np.bool_]) -> tuple[Floats, float]:
        """(M,) weights of the best prediction of the combination from the scores that are there, and its variance."""
        if there.all() or not self.weights[~there].any():
            return np.where(there, self.weights, 0.0), 0.0
        from scipy.optimize import nnls

        size, axes = np.linalg.eigh(self.moments)
        root = np.sqrt(np.maximum(size, 0.0))[:, None] * axes.T
        whole, weights = root @ self.weights, np.zeros(self.weights.size)
        if not there.any():
            return weights, float(whole @ whole)
        weights[there], left = nnls(root[:, there], whole)
        weights[weights < 1e-12 * self.weights.max()] = 0.0
        return weights, float(left) ** 2


def stack_from_dict(record: Mapping[str, Any]) -> Stack:
    """The combination of a record made by `Stack.to_dict`.

    Raises
    ------
    ValueError
        A field that is missing, unknown, of another type, not finite or out of range: it is named.
    """
    if not isinstance(record, Mapping) or record.get("kind") != "stack":
        raise ValueError("the record of a combination must be a mapping of kind 'stack'")
    wanted = [field.name for field in fields(Stack)]
    require_fields("a combination", record, ("kind", *wanted))
    readers: dict[str, Any] = {"target": target_of, "intercept": _number, "penalty": _number}
    readers |= {"moments": _matrix, "covariance": _matrix, "maps": _maps}
    return Stack(**{name: readers.get(name, numbers_of)(f"stack.{name}", record[name]) for name in wanted})


def mapped(maps: Sequence[Map], x: Floats) -> Floats:
    """(rows, M) scores, each column through its map; as they are where there are no maps."""
    return np.stack([one(column) for one, column in zip(maps, x.T, strict=True)], axis=1) if maps else x


def _maps(name: str, value: Any) -> tuple[Map, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} must be a list, not {value!r}")
    return tuple(map_from_dict(one) for one in value)


def _number(name: str, value: Any) -> float:
    return float(numbers_of(name, [value])[0])


def _matrix(name: str, value: Any) -> Floats:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} must be a list of lists, not {value!r}")
    rows = [numbers_of(f"{name}[{i}]", row) for i, row in enumerate(value)]
    if len({row.size for row in rows}) > 1:
        raise ValueError(f"the rows of {name} must have one length")
    return np.array(rows, dtype=np.float64)


def _patterns(z: Floats) -> tuple[NDArray[np.bool_], Places]:
    """Which scores are there: the distinct patterns, and the pattern of each row."""
    there = ~np.isnan(z)
    if there.all():
        return there[:1], np.zeros(len(z), dtype=np.intp)
    found, which = np.unique(there, axis=0, return_inverse=True)
    return found, which.reshape(-1)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"a combination: {what}")
