"""What a control does to pairs that its fit has not seen.

May import: `fit`, `rows`, `stats.resampling`, `stats.scaling.cross`, `stats.scaling.records`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rewardmeter.stats.control.fit import DEGREES, PENALTIES, correction, fit_control
from rewardmeter.stats.control.rows import ControlRows, Indices, Mask
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.scaling.cross import Gain, gain
from rewardmeter.stats.scaling.records import Floats

__all__ = ["HeldOutControl", "cross_fit_control"]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutControl:
    """Margins of the usable pairs before and after a control that was fitted on other items.

    Attributes
    ----------
    usable: bool (P,), which pairs these are; the arrays below have one value for each, (U,).
    before, after: margins.
    error_without, error_with: squared errors of margins as they are predicted from the gold, and from gold and
        covariates.
    """

    usable: Mask
    before: Floats
    after: Floats
    error_without: Floats
    error_with: Floats

    def explained(self, item: Indices, level: float = 0.95) -> Gain:
        """Which share of what the gold leaves open in margins the covariates predict: 0 for nothing, at most 1.

        ``item`` (U,). Below 0 where they predict less than nothing: the fit has followed noise.
        """
        unit = float(self.error_without.mean()) if self.error_without.size else 1.0
        unit = unit if unit > 0 else 1.0
        return gain(self.error_without / unit, self.error_with / unit, item, level=level)


def cross_fit_control(
    rows: ControlRows,
    logarithmic: Sequence[bool],
    *,
    degrees: int = DEGREES,
    penalties: Sequence[float] = PENALTIES,
    folds: int = 5,
    rng: np.random.Generator | None = None,
) -> HeldOutControl:
    """Fit on the other folds' items and look at each fold; penalty and knots are chosen without it, too.

    Parameters
    ----------
    rows, logarithmic, degrees, penalties:
        As for `fit_control`.
    folds:
        How many, at least 2; at most one for each item.
    rng:
        Draws the folds; None for a generator of seed 0.

    Raises
    ------
    ValueError
        Fewer than two items with usable pairs; whatever `fit_control` raises.
    """
    usable = rows.usable()
    rows = rows.of(usable)
    group = np.unique(rows.item, return_inverse=True)[1]
    items = int(group.max(initial=-1)) + 1
    if items < 2:
        raise ValueError(f"held-out pairs need two items or more with usable pairs; there are {items}")
    rng = np.random.default_rng(0) if rng is None else rng
    fold = item_folds(items, min(folds, items), rng)[group]
    before = rows.margin
    after, without, within = before.copy(), before.copy(), before.copy()
    for k in range(int(fold.max()) + 1):
        train, test = rows.of(fold != k), rows.of(fold == k)
        blind = fit_control(train.without_covariates(), (), degrees=degrees, penalties=penalties)
        made = fit_control(train, logarithmic, degrees=degrees, penalties=penalties)
        moved = correction(made.curves, test.covariates)
        after[fold == k] -= moved[test.a] - moved[test.b]
        without[fold == k] -= blind.margin(test.without_covariates())
        within[fold == k] -= made.margin(test)
    return HeldOutControl(usable, before, after, np.square(without), np.square(within))
