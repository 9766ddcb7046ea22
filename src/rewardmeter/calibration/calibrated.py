"""A scorer behind a calibrator is a scorer.

May import `dataset`, `scoring`, `types`, `errors`, `stats` and `calibrator`, `control_covariates` of this folder.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from rewardmeter.calibration.calibrator import Calibrator, read_calibrator
from rewardmeter.calibration.control_covariates import made_covariates, measured_covariates
from rewardmeter.dataset import Dataset
from rewardmeter.errors import SpecError
from rewardmeter.scoring import (
    Forecasting,
    Laws,
    LookedUp,
    Part,
    ResponseFacts,
    Run,
    Scorer,
    Streaming,
    facts_of_items,
    make_scorer,
    paid_scorer,
    signature_of,
)
from rewardmeter.stats.control import ControlMap
from rewardmeter.types import Cost, Item, Outcome, Scores, Signature

__all__ = [
    "Calibrated",
    "CalibratedStream",
    "calibrated",
    "calibrated_scores",
    "calibrated_signature",
    "check_recorded",
    "load_calibrated",
    "recorded_facts",
]


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
        takes_text = {"length", "covariates"} & set(self.calibrator.map.needs)
        return self.inner.reads | {"response"} if takes_text else self.inner.reads

    @property
    def laws(self) -> Laws:
        return self.inner.laws

    def signature(self) -> Signature:
        """The inner signature and a hash of the map: where the file lies and when it was made move no score."""
        return calibrated_signature(signature_of(self.inner), self.calibrator)

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return self.derive(self.inner(items), facts_of_items(items))

    def derive(self, scores: Scores, facts: ResponseFacts, /) -> Scores:
        """The calibrated values of scores; raises as `check_recorded` where the data carries them."""
        if facts.dataset is not None and isinstance(paid_scorer(self.inner), LookedUp):
            check_recorded(self.calibrator, self.path, scores, facts.dataset)
        return calibrated_scores(self.calibrator, scores, facts)


@dataclass(frozen=True)
class CalibratedStream(Calibrated):
    """A streaming scorer behind a calibrator."""

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """The inner stream, calibrated."""
        texts = facts_of_items(items).texts
        for positions, part in cast(Streaming, self.inner).stream(items, run):
            yield positions, self.derive(part, ResponseFacts([texts[i] for i in positions]))

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """What the inner scorer would cost."""
        return self.inner.forecast(items, run) if isinstance(self.inner, Forecasting) else Cost()


def calibrated_scores(calibrator: Calibrator, scores: Scores, facts: ResponseFacts) -> Scores:
    """The map's values of (R,) scores, NaN where there is no score, without signature and comparisons.

    Where a map has a parameter for each value of a column, a response of which that is not known, or of a value that it
    was not fitted on, has the common one, and a remark that says so. Where a map needs the length, a response without a
    text is missing. What a control does, see `_controlled`.
    """
    if isinstance(calibrator.map, ControlMap):
        return _controlled(calibrator, calibrator.map, scores, facts)
    needs, reasons, outcomes = calibrator.map.needs, scores.reasons, scores.outcomes
    length = labels = None
    there = scores.outcomes <= Outcome.TIE
    if "length" in needs:
        length = np.array([np.nan if text is None else len(text) for text in facts.texts], dtype=np.float64)
        silent = there & np.isnan(length)
        outcomes = np.where(silent, Outcome.MISSING, outcomes).astype(np.uint8)
        reasons = {
            **reasons,
            **dict.fromkeys(np.flatnonzero(silent).tolist(), "no text, and the calibrator needs its length"),
        }
        there &= ~silent
    if "slice" in needs:
        labels = facts.labels(calibrator.by)
        fitted = {str(name) for name in getattr(calibrator.map, "slices", ())}
        strange = [i for i in np.flatnonzero(there).tolist() if str(labels[i]) not in fitted]
        reasons = {**reasons, **{i: _common(calibrator.by, str(labels[i]), reasons.get(i, "")) for i in strange}}
    values = calibrator.map(np.where(there, scores.values, np.nan), length=length, slice=labels)
    return dataclasses.replace(
        scores, values=values, outcomes=outcomes, reasons=reasons, signature=None, comparisons=None
    )


def _controlled(calibrator: Calibrator, fitted: ControlMap, scores: Scores, facts: ResponseFacts) -> Scores:
    """Scores less what follows the covariates; a response without a text is missing, and one that a covariate has no
    value for has that covariate's outcome. Beyond the range of the fit a remark says so."""
    rules = made_covariates(calibrator)
    there = scores.outcomes <= Outcome.TIE
    covariates = measured_covariates(rules, [text if t else None for text, t in zip(facts.texts, there, strict=True)])
    outcomes, reasons = scores.outcomes.copy(), dict(scores.reasons)
    for rule, outcome, why in zip(calibrator.covariates, covariates.outcomes, covariates.reasons, strict=True):
        for i in np.flatnonzero(there & (outcome > Outcome.TIE)).tolist():
            outcomes[i], there[i] = outcome[i], False
            reasons[i] = f"the control needs its {rule.spec}: {why.get(i, 'no value')}"
    beyond = fitted.outside(covariates.values) & there
    for i in np.flatnonzero(beyond.any(axis=0)).tolist():
        names = ", ".join(rule.spec for rule, far in zip(calibrator.covariates, beyond[:, i], strict=True) if far)
        said = f"{names} beyond the range of the control's fit: taken as its end"
        reasons[i] = f"{reasons[i]}; {said}" if reasons.get(i) else said
    values = fitted(np.where(there, scores.values, np.nan), covariates=covariates.values)
    return dataclasses.replace(
        scores, values=values, outcomes=outcomes, reasons=reasons, signature=None, comparisons=None
    )


