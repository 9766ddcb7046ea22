"""The mean of credits, with its interval: what every statistic of preferences comes down to.

A unit (a pair, a group of responses, a list, a style grid) gives a scorer a credit, usually in [0, 1]; NaN
where the unit does not count for that scorer. Units are summed by item once, and all resamples of all scorers
are then one matrix product. Shares need no resampling: the error of a ratio of sums has a closed form.

Notation: K scorers, U units, N items, B resamples. May import `stats.intervals`, `stats.resampling`, `stats.result`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.intervals import (
    JACKKNIFE_SHARE,
    Interval,
    bootstrap_method,
    check_level,
    exact_at_bounds,
    normal_interval,
)
from rewardmeter.stats.resampling import percentile_interval, weighted_sums
from rewardmeter.stats.result import Estimate

__all__ = ["group_average_estimates", "group_means", "mean_estimates", "stretched"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def stretched(share: Estimate) -> Estimate:
    """A share of [0, 1] as the mean of values in [-1, 1] that were halved and moved up by a half."""
    return replace(share, value=2 * share.value - 1, low=2 * share.low - 1, high=2 * share.high - 1)


def mean_estimates(
    credits: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    unit_weights: npt.ArrayLike | None = None,
    level: float = 0.95,
    details: Sequence[Mapping[str, float]] | None = None,
) -> list[Estimate]:
    """Mean credit of each scorer over its units, with an interval over items.

    Where all credits lie in [0, 1] the interval is normal on the logit, with the error of a ratio of sums over items
    (the infinitesimal jackknife; Cochran 1977, eq. 11.30): near 0 and 1 and with few items it covers better than
    percentiles (docs/results/coverage.md). Credits on another scale have a percentile bootstrap.

    Parameters
    ----------
    credits:
        (K, U) credit of each scorer for each unit; NaN leaves the unit out for that scorer.
    cluster:
        (U,) item of each unit, 0..N-1; the units of an item are drawn together.
    weights:
        (B, N) how often each resample draws each item, where the interval needs resamples. ``None`` gives no
        interval; nor has a scorer one whose units all belong to one item.
    unit_weights:
        (U,) weight of each unit, finite and not negative; 1 each if not given.
    details:
        One mapping for each scorer, carried in its estimate.

    Returns
    -------
    One estimate for each scorer. The value is NaN where no weight is left; ``n`` counts units.

    Raises
    ------
    ValueError
        Shapes that do not fit, or labels, weights or a level out of range.
    """
    values, items = _checked_units(credits, cluster)
    importance = _checked_importance(unit_weights, values.shape[1])
    present = ~np.isnan(values)
    order, starts, item = _runs(items)
    totals = _run_sums(np.where(present, values, 0.0) * importance, order, starts)
    masses = _run_sums(present * importance, order, starts)
    value, n_items = _ratio(totals.sum(axis=1), masses.sum(axis=1)), np.count_nonzero(masses, axis=1)
    interval, method = None, "none"
    if weights is not None and ((values >= 0) & (values <= 1) | ~present).all():
        _checked_weights(weights, item)
        error = _ratio_error(value, totals, masses, n_items)
        interval, method = normal_interval(value, error, check_level(level), bounds=(0.0, 1.0)), JACKKNIFE_SHARE
    elif weights is not None:
        draws = _resampled_ratio(totals, masses, item, weights)
        interval, method = percentile_interval(draws, level, items=n_items), bootstrap_method(draws)
    counts = np.count_nonzero(present, axis=1)
    return _estimates(value, interval, counts, items=n_items, level=level, method=method, details=details)


def group_means(credits: npt.ArrayLike, groups: npt.ArrayLike, n_groups: int) -> tuple[Floats, Integers]:
    """Mean credit within each group of units, (K, n_groups), and how many units each rests on.

    ``groups`` (U,) holds 0..n_groups-1, or -1 for a unit in no group. NaN where a scorer has no unit in a
    group.
    """
    values = np.asarray(credits, float)
    labels = _checked_groups(groups, values.shape[1], n_groups)
    inside = labels >= 0
    values = values[:, inside]
    order, starts, present_groups = _runs(labels[inside])
    present = ~np.isnan(values)
    totals, counts = np.zeros((2, len(values), n_groups))
    totals[:, present_groups] = _run_sums(np.where(present, values, 0.0), order, starts)
    counts[:, present_groups] = _run_sums(present.astype(float), order, starts)
    return _ratio(totals, counts), counts.astype(np.int64)


def group_average_estimates(
    credits: npt.ArrayLike,
    cluster: npt.ArrayLike,
    groups: npt.ArrayLike,
    group_weights: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Weighted mean of group means, sum_g w_g mean_g / sum_g w_g, over the groups where a scorer has a unit.

    Parameters
    ----------
    credits, cluster, weights:
        As in `mean_estimates`. Items are resampled and groups are fixed; a resample that draws no unit of a
        group averages over the others.
    groups:
        (U,) group of each unit, 0..G-1; -1 for none.
    group_weights:
        (G,) weight of each group, finite and not negative. All 1 gives the macro average.

    Returns
    -------
    One estimate for each scorer; ``n`` counts the groups used, ``undefined`` those of positive weight that
    had to be left out.
    """
    values, items = _checked_units(credits, cluster)
    importance = _checked_importance(group_weights, len(np.asarray(group_weights)))
    labels = _checked_groups(groups, values.shape[1], len(importance))
    means, _ = group_means(values, labels, len(importance))
    used = ~np.isnan(means) & (importance > 0)
    draws = None if weights is None else _group_average_draws(values, items, labels, importance, weights)
    order, starts, _ = _runs(items)
    counted = ~np.isnan(values) & (labels >= 0)
    n_items = np.count_nonzero(_run_sums(counted.astype(float), order, starts), axis=1)
    return _estimates(
        _ratio(np.where(used, means * importance, 0.0).sum(axis=1), (used * importance).sum(axis=1)),
        None if draws is None else percentile_interval(draws, level, items=n_items),
        np.count_nonzero(used, axis=1),
        items=n_items,
        level=level,
        method="none" if draws is None else bootstrap_method(draws),
        undefined=np.count_nonzero(importance > 0) - np.count_nonzero(used, axis=1),
    )


