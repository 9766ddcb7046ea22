"""`answer_all`: many requests in, each one's answer out. May import `scoring`, `types`, `errors`.

A thread of its own runs the event loop; the caller's thread hands requests over, takes answers and is the only one that
touches the run's memory.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections import deque
from collections.abc import Generator, Iterable, Iterator

from rewardmeter.endpoints.answers import Answer, Request, request_key
from rewardmeter.endpoints.attempt import Check
from rewardmeter.endpoints.courier import Courier
from rewardmeter.endpoints.endpoint import Endpoint
from rewardmeter.errors import StoreError
from rewardmeter.scoring import Run
from rewardmeter.types import Cost

__all__ = ["Check", "answer_all"]

_LOOK_UP_AT_ONCE = 256


def answer_all(
    endpoint: Endpoint, requests: Iterable[Request], run: Run, *, check: Check | None = None
) -> Generator[tuple[int, Answer], None, None]:
    """Ask everything and yield (position, answer) as answers come; every position exactly once, in any order.

    What the run's memory knows is not sent again, equal requests are sent once, and every new answer is in the memory
    before it is yielded: a process that is killed loses the requests under way (at most ``endpoint.most_concurrent``)
    and nothing else. Closing the generator stops everything.

    Parameters
    ----------
    endpoint:
        Whom to ask.
    requests:
        What to ask, taken lazily. An iterator that has ended is asked again after answers were yielded, so that an
        answer may lead to further requests; positions count what was taken.
    run:
        Memory and budget. The greatest price is reserved before each sending and settled with the usage that the
        server states; without one, and for a request that broke off after it was sent, with the greatest price.
    check:
        Says what is wrong with the JSON of an answer. A wrong answer is asked for again, then it has failed; only
        right ones are kept.

    Raises
    ------
    ScorerError
        If there is a cost limit and the price is unknown, or nothing limits an answer's length.
    SpecError
        If the address or the key's variable is missing.
    StoreError
        If an answer cannot be kept: nothing more is paid for that would be lost.
    """
    work = _Work(iter(requests), run)
    courier: Courier | None = None
    try:
        while True:
            yield from work.recalled()
            fresh = work.to_send(endpoint.most_concurrent)
            if fresh and courier is None:
                courier = Courier(endpoint, run.budget, check)
            for key, request in fresh:
                assert courier is not None
                courier.send(key, request)
            if work.known:
                continue
            if not work.waiting:
                return
            assert courier is not None
            for key, answer in courier.take():
                work.finish(key, answer)
    finally:
        if courier is not None:
            for key, answer in courier.stop():  # answers that came while nobody was listening were paid for too
                _keep_if_possible(work, key, answer)


class _Work:
    """Which request waits for which answer."""

    def __init__(self, source: Iterator[Request], run: Run) -> None:
        self._source, self._run = source, run
        self._taken = 0
        self._ready: deque[tuple[bytes, Request]] = deque()
        self.waiting: dict[bytes, list[int]] = {}
        self.known: deque[tuple[int, Answer]] = deque()
        self._under_way = 0

    def recalled(self) -> Iterator[tuple[int, Answer]]:
        """Hand out what is known; the source may have grown in the meantime."""
        while self.known:
            yield self.known.popleft()

    def to_send(self, most: int) -> list[tuple[bytes, Request]]:
        """Requests to send now, so that at most so many are under way."""
        while len(self._ready) + self._under_way < most and not self.known:
            if not self._look_up():
                break
        n = min(len(self._ready), most - self._under_way)
        self._under_way += n
        return [self._ready.popleft() for _ in range(n)]

    def finish(self, key: bytes, answer: Answer) -> None:
        """An answer has come: keep it, and give it to all who asked."""
        self._under_way -= 1
        self.keep(key, answer)
        self._share(key, answer)

    def keep(self, key: bytes, answer: Answer) -> None:
        """Put a good answer into the memory."""
        if answer.status == "ok":
            self._run.memory.keep(key, answer.to_bytes())

    def _look_up(self) -> bool:
        """Take some requests from the source; False if it has none."""
        taken = [(self._taken + i, r) for i, r in enumerate(itertools.islice(self._source, _LOOK_UP_AT_ONCE))]
        self._taken += len(taken)
        keyed = [(position, request_key(request), request) for position, request in taken]
        kept = self._run.memory.recall([key for _, key, _ in keyed])
        for position, key, request in keyed:
            old = Answer.from_bytes(kept[key]) if key in kept else None
            if old is not None:
                self.known.append((position, old))
            elif key in self.waiting:
                self.waiting[key].append(position)
            else:
                self.waiting[key] = [position]
                self._ready.append((key, request))
        return bool(taken)

    def _share(self, key: bytes, answer: Answer) -> None:
        first, *others = self.waiting.pop(key)
        self.known.append((first, answer))
        again = dataclasses.replace(answer, cost=Cost(), recalled=answer.status == "ok")
        self.known.extend((position, again) for position in others)


def _keep_if_possible(work: _Work, key: bytes, answer: Answer) -> None:
    with contextlib.suppress(StoreError):  # what made us stop is already on its way up
        work.keep(key, answer)
