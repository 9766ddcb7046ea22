"""Every statistic id with what it means: the docs table, `stats explain` and the report's hover texts are made from it.

One file per level. A level says what the units are: ``segment`` single responses, ``system`` systems, ``pair`` pairs
and groups of responses, ``list`` graded lists, ``ranking`` strengths of systems, ``human`` raters, ``calibration``
probabilities, ``test`` whether a difference is more than chance. A board shows the first three, and of pairs some of
``calibration``.
May import: the files of this folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rewardmeter.stats.catalogue.better import which_is_better
from rewardmeter.stats.catalogue.calibration import CALIBRATION
from rewardmeter.stats.catalogue.entry import Statistic
from rewardmeter.stats.catalogue.human import HUMAN
from rewardmeter.stats.catalogue.pair import PAIR
from rewardmeter.stats.catalogue.ranking import RANKING
from rewardmeter.stats.catalogue.segment import SEGMENT
from rewardmeter.stats.catalogue.significance import TEST
from rewardmeter.stats.catalogue.system import SYSTEM

__all__ = ["CATALOGUE", "Statistic", "describe", "explained"]

_PARTS = ("label", "definition", "formula", "assumptions", "source", "misleads")

ENTRIES: tuple[Statistic, ...] = (*SEGMENT, *SYSTEM, *PAIR, *RANKING, *HUMAN, *CALIBRATION, *TEST)
CATALOGUE: Mapping[str, Statistic] = {entry.id: entry for entry in ENTRIES}


def describe(statistic: str) -> Statistic:
    """The entry of an id; one made from the id's own words where the catalogue has none."""
    known = CATALOGUE.get(statistic)
    if known is not None:
        return known
    label = statistic.replace(".", " ").replace("_", " ")
    return Statistic(statistic, label, "", "", "", "", "")


def explained(statistic: str) -> dict[str, Any]:
    """The entry as plain JSON values for a page, with which values are better."""
    entry = describe(statistic)
    return {part: getattr(entry, part) for part in _PARTS} | which_is_better(statistic)