def _estimates(
    value: Floats,
    interval: Interval | None,
    counts: Integers,
    *,
    items: Integers,
    level: float,
    method: str,
    undefined: Integers | None = None,
    details: Sequence[Mapping[str, float]] | None = None,
) -> list[Estimate]:
    """One estimate for each scorer, with its interval where it has several ``items`` (K,)."""
    several = items > 1
    check_level(level)
    low, high = np.full((2, len(value)), np.nan)
    if interval is not None:
        low, high = exact_at_bounds(value, interval, items, level)
    return [
        Estimate(
            float(value[k]),
            float(low[k]) if several[k] else math.nan,
            float(high[k]) if several[k] else math.nan,
            level=level,
            n=int(counts[k]),
            method=method if several[k] else "none",
            undefined=0 if undefined is None else int(undefined[k]),
            detail={} if details is None else details[k],
        )
        for k in range(len(value))
    ]


def _group_average_draws(
    values: Floats, items: Integers, labels: Integers, importance: Floats, weights: npt.ArrayLike
) -> Floats:
    """Weighted means (B, K) of resampled group means, over the groups that a resample has drawn from."""
    counted = _checked_weights(weights, items)
    totals, masses = np.zeros((2, len(counted), len(values)))
    for group in np.flatnonzero(importance > 0):
        inside = labels == group
        present = ~np.isnan(values[:, inside])
        order, starts, item = _runs(items[inside])
        sums = _run_sums(np.where(present, values[:, inside], 0.0), order, starts)
        means = _resampled_ratio(sums, _run_sums(present.astype(float), order, starts), item, counted)
        totals += np.where(np.isnan(means), 0.0, means * importance[group])
        masses += ~np.isnan(means) * importance[group]
    return _ratio(totals, masses)


