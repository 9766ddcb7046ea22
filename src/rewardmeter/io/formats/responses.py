"""Which rows are about the same response, and what each response is. May import `types` and `dataset`.

A response is known by its item and system; where no system is named, by its item and text; where neither is there,
every row is a response of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rewardmeter.dataset import Recorded
from rewardmeter.io.formats.collected import ClashError, Codes, agreed, distinct
from rewardmeter.types import FloatArray, IntArray, Outcome

__all__ = ["ResponseTable", "ScoreClashError", "identify", "recorded_scores", "without_clashing_systems"]


@dataclass(frozen=True, slots=True)
class ResponseTable:
    """The responses of a table, grouped by item.

    Attributes
    ----------
    of_row:
        int32: the response of each row.
    item, system:
        int32 per response; the system is -1 where unknown.
    text:
        Text per response, None where the table has none.
    """

    of_row: IntArray
    item: IntArray
    system: IntArray
    text: list[str | None]

    def __len__(self) -> int:
        return len(self.item)


def identify(item: IntArray, system: IntArray, text: Codes[str], *, copy: IntArray | None = None) -> ResponseTable:
    """Find the responses among the rows.

    ``copy`` keeps rows apart that would be one response (two equal texts that are compared with each other).

    Raises
    ------
    ClashError
        If two rows give one system two different texts for one item.
    """
    rows = len(item)
    text_code = text.codes(rows)
    n_systems, n_texts = int(system.max(initial=-1)) + 1, len(text.index)
    by_text = np.where(text_code >= 0, n_systems + text_code.astype(np.int64), n_systems + n_texts + np.arange(rows))
    slot = np.where(system >= 0, system, by_text)
    key = item.astype(np.int64) * (n_systems + n_texts + rows) + slot
    if copy is not None:
        key = key * (int(copy.max(initial=0)) + 1) + copy
    group, first = distinct(key)
    order = np.argsort(item[first], kind="stable")
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    of_row, first = rank[group], first[order]
    told = agreed(of_row, text_code, text_code >= 0, len(first))
    texts = text.values()
    return ResponseTable(
        of_row, item[first], system[first], [texts[text_code[row]] if row >= 0 else None for row in told.tolist()]
    )


def without_clashing_systems(item: IntArray, system: IntArray, text_code: IntArray) -> tuple[IntArray, int]:
    """Take the system's name from rows where it has several texts for one item; how many items that concerns."""
    rows = np.flatnonzero((system >= 0) & (text_code >= 0))
    n_systems = int(system.max(initial=-1)) + 1
    key = item.astype(np.int64) * max(n_systems, 1) + system
    group, first = distinct(key)
    low = np.full(len(first), np.iinfo(np.int32).max, dtype=np.int32)
    high = np.full(len(first), -1, dtype=np.int32)
    np.minimum.at(low, group[rows], text_code[rows])
    np.maximum.at(high, group[rows], text_code[rows])
    clashing = (low < high)[group] & (system >= 0)
    return np.where(clashing, -1, system).astype(np.int32), len(np.unique(item[clashing]))


def recorded_scores(columns: Mapping[str, FloatArray], of_row: IntArray, n_responses: int) -> dict[str, Recorded]:
    """Recorded scorers from score columns, one value per response.

    Raises
    ------
    ScoreClashError
        If two rows give one response two different scores.
    """
    recorded = {}
    for name, values in columns.items():
        known = np.isfinite(values)
        try:
            first = agreed(of_row, values, known, n_responses)
        except ClashError as clash:
            raise ScoreClashError(name, clash.first, clash.second) from clash
        found = np.where(first >= 0, values[first], np.nan)
        outcomes = np.where(first >= 0, Outcome.SCORED, Outcome.MISSING).astype(np.uint8)
        recorded[name] = Recorded(name, found, outcomes)
    return recorded


class ScoreClashError(ClashError):
    """Two rows that give one response two different scores."""

    def __init__(self, name: str, first: int, second: int) -> None:
        super().__init__(first, second)
        self.name = name
