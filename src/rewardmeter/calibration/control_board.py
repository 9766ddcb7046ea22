"""A scorer before and after its control, on items that the fit has not seen: did the dependence go, the signal stay?

May import `comparison`, `types`, `stats` and `calibrator`, `control`, `evidence` of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rewardmeter.calibration.calibrator import Covariate
from rewardmeter.calibration.control import ACCURACY, ControlledStatistic
from rewardmeter.calibration.evidence import Human
from rewardmeter.comparison.measure import Resampling
from rewardmeter.stats.control import ControlRows, HeldOutControl, dependence_estimates, gold_columns, on_scale
from rewardmeter.stats.preference import accuracy_estimates, pair_credits
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.scaling import FEWEST_ITEMS, gain
from rewardmeter.types import FloatArray, IntArray

__all__ = ["controlled_statistics"]


def controlled_statistics(
    human: Human,
    rows: ControlRows,
    held_out: HeldOutControl,
    covariates: Sequence[Covariate],
    logarithmic: Sequence[bool],
    resampling: Resampling,
) -> tuple[ControlledStatistic, ...]:
    """Accuracy of all pairs; by covariate, the dependence, and accuracy where the right answer has more and less."""
    usable = rows.of(held_out.usable)
    preference = human.pairs.probability[held_out.usable]
    margins = np.stack([held_out.before, held_out.after])
    item, gold = human.pairs.item[held_out.usable], gold_columns(usable)
    made = [_accuracy(ACCURACY, "", margins, preference, item, resampling)]
    for one, covariate, log in zip(covariates, usable.covariates, logarithmic, strict=True):
        x = on_scale(covariate, log)
        apart = x[usable.a] - x[usable.b]
        before, after, change = dependence_estimates(
            margins, apart, gold, item, weights=resampling.weights, level=resampling.level
        )
        strict = 1 - (1 - resampling.level) / len(covariates)  # Bonferroni: one of many covariates is found by chance
        tested = dependence_estimates(margins[:1], apart, gold, item, weights=resampling.weights, level=strict)[0]
        shown = len(np.unique(item)) >= FEWEST_ITEMS and (tested.low > 0 or tested.high < 0)
        made.append(ControlledStatistic("dependence", one.spec, before, after, change, shown))
        side = np.sign(apart) * np.sign(preference - 0.5)
        for name, part in (("more", side > 0), ("less", side < 0)):
            made.append(_accuracy(name, one.spec, margins, np.where(part, preference, np.nan), item, resampling))
    return tuple(made)


def _accuracy(
    measure: str,
    covariate: str,
    margins: NDArray[np.float64],
    preference: FloatArray,
    item: IntArray,
    resampling: Resampling,
) -> ControlledStatistic:
    """Accuracy with ties ½ before and after, and the paired change, whose interval counts an item that was not seen."""
    level = resampling.level
    before, after = accuracy_estimates(margins, preference, item, ties="half", weights=resampling.weights, level=level)
    credits = pair_credits(margins, preference, ties="half")
    change = _change(credits, item, level)
    return ControlledStatistic(measure, covariate, before, after, change)


def _change(credits: NDArray[np.float64], item: IntArray, level: float) -> Estimate:
    lost, kept = 1 - credits[0], 1 - credits[1]
    seen = gain(lost, kept, item, level=level).estimate
    unseen = -1.0 if seen.value >= 0 else 1.0
    return gain(lost, kept, item, unseen=unseen, level=level).estimate
