"""A scorer turned upside down. May import `types` and the modules beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from rewardmeter.scoring.derived import ResponseFacts
from rewardmeter.scoring.pairwise import Compared, PairRequest, PairwiseJudge
from rewardmeter.scoring.protocol import Laws, Scorer
from rewardmeter.scoring.run import Forecasting, Part, Run, Streaming
from rewardmeter.scoring.signature import signature_of
from rewardmeter.types import Cost, Item, Scores, Signature, Unscored

__all__ = ["Negated", "NegatedPairwise", "NegatedPairwiseStream", "NegatedStream", "negated"]


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
        """The inner signature under its negated name: what the inner one leaves out (an address) stays out."""
        inner = signature_of(self.inner)
        return dataclasses.replace(inner, name=f"-{inner.name}")

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return _upside_down(self.inner(items))

    def derive(self, scores: Scores, facts: ResponseFacts, /) -> Scores:
        """The inner scores upside down."""
        return _upside_down(scores)


@dataclass(frozen=True)
class NegatedStream(Negated):
    """A streaming scorer turned upside down."""

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """The inner stream, negated."""
        for positions, part in cast(Streaming, self.inner).stream(items, run):
            yield positions, _upside_down(part)

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """What the inner scorer would cost."""
        return self.inner.forecast(items, run) if isinstance(self.inner, Forecasting) else Cost()


@dataclass(frozen=True)
class NegatedPairwise(Negated):
    """A judge of pairs turned upside down: who was better is worse, and a tie is a tie."""

    def compare_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Iterator[Compared]:
        """The inner verdicts, mirrored."""
        for request, verdict, cost in cast(PairwiseJudge, self.inner).compare_pairs(requests, run):
            yield Compared(request, verdict if isinstance(verdict, Unscored) else 1 - verdict, cost)

    def forecast_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Cost:
        """What the inner judge would cost."""
        return cast(PairwiseJudge, self.inner).forecast_pairs(requests, run)


@dataclass(frozen=True)
class NegatedPairwiseStream(NegatedStream, NegatedPairwise):
    """A judge of pairs that also streams, turned upside down."""


def negated(inner: Scorer) -> Negated:
    """The scorer turned upside down; it streams and compares pairs if the scorer does."""
    if isinstance(inner, PairwiseJudge):
        return NegatedPairwiseStream(inner) if isinstance(inner, Streaming) else NegatedPairwise(inner)
    return NegatedStream(inner) if isinstance(inner, Streaming) else Negated(inner)


def _upside_down(scores: Scores) -> Scores:
    comparisons = None if scores.comparisons is None else scores.comparisons.flipped()
    return dataclasses.replace(scores, values=0.0 - scores.values, signature=None, comparisons=comparisons)
