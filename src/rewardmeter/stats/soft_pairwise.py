"""Soft pairwise accuracy of systems: do scorer and gold agree about how sure one can be that one system is better?

Thompson, Mathur, Deutsch and Khayrallah 2024, "Improving statistical significance in human evaluation of automatic
metrics via soft pairwise accuracy". The confidence in each pair of systems is the p-value of a paired permutation
test, which flips the sign of per-item differences.
May import: `cells`, `resampling`, `result`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, check_cells
from rewardmeter.stats.resampling import sign_flips
from rewardmeter.stats.result import Estimate

__all__ = ["exact_soft_pairwise_accuracy", "pair_p_values", "soft_pairwise_accuracy"]

_PIECE = 1 << 22
"""Permuted sums held in one go."""
_MOST_ITEMS = 20
"""Enumeration takes 2^items flips."""
_STEPS = 2**11
"""Multiples of one part in so many are summed in single precision without rounding, while the sum is below 2^24."""
_ROUNDING = 64
"""Sums this many machine epsilons times the norm of their terms apart may be equal but for rounding."""
_PRODUCTS_APART = 32
"""Two ways to take the same product differed by at most 20 such units in 50 million differences of sums."""


def soft_pairwise_accuracy(
    scores: ArrayLike, gold: ArrayLike, *, rng: np.random.Generator, flips: int = 1000
) -> list[Estimate]:
    """1 - mean over system pairs of |p_gold - p_scorer|, in [0, 1] (Thompson et al. 2024, eq. 3), of each scorer.

    p(i, j) is the share of random sign flips of the per-item differences whose sum is at least the observed sum, so
    it is small where system i is surely better. All pairs, scorers and the gold share the same ``flips`` x items
    signs, drawn once. With ``rng = numpy.random.default_rng(4)`` and 1000 flips these are the draws of the reference
    implementation, mt-metrics-eval, and sums are in single precision as there, so the values are the same.

    ``scores`` (scorers, systems, items) and ``gold`` (systems, items), NaN where missing. Items without any rating
    are left out before drawing. A pair of systems is compared on the items where both have a score and a rating;
    pairs without such an item are left out, and counted in ``undefined``. ``n`` counts the pairs used; NaN without
    any. There is no interval.
    """
    scores, gold = _rated(*check_cells(scores, gold))
    signs = sign_flips(gold.shape[1], flips, rng)
    return _estimates(scores, gold, signs, f"none: point value from {flips} random flips")


def exact_soft_pairwise_accuracy(scores: ArrayLike, gold: ArrayLike) -> list[Estimate]:
    """`soft_pairwise_accuracy` over all 2^items sign flips instead of random ones, for up to 20 rated items.

    Sums that differ from the observed one by rounding only count as equal to it.
    """
    scores, gold = _rated(*check_cells(scores, gold))
    items = gold.shape[1]
    if items > _MOST_ITEMS:
        raise ValueError(f"{items} rated items are too many to enumerate 2^items sign flips; at most {_MOST_ITEMS}")
    numbers = np.arange(2**items, dtype=np.int64)[:, None] >> np.arange(items)
    signs = (1.0 - 2.0 * (numbers & 1)).astype(np.float64)
    return _estimates(scores, gold, signs, "none: exact over all sign flips")


def pair_p_values(values: ArrayLike, signs: NDArray[np.floating]) -> Floats:
    """One-sided paired permutation p-values that the first system of each pair is better: (..., pairs).

    ``values`` (..., systems, items), NaN where missing; ``signs`` (flips, items) of 1 and -1, in whose precision sums
    are taken. p = share of the flips whose sum of signed differences, over the items that both systems have, is at
    least the observed sum (in double precision: up to rounding). Pairs i < j as by `numpy.triu_indices`; NaN where
    the two systems share no item.
    """
    given = np.asarray(values)
    systems, items = given.shape[-2:]
    rows = given.reshape(math.prod(given.shape[:-2]), systems, items)
    flat = rows.reshape(rows.shape[0], systems * items)
    greatest = np.maximum(flat.max(axis=1, initial=0.0), -flat.min(axis=1, initial=0.0))
    ragged = np.isnan(greatest) | (items == 0)
    greatest[ragged] = np.fmax.reduce(np.abs(flat[ragged]), axis=1, initial=0.0)
    # Scaling by a power of two changes no comparison, and keeps extreme scores within single precision.
    scale = np.ldexp(1.0, -np.maximum(np.frexp(greatest)[1], -1000))[:, None, None]
    rows = np.multiply(rows, scale, out=np.empty(rows.shape, dtype=signs.dtype), casting="same_kind")
    p = np.empty((rows.shape[0], systems * (systems - 1) // 2))
    whole = np.flatnonzero(~ragged)
    # One product for many scorers is faster than one for each.
    at_once = max(1, _PIECE // max(1, systems * signs.shape[0]))
    for places in (whole[start : start + at_once] for start in range(0, whole.size, at_once)):
        some = rows[places]
        flipped = (some.reshape(places.size * systems, items) @ signs.T).reshape(*some.shape[:2], signs.shape[0])
        p[places], close = _complete(some, flipped)
        for place in places[close]:
            alone = rows[place]
            p[place], _ = _complete(alone[None], np.ascontiguousarray((signs @ alone.T).T)[None], watch=False)
    for place in np.flatnonzero(ragged):
        p[place] = _ragged(rows[place], signs)
    return p.reshape(*given.shape[:-2], p.shape[1])


def _complete(values: NDArray[Any], flipped: NDArray[Any], *, watch: bool = True) -> tuple[Floats, NDArray[np.bool_]]:
    """p-values (scorers, pairs) when nothing is missing, from the flipped sums (scorers, systems, flips).

    Also, if ``watch``, of which scorers, in single precision, some flipped sum is so close to the observed one that
    rounding decided: then the value depends on how the product was taken, and only a product of this scorer's own is
    what it is elsewhere.
    """
    scorers, systems, _ = values.shape
    totals = values.sum(axis=2)
    single = values.dtype == np.float32
    units = np.sqrt(np.einsum("ksi,ksi->ks", values, values)) * np.finfo(values.dtype).eps
    close = np.zeros(scorers, dtype=bool)
    watched = watch and single and np.array([not _sums_are_exact(row) for row in values], dtype=bool)
    p = [np.empty((scorers, 0))]
    for i in range(systems - 1):
        beyond = flipped[:, i, None] - flipped[:, i + 1 :]
        beyond -= (totals[:, i, None] - totals[:, i + 1 :])[:, :, None]
        slack = units[:, i, None] + units[:, i + 1 :]
        least = 0 if single else -_ROUNDING * slack[:, :, None]
        p.append(np.count_nonzero(beyond >= least, axis=2) / flipped.shape[2])
        if np.any(watched):
            nearest = np.abs(beyond, out=beyond).min(axis=2, initial=np.inf)
            close |= watched & (nearest <= _PRODUCTS_APART * slack).any(axis=1)
    return np.concatenate(p, axis=1), close


def _sums_are_exact(values: NDArray[Any]) -> bool:
    """Whether sums of single-precision values cannot round, however they are taken."""
    steps = values[0] * _STEPS
    if (steps != np.rint(steps)).any():  # nearly always settled by the first system
        return False
    steps = values * _STEPS
    return bool((steps == np.rint(steps)).all()) and float(np.abs(steps).sum(axis=1).max()) < 2**24


def _ragged(values: NDArray[Any], signs: NDArray[np.floating]) -> Floats:
    """p-values when values are missing: each pair on the items that both systems have."""
    first, second = np.triu_indices(values.shape[0], 1)
    differences = values[first] - values[second]
    shared = ~np.isnan(differences)
    differences[~shared] = 0
    least = differences.sum(axis=1)
    if signs.dtype == np.float64:
        least = least - np.finfo(np.float64).eps * _ROUNDING * np.sqrt((differences**2).sum(axis=1))
    p = np.empty(first.size)
    step = max(1, _PIECE // signs.shape[0])
    for start in range(0, first.size, step):
        piece = slice(start, start + step)
        p[piece] = (signs @ differences[piece].T >= least[piece]).sum(axis=0) / signs.shape[0]
    return np.where(shared.any(axis=1), p, np.nan)


def _rated(scores: Floats, gold: Floats) -> tuple[Floats, Floats]:
    """The items with at least one rating."""
    rated = (~np.isnan(gold)).any(axis=0)
    return (scores, gold) if rated.all() else (scores[:, :, rated], gold[:, rated])


def _estimates(scores: Floats, gold: Floats, signs: NDArray[np.floating], method: str) -> list[Estimate]:
    """Scorer and gold are compared on the same cells; the gold's p-values are shared where those are all its cells."""
    unrated = np.isnan(gold)
    lacking = (np.isnan(scores) & ~unrated).any(axis=(1, 2))
    scorer = pair_p_values(np.where(unrated, np.nan, scores) if unrated.any() else scores, signs)
    human = np.tile(pair_p_values(gold, signs), (scores.shape[0], 1))
    for place in np.flatnonzero(lacking):
        human[place] = pair_p_values(np.where(np.isnan(scores[place]), np.nan, gold), signs)
    made = []
    for apart in np.abs(scorer - human):
        used = apart[~np.isnan(apart)]
        value = 1.0 - float(used.mean()) if used.size else float("nan")
        made.append(Estimate(value, n=used.size, method=method, undefined=apart.size - used.size))
    return made
