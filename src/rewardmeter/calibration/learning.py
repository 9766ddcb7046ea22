"""How many labels a calibrator needs: its held-out loss by the number of items that it was fitted on.

May import `types`, `stats` and the files of this folder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rewardmeter.calibration.evidence import Human
from rewardmeter.calibration.held_out import HeldOut, raw_losses
from rewardmeter.calibration.methods import losses, methods_for
from rewardmeter.stats.scaling import applied
from rewardmeter.types import FloatArray

__all__ = ["LearningCurve", "learning_curve"]

DRAWS = 20
SIZES = 8
FEWEST, MOST = 5, 2000
MOST_TESTED = 5000
HELD_OUT = 0.2


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Losses of a calibrator fitted on a few items drawn at random, on other items.

    Attributes
    ----------
    method:
        What was fitted: the way that was chosen, or the simplest that looks at the score.
    beside:
        What its loss is compared with: ``"raw"`` or the method that does not look at the score, whichever loses less.
    items:
        int64 (S,): on how many items it was fitted, increasing.
    loss:
        float64 (S, draws): mean held-out loss; NaN where the items of a draw allow no fit.
    base:
        float64 (draws,): what ``beside`` loses on the same held-out items.
    """

    method: str
    beside: str
    items: np.ndarray
    loss: FloatArray
    base: FloatArray

    def enough(self, share: float = 0.9) -> int | None:
        """The fewest items from which on the loss is less than the base in that share of the draws; None if none."""
        better = np.mean(self.loss < self.base, axis=1) >= share
        from_here = np.flatnonzero(np.logical_and.accumulate(better[::-1])[::-1])
        return int(self.items[from_here[0]]) if len(from_here) else None


def learning_curve(human: Human, scores: FloatArray, held_out: HeldOut, *, seed: int = 0) -> LearningCurve | None:
    """The curve of one scorer; None where no way could be tried or there are fewer than ten items.

    Each of 20 draws puts the items in a random order. The last fifth is held out (5,000 items at most); the fits take
    the first 5, and more in even steps of the logarithm, up to all the others or 2,000.
    """
    judged = human.judged(scores, held_out.target)
    method = held_out.looking
    found = methods_for(held_out.target, (method,), judged.rows) if method else {}
    names, place = np.unique(judged.item, return_inverse=True)
    tested = min(int(HELD_OUT * len(names)), MOST_TESTED)
    if method not in found or tested < 2:
        return None
    most = min(len(names) - tested, MOST)
    sizes = np.unique(np.round(np.geomspace(min(FEWEST, most), most, SIZES)).astype(np.int64))
    fit, columns = found[method].fit, found[method].rows(judged.rows)
    beside, base = _base(held_out, judged.raw, judged.truth)
    rng = np.random.default_rng(seed)
    lost, under = np.full((len(sizes), DRAWS), np.nan), np.full(DRAWS, np.nan)
    for draw in range(DRAWS):
        rank = rng.permutation(len(names))[place]
        test = rank >= len(names) - tested
        asked = {name: values[test] for name, values in columns.items()}
        under[draw] = base[test].mean()
        for number, size in enumerate(sizes):
            few = rank < size
            try:
                made = fit(**{name: values[few] for name, values in columns.items()})
                lost[number, draw] = losses(held_out.target, applied(made, asked), judged.truth[test]).mean()
            except ValueError:
                continue
    fitted = ~np.isnan(lost).all(axis=1)
    return LearningCurve(method, beside, sizes[fitted], lost[fitted], under) if fitted.any() else None


def _base(held_out: HeldOut, raw: FloatArray, truth: FloatArray) -> tuple[str, FloatArray]:
    known, blind = raw_losses(held_out.target, raw, truth).happened, held_out.blind
    if blind is not None and blind.loss.value < known.mean():
        values = blind.values[~np.isnan(blind.values)]
        return blind.method, losses(held_out.target, values, truth)
    return "raw", known
