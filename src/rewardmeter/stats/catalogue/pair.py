"""Statistics over pairs, groups of k responses and graded lists. May import: entry."""

from __future__ import annotations

from collections.abc import Iterator

from rewardmeter.stats.catalogue.entry import Statistic

__all__ = ["PAIR"]

_NO_HUMAN_TIES = "Human ties are left out."
_SCORED = "Every response of the group has a score; groups without a correct or a wrong response are left out."
_REWARDMATH = "Kim et al. 2024 (RewardMATH), arXiv 2410.01729"
_REWARDBENCH_2 = "Malik et al. 2025 (RewardBench 2), arXiv 2506.01937"

_ACCURACIES = (
    Statistic(
        "pair.accuracy",
        "Pair accuracy",
        "Share of human-decided pairs whose preferred response the scorer puts first; a scorer tie counts 0. Where the"
        " data records a judge's verdicts these decide, two games by the sign of their sum.",
        "right / decided pairs",
        _NO_HUMAN_TIES,
        "Lambert et al. 2024 (RewardBench), arXiv 2403.13787; Tan et al. 2024 (JudgeBench), arXiv 2410.12784",
        "Says nothing about margins. A scorer with many ties looks worse than a coin.",
        low=0.0,
        chance=0.5,
        computed_by="preference.accuracy_estimates",
    ),
    Statistic(
        "pair.accuracy_half_ties",
        "Pair accuracy, ties ½",
        "The same with ½ for a scorer tie, as a coin flip would earn on average; from scores where there are scores,"
        " else from verdicts.",
        "(right + ½ ties) / decided pairs",
        _NO_HUMAN_TIES,
        "Gureja et al. 2024 (M-RewardBench), arXiv 2410.15522",
        "Hides how often the scorer cannot decide.",
        low=0.0,
        chance=0.5,
        computed_by="preference.accuracy_estimates",
    ),
    Statistic(
        "pair.accuracy_macro",
        "Pair accuracy, macro",
        "Plain mean of the pair accuracies of the slices: each slice counts the same.",
        "mean over slices of right / decided pairs",
        "The slices are the units of interest.",
        "Lambert et al. 2024 (RewardBench), arXiv 2403.13787",
        "A slice of ten pairs weighs as much as one of a thousand.",
        low=0.0,
        chance=0.5,
        computed_by="preference.macro_average",
    ),
    Statistic(
        "pair.accuracy_micro",
        "Pair accuracy, micro",
        "Mean over all pairs of all slices: each pair counts the same, which is plain pair accuracy.",
        "right / decided pairs, slices together",
        "The mix of slices in the data is the mix of interest.",
        "Lambert et al. 2024 (RewardBench), arXiv 2403.13787",
        "The largest slice decides it.",
        low=0.0,
        chance=0.5,
        computed_by="preference.micro_average",
    ),
    Statistic(
        "pair.accuracy_margin_weighted",
        "Pair accuracy, margin-weighted",
        "Pair accuracy in which a pair counts by how much better people find its better response: a mistake where they"
        " hardly see a difference costs little.",
        "Σ |m| credit / Σ |m|, m the human margin (2 P(a better) − 1 where none is given)",
        f"{_NO_HUMAN_TIES} Margins are on one scale across raters and items.",
        "margins between responses as weights: Touvron et al. 2023 (Llama 2), arXiv 2307.09288, section 3.2.2, in the"
        " training loss",
        "A few large margins decide it; easy pairs are those with large margins, so values are flattering.",
        low=0.0,
        chance=0.5,
        computed_by="preference.margin_weighted_accuracy_estimates",
    ),
    Statistic(
        "pair.rewardbench_section",
        "RewardBench section",
        "Score of one of the four sections of RewardBench 1: mean of the subset accuracies weighted by fixed counts."
        " The overall score is the plain mean of the four.",
        "Σ_subset w accuracy / Σ w; the 447 math-prm pairs weigh 984, as many as the six code subsets",
        "Subsets carry the benchmark's names; a scorer tie counts 0. A missing subset is left out.",
        "Lambert et al. 2024 (RewardBench), arXiv 2403.13787",
        "Subsets of one section ask different things (Safety rewards refusing and not refusing), so sections average"
        " opposite abilities.",
        low=0.0,
        chance=0.5,
        computed_by="preference.rewardbench_section_estimates",
    ),
)


