"""All calibration statistics of some scorers at once, by id, so that a scorer's pairs are sorted once for all of them.

May import: the files of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def pair_calibration(
    margins: ArrayLike,
    label: ArrayLike,
    item: ArrayLike,
    *,
    tied: TiedMargin = "half",
    unit_weights: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> dict[str, list[Estimate]]:
    """Every ``calibration.…`` statistic of pairs: one estimate for each scorer, by id.

    Arguments and errors as in `proper`, ``tied`` as in `binned_error`; what each id means is said where the function
    of its name is.
    """
    scorers, ask = pair_rows(margins, label, item, unit_weights, tied), asked(weights, item, level)
    found = {"calibration.nll": nll_of(scorers, ask), **_of_pairs([], ask)}
    while scorers:
        # One by one, since a scorer keeps what it has sorted.
        for name, estimate in _of_pairs([scorers.pop(0)], ask).items():
            found[name] += estimate
    return found


def _of_pairs(scorers: Sequence[Rows], ask: Asked) -> dict[str, list[Estimate]]:
    return {
        "calibration.brier": brier_of(scorers, ask),
        **decomposition_of(scorers, ask),
        "calibration.ece": ece_of(scorers, ask),
        "calibration.ece_width": ece_width_of(scorers, ask),
        "calibration.ece_debiased": ece_debiased_of(scorers, ask),
        "calibration.ece_sweep": ece_sweep_of(scorers, ask),
        "calibration.overconfidence": overconfidence_of(scorers, ask),
        **recalibration_of(scorers, ask),
        "calibration.sharpness": sharpness_of(scorers, ask),
        "calibration.auc": auc_of(scorers, ask),
        "calibration.confidence_auc": confidence_auc_of(scorers, ask),
        **risk_coverage_of(scorers, ask),
    }


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
