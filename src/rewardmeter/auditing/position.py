"""Does the place in which a response is shown decide? May import `games`, `result` of this folder, `comparison`,
`stats`, `types`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from rewardmeter.auditing.games import Games, side_credits
from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.comparison.measure import Resampling
from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.leaning import Leaning, leaning, sign_test, signed_mean
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.verdicts import order_statistics
from rewardmeter.types import FloatArray, IntArray

__all__ = ["agreement_beyond_accuracy", "position_probe", "swap_probe"]

NO_WINNERS = "no pair has a winner in both orders"
Rows = tuple[FloatArray, FloatArray, IntArray]


def position_probe(games: Games, resampling: Resampling, *, seed: int = 0) -> ScorerProbe:
    """By how much the place moves verdicts: share for the response shown first, less what it should be.

    Pairs shown in both orders should give each place ½: over those with a winner in both games. Where there is one
    order only, the better response's own share of the first place is what verdicts are held against, over the pairs
    that people have decided; that works where the data shows the better response in either place. Ties count half.
    """
    return _from_both(games, resampling, seed) if games.swapped else _from_one(games, resampling, seed)


def swap_probe(games: Games, resampling: Resampling, *, seed: int = 0) -> ScorerProbe:
    """How often the same response wins when the order is swapped, over pairs with a winner in both games.

    A coin has ½; below it the place decides more often than the responses, and p is of the exact sign test against it.
    `pair.order_agreement`, which ties and unread answers lower, is ``agreement`` among the others: what it is by chance
    depends on how many a judge gives.
    """
    says = "does the same response win in both orders?"
    nothing = _nothing(resampling)
    if not games.swapped:
        reason = "each pair was shown in one order only"
        return ScorerProbe("swap consistency", "judge", "share", says, nothing, 0.5, "less", reason=reason)
    both = np.all(games.asked, axis=0)
    lost = np.isnan(games.first) | np.isnan(games.second)
    parsed = both & ~lost
    decided = parsed & (games.first != 0) & (games.second != 0)
    same = games.first == games.second
    rows = {
        "consistent": np.where(decided, same, np.nan),
        "answers_by_position": np.where(decided, ~same, np.nan),
        "agreement_parsed": np.where(parsed, same, np.nan),
        "unparsed": np.where(both, lost, np.nan),
        "tie_in_one_order": np.where(parsed, (games.first == 0) != (games.second == 0), np.nan),
    }
    weights, level = resampling.weights, resampling.level
    made = mean_estimates(np.stack(list(rows.values())), games.item, weights=weights, level=level)
    others = dict(zip(rows, made, strict=True))
    others["agreement"] = _order_statistics(games, resampling)["pair.order_agreement"]
    others["agreement_beyond_accuracy"] = agreement_beyond_accuracy(games, resampling)
    estimate = others.pop("consistent")
    return ScorerProbe(
        "swap consistency",
        "judge",
        "share",
        says,
        estimate,
        0.5,
        "less",
        others,
        _counts(games),
        p=sign_test(rows["consistent"], np.where(decided, 0.5, np.nan), games.item, seed=seed),
        reason="" if estimate.defined else NO_WINNERS,
    )


def agreement_beyond_accuracy(games: Games, resampling: Resampling) -> Estimate:
    """Agreement between the orders less what two independent games of that accuracy would have.

    A judge whose chance to be right in a pair does not depend on the order agrees with itself at least r² + (1 - r)² of
    the time, r its mean accuracy: below 0, the order matters. Over pairs with a winner in both games that people have
    decided; in [-1, 1], with the interval of its linear part.
    """
    side = games.gold_side
    used = ~np.isnan(games.first * games.second * side) & (games.first * games.second != 0)
    if not np.any(used):
        return _nothing(resampling)
    right = np.stack([(games.first == side)[used], (games.second == side)[used]]).mean(axis=0)
    same = (games.first == games.second)[used].astype(np.float64)
    rate = float(right.mean())
    value = float(same.mean()) - (rate**2 + (1 - rate) ** 2)
    linear = same - (4 * rate - 2) * (right - rate)  # mean: that of `same`; to first order, its error is that of value
    if resampling.weights is None:
        return Estimate(value, level=resampling.level, n=int(used.sum()))
    (drawn,) = mean_estimates(linear[None] + 2, games.item[used], weights=resampling.weights, level=resampling.level)
    shift = value - drawn.value
    detail = {"expected": rate**2 + (1 - rate) ** 2}
    return replace(drawn, value=value, low=drawn.low + shift, high=drawn.high + shift, detail=detail)


def _from_both(games: Games, resampling: Resampling, seed: int) -> ScorerProbe:
    used = np.all(games.asked, axis=0) & ~np.isnan(games.first * games.second) & (games.first * games.second != 0)
    says = "does the place decide? Each pair in both orders"
    if not np.any(used):
        return _undefined(says, NO_WINNERS, games, resampling)
    shown_first = np.where(used, ((games.first > 0) * 1.0 + (games.second < 0)) / 2, np.nan)
    stretched = signed_mean(2 * shown_first - 1, games.item, weights=resampling.weights, level=resampling.level)
    estimate = replace(stretched, value=stretched.value / 2, low=stretched.low / 2, high=stretched.high / 2)
    p = sign_test(shown_first, np.where(used, 0.5, np.nan), games.item, seed=seed)
    found = _order_statistics(games, resampling)
    others = {"first_share": found["pair.first_position_share"]}
    others |= _accuracies(_leaning(_all_games(games), resampling, seed))
    others["accuracy_order_average"] = found["pair.accuracy_order_average"]
    others["accuracy_both_orders"] = found["pair.accuracy_both_orders"]
    return ScorerProbe(
        "position", "judge", "share", _named(says, estimate), estimate, others=others, counts=_counts(games), p=p
    )


def _from_one(games: Games, resampling: Resampling, seed: int) -> ScorerProbe:
    says = "does the place decide? Each pair in one order"
    verdict, gold_first, item = _all_games(games)
    decided = gold_first[~np.isnan(verdict)]
    decided = decided[~np.isnan(decided)]
    if not len(decided):
        return _undefined(says, "people have decided none of its pairs", games, resampling)
    if np.all(decided == decided[0]):
        return _undefined(says, "the better response is always shown in the same place", games, resampling)
    made = _leaning((verdict, gold_first, item), resampling, seed)
    others = {"first_share": made.judge_share, "gold_first_share": made.gold_share, **_accuracies(made)}
    return ScorerProbe(
        "position",
        "judge",
        "share",
        _named(says, made.excess),
        made.excess,
        others=others,
        counts=_counts(games),
        p=made.p,
    )


def _all_games(games: Games) -> Rows:
    """Of every game: the credit for the response shown first, whether people prefer that one, and the item."""
    ones = np.ones(len(games.item))
    verdict = np.concatenate([side_credits(games.first, ones), side_credits(games.second, -ones)])
    side = games.gold_side
    gold = np.concatenate([side_credits(side, ones), side_credits(side, -ones)])
    return verdict, gold, np.concatenate([games.item, games.item])


def _leaning(rows: Rows, resampling: Resampling, seed: int) -> Leaning:
    return leaning(*rows, weights=resampling.weights, level=resampling.level, seed=seed)


def _accuracies(made: Leaning) -> dict[str, Estimate]:
    return {
        "accuracy_better_first": made.accuracy_for,
        "accuracy_better_second": made.accuracy_against,
        "accuracy_gap": made.accuracy_gap,
    }


def _order_statistics(games: Games, resampling: Resampling) -> dict[str, Estimate]:
    found = order_statistics(
        games.first[None],
        games.second[None],
        games.gold,
        games.item,
        recorded=games.asked[:, None],
        weights=resampling.weights,
        level=resampling.level,
    )
    return {name: one[0] for name, one in found.items()}


def _counts(games: Games) -> dict[str, int]:
    lost = games.asked & np.isnan(np.stack([games.first, games.second]))
    ties = (games.first == 0).sum() + (games.second == 0).sum()
    return {
        "pairs": len(games.item),
        "games": int(games.asked.sum()),
        "shown_in_both_orders": int(np.all(games.asked, axis=0).sum()),
        "unparsed": int(lost.sum()),
        "ties": int(ties),
    }


def _named(says: str, estimate: Estimate) -> str:
    """The question, with the place that gains where the interval says so."""
    if not (estimate.low > 0 or estimate.high < 0):
        return says
    return f"{says}; the {'first' if estimate.value > 0 else 'second'} gains"


def _undefined(says: str, reason: str, games: Games, resampling: Resampling) -> ScorerProbe:
    return ScorerProbe("position", "judge", "share", says, _nothing(resampling), counts=_counts(games), reason=reason)


def _nothing(resampling: Resampling) -> Estimate:
    return Estimate(math.nan, level=resampling.level, method="undefined")
