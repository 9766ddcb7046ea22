"""Bootstrap and permutation of systems and segments beside nlpstats, with its draws replayed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from inputs import Floats, Translation
from measuring import Outcome, apart, cpu_seconds, found, per_draw, seeded, without_peer

from rewardmeter.stats.significance import (
    Counts,
    bootstrap_values,
    correlation_permutation_tests,
    draw_counts,
    draw_swaps,
    replayed_swaps,
)
from rewardmeter.stats.significance.pair_cells import pair_cells
from rewardmeter.stats.significance.swap_engine import null_differences
from rewardmeter.stats.significance.swap_kernels import CorrelationStatistic, correlation_kernel

PEER = "nlpstats"
DRAWS = 9999
SEED = 20261127
Coefficient = Literal["pearson", "kendall"]
OURS: dict[Coefficient, CorrelationStatistic] = {"pearson": "pearson", "kendall": "kendall_b"}


def outcomes(data: Translation) -> Iterator[Outcome]:
    """The peer wants no segment without any rating, and scores that are missing where ratings are."""
    kept = ~np.isnan(data.ragged).all(axis=0)
    gold = data.ragged[:, kept]
    scores = np.where(np.isnan(gold), np.nan, data.scores[3:5][:, :, kept])
    for coefficient in get_args(Coefficient):
        yield bootstrap(scores, gold, coefficient)
    for coefficient in get_args(Coefficient):
        yield permutation(scores, gold, coefficient)


def bootstrap(scores: Floats, gold: Floats, coefficient: Coefficient, measured: int = 8) -> Outcome:
    counts = draw_counts(shape(gold), DRAWS, "both", np.random.default_rng(SEED))
    statistic = f"segment.{OURS[coefficient]}.item"
    ours, _ = cpu_seconds(lambda: bootstrap_values(scores[:1], gold, counts, statistic=statistic))
    outcome = Outcome(
        f"bootstrap over systems and segments, {OURS[coefficient]} by item, one metric, {DRAWS:,} draws",
        PEER,
        ours,
        ratio_goal=1000,
    )
    module = found("nlpstats.correlations")
    if module is None:
        return without_peer(outcome)

    def run(draws: int) -> Any:
        seeded(SEED)
        return quiet(module.bootstrap, scores[0], gold, "input", coefficient, "both", n_resamples=draws)

    theirs, how = per_draw(run, measured, DRAWS)
    replayed = bootstrap_values(scores[:1], gold, drawn_counts(shape(gold), measured), statistic=statistic)
    return replace(
        outcome,
        theirs=theirs,
        how=how,
        apart=apart(replayed[:, 0], run(measured).samples),
        tolerance=1e-12,
        compared=f"{measured} replayed resamples",
    )


def permutation(scores: Floats, gold: Floats, coefficient: Coefficient, measured: int = 6) -> Outcome:
    draws = draw_swaps(shape(gold), DRAWS, rng=np.random.default_rng(SEED), swap="rows_columns")
    statistic = OURS[coefficient]
    ours, _ = cpu_seconds(
        lambda: correlation_permutation_tests(scores, gold, draws, statistic=statistic, grouping="item")
    )
    outcome = Outcome(
        f"permutation of systems and segments, {statistic} by item, one pair, {DRAWS:,} draws",
        PEER,
        ours,
        ratio_goal=300,
    )
    module = found("nlpstats.correlations")
    if module is None:
        return without_peer(outcome)

    def run(number: int) -> Any:
        seeded(SEED)
        return quiet(
            module.permutation_test, scores[0], scores[1], gold, "input", coefficient, "both", n_resamples=number
        )

    theirs, how = per_draw(run, measured, DRAWS)
    cells = pair_cells(scores[0], scores[1], gold, "item")
    assert not isinstance(cells, str), cells
    replayed = replayed_swaps(drawn_swaps(shape(gold), measured), swap="rows_columns")
    return replace(
        outcome,
        theirs=theirs,
        how=how,
        apart=apart(null_differences(correlation_kernel(cells, statistic), replayed)[0], run(measured).samples),
        tolerance=1e-12,
        compared=f"{measured} replayed null differences",
    )


def quiet(function: Any, *arguments: Any, **options: Any) -> Any:
    """A call of the peer without its warnings of constant input, which it leaves out as we do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


def drawn_counts(shape: tuple[int, int], draws: int) -> Counts:
    """What the peer draws: systems first, then segments, with replacement."""
    generator = seeded(SEED)
    systems, segments = [], []
    for _ in range(draws):
        systems.append(np.bincount(generator.choice(shape[0], shape[0], replace=True), minlength=shape[0]))
        segments.append(np.bincount(generator.choice(shape[1], shape[1], replace=True), minlength=shape[1]))
    return Counts(np.array(segments), np.array(systems))


def drawn_swaps(shape: tuple[int, int], draws: int) -> Any:
    """What the peer swaps: some systems, then some segments, so that a cell of both is back in its place."""
    generator = seeded(SEED)
    swapped = []
    for _ in range(draws):
        rows = generator.rand(shape[0], 1) > 0.5
        swapped.append(rows ^ (generator.rand(1, shape[1]) > 0.5))
    return np.array(swapped)


def shape(gold: Floats) -> tuple[int, int]:
    return gold.shape[0], gold.shape[1]
