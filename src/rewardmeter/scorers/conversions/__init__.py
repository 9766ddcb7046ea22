"""From one shape to another: pairwise and listwise scorers as pointwise ones, and back.

Importing this package imports none of them. May import `scoring` of ours.
"""

from __future__ import annotations

from rewardmeter.scoring import Family

__all__ = ["FAMILIES"]

FAMILIES: tuple[Family, ...] = ()
