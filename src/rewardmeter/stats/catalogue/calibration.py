"""Statistics of probabilities: does what is said with 80 % happen in 80 %? May import: entry."""

from __future__ import annotations

import math

from rewardmeter.stats.catalogue.entry import Statistic

__all__ = ["CALIBRATION"]

_ROWS = "Scores are probabilities of the event (a is better, the response is correct); labels are 0, 1 or a share."

CALIBRATION: tuple[Statistic, ...] = (
    Statistic(
        "calibration.nll",
        "Log-loss",
        "Mean negative log-likelihood of what happened, in nats; less is better.",
        "mean of −(y log p + (1 − y) log(1 − p))",
        _ROWS,
        "Good 1952 (logarithmic score)",
        "One certainty that proves wrong makes it infinite, unless probabilities are clipped, and then the clip"
        " decides. 0.693 is saying ½ throughout.",
        low=0.0,
        high=math.inf,
        computed_by="reliability.log_loss",
    ),
    Statistic(
        "calibration.brier",
        "Brier score",
        "Mean squared difference of probability and label; less is better.",
        "mean of (y − p)²",
        _ROWS,
        "Brier 1950, in the form for one event",
        "Mixes calibration with how well the cases are told apart: a constant at the base rate is perfectly"
        " calibrated and has base rate · (1 − base rate).",
        low=0.0,
        computed_by="reliability.brier_score",
    ),
    Statistic(
        "calibration.ece",
        "Expected calibration error",
        "Mean distance of mean probability and frequency over bins of probability; less is better.",
        "Σ over bins of share of rows · |mean label − mean probability|, 15 bins of equal width or equal mass",
        f"{_ROWS} Rows within a bin are alike.",
        "Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599, eq. 3; equal mass: Nixon et al. 2019, arXiv 1904.01685",
        "Depends on the bins, and is biased upwards where they hold few rows. A constant at the base rate has 0.",
        low=0.0,
        computed_by="reliability.expected_calibration_error",
    ),
)
