"""What verdicts say of the strengths of an item's responses, and which comparison would say most next. May import
`stats` of ours.

Notation: n responses, C verdicts, s their strengths in log-odds, prior N(0, prior^2) on each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.ranking import bradley_terry, davidson

__all__ = ["Posterior", "next_pairs", "posterior"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Posterior:
    """Laplace's approximation: the mode and the inverse of the negative log posterior's second derivatives there.

    Attributes
    ----------
    strengths:
        (n,) with mean 0.
    covariance:
        (n, n); rows sum to 0, as a strength is one against the mean of the item.
    tie_parameter:
        Davidson's nu; 0 in the Bradley-Terry model.
    """

    strengths: Floats
    covariance: Floats
    tie_parameter: float

    @property
    def errors(self) -> Floats:
        """(n,) posterior standard deviations."""
        return np.asarray(np.sqrt(np.maximum(np.diag(self.covariance), 0)))

    def expected_credit(self) -> Floats:
        """(n, n) chance that the row's response beats the column's, plus half the chance of a tie."""
        wins, _, ties = _chances(self.strengths[:, None] - self.strengths[None, :], self.tie_parameter)
        return np.asarray(wins + ties / 2)


def posterior(first: Integers, second: Integers, credit: Floats, n: int, prior: float, ties: str) -> Posterior:
    """The strengths after (C,) verdicts; ``ties`` is ``half`` (a win) or ``davidson`` (1970, a tie parameter)."""
    ridge = 1 / prior**2
    tied = credit == 0.5
    nu = 0.0
    strengths = np.zeros(n)
    if len(credit) and not tied.all():
        if ties == "davidson" and tied.any():
            fitted = davidson(first, second, credit, systems=n, ridge=ridge)
            nu = fitted.tie_parameter
        else:
            fitted = bradley_terry(first, second, credit, systems=n, ridge=ridge)
        strengths = fitted.strengths - fitted.strengths.mean()
    return Posterior(strengths, _covariance(first, second, strengths, nu, ridge), nu)


def next_pairs(known: Posterior, asked: npt.NDArray[np.bool_], group: Integers, how_many: int) -> list[tuple[int, int]]:
    """The comparisons of the next round: the most informative one under the posterior, then the most informative once
    that one is made, and so on.

    A comparison of i and j is worth log(1 + w v) / 2, the information that Laplace's approximation gains of s_i - s_j:
    v is its posterior variance and w = p(1 - p) that of the verdict at the predictive chance p (MacKay 1992). That the
    posterior narrows by a verdict, whichever it is, is Sherman and Morrison's formula. As long as some responses are
    not linked, only comparisons that link are chosen.

    Parameters
    ----------
    asked:
        (n, n) symmetric: pairs not to be asked again.
    group:
        (n,) label of the responses that verdicts link with each other.
    how_many:
        At most so many; fewer where nothing is left to ask.
    """
    covariance, group = known.covariance.copy(), group.copy()
    open_pairs = np.triu(~asked, 1)
    chosen: list[tuple[int, int]] = []
    while len(chosen) < how_many:
        linking = open_pairs & (group[:, None] != group[None, :])
        candidates = linking if linking.any() else open_pairs
        if not candidates.any():
            break
        variance, weight = _difference(known.strengths, covariance)
        gain = np.where(candidates, np.log1p(weight * variance), -1.0)
        i, j = divmod(int(gain.argmax()), len(group))
        chosen.append((i, j))
        open_pairs[i, j] = False
        group[group == group[j]] = group[i]
        side = covariance[:, i] - covariance[:, j]
        covariance -= np.outer(side, side) * (weight[i, j] / (1 + weight[i, j] * variance[i, j]))
    return chosen


def _difference(strengths: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """(n, n) variance of s_i - s_j, and p(1 - p) at the predictive chance p that i beats j."""
    own = np.diag(covariance)
    variance = np.maximum(own[:, None] + own[None, :] - 2 * covariance, 0)
    moderated = (strengths[:, None] - strengths[None, :]) / np.sqrt(1 + math.pi * variance / 8)
    wins, losses, _ = _chances(moderated, 0.0)
    return variance, wins * losses


def _covariance(first: Integers, second: Integers, strengths: Floats, nu: float, ridge: float) -> Floats:
    """Inverse of the information, less the direction in which all strengths move alike: no verdict speaks of it."""
    n = len(strengths)
    wins, losses, ties = _chances(strengths[first] - strengths[second], nu)
    expected = (wins - losses) / 2
    matrix = np.bincount(first * n + second, (wins + losses) / 4 - expected**2, n * n).reshape(n, n)
    matrix = matrix + matrix.T
    information: Floats = np.diag(matrix.sum(axis=1) + ridge) - matrix
    if nu:  # the tie parameter is estimated too: Schur's complement
        cross = np.bincount(first, -expected * ties, n) + np.bincount(second, expected * ties, n)
        information = information - np.outer(cross, cross) / float(np.sum(ties * (1 - ties)))
    return np.asarray(np.linalg.inv(information) - 1 / (max(n, 1) * ridge))


def _chances(d: Floats, nu: float) -> tuple[Floats, Floats, Floats]:
    """Chances of a win, a loss and a tie at strength differences d; weights exp(d / 2), exp(-d / 2) and nu."""
    if not nu:
        return np.exp(-np.logaddexp(0, -d)), np.exp(-np.logaddexp(0, d)), np.zeros_like(d)
    total = np.logaddexp(np.logaddexp(d / 2, -d / 2), math.log(nu))
    return np.exp(d / 2 - total), np.exp(-d / 2 - total), np.exp(math.log(nu) - total)
