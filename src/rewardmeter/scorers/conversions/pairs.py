"""Pointwise scores as preferences within an item. May import `converted`, `scoring`, `types`, `errors`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rewardmeter.errors import SpecError
from rewardmeter.scorers.conversions.converted import WithinItem, inner_scorer
from rewardmeter.types import Outcome, Scores

__all__ = ["Pairs", "pairs"]


@dataclass(frozen=True)
class Pairs(WithinItem):
    """Each response's mean chance to be better than another response of its item, in [0, 1].

    The chance that i is better than j is 1 / (1 + exp(-(s_i - s_j) / temperature)), the Bradley-Terry model with the
    scores as strengths, as reward models are trained (Bradley and Terry 1952; Ouyang et al. 2022). Two responses get
    (p, 1 - p). A response that ties with all others has the outcome TIE and the value 0.5. A response that the scorer
    left without a number keeps that outcome and is nobody's opponent; one without an opponent is abstained.

    Parameters
    ----------
    scorer:
        Any scorer with numbers for single responses.
    temperature:
        Difference of scores that means odds of e; 1 for reward models, whose scores are log-odds.
    tie:
        Largest difference of scores that is a tie, whose chance is 1/2.
    """

    family: ClassVar[str] = "pairs"

    temperature: float = 1.0
    tie: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise SpecError(f"pairs: temperature={self.temperature} must be a positive number")
        if not 0 <= self.tie < math.inf:
            raise SpecError(f"pairs: tie={self.tie} must be zero or a positive number")

    def convert(self, scores: Scores, /) -> Scores:
        """(k,) mean chances; sums are exactly rounded, so that the order of the opponents cannot matter."""
        values, outcomes, reasons = scores.values.copy(), scores.outcomes.copy(), dict(scores.reasons)
        scored = np.flatnonzero(scores.outcomes <= Outcome.TIE)
        for i in scored.tolist():
            others = scored[scored != i]
            if not len(others):
                values[i], outcomes[i], reasons[i] = np.nan, Outcome.ABSTAINED, "no other response to compare with"
                continue
            difference = scores.values[i] - scores.values[others]
            level = np.abs(difference) <= self.tie
            chances = np.where(level, 0.5, np.exp(-np.logaddexp(0, -difference / self.temperature)))
            values[i] = math.fsum(chances) / len(others)
            outcomes[i] = Outcome.TIE if level.all() else Outcome.SCORED
        return Scores(values, outcomes, reasons)


def pairs(target: str | None = None, temperature: float = 1.0, tie: float = 0.0) -> Pairs:
    """The scorer from a spec, ``pairs:SPEC``.

    Raises
    ------
    SpecError
        If there is no target.
    """
    return Pairs(inner_scorer("pairs", target, "chrf"), temperature, tie)
