"""Where the variance of ratings comes from: items, systems, raters and their interplay, for any unbalanced design.

Model: rating = mean + one random effect per factor level + residual, all independent. Factors may be crossed, nested or
products of others. Henderson's method I equates each factor's uncorrected sum of squares T_f = sum over its levels of
(sum of ratings)^2 / count with its expectation (Henderson 1953; Searle, Casella and McCulloch 1992, section 5.3):
    E[T_f - T_mean] = sum_g (k_fg - k_0g) var_g + (levels_f - 1) var_residual,
    k_fg = sum over levels a of f and b of g of n_ab^2 / n_a,    k_0g = sum_b n_b^2 / n.
It is unbiased, needs no iteration, and equals the analysis of variance where the design is balanced.
May import: cells, counts, judgments, result, uncertainty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Ints
from rewardmeter.stats.humans.counts import occurring
from rewardmeter.stats.humans.judgments import checked_index
from rewardmeter.stats.humans.uncertainty import grouped_jackknife, jackknife_method
from rewardmeter.stats.result import Estimate

__all__ = ["RESIDUAL", "VarianceComponents", "crossed", "rating_components", "variance_components"]

RESIDUAL = "residual"
_SINGULAR = 1e-9
"""Singular values of the scaled equations below this mean that two factors cannot be told apart."""


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Estimated variances, in squared units of the ratings.

    Attributes
    ----------
    names: the factors, then ``residual``.
    variance: (names,) as estimated: one that is about 0 may come out negative, and is shown so.
    levels: (names,) how many levels each factor has; for the residual the number of ratings.
    of_items: (names,) whether each level belongs to one item, so that leaving out items leaves out levels. Only of such
        factors can items tell how uncertain their variance is: with four raters the variance of raters is hardly known,
        however many items there are.
    without_group: (groups, names) the variances with each group of items left out; none without folds.
    left_out: factors that the design cannot tell from the others, in words; their variance is part of others'.
    """

    names: tuple[str, ...]
    variance: Floats
    levels: Ints
    of_items: NDArray[np.bool_]
    without_group: Floats
    left_out: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> float:
        """The variance of a factor, 0 of one that was not estimated."""
        return float(self.variance[self.names.index(name)]) if name in self.names else 0.0

    def estimates(self, level: float = 0.95) -> Mapping[str, Estimate]:
        """Each variance, with a jackknife interval over items where the factor is ``of_items``; ``n`` counts levels."""
        groups = self.without_group.shape[0]
        made = {}
        for j, name in enumerate(self.names):
            value, n = float(self.variance[j]), int(self.levels[j])
            made[name] = Estimate(value, level=level, n=n)
            if groups and self.of_items[j]:
                low, high = grouped_jackknife(value, self.without_group[:, j], level=level)
                made[name] = Estimate(value, low, high, level, n, jackknife_method(groups))
        return made


def crossed(*factors: ArrayLike) -> Ints:
    """The product of factors: one level for each combination of their levels that occurs, in sorted order."""
    product = np.zeros(np.size(factors[0]), dtype=np.int64)
    for factor in factors:
        index = checked_index("a factor", factor, product.size)
        product = _recoded(product * (int(index.max(initial=0)) + 1) + index)
    return product


