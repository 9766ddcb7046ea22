"""Significance clusters: ranks that only a significant difference may split. May import: pairwise, multiplicity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.significance.multiplicity import Correction, adjust
from rewardmeter.stats.significance.pairwise import PairwiseTests

__all__ = ["Clusters", "significance_clusters"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Scorers in clusters.

    Attributes
    ----------
    rank: (scorers,) 1 for the best cluster, then 2, ...; 0 for a scorer whose statistic is undefined.
    order: (scorers,) the scorers from best to worst, those without a statistic last.
    level: greatest p that splits.
    correction: how p was corrected for many tests, or None.
    p: (scorers, scorers) the p-values that decided.
    """

    rank: NDArray[np.int64]
    order: NDArray[np.intp]
    level: float
    correction: Correction | None
    p: Floats


def significance_clusters(
    value: ArrayLike, tests: PairwiseTests, *, level: float = 0.05, correction: Correction | None = None
) -> Clusters:
    """Clusters by the rule of the WMT metrics tasks (mt-metrics-eval since 2022).

    Going from the best value to the worst, a scorer joins the present cluster unless a member of it is significantly
    better (p at most ``level``); then it opens the next one. So no member of a cluster is significantly better than
    another member that comes after it, but a scorer may share a cluster with one that is no different from its
    neighbours only: read ranks as "not worse than", never as a gap. WMT tests one-sided and without correction.

    Parameters
    ----------
    value:
        (scorers,) the statistic; NaN where undefined.
    tests:
        Tests between all pairs. A pair without a test (NaN) does not split. Two-sided tests split where p is small and
        the better value is that of the earlier scorer.
    correction:
        None, ``holm`` or ``benjamini-hochberg``.

    Scorers with equal values have no order of their own: the one that the present cluster beats least clearly comes
    first, so that the order of the input does not matter.
    """
    values = np.asarray(value, dtype=np.float64)
    if values.shape != tests.p.shape[:1]:
        raise ValueError(f"value must have one number for each of {tests.p.shape[0]} scorers; got {values.shape}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1; got {level}")
    p = tests.p if correction is None else adjust(tests, correction).p_adjusted
    beats = np.where(np.isnan(p) | ~(tests.difference > 0), 1.0, p) if tests.alternative == "two-sided" else p
    rank = np.zeros(values.size, dtype=np.int64)
    order: list[int] = []
    members: list[int] = []
    left = [int(k) for k in np.argsort(-values, kind="stable") if not np.isnan(values[k])]
    while left:
        tied = [k for k in left if values[k] == values[left[0]]]
        against = [_least(beats, members, k) for k in tied]
        chosen = tied[int(np.argmax(against))]
        if max(against) <= level:
            members = []
        members.append(chosen)
        rank[chosen] = (rank[order[-1]] if order else 0) + (len(members) == 1)
        order.append(chosen)
        left.remove(chosen)
    undefined = [int(k) for k in np.flatnonzero(np.isnan(values))]
    return Clusters(rank, np.array(order + undefined, dtype=np.intp), level, correction, p)


def _least(beats: Floats, members: list[int], scorer: int) -> float:
    """The smallest p with which a member is better than the scorer; 1 where there is none."""
    found = beats[members, scorer] if members else np.empty(0)
    found = found[~np.isnan(found)]
    return float(found.min()) if found.size else 1.0
