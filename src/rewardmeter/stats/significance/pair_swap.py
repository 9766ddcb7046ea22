"""The pair-swap permutation test for tie-calibrated accuracy: the ``pairs`` test of the WMT metrics tasks since 2023.

Scorers with a tie threshold each cannot change scores, but they can change verdicts: the null swaps the two scorers'
verdicts on each pair of responses. Only pairs that one judges right and the other wrong matter, and swapping such a
pair is a fair coin. So no resampling is needed: within groups of equal size the null is binomial.

Pairs of one item share their responses, so their verdicts go together, and a test that takes them for independent
rejects too often: with two scorers of equal quality, tests at 5 % reject about 13 % with 10 systems and 19 % with 15.
It is here to reproduce published tables; `item_swap` asks the same question and holds its level.
May import: cells, ties, pair_cells, pairwise, signed_sums, swap_engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.cells import Floats, Grouping, check_cells, check_grouping, grouped
from rewardmeter.stats.significance.pair_cells import PatternBlock, pattern_blocks
from rewardmeter.stats.significance.pairwise import (
    Alternative,
    PairResults,
    PairwiseTests,
    check_alternative,
    combined,
    hits,
    p_of_hits,
)
from rewardmeter.stats.significance.signed_sums import drawn_sums, sign_tail, signed_sum_tail
from rewardmeter.stats.significance.swap_engine import untested
from rewardmeter.stats.ties import calibrate_ties

__all__ = ["pair_swap_tests", "tie_thresholds"]

Ints = NDArray[np.int64]
_PIECE = 1 << 22
"""Verdicts (scorers x pairs) looked at in one go: few enough for their counts to be exact in single precision."""


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Verdicts of scorer pairs that differ, by classes of groups with the same number of pairs.

    ``step`` (classes,) is what one pair of responses is worth in the accuracy; ``discordant`` and ``gained`` (scorer
    pairs, classes) count the pairs on which one of the two is right, and the first's wins less the second's.
    """

    step: Floats
    discordant: Ints
    gained: Ints


def pair_swap_tests(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    grouping: Grouping = "item",
    epsilon: ArrayLike | None = None,
    alternative: Alternative = "two-sided",
    resamples: int | None = None,
    rng: np.random.Generator | None = None,
) -> PairwiseTests:
    """Tests of tie-aware accuracy, each scorer at its own epsilon, between all pairs of scorers.

    Parameters
    ----------
    scores, gold:
        (scorers, systems, items) and (systems, items), NaN where missing. Two scorers are compared on the pairs of
        responses that both have scored, so ``difference`` can differ from that of their accuracies on all data.
    grouping:
        Which responses are compared with one another; groups are averaged, as in `ties.acc_eq`.
    epsilon:
        One number or one per scorer; None calibrates each scorer on its own data (`ties.calibrate_ties`).
    alternative:
        ``greater``: p[i, j] is for scorer i being more accurate than j. ``two-sided``: for any difference.
    resamples:
        None for the exact null; a number for that many random swaps instead, with p = (hits + 1) / (resamples + 1).
        With ragged data groups have many sizes and the exact null may have too many values: such pairs are drawn,
        10,000 times, and ``resamples`` of the result says which.
    rng:
        Needed only where there is something to draw.

    Raises
    ------
    ValueError
        Shapes that do not fit, infinite values, a negative epsilon, or no generator where one is needed.
    """
    check_alternative(alternative)
    check_grouping(grouping)
    scores, gold = check_cells(scores, gold)
    thresholds = tie_thresholds(scores, gold, grouping, epsilon)
    parts = []
    for block in pattern_blocks(scores, gold):
        counts = _counts(scores, gold, thresholds, grouping, block)
        parts.append(_tested(counts, block, alternative, resamples, rng))
    ragged = ", 10,000 draws where groups have too many sizes" if any(part.resamples.any() for part in parts) else ""
    how = f"exact null{ragged}" if resamples is None else f"{resamples:,} draws"
    return combined(parts, scores.shape[0], alternative, f"pair-swap permutation by {grouping}, {how}")


def tie_thresholds(scores: Floats, gold: Floats, grouping: Grouping, epsilon: ArrayLike | None) -> Floats:
    """One tie threshold per scorer, (scorers,): those given, or calibrated where there are none."""
    if epsilon is None:
        return np.nan_to_num(calibrate_ties(scores, gold, grouping=grouping).epsilon)
    thresholds = np.broadcast_to(np.asarray(epsilon, dtype=np.float64), (scores.shape[0],))
    if not (thresholds >= 0).all():
        raise ValueError(f"epsilon must not be negative; got {epsilon!r}")
    return thresholds


