"""Soft pairwise accuracy under swaps of cells.

Thompson et al. (2024): for systems i and j, p(i, j) is the share of random sign flips of the per-item differences whose
sum is at least the observed sum; the statistic is the mean over i < j of 1 - |p_gold(i, j) - p_scorer(i, j)|. One
matrix of flips serves gold, scorers, system pairs and draws. The flipped sums are linear in the scores, so those of
swapped scores are half sums and half differences of what is found once per scorer.
May import: cells, draws, pair_cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats
from rewardmeter.stats.significance.draws import Bits, unpacked
from rewardmeter.stats.significance.pair_cells import PatternBlock, standardised

__all__ = ["SoftPairwiseKernel", "checked_flips", "soft_pairwise_kernel"]

Places = NDArray[np.intp]
Singles = NDArray[np.float32]
_HELD = 1 << 20
"""Flipped sums (scorers x system pairs x flips) of one draw worked on at once: what stays in the cache."""
_SAME = 1e-5
"""Flipped sums in single precision are equal when they are this close, in standard deviations of such a sum."""


@dataclass(frozen=True, slots=True, eq=False)
class SoftPairwiseKernel:
    """Differences of soft pairwise accuracy for the pairs of a block; made by `soft_pairwise_kernel`.

    ``flips`` (items, 1 + flips) holds the signs, the first column without any flip; ``scores`` (scorers, systems,
    items) is 0 where missing; ``lower`` and ``upper`` are the system pairs with an item in common and ``both`` (system
    pairs, items) their items, None where all have all.
    """

    rows: Places
    columns: Places
    cell: Places
    scores: Singles
    lower: Places
    upper: Places
    both: NDArray[np.bool_] | None
    flips: Singles
    gold_p: Floats

    @property
    def step(self) -> int:
        return 8

    @property
    def pairs(self) -> int:
        return int(self.rows.size)

    def differences(self, packed: Bits, draws: int, active: Places) -> Floats:
        wanted = np.unique(np.concatenate([self.rows[active], self.columns[active]]))
        row, column = np.searchsorted(wanted, self.rows[active]), np.searchsorted(wanted, self.columns[active])
        scores = self.scores if wanted.size == self.scores.shape[0] else self.scores[wanted]
        signs = 1 - 2 * unpacked(packed, self.cell, draws, np.float32).T.reshape(draws, *scores.shape[1:])
        plain, signed = self.system_sums(scores), [self.system_sums(scores * sign) for sign in signs]
        error = np.zeros((active.size, draws, 2))
        for piece in self.pieces(scores.shape[0]):
            middle = self.pair_sums(scores, plain, piece)
            half = np.stack(
                [
                    self.pair_sums(scores if self.both is None else scores * sign, sums, piece)
                    for sign, sums in zip(signs, signed, strict=True)
                ],
                axis=1,
            )
            count = _Reached(2 * self.slack(piece), middle.shape[1:])
            for place, (i, j) in enumerate(zip(row, column, strict=True)):
                p = count.of_both(middle[i] + middle[j], half[i], half[j]) / (self.flips.shape[1] - 1)
                error[place] += np.abs(p - self.gold_p[piece]).sum(axis=2)
        return np.asarray((error[:, :, 1] - error[:, :, 0]) / self.gold_p.size)

    def pieces(self, count: int) -> list[slice]:
        """The system pairs, so many at a time that the sums of ``count`` scorers fit in memory."""
        step = max(1, _HELD // (count * self.flips.shape[1]))
        return [slice(start, start + step) for start in range(0, self.lower.size, step)]

    def system_sums(self, values: Singles) -> Singles | None:
        """Flipped sums of each system, (values, systems, 1 + flips), from (values, systems, items); None where system
        pairs differ in their items, so that there is no such thing."""
        if self.both is not None:
            return None
        return np.matmul(values.reshape(-1, values.shape[2]), self.flips).reshape(*values.shape[:2], -1)

    def pair_sums(self, values: Singles, sums: Singles | None, piece: slice) -> Singles:
        """Flipped sums of the differences of system pairs, (values, system pairs, 1 + flips)."""
        lower, upper = self.lower[piece], self.upper[piece]
        if sums is not None:
            return sums[:, lower] - sums[:, upper]
        assert self.both is not None
        apart = (values[:, lower] - values[:, upper]) * self.both[piece]
        return np.matmul(apart.reshape(-1, values.shape[2]), self.flips).reshape(values.shape[0], lower.size, -1)

    def slack(self, piece: slice) -> Singles:
        """How close two flipped sums of a pair must be to be equal, (system pairs, 1) or one number."""
        items = self.flips.shape[0] if self.both is None else self.both[piece].sum(axis=1)[:, None]
        return np.asarray(_SAME * np.sqrt(items), dtype=np.float32)


def soft_pairwise_kernel(
    scores: Floats, gold: Floats, block: PatternBlock, flips: NDArray[Any]
) -> SoftPairwiseKernel | str:
    """The kernel of a block, or why the statistic is not defined there; ``flips`` (flips, items) of +1 and -1.

    A pair of systems is compared on the items that it shares in the block, gold and scorers alike.
    """
    used = np.flatnonzero(block.present.any(axis=0))
    present = block.present[:, used]
    lower, upper = np.triu_indices(gold.shape[0], 1)
    both = present[lower] & present[upper]
    shared = both.any(axis=1)
    if not shared.any():
        return "no two systems share an item with scores and ratings"
    scorers = block.scorers
    values = np.zeros((scorers.size + 1, *present.shape), dtype=np.float32)
    values[:-1, present] = standardised(scores[scorers][:, :, used][:, present])
    values[-1, present] = standardised(gold[:, used][present])
    kernel = SoftPairwiseKernel(
        np.searchsorted(scorers, block.rows),
        np.searchsorted(scorers, block.columns),
        (np.arange(gold.shape[0])[:, None] * gold.shape[1] + used).ravel(),
        values[:-1],
        lower[shared],
        upper[shared],
        None if present.all() else both[shared],
        np.concatenate([np.ones((used.size, 1)), flips.T[used]], axis=1).astype(np.float32),
        np.empty(np.count_nonzero(shared)),
    )
    for piece in kernel.pieces(1):
        sums = kernel.pair_sums(values[-1:], kernel.system_sums(values[-1:]), piece)[0]
        kernel.gold_p[piece] = _Reached(kernel.slack(piece), sums.shape).of(sums) / flips.shape[0]
    return kernel


def checked_flips(flips: ArrayLike, items: int) -> NDArray[Any]:
    """The sign matrix itself, or ValueError unless it is (flips, items) of +1 and -1."""
    signs = np.asarray(flips)
    if signs.ndim != 2 or signs.shape[1] != items or not signs.shape[0] or not np.all(np.abs(signs) == 1):
        raise ValueError(f"flips must be (flips, {items} items) of +1 and -1; got the shape {signs.shape}")
    return signs


class _Reached:
    """Counts the flipped sums that reach the observed one; keeps its arrays, which are used many thousand times."""

    def __init__(self, slack: Singles, shape: tuple[int, ...]) -> None:
        self._slack = slack
        self._apart, self._sums, self._number = (np.empty(shape, dtype=np.float32) for _ in range(3))
        self._hit = np.empty(shape, dtype=bool)
        self._ones = np.ones(shape[1], dtype=np.float32)

    def of(self, sums: Singles) -> Floats:
        """For sums (system pairs, 1 + flips): how many of the flips reach the first column, (system pairs,)."""
        np.greater_equal(sums, sums[:, :1] - self._slack, out=self._hit)
        np.copyto(self._number, self._hit)
        return (self._number @ self._ones).astype(np.float64) - 1

    def of_both(self, middle: Singles, first: Singles, second: Singles) -> Floats:
        """The same for ``middle`` plus and minus the difference of two scorers' sums, (draws, 2, system pairs)."""
        counts = np.empty((first.shape[0], 2, first.shape[1]))
        for draw in range(first.shape[0]):
            np.subtract(first[draw], second[draw], out=self._apart)
            counts[draw, 0] = self.of(np.add(middle, self._apart, out=self._sums))
            counts[draw, 1] = self.of(np.subtract(middle, self._apart, out=self._sums))
        return counts
