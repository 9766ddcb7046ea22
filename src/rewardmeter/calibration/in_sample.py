"""What data a scorer was fitted on. May import `scoring` and the files of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rewardmeter.calibration.calibrated import Calibrated
from rewardmeter.calibration.combined import Combined
from rewardmeter.scoring import Derived, Joined, Scorer

__all__ = ["fitted_on", "hashes_of"]


def fitted_on(scorer: Scorer) -> frozenset[str]:
    """`Dataset.judged_hash` of the data that calibrators and combinations in a scorer were fitted on, however deep."""
    found = frozenset[str]()
    if isinstance(scorer, Calibrated):
        found |= hashes_of(scorer.calibrator.data)
    if isinstance(scorer, Combined):
        found |= hashes_of(scorer.combination.data)
    if isinstance(scorer, Derived):
        found |= fitted_on(scorer.inner)
    if isinstance(scorer, Joined):
        found = found.union(*map(fitted_on, scorer.members))
    return found


def hashes_of(data: Mapping[str, Any]) -> frozenset[str]:
    """The hash in what a file says of its data; none in files that do not say."""
    value = data.get("judged_hash")
    return frozenset([value]) if isinstance(value, str) else frozenset()
