"""How well one person predicts the others, on the statistic that scorers are judged by: the board's ceiling line.

May import: cells, judgments, result, uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, mean_of_defined, ratio
from rewardmeter.stats.humans.judgments import checked_index
from rewardmeter.stats.humans.uncertainty import grouped_jackknife, jackknife_method
from rewardmeter.stats.result import Estimate

__all__ = ["Measure", "Others", "leave_one_rater_out", "mean_of_others", "plurality_of_others"]

Measure = Callable[[Floats, Floats], ArrayLike]
"""Scores (1, ..., n) and gold (..., n) to one value, as an array of one or a number; NaN where undefined.

What takes the scores of several scorers and a gold serves as it is:
``lambda scores, gold: correlate(scores, gold, statistic="pearson", grouping="item").value``."""

Others = Callable[[Floats], Floats]
"""Judgments (raters, ..., n) to what the others say, of the same shape: entry r does not use judgments of rater r."""


def mean_of_others(judgments: Floats) -> Floats:
    """Mean of the ratings by the other raters, (raters, ..., n) -> (raters, ..., n); NaN where there are none.

    Rounded to 12 digits of the greatest rating: means that are equal must be ties, however their sums were rounded.
    """
    given = ~np.isnan(judgments)
    filled = np.where(given, judgments, 0.0)
    greatest = float(np.abs(filled).max(initial=0.0))
    means = ratio(filled.sum(axis=0) - filled, given.sum(axis=0) - given)
    return np.round(means, min(250, 11 - math.floor(math.log10(greatest)))) if greatest > 0 else means


def plurality_of_others(judgments: Floats) -> Floats:
    """The value that most of the other raters gave; NaN where there are none or two values are equally frequent."""
    best = np.zeros(judgments.shape, dtype=np.int32)
    said = np.full(judgments.shape, np.nan)
    for value in np.unique(judgments[~np.isnan(judgments)]):
        own = judgments == value
        votes = own.sum(axis=0, dtype=np.int32) - own
        said[votes == best] = np.nan
        more = votes > best
        said[more] = value
        np.maximum(best, votes, out=best)
    return said


def leave_one_rater_out(
    judgments: ArrayLike,
    measure: Measure,
    *,
    others: Others = mean_of_others,
    candidate: ArrayLike | None = None,
    item: ArrayLike | None = None,
    fold: NDArray[Any] | None = None,
    level: float = 0.95,
    bounds: tuple[float, float] | None = (-1.0, 1.0),
) -> Estimate:
    """Each rater judged against what the others say, by the statistic that scorers are judged by; mean over raters.

    For rater r the gold is ``others`` without r, on what r judged; the value is the plain mean over the raters for
    whom the measure is defined. The gold here rests on one rater fewer than the gold that scorers are judged by, so it
    is noisier; with few raters that matters. For a comparison on equal terms give the scorer as ``candidate``: it is
    judged against the very same golds, on the same cells, in the place of each rater.

    Parameters
    ----------
    judgments: (raters, ..., n), NaN where a rater said nothing: ratings (raters, systems, items), or one value per
        pair (raters, pairs), for example the probability that the first is better.
    measure: the statistic, see `Measure`. It sees the columns that the rater has; a cell that the rater or the others
        lack is missing on both sides.
    others: `mean_of_others` for ratings, `plurality_of_others` for labels and preferences.
    candidate: (..., n) what to judge instead of each rater; NaN where there is nothing.
    item: (n,) the item of each column (of each pair); by default each is an item.
    fold: (items,) a random group for each item, from `resampling.item_folds`; the interval is made by leaving out one
        group after the other. It speaks of other items and these raters. None for no interval.
    level: nominal coverage.
    bounds: range of the measure; None for no bounds.

    Returns
    -------
    NaN where no rater has a value. ``n`` counts the raters in the mean, ``undefined`` the others. ``detail``: the
    ``lowest`` and ``highest`` value of a rater, and the number of ``judgments`` with a gold.

    Raises
    ------
    ValueError
        On arrays that do not fit together.
    """
    array = np.asarray(judgments, dtype=np.float64)
    if array.ndim < 2:
        raise ValueError(f"judgments must have the shape (raters, ..., n); got {array.shape}")
    golds = others(array)
    if golds.shape != array.shape:
        raise ValueError(f"the others' judgments have the shape {golds.shape} where {array.shape} is due")
    said = array if candidate is None else _in_place_of_each(candidate, array)
    values = _values(said, golds, measure)
    value = float(mean_of_defined(values))
    low = high = np.nan
    method = "none"
    if fold is not None:
        of_column = _column_folds(item, fold, array.shape[-1])
        groups = np.unique(of_column)
        kept = [of_column != group for group in groups]
        without = [mean_of_defined(_values(said[..., k], golds[..., k], measure)) for k in kept]
        low, high = grouped_jackknife(value, np.array(without), level=level, bounds=bounds)
        method = jackknife_method(groups.size)
    defined = values[~np.isnan(values)]
    detail = {
        "lowest": float(defined.min()) if defined.size else np.nan,
        "highest": float(defined.max()) if defined.size else np.nan,
        "judgments": float(np.count_nonzero(~np.isnan(said) & ~np.isnan(golds))),
    }
    undefined = int(np.isnan(values).sum())
    return Estimate(value, low, high, level, int(defined.size), method, undefined=undefined, detail=detail)


def _in_place_of_each(candidate: ArrayLike, judgments: Floats) -> Floats:
    scores = np.asarray(candidate, dtype=np.float64)
    if scores.shape != judgments.shape[1:]:
        raise ValueError(f"the candidate has the shape {scores.shape} where {judgments.shape[1:]} is due")
    return np.where(np.isnan(judgments), np.nan, scores)


def _column_folds(item: ArrayLike | None, fold: NDArray[Any], columns: int) -> NDArray[Any]:
    of_item = np.arange(columns) if item is None else checked_index("item", item, columns)
    if fold.ndim != 1 or fold.size <= of_item.max(initial=-1):
        raise ValueError(f"fold must hold a group for each of {int(of_item.max(initial=-1)) + 1} items")
    return np.asarray(fold[of_item])


def _values(said: Floats, golds: Floats, measure: Measure) -> Floats:
    """The measure of each rater, on the cells in which rater and gold have a value."""
    values = np.full(said.shape[0], np.nan)
    for r, (own, gold) in enumerate(zip(said, golds, strict=True)):
        both = ~np.isnan(own) & ~np.isnan(gold)
        columns = both.reshape(-1, both.shape[-1]).any(axis=0)
        if columns.any():
            kept = both[..., columns]
            scores, others = (np.where(kept, side[..., columns], np.nan) for side in (own, gold))
            values[r] = np.asarray(measure(scores[None], others), dtype=np.float64).item()
    return values
