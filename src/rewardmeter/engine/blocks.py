"""How units are dealt out to worker processes. May import `scoring`, `types`.

Scorers that are bound by the processor get batches that grow while calls are quick; processes that each hold a model
get blocks of neighbours in length, the long ones first, so that their own batches are full and need little padding.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np

from rewardmeter.engine.calls import BatchSize
from rewardmeter.engine.plan import IndexArray, Plan
from rewardmeter.types import prompt_text

__all__ = ["Growing", "Sorted", "Supply", "characters", "cut", "longest_first"]

LEAST, MOST = 32, 4_096
"""Units of a block: enough to fill a model's batches, few enough to lose with a process that dies."""

_SMALL_CHANGE = 64
"""What a unit costs beside its text, in characters."""


def characters(plan: Plan, units: IndexArray) -> IndexArray:
    """int64 (n,): how many characters of each unit the scorer reads, a prompt counted for each response."""
    inputs = plan.inputs_of(units)
    source = plan.source[inputs]
    items = plan.dataset.response_item[source]
    texts, prompts, references = plan.dataset.response_text, plan.dataset.prompts, plan.dataset.references
    lengths = np.zeros(len(inputs), dtype=np.int64)
    if "response" in plan.reads:
        lengths += np.array([len(texts[j] or "") for j in source.tolist()], dtype=np.int64)
    if "prompt" in plan.reads:
        distinct, place = np.unique(items, return_inverse=True)
        lengths += np.array([len(prompt_text(prompts[i])) for i in distinct.tolist()], dtype=np.int64)[place]
    if "references" in plan.reads and references:
        distinct, place = np.unique(items, return_inverse=True)
        lengths += np.array([sum(map(len, references[i])) for i in distinct.tolist()], dtype=np.int64)[place]
    width = plan.unit_start[units + 1] - plan.unit_start[units]
    return np.add.reduceat(lengths, np.cumsum(width) - width) if len(units) else lengths


def longest_first(plan: Plan, units: IndexArray) -> tuple[IndexArray, IndexArray]:
    """The units and their characters, longest first.

    Where the scorer reads more than responses, the units of one item stay together, so that it can share the work on
    what they have in common.
    """
    lengths = characters(plan, units)
    if plan.reads <= {"response"} or not len(units):
        order = np.argsort(-lengths, kind="stable")
    else:
        item = plan.dataset.response_item[plan.source[plan.unit_start[units]]]
        longest = np.zeros(int(item.max()) + 1, dtype=np.int64)
        np.maximum.at(longest, item, lengths)
        order = np.lexsort((-lengths, item, -longest[item]))
    return units[order], lengths[order]


def cut(lengths: IndexArray, lanes: int, *, fixed: int | None = None) -> list[slice]:
    """Consecutive blocks for so many processes, large ones first and small ones at the end, so that all end together.

    Each block is a share of the characters that are left: half of a process's part.

    Parameters
    ----------
    lengths:
        int64 (n,): characters of each unit.
    lanes:
        Processes.
    fixed:
        Units of each block; None for shares.
    """
    n, done = len(lengths), np.concatenate([[0], np.cumsum(lengths + _SMALL_CHANGE)])
    blocks, start = [], 0
    while start < n:
        if fixed is None:
            goal = done[start] + (done[-1] - done[start]) / (2 * lanes)
            size = min(MOST, max(min(LEAST, -(-n // lanes)), int(np.searchsorted(done, goal)) - start))
        else:
            size = fixed
        blocks.append(slice(start, min(n, start + size)))
        start += size
    return blocks


class Supply(Protocol):
    """Deals out units."""

    @property
    def left(self) -> int:
        """How many units are left to deal out."""
        ...

    def take(self, workers: int) -> IndexArray:
        """The next batch, not empty as long as some are left, so that so many workers end together."""
        ...

    def observe(self, units: int, seconds: float) -> None:
        """Learn that a batch of so many units took so long."""
        ...


class Growing:
    """Deals out batches that grow while calls are quick."""

    def __init__(self, todo: IndexArray, size: BatchSize) -> None:
        self.todo, self.size, self.taken = todo, size, 0

    @property
    def left(self) -> int:
        """How many units are left."""
        return len(self.todo) - self.taken

    def take(self, workers: int) -> IndexArray:
        """The next batch: at most half of a worker's share of the rest, unless the size is fixed."""
        fair = max(1, self.left // (2 * workers))
        start, self.taken = self.taken, self.taken + min(self.size.units, self.left if self.size.fixed else fair)
        return self.todo[start : self.taken]

    def observe(self, units: int, seconds: float) -> None:
        """Adapt the size."""
        self.size.observe(units, seconds)


class Sorted:
    """Deals out blocks of neighbours in length, longest first, to workers that each hold a model."""

    def __init__(self, plan: Plan, todo: IndexArray, workers: int, *, fixed: int | None = None) -> None:
        units, lengths = longest_first(plan, todo)
        self.blocks = deque(units[block] for block in cut(lengths, workers, fixed=fixed))
        self.left = len(units)

    def take(self, workers: int) -> IndexArray:
        """The next block."""
        block = self.blocks.popleft()
        self.left -= len(block)
        return block

    def observe(self, units: int, seconds: float) -> None:
        """The blocks are cut beforehand."""
