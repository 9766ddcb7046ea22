"""One batch given to a scorer: what it returns is checked, and one bad response does not spoil the others. May import
`scorer`, `types`, `errors`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import numpy as np

from rewardmeter.errors import (
    MissingDataError,
    MissingExtraError,
    ScorerError,
    SpecError,
    StoreError,
    UnknownNameError,
)
from rewardmeter.scoring import Scorer
from rewardmeter.types import Item, Outcome, Scores

__all__ = ["NOT_THE_RESPONSES_FAULT", "BatchSize", "call_scorer", "failed_scores", "reason_of"]

NOT_THE_RESPONSES_FAULT = (MissingDataError, MissingExtraError, SpecError, StoreError, UnknownNameError)
_LONGEST_REASON = 500


def call_scorer(scorer: Scorer, items: Sequence[Item]) -> tuple[Scores, float]:
    """Score the items: their scores and the seconds that it took.

    What raises is narrowed down by halves until only the guilty response (item, for a scorer that
    is not pointwise) has failed, with the exception as its reason.

    The cost is what the scorer states, with the measured seconds where it states none.

    Raises
    ------
    ScorerError
        If the scorer returns something other than one well-formed score per response.
    MissingExtraError, MissingDataError, SpecError, StoreError, UnknownNameError
        As the scorer raises them: no response is to blame.
    """
    start = time.perf_counter()
    scores = _narrowed(scorer, items)
    seconds = time.perf_counter() - start
    if scores.cost.seconds == 0:
        scores = dataclasses.replace(scores, cost=dataclasses.replace(scores.cost, seconds=seconds))
    return scores, seconds


def failed_scores(n: int, reason: str) -> Scores:
    """Scores of n responses that all failed for one reason."""
    outcomes = np.full(n, Outcome.FAILED, dtype=np.uint8)
    return Scores(np.full(n, np.nan), outcomes, dict.fromkeys(range(n), reason))


def _narrowed(scorer: Scorer, items: Sequence[Item]) -> Scores:
    due = sum(len(item.responses) for item in items)
    try:
        returned = scorer(items)
    except NOT_THE_RESPONSES_FAULT:
        raise
    except ScorerError as error:
        raise ScorerError(f"scorer '{scorer.name}': {error}") from error
    except Exception as error:  # foreign code may raise anything, and it is the response's outcome, never the run's
        halves = _halves(items, pointwise=scorer.laws.pointwise)
        if halves is None:
            return failed_scores(due, reason_of(error))
        return Scores.concatenate([_narrowed(scorer, half) for half in halves])
    return _checked(scorer.name, returned, due)


def _checked(name: str, returned: object, due: int) -> Scores:
    if not isinstance(returned, Scores):
        raise ScorerError(
            f"scorer '{name}' returned {type(returned).__name__} instead of Scores; Scores.from_values makes them from"
            " plain numbers"
        )
    if len(returned) != due:
        raise ScorerError(f"scorer '{name}' returned {len(returned):,} scores for {due:,} responses")
    if due and int(returned.outcomes.max()) > max(Outcome):
        raise ScorerError(f"scorer '{name}' returned the outcome {int(returned.outcomes.max())}, which does not exist")
    return returned


def _halves(items: Sequence[Item], *, pointwise: bool) -> tuple[Sequence[Item], Sequence[Item]] | None:
    if len(items) > 1:
        middle = len(items) // 2
        return items[:middle], items[middle:]
    responses = items[0].responses
    if not pointwise or len(responses) < 2:
        return None
    middle = len(responses) // 2
    left, right = (dataclasses.replace(items[0], responses=part) for part in (responses[:middle], responses[middle:]))
    return [left], [right]


def reason_of(error: Exception) -> str:
    """An exception as the reason of a failure, cut where it is very long."""
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"


class BatchSize:
    """How many units the next call gets: few at first, more while calls are quick, fewer where they are slow.

    An expensive scorer so commits nearly every score by itself, and a cheap one has next to no overhead. A ``fixed``
    size stays.
    """

    SECONDS = 0.1
    FACTOR = 8
    MOST = 8_192

    def __init__(self, fixed: int | None = None) -> None:
        self.fixed = fixed
        self.units = fixed or 1

    def observe(self, units: int, seconds: float) -> None:
        """Learn from a call that took so many units so long."""
        if self.fixed is None:
            factor = min(self.FACTOR, max(1 / self.FACTOR, self.SECONDS / max(seconds, 1e-9)))
            self.units = min(self.MOST, max(1, int(units * factor)))
