"""Scorers whose scores follow from another scorer's. May import `types` and the modules beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from rewardmeter.scoring.protocol import Scorer
from rewardmeter.types import Scores

__all__ = ["Derived", "paid_scorer"]


@runtime_checkable
class Derived(Protocol):
    """A scorer whose scores follow from those of an inner one and from the texts of the responses.

    The engine asks the inner scorer, whose scores are stored and paid for once, and derives the rest.
    """

    @property
    def inner(self) -> Scorer:
        """The scorer that does the work."""
        ...

    def derive(self, scores: Scores, texts: Sequence[str | None], /) -> Scores:
        """The scores that follow: one per score given; the texts are those of the same responses."""
        ...


def paid_scorer(scorer: Scorer) -> Scorer:
    """The scorer that does the work: the innermost one."""
    while isinstance(scorer, Derived):
        scorer = scorer.inner
    return scorer
