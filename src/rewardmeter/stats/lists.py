"""Lists of responses with graded relevance: how well a scorer's order serves a reader who starts at the top.

Responses are flat arrays; list g is offsets[g] to offsets[g + 1]. A list counts for a scorer that scored all of it.
Notation: K scorers, R responses, G lists, N items. May import `stats.best_of_k`, `stats.credits` and `stats.result`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.best_of_k import checked_offsets, mean_reciprocal_rank_estimates
from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.result import Estimate

__all__ = ["Gain", "ndcg_estimates", "reciprocal_rank_estimates"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Gain = Literal["linear", "exponential"]


def ndcg_estimates(
    scores: npt.ArrayLike,
    offsets: npt.ArrayLike,
    relevance: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    cutoff: int | None = None,
    gain: Gain = "linear",
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Normalised discounted cumulative gain (``list.ndcg``; Järvelin and Kekäläinen 2002).

    DCG = sum over ranks r up to the cutoff of gain(relevance at r) / log2(1 + r); a list's credit is its DCG over that
    of the ideal order, in [0, 1]. Responses with equal scores share their ranks' discounts evenly, the expectation
    over a random order among them (McSherry and Najork 2008).

    Parameters
    ----------
    scores:
        (K, R) score of each response; NaN where the scorer has none.
    offsets:
        (G + 1,) where each list starts, from 0 up to R; no list is empty.
    relevance:
        (R,) finite grades from 0 up.
    cluster:
        (G,) item of each list, 0..N-1.
    cutoff:
        Last rank that counts; all if not given.
    gain:
        ``linear``: the grade; ``exponential``: 2^grade - 1 (Burges et al. 2005).
    weights, level:
        As in `mean_estimates`.

    Returns
    -------
    One estimate for each scorer; ``n`` counts the lists used. ``detail``: ``unscored`` lists in which the scorer lacks
    a score, and ``irrelevant`` lists whose grades are all 0, which have no ideal order and are left out.

    Raises
    ------
    ValueError
        Shapes that do not fit, grades out of range, or a cutoff below 1.
    """
    values, starts, sizes = checked_offsets(scores, offsets)
    grades = _checked_grades(relevance, values.shape[1])
    if cutoff is not None and cutoff < 1:
        raise ValueError(f"cutoff must be a rank from 1 up, not {cutoff}")
    if gain not in ("linear", "exponential"):
        raise ValueError(f"gain must be linear or exponential, not {gain!r}")
    gains = grades if gain == "linear" else np.exp2(grades) - 1
    ideal = _discounted_gain(gains[None], gains, starts, sizes, cutoff)[0]
    got = _discounted_gain(values, gains, starts, sizes, cutoff)
    relevant = ideal > 0
    scored = _sums(np.isnan(values).astype(float), starts) == 0
    credits = np.full(got.shape, np.nan)
    np.divide(got, ideal, out=credits, where=scored & relevant)
    details = [
        {"unscored": float(np.count_nonzero(relevant & ~row)), "irrelevant": float(np.count_nonzero(~relevant))}
        for row in scored
    ]
    return mean_estimates(credits, cluster, weights=weights, level=level, details=details)


def reciprocal_rank_estimates(
    scores: npt.ArrayLike,
    offsets: npt.ArrayLike,
    relevance: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    relevant_from: float,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Mean reciprocal rank (``list.mrr``) of the first relevant response, ties against it.

    A response is relevant if its grade is at least ``relevant_from``. The rest is as in
    `mean_reciprocal_rank_estimates`; lists that are relevant throughout or nowhere are left out and counted there.
    """
    values, _, _ = checked_offsets(scores, offsets)
    relevant = _checked_grades(relevance, values.shape[1]) >= relevant_from
    return mean_reciprocal_rank_estimates(values, offsets, relevant, cluster, weights=weights, level=level)


def _discounted_gain(scores: Floats, gains: Floats, starts: Integers, sizes: Integers, cutoff: int | None) -> Floats:
    """(K, G) discounted cumulative gain of each list in the order of the scores."""
    scorers, responses = scores.shape
    if not responses:
        return np.zeros((scorers, 0))
    group = np.repeat(np.arange(len(sizes)), sizes)
    order = np.argsort(-scores, axis=1, kind="stable")
    order = np.take_along_axis(order, np.argsort(group[order], axis=1, kind="stable"), axis=1)
    rank = 1 + np.arange(responses) - np.repeat(starts, sizes)
    discount = 1 / np.log2(1 + rank)
    if cutoff is not None:
        discount[rank > cutoff] = 0
    ordered = np.take_along_axis(scores, order, axis=1)
    opens = np.ones(ordered.shape, bool)
    opens[:, 1:] = (ordered[:, 1:] != ordered[:, :-1]) | (rank[1:] == 1)
    # Runs of equal scores, counted through all scorers: each response has the mean discount of its run.
    run = np.cumsum(opens.ravel()) - 1
    mean = np.bincount(run, np.tile(discount, scorers)) / np.bincount(run)
    return _sums(gains[order] * mean[run].reshape(scorers, responses), starts)


def _sums(values: Floats, starts: Integers) -> Floats:
    """(K, G) sums over lists."""
    return np.add.reduceat(values, starts, axis=1) if len(starts) else values[:, :0]


def _checked_grades(relevance: npt.ArrayLike, responses: int) -> Floats:
    grades = np.asarray(relevance, float)
    if grades.shape != (responses,) or not (np.isfinite(grades) & (grades >= 0)).all():
        raise ValueError(
            f"relevance needs a finite grade from 0 up for each of {responses} responses; "
            "leave responses without a grade out of the lists"
        )
    return grades
