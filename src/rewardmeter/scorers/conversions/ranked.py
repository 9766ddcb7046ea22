"""Ranks within an item as scores. May import `converted`, `scoring`, `types`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rewardmeter.scorers.conversions.converted import WithinItem, inner_scorer
from rewardmeter.types import Outcome, Scores

__all__ = ["Ranked", "ranked"]


@dataclass(frozen=True)
class Ranked(WithinItem):
    """A response's rank within its item as a score: 1 for the best, 0 for the last, evenly spaced between.

    Equal numbers share the mean of their ranks. The scores of two items say nothing of each other: the best of a bad
    lot has 1 too. Responses without a number keep their outcome and take no rank; a response with nothing to be ranked
    against is abstained; where all tie, the outcome is TIE.

    Parameters
    ----------
    scorer:
        Any scorer; a listwise one that returns ranks, positions or grades that mean something within an item only.
    """

    family: ClassVar[str] = "ranked"

    def convert(self, scores: Scores, /) -> Scores:
        """(k,) of (worse responses + half of the equal others) / (others)."""
        values, outcomes, reasons = scores.values.copy(), scores.outcomes.copy(), dict(scores.reasons)
        scored = np.flatnonzero(scores.outcomes <= Outcome.TIE)
        numbers = scores.values[scored]
        if len(scored) == 1:
            only = int(scored[0])
            values[only], outcomes[only], reasons[only] = np.nan, Outcome.ABSTAINED, "no other response to rank against"
        elif len(scored):
            ordered = np.sort(numbers)
            below, up_to = np.searchsorted(ordered, numbers, "left"), np.searchsorted(ordered, numbers, "right")
            values[scored] = (below + (up_to - below - 1) / 2) / (len(scored) - 1)
            outcomes[scored] = Outcome.TIE if ordered[0] == ordered[-1] else Outcome.SCORED
        return Scores(values, outcomes, reasons)


def ranked(target: str | None = None) -> Ranked:
    """The scorer from a spec, ``ranked:SPEC``.

    Raises
    ------
    SpecError
        If there is no target.
    """
    return Ranked(inner_scorer("ranked", target, "chrf"))
