"""Scorers that run a model here: reward models and learned metrics (extra `hf`).

Importing this package imports none of them. May import `scoring` of ours.
"""

from __future__ import annotations

from rewardmeter.scorers.models import text_families
from rewardmeter.scoring import Family

__all__ = ["FAMILIES"]

FAMILIES: tuple[Family, ...] = (*text_families.FAMILIES,)