def _tested(
    counts: _Counts | None,
    block: PatternBlock,
    alternative: Alternative,
    resamples: int | None,
    rng: np.random.Generator | None,
) -> PairResults:
    pairs = block.rows.size
    drawn = np.zeros(pairs, dtype=np.int64)
    if counts is None:
        return untested(block.rows, block.columns, "no group has two cells with both scores and ratings")
    difference = counts.gained @ counts.step
    p = np.full((2, pairs), np.nan) if resamples is not None else _exact(counts, difference, alternative)
    left = np.flatnonzero(np.isnan(p[0]))
    if left.size:
        if rng is None:
            raise ValueError("the null must be drawn: groups have many sizes, or resamples were asked for; pass rng")
        drawn[left] = resamples or 10_000
        for some in np.array_split(left, -(-left.size * int(drawn[left[0]]) // _PIECE)):
            sums = drawn_sums(counts.step, counts.discordant[some], int(drawn[left[0]]), rng)
            found = hits(sums, difference[some], alternative)
            p[:, some] = p_of_hits(np.stack(found), drawn[some], exact=False)
    return PairResults(block.rows, block.columns, difference, p[0], p[1], drawn)


def _exact(counts: _Counts, difference: Floats, alternative: Alternative) -> Floats:
    """Forward and backward p-values (2, pairs); NaN where the exact null has too many values."""
    p = np.full((2, difference.size), np.nan)
    if counts.step.size == 1:
        discordant, gained = counts.discordant[:, 0], counts.gained[:, 0]
        if alternative == "two-sided":
            p[:] = np.where(gained == 0, 1.0, np.minimum(1.0, 2 * sign_tail(discordant, np.abs(gained))))
        else:
            p[0], p[1] = sign_tail(discordant, gained), sign_tail(discordant, -gained)
        return p
    for pair, discordant in enumerate(counts.discordant):
        if alternative == "two-sided":
            tail = signed_sum_tail(counts.step, discordant, abs(float(difference[pair])))
            p[:, pair] = np.nan if tail is None else min(1.0, 2 * tail) if difference[pair] else 1.0
            continue
        tails = [signed_sum_tail(counts.step, discordant, sign * float(difference[pair])) for sign in (1, -1)]
        p[:, pair] = [np.nan if tail is None else tail for tail in tails]
    return p


def _counts(
    scores: Floats, gold: Floats, thresholds: Floats, grouping: Grouping, block: PatternBlock
) -> _Counts | None:
    """What differs between the scorers of each pair of the block; None where no group has a pair."""
    scorers = block.scorers
    present = grouped(block.present, grouping)
    human = grouped(np.where(block.present, gold, np.nan), grouping)
    values = np.stack([grouped(row, grouping) for row in scores[scorers]])
    cells = present.sum(axis=1)
    sizes = np.unique(cells[cells > 1])
    if not sizes.size:
        return None
    rows, columns = np.searchsorted(scorers, block.rows), np.searchsorted(scorers, block.columns)
    discordant, gained = (np.zeros((block.rows.size, sizes.size), dtype=np.int64) for _ in range(2))
    for place, size in enumerate(sizes):
        chosen = cells == size
        both = _right_together(values[:, chosen], human[chosen], thresholds[scorers])
        right = np.diagonal(both)
        discordant[:, place] = right[rows] + right[columns] - 2 * both[rows, columns]
        gained[:, place] = right[rows] - right[columns]
    pairs = sizes * (sizes - 1) / 2
    return _Counts(1 / (pairs * np.count_nonzero(cells > 1)), discordant, gained)


def _right_together(values: Floats, gold: Floats, thresholds: Floats) -> Ints:
    """On how many pairs of cells two scorers are both right, (scorers, scorers), for (scorers, groups, members)."""
    scorers, groups, members = values.shape
    together = np.zeros((scorers, scorers), dtype=np.int64)
    for lower, upper in _pair_pieces(members, max(1, _PIECE // scorers)):
        step = max(1, _PIECE // (scorers * lower.size))
        for start in range(0, groups, step):
            piece = slice(start, start + step)
            human = gold[piece][:, lower] - gold[piece][:, upper]
            apart = values[:, piece][:, :, lower] - values[:, piece][:, :, upper]
            above, below = apart > thresholds[:, None, None], apart < -thresholds[:, None, None]
            right = (above & (human > 0)) | (below & (human < 0)) | (~(above | below) & (human == 0))
            verdicts = right.reshape(scorers, -1).astype(np.float32)
            together += np.rint(verdicts @ verdicts.T).astype(np.int64)
    return together


def _pair_pieces(members: int, most: int) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """All pairs of members, about ``most`` at a time."""
    start = 0
    while start < members - 1:
        stop = min(members - 1, start + max(1, most // (members - 1 - start)))
        lower = np.repeat(np.arange(start, stop), members - 1 - np.arange(start, stop))
        yield lower, np.concatenate([np.arange(i + 1, members) for i in range(start, stop)])
        start = stop
