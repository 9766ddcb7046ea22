"""From human judgments and one scorer's scores to a calibrator. May import `comparison`, `dataset`, `scorers`,
`scoring`, `types`, `errors`, `stats`.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from rewardmeter.calibration.calibrated import (
    calibrated_scores,
    calibrated_signature,
    check_recorded,
    recorded_facts,
)
from rewardmeter.calibration.calibrator import Calibrator
from rewardmeter.calibration.evidence import Human
from rewardmeter.calibration.held_out import HeldOut, Trial, fit_all, try_methods
from rewardmeter.calibration.in_sample import hashes_of
from rewardmeter.calibration.methods import BLIND, informed_elsewhere
from rewardmeter.calibration.request import check_fit, check_scores, no_scores, refuse_in_sample
from rewardmeter.comparison import Contender
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, SpecError
from rewardmeter.scorers.recorded import recorded_signature
from rewardmeter.scoring import facts_about
from rewardmeter.stats.scaling import (
    FEWEST_ITEMS,
    Abstention,
    ConformalIntervals,
    abstention_threshold,
    split_intervals,
)
from rewardmeter.types import FloatArray, Signature
from rewardmeter.version import __version__

__all__ = ["behind_calibrator", "fingerprint_of", "fit_calibrator"]

LOSSES = {"utility": "log-loss", "rating": "squared error", "probability": "log-loss"}


def fit_calibrator(
    human: Human,
    contender: Contender,
    spec: str,
    *,
    method: str = "auto",
    target: str | None = None,
    folds: int = 5,
    seed: int = 0,
    interval: float | None = None,
    risk: float | None = None,
) -> Calibrator:
    """The calibrator of a scorer, fitted on everything, with what it gained on held-out items.

    ``interval`` and ``risk`` add conformal intervals and abstention from cross-fitted values.

    Raises
    ------
    InputError
        If the data does not allow the target, the method, intervals or abstention, a score is too great, the method has
        no held-out loss, or, with ``"auto"``, no method is shown to be worth having.
    UnknownNameError
        If there is no such target or method.
    """
    target = check_fit(human, method, target, folds, seed=seed, interval=interval, risk=risk)
    check_scores([contender])
    if np.isnan(contender.scores.values).all():
        raise no_scores([contender])
    refuse_in_sample(human, [contender])
    scores = contender.scores.values
    asked = None if method == "auto" else (method,)
    held_out = try_methods(human, scores, target=target, methods=asked, folds=folds, seed=seed)
    chosen = _chosen(held_out, contender.name) if method == "auto" else method
    try:
        fitted = fit_all(human, scores, target, chosen)
        trial = _trial(held_out, chosen)
        intervals = None if interval is None else _intervals(human, trial.values, interval)
        abstention = None if risk is None else _abstention(human, trial.values, target, risk)
    except ValueError as error:
        raise InputError(f"'{contender.name}' cannot be calibrated by {chosen}: {error}") from error
    recorded = {"recorded": recorded_facts(contender.scores, human.dataset)} if contender.kind == "recorded" else {}
    return Calibrator(
        fitted,
        spec,
        fingerprint_of(contender),
        {
            **facts_of(human),
            **recorded,
            "rows": int(np.sum(~np.isnan(trial.values))),
        },
        {
            "method": chosen,
            "loss": LOSSES[target],
            "folds": folds,
            "seed": seed,
            "raw": held_out["raw"].loss.to_dict(),
            "held_out": trial.loss.to_dict(),
            "gain": None if trial.over_raw is None else trial.over_raw.to_dict(),
            "gain_over_blind": None if trial.over_blind is None else trial.over_blind.to_dict(),
        },
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        __version__,
        intervals,
        abstention,
        human.by if "slice" in fitted.needs or (interval is not None and human.by) else "",
    )


def facts_of(human: Human) -> dict[str, object]:
    """What a file says of the data that it was fitted on."""
    dataset, gold = human.dataset, human.ratings
    return {
        "name": dataset.name,
        "hash": dataset.content_hash,
        "judged_hash": dataset.judged_hash,
        "gold": dataset.origin.gold,
        "aspect": None if gold is None else gold.aspect,
        "items": dataset.n_items,
    }


def _intervals(human: Human, values: FloatArray, level: float) -> ConformalIntervals:
    assert human.ratings is not None
    labels = human.labels[human.item] if human.by else None
    return split_intervals(values, human.ratings.value, human.item, level=level, slice=labels)


def _abstention(human: Human, values: FloatArray, target: str, risk: float) -> Abstention:
    """From pairs: the confidence is the absolute difference of the values, an answer its sign (0 is wrong). What people
    tied is left out, as it is of pair accuracy."""
    margin = values if target == "utility" else human.margins(values)
    gold = human.pairs.probability
    wrong = np.where((margin == 0) | ((margin > 0) != (gold > 0.5)), 1.0, 0.0)
    wrong[np.isnan(gold) | (gold == 0.5)] = np.nan
    return abstention_threshold(np.abs(margin), wrong, human.pairs.item, risk=risk)


def fingerprint_of(contender: Contender) -> str:
    """What tells the scorer apart; of a recorded one its name."""
    return _signature(contender).fingerprint


def _signature(contender: Contender) -> Signature:
    return contender.scores.signature or recorded_signature(contender.name)


def behind_calibrator(contender: Contender, calibrator: Calibrator, path: str, dataset: Dataset) -> Contender:
    """A recorded scorer behind a calibrator that was fitted on it; verdicts and system scores are left behind.

    Raises
    ------
    SpecError
        If it was fitted on another scorer, or on other scores of this one for the same data.
    """
    signature = _signature(contender)
    if signature.fingerprint != calibrator.fingerprint:
        raise SpecError(
            f"calibrator {path} was fitted on {calibrator.spec} ({calibrator.fingerprint}), and the recorded scorer"
            f" '{signature.name}' is {signature.fingerprint}: it has another name or sign, or the file was made by"
            " another version of rewardmeter. Fit it again: rewardmeter calibrate"
        )
    check_recorded(calibrator, path, contender.scores, dataset)
    made = calibrated_scores(calibrator, contender.scores, facts_about(dataset))
    return replace(
        contender,
        name=f"{contender.name}@{path}",
        scores=replace(made, signature=calibrated_signature(signature, calibrator)),
        recorded=None,
        fitted_on=contender.fitted_on | hashes_of(calibrator.data),
    )


def _trial(held_out: HeldOut, method: str) -> Trial:
    """A method's trial; ValueError where it could not be tried, so that nothing is known of what it is worth."""
    trial = next((one for one in held_out.trials if one.method == method), None)
    if trial is None:
        raise ValueError("the judgments of what has scores do not have what it needs (ties for davidson)")
    if trial.reason:
        raise ValueError(f"it has no held-out loss: {trial.reason}")
    return trial


def _chosen(held_out: HeldOut, name: str) -> str:
    if held_out.chosen in BLIND:
        raise InputError(
            f"no calibrator of '{name}' is shown to be worth having: none is shown to beat the {held_out.chosen}, which"
            " does not look at the score",
            fix="The scorer says nothing about these judgments, or there are too few of them.",
        )
    if held_out.chosen != "raw":
        return held_out.chosen
    tried = [
        trial
        for trial in held_out.trials
        if trial.over_raw is not None and not informed_elsewhere(held_out.target, trial.method)
    ]
    best = min(tried, key=lambda trial: trial.loss.value, default=None)
    said = "no method could be fitted"
    if best is not None and best.over_raw is not None:
        gained = best.over_raw.estimate
        said = f"the best, {best.method}, gains {gained.value:.4f} [{gained.low:.4f}, {gained.high:.4f}] per judgment"
    items = best.over_raw.items if best is not None and best.over_raw is not None else 0
    if 0 < items < FEWEST_ITEMS:
        said += f", and {items} items are too few"
    raise InputError(
        f"no calibrator of '{name}' is shown to be worth having: {said}",
        fix="Keep the raw scores, judge more items, or name a method with --method.",
    )