def variance_components(
    value: ArrayLike,
    factors: Mapping[str, ArrayLike],
    *,
    item: ArrayLike | None = None,
    fold: NDArray[Any] | None = None,
) -> VarianceComponents:
    """Variance of each factor and of the residual by Henderson's method I.

    Parameters
    ----------
    value: (ratings,) finite.
    factors: for each factor the level of every rating, (ratings,) whole numbers from 0; see `crossed`.
    item, fold: the item of each rating, and a random group for each item (`resampling.item_folds`), for intervals.

    Raises
    ------
    ValueError
        On arrays that do not fit, values that are not finite, or a factor that the design cannot tell from the others
        (named), as with one rating for each of its levels.
    """
    values = np.asarray(value, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError("values must have one dimension and be finite; leave out what was not rated")
    coded = {name: _recoded(checked_index(name, index, values.size)) for name, index in factors.items()}
    kept = _told_apart(coded, values.size)
    if len(kept) < len(coded):
        names = ", ".join(name for name in coded if name not in kept)
        raise ValueError(f"the design cannot tell these factors from the others: {names}")
    return _estimated(values, coded, item, fold)


def rating_components(
    value: ArrayLike,
    item: ArrayLike,
    rater: ArrayLike,
    *,
    system: ArrayLike | None = None,
    fold: NDArray[Any] | None = None,
) -> VarianceComponents:
    """Variance components of ratings of systems' responses to items by raters, as far as the design shows them.

    Factors, in this order: ``item``, ``rater``, ``system``, ``item x system`` (how well a system does on an item),
    ``system x rater`` (a rater's liking for a system), ``item x rater``. Those that the design cannot tell from the
    ones before it are left out, and named in ``left_out``.

    Parameters
    ----------
    value: (ratings,) finite. item, rater, system: (ratings,) whole numbers from 0. Raters must be people, not slots.
    fold: (items,) a random group for each item, for intervals.
    """
    values = np.asarray(value, dtype=np.float64)
    items, raters = checked_index("item", item, values.size), checked_index("rater", rater, values.size)
    factors = {"item": items, "rater": raters}
    if system is not None:
        systems = checked_index("system", system, values.size)
        factors |= {"system": systems, "item x system": crossed(items, systems)}
        factors["system x rater"] = crossed(systems, raters)
    factors["item x rater"] = crossed(items, raters)
    kept = _told_apart({name: _recoded(factor) for name, factor in factors.items()}, values.size)
    found = variance_components(values, kept, item=items, fold=fold)
    left_out = tuple(name for name in factors if name not in kept)
    return replace(found, left_out=left_out)


def _estimated(
    values: Floats, factors: Mapping[str, Ints], item: ArrayLike | None, fold: NDArray[Any] | None
) -> VarianceComponents:
    coded = list(factors.values())
    variance = _solved(values, coded)
    without, of_items = np.empty((0, variance.size)), np.zeros(variance.size, dtype=bool)
    levels = np.array([*(int(factor.max(initial=-1)) + 1 for factor in coded), values.size])
    if fold is not None:
        if item is None:
            raise ValueError("folds are of items: give the item of each rating")
        items = checked_index("item", item, values.size)
        kept = [fold[items] != group for group in np.unique(fold[items])]
        without = np.array([_solved(values[k], [_recoded(factor[k]) for factor in coded]) for k in kept])
        with_item = [int(crossed(factor, items).max()) + 1 for factor in coded]
        of_items = np.array([*with_item, values.size]) == levels
    return VarianceComponents((*factors, RESIDUAL), variance, levels, of_items, without)


def _recoded(index: Ints) -> Ints:
    """Levels numbered from 0 without gaps, in sorted order."""
    if not index.size:
        return index
    present, _ = occurring(index, int(index.max()) + 1)
    return np.searchsorted(present, index)


def _solved(values: Floats, factors: list[Ints]) -> Floats:
    """The variances; NaN throughout where the equations have no single solution."""
    centred = values - values.mean()
    squares = [float((np.bincount(f, centred) ** 2 / np.bincount(f)).sum()) for f in factors]
    equations = _equations(factors, values.size)
    if not _independent(equations):
        return np.full(len(factors) + 1, np.nan)
    return np.linalg.solve(equations, np.array([*squares, float((centred**2).sum())]))


def _equations(factors: list[Ints], n: int) -> Floats:
    """Coefficients of the variances (columns; the residual last) in E[T_f - T_mean] (rows; all ratings last)."""
    size = len(factors) + 1
    table = np.empty((size, size))
    counts = [np.bincount(factor).astype(np.float64) for factor in factors]
    mean_row = np.array([float((count**2).sum()) / n for count in counts])
    for f, factor in enumerate(factors):
        table[f, f], table[f, -1] = n, counts[f].size
        for g in range(f):
            width = counts[g].size
            cells, both = occurring(factor * width + factors[g], counts[f].size * width)
            squares = both.astype(np.float64) ** 2
            table[f, g] = float((squares / counts[f][cells // width]).sum())
            table[g, f] = float((squares / counts[g][cells % width]).sum())
    table[-1, :-1], table[-1, -1] = n, n
    table[:, :-1] -= mean_row
    table[:, -1] -= 1
    return table


def _independent(equations: Floats) -> bool:
    """Whether no row is, but for rounding, a combination of the others."""
    scale = np.abs(equations).max(axis=1, keepdims=True)
    rows = equations / np.where(scale > 0, scale, 1.0)
    return bool(np.linalg.matrix_rank(rows, tol=_SINGULAR) == rows.shape[0])


def _told_apart(factors: Mapping[str, Ints], n: int) -> dict[str, Ints]:
    """The factors that can be told from the residual, the mean and the factors kept before them."""
    if n < 2:
        raise ValueError(f"variance needs at least two ratings; got {n}")
    kept: dict[str, Ints] = {}
    for name, factor in factors.items():
        if _independent(_equations([*kept.values(), factor], n)):
            kept[name] = factor
    return kept
