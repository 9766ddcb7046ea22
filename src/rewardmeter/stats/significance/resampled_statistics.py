"""Every statistic of ratings under bootstrap counts of items, of systems, or of both.

A resample is a pair of count vectors; an item drawn twice weighs twice, and a system drawn twice is two systems that
tie with one another. What depends on systems only inside an item is one matrix product over all resamples and items.
May import: cells, moments, resampling, pair_cells, statistic_ids, swap_systems, weighted_ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats, grouped, ratio
from rewardmeter.stats.moments import centred, pearson_of_sums
from rewardmeter.stats.resampling import item_weights, resampled_means
from rewardmeter.stats.significance.pair_cells import standardised
from rewardmeter.stats.significance.statistic_ids import StatisticId
from rewardmeter.stats.significance.swap_systems import SystemSwapStatistic, system_statistic
from rewardmeter.stats.significance.weighted_ranks import weighted_kendall, weighted_spearman

__all__ = ["Counts", "Over", "draw_counts", "statistic_draws"]

Over = Literal["items", "systems", "both"]
Weights = NDArray[Any]
GroupValues = Callable[[Weights], Floats]
"""From counts of the members of a group, (resamples, members), to the statistic of each group, (resamples, groups)."""

_PIECE = 1 << 16
_ROUNDING = 1e-12
"""A sum of squares about the mean below this share of the raw one is rounding, not spread."""
_SMALL = 64
"""Up to so many systems, the pairs within an item are weighted one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """How often each resample has each item, (resamples, items), and each system, (resamples, systems); None where
    they are not resampled."""

    items: Weights | None
    systems: Weights | None

    @property
    def resamples(self) -> int:
        """How many resamples there are."""
        return int(next(counts for counts in (self.items, self.systems) if counts is not None).shape[0])

    def pieces(self, step: int) -> Iterator[Counts]:
        """The resamples, ``step`` at a time."""
        for start in range(0, self.resamples, step):
            rows = slice(start, start + step)
            yield Counts(*(None if side is None else side[rows] for side in (self.items, self.systems)))


def draw_counts(shape: tuple[int, int], resamples: int, over: Over, rng: np.random.Generator) -> Counts:
    """Bootstrap resamples of cells of ``shape`` (systems, items); over ``both``, systems are drawn first."""
    if over not in get_args(Over):
        raise ValueError(f"over must be one of {', '.join(get_args(Over))}; got {over!r}")
    systems = None if over == "items" else item_weights(shape[0], resamples, rng)
    return Counts(None if over == "systems" else item_weights(shape[1], resamples, rng), systems)


def statistic_draws(x: Floats, y: Floats, counts: Counts, statistic: StatisticId, epsilon: float = 0.0) -> Floats:
    """The statistic of one scorer in each resample, (resamples,); NaN where it is undefined.

    ``x`` scores and ``y`` gold, (systems, items), are NaN in the same places. ``epsilon`` is the tie threshold of
    ``acc_eq``, which there is by item only; two copies of one system are no pair for it.
    """
    if statistic.level == "system":
        return _system_draws(x, y, counts, statistic.name)
    if statistic.name in ("kendall_b", "spearman"):
        small = statistic.name == "kendall_b" and statistic.grouping == "item" and x.shape[0] <= _SMALL
        return _by_group(_small_kendall(x, y), x, counts, statistic) if small else _rank_draws(x, y, counts, statistic)
    if statistic.name == "pearson":
        if statistic.grouping == "pooled":
            return _pooled_pearson(x, y, counts)
        return _by_group(_pearson(x, y, statistic), x, counts, statistic)
    if statistic.name == "acc_eq" and statistic.grouping == "item":
        return _by_group(_accuracy(x, y, epsilon), x, counts, statistic)
    raise ValueError(f"there is no bootstrap of {statistic.level}-level {statistic.name}, {statistic.grouping}")


