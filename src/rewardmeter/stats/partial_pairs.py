"""Partial and semi-partial correlation of margins with a covariate, what people said held fixed.

Pairs have no order, so that nothing is centred: turning a pair round changes no product. Notation: K scorers, U pairs,
C columns of gold, G items. May import `intervals`, `result`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.intervals import normal_interval
from rewardmeter.stats.result import Estimate, undefined

__all__ = ["pair_correlations"]

Floats = npt.NDArray[np.float64]
_SINGULAR = 1e-10


def pair_correlations(
    margins: npt.ArrayLike,
    gold: npt.ArrayLike,
    covariate: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> list[tuple[Estimate, Estimate]]:
    """For each scorer the partial and the semi-partial correlation, in [-1, 1].

    Partial: the correlation of what the gold leaves unexplained in margin and covariate. Semi-partial: of the margin as
    it is with what the gold leaves unexplained in the covariate; its square is the share of the squared margins that
    the covariate explains beyond the gold (Cohen et al. 2003, section 3.3). Intervals: jackknife over items, normal on
    Fisher's z.

    Parameters
    ----------
    margins:
        (K, U), NaN where the pair does not count for that scorer.
    gold:
        (U, C), finite.
    covariate:
        (U,) difference of the covariate, NaN where it is undefined.
    cluster:
        (U,) item of each pair, integers from 0.

    Returns
    -------
    Undefined where the gold explains one side entirely, or with fewer than three items.
    """
    rows, x = np.asarray(margins, dtype=np.float64), np.asarray(covariate, dtype=np.float64)
    known, item = np.asarray(gold, dtype=np.float64), np.asarray(cluster)
    return [_of(row, known, x, item, level) for row in rows]


def _of(
    margin: Floats, gold: Floats, covariate: Floats, item: npt.NDArray[np.integer], level: float
) -> tuple[Estimate, Estimate]:
    used = ~np.isnan(margin) & ~np.isnan(covariate)
    columns = np.column_stack([gold, margin, covariate])[used]
    n, nothing = int(used.sum()), undefined(int(used.sum()), level=level)
    unit = np.abs(columns).max(axis=0, initial=0.0)
    if not np.all(unit > 0):
        return nothing, nothing
    columns = columns / unit
    _, place = np.unique(item[used], return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.unique(place[order], return_index=True)[1]
    groups = len(starts)
    if groups < 3:
        return nothing, nothing
    products = np.add.reduceat((columns[:, :, None] * columns[:, None, :])[order], starts, axis=0)
    total = products.sum(axis=0)
    whole, without = _correlations(total[None]), _correlations(total - products)
    if np.any(np.isnan(whole)) or np.any(np.isnan(without)):
        return nothing, nothing
    error = np.sqrt(((without - whole) ** 2).sum(axis=1) * (groups - 1) / groups)
    low, high = normal_interval(whole[:, 0], error, level)
    method = "jackknife over items, normal on Fisher's z"
    partial, semi = (
        Estimate(float(v), float(a), float(b), level=level, n=n, method=method)
        for v, a, b in zip(whole[:, 0], low, high, strict=True)
    )
    return partial, semi


def _correlations(products: Floats) -> Floats:
    """(2, B) partial and semi-partial correlations from (B, C + 2, C + 2) sums of products: gold, margin, covariate."""
    c = products.shape[1] - 2
    gold, cross, rest = products[:, :c, :c], products[:, :c, c:], products[:, c:, c:]
    eigenvalues = np.linalg.eigvalsh(gold)
    if np.any(eigenvalues[:, 0] <= _SINGULAR * eigenvalues[:, -1]):
        return np.full((2, len(products)), np.nan)
    left = rest - cross.transpose(0, 2, 1) @ np.linalg.solve(gold, cross)
    margin, covariate, both = left[:, 0, 0], left[:, 1, 1], left[:, 0, 1]
    rounding = (margin <= _SINGULAR * rest[:, 0, 0]) | (covariate <= _SINGULAR * rest[:, 1, 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        made = np.stack([both / np.sqrt(margin * covariate), both / np.sqrt(rest[:, 0, 0] * covariate)])
    return np.where(rounding, np.nan, np.clip(made, -1, 1))
