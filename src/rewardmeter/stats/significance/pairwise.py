"""What tests between all pairs of scorers return, how draws become p-values, and when drawing may stop.

Imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ROUNDING",
    "SMALLEST_P",
    "Alternative",
    "EarlyStop",
    "PairResults",
    "PairwiseTests",
    "check_alternative",
    "combined",
    "hits",
    "p_of_hits",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Alternative = Literal["greater", "two-sided"]
"""``greater``: the first scorer is better than the second; ``two-sided``: the two differ."""

ROUNDING = 1e-12
"""Differences of statistics this close are the same number, computed in another order of additions."""
SMALLEST_P = float(np.finfo(np.float64).tiny)
"""What stands for an exact p-value that is too small for a double: p is never 0."""


@dataclass(frozen=True, slots=True, eq=False)
class PairwiseTests:
    """Tests of every scorer against every other; all arrays are (scorers, scorers).

    Attributes
    ----------
    p:
        p-value in (0, 1]; NaN where there is no test (``reasons``) and on the diagonal. ``greater``: ``p[i, j]`` is
        small where scorer i is better than scorer j. ``two-sided``: symmetric.
    difference:
        Statistic of i minus statistic of j, on the data that both have; 0 on the diagonal, NaN where undefined.
    alternative:
        ``greater`` or ``two-sided``.
    method:
        How it was tested, in words.
    resamples:
        Random draws behind each p; 0 where p is exact.
    reasons:
        Why there is no test, by (i, j) with i < j.
    """

    p: Floats
    difference: Floats
    alternative: Alternative
    method: str
    resamples: Ints
    reasons: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def better(self, level: float = 0.05) -> NDArray[np.bool_]:
        """Where scorer i is significantly better than scorer j: p at most ``level`` and a difference above 0."""
        with np.errstate(invalid="ignore"):
            return (self.p <= level) & (self.difference > 0)


@dataclass(frozen=True, slots=True, eq=False)
class PairResults:
    """Tests of some pairs of scorers, (pairs,) each.

    ``forward`` is the p-value of (row, column), ``backward`` that of (column, row); they are equal when two-sided.
    """

    rows: NDArray[Any]
    columns: NDArray[Any]
    difference: Floats
    forward: Floats
    backward: Floats
    resamples: Ints
    reasons: Mapping[tuple[int, int], str] = field(default_factory=dict)


def check_alternative(alternative: str) -> None:
    """Raise ValueError unless ``alternative`` is one of the known names."""
    if alternative not in get_args(Alternative):
        raise ValueError(f"alternative must be one of {', '.join(get_args(Alternative))}; got {alternative!r}")


def combined(parts: Iterable[PairResults], n_scorers: int, alternative: Alternative, method: str) -> PairwiseTests:
    """Results of the pairs as matrices; pairs that no part covers are NaN."""
    p = np.full((n_scorers, n_scorers), np.nan)
    difference = np.full((n_scorers, n_scorers), np.nan)
    np.fill_diagonal(difference, 0.0)
    resamples = np.zeros((n_scorers, n_scorers), dtype=np.int64)
    reasons: dict[tuple[int, int], str] = {}
    for part in parts:
        there, back = (part.rows, part.columns), (part.columns, part.rows)
        p[there], p[back] = part.forward, part.backward
        difference[there], difference[back] = part.difference, -part.difference
        resamples[there] = resamples[back] = part.resamples
        reasons.update({(min(pair), max(pair)): why for pair, why in part.reasons.items()})
    return PairwiseTests(p, difference, alternative, method, resamples, reasons)


def hits(draws: Floats, observed: Floats, alternative: Alternative) -> tuple[Ints, Ints]:
    """How many null differences (..., draws) are at least as extreme as ``observed`` (...): forward and backward.

    A draw in which the difference is undefined counts as extreme, which can only make p greater.
    """
    with np.errstate(invalid="ignore"):
        if alternative == "two-sided":
            both = np.count_nonzero(~(np.abs(draws) < np.abs(observed)[..., None] - ROUNDING), axis=-1)
            return both, both
        above = np.count_nonzero(~(draws < observed[..., None] - ROUNDING), axis=-1)
        below = np.count_nonzero(~(draws > observed[..., None] + ROUNDING), axis=-1)
        return above, below


def p_of_hits(counts: NDArray[Any], draws: NDArray[Any] | int, *, exact: bool) -> Floats:
    """Share of draws that are as extreme as what was observed.

    Random draws do not hold the observed data itself, which is as extreme as itself and belongs to the null: one is
    added to both counts (Phipson and Smyth 2010, eq. 2). An enumeration of all swaps holds it already.
    """
    more = 0 if exact else 1
    return np.asarray((counts + more) / (np.asarray(draws) + more), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """Stop drawing for a pair as soon as the decision at a level is settled.

    Looked at every ``block`` draws: where the hits so far would be this few, or this many, with probability below
    ``risk`` (shared over all looks and both sides) if the true p were exactly ``level``, no more draws are made. So
    the decision differs from that of endless drawing with probability at most ``risk``; in the spirit of Gandy
    (2009), with the risk shared out evenly.

    The p-value of a stopped pair is coarse (1/101 at the least after 100 draws). Corrections for many tests need
    small p-values: run those without early stopping.
    """

    level: float = 0.05
    risk: float = 0.01
    block: int = 100

    def __post_init__(self) -> None:
        if not (0 < self.level < 1 and 0 < self.risk < 1 and self.block >= 1):
            raise ValueError(
                "early stopping needs a level and a risk strictly between 0 and 1 and blocks of at least one draw; "
                f"got level {self.level}, risk {self.risk}, block {self.block}"
            )

    def settled(self, counts: Ints, draws: int, planned: int) -> NDArray[np.bool_]:
        """Whether ``counts`` hits in ``draws`` draws out of ``planned`` settle the decision."""
        from scipy.special import bdtr, bdtrc

        share = self.risk / (2 * max(1, planned // self.block))
        few = bdtr(counts.astype(np.float64), draws, self.level) < share
        many = bdtrc(counts.astype(np.float64) - 1, draws, self.level) < share
        return np.asarray(few | (many & (counts > 0)))
