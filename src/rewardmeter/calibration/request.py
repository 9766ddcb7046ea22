"""What can be wrong with a request, before a single score is paid for. May import `comparison`, `dataset`, `errors`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rewardmeter.calibration.evidence import Human, human_side
from rewardmeter.calibration.methods import METHODS
from rewardmeter.calibration.parts import columns_of
from rewardmeter.comparison import Contender, check_request, commonest
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError

__all__ = ["check_fit", "check_measuring", "check_scores", "no_scores", "refuse_in_sample"]

GREATEST = 1e50
"""Of greater scores and ratings, squares of squared differences and their sums would overflow."""


def check_measuring(
    dataset: Dataset,
    aspect: str | None = None,
    slices: Sequence[str] = (),
    methods: Sequence[str] | None = None,
    *,
    shift: Sequence[str] = (),
    by: str | None = None,
    folds: int = 5,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Human:
    """The human side, if all of the request makes sense.

    Raises
    ------
    InputError
        If the data has neither ratings nor preferences, or a number makes no sense.
    UnknownNameError
        If there is no such aspect, column or method.
    """
    check_request(dataset, aspect, (*columns_of(dataset, slices), *shift), None, resamples=resamples, level=level)
    human = human_side(dataset, aspect, by or "")
    for method in methods or ():
        _check_method(human, human.target, method)
    _check_folds(folds, seed)
    _check_ratings(human)
    return human


def check_fit(
    human: Human,
    method: str,
    target: str | None,
    folds: int,
    *,
    seed: int = 0,
    interval: float | None = None,
    risk: float | None = None,
) -> str:
    """The target to fit on, if the data allows it.

    Raises
    ------
    InputError
        If the data does not allow the target, intervals or abstention, there are fewer than two folds, the seed is
        negative, or fewer than two items were judged.
    UnknownNameError
        If there is no such target or method.
    """
    target = target or human.target
    if target not in METHODS:
        raise UnknownNameError("target", target, METHODS)
    if target == "utility" and not len(human.pairs):
        raise InputError("no two responses of an item were judged, so there are no pairs to fit utilities on")
    if target != "utility" and human.ratings is None:
        raise InputError(f"the data has preferences and no ratings, so there is nothing to fit target '{target}' on")
    if target == "probability" and human.ratings is not None and not human.ratings.binary:
        raise InputError("target 'probability' needs ratings of 0 and 1")
    if human.judged_items < 2:
        raise InputError("fewer than two items were judged, so no fit can be tried on another", fix="Judge more items.")
    if method != "auto":
        _check_method(human, target, method)
    _check_folds(folds, seed)
    _check_ratings(human)
    for name, value in (("interval", interval), ("risk", risk)):
        if value is not None and not 0 < value < 1:
            raise InputError(f"{name} {value:g} is no share", fix="Use one between 0 and 1, for example 0.9 and 0.1.")
    if interval is not None and target != "rating":
        raise InputError(f"intervals are for ratings, and the target is '{target}'", fix="Use --risk for pairs.")
    if risk is not None and not len(human.pairs):
        raise InputError("no two responses of an item were judged, so there are no comparisons to abstain from")
    if risk is not None and np.all(np.isnan(human.pairs.probability) | (human.pairs.probability == 0.5)):
        raise InputError("people tied all pairs, so no comparison can be right or wrong, and --risk means nothing")
    return target


def refuse_in_sample(human: Human, contenders: Sequence[Contender]) -> None:
    """InputError where a scorer to be fitted on has seen the data: what is called held out would not be."""
    for one in contenders:
        if one.has_seen(human.dataset):
            raise InputError(
                f"'{one.name}' was fitted on this very data, so that no item of it is held out",
                fix="Name the scorer without its file (a combination calibrates its members), or use other data.",
            )


def no_scores(contenders: Sequence[Contender]) -> InputError:
    """What to raise where no scorer has a score: with the commonest reason, if there is one."""
    reasons = [reason for one in contenders for reason in commonest(one.scores, scored=False)]
    names = ", ".join(one.name for one in contenders[:3]) + (" and others" if len(contenders) > 3 else "")
    if reasons:
        return InputError(f"no response has a score by {names}: {reasons[0]}")
    return InputError(f"{names}: no single score", fix="Verdicts on pairs alone have no margins to calibrate.")


def check_scores(contenders: Sequence[Contender]) -> None:
    """Raise InputError where a score is too great to be squared, with the scorer's name."""
    for one in contenders:
        beyond = np.flatnonzero(np.abs(one.scores.values) > GREATEST)
        if beyond.size:
            raise InputError(
                f"'{one.name}' has {beyond.size:,} scores beyond {GREATEST:g}, too great to be calibrated: the first is"
                f" {one.scores.values[beyond[0]]:g}",
                fix="Divide all of its scores by one number, or leave out the broken ones.",
            )


def _check_ratings(human: Human) -> None:
    if human.ratings is not None and np.any(np.abs(human.ratings.value) > GREATEST):
        raise InputError(f"a rating is beyond {GREATEST:g}, too great to be calibrated against")


def _check_method(human: Human, target: str, method: str) -> None:
    if method not in METHODS[target]:
        raise UnknownNameError(f"method for {target}", method, METHODS[target])
    if method == "sliced" and not human.by:
        raise InputError(
            "method 'sliced' needs a column of the items", fix="Name it with --by, for example --by domain."
        )


def _check_folds(folds: int, seed: int) -> None:
    if seed < 0:
        raise InputError(f"seed {seed} is negative", fix="Use a whole number from 0 up.")
    if folds < 2:
        raise InputError(f"{folds} folds leave nothing to fit on", fix="Use 2 or more, for example 5.")
