"""How firm a ranking of systems is: pairs that people tell apart for sure, and rankings from fewer items.

May import: `intervals`, `ranks`, `kendall`, `resampling`, `result`, `system_values`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats
from rewardmeter.stats.intervals import bootstrap_method
from rewardmeter.stats.kendall import kendall
from rewardmeter.stats.ranks import small_pair_sums
from rewardmeter.stats.resampling import item_subsets, percentile_interval, resampled_means, sign_flips
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.system_values import Side, sides_of, system_means

__all__ = ["pair_significance", "ranking_stability", "significant_pair_estimates"]

_PIECE = 1 << 22
"""Permuted sums held in one go."""
_ROUNDING = 1e-12


def pair_significance(gold: ArrayLike, *, rng: np.random.Generator, flips: int = 1000) -> Floats:
    """Two-sided paired permutation p-value of the difference of each pair of systems, (pairs,) in (0, 1].

    p = (1 + flips with |sum of signed per-item differences| >= |observed sum|) / (1 + flips), over the items that
    both systems have; the signs are shared by all pairs. ``gold`` (systems, items), NaN where missing; pairs i < j as
    by `numpy.triu_indices`; NaN where two systems share no item.
    """
    values = np.asarray(gold, dtype=np.float64)
    values = values[:, (~np.isnan(values)).any(axis=0)]
    signs = sign_flips(values.shape[1], flips, rng).astype(np.float64)
    first, second = np.triu_indices(values.shape[0], 1)
    p = np.empty(first.size)
    step = max(1, _PIECE // max(flips, values.shape[1], 1))
    for start in range(0, first.size, step):
        piece = slice(start, start + step)
        differences = values[first[piece]] - values[second[piece]]
        shared = ~np.isnan(differences)
        differences[~shared] = 0.0
        least = np.abs(differences.sum(axis=1)) - _ROUNDING * np.abs(differences).sum(axis=1)
        reached = (np.abs(signs @ differences.T) >= least).sum(axis=0)
        p[piece] = np.where(shared.any(axis=1), (1 + reached) / (1 + flips), np.nan)
    return p


def significant_pair_estimates(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    rng: np.random.Generator,
    alpha: float = 0.05,
    flips: int = 1000,
    published_scores: ArrayLike | None = None,
    published_gold: ArrayLike | None = None,
    weights: NDArray[Any] | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Pairwise accuracy over the system pairs that the gold tells apart with p <= ``alpha``, in [0, 1].

    As ``pairwise_accuracy`` of `system.system_estimates`, restricted as in Kocmi et al. 2021 (section 5.2) to pairs
    with a significant human difference; here by the paired permutation test of `pair_significance`, pair by pair,
    with no correction for the number of pairs. The set of pairs is held fixed in the interval. ``n`` counts the pairs;
    ``detail`` holds ``agree``, ``pairs``, ``all_pairs`` and ``alpha``; NaN where no pair is significant.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie strictly between 0 and 1; got {alpha}")
    significant = pair_significance(gold, rng=rng, flips=flips) <= alpha
    sides = sides_of(scores, gold, published_scores, published_gold)
    return [
        _over_pairs(scorer, human, significant, alpha=alpha, weights=weights, level=level) for scorer, human in sides
    ]


def _over_pairs(
    scorer: Side,
    human: Side,
    significant: NDArray[np.bool_],
    *,
    alpha: float,
    weights: NDArray[Any] | None,
    level: float,
) -> Estimate:
    first, second = np.triu_indices(scorer.value.size, 1)
    used = ~(np.isnan(scorer.value) | np.isnan(human.value))
    known = used[first] & used[second]
    chosen = known & significant
    place = np.cumsum(used) - 1
    i, j = place[first[chosen]], place[second[chosen]]

    def agreement(x: Floats, y: Floats) -> Floats:
        """Share of the chosen pairs with the same sign on both sides, for rows of system values."""
        same = np.sign(x[:, i] - x[:, j]) == np.sign(y[:, i] - y[:, j])
        lacking = np.isnan(x).any(axis=1) | np.isnan(y).any(axis=1)
        return np.where(lacking, np.nan, same.mean(axis=1))

    pairs = i.size
    if pairs == 0:
        return Estimate(float("nan"), level=level, method="none: no significant pair", detail={"alpha": alpha})
    value = float(agreement(scorer.value[None, used], human.value[None, used])[0])
    low, high, method = np.nan, np.nan, "none"
    if weights is not None and not (scorer.cells is None and human.cells is None):
        draws = agreement(scorer.resampled(used, weights), human.resampled(used, weights))
        low, high = (float(end) for end in percentile_interval(draws, level))
        method = f"{bootstrap_method(weights)}, significant pairs held fixed"
    detail = {"agree": round(value * pairs), "pairs": pairs, "all_pairs": int(known.sum()), "alpha": alpha}
    return Estimate(value, low, high, level=level, n=pairs, method=method, detail=detail)


def ranking_stability(
    values: ArrayLike,
    *,
    sizes: Sequence[int],
    draws: int,
    rng: np.random.Generator,
    level: float = 0.95,
) -> list[list[Estimate]]:
    """Would fewer items rank the systems alike? Kendall's tau-b of the ranking from some items with that from the rest.

    For each size m, ``draws`` random subsets of m items are set against the items left out, so no item is on both
    sides. ``values`` (scorers, systems, items), NaN where missing; the gold can be one of the "scorers".

    Returns, for each scorer, one estimate per size: the mean tau-b in [-1, 1] over draws, the central ``level`` of the
    draws (not a confidence interval: its width is the instability itself), and ``n`` = m. Draws in which a system has
    no item on one side, or all systems are tied, are left out, and counted in ``undefined``.
    """
    cells = np.asarray(values, dtype=np.float64)
    if cells.ndim != 3:
        raise ValueError(f"values must have the shape (scorers, systems, items); got {cells.shape}")
    items = cells.shape[2]
    if any(not 1 <= size < items for size in sizes):
        raise ValueError(f"sizes must leave at least one of the {items} items on each side; got {list(sizes)}")
    made: list[list[Estimate]] = [[] for _ in cells]
    for size in sizes:
        inside = item_subsets(items, size, draws, rng)
        for row, into in zip(cells, made, strict=True):
            known = row[~np.isnan(system_means(row))]
            taus = _kendall_rows(resampled_means(known, inside), resampled_means(known, 1 - inside))
            defined = taus[~np.isnan(taus)]
            low, high = percentile_interval(taus, level)
            into.append(
                Estimate(
                    float(defined.mean()) if defined.size else float("nan"),
                    float(low),
                    float(high),
                    level=level,
                    n=size,
                    method=f"central share of {draws} random subsets of the items against the rest",
                    undefined=int(taus.size - defined.size),
                )
            )
    return made


def _kendall_rows(x: Floats, y: Floats) -> Floats:
    """Tau-b between the rows of (rows, systems) arrays; NaN where a row lacks a system."""
    lacking = np.isnan(x).any(axis=1) | np.isnan(y).any(axis=1)
    return np.where(lacking, np.nan, kendall("kendall_b", small_pair_sums(x.T, y.T)))
