"""What can be wrong with a request, before a single score is paid for. May import `comparison`, `dataset`, `errors`."""

from __future__ import annotations

from collections.abc import Sequence

from rewardmeter.calibration.evidence import Human, human_side
from rewardmeter.calibration.methods import METHODS
from rewardmeter.calibration.parts import columns_of
from rewardmeter.comparison import Contender, check_request
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError

__all__ = ["check_fit", "check_measuring", "refuse_in_sample"]


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
    _check_folds(folds)
    return human


def check_fit(
    human: Human,
    method: str,
    target: str | None,
    folds: int,
    *,
    interval: float | None = None,
    risk: float | None = None,
) -> str:
    """The target to fit on, if the data allows it.

    Raises
    ------
    InputError
        If the data does not allow the target, intervals or abstention, or there are fewer than two folds.
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
    if method != "auto":
        _check_method(human, target, method)
    _check_folds(folds)
    for name, value in (("interval", interval), ("risk", risk)):
        if value is not None and not 0 < value < 1:
            raise InputError(f"{name} {value:g} is no share", fix="Use one between 0 and 1, for example 0.9 and 0.1.")
    if interval is not None and target != "rating":
        raise InputError(f"intervals are for ratings, and the target is '{target}'", fix="Use --risk for pairs.")
    if risk is not None and not len(human.pairs):
        raise InputError("no two responses of an item were judged, so there are no comparisons to abstain from")
    return target


def refuse_in_sample(human: Human, contenders: Sequence[Contender]) -> None:
    """InputError where a scorer to be fitted on has seen the data: what is called held out would not be."""
    for one in contenders:
        if one.has_seen(human.dataset):
            raise InputError(
                f"'{one.name}' was fitted on this very data, so that no item of it is held out",
                fix="Name the scorer without its file (a combination calibrates its members), or use other data.",
            )


def _check_method(human: Human, target: str, method: str) -> None:
    if method not in METHODS[target]:
        raise UnknownNameError(f"method for {target}", method, METHODS[target])
    if method == "sliced" and not human.by:
        raise InputError(
            "method 'sliced' needs a column of the items", fix="Name it with --by, for example --by domain."
        )


def _check_folds(folds: int) -> None:
    if folds < 2:
        raise InputError(f"{folds} folds leave nothing to fit on", fix="Use 2 or more, for example 5.")
