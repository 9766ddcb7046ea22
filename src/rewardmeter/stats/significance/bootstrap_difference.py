"""Paired bootstrap of the difference between scorers: over items, over systems, or over both.

Over items: what would another sample of prompts say about these systems? Over systems: what would other systems say on
these prompts? Over both: on another test altogether (Deutsch, Dror and Roth 2021, section 3). All scorers share the
resamples, so that differences are far less noisy than the scorers' own values.
May import: cells, resampling, pair_cells, pair_swap, resampled_statistics, statistic_ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, check_cells, paired
from rewardmeter.stats.resampling import bca_interval, percentile_interval
from rewardmeter.stats.significance.pair_cells import pattern_blocks
from rewardmeter.stats.significance.pair_swap import tie_thresholds
from rewardmeter.stats.significance.resampled_statistics import Counts, Over, draw_counts, statistic_draws
from rewardmeter.stats.significance.statistic_ids import StatisticId, statistic_id

__all__ = ["IntervalKind", "PairedDifferences", "bootstrap_differences", "bootstrap_values"]

IntervalKind = Literal["percentile", "bca"]
_LEFT_OUT = 512
"""Units left out one by one in one go."""


@dataclass(frozen=True, slots=True, eq=False)
class PairedDifferences:
    """Differences between all pairs of scorers with bootstrap intervals; all arrays are (scorers, scorers).

    Attributes
    ----------
    difference: statistic of i minus statistic of j on the data that both have; 0 on the diagonal, NaN where undefined.
    low, high: ends of the interval at ``level``; NaN on the diagonal and where there is none.
    p: two-sided, (1 + the fewer draws on one side of 0) * 2 / (draws + 1), at most 1; NaN likewise. A draw of exactly
        0 counts for both sides. Permutation tests hold their level better; this is the interval read the other way.
    undefined: resamples in which the difference is undefined, which are left out.
    level, method: of the intervals.
    """

    difference: Floats
    low: Floats
    high: Floats
    p: Floats
    undefined: NDArray[np.int64]
    level: float
    method: str


def bootstrap_values(
    scores: ArrayLike, gold: ArrayLike, counts: Counts, *, statistic: str, epsilon: ArrayLike | None = None
) -> Floats:
    """A statistic of each scorer in each resample, (resamples, scorers); NaN where it is undefined.

    The same ``counts`` (`resampled_statistics.draw_counts`) serve all scorers, each on all cells that it shares with
    the gold. The other arguments are those of `bootstrap_differences`.
    """
    scores, gold = check_cells(scores, gold)
    _check_counts(counts, gold)
    wanted = statistic_id(statistic)
    thresholds = _thresholds(scores, gold, wanted, epsilon)
    draws = [
        statistic_draws(*paired(row, gold), counts, wanted, float(e)) for row, e in zip(scores, thresholds, strict=True)
    ]
    return np.stack(draws, axis=1)


def bootstrap_differences(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    statistic: str,
    rng: np.random.Generator,
    over: Over = "items",
    resamples: int = 1000,
    level: float = 0.95,
    interval: IntervalKind = "percentile",
    epsilon: ArrayLike | None = None,
) -> PairedDifferences:
    """Bootstrap intervals of the differences between all pairs of scorers.

    Parameters
    ----------
    scores, gold:
        (scorers, systems, items) and (systems, items), NaN where missing. Two scorers are compared on the cells that
        both have.
    statistic:
        ``segment.pearson``, ``segment.spearman`` or ``segment.kendall_b``, pooled, ``.item`` or ``.system``;
        ``segment.acc_eq.item``; ``system.pearson``, ``system.spearman``, ``system.kendall_b`` or
        ``system.pairwise_accuracy`` of means over the items.
    over:
        What is resampled. A system drawn twice is two systems that tie; pairwise accuracies leave such pairs out.
    interval:
        ``percentile``, or ``bca`` (Efron 1987), bias-corrected and accelerated by leaving out units one by one; not
        over both, where there are no such units.
    epsilon:
        Tie threshold of acc_eq, one or one per scorer, held fixed; None calibrates each scorer on its own data.

    Raises
    ------
    ValueError
        Shapes that do not fit, infinite values, unknown names, or BCa over both.
    """
    scores, gold = check_cells(scores, gold)
    wanted = statistic_id(statistic)
    if interval not in get_args(IntervalKind) or (interval == "bca" and over == "both"):
        raise ValueError(f"interval must be percentile, or bca over items or systems; got {interval!r} over {over}")
    thresholds = _thresholds(scores, gold, wanted, epsilon)
    counts = draw_counts((gold.shape[0], gold.shape[1]), resamples, over, rng)
    made = {name: np.full((scores.shape[0],) * 2, np.nan) for name in ("difference", "low", "high", "p")}
    undefined = np.zeros((scores.shape[0],) * 2, dtype=np.int64)
    for block in pattern_blocks(scores, gold):
        sources = [
            _Source(np.where(block.present, scores[k], np.nan), np.where(block.present, gold, np.nan), wanted, e)
            for k, e in zip(block.scorers, thresholds[block.scorers], strict=True)
        ]
        i, j = np.searchsorted(block.scorers, block.rows), np.searchsorted(block.scorers, block.columns)
        value, draws = (_differences(sources, some, i, j) for some in (_everything(gold), counts))
        left_out = _left_out(sources, gold, over, i, j) if interval == "bca" else None
        low, high = _interval(draws, value[0], left_out, level)
        there, back = (block.rows, block.columns), (block.columns, block.rows)
        made["difference"][there], made["difference"][back] = value[0], -value[0]
        made["low"][there], made["high"][there], made["low"][back], made["high"][back] = low, high, -high, -low
        made["p"][there] = made["p"][back] = _p_values(draws, value[0])
        undefined[there] = undefined[back] = np.isnan(draws).sum(axis=0)
    np.fill_diagonal(made["difference"], 0.0)
    where = "systems and items" if over == "both" else over
    return PairedDifferences(
        **made,
        undefined=undefined,
        level=level,
        method=f"paired bootstrap over {where}, {interval}, {resamples:,} resamples",
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """What the draws of one scorer are made from."""

    scores: Floats
    gold: Floats
    statistic: StatisticId
    epsilon: float

    def draws(self, counts: Counts) -> Floats:
        return statistic_draws(self.scores, self.gold, counts, self.statistic, float(self.epsilon))


def _differences(sources: list[_Source], counts: Counts, i: NDArray[np.intp], j: NDArray[np.intp]) -> Floats:
    """Differences of pairs of scorers in each resample, (resamples, pairs)."""
    draws = np.stack([source.draws(counts) for source in sources], axis=1)
    return np.asarray(draws[:, i] - draws[:, j])


def _everything(gold: Floats) -> Counts:
    return Counts(np.ones((1, gold.shape[1]), dtype=np.int64), None)


def _left_out(sources: list[_Source], gold: Floats, over: Over, i: NDArray[np.intp], j: NDArray[np.intp]) -> Floats:
    """Differences without each item or system in turn, (units, pairs)."""
    units = gold.shape[1 if over == "items" else 0]
    parts = []
    for start in range(0, units, _LEFT_OUT):
        kept = np.ones((min(_LEFT_OUT, units - start), units), dtype=np.int8)
        kept[np.arange(kept.shape[0]), start + np.arange(kept.shape[0])] = 0
        parts.append(_differences(sources, Counts(kept, None) if over == "items" else Counts(None, kept), i, j))
    return np.concatenate(parts)


def _interval(draws: Floats, value: Floats, left_out: Floats | None, level: float) -> tuple[Floats, Floats]:
    low, high = percentile_interval(draws, level) if left_out is None else bca_interval(draws, value, left_out, level)
    undefined = np.isnan(value)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)


def _p_values(draws: Floats, value: Floats) -> Floats:
    defined = ~np.isnan(draws)
    fewer = np.minimum((draws <= 0).sum(axis=0), (draws >= 0).sum(axis=0))
    p = np.minimum(1.0, 2 * (fewer + 1) / (defined.sum(axis=0) + 1))
    return np.where(np.isnan(value) | ~defined.any(axis=0), np.nan, p)


def _thresholds(scores: Floats, gold: Floats, statistic: StatisticId, epsilon: ArrayLike | None) -> Floats:
    """One tie threshold per scorer; 0 where the statistic has none."""
    if statistic.name != "acc_eq":
        return np.zeros(scores.shape[0])
    return tie_thresholds(scores, gold, statistic.grouping, epsilon)


def _check_counts(counts: Counts, gold: Floats) -> None:
    for name, side, units in (("items", counts.items, gold.shape[1]), ("systems", counts.systems, gold.shape[0])):
        if side is not None and (side.ndim != 2 or side.shape[1] != units):
            raise ValueError(f"the counts must be (resamples, {units} {name}); got the shape {side.shape}")
