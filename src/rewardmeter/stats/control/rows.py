"""What a control is fitted on: scores and covariates of responses, and which pairs of them were judged.

May import: `stats.scaling.records`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.scaling.records import Floats

__all__ = ["ControlRows", "Indices", "Mask"]

Mask = NDArray[np.bool_]
Indices = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class ControlRows:
    """R responses and P judged pairs of them.

    Attributes
    ----------
    scores: float64 (R,), NaN where there is none.
    covariates: float64 (C, R), NaN where there is none.
    a, b: integers (P,), the responses of each pair.
    item: integers (P,) from 0 up; the two responses of a pair belong to it.
    preference: float64 (P,) in [0, 1] that a is better, NaN where unknown; None where there are ratings.
    rating: float64 (R,), NaN where there is none; None where there are preferences, or the gold is to be ignored.

    Raises
    ------
    ValueError
        Shapes that do not fit, infinite numbers, both kinds of gold.
    """

    scores: Floats
    covariates: Floats
    a: Indices
    b: Indices
    item: Indices
    preference: Floats | None = None
    rating: Floats | None = None

    def __post_init__(self) -> None:
        responses, pairs = self.scores.shape, self.a.shape
        if self.scores.ndim != 1 or self.covariates.ndim != 2 or self.covariates.shape[1:] != responses:
            raise ValueError(f"scores must be (R,) and covariates (C, R); got {responses} and {self.covariates.shape}")
        if self.a.ndim != 1 or self.b.shape != pairs or self.item.shape != pairs:
            raise ValueError(f"a, b and item must be (P,); got {pairs}, {self.b.shape} and {self.item.shape}")
        if self.preference is not None and self.rating is not None:
            raise ValueError("gold is either preferences or ratings")
        for name, gold, wanted in (("preference", self.preference, pairs), ("rating", self.rating, responses)):
            if gold is not None and gold.shape != wanted:
                raise ValueError(f"{name} must be {wanted}; got {gold.shape}")
        for name, numbers in (("score", self.scores), ("covariate", self.covariates), ("rating", self.rating)):
            if numbers is not None and np.isinf(numbers).any():
                raise ValueError(f"a {name} is infinite")

    @property
    def margin(self) -> Floats:
        """(P,) differences of the scores."""
        return self.scores[self.a] - self.scores[self.b]

    def usable(self) -> Mask:
        """(P,): pairs of which scores, covariates and, where there is any, gold are known."""
        known = ~np.isnan(self.scores) & ~np.isnan(self.covariates).any(axis=0)
        if self.rating is not None:
            known &= ~np.isnan(self.rating)
        both: Mask = known[self.a] & known[self.b]
        return both if self.preference is None else both & ~np.isnan(self.preference)

    def of(self, pairs: Mask) -> ControlRows:
        """Some of the pairs, with all responses."""
        preference = None if self.preference is None else self.preference[pairs]
        return replace(self, a=self.a[pairs], b=self.b[pairs], item=self.item[pairs], preference=preference)

    def without_covariates(self) -> ControlRows:
        """The same with no covariate."""
        return replace(self, covariates=self.covariates[:0])
