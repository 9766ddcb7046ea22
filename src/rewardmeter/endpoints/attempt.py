"""One request sent once, and what its answer means. May import `answers`, `endpoint`."""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rewardmeter.endpoints.answers import Request

if TYPE_CHECKING:
    import httpx2

__all__ = ["Attempt", "Check", "attempt"]

Check = Callable[[object], str | None]
"""What is wrong with the JSON of an answer, in a clause; None if nothing is. Must not raise."""

_MOST_BYTES = 64 * 2**20
_SLOW_DOWN = frozenset({429, 529})
_TRY_AGAIN = frozenset({408, 409, 425})
_FOR_ALL = frozenset({401, 402, 404})  # what is wrong with the key, the account or the address is wrong every time
_LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Attempt:
    """What sending a request once has given.

    Attributes
    ----------
    verdict:
        ``"ok"``; ``"retry"``: an error that may pass; ``"slow"``: asked to slow down; ``"no"``: this request is not
        wanted; ``"never"``: no request of this kind is.
    alive:
        Whether the server showed that it works.
    congested:
        Whether the server has too much to do.
    charged:
        Whether it may have been charged although no usable answer came.
    wait:
        Seconds that the server asks to wait.
    reached:
        Whether somebody was there to answer, and the key and the address were right.
    """

    verdict: Literal["ok", "retry", "slow", "no", "never"]
    json: object = None
    reason: str = ""
    alive: bool = True
    congested: bool = False
    charged: bool = False
    wait: float | None = None
    reached: bool = True


async def attempt(
    client: httpx2.AsyncClient, url: str, request: Request, *, timeout: float, check: Check | None, secret: str | None
) -> Attempt:
    """Send a request once; never raises but for cancellation."""
    import httpx2

    def broken(reason: str, *, congested: bool = False, charged: bool = True, reached: bool = False) -> Attempt:
        return Attempt("retry", None, reason, alive=False, congested=congested, charged=charged, reached=reached)

    try:
        async with asyncio.timeout(timeout):
            payload = json.dumps(request.body, ensure_ascii=True).encode()
            async with client.stream("POST", url, content=payload) as response:
                body = await _limited(response)
    except TimeoutError:
        return broken(f"no answer within {timeout:g} s", congested=True)
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        return broken(_clean(f"cannot connect to {url} ({error or type(error).__name__})", secret), charged=False)
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        return broken(f"the connection broke ({type(error).__name__})", reached=True)
    except (httpx2.InvalidURL, ValueError, TypeError) as error:
        return Attempt("no", reason=_clean(f"the request cannot be sent ({error})", secret))
    if body is None:
        return Attempt("no", reason=f"the answer is longer than {_MOST_BYTES // 2**20} MiB", charged=True)
    if not 200 <= response.status_code < 300:
        return _refusal(response.status_code, body, response.headers.get("retry-after"), secret)
    return _usable(body, check)


async def _limited(response: httpx2.Response) -> bytes | None:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > _MOST_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _usable(body: bytes, check: Check | None) -> Attempt:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return Attempt("retry", reason="the answer is not JSON, or was cut off", alive=False, charged=True)
    problem = check(answer) if check is not None else None
    if problem:
        return Attempt("retry", json=answer, reason=problem, alive=True, charged=True)
    return Attempt("ok", json=answer)


def _refusal(status: int, body: bytes, retry_after: str | None, secret: str | None) -> Attempt:
    message, code = _message(body)
    reason = _clean(f"HTTP {status}: {message}" if message else f"HTTP {status}", secret)
    wait = _seconds(retry_after)
    if code == "insufficient_quota" or status in _FOR_ALL:
        return Attempt("never", reason=reason, reached=False)
    if status in _SLOW_DOWN:
        return Attempt("slow", reason=reason, congested=True, wait=wait)
    if status == 503:
        return Attempt("retry", reason=reason, alive=wait is not None, congested=True, wait=wait)
    if status >= 500 and status != 501:
        return Attempt("retry", reason=reason, alive=False, wait=wait)
    if status in _TRY_AGAIN:
        return Attempt("retry", reason=reason, congested=status == 408, wait=wait)
    return Attempt("no", reason=reason)


def _message(body: bytes) -> tuple[str, str]:
    """What an error's body says, in any of the usual forms, and its code."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return " ".join(body[:_LONGEST_MESSAGE].decode("utf-8", "replace").split()), ""
    code = ""
    for name in ("error", "detail", "message"):
        if isinstance(told, dict) and name in told:
            told = told[name]
            code = code or (str(told.get("code") or told.get("type") or "") if isinstance(told, dict) else "")
    text = told if isinstance(told, str) else json.dumps(told)
    return " ".join(text.split())[:_LONGEST_MESSAGE], code


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After (RFC 9110, 10.2.3) in seconds, given as such or as a date; None where it is neither."""
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds else None


def _clean(text: str, secret: str | None) -> str:
    return text.replace(secret, "[key]") if secret else text
