"""Fits with a parameter of its own for each slice, shrunk to their common mean.

May import: `forms`, `newton`, `platt`, `records`, `rows`, `shrinkage`, `slices`, `temperature`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.scaling.newton import losses
from rewardmeter.stats.scaling.platt import fit_linear
from rewardmeter.stats.scaling.records import Floats, Map, Places
from rewardmeter.stats.scaling.rows import item_places, kept_rows, require_shares
from rewardmeter.stats.scaling.shrinkage import SliceLikelihood, design_effect, shrunken
from rewardmeter.stats.scaling.slices import SlicedShiftMap, SlicedSlopeMap, slice_index
from rewardmeter.stats.scaling.temperature import checked_margin, checked_prior, root_mean_square, slope_of

__all__ = ["fit_sliced_shift", "fit_sliced_temperature"]

_CERTAIN = 1e-12


def fit_sliced_temperature(
    score_a: ArrayLike,
    score_b: ArrayLike,
    label: ArrayLike,
    slice: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    item: ArrayLike | None = None,
    prior: float = 1.0,
) -> SlicedSlopeMap:
    """One Bradley-Terry temperature for each slice; the log-temperatures are normal around a common mean.

    Parameters
    ----------
    score_a, score_b, label, weight, prior:
        As for `fit_temperature`, which gives the common start.
    slice:
        (pairs,) names or integers; the empty string or an integer below 0 for none.
    item:
        (pairs,) labels of items. With it the likelihood is divided by the design effect of whole items.

    Returns
    -------
    A `SlicedSlopeMap`; see `shrinkage.shrunken`. Where the common slope is 0, so are all.

    Raises
    ------
    ValueError
        As `fit_temperature`; slices that are neither all strings nor all integers.
    """
    (a, b, y), w, there = kept_rows({"score_a": score_a, "score_b": score_b, "label": label}, weight)
    margin = checked_margin(a, b, y)
    checked_prior(prior)
    names, place = _sliced(slice, there)
    slope = slope_of(margin, y, w, prior)
    if slope == 0 or not names:
        return SlicedSlopeMap(
            target="utility", common=slope, slices=names, slopes=np.full(len(names), slope), spread=0.0
        )
    inside = place >= 0
    items = item_places(item, there)
    margin, y, w, place = margin[inside], y[inside], w[inside], place[inside]
    _, apart, curvature = losses(slope * margin, y, "logit", True)
    w = w / design_effect(
        w * margin * apart, w * margin**2 * curvature, place, None if items is None else items[inside]
    )

    def likelihood(log_slope: Floats) -> tuple[Floats, Floats, Floats]:
        eta = np.exp(log_slope)[place] * margin
        loss, apart, curvature = losses(eta, y, "logit", True)
        return _sums(place, len(names), w * loss, -w * apart * eta, w * curvature * eta**2)

    logs, mean, spread = shrunken(likelihood, float(np.log(slope)), len(names))
    return SlicedSlopeMap(
        target="utility", common=float(np.exp(mean)), slices=names, slopes=np.exp(logs), spread=spread
    )


def fit_sliced_shift(
    score: ArrayLike,
    human: ArrayLike,
    slice: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    item: ArrayLike | None = None,
    base: Callable[[ArrayLike, ArrayLike, ArrayLike | None], Map] = fit_linear,
) -> SlicedShiftMap:
    """Another fit plus an offset for each slice; the offsets are normal around a common mean.

    Parameters
    ----------
    score, human, weight:
        (rows,); see `fit_linear`.
    slice, item:
        As for `fit_sliced_temperature`.
    base:
        The fit of all rows, called as ``base(score, human, weight)``, for a rating or a probability. The offsets of a
        rating are mean residuals with the pooled variance within slices; those of a probability add to the logit and
        are fitted by likelihood.

    Returns
    -------
    A `SlicedShiftMap`; see `shrinkage.shrunken`.

    Raises
    ------
    ValueError
        Bad rows or slices, no row, a base that needs length or slice, whatever ``base`` raises.
    """
    (x, y), w, there = kept_rows({"score": score, "human": human}, weight)
    names, place = _sliced(slice, there)
    whole = base(x, y, w)
    if whole.target not in ("rating", "probability") or whole.needs:
        raise ValueError(
            f"the base must map scores alone to a rating or probability; got {whole.kind} of {whole.target}"
        )
    inside = place >= 0
    if not names:
        return SlicedShiftMap(target=whole.target, base=whole, common=0.0, slices=(), offsets=np.empty(0), spread=0.0)
    fitted = whole(x)
    items = item_places(item, there)
    make, unit = _logit_offsets, 1.0
    if whole.target == "rating":
        make, unit = _rating_offsets, root_mean_square(y - fitted, w) or 1.0
    own = None if items is None else items[inside]
    likelihood = make(fitted[inside] / unit, y[inside] / unit, w[inside], place[inside], own)
    offsets, mean, spread = shrunken(likelihood, 0.0, len(names))
    return SlicedShiftMap(
        target=whole.target, base=whole, common=unit * mean, slices=names, offsets=unit * offsets, spread=unit * spread
    )


def _rating_offsets(fitted: Floats, y: Floats, w: Floats, place: Places, item: Places | None) -> SliceLikelihood:
    """Normal likelihood with the variance pooled within slices; no variance left means offsets without error."""
    count = int(place.max()) + 1
    residual = y - fitted
    mass, total = _sums(place, count, w, w * residual)[:2]
    mean = np.divide(total, mass, out=np.zeros(count), where=mass > 0)
    apart = residual - mean[place]
    freedom = max(float(w.sum()) - count, 1.0)
    variance = float(w @ apart**2) / freedom * design_effect(w * residual, w, place, item)
    variance = max(variance, _CERTAIN * float(w @ residual**2 / w.sum()), 1e-300)
    inner = np.bincount(place, weights=w * apart**2, minlength=count)

    def likelihood(offset: Floats) -> tuple[Floats, Floats, Floats]:
        away = mean - offset
        return (inner + mass * away**2) / (2 * variance), mass * away / variance, mass / variance

    return likelihood


def _logit_offsets(fitted: Floats, y: Floats, w: Floats, place: Places, item: Places | None) -> SliceLikelihood:
    from scipy.special import logit

    require_shares("human", y)
    start = logit(np.clip(fitted, _CERTAIN, 1 - _CERTAIN))
    _, apart, curvature = losses(start, y, "logit", True)
    w = w / design_effect(w * apart, w * curvature, place, item)
    count = int(place.max()) + 1

    def likelihood(offset: Floats) -> tuple[Floats, Floats, Floats]:
        loss, apart, curvature = losses(start + offset[place], y, "logit", True)
        return _sums(place, count, w * loss, -w * apart, w * curvature)

    return likelihood


def _sums(place: Places, count: int, *columns: Floats) -> tuple[Floats, Floats, Floats]:
    """Sums by slice of up to three columns (rows,)."""
    sums = [np.bincount(place, weights=column, minlength=count).astype(np.float64) for column in columns]
    return sums[0], sums[1], sums[-1]


def _sliced(slice: ArrayLike, there: NDArray[np.bool_]) -> tuple[tuple[str | int, ...], Places]:
    names = np.asarray(slice)
    if names.shape != there.shape:
        raise ValueError(f"slice must be {there.shape} as the scores are; got the shape {names.shape}")
    return slice_index(names[there])
