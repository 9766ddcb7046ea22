"""How preferences and verdicts are spelled in a table. Imports `types` only.

``a``, ``b`` and ``tie`` in any case; ``model_a``, ``response_a``, ``system_a``, ``A>B``, ``A>>B`` and their
counterparts mean the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rewardmeter.io.formats.cells import CellError, shown
from rewardmeter.types import FloatArray

__all__ = ["UNREADABLE", "SpelledPreferences", "preferences", "verdicts"]

UNREADABLE = 2.0
"""Stands for an answer of a judge in which no verdict was found."""

_WORDS = {
    **dict.fromkeys(("a", "model_a", "response_a", "system_a", "a>b", "a>>b"), 1.0),
    **dict.fromkeys(("b", "model_b", "response_b", "system_b", "b>a", "b>>a"), 0.0),
    **dict.fromkeys(("tie", "tie (bothbad)", "a=b", "b=a"), 0.5),
}
_PREFERENCE_FIX = "Write a, b or tie; or in all rows the probability from 0 to 1 that a is better."
_VERDICTS = {**{word: 2 * value - 1 for word, value in {**_WORDS, "1": 1.0, "2": 0.0}.items()}, "none": UNREADABLE}
_VERDICT_FIX = (
    "Write a, b, tie, or none where the answer held no verdict; leave the cell empty if nobody asked the judge."
)


class SpelledPreferences(NamedTuple):
    """The probability that a is better, NaN where the cell is empty; ``coded`` if 1 and 2 stood for a and b."""

    probability: FloatArray
    coded: bool


def preferences(cells: Sequence[Any]) -> SpelledPreferences:
    """Words, the codes 1 and 2, or probabilities in [0, 1]: one of the three in the whole column.

    Raises
    ------
    CellError
        If a cell is none of them, or the column mixes them.
    """
    worded, numeric = np.full((2, len(cells)), np.nan)
    for position, cell in enumerate(cells):
        if cell is None or cell == "":
            continue
        word = str(cell).strip().lower()
        if word in _WORDS:
            worded[position] = _WORDS[word]
        else:
            numeric[position] = _number(position, cell)
    given = np.isfinite(numeric)
    if not np.any(given):
        return SpelledPreferences(worded, False)
    if np.any(np.isfinite(worded)):
        rare = given if np.count_nonzero(given) < np.count_nonzero(np.isfinite(worded)) else np.isfinite(worded)
        odd = int(np.flatnonzero(rare)[0])
        raise CellError(odd, f"{shown(cells[odd])} in a column that has both words and numbers", _PREFERENCE_FIX)
    if np.all(np.isin(numeric[given], (1.0, 2.0))) and np.any(numeric == 2.0):
        return SpelledPreferences(2.0 - numeric, True)
    outside = np.flatnonzero(given & ~((numeric >= 0) & (numeric <= 1)))
    if len(outside):
        fix = _PREFERENCE_FIX
        if np.all(np.isin(numeric[given], (0.0, 1.0, 2.0))):
            fix = "The column holds 0, 1 and 2: write a, b and tie, so that nobody has to guess which is which."
        raise CellError(int(outside[0]), f"{shown(cells[int(outside[0])])} is no preference", fix)
    return SpelledPreferences(numeric, False)


def _number(position: int, cell: Any) -> float:
    try:
        number = math.nan if isinstance(cell, bool) else float(cell)
    except (ValueError, TypeError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise CellError(position, f"{shown(cell)} is no preference", _PREFERENCE_FIX)
    return number


def verdicts(cells: Sequence[Any]) -> FloatArray:
    """+1 for a, -1 for b, 0 for a tie, `UNREADABLE` for ``none``, NaN where the cell is empty.

    Raises
    ------
    CellError
        If a cell is none of them.
    """
    values = np.full(len(cells), np.nan)
    for position, cell in enumerate(cells):
        if cell is None or cell == "":
            continue
        word = str(cell).strip().lower()
        if word not in _VERDICTS:
            raise CellError(position, f"{shown(cell)} is no verdict", _VERDICT_FIX)
        values[position] = _VERDICTS[word]
    return values
