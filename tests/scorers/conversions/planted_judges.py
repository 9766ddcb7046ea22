"""Judges whose verdicts are known beforehand: each text states its strength, or a table states who beats whom."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rewardmeter.scoring import Compared, Laws, PairRequest, Run, score_stream
from rewardmeter.types import Cost, Item, Outcome, Response, Scores, Unscored


def item_of(*texts: str, prompt: str | None = None) -> Item:
    """An item of these responses."""
    return Item(tuple(map(Response, texts)), prompt=prompt)


@dataclass(frozen=True)
class TableJudge:
    """A scorer of pairs by a table: credit of the first, looked up either way round; what is not there fails."""

    table: Mapping[tuple[str, str], float | Unscored] = field(hash=False, metadata={"moves_score": False})
    asked: list[tuple[str, str]] = field(default_factory=list, compare=False, metadata={"moves_score": False})
    name = "table"
    reads = frozenset({"response"})
    laws = Laws(pointwise=False)
    revision = "1"

    def verdict(self, one: str, other: str) -> float | Unscored:
        """The table's entry, or its mirror image."""
        self.asked.append((one, other))
        if (one, other) in self.table:
            return self.table[one, other]
        mirrored = self.table.get((other, one), Unscored("not in the table"))
        return mirrored if isinstance(mirrored, Unscored) else 1 - mirrored

    def __call__(self, items: Sequence[Item], /) -> Scores:
        values, outcomes, reasons = [], [], {}
        for item in items:
            one, other = (response.text for response in item.responses)
            verdict = self.verdict(one, other)
            for credit in (verdict, verdict if isinstance(verdict, Unscored) else 1 - verdict):
                if isinstance(credit, Unscored):
                    reasons[len(values)] = credit.reason
                    values.append(math.nan)
                    outcomes.append(credit.outcome)
                else:
                    values.append(credit)
                    outcomes.append(Outcome.SCORED)
        return Scores(np.array(values), np.array(outcomes, dtype=np.uint8), reasons)


@dataclass(frozen=True)
class PlantedJudge:
    """A `PairwiseJudge`: texts end in their strength (``a:1.5``), verdicts are drawn by the Bradley-Terry model from a
    hash of the two texts, so that the same pair gets the same verdict.

    ``killed_after`` raises KeyboardInterrupt before one more than so many answers, ``affordable`` leaves out what comes
    after so many.
    """

    draw: int = 0
    killed_after: int | None = field(default=None, metadata={"moves_score": False})
    affordable: int | None = field(default=None, metadata={"moves_score": False})
    calls: list[tuple[str, str]] = field(default_factory=list, compare=False, metadata={"moves_score": False})
    name = "planted"
    reads = frozenset({"response"})
    laws = Laws(pointwise=False)
    revision = "1"

    def compare_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Iterator[Compared]:
        """In reversed order, as answers come when they please."""
        for place in reversed(range(len(requests))):
            request = requests[place]
            if self.affordable is not None and len(self.calls) >= self.affordable:
                return
            if self.killed_after is not None and len(self.calls) >= self.killed_after:
                raise KeyboardInterrupt
            one, other = (request.item.responses[i].text for i in (request.first, request.second))
            self.calls.append((one, other))
            yield Compared(place, self.drawn(one, other), Cost(dollars=0.01, calls=1))

    def drawn(self, one: str, other: str) -> float:
        """1 or 0 by the chance that the strengths give."""
        digest = hashlib.blake2b("|".join([str(self.draw), *sorted((one, other))]).encode(), digest_size=8).digest()
        uniform = int.from_bytes(digest, "little") / 2**64
        low, high = sorted((one, other))
        wins = uniform < 1 / (1 + math.exp(strength_of(high) - strength_of(low)))
        return float(wins) if one == low else float(not wins)

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Any]:
        """Items of two responses."""
        for compared in self.compare_pairs([PairRequest(item, 0, 1) for item in items], run):
            credit = compared.verdict
            assert isinstance(credit, float)
            positions = [2 * compared.request, 2 * compared.request + 1]
            yield positions, Scores.from_values([credit, 1 - credit], cost=compared.cost)

    def forecast_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Cost:
        """A cent a comparison."""
        return Cost(dollars=0.01 * len(requests), calls=len(requests))

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """A cent a comparison."""
        assert all(len(item.responses) == 2 for item in items)
        return Cost(dollars=0.01 * len(items), calls=len(items))

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return score_stream(self, items)


def strength_of(text: str) -> float:
    """What a text of `PlantedJudge` states."""
    return float(text.rpartition(":")[2])
