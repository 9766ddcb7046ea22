"""Least squares with errors that are shared within items: coefficients, and intervals that hold with few items.

Notation: K responses to be explained (scorers), U units (pairs), Q columns, G items. May import `intervals`, `result`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.intervals import check_level
from rewardmeter.stats.result import Estimate

__all__ = ["ClusteredFit", "clustered_fits", "clustered_least_squares"]

Floats = npt.NDArray[np.float64]

_SINGULAR = 1e-10
"""Of columns of unit length: a smallest eigenvalue below this share of the largest is rounding."""

_ROUNDING = 1e-12
"""Of a response of at most 1 and columns of unit length: a smaller coefficient, or move of one, is 0."""


@dataclass(frozen=True, eq=False)
class ClusteredFit:
    """One regression.

    Attributes
    ----------
    coefficients:
        (Q,); NaN where the columns do not determine them.
    covariance:
        (Q, Q), NaN where a coefficient rests on a single item; where squares of the response are beyond what floats
        hold, intervals and tests do not need it.
    freedom:
        (Q,) degrees of freedom of Student's t, at most G - 1; NaN as the covariance.
    moves:
        (G, Q) what each coefficient moves by as an item is left out; NaN as the covariance.
    items:
        (G,) labels of the items, ascending.
    n:
        Units.
    """

    coefficients: Floats
    covariance: Floats
    freedom: Floats
    moves: Floats
    items: npt.NDArray[np.integer]
    n: int

    @property
    def clusters(self) -> int:
        """How many items."""
        return len(self.items)

    def estimate(
        self, column: int, *, unit: float = 1.0, unit_without: Floats | None = None, level: float = 0.95
    ) -> Estimate:
        """A coefficient times ``unit`` with its interval.

        ``unit_without`` (G,) is the unit without each of the items, where it was measured on the same items: its error
        then counts too.
        """
        value, error = self._value(column, unit)
        if unit_without is not None:
            error = _jackknife_error((self.coefficients[column] + self.moves[:, column]) * unit_without - value)
        from scipy.special import stdtrit

        if np.isnan(error):
            return Estimate(value, level=check_level(level), n=self.n, method="none")
        freedom = float(self.freedom[column])
        reach = error * float(stdtrit(freedom, (1 + check_level(level)) / 2))
        method = f"jackknife over items (CR3), Student's t, {freedom:.0f} degrees of freedom, {self.clusters} items"
        return Estimate(value, value - reach, value + reach, level=level, n=self.n, method=method)

    def p(self, column: int, *, null: float = 0.0) -> float:
        """Two-sided p of the coefficient being ``null``; NaN where it has no error.

        Where the columns explain the response entirely there is no spread to judge by: p is then what a sign test says
        of one more items than there are degrees of freedom, all of which agree.
        """
        from scipy.special import stdtr

        value, error = self._value(column, 1.0)
        if np.isnan(error):
            return float("nan")
        if error == 0:
            return 1.0 if value == null else float(2.0 ** -self.freedom[column])
        return float(2 * stdtr(self.freedom[column], -abs(value - null) / error))

    def _value(self, column: int, unit: float) -> tuple[float, float]:
        return float(self.coefficients[column]) * unit, _jackknife_error(self.moves[:, column]) * abs(unit)


def clustered_least_squares(
    response: npt.ArrayLike, columns: npt.ArrayLike, cluster: npt.ArrayLike
) -> list[ClusteredFit]:
    """The fits of `clustered_fits`, all at once."""
    return list(clustered_fits(response, columns, cluster))


def clustered_fits(response: npt.ArrayLike, columns: npt.ArrayLike, cluster: npt.ArrayLike) -> Iterator[ClusteredFit]:
    """Least squares of each response on the same columns, with the jackknife over items.

    The covariance is (G - 1) / G times the sum, over items, of the outer squares of the coefficients without the item
    less those with all (MacKinnon and White 1985, HC3; with whole clusters left out it is CR3, Bell and McCaffrey
    2002). Where few items carry much of a column, G - 1 degrees of freedom are too many: a feature that three items of
    a hundred have is worth three items. They are Satterthwaite's, at which the covariance varies as it does if errors
    are independent and alike (Bell and McCaffrey 2002, section 4); those of a mean are G - 1.

    No column is added: for an intercept pass ones.

    Parameters
    ----------
    response:
        (K, U), NaN where the unit does not count for that scorer.
    columns:
        (U, Q), finite, or NaN where the unit does not count.
    cluster:
        (U,) item of each unit, integers from 0.

    Yields
    ------
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
    shared: dict[bytes, _Design] = {}
    for row in y:
        used = whole & np.isfinite(row)
        key = used.tobytes()
        if key not in shared:
            shared[key] = _design(x[used], item[used])
        yield shared[key].fit(row[used])


