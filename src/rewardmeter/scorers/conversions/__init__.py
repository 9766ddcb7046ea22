"""From one shape to another: pairwise and listwise scorers as pointwise ones, and back.

Importing this package imports none of them. May import `scoring` of ours.
"""

from __future__ import annotations

from rewardmeter.scoring import Family

__all__ = ["FAMILIES"]

_HERE = "rewardmeter.scorers.conversions"


def _conversion(name: str, summary: str, shape: str) -> Family:
    factory = f"{_HERE}.{name}:{name}"
    return Family(name, factory, summary, reads=(), takes_target=True, group="conversion", shape=shape)


FAMILIES: tuple[Family, ...] = (
    _conversion("tournament", "strengths from a pairwise scorer's comparisons within an item", "listwise"),
    _conversion("pairs", "a pointwise scorer's mean chance to be better than the item's others", "pairwise"),
    _conversion("ranked", "a scorer's ranks within an item, spread over [0, 1]", "listwise"),
)
