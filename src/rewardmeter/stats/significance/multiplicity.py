"""Corrections of p-values for having tested many pairs. May import: pairwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.significance.pairwise import PairwiseTests

__all__ = ["Adjusted", "Correction", "adjust", "benjamini_hochberg", "holm"]

Floats = NDArray[np.float64]
Correction = Literal["holm", "benjamini-hochberg"]


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """p-values corrected for many tests.

    Attributes
    ----------
    p_adjusted: in (0, 1], of the shape of what was tested; NaN where there was no test.
    correction: ``holm`` (chance of any false finding) or ``benjamini-hochberg`` (share of false findings).
    tests: how many tests there were.
    """

    p_adjusted: Floats
    correction: Correction
    tests: int


def holm(p: ArrayLike) -> Floats:
    """Holm's step-down adjusted p-values (Holm 1979): the chance of any false finding is at most the level.

    Sorted p_(1) <= ... <= p_(m): adjusted p_(i) = max over j <= i of min(1, (m - j + 1) p_(j)). Valid whatever the
    dependence between tests. NaN is no test: it stays NaN and does not count in m. Any shape.
    """
    ordered, order, adjusted = _sorted(p)
    factor = np.arange(ordered.size, 0, -1)
    return _unsorted(np.maximum.accumulate(np.minimum(1.0, factor * ordered)), order, adjusted)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Step-up adjusted p-values of Benjamini and Hochberg (1995): the expected share of false findings.

    Adjusted p_(i) = min over j >= i of min(1, m p_(j) / j). Valid for independent or positively dependent tests. NaN as
    in `holm`.
    """
    ordered, order, adjusted = _sorted(p)
    factor = ordered.size / np.arange(1, ordered.size + 1)
    return _unsorted(np.minimum.accumulate(np.minimum(1.0, factor * ordered)[::-1])[::-1], order, adjusted)


def adjust(tests: PairwiseTests, correction: Correction) -> Adjusted:
    """Correct all tests of a matrix together.

    Two-sided, a pair of scorers is one test; one-sided, "i better than j" and "j better than i" are two, since the data
    chose which of them to look at.
    """
    if correction not in get_args(Correction):
        raise ValueError(f"correction must be one of {', '.join(get_args(Correction))}; got {correction!r}")
    method = holm if correction == "holm" else benjamini_hochberg
    p_adjusted = np.full(tests.p.shape, np.nan)
    if tests.alternative == "two-sided":
        upper = np.triu_indices(tests.p.shape[0], 1)
        p_adjusted[upper] = method(tests.p[upper])
        p_adjusted.T[upper] = p_adjusted[upper]
        counted = int(np.count_nonzero(~np.isnan(tests.p[upper])))
    else:
        apart = ~np.eye(tests.p.shape[0], dtype=bool)
        p_adjusted[apart] = method(tests.p[apart])
        counted = int(np.count_nonzero(~np.isnan(tests.p[apart])))
    return Adjusted(p_adjusted, correction, counted)


def _sorted(p: ArrayLike) -> tuple[Floats, NDArray[np.intp], Floats]:
    """The p-values that are tests in ascending order, their places, and an array for the result."""
    values = np.asarray(p, dtype=np.float64)
    if np.any((values < 0) | (values > 1)):
        raise ValueError("p-values must lie in [0, 1], or be NaN where there is no test")
    flat = values.ravel()
    there = np.flatnonzero(~np.isnan(flat))
    order = there[np.argsort(flat[there], kind="stable")]
    return flat[order], order, np.full(values.shape, np.nan)


def _unsorted(ordered: Floats, order: NDArray[np.intp], adjusted: Floats) -> Floats:
    adjusted.ravel()[order] = ordered
    return adjusted