def _orders() -> Iterator[Statistic]:
    unread = "An answer that could not be read is wrong and stays in the denominator."
    nan = float("nan")
    for name, label, definition, formula, assumptions, misleads, chance in (
        (
            "accuracy_first_order",
            "Accuracy, order as given",
            "Share of right verdicts with the pair shown as given.",
            "right verdicts / decided pairs, first game",
            unread,
            "One order alone contains the judge's position bias.",
            0.5,
        ),
        (
            "accuracy_swapped_order",
            "Accuracy, order swapped",
            "Share of right verdicts with the two responses shown the other way round.",
            "right verdicts / decided pairs, second game",
            unread,
            "One order alone contains the judge's position bias.",
            0.5,
        ),
        (
            "accuracy_order_average",
            "Accuracy, mean of orders",
            "Mean of the accuracies in the two orders.",
            "(right in game 1 + right in game 2) / (2 decided pairs)",
            unread,
            "A judge that answers by position has 0.5.",
            0.5,
        ),
        (
            "accuracy_both_orders",
            "Accuracy, both orders",
            "Share of pairs with the right verdict in both orders.",
            "pairs right in both games / decided pairs",
            unread,
            "Counts one inconsistent verdict as a full loss.",
            0.25,
        ),
        (
            "order_agreement",
            "Order agreement",
            "Share of pairs with the same verdict in both orders.",
            "pairs with equal verdicts / pairs run in both orders",
            "Two answers that could not be read count as the same; the share without them stands beside it.",
            "A judge can be consistent and wrong.",
            nan,
        ),
        (
            "first_position_share",
            "First position share",
            "Share of verdicts for the response shown first; 0.5 is no position bias.",
            "verdicts for the first response / verdicts, over pairs with a winner in both games",
            "Pairs with a tie or an unreadable answer in either game are left out.",
            "0.5 does not mean consistent verdicts: two opposite biases cancel.",
            0.5,
        ),
    ):
        yield Statistic(
            f"pair.{name}",
            label,
            definition,
            formula,
            assumptions,
            "Zeng et al. 2024 (LLMBar), arXiv 2310.07641",
            misleads,
            low=0.0,
            chance=chance,
            computed_by="verdicts.order_statistics",
        )


_GROUPS = (
    Statistic(
        "pair.best_of_k",
        "Best of k",
        "How often the correct response has the highest score of its group; among t tied maxima it earns 1/t.",
        "mean over groups of c / t, c of the t responses with the greatest score being correct",
        _SCORED,
        _REWARDBENCH_2,
        "Depends on k: compare groups of one size, and with chance 1/k.",
        low=0.0,
        computed_by="best_of_k.best_of_k_estimates",
    ),
    Statistic(
        "pair.best_of_k_strict",
        "Best of k, strict",
        "How often a correct response scores strictly above every wrong one.",
        "groups won outright / groups",
        _SCORED,
        _REWARDMATH,
        "A coarse scorer loses every group in which it ties.",
        low=0.0,
        computed_by="best_of_k.best_of_k_strict_estimates",
    ),
    Statistic(
        "pair.separation",
        "Separation",
        "How often every correct response scores strictly above every wrong one.",
        "groups with min(correct) > max(wrong) / groups",
        _SCORED,
        f"{_REWARDBENCH_2}, accuracy inside the Ties score",
        "Harder the more correct responses a group has: compare groups of one make.",
        low=0.0,
        computed_by="best_of_k.separation_estimates",
    ),
    Statistic(
        "pair.ties_score",
        "Ties score",
        "Score of RewardBench 2's Ties domain: are all correct answers above all wrong ones, and closer to one another"
        " than to the wrong ones? Each prompt comes with one correct answer and with several.",
        "0.3 [gap_tied > 0] + 0.3 [gap_ref > 0] + 0.2 [gap_tied > spread] + 0.2 [g > spread] + 0.01 tanh(g / spread −"
        " 1), gap = worst correct − best wrong, spread = best − worst correct, g the smaller gap",
        "Correct answers are equally good; both versions of the prompt are fully scored.",
        _REWARDBENCH_2,
        "Can exceed 1 by the last term. A scorer with two values has no spread and takes the margin terms for free.",
        low=-0.01,
        high=1.01,
        computed_by="best_of_k.ties_score_estimates",
    ),
    Statistic(
        "pair.mrr",
        "MRR",
        "Mean of 1 / rank of the best-scored correct response in its group; a tie counts against it.",
        "mean over groups of 1 / (1 + wrong responses that score at least as much)",
        _SCORED,
        _REWARDMATH,
        "Dominated by the first ranks.",
        low=0.0,
        computed_by="best_of_k.mean_reciprocal_rank_estimates",
    ),
)


