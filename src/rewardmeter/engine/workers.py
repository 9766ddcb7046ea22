"""Worker processes for scorers that are bound by the processor or by a device. May import `scorer`, `types`, `errors`.

Each worker is a fresh process (spawned, never forked) that holds the scorer and has at most one batch in hand, so that
it is known which batch a dying worker took with it. The store and everything else stay with the parent.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

import numpy as np

from rewardmeter.engine.blocks import Supply
from rewardmeter.engine.calls import call_scorer, failed_scores
from rewardmeter.engine.devices import environment
from rewardmeter.engine.plan import IndexArray, Plan
from rewardmeter.errors import RewardmeterError, ScorerError
from rewardmeter.types import Scores

__all__ = ["score_in_workers"]


_DEATHS_FORGIVEN = 1
"""How often a batch may lose its worker before it is halved, and a single unit before it has failed."""

_SECONDS_TO_DIE = 5.0


@dataclass(frozen=True, eq=False)
class _Job:
    units: IndexArray
    deaths: int = 0


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    connection: Connection
    place: int
    job: _Job | None = None
    ready: bool = False


def score_in_workers(
    scorer_pickle: bytes, plan: Plan, supply: Supply, environments: Sequence[Mapping[str, str]]
) -> Generator[tuple[IndexArray, Scores], None, None]:
    """Score the units of the plan in worker processes, one for each of the environments; yields inputs and their
    scores as they come.

    A batch whose worker dies is tried once more; if that one dies too, the batch is halved, until the unit that kills
    workers stands alone and has failed.

    Raises
    ------
    ScorerError
        If the scorer breaks its contract or the workers cannot be started.
    """
    pool = _Pool(scorer_pickle, plan, supply)
    try:
        for place, settings in enumerate(environments[: supply.left]):
            pool.start(place, settings)
        while pool.busy:
            yield from pool.step()
    finally:
        pool.stop()


class _Pool:
    def __init__(self, scorer_pickle: bytes, plan: Plan, supply: Supply) -> None:
        self.scorer_pickle, self.plan, self.supply = scorer_pickle, plan, supply
        self.settings: dict[int, Mapping[str, str]] = {}
        self.again: deque[_Job] = deque()
        self.workers: list[_Worker] = []
        self.failed_starts = 0

    @property
    def busy(self) -> bool:
        return self.supply.left > 0 or bool(self.again) or any(worker.job for worker in self.workers)

    def start(self, place: int, settings: Mapping[str, str]) -> None:
        """Start the worker of a place; the one that replaces it, should it die, gets the same settings."""
        self.settings[place] = settings
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self.scorer_pickle), daemon=True)
        with _interrupts_held(), environment(settings):
            process.start()
        theirs.close()
        self.workers.append(_Worker(process, ours, place))

    def stop(self) -> None:
        for worker in self.workers:
            worker.connection.close()
            worker.process.kill()
        for worker in self.workers:
            worker.process.join()
        self.workers.clear()

    def step(self) -> Iterator[tuple[IndexArray, Scores]]:
        """Wait until some worker has something to say, and deal with it."""
        heard = wait([worker.connection for worker in self.workers])
        for worker in [worker for worker in self.workers if worker.connection in heard]:
            alive, message = _heard_from(worker)
            if not alive:
                yield from self._bury(worker)
                continue
            if isinstance(message, str):
                raise ScorerError(message)
            done, worker.job = worker.job, None
            if done is None:
                worker.ready, self.failed_starts = True, 0
                self._feed(worker)
            else:
                scores, seconds = message
                self.supply.observe(len(done.units), seconds)
                self._feed(worker)  # first, so that it works on while the scores are stored
                yield self.plan.inputs_of(done.units), scores

    def _feed(self, worker: _Worker) -> None:
        job = self._next_job()
        if job is None:
            return
        try:
            worker.connection.send(self.plan.items(job.units))
        except OSError:  # it died idle: the batch is not to blame, and the loss is noticed by the next wait
            self.again.append(job)
        else:
            worker.job = job

    def _next_job(self) -> _Job | None:
        if self.again:
            return self.again.popleft()
        return _Job(self.supply.take(len(self.workers))) if self.supply.left else None

    def _bury(self, worker: _Worker) -> Iterator[tuple[IndexArray, Scores]]:
        self.workers.remove(worker)
        worker.connection.close()
        worker.process.join(timeout=_SECONDS_TO_DIE)
        worker.process.kill()
        worker.process.join()
        code, job = worker.process.exitcode, worker.job
        if not worker.ready:
            self.failed_starts += 1
            if (code is not None and code >= 0) or self.failed_starts > 3:
                raise ScorerError(
                    f"a worker process ended with status {code} before it could start; score with one worker, or from a"
                    " script file whose entry is guarded by: if __name__ == '__main__'"
                )
        if job is not None:
            if job.deaths < _DEATHS_FORGIVEN:
                self.again.append(_Job(job.units, job.deaths + 1))
            elif len(job.units) > 1:
                self.again.extend(_Job(half, job.deaths) for half in np.array_split(job.units, 2))
            else:
                inputs = self.plan.inputs_of(job.units)
                yield inputs, failed_scores(len(inputs), f"the worker process died on it twice ({_cause(code)})")
        if self.busy:
            self.start(worker.place, self.settings[worker.place])
            for idle in [other for other in self.workers if other.ready and other.job is None]:
                self._feed(idle)


def _heard_from(worker: _Worker) -> tuple[bool, Any]:
    """Whether the worker lives, and what it has to say if it does."""
    try:
        return True, worker.connection.recv()
    except (EOFError, OSError):
        return False, None


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C, not even while they load; ours is delivered afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"status {code}"


def _work(connection: Connection, scorer_pickle: bytes) -> None:
    """A worker's life. It sends None when it is ready, scores and seconds for items, a text when it cannot go on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its workers
    try:
        scorer = pickle.loads(scorer_pickle)
    except Exception as error:
        connection.send(f"the scorer cannot be rebuilt in a worker process ({type(error).__name__}: {error})")
        return
    connection.send(None)
    while True:
        try:
            items = connection.recv()
        except EOFError:
            return
        try:
            scores, seconds = call_scorer(scorer, items)
        except RewardmeterError as error:
            connection.send(str(error))
            return
        plain = Scores(scores.values, scores.outcomes, dict(scores.reasons), None, scores.cost)
        connection.send((plain, seconds))
