"""Tests and corrections: is a difference of two scorers more than chance? Values are p-values. May import: entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rewardmeter.stats.catalogue.entry import Statistic

__all__ = ["TEST"]

_PERM_BOTH = "Deutsch et al. 2021, arXiv 2104.00054, Algorithm 2"


def _permutations() -> Iterator[Statistic]:
    for name, label, unit, assumptions, source, misleads in (
        (
            "perm_both_cells",
            "PERM-BOTH, cells",
            "every (system, item) cell by itself",
            "Under the null each cell's two standardised scores could as well be the other way round, independently of"
            " the other cells.",
            f"{_PERM_BOTH}; mt-metrics-eval",
            "Where a scorer likes some items or systems for no reason, its cells go together: pooled it then finds"
            " too much, while whole items hold the level. See docs/results/coverage.md.",
        ),
        (
            "perm_both_rows_columns",
            "PERM-BOTH, rows and columns",
            "whole systems, then whole items",
            "Under the null whole systems and whole items could as well be exchanged between the scorers.",
            f"{_PERM_BOTH}; nlpstats",
            "Swapping systems breaks up a scorer's liking for items, so that pooled it finds too much where there is"
            " one. See docs/results/coverage.md.",
        ),
        (
            "perm_systems",
            "PERM-SYSTEMS",
            "whole systems",
            "Systems are exchangeable draws; items are those at hand.",
            f"{_PERM_BOTH}; nlpstats",
            "With S systems p is at least 2^−S: nothing can be found with four.",
        ),
        (
            "perm_inputs",
            "PERM-INPUTS",
            "whole items",
            "Items are exchangeable draws; systems are those at hand.",
            f"{_PERM_BOTH}; nlpstats",
            "Says nothing about other systems.",
        ),
    ):
        yield Statistic(
            f"test.{name}",
            label,
            "Permutation test of the difference of two scorers' statistics: their standardised scores change places,"
            f" {unit}, and p is the share of swaps with a difference as extreme.",
            "(hits + 1) / (draws + 1), or the exact share over all swaps",
            assumptions,
            source,
            misleads,
            computed_by="significance.correlation_permutation_tests",
        )


_OTHERS = (
    Statistic(
        "test.pair_swap",
        "Pair swap",
        "Permutation test of tie-calibrated accuracy: two scorers, each at its own ε, exchange their verdicts on"
        " pairs of responses. The null is exact, a sum of fair coins over the pairs that one judges right and the"
        " other wrong.",
        "P(|Σ_groups step · (2 Binomial − n)| ≥ |observed|)",
        "Verdicts on different pairs of responses are independent.",
        "mt-metrics-eval, the pairs test of the WMT metrics tasks since 2023",
        "A response is in many pairs of its item, so verdicts are not independent: it finds too much, the more so the"
        " more systems an item has. See docs/results/coverage.md.",
        computed_by="significance.pair_swap_tests",
    ),
    Statistic(
        "test.item_swap",
        "Item swap",
        "Permutation test of tie-calibrated accuracy by item: two scorers, each at its own ε, exchange their verdicts"
        " on whole items. Exact for few items, else by a saddlepoint approximation.",
        "P(|Σ_items ± d_i| ≥ |Σ_items d_i|) over random signs, d_i the difference of the two accuracies on item i",
        "Items are independent, and two scorers of equal quality are as likely to win each.",
        "sign-flip null: Fisher 1935; saddlepoint: Robinson 1982",
        "ε is held fixed: that it was fitted on the same items is not part of the null. Speaks of these systems.",
        computed_by="significance.item_swap_tests",
    ),
    Statistic(
        "test.sign_flip",
        "Sign flips by item",
        "Permutation test of the mean difference of two scorers' credits: on each item they change places, all its"
        " pairs together. Exact wherever the differences take few values.",
        "P(|Σ_items ± d_i| ≥ |Σ_items d_i|) over random signs",
        "Under the null, on each item the two scorers' credits could as well be the other way round; items are"
        " independent.",
        "Fisher 1935 (randomisation test of paired differences)",
        "Tests exchangeability, not only equal means: scorers of equal mean but unequal spread can differ, with very"
        " few items.",
        computed_by="significance.preference_tests",
    ),
    Statistic(
        "test.mcnemar",
        "McNemar, exact",
        "Are two scorers right on different numbers of pairs? A fair coin for each pair that only one of them gets"
        " right.",
        "2 P(Binomial(b + c, ½) ≥ max(b, c)), b and c the pairs that only one scorer gets right",
        "Pairs are independent: one pair per item.",
        "McNemar 1947",
        "Several pairs of one item count as independent evidence; then use sign flips by item.",
        computed_by="significance.mcnemar_exact",
    ),
    Statistic(
        "test.paired_bootstrap",
        "Paired bootstrap",
        "Interval of the difference of two scorers' statistics over resampled items, systems or both, and p read off"
        " it.",
        "p = 2 (1 + the fewer draws on one side of 0) / (draws + 1), at most 1; intervals percentile or BCa",
        "What is resampled are independent draws from what one wants to speak about.",
        "Deutsch et al. 2021, arXiv 2104.00054, section 3; Efron 1987 (BCa)",
        "With few items or systems intervals are too short; resampled systems tie with their copies.",
        computed_by="significance.bootstrap_differences",
    ),
    Statistic(
        "test.williams",
        "Williams",
        "Test of two correlations with the same gold, in closed form.",
        "t(n − 3) = (r12 − r13) √((n − 1)(1 + r23)) / √(2 K (n − 1) / (n − 3) + ((r12 + r13) / 2)² (1 − r23)³), K = 1 −"
        " r12² − r13² − r23² + 2 r12 r13 r23",
        "Independent cells and jointly normal values.",
        "Williams 1959; Graham and Baldwin 2014",
        "Segment scores of a benchmark share items and systems: n is then smaller than the number of cells, and p too"
        " small.",
        computed_by="significance.williams",
    ),
    Statistic(
        "test.steiger",
        "Steiger",
        "Test of two correlations with the same gold on Fisher's z, in closed form.",
        "Z = (atanh r12 − atanh r13) √(n − 3) / √(2 − 2 s), s the covariance of the two at the mean correlation",
        "Independent cells and jointly normal values.",
        "Steiger 1980, eq. 14; Dunn and Clark 1969",
        "Segment scores of a benchmark share items and systems: n is then smaller than the number of cells, and p too"
        " small.",
        computed_by="significance.steiger",
    ),
    Statistic(
        "test.delong",
        "DeLong",
        "Normal test of the difference of two areas under the ROC curve, without resampling; clustered by item where"
        " items have several responses.",
        "z = (A_1 − A_2) / √(var_1 + var_2 − 2 cov), from the shares that each positive and negative outscores",
        "Enough positives, negatives and items for a normal difference.",
        "DeLong et al. 1988; Sun and Xu 2014; Obuchowski 1997 (clusters)",
        "Undefined where areas differ without spread (a perfect scorer); too sure of itself with few of one class.",
        computed_by="significance.delong_tests",
    ),
    Statistic(
        "test.holm",
        "Holm's correction",
        "p-values corrected for many tests so that the chance of any false finding is at most the level.",
        "adjusted p_(i) = max over j ≤ i of min(1, (m − j + 1) p_(j))",
        "None about how tests depend on each other.",
        "Holm 1979",
        "With hundreds of pairs only large differences survive; it depends on how many scorers are on the board.",
        computed_by="significance.holm",
    ),
    Statistic(
        "test.benjamini_hochberg",
        "Benjamini–Hochberg correction",
        "p-values corrected for many tests so that the expected share of false findings among the findings is at most"
        " the level.",
        "adjusted p_(i) = min over j ≥ i of min(1, m p_(j) / j)",
        "Tests are independent or positively dependent.",
        "Benjamini and Hochberg 1995",
        "Single findings may be false; differences between all pairs of scorers are not positively dependent in"
        " general.",
        computed_by="significance.benjamini_hochberg",
    ),
)

TEST: tuple[Statistic, ...] = tuple(replace(entry, low=0.0) for entry in (*_permutations(), *_OTHERS))
