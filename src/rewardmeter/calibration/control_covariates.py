"""The covariates of a control: rules that look at the response alone, made from their specs and asked about texts.

May import `scoring`, `types`, `errors` and `calibrator` of this folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardmeter.calibration.calibrator import Calibrator, Covariate
from rewardmeter.errors import SpecError
from rewardmeter.scoring import LookedUp, Scorer, make_scorer, signature_of, without_calibrator
from rewardmeter.types import FloatArray, Item, Outcome, Response, Scores

__all__ = ["Measured", "covariate_of", "made_covariates", "measured_covariates"]


@dataclass(frozen=True, eq=False)
class Measured:
    """C covariates of R responses.

    Attributes
    ----------
    values:
        float64 (C, R), NaN where there is none.
    outcomes:
        uint8 (C, R) of `Outcome`; `MISSING` for a response without a text.
    reasons:
        Why there is none, by response, for each covariate.
    """

    values: FloatArray
    outcomes: NDArray[np.uint8]
    reasons: tuple[Mapping[int, str], ...]


def covariate_of(spec: str) -> Covariate:
    """A spec as a covariate.

    Raises
    ------
    SpecError
        If it is no rule that looks at single responses alone and gives the same number every time, or nothing tells
        it apart from an edited version of itself.
    """
    if without_calibrator(spec)[1]:
        raise SpecError(f"covariate '{spec}' stands behind a calibrator: a covariate is a rule by itself")
    made = make_scorer(spec)
    laws = made.laws
    if made.reads != {"response"} or isinstance(made, LookedUp) or not (laws.pointwise and laws.deterministic):
        reads = " and ".join(sorted(made.reads)) or "no text"
        raise SpecError(
            f"covariate '{spec}' reads {reads}: a covariate is a rule that looks at one response alone, for example"
            " length or markdown"
        )
    signature = signature_of(made)
    if not signature.storable:
        raise SpecError(f"covariate '{spec}' has no source that could be told apart from an edited one")
    return Covariate(spec, signature.fingerprint)


def made_covariates(calibrator: Calibrator, path: str = "") -> list[Scorer]:
    """The rules that a calibrator's map needs; none for most.

    Raises
    ------
    SpecError
        If one is no longer the rule of the fit.
    """
    made = []
    for covariate in calibrator.covariates:
        found = covariate_of(covariate.spec)
        if found.fingerprint != covariate.fingerprint:
            raise SpecError(
                f"calibrator {path or 'of ' + calibrator.spec} was fitted with {covariate.spec}"
                f" ({covariate.fingerprint}), and that is now {found.fingerprint}: options, revision or code differ."
                f" Fit it again: rewardmeter control DATA --scorer '{calibrator.spec}'"
            )
        made.append(make_scorer(covariate.spec))
    return made


def measured_covariates(rules: Sequence[Scorer], texts: Sequence[str | None]) -> Measured:
    """What the rules say of texts; equal texts are looked at once."""
    distinct = list(dict.fromkeys(text for text in texts if text is not None))
    place = {text: number for number, text in enumerate(distinct)}
    index = np.array([-1 if text is None else place[text] for text in texts], dtype=np.int64)
    items = [Item((Response(text),)) for text in distinct]
    found = [_spread(rule(items), index) for rule in rules]
    values = np.array([one.values for one in found]).reshape(len(rules), len(texts))
    outcomes = np.array([one.outcomes for one in found], dtype=np.uint8).reshape(len(rules), len(texts))
    return Measured(values, outcomes, tuple(one.reasons for one in found))


def _spread(scores: Scores, index: NDArray[np.int64]) -> Scores:
    """Scores of distinct texts as scores of all responses."""
    there = index >= 0
    values = np.full(len(index), np.nan)
    outcomes = np.full(len(index), Outcome.MISSING, dtype=np.uint8)
    values[there], outcomes[there] = scores.values[index[there]], scores.outcomes[index[there]]
    reasons = dict.fromkeys(np.flatnonzero(~there).tolist(), "no text")
    if scores.reasons:
        reasons |= {i: scores.reasons[k] for i, k in enumerate(index.tolist()) if k in scores.reasons}
    return Scores(values, outcomes, reasons)
