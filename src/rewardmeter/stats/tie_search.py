"""The tie threshold that maximises group-averaged accuracy, exactly and in bounded memory.

As epsilon grows past the difference of a pair, the pair turns right if the gold ties it, and wrong if it had been
right before. The mean accuracy is therefore a step function with its steps at the observed differences, and sorting
the steps finds its maximum. When the pairs are too many to hold, the steps are only counted up to some edges; the
gains between two edges bound what can be reached there, and intervals that cannot hold the maximum are dropped until
the rest can be sorted. Counts are integers all the way, so rounding never chooses between equally good thresholds:
the smallest wins.
May import: `cells`, `tie_pairs`, `tie_ranges`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats import tie_ranges
from rewardmeter.stats.cells import Floats, Ints
from rewardmeter.stats.tie_pairs import Stack, pair_blocks
from rewardmeter.stats.tie_ranges import LargeGroup, large_group

__all__ = ["best_epsilon", "right_by_cell", "right_by_group"]

Weights = NDArray[Any]
"""Exact integers: int64 where they fit, else Python's own in an object array."""
_SMALL_GROUP = 256
"""Up to so many cells in a group, its pairs are looked at one by one."""
_HELD = 1 << 22
"""Up to so many steps are sorted in one go."""
_EDGES = 256
"""Edges at which steps are counted in one round of narrowing."""
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class _Live:
    """Intervals low < epsilon <= high that may hold the maximum, ascending and disjoint, each of shape (intervals,).

    ``start`` is the weighted count of right pairs at ``low``.
    """

    low: Floats
    high: Floats
    start: Weights


def best_epsilon(groups: Sequence[Stack], *, held: int = _HELD) -> float:
    """The smallest epsilon, out of 0 and all absolute score differences, with the greatest mean accuracy over groups.

    NaN where there is no group. Up to about ``held`` steps are sorted in one go.
    """
    if not groups:
        return math.nan
    units = _unit_weights(groups)
    # At the greatest epsilon everything is a tie of the scorer: right are the pairs that the gold ties.
    at_span = _weighted(np.array([_tied_pairs(stack) for stack in groups]), units)
    if sum(stack.pairs * stack.group.size for stack in groups) <= held:
        value, change = _steps(groups, units, _Live(np.zeros(1), np.array([_span(groups)]), np.zeros(1)))
        at_zero = at_span - change.sum()
        return _better((at_zero, 0.0), value, at_zero + np.cumsum(change))[1]
    best, batches = _narrowed(groups, units, at_span, held)
    for live in batches:
        value, change = _steps(groups, units, live)
        best = _better(best, value, _totals(live, value, change))
    return best[1]


