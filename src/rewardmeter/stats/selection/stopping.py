"""What more labels would gain, and when to stop. May import: `stats.intervals`, `stats.result`.

The rule. A calibrator fitted on M labelled items loses more than the best of its family by an *excess*, which falls as
1 / M (Wilks 1938; van der Vaart 1998, section 5.3). Refitting on resampled items mimics it: what the refits lose under
the fit's own predictions is distributed like what the fit loses under the truth (Efron 1983). With U the upper end of
that and R the items that may still be labelled (budget or pool, whichever ends first), U R / (M + R) is what they would
gain at most. Stop where that is at most the tolerance in each of the last rounds: as in stopping on stabilized
predictions (Bloodgood and Vijay-Shanker 2009), one quiet round may be luck.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.intervals import check_level
from rewardmeter.stats.result import Estimate

__all__ = ["Standing", "Stop", "excess_loss", "left_to_gain", "should_stop"]

Form = Literal["logit", "probability", "squares"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What one round left: the upper end of the excess loss, and how many items are labelled and may still be."""

    excess: float
    labelled: int
    left: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Whether to stop, and why (not)."""

    stop: bool
    reason: str


def excess_loss(fitted: ArrayLike, refitted: ArrayLike, form: Form, *, level: float = 0.95) -> Estimate:
    """How much a fit is expected to lose by having seen few labels.

    Each refit is judged by the fit's own predictions: the mean Kullback-Leibler divergence for logits and
    probabilities, the mean squared difference for ratings. What the family of maps cannot express is not part of it.

    Parameters
    ----------
    fitted:
        (rows,) values of the fit over the pool; NaN rows do not count.
    refitted:
        (refits, rows) values of fits on resampled items; NaN rows where a refit failed.
    form:
        What the values are.
    level:
        The upper end is the quantile at ``level`` of the refits, the lower end 0: a one-sided interval.

    Returns
    -------
    The mean over refits with its interval; undefined where fewer than half of the refits have values.
    """
    centre, draws = np.asarray(fitted, dtype=np.float64), np.asarray(refitted, dtype=np.float64)
    there = ~np.isnan(centre)
    lost = _divergence(centre[there], draws[:, there], form).mean(axis=1) if there.any() else np.empty(0)
    lost = lost[~np.isnan(lost)]
    if 2 * lost.size < max(draws.shape[0], 1):
        return Estimate(math.nan, level=check_level(level), method="undefined")
    high = float(np.quantile(lost, check_level(level)))
    method = f"bootstrap over items, one-sided, {lost.size} refits"
    return Estimate(float(lost.mean()), 0.0, high, level=level, n=int(there.sum()), method=method)


def left_to_gain(excess: float, labelled: int, left: int) -> float:
    """How much less would be lost after ``left`` more items, for an excess that falls as 1 / items."""
    return excess * left / (labelled + left) if left > 0 else 0.0


def should_stop(rounds: Sequence[Standing], tolerance: float, *, quiet: int = 2, least: int = 10) -> Stop:
    """Whether the rule says stop after these rounds, the latest last.

    Parameters
    ----------
    rounds:
        One for each time that labels came in.
    tolerance:
        Loss that is not worth more labels, above 0.
    quiet:
        How many rounds in a row must say so.
    least:
        Labelled items below which no round counts.
    """
    if not (tolerance > 0 and quiet >= 1):
        raise ValueError(f"tolerance and quiet must be above 0; got {tolerance} and {quiet}")
    if rounds and rounds[-1].left <= 0:
        return Stop(True, "no items are left, or the budget is spent")
    still = [left_to_gain(one.excess, one.labelled, one.left) for one in rounds[-quiet:]]
    for back, (one, gain) in enumerate(reversed(list(zip(rounds[-quiet:], still, strict=True)))):
        when = "" if back == 0 else f"{back} round{'s' if back > 1 else ''} ago "
        if one.labelled < least:
            return Stop(False, f"{when}fewer than {least} items were labelled")
        if not gain <= tolerance:
            return Stop(False, f"{when}more labels could gain up to {gain:.3g}, which is more than {tolerance:.3g}")
    if len(still) < quiet:
        return Stop(False, f"{quiet} quiet rounds in a row are needed; so far {len(still)}")
    return Stop(True, f"more labels are expected to gain at most {still[-1]:.3g}, and {tolerance:.3g} is tolerated")


def _divergence(centre: NDArray[np.float64], draws: NDArray[np.float64], form: Form) -> NDArray[np.float64]:
    if form == "squares":
        return (draws - centre) ** 2
    if form == "logit":
        chance = _logistic(centre)
        return _softplus(draws) - _softplus(centre) - chance * (draws - centre)
    p, q = np.clip(centre, 1e-6, 1 - 1e-6), np.clip(draws, 1e-6, 1 - 1e-6)
    return p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))


def _softplus(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.logaddexp(0.0, z)


def _logistic(z: NDArray[np.float64]) -> NDArray[np.float64]:
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1 + small)
