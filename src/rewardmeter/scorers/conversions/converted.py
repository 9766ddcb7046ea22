"""What the conversions share: a scorer within, its name and signature, and how it is asked. May import `scoring`,
`types`, `errors` and `scorers.pointwise` of ours."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from rewardmeter.errors import (
    MissingDataError,
    MissingExtraError,
    ScorerError,
    SpecError,
    StoreError,
    UnknownNameError,
)
from rewardmeter.scorers.pointwise import spec_of
from rewardmeter.scoring import Forecasting, Laws, Part, Run, Scorer, Streaming, make_scorer, score_stream, signature_of
from rewardmeter.scoring.spec import as_target, spec_in_target
from rewardmeter.types import Cost, Item, Outcome, Scores, Signature

__all__ = ["NO_RESPONSES_FAULT", "Converted", "WithinItem", "failure", "inner_scorer"]

NO_RESPONSES_FAULT = (MissingDataError, MissingExtraError, ScorerError, SpecError, StoreError, UnknownNameError)
"""What no response is to blame for; it ends the run."""

_AT_ONCE = 64
_LONGEST_REASON = 500


def inner_scorer(family: str, target: str | None, example: str) -> Scorer:
    """The scorer that the target of a conversion names.

    Raises
    ------
    SpecError
        If there is no target.
    """
    if not target:
        raise SpecError(f"{family} needs a scorer to convert: write {family}:SPEC, for example {family}:{example}")
    return make_scorer(spec_in_target(target))


def failure(error: Exception) -> str:
    """An exception as a reason."""
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"


@dataclass(frozen=True)
class Converted:
    """Base of the conversions: a frozen dataclass whose first field is the scorer that is converted.

    Attributes
    ----------
    family:
        First part of the spec.
    revision:
        Raised whenever a change of the code can move a score.
    """

    family: ClassVar[str]
    revision: ClassVar[str] = "1"

    scorer: Scorer

    @property
    def name(self) -> str:
        return spec_of(f"{self.family}:{as_target(self.scorer.name)}", self._options(changed=True))

    @property
    def reads(self) -> frozenset[str]:
        return self.scorer.reads

    @property
    def laws(self) -> Laws:
        return dataclasses.replace(self.scorer.laws, pointwise=False)

    def signature(self) -> Signature:
        """The options and the whole signature of the scorer within."""
        inner = signature_of(self.scorer)
        within = {"name": inner.name, "options": dict(inner.options), "revision": inner.revision}
        options = {"class": f"{type(self).__module__}:{type(self).__qualname__}", **self._options(), "scorer": within}
        return Signature(self.name, options, self.revision, inner.storable)

    def _options(self, *, changed: bool = False) -> dict[str, object]:
        """The options but for the scorer, or those of them that are not at their default."""
        own = [option for option in dataclasses.fields(cast(Any, self)) if option.name != "scorer"]
        return {
            option.name: getattr(self, option.name)
            for option in own
            if not changed or getattr(self, option.name) != option.default
        }


@dataclass(frozen=True)
class WithinItem(Converted):
    """Base of the conversions that need no more than the scores of the scorer within, item by item."""

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return score_stream(self, items)

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """Yield an item's scores once the scorer within has scored all of its responses."""
        start = np.concatenate([[0], np.cumsum([len(item.responses) for item in items], dtype=np.int64)])
        values = np.full(start[-1], np.nan)
        outcomes = np.full(start[-1], Outcome.MISSING, dtype=np.uint8)
        left = np.diff(start)
        reasons: dict[int, str] = {}
        spent = Cost()
        for positions, part in _inner_parts(self.scorer, items, run):
            where = np.asarray(positions, dtype=np.int64)
            values[where], outcomes[where] = part.values, part.outcomes
            reasons.update({int(where[i]): reason for i, reason in part.reasons.items()})
            spent = spent + part.cost
            touched, counts = np.unique(np.searchsorted(start, where, side="right") - 1, return_counts=True)
            left[touched] -= counts
            done = [(int(start[i]), int(start[i + 1])) for i in touched[left[touched] == 0]]
            if done:
                why = [{i - a: reasons[i] for i in range(a, b) if i in reasons} for a, b in done]
                given = [Scores(values[a:b], outcomes[a:b], why[i]) for i, (a, b) in enumerate(done)]
                whole = Scores.concatenate([self.convert(scores) for scores in given])
                yield [i for a, b in done for i in range(a, b)], dataclasses.replace(whole, cost=spent)
                spent = Cost()
        if spent != Cost():
            yield [], dataclasses.replace(Scores.from_values([]), cost=spent)

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """What the scorer within would cost."""
        return self.scorer.forecast(items, run) if isinstance(self.scorer, Forecasting) else Cost()

    def convert(self, scores: Scores, /) -> Scores:
        """The scores of one item's responses, converted."""
        raise NotImplementedError


def _inner_parts(scorer: Scorer, items: Sequence[Item], run: Run) -> Iterator[Part]:
    """The scores of any scorer as a stream; what a plain one raises is narrowed down to the guilty item."""
    if isinstance(scorer, Streaming):
        yield from scorer.stream(items, run)
        return
    start = 0
    for first in range(0, len(items), _AT_ONCE):
        for scores in _narrowed(scorer, items[first : first + _AT_ONCE]):
            yield range(start, start + len(scores)), scores
            start += len(scores)


def _narrowed(scorer: Scorer, items: Sequence[Item]) -> Iterator[Scores]:
    due = sum(len(item.responses) for item in items)
    try:
        scores = scorer(items)
    except NO_RESPONSES_FAULT:
        raise
    except Exception as error:  # foreign code may raise anything, and it is the item's outcome, never the run's
        if len(items) == 1 and (due == 1 or not scorer.laws.pointwise):
            outcomes = np.full(due, Outcome.FAILED, dtype=np.uint8)
            yield Scores(np.full(due, np.nan), outcomes, dict.fromkeys(range(due), failure(error)))
            return
        if len(items) == 1:
            alone = [dataclasses.replace(items[0], responses=(response,)) for response in items[0].responses]
            for one in alone:
                yield from _narrowed(scorer, [one])
            return
        for half in (items[: len(items) // 2], items[len(items) // 2 :]):
            yield from _narrowed(scorer, half)
        return
    if len(scores) != due:
        raise ScorerError(f"scorer '{scorer.name}' returned {len(scores):,} scores for {due:,} responses")
    yield scores
