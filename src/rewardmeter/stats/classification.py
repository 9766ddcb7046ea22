"""Scores against binary judgement: area under the ROC curve and average precision.

May import: `cells`, `influence`, `intervals`, `ranks`, `resampling`, `result`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import (
    Floats,
    Grouping,
    check_cells,
    check_grouping,
    grouped,
    paired_rows,
    ratio,
    summarise,
)
from rewardmeter.stats.influence import mean_standard_error, sums_below
from rewardmeter.stats.intervals import JACKKNIFE_SHARE, bootstrap_method, estimates, normal_interval
from rewardmeter.stats.ranks import RowRanks, rank_rows
from rewardmeter.stats.resampling import percentile_interval, resampled_means
from rewardmeter.stats.result import Estimate

__all__ = ["average_precision_estimates", "roc_auc_estimates"]

Mask = NDArray[np.bool_]
Curve = Callable[[RowRanks, Mask, Mask], tuple[Floats, Floats]]
"""From ranks, positives and negatives (groups, members) to group values and the influences of the members."""


def roc_auc_estimates(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    grouping: Grouping = "pooled",
    weights: NDArray[Any] | None,
    level: float = 0.95,
) -> list[Estimate]:
    """Area under the ROC curve of each scorer, in [0, 1]: P(positive scored above negative) + P(equal) / 2.

    ``scores`` (scorers, systems, items), ``gold`` (systems, items) of 0 and 1, both NaN where missing; a cell counts
    when both are there. Undefined (NaN) where a group lacks positives or negatives; such groups are left out of the
    mean by item or by system and counted.

    ``weights`` are the item counts of `resampling.item_weights`, or None for no interval. By item the interval is the
    percentile bootstrap; pooled and by system it is normal on the logit with a standard error from the infinitesimal
    jackknife over items, which without clustering is that of DeLong et al. (1988) up to terms of order 1/n.

    Raises ValueError on gold other than 0, 1 and NaN, on shapes that do not fit, and on infinite values.
    """
    return _curve_estimates(_roc_auc, scores, gold, grouping=grouping, weights=weights, level=level)


def average_precision_estimates(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    grouping: Grouping = "pooled",
    weights: NDArray[Any] | None,
    level: float = 0.95,
) -> list[Estimate]:
    """Average precision of each scorer, in (0, 1]: the area under the precision-recall steps.

    AP = sum over thresholds t of (recall(t) - recall(next higher t)) precision(t), cells with equal scores crossing
    the threshold together; that is the mean over positives of the precision at their own score. Its chance level is
    the share of positives. Everything else is as in `roc_auc_estimates`.
    """
    return _curve_estimates(_average_precision, scores, gold, grouping=grouping, weights=weights, level=level)


def _curve_estimates(
    curve: Curve,
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    grouping: Grouping,
    weights: NDArray[Any] | None,
    level: float,
) -> list[Estimate]:
    check_grouping(grouping)
    scores, gold = check_cells(scores, gold)
    _check_binary(gold)
    rows = [_one_scorer(curve, row, gold, grouping) for row in scores]
    shape = (len(rows), grouped(gold, grouping).shape[0])
    groups, cells = (np.array([row[part] for row in rows]).reshape(shape) for part in (0, 1))
    summary = summarise(groups, cells, grouping)
    interval, method = None, "none"
    if weights is not None and grouping == "item":
        interval, method = percentile_interval(resampled_means(groups, weights), level), bootstrap_method(weights)
    elif weights is not None:
        errors = np.array([row[2] for row in rows])
        interval, method = normal_interval(summary.value, errors, level, bounds=(0.0, 1.0)), JACKKNIFE_SHARE
    return estimates(summary.value, interval, n=summary.n, undefined=summary.undefined, method=method, level=level)


def _check_binary(gold: Floats) -> None:
    odd = ~(np.isnan(gold) | (gold == 0) | (gold == 1))
    if odd.any():
        where = tuple(int(i) for i in np.argwhere(odd)[0])
        raise ValueError(f"gold must be 0, 1 or NaN to be read as two classes; gold{list(where)} is {gold[where]}")


def _one_scorer(curve: Curve, row: Floats, gold: Floats, grouping: Grouping) -> tuple[Floats, NDArray[np.int64], float]:
    """Group values, cells of each group, and the standard error of their mean."""
    x, y, item = paired_rows(row, gold, grouping)
    values, influence = curve(rank_rows(x), y == 1, y == 0)
    cells = (~np.isnan(x)).sum(axis=1)
    return values, cells, mean_standard_error(values, influence, item, gold.shape[1])


def _roc_auc(ranks: RowRanks, positive: Mask, negative: Mask) -> tuple[Floats, Floats]:
    positives, negatives = positive.sum(axis=1, keepdims=True), negative.sum(axis=1, keepdims=True)
    beaten = sum(sums_below(negative.astype(np.float64), ranks)) / 2
    beating = positives - sum(sums_below(positive.astype(np.float64), ranks)) / 2
    wins = np.where(positive, beaten, 0.0).sum(axis=1, keepdims=True)
    value = ratio(wins, positives * negatives)
    safe_positives, safe_negatives = np.maximum(positives, 1), np.maximum(negatives, 1)
    influence = np.where(positive, (beaten / safe_negatives - value) / safe_positives, 0.0)
    influence += np.where(negative, (beating / safe_positives - value) / safe_negatives, 0.0)
    return value[:, 0], influence


def _average_precision(ranks: RowRanks, positive: Mask, negative: Mask) -> tuple[Floats, Floats]:
    hits = positive.astype(np.float64)
    positives = hits.sum(axis=1, keepdims=True)
    present = positive | negative
    called = np.where(present, ranks.members[:, None] - ranks.smaller, 1)
    precision = (positives - sums_below(hits, ranks)[0]) / called
    value = ratio((hits * precision).sum(axis=1, keepdims=True), positives)
    raised, lowered = (sums_below(hits * part / called, ranks)[1] for part in (1.0, precision))
    influence = (hits * (precision - value) + hits * raised - lowered) / np.maximum(positives, 1)
    return value[:, 0], np.where(present, influence, 0.0)
