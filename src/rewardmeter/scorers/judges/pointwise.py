"""One response, one number on a scale; with or without references. May import `errors` and the modules beside it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.judges.base import JudgeOptions
from rewardmeter.scorers.judges.chat import Reply
from rewardmeter.scorers.judges.judge import Judge
from rewardmeter.scorers.judges.parsing import find_number
from rewardmeter.scorers.judges.probabilities import expected_value
from rewardmeter.scorers.judges.verdicts import Question, Reading

__all__ = ["PointwiseJudge", "ReferenceJudge"]


@dataclass(frozen=True)
class PointwiseJudge(Judge):
    """A whole number on a scale; its expectation under the model where the server gives probabilities (G-Eval).

    Parameters
    ----------
    scale:
        Lowest and highest whole number, written ``1-5``.
    logprobs:
        Whether probabilities are asked for: yes (without them a response has failed), no, or auto (without them the
        number as written counts, or the samples' mean; a remark says so).
    """

    mode: ClassVar[str] = "pointwise"
    default_template: ClassVar[str] = "pointwise"
    places: ClassVar[frozenset[str]] = JudgeOptions.places | {"low", "high"}
    prefers_structure: ClassVar[bool] = False
    revision: ClassVar[str] = "2"

    scale: str = "1-5"
    logprobs: str = "auto"

    def __post_init__(self) -> None:
        check_logprobs(self.logprobs)
        _ = self.ends
        super().__post_init__()

    @cached_property
    def ends(self) -> tuple[int, int]:
        """Lowest and highest number of the scale."""
        match = re.fullmatch(r"\s*(\d{1,4})\s*(?:-|–|to)\s*(\d{1,4})\s*", self.scale)
        if match is None or int(match[1]) >= int(match[2]):
            raise SpecError(f"judge: scale={self.scale} must be two whole numbers, the lower first: 1-5")
        return int(match[1]), int(match[2])

    @property
    def wants_logprobs(self) -> str:
        return self.logprobs

    def values(self, question: Question, variant: int, sample: int) -> dict[str, str]:
        low, high = self.ends
        return super().values(question, variant, sample) | {"low": str(low), "high": str(high)}

    def form(self, question: Question, *, structured: bool) -> str:
        if structured:
            return 'Answer with a JSON object; its key "score" holds the number.'
        if self.reasoning:
            return 'Reason first, in a few sentences. Then end with a line "Score: " and the number.'
        return "Answer with the number alone."

    def schema(self, question: Question) -> dict[str, Any]:
        low, high = self.ends
        return {"score": {"type": "integer", "enum": list(range(low, high + 1))}}

    def read(self, reply: Reply, question: Question, variant: int, sample: int) -> Reading | None:
        low, high = self.ends
        found = find_number(reply.text, "score", low, high)
        if found is None or found[0] is None:
            return None
        numbers = {str(number): float(number) for number in range(low, high + 1)}
        mean = expected_value(reply, self._place, numbers, found[0])
        return Reading((found[0],)) if mean is None else Reading((mean,), exact=True)

    def _place(self, text: str) -> int | None:
        found = find_number(text, "score", -math.inf, math.inf)
        return None if found is None else found[1]


@dataclass(frozen=True)
class ReferenceJudge(PointwiseJudge):
    """As `PointwiseJudge`, with the references shown; an item without any has failed."""

    mode: ClassVar[str] = "reference"
    default_template: ClassVar[str] = "reference"
    needed: ClassVar[frozenset[str]] = frozenset({"response", "references"})


def check_logprobs(value: str) -> None:
    """Refuse what is not yes, no or auto."""
    if value not in ("auto", "yes", "no"):
        raise UnknownNameError("value of the judge's option 'logprobs'", value, ("auto", "yes", "no"))
