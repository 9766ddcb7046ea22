"""Statistics over single responses: scores against ratings. May import: entry."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from rewardmeter.stats.catalogue.entry import Statistic

__all__ = ["SEGMENT"]


@dataclass(frozen=True, slots=True)
class _Grouping:
    """How a statistic is taken over groups of responses: ending of the id, of the label, words, and when it"
    " misleads."""

    ending: str
    label: str
    how: str
    misleads: str


_POOLED = _Grouping(
    "",
    "pooled",
    "over all judged responses at once",
    "Mixes differences between items with differences between answers to one item: a scorer that only tells easy"
    " prompts from hard ones can score high.",
)
_BY_ITEM = _Grouping(
    ".item",
    "by item",
    "within each item over its responses, then averaged over the items where it is defined",
    "Items with few responses or a constant gold weigh as much as the others or drop out; see the count of"
    " undefined groups.",
)
_BY_SYSTEM = _Grouping(
    ".system",
    "by system",
    "within each system over its items, then averaged over the systems where it is defined",
    "Says how well easy inputs are told from hard ones for one system, not which answer is better.",
)
_GROUPINGS = (_POOLED, _BY_ITEM, _BY_SYSTEM)
_LEVELS = "grouping: Deutsch et al. 2021, arXiv 2104.00054"

_CORRELATIONS: Mapping[str, tuple[str, str, str, str, str, str]] = {
    "pearson": (
        "Pearson",
        "linear correlation of score and human rating",
        "cov(x, y) / (sd(x) sd(y))",
        "A straight line is the relation that matters.",
        "Pearson 1895",
        "A few extreme ratings can make or break it.",
    ),
    "spearman": (
        "Spearman",
        "Pearson correlation of the mid-ranks of score and human rating",
        "pearson(rank(x), rank(y)), ties get their mean rank",
        "Only order matters.",
        "Spearman 1904",
        "Coarse ratings tie often; mid-ranks hide how many pairs carry no information.",
    ),
    "kendall_b": (
        "Kendall τ-b",
        "pairs ordered alike minus pairs ordered unlike, scaled for ties on either side",
        "(C − D) / √((C + D + Th)(C + D + Tm)), with Th pairs tied by people only and Tm by the scorer only",
        "Only order matters; ties carry no information.",
        "Kendall 1945",
        "Punishes a scorer for seeing differences that the ratings are too coarse to show.",
    ),
    "kendall_c": (
        "Kendall τ-c",
        "pairs ordered alike minus pairs ordered unlike, scaled by what a table with as many rows and columns as there"
        " are distinct values could reach",
        "2 m (C − D) / (n² (m − 1)), m the smaller number of distinct values of the two sides, n responses",
        "Only order matters; the number of distinct values is a property of the scale, not of the sample.",
        "Stuart 1953",
        "One more distinct value changes m, so that groups of different size are not on one scale.",
    ),
    "concordance": (
        "Lin's concordance",
        "closeness to the line score = rating: correlation, less what a shift or another spread costs",
        "2 cov(x, y) / (var(x) + var(y) + (mean(x) − mean(y))²), variances over n",
        "Scores are in the units of the ratings.",
        "Lin 1989",
        "A scorer on another scale has a value near 0 however well it ranks: calibrate it first.",
    ),
    "kendall_wmt10": (
        "Kendall τ WMT10",
        "pairs ordered alike minus pairs ordered unlike or tied by the scorer, over the pairs that people did not tie",
        "(C − D − Tm) / (C + D + Tm), Tm pairs tied by the scorer only",
        "A tie of the scorer is as wrong as the opposite order.",
        "Callison-Burch et al. 2010 (WMT10)",
        "Coarse scorers are punished for ties; human ties are thrown away.",
    ),
    "kendall_wmt13": (
        "Kendall τ WMT13",
        "pairs ordered alike minus pairs ordered unlike, over the pairs that neither side ties",
        "(C − D) / (C + D)",
        "A tie says nothing, on either side.",
        "Macháček and Bojar 2013 (WMT13); Goodman and Kruskal's gamma",
        "A scorer can win by tying wherever it is unsure: the pairs left over are easy ones.",
    ),
    "kendall_wmt14": (
        "Kendall τ WMT14",
        "pairs ordered alike minus pairs ordered unlike; a tie of the scorer counts 0, and pairs that people tied are"
        " left out",
        "(C − D) / (C + D + Tm), Tm pairs tied by the scorer only",
        "A tie of the scorer is worth half a right answer.",
        "Macháček and Bojar 2014 (WMT14)",
        "Human ties are thrown away, so that seeing differences where there are none costs nothing.",
    ),
}

