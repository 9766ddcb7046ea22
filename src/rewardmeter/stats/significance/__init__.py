"""Which scorer is better, and is it more than chance? Tests between all pairs of scorers, clusters, and power.

`all_pairs` picks the test that fits a statistic; the others are for one kind each. Every test returns `PairwiseTests`.
May import: stats.
"""

from rewardmeter.stats.significance.all_pairs import all_pairs
from rewardmeter.stats.significance.bootstrap_difference import (
    PairedDifferences,
    bootstrap_differences,
    bootstrap_values,
)
from rewardmeter.stats.significance.clusters import Clusters, significance_clusters
from rewardmeter.stats.significance.delong import AreaCovariance, area_covariance, delong_tests
from rewardmeter.stats.significance.draws import SwapDraws, draw_swaps, replayed_swaps
from rewardmeter.stats.significance.item_swap import item_swap_tests
from rewardmeter.stats.significance.multiplicity import Adjusted, adjust, benjamini_hochberg, holm
from rewardmeter.stats.significance.pair_swap import pair_swap_tests
from rewardmeter.stats.significance.pairwise import EarlyStop, PairwiseTests
from rewardmeter.stats.significance.parametric import CorrelationTest, steiger, williams
from rewardmeter.stats.significance.permutation import (
    accuracy_permutation_tests,
    correlation_permutation_tests,
    soft_pairwise_permutation_tests,
    system_permutation_tests,
)
from rewardmeter.stats.significance.power import (
    correlation_difference_power,
    mean_difference_power,
    minimum_accuracy_difference,
    minimum_mean_difference,
    paired_accuracy_items,
    paired_accuracy_power,
)
from rewardmeter.stats.significance.preference_tests import mcnemar_exact, preference_tests
from rewardmeter.stats.significance.resampled_statistics import Counts, draw_counts

__all__ = [
    "Adjusted",
    "AreaCovariance",
    "Clusters",
    "CorrelationTest",
    "Counts",
    "EarlyStop",
    "PairedDifferences",
    "PairwiseTests",
    "SwapDraws",
    "accuracy_permutation_tests",
    "adjust",
    "all_pairs",
    "area_covariance",
    "benjamini_hochberg",
    "bootstrap_differences",
    "bootstrap_values",
    "correlation_difference_power",
    "correlation_permutation_tests",
    "delong_tests",
    "draw_counts",
    "draw_swaps",
    "holm",
    "item_swap_tests",
    "mcnemar_exact",
    "mean_difference_power",
    "minimum_accuracy_difference",
    "minimum_mean_difference",
    "pair_swap_tests",
    "paired_accuracy_items",
    "paired_accuracy_power",
    "preference_tests",
    "replayed_swaps",
    "significance_clusters",
    "soft_pairwise_permutation_tests",
    "steiger",
    "system_permutation_tests",
    "williams",
]
