"""What each way to calibrate is worth on items that it has not seen. May import `stats`, `types`, `errors`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardmeter.calibration.evidence import Human
from rewardmeter.calibration.methods import (
    BLIND,
    Losses,
    gain_of,
    informed_elsewhere,
    losses_of,
    methods_for,
    telling_items,
)
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.scaling import Gain, Map, cross_fit, gain
from rewardmeter.types import FloatArray, IntArray

__all__ = ["HeldOut", "Trial", "back_in_place", "fit_all", "raw_losses", "try_methods"]


@dataclass(frozen=True, eq=False)
class Trial:
    """One way to calibrate, on held-out items.

    Attributes
    ----------
    method:
        Its name; ``"raw"`` for the scores as they are.
    values:
        float64: logits of the pairs, or predictions of the rated responses, as the target has it.
    loss:
        Mean held-out loss, with an interval over items.
    over_raw, over_blind, over_chosen:
        What it gains over the raw scores, over the method that does not look at the score, and over the best simpler
        one; None for ``"raw"``.
    reason:
        Why there is no fit; empty where there is one.
    """

    method: str
    values: FloatArray
    loss: Estimate
    over_raw: Gain | None = None
    over_blind: Gain | None = None
    over_chosen: Gain | None = None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """All ways to calibrate one scorer.

    Attributes
    ----------
    target:
        What the values are: ``utility``, ``rating`` or ``probability``.
    trials:
        The raw scores, then the methods, simplest first.
    chosen:
        The simplest method that no later one is shown to beat; ``"raw"`` where none is worth having.
    """

    target: str
    trials: tuple[Trial, ...]
    chosen: str

    def __getitem__(self, method: str) -> Trial:
        return next(trial for trial in self.trials if trial.method == method)

    @property
    def blind(self) -> Trial | None:
        """The method that does not look at the score; None where it could not be fitted."""
        return next((trial for trial in self.trials if trial.method in BLIND and not trial.reason), None)

    @property
    def looking(self) -> str:
        """The chosen method if it looks at the score, else the simplest that does; empty where none could be fitted."""
        if self.chosen not in ("raw", *BLIND):
            return self.chosen
        tried = (trial.method for trial in self.trials if trial.over_raw is not None and trial.method not in BLIND)
        return next(tried, "")


def try_methods(
    human: Human,
    scores: FloatArray,
    *,
    target: str | None = None,
    methods: tuple[str, ...] | None = None,
    folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
) -> HeldOut:
    """Fit every method on four fifths of the items and look at the rest, in turn.

    A method is chosen if its gain over what was chosen before it has an interval above 0. One that can predict from the
    length or the slice alone is never chosen unasked: it would make a length rule out of a scorer that knows nothing.

    Parameters
    ----------
    human, scores:
        What people said, and (R,) scores of one scorer, NaN where there is none.
    target:
        None for that of the gold, see `Human.target`.
    methods:
        Names; None for all.
    folds, seed:
        Of the cross-fitting, by item.

    Raises
    ------
    UnknownNameError
        If there is no such method.
    """
    target = target or human.target
    judged = human.judged(scores, target)
    rows, raw, truth, item, there = judged.rows, judged.raw, judged.truth, judged.item, judged.there
    telling = telling_items(target, truth, item)
    known = raw_losses(target, raw, truth)
    trials = [Trial("raw", back_in_place(raw, there), _mean(known, item, level))]
    chosen, best, blind = "raw", known, known
    for name, method in methods_for(target, methods, rows).items():
        try:
            rng = np.random.default_rng(seed)
            values = cross_fit(method.fit, method.rows(rows), item, folds, rng)
            lost = losses_of(target, values, truth)
            if not np.isfinite(lost.happened).all():
                raise ValueError("a held-out loss is not finite")
        except ValueError as error:
            nothing = np.full(len(there), np.nan)
            trials.append(Trial(name, nothing, Estimate(math.nan, level=level), reason=str(error)))
            continue
        blind = lost if name in BLIND else blind
        over_raw, over_blind, over_chosen = (
            gain_of(before, lost, item, level, telling) for before in (known, blind, best)
        )
        trials.append(
            Trial(name, back_in_place(values, there), _mean(lost, item, level), over_raw, over_blind, over_chosen)
        )
        if over_chosen.worth_having and (methods or not informed_elsewhere(target, name)):
            chosen, best = name, lost
    return HeldOut(target, tuple(trials), chosen)


def fit_all(human: Human, scores: FloatArray, target: str, method: str) -> Map:
    """The method fitted on everything: what is shipped.

    Raises
    ------
    UnknownNameError
        If there is no such method.
    ValueError
        If the rows do not allow it.
    """
    rows = human.pair_rows(scores) if target == "utility" else human.rating_rows(scores)
    found = methods_for(target, (method,), rows)
    if method not in found:
        raise ValueError(
            f"the data has not what method '{method}' needs (texts for length, ties for davidson, --by for sliced)"
        )
    return found[method].fit(**found[method].rows(rows))


def raw_losses(target: str, raw: FloatArray, truth: FloatArray) -> Losses:
    """Losses of scores as they are; as probabilities if all of them can be, else as logits, where these are asked."""
    if target != "probability":
        return losses_of(target, raw, truth)
    inside = bool(np.all((raw >= 0) & (raw <= 1)))
    return losses_of("probability" if inside else "utility", raw, truth)


def _mean(lost: Losses, item: IntArray, level: float) -> Estimate:
    return gain(lost.happened, np.zeros_like(lost.happened), item, level=level).estimate


def back_in_place(values: FloatArray, there: NDArray[np.bool_]) -> FloatArray:
    """Values of the rows that are there among all rows; NaN elsewhere."""
    whole = np.full(len(there), np.nan)
    whole[there] = values
    return whole
