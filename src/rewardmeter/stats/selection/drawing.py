"""Drawing items by priority, with chances that are known and never 0, and the weights that undo the choice.

Items are drawn one after the other without replacement; the chances of a draw may depend on all labels and draws
before it. Whatever the priorities, a share of every chance is that of a random draw (a defensive mixture, Hesterberg
1995), so that no weight exceeds about one over that share. May import: nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Drawn", "Priority", "design_weights", "draw_items", "fixed"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Priority = Callable[[Bools], Floats]
"""From (items,) which are taken already to (items,) priorities; NaN, and all that is not above 0, counts as 0."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Items in the order in which they were drawn.

    Attributes
    ----------
    item: (n,) indices, no two alike.
    chance: (n,) the chance of each at its draw, among the items that were left.
    """

    item: NDArray[np.intp]
    chance: Floats


def fixed(values: ArrayLike) -> Priority:
    """Priorities (items,) that do not depend on what is taken."""
    array = np.asarray(values, dtype=np.float64)
    return lambda taken: array


def draw_items(
    taken: ArrayLike, n: int, priority: Priority, rng: np.random.Generator, *, uniform: float = 0.25
) -> Drawn:
    """Draw up to ``n`` of the items that are not taken, one after the other.

    The chance of an item that is left is uniform / (how many are left) + (1 - uniform) * (its share of the
    priorities); where all priorities are 0 it is 1 / (how many are left).

    Parameters
    ----------
    taken:
        (items,) bool: labelled already, or not to be drawn.
    n:
        How many, at least 0; all that are left where these are fewer.
    priority:
        Asked before every draw.
    uniform:
        Share of the random draw, above 0 and at most 1.

    Raises
    ------
    ValueError
        A negative number, a share outside (0, 1], an infinite priority, priorities of another shape.
    """
    gone = np.array(taken, dtype=bool)
    if n < 0 or not 0 < uniform <= 1:
        raise ValueError(f"n must be at least 0 and uniform in (0, 1]; got {n} and {uniform}")
    chosen: list[int] = []
    chances: list[float] = []
    for _ in range(min(n, int(np.count_nonzero(~gone)))):
        left = np.flatnonzero(~gone)
        wanted = np.asarray(priority(gone), dtype=np.float64)
        if wanted.shape != gone.shape or np.isinf(wanted).any():
            raise ValueError(f"priorities must be {gone.shape} and not infinite; got the shape {wanted.shape}")
        chance = _chances(wanted[left], uniform)
        place = min(int(np.searchsorted(np.cumsum(chance), rng.random(), side="right")), left.size - 1)
        chosen.append(int(left[place]))
        chances.append(float(chance[place]))
        gone[left[place]] = True
    return Drawn(np.array(chosen, dtype=np.intp), np.array(chances))


def design_weights(chance: ArrayLike, pool: int) -> Floats:
    """Weights (n,), with which a mean over drawn items is one over the pool.

    v_m = 1 + (N - M) / (N - m) * (1 / ((N - m + 1) q_m) - 1) for the m-th of M items drawn from N, q_m its chance among
    those left. The weighted sum over M is an unbiased estimate of the pool's mean of anything that does not depend on
    the draws, even where chances depend on the labels before them (Farquhar, Gal and Rainforth 2021, R_LURE; Kossen et
    al. 2021). Random draws have weight 1; so have all items once the pool is empty.

    Parameters
    ----------
    chance:
        (n,) in (0, 1], in the order of the draws; NaN where it is not known, which counts as a random draw.
    pool:
        How many items there were before the first draw.

    Raises
    ------
    ValueError
        Chances outside (0, 1], more of them than the pool has items.
    """
    q = np.asarray(chance, dtype=np.float64)
    if q.ndim != 1 or q.size > pool:
        raise ValueError(f"chances must be (n,), n at most the pool's {pool}; got the shape {q.shape}")
    if not (np.isnan(q) | ((q > 0) & (q <= 1 + 1e-9))).all():
        raise ValueError("chances must lie in (0, 1]")
    left = pool - np.arange(q.size, dtype=np.float64)  # N - m + 1
    ratio = np.where(np.isnan(q), 1.0, 1 / (left * np.where(np.isnan(q), 1.0, q)))
    rest = np.where(left > 1, (pool - q.size) / np.maximum(left - 1, 1), 0.0)
    return np.asarray(1 + rest * (ratio - 1))


def _chances(wanted: Floats, uniform: float) -> Floats:
    wanted = np.where(wanted > 0, wanted, 0.0)
    largest = float(wanted.max(initial=0.0))
    even = np.full(wanted.size, 1 / wanted.size)
    if largest == 0:
        return even
    share = wanted / largest
    return uniform * even + (1 - uniform) * share / share.sum()
