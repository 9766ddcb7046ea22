"""Where a plan is scored: in this process, in worker processes of this machine, or by Ray. May import `scoring`,
`types`.

Wherever it is, inputs and their scores come back to the one process that has the store.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator

from rewardmeter.engine.blocks import Growing, Sorted, Supply
from rewardmeter.engine.calls import BatchSize, call_scorer
from rewardmeter.engine.plan import IndexArray, Plan
from rewardmeter.engine.protocols import Progress
from rewardmeter.engine.streams import score_streaming
from rewardmeter.errors import MissingExtraError, SpecError
from rewardmeter.scoring import Run, Scorer, Streaming
from rewardmeter.types import Scores

__all__ = ["EXECUTORS", "Batches", "score_batches"]

Batches = Generator[tuple[IndexArray, Scores], None, None]
"""Inputs of the plan and their scores, as they come."""

EXECUTORS = ("local", "ray")


def score_batches(
    scorer: Scorer,
    plan: Plan,
    todo: IndexArray,
    run: Run,
    *,
    batch_size: int | None,
    workers: int,
    executor: str,
    told: Progress,
) -> Batches:
    """Score the units ``todo`` of the plan where they are best scored.

    Raises
    ------
    SpecError
        If there is no such executor.
    MissingExtraError
        If Ray is asked for and not installed.
    """
    if executor not in EXECUTORS:
        raise SpecError(f"there is no executor '{executor}'; there are: {', '.join(EXECUTORS)}")
    if executor == "ray" and len(todo):
        from rewardmeter.engine.ray_executor import dumps, score_on_ray

        sent, why_not = _sendable(scorer, dumps)
        if not why_not:
            return score_on_ray(sent, scorer.laws, plan, todo, batch_size=batch_size, workers=workers)
        told.note(f"{scorer.name}: scored in this process and not by Ray, because {why_not}.")
    elif workers > 1 and len(todo) > 1:
        sent, why_not = _sendable(scorer, pickle.dumps)
        if not why_not and not (scorer.laws.cpu_bound or scorer.laws.device_bound):
            why_not = "it does not declare to gain from more"
        if not why_not:
            return _in_workers(sent, scorer, plan, todo, batch_size, min(workers, len(todo)))
        told.note(f"{scorer.name}: scored in one process, because {why_not}.")
    if isinstance(scorer, Streaming):
        return score_streaming(scorer, plan, todo, run)
    return _score_here(scorer, plan, todo, BatchSize(batch_size))


def _sendable(scorer: Scorer, dumps: Callable[[Scorer], bytes]) -> tuple[bytes, str]:
    """The scorer as other processes can take it, or why it must stay in this one."""
    if isinstance(scorer, Streaming) and not (scorer.laws.cpu_bound or scorer.laws.device_bound):
        return b"", "it has many requests under way by itself, and its memory and budget are here"
    try:
        return dumps(scorer), ""
    except MissingExtraError:
        raise
    except Exception as error:  # pickling runs foreign code
        return b"", f"it cannot be sent to others ({error})"


def _in_workers(
    scorer_pickle: bytes, scorer: Scorer, plan: Plan, todo: IndexArray, batch_size: int | None, workers: int
) -> Batches:
    from rewardmeter.engine.devices import worker_environments
    from rewardmeter.engine.workers import score_in_workers

    supply: Supply = Growing(todo, BatchSize(batch_size))
    if scorer.laws.device_bound:
        supply = Sorted(plan, todo, workers, fixed=batch_size)
    return score_in_workers(scorer_pickle, plan, supply, worker_environments(scorer, workers))


def _score_here(scorer: Scorer, plan: Plan, todo: IndexArray, size: BatchSize) -> Batches:
    start = 0
    while start < len(todo):
        units = todo[start : start + size.units]
        scores, seconds = call_scorer(scorer, plan.items(units))
        yield plan.inputs_of(units), scores
        size.observe(len(units), seconds)
        start += len(units)
