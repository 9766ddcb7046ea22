"""Statistics over systems: one number per system from the scorer and from people. May import: entry."""

from __future__ import annotations

from rewardmeter.stats.catalogue.entry import Statistic

__all__ = ["SYSTEM"]

_FEW = "Systems are the units; there are usually few of them."
_MEANS = "Means over few items are noisy: the interval can miss the value over all items (docs/results/coverage.md)."

SYSTEM: tuple[Statistic, ...] = (
    Statistic(
        "system.pearson",
        "System Pearson",
        "Pearson of the systems' scores and the systems' human ratings.",
        "cov(x, y) / (sd(x) sd(y)) over systems",
        f"{_FEW} A straight line is the relation that matters.",
        "Mathur et al. 2020, arXiv 2006.06264",
        f"One system far from the rest decides it; with a dozen systems other systems may give quite another value."
        f" {_MEANS}",
        chance=0.0,
        computed_by="system.system_estimates",
    ),
    Statistic(
        "system.spearman",
        "System Spearman",
        "Spearman of the systems' scores and the systems' human ratings: do the rankings of systems agree?",
        "pearson(rank(x), rank(y)) over systems, ties get their mean rank",
        f"{_FEW} Only order matters.",
        "Spearman 1904; Deutsch et al. 2021, arXiv 2104.00054 (system level)",
        "Systems that people cannot tell apart count as much as others; with few systems it takes few values.",
        chance=0.0,
        computed_by="system.system_estimates",
    ),
    Statistic(
        "system.kendall_b",
        "System Kendall τ-b",
        "Kendall τ-b of the systems' scores and the systems' human ratings.",
        "(C − D) / √((C + D + Th)(C + D + Tm)) over pairs of systems",
        f"{_FEW} Only order matters.",
        "Kendall 1945; Deutsch et al. 2021, arXiv 2104.00054 (system level)",
        "Pairs of systems that people cannot tell apart count as much as clear ones; with few systems it takes few"
        " values.",
        chance=0.0,
        computed_by="system.system_estimates",
    ),
    Statistic(
        "system.pairwise_accuracy",
        "System pairwise accuracy",
        "Share of system pairs that the scorer puts in the order in which people put them; a pair tied on both sides is"
        " right, one tied on one side wrong.",
        "agreeing pairs / pairs",
        "Every pair counts, however small the human difference.",
        "Kocmi et al. 2021, arXiv 2107.10821, eq. 1",
        f"Pairs that people cannot tell apart count as much as clear ones. {_MEANS}",
        low=0.0,
        chance=0.5,
        computed_by="system.system_estimates",
    ),
    Statistic(
        "system.significant_pair_accuracy",
        "System pairwise accuracy, significant pairs",
        "Pairwise accuracy over the system pairs that people tell apart for sure (paired permutation test, p ≤ 0.05).",
        "agreeing significant pairs / significant pairs",
        "The ratings are enough to find the differences that matter; the pairs are tested one by one, uncorrected.",
        "Kocmi et al. 2021, arXiv 2107.10821, section 5.2",
        "Easy pairs only: high values are no proof that a scorer can tell close systems apart. More ratings make more"
        " pairs count, so that values from data of different size cannot be compared.",
        low=0.0,
        chance=0.5,
        computed_by="system_ranking.significant_pair_estimates",
    ),
    Statistic(
        "system.soft_pairwise_accuracy",
        "Soft pairwise accuracy",
        "How alike scorer and people are in how sure they are that one system is better: one minus the mean difference"
        " of their one-sided paired permutation p-values over system pairs.",
        "1 − mean over pairs |p_gold − p_scorer|",
        "Items are exchangeable; both sides have segment scores.",
        "Thompson et al. 2024, arXiv 2409.09598, eq. 3",
        "With many items all p-values are near 0 or 1 and it becomes plain pairwise accuracy. Random p-values have"
        " between ½ and ¾, so the scale is compressed.",
        low=0.0,
        computed_by="soft_pairwise.soft_pairwise_accuracy",
    ),
    Statistic(
        "system.pearson_without_outliers",
        "System Pearson without outliers",
        "System Pearson without the systems whose human rating lies more than 2.5 scaled median absolute deviations"
        " from the median.",
        "pearson over systems with |h − median(h)| ≤ 2.5 · 1.483 · median|h − median(h)|",
        "Outliers are known from the human ratings alone, so that every scorer is judged on the same systems.",
        "Mathur et al. 2020, arXiv 2006.06264, section 4",
        "The rest of the systems may be so alike that the value is noise; none is removed where half of the systems"
        " or more have one and the same rating.",
        chance=0.0,
        computed_by="system.system_estimates",
    ),
    Statistic(
        "system.ranking_stability",
        "Ranking stability",
        "Would fewer items rank the systems alike? Kendall τ-b of the ranking from a random subset of the items with"
        " the ranking from the other items, mean over subsets.",
        "mean over subsets of τ-b(means inside, means outside)",
        "Items are exchangeable. A property of one side (scores or ratings) at a given subset size.",
        "split-half reliability, Spearman 1910 and Brown 1910, with rankings instead of scores",
        "A scorer that ranks by something irrelevant (length) is perfectly stable. The band is the spread of subsets,"
        " no confidence interval.",
        chance=0.0,
        computed_by="system_ranking.ranking_stability",
    ),
)
