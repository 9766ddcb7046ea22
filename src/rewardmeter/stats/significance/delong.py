"""Areas under the ROC curve and the covariance between scorers, without resampling. May import: cells, ranks.

DeLong, DeLong and Clarke-Pearson (1988), by midranks (Sun and Xu 2014), for all scorers at once; and the same with
cells in clusters, since responses to one prompt are not independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats
from rewardmeter.stats.ranks import rank_rows
from rewardmeter.stats.significance.pairwise import (
    ROUNDING,
    SMALLEST_P,
    Alternative,
    PairResults,
    PairwiseTests,
    check_alternative,
    combined,
)

__all__ = ["AreaCovariance", "area_covariance", "delong_tests"]

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class AreaCovariance:
    """Areas under the ROC curve, (scorers,) in [0, 1], and their covariance matrix (scorers, scorers)."""

    area: Floats
    covariance: Floats


def area_covariance(scores: ArrayLike, labels: ArrayLike, cluster: ArrayLike | None = None) -> AreaCovariance:
    """Area of each scorer and the covariance of the areas, on complete data.

    Parameters
    ----------
    scores, labels:
        (scorers, cells) without NaN, and (cells,) of 0 and 1.
    cluster:
        (cells,) item of each cell, or None for independent cells.

    With V10 of a positive the share of negatives that it outscores (ties half), and V01 of a negative the share of
    positives that outscore it: covariance = cov(V10) / m + cov(V01) / n over m positives and n negatives (DeLong et al.
    1988, eq. 4-6). With clusters, the deviations (V10 - area) / m and (V01 - area) / n are summed by item, and the
    covariance is that of the I item sums times I / (I - 1) (Obuchowski 1997 in all but terms of order 1 / I). NaN with
    fewer than two of a kind; area NaN without both kinds.
    """
    values, positive, items = _checked(scores, labels, cluster)
    m, n = int(positive.sum()), int((~positive).sum())
    scorers = values.shape[0]
    if not m or not n:
        return AreaCovariance(np.full(scorers, np.nan), np.full((scorers, scorers), np.nan))
    everyone = rank_rows(values).midranks
    share_positive = (everyone[:, positive] - rank_rows(values[:, positive]).midranks) / n
    share_negative = 1 - (everyone[:, ~positive] - rank_rows(values[:, ~positive]).midranks) / m
    area = share_positive.mean(axis=1)
    deviation = np.empty_like(values)
    deviation[:, positive] = (share_positive - area[:, None]) / m
    deviation[:, ~positive] = (share_negative - area[:, None]) / n
    if items is None:
        parts = ((deviation[:, side], count) for side, count in ((positive, m), (~positive, n)))
        covariance = sum(_inflated(part, count) for part, count in parts)
    else:
        by_item: Floats = np.stack([np.bincount(items, weights=row) for row in deviation])
        present = np.bincount(items) > 0
        covariance = _inflated(by_item[:, present], int(np.count_nonzero(present)))
    return AreaCovariance(area, np.asarray(covariance))


def delong_tests(
    scores: ArrayLike, labels: ArrayLike, cluster: ArrayLike | None = None, *, alternative: Alternative = "two-sided"
) -> PairwiseTests:
    """Normal tests of the difference of two areas under the ROC curve, between all pairs of scorers.

    ``scores`` (scorers, cells) and ``labels`` (cells,) of 0 and 1, NaN where missing; two scorers are compared on the
    cells that both have. ``cluster`` (cells,) is the item of each cell: give it wherever items have several responses.
    Undefined without both labels, and where two different areas leave no spread (perfect scorers).
    """
    check_alternative(alternative)
    values, human = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if values.ndim != 2 or human.shape != values.shape[1:]:
        raise ValueError(f"scores must be (scorers, cells) and labels (cells,); got {values.shape} and {human.shape}")
    items = None if cluster is None else np.asarray(cluster)
    present = ~np.isnan(values) & ~np.isnan(human)
    _, first_of, pattern = np.unique(np.packbits(present, axis=1), axis=0, return_index=True, return_inverse=True)
    parts = []
    members = [np.flatnonzero(pattern.ravel() == number) for number in range(first_of.size)]
    for p, one in enumerate(members):
        for q in range(p, len(members)):
            shared = present[first_of[p]] & present[first_of[q]]
            scorers = one if p == q else np.concatenate([one, members[q]])
            found = area_covariance(values[scorers][:, shared], human[shared], None if items is None else items[shared])
            rows, columns = np.triu_indices(scorers.size, 1)
            if p != q:
                across = (rows < one.size) & (columns >= one.size)
                rows, columns = rows[across], columns[across]
            parts.append(_tested(found, rows, columns, scorers, alternative))
    clustered = "" if cluster is None else ", clustered by item"
    return combined(parts, values.shape[0], alternative, f"DeLong, normal{clustered}")


def _tested(
    found: AreaCovariance, rows: Places, columns: Places, scorers: Places, alternative: Alternative
) -> PairResults:
    from scipy.special import ndtr

    difference = found.area[rows] - found.area[columns]
    own = np.diagonal(found.covariance)
    variance = own[rows] + own[columns] - 2 * found.covariance[rows, columns]
    # What is left of two equal scorers after rounding is no spread.
    spread = np.where(variance > ROUNDING * (own[rows] + own[columns]), variance, 0.0)
    deviate = np.divide(difference, np.sqrt(spread), out=np.full(rows.size, np.nan), where=spread > 0)
    deviate = np.where(np.abs(difference) < ROUNDING, 0.0, deviate)
    if alternative == "two-sided":
        forward = backward = np.clip(2 * ndtr(-np.abs(deviate)), SMALLEST_P, 1.0)
    else:
        forward, backward = (np.clip(ndtr(side), SMALLEST_P, 1.0) for side in (-deviate, deviate))
    why = np.where(np.isnan(difference), "the labels are not of both kinds", "the areas differ but leave no spread")
    reasons = {
        (int(scorers[rows[k]]), int(scorers[columns[k]])): str(why[k]) for k in np.flatnonzero(np.isnan(deviate))
    }
    exact = np.zeros(rows.size, dtype=np.int64)
    return PairResults(scorers[rows], scorers[columns], difference, forward, backward, exact, reasons)


def _inflated(deviation: Floats, count: int) -> Floats:
    """Sum of products of deviations (scorers, units), times count / (count - 1)."""
    if count < 2:
        return np.full((deviation.shape[0],) * 2, np.nan)
    return np.asarray(deviation @ deviation.T * (count / (count - 1)))


def _checked(
    scores: ArrayLike, labels: ArrayLike, cluster: ArrayLike | None
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64] | None]:
    values, human = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if values.ndim != 2 or human.shape != values.shape[1:]:
        raise ValueError(f"scores must be (scorers, cells) and labels (cells,); got {values.shape} and {human.shape}")
    if not np.isfinite(values).all():
        raise ValueError("scores must be finite here; leave out cells that a scorer lacks")
    if np.any((human != 0) & (human != 1)):
        raise ValueError("labels must be 0 or 1")
    if cluster is None:
        return values, human == 1, None
    items = np.asarray(cluster)
    if items.shape != human.shape or (items.size and (not np.issubdtype(items.dtype, np.integer) or items.min() < 0)):
        raise ValueError("cluster needs one item, an integer from 0 up, for each cell")
    return values, human == 1, items.astype(np.int64, copy=False)
