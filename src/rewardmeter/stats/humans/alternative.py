"""The alternative annotator test: may a scorer or an LLM take the place of a human rater?

Calderon, Reichart and Dror 2025, "The Alternative Annotator Test for LLM-as-a-Judge", section 3.
May import: cells, influence, intervals, judgments, result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Ints, ratio
from rewardmeter.stats.humans.judgments import checked_matrix
from rewardmeter.stats.influence import item_standard_error
from rewardmeter.stats.intervals import JACKKNIFE_SHARE, normal_interval
from rewardmeter.stats.result import Estimate

__all__ = ["AlternativeAnnotatorTest", "Scoring", "alignment", "alternative_annotator_test", "benjamini_yekutieli"]

Scoring = Literal["accuracy", "neg_rmse"]
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class AlternativeAnnotatorTest:
    """Result of the test for one candidate. Arrays have one entry per rater with enough items.

    Attributes
    ----------
    raters: which raters (rows of the judgments) were compared; the others judged too few items with company.
    items: items on which each was compared.
    candidate_wins: share of these items on which the candidate agrees with the others at least as well as the rater.
    rater_wins: share on which the rater does at least as well as the candidate.
    advantage_probability: mean of ``candidate_wins`` (eq. 3), the chance of doing at least as well as a rater drawn at
        random, with an interval over items; ``n`` counts raters.
    p_values: of the one-sided t-test that rater_wins - candidate_wins is not below epsilon.
    rejected: whether that is rejected after the Benjamini-Yekutieli correction: the candidate wins against this rater.
    epsilon: how much worse a candidate may be, for being cheaper.
    false_discovery_rate: q of the correction.
    """

    raters: NDArray[np.intp]
    items: Ints
    candidate_wins: Floats
    rater_wins: Floats
    advantage_probability: Estimate
    p_values: Floats
    rejected: NDArray[np.bool_]
    epsilon: float
    false_discovery_rate: float

    @property
    def winning_rate(self) -> float:
        """Share of the raters that the candidate wins against, in [0, 1] (eq. 2); NaN without raters."""
        return float(self.rejected.mean()) if self.rejected.size else math.nan

    @property
    def passed(self) -> bool:
        """Whether the winning rate is at least one half: the candidate may stand in for a rater."""
        return self.winning_rate >= 0.5


def alternative_annotator_test(
    judgments: ArrayLike,
    candidate: ArrayLike,
    *,
    scoring: Scoring,
    epsilon: float,
    min_items: int = 30,
    false_discovery_rate: float = 0.05,
    level: float = 0.95,
) -> AlternativeAnnotatorTest:
    """Compare a candidate with each rater by how well either agrees with the remaining raters.

    Parameters
    ----------
    judgments: (raters, items), NaN where a rater did not judge. Labels are numbers; which ones does not matter for
        ``accuracy``.
    candidate: (items,) what the candidate says; NaN where it says nothing, and such items are left out.
    scoring: agreement with the remaining raters of the item, see `alignment`.
    epsilon: in [0, 1]; the paper advises 0.2 where raters are experts, 0.15 for skilled and 0.1 for crowd workers.
    min_items: raters with fewer items that another rater judged too are left out; the t-test needs about 30.
    false_discovery_rate: q of the Benjamini-Yekutieli procedure over the raters.
    level: nominal coverage of the interval of the advantage probability.

    Raises
    ------
    ValueError
        On shapes that do not fit, or an unknown scoring.
    """
    matrix = checked_matrix("judgments", judgments)
    said = np.asarray(candidate, dtype=np.float64)
    if said.shape != matrix.shape[1:]:
        raise ValueError(f"the candidate must say one thing for each of {matrix.shape[1]} items; got {said.shape}")
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon must lie in [0, 1]; got {epsilon}")
    both = ~np.isnan(matrix) & ~np.isnan(said)
    rater_score = np.where(both, alignment(matrix, matrix, scoring), np.nan)
    candidate_score = np.where(both, alignment(matrix, said[None], scoring), np.nan)
    scale = _ROUNDING * max(1.0, float(np.nanmax(np.abs(rater_score), initial=0.0)))
    compared = ~np.isnan(rater_score)
    items = compared.sum(axis=1)
    raters = np.flatnonzero(items >= max(2, min_items))
    compared, items = compared[raters], items[raters]
    ahead = (candidate_score - rater_score)[raters]
    wins = np.where(compared, ahead >= -scale, 0.0)
    losses = np.where(compared, ahead <= scale, 0.0)
    p_values = _one_sided(losses - wins, compared, items, epsilon)
    return AlternativeAnnotatorTest(
        raters,
        items,
        wins.sum(axis=1) / items,
        losses.sum(axis=1) / items,
        _advantage(wins, compared, items, level),
        p_values,
        benjamini_yekutieli(p_values, false_discovery_rate),
        epsilon,
        false_discovery_rate,
    )


def _advantage(wins: Floats, compared: NDArray[np.bool_], items: Ints, level: float) -> Estimate:
    """Mean over raters of their shares of items; an item moves the share of each rater who judged it."""
    if not items.size:
        return Estimate(math.nan, level=level)
    shares = wins.sum(axis=1) / items
    influence = np.where(compared, (wins - shares[:, None]) / items[:, None], 0.0).mean(axis=0)
    error = item_standard_error(influence[compared.any(axis=0)])
    low, high = normal_interval(shares.mean(), error, level, bounds=(0.0, 1.0))
    return Estimate(float(shares.mean()), float(low), float(high), level, int(items.size), JACKKNIFE_SHARE)


def alignment(judgments: Floats, said: Floats, scoring: Scoring) -> Floats:
    """How well ``said`` agrees with the raters of each item but one, for each rater left out: (raters, items).

    ``judgments`` (raters, items); ``said`` (raters, items) or (1, items). ``accuracy``: share of the remaining raters
    who say the same, in [0, 1]. ``neg_rmse``: minus the root mean squared difference to them, at most 0. NaN where
    nobody remains or nothing is said. Rater r is left out whether or not they judged the item.
    """
    if scoring not in get_args(Scoring):
        raise ValueError(f"scoring must be one of {', '.join(get_args(Scoring))}; got {scoring!r}")
    given = ~np.isnan(judgments)
    remaining = given.sum(axis=0) - given
    if scoring == "accuracy":
        return np.where(np.isnan(said), np.nan, ratio(_others_equal(judgments, said), remaining))
    # Sums rather than means: whole numbers stay exact, and equal errors equal.
    filled = np.where(given, judgments, 0.0)
    total = filled.sum(axis=0) - filled
    squares = (filled**2).sum(axis=0) - filled**2
    squared_error = ratio(remaining * said**2 - 2 * said * total + squares, remaining)
    return -np.sqrt(np.maximum(squared_error, 0.0))


def _others_equal(judgments: Floats, said: Floats) -> Floats:
    """How many other raters say what ``said`` says, (raters, items)."""
    equal = np.zeros(judgments.shape)
    for value in np.unique(judgments[~np.isnan(judgments)]):
        own = judgments == value
        equal += (said == value) * (own.sum(axis=0) - own)
    return equal


def _one_sided(difference: Floats, compared: NDArray[np.bool_], items: Ints, epsilon: float) -> Floats:
    """P-values of a one-sample t-test that the mean of each row is below epsilon.

    A row without variation is decided by its mean alone: 0 below epsilon, 1 otherwise.
    """
    from scipy.special import stdtr

    mean = difference.sum(axis=1) / items
    variance = np.where(compared, (difference - mean[:, None]) ** 2, 0.0).sum(axis=1) / (items - 1)
    error = np.sqrt(variance / items)
    certain = np.where(mean < epsilon, 0.0, 1.0)
    t = np.divide(mean - epsilon, error, out=np.zeros(mean.shape), where=error > 0)
    return np.where(error > 0, stdtr(items - 1, t), certain)


def benjamini_yekutieli(p_values: Floats, q: float) -> NDArray[np.bool_]:
    """Which hypotheses are rejected so that the false discovery rate is at most q under any dependence.

    Rejects the k smallest p-values, k the greatest with p_(k) <= k q / (m sum_i 1/i) (Benjamini and Yekutieli 2001,
    theorem 1.3).
    """
    m = p_values.size
    order = np.argsort(p_values, kind="stable")
    rank = np.arange(1, m + 1)
    below = np.flatnonzero(p_values[order] <= rank * q / (m * np.sum(1 / rank))) if m else np.zeros(0, dtype=np.intp)
    rejected = np.zeros(m, dtype=bool)
    rejected[order[: int(below.max(initial=-1)) + 1]] = True
    return rejected
