"""Groups of k responses of which some are correct: does the scorer put a correct one first?

Responses are flat arrays; group g is offsets[g] to offsets[g + 1]. A group counts for a scorer that scored
all its responses, and counts at all only if it holds a correct and a wrong response; the rest is left out and
counted, never guessed.

Notation: K scorers, R responses, G groups, N items, B resamples. May import `stats.result` and
`stats.credits`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.result import Estimate

__all__ = [
    "best_of_k_estimates",
    "best_of_k_strict_estimates",
    "checked_offsets",
    "group_credits",
    "mean_reciprocal_rank_estimates",
    "separation_estimates",
    "ties_score_estimates",
]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_TIES_WEIGHTS = (0.3, 0.3, 0.2, 0.2, 0.01)


def best_of_k_estimates(
    scores: npt.ArrayLike,
    offsets: npt.ArrayLike,
    best: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Best-of-k accuracy (``pair.best_of_k``): the chance that the greatest score is a correct response's.

    Credit of a group: c / t, with t responses tied at the greatest score and c of them correct, the
    expectation over a random choice among them. For one correct response this is the 1/t of RewardBench 2
    (Malik et al. 2025).

    Parameters
    ----------
    scores:
        (K, R) score of each response; NaN where the scorer has none.
    offsets:
        (G + 1,) where each group starts, from 0 up to R; no group is empty.
    best:
        (R,) whether the response is correct.
    cluster:
        (G,) item of each group, 0..N-1.
    weights:
        (B, N) how often each resample draws each item; ``None`` gives no interval.

    Returns
    -------
    One estimate in [0, 1] for each scorer; ``n`` counts the groups used. ``detail``: ``unscored`` groups in
    which the scorer lacks a score, and ``uninformative`` groups without a correct or without a wrong
    response.

    Raises
    ------
    ValueError
        Shapes that do not fit, or offsets that do not run from 0 to R in steps of one or more.
    """
    groups = _groups(scores, offsets, best)
    return _group_estimates(groups, _shared_credits(groups), cluster, weights=weights, level=level)


