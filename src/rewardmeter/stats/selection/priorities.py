"""Where labels are wanted: priorities of rows and of items. May import: `drawing`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.selection.drawing import Bools, Floats, Priority

__all__ = ["by_item", "closeness", "coverage", "disagreement", "score_bins"]


def by_item(values: ArrayLike, item: ArrayLike, items: int) -> Floats:
    """(items,) means of the rows of each item, NaN rows left out; NaN where none is left."""
    rows, place = np.asarray(values, dtype=np.float64), np.asarray(item)
    there = ~np.isnan(rows)
    count = np.bincount(place[there], minlength=items)
    total = np.bincount(place[there], weights=rows[there], minlength=items)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def closeness(margin: ArrayLike, slope: float = 1.0) -> Floats:
    """4 p (1 - p) with logit p = slope * margin: 1 where the responses are level, 0 where one is surely better.

    This is uncertainty sampling as classifiers do it (Lewis and Gale 1994). A pair of margin 0 says nothing of a
    temperature: its Fisher information about the slope, margin^2 p (1 - p), is 0.
    """
    z = np.asarray(margin, dtype=np.float64) * slope
    small = np.exp(-np.abs(z))
    return 4 * small / (1 + small) ** 2


def disagreement(scores: ArrayLike) -> Floats:
    """Standard deviation between scorers of their scores, (scorers, rows) -> (rows,).

    Each scorer's scores become normal scores, the normal quantiles of (mid-rank - 1/2) / rows, so that all are on one
    scale (van der Waerden 1952). NaN where fewer than two scorers have a score. It is query by committee (Seung, Opper
    and Sompolinsky 1992) with the scorers as the committee.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    rows = np.asarray(scores, dtype=np.float64)
    there = ~np.isnan(rows)
    normal = np.full(rows.shape, np.nan)
    for k in range(rows.shape[0]):
        if there[k].any():
            normal[k, there[k]] = ndtri((rankdata(rows[k, there[k]]) - 0.5) / there[k].sum())
    count = there.sum(axis=0)
    known = np.where(there, normal, 0.0)
    mean = known.sum(axis=0) / np.maximum(count, 1)
    apart = np.where(there, (normal - mean) ** 2, 0.0).sum(axis=0) / np.maximum(count - 1, 1)
    return np.where(count > 1, np.sqrt(apart), np.nan)


def score_bins(scores: ArrayLike, bins: int = 10) -> NDArray[np.intp]:
    """(rows,) which of equally wide parts of the score range a score lies in; -1 for NaN.

    The range goes from the 1st to the 99th percentile; what lies outside belongs to the end parts.
    """
    rows = np.asarray(scores, dtype=np.float64)
    there = ~np.isnan(rows)
    place = np.full(rows.shape, -1, dtype=np.intp)
    if not there.any():
        return place
    low, high = np.quantile(rows[there], [0.01, 0.99])
    if not high > low:
        low, high = float(rows[there].min()), float(rows[there].max())
    cuts = np.linspace(low, high, bins + 1)[1:-1] if high > low else np.empty(0)
    place[there] = np.searchsorted(cuts, rows[there], side="right")
    return place


def coverage(scores: ArrayLike, item: ArrayLike, items: int, labelled: Bools, bins: int = 10) -> Priority:
    """Priorities that fill the score range evenly: labels go where there are few yet.

    A row's priority is 1 / ((1 + l) n), n the rows in its part of the range (`score_bins`) and l those of them that are
    taken; an item's is the mean of its rows, over all scorers. Over many draws the labels become uniform over the
    range, which for a straight line with even noise is nearer to the best design than the scores' own distribution.

    Parameters
    ----------
    scores:
        (scorers, rows), NaN where there is none.
    item, items:
        (rows,) index of each row's item, and how many items there are.
    labelled:
        (rows,) rows with a label, which count from the start as those of taken items do.
    """
    matrix = np.asarray(scores, dtype=np.float64)
    place = np.asarray(item)
    counts = np.zeros((items, matrix.shape[0] * bins))
    for k, row in enumerate(matrix):
        where = score_bins(row, bins)
        there = where >= 0
        np.add.at(counts, (place[there], k * bins + where[there]), 1.0)
    known = np.zeros(items, dtype=bool)
    known[place[np.asarray(labelled, dtype=bool)]] = True
    total = np.maximum(counts.sum(axis=0), 1.0)
    size = np.maximum(counts.sum(axis=1), 1.0)

    def priority(taken: Bools) -> Floats:
        filled = (taken | known) @ counts
        return np.asarray(counts @ (1 / ((1 + filled) * total)) / size)

    return priority