def right_by_group(stack: Stack, epsilon: float) -> Ints:
    """How many pairs of each group are judged right when differences up to ``epsilon`` are ties, (groups,)."""
    if not _is_small(stack):
        by_cell: Ints = right_by_cell(stack, epsilon)
        return np.asarray(by_cell.sum(axis=0) // 2)
    right = np.zeros(stack.group.size, dtype=np.int64)
    for block in pair_blocks(stack):
        right[block.columns] = np.count_nonzero(block.right(epsilon), axis=0)
    return right


def right_by_cell(stack: Stack, epsilon: float) -> Ints:
    """In how many of its pairs each cell is judged right, (cells, groups)."""
    if not _is_small(stack):
        return np.stack([tie_ranges.right_by_cell(group, epsilon) for group in _large_groups(stack)], axis=1)
    right = np.zeros(stack.scores.shape, dtype=np.int64)
    for block in pair_blocks(stack):
        for side in (block.lower, block.upper):
            np.add.at(right[:, block.columns], side, block.right(epsilon))
    return right


def _is_small(stack: Stack) -> bool:
    return int(stack.scores.shape[0]) <= _SMALL_GROUP


def _large_groups(stack: Stack) -> Iterator[LargeGroup]:
    return (large_group(scores, gold) for scores, gold in zip(stack.scores.T, stack.gold.T, strict=True))


def _unit_weights(groups: Sequence[Stack]) -> Weights:
    """Integer weight of one pair of each stack, proportional to 1 / pairs of a group."""
    common = math.lcm(*(stack.pairs for stack in groups))
    fits = common * sum(stack.group.size for stack in groups) < 2**62
    return np.array([common // stack.pairs for stack in groups], dtype=np.int64 if fits else object)


def _weighted(counts: Ints, units: Weights) -> Any:
    """Sum over stacks of counts (stacks, ...) times their units, exactly."""
    return (counts.astype(units.dtype).T * units).T.sum(axis=0)


def _tied_pairs(stack: Stack) -> int:
    """Pairs that the gold ties, in all groups of the stack."""
    starts = np.ones(stack.gold.shape, dtype=bool)
    np.not_equal(stack.gold[1:], stack.gold[:-1], out=starts[1:])
    runs = np.diff(np.append(np.flatnonzero(starts.T), starts.size))
    return int((runs * (runs - 1) // 2).sum())


def _span(groups: Sequence[Stack]) -> float:
    """The greatest absolute score difference within a group."""
    return max(float(np.ptp(stack.scores, axis=0).max()) for stack in groups)


def _better(best: tuple[Any, float], value: Floats, total: Weights) -> tuple[Any, float]:
    """The greater total, and of equal ones the smaller epsilon, out of the best so far and some ascending values."""
    if value.size == 0:
        return best
    first = int(np.argmax(total))
    found = (total[first], float(value[first]))
    return found if found[0] > best[0] or (found[0] == best[0] and found[1] < best[1]) else best


def _narrowed(
    groups: Sequence[Stack], units: Weights, at_span: Any, held: int
) -> tuple[tuple[Any, float], list[_Live]]:
    """The best total met at an edge with its epsilon, and in batches the intervals that may hold a better one."""
    edges = _first_edges(groups)
    inside = np.ones(edges.size - 1, dtype=bool)
    best: tuple[Any, float] | None = None
    reached, left = None, math.inf
    for _ in range(_ROUNDS):
        counts = np.array([_moves_up_to(stack, edges) for stack in groups])
        gains, losses = (_weighted(counts[:, side], units) for side in (0, 1))
        if best is None:
            at_zero = reached = at_span - (gains[-1] - losses[-1])
            best = (at_zero, 0.0)
        total, gained = at_zero + gains - losses, np.diff(gains)
        # Where no other number lies between two edges, the step is at the upper edge and its total is known.
        lone = np.nextafter(edges[:-1], np.inf) >= edges[1:]
        observed = inside & lone & (gained > 0).astype(bool)
        best = _better(best, edges[1:][observed], total[1:][observed])
        reached = max(reached, total.max())
        inside &= ~lone & ((gained > 0) & (total[:-1] + gained >= reached)).astype(bool)
        steps = np.where(inside, np.diff(counts.sum(axis=(0, 1))), 0)
        batch = np.cumsum(steps) // held
        live = [_joined(edges, total, inside & (batch == number)) for number in np.unique(batch[inside])]
        if steps.sum() <= held or steps.sum() > 0.75 * left:
            break
        left = steps.sum()
        edges, inside = _divided(edges, inside)
    assert best is not None
    return best, live


def _totals(live: _Live, value: Floats, change: Weights) -> Weights:
    """Weighted count of right pairs at each step of the live intervals."""
    running = np.concatenate([np.zeros(1, dtype=change.dtype), np.cumsum(change)])
    before = running[np.searchsorted(value, live.low, side="right")]
    home = np.searchsorted(live.low, value, side="left") - 1
    totals: Weights = (live.start - before)[home] + running[1:]
    return totals


def _first_edges(groups: Sequence[Stack]) -> Floats:
    """Edges between which about equally many differences lie, from a sample; 0 and the greatest difference included."""
    span = _span(groups)
    sample: list[Floats] = []
    for stack in groups:
        cells = stack.scores.shape[0]
        shifts = {1, cells // 2, cells // 3, cells // 5} - {0}
        sample += [np.abs(stack.scores[shift:] - stack.scores[:-shift]).ravel()[:_HELD] for shift in shifts]
    quantiles = np.quantile(np.concatenate(sample), np.linspace(0, 1, _EDGES), method="lower")
    edges = np.unique(np.concatenate([[0.0], quantiles, [span]]))
    if edges.size < _EDGES // 2:
        # Few distinct differences: put an edge right below each, so that its step need not be searched for.
        edges = np.unique(np.concatenate([edges, np.nextafter(edges[1:], 0)]))
    return edges


def _divided(edges: Floats, inside: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Finer edges within the intervals that are kept; between kept stretches there is one interval that is not."""
    low, high = edges[:-1][inside], edges[1:][inside]
    shares = np.linspace(0, 1, max(2, _EDGES // low.size) + 1)
    finer = low[:, None] + (high - low)[:, None] * shares
    finer[:, -1] = high
    divided = np.unique(finer)
    home = np.searchsorted(low, divided[:-1], side="right") - 1
    return divided, divided[:-1] < high[home]


def _joined(edges: Floats, total: Weights, inside: NDArray[np.bool_]) -> _Live:
    """Adjacent kept intervals as one."""
    opens = inside & ~np.concatenate([[False], inside[:-1]])
    closes = inside & ~np.concatenate([inside[1:], [False]])
    return _Live(edges[:-1][opens], edges[1:][closes], total[:-1][opens])


def _moves_up_to(stack: Stack, edges: Floats) -> tuple[Ints, Ints]:
    """Steps up to each edge over all groups of the stack: pairs that turn right, pairs that turn wrong, (edges,)."""
    counts = np.zeros((2, edges.size), dtype=np.int64)
    if not _is_small(stack):
        for group in _large_groups(stack):
            counts += tie_ranges.moves_up_to(group, edges)
        return counts[0], counts[1]
    for block in pair_blocks(stack):
        for side, pairs in enumerate((block.tied, ~block.tied)):
            # Sorting some cached differences and looking up the few edges beats looking up every difference.
            ordered = np.sort(block.difference[pairs])
            counts[side] += np.searchsorted(ordered, edges, side="right") - np.searchsorted(ordered, 0, side="right")
    return counts[0], counts[1]


def _steps(groups: Sequence[Stack], units: Weights, live: _Live) -> tuple[Floats, Weights]:
    """Steps in the live intervals, ascending and distinct: the differences and the weighted net changes there."""
    values: list[Floats] = [np.empty(0)]
    changes: list[Weights] = [np.empty(0, dtype=units.dtype)]
    pending = 0
    for stack, unit in zip(groups, units, strict=True):
        for value, tied in _moves_between(stack, live):
            values.append(value)
            changes.append(np.where(tied, 1, -1).astype(units.dtype, copy=False) * unit)
            pending += value.size
            if pending > 2 * _HELD:
                merged = _merged(values, changes)
                values, changes, pending = [merged[0]], [merged[1]], 0
    return _merged(values, changes)


def _moves_between(stack: Stack, live: _Live) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """Steps in the live intervals in pieces: the differences, and whether the gold ties the pair."""
    if not _is_small(stack):
        for group in _large_groups(stack):
            for low, high in zip(live.low, live.high, strict=True):
                yield from tie_ranges.moves_between(group, float(low), float(high))
        return
    for block in pair_blocks(stack):
        moves = (block.difference > live.low[0]) & (block.difference <= live.high[-1])
        value, tied = block.difference[moves], block.tied[moves]
        if live.low.size > 1:
            moves = value <= live.high[np.searchsorted(live.low, value, side="left") - 1]
            value, tied = value[moves], tied[moves]
        yield value, tied


def _merged(values: Sequence[Floats], changes: Sequence[Weights]) -> tuple[Floats, Weights]:
    """Steps in ascending order, those at the same value taken together."""
    value, change = np.concatenate(values), np.concatenate(changes)
    order = np.argsort(value)
    value, change = value[order], change[order]
    if value.size == 0:
        return value, change
    first = np.concatenate([[True], value[1:] != value[:-1]])
    return value[first], np.add.reduceat(change, np.flatnonzero(first))
