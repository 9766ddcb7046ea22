"""``combined:FILE.json``: the scorers of a combination as one scorer.

May import `scorers`, `scoring`, `types`, `errors`, `stats` and the files of this folder.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rewardmeter.calibration.combination import Combination, read_combination
from rewardmeter.calibration.members import made_member
from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.conversions.inner_scores import inner_scores, left_to_score
from rewardmeter.scorers.pointwise import spec_of
from rewardmeter.scoring import (
    Forecasting,
    Laws,
    Part,
    Run,
    Scorer,
    score_stream,
    signature_of,
)
from rewardmeter.types import Cost, Item, Outcome, Scores, Signature

__all__ = ["Combined", "load_combined"]

_being_read: ContextVar[tuple[Path, ...]] = ContextVar("combination files being read, outermost first", default=())


@dataclass(frozen=True)
class Combined:
    """The value of a combination, or its lower bound, from the members' scores.

    A response that a member has no score for gets the value from the others, with a remark, as long as `quorum` of them
    have one; else it has failed if a member has, is missing if a member's score is, and is abstained otherwise.

    Attributes
    ----------
    combination:
        What was fitted.
    members:
        Its scorers.
    path:
        Where the combination came from.
    bound:
        ``"lower"`` for the lower bound of `level` (see `rewardmeter.stats.scaling.stack_bound` for what it bounds), a
        conservative reward; empty for the value.
    level:
        Of the bound.
    quorum:
        Least number of members with a score; 0 for more than half.
    """

    revision: ClassVar[str] = "1"

    combination: Combination
    members: tuple[Scorer, ...]
    path: str = ""
    bound: str = ""
    level: float = 0.9
    quorum: int = 0

    def __post_init__(self) -> None:
        if self.bound not in ("", "lower"):
            raise UnknownNameError("bound", self.bound, ("lower",))
        if not 0 <= self.quorum <= len(self.members):
            raise SpecError(f"combined: quorum={self.quorum} must lie between 0 and {len(self.members)}, its members")
        if self.bound:
            try:
                self.combination.bound.reach(self.combination.stack, self.level)
            except ValueError as error:
                raise SpecError(f"combined:{self.path}: {error}") from error

    @property
    def name(self) -> str:
        options: dict[str, object] = {"bound": self.bound, "level": self.level} if self.bound else {}
        return spec_of(f"combined:{self.path}", options | ({"quorum": self.quorum} if self.quorum else {}))

    @property
    def reads(self) -> frozenset[str]:
        """What any member reads; each is shown its own parts only."""
        return frozenset().union(*(member.reads for member in self.members))

    @property
    def laws(self) -> Laws:
        """What all members promise."""
        laws = [member.laws for member in self.members]
        return Laws(
            pointwise=all(one.pointwise for one in laws),
            order_invariant=all(one.order_invariant for one in laws),
            deterministic=all(one.deterministic for one in laws),
        )

    def signature(self) -> Signature:
        """The members' signatures and a hash of the fit: where the file lies and when it was made move no score."""
        members = [signature_of(member) for member in self.members]
        record: list[Any] = [self.combination.stack.to_dict()]
        options: dict[str, object] = {
            "members": [f"{one.name} {one.fingerprint}" for one in members],
            "quorum": self.quorum,
        }
        if self.bound:
            record.append(self.combination.bound.to_dict())
            options |= {"bound": self.bound, "level": self.level}
        text = json.dumps(record, sort_keys=True)
        options["@"] = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        return Signature("combined", options, self.revision, storable=all(one.storable for one in members))

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return score_stream(self, items)

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """All scores once the last member is done, costs as they arise; members' scores are kept in the run's memory.

        Responses that a member left out (the budget is spent) are left out; the next run asks for the rest.
        """
        n = sum(len(item.responses) for item in items)
        gathered = [(np.full(n, np.nan), np.full(n, Outcome.MISSING, dtype=np.uint8)) for _ in self.members]
        reasons: list[dict[int, str]] = [{} for _ in self.members]
        for member, (values, outcomes), why in zip(self.members, gathered, reasons, strict=True):
            for positions, part in inner_scores(member, _shown(items, member.reads), run):
                where = np.asarray(positions, dtype=np.int64)
                values[where], outcomes[where] = part.values, part.outcomes
                why.update({int(where[i]): reason for i, reason in part.reasons.items()})
                if part.cost != Cost():
                    yield (), dataclasses.replace(Scores.missing(0), cost=part.cost)
        there = np.flatnonzero(np.all([outcomes != Outcome.MISSING for _, outcomes in gathered], axis=0))
        place = {int(i): k for k, i in enumerate(there)}
        parts = [
            Scores(values[there], outcomes[there], {place[i]: reason for i, reason in why.items() if i in place})
            for (values, outcomes), why in zip(gathered, reasons, strict=True)
        ]
        yield there.tolist(), self.join(parts)

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """What the members would cost at most, as far as they can say; see `scoring.Forecasting`."""
        total = Cost()
        for member in self.members:
            if isinstance(member, Forecasting):
                total = total + member.forecast(left_to_score(member, _shown(items, member.reads), run), run)
        return total

    def join(self, scores: Sequence[Scores], /) -> Scores:
        """The combination's scores of the members' (n,); see the class for what becomes of missing ones."""
        stack = self.combination.stack
        outcomes = np.stack([one.outcomes for one in scores], axis=-1)
        present = outcomes <= Outcome.TIE
        given = np.where(present, np.stack([one.values for one in scores], axis=-1), np.nan)
        count, m = present.sum(axis=-1), len(self.members)
        values = stack(given) if not self.bound else self.combination.bound(stack, given, self.level)
        enough = (count >= (self.quorum or m // 2 + 1)) & ~np.isnan(values)
        lacking = np.where((outcomes == Outcome.MISSING).any(axis=-1), Outcome.MISSING, Outcome.ABSTAINED)
        lacking = np.where((outcomes == Outcome.FAILED).any(axis=-1), Outcome.FAILED, lacking)
        made = np.where(enough, Outcome.SCORED, lacking).astype(np.uint8)
        reasons: dict[int, str] = {}
        for i in np.flatnonzero(~enough | (count < m)).tolist():
            reasons[i] = f"{count[i]} of {m} members have a score"
            if not enough[i]:
                reasons[i] += next((f": {one.reasons[i]}" for one in scores if i in one.reasons), "")
        for i in sorted({i for one in scores for i in one.reasons} - reasons.keys()):
            reasons[i] = next(one.reasons[i] for one in scores if i in one.reasons)
        return Scores(np.where(enough, values, np.nan), made, dict(sorted(reasons.items())))


def load_combined(target: str | None = None, bound: str = "", level: float = 0.9, quorum: int = 0) -> Combined:
    """The scorer ``combined:FILE.json?bound=lower&level=0.9&quorum=2``.

    Raises
    ------
    SpecError, UnknownNameError
        If the file holds no combination, lists itself, an option makes no sense, or a member is not the scorer that the
        combination was fitted on.
    """
    if not target:
        raise SpecError("combined needs a file: write combined:FILE.json; 'rewardmeter combine' makes one")
    if not math.isfinite(level):
        raise SpecError(f"combined: level={level} must be a number")
    with _reading(Path(target)):
        combination = read_combination(target)
        members = tuple(made_member(one, target) for one in combination.members)
    return Combined(combination, members, target, bound, level, quorum)


def _shown(items: Sequence[Item], reads: frozenset[str]) -> list[Item]:
    """The items as a member may see them."""
    return [
        dataclasses.replace(
            item,
            prompt=item.prompt if "prompt" in reads else None,
            references=item.references if "references" in reads else (),
        )
        for item in items
    ]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Refuses a combination while the same one is being made: its members would never end."""
    file, outer = path.expanduser().resolve(), _being_read.get()
    if file in outer:
        raise SpecError(f"combination {path} is a member of itself")
    token = _being_read.set((*outer, file))
    try:
        yield
    finally:
        _being_read.reset(token)
