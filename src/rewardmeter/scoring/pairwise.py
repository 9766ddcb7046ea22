"""What a scorer offers that compares two responses at a time. May import `types` and the modules beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from rewardmeter.scoring.protocol import Scorer
from rewardmeter.scoring.run import Run
from rewardmeter.types import Cost, Item, Unscored

__all__ = ["Compared", "PairRequest", "PairwiseJudge", "Verdict"]

Verdict = float | Unscored
"""Credit of the response shown first: 1 it is better, 0 the other is, 0.5 a tie, in between the chance that it is
better. Or why there is none."""


class PairRequest(NamedTuple):
    """Two responses of an item, by their positions in it, to be compared in that order."""

    item: Item
    first: int
    second: int


class Compared(NamedTuple):
    """The answer to the request at a position, and what it has cost."""

    request: int
    verdict: Verdict
    cost: Cost


@runtime_checkable
class PairwiseJudge(Scorer, Protocol):
    """A scorer that compares any two responses of an item on request, with as many requests under way as it likes."""

    def compare_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Iterator[Compared]:
        """Yield the verdicts as they come, in any order, none twice.

        A request that is left out (the budget is spent) is unanswered and will be asked again in the next run; one
        that failed is answered with `Unscored`.
        """
        ...

    def forecast_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Cost:
        """What comparing them would take at most, what the memory holds left out; no call is made."""
        ...
