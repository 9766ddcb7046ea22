"""Does a scorer use its scale? May import `result` of this folder, `comparison`, `stats`, `types`."""

from __future__ import annotations

import math

import numpy as np

from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.comparison.gold import PairGold
from rewardmeter.comparison.measure import Resampling
from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.leaning import signed_mean
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.scale_use import scale_use
from rewardmeter.types import FloatArray, IntArray

__all__ = ["scale_probe"]


def scale_probe(values: FloatArray, item: IntArray, pairs: PairGold | None, resampling: Resampling) -> ScorerProbe:
    """How much of its scale a scorer uses: the share of its commonest score, and, in ``others``, the rest of
    `scale_use` and how often it ties two responses that people have compared, beside how often people tie them.

    It is described, not tested: p is NaN. The null is the share that each score would have if all were equally common.

    Parameters
    ----------
    values:
        (R,) scores, NaN for none.
    item:
        (R,) item of each response.
    """
    says = "how large a part of its scores is one and the same?"
    weights, level = resampling.weights, resampling.level
    use = scale_use(values, item, weights=weights, level=level)
    counts = {"responses": len(values), "unscored": int(np.isnan(values).sum())}
    if not use["commonest"].defined:
        nothing = Estimate(math.nan, level=level, method="undefined")
        reason = "no response has a score"
        return ScorerProbe("scale use", "judge", "share", says, nothing, bad="greater", counts=counts, reason=reason)
    others = {name: one for name, one in use.items() if name != "commonest"}
    if pairs is not None:
        others |= _ties(values, pairs, resampling)
    return ScorerProbe(
        "scale use",
        "judge",
        "share",
        f"{says} Here {use['commonest'].detail['rating']:g}, of {use['distinct'].value:,.0f} different ones",
        use["commonest"],
        1 / use["distinct"].value,
        "greater",
        others,
        counts,
    )


def _ties(values: FloatArray, pairs: PairGold, resampling: Resampling) -> dict[str, Estimate]:
    margin = values[pairs.a] - values[pairs.b]
    tied = np.where(np.isnan(margin), np.nan, margin == 0)
    gold = np.where(np.isnan(margin), np.nan, pairs.probability == 0.5)
    weights, level = resampling.weights, resampling.level
    if not np.any(~np.isnan(margin)):
        return {}
    ours, theirs = mean_estimates(np.stack([tied, gold]), pairs.item, weights=weights, level=level)
    excess = signed_mean(tied - gold, pairs.item, weights=weights, level=level)
    return {"tie_share": ours, "gold_tie_share": theirs, "tie_excess": excess}
