"""Statistics of raters: agreement, ceilings, rater models, variance components. May import: entry."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rewardmeter.stats.catalogue.entry import Statistic

__all__ = ["HUMAN"]


def _alphas() -> Iterator[Statistic]:
    for metric, difference, assumption in (
        ("nominal", "0 if equal, else 1", "Labels have no order."),
        ("ordinal", "(difference of the mid-ranks among all judgments)²", "Labels have an order and nothing more."),
        ("interval", "(c − k)²", "Equal steps of the scale mean the same."),
        ("ratio", "((c − k) / (c + k))²", "The scale has a zero and values are at least 0."),
    ):
        yield Statistic(
            f"human.krippendorff_alpha_{metric}",
            f"Krippendorff's α, {metric}",
            "Agreement of any number of raters, each of whom may judge any part: one minus the disagreement within what"
            " was judged over the disagreement among all judgments. 1 is perfect; negative values are shown.",
            f"1 − D_o / D_e, with the squared difference of two values {difference}",
            f"{assumption} Who judged what is by chance.",
            "Krippendorff 2011, Computing Krippendorff's alpha-reliability",
            "Where nearly all judgments are one value, it is low however well raters agree. Low α need not mean bad"
            " gold: the mean of many raters can be reliable.",
            chance=0.0,
            computed_by="humans.krippendorff.krippendorff_alpha",
        )


def _kappas() -> Iterator[Statistic]:
    for name, label, weight in (
        ("", "", "0 if equal, else 1"),
        ("_linear", ", linear weights", "|c − k|"),
        ("_quadratic", ", quadratic weights", "(c − k)²"),
    ):
        yield Statistic(
            f"human.cohen_kappa{name}",
            f"Cohen's κ{label}",
            "Agreement of two raters beyond what their own shares of the labels would give by chance.",
            f"1 − Σ_u d(x_u, y_u) / n / Σ_c Σ_k p_c q_k d(c, k), d = {weight}",
            "The same two raters throughout; chance means independent labels at each rater's own rates.",
            "Cohen 1960" if not name else "Cohen 1968",
            "Low where one label is rare; not comparable between data with different shares of labels."
            + ("" if not name else " Depends on the weights: quadratic ones forgive neighbours."),
            chance=0.0,
            computed_by="humans.kappa.cohen_kappa",
        )
    yield Statistic(
        "human.fleiss_kappa",
        "Fleiss' κ",
        "Agreement beyond chance where each unit has equally many judgments, not always by the same raters.",
        "(P − P_e) / (1 − P_e), P the mean share of agreeing pairs of raters, P_e = Σ_c p_c²",
        "Raters are interchangeable; labels have no order.",
        "Fleiss 1971",
        "Low where one label is rare, however well raters agree.",
        chance=0.0,
        computed_by="humans.kappa.fleiss_kappa",
    )


def _intraclass() -> Iterator[Statistic]:
    one = {
        "1": ("(b − w) / (b + (k − 1) w)", "raters of its own for each unit"),
        "2": ("(b − e) / (b + (k − 1) e + k (j − e) / n)", "raters a sample, absolute agreement"),
        "3": ("(b − e) / (b + (k − 1) e)", "these very raters, consistency"),
    }
    mean = {"1": "(b − w) / b", "2": "(b − e) / (b + (j − e) / n)", "3": "(b − e) / b"}
    for form, (formula, meaning) in one.items():
        for raters in ("1", "k"):
            what = "one rating" if raters == "1" else "the mean of the k raters"
            yield Statistic(
                f"human.icc_{form}_{raters}",
                f"ICC({form},{raters})",
                f"Share of the variance of {what} that lies between what is rated; {meaning}.",
                f"{formula if raters == '1' else mean[form]}, mean squares between units b, within w, of raters j,"
                " residual e",
                "n units each rated by the same number k of raters; normal errors for the interval. Incomplete units"
                " are left out.",
                "Shrout and Fleiss 1979",
                "Depends on how different the rated responses are: the same raters have a lower value on a narrower"
                " set. The six forms answer different questions and can lie far apart.",
                low=-1.0 if (form, raters) in (("1", "1"), ("3", "1")) else -math.inf,
                chance=0.0,
                computed_by="humans.intraclass.intraclass_correlations",
            )


_STAND_INS = (
    Statistic(
        "human.ceiling",
        "Human ceiling",
        "How well one rater predicts what the others say, on the statistic that scorers are judged by; mean over"
        " raters.",
        "mean over raters r of statistic(ratings of r, mean of the others' ratings)",
        "Raters are exchangeable; those who judged little stand in for each other by position.",
        "leave-one-rater-out, a custom of rating studies without a single source",
        "The gold here has one rater fewer than that of the scorers, so it is noisier; a scorer can exceed it without"
        " being better than people, since the mean of many people is more reliable than one.",
        computed_by="humans.ceiling.leave_one_rater_out",
    ),
    Statistic(
        "human.winning_rate",
        "Winning rate",
        "Share of the raters against whom the candidate wins: it agrees with the remaining raters as well, up to ε."
        " From one half on, the candidate may stand in for a rater.",
        "share of raters with H0: P(rater at least as good) − P(candidate at least as good) ≥ ε rejected,"
        " Benjamini–Yekutieli corrected",
        "About 30 items per rater, at least three raters; ε is chosen for the kind of rater (0.1 to 0.2).",
        "Calderon et al. 2025 (alt-test), arXiv 2501.10970, eq. 2",
        "Depends on ε; with few items it is low because nothing can be rejected. Poor raters are easy to beat.",
        low=0.0,
        computed_by="humans.alternative.alternative_annotator_test",
    ),
    Statistic(
        "human.advantage_probability",
        "Advantage probability",
        "Chance that the candidate agrees with the other raters at least as well as a rater drawn at random does.",
        "mean over raters of the share of items with agreement(candidate) ≥ agreement(rater)",
        "At least three raters; agreement is the share of equal labels, or minus the root mean squared difference.",
        "Calderon et al. 2025 (alt-test), arXiv 2501.10970, eq. 3",
        "Ties count as wins, so that it is high where both nearly always agree with the others; rater and candidate can"
        " both have more than ½.",
        low=0.0,
        computed_by="humans.alternative.alternative_annotator_test",
    ),
)

_MODELS = (
    Statistic(
        "human.dawid_skene_accuracy",
        "Dawid–Skene accuracy",
        "Share of a rater's judgments that are expected to be right, by a model that finds the true labels and every"
        " rater's confusion matrix from the labels alone.",
        "Σ_u P(true label of u = what the rater said) / judgments of the rater, by EM",
        "Raters err independently given the true label; each error rate depends on the label only.",
        "Dawid and Skene 1979",
        "Raters who share a bias look accurate: the model takes their consensus for the truth. Rare labels and raters"
        " with few judgments are badly known.",
        low=0.0,
        computed_by="humans.dawid_skene.dawid_skene",
    ),
    Statistic(
        "human.mace_competence",
        "MACE competence",
        "Chance that a rater knows the label and says it, rather than filling in something by a habit of their own.",
        "P(says l) = θ [l is true] + (1 − θ) ξ_l; θ is shown, by variational Bayes or EM",
        "Who does not know answers without looking; raters are independent given the truth.",
        "Hovy et al. 2013 (MACE)",
        "Harsh or lenient raters are not spammers but look like them; the fit can end in a local optimum, so several"
        " starts are taken.",
        low=0.0,
        computed_by="humans.mace.mace",
    ),
    Statistic(
        "human.variance_component",
        "Variance component",
        "How much of the variance of ratings comes from one source: items, systems, raters, their interplay, the rest.",
        "var_f from E[T_f − T_mean] = Σ_g (k_fg − k_0g) var_g + (levels_f − 1) var_residual (Henderson's method I)",
        "Effects are independent draws; what the design cannot tell apart is named.",
        "Henderson 1953; Searle, Casella and McCulloch 1992, section 5.3",
        "Negative estimates mean about 0. With four raters the variance of raters is hardly known.",
        low=-math.inf,
        high=math.inf,
        computed_by="humans.components.rating_components",
    ),
    Statistic(
        "human.generalisability",
        "Generalisability",
        "Share of the variance of system means that is true, when systems are compared with one another, for a planned"
        " number of items and raters.",
        "E ρ² = var_s / (var_s + var_is / items + var_sr / raters + var_residual / (items · m)), m ratings per"
        " response",
        "Planned items and raters are like those at hand.",
        "Cronbach et al. 1972; Brennan 2001, chapters 2 and 4",
        "Only as good as the variance components, and specific to how different these systems are.",
        low=0.0,
        computed_by="humans.projection.system_projection",
    ),
    Statistic(
        "human.dependability",
        "Dependability",
        "As generalisability, when a mean is read by itself: hard items and harsh raters then count as errors too.",
        "Φ = var_s / (var_s + relative error + var_i / items + var_r / raters + var_ir / (items · m))",
        "Planned items and raters are like those at hand.",
        "Cronbach et al. 1972; Brennan 2001, chapters 2 and 4",
        "Low values do not hurt a ranking of systems that all answer the same items.",
        low=0.0,
        computed_by="humans.projection.system_projection",
    ),
)

HUMAN: tuple[Statistic, ...] = (*_alphas(), *_kappas(), *_intraclass(), *_STAND_INS, *_MODELS)
