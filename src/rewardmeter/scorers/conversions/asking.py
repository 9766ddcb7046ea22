"""Verdicts on pairs from any scorer, each paid for once. May import `inner_scores`, `scoring`, `types`, `errors`."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence

import numpy as np

from rewardmeter.errors import ScorerError
from rewardmeter.scorers.conversions.inner_scores import NO_RESPONSES_FAULT, failure, mark_of
from rewardmeter.scoring import Negated, PairRequest, PairwiseJudge, Run, Scorer, Streaming, Verdict
from rewardmeter.types import Cost, Item, Outcome, Scores, Unscored

__all__ = ["Asking", "pair_item"]

_AT_ONCE = 64
_SUM = 1e-9  # how far two chances may be from adding up to 1
_WITHOUT_VERDICT = (Outcome.FAILED, Outcome.ABSTAINED)


class Asking:
    """Asks one scorer for verdicts on behalf of one run, keeps them in its memory and counts the cost.

    Parameters
    ----------
    scorer:
        A `PairwiseJudge`, or any scorer that is then given items of two responses. Of a negated one the scorer within
        is asked, whose verdicts are mirrored: its chances are known as such, and both share what was paid for.
    run:
        Whose memory and budget are used. A scorer that is not deterministic, or has no storable signature, is asked
        anew.
    soft:
        Whether chances are taken as they are; else they are rounded to a win, a tie (exactly 1/2) or a loss.
    """

    def __init__(self, scorer: Scorer, run: Run, *, soft: bool) -> None:
        self._run, self._soft, self._mirrored = run, soft, isinstance(scorer, Negated)
        self._scorer = scorer = scorer.inner if isinstance(scorer, Negated) else scorer
        self._mark = mark_of(scorer)
        self._spent = Cost()

    def cost(self) -> Cost:
        """What was spent since this was last asked."""
        spent, self._spent = self._spent, Cost()
        return spent

    def known(self, requests: Sequence[PairRequest]) -> dict[int, Verdict]:
        """What the memory holds, by position."""
        if self._mark is None:
            return {}
        keys = [self._key(request) for request in requests]
        found = self._run.memory.recall(keys)
        return {i: self._read(found[key]) for i, key in enumerate(keys) if key in found}

    def verdicts(self, requests: Sequence[PairRequest]) -> dict[int, Verdict]:
        """A verdict for each request that was answered, by position; the others are left for the next run."""
        answered = self.known(requests)
        todo = [i for i in range(len(requests)) if i not in answered]
        for i, verdict in self._narrowed(requests, todo):
            if i in answered:
                raise ScorerError(f"scorer '{self._scorer.name}' answered a comparison twice")
            self._keep(requests[i], verdict)
            answered[i] = self._given(verdict)
        return answered

    def _narrowed(self, requests: Sequence[PairRequest], todo: list[int]) -> Iterator[tuple[int, Verdict]]:
        """Answers to the requests at ``todo``; what raises is narrowed down by halves to the guilty one."""
        if not todo:
            return
        left = dict.fromkeys(todo)
        try:
            for place, verdict in self._attempt([requests[i] for i in todo]):
                left.pop(todo[place], None)
                yield todo[place], verdict
        except NO_RESPONSES_FAULT:
            raise
        except Exception as error:  # foreign code may raise anything, and it is the comparison's outcome
            rest = list(left)
            if len(todo) == 1 and rest:
                yield rest[0], Unscored(failure(error))
                return
            middle = (len(rest) + 1) // 2
            for half in (rest[:middle], rest[middle:]):
                yield from self._narrowed(requests, half)

    def _attempt(self, requests: Sequence[PairRequest]) -> Iterator[tuple[int, Verdict]]:
        if isinstance(self._scorer, PairwiseJudge):
            for place, verdict, cost in self._scorer.compare_pairs(requests, self._run):
                self._spent = self._spent + cost
                yield place, _checked(verdict)
        elif isinstance(self._scorer, Streaming):
            yield from self._streamed(self._scorer, requests)
        else:
            for start in range(0, len(requests), _AT_ONCE):
                some = requests[start : start + _AT_ONCE]
                scores = self._scorer([pair_item(request) for request in some])
                if len(scores) != 2 * len(some):
                    raise ScorerError(
                        f"scorer '{self._scorer.name}' returned {len(scores):,} scores for {2 * len(some):,} responses"
                    )
                self._spent = self._spent + scores.cost
                for i in range(len(some)):
                    found = self._of_two(scores, 2 * i, 2 * i + 1)
                    if found is not None:
                        yield start + i, found

    def _streamed(self, scorer: Streaming, requests: Sequence[PairRequest]) -> Iterator[tuple[int, Verdict]]:
        waiting: dict[int, tuple[Scores, int]] = {}
        for positions, part in scorer.stream([pair_item(request) for request in requests], self._run):
            self._spent = self._spent + part.cost
            for at, position in enumerate(positions):
                other = waiting.pop(position ^ 1, None)
                if other is None:
                    waiting[position] = (part, at)
                    continue
                both = ((part, at), other) if position % 2 == 0 else (other, (part, at))
                pair = Scores.concatenate([_one(scores, index) for scores, index in both])
                found = self._of_two(pair, 0, 1)
                if found is not None:
                    yield position // 2, found

    def _of_two(self, scores: Scores, first: int, second: int) -> Verdict | None:
        """The verdict that two scores amount to; None where one is still missing.

        Two outcomes TIE are a tie. A scorer of pairs whose two numbers lie in [0, 1] and add up to 1 states chances.
        Else the greater number wins.
        """
        worse = max(first, second, key=lambda position: int(scores.outcomes[position]))
        outcome = Outcome(int(scores.outcomes[worse]))
        if outcome == Outcome.MISSING:
            return None
        if outcome in _WITHOUT_VERDICT:
            return Unscored(scores.reasons.get(worse, "the scorer gave no reason"), outcome)
        one, other = float(scores.values[first]), float(scores.values[second])
        if scores.outcomes[first] == scores.outcomes[second] == Outcome.TIE:
            return 0.5
        if not self._scorer.laws.pointwise and min(one, other) >= 0 and abs(one + other - 1) <= _SUM:
            return one
        return 0.5 if one == other else float(one > other)

    def _given(self, verdict: Verdict) -> Verdict:
        """The scorer's own verdict as it is handed on: rounded and mirrored if need be."""
        if isinstance(verdict, Unscored) or verdict == 0.5:
            return verdict
        credit = verdict if self._soft else float(verdict > 0.5)
        return 1 - credit if self._mirrored else credit

    def _key(self, request: PairRequest) -> bytes:
        item, texts = request.item, [request.item.responses[i].text for i in (request.first, request.second)]
        record = json.dumps([self._mark, item.prompt, item.references, texts])
        return hashlib.blake2b(b"verdict " + record.encode(), digest_size=16).digest()

    def _keep(self, request: PairRequest, verdict: Verdict) -> None:
        """Keep a verdict or an abstention; what failed is asked again."""
        if self._mark is None:
            return
        if not isinstance(verdict, Unscored):
            self._run.memory.keep(self._key(request), json.dumps(verdict).encode())
        elif verdict.outcome == Outcome.ABSTAINED:
            self._run.memory.keep(self._key(request), json.dumps(verdict.reason).encode())

    def _read(self, kept: bytes) -> Verdict:
        value = json.loads(kept)
        return Unscored(value, Outcome.ABSTAINED) if isinstance(value, str) else self._given(float(value))


def pair_item(request: PairRequest) -> Item:
    """The request as an item of two responses."""
    two = (request.item.responses[request.first], request.item.responses[request.second])
    return dataclasses.replace(request.item, responses=two)


def _checked(verdict: Verdict) -> Verdict:
    if not isinstance(verdict, Unscored) and not 0 <= verdict <= 1:
        return Unscored(f"the scorer returned the verdict {verdict}")
    return verdict if isinstance(verdict, Unscored) else float(verdict)


def _one(scores: Scores, index: int) -> Scores:
    reasons = {0: scores.reasons[index]} if index in scores.reasons else {}
    return Scores(np.array([scores.values[index]]), scores.outcomes[index : index + 1], reasons)
