"""Held-out values for every row, and whether a map is worth having.

May import: `records`, `stats.intervals`, `stats.resampling`, `stats.result`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.intervals import check_level
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.scaling.records import Floats, Map

__all__ = ["FEWEST_ITEMS", "Gain", "applied", "cross_fit", "gain"]

FEWEST_ITEMS = 20
"""With fewer, nothing is said to be worth having: the interval is that of a normal mean, which losses are far from."""


def cross_fit(
    fit: Callable[..., Map],
    arrays: Mapping[str, ArrayLike],
    item: ArrayLike,
    folds: int = 5,
    rng: np.random.Generator | None = None,
) -> Floats:
    """The value of every row under a map fitted on the other folds' items.

    Parameters
    ----------
    fit:
        Called with the rows of all other folds as keywords, ``fit(**arrays)``; bind options with `functools.partial`.
    arrays:
        (rows,) each, named as the fit's parameters: ``score`` and ``human``, or ``score_a``, ``score_b`` and ``label``.
    item:
        (rows,) labels of items, which no fold parts.
    folds:
        How many, at least 2; at most one for each item.
    rng:
        Draws the folds; None for a generator of seed 0.

    Returns
    -------
    (rows,) as `applied` gives them; NaN where a score is NaN. Rows without a label have values too.

    Raises
    ------
    ValueError
        Shapes that do not fit, fewer than two items or folds, whatever ``fit`` raises on a fold.
    """
    items = np.asarray(item)
    columns = {name: np.asarray(values) for name, values in arrays.items()}
    for name, values in columns.items():
        if items.ndim != 1 or values.shape != items.shape:
            raise ValueError(f"item and {name} must be (rows,) both; got the shapes {items.shape} and {values.shape}")
    group = np.unique(items, return_inverse=True)[1]
    count = int(group.max(initial=-1)) + 1
    fold = item_folds(count, min(folds, count), np.random.default_rng(0) if rng is None else rng)[group]
    held_out = np.full(items.shape, np.nan)
    for k in range(min(folds, count)):
        rows = fold == k
        made = fit(**{name: values[~rows] for name, values in columns.items()})
        held_out[rows] = applied(made, {name: values[rows] for name, values in columns.items()})
    return held_out


def applied(map: Map, arrays: Mapping[str, Any]) -> Floats:
    """A map's values of the rows in ``arrays``, whose names are those of `cross_fit`.

    With ``score_a`` and ``score_b`` it is the difference of their values (with a utility, the logit that the first is
    preferred); else the value of ``score``. Lengths and slices are passed on where they are there.
    """
    if "score_a" not in arrays:
        return map(arrays["score"], length=arrays.get("length"), slice=arrays.get("slice"))
    first, second = (
        map(arrays[f"score_{side}"], length=arrays.get(f"length_{side}"), slice=arrays.get("slice")) for side in "ab"
    )
    return first - second


@dataclass(frozen=True, slots=True)
class Gain:
    """How much less a map loses, with its verdict.

    Attributes
    ----------
    estimate: mean loss before less mean loss after, with an interval over items.
    items: how many items tell the maps apart: those that the mean is over, or fewer.
    """

    estimate: Estimate
    items: int

    @property
    def worth_having(self) -> bool:
        """Whether the whole interval is above 0, of `FEWEST_ITEMS` or more; False where there is no interval."""
        return self.items >= FEWEST_ITEMS and self.estimate.low > 0

    def to_dict(self) -> dict[str, object]:
        """The estimate's record, ``items`` and ``worth_having``."""
        return {**self.estimate.to_dict(), "items": self.items, "worth_having": self.worth_having}


def gain(
    loss_before: ArrayLike,
    loss_after: ArrayLike,
    item: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    unseen: float | None = None,
    telling: int | None = None,
    level: float = 0.95,
) -> Gain:
    """Weighted mean of (loss before - loss after) over held-out rows; positive where the map helps.

    The interval is Student's t with one degree less than items around the mean, a ratio of sums over items (Cochran
    1977, eq. 11.30). The fits of the folds share data, which it does not see: it can be too narrow (Bates, Hastie and
    Tibshirani 2023), least so for maps with few parameters.

    Log-losses have a long tail: where a map says 99 %, the hundredth case, which costs most, may not be among the
    items, and the losses that are look all alike. So the interval, not the value, is that with one more item, of mean
    weight and with the gain ``unseen``, as Agresti and Coull (1998) add failures that were not seen to a share.

    Parameters
    ----------
    loss_before, loss_after:
        (rows,) held-out losses, finite; rows with NaN do not count.
    item:
        (rows,) labels of items.
    weights:
        (rows,) at least 0; None for 1 each.
    unseen:
        Gain of one more item, where the opposite of what was seen happens; None for none.
    telling:
        How many items tell the maps apart, where these are fewer than all.

    Returns
    -------
    A `Gain`. NaN without a row; no interval (and not worth having) where all rows belong to one item.

    Raises
    ------
    ValueError
        Shapes that do not fit, bad weights, infinite losses (clip the probabilities first).
    """
    difference, group, w = _checked(loss_before, loss_after, item, weights)
    if not difference.size:
        return Gain(Estimate(math.nan, level=check_level(level), method="undefined"), 0)
    value = float(w @ difference / w.sum())
    items = int(group.max()) + 1
    if items < 2:
        return Gain(Estimate(value, level=check_level(level), n=difference.size), items)
    items = items if telling is None else min(items, telling)
    from scipy.special import stdtrit

    total, mass = np.bincount(group, weights=w * difference), np.bincount(group, weights=w)
    method = "ratio of sums over items, Student's t"
    if unseen is not None:
        if not math.isfinite(unseen):
            raise ValueError("the unseen gain is not finite")
        total, mass = np.append(total, unseen * mass.mean()), np.append(mass, mass.mean())
        method += ", with one item unseen"
    centre = float(total.sum() / mass.sum())
    apart = total - centre * mass
    error = math.sqrt(float(apart @ apart) * len(mass) / (len(mass) - 1)) / float(mass.sum())
    reach = float(stdtrit(len(mass) - 1, (1 + check_level(level)) / 2)) * error
    low, high = min(value, centre - reach), max(value, centre + reach)
    return Gain(Estimate(value, low, high, level=level, n=difference.size, method=method), items)


def _checked(
    before: ArrayLike, after: ArrayLike, item: ArrayLike, weights: ArrayLike | None
) -> tuple[Floats, NDArray[np.intp], Floats]:
    """Differences, items as 0..N-1 and weights of the rows that count."""
    first, second = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    items = np.asarray(item)
    w = np.ones(first.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    for name, values in (("loss_after", second), ("item", items), ("weights", w)):
        if first.ndim != 1 or values.shape != first.shape:
            raise ValueError(f"loss_before and {name} must be (rows,); got {first.shape} and {values.shape}")
    if not (np.isfinite(w) & (w >= 0)).all():
        raise ValueError("weights must be finite and at least 0")
    there = (w > 0) & ~np.isnan(first) & ~np.isnan(second)
    if np.isinf(first[there]).any() or np.isinf(second[there]).any():
        raise ValueError("a loss is infinite: clip the probabilities first")
    return first[there] - second[there], np.unique(items[there], return_inverse=True)[1], w[there]