def _by_group(values: GroupValues, x: Floats, counts: Counts, statistic: StatisticId) -> Floats:
    """Mean over the groups in each resample; members and groups are drawn or fixed."""
    by_item = statistic.grouping == "item"
    groups, members = x.shape[::-1] if by_item else x.shape
    inside, outside = (counts.systems, counts.items) if by_item else (counts.items, counts.systems)
    if inside is None:
        assert outside is not None
        return np.asarray(resampled_means(values(np.ones((1, members))), outside)[:, 0])
    draws = []
    for piece in counts.pieces(max(8, _PIECE // max(1, groups))):
        inside, outside = (piece.systems, piece.items) if by_item else (piece.items, piece.systems)
        assert inside is not None
        draws.append(_group_mean(values(inside), outside))
    return np.concatenate(draws)


def _group_mean(values: Floats, groups: Weights | None) -> Floats:
    """Mean over the groups where they are defined, (resamples, groups) -> (resamples,), as often as each was drawn."""
    defined = ~np.isnan(values)
    drawn = np.ones((1, values.shape[1])) if groups is None else groups.astype(np.float64)
    if defined.all():
        drawn = np.broadcast_to(drawn, values.shape)
        return ratio(np.einsum("bg,bg->b", values, drawn), drawn.sum(axis=1))
    return ratio((np.where(defined, values, 0.0) * drawn).sum(axis=1), (defined * drawn).sum(axis=1))


def _pearson(x: Floats, y: Floats, statistic: StatisticId) -> GroupValues:
    terms = np.ascontiguousarray(
        _powers(grouped(x, statistic.grouping), grouped(y, statistic.grouping)).transpose(0, 2, 1)
    )
    return lambda inside: _r(np.matmul(inside.astype(np.float64), terms))


def _pooled_pearson(x: Floats, y: Floats, counts: Counts) -> Floats:
    terms = _powers(x.reshape(1, -1), y.reshape(1, -1)).reshape(6, *x.shape)
    if counts.systems is None:
        assert counts.items is not None
        return _r(terms.sum(axis=1) @ counts.items.T)
    if counts.items is None:
        return _r(terms.sum(axis=2) @ counts.systems.T)
    draws = []
    for piece in counts.pieces(max(8, _PIECE // x.shape[1])):
        assert piece.systems is not None
        assert piece.items is not None
        inside = np.matmul(piece.systems.astype(np.float64), terms)
        draws.append(_r(np.einsum("tbn,bn->tb", inside, piece.items.astype(np.float64))))
    return np.concatenate(draws)


def _powers(x: Floats, y: Floats) -> Floats:
    """1, x, y, xx, yy, xy of values less their group's mean, (6, groups, members); 0 where missing."""
    dx, dy = centred(x).deviation, centred(y).deviation
    return np.stack([(~np.isnan(x)).astype(np.float64), dx, dy, dx * dx, dy * dy, dx * dy])


def _r(sums: Floats) -> Floats:
    """Pearson's r from sums (6, ...) of `_powers`."""
    count, sum_x, sum_y, xx, yy, xy = sums
    safe = np.maximum(count, 1.0)
    spread_x, spread_y = xx - sum_x * sum_x / safe, yy - sum_y * sum_y / safe
    spread_x = np.where(spread_x > _ROUNDING * xx, spread_x, 0.0)
    spread_y = np.where(spread_y > _ROUNDING * yy, spread_y, 0.0)
    return pearson_of_sums(xy - sum_x * sum_y / safe, spread_x, spread_y)


def _small_kendall(x: Floats, y: Floats) -> GroupValues:
    """tau-b by item from all pairs of systems, each weighted by the product of the two counts."""
    lower, upper = np.triu_indices(x.shape[0], 1)
    sign_x, sign_y = (np.nan_to_num(np.sign(side[lower] - side[upper])).astype(np.float32) for side in (x, y))
    terms = np.stack([sign_x * sign_y, np.abs(sign_x), np.abs(sign_y)])

    def values(inside: Weights) -> Floats:
        together, untied_x, untied_y = np.matmul((inside[:, lower] * inside[:, upper]).astype(np.float32), terms)
        return ratio(together.astype(np.float64), np.sqrt(untied_x.astype(np.float64) * untied_y))

    return values


def _accuracy(x: Floats, y: Floats, epsilon: float) -> GroupValues:
    """acc_eq by item from all pairs of systems, each weighted by the product of the two counts."""
    lower, upper = np.triu_indices(x.shape[0], 1)
    apart, human = x[lower] - x[upper], y[lower] - y[upper]
    right = np.where(np.abs(apart) <= epsilon, human == 0, np.sign(apart) == np.sign(human))
    terms = np.stack([right & ~np.isnan(apart), ~np.isnan(apart)]).astype(np.float32)

    def values(inside: Weights) -> Floats:
        hit, pairs = np.matmul((inside[:, lower] * inside[:, upper]).astype(np.float32), terms)
        return ratio(hit.astype(np.float64), pairs)

    return values


def _rank_draws(x: Floats, y: Floats, counts: Counts, statistic: StatisticId) -> Floats:
    """tau-b or rho of entries that are sorted once, whatever the grouping."""
    system, item = np.nonzero(~np.isnan(x))
    if not system.size:
        return np.full(counts.resamples, np.nan)
    prepare = weighted_kendall if statistic.name == "kendall_b" else weighted_spearman
    label = {"pooled": np.zeros_like(system), "item": item, "system": system}[statistic.grouping]
    present, group = np.unique(label, return_inverse=True)
    most = x.size if statistic.grouping == "pooled" else x.shape[0 if statistic.grouping == "item" else 1]
    correlation = prepare(x[system, item], y[system, item], group.ravel(), most)
    if statistic.grouping != "pooled":
        member, groups = (system, x.shape[1]) if statistic.grouping == "item" else (item, x.shape[0])

        def values(inside: Weights) -> Floats:
            made = np.full((inside.shape[0], groups), np.nan)
            for start in range(0, inside.shape[0], correlation.step):
                rows = slice(start, start + correlation.step)
                made[rows, present] = correlation(inside[rows].T[member]).T
            return made

        return _by_group(values, x, counts, statistic)
    draws = []
    for piece in counts.pieces(correlation.step):
        weights = np.ones((1, 1), dtype=np.int64)
        for side, place in ((piece.systems, system), (piece.items, item)):
            weights = weights if side is None else weights * side.T[place]
        draws.append(correlation(weights)[0])
    return np.concatenate(draws)


def _system_draws(x: Floats, y: Floats, counts: Counts, name: str) -> Floats:
    """A system-level statistic of system means; NaN where a drawn system has lost all its items."""
    if name not in get_args(SystemSwapStatistic):
        raise ValueError(f"there is no bootstrap of system-level {name}")
    used = ~np.isnan(x).all(axis=1)
    if np.count_nonzero(used) < 2:
        return np.full(counts.resamples, np.nan)
    present = ~np.isnan(x[used])
    sides = []
    for values in (x[used], y[used]):
        scaled = np.zeros(present.shape)
        scaled[present] = standardised(values[present])
        drawn = np.ones((1, x.shape[1])) if counts.items is None else counts.items.astype(np.float64)
        sides.append(ratio(drawn @ scaled.T, drawn @ present.T.astype(np.float64)).T)
    systems = None if counts.systems is None else counts.systems[:, used].T
    shape = (present.shape[0], counts.resamples)
    scores, gold = (np.broadcast_to(side, shape) for side in sides)
    lost = np.isnan(scores)
    made = system_statistic(cast(SystemSwapStatistic, name), np.nan_to_num(scores), np.nan_to_num(gold), systems)
    return np.where((lost if systems is None else lost & (systems > 0)).any(axis=0), np.nan, made)
