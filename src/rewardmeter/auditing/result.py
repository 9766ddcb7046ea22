"""`DataAudit`: how much of the gold can be won without reading. May import `stats`, `types`, `version`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewardmeter.stats.result import Estimate
from rewardmeter.version import __version__

__all__ = ["DataAudit", "DataProbe"]


@dataclass(frozen=True, eq=False)
class DataProbe:
    """One content-blind rule on the whole data or a part of it.

    Attributes
    ----------
    probe:
        What it prefers, ``shorter`` for instance.
    says:
        What it looks at.
    estimate:
        Share of decided pairs that it wins, with an interval over items; pairs that it cannot tell apart are not won.
        Undefined where it does not apply.
    half_ties:
        The same with a half for each pair that it cannot tell apart, so that chance is ½.
    column, value:
        The part; empty for all of the data.
    p:
        Of the exact sign test over items against ½, two-sided; NaN where it was not tested.
    p_adjusted:
        The same after Holm, over all rules on all parts.
    reason:
        Why it does not apply; empty where it does.
    """

    probe: str
    says: str
    estimate: Estimate
    half_ties: Estimate
    column: str = ""
    value: str = ""
    p: float = math.nan
    p_adjusted: float = math.nan
    reason: str = ""

    @property
    def significant(self) -> bool:
        """Whether it is shown to win more than ½."""
        return self.p_adjusted < 1 - self.half_ties.level and self.half_ties.value > 0.5

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "probe": self.probe,
            "slice": {"column": self.column, "value": self.value} if self.column else None,
            "estimate": self.estimate.to_dict(),
            "estimate_half_ties": self.half_ties.to_dict(),
            "p": None if math.isnan(self.p) else self.p,
            "p_adjusted": None if math.isnan(self.p_adjusted) else self.p_adjusted,
            "reason": self.reason,
        }


@dataclass(frozen=True, eq=False)
class DataAudit:
    """The rules by how far above chance they are, those that do not apply last."""

    dataset: Mapping[str, Any]
    gold: Mapping[str, Any]
    settings: Mapping[str, Any]
    probes: tuple[DataProbe, ...]
    headline: tuple[str, ...] = ()

    def __getitem__(self, probe: str) -> DataProbe:
        """A rule on all of the data; KeyError where there is none of that name."""
        for one in self.probes:
            if one.probe == probe and not one.column:
                return one
        raise KeyError(probe)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "rewardmeter": __version__,
            "dataset": dict(self.dataset),
            "gold": dict(self.gold),
            "settings": dict(self.settings),
            "headline": list(self.headline),
            "data": [probe.to_dict() for probe in self.probes],
            "scorers": [],
        }
