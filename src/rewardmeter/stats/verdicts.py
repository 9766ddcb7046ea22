"""Recorded pairwise judges: verdicts with each pair shown in both orders.

A verdict is +1 (a is better), -1 (b is better), 0 (tie) or NaN (could not be parsed). Both games are written
in the pair's own numbering: the verdict of the swapped game is already turned back.

Notation: K judges, P pairs, N items, B resamples. May import `stats.result` and `stats.credits`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.result import Estimate

__all__ = ["combine_games", "order_statistics"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def combine_games(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """One margin for each pair from its two games: the sign of the sum of the verdicts that could be parsed.

    The rule of JudgeBench (Tan et al. 2024): +1 for each game with the gold verdict and -1 for each with the
    opposite one, right if the sum is positive. Two games that contradict each other are a tie; a tie and a
    win are a win.

    Parameters
    ----------
    first, second:
        (K, P) verdicts in the order given and in the swapped order (module docstring).

    Returns
    -------
    (K, P) margins in {-1, 0, 1}, as `accuracy_estimates` takes them; NaN only where neither game could be
    parsed.
    """
    one, two = _checked_games(first, second)
    total = np.sign(np.nan_to_num(one) + np.nan_to_num(two))
    return np.where(np.isnan(one) & np.isnan(two), np.nan, total)


def order_statistics(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    gold: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    recorded: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> dict[str, list[Estimate]]:
    """How a judge's verdicts depend on the order in which the two responses are shown.

    The rules are those of LLMBar (Zeng et al. 2024): a verdict is right only if it names the better response,
    so that a tie or an unparsed verdict is wrong and stays in the denominator.

    ``pair.accuracy_first_order``, ``pair.accuracy_swapped_order``
        Share of right verdicts with the pair shown as given, and shown swapped.
    ``pair.accuracy_order_average``
        Mean of the two.
    ``pair.accuracy_both_orders``
        Share of pairs with the right verdict in both orders.
    ``pair.order_agreement``
        Share of pairs with the same verdict in both orders; like LLMBar it counts two unparsed verdicts as
        the same. ``detail`` holds ``unparsed_both`` and ``agreement_parsed``, the share where both could be
        parsed.
    ``pair.first_position_share``
        Share of verdicts for the response shown first, over pairs that have a winner in both games. A judge
        whose winner does not depend on the order has 0.5 exactly, whatever the gold; 1: it always takes the
        first.

    Parameters
    ----------
    first, second:
        (K, P) verdicts in the order given and in the swapped order (module docstring).
    gold:
        (P,) probability that a is better; 0.5 (tie) and NaN (unjudged) leave the pair out of the accuracies.
        The last two statistics need no gold and use every pair.
    cluster, weights, level:
        As in `accuracy_estimates`.
    recorded:
        (K, P), or (2, K, P) by order, whether the judge was run on the pair at all; all of them if not given. A
        pair that is not recorded does not count, while a recorded one with a NaN verdict is unparsed.

    Returns
    -------
    Statistic id to one estimate for each judge. A judge without a single parsed verdict in an order counts as
    not run in that order: what needs the order is then undefined. ``detail`` of the accuracies holds
    ``unparsed``.

    Raises
    ------
    ValueError
        Shapes that do not fit, or a verdict that is none of -1, 0, 1, NaN.
    """
    one, two = _checked_games(first, second)
    by_order = (recorded, recorded) if recorded is None or np.ndim(recorded) == 2 else np.asarray(recorded)
    ran_first, ran_second = _ran(one, by_order[0]), _ran(two, by_order[1])
    accuracies = _accuracy_credits(one, two, ran_first, ran_second, _gold_side(gold, one.shape[1]))
    estimates = {
        f"pair.{name}": mean_estimates(
            credits,
            cluster,
            weights=weights,
            level=level,
            details=_details(unparsed=np.count_nonzero(lost & ~np.isnan(credits), axis=1)),
        )
        for name, (credits, lost) in accuracies.items()
    }
    both = ran_first & ran_second
    parsed = both & ~np.isnan(one) & ~np.isnan(two)
    unparsed_both = both & np.isnan(one) & np.isnan(two)
    same = _where(both, (one == two) | unparsed_both)
    shown_first = _where(parsed & (one != 0) & (two != 0), ((one > 0) * 1.0 + (two < 0)) / 2)
    estimates["pair.order_agreement"] = mean_estimates(
        same,
        cluster,
        weights=weights,
        level=level,
        details=_details(
            unparsed_both=np.count_nonzero(unparsed_both, axis=1),
            agreement_parsed=_share(parsed & (one == two), parsed),
        ),
    )
    estimates["pair.first_position_share"] = mean_estimates(shown_first, cluster, weights=weights, level=level)
    return estimates


def _accuracy_credits(
    one: Floats, two: Floats, ran_first: Booleans, ran_second: Booleans, side: Floats
) -> dict[str, tuple[Floats, Booleans]]:
    """(K, P) credits of the four accuracies, and where a verdict behind them could not be parsed."""
    judged = ~np.isnan(side)
    right_first = _where(ran_first & judged, one == side)
    right_second = _where(ran_second & judged, two == side)
    lost_first, lost_second = np.isnan(one), np.isnan(two)
    return {
        "accuracy_first_order": (right_first, lost_first),
        "accuracy_swapped_order": (right_second, lost_second),
        "accuracy_order_average": ((right_first + right_second) / 2, lost_first | lost_second),
        "accuracy_both_orders": (right_first * right_second, lost_first | lost_second),
    }


def _ran(verdicts: Floats, recorded: npt.ArrayLike | None) -> Booleans:
    """(K, P) whether a judge ran on a pair in one order; never, if it has no parsed verdict in that order."""
    asked = np.ones(verdicts.shape, bool) if recorded is None else np.asarray(recorded, bool)
    if asked.shape != verdicts.shape:
        raise ValueError(f"recorded needs the shape {verdicts.shape} of the verdicts, not {asked.shape}")
    return asked & ~np.isnan(verdicts).all(axis=1, keepdims=True)


def _gold_side(gold: npt.ArrayLike, pairs: int) -> Floats:
    """(P,) +1 where a is better, -1 where b is, NaN for ties and unjudged pairs."""
    probability = np.asarray(gold, float)
    if probability.shape != (pairs,):
        raise ValueError(f"gold needs one value for each of {pairs} pairs, not shape {probability.shape}")
    if ((probability < 0) | (probability > 1)).any():
        raise ValueError("gold must lie in [0, 1]")
    side = np.sign(probability - 0.5)
    return np.where(side == 0, np.nan, side)


def _where(counts: Booleans, values: npt.ArrayLike) -> Floats:
    """The values as floats, NaN where the pair does not count."""
    return np.where(counts, np.asarray(values, float), np.nan)


def _share(hits: Booleans, among: Booleans) -> Floats:
    """(K,) share of hits; NaN for a judge without any case."""
    cases = np.count_nonzero(among, axis=1)
    return np.where(cases > 0, np.count_nonzero(hits, axis=1) / np.maximum(cases, 1), np.nan)


def _details(**columns: npt.NDArray[np.generic]) -> list[dict[str, float]]:
    """One mapping for each judge from columns of one number for each judge."""
    rows = zip(*columns.values(), strict=True)
    return [{name: float(value) for name, value in zip(columns, row, strict=True)} for row in rows]


def _checked_games(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats]:
    one, two = np.asarray(first, float), np.asarray(second, float)
    if one.ndim != 2 or one.shape != two.shape:
        raise ValueError(f"both games need axes (judges, pairs), not shapes {one.shape} and {two.shape}")
    for name, verdicts in (("first", one), ("second", two)):
        wrong = ~(np.isnan(verdicts) | np.isin(verdicts, (-1.0, 0.0, 1.0)))
        if wrong.any():
            judge, pair = np.argwhere(wrong)[0]
            raise ValueError(
                f"verdicts must be -1, 0, 1 or NaN; {name} has {verdicts[judge, pair]} for judge {judge}, pair {pair}"
            )
    return one, two
