"""System-level statistics: one number per system from scorer and gold, compared across systems.

May import: `cells`, `intervals`, `moments`, `ranks`, `resampling`, `result`, `system_values`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, ratio
from rewardmeter.stats.intervals import bootstrap_method
from rewardmeter.stats.kendall import kendall
from rewardmeter.stats.moments import group_moments, pearson
from rewardmeter.stats.ranks import rank_rows, small_pair_sums
from rewardmeter.stats.resampling import percentile_interval
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.system_values import Side, SystemScores, sides_of, system_means, system_scores

__all__ = [
    "SystemScores",
    "SystemStatistic",
    "outlier_systems",
    "system_estimates",
    "system_estimates_of",
    "system_means",
    "system_scores",
]

SystemStatistic = Literal["pearson", "kendall_b", "spearman", "pairwise_accuracy", "pearson_without_outliers"]
_PEARSON = ("pearson", "pearson_without_outliers")
_OUTLYING = 2.5
_NORMAL_MAD = 1.483
"""Median absolute deviation to standard deviation, for normal values."""


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
    compared is said under `system_values.system_scores`.

    ``pearson``, ``spearman``, ``kendall_b``: the coefficient over systems, in [-1, 1]; ``n`` counts systems.
    ``pearson_without_outliers``: Pearson's r without the `outlier_systems` of the gold (Mathur et al. 2020); ``n``
    counts the systems kept, ``detail`` holds ``outliers``, which are the same in every resample.
    ``pairwise_accuracy``: the share of system pairs whose difference has the same sign on both sides (Kocmi et al.
    2021, eq. 1), in [0, 1]; a pair tied on one side only is wrong, a pair tied on both is right; ``n`` counts pairs,
    and ``detail`` holds ``agree`` and ``pairs``.

    The interval is the percentile bootstrap over items (``weights`` from `resampling.item_weights`): it says how
    well these items pin down these systems, not what other systems would give. A side whose published values are not
    its item means (a corpus-level metric, say) cannot be resampled by item and is held fixed, which ``method`` says.
    A resample without any cell of a system is left out. Noise in the item means pulls agreement down, in a resample
    twice, so for Pearson's r the interval goes on to where its ends would be with the median bias undone twice on
    Fisher's z, as in the bias-corrected bootstrap (Efron 1987), of which it keeps the ends before and after.

    Raises ValueError on an unknown statistic, shapes that do not fit, and infinite values.
    """
    return system_estimates_of(
        (statistic,),
        scores,
        gold,
        published_scores=published_scores,
        published_gold=published_gold,
        weights=weights,
        level=level,
    )[statistic]


def system_estimates_of(
    statistics: Sequence[SystemStatistic],
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    published_scores: ArrayLike | None = None,
    published_gold: ArrayLike | None = None,
    weights: NDArray[Any] | None = None,
    level: float = 0.95,
) -> dict[SystemStatistic, list[Estimate]]:
    """`system_estimates` for several statistics at once, from the same resampled system values."""
    for statistic in statistics:
        if statistic not in get_args(SystemStatistic):
            raise ValueError(f"statistic must be one of {', '.join(get_args(SystemStatistic))}; got {statistic!r}")
    made: dict[SystemStatistic, list[Estimate]] = {statistic: [] for statistic in statistics}
    shared: dict[tuple[int, bytes], Floats] = {}
    for scorer, human in sides_of(scores, gold, published_scores, published_gold):
        used = ~(np.isnan(scorer.value) | np.isnan(human.value))
        draws, method = None, "none"
        if weights is not None:
            draws, method = _resampled(scorer, human, used, weights, shared)
        values = np.stack([scorer.value[used], human.value[used]])
        for statistic in statistics:
            made[statistic].append(_estimate(statistic, values, draws, method, level))
    return made


def outlier_systems(gold: ArrayLike, *, threshold: float = _OUTLYING) -> NDArray[np.bool_]:
    """Systems that lie far off: |h - median| / (1.483 MAD) > ``threshold``, h the gold's system values (systems,).

    MAD is the median of |h - median|. NaN is no outlier; none is found where MAD is 0. (Mathur, Baldwin and Cohn
    2020, "Tangled up in BLEU", section 4, after Iglewicz and Hoaglin 1993.)
    """
    values = np.asarray(gold, dtype=np.float64)
    known = values[~np.isnan(values)]
    if known.size == 0:
        return np.zeros(values.shape, dtype=bool)
    apart = np.abs(values - np.median(known))
    spread = float(np.median(apart[~np.isnan(apart)])) * _NORMAL_MAD
    return np.asarray(apart > threshold * spread) if spread > 0 else np.zeros(values.shape, dtype=bool)


def _resampled(
    scorer: Side,
    human: Side,
    used: NDArray[np.bool_],
    weights: NDArray[Any],
    shared: dict[tuple[int, bytes], Floats],
) -> tuple[Floats | None, str]:
    """System values of both sides under each resample, (2, resamples, used systems), and how they were made.

    ``shared`` keeps what several scorers have in common: the gold's.
    """
    fixed = [name for name, side in (("scorer", scorer), ("gold", human)) if side.cells is None]
    if len(fixed) == 2:
        return None, "no interval: published system values on both sides that are not item means"
    key = (id(human.cells), used.tobytes())
    if key not in shared:
        shared[key] = human.resampled(used, weights)
    draws = np.stack([scorer.resampled(used, weights), shared[key]])
    return draws, bootstrap_method(weights) + "".join(f", published {name} values held fixed" for name in fixed)


def _estimate(statistic: SystemStatistic, values: Floats, draws: Floats | None, method: str, level: float) -> Estimate:
    """The estimate from ``values`` (2, systems) and ``draws`` (2, resamples, systems) of scorer and gold."""
    detail: dict[str, float] = {}
    if statistic == "pearson_without_outliers":
        kept = ~outlier_systems(values[1])
        detail["outliers"] = int((~kept).sum())
        values, draws = values[:, kept], None if draws is None else draws[:, :, kept]
    systems = values.shape[1]
    pairs = systems * (systems - 1) // 2
    value = float(_statistic(statistic, values[0][None], values[1][None])[0])
    if statistic == "pairwise_accuracy" and pairs:
        detail = {"agree": round(value * pairs), "pairs": pairs}
    low, high = np.nan, np.nan
    if draws is not None and not np.isnan(value):
        drawn = _statistic(statistic, draws[0], draws[1])
        low, high = (float(end) for end in percentile_interval(drawn, level))
        if statistic in _PEARSON:
            low, high, method = *_reaching_past_bias(low, high, value, drawn), f"{method}, widened by their bias"
    n = pairs if statistic == "pairwise_accuracy" else systems
    return Estimate(value, low, high, level=level, n=n, method=method, detail=detail)


def _reaching_past_bias(low: float, high: float, value: float, drawn: Floats) -> tuple[float, float]:
    """The interval together with itself shifted by twice the median bias of the resampled correlations, on z."""
    known = drawn[~np.isnan(drawn)]
    if known.size == 0 or abs(value) >= 1:
        return low, high
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = np.arctanh(np.clip(np.median(known), -1, 1)) - np.arctanh(value)
        ends = np.tanh(np.arctanh(np.clip([low, high], -1, 1)) - 2 * bias)
    return (min(low, float(ends[0])), max(high, float(ends[1]))) if np.isfinite(bias) else (low, high)


def _statistic(statistic: SystemStatistic, scorer: Floats, gold: Floats) -> Floats:
    """The statistic over the systems of each row of (rows, systems) arrays; NaN where a row lacks a system."""
    if statistic in _PEARSON:
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
