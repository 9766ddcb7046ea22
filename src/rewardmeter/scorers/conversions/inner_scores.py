"""The scores of the scorer within a conversion, each paid for once. May import `scoring`, `types`, `errors`."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rewardmeter.errors import (
    MissingDataError,
    MissingExtraError,
    ScorerError,
    SpecError,
    StoreError,
    UnknownNameError,
)
from rewardmeter.scoring import Part, Run, Scorer, Streaming, signature_of
from rewardmeter.scoring.run import checked_positions
from rewardmeter.types import Item, Outcome, Scores

__all__ = ["NO_RESPONSES_FAULT", "Gathering", "failure", "inner_scores", "left_to_score", "mark_of"]

NO_RESPONSES_FAULT = (MissingDataError, MissingExtraError, ScorerError, SpecError, StoreError, UnknownNameError)
"""What no response is to blame for; it ends the run."""

_AT_ONCE = 64
_LONGEST_REASON = 500


def failure(error: Exception) -> str:
    """An exception as a reason."""
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"


def mark_of(scorer: Scorer) -> str | None:
    """What stands for a scorer in the keys of a memory; None for one that must be asked anew every time."""
    signature = signature_of(scorer)
    return signature.fingerprint if signature.storable and scorer.laws.deterministic else None


class Gathering:
    """Scores that come in any order, gathered until all of a group of neighbouring responses are there.

    What is yielded as `MISSING` has not come.

    Parameters
    ----------
    sizes:
        How many responses each group has.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self._start = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        n = int(self._start[-1])
        self._values, self._outcomes = np.full(n, np.nan), np.full(n, Outcome.MISSING, dtype=np.uint8)
        self._reasons: dict[int, str] = {}
        self._seen = np.zeros(n, dtype=bool)

    def add(self, positions: Sequence[int], part: Scores) -> list[tuple[int, Scores]]:
        """Take in a part; the numbers and scores of the groups that it completes.

        Raises
        ------
        ScorerError
            If a position was there before or does not exist.
        """
        where = checked_positions(positions, part, self._seen)
        self._values[where], self._outcomes[where] = part.values, part.outcomes
        self._reasons.update({int(where[i]): reason for i, reason in part.reasons.items()})
        groups = np.unique(np.searchsorted(self._start, where, side="right") - 1).tolist()
        return [(group, self._scores(self.positions(group))) for group in groups if self._complete(group)]

    def positions(self, group: int) -> range:
        """Where the responses of a group are among all."""
        return range(int(self._start[group]), int(self._start[group + 1]))

    def _complete(self, group: int) -> bool:
        return bool(np.all(self._outcomes[self._start[group] : self._start[group + 1]] != Outcome.MISSING))

    def _scores(self, where: range) -> Scores:
        reasons = {i - where.start: self._reasons[i] for i in where if i in self._reasons}
        return Scores(self._values[where.start : where.stop], self._outcomes[where.start : where.stop], reasons)


class _Unit(NamedTuple):
    """The least that is scored by itself: a response, or a whole item where the scorer is not pointwise."""

    item: int
    within: range
    positions: range
    key: bytes


def inner_scores(scorer: Scorer, items: Sequence[Item], run: Run) -> Iterator[Part]:
    """The scores of any scorer as a stream: first what the memory holds, then what is left to score and is kept there.

    A unit is kept or scored whole, so that scores that depend on each other are of one time. One in which a response
    failed is not kept: the failure may pass. A scorer that is not deterministic, or has no storable signature, is asked
    anew.
    """
    mark = mark_of(scorer)
    if mark is None:
        yield from _asked(scorer, items, run)
        return
    units = _units(scorer, mark, items)
    known = run.memory.recall([unit.key for unit in units])
    there, left = [unit for unit in units if unit.key in known], [unit for unit in units if unit.key not in known]
    if there:
        yield _positions(there), Scores.concatenate([_read(known[unit.key]) for unit in there])
    if not left:
        return
    positions_left = _positions(left)
    gathering = Gathering([len(unit.positions) for unit in left])
    for positions, part in _asked(scorer, _items_of(items, left), run):
        for i, scores in gathering.add(positions, part):
            if np.all(scores.outcomes != Outcome.FAILED):
                run.memory.keep(left[i].key, _written(scores))
        yield [positions_left[i] for i in positions], part


def left_to_score(scorer: Scorer, items: Sequence[Item], run: Run) -> Sequence[Item]:
    """The items without what the memory holds."""
    mark = mark_of(scorer)
    if mark is None:
        return items
    units = _units(scorer, mark, items)
    known = run.memory.recall([unit.key for unit in units])
    return _items_of(items, [unit for unit in units if unit.key not in known])


def _units(scorer: Scorer, mark: str, items: Sequence[Item]) -> list[_Unit]:
    """The units of the items, whose keys are made of the mark and of what the scorer reads."""
    pointwise, reads = scorer.laws.pointwise, scorer.reads
    units: list[_Unit] = []
    start = 0
    for index, item in enumerate(items):
        prompt = item.prompt if "prompt" in reads else None
        references = item.references if "references" in reads else ()
        context = hashlib.blake2b(b"score " + json.dumps([mark, prompt, references]).encode(), digest_size=16)
        texts = [one.text if "response" in reads else "" for one in item.responses]
        for i in range(len(texts)) if pointwise else range(min(len(texts), 1)):
            within = range(i, i + 1 if pointwise else len(texts))
            key = context.copy()
            key.update(json.dumps([texts[j] for j in within]).encode())
            units.append(_Unit(index, within, range(start + within.start, start + within.stop), key.digest()))
        start += len(texts)
    return units


def _positions(units: Sequence[_Unit]) -> list[int]:
    return [position for unit in units for position in unit.positions]


def _items_of(items: Sequence[Item], units: Sequence[_Unit]) -> list[Item]:
    """The units as items again; those of one item stay together, so that a scorer can share the work on its prompt."""
    made: list[Item] = []
    for index, some in itertools.groupby(units, key=lambda unit: unit.item):
        responses = tuple(items[index].responses[i] for unit in some for i in unit.within)
        made.append(dataclasses.replace(items[index], responses=responses))
    return made


def _written(scores: Scores) -> bytes:
    rows = [
        [value if np.isfinite(value) else None, outcome, scores.reasons.get(i)]
        for i, (value, outcome) in enumerate(zip(scores.values.tolist(), scores.outcomes.tolist(), strict=True))
    ]
    return json.dumps(rows).encode()


def _read(kept: bytes) -> Scores:
    rows = json.loads(kept)
    values = [np.nan if value is None else value for value, _, _ in rows]
    reasons = {i: reason for i, (_, _, reason) in enumerate(rows) if reason is not None}
    return Scores(np.array(values), np.array([outcome for _, outcome, _ in rows], dtype=np.uint8), reasons)


def _asked(scorer: Scorer, items: Sequence[Item], run: Run) -> Iterator[Part]:
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
