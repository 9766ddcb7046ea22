"""Paired comparisons: what a tournament within items has seen. Imports only `errors`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rewardmeter.errors import ScorerError

__all__ = ["Comparisons"]

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Comparisons:
    """The comparisons behind the scores of n responses, C of them, and the strengths that they gave.

    Only responses of one item are ever compared, so that positions among the responses are all that it takes.

    Attributes
    ----------
    first, second:
        int64 (C,): positions of the response that was shown first and of the other, in the order of asking.
    credit:
        float64 (C,): 1 where the first is better, 0 where the second is, 0.5 for a tie, in between for a chance that
        the first is better. NaN where no verdict came.
    strengths:
        float64 (n,): log-odds with mean 0 in each item; NaN for a response without a verdict.
    errors:
        float64 (n,): posterior standard deviation of the strengths.
    reasons:
        Why no verdict came, by position among the comparisons.

    Raises
    ------
    ScorerError
        If shapes differ, a position does not exist, a response meets itself or a credit lies outside [0, 1].
    """

    first: Positions
    second: Positions
    credit: Floats
    strengths: Floats
    errors: Floats
    reasons: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, kind in (("first", np.int64), ("second", np.int64), ("credit", np.float64)):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=kind))
        for name in ("strengths", "errors"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        if not self.first.shape == self.second.shape == self.credit.shape or self.first.ndim != 1:
            raise ScorerError("first, second and credit of comparisons must be three equal-length vectors")
        if self.strengths.ndim != 1 or self.strengths.shape != self.errors.shape:
            raise ScorerError("strengths and errors must be two equal-length vectors")
        both = np.concatenate([self.first, self.second])
        if len(both) and (both.min() < 0 or both.max() >= len(self.strengths) or np.any(self.first == self.second)):
            raise ScorerError(f"a comparison must be of two different responses among {len(self.strengths):,}")
        if np.any((self.credit < 0) | (self.credit > 1)):
            raise ScorerError("the credit of a comparison must lie in [0, 1], NaN where no verdict came")

    @classmethod
    def empty(cls, n: int) -> Comparisons:
        """No comparisons among n responses."""
        none = np.empty(0, dtype=np.int64)
        return cls(none, none, np.empty(0), np.full(n, np.nan), np.full(n, np.nan))

    @classmethod
    def placed(cls, pieces: Iterable[tuple[NDArray[np.int64], Comparisons]], n: int) -> Comparisons:
        """Pieces as one among n responses; each comes with the positions, (m,), that its m responses have there."""
        pieces = list(pieces)
        whole = cls.empty(n)
        if not pieces:
            return whole
        reasons: dict[int, str] = {}
        asked = 0
        for where, piece in pieces:
            whole.strengths[where], whole.errors[where] = piece.strengths, piece.errors
            reasons.update({asked + position: reason for position, reason in piece.reasons.items()})
            asked += len(piece)
        return cls(
            np.concatenate([where[piece.first] for where, piece in pieces]),
            np.concatenate([where[piece.second] for where, piece in pieces]),
            np.concatenate([piece.credit for _, piece in pieces]),
            whole.strengths,
            whole.errors,
            reasons,
        )

    def flipped(self) -> Comparisons:
        """The same with better and worse exchanged."""
        return Comparisons(self.first, self.second, 1 - self.credit, -self.strengths, self.errors, self.reasons)

    def __len__(self) -> int:
        return len(self.credit)

    @property
    def ties(self) -> int:
        """How many verdicts were ties."""
        return int(np.count_nonzero(self.credit == 0.5))