_ACC_EQ = Statistic(
    "segment.acc_eq",
    "acc*_eq",
    "Share of response pairs on which scorer and people agree, ties included: a human tie is matched by scores that"
    " differ by at most ε. One ε for all, chosen to maximise the value",
    "mean over groups of (C + T_both) / pairs, with |x_i − x_j| ≤ ε a tie",
    "Human ties are meant as ties. ε is fitted on the same pairs (see the cross-fitted value).",
    "Deutsch et al. 2023, arXiv 2305.14324, eq. 5 and section 5",
    "With many human ties a scorer that always ties does well: compare with the constant scorer, whose value is the"
    " share of tied gold pairs. Fitting ε favours fine-grained scores (Perrella et al. 2024, arXiv 2408.13831).",
    low=0.0,
    computed_by="ties.calibrate_ties",
)
_TIE_AWARE = (
    _ACC_EQ,
    replace(
        _ACC_EQ,
        id="segment.acc_eq_cross_fitted",
        label="acc*_eq cross-fitted",
        definition="acc*_eq with ε fitted on other items: items are split at random into folds, and each fold is judged"
        " at the ε that is best on the rest. The in-sample value less this one is the optimism of fitting",
        formula="mean over groups, each in its fold f, of (C + T_both) / pairs at the ε fitted without f",
        assumptions="Human ties are meant as ties. Pooled and by system, pairs lie within a fold.",
        source="acc_eq: Deutsch et al. 2023, arXiv 2305.14324; cross-fitting: Stone 1974 (cross-validation)",
        misleads="With few items ε differs between folds and the value depends on the split. The constant scorer still"
        " has the share of tied gold pairs.",
        computed_by="ties.cross_fitted_ties",
    ),
    replace(
        _ACC_EQ,
        id="segment.tau_eq",
        label="τ_eq",
        definition="Pairs on which scorer and people agree, ties included, minus the other pairs, over all pairs. At a"
        " given ε, 0 if none is given",
        formula="mean over groups of (C + T_both − D − Th − Tm) / pairs = 2 acc_eq − 1",
        assumptions="Human ties are meant as ties.",
        source="Deutsch et al. 2023, arXiv 2305.14324, eq. 4",
        misleads="At ε = 0 fine-grained scores never tie and lose every pair that people tie. 0 is not chance: the"
        " constant scorer has twice the share of tied gold pairs, less 1.",
        low=-1.0,
        computed_by="ties.tau_eq",
    ),
)

_ROC_AUC = Statistic(
    "segment.roc_auc",
    "ROC AUC",
    "Chance that a response that people marked 1 outscores one that they marked 0, score ties counting half",
    "(C + ½ T) / (n₁ n₀)",
    "The gold is binary.",
    "Hanley and McNeil 1982; Honovich et al. 2022 (TRUE), arXiv 2204.04991",
    "Insensitive to how rare one class is.",
    low=0.0,
    chance=0.5,
    computed_by="classification.roc_auc_estimates",
)
_CURVES = (
    _ROC_AUC,
    replace(
        _ROC_AUC,
        id="segment.average_precision",
        label="Average precision",
        definition="Mean, over the responses that people marked 1, of the share of 1s among all responses that score at"
        " least as much: the area under the steps of the precision-recall curve",
        formula="Σ over positives of precision(at its score) / n₁; equal scores are called together",
        source="Davis and Goadrich 2006; scikit-learn, average_precision_score",
        misleads="A scorer that knows nothing has the share of 1s: values from data with another share cannot be"
        " compared.",
        chance=float("nan"),
        computed_by="classification.average_precision_estimates",
    ),
)

