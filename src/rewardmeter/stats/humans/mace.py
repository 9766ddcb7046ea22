"""MACE, the rater model that tells raters who know from raters who fill in anything: by EM or variational Bayes.

Hovy, Berg-Kirkpatrick, Vaswani and Hovy 2013, "Learning Whom to Trust with MACE", NAACL.
May import: cells, dawid_skene, judgments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Ints
from rewardmeter.stats.humans.dawid_skene import most_probable
from rewardmeter.stats.humans.judgments import checked_labels

__all__ = ["Mace", "MaceMethod", "MaceStart", "mace", "random_starts"]

MaceMethod = Literal["variational", "em"]
_KNOWS_PRIOR = 0.5
_STRATEGY_PRIOR = 10.0
"""Beta and Dirichlet priors of the paper's section 2.3."""
_SMOOTHING = 0.01
"""Pseudo-count of EM, shared among the labels."""


class MaceStart(NamedTuple):
    """Where the fit begins: chance that each rater knows (R,), and what they say when not (R, K), all above 0."""

    knows: Floats
    strategy: Floats


@dataclass(frozen=True, slots=True)
class Mace:
    """A fitted model of N units, R raters and K labels.

    Attributes
    ----------
    probability: (N, K) of each label being the true one; NaN for a unit that nobody judged.
    competence: (R,) chance that the rater knows and says the truth (the paper's theta); NaN without judgments.
    strategy: (R, K) what the rater says when not (the paper's xi); NaN without judgments.
    bound: per judgment, after each step: the log-likelihood (``em``), or its variational lower bound with the priors.
    converged: whether it rose by less than the tolerance in the last step.
    start: which of the given starts led to the greatest bound and is shown here.
    """

    probability: Floats
    competence: Floats
    strategy: Floats
    bound: Floats
    converged: bool
    start: int

    @property
    def labels(self) -> Ints:
        """(N,) the most probable label; -1 where two are equally probable or nobody judged."""
        return most_probable(self.probability)


class _Judgments(NamedTuple):
    """Judgments prepared for the steps: label-major places (K, N) and rater-major cells (R, K) of each."""

    unit: Ints
    place: Ints
    cell: Ints
    counts: Floats
    judged: NDArray[np.bool_]


class _Chances(NamedTuple):
    """What the next expectation step uses; sums below 1 under variational Bayes."""

    knows: Floats
    spams: Floats
    strategy: Floats


def random_starts(raters: int, labels: int, starts: int, rng: np.random.Generator) -> list[MaceStart]:
    """Starts with chances near equal, as the paper restarts from: ratios of uniform draws from [1, 1.5)."""
    made = []
    for _ in range(starts):
        knows, strategy = 1 + 0.5 * rng.random((raters, 2)), 1 + 0.5 * rng.random((raters, labels))
        made.append(MaceStart(knows[:, 1] / knows.sum(axis=1), strategy / strategy.sum(axis=1, keepdims=True)))
    return made


def mace(
    unit: ArrayLike,
    rater: ArrayLike,
    label: ArrayLike,
    *,
    labels: int | None = None,
    method: MaceMethod = "variational",
    steps: int = 50,
    tolerance: float = 1e-6,
    starts: Sequence[MaceStart] = (),
) -> Mace:
    """Fit MACE: with chance theta a rater says the truth, else draws from a strategy xi of their own.

    True labels are equally likely before anybody has spoken. ``variational`` puts the paper's priors on theta (Beta
    with 0.5, 0.5) and xi (Dirichlet with 10 for each label), ``em`` adds 0.01 / K to the expected counts.

    Parameters
    ----------
    unit, rater, label: (judgments,) whole numbers from 0. Judgments may repeat.
    labels: K; one more than the greatest label if not given.
    steps, tolerance: at most so many steps; stop when the bound per judgment rises by less; 0 makes all steps.
    starts: where to begin, the best end wins; see `random_starts`. By default one start, theta 1/2 and xi uniform,
        which makes the first guess the share of votes and the result deterministic.

    Raises
    ------
    ValueError
        Without judgments, on arrays that do not fit together, an unknown method, or starts that do not fit.
    """
    if method not in get_args(MaceMethod):
        raise ValueError(f"method must be one of {', '.join(get_args(MaceMethod))}; got {method!r}")
    if steps < 1:
        raise ValueError(f"at least one step is needed; got {steps}")
    units, raters, said = checked_labels(unit, rater, label, labels)
    k, r = labels or int(said.max()) + 1, int(raters.max()) + 1
    data = _prepared(units, raters, said, (r, k))
    begin = [_checked_start(start, r, k) for start in starts] or [MaceStart(np.full(r, 0.5), np.full((r, k), 1 / k))]
    fits = [_fit(data, start, method, steps, tolerance) for start in begin]
    best = int(np.argmax([history[-1] for _, _, history, _ in fits]))
    probability, expected, history, converged = fits[best]
    competence, strategy = _summary(data.counts, expected, method)
    probability[:, ~data.judged] = np.nan
    silent = data.counts.sum(axis=1) == 0
    competence[silent], strategy[silent] = np.nan, np.nan
    return Mace(np.ascontiguousarray(probability.T), competence, strategy, np.array(history), converged, best)


