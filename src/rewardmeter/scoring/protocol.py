"""The `Scorer` protocol and what a scorer promises. May import `types`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from rewardmeter.types import Item, Scores

__all__ = ["PARTS", "Laws", "Scorer"]

PARTS = frozenset({"prompt", "response", "references"})
"""What a scorer may declare to read."""


@dataclass(frozen=True, slots=True)
class Laws:
    """What a scorer promises; the law tests hold it to each.

    Attributes
    ----------
    pointwise:
        The score of a response does not depend on its neighbours.
    order_invariant:
        Reordering the responses of an item reorders the scores and does nothing else.
    deterministic:
        The same input gets the same score every time.
    cpu_bound:
        Pure Python or NumPy work that gains from worker processes.
    device_bound:
        A model's work that gains from a process per accelerator.
    """

    pointwise: bool = True
    order_invariant: bool = True
    deterministic: bool = True
    cpu_bound: bool = False
    device_bound: bool = False


@runtime_checkable
class Scorer(Protocol):
    """Items in, `Scores` out: one number per response, in order, greater is better.

    A scorer is a frozen dataclass whose fields are its options. It knows nothing of files, caches, benchmarks or
    trainers. Options that cannot move a score are declared with ``field(metadata={"moves_score": False})``.
    """

    @property
    def name(self) -> str:
        """Name on the board: the spec that makes this scorer."""
        ...

    @property
    def reads(self) -> frozenset[str]:
        """Which of `PARTS` the scorer looks at; the engine hides the others from it."""
        ...

    @property
    def laws(self) -> Laws:
        """What the scorer promises."""
        ...

    def __call__(self, items: Sequence[Item], /) -> Scores:
        """Score every response of every item."""
        ...
