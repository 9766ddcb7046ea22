"""The thread that sends: an event loop, one task per request. May import `scoring`, `types`, `errors`."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import queue
import random
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from rewardmeter.endpoints.answers import Answer, Request
from rewardmeter.endpoints.attempt import Attempt, Check, attempt
from rewardmeter.endpoints.endpoint import Endpoint
from rewardmeter.endpoints.pace import Pace
from rewardmeter.endpoints.purse import Purse
from rewardmeter.errors import ScorerError, SpecError
from rewardmeter.scoring import Budget
from rewardmeter.types import Cost

__all__ = ["Courier"]

_Finished = tuple[bytes, Answer | BaseException]
_STOP_WITHIN = 5.0
_CONNECTIONS_PER_CLIENT = 8  # a client looks through all its connections for each request


class Courier:
    """Sends requests and hands back answers; used by one thread, works in another.

    Raises
    ------
    SpecError
        If the endpoint's address or key is missing, or the client cannot be set up (a broken certificate store).
    """

    def __init__(self, endpoint: Endpoint, budget: Budget, check: Check | None) -> None:
        self._endpoint, self._check = endpoint, check
        self._address, self._secret = endpoint.address, endpoint.key()
        self._finished: queue.SimpleQueue[_Finished] = queue.SimpleQueue()
        self._budget = budget
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="rewardmeter-endpoint", daemon=True)
        self._problem: Exception | None = None
        self._thread.start()
        started.wait()
        if self._problem is not None:
            raise SpecError(f"the client for {self._address} cannot be set up: {self._problem}") from self._problem

    def send(self, key: bytes, request: Request) -> None:
        """Hand a request over."""
        self._loop.call_soon_threadsafe(self._begin, key, request)

    def take(self) -> list[tuple[bytes, Answer]]:
        """Wait for an answer, and take all that are there.

        Raises
        ------
        ScorerError
            If there is a cost limit and the price is unknown.
        """
        answers = [self._finished.get()]
        answers += self._rest()
        good = [(key, answer) for key, answer in answers if isinstance(answer, Answer)]
        if len(good) < len(answers):
            for pair in good:
                self._finished.put(pair)
            raise next(answer for _, answer in answers if isinstance(answer, BaseException))
        return good

    def stop(self) -> list[tuple[bytes, Answer]]:
        """Break off what is under way; the answers that nobody has taken."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(_STOP_WITHIN)
        return [(key, answer) for key, answer in self._rest() if isinstance(answer, Answer)]

    def _rest(self) -> list[_Finished]:
        rest: list[_Finished] = []
        while True:
            try:
                rest.append(self._finished.get_nowait())
            except queue.Empty:
                return rest

    def _run(self, started: threading.Event) -> None:
        try:
            self._loop.run_until_complete(self._work(started))
        except Exception as error:  # before `started`, or it would be a task's own
            self._problem = error
        finally:
            started.set()
            self._loop.close()

    async def _work(self, started: threading.Event) -> None:
        import httpx2

        address, most = urlsplit(self._address), self._endpoint.most_concurrent
        options: dict[str, Any] = {
            "headers": self._headers(),
            "timeout": httpx2.Timeout(None, connect=min(10.0, self._endpoint.timeout)),
            "limits": httpx2.Limits(max_connections=None, max_keepalive_connections=None),
            # No proxy stands before this machine itself.
            "trust_env": address.hostname not in ("localhost", "127.0.0.1", "::1"),
            # Loading the certificates takes time; without TLS none are needed, and redirects are not followed.
            "verify": httpx2.create_ssl_context() if address.scheme == "https" else False,
        }
        async with contextlib.AsyncExitStack() as opened:
            clients = [httpx2.AsyncClient(**options) for _ in range(-(-most // _CONNECTIONS_PER_CLIENT))]
            for client in clients:
                await opened.enter_async_context(client)
            self._clients = itertools.cycle(clients)
            self._pace, self._purse = Pace(self._endpoint), Purse(self._budget)
            self._end = asyncio.Event()
            started.set()
            await self._end.wait()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _headers(self) -> Mapping[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "rewardmeter"}
        return headers | ({"Authorization": f"Bearer {self._secret}"} if self._secret else {})

    def _cancel(self) -> None:
        self._end.set()

    def _begin(self, key: bytes, request: Request) -> None:
        task = self._loop.create_task(self._serve(key, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, key: bytes, request: Request) -> None:
        try:
            answer: Answer | BaseException = await _Errand(self, request).answer()
        except Exception as error:  # raised where the answers are taken
            answer = error
        self._finished.put((key, answer))

    async def try_once(self, request: Request) -> Attempt:
        """Send a request once, now."""
        return await attempt(
            next(self._clients),
            self._address + request.path,
            request,
            timeout=self._endpoint.timeout,
            check=self._check,
            secret=self._secret,
        )


class _Errand:
    """One request until it is answered or has failed."""

    def __init__(self, courier: Courier, request: Request) -> None:
        self._courier, self._request = courier, request
        self._endpoint, self._pace, self._purse = courier._endpoint, courier._pace, courier._purse
        self._input_tokens = request.input_tokens
        self._output_tokens = request.output_tokens or 0
        self._dearest = self._endpoint.price(self._input_tokens, request.most_output)
        self._cost = Cost()
        self._patience_ends = asyncio.get_running_loop().time() + self._endpoint.patience

    async def answer(self) -> Answer:
        if self._request.output_tokens is None and self._purse.limited and math.isnan(self._dearest):
            raise ScorerError("a cost limit was set, and nothing limits the length of the answers; set max_tokens")
        errors = tries = 0
        while True:
            if not await self._purse.reserve(self._dearest):
                return Answer("refused", reason="the cost limit was reached", cost=self._cost)
            got = await self._send()
            if got is None:
                return Answer("failed", reason=self._pace.closed, cost=self._cost, reached=False)
            if got.verdict == "ok":
                return Answer("ok", got.json, cost=self._cost)
            tries += 1
            errors += got.verdict == "retry"
            if got.verdict == "never":
                await self._pace.close(got.reason)
            if not self._worth_repeating(got, errors):
                told = {"reached": got.reached, "declined": got.verdict == "no"}
                return Answer("failed", reason=got.reason, cost=self._cost, **told)
            if got.wait is not None:
                await self._pace.pause(got.wait)
            else:
                await asyncio.sleep(self._backoff(tries))

    def _worth_repeating(self, got: Attempt, errors: int) -> bool:
        if got.verdict in ("no", "never") or errors > self._endpoint.retries:
            return False
        if got.wait is not None and got.wait > self._endpoint.longest_wait:
            return False
        return got.verdict != "slow" or asyncio.get_running_loop().time() < self._patience_ends

    def _backoff(self, tries: int) -> float:
        longest = min(self._endpoint.longest_wait, self._endpoint.backoff * 2.0 ** min(tries - 1, 30))
        return longest * random.uniform(0.5, 1.0)

    async def _send(self) -> Attempt | None:
        """Send once when it is our turn; None if the server was given up. The reservation is settled."""
        sent, paid = False, 0.0
        try:
            turn = await self._pace.turn(self._input_tokens + self._output_tokens)
            if turn is None:
                return None
            sent, clock = True, asyncio.get_running_loop().time
            paid = self._dearest  # should it be broken off
            began, got = clock(), Attempt("retry", alive=True)
            try:
                got = await self._courier.try_once(self._request)
            finally:
                await self._pace.done(turn, alive=got.alive, congested=got.congested, reason=got.reason)
            spent = self._spent(got, clock() - began)
            paid = spent.dollars
            self._cost = self._cost + spent
            return got
        finally:
            self._purse.settle(self._dearest, paid if sent else 0.0)

    def _spent(self, got: Attempt, latency: float) -> Cost:
        usage = _usage(got.json)
        if usage is not None:
            return Cost(0.0, self._endpoint.price(*usage), *usage, 1, latency)
        if got.verdict == "ok" or got.charged:
            return Cost(0.0, self._dearest, self._input_tokens, self._output_tokens, 1, latency)
        return Cost(calls=1, latency=latency)


def _usage(answer: object) -> tuple[int, int] | None:
    """(input, output) tokens as the server states them; None where it states nothing that makes sense."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    if not isinstance(usage, dict):
        return None
    read = usage.get("prompt_tokens", usage.get("input_tokens", usage.get("total_tokens")))
    written = usage.get("completion_tokens", usage.get("output_tokens", 0))
    counts = [count for count in (read, written) if isinstance(count, int) and not isinstance(count, bool)]
    return (counts[0], counts[1]) if len(counts) == 2 and all(0 <= count < 2**40 for count in counts) else None
