"""A scorer that organises its own work is given everything at once, and its scores are taken as they come. May import
`scoring`, `types`, `errors`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.engine.calls import NOT_THE_RESPONSES_FAULT, failed_scores, reason_of
from rewardmeter.engine.plan import IndexArray, Plan
from rewardmeter.errors import ScorerError
from rewardmeter.scoring import Run, Streaming
from rewardmeter.scoring.run import checked_positions
from rewardmeter.types import Item, Outcome, Scores

__all__ = ["UNITS_AT_ONCE", "closed", "score_streaming"]

UNITS_AT_ONCE = 16_384
"""Enough to sort by length and to keep any number of requests under way; few enough to hold in memory."""


def score_streaming(
    scorer: Streaming, plan: Plan, todo: IndexArray, run: Run, *, at_once: int = UNITS_AT_ONCE
) -> Generator[tuple[IndexArray, Scores], None, None]:
    """Yield inputs of the plan and their scores as the scorer finds them.

    After an exception, what the stream has not scored is streamed again in halves, with the same memory and budget,
    until the guilty unit stands alone and has failed.

    Raises
    ------
    ScorerError
        If the scorer breaks its contract.
    """
    for start in range(0, len(todo), at_once):
        yield from _streamed(scorer, plan, todo[start : start + at_once], run)


def _streamed(
    scorer: Streaming, plan: Plan, units: IndexArray, run: Run
) -> Generator[tuple[IndexArray, Scores], None, None]:
    inputs = plan.inputs_of(units)
    seen = np.zeros(len(inputs), dtype=bool)
    try:
        with closing(_timed(scorer, plan.items(units), run, seen)) as parts:
            for where, scores in parts:
                yield inputs[where], scores
    except (*NOT_THE_RESPONSES_FAULT, ScorerError):
        raise
    except Exception as error:  # foreign code may raise anything
        reason = reason_of(error)
    else:
        return
    unit_of = np.repeat(np.arange(len(units)), plan.unit_start[units + 1] - plan.unit_start[units])
    left = units[np.unique(unit_of[~seen])]
    if len(left) > 1:
        for half in np.array_split(left, 2):
            yield from _streamed(scorer, plan, half, run)
    elif len(left) == 1 and len(units) > 1:
        yield from _streamed(scorer, plan, left, run)
    elif len(left) == 1:
        yield inputs[~seen], failed_scores(int(np.sum(~seen)), reason)


def _timed(
    scorer: Streaming, items: Sequence[Item], run: Run, seen: NDArray[np.bool_]
) -> Generator[tuple[IndexArray, Scores], None, None]:
    """The stream, checked; each part's cost gets the time since the last one where the scorer states none."""
    began = time.perf_counter()
    with closed(scorer.stream(items, run)) as stream:
        for part in stream:
            where, scores = _checked(scorer.name, part, seen)
            now = time.perf_counter()
            if scores.cost.seconds == 0:
                scores = dataclasses.replace(scores, cost=dataclasses.replace(scores.cost, seconds=now - began))
            yield where, scores
            began = time.perf_counter()


@contextmanager
def closed(stream: Iterator[Any]) -> Iterator[Iterator[Any]]:
    """Ends the stream with the block, also where nobody asks for the rest: it may have threads and requests to end."""
    try:
        yield stream
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()


def _checked(name: str, part: object, seen: NDArray[np.bool_]) -> tuple[IndexArray, Scores]:
    if not isinstance(part, tuple) or len(part) != 2 or not isinstance(part[1], Scores):
        raise ScorerError(f"scorer '{name}': the stream must yield pairs of positions and Scores")
    positions, scores = part
    try:
        where = checked_positions(positions, scores, seen)
    except ScorerError as error:
        raise ScorerError(f"scorer '{name}': {error}") from error
    if len(scores) and int(scores.outcomes.max()) > max(Outcome):
        raise ScorerError(f"scorer '{name}' yielded the outcome {int(scores.outcomes.max())}, which does not exist")
    return where, scores
