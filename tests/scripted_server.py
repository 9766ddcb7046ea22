"""A server that does as it is told, faults included: raw HTTP over asyncio in a thread of its own.

A script is a function of (JSON body, how often this body came before) that returns an action. It runs in the server's
thread. Used by the tests of the endpoint client, of judges and of other scorers behind a server.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Send:
    """An answer: JSON (or bytes as they are), a status, headers, and seconds to wait before it."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0


@dataclass(frozen=True)
class Drip:
    """An answer of which a byte comes every so many seconds."""

    body: Any
    every: float = 0.02


@dataclass(frozen=True)
class Cut:
    """An answer that breaks off after so many bytes; 0 hangs up without a word."""

    body: Any = b""
    keep: int = 0


@dataclass(frozen=True)
class Hang:
    """No answer."""


Script = Callable[[dict[str, Any], int], object]


class ScriptedServer:
    """``with ScriptedServer(script) as server``: `url` is its base address, `bodies` what it was sent, in order."""

    def __init__(self, script: Script, port: int = 0) -> None:
        self.script, self.port = script, port
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.times: list[float] = []
        self.at_once = self.most_at_once = 0
        self._seen: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> ScriptedServer:
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self, started: threading.Event) -> None:
        self._loop.run_until_complete(self._serve(started))
        self._loop.close()

    async def _serve(self, started: threading.Event) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._end.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        raw = await reader.readexactly(int(headers["content-length"]))
        body = json.loads(raw)
        self.paths.append(head[0].split()[1])
        self.headers.append(headers)
        self.bodies.append(body)
        self.times.append(self._loop.time())
        plain = json.dumps(body, sort_keys=True)
        before, self._seen[plain] = self._seen[plain], self._seen[plain] + 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._act(self.script(body, before), writer)
        finally:
            self.at_once -= 1

    async def _act(self, action: object, writer: asyncio.StreamWriter) -> bool:
        if isinstance(action, Hang):
            await asyncio.sleep(3600)
        if isinstance(action, Send):
            await asyncio.sleep(action.after)
            content = _bytes(action.body)
            writer.write(_head(action.status, len(content), action.headers) + content)
            await writer.drain()
            return True
        assert isinstance(action, (Drip, Cut)), action
        content = _bytes(action.body)
        if isinstance(action, Cut):
            if action.keep:
                writer.write(_head(200, len(content), {}) + content[: action.keep])
                await writer.drain()
            return False
        writer.write(_head(200, len(content), {}))
        for byte in content:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(action.every)
        return True


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _head(status: int, length: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {length}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chat(
    content: Any, *, tokens: list[Any] | None = None, usage: tuple[int, int] | None = (10, 5), **message: Any
) -> Any:
    """A chat completion; ``tokens`` is a list of (text, {alternative: logprob})."""
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": content, **message},
        "finish_reason": "stop",
    }
    if tokens is not None:
        choice["logprobs"] = {
            "content": [
                {
                    "token": text,
                    "logprob": others.get(text, -9.0),
                    "top_logprobs": [{"token": other, "logprob": logprob} for other, logprob in others.items()],
                }
                for text, others in tokens
            ]
        }
    answer: dict[str, Any] = {"object": "chat.completion", "choices": [choice]}
    if usage is not None:
        answer["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return answer
