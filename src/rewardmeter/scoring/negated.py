"""A scorer turned upside down. May import `types` and the modules beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from rewardmeter.scoring.protocol import Laws, Scorer
from rewardmeter.scoring.signature import signature_of
from rewardmeter.types import Item, Scores, Signature

__all__ = ["Negated"]


@dataclass(frozen=True)
class Negated:
    """A scorer turned upside down: what was best is worst. Outcomes and reasons stay."""

    inner: Scorer

    @property
    def name(self) -> str:
        return f"-{self.inner.name}"

    @property
    def reads(self) -> frozenset[str]:
        return self.inner.reads

    @property
    def laws(self) -> Laws:
        return self.inner.laws

    def signature(self) -> Signature:
        """The inner signature under the negated name."""
        return dataclasses.replace(signature_of(self.inner), name=self.name)

    def __call__(self, items: Sequence[Item], /) -> Scores:
        scores = self.inner(items)
        return dataclasses.replace(scores, values=-scores.values, signature=None)
