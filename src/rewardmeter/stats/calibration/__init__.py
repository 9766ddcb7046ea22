"""Does a score mean what it says? Margins as logits against labels, predictions and gaps against human ones.

`measures` computes all statistics at once, the other files each kind. May import: numpy, scipy (inside functions) and
`stats`.
"""

from rewardmeter.stats.calibration.binned_error import (
    ece_debiased_estimates,
    ece_estimates,
    ece_sweep_estimates,
    ece_width_estimates,
    overconfidence_estimates,
)
from rewardmeter.stats.calibration.diagram import (
    MarginHistogram,
    ReliabilityDiagram,
    margin_histograms,
    reliability_diagrams,
)
from rewardmeter.stats.calibration.gaps import (
    GapBins,
    gap_bins,
    margin_linearity_estimates,
    slope_spread_estimates,
)
from rewardmeter.stats.calibration.measures import gap_calibration, pair_calibration, rating_calibration
from rewardmeter.stats.calibration.proper import (
    brier_decomposition_estimates,
    brier_estimates,
    logit_losses,
    nll_estimates,
    sharpness_estimates,
)
from rewardmeter.stats.calibration.ratings import (
    ResidualBins,
    rating_ece_estimates,
    rating_recalibration_estimates,
    residual_bins,
)
from rewardmeter.stats.calibration.recalibration import recalibration_estimates
from rewardmeter.stats.calibration.rows import TiedMargin
from rewardmeter.stats.calibration.selective import RiskCoverage, risk_coverage_curves, risk_coverage_estimates
from rewardmeter.stats.calibration.separation import auc_estimates, confidence_auc_estimates

__all__ = [
    "GapBins",
    "MarginHistogram",
    "ReliabilityDiagram",
    "ResidualBins",
    "RiskCoverage",
    "TiedMargin",
    "auc_estimates",
    "brier_decomposition_estimates",
    "brier_estimates",
    "confidence_auc_estimates",
    "ece_debiased_estimates",
    "ece_estimates",
    "ece_sweep_estimates",
    "ece_width_estimates",
    "gap_bins",
    "gap_calibration",
    "logit_losses",
    "margin_histograms",
    "margin_linearity_estimates",
    "nll_estimates",
    "overconfidence_estimates",
    "pair_calibration",
    "rating_calibration",
    "rating_ece_estimates",
    "rating_recalibration_estimates",
    "recalibration_estimates",
    "reliability_diagrams",
    "residual_bins",
    "risk_coverage_curves",
    "risk_coverage_estimates",
    "sharpness_estimates",
    "slope_spread_estimates",
]
