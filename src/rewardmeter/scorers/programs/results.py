"""What the checks of this folder return: a number, a number with a remark, or none with a reason.

May import `pointwise`, `types` and `errors` of ours.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rewardmeter.errors import MissingExtraError, UnknownNameError
from rewardmeter.scorers.pointwise import NO_REFERENCE, Unscored, scores_of, usable_references
from rewardmeter.types import Item, Outcome, Scores

__all__ = ["Checked", "Remarked", "check_each", "one_of", "require", "scores_with_remarks", "wrong_or_abstained"]


@dataclass(frozen=True, slots=True)
class Remarked:
    """A number with what to know of it."""

    value: float
    remark: str


Checked = float | Remarked | Unscored


def scores_with_remarks(checked: Iterable[Checked]) -> Scores:
    """Scores of checks, in order; remarks stand among the reasons."""
    listed = list(checked)
    scores = scores_of(one.value if isinstance(one, Remarked) else one for one in listed)
    remarks = {position: one.remark for position, one in enumerate(listed) if isinstance(one, Remarked)}
    if not remarks:
        return scores
    return Scores(scores.values, scores.outcomes, {**scores.reasons, **remarks})


def check_each(items: Sequence[Item], check: Callable[[str, tuple[str, ...]], Checked]) -> Scores:
    """Scores of ``check(response text, references)``; without references every response of the item has failed."""
    checked: list[Checked] = []
    for item in items:
        references = usable_references(item)
        if references:
            checked.extend(check(response.text, references) for response in item.responses)
        else:
            checked.extend([NO_REFERENCE] * len(item.responses))
    return scores_with_remarks(checked)


def wrong_or_abstained(no_answer: str, what: str) -> Checked:
    """A response in which no answer is found: 0 with a remark, or an abstention, as the option says."""
    if no_answer == "abstain":
        return Unscored(what, Outcome.ABSTAINED)
    return Remarked(0.0, f"{what}: counted as wrong")


def one_of(kind: str, value: str, allowed: Sequence[str]) -> None:
    """Check an option that is one of a few words.

    Raises
    ------
    UnknownNameError
        If it is not.
    """
    if value not in allowed:
        raise UnknownNameError(kind, value, allowed)


def require(module: str, feature: str) -> None:
    """Check that a package of the extra ``programs`` is installed, without importing it.

    Raises
    ------
    MissingExtraError
        If it is not.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingExtraError(feature, "programs")
