"""Questions put to a server and verdicts taken as they come. May import `endpoints`, `scoring`, `types` of ours."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import statistics
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

from rewardmeter.endpoints import Answer, Request, answer_all, forecast_all
from rewardmeter.scorers.judges.base import JudgeOptions
from rewardmeter.scorers.judges.chat import check_chat, read_chat
from rewardmeter.scorers.judges.verdicts import Features, Question, Reading, Verdict, why_unread
from rewardmeter.scorers.pointwise import Unscored
from rewardmeter.scoring import Run
from rewardmeter.types import Cost

__all__ = ["ask_questions", "forecast_questions"]

UNSTRUCTURED = "asked without structured output, over which the server had broken down"

Settled = tuple[Question, Verdict | Unscored | None, Cost]
"""A question, what became of it (None: the budget did not allow it), and what it has cost."""


def ask_questions(judge: JudgeOptions, questions: Iterator[Question], run: Run) -> Generator[Settled, None, None]:
    """Ask everything; every question comes back once, in any order, as soon as its verdict stands."""
    askable, first = _first_askable(questions)
    found = _Found(judge.wanted[0]) if first is None else _find_features(judge, first, run)
    asking = _Asking(judge, askable, found)
    with closing(answer_all(judge.endpoint, asking, run, check=check_chat)) as answers:
        for number, answer in answers:
            asking.receive(number, answer)
            while asking.settled:
                yield asking.settled.popleft()
    yield from asking.settled


def forecast_questions(judge: JudgeOptions, questions: Iterator[Question], run: Run) -> Cost:
    """What asking would take at most: every sample of every question that can be asked."""
    askable, first = _first_askable(questions)
    known = None if first is None else _known_features(judge, run)
    features = known or judge.wanted[0]

    def requests() -> Iterator[Request]:
        for question in askable:
            if question.problem is None:
                for variant, sample in itertools.product(range(judge.variants), range(judge.samples)):
                    asked = features if sample == 0 else features._replace(logprobs=False)
                    yield judge.request_for(question, variant, sample, asked)

    return forecast_all(judge.endpoint, requests(), run)


def _first_askable(questions: Iterator[Question]) -> tuple[Iterator[Question], Question | None]:
    """All the questions, and the first that can be asked."""
    skipped = []
    for question in questions:
        skipped.append(question)
        if question.problem is None:
            return itertools.chain(skipped, questions), question
    return iter(skipped), None


def _features_key(judge: JudgeOptions) -> bytes:
    asked = [judge.endpoint.address, judge.model_name, judge.mode, judge.request, judge.version, judge.wanted]
    return hashlib.blake2b(json.dumps(asked).encode(), digest_size=32, person=b"rm.features").digest()


def _known_features(judge: JudgeOptions, run: Run) -> Features | None:
    if len(judge.wanted) == 1:
        return judge.wanted[0]
    key = _features_key(judge)
    kept = run.memory.recall([key]).get(key)
    found = [features for features in judge.wanted if kept == repr(tuple(features)).encode()]
    return found[0] if found else None


class _Found(NamedTuple):
    """What the server takes, what finding it has cost, and what to know of verdicts that it leads to."""

    features: Features
    cost: Cost = Cost()
    remark: str = ""


def _find_features(judge: JudgeOptions, question: Question, run: Run) -> _Found:
    """What the server takes, found by asking the first question.

    Servers differ in how they decline a JSON schema or log-probabilities: an error, a broken connection, or silence.
    Only where each refusal was a definite one is the finding kept for further runs: what breaks may also pass.
    """
    known, cost, definite = _known_features(judge, run), Cost(), True
    if known is not None:
        return _Found(known)
    patient = dataclasses.replace(judge.endpoint, retries=min(1, judge.endpoint.retries))
    for features in judge.wanted:
        request = judge.request_for(question, 0, 0, features)
        ((_, answer),) = answer_all(patient, [request], run, check=check_chat)
        cost = cost + answer.cost
        if answer.status == "ok":
            if definite:
                run.memory.keep(_features_key(judge), repr(tuple(features)).encode())
            lost = not definite and judge.wanted[0].structured and not features.structured
            return _Found(features, cost, UNSTRUCTURED if lost else "")
        if answer.status == "refused" or not answer.reached:
            break
        definite = definite and answer.declined
    return _Found(judge.wanted[0], cost)


@dataclass
class _Open:
    """A question under way."""

    question: Question
    due: int
    cost: Cost = field(default_factory=Cost)
    readings: dict[tuple[int, int], Reading | Unscored] = field(default_factory=dict)
    refused: bool = False
    failed: Unscored | None = None
    widened: bool = False


class _Asking:
    """Iterator over the requests; an answer may lead to further ones."""

    def __init__(self, judge: JudgeOptions, questions: Iterator[Question], found: _Found) -> None:
        self._judge, self._questions = judge, questions
        self._features, self._spent, self._remark = found
        self._waiting: deque[tuple[_Open, int, int]] = deque()
        self._asked: dict[int, tuple[_Open, int, int]] = {}
        self._count = 0
        self.settled: deque[Settled] = deque()

    def __iter__(self) -> _Asking:
        return self

    def __next__(self) -> Request:
        while not self._waiting:
            question = next(self._questions)
            if question.problem is not None:
                self.settled.append((question, question.problem, Cost()))
                continue
            samples = 1 if self._features.logprobs else self._judge.samples
            self._plan(_Open(question, 0, self._take_spent()), range(samples))
        one, variant, sample = self._waiting.popleft()
        self._asked[self._count] = one, variant, sample
        self._count += 1
        features = self._features if sample == 0 else self._features._replace(logprobs=False)
        return self._judge.request_for(one.question, variant, sample, features)

    def receive(self, number: int, answer: Answer) -> None:
        """Note an answer; the question is settled with its last one."""
        one, variant, sample = self._asked.pop(number)
        one.due -= 1
        one.cost = one.cost + answer.cost
        if answer.status == "refused":
            one.refused = True
        elif answer.status == "failed":
            one.failed = Unscored(answer.reason)
        else:
            one.readings[variant, sample] = self._read(one, answer, variant, sample)
        if one.due == 0 and not self._widen(one):
            self.settled.append((one.question, self._conclude(one), one.cost))

    def _take_spent(self) -> Cost:
        spent, self._spent = self._spent, Cost()
        return spent

    def _plan(self, one: _Open, samples: range) -> None:
        more = [(one, variant, sample) for variant in range(self._judge.variants) for sample in samples]
        one.due += len(more)
        self._waiting.extend(more)

    def _read(self, one: _Open, answer: Answer, variant: int, sample: int) -> Reading | Unscored:
        reply = read_chat(answer.json)
        if reply.refused:
            return why_unread(reply)
        reading = self._judge.read(reply, one.question, variant, sample)
        return why_unread(reply) if reading is None else reading

    def _widen(self, one: _Open) -> bool:
        """Ask for the other samples where the server gave no probabilities after all."""
        if not self._features.logprobs or one.widened or one.refused or one.failed or self._judge.samples == 1:
            return False
        if self._judge.wants_logprobs == "yes" or all(_is_exact(reading) for reading in one.readings.values()):
            return False
        one.widened = True
        self._plan(one, range(1, self._judge.samples))
        return True

    def _conclude(self, one: _Open) -> Verdict | Unscored | None:
        if one.refused:
            return None
        if one.failed is not None:
            return one.failed
        by_variant, remark = [], ""
        for variant in range(self._judge.variants):
            got = self._combined([reading for key, reading in sorted(one.readings.items()) if key[0] == variant])
            if isinstance(got, Unscored):
                return got
            by_variant.append(got[0])
            remark = remark or got[1]
        verdict = self._judge.settle(one.question, by_variant)
        return dataclasses.replace(verdict, remark=remark or verdict.remark or self._remark)

    def _combined(self, readings: Sequence[Reading | Unscored]) -> tuple[tuple[float, ...], str] | Unscored:
        """One variant's values over its samples and what to know of them."""
        wanted = self._judge.wants_logprobs
        if _is_exact(readings[0]):
            assert isinstance(readings[0], Reading)
            return readings[0].values, ""
        good = [reading for reading in readings if isinstance(reading, Reading)]
        if not good:
            reasons = Counter(reading for reading in readings if isinstance(reading, Unscored))
            return reasons.most_common(1)[0][0]
        if wanted == "yes":
            return Unscored("the server gave no usable logprobs")
        how, n = self._judge.combine, len(readings)
        made = f"{how} of {n} samples" if len(good) == n else f"{how} of {len(good)} readable samples of {n}"
        remark = made if len(good) < n else ""
        if wanted == "auto":
            remark = f"no usable logprobs: {'the verdict as written' if n == 1 else made}"
        return tuple(combined(column, how) for column in zip(*(one.values for one in good), strict=True)), remark


def _is_exact(reading: Reading | Unscored) -> bool:
    return isinstance(reading, Reading) and reading.exact


def combined(values: Sequence[float], how: str) -> float:
    """The samples' values as one: their mean, median, or the mean of the most frequent ones."""
    if how == "median":
        return statistics.median(values)
    if how == "majority":
        values = statistics.multimode(values)
    return statistics.fmean(values)
