"""The map of a control: a score less what follows its covariates.

May import: `curve`, `fit`, `stats.scaling.records`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.control.curve import CovariateCurve, curve_from_dict
from rewardmeter.stats.control.fit import correction
from rewardmeter.stats.scaling.records import READERS, Floats, Map, checked_scores, list_of

__all__ = ["ControlMap", "Curves"]

Curves = tuple[CovariateCurve, ...]
Own = Literal["score"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ControlMap(Map):
    """score - sum of f_c(covariate c), in the score's own unit: the target is ``score``.

    ``curves`` has one f_c for each covariate, one or more. Monotone in the score for given covariates.
    """

    kind: ClassVar[str] = "control"
    needs: ClassVar[tuple[str, ...]] = ("covariates",)
    target: Own = "score"
    curves: Curves

    def __post_init__(self) -> None:
        self._require(len(self.curves) > 0, "there is no curve")

    def __call__(
        self,
        scores: ArrayLike,
        *,
        length: ArrayLike | None = None,
        slice: ArrayLike | None = None,
        covariates: ArrayLike | None = None,
    ) -> Floats:
        """Controlled scores, in the shape of the scores; NaN where a score or one of its covariates is NaN.

        ``covariates`` (C, ...), in the order of the curves and the unit of the fit. Beyond the range of the fit a curve
        is held at its end. ValueError for infinite scores and for covariates that are not given or too few.
        """
        x = checked_scores(scores)
        if covariates is None:
            raise ValueError(f"a map of kind {self.kind!r} needs the covariates of each response")
        given = np.asarray(covariates, dtype=np.float64)
        if given.shape != (len(self.curves), *x.shape):
            raise ValueError(f"covariates must be {(len(self.curves), *x.shape)}; got {given.shape}")
        return x - correction(self.curves, given)

    def outside(self, covariates: Floats) -> Any:
        """Which covariates, bool (C, ...), lie beyond the range of the fit."""
        return np.stack([curve.outside(x) for curve, x in zip(self.curves, covariates, strict=True)])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `map_from_dict` reads them."""
        return {"kind": self.kind, "target": self.target, "curves": [curve.to_dict() for curve in self.curves]}


def _curves_of(name: str, value: Any) -> Curves:
    return tuple(curve_from_dict(f"{name}[{i}]", part) for i, part in enumerate(list_of(name, value)))


def _own(name: str, value: Any) -> Any:
    if value != "score":
        raise ValueError(f"{name} must be score, not {value!r}")
    return value


READERS["Curves"] = _curves_of
READERS["Own"] = _own