def _prepared(units: Ints, raters: Ints, said: Ints, shape: tuple[int, int]) -> _Judgments:
    n, cell = int(units.max()) + 1, raters * shape[1] + said
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    return _Judgments(units, said * n + units, cell, counts, np.bincount(units, minlength=n) > 0)


def _checked_start(start: MaceStart, raters: int, labels: int) -> MaceStart:
    knows, strategy = np.asarray(start.knows, dtype=np.float64), np.asarray(start.strategy, dtype=np.float64)
    if knows.shape != (raters,) or strategy.shape != (raters, labels):
        raise ValueError(
            f"a start needs the shapes ({raters},) and ({raters}, {labels}); got {knows.shape} and {strategy.shape}"
        )
    if not ((knows > 0) & (knows < 1)).all() or not (strategy > 0).all():
        raise ValueError("the chances of a start must lie strictly between 0 and 1")
    return MaceStart(knows, strategy)


def _fit(
    data: _Judgments, start: MaceStart, method: MaceMethod, steps: int, tolerance: float
) -> tuple[Floats, Floats, list[float], bool]:
    """Label probabilities (K, N), expected times that raters knew (R, K), the bound after each step, convergence."""
    chances = _Chances(start.knows, 1 - start.knows, start.strategy)
    probability, knew, _ = _expect(data, chances)
    history: list[float] = []
    converged = False
    while len(history) < steps and not converged:
        chances, divergence = _maximise(data.counts, knew, method)
        used = knew
        probability, knew, likelihood = _expect(data, chances)
        history.append((likelihood - divergence) / data.unit.size)
        converged = len(history) > 1 and tolerance > 0 and history[-1] - history[-2] < tolerance
    return probability, used, history, converged


def _expect(data: _Judgments, chances: _Chances) -> tuple[Floats, Floats, float]:
    """Label probabilities (K, N), times that each rater knew by label said (R, K), and the log-likelihood.

    A judgment a of rater j has the chance s + t [a is true], with s = spams_j xi_ja and t = knows_j. So a unit's joint
    chance with label c is the product of s over its judgments times that of 1 + t / s over those which say c.
    """
    n, k = data.judged.size, data.counts.shape[1]
    guessed = chances.spams[:, None] * chances.strategy
    gain = np.log1p(chances.knows[:, None] / guessed)
    joint = np.bincount(data.place, gain.ravel()[data.cell], minlength=n * k).reshape(k, n)
    base = float(np.log(guessed).ravel() @ data.counts.ravel())
    top = joint.max(axis=0)
    share = np.exp(joint - top)
    total = share.sum(axis=0)
    likelihood = base + float(np.sum((top + np.log(total) - np.log(k))[data.judged]))
    probability = share / total
    true = np.bincount(data.cell, probability.ravel()[data.place], minlength=data.counts.size)
    knew = true.reshape(data.counts.shape) * chances.knows[:, None] / (guessed + chances.knows[:, None])
    return probability, knew, likelihood


def _maximise(counts: Floats, knew: Floats, method: MaceMethod) -> tuple[_Chances, float]:
    """Chances from the expected counts, and what the priors cost."""
    known, spammed = knew.sum(axis=1), (counts - knew).sum(axis=1)
    if method == "em":
        smoothing = _SMOOTHING / counts.shape[1]
        total = known + spammed + 2 * smoothing
        knows = (known + smoothing) / total
        return _Chances(knows, 1 - knows, _shares(counts - knew + smoothing)), 0.0
    both = np.stack([known, spammed], axis=1) + _KNOWS_PRIOR
    said = counts - knew + _STRATEGY_PRIOR
    divergence = _dirichlet_divergence(both, _KNOWS_PRIOR) + _dirichlet_divergence(said, _STRATEGY_PRIOR)
    chances = _geometric(both)
    return _Chances(chances[:, 0], chances[:, 1], _geometric(said)), divergence


def _summary(counts: Floats, knew: Floats, method: MaceMethod) -> tuple[Floats, Floats]:
    """Means of theta and xi at the last parameters."""
    if method == "em":
        chances, _ = _maximise(counts, knew, method)
        return chances.knows, chances.strategy
    known = knew.sum(axis=1) + _KNOWS_PRIOR
    return known / (counts.sum(axis=1) + 2 * _KNOWS_PRIOR), _shares(counts - knew + _STRATEGY_PRIOR)


def _shares(counts: Floats) -> Floats:
    return counts / counts.sum(axis=1, keepdims=True)


def _geometric(counts: Floats) -> Floats:
    """exp(E[log p]) under a Dirichlet with these parameters in each row."""
    from scipy.special import digamma

    return np.exp(digamma(counts) - digamma(counts.sum(axis=1, keepdims=True)))


def _dirichlet_divergence(posterior: Floats, prior: float) -> float:
    """Kullback-Leibler divergence of Dirichlet posteriors (rows) from one symmetric prior, summed over the rows."""
    from scipy.special import digamma, gammaln

    size, total = posterior.shape[1], posterior.sum(axis=1)
    log_ratio = gammaln(total) - gammaln(posterior).sum(axis=1) - gammaln(size * prior) + size * gammaln(prior)
    moved = (posterior - prior) * (digamma(posterior) - digamma(total)[:, None])
    return float((log_ratio + moved.sum(axis=1)).sum())
