"""The store as one run uses it: when writing fails on the way, the run goes on without it. May import `scoring`,
`types`, `errors`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rewardmeter.engine.protocols import KeyArray, Progress, ScoreStore
from rewardmeter.errors import StoreError
from rewardmeter.scoring import RunMemory
from rewardmeter.types import Scores, Signature

__all__ = ["Keeper"]


class Keeper:
    """Keeps a run's scores and is its memory, in the store as long as that can be written, then in this process.

    Parameters
    ----------
    store:
        Where; None for this process alone.
    told:
        Who is told, once, that from now on nothing is stored.
    """

    def __init__(self, store: ScoreStore | None, told: Progress) -> None:
        self._store, self._told = store, told
        self._memory = RunMemory()

    def put(self, signature: Signature, keys: KeyArray, scores: Scores, *, replace: bool = False) -> None:
        """Keep scores, if there is a store."""
        if self._store is not None:
            try:
                self._store.put(signature, keys, scores, replace=replace)
            except StoreError as error:
                self._give_up(error)

    def recall(self, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """What is known of the keys."""
        wanted = list(keys)
        known = dict(self._memory.recall(wanted))
        if self._store is not None:
            try:
                known = {**self._store.recall(wanted), **known}
            except StoreError as error:
                self._give_up(error)
        return known

    def keep(self, key: bytes, value: bytes) -> None:
        """Keep a piece of work."""
        if self._store is not None:
            try:
                self._store.keep(key, value)
            except StoreError as error:
                self._give_up(error)
            else:
                return
        self._memory.keep(key, value)

    def _give_up(self, error: StoreError) -> None:
        self._store = None
        self._told.note(f"{error} Scoring goes on, but from here on nothing is stored.")
