"""Accuracy by style: every correct response of an item against every wrong one, both written in the same S styles.

The styles are ordered from plain to fancy, so that below the diagonal style speaks for the correct response and above
it against. Notation: K scorers, N items, S styles. May import `stats.credits` and `stats.result`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.result import Estimate

__all__ = ["style_credits", "style_grid", "style_grid_estimates"]

Floats = npt.NDArray[np.float64]


def style_grid(chosen: npt.ArrayLike, rejected: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Accuracies (K, S, S): the share of items with score(chosen in style i) > score(rejected in style j).

    ``chosen`` and ``rejected`` (K, N, S) are scores, NaN where there is none. A tie is wrong. Also returns the counts
    (K, S, S) of items scored in both cells, on which each share rests; NaN where that is 0. Source: RM-Bench (Liu et
    al. 2025), with S = 3: concise, detailed, detailed with markdown.
    """
    wins = _wins(chosen, rejected)
    counts = np.count_nonzero(~np.isnan(wins), axis=1)
    share = np.full(counts.shape, np.nan)
    np.divide(np.nansum(wins, axis=1), counts, out=share, where=counts > 0)
    return share, counts.astype(np.int64)


def style_grid_estimates(
    chosen: npt.ArrayLike,
    rejected: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> dict[str, list[Estimate]]:
    """Summaries of the style grid, as RM-Bench (Liu et al. 2025) names them.

    ``pair.style_easy``
        Mean below the diagonal: the correct response is the fancier one.
    ``pair.style_normal``
        Mean of the diagonal: both in the same style.
    ``pair.style_hard``
        Mean above the diagonal: the correct response is the plainer one.
    ``pair.style_mean``
        Mean of all S x S cells.

    Parameters
    ----------
    chosen, rejected:
        (K, N, S) scores, NaN where there is none.
    cluster:
        (N,) what the items are resampled by, 0 up; ``weights`` (B, number of clusters) count the draws.

    Returns
    -------
    Statistic id to one estimate in [0, 1] for each scorer. An item counts for a scorer that scored all its 2 S
    responses, so that the four rest on the same items; ``n`` counts them, ``detail`` those ``unscored``. The overall
    score of several domains is a `group_average_estimates` of `style_credits`.
    """
    parts = style_credits(chosen, rejected)
    return {
        f"pair.style_{name}": mean_estimates(
            credits,
            cluster,
            weights=weights,
            level=level,
            details=[{"unscored": float(lost)} for lost in np.count_nonzero(np.isnan(credits), axis=1)],
        )
        for name, credits in parts.items()
    }


def style_credits(chosen: npt.ArrayLike, rejected: npt.ArrayLike) -> dict[str, Floats]:
    """Credits (K, N) of each item for ``easy``, ``normal``, ``hard`` and ``mean``, as in `style_grid_estimates`.

    NaN where a scorer lacks a score of the item. With one style there is neither easy nor hard: NaN throughout.
    """
    wins = _wins(chosen, rejected)
    styles = wins.shape[-1]
    rows, columns = np.indices((styles, styles))
    cells = {"easy": rows > columns, "normal": rows == columns, "hard": rows < columns}
    complete = ~np.isnan(wins).any(axis=(2, 3))
    cells["mean"] = np.ones((styles, styles), bool)
    credits = {}
    for name, inside in cells.items():
        total = wins[:, :, inside].sum(axis=2)
        credits[name] = np.where(complete & inside.any(), total / max(1, np.count_nonzero(inside)), np.nan)
    return credits


def _wins(chosen: npt.ArrayLike, rejected: npt.ArrayLike) -> Floats:
    """(K, N, S, S) 1 where the chosen response scores more, 0 where not, NaN where either score is missing."""
    right, wrong = np.asarray(chosen, float), np.asarray(rejected, float)
    if right.ndim != 3 or right.shape != wrong.shape or not right.shape[2]:
        raise ValueError(
            f"chosen and rejected must both have axes (scorers, items, styles), "
            f"not shapes {right.shape} and {wrong.shape}"
        )
    row, column = right[:, :, :, None], wrong[:, :, None, :]
    return np.where(np.isnan(row) | np.isnan(column), np.nan, (row > column).astype(float))
