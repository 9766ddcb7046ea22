"""LLM judges over any OpenAI-compatible endpoint.

Importing this package imports none of them. May import `scoring` of ours.
"""

from __future__ import annotations

from rewardmeter.scoring import Family

__all__ = ["FAMILIES"]

FAMILIES: tuple[Family, ...] = (
    Family(
        "judge",
        "rewardmeter.scorers.judges.factory:judge",
        "an LLM's verdict: mode=pointwise, reference, yesno, rubric, spans, pairwise or listwise",
        reads=("prompt", "response"),
        takes_target=True,
        group="judge",
    ),
    Family(
        "panel",
        "rewardmeter.scorers.judges.panel:panel",
        "several judges as one: mean, majority or strict majority",
        reads=("prompt", "response"),
        takes_target=True,
        group="judge",
    ),
)
