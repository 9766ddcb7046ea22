"""What the weight-free scorers share: their name, the walk through the items, and how a missing number is said.

May import `types`, `scoring` and `errors` of ours.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, cast
from urllib.parse import quote

import numpy as np

from rewardmeter.scoring import Laws
from rewardmeter.types import Item, Outcome, Scores, Unscored

__all__ = [
    "NO_REFERENCE",
    "Measured",
    "Pointwise",
    "Unscored",
    "against_references",
    "changed_options",
    "scores_of",
    "spec_of",
    "usable_references",
]


NO_REFERENCE = Unscored("no reference")

Measured = float | Unscored


class Pointwise:
    """Base of the weight-free scorers; a subclass is a frozen dataclass whose fields are its options.

    Attributes
    ----------
    family:
        First part of the spec.
    revision:
        Raised whenever a change of the code can move a score.
    """

    family: ClassVar[str]
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws()
    revision: ClassVar[str] = "1"

    @property
    def name(self) -> str:
        """The shortest spec that makes this scorer: the family and the options that are not at their default."""
        return spec_of(self.family, changed_options(self))


def spec_of(family: str, options: Mapping[str, object]) -> str:
    """A spec as it is written: ``family?option=value&option=value``."""
    written = "&".join(f"{key}={quote_option(value)}" for key, value in options.items())
    return f"{family}?{written}" if written else family


def changed_options(scorer: object) -> dict[str, object]:
    """The fields of a dataclass that differ from their defaults, in order."""
    return {
        option.name: getattr(scorer, option.name)
        for option in dataclasses.fields(cast(Any, scorer))
        if getattr(scorer, option.name) != option.default
    }


def quote_option(value: object) -> str:
    """An option's value as it is written in a spec."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return re.sub(r"[%&\s]", lambda match: quote(match.group(), safe=""), str(value))


def scores_of(measured: Iterable[Measured]) -> Scores:
    """Scores from numbers and `Unscored` marks, in order; a number that is not finite is a failure."""
    listed = list(measured)
    try:
        return Scores.from_values(np.array(listed, dtype=np.float64))
    except TypeError:  # some responses have no number
        pass
    values = np.array([np.nan if isinstance(one, Unscored) else one for one in listed], dtype=np.float64)
    outcomes = np.where(np.isfinite(values), Outcome.SCORED, Outcome.FAILED).astype(np.uint8)
    reasons: dict[int, str] = {}
    for position in np.flatnonzero(outcomes == Outcome.FAILED).tolist():
        mark = listed[position]
        if isinstance(mark, Unscored):
            outcomes[position], reasons[position] = mark.outcome, mark.reason
        else:
            reasons[position] = f"the scorer returned {mark}"
            values[position] = np.nan
    return Scores(values, outcomes, reasons)


def usable_references(item: Item) -> tuple[str, ...]:
    """The item's references without blank ones: an empty cell is no reference."""
    return tuple(reference for reference in item.references if reference and not reference.isspace())


def against_references(items: Sequence[Item], measure: Callable[[str, tuple[str, ...]], Measured]) -> Scores:
    """Scores of ``measure(response text, references)``; without references every response of the item has failed."""
    measured: list[Measured] = []
    for item in items:
        references = usable_references(item)
        if references:
            measured.extend(measure(response.text, references) for response in item.responses)
        else:
            measured.extend([NO_REFERENCE] * len(item.responses))
    return scores_of(measured)
