"""The rows that a fit may use: checked, without NaN and without weight 0, and merged where scores tie.

Imports nothing of ours but the array types of `records`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.scaling.records import Floats, Places

__all__ = ["item_places", "kept_rows", "lower_quantiles", "merged", "require_shares"]


def kept_rows(
    columns: Mapping[str, ArrayLike], weight: ArrayLike | None
) -> tuple[list[Floats], Floats, NDArray[np.bool_]]:
    """The columns (rows,) without the rows where one is NaN or the weight 0, their weights, and which rows are left.

    Raises
    ------
    ValueError
        Shapes that do not fit, infinite values, weights that are negative or not finite, no row left.
    """
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
    first, shape = next((name, values.shape) for name, values in arrays.items())
    w = np.ones(shape) if weight is None else np.asarray(weight, dtype=np.float64)
    for name, values in {**arrays, "weight": w}.items():
        if values.ndim != 1 or values.shape != shape:
            raise ValueError(f"{first} and {name} must be (rows,) both; got the shapes {shape} and {values.shape}")
        if np.isinf(values).any():
            row = int(np.flatnonzero(np.isinf(values))[0])
            raise ValueError(f"{name} must be finite or NaN; row {row} is infinite")
    if not (w >= 0).all():
        row = int(np.flatnonzero(~(w >= 0))[0])
        raise ValueError(f"weights must be finite and at least 0; row {row} has {w[row]:g}")
    there = w > 0
    for values in arrays.values():
        there &= ~np.isnan(values)
    if not there.any():
        raise ValueError(f"no row has {', '.join(arrays)} and a positive weight: there is nothing to fit")
    if there.all():
        return list(arrays.values()), w, there
    return [values[there] for values in arrays.values()], w[there], there


def require_shares(name: str, values: Floats) -> None:
    """ValueError unless all values lie in [0, 1]."""
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"{name} must lie in [0, 1]; it goes from {values.min():g} to {values.max():g}")


def merged(score: Floats, weight: Floats, *columns: Floats) -> tuple[Floats, Floats, list[Floats]]:
    """Distinct scores in order, their total weights, and the weighted mean of each column at each, (distinct,) all."""
    order = np.argsort(score)
    ordered, mass = score[order], weight[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    if starts.size == ordered.size:
        return ordered, mass, [column[order] for column in columns]
    total = np.add.reduceat(mass, starts)
    means = []
    for column in columns:
        values = column[order]
        mean = np.add.reduceat(values * mass, starts) / total
        # Rounding must not carry a mean outside of the values it is made of.
        means.append(np.clip(mean, np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)))
    return ordered[starts], total, means


def lower_quantiles(mass: Floats, shares: Floats) -> Places:
    """For weights (n,) in the order of their values, the place of the smallest value up to which each share lies."""
    total = np.cumsum(mass)
    return np.minimum(np.searchsorted(total, shares * total[-1], side="left"), mass.size - 1)


def item_places(item: ArrayLike | None, there: NDArray[np.bool_]) -> Places | None:
    """The items of the rows left as 0..N-1; None for None. ValueError where there is not one label for each row."""
    if item is None:
        return None
    items = np.asarray(item)
    if items.shape != there.shape:
        raise ValueError(f"item must be {there.shape} as the scores are; got the shape {items.shape}")
    return np.unique(items[there], return_inverse=True)[1]
