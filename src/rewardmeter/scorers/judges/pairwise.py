"""Two responses compared in both orders. May import `scoring`, `types` and the modules beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, ClassVar

from rewardmeter.scorers.judges.asking import ask_questions, forecast_questions
from rewardmeter.scorers.judges.base import JudgeOptions
from rewardmeter.scorers.judges.chat import Reply
from rewardmeter.scorers.judges.judge import Judge, as_compared
from rewardmeter.scorers.judges.parsing import find_label
from rewardmeter.scorers.judges.pointwise import check_logprobs
from rewardmeter.scorers.judges.probabilities import expected_value
from rewardmeter.scorers.judges.verdicts import Question, Reading, Verdict
from rewardmeter.scorers.pointwise import Unscored
from rewardmeter.scoring import Compared, Laws, PairRequest, Run
from rewardmeter.types import Cost, Item

__all__ = ["PairJudge"]

_LABELS = {"a": "a", "b": "b", "c": "c", "tie": "c", "neither": "c"}
_VALUES = {"a": 1.0, "b": 0.0, "c": 0.5}
_OF_WORD = {word: _VALUES[meaning] for word, meaning in _LABELS.items()}


@dataclass(frozen=True)
class PairJudge(Judge):
    """The better of two responses: (p, 1 − p), p the mean over both orders of 1, 0, or 0.5 for a tie.

    Both responses are a `TIE` where p is 0.5: both orders say tie, or each order prefers the same place. For items of
    more than two responses a tournament is needed, which asks `compare_pairs`.

    Parameters
    ----------
    logprobs:
        Whether a verdict is P(first) + P(tie)/2 from the tokens' probabilities: no, yes, or auto.
    """

    mode: ClassVar[str] = "pairwise"
    default_template: ClassVar[str] = "pairwise"
    needed: ClassVar[frozenset[str]] = frozenset({"first", "second"})
    places: ClassVar[frozenset[str]] = JudgeOptions.places - {"response"} | {"first", "second"}
    variants: ClassVar[int] = 2
    revision: ClassVar[str] = "2"
    laws: ClassVar[Laws] = Laws(pointwise=False)

    logprobs: str = "no"

    def __post_init__(self) -> None:
        check_logprobs(self.logprobs)
        super().__post_init__()

    @property
    def wants_logprobs(self) -> str:
        return self.logprobs

    def compare_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Iterator[Compared]:
        """Verdicts for pairs of responses; see `scoring.PairwiseJudge`."""
        with closing(ask_questions(self, self._pairs(requests), run)) as settled:
            yield from as_compared((question.positions[0], verdict, cost) for question, verdict, cost in settled)

    def forecast_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Cost:
        """What `compare_pairs` would take at most."""
        return forecast_questions(self, self._pairs(requests), run)

    def _pairs(self, requests: Sequence[PairRequest]) -> Iterator[Question]:
        for index, (item, first, second) in enumerate(requests):
            yield Question((index,), item, (first, second), self.problem(item))

    def questions(self, items: Sequence[Item]) -> Iterator[Question]:
        position = 0
        for item in items:
            n = len(item.responses)
            problem = self.problem(item) if n == 2 else self._not_two(n)
            if n:
                yield Question(tuple(range(position, position + n)), item, (0, 1), problem)
            position += n

    def _not_two(self, n: int) -> Unscored:
        if n < 2:
            return Unscored("a pairwise judge needs two responses")
        return Unscored(f"a pairwise judge compares two responses; for more write tournament:[{self.name}]")

    def values(self, question: Question, variant: int, sample: int) -> dict[str, str]:
        first, second = (question.item.responses[chosen].text for chosen in question.chosen)
        if variant:
            first, second = second, first
        return super().values(question, variant, sample) | {"first": first, "second": second}

    def form(self, question: Question, *, structured: bool) -> str:
        if structured:
            return 'Answer with a JSON object; its key "verdict" holds "A", "B", or "C" for a tie.'
        if self.reasoning:
            return 'Reason first, in a few sentences. Then end with a line "Verdict: " and A, B, or C for a tie.'
        return "Answer with one letter alone: A, B, or C for a tie."

    def schema(self, question: Question) -> dict[str, Any]:
        return {"verdict": {"type": "string", "enum": ["A", "B", "C"]}}

    def read(self, reply: Reply, question: Question, variant: int, sample: int) -> Reading | None:
        found = find_label(reply.text, "verdict", _LABELS)
        if found is None:
            return None
        written = _VALUES[found[0]]
        mean = expected_value(reply, _place, _OF_WORD, written) if self.logprobs != "no" else None
        value = written if mean is None else mean
        return Reading((1.0 - value if variant else value,), exact=mean is not None)

    def settle(self, question: Question, by_variant: Sequence[tuple[float, ...]]) -> Verdict:
        p = (by_variant[0][0] + by_variant[1][0]) / 2
        both = (p, 1.0 - p) if len(question.positions) == 2 else (p,)
        return Verdict(both, (p == 0.5,) * len(both))


def _place(text: str) -> int | None:
    found = find_label(text, "verdict", _LABELS)
    return None if found is None else found[1]
