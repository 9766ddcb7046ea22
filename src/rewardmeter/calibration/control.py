"""`Control`: a scorer's scores less what follows covariates, and what that did to pairs that the fit has not seen.

May import `stats`, `calibrator` of this folder, `version`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rewardmeter.calibration.calibrator import Calibrator
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.scaling import FEWEST_ITEMS, Gain

__all__ = ["ACCURACY", "DEPENDENCE", "Control", "ControlledStatistic"]

ACCURACY, DEPENDENCE = "accuracy", "dependence"


@dataclass(frozen=True, eq=False)
class ControlledStatistic:
    """One statistic of held-out pairs before and after the control.

    Attributes
    ----------
    measure:
        ``accuracy`` (a scorer's tie counts ½, so that breaking ties by a covariate wins nothing), the same where the
        right answer has ``more`` or ``less`` of a covariate, or ``dependence``: how many spreads the margin moves for
        one spread of the covariate, people's judgement held fixed, in the spread of the margins before.
    covariate:
        Its spec; empty for the accuracy of all pairs.
    before, after, change:
        Estimates with intervals over items; the change is paired.
    shown:
        Of a dependence: whether that before the control is shown, over all covariates together.
    """

    measure: str
    covariate: str
    before: Estimate
    after: Estimate
    change: Estimate
    shown: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "measure": self.measure,
            "covariate": self.covariate or None,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "change": self.change.to_dict(),
            **({"shown": self.shown} if self.measure == DEPENDENCE else {}),
        }


@dataclass(frozen=True, eq=False)
class Control:
    """A control and what it is worth.

    Attributes
    ----------
    calibrator:
        Fitted on everything: what is shipped.
    explained:
        Which share of what people's judgement leaves open in margins the covariates predict, on items that the fit has
        not seen; 0 for nothing, at most 1. It also sees dependence that is no line.
    statistics:
        Before and after, on such items: accuracy first, then by covariate.
    tolerance:
        How much accuracy may fall.
    caveats:
        What else to know.
    """

    calibrator: Calibrator
    explained: Gain
    statistics: tuple[ControlledStatistic, ...]
    tolerance: float
    caveats: tuple[str, ...] = ()

    def __getitem__(self, name: str | tuple[str, str]) -> ControlledStatistic:
        """``"accuracy"``, or a measure and a covariate: ``"dependence", "length"``; KeyError where there is none."""
        measure, covariate = (name, "") if isinstance(name, str) else name
        for one in self.statistics:
            if (one.measure, one.covariate) == (measure, covariate):
                return one
        raise KeyError(name)

    @property
    def accuracy(self) -> ControlledStatistic:
        """Of all pairs."""
        return self[ACCURACY]

    @property
    def dependent(self) -> bool:
        """Whether a dependence is shown that the fit has caught: margins of held-out items are shown to be predicted,
        or follow a covariate in a line and are not predicted worse than without it."""
        lines = any(one.shown for one in self.statistics)
        return self.explained.worth_having or (lines and self.explained.estimate.value > 0)

    @property
    def costly(self) -> bool:
        """Whether accuracy is shown to fall by more than the tolerance."""
        return self.accuracy.change.high < -self.tolerance

    @property
    def survives(self) -> bool:
        """Whether the real signal is shown to survive: accuracy falls by no more than the tolerance."""
        return self.accuracy.change.low >= -self.tolerance

    @property
    def worth_having(self) -> bool:
        """Whether a dependence is shown, and accuracy is not shown to fall by more than the tolerance."""
        return self.dependent and not self.costly

    @property
    def verdict(self) -> str:
        """One sentence: is it worth having?"""
        if self.explained.items < FEWEST_ITEMS:
            return f"Not shown to be worth having: {self.explained.items} judged items are too few."
        lines = ", ".join(one.covariate for one in self.statistics if one.shown)
        names = lines or "the covariates, not in a line"
        predicted = f"{_percent(self.explained.estimate)} of what the judgements leave open in held-out margins"
        if not self.dependent and lines:
            return (
                f"Not shown to be worth having: scores depend on {lines}, but the fit has not caught it (the control"
                f" predicts {predicted}); try fewer covariates, or straight lines (--degrees 1)."
            )
        if not self.dependent:
            return f"Not shown to be worth having: no dependence is shown, the covariates predict {predicted}."
        found = f"scores depend on {names} (the control predicts {predicted})"
        points = f"{100 * self.tolerance:g} point{'' if self.tolerance == 0.01 else 's'}"
        change = self.accuracy.change
        said = f"accuracy changes by {_points(change)} points"
        if self.costly:
            return f"Not worth having: {found}, but {said}, shown to fall by more than {points}."
        if not change.defined:
            return f"Worth having: {found}; what it does to accuracy is not known."
        ruled = "no more than" if self.survives else "more than"
        worth = "Worth having, at a price" if change.high < 0 else "Worth having"
        made = f"{worth}: {found}, and {said}, {'' if self.survives else 'not '}shown to fall by {ruled} {points}."
        after = self.accuracy.after
        if after.low <= 0.5:
            made += f" But what is left is not shown to beat a coin: accuracy {_percent(after)}."
        return made

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "scorer": self.calibrator.spec,
            "data": dict(self.calibrator.data),
            "verdict": self.verdict,
            "worth_having": self.worth_having,
            "survives": self.survives,
            "tolerance": self.tolerance,
            "explained": self.explained.to_dict(),
            "statistics": [one.to_dict() for one in self.statistics],
            "map": self.calibrator.map.to_dict(),
            "covariates": [one.to_dict() for one in self.calibrator.covariates],
            "caveats": list(self.caveats),
            "rewardmeter": self.calibrator.version,
        }


def _percent(share: Estimate) -> str:
    value, low, high = (100 * number for number in (share.value, share.low, share.high))
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"


def _points(change: Estimate) -> str:
    value, low, high = (100 * number for number in (change.value, change.low, change.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
