"""Dawid and Skene's rater model: true labels and every rater's confusion matrix, from labels alone, by EM.

May import: cells, counts, judgments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Ints
from rewardmeter.stats.humans.counts import occurring
from rewardmeter.stats.humans.judgments import checked_labels

__all__ = ["DawidSkene", "dawid_skene", "most_probable"]

_SMALLEST = 1e-10
"""Least expected count and least prior of what occurs: keeps logarithms finite, as in the common implementations."""


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """A fitted model of N units, R raters and K labels.

    Attributes
    ----------
    probability: (N, K) of each label being the true one; NaN for a unit that nobody judged.
    prior: (K,) share of each true label.
    confusion: (R, K, K) chance that the rater says the last index when the middle index is true; NaN for a rater who
        judged nothing.
    log_likelihood: (steps,) of the labels, per judgment, at the parameters before each step; it never falls but for
        what the least expected counts cost.
    converged: whether the log-likelihood rose by less than the tolerance in the last step.
    """

    probability: Floats
    prior: Floats
    confusion: Floats
    log_likelihood: Floats
    converged: bool

    @property
    def labels(self) -> Ints:
        """(N,) the most probable label; -1 where two are equally probable or nobody judged."""
        return most_probable(self.probability)

    @property
    def accuracy(self) -> Floats:
        """(R,) chance that the rater says the truth: sum over labels of prior times the diagonal of the confusion."""
        return np.einsum("k,rkk->r", self.prior, self.confusion)


def dawid_skene(
    unit: ArrayLike,
    rater: ArrayLike,
    label: ArrayLike,
    *,
    labels: int | None = None,
    steps: int = 100,
    tolerance: float = 1e-5,
) -> DawidSkene:
    """Maximum likelihood by EM from the shares of votes (Dawid and Skene 1979, eq. 2.3 to 2.5): deterministic.

    Raters are taken to err independently given the true label. Each EM step finds the raters' confusion matrices and
    the prior from the units' label probabilities, then these from those.

    Parameters
    ----------
    unit, rater, label: (judgments,) whole numbers from 0. Judgments may repeat.
    labels: K; one more than the greatest label if not given.
    steps: how many EM steps at most.
    tolerance: stop when the log-likelihood per judgment rises by less; 0 makes all steps.

    Raises
    ------
    ValueError
        Without judgments, or if the arrays do not fit together.
    """
    units, raters, said = checked_labels(unit, rater, label, labels)
    if steps < 1:
        raise ValueError(f"at least one step is needed; got {steps}")
    k = labels or int(said.max()) + 1
    votes = np.bincount(units * k + said, minlength=(int(units.max()) + 1) * k).reshape(-1, k).T
    judged = votes.sum(axis=0) > 0
    by_unit, by_cell, place = _tables(units, raters * k + said, judged.size)
    probability = np.where(judged, votes / np.maximum(votes.sum(axis=0), 1), 0.0)
    prior, rows = _parameters(probability, judged, by_cell, place // k)
    history: list[float] = []
    converged = False
    while len(history) < steps and not converged:
        probability, likelihood = _expected_labels(by_unit @ np.log(rows), np.log(prior), judged)
        prior, rows = _parameters(probability, judged, by_cell, place // k)
        history.append(likelihood / units.size)
        converged = len(history) > 1 and tolerance > 0 and history[-1] - history[-2] < tolerance
    probability[:, ~judged] = np.nan
    confusion = _confusion(rows, place, int(raters.max()) + 1, k)
    return DawidSkene(np.ascontiguousarray(probability.T), prior, confusion, np.array(history), converged)


def most_probable(probability: Floats) -> Ints:
    """(N,) position of the greatest probability of each row; -1 where it is shared or undefined."""
    filled = np.where(np.isnan(probability), -1.0, probability)
    best = filled.max(axis=1, keepdims=True)
    alone = ((filled == best).sum(axis=1) == 1) & (best[:, 0] >= 0)
    return np.where(alone, filled.argmax(axis=1), -1)


def _tables(units: Ints, cells: Ints, n: int) -> tuple[Any, Any, Ints]:
    """Judgments as a sparse matrix of units by the (rater, label) cells that occur, its transpose, and these cells."""
    from scipy.sparse import csr_array

    place, _ = occurring(cells, int(cells.max()) + 1)
    number = np.zeros(int(place[-1]) + 1, dtype=np.int64)
    number[place] = np.arange(place.size)
    by_unit = csr_array((np.ones(units.size), (units, number[cells])), shape=(n, place.size))
    return by_unit, by_unit.T.tocsr(), place


def _parameters(probability: Floats, judged: NDArray[np.bool_], by_cell: Any, rater: Ints) -> tuple[Floats, Floats]:
    """Prior (K,) and the chance of saying each cell's label (cells, K true), from label probabilities (K, N)."""
    prior = np.maximum(probability.sum(axis=1) / judged.sum(), _SMALLEST)
    counts = np.maximum(by_cell @ np.ascontiguousarray(probability.T), _SMALLEST)
    starts = np.flatnonzero(np.diff(rater, prepend=-1))
    totals = np.add.reduceat(counts, starts, axis=0)
    return prior, counts / np.repeat(totals, np.diff(starts, append=rater.size), axis=0)


def _expected_labels(log_chance: Floats, log_prior: Floats, judged: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Posterior of the labels (K, N), 0 where nobody judged, and the log-likelihood of all judgments."""
    joint = np.ascontiguousarray(log_chance.T) + log_prior[:, None]  # labels first: reducing along rows is much faster
    top = joint.max(axis=0)
    share = np.exp(joint - top)
    total = share.sum(axis=0)
    likelihood = float(np.sum((top + np.log(total))[judged]))
    return share * (judged / total), likelihood


def _confusion(rows: Floats, place: Ints, raters: int, k: int) -> Floats:
    table = np.zeros((raters * k, k))
    table[place] = rows
    confusion = table.reshape(raters, k, k).swapaxes(1, 2)
    missing = np.ones(raters, dtype=bool)
    missing[place // k] = False
    confusion[missing] = np.nan
    return confusion