_OTHERS = (
    *(
        Statistic(
            f"segment.partial_{name}",
            f"Partial {label}",
            f"{label} of what the covariates (system, length, any column) leave unexplained in score and rating, over"
            " all judged responses: is the scorer more than a proxy for them?",
            f"{name}(x − x̂(z), y − ŷ(z)), x̂ and ŷ fitted by least squares on the covariates z, one column per category",
            "The covariates act linearly, and are not themselves what quality consists of.",
            "Pagnoni et al. 2021 (FRANK), arXiv 2104.13346, section 5 (system as covariate)",
            "Holding fixed what quality acts through (a good answer may need length) takes away real agreement."
            + (" Residuals are ranked, not ranks regressed: there is no interval." if name == "spearman" else ""),
            chance=0.0,
            computed_by="partial.partial_correlation",
        )
        for name, label in (("pearson", "Pearson"), ("spearman", "Spearman"))
    ),
    *(
        Statistic(
            f"segment.difference_pearson{grouping.ending}",
            f"Pearson of differences {grouping.label}",
            "Pearson correlation, over all pairs of responses of a group, of the difference in score with the"
            f" difference in rating, all groups together; groups are {groups}: does the scorer say by how much one is"
            " better?",
            "Σ_g n_g Sxy_g / √(Σ_g n_g Sxx_g · Σ_g n_g Syy_g), S the centred sums of group g with n_g responses",
            "Score differences have one meaning across groups.",
            "mt-metrics-eval (pairwise-difference correlation)",
            f"Groups with large differences decide it, and large groups count by their pairs.{more}",
            chance=0.0,
            computed_by="differences.pairwise_difference_pearson",
        )
        for grouping, groups, more in (
            (_POOLED, "one, of all responses", " Pooled it is plain Pearson."),
            (_BY_ITEM, "the items", ""),
            (_BY_SYSTEM, "the systems", " By system it compares answers to different prompts."),
        )
    ),
    Statistic(
        "segment.calibrated_mae",
        "Mean absolute error, calibrated",
        "Mean distance of rating and score once the score is mapped to the scale of the ratings by a map fitted on"
        " other items, in units of the rating; less is better.",
        "mean of |m(x) − y|, m isotonic or linear, fitted by least squares without the item's fold",
        "One map serves all items and systems.",
        "Barlow et al. 1972 (isotonic regression); cross-fitting as in Platt 1999",
        "Where most ratings are alike a scorer that says nothing is close: compare with the constant scorer.",
        low=0.0,
        high=math.inf,
        computed_by="calibrated_error.calibrated_error_estimates",
    ),
)


def _correlations() -> Iterator[Statistic]:
    for name, (label, meaning, formula, assumptions, source, trap) in _CORRELATIONS.items():
        for grouping in _GROUPINGS:
            yield Statistic(
                f"segment.{name}{grouping.ending}",
                f"{label} {grouping.label}",
                f"{label}: {meaning}, {grouping.how}.",
                formula,
                assumptions,
                f"{source}; {_LEVELS}",
                f"{trap} {grouping.misleads}",
                # A scorer that draws at random from few values ties, which counts against it here.
                chance=float("nan") if name == "kendall_wmt10" else 0.0,
                computed_by="correlation.correlate",
            )


def _grouped(entry: Statistic) -> Iterator[Statistic]:
    """The entry for each grouping; its definition is a sentence without its end."""
    for grouping in _GROUPINGS:
        yield replace(
            entry,
            id=entry.id + grouping.ending,
            label=entry.label if entry is _ROC_AUC and grouping is _POOLED else f"{entry.label} {grouping.label}",
            definition=f"{entry.definition}; {grouping.how}.",
            misleads=f"{entry.misleads} {grouping.misleads}",
        )


SEGMENT: tuple[Statistic, ...] = (
    *_correlations(),
    *(made for entry in (*_TIE_AWARE, *_CURVES) for made in _grouped(entry)),
    *_OTHERS,
)
