"""How fast a server is asked: adaptive concurrency, rate limits, pauses and the circuit breaker. May import `endpoint`.

One `Pace` belongs to one event loop; it holds no locks.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from rewardmeter.endpoints.endpoint import Endpoint

__all__ = ["Pace", "Turn"]

_FIRST_LIMIT = 8
_PROBES = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """Leave to send one request, given at this time of the loop's clock."""

    at: float


class Pace:
    """Decides when the next request may be sent.

    Concurrency grows by one per answer until the server first complains, then by one per round, and is halved at every
    further complaint (429, 503, a timeout), once per round: additive increase, multiplicative decrease (Chiu and Jain
    1989). Rates are kept by spacing requests evenly, so that no window of a minute sees more than the limit. A server
    that has answered nothing but complaints for as long as the endpoint's patience lasts is given up.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._changed = asyncio.Condition()
        self._in_flight = 0
        self._limit = float(min(_FIRST_LIMIT, endpoint.most_concurrent))
        self._slow_start = True
        self._decreased_at = self._opened_at = float("-inf")
        self._not_before = self._next_by_rate = float("-inf")
        self._failures = self._trips = 0
        self._refused_since: float | None = None
        self.closed = ""

    @property
    def limit(self) -> int:
        """Most requests under way now."""
        return 1 if self._trips else max(1, int(self._limit))

    async def turn(self, tokens: int) -> Turn | None:
        """Wait until a request with so many tokens may be sent; None once the server was given up (see `closed`)."""
        async with self._changed:
            while not self.closed:
                now = asyncio.get_running_loop().time()
                wait = max(self._not_before, self._next_by_rate) - now
                if self._in_flight >= self.limit:
                    await self._changed.wait()
                elif wait > 0:
                    await self._wait_at_most(wait)
                else:
                    self._in_flight += 1
                    self._next_by_rate = max(now, self._next_by_rate) + self._spacing(tokens)
                    return Turn(now)
        return None

    async def done(self, turn: Turn, *, alive: bool, congested: bool, reason: str = "") -> None:
        """A request has ended: whether the server showed that it works, whether it complained, and what was wrong."""
        async with self._changed:
            self._in_flight -= 1
            if congested:
                self._decrease(turn)
            elif alive:
                self._increase()
                self._refused_since = None
            if alive and congested:
                self._count_refusal(reason)
            if alive:
                self._failures = self._trips = 0
            else:
                self._count_failure(turn, reason)
            self._changed.notify_all()

    async def pause(self, seconds: float) -> None:
        """Send nothing for so long: the server asked for it."""
        async with self._changed:
            self._not_before = max(self._not_before, asyncio.get_running_loop().time() + seconds)

    async def close(self, reason: str) -> None:
        """Give the server up: nothing more is sent."""
        async with self._changed:
            self.closed = self.closed or reason
            self._changed.notify_all()

    async def _wait_at_most(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _spacing(self, tokens: int) -> float:
        rates = (self._endpoint.requests_per_minute, 1), (self._endpoint.tokens_per_minute, tokens)
        return max(0.0 if rate is None else 60.0 * amount / rate for rate, amount in rates)

    def _increase(self) -> None:
        step = 1.0 if self._slow_start else 1.0 / self._limit
        self._limit = min(float(self._endpoint.most_concurrent), self._limit + step)

    def _decrease(self, turn: Turn) -> None:
        if turn.at > self._decreased_at:  # else it was sent before the last decrease, which already answered it
            self._decreased_at = asyncio.get_running_loop().time()
            self._limit = max(1.0, self._limit / 2)
            self._slow_start = False

    def _count_refusal(self, reason: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._refused_since is None:
            self._refused_since = now
        elif now - self._refused_since >= self._endpoint.patience:
            self.closed = self.closed or f"the server was given up: {reason}"

    def _count_failure(self, turn: Turn, reason: str) -> None:
        if turn.at <= self._opened_at:
            return
        self._failures += 1
        if self._failures < (1 if self._trips else self._endpoint.give_up_after):
            return
        if self._trips == _PROBES:
            self.closed = f"the server was given up: {reason}"
            return
        now = asyncio.get_running_loop().time()
        self._not_before = max(self._not_before, now + self._endpoint.cooldown * 2**self._trips)
        self._opened_at, self._failures = now, 0
        self._trips += 1
