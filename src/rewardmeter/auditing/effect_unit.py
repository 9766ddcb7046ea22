"""The unit in which dependence on a feature is told. May import `stats`, `types` and `evidence` of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rewardmeter.auditing.evidence import Evidence
from rewardmeter.stats.clustered_regression import ClusteredFit
from rewardmeter.stats.result import Estimate
from rewardmeter.types import FloatArray

__all__ = ["EffectUnit", "effect_units"]


@dataclass(frozen=True, eq=False)
class EffectUnit:
    """What the coefficient of a feature is multiplied by: the root mean square of the feature's difference over the
    scorer's mean absolute margin between responses that people tell apart.

    Attributes
    ----------
    value:
        Over all items; NaN where the scorer tells no two responses apart.
    without:
        (N,) without each item of the data.
    """

    value: float
    without: FloatArray

    def times(self, fit: ClusteredFit, column: int, level: float) -> Estimate:
        """A coefficient in this unit. The interval counts the unit's error: it is measured on the same items."""
        return fit.estimate(column, unit=self.value, unit_without=self.without[fit.items], level=level)


def effect_units(evidence: Evidence, apart: FloatArray) -> list[EffectUnit]:
    """For each scorer that of a feature whose differences are ``apart`` (P,), NaN where it is undefined."""
    return [_unit(evidence, apart, margin) for margin in evidence.margins]


def _unit(evidence: Evidence, apart: FloatArray, margin: FloatArray) -> EffectUnit:
    decided = evidence.pairs.probability != 0.5
    square, pairs = _sums(evidence, np.where(np.isnan(margin), np.nan, apart**2))
    size, told = _sums(evidence, np.where(decided, np.abs(margin), np.nan))
    parts = (square, pairs, size, told)
    value = _ratio(*(part.sum(keepdims=True) for part in parts))
    return EffectUnit(float(value[0]), _ratio(*(_rest(part) for part in parts)))


def _sums(evidence: Evidence, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(N,) sums of an item's values (P,) that are no NaN, and how many there are."""
    item, n, there = evidence.pairs.item, evidence.dataset.n_items, ~np.isnan(values)
    weights = there.astype(np.float64), np.where(there, values, 0.0)
    count, total = (np.asarray(np.bincount(item, one, n), dtype=np.float64) for one in weights)
    return total, count


def _rest(part: FloatArray) -> FloatArray:
    """The sum without each item, 0 where only rounding is left."""
    total = part.sum()
    rest = total - part
    return np.where(rest > 1e-12 * total, rest, 0.0)


def _ratio(square: FloatArray, pairs: FloatArray, size: FloatArray, told: FloatArray) -> FloatArray:
    """Root mean square over mean size, NaN where there is none."""
    there = (pairs > 0) & (told > 0) & (size > 0)
    square, pairs, size, told = (np.where(there, one, 1.0) for one in (square, pairs, size, told))
    return np.where(there, np.sqrt(square / pairs) * told / size, np.nan)
