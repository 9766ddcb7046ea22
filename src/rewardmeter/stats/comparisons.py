"""Paired comparisons as a regression design: one column for each system (+1 first, -1 second), then covariates.

A model of comparisons needs three products with that design, and none of them forms it: the predictor, the collected
residuals and the information matrix come from counting. Comparisons without covariates are first merged into cells of
equal systems and outcome, so that a million of them cost no more than their cells.

Notation: M systems, F covariates, P comparisons, C cells. Imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Comparisons", "checked_comparisons", "checked_rows", "require_linked"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_DENSE_KEYS = 1 << 24  # cells counted directly rather than sorted, if the keys are no more than this


class Rows(NamedTuple):
    """Comparisons that have an outcome."""

    first: Integers
    second: Integers
    outcome: Floats
    used: Integers  # position of each among those given
    systems: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparisons:
    """Cells of comparisons with the same two systems, outcome and covariates.

    Attributes
    ----------
    first, second:
        (C,) systems, first < second.
    outcome:
        (C,) credit of the first system: 1 win, 0 loss, 0.5 tie, or a probability.
    count:
        (C,) how many comparisons the cell holds.
    features:
        (C, F) covariates in favour of the first system.
    cell:
        (P,) cell of each comparison used.
    used:
        (P,) position of each comparison used among those given.
    given:
        How many comparisons were given.
    systems:
        M.
    """

    first: Integers
    second: Integers
    outcome: Floats
    count: Floats
    features: Floats
    cell: Integers
    used: Integers
    given: int
    systems: int

    def predictor(self, parameters: Floats) -> Floats:
        """(C,) strength of the first minus strength of the second, plus covariates times coefficients."""
        strengths = parameters[: self.systems]
        difference = strengths[self.first] - strengths[self.second]
        return difference + self.features @ parameters[self.systems :] if self.features.size else difference

    def collect(self, values: Floats) -> Floats:
        """(M + F,) transposed design times (C,) values."""
        systems = np.bincount(self.first, values, self.systems) - np.bincount(self.second, values, self.systems)
        return np.concatenate([systems, self.features.T @ values])

    def information(self, weights: Floats) -> Floats:
        """(M + F, M + F) transposed design times diag(weights) times design: a Laplacian, bordered by covariates."""
        m, f = self.systems, self.features.shape[1]
        pair = np.bincount(self.first * m + self.second, weights, m * m).reshape(m, m)
        pair = pair + pair.T
        matrix = np.zeros((m + f, m + f))
        matrix[:m, :m] = np.diag(pair.sum(axis=1)) - pair
        weighted = self.features * weights[:, None]
        for column in range(f):
            border = self.collect(weighted[:, column])
            matrix[:, m + column] = border
            matrix[m + column, :m] = border[:m]
        return matrix

    def clustered_squares(self, residuals: Floats, extra: Floats, cluster: Integers | None) -> tuple[Floats, int]:
        """Sum over clusters of s s', s being the score of a cluster; and how many clusters there are.

        The score of one comparison is its design row times its residual, then its extra scores. ``residuals`` (C,) and
        ``extra`` (C, E) are those of a single comparison of each cell; ``cluster`` (P,) labels the comparisons used,
        ``None`` where each is its own. The sum is (M + F + E, M + F + E).
        """
        if cluster is None:
            weighted = extra * self.count[:, None]
            cross = np.array([self.collect(residuals * column) for column in weighted.T])
            cross = cross.reshape(extra.shape[1], self.systems + self.features.shape[1])
            squares = self.information(self.count * residuals**2)
            return np.block([[squares, cross.T], [cross, extra.T @ weighted]]), len(self.cell)
        from scipy.sparse import coo_array

        labels, index = np.unique(cluster, return_inverse=True)
        each = residuals[self.cell]
        entries = np.concatenate([each, -each])
        columns = np.concatenate([self.first[self.cell], self.second[self.cell]])
        shape = (len(labels), self.systems)
        sums = coo_array((entries, (np.concatenate([index, index]), columns)), shape=shape).tocsr()
        scores = np.hstack([self.features * residuals[:, None], extra])[self.cell]
        others = np.array([np.bincount(index, column, len(labels)) for column in scores.T])
        others = others.reshape(scores.shape[1], len(labels))
        cross = others @ sums
        return np.block([[(sums.T @ sums).toarray(), cross.T], [cross, others @ others.T]]), len(labels)

    def per_system(self) -> Integers:
        """(M,) comparisons that each system takes part in."""
        both = np.bincount(self.first, self.count, self.systems) + np.bincount(self.second, self.count, self.systems)
        return both.astype(np.int64)


def checked_comparisons(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    systems: int | None = None,
    covariates: npt.ArrayLike | None = None,
) -> Comparisons:
    """Cells from comparisons (P,) of system ``first`` with system ``second``; NaN outcomes are left out.

    Raises
    ------
    ValueError
        Shapes that do not fit, indices or outcomes out of range, a system compared with itself, covariates that are
        not finite, or nothing to compare.
    """
    rows = checked_rows(first, second, outcome, systems)
    given = len(np.asarray(outcome))
    flipped = rows.first > rows.second
    turned = rows._replace(
        first=np.minimum(rows.first, rows.second),
        second=np.maximum(rows.first, rows.second),
        outcome=np.where(flipped, 1 - rows.outcome, rows.outcome),
    )
    if covariates is None:
        return _merged(turned, given)
    features = np.asarray(covariates, float)
    if features.ndim != 2 or len(features) != given or not np.isfinite(features[rows.used]).all():
        raise ValueError("covariates need axes (comparisons, covariates) and finite numbers")
    features = features[rows.used]
    return Comparisons(
        **turned._asdict(),
        count=np.ones(len(rows.used)),
        features=np.where(flipped[:, None], -features, features),
        cell=np.arange(len(rows.used)),
        given=given,
    )


def checked_rows(first: npt.ArrayLike, second: npt.ArrayLike, outcome: npt.ArrayLike, systems: int | None) -> Rows:
    """The comparisons with an outcome. Raises as `checked_comparisons`."""
    one, two, credit = np.asarray(first), np.asarray(second), np.asarray(outcome, float)
    if one.ndim != 1 or one.shape != two.shape or one.shape != credit.shape:
        raise ValueError(
            f"first, second and outcome need one value for each comparison, "
            f"not shapes {one.shape}, {two.shape}, {credit.shape}"
        )
    used = np.flatnonzero(~np.isnan(credit))
    if not used.size:
        raise ValueError("there is no comparison with an outcome")
    if not (np.issubdtype(one.dtype, np.integer) and np.issubdtype(two.dtype, np.integer)):
        raise ValueError(f"systems must be numbered by integers, not {one.dtype} and {two.dtype}")
    one, two, credit = one[used].astype(np.int64), two[used].astype(np.int64), credit[used]
    m = int(max(one.max(), two.max())) + 1 if systems is None else systems
    if min(one.min(), two.min()) < 0 or max(one.max(), two.max()) >= m:
        raise ValueError(f"systems must be numbered 0..{m - 1}")
    for wrong, what in (
        (one == two, "compares a system with itself"),
        ((credit < 0) | (credit > 1), "has an outcome outside [0, 1]"),
    ):
        if wrong.any():
            raise ValueError(f"comparison {used[np.argmax(wrong)]} {what}")
    return Rows(one, two, credit, used, m)


def require_linked(comparisons: Comparisons, names: Sequence[str] | None = None) -> None:
    """Refuse comparisons whose strengths have no finite maximum-likelihood estimate (Ford 1957).

    One exists if and only if, however the systems are split in two, each part has won or tied a comparison against
    the other.

    Raises
    ------
    ValueError
        Naming the systems that are not linked with the others, or that never lost or tied against them.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    wins, losses = comparisons.outcome > 0, comparisons.outcome < 1
    winner = np.concatenate([comparisons.first[wins], comparisons.second[losses]])
    loser = np.concatenate([comparisons.second[wins], comparisons.first[losses]])
    m = comparisons.systems
    graph = coo_array((np.ones(len(winner)), (winner, loser)), shape=(m, m)).tocsr()
    parts, part = connected_components(graph, directed=False)
    if parts > 1:
        smallest = np.argmin(np.bincount(part))
        raise ValueError(
            f"no comparison links {_listed(part == smallest, names)} with the other systems, so their strengths are "
            "on different scales: compare the parts separately, or give a ridge"
        )
    parts, part = connected_components(graph, directed=True, connection="strong")
    if parts > 1:
        across = part[winner] != part[loser]
        beaten = np.bincount(part[loser[across]], minlength=parts) > 0
        raise ValueError(
            f"{_listed(part == np.flatnonzero(~beaten)[0], names)} never lost or tied a comparison with the other "
            "systems, so the strengths have no finite estimate: give a ridge, or leave these systems out"
        )


