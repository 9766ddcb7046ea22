"""A paired accuracy test, Bradley-Terry strengths and calibration error beside scipy, evalica, netcal, scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import inputs
import numpy as np
import scipy.stats
from measuring import Outcome, apart, cpu_seconds, found, peak_megabytes, version, without_peer

from rewardmeter.stats.ranking_bootstrap import bradley_terry_draws, bradley_terry_item_draws
from rewardmeter.stats.reliability import expected_calibration_error, reliability_bins
from rewardmeter.stats.significance import preference_tests

SEED = 20261128


def outcomes() -> Iterator[Outcome]:
    yield paired_accuracy()
    yield bradley_terry_bootstrap()
    probability, label = inputs.probabilities()
    yield calibration_netcal(probability, label)
    yield calibration_scikit_learn(probability, label)


def paired_accuracy(resamples: int = 9999) -> Outcome:
    """Ours is exact: it must be the sign test of the discordant pairs, and the peer's draws scatter around it."""
    credits = inputs.preference_credits()

    def tested() -> Any:
        return preference_tests(credits, alternative="two-sided")

    def drawn() -> Any:
        return scipy.stats.permutation_test(
            (credits[0], credits[1]),
            lambda x, y, axis: np.mean(x, axis=axis) - np.mean(y, axis=axis),
            permutation_type="samples",
            n_resamples=resamples,
            vectorized=True,
            rng=np.random.default_rng(SEED),
        )

    ours, tests = cpu_seconds(tested, 9)
    theirs, peer = cpu_seconds(drawn, 3)
    wins, losses = (int(np.sum(credits[i] > credits[1 - i])) for i in (0, 1))
    exact = scipy.stats.binomtest(wins, wins + losses).pvalue
    p = float(tests.p[0, 1])
    chance = np.sqrt(p * (1 - p) / resamples)
    return Outcome(
        f"paired accuracy test, {credits.shape[1]:,} pairs, {resamples:,} draws",
        version("scipy"),
        ours,
        theirs,
        apart=max(abs(p - exact), abs(float(tests.difference[0, 1]) - float(peer.statistic))),
        tolerance=1e-12,
        compared="our p and scipy's exact binomial test; the difference of the accuracies",
        ratio_goal=500,
        memory_goal=10,
        peak=peak_megabytes(tested),
        their_peak=peak_megabytes(drawn),
        note=f"our exact p is {p:.4f}, the peer draws {peer.pvalue:.4f} +- {chance:.4f}",
    )


def bradley_terry_bootstrap(resamples: int = 1000, measured: int = 3) -> Outcome:
    first, second, credit = inputs.battles()
    ours, _ = cpu_seconds(
        lambda: bradley_terry_draws(first, second, credit, rng=np.random.default_rng(SEED), resamples=resamples)
    )
    outcome = Outcome(
        f"Bradley-Terry bootstrap, {first.size:,} battles of 100 models, {resamples:,} draws",
        version("evalica"),
        ours,
        ratio_goal=50,
    )
    evalica = found("evalica")
    if evalica is None:
        return without_peer(outcome)
    won = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
    names, winners = (first.tolist(), second.tolist()), [won[value] for value in credit.tolist()]
    settled = {"tolerance": 1e-10, "limit": 1000}

    def run(draws: int, **options: Any) -> Any:
        rng = np.random.default_rng(SEED)
        return evalica.bootstrap(
            evalica.bradley_terry,
            *names,
            winners,
            n_resamples=draws,
            bootstrap_method="percentile",
            random_state=rng,
            **options,
        )

    once, _ = cpu_seconds(lambda: evalica.bradley_terry(*names, winners))
    theirs, _ = cpu_seconds(lambda: run(measured))
    each = (theirs - once) / measured
    peer = run(measured, **settled)
    rows = np.random.default_rng(SEED).integers(0, first.size, (measured, first.size))
    weights = np.stack([np.bincount(row, minlength=first.size) for row in rows])
    replayed = bradley_terry_item_draws(first, second, credit, np.arange(first.size), weights=weights)
    strengths = np.log(peer.distribution.sort_index(axis=1).to_numpy())
    return replace(
        outcome,
        theirs=once + each * resamples,
        how=f"{measured} of {resamples:,} draws measured",
        apart=apart(replayed, strengths - strengths.mean(axis=1, keepdims=True)),
        tolerance=1e-9,
        compared=f"log-odds of {measured} replayed resamples",
        note="for the numbers the peer iterates until it settles; it is timed with its defaults",
    )


def calibration_netcal(probability: Any, label: Any, bins: int = 15) -> Outcome:
    ours, value = cpu_seconds(lambda: expected_calibration_error(probability, label, bins=bins), 15)
    outcome = Outcome(
        f"calibration error, {probability.size:,} rows, {bins} bins", version("netcal"), ours, ratio_goal=5
    )
    netcal = found("netcal.metrics")
    if netcal is None:
        return without_peer(outcome)
    theirs, peer = cpu_seconds(lambda: netcal.ECE(bins).measure(probability, label), 15)
    return replace(
        outcome, theirs=theirs, apart=abs(value - float(peer)), tolerance=1e-12, compared="calibration error"
    )


def calibration_scikit_learn(probability: Any, label: Any, bins: int = 15) -> Outcome:
    """The peer gives the curve; the error needs the rows of each bin besides."""
    ours, _ = cpu_seconds(lambda: expected_calibration_error(probability, label, bins=bins), 15)
    found_bins = reliability_bins(probability, label, bins=bins)
    outcome = Outcome(
        f"calibration error, {probability.size:,} rows, {bins} bins",
        f"{version('scikit-learn')} calibration_curve",
        ours,
        ratio_goal=5,
        note=f"our curve itself takes "
        f"{cpu_seconds(lambda: reliability_bins(probability, label, bins=bins), 15)[0] * 1000:.1f} ms",
    )
    sklearn = found("sklearn.calibration")
    if sklearn is None:
        return without_peer(outcome)
    theirs, curve = cpu_seconds(lambda: sklearn.calibration_curve(label, probability, n_bins=bins), 15)
    filled = found_bins.count > 0
    return replace(
        outcome,
        theirs=theirs,
        apart=apart([found_bins.frequency[filled], found_bins.probability[filled]], curve),
        tolerance=1e-10,
        compared="both coordinates of the curve",
    )
