"""Kendall's rank correlations and their kin, from sums over pairs.

With concordant C, discordant D, and pairs tied only in the gold (Th), only in the scorer (Tm) or in both (Thm), x the
scorer and y the gold: difference = C - D, untied = C + D, untied_x = C + D + Th, untied_y = C + D + Tm.
May import: `cells`, `ranks`.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from rewardmeter.stats.cells import Floats, Ints, ratio
from rewardmeter.stats.ranks import CellPairs, PairSums

__all__ = ["KENDALL", "KendallStatistic", "kendall", "kendall_influence"]

KendallStatistic = Literal["kendall_b", "kendall_c", "kendall_wmt10", "kendall_wmt13", "kendall_wmt14"]
KENDALL: tuple[str, ...] = get_args(KendallStatistic)


def kendall(statistic: KendallStatistic, sums: PairSums, levels: Ints | None = None) -> Floats:
    """Value in [-1, 1] for each group; NaN where the denominator is 0.

    ``kendall_b``: (C - D) / sqrt((C + D + Th)(C + D + Tm))  (Kendall 1945).
    ``kendall_c``: 2 (C - D) m / (n^2 (m - 1)), m the smaller number of distinct values on a side = ``levels``
    (Stuart 1953).
    ``kendall_wmt10``: (C - D - Tm) / (C + D + Tm), a tie of the scorer is wrong (Callison-Burch et al. 2010).
    ``kendall_wmt13``: (C - D) / (C + D), a tie of the scorer is left out (Machacek and Bojar 2013).
    ``kendall_wmt14``: (C - D) / (C + D + Tm), a tie of the scorer counts 0 (Machacek and Bojar 2014).
    The three WMT forms leave out the pairs that are tied in the gold.
    """
    top, bottom = _parts(statistic, sums, levels)
    return ratio(top, bottom)


def kendall_influence(
    statistic: KendallStatistic, sums: PairSums, cells: CellPairs, levels: Ints | None = None
) -> Floats:
    """Derivative of the value with respect to the weight of each member, (groups, members); NaN where undefined.

    A member of weight w stands for w copies, tied with one another. Sums to 0 over the members of a group.
    """
    value = kendall(statistic, sums, levels)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        if statistic == "kendall_b":
            x, y = sums.untied_x[:, None].astype(np.float64), sums.untied_y[:, None].astype(np.float64)
            return cells.difference / np.sqrt(x * y) - value / 2 * (cells.untied_x / x + cells.untied_y / y)
        if statistic == "kendall_c":
            _, bottom = _parts(statistic, sums, levels)
            return cells.difference / bottom[:, None] - 2 * value / sums.members[:, None]
        bottom_cells = cells.untied if statistic == "kendall_wmt13" else cells.untied_y
        top_cells = cells.difference
        if statistic == "kendall_wmt10":
            top_cells = cells.difference - cells.untied_y + cells.untied
        _, bottom = _parts(statistic, sums, levels)
        return (top_cells - value * bottom_cells) / bottom[:, None]


def _parts(statistic: KendallStatistic, sums: PairSums, levels: Ints | None) -> tuple[Floats, Floats]:
    difference, untied_y = sums.difference.astype(np.float64), sums.untied_y.astype(np.float64)
    if statistic == "kendall_b":
        return difference, np.sqrt(sums.untied_x.astype(np.float64) * untied_y)
    if statistic == "kendall_c":
        if levels is None:
            raise ValueError("kendall_c needs the number of distinct values")
        share = np.divide(levels - 1, 2 * levels, out=np.zeros(levels.shape), where=levels > 0)
        return difference, share * sums.members.astype(np.float64) ** 2
    if statistic == "kendall_wmt10":
        return difference - untied_y + sums.untied, untied_y
    return difference, sums.untied.astype(np.float64) if statistic == "kendall_wmt13" else untied_y
