"""What data a scorer was fitted on. May import `scoring` and the files of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rewardmeter.calibration.calibrated import Calibrated
from rewardmeter.calibration.combined import Combined
from rewardmeter.scoring import Derived, Joined, Scorer

__all__ = ["fitted_on"]


def fitted_on(scorer: Scorer) -> frozenset[str]:
    """Content hashes of the data that calibrators and combinations in a scorer were fitted on, however deep."""
    found = frozenset[str]()
    if isinstance(scorer, Calibrated):
        found |= _hash(scorer.calibrator.data)
    if isinstance(scorer, Combined):
        found |= _hash(scorer.combination.data)
    if isinstance(scorer, Derived):
        found |= fitted_on(scorer.inner)
    if isinstance(scorer, Joined):
        found = found.union(*map(fitted_on, scorer.members))
    return found


def _hash(data: Mapping[str, Any]) -> frozenset[str]:
    value = data.get("hash")
    return frozenset([value]) if isinstance(value, str) else frozenset()
