"""A budget as many tasks of one event loop share it. May import `scoring`."""

from __future__ import annotations

import asyncio

from rewardmeter.scoring import Budget

__all__ = ["Purse"]


class Purse:
    """Sets money aside, and waits for change before it gives up.

    A request's greatest price is far above its usual one. Where the limit allows no further reservation while others
    are under way, it may once they are settled.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._reserved = 0.0
        self._open = 0
        self._settled = asyncio.Event()

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return self._budget.limit is not None

    async def reserve(self, dollars: float) -> bool:
        """Set dollars aside; False if the limit does not allow it even with everything settled.

        Raises
        ------
        ScorerError
            If there is a limit and the price is unknown (NaN).
        """
        limit = self._budget.limit
        while limit is not None and self._open and self._budget.spent + self._reserved + dollars > limit:
            self._settled.clear()
            await self._settled.wait()
        if not self._budget.reserve(dollars):
            return False
        self._open += 1
        self._reserved += dollars if dollars == dollars else 0.0
        return True

    def settle(self, reserved: float, paid: float) -> None:
        """Give back what was set aside and count what was paid."""
        self._open -= 1
        self._reserved -= reserved if reserved == reserved else 0.0
        self._budget.settle(reserved, paid)
        self._settled.set()
