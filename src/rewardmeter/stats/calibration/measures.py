"""All calibration statistics of some scorers at once, by id, so that a scorer's pairs are sorted once for all of them.

May import: the files of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from numpy.typing import ArrayLike

from rewardmeter.stats.calibration.binned_error import (
    ece_debiased_of,
    ece_of,
    ece_sweep_of,
    ece_width_of,
    overconfidence_of,
)
from rewardmeter.stats.calibration.gaps import margin_linearity_of, slope_spread_of
from rewardmeter.stats.calibration.proper import brier_of, decomposition_of, nll_of, sharpness_of
from rewardmeter.stats.calibration.ratings import rating_ece_of, rating_recalibration_of
from rewardmeter.stats.calibration.recalibration import recalibration_of
from rewardmeter.stats.calibration.rows import Asked, Rows, TiedMargin, asked, pair_rows, rows
from rewardmeter.stats.calibration.selective import risk_coverage_of
from rewardmeter.stats.calibration.separation import auc_of, confidence_auc_of
from rewardmeter.stats.result import Estimate

__all__ = ["gap_calibration", "pair_calibration", "rating_calibration"]

Measure = Callable[[Sequence[Rows], Asked], dict[str, list[Estimate]]]


def pair_calibration(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    tied: TiedMargin = "half",
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
    only: Collection[str] | None = None,
) -> dict[str, list[Estimate]]:
    """Every ``calibration.…`` statistic of pairs, or ``only`` some: one estimate for each scorer, by id.

    Arguments and errors as in `proper`, ``tied`` as in `binned_error`; what each id means is said where the function
    of its name is.
    """
    scorers, ask = pair_rows(margins, label, item, unit_weights, tied), asked(weights, item, level)
    found: dict[str, list[Estimate]] = {}
    if only is None or "calibration.nll" in only:
        found["calibration.nll"] = nll_of(scorers, ask)
    measures = [(ids, measure) for ids, measure in _OF_PAIRS if only is None or not set(ids).isdisjoint(only)]
    found |= {name: [] for ids, _ in measures for name in ids if only is None or name in only}
    while scorers:
        # One by one, since a scorer keeps what it has sorted.
        one = [scorers.pop(0)]
        for _, measure in measures:
            for name, estimates in measure(one, ask).items():
                if name in found:
                    found[name] += estimates
    return found


def _called(name: str, measure: Callable[[Sequence[Rows], Asked], list[Estimate]]) -> tuple[tuple[str], Measure]:
    return (name,), lambda scorers, ask: {name: measure(scorers, ask)}


_OF_PAIRS: tuple[tuple[tuple[str, ...], Measure], ...] = (
    _called("calibration.brier", brier_of),
    (("calibration.miscalibration", "calibration.discrimination", "calibration.uncertainty"), decomposition_of),
    _called("calibration.ece", ece_of),
    _called("calibration.ece_width", ece_width_of),
    _called("calibration.ece_debiased", ece_debiased_of),
    _called("calibration.ece_sweep", ece_sweep_of),
    _called("calibration.overconfidence", overconfidence_of),
    (("calibration.slope", "calibration.intercept"), recalibration_of),
    _called("calibration.sharpness", sharpness_of),
    _called("calibration.auc", auc_of),
    _called("calibration.confidence_auc", confidence_auc_of),
    (("calibration.aurc", "calibration.excess_aurc"), risk_coverage_of),
)


def rating_calibration(
    prediction: ArrayLike,
    human: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> dict[str, list[Estimate]]:
    """The statistics of predictions on the rating's scale, by id. Arguments and errors as in `ratings`."""
    scorers, ask = rows(prediction, human, item, unit_weights), asked(weights, item, level)
    return {"calibration.rating_ece": rating_ece_of(scorers, ask), **rating_recalibration_of(scorers, ask)}


def gap_calibration(
    scores: ArrayLike,
    human: ArrayLike,
    item: ArrayLike,
    *,
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> dict[str, list[Estimate]]:
    """The statistics of score gaps within items, by id; scales may differ. Arguments and errors as in `gaps`."""
    scorers = rows(scores, human, item, unit_weights, names=("scores", "human"))
    ask = asked(weights, item, level)
    return {**margin_linearity_of(scorers, ask), "calibration.slope_spread": slope_spread_of(scorers, ask)}
