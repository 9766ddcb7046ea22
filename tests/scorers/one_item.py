"""One response against its references, the shape that most tests of scorers need."""

from __future__ import annotations

from collections.abc import Sequence

from rewardmeter.scoring import Scorer, make_scorer
from rewardmeter.types import Item, Response, Scores


def scores(spec: str | Scorer, response: str, *references: str) -> Scores:
    """The scores of one response."""
    return make_scorer(spec)([Item((Response(response),), references=references)])


def value(spec: str | Scorer, response: str, *references: str) -> float:
    """The number of one response, NaN where it has none."""
    return float(scores(spec, response, *references).values[0])


def values(spec: str | Scorer, responses: Sequence[str], references: Sequence[str] = ()) -> list[float]:
    """The numbers of several responses to one item."""
    item = Item(tuple(map(Response, responses)), references=tuple(references))
    return make_scorer(spec)([item]).values.tolist()
