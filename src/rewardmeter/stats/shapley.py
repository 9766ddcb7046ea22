"""Shapley values of a function of sets: exactly, or from random orders. Imports `cells`.

A game gives every set of n players a value. The Shapley value of a player is what it adds to the players before it, on
the average over all n! orders (Shapley 1953). Values sum up to that of all players less that of none.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats

__all__ = ["all_coalitions", "antithetic_orders", "exact_shapley", "order_coalitions", "sampled_shapley"]

Booleans = NDArray[np.bool_]
Orders = NDArray[np.int64]
MOST_EXACT = 20


def all_coalitions(n: int) -> Booleans:
    """(2^n, n): row r holds the players whose bit is set in r.

    Raises
    ------
    ValueError
        For more than 20 players.
    """
    if not 0 <= n <= MOST_EXACT:
        raise ValueError(f"{n} players have too many sets; at most {MOST_EXACT} can be looked at one by one")
    return (np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1


def exact_shapley(values: ArrayLike) -> Floats:
    """(n,) Shapley values from the values (2^n,) of all sets in the order of `all_coalitions`.

    phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S with i) - v(S)). NaN where a value that is needed is:
    one missing value makes every player undefined, since each needs all sets.

    Raises
    ------
    ValueError
        If the number of values is no power of 2.
    """
    game = np.asarray(values, dtype=np.float64)
    n = max(game.size, 1).bit_length() - 1
    if game.shape != (2**n,):
        raise ValueError(f"there must be one value for each of 2^n sets; got the shape {game.shape}")
    rows = np.arange(2**n)
    size = all_coalitions(n).sum(axis=1)
    share = np.array([1 / (n * math.comb(n - 1, k)) for k in range(n)])
    made = np.empty(n)
    for player in range(n):
        without = rows[(rows >> player) % 2 == 0]
        made[player] = share[size[without]] @ (game[without + 2**player] - game[without])
    return made


def antithetic_orders(n: int, orders: int, rng: np.random.Generator) -> Orders:
    """(orders, n): random orders of n players, each followed by its reverse; an odd number is made even.

    A player that comes early in one order comes late in the next, which cancels much of the variation (Mitchell et al.
    2022).
    """
    drawn = np.array([rng.permutation(n) for _ in range(-(-orders // 2))], dtype=np.int64).reshape(-1, n)
    return np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(-1, n)


def order_coalitions(orders: ArrayLike) -> Booleans:
    """(orders, n + 1, n): the players that are there before the first, after the first, … in each order."""
    rows = np.asarray(orders, dtype=np.int64)
    n = rows.shape[1]
    place = np.empty_like(rows)
    np.put_along_axis(place, rows, np.broadcast_to(np.arange(n), rows.shape), axis=1)
    return np.asarray(place[:, None, :] < np.arange(n + 1)[None, :, None])


def sampled_shapley(orders: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    """Means and standard errors, (n,) each, of what the players add in orders from `antithetic_orders`.

    Means sum up to the value of all players less that of none, as exact ones do. The error is that of the mean over the
    pairs of an order and its reverse, which are drawn independently of each other; NaN with one pair alone.

    Parameters
    ----------
    orders:
        (orders, n) with each second row the reverse of the one before.
    values:
        (orders, n + 1) values of the sets in the order of `order_coalitions`. A player that needs a NaN is NaN.
    """
    rows, game = np.asarray(orders, dtype=np.int64), np.asarray(values, dtype=np.float64)
    count, n = rows.shape
    if count % 2 or not np.array_equal(rows[::2], rows[1::2, ::-1]):
        raise ValueError("each order must be followed by its reverse")
    if game.shape != (count, n + 1):
        raise ValueError(f"values must be {(count, n + 1)}, one for each set; got the shape {game.shape}")
    added = np.empty(rows.shape)
    np.put_along_axis(added, rows, np.diff(game, axis=1), axis=1)
    pairs = added.reshape(count // 2, 2, n).mean(axis=1)
    if len(pairs) < 2:
        return pairs.mean(axis=0), np.full(n, np.nan)
    return pairs.mean(axis=0), pairs.std(axis=0, ddof=1) / math.sqrt(len(pairs))
