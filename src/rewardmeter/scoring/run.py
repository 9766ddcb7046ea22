"""What the engine lends to a scorer that organises its own work. May import `types`, `errors` and `scoring.protocol`.

Most scorers are given a few items and return their scores. A scorer whose work needs arranging (a model that sorts
its inputs by length, a judge with fifty requests under way) follows `Streaming`: it is given all that is to be scored
and yields scores as they come, in whatever order. What it learns on the way and must not pay for twice goes into the
run's memory, what it spends goes through the run's budget.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from rewardmeter.errors import ScorerError, SpecError
from rewardmeter.scoring.protocol import Scorer
from rewardmeter.types import Comparisons, Cost, Item, Outcome, Scores

__all__ = ["Budget", "Forecasting", "Memory", "Part", "Run", "RunMemory", "Streaming", "score_stream"]

Part = tuple[Sequence[int], Scores]
"""Positions among the responses of the items given, counted through all items, and their scores."""


class Memory(Protocol):
    """Keeps finished pieces of work by key: a judge's answers. Survives a killed run where there is a store.

    Not safe for threads: call it from the thread that drives the stream.
    """

    def recall(self, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """What is known of the keys."""
        ...

    def keep(self, key: bytes, value: bytes) -> None:
        """Keep a piece of work for good."""
        ...


class RunMemory:
    """Memory that ends with the process, for those who have no store."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}

    def recall(self, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """What is known of the keys."""
        return {key: self._known[key] for key in keys if key in self._known}

    def keep(self, key: bytes, value: bytes) -> None:
        """Keep a piece of work until the process ends."""
        self._known[key] = value


class Budget:
    """Dollars that a run may spend, over all its scorers; safe for threads.

    A call's greatest price is reserved before it is made and settled after it, so that the limit holds also with many
    calls under way.

    Parameters
    ----------
    limit:
        Dollars, 0 or more; None for no limit.

    Raises
    ------
    SpecError
        If the limit is negative or NaN.
    """

    def __init__(self, limit: float | None = None) -> None:
        if limit is not None and not limit >= 0:
            raise SpecError(f"a cost limit of {limit} dollars makes no sense; give a number, 0 or more")
        self.limit = limit
        self._lock = threading.Lock()
        self._spent = self._reserved = 0.0
        self.refused = 0

    @property
    def spent(self) -> float:
        """Dollars settled so far."""
        return self._spent

    def reserve(self, dollars: float) -> bool:
        """Set dollars aside; False, and a count in `refused`, if the limit does not allow it.

        Raises
        ------
        ScorerError
            If there is a limit and the price is unknown (NaN): a limit that cannot be watched is none.
        """
        if self.limit is None:
            return True
        if dollars != dollars:
            raise ScorerError("a cost limit was set, and the price is unknown; state the price")
        with self._lock:
            if self._spent + self._reserved + dollars > self.limit:
                self.refused += 1
                return False
            self._reserved += dollars
            return True

    def settle(self, reserved: float, paid: float) -> None:
        """Give back what was set aside for a call and count what it cost (0 where it was not charged).

        With a limit, a price that turns out unknown (NaN) counts as all that was set aside.
        """
        with self._lock:
            if self.limit is not None:
                self._reserved -= reserved
                paid = reserved if math.isnan(paid) else paid
            if not math.isnan(paid):
                self._spent += paid


@dataclass(frozen=True)
class Run:
    """What a streaming scorer is lent: a memory and a budget."""

    memory: Memory = field(default_factory=RunMemory)
    budget: Budget = field(default_factory=Budget)


@runtime_checkable
class Streaming(Scorer, Protocol):
    """A scorer that organises its own work."""

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """Yield the scores of some responses as soon as they exist, in any order, none twice.

        The costs of the parts add up to the cost of the work. What is left out at the end (the budget is spent) stays
        unscored and is taken up by the next run. An exception ends the stream; what it has not scored is then streamed
        again in halves, with the same run, so that only the guilty fail. The engine closes a stream that it leaves.
        """
        ...


@runtime_checkable
class Forecasting(Scorer, Protocol):
    """A scorer that can say beforehand what it will cost."""

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """The calls, tokens and dollars that scoring would take at most, what the memory holds left out.

        Makes no call. Dollars are NaN where the price is unknown.
        """
        ...


def score_stream(scorer: Streaming, items: Sequence[Item], run: Run | None = None) -> Scores:
    """All of a stream's scores in order, for a streaming scorer's ``__call__``; what is left out is missing.

    Raises
    ------
    ScorerError
        If the stream yields a position twice, or one that does not exist.
    """
    n = sum(len(item.responses) for item in items)
    values, outcomes = np.full(n, np.nan), np.full(n, Outcome.MISSING, dtype=np.uint8)
    reasons: dict[int, str] = {}
    compared: list[tuple[np.ndarray, Comparisons]] = []
    cost = Cost()
    seen = np.zeros(n, dtype=bool)
    for positions, part in scorer.stream(items, run or Run()):
        where = checked_positions(positions, part, seen)
        values[where], outcomes[where] = part.values, part.outcomes
        reasons.update({int(where[i]): reason for i, reason in part.reasons.items()})
        if part.comparisons is not None:
            compared.append((where, part.comparisons))
        cost = cost + part.cost
    comparisons = Comparisons.placed(compared, n) if compared else None
    return Scores(values, outcomes, reasons, cost=cost, comparisons=comparisons)


def checked_positions(positions: Sequence[int], part: Scores, seen: np.ndarray) -> np.ndarray:
    """The positions as an array, marked in ``seen``, bool (n,), once it is sure that they are new and exist."""
    given = np.asarray(positions)
    if given.size and given.dtype.kind not in "iu":
        raise ScorerError(f"the stream yielded positions that are no integers ({given.dtype})")
    where = given.astype(np.int64)
    if where.ndim != 1 or len(where) != len(part):
        raise ScorerError(f"the stream yielded {len(part):,} scores for {where.size:,} positions")
    if len(where) and (int(where.min()) < 0 or int(where.max()) >= len(seen)):
        raise ScorerError(f"the stream yielded a position that does not exist among {len(seen):,} responses")
    if np.any(seen[where]) or len(np.unique(where)) != len(where):
        raise ScorerError("the stream yielded a response twice")
    seen[where] = True
    return where
