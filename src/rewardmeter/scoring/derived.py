"""Scorers whose scores follow from others', or are looked up. May import `dataset`, `types` and the modules here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from rewardmeter.dataset import Dataset
from rewardmeter.scoring.protocol import Scorer
from rewardmeter.scoring.signature import signature_of
from rewardmeter.types import Scores

__all__ = ["Derived", "Joined", "LookedUp", "paid_scorer", "paid_scorers"]


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


@runtime_checkable
class Joined(Protocol):
    """A scorer whose scores follow from those of several members.

    The engine asks each member, whose scores are stored and paid for once, and joins them.
    """

    @property
    def members(self) -> Sequence[Scorer]:
        """The scorers that do the work."""
        ...

    def join(self, scores: Sequence[Scores], /) -> Scores:
        """The scores that follow from the members', which are (n,) each and of the same responses."""
        ...


@runtime_checkable
class LookedUp(Protocol):
    """A scorer whose scores a dataset carries; they cost nothing and are not stored."""

    def look_up(self, dataset: Dataset, /) -> Scores:
        """The scores of the dataset's responses, (R,)."""
        ...


def paid_scorer(scorer: Scorer) -> Scorer:
    """The scorer that does the work: the innermost one."""
    while isinstance(scorer, Derived):
        scorer = scorer.inner
    return scorer


def paid_scorers(scorer: Scorer) -> tuple[Scorer, ...]:
    """The scorers that do the work and are paid for, each once; none where the scores are looked up."""
    inner = paid_scorer(scorer)
    if isinstance(inner, LookedUp):
        return ()
    if not isinstance(inner, Joined):
        return (inner,)
    found = {signature_of(one).fingerprint: one for member in inner.members for one in paid_scorers(member)}
    return tuple(found.values())
