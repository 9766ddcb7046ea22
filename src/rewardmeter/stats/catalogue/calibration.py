"""Statistics of probabilities: does what is said with 80 % happen in 80 %? May import: entry, rating_calibration."""

from __future__ import annotations

import math

from rewardmeter.stats.catalogue.entry import Statistic
from rewardmeter.stats.catalogue.rating_calibration import RATING_CALIBRATION

__all__ = ["CALIBRATION"]

_PAIRS = (
    "A margin is read as the logit of 'the first response is better': p = 1 / (1 + exp(−margin)); a label y in [0, 1]"
    " counts as y of a pair labelled 1 and 1 − y of one labelled 0."
)
_VERDICT = "The confidence is max(p, 1 − p); a tie in label or margin is half right."
_FIT = (
    "Isotonic regression on the same rows follows chance: it raises the value even of a calibrated scorer, and more"
    " with few pairs; `bias` says by how much at most."
)

CALIBRATION: tuple[Statistic, ...] = (
    Statistic(
        "calibration.nll",
        "Log-loss",
        "Mean negative log-likelihood of what happened, in nats; less is better.",
        "mean of y log(1 + exp(−margin)) + (1 − y) log(1 + exp(margin)), nothing clipped",
        _PAIRS,
        "Good 1952 (logarithmic score)",
        "A margin of 800 on the wrong side costs 800: a few such pairs decide. 0.693 is saying ½ throughout."
        " Programs that clip probabilities print less.",
        low=0.0,
        high=math.inf,
        computed_by="calibration.nll_estimates",
    ),
    Statistic(
        "calibration.brier",
        "Brier score",
        "Mean squared difference of probability and label; less is better.",
        "mean of (y − p)²",
        _PAIRS,
        "Brier 1950, in the form for one event",
        "Mixes calibration with how well the cases are told apart: a constant at the base rate is perfectly"
        " calibrated and has base rate · (1 − base rate).",
        low=0.0,
        computed_by="calibration.brier_estimates",
    ),
    Statistic(
        "calibration.miscalibration",
        "Miscalibration",
        "How much of the Brier score the best nondecreasing map of the margin would remove; less is better.",
        "mean (y − p)² − mean (y − c)², c the isotonic regression of y on the margin",
        f"{_PAIRS} Brier score = miscalibration − discrimination + uncertainty.",
        "Dimitriadis, Gneiting and Jordan 2021 (CORP), PNAS 118(8)",
        _FIT,
        low=0.0,
        computed_by="calibration.brier_decomposition_estimates",
    ),
    Statistic(
        "calibration.discrimination",
        "Discrimination",
        "How far a nondecreasing map of the margin gets the Brier score below a constant's; more is better.",
        "mean (y − mean y)² − mean (y − c)², c the isotonic regression of y on the margin",
        f"{_PAIRS} Brier score = miscalibration − discrimination + uncertainty.",
        "Dimitriadis, Gneiting and Jordan 2021 (CORP), PNAS 118(8)",
        f"{_FIT} A scorer that points the wrong way has 0.",
        low=0.0,
        high=0.25,
        chance=0.0,
        computed_by="calibration.brier_decomposition_estimates",
    ),
    Statistic(
        "calibration.uncertainty",
        "Uncertainty",
        "The Brier score of saying the mean label throughout: a property of the labels, not of the scorer.",
        "mean (y − mean y)²",
        f"{_PAIRS} Brier score = miscalibration − discrimination + uncertainty.",
        "Murphy 1973; Dimitriadis, Gneiting and Jordan 2021",
        "Depends on which response of a pair is named first; it is 0 where all labels are 1.",
        low=0.0,
        high=0.25,
        computed_by="calibration.brier_decomposition_estimates",
    ),
    Statistic(
        "calibration.ece",
        "Expected calibration error",
        "Mean distance of confidence and rightness over 15 bins of equal mass; less is better.",
        "Σ over bins of share of weight · |mean rightness − mean confidence|, equal confidences in one bin",
        f"{_PAIRS} {_VERDICT} Rows within a bin are alike.",
        "Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599, eq. 3; equal mass: Nixon et al. 2019, arXiv 1904.01685",
        "Depends on the bins, and is biased upwards where they hold few rows (`bias` says by about how much). Saying"
        " one's accuracy of every pair has 0.",
        low=0.0,
        computed_by="calibration.ece_estimates",
    ),
    Statistic(
        "calibration.ece_width",
        "Calibration error, equal width",
        "Mean distance of confidence and rightness over ten bins of 0.05 from 0.5 to 1; less is better.",
        "Σ over bins of share of weight · |mean rightness − mean confidence|, upper ends included",
        f"{_PAIRS} {_VERDICT} Rows within a bin are alike.",
        "Guo et al. 2017, arXiv 1706.04599, eq. 3",
        "Most pairs may lie in one or two bins, and single pairs fill others.",
        low=0.0,
        computed_by="calibration.ece_width_estimates",
    ),
    Statistic(
        "calibration.ece_debiased",
        "Calibration error, debiased",
        "Root mean square distance of confidence and rightness over 15 bins of equal mass, chance taken out.",
        "√max(0, Σ over bins of share · mean product of (rightness − confidence) of two different items of the bin)",
        f"{_PAIRS} {_VERDICT} Items are independent.",
        "Kumar et al. 2019, arXiv 1909.10155, definition 5.2; Ferro and Fricker 2012; interval after Sun et al. 2024",
        "The square is unbiased for these bins, its root is not; a square below 0 is shown as 0. Squares weigh great"
        " gaps more: it is not comparable with the other calibration errors.",
        low=0.0,
        computed_by="calibration.ece_debiased_estimates",
    ),
    Statistic(
        "calibration.ece_sweep",
        "Calibration error, sweep",
        "Calibration error with as many bins of equal mass as keep the mean rightness from falling.",
        "as calibration.ece; bins: the greatest number before which no mean falls from bin to bin, at most 1,000",
        f"{_PAIRS} {_VERDICT} Truly, rightness does not fall as confidence grows.",
        "Roelofs et al. 2022, arXiv 2012.08668",
        "Where confidence says nothing of rightness one bin is left, and the value is |calibration.overconfidence|.",
        low=0.0,
        computed_by="calibration.ece_sweep_estimates",
    ),
    Statistic(
        "calibration.overconfidence",
        "Overconfidence",
        "Mean confidence less mean rightness; above 0 margins are too great on the whole, below 0 too small.",
        "mean of max(p, 1 − p) − rightness",
        f"{_PAIRS} {_VERDICT}",
        "Lichtenstein and Fischhoff 1977 (over- and underconfidence)",
        "Too much here and too little there cancel.",
        low=-0.5,
        computed_by="calibration.overconfidence_estimates",
    ),
    Statistic(
        "calibration.slope",
        "Calibration slope",
        "By how much a margin is to be multiplied to be right; 1 is right, below 1 margins are too great.",
        "b of the logistic regression logit P(label) = a + b · margin",
        f"{_PAIRS} The true logit is a line in the margin.",
        "Cox 1958; Miller, Hui and Tierney 1991",
        "Undefined where margins separate the labels perfectly: then no slope is too steep. A bent relation may have"
        " the slope 1.",
        low=-math.inf,
        high=math.inf,
        chance=0.0,
        computed_by="calibration.recalibration_estimates",
    ),
    Statistic(
        "calibration.intercept",
        "Calibration intercept",
        "By how many logits the first response is preferred at equal scores; 0 is right.",
        "a of the logistic regression logit P(label) = a + b · margin",
        f"{_PAIRS} The true logit is a line in the margin.",
        "Cox 1958; Miller, Hui and Tierney 1991",
        "Fitted together with the slope (calibration in the large holds the slope at 1). It is the data's, not the"
        " scorer's, where the better response is named first more often.",
        low=-math.inf,
        high=math.inf,
        computed_by="calibration.recalibration_estimates",
    ),
    Statistic(
        "calibration.sharpness",
        "Sharpness",
        "How far probabilities are spread: their variance. More is better among calibrated scorers, and only there.",
        "mean (p − mean p)²; `confidence` is the mean of max(p, 1 − p)",
        _PAIRS,
        "Gneiting, Balabdaoui and Raftery 2007",
        "Multiplying all margins by 100 makes any scorer sharp.",
        low=0.0,
        high=0.25,
        computed_by="calibration.sharpness_estimates",
    ),
    Statistic(
        "calibration.auc",
        "AUC of the margin",
        "How often a pair whose first response is better has a greater margin than one whose second is, ties half.",
        "P(margin | label 1 > margin | label 0) + ½ P(equal)",
        f"{_PAIRS} Pairs as they are oriented.",
        "Hanley and McNeil 1982; interval after DeLong et al. 1988, clustered by item",
        "Compares margins of different items; undefined where the better response is always named first.",
        low=0.0,
        chance=0.5,
        computed_by="calibration.auc_estimates",
    ),
    Statistic(
        "calibration.confidence_auc",
        "AUC of confidence",
        "How often a right verdict has more confidence than a wrong one, ties half.",
        "P(|margin| of a right verdict > |margin| of a wrong one) + ½ P(equal)",
        f"{_PAIRS} {_VERDICT}",
        "Hendrycks and Gimpel 2017, arXiv 1610.02136",
        "Does not compare scorers of different accuracy: each is asked about its own mistakes.",
        low=0.0,
        chance=0.5,
        computed_by="calibration.confidence_auc_estimates",
    ),
    Statistic(
        "calibration.aurc",
        "Area under risk–coverage",
        "Mean error of the most confident verdicts, over all numbers of verdicts given; less is better.",
        "mean over k = 1..n of the error of the k most confident verdicts; equal confidences in random order",
        f"{_PAIRS} {_VERDICT}",
        "El-Yaniv and Wiener 2010; Geifman, Uziel and El-Yaniv 2019, arXiv 1805.08206",
        "Mostly the error rate: compare calibration.excess_aurc too.",
        low=0.0,
        computed_by="calibration.risk_coverage_estimates",
    ),
    Statistic(
        "calibration.excess_aurc",
        "Excess area under risk–coverage",
        "Area under risk–coverage beyond that of the same verdicts in the best order; 0 abstains on mistakes first.",
        "calibration.aurc − calibration.aurc of the verdicts ordered by rightness",
        f"{_PAIRS} {_VERDICT}",
        "Geifman, Uziel and El-Yaniv 2019, arXiv 1805.08206",
        "Still grows with the error rate.",
        low=0.0,
        computed_by="calibration.risk_coverage_estimates",
    ),
    *RATING_CALIBRATION,
)
