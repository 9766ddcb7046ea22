"""One scorer's rows that count, what they are asked for, and the estimates that come out of influences.

A row is a pair with a margin and a label, or a response with a prediction and a human score. Rows without either, or
of weight 0, are gone here, so that no statistic has to think of them. May import: influence, intervals, result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.influence import item_standard_error
from rewardmeter.stats.intervals import JACKKNIFE_SHARE, check_level, normal_interval
from rewardmeter.stats.result import Estimate, undefined

__all__ = [
    "Asked",
    "Floats",
    "Places",
    "Rows",
    "Runs",
    "TiedMargin",
    "asked",
    "bounded",
    "no_value",
    "pair_rows",
    "rows",
    "totals",
]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
TiedMargin = Literal["half", "first", "second"]
"""How right a margin of 0 is: by half, or as much as its verdict for the first or for the second response."""

_GREATEST = 1e60
"""Greater numbers would overflow when their squares are squared."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The level of the intervals, and the (resamples, items) weights; without weights there is no interval."""

    level: float
    weights: NDArray[Any] | None


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Rows in ascending order of a key, equal keys as one run.

    ``order`` (rows,) sorts the rows, ``start`` (runs,) is where each run begins in that order.
    """

    order: Places
    start: Places

    @classmethod
    def of(cls, key: Floats) -> Runs:
        order = np.argsort(key)
        ordered = key[order]
        return cls(order, np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: key.size]))

    def sums(self, values: Floats) -> Floats:
        """Sum over each run, (rows,) -> (runs,)."""
        ordered = values[self.order]
        return ordered if self.start.size == ordered.size else np.add.reduceat(ordered, self.start)

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Each row gets what its run has, (runs,) -> (rows,)."""
        out = np.empty(self.order.size, dtype=values.dtype)
        length = np.diff(self.start, append=self.order.size)
        out[self.order] = values if self.start.size == out.size else np.repeat(values, length)
        return out


@dataclass(frozen=True, eq=False)
class Rows:
    """What counts of one scorer: ``score`` (margin or prediction), ``truth`` (label or human score), item and weight.

    All are (rows,); ``weight`` is positive. ``tied`` is the rule for margins of 0.
    """

    score: Floats
    truth: Floats
    item: Places
    weight: Floats
    tied: TiedMargin = "half"

    @property
    def n(self) -> int:
        return int(self.score.size)

    @cached_property
    def mass(self) -> float:
        return float(self.weight.sum())

    @cached_property
    def items(self) -> int:
        """How many items have a row."""
        return int(np.count_nonzero(np.bincount(self.item)))

    @cached_property
    def probability(self) -> Floats:
        """That the first response is the better one, the margin read as a logit."""
        from scipy.special import expit

        return np.asarray(expit(self.score))

    @cached_property
    def confidence(self) -> Floats:
        """max(p, 1 - p)."""
        return np.maximum(self.probability, 1 - self.probability)

    @cached_property
    def right(self) -> Floats:
        """How right the verdict is: the label's share for the response with the greater score."""
        right = np.where(self.score > 0, self.truth, 1 - self.truth)
        if self.tied == "half":
            right[self.score == 0] = 0.5
        elif self.tied == "first":
            right = np.where(self.score == 0, self.truth, right)
        return right

    @cached_property
    def by_score(self) -> Runs:
        return Runs.of(self.score)

    @cached_property
    def by_confidence(self) -> Runs:
        """Ascending |margin|, which tells confidences apart even where they round to 1."""
        return Runs.of(np.abs(self.score))

    def mean(self, values: Floats) -> float:
        return float(self.weight @ values / self.mass)

    def error(self, influence: Floats) -> float:
        """Standard error from the derivatives of a statistic by row weight, clustered by item; NaN for one item."""
        by_item = totals(self.item, self.weight * influence)
        if self.items < by_item.size:
            by_item = by_item[np.bincount(self.item) > 0]
        return float(item_standard_error(by_item))


def totals(place: Places, values: Floats, bins: int = 0) -> Floats:
    """Sum of the values in each of at least ``bins`` bins."""
    return np.asarray(np.bincount(place, values, minlength=bins), dtype=np.float64)


