"""Paired tests of preference accuracy: are two scorers right on different numbers of pairs?

Without ties and with one pair per item this is McNemar's test in its exact form. Half credits for ties make it a sum of
two binomials; several pairs of one item (variants, swapped orders, styles) are kept together, so that they count as
the one piece of evidence they are. All of it is exact.
May import: pairwise, signed_sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.significance.pairwise import (
    Alternative,
    PairResults,
    PairwiseTests,
    check_alternative,
    combined,
    hits,
    p_of_hits,
)
from rewardmeter.stats.significance.signed_sums import drawn_sums, sign_tail, signed_sum_tail, size_classes

__all__ = ["mcnemar_exact", "preference_tests"]

Floats = NDArray[np.float64]
_NOTHING = 1e-9
"""A sum of differences this small is 0 but for rounding."""


def preference_tests(
    credits: ArrayLike,
    cluster: ArrayLike | None = None,
    *,
    alternative: Alternative = "two-sided",
    rng: np.random.Generator | None = None,
    resamples: int = 10_000,
) -> PairwiseTests:
    """Sign-flip tests of the mean credit between all pairs of scorers.

    The null: on each item, the two scorers' credits could as well be the other way round. So the items' summed
    differences change sign at random, and p is the share of sign patterns whose sum is as extreme as the observed.

    Parameters
    ----------
    credits:
        (scorers, units) credit of each scorer for each unit, from `preference.pair_credits` or any other rule, NaN
        where the unit does not count; two scorers are compared on the units that count for both.
    cluster:
        (units,) item of each unit; units of an item change sign together. None: every unit is an item of its own.
    alternative:
        ``two-sided``, or ``greater``: p[i, j] is for scorer i having the greater mean credit.
    rng, resamples:
        The null is exact whenever the items' differences take few values, as counts of right pairs do; else it is
        drawn from ``rng``, which is needed then, with p = (hits + 1) / (resamples + 1).

    Returns
    -------
    Tests; ``difference`` is that of the mean credits on the shared units, and NaN where there are none.

    Raises
    ------
    ValueError
        Shapes that do not fit, infinite credits, or no generator where one is needed.
    """
    check_alternative(alternative)
    values, items = _checked(credits, cluster)
    rows, columns = np.triu_indices(values.shape[0], 1)
    difference, resampled = np.full(rows.size, np.nan), np.zeros(rows.size, dtype=np.int64)
    p = np.full((2, rows.size), np.nan)
    reasons: dict[tuple[int, int], str] = {}
    for pair, (i, j) in enumerate(zip(rows, columns, strict=True)):
        apart = values[i] - values[j]
        shared = ~np.isnan(apart)
        count = int(np.count_nonzero(shared))
        if not count:
            reasons[int(i), int(j)] = "no unit counts for both scorers"
            continue
        total = np.asarray(np.bincount(items[shared], weights=apart[shared]), dtype=np.float64)
        difference[pair] = total.sum() / count
        p[:, pair], resampled[pair] = _p_values(total, alternative, resamples, rng)
    results = PairResults(rows, columns, difference, p[0], p[1], resampled, reasons)
    unit = "units" if cluster is None else "items"
    method = f"sign test over {unit}, {'exact' if not resampled.any() else 'exact where feasible, else drawn'}"
    return combined([results], values.shape[0], alternative, method)


def mcnemar_exact(first_only: ArrayLike, second_only: ArrayLike, *, alternative: Alternative = "two-sided") -> Floats:
    """McNemar's test in its exact form: a fair coin tossed for each discordant pair (McNemar 1947).

    ``first_only`` and ``second_only`` count the pairs that only the first, or only the second, scorer judges right;
    arrays are tested element by element. ``greater`` is for the first being better. p in (0, 1]; 1 without discordant
    pairs.
    """
    check_alternative(alternative)
    first, second = np.asarray(first_only), np.asarray(second_only)
    if any(np.any((side < 0) | (side != np.floor(side))) for side in (first, second)):
        raise ValueError(f"discordant pairs are counted in whole numbers from 0; got {first_only!r}, {second_only!r}")
    apart = first - second
    if alternative == "greater":
        return sign_tail(first + second, apart)
    return np.where(apart == 0, 1.0, np.minimum(1.0, 2 * sign_tail(first + second, np.abs(apart))))


def _p_values(
    total: Floats, alternative: Alternative, resamples: int, rng: np.random.Generator | None
) -> tuple[tuple[float, float], int]:
    """Forward and backward p of the items' summed differences, and how often the null was drawn."""
    observed = float(total.sum())
    steps, counts = size_classes(np.abs(total))
    if alternative == "two-sided":
        tail = signed_sum_tail(steps, counts, abs(observed))
        if tail is not None:
            both = min(1.0, 2 * tail) if abs(observed) > _NOTHING else 1.0
            return (both, both), 0
    else:
        tails = [signed_sum_tail(steps, counts, sign * observed) for sign in (1.0, -1.0)]
        if tails[0] is not None and tails[1] is not None:
            return (tails[0], tails[1]), 0
    if rng is None:
        raise ValueError("the items' differences take too many values for an exact test; pass rng to draw signs")
    sums = drawn_sums(steps, counts[None], resamples, rng)
    found: list[NDArray[Any]] = list(hits(sums, np.array([observed]), alternative))
    forward, backward = (float(p_of_hits(count, resamples, exact=False)[0]) for count in found)
    return (forward, backward), resamples


def _checked(credits: ArrayLike, cluster: ArrayLike | None) -> tuple[Floats, NDArray[np.int64]]:
    values = np.asarray(credits, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"credits must have the shape (scorers, units); got {values.shape}")
    if np.isinf(values).any():
        raise ValueError("credits must be finite, or NaN where a unit does not count")
    items = np.arange(values.shape[1]) if cluster is None else np.asarray(cluster)
    if items.shape != values.shape[1:] or (items.size and not np.issubdtype(items.dtype, np.integer)):
        raise ValueError(f"cluster needs one item (an integer) for each of {values.shape[1]} units")
    if items.size and items.min() < 0:
        raise ValueError("cluster must hold item indices from 0 up")
    return values, items.astype(np.int64, copy=False)
