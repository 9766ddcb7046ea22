"""What edits do to a scorer, as probes with intervals and tests.

May import `stats`, `types` and `experiment`, `result` of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from rewardmeter.auditing.experiment import EditTrial, Experiment, Outcomes, outcomes
from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.auditing.shares import no_resamples, shares
from rewardmeter.stats.classification import roc_auc_estimates
from rewardmeter.stats.clustered_regression import ClusteredFit, clustered_least_squares
from rewardmeter.stats.credits import stretched
from rewardmeter.stats.result import Estimate, undefined
from rewardmeter.stats.significance.signed_sums import flipped_sum_tails
from rewardmeter.types import FloatArray, Scores

__all__ = ["NOTICES", "edit_probes"]

NOTICES = 0.6
"""A scorer that puts the original above its broken form less often than this is said not to notice the damage."""

FEWEST_UNITS = 5


def edit_probes(experiment: Experiment, scores: Scores, scale: Estimate, *, level: float = 0.95) -> list[ScorerProbe]:
    """One probe for each edit.

    Preserving edits and hacks: the mean shift of the score in units of ``scale``, the scorer's own mean absolute margin
    between responses that people tell apart, whose error the interval counts; 0 is no effect. Tested by flipping the
    signs of the units' shifts.
    Breaking edits: how often the original scores above its broken form, ties half; tested against `NOTICES`.

    ``others``: ``flip_rate``, the share of units in which the edit changes which of the two responses wins;
    ``accuracy_lost``, how much accuracy the edit costs (ties half); ``shift`` or ``detected``, whichever is not the
    estimate; ``auc``, originals against edited over all units.
    """
    return [_probe(trial, outcomes(trial, scores), scale, level) for trial in experiment.trials]


def _probe(trial: EditTrial, seen: Outcomes, scale: Estimate, level: float) -> ScorerProbe:
    edit, breaking = trial.edit, trial.edit.kind == "breaking"
    measure = "detected" if breaking else "shift"
    counts = {**trial.counts, "unscored": seen.unscored}
    bad: Literal["greater", "less", "either"] = "less" if breaking else "greater" if edit.kind == "hack" else "either"
    null = NOTICES if breaking else 0.0
    reason = _nothing(trial, seen, scale.value)
    if reason:
        nothing = undefined(len(seen.unit), level=level)
        return ScorerProbe(
            edit.name, edit.kind, measure, edit.says, nothing, null, bad, {}, counts, trial.reasons, reason=reason
        )
    shift = seen.shift / scale.value
    detected = (1 - np.sign(seen.shift)) / 2
    others = {"shift": _in_units(_mean(shift, level), scale), "detected": _share(detected, level)}
    others |= {**_flips(edit.kind, seen, level), "auc": _auc(seen, level)}
    estimate = others.pop(measure)
    p = _mean_p(detected, NOTICES) if breaking else _sign_p(shift)
    return ScorerProbe(edit.name, edit.kind, measure, edit.says, estimate, null, bad, others, counts, trial.reasons, p)


def _nothing(trial: EditTrial, seen: Outcomes, scale: float) -> str:
    if not trial.counts["applied"]:
        return "the edit applies to none of the responses"
    if len(seen.unit) < FEWEST_UNITS:
        return f"fewer than {FEWEST_UNITS} edited responses were scored"
    return "" if scale > 0 else "the scorer tells no two responses apart, so its shifts have no unit"


def _flips(kind: str, seen: Outcomes, level: float) -> Mapping[str, Estimate]:
    """The target of a breaking edit is the response that people put first, else the one that they put second."""
    before, after = np.sign(seen.before), np.sign(seen.after)
    side = 1.0 if kind == "breaking" else -1.0
    return {
        "flip_rate": _share((before != after).astype(np.float64), level),
        "accuracy_lost": _signed(side * (before - after) / 2, level),
    }


def _auc(seen: Outcomes, level: float) -> Estimate:
    """P(an original scores above an edited response of any unit), ties half."""
    scores = np.stack([seen.original, seen.edited])[None]
    gold = np.repeat([[1.0], [0.0]], len(seen.unit), axis=1)
    return roc_auc_estimates(scores, gold, weights=no_resamples(len(seen.unit)), level=level)[0]


def _share(values: FloatArray, level: float) -> Estimate:
    """A mean of values in [0, 1] over units, one of each item; where all are alike but not at an end, which has no
    width otherwise, as wide as `_padded` says."""
    made = shares(values[None], np.arange(len(values)), level=level)[0]
    if made.low < made.high or not made.defined:
        return made
    wide = _padded(values).estimate(0, level=level)
    half, method = (wide.high - wide.low) / 2, "Student's t with one 0 and one 1 added"
    return replace(made, low=max(made.value - half, 0.0), high=min(made.value + half, 1.0), method=method)


def _signed(values: FloatArray, level: float) -> Estimate:
    """A mean of values in [-1, 1] over units."""
    return stretched(_share((values + 1) / 2, level))


def _mean(values: FloatArray, level: float) -> Estimate:
    """A mean over units, one of each item."""
    fit = clustered_least_squares(values[None], np.ones((len(values), 1)), np.arange(len(values)))[0]
    return fit.estimate(0, level=level)


def _in_units(shift: Estimate, scale: Estimate) -> Estimate:
    """The interval made longer by what the scale's own interval leaves open: half lengths relative to their values add
    up as errors of a quotient do."""
    reach = abs(shift.value) * (scale.high - scale.low) / 2 / scale.value
    if math.isnan(reach):
        return shift
    below, above = math.hypot(shift.value - shift.low, reach), math.hypot(shift.high - shift.value, reach)
    return replace(shift, low=shift.value - below, high=shift.value + above)


def _mean_p(values: FloatArray, null: float) -> float:
    """Of a mean in [0, 1] being ``null``: Student's t with one 0 and one 1 added, so that a handful of units that all
    say the same prove little."""
    return _padded(values).p(0, null=null)


def _padded(values: FloatArray) -> ClusteredFit:
    """The mean of the values and one 0 and one 1."""
    padded = np.concatenate([values, [0.0, 1.0]])
    return clustered_least_squares(padded[None], np.ones((len(padded), 1)), np.arange(len(padded)))[0]


def _sign_p(shift: FloatArray) -> float:
    """Two-sided p of the sign-flip test that edits shift the score no more up than down: exact for few units, else by
    the saddlepoint, so that nothing is drawn and p may be as small as it is."""
    size = np.abs(shift)
    if not np.any(size):
        return 1.0
    size = size / np.max(size)
    observed = np.abs(np.sum(np.copysign(size, shift), keepdims=True))
    return min(1.0, 2 * float(flipped_sum_tails(size[None], observed)[0]))
