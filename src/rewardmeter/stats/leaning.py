"""Does a judge lean to one side of its pairs (the first, the longer, its own) more than people do?

Every pair has a side of interest. A judge's credit for it is 1 where it takes that side, 0 where it takes the other, ½
for a tie; people's likewise. May import `cells`, `clustered_regression`,
`credits`, `influence`, `intervals`, `result`, `significance`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats
from rewardmeter.stats.clustered_regression import clustered_least_squares
from rewardmeter.stats.credits import mean_estimates, stretched
from rewardmeter.stats.influence import item_standard_error
from rewardmeter.stats.intervals import check_level, normal_interval
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.significance import preference_tests

__all__ = ["Leaning", "leaning", "sign_test", "signed_mean"]

_GAP_METHOD = "infinitesimal jackknife over items, normal on the inverse hyperbolic tangent"


@dataclass(frozen=True, slots=True)
class Leaning:
    """How a judge's choice of a side compares with people's.

    Attributes
    ----------
    excess:
        Judge's share less people's share, in [-1, 1].
    judge_share, gold_share:
        The two shares.
    accuracy_for, accuracy_against:
        Share of right choices where people take the side, and where they take the other; ties count half.
    accuracy_gap:
        The first less the second, in [-1, 1]; undefined where people always take the same side.
    p:
        The greater p of two tests, of the excess and of the gap; see `leaning`.
    """

    excess: Estimate
    judge_share: Estimate
    gold_share: Estimate
    accuracy_for: Estimate
    accuracy_against: Estimate
    accuracy_gap: Estimate
    p: float


def leaning(
    judge: ArrayLike,
    gold: ArrayLike,
    cluster: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Leaning:
    """Compare a judge's choices of a side with people's.

    The excess alone proves nothing where people take one side more often than the other: a judge that errs at random
    is pulled to ½. So the gap of the accuracies (equality of opportunity; Saito et al. 2023 for the longer response,
    Wataoka et al. 2024 for a judge's own) must be shown as well, in the same direction, and p is the
    greater of the two: the sign test over items of the excess, and the test of the gap with items as clusters.

    Parameters
    ----------
    judge, gold:
        (P,) credits 0, ½ or 1 for the side; NaN leaves the pair out.
    cluster:
        (P,) item of each pair, from 0 up.
    weights:
        As in `mean_estimates`; None gives no intervals.
    level, seed:
        Of the intervals, and of the sign test where it is not exact.

    Returns
    -------
    Everything over the pairs with both credits; accuracies over those that people have decided. p is NaN where the
    accuracies cannot be compared.

    Raises
    ------
    ValueError
        Shapes that do not fit, or credits outside [0, 1].
    """
    chosen, truth, item = _checked(judge, gold, cluster)
    shares = mean_estimates(np.stack([chosen, truth]), item, weights=weights, level=level)
    right = np.stack([np.where(truth == 1, chosen, np.nan), np.where(truth == 0, 1 - chosen, np.nan)])
    accuracy = mean_estimates(right, item, weights=weights, level=level)
    gap, p_gap = _gap(right, item, level)
    excess = signed_mean(chosen - truth, item, weights=weights, level=level)
    p = sign_test(chosen, truth, item, seed=seed)
    p = 1.0 if gap.value * excess.value < 0 else max(p, p_gap)
    if math.isnan(p_gap):
        p = math.nan
    gap = gap if weights is not None else replace(gap, low=math.nan, high=math.nan, method="none")
    return Leaning(excess, shares[0], shares[1], accuracy[0], accuracy[1], gap, p)


def signed_mean(
    values: ArrayLike, cluster: ArrayLike, *, weights: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Mean of values in [-1, 1] with an interval over items: that of a share, stretched to [-1, 1].

    Where all values are 0 there is no variation to learn from. With n items, their chance is at most (1 - share of
    others)^n, so a share above 1 - ((1 - level) / 2)^(1/n) of values that are not 0 is refuted, and with it a mean
    further from 0 than that.

    Parameters and errors are those of `mean_estimates`, for one scorer.
    """
    apart = np.asarray(values, dtype=np.float64)
    (share,) = mean_estimates((apart[None] + 1) / 2, cluster, weights=weights, level=level)
    made = stretched(share)
    present = ~np.isnan(apart)
    if made.low == made.high == 0 and not np.any(apart[present]):
        reach = 1 - ((1 - level) / 2) ** (1 / len(np.unique(np.asarray(cluster)[present])))
        return replace(made, low=-reach, high=reach)
    return made


def sign_test(credits: ArrayLike, others: ArrayLike, cluster: ArrayLike, *, seed: int = 0) -> float:
    """Two-sided p of the sign test over items that the mean credits of two sides are equal; NaN without a shared unit.

    ``credits`` and ``others`` (P,), NaN where a unit does not count; see `preference_tests`.
    """
    both = np.stack([np.asarray(credits, dtype=np.float64), np.asarray(others, dtype=np.float64)])
    if not np.any(~np.isnan(both).any(axis=0)):
        return math.nan
    return float(preference_tests(both, cluster, rng=np.random.default_rng(seed)).p[0, 1])


def _gap(right: Floats, item: NDArray[np.intp], level: float) -> tuple[Estimate, float]:
    """Difference of two rows' means, (2, P) with NaN where a row has none, and the p that it is 0."""
    present = ~np.isnan(right)
    count = present.sum(axis=1)
    n = int(count.sum())
    if not count.all():
        return Estimate(math.nan, level=level, n=n, method="undefined"), math.nan
    mean = np.where(present, right, 0.0).sum(axis=1) / count
    influence = np.where(present, right - mean[:, None], 0.0) / count[:, None]
    _, place = np.unique(item[present.any(axis=0)], return_inverse=True)
    by_item = np.bincount(place, (influence[0] - influence[1])[present.any(axis=0)])
    error = float(item_standard_error(by_item.astype(np.float64)))
    value, p = float(mean[0] - mean[1]), _gap_p(right, item)
    if math.isnan(error):
        return Estimate(value, level=level, n=n, method="none"), math.nan
    if error < 1e-12:  # nothing varies: no interval
        return Estimate(value, level=level, n=n, method="none"), p
    low, high = normal_interval(np.asarray(value), np.asarray(error), check_level(level))
    return Estimate(value, float(low), float(high), level, n, _GAP_METHOD), p


def _gap_p(right: Floats, item: NDArray[np.intp]) -> float:
    """Two-sided p that the two rows have the same mean, with one right and one wrong choice added to each (Agresti and
    Caffo 2000): three choices that are all right do not make a row of 100 worse."""
    for_it, against = (row[~np.isnan(row)] for row in right)
    places = [item[~np.isnan(row)] for row in right]
    credit = np.concatenate([for_it, against, [0.0, 1.0, 0.0, 1.0]])
    side = np.repeat([0.5, -0.5, 0.5, -0.5], [len(for_it), len(against), 2, 2])
    added = int(np.max(item, initial=-1)) + 1 + np.arange(4)
    columns = np.column_stack([np.ones_like(side), side])
    return clustered_least_squares(credit[None], columns, np.concatenate([*places, added]))[0].p(1)


def _checked(judge: ArrayLike, gold: ArrayLike, cluster: ArrayLike) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """The pairs with both credits."""
    chosen, truth = np.asarray(judge, dtype=np.float64), np.asarray(gold, dtype=np.float64)
    item = np.asarray(cluster)
    if chosen.ndim != 1 or chosen.shape != truth.shape or chosen.shape != item.shape:
        raise ValueError(
            f"judge, gold and cluster must be (pairs,) all; got {chosen.shape}, {truth.shape}, {item.shape}"
        )
    for name, credits in (("judge", chosen), ("gold", truth)):
        if not np.all(np.isnan(credits) | np.isin(credits, (0.0, 0.5, 1.0))):
            raise ValueError(f"credits of the {name} must be 0, ½, 1 or NaN")
    used = ~(np.isnan(chosen) | np.isnan(truth))
    return chosen[used], truth[used], item[used].astype(np.intp)
