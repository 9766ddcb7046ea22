"""Which values of a statistic are better. Imports nothing of ours."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["which_is_better"]

_NEAR = {
    "calibration.slope": 1.0,
    "calibration.intercept": 0.0,
    "calibration.overconfidence": 0.0,
    "calibration.rating_slope": 1.0,
    "calibration.rating_intercept": 0.0,
}
"""Statistics with a right value inside their range."""
_COIN = {"calibration.nll": (math.log(2), "low"), "calibration.auc": (0.5, "high")}
_MORE = ("discrimination", "sharpness", "confidence_auc", "margin_slope", "margin_linearity")


def which_is_better(statistic: str) -> dict[str, Any]:
    """``better``: ``"high"``, ``"low"`` or ``"near"`` its ``ideal``; a ``reference`` to draw: ``value`` and ``label``.

    Plain JSON values; nothing for statistics outside ``calibration``, of which more is better.
    """
    if not statistic.startswith("calibration."):
        return {}
    if statistic in _NEAR:
        ideal = _NEAR[statistic]
        return {"better": "near", "ideal": ideal, "reference": {"value": ideal, "label": "right"}}
    if statistic in _COIN:
        value, better = _COIN[statistic]
        return {"better": better, "reference": {"value": value, "label": "a coin"}}
    return {"better": "high" if statistic.removeprefix("calibration.") in _MORE else "low"}
