"""What a statistic returns to a person: a number that carries its interval, its count and its method.

Imports nothing of ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Estimate", "short", "undefined"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """One statistic with its uncertainty.

    Attributes
    ----------
    value:
        Point value; NaN where the statistic is undefined (a constant vector, no data).
    low, high:
        Interval ends at ``level``; NaN where no interval could be made.
    level:
        Nominal coverage of the interval, in (0, 1).
    n:
        How many units the value rests on: cells for pooled statistics, groups for grouped ones, pairs for pair ones.
    method:
        How the interval was made, in words ("bootstrap over items, percentile, 1000 resamples").
    undefined:
        How many groups were left out because the statistic is undefined there.
    detail:
        Numbers that belong to the value, by name (``epsilon`` of a tie calibration).
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    level: float = 0.95
    n: int = 0
    method: str = "none"
    undefined: int = 0
    detail: Mapping[str, float] = field(default_factory=dict)

    @property
    def defined(self) -> bool:
        """Whether there is a value at all."""
        return not math.isnan(self.value)

    @property
    def decimals(self) -> int:
        """Decimal places worth printing, 0 to 4: two digits of the interval's half width if they are below 3.545, else
        one (the rounding rule of the Particle Data Group); 3 where there is no interval."""
        half = (self.high - self.low) / 2
        if not half > 0:
            return 3
        power = math.floor(math.log10(half))
        return min(4, max(0, 1 - power if half / 10.0**power < 3.545 else -power))

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values; ``None`` stands where a number is undefined."""
        record: dict[str, object] = {
            "value": _plain(self.value),
            "low": _plain(self.low),
            "high": _plain(self.high),
            "level": self.level,
            "n": int(self.n),
            "method": self.method,
        }
        if self.undefined:
            record["undefined_groups"] = int(self.undefined)
        record.update({name: _plain(value) for name, value in self.detail.items()})
        return record

    def __str__(self) -> str:
        if not self.defined:
            return "undefined"
        if math.isnan(self.low) or math.isnan(self.high):
            return f"{self.value:.4f} (n = {self.n:,})"
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}] (n = {self.n:,})"


def undefined(n: int = 0, *, level: float = 0.95, method: str = "undefined") -> Estimate:
    """An estimate that says that there is nothing to estimate."""
    return Estimate(math.nan, level=level, n=n, method=method)


def short(value: float, decimals: int) -> str:
    """A number without the zero before its point: ``.543``, ``-.02``, ``1.25``."""
    text = f"{value:.{decimals}f}"
    if not text.strip("-0."):
        text = text.removeprefix("-")  # there is no minus nought
    if text.startswith("0."):
        return text[1:]
    return f"-{text[2:]}" if text.startswith("-0.") else text


def _plain(value: float) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None
