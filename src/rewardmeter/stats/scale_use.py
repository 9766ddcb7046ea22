"""How much of a rating scale is used. May import `credits`, `result`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.result import Estimate

__all__ = ["scale_use"]


def scale_use(
    values: ArrayLike, cluster: ArrayLike, *, weights: ArrayLike | None = None, level: float = 0.95
) -> dict[str, Estimate]:
    """How ratings are spread over the values that occur.

    ``commonest``
        Share of the commonest value, in (0, 1]; its ``detail`` holds that ``rating`` (the least of several).
    ``distinct``
        How many values occur, without an interval: more would be seen with more ratings.
    ``entropy``
        -sum p log p / log(distinct), in [0, 1]: 1 where all values occur equally often (Pielou 1966, evenness); the
        interval is that of its linear part. Undefined where only one value occurs.
    ``top``, ``bottom``
        Shares of the greatest and the least value that occur; undefined where only one occurs.

    Parameters
    ----------
    values:
        (R,) ratings, NaN for none.
    cluster, weights, level:
        As in `mean_estimates`.

    Returns
    -------
    By name; all undefined without any rating.
    """
    ratings, item = np.asarray(values, dtype=np.float64), np.asarray(cluster)
    item, ratings = item[~np.isnan(ratings)], ratings[~np.isnan(ratings)]
    if not len(ratings):
        nothing = Estimate(math.nan, level=level, method="undefined")
        return dict.fromkeys(("commonest", "distinct", "entropy", "top", "bottom"), nothing)
    seen, place, count = np.unique(ratings, return_inverse=True, return_counts=True)
    marks = [place == int(np.argmax(count)), place == len(seen) - 1, place == 0]
    commonest, top, bottom = mean_estimates(np.array(marks, dtype=np.float64), item, weights=weights, level=level)
    made = {
        "commonest": replace(commonest, detail={"rating": float(seen[np.argmax(count)])}),
        "distinct": Estimate(float(len(seen)), level=level, n=len(ratings)),
    }
    if len(seen) == 1:
        nothing = Estimate(math.nan, level=level, n=len(ratings), method="undefined")
        return made | dict.fromkeys(("entropy", "top", "bottom"), nothing)
    surprise = -np.log(count / len(ratings))[place] / math.log(len(seen))
    (entropy,) = mean_estimates(surprise[None], item, weights=weights, level=level)
    entropy = replace(entropy, high=min(entropy.high, 1.0) if entropy.high > 1 else entropy.high)
    return made | {"entropy": entropy, "top": top, "bottom": bottom}
