"""Several weighted criteria judged in one call. May import `errors` and the modules beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from rewardmeter.errors import SpecError
from rewardmeter.scorers.judges.base import JudgeOptions
from rewardmeter.scorers.judges.chat import Reply
from rewardmeter.scorers.judges.criteria import Criterion, criteria_digest, read_criteria
from rewardmeter.scorers.judges.judge import Judge
from rewardmeter.scorers.judges.parsing import read_verdicts
from rewardmeter.scorers.judges.verdicts import Question, Reading

__all__ = ["RubricJudge"]


@dataclass(frozen=True)
class RubricJudge(Judge):
    """The weighted mean of a verdict per criterion, in [0, 1].

    A criterion without a verdict, or with one that is not among its choices, makes the judge abstain: the mean of the
    others would be the score of another rubric.

    Parameters
    ----------
    criteria:
        Path of a TOML or JSON file; see `read_criteria`.
    """

    mode: ClassVar[str] = "rubric"
    default_template: ClassVar[str] = "rubric"
    needed: ClassVar[frozenset[str]] = frozenset({"response", "criteria"})
    places: ClassVar[frozenset[str]] = JudgeOptions.places | {"criteria"}
    answer_tokens: ClassVar[int] = 1024

    criteria: str = ""

    def __post_init__(self) -> None:
        if not self.criteria:
            raise SpecError("a rubric judge needs its criteria: write criteria=FILE.toml")
        _ = self.listed
        super().__post_init__()

    @cached_property
    def listed(self) -> tuple[Criterion, ...]:
        """The criteria in the file."""
        return read_criteria(self.criteria)

    def contents(self) -> dict[str, object]:
        return {"criteria": criteria_digest(self.listed)}

    def values(self, question: Question, variant: int, sample: int) -> dict[str, str]:
        lines = [f"- {one.name}: {one.text} (one of: {', '.join(one.choices)})" for one in self.listed]
        return super().values(question, variant, sample) | {"criteria": "\n".join(lines)}

    def form(self, question: Question, *, structured: bool) -> str:
        why = '"reason": "one sentence", ' if self.reasoning else ""
        shape = '{"verdicts": [{"name": "…", ' + why + '"verdict": "…"}]}'
        return f"Answer with a JSON object {shape} with one entry for each criterion, under its exact name."

    def schema(self, question: Question) -> dict[str, Any]:
        fields = ("name", "reason", "verdict") if self.reasoning else ("name", "verdict")
        one = {
            "type": "object",
            "properties": {name: {"type": "string"} for name in fields},
            "required": list(fields),
            "additionalProperties": False,
        }
        return {"verdicts": {"type": "array", "items": one}}

    def read(self, reply: Reply, question: Question, variant: int, sample: int) -> Reading | None:
        verdicts = read_verdicts(reply.text)
        if verdicts is None:
            return None
        by_name = {name.strip(): verdict for name, verdict in verdicts.items()}
        values = [(one.weight, one.value(by_name.get(one.name.strip(), ""))) for one in self.listed]
        if any(value is None for _, value in values):
            return None
        total = math.fsum(weight for weight, _ in values)
        return Reading((min(1.0, math.fsum(weight * (value or 0.0) for weight, value in values) / total),))
