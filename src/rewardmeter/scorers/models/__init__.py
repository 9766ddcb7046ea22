"""Scorers that run a model here: reward models and learned metrics (extra `hf`).

Importing this package imports none of them. May import `scoring` of ours.
"""

from __future__ import annotations

from rewardmeter.scoring import Family

__all__ = ["FAMILIES"]

_HERE = "rewardmeter.scorers.models"

FAMILIES: tuple[Family, ...] = (
    Family(
        "hf",
        f"{_HERE}.reward_model:RewardModel",
        "reward models and other sequence classifiers",
        reads=("prompt", "response"),
        extra="hf",
        takes_target=True,
        group="reward model",
    ),
)
