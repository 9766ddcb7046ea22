"""Correlations, tie calibration and soft pairwise accuracy beside mt-metrics-eval."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from inputs import Floats, Translation
from measuring import Outcome, apart, cpu_seconds, found, peak_megabytes, without_peer

from rewardmeter.stats.correlation import Statistic, correlate
from rewardmeter.stats.resampling import sign_flips
from rewardmeter.stats.soft_pairwise import soft_pairwise_accuracy
from rewardmeter.stats.ties import acc_eq, calibrate_ties

PEER = "mt-metrics-eval"


def listed(values: Floats) -> list[float | None]:
    """The peer's input: systems one after the other, None where not rated."""
    return [None if math.isnan(value) else value for value in values.ravel().tolist()]


def correlations(data: Translation, stats: Any) -> list[Any]:
    """The peer's objects, one per metric."""
    gold = listed(data.gold)
    return [stats.Correlation(data.gold.shape[0], gold, listed(row)) for row in data.scores]


def outcomes(data: Translation) -> Iterator[Outcome]:
    stats = found("mt_metrics_eval.stats")
    yield by_item(data, stats, "pearson", "Pearson")
    yield by_item(data, stats, "kendall_b", "Kendall")
    yield calibration_by_item(data, stats)
    yield calibration_pooled(data, stats)
    yield soft_pairwise(data, stats)
    yield ragged_soft_pairwise(data, stats)


def by_item(data: Translation, stats: Any, statistic: Statistic, method: str) -> Outcome:
    ours, result = cpu_seconds(lambda: correlate(data.scores, data.gold, statistic=statistic, grouping="item"), 5)
    outcome = Outcome(f"{statistic} by item, {len(data.scores)} metrics", PEER, ours, ratio_goal=100)
    if stats is None:
        return without_peer(outcome)
    peers = correlations(data, stats)
    theirs, values = cpu_seconds(lambda: [getattr(peer, method)(average_by="item")[0] for peer in peers])
    return replace(
        outcome, theirs=theirs, apart=apart(result.value, values), tolerance=1e-12, compared="all coefficients"
    )


def calibration_by_item(data: Translation, stats: Any, step: int = 5) -> Outcome:
    """Of several thresholds with the same best accuracy the peer takes one by rounding: ours must be as good."""
    some = data.scores[::step]
    ours, result = cpu_seconds(lambda: calibrate_ties(some, data.gold, grouping="item"), 3)
    outcome = Outcome(f"tie calibration by item, {len(some)} metrics", PEER, ours, ratio_goal=50)
    if stats is None:
        return without_peer(outcome)
    gold, rows, systems = listed(data.gold), [listed(row) for row in some], data.gold.shape[0]
    theirs, values = cpu_seconds(
        lambda: [stats.KendallWithTiesOpt(gold, row, "acc23", systems, "item", sample_rate=1.0)[:2] for row in rows]
    )
    accuracy, epsilon = (np.array(column) for column in zip(*values, strict=True))
    at_theirs = acc_eq(some, data.gold, epsilon=epsilon, grouping="item").accuracy
    worse = float(np.max(at_theirs - result.accuracy, initial=0.0))
    equal = int(np.sum(epsilon == result.epsilon))
    return replace(
        outcome,
        theirs=theirs,
        apart=max(apart(result.accuracy, accuracy), apart(at_theirs, accuracy), worse),
        tolerance=1e-10,
        compared="best accuracies, also ours at the peer's epsilon",
        note=f"{equal} of {len(some)} epsilons equal; at the peer's epsilons the accuracy is the same",
    )


