"""Errors marked with their severity, and what they add up to. May import `errors` and the modules beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rewardmeter.errors import SpecError
from rewardmeter.scorers.judges.chat import Reply
from rewardmeter.scorers.judges.judge import Judge
from rewardmeter.scorers.judges.parsing import read_errors
from rewardmeter.scorers.judges.verdicts import Question, Reading

__all__ = ["SpanJudge"]


@dataclass(frozen=True)
class SpanJudge(Judge):
    """Minus the weighted number of errors, from −cap to 0, in the manner of GEMBA-MQM (arXiv 2310.13988).

    Weights are those of GEMBA-MQM's published code (critical 25, major 5, minor 1, at most 25 in all), with 0.1 for
    minor punctuation as in MQM scoring (Freitag et al. 2021, arXiv 2104.14478). A non-translation is critical.

    Parameters
    ----------
    critical, major, minor, punctuation:
        Weights of errors; `punctuation` is for minor errors of punctuation.
    cap:
        Most that the errors of one response may add up to.
    """

    mode: ClassVar[str] = "spans"
    default_template: ClassVar[str] = "spans"
    answer_tokens: ClassVar[int] = 1024

    critical: float = 25.0
    major: float = 5.0
    minor: float = 1.0
    punctuation: float = 0.1
    cap: float = 25.0

    def __post_init__(self) -> None:
        weights = (self.critical, self.major, self.minor, self.punctuation, self.cap)
        if not all(0 <= weight < math.inf for weight in weights):
            raise SpecError("judge: the weights of errors and their cap must be 0 or more")
        super().__post_init__()

    def form(self, question: Question, *, structured: bool) -> str:
        first = "Reason first, in a few sentences. Then end" if self.reasoning and not structured else "Answer"
        shape = '{"errors": [{"span": "…", "category": "fluency/grammar", "severity": "minor"}]}'
        return f"{first} with a JSON object {shape}; the list is empty where there is no error."

    def schema(self, question: Question) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "span": {"type": "string"},
            "category": {"type": "string"},
            "severity": {"type": "string", "enum": ["critical", "major", "minor"]},
        }
        one = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return {"errors": {"type": "array", "items": one}}

    def read(self, reply: Reply, question: Question, variant: int, sample: int) -> Reading | None:
        errors = None if reply.cut else read_errors(reply.text)  # half a list of errors is not half as bad
        weighed = None if errors is None else self._weight(errors)
        return None if weighed is None else Reading((0.0 - min(self.cap, weighed),))

    def _weight(self, errors: Sequence[tuple[str, str]]) -> float | None:
        weights = {"critical": self.critical, "major": self.major, "minor": self.minor}
        total = 0.0
        for severity, category in errors:
            if severity not in weights:
                return None
            if "non-translation" in category:
                severity = "critical"
            light = severity == "minor" and "punctuation" in category
            total += self.punctuation if light else weights[severity]
        return total