def _merged(rows: Rows, given: int) -> Comparisons:
    """Cells of equal systems and outcome, in the order of first system, second system and outcome."""
    m, halves = rows.systems, 2 * rows.outcome
    if np.array_equal(np.floor(halves), halves):
        values, code = np.array([0.0, 0.5, 1.0]), halves.astype(np.int64)
    else:
        values, code = np.unique(rows.outcome, return_inverse=True)
    key = (rows.first * m + rows.second) * len(values) + code
    keys = m * m * len(values)
    if keys <= _DENSE_KEYS:
        counts = np.bincount(key, minlength=keys)
        cells = np.flatnonzero(counts)
        position = np.zeros(keys, np.int64)
        position[cells] = np.arange(len(cells))
        cell, count = position[key], counts[cells]
    else:
        cells, cell, count = np.unique(key, return_inverse=True, return_counts=True)
    pair, outcome = np.divmod(cells, len(values))
    return Comparisons(
        first=pair // m,
        second=pair % m,
        outcome=values[outcome],
        count=count.astype(float),
        features=np.empty((len(cells), 0)),
        cell=cell,
        used=rows.used,
        given=given,
        systems=m,
    )


def _listed(chosen: npt.NDArray[np.bool_], names: Sequence[str] | None) -> str:
    """The chosen systems in words, five at most."""
    indices = np.flatnonzero(chosen)
    words = [str(i) if names is None else names[i] for i in indices[:5]]
    more = f" and {len(indices) - 5} more" if len(indices) > 5 else ""
    return f"system{'s' if len(indices) > 1 else ''} {', '.join(words)}{more}"
