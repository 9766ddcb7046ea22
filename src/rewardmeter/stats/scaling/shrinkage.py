"""One parameter for each slice, drawn to their common mean by empirical Bayes.

May import: `records`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rewardmeter.stats.scaling.records import Floats, Places

__all__ = ["SliceLikelihood", "design_effect", "shrunken"]

SliceLikelihood = Callable[[Floats], tuple[Floats, Floats, Floats]]
"""Parameters of the slices (S,) -> minus log-likelihood, score and Fisher information of each, (S,) all."""


def shrunken(likelihood: SliceLikelihood, centre: float, slices: int) -> tuple[Floats, float, float]:
    """Posterior modes (S,) under a normal distribution between slices, with that distribution's mean and deviation.

    The mean mu and the variance tau^2 between slices come by the method of moments (Paule and Mandel 1982; Veroniki et
    al. 2016) from one Fisher step of each slice, off the common estimate ``centre``, with the variance 1 / information
    there. A step is finite where a slice alone has no finite maximum, and exact where there are no differences; very
    great differences (deviations near 1 on a log scale) come out up to a third too small. The modes maximise likelihood
    plus the normal prior (mu, tau). With tau = 0 all slices have the value mu; so has a slice without information.
    """
    values = np.full(slices, centre)
    _, score, information = likelihood(values)
    if not (information > 0).any():
        return values, centre, 0.0
    mean, variance = _between(values, score, information)
    values = np.full(slices, mean)
    if variance > 0:
        values = _modes(likelihood, values, mean, variance)
    return values, mean, float(np.sqrt(variance))


def design_effect(pull: Floats, bend: Floats, place: Places, item: Places | None) -> float:
    """How much more the rows' score contributions vary by whole items than by rows; at least 1, and 1 without items.

    ``pull`` and ``bend`` (rows,) are the first and second derivative of each row's loss; ``place`` is its slice. With
    the pulls less what moves their slice's sum to 0, it is the sum over items of (sum of pulls)^2 over that of pulls^2.
    Log-likelihoods are divided by it, so that the rows of an item do not count as independent (a quasi-likelihood;
    McCullagh and Nelder 1989, chapter 9).
    """
    if item is None:
        return 1.0
    slope = np.bincount(place, weights=bend)
    rest = pull - (np.bincount(place, weights=pull) / np.where(slope > 0, slope, 1.0))[place] * bend
    single = float(rest @ rest)
    return max(1.0, float((np.bincount(item, weights=rest) ** 2).sum()) / single) if single > 0 else 1.0


def _between(values: Floats, score: Floats, information: Floats) -> tuple[float, float]:
    """Mean and variance between slices from one-step estimates of variance 1 / information."""
    known = information > 0
    info = information[known]
    estimate = values[known] + score[known] / info

    def average(variance: float) -> tuple[float, float]:
        share = info / (1 + variance * info)
        mean = float(share @ estimate / share.sum())
        return mean, float(share @ (estimate - mean) ** 2) - (info.size - 1)

    mean, excess = average(0.0)
    if excess <= 1e-9:
        return mean, 0.0
    from scipy.optimize import brentq

    high = 1.0
    while average(high)[1] > 0:
        high *= 4
    variance = float(brentq(lambda value: average(value)[1], 0.0, high, xtol=1e-300, rtol=1e-10))
    return average(variance)[0], variance


def _modes(likelihood: SliceLikelihood, start: Floats, mean: float, variance: float) -> Floats:
    """Modes of likelihood times normal prior, all slices at once, by damped Fisher scoring."""

    def posterior(at: Floats) -> tuple[Floats, Floats, Floats]:
        loss, score, information = likelihood(at)
        pulled = score - (at - mean) / variance
        return loss + (at - mean) ** 2 / (2 * variance), pulled, pulled / (information + 1 / variance)

    values = start
    goal, _, step = posterior(values)
    for _ in range(200):
        step = np.clip(step, -1.0, 1.0)
        if float(np.abs(step).max()) < 1e-9:
            break
        for _ in range(40):
            reached, _, further = posterior(values + step)
            worse = reached > goal + 1e-12 * np.abs(goal)
            if not worse.any():
                break
            step = np.where(worse, step / 2, step)
        values, goal, step = values + step, reached, further
    return values
