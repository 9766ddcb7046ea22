"""What goes to a judge and what comes back, in the judges' own words. May import `types` and the modules beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rewardmeter.scorers.judges.chat import Reply
from rewardmeter.scorers.pointwise import Unscored
from rewardmeter.types import Item, Outcome

__all__ = ["Features", "Question", "Reading", "Verdict", "why_unread"]


class Features(NamedTuple):
    """What is asked of a server beyond plain text."""

    structured: bool
    logprobs: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What a judge is asked about: some responses of an item, and where their scores belong."""

    positions: tuple[int, ...]
    item: Item
    chosen: tuple[int, ...]
    problem: Unscored | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A verdict as read from one reply: a number per score, and whether it came from probabilities."""

    values: tuple[float, ...]
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict over all samples and orders: a number per position, which of them are ties, what to know of it."""

    values: tuple[float, ...]
    ties: tuple[bool, ...] = ()
    remark: str = ""


REFUSED = Unscored("the judge refused", Outcome.ABSTAINED)
EMPTY = Unscored("the judge gave an empty answer", Outcome.ABSTAINED)
CUT = Unscored("the judge's answer was cut off at max_tokens", Outcome.ABSTAINED)
UNREADABLE = Unscored("the judge gave no readable verdict", Outcome.ABSTAINED)


def why_unread(reply: Reply) -> Unscored:
    """Why a reply holds no verdict."""
    if reply.refused:
        return REFUSED
    if reply.cut:
        return CUT
    return UNREADABLE if reply.text.strip() else EMPTY