def _ratio_error(value: Floats, totals: Floats, masses: Floats, items: Integers) -> Floats:
    """Standard error (K,) of sum(totals) / sum(masses), both (K, items present), of which ``items`` have a mass."""
    apart = _ratio(totals - value[:, None] * masses, np.broadcast_to(masses.sum(axis=1)[:, None], masses.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        error: Floats = np.sqrt((apart**2).sum(axis=1) * items / (items - 1))
    return error


def _resampled_ratio(totals: Floats, masses: Floats, item: Integers, weights: npt.ArrayLike) -> Floats:
    """(B, K) of sum(w totals) / sum(w masses), both (K, items present)."""
    counted = _checked_weights(weights, item)
    drawn = counted if len(item) == counted.shape[1] else counted[:, item]
    sums = weighted_sums(drawn, np.concatenate([totals, masses]).T)
    return _ratio(sums[:, : len(totals)], sums[:, len(totals) :])


def _ratio(totals: Floats, masses: Floats) -> Floats:
    """totals / masses, NaN where the mass is 0."""
    ratio = np.full(totals.shape, np.nan)
    np.divide(totals, masses, out=ratio, where=masses > 0)
    return ratio


def _runs(labels: Integers) -> tuple[Integers | None, Integers, Integers]:
    """How to sum by label: sorting order (None if sorted), start of each run, labels present."""
    order = None if np.all(labels[:-1] <= labels[1:]) else np.argsort(labels, kind="stable")
    ordered = labels if order is None else labels[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    return order, starts, ordered[starts]


def _run_sums(values: Floats, order: Integers | None, starts: Integers) -> Floats:
    """Sums of (K, U) values over the runs of `_runs`: (K, labels present)."""
    ordered = values if order is None else values[:, order]
    if len(starts) == ordered.shape[1]:
        return ordered
    return np.add.reduceat(ordered, starts, axis=1)


def _checked_units(credits: npt.ArrayLike, cluster: npt.ArrayLike) -> tuple[Floats, Integers]:
    values, items = np.asarray(credits, float), np.asarray(cluster)
    if values.ndim != 2:
        raise ValueError(f"credits must have axes (scorers, units), not shape {values.shape}")
    if items.shape != values.shape[1:] or not (np.issubdtype(items.dtype, np.integer) or not items.size):
        raise ValueError(
            f"cluster needs one item index (integer) for each of {values.shape[1]} units, "
            f"not {items.dtype} of shape {items.shape}"
        )
    if items.size and items.min() < 0:
        raise ValueError("cluster must hold item indices from 0 up")
    return values, items.astype(np.int64, copy=False)


def _checked_groups(groups: npt.ArrayLike, units: int, n_groups: int) -> Integers:
    labels = np.asarray(groups)
    if labels.shape != (units,) or not (np.issubdtype(labels.dtype, np.integer) or not units):
        raise ValueError(
            f"groups needs one integer for each of {units} units, not {labels.dtype} of shape {labels.shape}"
        )
    if units and (labels.min() < -1 or labels.max() >= n_groups):
        raise ValueError(f"groups must lie in 0..{n_groups - 1}, or be -1 for none")
    return labels.astype(np.int64, copy=False)


def _checked_importance(unit_weights: npt.ArrayLike | None, units: int) -> Floats:
    if unit_weights is None:
        return np.ones(units)
    importance = np.asarray(unit_weights, float)
    if importance.shape != (units,) or not np.all(np.isfinite(importance) & (importance >= 0)):
        raise ValueError(f"weights of {units} units or groups must be that many finite numbers from 0 up")
    return importance


def _checked_weights(weights: npt.ArrayLike, items: Integers) -> npt.NDArray[np.generic]:
    counted = np.asarray(weights)
    needed = int(items.max(initial=-1)) + 1
    if counted.ndim != 2 or counted.shape[1] < needed:
        raise ValueError(
            f"weights must have axes (resamples, items) with at least {needed} items, not shape {counted.shape}"
        )
    return counted
