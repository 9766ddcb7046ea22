"""Elo ratings: strengths updated one comparison after the other. May import `stats.comparisons`.

Elo depends on the order of the comparisons and forgets old ones, which suits players whose strength moves. For systems
that stay as they are, Bradley-Terry (`stats.ranking`) uses all comparisons alike and has intervals.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.comparisons import Rows, checked_rows

__all__ = ["elo_ratings", "elo_ratings_over_orders"]

Floats = npt.NDArray[np.float64]

_PIECE = 1 << 24  # positions of shuffled comparisons held at once: 128 MB


def elo_ratings(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    systems: int | None = None,
    gain: float = 4.0,
    scale: float = 400.0,
    initial: float = 1000.0,
) -> Floats:
    """Ratings (M,) after the comparisons in the order given (Elo 1978).

    The first system is expected to score E = 1 / (1 + 10^((R_second - R_first) / scale)); with its outcome S the two
    ratings move by gain (S - E), up and down, so that the mean rating stays ``initial``.

    Parameters
    ----------
    first, second, outcome, systems:
        As in `bradley_terry`: 1, 0, 0.5 for a tie, or a probability; NaN is left out.
    gain:
        Greatest move of one comparison, in rating points (the K factor).
    scale:
        Difference in rating at which the odds are ten to one.
    initial:
        Rating before the first comparison; a system without any comparison has no rating (NaN).
    """
    rows, steepness = checked_rows(first, second, outcome, systems), _steepness(scale)
    ratings = [initial] * rows.systems
    # Each step needs the one before: there is nothing to vectorise in a single order.
    for i, j, score in zip(rows.first.tolist(), rows.second.tolist(), rows.outcome.tolist(), strict=True):
        move = gain * (score - 1 / (1 + math.exp(steepness * (ratings[j] - ratings[i]))))
        ratings[i] += move
        ratings[j] -= move
    return np.where(_seen(rows), ratings, np.nan)


def elo_ratings_over_orders(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    orders: int = 100,
    systems: int | None = None,
    gain: float = 4.0,
    scale: float = 400.0,
    initial: float = 1000.0,
) -> Floats:
    """Ratings (orders, M) after the comparisons in random orders: how much Elo owes to the order alone.

    Their spread is no sampling error. Other arguments as in `elo_ratings`.
    """
    rows, steepness = checked_rows(first, second, outcome, systems), _steepness(scale)
    ratings = np.full((orders, rows.systems), initial)
    n = len(rows.used)
    at_once = max(1, _PIECE // n)
    for begin in range(0, orders, at_once):
        piece = ratings[begin : begin + at_once]
        each = np.arange(len(piece))
        shuffled = rng.permuted(np.tile(np.arange(n), (len(piece), 1)), axis=1)
        for comparison in shuffled.T:
            i, j = rows.first[comparison], rows.second[comparison]
            ahead = piece[each, j] - piece[each, i]
            move = gain * (rows.outcome[comparison] - 1 / (1 + np.exp(steepness * ahead)))
            piece[each, i] += move
            piece[each, j] -= move
    return np.where(_seen(rows), ratings, np.nan)


def _steepness(scale: float) -> float:
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be a finite number above 0, not {scale}")
    return math.log(10) / scale


def _seen(rows: Rows) -> npt.NDArray[np.bool_]:
    """(M,) whether a system takes part in any comparison."""
    return np.isin(np.arange(rows.systems), np.concatenate([rows.first, rows.second]))
