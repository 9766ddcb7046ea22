"""All responses of an item ranked at once. May import `scoring`, `types` and the modules beside it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rewardmeter.scorers.judges.base import JudgeOptions
from rewardmeter.scorers.judges.chat import Reply
from rewardmeter.scorers.judges.judge import Judge
from rewardmeter.scorers.judges.parsing import read_ranking
from rewardmeter.scorers.judges.templates import marked
from rewardmeter.scorers.judges.verdicts import Question, Reading, Verdict
from rewardmeter.scorers.pointwise import Unscored
from rewardmeter.scoring import Laws
from rewardmeter.types import Item

__all__ = ["ListwiseJudge"]


@dataclass(frozen=True)
class ListwiseJudge(Judge):
    """A ranking of all k responses as k numbers in [0, 1]: (k − rank) / (k − 1), the mean rank for ties.

    The first sample sees the responses in their order, every further one in a shuffled order that the seed fixes, so
    that several samples also even out the places. Responses that end with equal numbers are `TIE`.
    """

    mode: ClassVar[str] = "listwise"
    default_template: ClassVar[str] = "listwise"
    needed: ClassVar[frozenset[str]] = frozenset({"responses"})
    places: ClassVar[frozenset[str]] = JudgeOptions.places - {"response"} | {"responses", "count"}
    answer_tokens: ClassVar[int] = 256
    laws: ClassVar[Laws] = Laws(pointwise=False, order_invariant=False)

    def questions(self, items: Sequence[Item]) -> Iterator[Question]:
        position = 0
        for item in items:
            n = len(item.responses)
            problem = self.problem(item) if n > 1 else Unscored("a ranking needs two responses")
            if n:
                yield Question(tuple(range(position, position + n)), item, tuple(range(n)), problem)
            position += n

    def _order(self, question: Question, sample: int) -> list[int]:
        order = list(question.chosen)
        if sample:
            random.Random(1_000_003 * (self.seed or 0) + sample).shuffle(order)
        return order

    def values(self, question: Question, variant: int, sample: int) -> dict[str, str]:
        texts = [question.item.responses[chosen].text for chosen in self._order(question, sample)]
        listed = "\n\n".join(f"Response {i}:\n{marked('response', text)}" for i, text in enumerate(texts, start=1))
        return super().values(question, variant, sample) | {"responses": listed, "count": str(len(texts))}

    def form(self, question: Question, *, structured: bool) -> str:
        shape = 'a JSON object {"ranking": [[2], [1, 3]]}: a list of groups of response numbers, best group first'
        first = "Reason first, in a few sentences. Then end" if self.reasoning and not structured else "Answer"
        return f"{first} with {shape}, where a group holds responses that are equally good."

    def schema(self, question: Question) -> dict[str, Any]:
        group = {"type": "array", "items": {"type": "integer"}}
        return {"ranking": {"type": "array", "items": group}}

    def read(self, reply: Reply, question: Question, variant: int, sample: int) -> Reading | None:
        k = len(question.chosen)
        ranks = read_ranking(reply.text, k)
        if ranks is None:
            return None
        scores = [0.0] * k
        for place, chosen in enumerate(self._order(question, sample)):
            scores[chosen] = (k - ranks[place]) / (k - 1)
        return Reading(tuple(scores))

    def settle(self, question: Question, by_variant: Sequence[tuple[float, ...]]) -> Verdict:
        values = by_variant[0]
        return Verdict(values, tuple(values.count(value) > 1 for value in values))
