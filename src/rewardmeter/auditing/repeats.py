"""Does a scorer say the same when it is asked again? May import `comparison`, `dataset`, `engine`, `scoring`, `stats`,
`types`, `errors` and the files of this folder."""

from __future__ import annotations

import math

import numpy as np

from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.comparison.gold import PairGold
from rewardmeter.comparison.measure import make_resampling
from rewardmeter.dataset import Dataset
from rewardmeter.engine import score
from rewardmeter.errors import InputError
from rewardmeter.scoring import Budget, Scorer, paid_scorers
from rewardmeter.stats.repeats import run_flips, run_reliability, within_response_deviation
from rewardmeter.stats.result import Estimate
from rewardmeter.types import FloatArray

__all__ = ["repeat_probe", "repeat_scores"]


def repeat_scores(
    scorer: Scorer, dataset: Dataset, runs: int = 3, *, workers: int = 1, budget: Budget | None = None
) -> FloatArray:
    """(runs, R) scores of the same responses, scored anew each time: no store and no memory of earlier answers.

    Within a run equal inputs are scored once, as ever. A response without a score is NaN.

    Raises
    ------
    InputError
        If there are fewer than two runs, or the scores are recorded: looked up again they stay the same.
    """
    if runs < 2:
        raise InputError(f"{runs} runs cannot differ", fix="Ask for two or more.")
    if not paid_scorers(scorer):
        raise InputError(
            f"scorer '{scorer.name}' is recorded: it cannot be asked again", fix="Name a scorer that can be run."
        )
    return np.stack([score(scorer, dataset, workers=workers, budget=budget).values for _ in range(runs)])


def repeat_probe(
    dataset: Dataset,
    runs: FloatArray,
    pairs: PairGold | None = None,
    *,
    scale: float | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ScorerProbe:
    """Share of judged pairs whose winner changes between two runs of one scorer.

    In ``others``: ``tie_changes``, pairs that one run ties and the other decides; ``deviation``, the standard deviation
    of a response's score over runs, and ``deviation_in_scale``, the same over the scale; ``reliability``, ICC(1,1). It
    is described, not tested: a single flip shows that runs differ, so p is NaN.

    Parameters
    ----------
    runs:
        (runs, R) scores of the dataset's responses, from `repeat_scores` or elsewhere; NaN for none.
    pairs:
        What people judged; None where nothing was, and then there is no share.
    scale:
        The unit: the mean absolute difference that the scorer makes between two responses that people tell apart. None
        takes it from these runs and pairs.

    Raises
    ------
    InputError
        If there are fewer than two runs, or the scores are not those of the responses.
    """
    if runs.ndim != 2 or runs.shape[1] != dataset.n_responses or len(runs) < 2:
        raise InputError(
            f"scores of the shape {runs.shape} are not two runs or more over {dataset.n_responses:,} responses"
        )
    says = "does another run name another winner?"
    resampling, _ = make_resampling(dataset.n_items, resamples, level, seed)
    weights = resampling.weights
    deviation = within_response_deviation(runs, dataset.response_item, weights=weights, level=level)
    others = {"deviation": deviation, "reliability": run_reliability(runs, level=level)}
    counts = {"runs": len(runs), "responses": runs.shape[1], "unscored": int(np.isnan(runs).sum())}
    nothing = Estimate(math.nan, level=level, method="undefined")
    if pairs is None or not len(pairs):
        reason = "no two responses of an item were judged"
        return ScorerProbe("run-to-run", "judge", "share", says, nothing, 0.0, "greater", others, counts, reason=reason)
    margins = runs[:, pairs.a] - runs[:, pairs.b]
    flips, others["tie_changes"] = run_flips(margins, pairs.item, weights=weights, level=level)
    unit = _scale(margins, pairs) if scale is None else scale
    if unit > 0:
        others["deviation_in_scale"] = _divided(deviation, unit)
    counts["pairs"] = len(pairs)
    reason = "" if flips.defined else "no pair has scores in two runs"
    return ScorerProbe("run-to-run", "judge", "share", says, flips, 0.0, "greater", others, counts, reason=reason)


def _scale(margins: FloatArray, pairs: PairGold) -> float:
    """Mean absolute margin over the pairs that people decided; NaN without any."""
    decided = np.abs(margins[:, pairs.probability != 0.5])
    return float(np.nanmean(decided)) if np.any(~np.isnan(decided)) else math.nan


def _divided(estimate: Estimate, unit: float) -> Estimate:
    low, high = estimate.low / unit, estimate.high / unit
    return Estimate(
        estimate.value / unit, low, high, estimate.level, estimate.n, estimate.method, detail={"scale": unit}
    )
