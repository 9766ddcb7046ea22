"""A judge as a scorer: questions in, scores out. May import `scoring`, `types` and the modules beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from rewardmeter.scorers.judges.asking import ask_questions, forecast_questions
from rewardmeter.scorers.judges.base import JudgeOptions
from rewardmeter.scorers.judges.verdicts import Verdict
from rewardmeter.scorers.pointwise import Unscored
from rewardmeter.scoring import Compared, Part, Run, score_stream
from rewardmeter.types import Cost, Item, Outcome, Scores

__all__ = ["Judge", "as_compared", "as_scores"]


@dataclass(frozen=True)
class Judge(JudgeOptions):
    """A model behind a server that is asked for its verdict.

    The requests are fixed by the options (seeds included) and every answer is kept, so that a score that was paid for
    stays as it is: this is what `Laws.deterministic` stands for here, not that the server would answer alike again.
    """

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return score_stream(self, items)

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """Scores as their answers come; see `scoring.Streaming`."""
        with closing(ask_questions(self, self.questions(items), run)) as settled:
            for question, verdict, cost in settled:
                if verdict is not None:
                    yield question.positions, as_scores(verdict, len(question.positions), cost)
                elif cost != Cost():  # some of its samples were paid for before the budget was spent
                    yield (), as_scores(Verdict(()), 0, cost)

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """The calls, tokens and dollars that scoring would take at most; see `scoring.Forecasting`."""
        return forecast_questions(self, self.questions(items), run)


def as_scores(verdict: Verdict | Unscored, n: int, cost: Cost) -> Scores:
    """A verdict about n responses as their scores."""
    if isinstance(verdict, Unscored):
        outcomes = np.full(n, verdict.outcome, dtype=np.uint8)
        return Scores(np.full(n, np.nan), outcomes, dict.fromkeys(range(n), verdict.reason), cost=cost)
    ties = verdict.ties or (False,) * n
    outcomes = np.array([Outcome.TIE if tie else Outcome.SCORED for tie in ties], dtype=np.uint8)
    reasons = dict.fromkeys(range(n), verdict.remark) if verdict.remark else {}
    return Scores(np.array(verdict.values, dtype=np.float64), outcomes, reasons, cost=cost)


def as_compared(answers: Iterable[tuple[int, Verdict | Unscored | None, Cost]]) -> Iterator[Compared]:
    """Answers to requests for pairs, without those that are None: the budget did not allow the whole of them.

    What these have cost all the same goes with another answer, so that no cost is lost while there is one: the latest
    answer is held back until the next one comes.
    """
    latest, unclaimed = None, Cost()
    for request, verdict, cost in answers:
        if verdict is None:
            unclaimed = unclaimed + cost
            continue
        if latest is not None:
            yield latest
        latest = Compared(request, verdict if isinstance(verdict, Unscored) else verdict.values[0], cost + unclaimed)
        unclaimed = Cost()
    if latest is not None:
        yield latest._replace(cost=latest.cost + unclaimed)
