"""Scorers whose scores follow from others', or are looked up. May import `dataset`, `types` and the modules here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rewardmeter.dataset import Dataset, cell_label
from rewardmeter.scoring.protocol import Scorer
from rewardmeter.scoring.signature import signature_of
from rewardmeter.types import Item, Scores

__all__ = [
    "Derived",
    "Joined",
    "LookedUp",
    "ResponseFacts",
    "facts_about",
    "facts_of_items",
    "paid_scorer",
    "paid_scorers",
]


@dataclass(frozen=True)
class ResponseFacts:
    """What is known of R responses beside their scores.

    Attributes
    ----------
    texts:
        (R,) their texts, None where unknown.
    dataset:
        Where they come from, in its order; None for responses that come by themselves, of which no column is known.
    """

    texts: Sequence[str | None]
    dataset: Dataset | None = None

    def labels(self, column: str) -> NDArray[np.str_]:
        """str (R,): what a column of the items says of each response; empty where that is not known."""
        cells = None if self.dataset is None else self.dataset.columns.get(column)
        if self.dataset is None or cells is None:
            return np.full(len(self.texts), "")
        labels = np.array(["" if cell is None else cell_label(cell) for cell in cells])
        return labels[self.dataset.response_item]


def facts_about(dataset: Dataset) -> ResponseFacts:
    """What a dataset knows of its responses."""
    return ResponseFacts(dataset.response_text, dataset)


def facts_of_items(items: Sequence[Item]) -> ResponseFacts:
    """What items tell of their responses."""
    return ResponseFacts([response.text for item in items for response in item.responses])


@runtime_checkable
class Derived(Protocol):
    """A scorer whose scores follow from those of an inner one and from what is known of the responses.

    The engine asks the inner scorer, whose scores are stored and paid for once, and derives the rest.
    """

    @property
    def inner(self) -> Scorer:
        """The scorer that does the work."""
        ...

    def derive(self, scores: Scores, facts: ResponseFacts, /) -> Scores:
        """The scores that follow: one per score given; the facts are those of the same responses."""
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
