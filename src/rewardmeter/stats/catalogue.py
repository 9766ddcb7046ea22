"""Every statistic id with what it means. Imports nothing of ours; the docs table, `stats explain` and the report's
hover texts are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CATALOGUE", "Statistic", "describe"]


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic id.

    Attributes
    ----------
    id:
        ``level.statistic[.grouping]``, pooled where no grouping is named.
    label:
        Column heading.
    definition:
        What it says, in a sentence or two.
    formula:
        In plain text.
    assumptions:
        What must hold for it to mean that.
    source:
        Paper or benchmark.
    misleads:
        When it misleads.
    low, high:
        Range of the value.
    chance:
        Value of a scorer that knows nothing, NaN where that depends on the data.
    """

    id: str
    label: str
    definition: str
    formula: str
    assumptions: str
    source: str
    misleads: str
    low: float = -1.0
    high: float = 1.0
    chance: float = float("nan")


_GROUPING: Mapping[str, tuple[str, str, str]] = {
    "": (
        "pooled",
        "over all judged responses at once",
        "Mixes differences between items with differences between answers to one item: a scorer that only tells easy"
        " prompts from hard ones can score high.",
    ),
    ".item": (
        "by item",
        "within each item over its responses, then averaged over the items where it is defined",
        "Items with few responses or a constant gold weigh as much as the others or drop out; see the count of"
        " undefined groups.",
    ),
    ".system": (
        "by system",
        "within each system over its items, then averaged over the systems where it is defined",
        "Says how well easy inputs are told from hard ones for one system, not which answer is better.",
    ),
}

_CORRELATIONS: Mapping[str, tuple[str, str, str, str, str]] = {
    "pearson": (
        "Pearson",
        "linear correlation of score and human rating",
        "cov(x, y) / (sd(x) sd(y))",
        "A straight line is the relation that matters.",
        "A few extreme ratings can make or break it.",
    ),
    "spearman": (
        "Spearman",
        "Pearson correlation of the mid-ranks of score and human rating",
        "pearson(rank(x), rank(y)), ties get their mean rank",
        "Only order matters.",
        "Coarse ratings tie often; mid-ranks hide how many pairs carry no information.",
    ),
    "kendall_b": (
        "Kendall τ-b",
        "pairs ordered alike minus pairs ordered unlike, scaled for ties on either side",
        "(C − D) / √((C + D + Tx)(C + D + Ty))",
        "Only order matters; ties carry no information.",
        "Punishes a scorer for seeing differences that the ratings are too coarse to show.",
    ),
}


def _correlations() -> list[Statistic]:
    made = []
    for name, (label, meaning, formula, assumptions, trap) in _CORRELATIONS.items():
        for grouping, (short, how, caution) in _GROUPING.items():
            made.append(
                Statistic(
                    f"segment.{name}{grouping}",
                    f"{label} {short}",
                    f"{label}: {meaning}, {how}.",
                    formula,
                    assumptions,
                    "Deutsch et al. 2021, arXiv 2104.00054 (levels of grouping)",
                    f"{trap} {caution}",
                    chance=0.0,
                )
            )
        if name != "spearman":
            made.append(
                Statistic(
                    f"system.{name}",
                    f"System {label}",
                    f"{label} of the systems' scores and the systems' human ratings.",
                    formula,
                    "Systems are the units; there are usually few of them.",
                    "Mathur et al. 2020, arXiv 2006.06264",
                    "One system far from the rest decides it; with a dozen systems the interval is wide.",
                    chance=0.0,
                )
            )
    return made