def _common(column: str, label: str, before: str) -> str:
    what = f"'{label}' is new to the calibrator" if label else "not known"
    said = f"column '{column}': {what}: calibrated as the others are on average"
    return f"{before}; {said}" if before else said


def calibrated_signature(inner: Signature, calibrator: Calibrator) -> Signature:
    """The signature of a scorer behind a calibrator: that of the scorer, and a hash of the map."""
    by = {"by": calibrator.by} if "slice" in calibrator.map.needs else {}
    rules = {"covariates": [one.to_dict() for one in calibrator.covariates]} if calibrator.covariates else {}
    text = json.dumps({**calibrator.map.to_dict(), **by, **rules}, sort_keys=True)
    content = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
    return dataclasses.replace(inner, name=f"{inner.name}@", options={**inner.options, "@": content})


def recorded_facts(scores: Scores, dataset: Dataset) -> dict[str, str]:
    """What a calibrator's file says of recorded scores: hashes of the data without any of them, and of the scores."""
    values = np.where(np.isnan(scores.values), np.nan, scores.values)  # one bit pattern for every NaN
    digest = hashlib.blake2b(values.tobytes() + scores.outcomes.tobytes(), digest_size=16)
    return {"data": dataset.judged_hash, "scores": digest.hexdigest()}


def check_recorded(calibrator: Calibrator, path: str, scores: Scores, dataset: Dataset) -> None:
    """Of a recorded scorer nothing is known but its name. On the data of the fit its scores must be those of the fit;
    on other data a warning says that the name alone vouches for it.

    Raises
    ------
    SpecError
        If the data of the fit carries other scores now.
    """
    known, found = calibrator.data.get("recorded"), recorded_facts(scores, dataset)
    if known == found:
        return
    if isinstance(known, Mapping) and known.get("data") == found["data"]:
        raise SpecError(
            f"calibrator {path} was fitted on this data with other scores of {calibrator.spec}: they have changed."
            f" Fit it again: rewardmeter calibrate DATA --scorer '{calibrator.spec}'"
        )
    warnings.warn(
        f"calibrator {path} was fitted on {calibrator.spec} of other data ({calibrator.data.get('name')});"
        f" that it is the same scorer in {dataset.name} is known by its name alone",
        stacklevel=3,
    )


def calibrated(inner: Scorer, calibrator: Calibrator, path: str = "") -> Calibrated:
    """The scorer behind the calibrator.

    Raises
    ------
    SpecError
        If the calibrator was fitted on another scorer, or with other rules as covariates.
    """
    made_covariates(calibrator, path)
    fingerprint = signature_of(inner).fingerprint
    if fingerprint != calibrator.fingerprint:
        raise SpecError(
            f"calibrator {path} was fitted on {calibrator.spec} ({calibrator.fingerprint}), and {inner.name} is"
            f" {fingerprint}: options, revision or code differ. Fit it again: rewardmeter calibrate DATA --scorer"
            f" '{inner.name}'"
        )
    kind = CalibratedStream if isinstance(inner, Streaming) else Calibrated
    return kind(inner, calibrator, path)


def load_calibrated(spec: str, path: str) -> Calibrated:
    """The scorer ``SPEC@calibrator.json``; raises as `make_scorer`, `read_calibrator` and `calibrated`."""
    return calibrated(make_scorer(spec), read_calibrator(path), path)