def rows(
    score: ArrayLike,
    truth: ArrayLike,
    item: ArrayLike,
    unit_weights: ArrayLike | None,
    *,
    names: tuple[str, str] = ("prediction", "human"),
    tied: TiedMargin = "half",
) -> list[Rows]:
    """The rows of each scorer, from (K, P) scores, (P,) truth and items, and (P,) weights or None for 1 each.

    Raises ValueError on shapes that do not fit, infinite values, item numbers that are no integers from 0 up, and
    weights that are negative or not finite.
    """
    values, gold = np.asarray(score, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if values.ndim != 2 or gold.shape != values.shape[1:]:
        raise ValueError(
            f"{names[0]} must be (scorers, rows) and {names[1]} (rows,) with the same rows; "
            f"got the shapes {values.shape} and {gold.shape}"
        )
    for name, array in zip(names, (values, gold), strict=True):
        if (np.abs(array) > _GREATEST).any():
            raise ValueError(f"{name} has a value that is infinite or beyond {_GREATEST:g}; NaN is a missing one")
    cluster = np.asarray(item)
    whole = np.issubdtype(cluster.dtype, np.integer) or not cluster.size
    if cluster.shape != gold.shape or not whole or (cluster.size and int(cluster.min()) < 0):
        raise ValueError(
            f"item needs an integer from 0 up for each of {gold.size} rows; got {cluster.dtype} {cluster.shape}"
        )
    weight = np.ones(gold.shape) if unit_weights is None else np.asarray(unit_weights, dtype=np.float64)
    if weight.shape != gold.shape or not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError(f"unit_weights must be {gold.size} finite numbers from 0 up")
    cluster = cluster.astype(np.intp, copy=False)
    made = []
    for row in values:
        there = ~(np.isnan(row) | np.isnan(gold)) & (weight > 0)
        if there.all():
            made.append(Rows(row, gold, cluster, weight, tied))
        else:
            made.append(Rows(row[there], gold[there], cluster[there], weight[there], tied))
    return made


def pair_rows(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    unit_weights: ArrayLike | None,
    tied: TiedMargin = "half",
) -> list[Rows]:
    """`rows` of margins and labels; ValueError besides where a label lies outside [0, 1] or the rule is unknown."""
    if tied not in get_args(TiedMargin):
        raise ValueError(f"tied must be one of {', '.join(get_args(TiedMargin))}; got {tied!r}")
    gold = np.asarray(label, dtype=np.float64)
    outside = np.flatnonzero((gold < 0) | (gold > 1))
    if outside.size:
        raise ValueError(f"label must lie in [0, 1]; row {outside[0]} has {gold.flat[outside[0]]:g}")
    return rows(margins, gold, item, unit_weights, names=("margins", "label"), tied=tied)


def asked(weights: ArrayLike | None, item: ArrayLike, level: float) -> Asked:
    """What is asked for; ValueError on a level outside (0, 1) or weights with fewer items than there are."""
    check_level(level)
    if weights is None:
        return Asked(level, None)
    counted, needed = np.asarray(weights), int(np.max(np.asarray(item), initial=-1)) + 1
    if counted.ndim != 2 or counted.shape[1] < needed:
        raise ValueError(f"weights must be (resamples, at least {needed} items); got the shape {counted.shape}")
    return Asked(level, counted)


def no_value(row: Rows, ask: Asked, reason: str) -> Estimate:
    """NaN, and why."""
    return undefined(row.n, level=ask.level, method=f"undefined: {reason}")


def bounded(
    row: Rows,
    ask: Asked,
    value: float,
    influence: Floats,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
    detail: Mapping[str, float] | None = None,
) -> Estimate:
    """An estimate between bounds, normal on the logit; without interval for one item or a value on a bound."""
    return _estimate(row, ask, value, detail, lambda: _logit_ends(row, ask, value, influence, bounds))


def biased_upwards(
    row: Rows,
    ask: Asked,
    value: float,
    bias: float,
    influence: Floats,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
    detail: Mapping[str, float] | None = None,
) -> Estimate:
    """An estimate whose ``bias`` is known about: the interval's lower end is taken from the value less its bias.

    Both ends are kept within the bounds. The upper end is that of the value itself, which the interval so contains.
    """

    def ends() -> tuple[float, float, str]:
        reach = NormalDist().inv_cdf((1 + ask.level) / 2) * row.error(influence)
        low, high = max(bounds[0], value - bias - reach), min(bounds[1], value + reach)
        return low, high, "infinitesimal jackknife over items, normal, lower end less the bias"

    return _estimate(row, ask, value, {"bias": bias, **(detail or {})}, ends)


def _estimate(row: Rows, ask: Asked, value: float, detail: Mapping[str, float] | None, ends: Any) -> Estimate:
    low, high, method = math.nan, math.nan, "none"
    if ask.weights is not None and row.items > 1:
        low, high, method = ends()
    return Estimate(value, low, high, level=ask.level, n=row.n, method=method, detail=detail or {})


def _logit_ends(
    row: Rows, ask: Asked, value: float, influence: Floats, bounds: tuple[float, float]
) -> tuple[float, float, str]:
    if not bounds[0] < value < bounds[1]:
        return math.nan, math.nan, "none: the value is at its bound"
    low, high = normal_interval(np.array(value), np.array(row.error(influence)), ask.level, bounds=bounds)
    return float(low), float(high), JACKKNIFE_SHARE
