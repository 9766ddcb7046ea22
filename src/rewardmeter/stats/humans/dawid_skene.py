"""Dawid and Skene's rater model: true labels and every rater's confusion matrix, from labels alone, by EM.

May import: cells, counts, judgments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Ints, ratio
from rewardmeter.stats.humans.counts import occurring
from rewardmeter.stats.humans.judgments import checked_labels

__all__ = ["DawidSkene", "dawid_skene", "most_probable"]


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """A fitted model of N units, R raters and K labels.

    Attributes
    ----------
    probability: (N, K) of each label being the true one; NaN for a unit that nobody judged.
    prior: (K,) share of each true label.
    confusion: (R, K, K) chance that the rater says the last index when the middle index is true; NaN where the rater
        is not expected to have met that label.
    accuracy: (R,) share of the rater's judgments that are expected to be right; NaN without judgments.
    log_likelihood: (steps,) of the judgments, each, at the parameters with which the step began; it never falls.
    converged: whether the log-likelihood rose by less than the tolerance in the last step.
    """

    probability: Floats
    prior: Floats
    confusion: Floats
    accuracy: Floats
    log_likelihood: Floats
    converged: bool

    @property
    def labels(self) -> Ints:
        """(N,) the most probable label; -1 where two are equally probable or nobody judged."""
        return most_probable(self.probability)


def dawid_skene(
    unit: ArrayLike,
    rater: ArrayLike,
    label: ArrayLike,
    *,
    labels: int | None = None,
    steps: int = 100,
    tolerance: float = 1e-5,
    least_count: float = 0.0,
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
    least_count: lower limit of the prior and of the expected counts of what a rater said, if a label were true. 0 is EM
        as it was published. Implementations that take logarithms of counts use 1e-10, which makes raters vouch for
        labels that they are not expected to have met, since the shares of equal limits are not small.

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
    prior, rows = _parameters(probability, judged, by_cell, place // k, least_count)
    history: list[float] = []
    converged = False
    while len(history) < steps and not converged:
        probability, likelihood = _expected_labels(by_unit @ _log(rows), _log(prior), judged)
        prior, rows = _parameters(probability, judged, by_cell, place // k, least_count)
        history.append(likelihood / units.size)
        converged = len(history) > 1 and tolerance > 0 and history[-1] - history[-2] < tolerance
    right = np.bincount(raters, probability[said, units])
    probability[:, ~judged] = np.nan
    return DawidSkene(
        np.ascontiguousarray(probability.T),
        prior,
        _confusion(rows, place, right.size, k),
        ratio(right, np.bincount(raters)),
        np.array(history),
        converged,
    )


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


def _parameters(
    probability: Floats, judged: NDArray[np.bool_], by_cell: Any, rater: Ints, least: float
) -> tuple[Floats, Floats]:
    """Prior (K,) and the chance of saying each cell's label (cells, K true), from label probabilities (K, N).

    A rater who is not expected to have met a label has chance 0 for all they said, if that label were the true one.
    Every unit keeps at least one possible label, since what it was thought to be gives its judgments some chance.
    """
    prior = np.maximum(probability.sum(axis=1) / judged.sum(), least)
    counts = np.maximum(by_cell @ np.ascontiguousarray(probability.T), least)
    starts = np.flatnonzero(np.diff(rater, prepend=-1))
    totals = np.add.reduceat(counts, starts, axis=0)
    return prior, np.nan_to_num(ratio(counts, np.repeat(totals, np.diff(starts, append=rater.size), axis=0)))


def _log(chance: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.log(chance)


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
    confusion[confusion.sum(axis=2) == 0] = np.nan
    return confusion
