"""`Statistic`: what is said of one statistic id. Imports nothing of ours."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Statistic"]


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic id.

    Attributes
    ----------
    id:
        ``level.statistic[.grouping]``, pooled where no grouping is named.
    label:
        Column heading.
    definition:
        What it says, in a sentence or two.
    formula:
        In plain text.
    assumptions:
        What must hold for it to mean that.
    source:
        Paper or benchmark.
    misleads:
        When it misleads.
    low, high:
        Range of the value.
    chance:
        Value of a scorer that knows nothing, NaN where that depends on the data or makes no sense.
    computed_by:
        The function that computes it, as a path under ``rewardmeter.stats``.
    """

    id: str
    label: str
    definition: str
    formula: str
    assumptions: str
    source: str
    misleads: str
    low: float = -1.0
    high: float = 1.0
    chance: float = math.nan
    computed_by: str = ""
