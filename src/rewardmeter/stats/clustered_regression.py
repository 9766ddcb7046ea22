"""Least squares with errors that are shared within items: coefficients, and intervals that hold with few items.

Notation: K responses to be explained (scorers), U units (pairs), Q columns, G items. May import `intervals`, `result`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.intervals import check_level
from rewardmeter.stats.result import Estimate

__all__ = ["ClusteredFit", "clustered_least_squares"]

Floats = npt.NDArray[np.float64]

_SINGULAR = 1e-10
"""Of columns of unit length: a smallest eigenvalue below this share of the largest is rounding."""


@dataclass(frozen=True, eq=False)
class ClusteredFit:
    """One regression.

    Attributes
    ----------
    coefficients:
        (Q,); NaN where the columns do not determine them.
    covariance:
        (Q, Q), NaN where a coefficient rests on a single item.
    clusters:
        How many items G; the reference distribution is Student's t with G - 1 degrees of freedom.
    n:
        Units.
    """

    coefficients: Floats
    covariance: Floats
    clusters: int
    n: int

    def estimate(self, column: int, *, unit: float = 1.0, level: float = 0.95) -> Estimate:
        """A coefficient times ``unit`` with its interval."""
        value, error = self._value(column, unit)
        from scipy.special import stdtrit

        reach = error * float(stdtrit(max(self.clusters - 1, 1), (1 + check_level(level)) / 2))
        method = f"jackknife over items (CR3), Student's t, {self.clusters} items"
        if np.isnan(error):
            return Estimate(value, level=level, n=self.n, method="none")
        return Estimate(value, value - reach, value + reach, level=level, n=self.n, method=method)

    def p(self, column: int, *, null: float = 0.0) -> float:
        """Two-sided p of the coefficient being ``null``; NaN where it has no error, or one of 0."""
        from scipy.special import stdtr

        value, error = self._value(column, 1.0)
        if np.isnan(error) or error == 0:
            return float("nan") if np.isnan(error) or value != null else 1.0
        return float(2 * stdtr(self.clusters - 1, -abs(value - null) / error))

    def _value(self, column: int, unit: float) -> tuple[float, float]:
        value = float(self.coefficients[column]) * unit
        return value, float(np.sqrt(self.covariance[column, column])) * abs(unit)


def clustered_least_squares(
    response: npt.ArrayLike, columns: npt.ArrayLike, cluster: npt.ArrayLike
) -> list[ClusteredFit]:
    """Least squares of each response on the same columns, with the jackknife over items.

    The covariance is (G - 1) / G times the sum, over items, of the outer squares of the coefficients without the item
    less those with all (MacKinnon and White 1985, HC3; with whole clusters left out it is CR3, Bell and McCaffrey
    2002). It is conservative where few items carry much of a column. No column is added: for an intercept pass ones.

    Parameters
    ----------
    response:
        (K, U), NaN where the unit does not count for that scorer.
    columns:
        (U, Q), finite, or NaN where the unit does not count.
    cluster:
        (U,) item of each unit, integers from 0.

    Returns
    -------
    One fit for each response.

    Raises
    ------
    ValueError
        Shapes that do not fit.
    """
    y, x = np.asarray(response, dtype=np.float64), np.asarray(columns, dtype=np.float64)
    item = np.asarray(cluster)
    if y.ndim != 2 or x.ndim != 2 or x.shape[0] != y.shape[1] or item.shape != (y.shape[1],):
        raise ValueError(
            f"response (K, U), columns (U, Q) and cluster (U,) do not fit: {y.shape}, {x.shape}, {item.shape}"
        )
    whole = np.all(np.isfinite(x), axis=1)
    fits: list[ClusteredFit] = []
    shared: dict[bytes, _Design] = {}
    for row in y:
        used = whole & np.isfinite(row)
        key = used.tobytes()
        if key not in shared:
            shared[key] = _design(x[used], item[used])
        fits.append(shared[key].fit(row[used]))
    return fits


@dataclass(frozen=True, eq=False)
class _Design:
    """What all responses with the same units share."""

    x: Floats
    scale: Floats
    starts: npt.NDArray[np.intp]
    order: npt.NDArray[np.intp]
    squares: Floats
    determined: bool

    def fit(self, y: Floats) -> ClusteredFit:
        q, g = self.x.shape[1], len(self.starts)
        nothing = np.full((q, q), np.nan)
        if not self.determined:
            return ClusteredFit(np.full(q, np.nan), nothing, g, len(y))
        unit = float(np.max(np.abs(y), initial=0.0)) or 1.0
        products = np.add.reduceat(self.x * (y / unit)[self.order, None], self.starts, axis=0)
        total, all_products = self.squares.sum(axis=0), products.sum(axis=0)
        coefficients = np.linalg.solve(total, all_products)
        back = unit / self.scale
        if g < 2:
            return ClusteredFit(coefficients * back, nothing, g, len(y))
        rest = total - self.squares
        eigenvalues = np.linalg.eigvalsh(rest)
        if np.any(eigenvalues[:, 0] <= _SINGULAR * eigenvalues[:, -1]):
            return ClusteredFit(coefficients * back, nothing, g, len(y))
        without = np.linalg.solve(rest, (all_products - products)[:, :, None])[:, :, 0]
        apart = (without - coefficients) * back
        return ClusteredFit(coefficients * back, apart.T @ apart * (g - 1) / g, g, len(y))


def _design(x: Floats, item: npt.NDArray[np.integer]) -> _Design:
    """Columns of unit length, by item."""
    order = np.argsort(item, kind="stable")
    _, starts = np.unique(item[order], return_index=True)
    largest = np.max(np.abs(x), axis=0, initial=0.0)
    largest[largest == 0] = 1.0
    scale = largest * np.sqrt(np.sum((x / largest) ** 2, axis=0))
    scale[scale == 0] = 1.0
    x = (x / scale)[order]
    squares = np.add.reduceat(x[:, :, None] * x[:, None, :], starts, axis=0) if len(x) else np.zeros((0, 0, 0))
    determined = False
    if len(x):
        eigenvalues = np.linalg.eigvalsh(squares.sum(axis=0))
        determined = bool(eigenvalues[0] > _SINGULAR * eigenvalues[-1])
    return _Design(x, scale, starts, order, squares, determined)
