"""What the engine asks of its surroundings: a place to keep scores and somebody to tell. May import `types`.

The engine depends on these two protocols only: the SQLite store in `io.store` and the displays in `cli.progress`
follow them, and so can anything else.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rewardmeter.types import Cost, Scores, Signature

__all__ = ["KeyArray", "Progress", "ScoreStore", "WarningsOnly"]

KeyArray = NDArray[np.uint8]
"""Input keys, uint8 (n, 16): one 16-byte digest per row."""


class ScoreStore(Protocol):
    """Keeps scores under (signature, input key)."""

    def get(self, signature: Signature, keys: KeyArray) -> Scores:
        """What is stored for the keys, all different, in their order; `Outcome.MISSING` where nothing is."""
        ...

    def put(self, signature: Signature, keys: KeyArray, scores: Scores, *, replace: bool = False) -> None:
        """Keep the scores of the keys, all of them or, on `StoreError`, none.

        A score that is already there stays and a stored failure gives way to what comes later; with ``replace``
        everything does, to `Outcome.MISSING` too. Their cost is added to what the signature has cost before.
        """
        ...

    def spent(self, signature: Signature) -> tuple[Cost, int]:
        """What a signature has cost so far, failures included, and how many inputs got a score for it."""
        ...

    def recall(self, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """Pieces of work kept before, by key: the store is a run's memory too."""
        ...

    def keep(self, key: bytes, value: bytes) -> None:
        """Keep a piece of work."""
        ...


class Progress(Protocol):
    """Is told how scoring goes on; all counts are responses of the dataset."""

    def start(self, total: int, label: str, from_store: int) -> None:
        """Scoring begins: ``total`` responses by the scorer ``label``, ``from_store`` of them known already."""
        ...

    def advance(self, n: int, failed: int) -> None:
        """``n`` more responses are done; ``failed`` responses more than before have failed."""
        ...

    def note(self, text: str) -> None:
        """One sentence that the user must see; may come before `start`."""
        ...

    def finish(self) -> None:
        """Scoring has ended, whether well or not."""
        ...


class WarningsOnly:
    """The progress of those who asked for none: notes become warnings, so that nothing is silent."""

    def start(self, total: int, label: str, from_store: int) -> None:
        """Say nothing."""

    def advance(self, n: int, failed: int) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Warn."""
        warnings.warn(text, RuntimeWarning, stacklevel=2)

    def finish(self) -> None:
        """Say nothing."""
