"""Running a permutation test: draws through a kernel, hits counted, drawing stopped where that was asked for.

May import: draws, pair_cells, pairwise, swap_kernels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rewardmeter.stats.cells import Floats
from rewardmeter.stats.significance.draws import Bits, SwapDraws
from rewardmeter.stats.significance.pairwise import Alternative, EarlyStop, PairResults, hits, p_of_hits
from rewardmeter.stats.significance.swap_kernels import SwapKernel

__all__ = ["null_differences", "permuted", "stopping", "untested"]

Places = NDArray[np.intp]


def untested(rows: Places, columns: Places, why: str) -> PairResults:
    """Results of pairs that cannot be tested."""
    nothing = np.full(rows.size, np.nan)
    reasons = {(int(i), int(j)): why for i, j in zip(rows, columns, strict=True)}
    return PairResults(rows, columns, nothing, nothing, nothing, np.zeros(rows.size, dtype=np.int64), reasons)


def permuted(
    kernel: SwapKernel,
    rows: Places,
    columns: Places,
    draws: SwapDraws,
    alternative: Alternative,
    early_stop: EarlyStop | None,
) -> PairResults:
    """Count draws that are as extreme as what was observed, for each pair until it is settled."""
    nothing_swapped = np.zeros((draws.systems * draws.items, 1), dtype=np.uint8)
    observed = kernel.differences(nothing_swapped, 1, np.arange(kernel.pairs))[:, 0]
    counts = np.zeros((2, kernel.pairs), dtype=np.int64)
    made = np.zeros(kernel.pairs, dtype=np.int64)
    defined = ~np.isnan(observed)
    active = np.flatnonzero(defined)
    looked = 0
    step = kernel.step if early_stop is None else min(kernel.step, -(-early_stop.block // 8) * 8)
    for bits, width in _steps(draws, step):
        if not active.size:
            break
        counts[:, active] += hits(kernel.differences(bits, width, active), observed[active], alternative)
        made[active] += width
        if early_stop is not None and not draws.exact and made[active[0]] - looked >= early_stop.block:
            looked = int(made[active[0]])
            settled = early_stop.settled(counts[:, active], looked, draws.count).all(axis=0)
            active = active[~settled]
    p = np.full((2, kernel.pairs), np.nan)
    p[:, defined] = p_of_hits(counts[:, defined], made[defined], exact=draws.exact)
    why = "the statistic is undefined for at least one of the two scorers"
    reasons = {(int(rows[k]), int(columns[k])): why for k in np.flatnonzero(~defined)}
    drawn = np.zeros_like(made) if draws.exact else made
    return PairResults(rows, columns, observed, p[0], p[1], drawn, reasons)


def null_differences(kernel: SwapKernel, draws: SwapDraws) -> Floats:
    """The differences of a kernel's pairs under all draws, (pairs, draws)."""
    everyone = np.arange(kernel.pairs)
    parts = [kernel.differences(bits, width, everyone) for bits, width in _steps(draws, kernel.step)]
    return np.concatenate(parts, axis=1)


def stopping(early_stop: EarlyStop | None) -> str:
    """For the method line of a result: nothing, or when drawing was stopped."""
    return "" if early_stop is None else f" at most, stopped when the decision at {early_stop.level:g} was settled"


def _steps(draws: SwapDraws, step: int) -> Iterator[tuple[Bits, int]]:
    """The draws in steps of at most ``step``, a multiple of 8."""
    for packed, width in draws.blocks():
        for start in range(0, width, step):
            yield packed[:, start // 8 : (start + step + 7) // 8], min(step, width - start)
