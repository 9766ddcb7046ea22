"""A scorer behind a calibrator is a scorer.

May import `scoring`, `types`, `errors`, `stats` and `calibration.calibrator`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from rewardmeter.calibration.calibrator import Calibrator, read_calibrator
from rewardmeter.errors import SpecError
from rewardmeter.scoring import Forecasting, Laws, Part, Run, Scorer, Streaming, make_scorer, signature_of
from rewardmeter.types import Cost, Item, Outcome, Scores, Signature

__all__ = ["Calibrated", "CalibratedStream", "calibrated", "calibrated_values", "load_calibrated"]


@dataclass(frozen=True)
class Calibrated:
    """The values that a calibrator gives to another scorer's scores. Outcomes, reasons and costs stay.

    Attributes
    ----------
    inner:
        The scorer.
    calibrator:
        Fitted on it.
    path:
        Where the calibrator came from.
    """

    inner: Scorer
    calibrator: Calibrator
    path: str = ""

    @property
    def name(self) -> str:
        return f"{self.inner.name}@{self.path}"

    @property
    def reads(self) -> frozenset[str]:
        return self.inner.reads | {"response"} if "length" in self.calibrator.map.needs else self.inner.reads

    @property
    def laws(self) -> Laws:
        return self.inner.laws

    def signature(self) -> Signature:
        """The inner signature and a hash of the map: where the file lies and when it was made move no score."""
        inner = signature_of(self.inner)
        text = json.dumps(self.calibrator.map.to_dict(), sort_keys=True)
        content = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        return dataclasses.replace(inner, name=f"{inner.name}@", options={**inner.options, "@": content})

    def __call__(self, items: Sequence[Item], /) -> Scores:
        texts = [response.text for item in items for response in item.responses]
        return self.derive(self.inner(items), texts)

    def derive(self, scores: Scores, texts: Sequence[str | None], /) -> Scores:
        """The calibrated values of scores; ``texts`` are the responses'."""
        return dataclasses.replace(
            scores, values=calibrated_values(self.calibrator, scores, texts), signature=None, comparisons=None
        )


@dataclass(frozen=True)
class CalibratedStream(Calibrated):
    """A streaming scorer behind a calibrator."""

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """The inner stream, calibrated."""
        texts = [response.text for item in items for response in item.responses]
        for positions, part in cast(Streaming, self.inner).stream(items, run):
            yield positions, self.derive(part, [texts[i] for i in positions])

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """What the inner scorer would cost."""
        return self.inner.forecast(items, run) if isinstance(self.inner, Forecasting) else Cost()


def calibrated_values(calibrator: Calibrator, scores: Scores, texts: Sequence[str | None]) -> np.ndarray:
    """float64 (R,): the map's values, NaN where there is no score."""
    length = None
    if "length" in calibrator.map.needs:
        length = np.array([np.nan if text is None else len(text) for text in texts], dtype=np.float64)
    there = scores.outcomes <= Outcome.TIE
    return calibrator.map(np.where(there, scores.values, np.nan), length=length)


def calibrated(inner: Scorer, calibrator: Calibrator, path: str = "") -> Calibrated:
    """The scorer behind the calibrator.

    Raises
    ------
    SpecError
        If the calibrator was fitted on another scorer, or needs what a scorer does not see.
    """
    fingerprint = signature_of(inner).fingerprint
    if fingerprint != calibrator.fingerprint:
        raise SpecError(
            f"calibrator {path} was fitted on {calibrator.spec} ({calibrator.fingerprint}), and {inner.name} is"
            f" {fingerprint}: options, revision or code differ. Fit it again: rewardmeter calibrate DATA --scorer"
            f" '{inner.name}'"
        )
    if "slice" in calibrator.map.needs:
        raise SpecError(f"calibrator {path} has a parameter for each slice, and a scorer does not see slices")
    kind = CalibratedStream if isinstance(inner, Streaming) else Calibrated
    return kind(inner, calibrator, path)


def load_calibrated(spec: str, path: str) -> Calibrated:
    """The scorer ``SPEC@calibrator.json``; raises as `make_scorer`, `read_calibrator` and `calibrated`."""
    return calibrated(make_scorer(spec), read_calibrator(path), path)
