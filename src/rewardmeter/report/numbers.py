"""Numbers for people: honest digits, aligned on the decimal point. May import `stats.result`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rewardmeter.stats.result import Estimate, short

if TYPE_CHECKING:
    from rewardmeter.types import Cost

__all__ = ["cost_text", "duration", "price", "value_and_half_width"]


def value_and_half_width(estimate: Estimate) -> tuple[str, str]:
    """``(".543", "±.004")``; no interval leaves the second empty, no value makes the first "undefined"."""
    if not estimate.defined:
        return "undefined", ""
    decimals = estimate.decimals
    value = short(estimate.value, decimals)
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return value, ""
    return value, f"±{short((estimate.high - estimate.low) / 2, decimals)}"


def price(dollars: float) -> str:
    """``$1.20``, ``$0.0034``: cents, or two digits where it is less; ``$?`` where nobody knows."""
    if math.isnan(dollars):
        return "$?"
    return f"${dollars:,.2f}" if dollars >= 0.1 or dollars == 0 else f"${dollars:.2g}"


def cost_text(cost: Cost | None) -> str:
    """Dollars where some were paid, then time: ``$1.20 · 12 s``; – where nothing is known."""
    if cost is None:
        return "–"
    time = duration(cost.seconds) if cost.seconds >= 0.1 else "<0.1 s"
    return f"{price(cost.dollars)} · {time}" if cost.dollars != 0 else time


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