def best_of_k_strict_estimates(
    scores: npt.ArrayLike,
    offsets: npt.ArrayLike,
    best: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Strict best-of-k accuracy (``pair.best_of_k_strict``): a correct response scores above all wrong ones.

    A tie with a wrong response is a loss. For one correct response this is the accuracy of RewardMATH (Kim et
    al. 2024). Arguments and result as in `best_of_k_estimates`.
    """
    groups = _groups(scores, offsets, best)
    return _group_estimates(groups, _strict_credits(groups), cluster, weights=weights, level=level)


def group_credits(
    scores: npt.ArrayLike, offsets: npt.ArrayLike, best: npt.ArrayLike, *, strict: bool = False
) -> Floats:
    """Credit of each scorer for each group, (K, G) in [0, 1]; NaN where the group does not count for the scorer.

    The means of its rows are `best_of_k_estimates`, or `best_of_k_strict_estimates` if ``strict``.
    """
    groups = _groups(scores, offsets, best)
    credits = _strict_credits(groups) if strict else _shared_credits(groups)
    return np.where(groups.usable(), credits, np.nan)


def _shared_credits(groups: _Groups) -> Floats:
    at_top = groups.scores == np.repeat(groups.greatest(groups.scores), groups.sizes, axis=1)
    return np.asarray(groups.count(at_top & groups.best) / np.maximum(groups.count(at_top), 1))


def _strict_credits(groups: _Groups) -> Floats:
    return (groups.best_correct() > groups.best_wrong()).astype(float)


def separation_estimates(
    scores: npt.ArrayLike,
    offsets: npt.ArrayLike,
    best: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Separation (``pair.separation``): every correct response scores above every wrong one.

    The accuracy inside the Ties score of RewardBench 2 (Malik et al. 2025); for one correct response the same
    as `best_of_k_strict_estimates`. Arguments and result as in `best_of_k_estimates`.
    """
    groups = _groups(scores, offsets, best)
    credits = groups.worst_correct() > groups.best_wrong()
    return _group_estimates(groups, credits.astype(float), cluster, weights=weights, level=level)


def mean_reciprocal_rank_estimates(
    scores: npt.ArrayLike,
    offsets: npt.ArrayLike,
    best: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Mean reciprocal rank (``pair.mrr``) of the first correct response, ties against it.

    Credit of a group: 1 / (1 + number of wrong responses that score at least as much as the best correct
    one), in (0, 1]; for one correct response the MRR of RewardMATH (Kim et al. 2024). Arguments and result as
    in `best_of_k_estimates`.
    """
    groups = _groups(scores, offsets, best)
    ahead = ~groups.best & (groups.scores >= np.repeat(groups.best_correct(), groups.sizes, axis=1))
    return _group_estimates(groups, 1 / (1 + groups.count(ahead)), cluster, weights=weights, level=level)


def ties_score_estimates(
    scores: npt.ArrayLike,
    offsets: npt.ArrayLike,
    best: npt.ArrayLike,
    prompt: npt.ArrayLike,
    *,
    tied: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Ties score of RewardBench 2 (``pair.ties_score``; Malik et al. 2025, section on the Ties domain).

    Each prompt comes in two versions: a reference with one correct response, and a tied one with several.
    With gap = worst correct - best wrong of a version, spread = best - worst correct of the tied one, and g
    the smaller of the two gaps, a prompt's credit is

    0.3 [gap_tied > 0] + 0.3 [gap_ref > 0] + 0.2 [gap_tied > spread] + 0.2 [g > spread] + 0.01 tanh(g / spread
    - 1),

    the last term 0 where g = spread = 0. Values run from -0.01 to 1.01: the published score can exceed 1.

    Parameters
    ----------
    scores, offsets, best, weights, level:
        As in `best_of_k_estimates`.
    prompt:
        (G,) prompt of each group, 0..N-1: it joins the two versions, and is the item that is resampled.
    tied:
        (G,) whether the group is the tied version of its prompt.

    Returns
    -------
    One estimate for each scorer; ``n`` counts the prompts used. A prompt without both versions fully scored
    and informative is left out (the benchmark has none such). ``detail`` holds the means of the five terms:
    ``accuracy_tied``, ``accuracy_ref``, ``margin_tied``, ``margin_both``, ``margin_tanh``, and ``left_out``.

    Raises
    ------
    ValueError
        As in `best_of_k_estimates`, and for a prompt with two groups of the same version.
    """
    groups = _groups(scores, offsets, best)
    reference, several = _versions(prompt, tied, len(groups.sizes))
    with np.errstate(invalid="ignore"):
        gap = np.where(groups.usable(), groups.worst_correct() - groups.best_wrong(), np.nan)
        spread = (groups.best_correct() - groups.worst_correct())[:, several]
        gap_tied, gap_ref = gap[:, several], gap[:, reference]
        both = np.minimum(gap_tied, gap_ref)
        squashed = np.tanh(_quotient(both, spread) - 1)
    left_out = np.isnan(both) | np.isnan(spread)
    terms = {
        "accuracy_tied": gap_tied > 0,
        "accuracy_ref": gap_ref > 0,
        "margin_tied": gap_tied > spread,
        "margin_both": both > spread,
        "margin_tanh": squashed,
    }
    parts = {name: np.where(left_out, np.nan, term.astype(float)) for name, term in terms.items()}
    credits = sum(weight * part for weight, part in zip(_TIES_WEIGHTS, parts.values(), strict=True))
    prompts = len(np.unique(np.asarray(prompt)))
    details = [
        {name: _mean(part[k]) for name, part in parts.items()}
        | {"left_out": float(prompts - np.count_nonzero(~left_out[k]))}
        for k in range(len(left_out))
    ]
    items = np.asarray(prompt)[several]
    return mean_estimates(np.asarray(credits), items, weights=weights, level=level, details=details)


@dataclass(frozen=True, slots=True)
class _Groups:
    """Scores (K, R) in groups that start at ``starts`` (G,) and hold ``sizes`` (G,) responses."""

    scores: Floats
    best: Booleans
    starts: Integers
    sizes: Integers

    def greatest(self, values: Floats) -> Floats:
        """(K, G) greatest value of each group."""
        return np.maximum.reduceat(values, self.starts, axis=1) if len(self.starts) else values[:, :0]

    def count(self, flags: Booleans) -> Integers:
        """(K, G) how many flags of each group are set."""
        counts = flags.astype(np.int64)
        return np.add.reduceat(counts, self.starts, axis=1) if len(self.starts) else counts[:, :0]

    def best_correct(self) -> Floats:
        return self.greatest(np.where(self.best, self.scores, -np.inf))

    def worst_correct(self) -> Floats:
        return -self.greatest(np.where(self.best, -self.scores, -np.inf))

    def best_wrong(self) -> Floats:
        return self.greatest(np.where(self.best, -np.inf, self.scores))

    def informative(self) -> Booleans:
        """(G,) whether a group holds both a correct and a wrong response."""
        correct = self.count(self.best[None])[0]
        return np.asarray((correct > 0) & (correct < self.sizes))

    def usable(self) -> Booleans:
        """(K, G) whether a group is informative and the scorer scored all of it."""
        return np.asarray(self.informative() & (self.count(np.isnan(self.scores)) == 0))


def _group_estimates(
    groups: _Groups, credits: Floats, cluster: npt.ArrayLike, *, weights: npt.ArrayLike | None, level: float
) -> list[Estimate]:
    """Mean credit (K, G) over the usable groups."""
    usable, informative = groups.usable(), groups.informative()
    counted = np.count_nonzero(informative)
    details = [
        {
            "unscored": float(counted - np.count_nonzero(row)),
            "uninformative": float(len(informative) - counted),
        }
        for row in usable
    ]
    return mean_estimates(np.where(usable, credits, np.nan), cluster, weights=weights, level=level, details=details)


def checked_offsets(scores: npt.ArrayLike, offsets: npt.ArrayLike) -> tuple[Floats, Integers, Integers]:
    """Scores (K, R), and where each group starts and how many responses it holds, both (G,).

    Raises
    ------
    ValueError
        Scores without two axes, or offsets that do not run from 0 to R in steps of one or more.
    """
    values, edges = np.asarray(scores, float), np.asarray(offsets, np.int64)
    if values.ndim != 2:
        raise ValueError(f"scores must have axes (scorers, responses), not shape {values.shape}")
    if edges.ndim != 1 or not len(edges) or edges[0] != 0 or edges[-1] != values.shape[1]:
        raise ValueError(f"offsets must run from 0 to the {values.shape[1]} responses")
    sizes = edges[1:] - edges[:-1]
    if (sizes < 1).any():
        raise ValueError(f"group {np.flatnonzero(sizes < 1)[0]} is empty: offsets must increase")
    return values, edges[:-1], sizes


def _groups(scores: npt.ArrayLike, offsets: npt.ArrayLike, best: npt.ArrayLike) -> _Groups:
    """Groups from checked arguments."""
    values, starts, sizes = checked_offsets(scores, offsets)
    correct = np.asarray(best)
    if correct.shape != values.shape[1:] or correct.dtype != np.bool_:
        raise ValueError(
            f"best needs true or false for each of {values.shape[1]} responses, "
            f"not {correct.dtype} of shape {correct.shape}"
        )
    return _Groups(values, correct, starts, sizes)


def _versions(prompt: npt.ArrayLike, tied: npt.ArrayLike, n_groups: int) -> tuple[Integers, Integers]:
    """Indices of the reference and of the tied group of each prompt that has both."""
    prompts, several = np.asarray(prompt), np.asarray(tied)
    if prompts.shape != (n_groups,) or several.shape != (n_groups,) or several.dtype != np.bool_:
        raise ValueError(f"prompt and tied (true or false) need one value for each of {n_groups} groups")
    for version in (prompts[several], prompts[~several]):
        values, counts = np.unique(version, return_counts=True)
        if (counts > 1).any():
            raise ValueError(f"prompt {values[counts > 1][0]} has two groups of the same version")
    _, in_tied, in_reference = np.intersect1d(
        prompts[several], prompts[~several], assume_unique=True, return_indices=True
    )
    return np.flatnonzero(~several)[in_reference], np.flatnonzero(several)[in_tied]


def _quotient(gap: Floats, spread: Floats) -> Floats:
    """gap / spread; for spread 0 an infinity of the gap's sign, and 1 for 0 / 0 (so that its term is 0)."""
    quotient = np.where(gap == 0, 1.0, np.copysign(np.inf, gap))
    np.divide(gap, spread, out=quotient, where=spread != 0)
    return np.where(np.isnan(gap), np.nan, quotient)


def _mean(values: Floats) -> float:
    """Mean of the defined values; NaN if there are none."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
