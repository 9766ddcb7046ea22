"""One scorer's calibrator on what is labelled so far: held-out loss, and how much more labels would change it.

May import `stats`, `types`, `errors` and `comparison`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rewardmeter.calibration.methods import BLIND, Method, losses, methods_for
from rewardmeter.calibration.questions import Questions
from rewardmeter.errors import InputError
from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.scaling import Gain, Map, applied, cross_fit, gain
from rewardmeter.stats.selection import excess_loss
from rewardmeter.types import FloatArray

__all__ = ["SIMPLEST", "Labelled", "Refits", "ScorerStanding", "method_of", "refits_of", "standing_of"]

SIMPLEST: Mapping[str, str] = {"utility": "temperature", "rating": "linear", "probability": "platt"}
"""The method that few labels suffice for, by target."""
_FORMS: Mapping[str, str] = {"utility": "logit", "rating": "squares", "probability": "probability"}
_MOST_CELLS = 20_000_000
_ROUNDING = 1e-12
"""Equal answers differ from their mean by rounding alone: by less than this share of their size."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Answers so far.

    Attributes
    ----------
    labels: float64 (Q,), NaN where nobody answered.
    weights: float64 (N,) of the items, which undo that they were chosen; see `rewardmeter.stats.selection`.
    ignorable: whether fits need no weights, because the choice looked at nothing but the fitted scores.
    """

    labels: FloatArray
    weights: FloatArray
    ignorable: bool = False


@dataclass(frozen=True, eq=False)
class Refits:
    """A map, and its values beside those of maps fitted on resampled items.

    Attributes
    ----------
    map: fitted on everything that is labelled.
    values: float64 (Q,) of all questions, labelled or not.
    again: float64 (B, Q); rows of NaN where a refit failed.
    """

    map: Map
    values: FloatArray
    again: FloatArray


@dataclass(frozen=True, eq=False)
class ScorerStanding:
    """How far the calibrator of one scorer is.

    Attributes
    ----------
    scorer, method: names.
    loss: held-out loss with its interval, weighted so that it speaks of all items.
    over_blind: what it gains over the mean or a coin.
    excess: expected loss above that of the calibrator fitted on any number of labels; see `excess_loss`.
    blind: held-out loss of the mean or a coin, the unit of the tolerance.
    map: fitted on all answers.
    reason: why there is nothing of this; empty where there is.
    """

    scorer: str
    method: str
    loss: Estimate
    over_blind: Gain
    excess: Estimate
    blind: float
    map: Map | None = None
    reason: str = ""

    def over_blind_loss(self, loss: float) -> float:
        """A loss as a share of `blind`; NaN where the mean or a coin loses nothing, so that there is no unit."""
        return loss / self.blind if self.blind > 0 else math.nan


def method_of(target: str, name: str | None, rows: Mapping[str, FloatArray]) -> tuple[str, Method]:
    """The method by name, the simplest for None.

    Raises
    ------
    InputError
        If the data has not what the method needs.
    UnknownNameError
        If there is no such method.
    """
    name = name or SIMPLEST[target]
    found = methods_for(target, (name,), rows)
    if name not in found:
        raise InputError(f"the data has not what method '{name}' needs (texts for length, ties for davidson)")
    return name, found[name]


def refits_of(
    questions: Questions,
    scores: FloatArray,
    labelled: Labelled,
    target: str,
    method: str | None,
    rng: np.random.Generator,
    resamples: int = 100,
) -> Refits | None:
    """The map of all answers and of resampled items; None where no map can be fitted."""
    rows = questions.rows(scores, labelled.labels)
    there = ~np.isnan(labelled.labels) & ~np.isnan(questions.signal(scores))
    if not there.any():
        return None
    way = method_of(target, method, {name: values[there] for name, values in rows.items()})[1]
    known = {name: values[there] for name, values in way.rows(rows).items()}
    items, place = np.unique(questions.item[there], return_inverse=True)
    weight = np.ones(len(items)) if labelled.ignorable else labelled.weights[items]
    try:
        fitted = way.fit(**known, weight=weight[place])
    except ValueError:
        return None
    resamples = max(20, min(resamples, _MOST_CELLS // max(len(questions), 1)))
    again = np.full((resamples, len(questions)), np.nan)
    for row, counts in zip(again, item_weights(len(items), resamples, rng), strict=True):
        try:
            row[:] = applied(way.fit(**known, weight=(weight * counts)[place]), rows)
        except ValueError:  # a resample without two different scores, say
            continue
    return Refits(fitted, applied(fitted, rows), again)


def standing_of(
    name: str,
    questions: Questions,
    scores: FloatArray,
    labelled: Labelled,
    target: str,
    method: str | None,
    rng: np.random.Generator,
    *,
    folds: int = 5,
    level: float = 0.95,
    resamples: int = 200,
) -> ScorerStanding:
    """Where the calibrator of one scorer stands; items are never parted by a fold."""
    there = ~np.isnan(labelled.labels) & ~np.isnan(questions.signal(scores))
    rows = {key: values[there] for key, values in questions.rows(scores, labelled.labels).items()}
    item, truth = questions.item[there], labelled.labels[there]
    undefined = Estimate(math.nan, level=level)
    nothing = ScorerStanding(name, method or SIMPLEST[target], undefined, Gain(undefined, 0), undefined, math.nan)
    if len(np.unique(item)) < 2:
        reason = "fewer than two labelled items have scores"
        return ScorerStanding(name, nothing.method, undefined, nothing.over_blind, undefined, math.nan, reason=reason)
    asked, way = method_of(target, method, rows)
    blind_name, blind = next((key, one) for key, one in methods_for(target, (asked,), rows).items() if key in BLIND)
    weights = labelled.weights[item]
    fit_weight = np.ones(len(item)) if labelled.ignorable else weights
    lost = {}
    for key, one, weight in ((asked, way, fit_weight), (blind_name, blind, weights)):
        columns = {**one.rows(rows), "weight": weight}
        try:
            values = cross_fit(one.fit, columns, item, folds, np.random.default_rng(0))
        except ValueError as error:
            return ScorerStanding(name, asked, undefined, nothing.over_blind, undefined, math.nan, reason=str(error))
        lost[key] = losses(target, values, truth)
    zero = np.zeros_like(truth)
    loss = gain(lost[asked], zero, item, weights, level=level).estimate
    over_blind = gain(lost[blind_name], lost[asked], item, weights, level=level)
    known = gain(lost[blind_name], zero, item, weights, level=level).estimate.value
    if known <= _ROUNDING**2 * float(np.mean(truth**2)):
        known = 0.0
    made = refits_of(questions, scores, labelled, target, method, rng, resamples)
    if made is None:
        return ScorerStanding(name, asked, loss, over_blind, undefined, known, reason="no map could be fitted")
    form = _FORMS[target]
    excess = excess_loss(made.values, made.again, form, level=level)  # type: ignore[arg-type]
    return ScorerStanding(name, asked, loss, over_blind, excess, known, made.map)
