"""What the conversions share: a scorer within, its name and signature, and how it is asked. May import `inner_scores`,
`scoring`, `types`, `errors` and `scorers.pointwise` of ours."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from rewardmeter.errors import SpecError
from rewardmeter.scorers.conversions.inner_scores import Gathering, inner_scores, left_to_score
from rewardmeter.scorers.pointwise import spec_of
from rewardmeter.scoring import Forecasting, Laws, Part, Run, Scorer, make_scorer, score_stream, signature_of
from rewardmeter.scoring.spec import as_target, spec_in_target
from rewardmeter.types import Cost, Item, Scores, Signature

__all__ = ["Converted", "WithinItem", "inner_scorer"]


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
        return self._spec(self.scorer.name)

    @property
    def reads(self) -> frozenset[str]:
        return self.scorer.reads

    @property
    def laws(self) -> Laws:
        return dataclasses.replace(self.scorer.laws, pointwise=False)

    def signature(self) -> Signature:
        """The options and the whole signature of the scorer within: what that leaves out (an address) stays out."""
        inner = signature_of(self.scorer)
        within = {"name": inner.name, "options": dict(inner.options), "revision": inner.revision}
        options = {"class": f"{type(self).__module__}:{type(self).__qualname__}", **self._options(), "scorer": within}
        return Signature(self._spec(inner.name), options, self.revision, inner.storable)

    def _spec(self, inner: str) -> str:
        return spec_of(f"{self.family}:{as_target(inner)}", self._options(changed=True))

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
        """Yield an item's scores once the scorer within has scored all of its responses, costs as they arise.

        An item of which a response was left out (the budget is spent) is left out; the next run asks for the rest.
        """
        gathering = Gathering([len(item.responses) for item in items])
        for positions, part in inner_scores(self.scorer, items, run):
            done = gathering.add(positions, part)
            if done or part.cost != Cost():
                whole = Scores.concatenate([self.convert(scores) for _, scores in done])
                where = [i for item, _ in done for i in gathering.positions(item)]
                yield where, dataclasses.replace(whole, cost=part.cost)

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """What the scorer within would cost, what the memory holds left out."""
        if not isinstance(self.scorer, Forecasting):
            return Cost()
        return self.scorer.forecast(left_to_score(self.scorer, items, run), run)

    def convert(self, scores: Scores, /) -> Scores:
        """The scores of one item's responses, converted."""
        raise NotImplementedError
