"""Requests to a scorer's server, many at a time; what may pass is tried again. May import `scoring`, `types`, `errors`."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from rewardmeter.errors import ScorerError, SpecError
from rewardmeter.scoring import Run
from rewardmeter.types import Cost

__all__ = ["Rejected", "Reply", "Request", "send"]

TRIES = 5
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 20.0
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_THE_INPUT = frozenset({400, 413, 422})
_EVERYBODY = frozenset({401, 403, 404, 405})
_SHOWN = 200


class Address(Protocol):
    """What is to be known of a server."""

    url: str
    concurrency: int
    timeout: float
    key: str


class Request(NamedTuple):
    """A path behind the server's URL and a JSON body; None for GET."""

    path: str
    body: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered, as JSON."""

    answer: Any
    cost: Cost


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why there is no answer, and whether something in the request is to blame for it."""

    reason: str
    input_at_fault: bool
    cost: Cost


def send(server: Address, requests: Sequence[Request], run: Run) -> Iterator[tuple[int, Reply | Rejected]]:
    """Yield what became of each request, by position, as it comes.

    Overload, errors of the server, lost connections and time-outs are tried again, five times in all, after growing
    waits with jitter or what the server asks for. If the server cannot be reached at all, the requests that follow fail
    at once.

    Raises
    ------
    ScorerError
        If the server refuses any request of this kind (no such path or model, no permission).
    """
    sender = _Sender(server)
    pool = ThreadPoolExecutor(max_workers=max(1, min(server.concurrency, len(requests))))
    waiting: dict[Future[Reply | Rejected], int] = {}
    following = iter(range(len(requests)))
    try:
        while True:
            for place in following:
                waiting[pool.submit(sender.exchange, requests[place])] = place
                if len(waiting) >= 2 * server.concurrency:
                    break
            if not waiting:
                return
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(done), done.result()
    finally:
        sender.stopped.set()
        pool.shutdown(wait=True, cancel_futures=True)
        sender.close()


class _Sender:
    """Connections that stay open, one a thread."""

    def __init__(self, server: Address) -> None:
        self._parts = urlsplit(server.url)
        self._timeout, self._server = server.timeout, server
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if server.key:
            if not os.environ.get(server.key):
                raise SpecError(f"key={server.key}: there is no such environment variable")
            self._headers["Authorization"] = f"Bearer {os.environ[server.key]}"
        self._local = threading.local()
        self._open: list[http.client.HTTPConnection] = []
        self._reached = False
        self._unreachable: str | None = None
        self.stopped = threading.Event()

    def exchange(self, request: Request) -> Reply | Rejected:
        """One request with all its tries."""
        began, tries, reason = time.perf_counter(), 0, ""
        while tries < TRIES and not self.stopped.is_set():
            if self._unreachable is not None:
                return Rejected(self._unreachable, False, Cost(calls=tries))
            tries += 1
            pause: float | None = None
            try:
                status, raw, pause = self._once(request)
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                status, raw = 0, b""
                reason = f"no answer from the server: {type(error).__name__}"
            cost = Cost(calls=tries, latency=time.perf_counter() - began)
            if status == 200:
                return _read(raw, cost)
            if status:
                reason = f"the server answered {status}: {_shown(raw)}"
            if status in _EVERYBODY:
                raise ScorerError(f"{self._server.url}{request.path}: {reason}")
            if status and status not in _PASSING:
                return Rejected(reason, status in _THE_INPUT, cost)
            if tries < TRIES:
                self.stopped.wait(_LONGEST_WAIT if pause and pause > _LONGEST_WAIT else pause or _wait(tries))
        if not self._reached:
            self._unreachable = reason
        return Rejected(reason, False, Cost(calls=tries, latency=time.perf_counter() - began))

    def _once(self, request: Request) -> tuple[int, bytes, float | None]:
        connection = self._connection()
        path = self._parts.path.rstrip("/") + request.path or "/"
        if self._parts.query:
            path += f"?{self._parts.query}"
        if request.body is None:
            connection.request("GET", path, headers=self._headers)
        else:
            connection.request("POST", path, json.dumps(request.body).encode(), self._headers)
        answer = connection.getresponse()
        raw = answer.read()
        self._reached = True
        pause = None
        with contextlib.suppress(ValueError):
            pause = max(0.0, float(answer.headers.get("Retry-After", "")))
        if answer.will_close:
            self._drop()
        return answer.status, raw, pause

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(self._parts.hostname or "", self._parts.port, timeout=self._timeout)
            self._local.connection = connection
            self._open.append(connection)
        return connection

    def _drop(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def close(self) -> None:
        """Close what is open."""
        for connection in self._open:
            connection.close()


def _wait(tries: int) -> float:
    return random.uniform(0.5, 1.0) * min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (tries - 1))


def _read(raw: bytes, cost: Cost) -> Reply | Rejected:
    try:
        answer = json.loads(raw)
    except ValueError:
        return Rejected(f"the server's answer is no JSON: {_shown(raw)}", False, cost)
    usage = answer.get("usage") if isinstance(answer, dict) else None
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    if isinstance(tokens, int):
        cost = Cost(calls=cost.calls, latency=cost.latency, input_tokens=tokens)
    return Reply(answer, cost)


def _shown(raw: bytes) -> str:
    text = " ".join(raw.decode("utf-8", "replace").split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
