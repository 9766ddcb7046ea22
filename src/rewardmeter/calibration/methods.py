"""The ways to calibrate, by name, simplest first. May import `stats`, `types`, `errors`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rewardmeter.errors import UnknownNameError
from rewardmeter.stats.calibration import logit_losses
from rewardmeter.stats.scaling import (
    Gain,
    LinearMap,
    Map,
    fit_beta,
    fit_davidson,
    fit_histogram,
    fit_isotonic,
    fit_length_aware,
    fit_length_aware_rating,
    fit_linear,
    fit_platt,
    fit_quantile,
    fit_sliced_shift,
    fit_sliced_temperature,
    fit_spline,
    fit_temperature,
    fit_utility_spline,
    gain,
)
from rewardmeter.types import FloatArray, IntArray

__all__ = [
    "BLIND",
    "METHODS",
    "Losses",
    "Method",
    "gain_of",
    "informed_elsewhere",
    "losses",
    "losses_of",
    "methods_for",
    "telling_items",
]

BLIND = ("coin", "mean")
"""Methods that do not look at the score: what every other has to beat."""

_PAIRS = ("score_a", "score_b", "label")
_RATINGS = ("score", "human")
_ITEM = ("item",)
"""What chooses a penalty must part no item, or it takes what an item's responses share for knowledge."""


