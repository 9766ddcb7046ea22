"""Local servers that follow the contracts of vLLM, text-embeddings-inference, OpenRLHF and plain JSON, and that can be
told to misbehave. What a text scores is a function of the text."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Logits = Callable[[str], list[float]]


def lengths(text: str) -> list[float]:
    """One output: the number of characters, less 10.5, so that logits are neither probabilities nor whole."""
    return [len(text) - 10.5]


def chat(messages: Sequence[Mapping[str, str]]) -> str:
    """A chat template."""
    return "".join(f"<{message['role']}>{message['content']}" for message in messages)


def as_it_is(answer: Any) -> Any:
    """An answer that is not spoilt."""
    return answer


@dataclass
class Behaviour:
    """What a server serves and what it does wrong."""

    logits: Logits = lengths
    model: str = "org/reward"
    statuses: list[int] = field(default_factory=list)  # answered before all else, one a request; 0 hangs up
    rejects: str = ""  # a batch with this in a text gets status 400
    most: int = 1_000  # a larger batch gets status 413
    activates: bool = False  # applies softmax or sigmoid whatever is asked
    backwards: bool = True  # entries with an index come in the opposite order
    drops: int | None = None  # leaves this entry out
    spoil: Callable[[Any], Any] = as_it_is  # last word on the answer
    seen: list[tuple[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    most_at_once: int = 0
    under_way: int = 0
    lock: Any = field(default_factory=threading.Lock)


class RefusalError(Exception):
    """A status and an error text."""


class Handler(BaseHTTPRequestHandler):
    """One request; routes by path."""

    protocol_version = "HTTP/1.1"
    behaviour: Behaviour

    def log_message(self, *arguments: object) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        self.behaviour.keys.append(self.headers["Authorization"])
        self._answer(200, {"model_id": self.behaviour.model} if self.path == "/info" else {})

    def do_POST(self) -> None:
        behaviour = self.behaviour
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with behaviour.lock:
            behaviour.seen.append((self.path, body))
            behaviour.keys.append(self.headers["Authorization"])
            behaviour.under_way += 1
            behaviour.most_at_once = max(behaviour.most_at_once, behaviour.under_way)
            status = behaviour.statuses.pop(0) if behaviour.statuses else 200
        try:
            if status == 0:
                self.close_connection = True
                self.connection.close()
            elif status != 200:
                self._answer(status, {"error": f"status {status}"})
            else:
                self._answer(200, behaviour.spoil(route(self.path, body, behaviour)))
        except RefusalError as refusal:
            self._answer(int(refusal.args[0]), {"error": refusal.args[1]})
        finally:
            with behaviour.lock:
                behaviour.under_way -= 1

    def _answer(self, status: int, answer: Any) -> None:
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(raw)


def outputs(texts: Sequence[str], behaviour: Behaviour, *, raw: bool) -> list[list[float]]:
    """The model's outputs for a batch, activated unless raw ones are asked for and the server is willing."""
    if len(texts) > behaviour.most:
        raise RefusalError(413, f"batch size {len(texts)} > maximum allowed batch size {behaviour.most}")
    if behaviour.rejects and any(behaviour.rejects in text for text in texts):
        raise RefusalError(400, "This model's maximum context length is 8 tokens")
    rows = [behaviour.logits(text) for text in texts]
    return rows if raw and not behaviour.activates else [activated(row) for row in rows]


def activated(row: Sequence[float]) -> list[float]:
    """Sigmoid of one output, softmax of more."""
    if len(row) == 1:
        return [1 / (1 + math.exp(-row[0]))]
    total = sum(math.exp(one - max(row)) for one in row)
    return [math.exp(one - max(row)) / total for one in row]


def route(path: str, body: Any, behaviour: Behaviour) -> Any:
    """The answer to a request."""
    if path in ("/classify", "/pooling", "/score"):
        return vllm(path, body, behaviour)
    if path == "/predict":
        assert all(1 <= len(one) <= 2 for one in body["inputs"])
        rows = outputs(["|".join(one) for one in body["inputs"]], behaviour, raw=body.get("raw_scores", False))
        labelled = [[{"score": s, "label": f"LABEL_{i}"} for i, s in enumerate(row)] for row in rows]
        return [sorted(row, key=lambda one: -one["score"]) for row in labelled]
    if path == "/rerank":
        texts = [f"{body['query']}|{text}" for text in body["texts"]]
        rows = outputs(texts, behaviour, raw=body.get("raw_scores", False))
        return sorted(indexed([{"score": row[0]} for row in rows], behaviour), key=lambda one: -one["score"])
    if path == "/get_reward":
        assert len(body["query"]) == len(body["prompts"]) == len(body["labels"])
        rewards = [row[0] for row in outputs(body["query"], behaviour, raw=True)]
        return {"rewards": rewards, "scores": rewards, "extra_logs": {}}
    objects = body.get("inputs", [body])
    rows = outputs([f"{one['prompt']}|{one['response']}|{one['references']}" for one in objects], behaviour, raw=True)
    if path == "/one":
        return {"data": [{"reward": rows[0][0]}]}
    return {"scores": [row[0] for row in rows], "results": [{"score": row[0]} for row in rows]}


def vllm(path: str, body: Any, behaviour: Behaviour) -> Any:
    """vLLM's three interfaces: activation on by default, entries with an index."""
    raw = body.get("use_activation", True) is False
    if path == "/score":
        rows = outputs([f"{body['text_1']}|{text}" for text in body["text_2"]], behaviour, raw=raw)
        data: list[Any] = [{"object": "score", "score": row[0]} for row in rows]
    else:
        texts = [chat(body["messages"])] if "messages" in body else body["input"]
        rows = outputs(texts, behaviour, raw=raw)
        if path == "/pooling" and body.get("task") == "token_classify":
            data = [{"object": "pooling", "data": [[one] for one in row]} for row in rows]
        elif path == "/pooling":
            data = [{"object": "pooling", "data": row} for row in rows]
        else:
            data = [{"label": "LABEL_0", "probs": row, "num_classes": len(row)} for row in rows]
    usage = {"prompt_tokens": 3 * len(rows), "total_tokens": 3 * len(rows)}
    return {"id": "x", "object": "list", "model": behaviour.model, "data": indexed(data, behaviour), "usage": usage}


def indexed(entries: list[dict[str, Any]], behaviour: Behaviour) -> list[dict[str, Any]]:
    """Entries with their index, in the order and number that the server pleases."""
    numbered = [{"index": i, **entry} for i, entry in enumerate(entries) if i != behaviour.drops]
    return numbered[::-1] if behaviour.backwards else numbered


class Quiet(ThreadingHTTPServer):
    """Says nothing of clients that have gone."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what is the server's own fault."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def served(behaviour: Behaviour) -> Iterator[str]:
    """A server's address."""
    handler = type("Bound", (Handler,), {"behaviour": behaviour})
    server = Quiet(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
