"""From human judgments, one scorer's scores and covariates to a control.

May import `comparison`, `dataset`, `scoring`, `types`, `errors`, `stats` and the files of this folder.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from rewardmeter.calibration.calibrated import recorded_facts
from rewardmeter.calibration.calibrator import Calibrator, Covariate
from rewardmeter.calibration.control import Control
from rewardmeter.calibration.control_board import controlled_statistics
from rewardmeter.calibration.control_covariates import covariate_of, measured_covariates
from rewardmeter.calibration.evidence import Human
from rewardmeter.calibration.fit import facts_of, fingerprint_of
from rewardmeter.calibration.request import check_scores, no_scores, refuse_in_sample
from rewardmeter.comparison import Contender
from rewardmeter.comparison.measure import make_resampling
from rewardmeter.errors import InputError, SpecError
from rewardmeter.scoring import make_scorer
from rewardmeter.stats.control import (
    DEGREES,
    ControlMap,
    ControlRows,
    HeldOutControl,
    count_like,
    cross_fit_control,
    fit_control,
    gold_columns,
    on_scale,
)
from rewardmeter.types import FloatArray
from rewardmeter.version import __version__

__all__ = ["check_control", "fit_controlled"]

_FOLLOWS = 1e-9


def check_control(
    human: Human,
    covariates: Sequence[str],
    *,
    folds: int = 5,
    degrees: int = DEGREES,
    tolerance: float = 0.01,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[Covariate, ...]:
    """The covariates, if all of the request makes sense; nothing is scored.

    Raises
    ------
    InputError
        If the data has no two judged responses of an item, fewer than two such items or no texts, or a number makes no
        sense.
    SpecError
        If a covariate is none, or named twice.
    """
    if not covariates:
        raise SpecError("no covariate was named; add for example --covariate length")
    made = tuple(covariate_of(spec) for spec in covariates)
    seen: dict[str, str] = {}
    for one in made:
        if one.fingerprint in seen:
            raise SpecError(f"covariates '{seen[one.fingerprint]}' and '{one.spec}' are the same rule; name it once")
        seen[one.fingerprint] = one.spec
    if not len(human.pairs):
        raise InputError(
            f"dataset '{human.dataset.name}' has no two judged responses to one item",
            fix="A control is fitted on pairs of an item's responses: judge two or more of an item.",
        )
    if len(np.unique(human.pairs.item)) < 2:
        raise InputError("fewer than two items were judged, so no fit can be tried on another", fix="Judge more items.")
    if not human.dataset.has_texts:
        raise InputError(f"dataset '{human.dataset.name}' has no texts, and covariates are computed from them")
    for name, value, holds, wanted in (
        ("folds", folds, folds >= 2, "2 or more, for example 5"),
        ("degrees", degrees, degrees >= 1, "1 for straight lines, or more, for example 4"),
        ("tolerance", tolerance, 0 <= tolerance < 1, "a share of pairs from 0 up, for example 0.01"),
        ("resamples", resamples, resamples >= 0, "0 for no intervals of dependences, or more"),
        ("level", level, 0 < level < 1, "one between 0 and 1, for example 0.95"),
        ("seed", seed, seed >= 0, "a whole number from 0 up"),
    ):
        if not holds:
            raise InputError(f"{name} {value:g} makes no sense", fix=f"Use {wanted}.")
    return made


def fit_controlled(
    human: Human,
    contender: Contender,
    spec: str,
    covariates: Sequence[str] = ("length",),
    *,
    ignore_gold: bool = False,
    degrees: int = DEGREES,
    folds: int = 5,
    tolerance: float = 0.01,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Control:
    """A scorer's control, fitted on everything, with what it does to held-out items.

    Parameters
    ----------
    human, contender, spec:
        What people said, the scorer with its scores, and the spec that makes it.
    covariates:
        Specs of rules that look at one response alone.
    ignore_gold:
        Take away all that follows the covariates, also what people's judgement warrants.
    degrees:
        Degrees of freedom of each curve; 1 is a straight line.
    tolerance:
        How much accuracy, a share of pairs, may fall.
    folds, resamples, level, seed:
        Of the cross-fitting by item, and of the intervals.

    Raises
    ------
    InputError, SpecError
        As `check_control`; if the scorer has no scores for judged pairs or has seen the data, a covariate tells no two
        judged responses apart, or follows people's judgement exactly.
    """
    made = check_control(
        human,
        covariates,
        folds=folds,
        degrees=degrees,
        tolerance=tolerance,
        resamples=resamples,
        level=level,
        seed=seed,
    )
    check_scores([contender])
    if np.isnan(contender.scores.values).all():
        raise no_scores([contender])
    refuse_in_sample(human, [contender])
    rows = _rows(human, contender.scores.values, made, ignore_gold)
    logarithmic = [count_like(x) for x in rows.covariates]
    _check_covariates(rows, made, logarithmic, contender.name)
    rng = np.random.default_rng(seed)
    held_out = cross_fit_control(rows, logarithmic, degrees=degrees, folds=folds, rng=rng)
    fitted = fit_control(rows, logarithmic, degrees=degrees)
    resampling, drawn = make_resampling(human.dataset.n_items, resamples, level, seed)
    statistics = controlled_statistics(human, rows, held_out, made, logarithmic, resampling)
    explained = held_out.explained(rows.item[held_out.usable], level)
    recorded = {"recorded": recorded_facts(contender.scores, human.dataset)} if contender.kind == "recorded" else {}
    fit = {
        "method": "control",
        "ignore_gold": ignore_gold,
        "degrees": degrees,
        "penalty": fitted.penalty,
        "folds": folds,
        "resamples": drawn,
        "seed": seed,
        "tolerance": tolerance,
        "explained": explained.to_dict(),
        "held_out": [one.to_dict() for one in statistics],
    }
    calibrator = Calibrator(
        ControlMap(target="score", curves=fitted.curves),
        spec,
        fingerprint_of(contender),
        {**facts_of(human), **recorded, "rows": int(held_out.usable.sum())},
        fit,
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        __version__,
        covariates=made,
    )
    return Control(calibrator, explained, statistics, tolerance, _caveats(rows, held_out, made))


def _rows(human: Human, scores: FloatArray, covariates: Sequence[Covariate], ignore_gold: bool) -> ControlRows:
    rules = [make_scorer(one.spec) for one in covariates]
    measured = measured_covariates(rules, human.dataset.response_text)
    pairs = human.pairs
    rating = None if human.ratings is None or ignore_gold else human.ratings.value
    preference = pairs.probability if human.ratings is None and not ignore_gold else None
    return ControlRows(scores, measured.values, pairs.a, pairs.b, pairs.item, preference, rating)


def _check_covariates(
    rows: ControlRows, covariates: Sequence[Covariate], logarithmic: Sequence[bool], scorer: str
) -> None:
    usable = rows.of(rows.usable())
    if len(np.unique(usable.item)) < 2:
        raise InputError(
            f"'{scorer}' has scores, and the covariates values, for both responses of judged pairs of"
            f" {len(np.unique(usable.item))} items: two are the least"
        )
    gold = gold_columns(usable)
    for one, covariate, log in zip(covariates, usable.covariates, logarithmic, strict=True):
        x = on_scale(covariate, log)
        apart = x[usable.a] - x[usable.b]
        if not apart.any():
            raise InputError(
                f"covariate '{one.spec}' is the same for both responses of every judged pair, so nothing can be said of"
                " it",
                fix="Leave it out.",
            )
        if gold.shape[1]:
            left = apart - gold @ np.linalg.lstsq(gold, apart, rcond=None)[0]
            if left @ left <= _FOLLOWS * (apart @ apart):
                raise InputError(
                    f"covariate '{one.spec}' follows people's judgement exactly, so that what a score owes to it cannot"
                    " be told from what it owes to quality",
                    fix="Use data in which it does not, or ignore the judgement (--ignore-gold).",
                )


def _caveats(rows: ControlRows, held_out: HeldOutControl, covariates: Sequence[Covariate]) -> tuple[str, ...]:
    made = []
    left_out = int(np.sum(~held_out.usable))
    if left_out:
        lacking = [
            one.spec
            for one, x in zip(covariates, rows.covariates, strict=True)
            if np.isnan(x[rows.a]).any() or np.isnan(x[rows.b]).any()
        ]
        what = f"a score or a value of {', '.join(lacking)}" if lacking else "a score"
        made.append(f"{left_out:,} of {len(held_out.usable):,} judged pairs are left out: a response lacks {what}.")
    return tuple(made)
