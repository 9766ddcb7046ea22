"""Statistics of predicted ratings and of score gaps within items. May import: entry."""

from __future__ import annotations

import math

from rewardmeter.stats.catalogue.entry import Statistic

__all__ = ["RATING_CALIBRATION"]

_SCALE = "The prediction is the expected human score, on the rating's own scale."
_GAPS = (
    "All pairs of responses to one item, oriented so that the score gap u is not negative; v is the human gap. Scores"
    " may have any scale."
)

RATING_CALIBRATION: tuple[Statistic, ...] = (
    Statistic(
        "calibration.rating_ece",
        "Calibration error of ratings",
        "Mean distance of predicted and human score over 15 bins of equal mass, in points of the rating.",
        "Σ over bins of share of weight · |mean human − mean prediction|, equal predictions in one bin",
        f"{_SCALE} Rows within a bin are alike.",
        "calibration.ece with a mean in place of a probability; compare Gruber and Buettner 2022, arXiv 2203.07835",
        "Biased upwards where bins hold few rows. A score on another scale has its distance from the scale.",
        low=0.0,
        high=math.inf,
        computed_by="calibration.rating_ece_estimates",
    ),
    Statistic(
        "calibration.rating_slope",
        "Slope of ratings",
        "Human points for a point of prediction; 1 is right, below 1 predictions lie too far apart.",
        "b of the least squares line human = a + b · prediction",
        f"{_SCALE} The relation is a line.",
        "Mincer and Zarnowitz 1969",
        "Noise of the scorer lowers it, though order and spread may look right.",
        low=-math.inf,
        high=math.inf,
        chance=0.0,
        computed_by="calibration.rating_recalibration_estimates",
    ),
    Statistic(
        "calibration.rating_intercept",
        "Intercept of ratings",
        "Human score where the prediction is 0; 0 is right where the slope is 1.",
        "a of the least squares line human = a + b · prediction",
        f"{_SCALE} The relation is a line.",
        "Mincer and Zarnowitz 1969",
        "Far from all data where no prediction is near 0.",
        low=-math.inf,
        high=math.inf,
        computed_by="calibration.rating_recalibration_estimates",
    ),
    Statistic(
        "calibration.margin_slope",
        "Slope of gaps",
        "Human points for a point of score gap within an item.",
        "Σ u v / Σ u²",
        _GAPS,
        "Least squares through the origin",
        "In units of the score: not comparable between scorers of different scales.",
        low=-math.inf,
        high=math.inf,
        chance=0.0,
        computed_by="calibration.margin_linearity_estimates",
    ),
    Statistic(
        "calibration.margin_linearity",
        "Margin linearity",
        "Do equal score gaps mean equal human gaps? What a line explains of human gaps, of what any nondecreasing"
        " function of the score gap explains.",
        "(Σ v² − Σ (v − b u)²) / (Σ v² − Σ (v − f(u))²), b the slope of gaps, at least 0, f isotonic, odd, f(0) = 0",
        _GAPS,
        "ours; Pearson's test of linearity (r² against the correlation ratio) with the isotonic regression of Barlow"
        " et al. 1972 for class means",
        "Says nothing of how much either explains (`r2_linear`, `r2_isotonic`). The isotonic fit follows chance, which"
        " lowers it with few pairs (`bias`).",
        low=0.0,
        computed_by="calibration.margin_linearity_estimates",
    ),
    Statistic(
        "calibration.slope_spread",
        "Spread of slopes",
        "How much the human points for a point of score differ from item to item, beyond noise; 0 is right.",
        "τ / b, b = Σ Sxy / Σ Sxx within items, τ² the DerSimonian–Laird variance of the items' slopes",
        "Within an item human scores are a line in the score, with noise of one size for all items.",
        "DerSimonian and Laird 1986, on within-item slopes",
        "Needs three responses to an item. A bent relation looks like spread where items differ in their range of"
        " scores; variances below 0 are shown as 0.",
        low=0.0,
        high=math.inf,
        computed_by="calibration.slope_spread_estimates",
    ),
)
