"""Permutation tests between metrics beside mt-metrics-eval, with its draws replayed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from inputs import Floats, Translation
from measuring import Outcome, apart, cpu_seconds, found, peak_megabytes, per_draw, seeded, without_peer
from numpy.typing import NDArray
from translation_statistics import PEER, correlations

from rewardmeter.stats.resampling import sign_flips
from rewardmeter.stats.significance import (
    Clusters,
    EarlyStop,
    PairwiseTests,
    SwapDraws,
    accuracy_permutation_tests,
    correlation_permutation_tests,
    draw_swaps,
    pair_swap_tests,
    replayed_swaps,
    significance_clusters,
    soft_pairwise_permutation_tests,
)
from rewardmeter.stats.significance.pair_cells import pair_cells, pattern_blocks
from rewardmeter.stats.significance.swap_accuracy import accuracy_kernels
from rewardmeter.stats.significance.swap_engine import null_differences
from rewardmeter.stats.significance.swap_kernels import CorrelationStatistic, correlation_kernel
from rewardmeter.stats.significance.swap_soft import checked_flips, soft_pairwise_kernel
from rewardmeter.stats.ties import TieCalibration, calibrate_ties

DRAWS = 1000
EPSILON = 0.1
FIRST, SECOND = 3, 4
SEED = 20261126


def outcomes(data: Translation) -> Iterator[Outcome]:
    stats = found("mt_metrics_eval.stats")
    yield calibrated_table(data, stats)
    yield accuracy_of_all_pairs(data, stats)
    yield correlation_of_one_pair(data, stats, "pearson", 1000)
    yield correlation_of_one_pair(data, stats, "kendall_b", 300)
    yield soft_pairwise_table(data, stats)


def calibrated_table(data: Translation, stats: Any, measured: int = 12, seen: int = 60) -> Outcome:
    """Calibration, all pairs, clusters. Our null is exact, so what the peer draws must be possible under it."""

    def table() -> tuple[TieCalibration, PairwiseTests, Clusters]:
        result = calibrate_ties(data.scores, data.gold, grouping="item")
        tests = pair_swap_tests(data.scores, data.gold, grouping="item", epsilon=result.epsilon, alternative="greater")
        return result, tests, significance_clusters(result.accuracy, tests)

    ours, (result, tests, clusters) = cpu_seconds(table, 3)
    pairs = len(data.scores) * (len(data.scores) - 1) // 2
    outcome = Outcome(
        f"acc*_eq table: calibration, 'pairs' test of {pairs} pairs, clusters",
        PEER,
        ours,
        ratio_goal=10_000,
        seconds_goal=4,
        peak=peak_megabytes(table),
        note=f"{int(clusters.rank.max())} clusters; {stopping_early(tests)}",
    )
    if stats is None:
        return without_peer(outcome)
    peers = correlations(data, stats)
    p = np.where(np.eye(len(peers), dtype=bool), 0.0, tests.p)
    second, first = np.unravel_index(np.argmin(np.abs(p - 0.15)), p.shape)

    def paired(draws: int, a: int = int(first), b: int = int(second)) -> Any:
        return stats.PairwisePermutationSigDiff(peers[a], peers[b], "acc23", "item", k=draws)

    theirs, how = per_draw(paired, measured, DRAWS)
    seeded(SEED)
    _, delta, _, drawn = paired(seen)
    impossible, surprise = against_exact_null(data, result.epsilon, (int(second), int(first)), np.array(drawn))
    chance = 1 / np.sqrt(2 * seen)
    if abs(surprise - 1) > 4 * chance:
        impossible = np.inf
    return replace(
        outcome,
        theirs=theirs * pairs,
        how=f"{how} for one of {pairs} pairs, its two calibrations included",
        apart=max(apart(tests.difference[second, first], delta), impossible),
        tolerance=1e-10,
        compared="difference of the accuracies; distance of the peer's draws from the values of our exact null",
        note=f"{outcome.note}; ours draws nothing, its null is exact: {seen} draws of the peer have {surprise:.2f} "
        f"times its standard deviation, where chance gives 1 +- {chance:.2f}",
    )


def against_exact_null(data: Translation, epsilon: Floats, pair: tuple[int, int], drawn: Floats) -> tuple[float, float]:
    """How far the peer's draws lie from the values that are possible, and their spread in terms of the exact one.

    With n pairs of outputs on which only one metric is right, the null is (2 Binomial(n, 1/2) - n) times the worth of
    one pair of outputs, counted here from all verdicts.
    """
    lower, upper = np.triu_indices(data.gold.shape[0], 1)
    rated = ~np.isnan(data.gold).any(axis=0)
    human = np.sign((data.gold[lower] - data.gold[upper])[:, rated])
    right = []
    for metric in pair:
        difference = (data.scores[metric, lower] - data.scores[metric, upper])[:, rated]
        right.append(np.where(np.abs(difference) <= epsilon[metric], 0.0, np.sign(difference)) == human)
    discordant = int(np.count_nonzero(right[0] != right[1]))
    worth = 1 / right[0].size
    steps = (drawn[:, 0] - drawn[:, 1]) / worth
    nearest = 2 * np.round((steps - discordant) / 2) + discordant
    spread = float(np.sqrt(np.mean(steps**2) / discordant))
    return float(np.max(np.abs(steps - nearest)) * worth), spread


def stopping_early(tests: PairwiseTests) -> str:
    """What the peer's rule, stop at p < 0.02 or p > 0.5 after blocks of 100 draws, would save, by simulation."""
    better, worse = np.nonzero(tests.difference > 0)
    p = tests.p[better, worse]
    hits = np.cumsum(np.random.default_rng(SEED).binomial(100, p[:, None], (p.size, DRAWS // 100)), axis=1)
    share = hits / (100 * np.arange(1, DRAWS // 100 + 1))
    stops = (share < 0.02) | (share > 0.5)
    stops[:, -1] = True
    used = 100 * (1 + np.argmax(stops, axis=1))
    return (
        f"the peer draws {DRAWS:,} times for each pair; stopping early by its own rule, in blocks of 100, would leave "
        f"about {used.sum() / (DRAWS * p.size):.0%} of the draws"
    )


def accuracy_of_all_pairs(data: Translation, stats: Any, measured: int = 12) -> Outcome:
    draws = draw_swaps(shape(data), DRAWS, rng=np.random.default_rng(SEED))

    def tested() -> PairwiseTests:
        return accuracy_permutation_tests(data.scores, data.gold, draws, epsilon=EPSILON, alternative="greater")

    ours, tests = cpu_seconds(tested, 3)
    pairs = len(data.scores) * (len(data.scores) - 1) // 2
    outcome = Outcome(
        f"PERM-BOTH accuracy by item at a fixed epsilon, {pairs} pairs, {DRAWS:,} draws",
        PEER,
        ours,
        seconds_goal=5,
        memory_goal=1000,
        peak=peak_megabytes(tested),
        note=stopping_early(tests),
    )
    if stats is None:
        return without_peer(outcome)
    options = {"variant": "acc23", "epsilon": EPSILON}
    theirs, how, drawn, replayed = permuted(data, stats, stats.KendallVariants, measured, options)
    two = data.scores[[SECOND, FIRST]]
    kernels = accuracy_kernels(two, data.gold, next(iter(pattern_blocks(two, data.gold))), EPSILON)
    return replace(
        outcome,
        theirs=theirs * pairs,
        how=f"{how}, of one pair",
        apart=apart(null_differences(kernels[0], replayed)[0], drawn),
        tolerance=1e-12,
        compared=f"{drawn.size} replayed null differences of one pair",
    )


def correlation_of_one_pair(
    data: Translation, stats: Any, statistic: CorrelationStatistic, goal: float, measured: int = 6
) -> Outcome:
    two = data.scores[[SECOND, FIRST]]
    draws = draw_swaps(shape(data), DRAWS, rng=np.random.default_rng(SEED))
    ours, _ = cpu_seconds(
        lambda: correlation_permutation_tests(
            two, data.gold, draws, statistic=statistic, grouping="item", alternative="greater"
        ),
        3,
    )
    outcome = Outcome(f"PERM-BOTH {statistic} by item, one pair, {DRAWS:,} draws", PEER, ours, ratio_goal=goal)
    if stats is None:
        return without_peer(outcome)
    import scipy.stats

    function = {"pearson": scipy.stats.pearsonr, "kendall_b": scipy.stats.kendalltau}[statistic]
    theirs, how, drawn, replayed = permuted(data, stats, function, measured, {})
    cells = pair_cells(two[0], two[1], data.gold, "item")
    assert not isinstance(cells, str), cells
    return replace(
        outcome,
        theirs=theirs,
        how=how,
        apart=apart(null_differences(correlation_kernel(cells, statistic), replayed)[0], drawn),
        tolerance=1e-12,
        compared=f"{drawn.size} replayed null differences",
    )


def soft_pairwise_table(data: Translation, stats: Any, measured: int = 12) -> Outcome:
    """All pairs, 1,000 draws at most, looked at every 100 draws."""
    draws = draw_swaps(shape(data), DRAWS, rng=np.random.default_rng(SEED))
    rated = ~np.isnan(data.gold).all(axis=0)
    flips = np.ones((DRAWS, rated.size), dtype=np.float32)
    flips[:, rated] = sign_flips(int(rated.sum()), DRAWS, np.random.default_rng(4))
    pairs = len(data.scores) * (len(data.scores) - 1) // 2
    ours, tests = cpu_seconds(
        lambda: soft_pairwise_permutation_tests(
            data.scores, data.gold, draws, flips=flips, alternative="greater", early_stop=EarlyStop()
        )
    )
    made = int(np.triu(tests.resamples, 1).sum())
    outcome = Outcome(f"PERM-BOTH soft pairwise accuracy, {pairs} pairs, early stopping", PEER, ours, seconds_goal=240)
    if stats is None:
        return without_peer(outcome)
    options = {"num_sys": data.gold.shape[0]}
    theirs, how, drawn, replayed = permuted(data, stats, stats.PairwiseConfidenceError, measured, options, "none")
    two = data.scores[[SECOND, FIRST]]
    kernel = soft_pairwise_kernel(
        two, data.gold, next(iter(pattern_blocks(two, data.gold))), checked_flips(flips, rated.size)
    )
    assert not isinstance(kernel, str), kernel
    return replace(
        outcome,
        theirs=theirs / DRAWS * made,
        how=f"{how} of one pair, scaled to the {made:,} draws that ours made in all",
        apart=apart(null_differences(kernel, replayed)[0], drawn),
        tolerance=5e-5,
        compared=f"{drawn.size} replayed null differences of one pair, where one flip of one system pair is worth 1e-5",
    )


def shape(data: Translation) -> tuple[int, int]:
    return data.gold.shape[0], data.gold.shape[1]


def permuted(
    data: Translation,
    stats: Any,
    function: Any,
    draws: int,
    options: dict[str, Any],
    average_by: str = "item",
) -> tuple[float, str, Floats, SwapDraws]:
    """The peer's time for all draws and how it was found, its null differences, and its swaps to replay."""
    first, second = (correlations(replace(data, scores=data.scores[[k]]), stats)[0] for k in (FIRST, SECOND))

    def run(number: int) -> Any:
        seeded(SEED)
        return stats.PermutationSigDiff(first, second, function, average_by, k=number, **options)

    theirs, how = per_draw(run, draws, DRAWS)
    drawn = np.array(run(draws)[3])
    return theirs, how, drawn[:, 0] - drawn[:, 1], replayed_swaps(swaps(data.gold, draws, average_by))


def swaps(gold: Floats, draws: int, average_by: str) -> NDArray[np.bool_]:
    """(draws, systems, segments) what the peer swaps: it draws a 1 for what stays, rated cells in its own order."""
    generator = seeded(SEED)
    rated = ~np.isnan(gold)
    kept = [generator.binomial(1, 0.5, int(rated.sum())) for _ in range(draws)]
    swapped = np.zeros((draws, *gold.shape), dtype=bool)
    for draw, keep in zip(swapped, kept, strict=True):
        if average_by == "item":
            draw.T[rated.T] = keep == 0
        else:
            draw[rated] = keep == 0
    return swapped
