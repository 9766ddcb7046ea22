"""Segment-level correlation of scores with human judgement: pooled, by item and by system.

Pooled, by item and by system answer different questions and are never mixed: a scorer that only tells easy prompts
from hard ones does well pooled and has nothing to say by item.
May import: `cells`, `influence`, `intervals`, `kendall`, `moments`, `ranks`, `resampling`, `result`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import (
    Floats,
    Grouping,
    Ints,
    check_cells,
    check_grouping,
    grouped,
    mean_of_defined,
    paired,
    paired_rows,
    summarise,
)
from rewardmeter.stats.influence import mean_standard_error, spearman_influence
from rewardmeter.stats.intervals import JACKKNIFE, Interval, bootstrap_method, estimates, normal_interval
from rewardmeter.stats.kendall import KENDALL, KendallStatistic, kendall, kendall_influence
from rewardmeter.stats.moments import centred, concordance, group_moments, moments_of_sums, pearson, resampled_powers
from rewardmeter.stats.ranks import RowRanks, cell_pairs, pair_sums, rank_rows, small_pair_sums
from rewardmeter.stats.resampling import percentile_interval, resampled_means
from rewardmeter.stats.result import Estimate

__all__ = ["STATISTICS", "Correlation", "Statistic", "correlate", "correlation_estimates"]

MomentStatistic = Literal["pearson", "concordance"]
RankStatistic = Literal["spearman"] | KendallStatistic
Statistic = MomentStatistic | RankStatistic
STATISTICS = (*get_args(MomentStatistic), "spearman", *KENDALL)
_MOMENTS = {"pearson": pearson, "concordance": concordance}
_SMALL_GROUP = 64
"""Up to so many systems, looking at every pair within an item is faster than sorting."""
_MANY_CELLS = 1 << 18
"""From so many cells on, SciPy's compiled tau-b is faster, its import included."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation of each scorer with the gold.

    Attributes
    ----------
    value: (scorers,) the coefficient, or its plain mean over the groups where it is defined; NaN where there are none.
    groups: (scorers, groups) the coefficient of each group, NaN where it is undefined; one group when pooled.
    n: (scorers,) cells used when pooled, else groups used.
    undefined: (scorers,) groups with data in which the coefficient is undefined and which were left out.
    """

    value: Floats
    groups: Floats
    n: NDArray[np.int64]
    undefined: NDArray[np.int64]


def correlate(scores: ArrayLike, gold: ArrayLike, *, statistic: Statistic, grouping: Grouping) -> Correlation:
    """Correlation of each scorer with the gold.

    Parameters
    ----------
    scores: (scorers, systems, items), NaN where missing.
    gold: (systems, items), NaN where not rated. A cell counts for a scorer when both values are there.
    statistic: ``pearson``, ``spearman`` (Pearson of midranks), ``concordance`` (Lin 1989), ``kendall_b``,
        ``kendall_c``, and the WMT forms of Kendall's tau, which differ in what a tie of the scorer is worth
        (formulas under `kendall.kendall`). All lie in [-1, 1].
    grouping: ``pooled`` over all cells, by ``item`` (across systems, then the mean over items) or by ``system``
        (across items, then the mean over systems).

    Raises
    ------
    ValueError
        On shapes that do not fit, infinite values, or an unknown statistic or grouping.
    """
    scores, gold = _checked(scores, gold, statistic, grouping)
    rated: NDArray[np.bool_] = np.asarray((~np.isnan(gold)).any(axis=0))
    kept_scores, kept_gold = (scores, gold) if rated.all() else (scores[:, :, rated], gold[:, rated])
    values, cells = [], []
    shared = rank_rows(paired_rows(kept_gold, kept_gold, grouping)[1]) if statistic == "spearman" else None
    for row in kept_scores:
        x, y = paired(row, kept_gold)
        values.append(_group_values(x, y, statistic, grouping, shared if y is kept_gold else None))
        cells.append((~np.isnan(grouped(x, grouping))).sum(axis=1))
    shape = (len(scores), grouped(kept_gold, grouping).shape[0])
    groups, members = np.array(values).reshape(shape), np.array(cells, dtype=np.int64).reshape(shape)
    if grouping == "item" and not rated.all():
        groups, members = _spread(groups, rated, np.nan), _spread(members, rated, 0)
    return _correlation(groups, members, grouping)


def correlation_estimates(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    statistic: Statistic,
    grouping: Grouping,
    weights: NDArray[Any] | None,
    level: float = 0.95,
) -> list[Estimate]:
    """`correlate` with an interval for each scorer; items are what is resampled, so cells of an item stay together.

    ``weights`` are the item counts of `resampling.item_weights`, shape (resamples, items), or None for no interval.
    By item, and for Pearson and Lin's concordance, the interval is the percentile interval of the bootstrap. For rank
    statistics pooled or by system, where each resample would have to be ranked again, it is the normal interval on
    Fisher's z from the infinitesimal jackknife over items. ``method`` names which.
    """
    scores, gold = _checked(scores, gold, statistic, grouping)
    if weights is None:
        return _estimates(correlate(scores, gold, statistic=statistic, grouping=grouping), None, "none", level)
    if grouping == "item":
        result = correlate(scores, gold, statistic=statistic, grouping=grouping)
        draws = resampled_means(result.groups, weights)
    elif statistic == "pearson" or statistic == "concordance":
        result = correlate(scores, gold, statistic=statistic, grouping=grouping)
        rows = [_moment_draws(row, gold, statistic, grouping, weights) for row in scores]
        draws = np.array(rows).reshape(len(rows), weights.shape[0]).T
    else:
        errors = [_with_error(row, gold, statistic, grouping) for row in scores]
        shape = (len(scores), grouped(gold, grouping).shape[0])
        values, cells = (np.array([error[part] for error in errors]).reshape(shape) for part in (0, 1))
        result = _correlation(values, cells, grouping)
        interval = normal_interval(result.value, np.array([error[2] for error in errors]), level)
        return _estimates(result, interval, JACKKNIFE, level)
    rated = int(np.count_nonzero(~np.isnan(gold).all(axis=0)))
    return _estimates(result, percentile_interval(draws, level, items=rated), bootstrap_method(weights), level)


def _checked(scores: ArrayLike, gold: ArrayLike, statistic: str, grouping: str) -> tuple[Floats, Floats]:
    if statistic not in STATISTICS:
        raise ValueError(f"statistic must be one of {', '.join(STATISTICS)}; got {statistic!r}")
    check_grouping(grouping)
    return check_cells(scores, gold)


def _group_values(x: Floats, y: Floats, statistic: Statistic, grouping: Grouping, rank_y: RowRanks | None) -> Floats:
    """The statistic in each group of paired (systems, items) arrays; ``rank_y`` is used where scorers share it."""
    if statistic == "pearson" or statistic == "concordance":
        return _MOMENTS[statistic](group_moments(grouped(x, grouping), grouped(y, grouping)))
    small = grouping == "item" and x.shape[0] <= _SMALL_GROUP
    if statistic != "spearman" and statistic != "kendall_c" and small:
        return kendall(statistic, small_pair_sums(x, y))
    rows_x, rows_y, _ = paired_rows(x, y, grouping)
    if statistic == "spearman":
        return _spearman(rank_rows(rows_x), rank_y or rank_rows(rows_y), ~np.isnan(rows_x))
    if statistic == "kendall_b" and grouping == "pooled" and rows_x.size >= _MANY_CELLS:
        from scipy.stats import kendalltau

        return np.array([kendalltau(rows_x[0], rows_y[0]).statistic])
    sums = pair_sums(cell_pairs(rows_x, rows_y), (~np.isnan(rows_x)).sum(axis=1))
    return kendall(statistic, sums, _levels(statistic, rows_x, rows_y))


def _spearman(rank_x: RowRanks, rank_y: RowRanks, present: NDArray[np.bool_]) -> Floats:
    midranks = (np.where(present, ranks.midranks, np.nan) for ranks in (rank_x, rank_y))
    return pearson(group_moments(*midranks))


def _levels(statistic: RankStatistic, x: Floats, y: Floats) -> Ints | None:
    """The smaller number of distinct values on a side of each row, where the statistic asks for it."""
    if statistic != "kendall_c":
        return None
    levels = [np.where(np.isnan(side), 0, rank_rows(side).code + 1).max(axis=1, initial=0) for side in (x, y)]
    return np.minimum(levels[0], levels[1])


def _with_error(row: Floats, gold: Floats, statistic: RankStatistic, grouping: Grouping) -> tuple[Floats, Ints, float]:
    """Group values, cells of each group, and the standard error of their mean, for one scorer and a rank statistic."""
    x, y, item = paired_rows(row, gold, grouping)
    present = ~np.isnan(x)
    if statistic == "spearman":
        rank_x, rank_y = rank_rows(x), rank_rows(y)
        values, influence = _spearman(rank_x, rank_y, present), spearman_influence(rank_x, rank_y, present)
    else:
        cells = cell_pairs(x, y)
        sums, levels = pair_sums(cells, present.sum(axis=1)), _levels(statistic, x, y)
        values, influence = kendall(statistic, sums, levels), kendall_influence(statistic, sums, cells, levels)
    influence = np.where(present, influence, 0.0)
    return values, present.sum(axis=1), mean_standard_error(values, influence, item, gold.shape[1])


def _moment_draws(
    row: Floats, gold: Floats, statistic: MomentStatistic, grouping: Grouping, weights: NDArray[Any]
) -> Floats:
    """Pearson's r or Lin's concordance of one scorer in each resample of the items, pooled or by system."""
    x, y = paired(row, gold)
    rows_x, rows_y = centred(grouped(x, grouping)), centred(grouped(y, grouping))
    sums = resampled_powers(rows_x, rows_y, ~np.isnan(x), weights)
    return mean_of_defined(_MOMENTS[statistic](moments_of_sums(sums, rows_x, rows_y)))


def _correlation(groups: Floats, cells: Ints, grouping: Grouping) -> Correlation:
    summary = summarise(groups, cells, grouping)
    return Correlation(summary.value, groups, summary.n, summary.undefined)


def _spread(kept: NDArray[Any], rated: NDArray[np.bool_], fill: float) -> NDArray[Any]:
    """Columns of the rated items back among all items."""
    full = np.full((kept.shape[0], rated.size), fill, dtype=kept.dtype)
    full[:, rated] = kept
    return full


def _estimates(result: Correlation, interval: Interval | None, method: str, level: float) -> list[Estimate]:
    return estimates(result.value, interval, n=result.n, undefined=result.undefined, method=method, level=level)