def calibration_pooled(data: Translation, stats: Any, few: int = 600) -> Outcome:
    """The peer needs an object per pair: it is run on some cells, for the numbers and for its time per pair."""
    gold, row = data.ragged, data.scores[:1]
    cells = int(np.count_nonzero(~np.isnan(gold)))

    def calibrated() -> Any:
        return calibrate_ties(row, gold, grouping="pooled")

    ours, result = cpu_seconds(calibrated, 3)
    outcome = Outcome(
        f"tie calibration pooled over {cells:,} cells, one metric",
        PEER,
        ours,
        seconds_goal=10,
        memory_goal=1000,
        peak=peak_megabytes(calibrated),
        note=f"{int(result.n_pairs[0]):,} pairs",
    )
    if stats is None:
        return without_peer(outcome)
    there = np.flatnonzero(~np.isnan(gold.ravel()))[:: cells // few][:few]
    human, scores = gold.ravel()[there], row.ravel()[there]
    peer = listed(human), listed(scores)
    theirs, (accuracy, _, _) = cpu_seconds(lambda: stats.KendallWithTiesOpt(*peer, "acc23", 1, "none", sample_rate=1.0))
    memory = peak_megabytes(lambda: stats.KendallWithTiesOpt(*peer, "acc23", 1, "none", sample_rate=1.0))
    share = int(result.n_pairs[0]) / (few * (few - 1) / 2)
    small = calibrate_ties(scores[None, None], human[None], grouping="pooled")
    return replace(
        outcome,
        theirs=theirs * share,
        how=f"{few:,} cells measured, scaled by pairs; it would hold {memory * share / 1000:,.0f} GB",
        apart=apart(small.accuracy[0], accuracy),
        tolerance=1e-10,
        compared=f"best accuracy of {few:,} cells",
    )


def soft_pairwise(data: Translation, stats: Any) -> Outcome:
    ours, values = cpu_seconds(lambda: our_soft_pairwise(data.scores, data.gold), 5)
    outcome = Outcome(f"soft pairwise accuracy, {len(data.scores)} metrics, 1,000 flips", PEER, ours, ratio_goal=30)
    if stats is None:
        return without_peer(outcome)
    peers = correlations(data, stats)
    theirs, peers_values = cpu_seconds(lambda: [c.PairwiseConfidenceError()[0] for c in peers], 3)
    return replace(
        outcome,
        theirs=theirs,
        apart=apart(values, peers_values),
        tolerance=0.0,
        compared="all accuracies",
    )


def ragged_soft_pairwise(data: Translation, stats: Any) -> Outcome:
    """Single cells without a rating: the peer closes the gaps, so that rows no longer stand for the same segments.

    It shows when a number is added to all scores of a segment, which leaves every difference of systems as it was.
    """
    gold, few = data.gold.copy(), data.scores[:3]
    rng = np.random.default_rng(20261125)
    # A multiple of the systems, so that what is left can still be cut into equal rows.
    gone = rng.choice(np.flatnonzero(~np.isnan(gold.ravel())), 30 * gold.shape[0], replace=False)
    gold.ravel()[gone] = np.nan
    shifted = few + rng.normal(0, 2, gold.shape[1])
    ours, plain = cpu_seconds(lambda: our_soft_pairwise(few, gold))
    moved = our_soft_pairwise(shifted, gold)
    signs = sign_flips(int(np.count_nonzero((~np.isnan(gold)).any(axis=0))), 1000, np.random.default_rng(4))
    slow = [slow_soft_pairwise(row, gold, signs) for row in few]
    outcome = Outcome(
        f"soft pairwise accuracy with {gone.size} single cells missing, 3 metrics",
        PEER,
        ours,
        apart=max(apart(plain, slow), apart(moved, plain)),
        tolerance=1e-4,
        compared="ours, the definition pair by pair in double precision, and ours with a number added to each segment",
        note=f"ours {shown(plain)}, and with a number added to all scores of each segment {shown(moved)}",
    )
    if stats is None:
        return without_peer(outcome)
    theirs = [
        [stats.Correlation(gold.shape[0], listed(gold), listed(row)).PairwiseConfidenceError()[0] for row in rows]
        for rows in (few, shifted)
    ]
    return replace(
        outcome,
        note=f"{outcome.note}; the peer, which compares segments that do not match, says {shown(theirs[0])} and "
        f"{shown(theirs[1])} without a warning",
    )


def our_soft_pairwise(scores: Floats, gold: Floats) -> list[float]:
    return [estimate.value for estimate in soft_pairwise_accuracy(scores, gold, rng=np.random.default_rng(4))]


def shown(values: list[float]) -> str:
    return ", ".join(f"{value:.4f}" for value in values)


def slow_soft_pairwise(row: Floats, gold: Floats, signs: Any) -> float:
    """By definition: each pair of systems on the segments that both have, in double precision."""
    kept = (~np.isnan(gold)).any(axis=0)
    row, gold, signs = row[:, kept], gold[:, kept], signs.astype(np.float64)
    gaps = []
    for i in range(len(gold)):
        for j in range(i + 1, len(gold)):
            both = ~(np.isnan(gold[i]) | np.isnan(gold[j]))
            p = []
            for values in (gold, row):
                difference = (values[i] - values[j])[both]
                p.append(np.mean(signs[:, both] @ difference >= difference.sum() - 1e-9))
            gaps.append(abs(p[0] - p[1]))
    return float(1 - np.mean(gaps))