@dataclass(frozen=True)
class Method:
    """A fit and the columns that it takes."""

    fit: Callable[..., Map]
    columns: tuple[str, ...]

    def rows(self, rows: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The columns that the fit takes."""
        return {name: rows[name] for name in self.columns}


def _coin(score_a: FloatArray, score_b: FloatArray, label: FloatArray, weight: FloatArray | None = None) -> Map:
    return LinearMap(target="utility", slope=0.0, intercept=0.0)


def _mean(
    score: FloatArray,
    human: FloatArray,
    weight: FloatArray | None = None,
    *,
    target: Literal["rating", "probability"],
) -> Map:
    there = ~np.isnan(human) & ~np.isnan(score)
    known, w = human[there], np.ones(int(there.sum())) if weight is None else weight[there]
    if not w.sum() > 0:
        raise ValueError("there is no row")
    if target == "rating":
        return LinearMap(target=target, slope=0.0, intercept=float(w @ known / w.sum()))
    share = (float(w @ known) + 0.5) / (float(w.sum()) + 1)  # Krichevsky-Trofimov: no certainty from one class
    return LinearMap(target=target, slope=0.0, intercept=float(np.log(share / (1 - share))))


METHODS: Mapping[str, Mapping[str, Method]] = {
    "utility": {
        "coin": Method(_coin, _PAIRS),
        "temperature": Method(fit_temperature, _PAIRS),
        "davidson": Method(fit_davidson, _PAIRS),
        "sliced": Method(fit_sliced_temperature, (*_PAIRS, "slice", *_ITEM)),
        "length": Method(fit_length_aware, (*_PAIRS, "length_a", "length_b")),
        "spline": Method(fit_utility_spline, (*_PAIRS, *_ITEM)),
    },
    "rating": {
        "mean": Method(partial(_mean, target="rating"), _RATINGS),
        "linear": Method(fit_linear, _RATINGS),
        "sliced": Method(fit_sliced_shift, (*_RATINGS, "slice", *_ITEM)),
        "length": Method(fit_length_aware_rating, (*_RATINGS, "length")),
        "histogram": Method(fit_histogram, _RATINGS),
        "isotonic": Method(fit_isotonic, _RATINGS),
        "spline": Method(fit_spline, (*_RATINGS, *_ITEM)),
        "quantile": Method(fit_quantile, _RATINGS),
    },
    "probability": {
        "mean": Method(partial(_mean, target="probability"), _RATINGS),
        "platt": Method(fit_platt, _RATINGS),
        "beta": Method(fit_beta, _RATINGS),
        "sliced": Method(partial(fit_sliced_shift, base=fit_platt), (*_RATINGS, "slice", *_ITEM)),
        "length": Method(partial(fit_length_aware_rating, target="probability"), (*_RATINGS, "length")),
        "histogram": Method(partial(fit_histogram, target="probability"), _RATINGS),
        "isotonic": Method(partial(fit_isotonic, target="probability"), _RATINGS),
        "spline": Method(partial(fit_spline, target="probability"), (*_RATINGS, *_ITEM)),
    },
}
"""Fits by target and name. A later one replaces an earlier one only where it is shown to be better."""

_SMALLEST = 1e-6
"""Probabilities are kept this far from 0 and 1, so that one bin that was all wrong does not decide everything."""


def methods_for(target: str, names: tuple[str, ...] | None, rows: Mapping[str, NDArray[Any]]) -> dict[str, Method]:
    """The methods of a target that the rows allow: the blind one and those asked for, or all.

    Raises
    ------
    UnknownNameError
        If there is no such method for the target.
    """
    known = METHODS[target]
    for name in names or ():
        if name not in known:
            raise UnknownNameError(f"method for {target}", name, known)
    return {name: one for name, one in known.items() if _wanted(name, names) and _usable(name, one, rows)}


def informed_elsewhere(target: str, method: str) -> bool:
    """Whether a method can predict without the score, from the length or the item's slice: its gain is then no gain of
    the scorer. A temperature of each slice cannot: both responses of a pair share it."""
    return method == "length" or (method == "sliced" and target != "utility")


def _wanted(name: str, names: tuple[str, ...] | None) -> bool:
    return not names or name in names or name in BLIND


def _usable(name: str, method: Method, rows: Mapping[str, NDArray[Any]]) -> bool:
    """Whether the rows have what a method needs: lengths, slices, or verdicts of which some are ties."""
    if name == "davidson":
        label = rows["label"]
        return bool(np.isin(label, (0.0, 0.5, 1.0)).all() and (label == 0.5).any())
    return set(method.columns) <= set(rows)


@dataclass(frozen=True, eq=False)
class Losses:
    """What is lost on each row, and would be lost if the opposite had happened; None for ratings, which have none."""

    happened: FloatArray
    opposite: FloatArray | None

    def __getitem__(self, rows: NDArray[Any]) -> Losses:
        return Losses(self.happened[rows], None if self.opposite is None else self.opposite[rows])


def losses_of(target: str, values: FloatArray, truth: FloatArray) -> Losses:
    """`losses`, and those of the opposite outcome."""
    opposite = None if target == "rating" else losses(target, values, 1 - truth)
    return Losses(losses(target, values, truth), opposite)


def telling_items(target: str, truth: FloatArray, item: IntArray) -> int | None:
    """Of ratings of 0 and 1, twice the items with the rarer one: what all others have in common tells nothing (rules of
    ten events for a parameter: Peduzzi et al. 1996). None for other targets, of which all items tell."""
    if target != "probability":
        return None
    return 2 * min(len(np.unique(item[truth > 0.5])), len(np.unique(item[truth < 0.5])))


def gain_of(before: Losses, after: Losses, item: IntArray, level: float, telling: int | None = None) -> Gain:
    """What is gained from one to the other, by `stats.scaling.gain`; of outcomes the opposite one is counted once."""
    unseen = None
    if before.opposite is not None and after.opposite is not None:
        apart = before.opposite - after.opposite
        unseen = float(np.mean(apart[~np.isnan(apart)])) if not np.isnan(apart).all() else None
    return gain(before.happened, after.happened, item, unseen=unseen, telling=telling, level=level)


def losses(target: str, values: FloatArray, truth: FloatArray) -> FloatArray:
    """What is lost on each row: log-loss in nats for logits and probabilities, the squared error for ratings."""
    if target == "utility":
        return logit_losses(values, truth)
    if target == "rating":
        return np.square(values - truth)
    p = np.clip(values, _SMALLEST, 1 - _SMALLEST)
    return -(truth * np.log(p) + (1 - truth) * np.log1p(-p))
