"""What a planned rating study would be worth: would more items or more raters buy more?

Generalisability theory (Cronbach et al. 1972; Brennan 2001, chapters 2 and 4): the variance of a mean over items and
raters is the sum of the components, each divided by how often it is drawn.
May import: cells, components, result, uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from rewardmeter.stats.cells import Floats, ratio
from rewardmeter.stats.humans.components import RESIDUAL, VarianceComponents
from rewardmeter.stats.humans.uncertainty import grouped_jackknife, jackknife_method
from rewardmeter.stats.result import Estimate

__all__ = ["Projection", "more_items_or_raters", "response_projection", "system_projection"]

Parts = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Projection:
    """What means over a planned number of items and raters can tell. Negative variance components count as 0.

    Attributes
    ----------
    items, raters, ratings_per_response: the plan.
    standard_error: of the difference of two such means, in units of the ratings: what is shared by both cancels.
    generalisability: share of the variance of the means that is true, when they are compared with one another
        (E rho^2); in [0, 1], NaN where nothing varies.
    dependability: the same when a mean is read by itself (Phi), so that hard items and harsh raters count too.
    """

    items: int
    raters: int
    ratings_per_response: int
    standard_error: Estimate
    generalisability: Estimate
    dependability: Estimate


def system_projection(
    components: VarianceComponents,
    *,
    items: int,
    raters: int,
    ratings_per_response: int | None = None,
    level: float = 0.95,
) -> Projection:
    """Means of systems over ``items`` items, each response rated by ``ratings_per_response`` of ``raters`` raters.

    All systems answer the same items, and the raters share the work equally; by default each rates everything. With s,
    i, r the components of systems, items, raters and m ratings per response:
        relative error = var_is / items + var_sr / raters + var_residual / (items m),
        absolute error = that + var_i / items + var_r / raters + var_ir / (items m),
        E rho^2 = var_s / (var_s + relative),   Phi = var_s / (var_s + absolute).
    More items cannot shrink var_sr / raters, nor more raters var_is / items.

    Parameters
    ----------
    components: from `rating_components` with systems. What it had to leave out is part of the other components: then
        the projection cannot tell what more raters, or more items, would do about it.
    items, raters, ratings_per_response: at least 1; no more ratings per response than raters.
    level: nominal coverage of the intervals, which come from the components' folds: they say how well these items tell
        the components, and take systems and raters as those at hand.

    Raises
    ------
    ValueError
        On a plan that makes no sense, or components without systems.
    """
    m = _checked_plan(items, raters, ratings_per_response)
    if "system" not in components.names:
        raise ValueError("these components know no systems; use response_projection")

    def errors(part: Parts) -> tuple[Floats, Floats, Floats]:
        relative = part["item x system"] / items + part["system x rater"] / raters + part[RESIDUAL] / (items * m)
        shared = part["item"] / items + part["rater"] / raters + part["item x rater"] / (items * m)
        return part["system"], relative, relative + shared

    return _projected(components, (items, raters, m), errors, level)


def response_projection(components: VarianceComponents, *, raters: int, level: float = 0.95) -> Projection:
    """Means of single responses over ``raters`` raters: how good the gold of segment-level statistics is.

        true = var_s + var_i + var_is,   relative error = (var_sr + var_ir + var_residual) / raters,
        absolute error = that + var_r / raters.

    Where each response has one rating per rater and nothing but items and raters vary, E rho^2 is the intraclass
    correlation (3, k) and Phi is (2, k). Parameters and errors as for `system_projection`.
    """
    _checked_plan(1, raters, None)

    def errors(part: Parts) -> tuple[Floats, Floats, Floats]:
        relative = (part["system x rater"] + part["item x rater"] + part[RESIDUAL]) / raters
        return part["system"] + part["item"] + part["item x system"], relative, relative + part["rater"] / raters

    return _projected(components, (1, raters, raters), errors, level)


def more_items_or_raters(
    components: VarianceComponents,
    *,
    items: int,
    raters: int,
    ratings_per_response: int | None = None,
    level: float = 0.95,
) -> Mapping[str, Projection]:
    """`system_projection` of the plan (``now``), and of twice the ratings spent on ``items`` or on ``raters``.

    Twice the raters means twice the people and twice the ratings per response.
    """
    m = _checked_plan(items, raters, ratings_per_response)
    plans = {"now": (items, raters, m), "items": (2 * items, raters, m), "raters": (items, 2 * raters, 2 * m)}
    return {
        name: system_projection(components, items=i, raters=r, ratings_per_response=each, level=level)
        for name, (i, r, each) in plans.items()
    }


def _checked_plan(items: int, raters: int, ratings_per_response: int | None) -> int:
    m = raters if ratings_per_response is None else ratings_per_response
    if min(items, raters, m) < 1 or m > raters:
        raise ValueError(
            f"a plan needs at least one item, rater and rating, and at most one rating of a response per rater; got "
            f"{items} items, {raters} raters, {m} ratings per response"
        )
    return m


def _projected(
    components: VarianceComponents,
    plan: tuple[int, int, int],
    errors: Callable[[Parts], tuple[Floats, Floats, Floats]],
    level: float,
) -> Projection:
    """The projection at the estimates (first row), and its interval from the estimates without each group of items."""
    rows = np.vstack([components.variance, components.without_group])
    clipped = np.maximum(rows, 0.0)
    zero = np.zeros(rows.shape[0])
    names = ("item", "rater", "system", "item x system", "system x rater", "item x rater", RESIDUAL)
    known = dict(zip(components.names, clipped.T, strict=True))
    true, relative, absolute = errors({name: known.get(name, zero) for name in names})
    method = jackknife_method(rows.shape[0] - 1) if rows.shape[0] > 1 else "none"

    def estimate(values: Floats, bounds: tuple[float, float] | None) -> Estimate:
        low, high = grouped_jackknife(float(values[0]), values[1:], level=level, bounds=bounds)
        low = low if bounds or math.isnan(low) else max(low, 0.0)
        return Estimate(float(values[0]), low, high, level, int(components.levels[-1]), method)

    return Projection(
        *plan,
        estimate(np.sqrt(2 * relative), None),
        estimate(ratio(true, true + relative), (0.0, 1.0)),
        estimate(ratio(true, true + absolute), (0.0, 1.0)),
    )
