"""Numbers for people: honest digits, aligned on the decimal point. May import `stats.result`."""

from __future__ import annotations

import math

from rewardmeter.stats.result import Estimate, short

__all__ = ["duration", "value_and_half_width"]


def value_and_half_width(estimate: Estimate) -> tuple[str, str]:
    """``(".543", "±.004")``; no interval leaves the second empty, no value makes the first "undefined"."""
    if not estimate.defined:
        return "undefined", ""
    decimals = estimate.decimals
    value = short(estimate.value, decimals)
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return value, ""
    return value, f"±{short((estimate.high - estimate.low) / 2, decimals)}"


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"