@dataclass(frozen=True, eq=False)
class _Design:
    """What all responses with the same units share.

    Attributes
    ----------
    x, order, starts, items:
        (U, Q) columns of unit length by item, the order that they were brought into, where each item starts, and its
        label.
    scale:
        (Q,) what the columns were divided by.
    whole, without:
        (Q, Q) and (G, Q, Q) inverses of the columns' products, of all items and of all but one; None where they do not
        exist.
    freedom:
        (Q,) degrees of freedom.
    """

    x: Floats
    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    items: npt.NDArray[np.integer]
    scale: Floats
    whole: Floats | None
    without: Floats | None
    freedom: Floats

    def fit(self, y: Floats) -> ClusteredFit:
        q, g = self.x.shape[1], len(self.starts)
        nothing = (np.full((q, q), np.nan), self.freedom, np.full((g, q), np.nan), self.items, len(y))
        if self.whole is None:
            return ClusteredFit(np.full(q, np.nan), *nothing)
        unit = float(np.max(np.abs(y), initial=0.0)) or 1.0
        products = np.add.reduceat(self.x * (y / unit)[self.order, None], self.starts, axis=0)
        total, back = products.sum(axis=0), unit / self.scale
        coefficients = _exact(self.whole @ total)
        if self.without is None:
            return ClusteredFit(coefficients * back, *nothing)
        left = (self.without @ (total - products)[:, :, None])[:, :, 0]
        moves = _exact(left - coefficients) * back
        with np.errstate(over="ignore", under="ignore"):
            covariance = moves.T @ moves * (g - 1) / g
        return ClusteredFit(coefficients * back, covariance, self.freedom, moves, self.items, len(y))


def _design(x: Floats, item: npt.NDArray[np.integer]) -> _Design:
    """Columns of unit length, by item."""
    order = np.argsort(item, kind="stable")
    items, starts = np.unique(item[order], return_index=True)
    largest = np.max(np.abs(x), axis=0, initial=0.0)
    largest[largest == 0] = 1.0
    scale = largest * np.sqrt(np.sum((x / largest) ** 2, axis=0))
    scale[scale == 0] = 1.0
    x = (x / scale)[order]
    squares = np.add.reduceat(x[:, :, None] * x[:, None, :], starts, axis=0) if len(x) else np.zeros((0, 0, 0))
    whole = _inverse(squares.sum(axis=0)[None]) if len(x) else None
    without = _inverse(squares.sum(axis=0) - squares) if whole is not None and len(starts) > 1 else None
    freedom = np.full(x.shape[1], np.nan)
    if whole is not None and without is not None:
        freedom = _freedom(squares, whole[0], without)
    return _Design(x, order, starts, items, scale, whole[0] if whole is not None else None, without, freedom)


def _jackknife_error(moves: Floats) -> float:
    """Of what moves so as each item is left out, (G,); whatever the unit, squares neither vanish nor overflow."""
    largest = float(np.max(np.abs(moves))) if len(moves) else float("nan")
    if largest == 0 or np.isnan(largest):
        return largest
    return largest * float(np.sqrt(np.sum((moves / largest) ** 2) * (len(moves) - 1) / len(moves)))


def _exact(values: Floats) -> Floats:
    """Rounding made 0."""
    return np.where(np.abs(values) < _ROUNDING, 0.0, values)


def _inverse(products: Floats) -> Floats | None:
    """Of each (N, Q, Q); None where any is singular but for rounding."""
    eigenvalues = np.linalg.eigvalsh(products)
    if np.any(eigenvalues[:, 0] <= _SINGULAR * eigenvalues[:, -1]):
        return None
    inverse: Floats = np.linalg.inv(products).astype(np.float64)
    return inverse


def _freedom(squares: Floats, whole: Floats, without: Floats) -> Floats:
    """(Q,) Satterthwaite's degrees of freedom, twice the squared mean over the variance.

    With errors that are independent and alike, what a coefficient moves by as each item is left out has over the items
    the covariance diag(d) - u A u', with A the inverse of all products, u the item's products times its row of the
    inverse without it, and d that row times u. The trace squared over the sum of squares is what is asked for.
    """
    moved = squares @ without
    own = np.einsum("gij,gij->gj", without, moved)
    shared = np.einsum("gij,ik,gkj->gj", moved, whole, moved)
    inner = np.einsum("ik,gkj,glj->jil", whole, moved, moved)
    trace = own.sum(axis=0) - np.trace(inner, axis1=1, axis2=2)
    square = np.sum(own**2 - 2 * own * shared, axis=0) + np.einsum("jil,jli->j", inner, inner)
    return np.clip(trace**2 / square, 1.0, len(squares) - 1.0)
