"""Several judges as one. May import `scoring`, `types`, `errors` and the modules beside it."""

from __future__ import annotations

import dataclasses
import math
import statistics
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rewardmeter.errors import InputError, SpecError, UnknownNameError
from rewardmeter.scorers.judges.judge import as_compared, as_scores
from rewardmeter.scorers.judges.verdicts import Verdict
from rewardmeter.scorers.pointwise import Unscored, changed_options, quote_option, spec_of
from rewardmeter.scoring import (
    Compared,
    Forecasting,
    Laws,
    PairRequest,
    PairwiseJudge,
    Part,
    Run,
    Scorer,
    Streaming,
    make_scorer,
    parse_spec,
    score_stream,
    signature_of,
)
from rewardmeter.types import Cost, Item, Outcome, Scores, Signature

__all__ = ["Panel", "panel"]

_COMBINE = ("mean", "majority", "strict-majority")
_being_read: ContextVar[tuple[Path, ...]] = ContextVar("panel files being read, outermost first", default=())


@dataclass(frozen=True)
class Panel:
    """Several scorers, usually judges, that decide together.

    A member that has failed makes the panel fail there, so that the next run can complete it; one that abstains is left
    out, with a remark, as long as enough others have a verdict.

    Parameters
    ----------
    target:
        A panel file (``.toml``) with ``members = ["judge:…", …]`` and the options below; empty if they are given here.
    members:
        Specs, separated by white space.
    combine:
        ``mean`` of the members' numbers; ``majority``: 1 if more of them are above `threshold` than below it, 0 if
        fewer, 0.5 and a `TIE` if as many; ``strict-majority``: 1 or 0 if more than half of all members say so, the
        abstaining ones counted, else the panel abstains.
    threshold:
        What separates a vote for a response from one against it; equal to it is neither.
    quorum:
        Least number of members with a verdict; 0 for more than half.

    Raises
    ------
    SpecError, UnknownNameError
        If there are fewer than two members, or an option makes no sense.
    """

    revision: ClassVar[str] = "1"

    target: str = ""
    members: str = ""
    combine: str = "mean"
    threshold: float = 0.5
    quorum: int = 0
    given: tuple[tuple[str, object], ...] = dataclasses.field(
        default=(), compare=False, repr=False, metadata={"moves_score": False}
    )

    def __post_init__(self) -> None:
        if self.combine not in _COMBINE:
            raise UnknownNameError("way to combine a panel", self.combine, _COMBINE)
        if not math.isfinite(self.threshold):
            raise SpecError(f"panel: threshold={self.threshold} must be a number")
        if len(self.judges) < 2:
            raise SpecError("a panel needs two members: write panel:FILE.toml or panel?members=SPEC SPEC")
        if not 0 <= self.quorum <= len(self.judges):
            raise SpecError(f"panel: quorum={self.quorum} must lie between 0 and the number of members")

    @cached_property
    def judges(self) -> tuple[Scorer, ...]:
        """The members."""
        return tuple(make_scorer(spec) for spec in self.members.split())

    @property
    def name(self) -> str:
        """The shortest spec that makes this panel."""
        if self.target:
            return spec_of(f"panel:{self.target}", dict(self.given))
        return spec_of("panel", {key: value for key, value in changed_options(self).items() if key != "given"})

    @property
    def reads(self) -> frozenset[str]:
        """What any member reads; each is shown its own parts only."""
        return frozenset().union(*(member.reads for member in self.judges))

    @property
    def laws(self) -> Laws:
        """What all members promise."""
        laws = [member.laws for member in self.judges]
        return Laws(
            pointwise=all(one.pointwise for one in laws),
            order_invariant=all(one.order_invariant for one in laws),
            deterministic=all(one.deterministic for one in laws),
        )

    def signature(self) -> Signature:
        """The members' signatures and how they are combined."""
        members = [signature_of(member) for member in self.judges]
        options: dict[str, object] = {
            "members": [f"{one.name} {one.fingerprint}" for one in members],
            "combine": self.combine,
            "threshold": self.threshold,
            "quorum": self.quorum,
        }
        return Signature("panel", options, self.revision, storable=all(one.storable for one in members))

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return score_stream(self, items)

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """Scores as soon as the last member has given its own; see `scoring.Streaming`."""

        def parts(member: Scorer) -> Iterator[tuple[int, float | Unscored, Cost]]:
            shown = [_shown(item, member.reads) for item in items]
            for positions, scores in _stream(member, shown, run):
                cost = scores.cost
                for i, position in enumerate(positions):
                    if scores.outcomes[i] != Outcome.MISSING:
                        yield int(position), _verdict(scores, i), cost
                        cost = Cost()
                if cost != Cost():
                    yield -1, float("nan"), cost

        for position, verdict, cost in self._together(parts):
            if position < 0:
                yield (), as_scores(Verdict(()), 0, cost)
            else:
                yield (position,), as_scores(verdict, 1, cost)

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """What the members would cost at most, as far as they can say; see `scoring.Forecasting`."""
        able = [member for member in self.judges if isinstance(member, Forecasting)]
        shown = [(member, [_shown(item, member.reads) for item in items]) for member in able]
        return sum((member.forecast(of_member, run) for member, of_member in shown), start=Cost())

    def compare_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Iterator[Compared]:
        """The members' verdicts on pairs, combined; see `scoring.PairwiseJudge`.

        Raises
        ------
        SpecError
            If a member compares no pairs.
        """
        judges = {id(member): self._pairwise(member) for member in self.judges}
        answers = self._together(lambda one: judges[id(one)].compare_pairs(requests, run))
        yield from as_compared(
            (position, None if position < 0 else verdict, cost) for position, verdict, cost in answers
        )

    def forecast_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Cost:
        """What `compare_pairs` would take at most."""
        return sum((self._pairwise(one).forecast_pairs(requests, run) for one in self.judges), start=Cost())

    @staticmethod
    def _pairwise(member: Scorer) -> PairwiseJudge:
        if not isinstance(member, PairwiseJudge):
            raise SpecError(f"panel: '{member.name}' compares no pairs; give a judge with mode=pairwise")
        return member

    def _together(
        self, answers: Callable[[Any], Iterator[tuple[int, float | Unscored, Cost]]]
    ) -> Iterator[tuple[int, Verdict | Unscored, Cost]]:
        """One member after the other; position −1 carries a cost that belongs to no position."""
        gathered: dict[int, list[float | Unscored]] = {}
        spent = Cost()
        for member in self.judges:
            for position, verdict, cost in answers(member):
                spent = spent + cost
                if position < 0:
                    continue
                votes = gathered.setdefault(position, [])
                votes.append(verdict)
                if len(votes) == len(self.judges):
                    yield position, self._decide(gathered.pop(position)), spent
                    spent = Cost()
        if spent != Cost():
            yield -1, Verdict(()), spent

    def _decide(self, votes: Sequence[float | Unscored]) -> Verdict | Unscored:
        failed = [vote for vote in votes if isinstance(vote, Unscored) and vote.outcome == Outcome.FAILED]
        if failed:
            return Unscored(f"a judge of the panel has failed: {failed[0].reason}")
        given, n = [vote for vote in votes if not isinstance(vote, Unscored)], len(votes)
        if len(given) < (self.quorum or n // 2 + 1):
            return Unscored(f"{len(given)} of {n} judges gave a verdict", Outcome.ABSTAINED)
        remark = "" if len(given) == n else f"{len(given)} of {n} judges gave a verdict"
        if self.combine == "mean":
            return Verdict((statistics.fmean(given),), remark=remark)
        above = sum(vote > self.threshold for vote in given)
        below = sum(vote < self.threshold for vote in given)
        if self.combine == "majority":
            value = 0.5 if above == below else float(above > below)
            return Verdict((value,), (above == below,), remark)
        if 2 * max(above, below) <= n:
            return Unscored("no strict majority among the judges", Outcome.ABSTAINED)
        return Verdict((float(above > below),), remark=remark)


def panel(
    target: str | None = None,
    members: str = "",
    combine: str = "mean",
    threshold: float = 0.5,
    quorum: int = 0,
) -> Panel:
    """The panel that a spec names: ``panel:FILE.toml?…`` or ``panel?members=SPEC SPEC``, blanks written ``%20``.

    Raises
    ------
    InputError
        If the panel file cannot be read or holds what is no option.
    SpecError
        If the panel file lists itself, be it through another one.
    """
    options: dict[str, Any] = {"members": members, "combine": combine, "threshold": threshold, "quorum": quorum}
    defaults = {one.name: one.default for one in dataclasses.fields(Panel)}
    given = {key: value for key, value in options.items() if value != defaults[key]}
    if not target:
        return Panel(**given)
    with _reading(Path(target)):
        return Panel(target=target, given=tuple(given.items()), **{**_read_file(Path(target)), **given})


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Refuses a panel file while the same one is being made: its members would never end."""
    file, outer = path.expanduser().resolve(), _being_read.get()
    if file in outer:
        chain = " → ".join(one.name for one in (*outer[outer.index(file) :], file))
        raise SpecError(f"panel: {path} is a member of itself: {chain}")
    token = _being_read.set((*outer, file))
    try:
        yield
    finally:
        _being_read.reset(token)


def _read_file(path: Path) -> Mapping[str, Any]:
    try:
        table = tomllib.loads(path.expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the panel file cannot be read ({error.strerror})", path=path) from error
    except ValueError as error:
        raise InputError(f"not TOML: {error}", path=path) from error
    kinds: dict[str, tuple[type, ...]] = {
        "members": (list,),
        "combine": (str,),
        "threshold": (int, float),
        "quorum": (int,),
    }
    for key, value in table.items():
        if key not in kinds:
            raise InputError(f"'{key}' is no option of a panel", path=path, fix=f"There are: {', '.join(kinds)}.")
        if not isinstance(value, kinds[key]) or isinstance(value, bool):
            raise InputError(f"{key} = {value!r} has the wrong type", path=path)
    listed = table.get("members", [])
    if not all(isinstance(one, str) for one in listed):
        raise InputError("members must be a list of specs", path=path)
    members = " ".join(str(quote_blanks(_from_folder(one, path.parent))) for one in listed)
    if "threshold" in table:
        table["threshold"] = float(table["threshold"])
    return table | {"members": members}


def _from_folder(spec: str, folder: Path) -> str:
    """A member's spec with a judge file's path counted from the panel file's folder."""
    parsed = parse_spec(spec)
    if parsed.target is None or not parsed.target.endswith(".toml"):
        return spec
    return spec.replace(f":{parsed.target}", f":{folder / parsed.target}", 1)


def quote_blanks(spec: str) -> str:
    """A spec without white space, which separates the members."""
    return "".join(quote_option(letter) if letter.isspace() else letter for letter in spec)


def _shown(item: Item, reads: frozenset[str]) -> Item:
    """The item as a member may see it."""
    return dataclasses.replace(
        item,
        prompt=item.prompt if "prompt" in reads else None,
        references=item.references if "references" in reads else (),
    )


def _stream(member: Scorer, items: Sequence[Item], run: Run) -> Iterator[Part]:
    if isinstance(member, Streaming):
        yield from member.stream(items, run)
    else:
        scores = member(items)
        yield range(len(scores)), scores


def _verdict(scores: Scores, i: int) -> float | Unscored:
    outcome = Outcome(int(scores.outcomes[i]))
    if outcome.has_value and np.isfinite(scores.values[i]):
        return float(scores.values[i])
    return Unscored(scores.reasons.get(i, outcome.name.lower()), outcome)
