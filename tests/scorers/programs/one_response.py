"""One response against its references, the shape that most tests of programs need."""

from __future__ import annotations

from rewardmeter.scoring import Scorer, make_scorer
from rewardmeter.types import Item, Outcome, Response


def outcome(spec: str | Scorer, response: str, *references: str) -> tuple[Outcome, float, str]:
    """Outcome, number (NaN where there is none) and reason or remark (empty where there is none) of one response."""
    scores = make_scorer(spec)([Item((Response(response),), references=references)])
    return Outcome(int(scores.outcomes[0])), float(scores.values[0]), scores.reasons.get(0, "")


def value(spec: str | Scorer, response: str, *references: str) -> float:
    """The number of one response, NaN where it has none."""
    return outcome(spec, response, *references)[1]
