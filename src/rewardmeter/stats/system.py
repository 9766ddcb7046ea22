"""System-level statistics: one number per system from scorer and gold, compared across systems.

May import: `cells`, `intervals`, `moments`, `ranks`, `resampling`, `result`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, check_cells, mean_of_defined, ratio
from rewardmeter.stats.intervals import bootstrap_method
from rewardmeter.stats.kendall import kendall
from rewardmeter.stats.moments import group_moments, pearson
from rewardmeter.stats.ranks import rank_rows, small_pair_sums
from rewardmeter.stats.resampling import percentile_interval, resampled_means
from rewardmeter.stats.result import Estimate

__all__ = ["SystemScores", "SystemStatistic", "system_estimates", "system_means", "system_scores"]

SystemStatistic = Literal["pearson", "kendall_b", "spearman", "pairwise_accuracy"]
_SAME = 1e-6
"""Published values this close (relatively) to item means are item means."""


@dataclass(frozen=True, slots=True)
class SystemScores:
    """One value per system, from each scorer and, beside it, from the gold: ``scorer`` and ``gold`` (scorers, systems).

    NaN where a system has none; a system counts for a scorer when both values are there.
    """

    scorer: Floats
    gold: Floats


def system_means(values: ArrayLike) -> Floats:
    """Mean over items of what is there: (..., systems, items) -> (..., systems), NaN where a system has nothing."""
    return mean_of_defined(np.asarray(values, dtype=np.float64))


def system_scores(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    published_scores: ArrayLike | None = None,
    published_gold: ArrayLike | None = None,
) -> SystemScores:
    """The system values that `system_estimates` compares.

    A scorer's own: its row of ``published_scores`` (scorers, systems) unless that is all NaN; else the mean of its
    scores over the items where the system's output is rated and scored. The gold's: ``published_gold`` (systems,)
    unless all NaN; else the mean of its ratings, the same for all scorers: a scorer that misses some rated cells has
    its own mean over the rest.
    """
    scores, gold = check_cells(scores, gold)
    gold_row = _row_of(published_gold, scores.shape[1])
    sides = [
        _sides(row, gold, published, gold_row)
        for row, published in zip(scores, _rows_of(published_scores, scores.shape[:2]), strict=True)
    ]
    return SystemScores(
        np.array([scorer.value for scorer, _ in sides]).reshape(scores.shape[:2]),
        np.array([human.value for _, human in sides]).reshape(scores.shape[:2]),
    )


def system_estimates(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    statistic: SystemStatistic,
    published_scores: ArrayLike | None = None,
    published_gold: ArrayLike | None = None,
    weights: NDArray[Any] | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Agreement of each scorer's system values with the gold's, over systems.

    ``scores`` (scorers, systems, items) and ``gold`` (systems, items), NaN where missing; which system values are
    compared is said under `system_scores`.

    ``pearson``, ``spearman``, ``kendall_b``: the coefficient over systems, in [-1, 1]; ``n`` counts systems.
    ``pairwise_accuracy``: the share of system pairs whose difference has the same sign on both sides (Kocmi et al.
    2021, eq. 1), in [0, 1]; a pair tied on one side only is wrong, a pair tied on both is right; ``n`` counts pairs,
    and ``detail`` holds ``agree`` and ``pairs``.

    The interval is the percentile bootstrap over items (``weights`` from `resampling.item_weights`): it says how
    well these items pin down these systems, not what other systems would give. A side whose published values are not
    its item means (a corpus-level metric, say) cannot be resampled by item and is held fixed, which ``method`` says.
    A resample without any cell of a system is left out.

    Raises ValueError on an unknown statistic, shapes that do not fit, and infinite values.
    """
    if statistic not in get_args(SystemStatistic):
        raise ValueError(f"statistic must be one of {', '.join(get_args(SystemStatistic))}; got {statistic!r}")
    scores, gold = check_cells(scores, gold)
    rows = _rows_of(published_scores, scores.shape[:2])
    gold_row = _row_of(published_gold, scores.shape[1])
    return [
        _estimate(_sides(row, gold, published, gold_row), statistic, weights, level)
        for row, published in zip(scores, rows, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Side:
    """One side's system values, and the (systems, items) cells of which they are the means; None if of none."""

    value: Floats
    cells: Floats | None

    def resampled(self, used: NDArray[np.bool_], weights: NDArray[Any]) -> Floats:
        """System values under each resample, (resamples, used systems)."""
        if self.cells is None:
            return np.broadcast_to(self.value[used], (weights.shape[0], int(used.sum())))
        # A matrix product may round equal columns differently; systems with equal cells must stay tied.
        filled = np.where(np.isnan(self.cells[used]), np.inf, self.cells[used])
        distinct, place = np.unique(filled, axis=0, return_inverse=True)
        return resampled_means(np.where(np.isinf(distinct), np.nan, distinct), weights)[:, place.ravel()]


def _rows_of(published: ArrayLike | None, shape: tuple[int, ...]) -> Sequence[Floats | None]:
    if published is None:
        return [None] * shape[0]
    rows = np.asarray(published, dtype=np.float64)
    if rows.shape != shape:
        raise ValueError(f"published_scores must be (scorers, systems) = {shape}; got the shape {rows.shape}")
    return [_row_of(row, shape[1]) for row in rows]


def _row_of(published: ArrayLike | None, systems: int) -> Floats | None:
    """A row of published system values, or None where there is none."""
    if published is None:
        return None
    row = np.asarray(published, dtype=np.float64)
    if row.shape != (systems,):
        raise ValueError(f"published values must be one per system ({systems}); got the shape {row.shape}")
    return None if np.isnan(row).all() else row


def _sides(row: Floats, gold: Floats, published: Floats | None, published_gold: Floats | None) -> tuple[_Side, _Side]:
    rated_scores = np.where(np.isnan(gold), np.nan, row)
    if published is None:
        scorer = _Side(system_means(rated_scores), rated_scores)
    else:
        scorer = _Side(published, _cells_behind(published, (row, rated_scores)))
    if published_gold is not None:
        return scorer, _Side(published_gold, _cells_behind(published_gold, (gold,)))
    return scorer, _Side(system_means(gold), gold)


def _cells_behind(published: Floats, candidates: Sequence[Floats]) -> Floats | None:
    """The cells whose means over items are the published values."""
    there = ~np.isnan(published)
    for cells in candidates:
        if np.allclose(system_means(cells)[there], published[there], rtol=_SAME, atol=0.0):
            return cells
    return None


def _estimate(
    sides: tuple[_Side, _Side], statistic: SystemStatistic, weights: NDArray[Any] | None, level: float
) -> Estimate:
    scorer, gold = sides
    used = ~(np.isnan(scorer.value) | np.isnan(gold.value))
    systems = int(used.sum())
    pairs = systems * (systems - 1) // 2
    value = float(_statistic(statistic, scorer.value[None, used], gold.value[None, used])[0])
    detail: dict[str, float] = {}
    if statistic == "pairwise_accuracy" and pairs:
        detail = {"agree": round(value * pairs), "pairs": pairs}
    low, high, method = np.nan, np.nan, "none"
    if weights is not None:
        fixed = [name for name, side in (("scorer", scorer), ("gold", gold)) if side.cells is None]
        if len(fixed) == 2:
            method = "no interval: published system values on both sides that are not item means"
        elif not np.isnan(value):
            draws = _statistic(statistic, scorer.resampled(used, weights), gold.resampled(used, weights))
            low, high = (float(end) for end in percentile_interval(draws, level))
            method = bootstrap_method(weights) + "".join(f", published {name} values held fixed" for name in fixed)
    n = pairs if statistic == "pairwise_accuracy" else systems
    return Estimate(value, low, high, level=level, n=n, method=method, detail=detail)


def _statistic(statistic: SystemStatistic, scorer: Floats, gold: Floats) -> Floats:
    """The statistic over the systems of each row of (rows, systems) arrays; NaN where a row lacks a system."""
    if statistic == "pearson":
        value = pearson(group_moments(scorer, gold))
    elif statistic == "spearman":
        value = pearson(group_moments(rank_rows(scorer).midranks, rank_rows(gold).midranks))
    else:
        sums = small_pair_sums(scorer.T, gold.T)
        if statistic == "kendall_b":
            value = kendall("kendall_b", sums)
        else:
            both_tied = sums.pairs - sums.untied_x - sums.untied_y + sums.untied
            right = (sums.difference + sums.untied) // 2 + both_tied
            value = ratio(right, sums.pairs)
    complete = ~(np.isnan(scorer).any(axis=1) | np.isnan(gold).any(axis=1))
    return np.where(complete, value, np.nan)
