"""Statistic ids of ratings taken apart: ``segment.kendall_b.item`` -> level, name, grouping. May import: cells."""

from __future__ import annotations

from dataclasses import dataclass

from rewardmeter.stats.cells import Grouping

__all__ = ["StatisticId", "statistic_id"]

_SEGMENT = ("pearson", "spearman", "kendall_b", "acc_eq", "roc_auc")
_SYSTEM = ("pearson", "spearman", "kendall_b", "pairwise_accuracy", "soft_pairwise_accuracy")
_GROUPINGS: dict[str, Grouping] = {"": "pooled", "item": "item", "system": "system"}


@dataclass(frozen=True, slots=True)
class StatisticId:
    """``level`` is ``segment`` or ``system``; ``grouping`` is that of a segment-level statistic."""

    level: str
    name: str
    grouping: Grouping


def statistic_id(text: str) -> StatisticId:
    """Take an id apart; ValueError with the known ones where it names no statistic of ratings."""
    level, _, rest = text.partition(".")
    name, _, grouping = rest.partition(".")
    if level == "segment" and name in _SEGMENT and grouping in _GROUPINGS:
        return StatisticId(level, name, _GROUPINGS[grouping])
    if level == "system" and name in _SYSTEM and not grouping:
        return StatisticId(level, name, "pooled")
    raise ValueError(
        f"no statistic of ratings is called {text!r}; there are segment.NAME, segment.NAME.item and "
        f"segment.NAME.system for {', '.join(_SEGMENT)}, and system.NAME for {', '.join(_SYSTEM)}"
    )
