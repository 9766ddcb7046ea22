"""What is asked and what comes back, and how an answer is kept. May import `types`."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rewardmeter.endpoints.tokens import estimated_tokens
from rewardmeter.types import Cost

__all__ = ["Answer", "Request", "request_key"]

Status = Literal["ok", "failed", "refused"]


@dataclass(frozen=True, slots=True)
class Request:
    """One POST of JSON.

    Attributes
    ----------
    path:
        Appended to the endpoint's address: ``/chat/completions``.
    body:
        What is posted, JSON values only. It should name the model: see `version`.
    sample:
        Tells repetitions of one request apart; part of the key under which the answer is kept.
    output_tokens:
        Most tokens that the answer may have, for prices and limits; 0 for servers that write none, None where nothing
        limits them, so that the greatest price is unknown.
    version:
        Whatever else the answer depends on and the body does not say; part of the key.
    """

    path: str
    body: Mapping[str, object]
    sample: int = 0
    output_tokens: int | None = 0
    version: str = ""

    @property
    def input_tokens(self) -> int:
        """Estimated: see `estimated_tokens`, over the texts of the body."""
        return sum(estimated_tokens(text) for text in _texts(self.body))

    @property
    def most_output(self) -> float:
        """`output_tokens`, NaN where nothing limits them."""
        return math.nan if self.output_tokens is None else self.output_tokens


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request.

    Attributes
    ----------
    status:
        ``"ok"``: `json` holds the answer. ``"failed"``: `reason` says why. ``"refused"``: the budget did not allow it;
        leave it out, the next run takes it up.
    json:
        The parsed body of the answer.
    reason:
        One sentence for people, without secrets.
    cost:
        Calls (repetitions included), latency, tokens and dollars; nothing for an answer that was recalled, or shared
        with an equal request of the same run.
    recalled:
        Whether it came from the run's memory or from an equal request.
    reached:
        For a failure: whether the server is there and takes requests at all, so that another request may do better.
    declined:
        For a failure: whether the server does not want this very request (400, 422, 501), so that it will not later.
    """

    status: Status
    json: object = None
    reason: str = ""
    cost: Cost = field(default_factory=Cost)
    recalled: bool = False
    reached: bool = True
    declined: bool = False

    def to_bytes(self) -> bytes:
        """As it is kept in a run's memory."""
        kept = {"json": self.json, "input_tokens": self.cost.input_tokens, "output_tokens": self.cost.output_tokens}
        return zlib.compress(json.dumps(kept, separators=(",", ":")).encode(), 3)

    @classmethod
    def from_bytes(cls, kept: bytes) -> Answer | None:
        """A kept answer, which costs nothing any more; None if the bytes are not one."""
        try:
            record = json.loads(zlib.decompress(kept))
            return cls("ok", record["json"], recalled=True)
        except (zlib.error, ValueError, KeyError, TypeError, RecursionError):
            return None


def request_key(request: Request) -> bytes:
    """32 bytes that name the question, not the server: the same question elsewhere has the same key."""
    asked = [request.path, request.body, request.sample, request.version]
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=32, person=b"rm.endpoint").digest()


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [text for one in value for text in _texts(one)] if isinstance(value, (list, tuple)) else []
