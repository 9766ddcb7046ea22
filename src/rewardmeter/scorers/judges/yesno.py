"""A question with the answers yes and no. May import the modules beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from rewardmeter.scorers.judges.base import JudgeOptions
from rewardmeter.scorers.judges.chat import Reply
from rewardmeter.scorers.judges.judge import Judge
from rewardmeter.scorers.judges.parsing import find_label, named
from rewardmeter.scorers.judges.pointwise import check_logprobs
from rewardmeter.scorers.judges.probabilities import expected_value
from rewardmeter.scorers.judges.verdicts import Question, Reading

__all__ = ["YesNoJudge"]

_LABELS = named(("yes", "no"))
_VALUES = {"yes": 1.0, "no": 0.0}


@dataclass(frozen=True)
class YesNoJudge(Judge):
    """P(yes), in [0, 1]: from probabilities where the server gives them, else the share of samples that say yes.

    Parameters
    ----------
    question:
        What is asked; greater must be better, so yes must be the good answer.
    logprobs:
        As for the pointwise judge.
    """

    mode: ClassVar[str] = "yesno"
    default_template: ClassVar[str] = "yesno"
    places: ClassVar[frozenset[str]] = JudgeOptions.places | {"question"}
    prefers_structure: ClassVar[bool] = False
    revision: ClassVar[str] = "2"

    question: str = "Is the response correct and does it do what the request asks?"
    logprobs: str = "auto"

    def __post_init__(self) -> None:
        check_logprobs(self.logprobs)
        super().__post_init__()

    @property
    def wants_logprobs(self) -> str:
        return self.logprobs

    def values(self, question: Question, variant: int, sample: int) -> dict[str, str]:
        return super().values(question, variant, sample) | {"question": self.question}

    def form(self, question: Question, *, structured: bool) -> str:
        if structured:
            return 'Answer with a JSON object; its key "verdict" holds "yes" or "no".'
        if self.reasoning:
            return 'Reason first, in a few sentences. Then end with a line "Verdict: yes" or "Verdict: no".'
        return "Answer with yes or no alone."

    def schema(self, question: Question) -> dict[str, Any]:
        return {"verdict": {"type": "string", "enum": ["yes", "no"]}}

    def read(self, reply: Reply, question: Question, variant: int, sample: int) -> Reading | None:
        found = find_label(reply.text, "verdict", _LABELS)
        if found is None:
            return None
        written = _VALUES[found[0]]
        mean = expected_value(reply, _place, _VALUES, written)
        return Reading((written,)) if mean is None else Reading((mean,), exact=True)


def _place(text: str) -> int | None:
    found = find_label(text, "verdict", _LABELS)
    return None if found is None else found[1]
