"""Illusions of grouping: how much of a pooled correlation is about the items, or about who wrote a response.

A scorer that sees the source alone cannot rank translations of it, and still correlates with ratings pooled over
sources (Perrella et al. 2024, the sentinels); a metric can follow the system and nothing else (Pagnoni et al. 2021,
FRANK).

May import `comparison`, `dataset`, `stats`, `types` and `evidence`, `result` of this folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np

from rewardmeter.auditing.evidence import Evidence
from rewardmeter.auditing.fisher import fisher_p
from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.comparison.gold import RatingGold
from rewardmeter.comparison.measure import Resampling
from rewardmeter.stats.correlation import correlation_estimates
from rewardmeter.stats.partial import partial_correlation_estimates
from rewardmeter.stats.result import Estimate, undefined
from rewardmeter.types import FloatArray, IntArray

__all__ = ["LITTLE", "between_items_share", "grouping_probes"]

LITTLE = 0.1
"""A correlation below this is small by convention (Cohen 1988, section 3.2): a scorer that is shown to lie below it
says little of what people said."""


def grouping_probes(evidence: Evidence, resampling: Resampling) -> list[list[ScorerProbe]]:
    """For each scorer two probes against ratings; none where there are no ratings.

    ``by item``: Pearson's r among the responses to an item, averaged. ``others``: the same pooled, and the share of the
    pooled covariance that lies between items, where nothing is ranked against anything that answers the same.
    ``given the system``: Pearson's r pooled, the system held fixed. ``others``: the same without holding it fixed.
    Both are tested against `LITTLE`.
    """
    ratings = evidence.case.gold.ratings
    if ratings is None:
        return [[] for _ in evidence.contenders]
    scores, human = ratings.cells.spread(evidence.case.values), ratings.cells.spread(ratings.value)
    pooled, by_item = (
        correlation_estimates(
            scores, human, statistic="pearson", grouping=grouping, weights=resampling.weights, level=resampling.level
        )
        for grouping in ("pooled", "item")
    )
    made = []
    for k, values in enumerate(evidence.case.values):
        share = between_items_share(values, ratings.value, evidence.dataset.response_item, level=evidence.level)
        others = {"pearson_pooled": pooled[k], "share_between_items": share}
        says = "Pearson's r with the ratings among the responses to an item"
        reason = "" if by_item[k].defined else "the scores or the ratings do not differ within an item"
        made.append(
            [
                _correlation("by item", says, by_item[k], others, reason),
                _given_system(values, ratings, pooled[k], evidence.level),
            ]
        )
    return made


def _given_system(values: FloatArray, ratings: RatingGold, pooled: Estimate, level: float) -> ScorerProbe:
    name, says = "given the system", "Pearson's r with the ratings, the system held fixed"
    layout = ratings.systems
    if layout is None:
        return _correlation(name, says, undefined(level=level), {}, "no system answers each item at most once")
    rows, columns = layout.shape
    system = np.broadcast_to(np.arange(rows, dtype=np.float64)[:, None], (rows, columns))
    made = partial_correlation_estimates(
        layout.spread(values)[None], layout.spread(ratings.value), system, statistic="pearson", level=level
    )[0]
    reason = "" if made.defined else "the system explains the scores or the ratings entirely"
    return _correlation(name, says, made, {"pearson_pooled": pooled}, reason)


def _correlation(name: str, says: str, estimate: Estimate, others: Mapping[str, Estimate], reason: str) -> ScorerProbe:
    return ScorerProbe(
        name,
        "observational",
        "correlation",
        says,
        estimate,
        null=LITTLE,
        bad="less",
        others=others,
        p=fisher_p(estimate, LITTLE),
        reason=reason,
    )


def between_items_share(scores: FloatArray, gold: FloatArray, item: IntArray, *, level: float = 0.95) -> Estimate:
    """Share of the pooled covariance that lies between items, with a jackknife over items.

    The sum of products about the common means is the sum of those of the item means and of those within items (the
    analysis of covariance). 1: the scorer tells items apart and nothing within them. Below 0 or above 1: the two parts
    pull in opposite directions.

    Parameters
    ----------
    scores, gold:
        (R,), NaN where missing.
    item:
        (R,) item of each response, from 0.
    """
    used = ~np.isnan(scores) & ~np.isnan(gold)
    x, y = scores[used], gold[used]
    _, place = np.unique(item[used], return_inverse=True)
    groups = int(place.max(initial=-1)) + 1
    if groups < 3:
        return undefined(len(x), level=level)
    unit = float(np.max(np.abs(x - x.mean()))) or 1.0
    x, y = (x - x.mean()) / unit, y - y.mean()
    count, sum_x, sum_y, sum_xy = (np.bincount(place, w, groups) for w in (np.ones(len(x)), x, y, x * y))
    within = sum_xy - sum_x * sum_y / count
    value = float(_between(count.sum(), sum_x.sum(), sum_y.sum(), sum_xy.sum(), within.sum()))
    if not np.isfinite(value):
        return undefined(len(x), level=level)
    without = _between(*(part.sum() - part for part in (count, sum_x, sum_y, sum_xy, within)))
    error = float(np.sqrt(np.sum((without - value) ** 2) * (groups - 1) / groups))
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    method = "jackknife over items, normal"
    return Estimate(value, value - reach, value + reach, level=level, n=len(x), method=method)


def _between(count: FloatArray, x: FloatArray, y: FloatArray, xy: FloatArray, within: FloatArray) -> FloatArray:
    total = xy - x * y / count
    size = np.abs(xy) + np.abs(x * y / count)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 1 - within / total
    return np.asarray(np.where(np.abs(total) > 1e-12 * size, share, np.nan))
