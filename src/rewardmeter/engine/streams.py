"""A scorer that organises its own work is given everything at once, and its scores are taken as they come. May import
`scoring`, `types`, `errors`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator, Sequence

import numpy as np

from rewardmeter.engine.calls import NOT_THE_RESPONSES_FAULT, call_scorer
from rewardmeter.engine.plan import IndexArray, Plan
from rewardmeter.errors import ScorerError
from rewardmeter.scoring import Run, Streaming
from rewardmeter.scoring.run import checked_positions
from rewardmeter.types import Item, Scores

__all__ = ["UNITS_AT_ONCE", "score_streaming"]

UNITS_AT_ONCE = 16_384
"""Enough to sort by length and to keep any number of requests under way; few enough to hold in memory."""


def score_streaming(
    scorer: Streaming, plan: Plan, todo: IndexArray, run: Run, *, at_once: int = UNITS_AT_ONCE
) -> Generator[tuple[IndexArray, Scores], None, None]:
    """Yield inputs of the plan and their scores as the scorer finds them.

    Raises
    ------
    ScorerError
        If the scorer breaks its contract.
    """
    for start in range(0, len(todo), at_once):
        units = todo[start : start + at_once]
        inputs, items = plan.inputs_of(units), plan.items(units)
        seen = np.zeros(len(inputs), dtype=bool)
        try:
            for where, scores in _timed(scorer, items, run, seen):
                yield inputs[where], scores
        except (*NOT_THE_RESPONSES_FAULT, ScorerError):
            raise
        except Exception:  # foreign code may raise anything; the guilty response is found by halving what is left
            yield from _rest(scorer, plan, units, seen)


def _timed(
    scorer: Streaming, items: Sequence[Item], run: Run, seen: np.ndarray
) -> Generator[tuple[IndexArray, Scores], None, None]:
    """The stream, checked; each part's cost gets the time since the last one where the scorer states none."""
    began = time.perf_counter()
    for positions, part in scorer.stream(items, run):
        try:
            where = checked_positions(positions, part, seen)
        except ScorerError as error:
            raise ScorerError(f"scorer '{scorer.name}': {error}") from error
        now = time.perf_counter()
        if part.cost.seconds == 0:
            part = dataclasses.replace(part, cost=dataclasses.replace(part.cost, seconds=now - began))
        yield where, part
        began = time.perf_counter()


def _rest(
    scorer: Streaming, plan: Plan, units: IndexArray, seen: np.ndarray
) -> Generator[tuple[IndexArray, Scores], None, None]:
    """The units of which the stream left something out, scored the plain way."""
    unit_of = np.repeat(np.arange(len(units)), [len(plan.inputs_of(units[i : i + 1])) for i in range(len(units))])
    open_units = units[np.unique(unit_of[~seen])]
    step = 256
    for start in range(0, len(open_units), step):
        some = open_units[start : start + step]
        scores, _ = call_scorer(scorer, plan.items(some))
        yield plan.inputs_of(some), scores
