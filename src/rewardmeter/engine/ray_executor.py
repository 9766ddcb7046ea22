"""The Ray Data executor: a plan's units go through `map_batches` with actors that hold the scorer. May import
`scoring`, `types`, `errors`.

This process keeps the store and takes the scores as they come. A block that is lost (its actor died each time it was
tried) does not end the pipeline: what is missing afterwards goes through another one in smaller blocks and one at a
time, until the unit that kills actors stands alone and has failed.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardmeter.engine.blocks import cut, longest_first
from rewardmeter.engine.calls import call_scorer, failed_scores
from rewardmeter.engine.plan import IndexArray, Plan
from rewardmeter.engine.streams import closed
from rewardmeter.errors import MissingExtraError, RewardmeterError, ScorerError
from rewardmeter.scoring import Laws, Scorer
from rewardmeter.types import Scores

__all__ = ["dumps", "score_on_ray"]

_SETTINGS = {
    # Ray's hook for `uv run` starts workers in an environment without extras, and they die for ever.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    # Ray prints the deaths of its workers to standard output, where the scores may be going.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}
"""What Ray must be told before it is imported; it is left alone where that was done elsewhere."""

_OBJECT_STORE_BYTES = 256 << 20
_LARGEST_BLOCK = 256
_RETRIES = 1
_SPLIT = 16
"""How many parts a lost block is cut into: two pipelines narrow the largest block down to single units."""


def dumps(scorer: Scorer) -> bytes:
    """The scorer as actors can rebuild it; unlike pickle, also where it comes from a notebook or a script.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    """
    cloudpickle: Any = _import_ray().cloudpickle
    sent: bytes = cloudpickle.dumps(scorer)
    return sent


def score_on_ray(
    scorer_pickle: bytes, laws: Laws, plan: Plan, todo: IndexArray, *, batch_size: int | None, workers: int
) -> Generator[tuple[IndexArray, Scores], None, None]:
    """Score the units of the plan in Ray actors; yields inputs and their scores as they come.

    Parameters
    ----------
    scorer_pickle:
        From `dumps`.
    batch_size:
        Units of a block; None for shares of the work.
    workers:
        Most actors; 1 for as many as the cluster has room for.

    Raises
    ------
    ScorerError
        If the scorer breaks its contract or the pipeline cannot run.
    """
    ray = _connected(workers)
    crew = _crew(ray, workers, device_bound=laws.device_bound)
    if laws.device_bound:
        units, lengths = longest_first(plan, todo)
        blocks = [units[block] for block in cut(lengths, crew.size, fixed=batch_size)]
    else:
        size = batch_size or max(1, min(_LARGEST_BLOCK, len(todo) // (4 * crew.size)))
        blocks = [todo[start : start + size] for start in range(0, len(todo), size)]
    pipeline = _Pipeline(scorer_pickle, plan, crew)
    careful = False
    while blocks:
        lost = dict(enumerate(blocks))
        with closing(pipeline.run(blocks, careful=careful)) as answers:
            for number, scores in answers:
                yield plan.inputs_of(lost.pop(number)), scores
        blocks = []
        for units in lost.values():
            if careful and len(units) == 1:
                inputs = plan.inputs_of(units)
                yield inputs, failed_scores(len(inputs), "the worker process died on it twice")
            else:
                blocks += np.array_split(units, min(_SPLIT, len(units)))
        careful = True


@dataclass(frozen=True, slots=True)
class _Crew:
    """How many actors, and what each asks of the cluster."""

    size: int
    cpus: float
    gpus: float


def _crew(ray: Any, workers: int, *, device_bound: bool) -> _Crew:
    """As many actors as there are processors, or accelerators for scorers that are bound by one.

    All of them together leave one processor free: Ray waits for ever where actors hold all that its own tasks need.
    """
    resources = ray.cluster_resources()
    processors, devices = float(resources.get("CPU", 1)), float(resources.get("GPU", 0))
    if not device_bound:
        devices = 0.0
    size = workers if workers > 1 else max(1, int(devices or processors))
    cpus = round(max(0.1, min(1.0, (processors - 1) / size)), 4)
    return _Crew(size, cpus, min(1.0, int(devices / size * 1000) / 1000))


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Ray warns of its own settings and of files that it closes later; that is not for the user to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _Pipeline:
    def __init__(self, scorer_pickle: bytes, plan: Plan, crew: _Crew) -> None:
        self.scorer_pickle, self.plan, self.crew = scorer_pickle, plan, crew

    def run(self, blocks: list[IndexArray], *, careful: bool) -> Generator[tuple[int, Scores], None, None]:
        """Numbers of the blocks and their scores; those of lost blocks are left out.

        Parameters
        ----------
        careful:
            No block waits behind another one in the same actor, whose death it would share.
        """
        with closed(self._answers(blocks, careful)) as answers:
            for table in _translated(answers):
                for number, answer in zip(table["block"].to_pylist(), table["answer"].to_pylist(), strict=True):
                    scores = pickle.loads(answer)
                    if isinstance(scores, str):
                        raise ScorerError(scores)
                    yield number, scores

    @_without_warnings()
    def _answers(self, blocks: list[IndexArray], careful: bool) -> Iterator[Any]:
        """The pipeline's tables of block and answer, as they come.

        Texts are put into Ray's object store block by block, and only their numbers are rows: nothing is in memory
        twice, and no task has to look at them first.
        """
        ray = _import_ray()
        texts = [ray.put(pickle.dumps(self.plan.items(units))) for units in blocks]
        dataset = ray.data.from_items([{"block": i} for i in range(len(texts))], override_num_blocks=len(texts))
        context = dataset.context
        context.max_errored_blocks = -1
        context.enable_progress_bars = context.enable_operator_progress_bars = False
        scored = dataset.map_batches(
            _ScoresBlocks,
            fn_constructor_args=(self.scorer_pickle, list(sys.path), texts),
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                size=min(self.crew.size, len(blocks)),  # those that find room work, without waiting for the others
                max_tasks_in_flight_per_actor=1 if careful else 2,
            ),
            num_cpus=self.crew.cpus,
            num_gpus=self.crew.gpus or None,
            max_restarts=-1,
            max_task_retries=_RETRIES,
        )
        return iter(scored.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0))


class _ScoresBlocks:
    """An actor's part: it holds the scorer. Nothing that it raises on purpose is left to Ray, which would try again.

    Parameters
    ----------
    scorer_pickle:
        The scorer.
    path:
        Where the driver finds modules: the scorer's may be beside its script.
    texts:
        References to the pickled items of each block.
    """

    def __init__(self, scorer_pickle: bytes, path: list[str], texts: list[Any]) -> None:
        self.texts = texts
        sys.path.extend(folder for folder in path if folder not in sys.path)
        self.problem, self.scorer = "", None
        try:
            self.scorer = pickle.loads(scorer_pickle)
        except Exception as error:
            self.problem = f"the scorer cannot be rebuilt in a Ray actor ({type(error).__name__}: {error})"

    def __call__(self, table: Any) -> Any:
        """A table of block numbers in, a table of them and their scores, or a text that says what is wrong, out."""
        import pyarrow as pa
        import ray

        numbers = table["block"].to_pylist()
        answers = [pickle.dumps(self._scores(pickle.loads(ray.get(self.texts[number])))) for number in numbers]
        return pa.table({"block": table["block"], "answer": pa.array(answers, type=pa.large_binary())})

    def _scores(self, items: Any) -> Scores | str:
        if self.scorer is None:
            return self.problem
        try:
            scores, _ = call_scorer(self.scorer, items)
        except RewardmeterError as error:
            return str(error)
        return Scores(scores.values, scores.outcomes, dict(scores.reasons), None, scores.cost)


@_without_warnings()
def _import_ray() -> Any:
    ours = "ray" not in sys.modules
    if ours:
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError("the Ray executor", "ray") from error
    if ours:  # a lost block is no news for the user, who is told what becomes of it; Ray's log files have it
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    return ray


@_without_warnings()
def _connected(workers: int) -> Any:
    """The module `ray`, connected: as it is, to the cluster of RAY_ADDRESS, or to one that is started here and ends
    with this process."""
    ray = _import_ray()
    if ray.is_initialized():
        return ray
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if os.environ.get("RAY_ADDRESS"):
            ray.init(**quiet)
        else:
            processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            ray.init(
                "local",
                num_cpus=max(workers, processors),
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                **quiet,
            )
    except Exception as error:  # connection errors of many kinds
        raise ScorerError(f"Ray cannot be reached or started: {error}") from error
    return ray


def _translated(answers: Iterator[Any]) -> Iterator[Any]:
    """The pipeline's tables; what ends it is said in our words."""
    while True:
        try:
            with _without_warnings():
                table = next(answers)
        except StopIteration:
            return
        except Exception as error:  # Ray's own errors and whatever its actors could not start for
            cause = str(error).strip().splitlines()[-1:] or [type(error).__name__]
            raise ScorerError(
                f"Ray could not go on: {cause[0]} (rewardmeter and the scorer's packages must be installed on every"
                " node)"
            ) from error
        yield table
