"""How far comparisons contradict each other: cyclic triads and what strengths leave unexplained. Imports nothing of
ours.

Notation: C comparisons among n responses; credit 1 the first is better, 0 the second, 0.5 a tie, NaN no verdict.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Triads", "cyclic_triads", "unexplained_share"]


class Triads(NamedTuple):
    """Counts of three responses of which each pair was compared and none tied."""

    cyclic: int
    """A beats B, B beats C and C beats A."""
    complete: int


def cyclic_triads(first: npt.ArrayLike, second: npt.ArrayLike, credit: npt.ArrayLike) -> Triads:
    """Cyclic triads among (C,) comparisons, and the triads that could have been cyclic.

    A pair compared more than once counts by its mean credit. In a full tournament without ties the count is that of
    Kendall and Babington Smith (1940), n(n-1)(2n-1)/12 - sum of squared wins / 2. The work is that of finding
    triangles: for each comparison the common neighbours of its two sides.
    """
    beats = _decided(first, second, credit)
    cyclic = complete = 0
    for winner, losers in beats.won.items():
        for loser in losers:
            cyclic += len(beats.won.get(loser, set()) & beats.lost.get(winner, set()))
            near = beats.won[winner] | beats.lost.get(winner, set())
            complete += len(near & (beats.won.get(loser, set()) | beats.lost.get(loser, set())))
    return Triads(cyclic // 3, complete // 3)


def unexplained_share(credit: npt.ArrayLike, expected: npt.ArrayLike) -> float:
    """Share of the verdicts' variance about 1/2 that expected credits leave: sum (c - e)^2 / sum (c - 1/2)^2.

    0 where the strengths foresee every verdict, 1 where they are no better than a coin (rock, paper and scissors), NaN
    where all verdicts are ties. Both (C,); comparisons without a verdict (NaN) are left out.
    """
    given, foreseen = np.asarray(credit, float), np.asarray(expected, float)
    used = np.isfinite(given)
    total = float(np.sum((given[used] - 0.5) ** 2))
    return float(np.sum((given[used] - foreseen[used]) ** 2)) / total if total else float("nan")


class _Decided(NamedTuple):
    won: dict[int, set[int]]  # whom each response beats
    lost: dict[int, set[int]]  # who beats it


def _decided(first: npt.ArrayLike, second: npt.ArrayLike, credit: npt.ArrayLike) -> _Decided:
    margin: dict[tuple[int, int], float] = {}
    for a, b, c in zip(
        np.asarray(first).tolist(), np.asarray(second).tolist(), np.asarray(credit).tolist(), strict=True
    ):
        if c == c:
            pair, side = ((a, b), c - 0.5) if a < b else ((b, a), 0.5 - c)
            margin[pair] = margin.get(pair, 0.0) + side
    won: dict[int, set[int]] = {}
    lost: dict[int, set[int]] = {}
    for (a, b), side in margin.items():
        if side:
            winner, loser = (a, b) if side > 0 else (b, a)
            won.setdefault(winner, set()).add(loser)
            lost.setdefault(loser, set()).add(winner)
    return _Decided(won, lost)
