"""System values: the one number that each system has from a scorer and from the gold, and how it varies with the items.

May import: `cells`, `resampling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, check_cells, mean_of_defined, paired
from rewardmeter.stats.resampling import resampled_means

__all__ = ["Side", "SystemScores", "sides_of", "system_means", "system_scores"]

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
    scores over the cells that are rated and scored. The gold's: ``published_gold`` (systems,) unless all NaN; else the
    mean of its ratings, over the very cells whose scores were averaged: which cells a scorer misses must not move one
    side alone.
    """
    sides = sides_of(scores, gold, published_scores, published_gold)
    shape = np.shape(scores)[:2]
    scorer, human = (np.array([pair[side].value for pair in sides]).reshape(shape) for side in (0, 1))
    return SystemScores(scorer, human)


@dataclass(frozen=True, slots=True)
class Side:
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


def sides_of(
    scores: ArrayLike, gold: ArrayLike, published_scores: ArrayLike | None, published_gold: ArrayLike | None
) -> list[tuple[Side, Side]]:
    """For each scorer its side and the gold's; see `system_scores`."""
    scores, gold = check_cells(scores, gold)
    gold_row = _row_of(published_gold, scores.shape[1])
    rows = _rows_of(published_scores, scores.shape[:2])
    return [_sides(row, gold, published, gold_row) for row, published in zip(scores, rows, strict=True)]


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


def _sides(row: Floats, gold: Floats, published: Floats | None, published_gold: Floats | None) -> tuple[Side, Side]:
    rated_scores, scored_gold = paired(row, gold)
    if published is None:
        scorer = Side(system_means(rated_scores), rated_scores)
    else:
        scorer, scored_gold = Side(published, _cells_behind(published, (row, rated_scores))), gold
    if published_gold is not None:
        return scorer, Side(published_gold, _cells_behind(published_gold, (gold,)))
    return scorer, Side(system_means(scored_gold), scored_gold)


def _cells_behind(published: Floats, candidates: Sequence[Floats]) -> Floats | None:
    """The cells whose means over items are the published values."""
    there = ~np.isnan(published)
    for cells in candidates:
        if np.allclose(system_means(cells)[there], published[there], rtol=_SAME, atol=0.0):
            return cells
    return None