_SINGLE = (
    Statistic(
        "segment.acc_eq.item",
        "acc*_eq by item",
        "Share of response pairs of an item on which scorer and people agree, ties included: a human tie is matched by"
        " scores that differ by at most ε. One ε for all items, chosen to maximise the mean over items.",
        "mean over items of (C + T_both) / pairs, with |x_i − x_j| ≤ ε a tie",
        "Human ties are meant as ties. ε is fitted on the same items (see the cross-fitted value).",
        "Deutsch et al. 2023, arXiv 2305.14324",
        "With many human ties a scorer that always ties does well: compare with the constant scorer, whose value is the"
        " share of tied gold pairs. Fitting ε favours fine-grained scores (Perrella et al. 2024).",
        low=0.0,
    ),
    Statistic(
        "segment.roc_auc",
        "ROC AUC",
        "Chance that a response that people marked 1 outscores one that they marked 0, score ties counting half; all"
        " responses together.",
        "(C + ½ T) / (n₁ n₀)",
        "The gold is binary.",
        "Fawcett 2006; Honovich et al. 2022 (TRUE)",
        "Pooled: can be won by telling items apart. Insensitive to how rare one class is.",
        low=0.0,
        chance=0.5,
    ),
    Statistic(
        "system.pairwise_accuracy",
        "System pairwise accuracy",
        "Share of system pairs that the scorer puts in the order in which people put them.",
        "agreeing pairs / pairs",
        "Every pair counts, however small the human difference.",
        "Kocmi et al. 2021, arXiv 2107.10821",
        "Pairs that people cannot tell apart count as much as clear ones.",
        low=0.0,
        chance=0.5,
    ),
    Statistic(
        "pair.accuracy",
        "Pair accuracy",
        "Share of human-decided pairs whose preferred response the scorer puts first; a scorer tie counts 0. Where the"
        " data records a judge's verdicts these decide, two games by the sign of their sum.",
        "right / decided pairs",
        "Human ties are left out.",
        "Lambert et al. 2024 (RewardBench), arXiv 2403.13787; Tan et al. 2024 (JudgeBench), arXiv 2410.12784",
        "Says nothing about margins. A scorer with many ties looks worse than a coin.",
        low=0.0,
        chance=0.5,
    ),
    Statistic(
        "pair.accuracy_half_ties",
        "Pair accuracy, ties ½",
        "The same with ½ for a scorer tie, as a coin flip would earn on average; from scores where there are scores,"
        " else from verdicts.",
        "(right + ½ ties) / decided pairs",
        "Human ties are left out.",
        "Gureja et al. 2024 (M-RewardBench), arXiv 2410.15522",
        "Hides how often the scorer cannot decide.",
        low=0.0,
        chance=0.5,
    ),
    Statistic(
        "pair.accuracy_macro",
        "Pair accuracy, macro",
        "Plain mean of the pair accuracies of the slices: each slice counts the same.",
        "mean over slices of right / decided pairs",
        "The slices are the units of interest.",
        "Lambert et al. 2024, arXiv 2403.13787",
        "A slice of ten pairs weighs as much as one of a thousand.",
        low=0.0,
        chance=0.5,
    ),
    Statistic(
        "pair.best_of_k",
        "Best of k",
        "How often the correct response has the highest score of its group; among t tied maxima it earns 1/t.",
        "mean over groups of [correct is a maximum] / t",
        "Every response of the group has a score.",
        "Malik et al. 2025 (RewardBench 2), arXiv 2506.01937",
        "Depends on k: compare groups of one size, and with chance 1/k.",
        low=0.0,
    ),
    Statistic(
        "pair.best_of_k_strict",
        "Best of k, strict",
        "How often the correct response scores strictly above every wrong one.",
        "groups won outright / groups",
        "Every response of the group has a score.",
        "Kim et al. 2024 (RewardMATH), arXiv 2410.01729",
        "A coarse scorer loses every group in which it ties.",
        low=0.0,
    ),
    Statistic(
        "pair.mrr",
        "MRR",
        "Mean of 1 / rank of the correct response in its group; a tie counts against it.",
        "mean over groups of 1 / rank",
        "One correct response in a group.",
        "Kim et al. 2024 (RewardMATH), arXiv 2410.01729",
        "Dominated by the first ranks.",
        low=0.0,
    ),
    *(
        Statistic(
            f"pair.{name}",
            label,
            definition,
            "share of pairs",
            "An answer that could not be read is wrong and stays in the denominator.",
            "Zeng et al. 2024 (LLMBar), arXiv 2310.07641",
            misleads,
            low=0.0,
            chance=chance,
        )
        for name, label, definition, misleads, chance in (
            (
                "accuracy_first_order",
                "Accuracy, order as given",
                "Share of right verdicts with the pair shown as given.",
                "One order alone contains the judge's position bias.",
                0.5,
            ),
            (
                "accuracy_swapped_order",
                "Accuracy, order swapped",
                "Share of right verdicts with the two responses shown the other way round.",
                "One order alone contains the judge's position bias.",
                0.5,
            ),
            (
                "accuracy_order_average",
                "Accuracy, mean of orders",
                "Mean of the accuracies in the two orders.",
                "A judge that answers by position has 0.5.",
                0.5,
            ),
            (
                "accuracy_both_orders",
                "Accuracy, both orders",
                "Share of pairs with the right verdict in both orders.",
                "Counts one inconsistent verdict as a full loss.",
                0.25,
            ),
            (
                "order_agreement",
                "Order agreement",
                "Share of pairs with the same verdict in both orders.",
                "A judge can be consistent and wrong.",
                float("nan"),
            ),
            (
                "first_position_share",
                "First position share",
                "Share of verdicts for the response shown first; 0.5 is no position bias.",
                "0.5 does not mean consistent verdicts.",
                0.5,
            ),
        )
    ),
)

CATALOGUE: Mapping[str, Statistic] = {entry.id: entry for entry in (*_correlations(), *_SINGLE)}


def describe(statistic: str) -> Statistic:
    """The entry of an id; one made from the id's own words where the catalogue has none."""
    known = CATALOGUE.get(statistic)
    if known is not None:
        return known
    label = statistic.replace(".", " ").replace("_", " ")
    return Statistic(statistic, label, "", "", "", "", "")
