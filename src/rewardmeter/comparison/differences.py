"""Which scorers can be told apart: tests between all pairs on the ranking statistic, and significance clusters.

May import `types`, `dataset` and `stats`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rewardmeter.comparison.case import Case
from rewardmeter.comparison.gold import RatingGold
from rewardmeter.stats.best_of_k import group_credits
from rewardmeter.stats.preference import pair_credits
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.significance import PairwiseTests, all_pairs, preference_tests, significance_clusters
from rewardmeter.stats.significance.multiplicity import Correction
from rewardmeter.types import FloatArray, IntArray

__all__ = ["ALPHA", "Differences", "differences"]

ALPHA = 0.05


@dataclass(frozen=True, eq=False)
class Differences:
    """All-pairs tests of the scorers on the ranking statistic.

    Attributes
    ----------
    cluster:
        (K,) 1 for the best cluster; 0 where the statistic is undefined.
    p_adjusted:
        (K, K) two-sided p-values after correction; NaN where there is no test.
    method, correction:
        How it was tested and corrected, in words.
    """

    cluster: IntArray
    p_adjusted: FloatArray
    method: str
    correction: str


def differences(
    statistic: str, estimates: Sequence[Estimate | None], case: Case, *, draws: int, seed: int
) -> Differences | None:
    """Test every scorer against every other; None where the statistic has no test or there is only one scorer.

    Parameters
    ----------
    statistic:
        Id of the ranking statistic.
    estimates:
        One per scorer; acc_eq is tested at each scorer's own ε from there.
    draws:
        Random draws of the tests that are not exact; 0 for no tests.
    """
    values, pairs, groups, evidence = case.values, case.gold.pairs, case.groups, case.evidence
    if len(values) < 2 or draws < 1:
        return None
    rng = np.random.default_rng(seed)
    tests: PairwiseTests | None = None
    if case.gold.ratings is not None and statistic.startswith(("segment.", "system.")):
        tests = _rating_tests(statistic, estimates, values, case.gold.ratings, draws, rng)
    elif groups is not None and statistic in ("pair.best_of_k", "pair.best_of_k_strict"):
        strict = statistic.endswith("strict")
        credits = group_credits(values[:, groups.response], groups.offsets, groups.best, strict=strict)
        tests = preference_tests(credits, case.group_item, rng=rng)
    elif pairs is not None and evidence is not None and statistic in ("pair.accuracy", "pair.accuracy_half_ties"):
        half = statistic.endswith("half_ties")
        margins = evidence.scored if half else evidence.judged
        credits = pair_credits(margins, pairs.probability, ties="half" if half else "wrong")
        tests = preference_tests(credits, pairs.item, rng=rng)
    if tests is None:
        return None
    point = np.array([np.nan if estimate is None else estimate.value for estimate in estimates])
    # Drawn p-values have a floor of 1 / (draws + 1), under which Holm finds nothing among hundreds of pairs.
    drawn = bool(np.any(tests.resamples > 0))
    correction: Correction = "benjamini-hochberg" if drawn else "holm"
    clusters = significance_clusters(point, tests, level=ALPHA, correction=correction)
    return Differences(clusters.rank.astype(np.int32), clusters.p, tests.method, correction)


def _rating_tests(
    statistic: str,
    estimates: Sequence[Estimate | None],
    values: FloatArray,
    ratings: RatingGold,
    draws: int,
    rng: np.random.Generator,
) -> PairwiseTests | None:
    layout = ratings.systems if "system" in statistic else ratings.cells
    if layout is None:
        return None
    gold = layout.spread(ratings.value)
    rated = ~np.all(np.isnan(gold), axis=0)
    epsilon = [0.0 if e is None else float(np.nan_to_num(e.detail.get("epsilon", 0.0))) for e in estimates]
    try:
        return all_pairs(
            layout.spread(values)[:, :, rated],
            gold[:, rated],
            statistic=statistic,
            rng=rng,
            resamples=draws,
            epsilon=np.array(epsilon),
            # Swapping the pairs of an item one by one, as WMT does, rejects true nulls two to four times too often.
            verdicts="items",
        )
    except ValueError:
        if statistic in ("segment.roc_auc", "segment.acc_eq.item") or statistic.startswith("segment.pearson"):
            raise  # these always have a test; the error is ours
        return None
