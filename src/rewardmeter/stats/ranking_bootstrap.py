"""Bootstrap of Bradley-Terry strengths: all resamples are fitted together, from the cells of equal comparisons.

A resample changes only how often each cell is drawn, and its strengths lie near those of the full data, from where a
few Newton steps suffice. Notation: M systems, P comparisons, C cells, B resamples. May import `stats.comparisons`,
`stats.ranking`, `stats.resampling` and `stats.result`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.comparisons import Comparisons, checked_comparisons
from rewardmeter.stats.ranking import bradley_terry
from rewardmeter.stats.resampling import percentile_interval
from rewardmeter.stats.result import Estimate

__all__ = ["bradley_terry_draws", "bradley_terry_item_draws", "strength_estimates"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_SHARED, _OWN = 20, 50  # steps with the information of the full data, then with each resample's own
_STEP = 1e-10
_LONGEST = 3.0  # longest step in log-odds, so that a draw far from the full data does not overshoot
_PIECE = 1 << 21  # array elements worked on at once: 16 MB


def bradley_terry_draws(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    systems: int | None = None,
    ridge: float = 0.0,
) -> Floats:
    """Strengths (B, M) in resamples of single comparisons, each as large as the data.

    Right where comparisons are independent of each other; else see `bradley_terry_item_draws`. The first five
    arguments are those of `bradley_terry`, and the full data must meet its conditions.

    A resample whose strengths have no finite estimate (a system lost nothing, or its links were not drawn) is a row
    of NaN, so that it can be counted. With a ridge there is none.
    """
    cells, start = _fitted(first, second, outcome, systems, ridge)
    if resamples < 1:
        raise ValueError(f"resamples must be 1 or more, not {resamples}")
    n = int(cells.count.sum())
    share = cells.count / n
    rows = max(1, _PIECE // len(share))
    pieces = (
        rng.multinomial(n, share, size=min(rows, resamples - i)).astype(np.float64) for i in range(0, resamples, rows)
    )
    return _draws(pieces, cells, start, ridge)


def bradley_terry_item_draws(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    outcome: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    weights: npt.ArrayLike,
    systems: int | None = None,
    ridge: float = 0.0,
) -> Floats:
    """Strengths (B, M) in resamples of items: all comparisons of a drawn item are drawn together.

    ``cluster`` (P,) is the item of each comparison, 0..N-1, and ``weights`` (B, N) how often each resample draws each
    item. Otherwise as `bradley_terry_draws`.
    """
    from scipy.sparse import coo_array

    cells, start = _fitted(first, second, outcome, systems, ridge)
    items, counted = np.asarray(cluster), np.asarray(weights)
    if items.shape != (cells.given,) or not np.issubdtype(items.dtype, np.integer) or items.min() < 0:
        raise ValueError(f"cluster needs an item index for each of {cells.given} comparisons")
    if counted.ndim != 2 or counted.shape[1] <= items.max():
        raise ValueError(f"weights must have axes (resamples, items) with more than {items.max()} items")
    shape = (len(cells.count), counted.shape[1])
    table = coo_array((np.ones(len(cells.used)), (cells.cell, items[cells.used])), shape=shape).tocsr()
    rows = max(1, _PIECE // max(shape))
    pieces = ((table @ counted[i : i + rows].T.astype(np.float64)).T for i in range(0, len(counted), rows))
    return _draws(pieces, cells, start, ridge)


def strength_estimates(strengths: npt.ArrayLike, draws: npt.ArrayLike, level: float = 0.95) -> list[Estimate]:
    """Strengths (M,) of the full data with percentile intervals from draws (B, M).

    ``n`` is the number of resamples with finite strengths; ``detail`` holds ``resamples_undefined``, those without.
    """
    values, drawn = np.asarray(strengths, float), np.asarray(draws, float)
    if drawn.ndim != 2 or drawn.shape[1:] != values.shape:
        raise ValueError(f"draws need axes (resamples, {len(values)} systems), not shape {drawn.shape}")
    low, high = percentile_interval(drawn, level)
    lost = int(np.isnan(drawn).any(axis=1).sum())
    method = f"bootstrap, percentile, {len(drawn)} resamples"
    return [
        Estimate(
            float(value),
            float(low[i]),
            float(high[i]),
            level=level,
            n=len(drawn) - lost,
            method=method,
            detail={"resamples_undefined": float(lost)},
        )
        for i, value in enumerate(values)
    ]


def _fitted(
    first: npt.ArrayLike, second: npt.ArrayLike, outcome: npt.ArrayLike, systems: int | None, ridge: float
) -> tuple[Comparisons, Floats]:
    cells = checked_comparisons(first, second, outcome, systems=systems)
    return cells, bradley_terry(first, second, outcome, systems=systems, ridge=ridge).strengths


def _draws(pieces: Iterator[Floats], cells: Comparisons, start: Floats, ridge: float) -> Floats:
    """Strengths for each row of cell counts; cells of the same two systems are joined first."""
    pair, joined = np.unique(cells.first * cells.systems + cells.second, return_inverse=True)
    first, second = np.divmod(pair, cells.systems)
    starts = np.flatnonzero(np.diff(joined, prepend=-1))
    full = np.add.reduceat(cells.count, starts)[None]
    inverse = np.linalg.inv(_information(first, second, full, start[None], ridge)[0])
    drawn = []
    for counts in pieces:
        total = np.add.reduceat(counts, starts, axis=1)
        wins = np.add.reduceat(counts * cells.outcome, starts, axis=1)
        strengths = np.tile(start, (len(total), 1))
        linked = np.ones(len(total), bool) if ridge else _linked(first, second, wins, total, len(start))
        strengths[~linked] = np.nan
        for i in _pieces(np.flatnonzero(linked), max(len(start) ** 2, len(first))):
            strengths[i] = _fit(first, second, wins[i], total[i], start=start, ridge=ridge, inverse=inverse)
        drawn.append(strengths)
    return np.concatenate(drawn)


def _fit(
    first: Integers,
    second: Integers,
    wins: Floats,
    total: Floats,
    *,
    start: Floats,
    ridge: float,
    inverse: Floats,
) -> Floats:
    """Strengths (b, M) that maximise the likelihood of each row of (b, C) wins; NaN where they do not settle.

    The inverse information of the full data serves all rows at first: resamples of much data settle in a few such
    steps, at the price of one product. Rows that do not are done again with Newton steps of their own.
    """
    strengths = np.tile(start, (len(wins), 1))
    active = np.arange(len(wins))
    for iteration in range(_SHARED + _OWN):
        if iteration == _SHARED:
            strengths[active] = start
        w, t, s = wins[active], total[active], strengths[active]
        gradient = _gradient(first, second, w, t, s) - ridge * s
        if iteration < _SHARED:
            step = gradient @ inverse
        else:
            information = _information(first, second, t, s, ridge)
            step = np.asarray(np.linalg.solve(information, gradient[:, :, None])[:, :, 0], float)
        size = np.abs(step).max(axis=1)
        strengths[active] += step * (_LONGEST / np.maximum(size, _LONGEST))[:, None]
        active = active[size > _STEP]
        if not active.size:
            return strengths
    strengths[active] = np.nan
    return strengths


def _gradient(first: Integers, second: Integers, wins: Floats, total: Floats, strengths: Floats) -> Floats:
    """(b, M) derivative of the log-likelihood: wins beyond what is expected."""
    b, m = strengths.shape
    pairs = np.zeros((b, m * m))
    pairs[:, first * m + second] = wins - total / (1 + np.exp(strengths[:, second] - strengths[:, first]))
    residuals = pairs.reshape(b, m, m)
    return np.asarray(residuals.sum(axis=2) - residuals.sum(axis=1))


def _information(first: Integers, second: Integers, total: Floats, strengths: Floats, ridge: float) -> Floats:
    """(b, M, M) information, regular: a constant added to all strengths is fixed, which no step contains."""
    b, m = strengths.shape
    chance = 1 / (1 + np.exp(strengths[:, second] - strengths[:, first]))
    pairs = np.zeros((b, m * m))
    pairs[:, first * m + second] = total * chance * (1 - chance)
    weights = pairs.reshape(b, m, m)
    weights = weights + weights.transpose(0, 2, 1)
    degree = weights.sum(axis=2)
    information = (degree.sum(axis=1) / m**2)[:, None, None] - weights
    information[:, np.arange(m), np.arange(m)] += degree + ridge
    return np.asarray(information)


def _pieces(rows: Integers, cells: int) -> list[Integers]:
    """The rows in pieces of bounded work."""
    at_once = max(1, _PIECE // cells)
    return [rows[i : i + at_once] for i in range(0, len(rows), at_once)]


def _linked(first: Integers, second: Integers, wins: Floats, total: Floats, m: int) -> Booleans:
    """(b,) whether every system has beaten or tied every other through some chain (`comparisons.require_linked`)."""
    linked = np.empty(len(wins), bool)
    at_once = max(1, _PIECE // (m * m))
    for i in range(0, len(wins), at_once):
        some_wins, some_total = wins[i : i + at_once], total[i : i + at_once]
        reach = np.zeros((len(some_wins), m, m), np.float32)
        reach[:, first, second] = some_wins > 0
        reach[:, second, first] = some_wins < some_total
        reach[:, np.arange(m), np.arange(m)] = 1
        for _ in range(max(1, (m - 1).bit_length())):
            if (reach > 0).all():
                break
            reach = (reach @ reach > 0).astype(np.float32)
        linked[i : i + at_once] = (reach > 0).all(axis=(1, 2))
    return linked
