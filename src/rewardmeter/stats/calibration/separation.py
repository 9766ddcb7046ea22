"""How well margins tell the better response, and confidences the right verdicts: areas under ROC curves.

Arguments, results and errors as in `proper`, ``tied`` as in `binned_error`. May import: result, rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.calibration.rows import (
    Asked,
    Floats,
    Rows,
    Runs,
    TiedMargin,
    asked,
    bounded,
    no_value,
    pair_rows,
)
from rewardmeter.stats.result import Estimate

__all__ = ["auc_estimates", "confidence_auc_estimates"]


def auc_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.auc``: P(margin of a pair labelled 1 above that of a pair labelled 0) + P(equal) / 2, in [0, 1].

    Pairs as they are oriented, which matters: turned so that all labels are 1 there is nothing to tell apart, and the
    value is undefined (one class). A label y counts as y of a pair labelled 1 and 1 - y of one labelled 0, so that
    ties pull towards 0.5. The interval is normal on the logit with an error from the infinitesimal jackknife over
    items, for independent pairs that of DeLong et al. 1988 up to terms of order 1/n.
    """
    return auc_of(pair_rows(margins, label, item, unit_weights), asked(weights, item, level))


def auc_of(scorers: Sequence[Rows], ask: Asked) -> list[Estimate]:
    reason = "labels of one class only"
    return [
        _area(row, row.by_score, row.truth, ask, reason) if row.n else no_value(row, ask, "no pairs") for row in scorers
    ]


def confidence_auc_estimates(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    tied: TiedMargin = "half",
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """``calibration.confidence_auc``: P(confidence of a right verdict above that of a wrong one) + P(equal) / 2.

    Confidences are ranked by |margin|. A verdict that is half right (a tie in the label or the margin) counts as half a
    right and half a wrong one. 0.5 where confidence says nothing; undefined where all verdicts are right or all wrong.
    Hendrycks and Gimpel 2017. The interval is as in `auc_estimates`.
    """
    return confidence_auc_of(pair_rows(margins, label, item, unit_weights, tied), asked(weights, item, level))


def confidence_auc_of(scorers: Sequence[Rows], ask: Asked) -> list[Estimate]:
    reason = "verdicts are all right or all wrong"
    return [
        _area(row, row.by_confidence, row.right, ask, reason) if row.n else no_value(row, ask, "no pairs")
        for row in scorers
    ]


def _area(row: Rows, runs: Runs, positive: Floats, ask: Asked, reason: str) -> Estimate:
    """The area of shares ``positive`` in [0, 1] under a ranking by ``runs``."""
    hits = runs.sums(row.weight * positive)
    misses = runs.sums(row.weight * (1 - positive))
    positives, negatives = float(hits.sum()), float(misses.sum())
    if not (positives > 0 and negatives > 0):
        return no_value(row, ask, reason)
    beaten = (np.cumsum(misses) - misses / 2) / negatives
    beating = 1 - (np.cumsum(hits) - hits / 2) / positives
    value = float(hits @ beaten) / positives
    if ask.weights is None:
        return Estimate(value, level=ask.level, n=row.n)
    influence = positive * runs.spread((beaten - value) / positives)
    influence += (1 - positive) * runs.spread((beating - value) / negatives)
    return bounded(row, ask, value, influence)