def _styles() -> Iterator[Statistic]:
    for name, label, cells, meaning, misleads in (
        (
            "easy",
            "Style: easy",
            "below the diagonal",
            "the correct response is the fancier one",
            "A scorer that likes markdown and length wins here without reading.",
        ),
        (
            "normal",
            "Style: normal",
            "on the diagonal",
            "both are written in the same style",
            "Equal styles are not equal lengths: the correct response may still be the longer one.",
        ),
        (
            "hard",
            "Style: hard",
            "above the diagonal",
            "the correct response is the plainer one",
            "A scorer that dislikes markdown and length wins here without reading: read it beside the easy cells.",
        ),
        (
            "mean",
            "Style: mean",
            "of the whole grid",
            "all nine combinations of three styles",
            "Averages a liking for style and a dislike of it into the same number.",
        ),
    ):
        yield Statistic(
            f"pair.style_{name}",
            label,
            "How often the correct response outscores the wrong one when both are written in several styles from plain"
            f" to fancy; mean of the cells {cells} ({meaning}).",
            f"mean over items and cells {cells} of [score(correct, style i) > score(wrong, style j)]",
            "The versions of a response differ in style alone. A tie is wrong; items lacking a score are left out.",
            "Liu et al. 2025 (RM-Bench), arXiv 2410.16184",
            misleads,
            low=0.0,
            chance=0.5,
            computed_by="style_grid.style_grid_estimates",
        )


_LISTS = (
    Statistic(
        "list.ndcg",
        "NDCG",
        "How much of the relevance that a reader who starts at the top could gather the scorer's order delivers, with a"
        " discount for late ranks; equal scores share their ranks.",
        "DCG / ideal DCG, DCG = Σ over ranks r of gain(grade at r) / log2(1 + r); gain is the grade, or 2^grade − 1",
        "Grades are amounts, 0 being useless; lists whose grades are all 0 are left out.",
        "Järvelin and Kekäläinen 2002; Burges et al. 2005 (exponential gain); McSherry and Najork 2008 (ties)",
        "A random order already has a high value where many responses are relevant. Values with another gain or cutoff"
        " cannot be compared.",
        low=0.0,
        computed_by="lists.ndcg_estimates",
    ),
    Statistic(
        "list.mrr",
        "List MRR",
        "Mean of 1 / rank of the first relevant response of a graded list; a tie counts against it.",
        "mean over lists of 1 / (1 + irrelevant responses that score at least as much as the best relevant one)",
        "One relevant response is enough; the grade from which one is relevant is given.",
        "Voorhees 1999 (TREC-8 question answering)",
        "Dominated by the first ranks; depends on the length of the lists and on the chosen grade.",
        low=0.0,
        computed_by="lists.reciprocal_rank_estimates",
    ),
)

PAIR: tuple[Statistic, ...] = (*_ACCURACIES, *_orders(), *_GROUPS, *_styles(), *_LISTS)
