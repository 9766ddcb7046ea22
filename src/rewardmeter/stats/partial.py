"""Correlation with human judgement once covariates are held fixed: is it more than a proxy for system or length?

May import: `cells`, `influence`, `intervals`, `moments`, `ranks`, `result`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, check_cells
from rewardmeter.stats.influence import item_standard_error
from rewardmeter.stats.intervals import JACKKNIFE, estimates, normal_interval
from rewardmeter.stats.moments import group_moments, pearson
from rewardmeter.stats.ranks import rank_rows
from rewardmeter.stats.result import Estimate

__all__ = ["partial_correlation", "partial_correlation_estimates"]

_EXPLAINED = 1e-12
"""A residual variance below this share of the variance is rounding: the covariates explain everything."""


def partial_correlation(
    scores: ArrayLike,
    gold: ArrayLike,
    covariates: ArrayLike,
    *,
    statistic: Literal["pearson", "spearman"] = "pearson",
    labels: ArrayLike | None = None,
) -> Floats:
    """Pooled correlation of what the covariates leave unexplained in scores and gold, (scorers,) in [-1, 1].

    Both sides are regressed on the covariates by least squares with an intercept; the residuals are correlated, by
    Pearson's r or by Spearman's rho of the residuals, as FRANK does with the system as covariate (Pagnoni et al.
    2021, section 5). NaN where the covariates explain one side entirely.

    Parameters
    ----------
    scores, gold: (scorers, systems, items) and (systems, items), NaN where missing.
    covariates: numbers (covariates, systems, items), or one categorical covariate (systems, items) of any type that
        NumPy can sort, entered as one column per category. A cell counts when scorer, gold and covariates are there;
        a category is missing where it is NaN.
    labels: a categorical covariate (systems, items) beside numeric ``covariates``.

    Raises
    ------
    ValueError
        On shapes that do not fit, infinite values, or an unknown statistic.
    """
    residuals = _residuals(scores, gold, covariates, statistic, labels)
    return np.array([_coefficient(statistic, x, y) for x, y, _ in residuals])


def partial_correlation_estimates(
    scores: ArrayLike,
    gold: ArrayLike,
    covariates: ArrayLike,
    *,
    statistic: Literal["pearson", "spearman"] = "pearson",
    labels: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """`partial_correlation` with ``n`` cells; for Pearson with an interval.

    The interval is normal on Fisher's z with a standard error from the infinitesimal jackknife over items. That needs
    no refitting: residuals are orthogonal to the covariates, so refitting changes the coefficient only in second
    order. For Spearman it would not be so, and there is no interval.
    """
    residuals = _residuals(scores, gold, covariates, statistic, labels)
    values = np.array([_coefficient(statistic, x, y) for x, y, _ in residuals])
    n = np.array([x.size for x, _, _ in residuals])
    if statistic == "spearman":
        return estimates(values, None, n=n, method="none: no interval for ranks of residuals", level=level)
    items = np.asarray(gold).shape[1]
    errors = [_standard_error(x, y, value, item, items) for (x, y, item), value in zip(residuals, values, strict=True)]
    return estimates(values, normal_interval(values, np.array(errors), level), n=n, method=JACKKNIFE, level=level)


def _residuals(
    scores: ArrayLike, gold: ArrayLike, covariates: ArrayLike, statistic: str, labels: ArrayLike | None
) -> list[tuple[Floats, Floats, NDArray[np.intp]]]:
    """For each scorer: residuals of its scores and of the gold over the cells that count, and their items."""
    if statistic not in ("pearson", "spearman"):
        raise ValueError(f"statistic must be pearson or spearman; got {statistic!r}")
    scores, gold = check_cells(scores, gold)
    numbers, category = _covariates(covariates, labels, gold.shape)
    known = ~np.isnan(gold) & (category >= 0) & ~np.isnan(numbers).any(axis=0)
    made = []
    for row in scores:
        system, item = np.nonzero(known & ~np.isnan(row))
        columns = np.stack([row[system, item], gold[system, item], *numbers[:, system, item]], axis=1)
        made.append((*_explained_away(columns, category[system, item]), item))
    return made


def _covariates(
    covariates: ArrayLike, labels: ArrayLike | None, shape: tuple[int, ...]
) -> tuple[Floats, NDArray[np.intp]]:
    """Numbers (covariates, systems, items), and the category of each cell, -1 where it is missing."""
    given = np.asarray(covariates)
    if given.ndim == 2 and labels is not None:
        raise ValueError("categories were given twice, as covariates and as labels")
    numbers = np.asarray(given, dtype=np.float64) if given.ndim != 2 else np.empty((0, *shape))
    named = given if given.ndim == 2 else np.zeros(shape) if labels is None else np.asarray(labels)
    if numbers.ndim != 3 or numbers.shape[1:] != shape or named.shape != shape:
        wanted = f"(covariates, systems, items) or, for categories, (systems, items), and these {shape}"
        raise ValueError(f"covariates must be {wanted}; got the shapes {numbers.shape} and {named.shape}")
    if np.isinf(numbers).any():
        raise ValueError("a covariate is infinite; use NaN where a value is missing")
    missing = named != named  # only NaN differs from itself, also within an array of objects
    category = np.full(shape, -1, dtype=np.intp)
    category[~missing] = np.unique(named[~missing], return_inverse=True)[1].ravel()
    return numbers, category


def _explained_away(columns: Floats, category: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """The first two columns less what the categories and the other columns explain; exactly 0 if that is all.

    Taking category means off every column first is the same as regressing on one column per category.
    """
    if columns.shape[0] == 0:
        return columns[:, 0], columns[:, 1]
    mean = columns.mean(axis=0)
    unit = np.abs(columns - mean).max(axis=0)
    unit[unit == 0] = 1.0
    _, place, count = np.unique(category, return_inverse=True, return_counts=True)
    within = columns.copy()
    for column in within.T:
        column -= (np.bincount(place, column) / count)[place]
    within /= unit
    residual, others = within[:, :2], within[:, 2:]
    residual = residual - others @ np.linalg.lstsq(others, residual, rcond=None)[0]
    spread = (((columns[:, :2] - mean[:2]) / unit[:2]) ** 2).sum(axis=0)
    residual[:, (residual**2).sum(axis=0) <= _EXPLAINED * spread] = 0.0
    return residual[:, 0], residual[:, 1]


def _coefficient(statistic: str, x: Floats, y: Floats) -> float:
    if statistic == "spearman":
        x, y = (rank_rows(side[None]).midranks[0] for side in (x, y))
    return float(pearson(group_moments(x[None], y[None]))[0])


def _standard_error(x: Floats, y: Floats, value: float, item: NDArray[np.intp], items: int) -> float:
    """Jackknife error of Pearson's r of residuals, which have mean 0: influence u v - r (u^2 + v^2) / 2 over n."""
    if np.isnan(value):
        return float("nan")
    u, v = x / np.sqrt((x * x).mean()), y / np.sqrt((y * y).mean())
    influence: Floats = (u * v - value * (u * u + v * v) / 2) / x.size
    by_item: Floats = np.bincount(item, influence, minlength=items).astype(np.float64)
    return float(item_standard_error(by_item))
