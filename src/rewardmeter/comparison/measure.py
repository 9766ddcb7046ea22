"""From arrays to estimates: which statistics a gold allows, and their values for all scorers at once.

May import `types`, `dataset`, `errors` and `stats`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rewardmeter.comparison.gold import PairGold, RatingGold
from rewardmeter.dataset import BestOfK
from rewardmeter.stats.best_of_k import (
    best_of_k_estimates,
    best_of_k_strict_estimates,
    mean_reciprocal_rank_estimates,
)
from rewardmeter.stats.calibration import pair_calibration
from rewardmeter.stats.cells import Grouping
from rewardmeter.stats.classification import average_precision_estimates, roc_auc_estimates
from rewardmeter.stats.correlation import Statistic, correlation_estimates
from rewardmeter.stats.preference import accuracy_estimates, macro_average, pair_credits
from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.soft_pairwise import soft_pairwise_accuracy
from rewardmeter.stats.system import SystemStatistic, system_estimates_of, system_means
from rewardmeter.stats.ties import acc_eq_estimates, cross_fitted_ties
from rewardmeter.stats.verdicts import combine_games, order_statistics
from rewardmeter.types import FloatArray, IntArray

__all__ = [
    "PairEvidence",
    "Resampling",
    "best_of_k_statistics",
    "cross_fit_ties",
    "make_resampling",
    "margin_calibration",
    "pair_statistics",
    "rating_statistics",
]

Rows = list[dict[str, Estimate]]
CORRELATIONS: tuple[Statistic, ...] = ("pearson", "spearman", "kendall_b")
SYSTEM_STATISTICS: tuple[SystemStatistic, ...] = (
    "pearson",
    "spearman",
    "kendall_b",
    "pairwise_accuracy",
    "pearson_without_outliers",
)
BOARD_CALIBRATION = tuple(f"calibration.{name}" for name in ("nll", "brier", "ece", "slope", "auc"))
SOFT_PAIRWISE_SEED = 4  # that of the reference implementation, so that published values come out
TIE_FOLDS = 5
MOST_WEIGHT_CELLS = 100_000_000
FEWEST_RESAMPLES = 200
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Resampling:
    """Item counts shared by every statistic: integers (B, N), or None for no intervals; and the level."""

    weights: NDArray[np.integer] | None
    level: float

    def of(self, items: Mask | None) -> NDArray[np.integer] | None:
        """The counts of some items only."""
        if self.weights is None or items is None:
            return self.weights
        return self.weights[:, items]


def make_resampling(n_items: int, resamples: int, level: float, seed: int) -> tuple[Resampling, int]:
    """Resamples of the items and how many: as many as asked for, fewer where there are very many items."""
    if resamples == 0 or n_items < 2:
        return Resampling(None, level), 0
    drawn = min(resamples, max(FEWEST_RESAMPLES, MOST_WEIGHT_CELLS // n_items))
    return Resampling(item_weights(n_items, drawn, np.random.default_rng(seed)), level), drawn


def rating_statistics(
    values: FloatArray,
    gold: RatingGold,
    published: FloatArray | None,
    resampling: Resampling,
    *,
    items: Mask | None = None,
) -> Rows:
    """Segment- and system-level statistics of K scorers against ratings.

    Parameters
    ----------
    values:
        (K, R) scores per response, NaN = none.
    gold:
        The ratings.
    published:
        (K, S) published system scores, NaN where there are none; None if no scorer has any. Not used for a slice.
    items:
        (N,) which items to look at; None for all.
    """
    rows: Rows = [{} for _ in values]
    scores, human = _matrices(values, gold.value, gold.cells.spread, items)
    weights, level = resampling.of(items), resampling.level
    groupings: list[Grouping] = ["pooled"]
    if _most_responses(human) > 1:
        groupings.append("item")
    for statistic in CORRELATIONS:
        for grouping in groupings:
            made = correlation_estimates(
                scores, human, statistic=statistic, grouping=grouping, weights=weights, level=level
            )
            _put(rows, _segment_id(statistic, grouping), made)
    if "item" in groupings:
        _put(rows, "segment.acc_eq.item", acc_eq_estimates(scores, human, weights=weights, level=level))
    if gold.binary:
        _put(rows, "segment.roc_auc", roc_auc_estimates(scores, human, weights=weights, level=level))
        precision = average_precision_estimates(scores, human, weights=weights, level=level)
        _put(rows, "segment.average_precision", precision)
    if gold.systems is not None:
        if gold.systems is not gold.cells:
            scores, human = _matrices(values, gold.value, gold.systems.spread, items)
        _system_statistics(rows, scores, human, gold, None if items is not None else published, weights, level)
    return rows


def _matrices(
    values: FloatArray, human: FloatArray, spread: object, items: Mask | None
) -> tuple[FloatArray, FloatArray]:
    assert callable(spread)
    scores, gold = spread(values), spread(human)
    if items is not None:
        scores, gold = scores[:, :, items], gold[:, items]
    return scores, gold


def _most_responses(human: FloatArray) -> int:
    return int(np.max(np.sum(~np.isnan(human), axis=0), initial=0))


def _system_statistics(
    rows: Rows,
    scores: FloatArray,
    human: FloatArray,
    gold: RatingGold,
    published: FloatArray | None,
    weights: NDArray[np.integer] | None,
    level: float,
) -> None:
    for kind in CORRELATIONS:
        made = correlation_estimates(scores, human, statistic=kind, grouping="system", weights=weights, level=level)
        _put(rows, _segment_id(kind, "system"), made)
    rated = np.any(~np.isnan(human), axis=1)
    if np.sum(rated) < 2:
        return
    # One system gold for all scorers, whatever each of them misses.
    overall = system_means(human[rated])
    if gold.system_values is not None and published is not None:
        overall = np.where(np.isnan(gold.system_values[rated]), overall, gold.system_values[rated])
    made_by_statistic = system_estimates_of(
        SYSTEM_STATISTICS,
        scores[:, rated],
        human[rated],
        published_scores=None if published is None else published[:, rated],
        published_gold=overall,
        weights=weights,
        level=level,
    )
    for statistic, made in made_by_statistic.items():
        _put(rows, f"system.{statistic}", made)
    soft = soft_pairwise_accuracy(scores[:, rated], human[rated], rng=np.random.default_rng(SOFT_PAIRWISE_SEED))
    _put(rows, "system.soft_pairwise_accuracy", soft)


def cross_fit_ties(rows: Rows, values: FloatArray, gold: RatingGold, seed: int) -> None:
    """Add to each ``segment.acc_eq.item`` what it is with ε fitted on other items (``cross_fitted`` in its detail).

    Nothing is added where there are fewer rated items than folds.
    """
    scores, human = _matrices(values, gold.value, gold.cells.spread, None)
    rated = ~np.all(np.isnan(human), axis=0)
    if np.sum(rated) < TIE_FOLDS:
        return
    fitted = cross_fitted_ties(scores[:, :, rated], human[:, rated], folds=TIE_FOLDS, rng=np.random.default_rng(seed))
    for row, held_out in zip(rows, fitted.accuracy, strict=True):
        known = row["segment.acc_eq.item"]
        row["segment.acc_eq.item"] = replace(known, detail={**known.detail, "cross_fitted": float(held_out)})


def _segment_id(statistic: str, grouping: str) -> str:
    return f"segment.{statistic}" if grouping == "pooled" else f"segment.{statistic}.{grouping}"


def _put(rows: Rows, name: str, made: Sequence[Estimate]) -> None:
    for row, estimate in zip(rows, made, strict=True):
        row[name] = estimate


@dataclass(frozen=True, eq=False)
class PairEvidence:
    """What K scorers say about P pairs.

    Attributes
    ----------
    margins:
        (K, P) score of a minus score of b, NaN where either is missing.
    first, second:
        (K, P) recorded verdicts, NaN throughout for scorers without.
    asked:
        (2, K, P) whether a recorded judge was asked, in the order given and swapped.
    """

    margins: FloatArray
    first: FloatArray
    second: FloatArray
    asked: Mask

    @property
    def verdicts(self) -> FloatArray:
        """(K, P) recorded verdicts, both games joined; an answer that could not be read is a tie: it names nobody."""
        joined = combine_games(self.first, self.second)
        return np.where(np.isnan(joined) & np.any(self.asked, axis=0), 0.0, joined)

    @property
    def by_verdict(self) -> Mask:
        """(K,) which scorers have recorded verdicts."""
        return np.asarray(np.any(~np.isnan(self.first) | ~np.isnan(self.second), axis=1))

    @property
    def unread(self) -> NDArray[np.int64]:
        """(K,) pairs about which a judge was asked and no answer could be read."""
        lost = np.any(self.asked, axis=0) & np.isnan(self.first) & np.isnan(self.second)
        return np.asarray(np.sum(lost, axis=1))

    @property
    def judged(self) -> FloatArray:
        """(K, P) what decides accuracy: recorded verdicts where a scorer has any, else margins."""
        return np.where(self.by_verdict[:, None], self.verdicts, self.margins)

    @property
    def scored(self) -> FloatArray:
        """(K, P) what half credit for ties is taken from: margins where a scorer has any, else verdicts."""
        has_margins = np.any(~np.isnan(self.margins), axis=1)
        return np.where(has_margins[:, None], self.margins, self.verdicts)

    def of(self, pairs: Mask) -> PairEvidence:
        """The evidence on some pairs only."""
        return PairEvidence(
            self.margins[:, pairs], self.first[:, pairs], self.second[:, pairs], self.asked[:, :, pairs]
        )


def pair_statistics(
    evidence: PairEvidence,
    gold: PairGold,
    resampling: Resampling,
    *,
    pairs: Mask | None = None,
    groups: Mapping[str, IntArray] | None = None,
) -> Rows:
    """Accuracy under both tie rules, macro averages over slices, what the order of showing does, and, of all pairs,
    whether the margins of scorers that have any are as often right as they say.

    Parameters
    ----------
    pairs:
        (P,) which pairs to look at; None for all.
    groups:
        Slice column to (P,) index of its value, for macro averages; ``pair.accuracy_macro`` is over the first one.
    """
    part = evidence if pairs is None else evidence.of(pairs)
    chosen = slice(None) if pairs is None else pairs
    human, item = gold.probability[chosen], gold.item[chosen]
    weights, level = resampling.weights, resampling.level
    judged = part.judged
    rows: Rows = [{} for _ in judged]
    plain = accuracy_estimates(judged, human, item, ties="wrong", weights=weights, level=level)
    counted = zip(plain, part.by_verdict, part.unread, strict=True)
    plain = [replace(e, detail={**e.detail, "unread": float(lost)}) if by else e for e, by, lost in counted]
    _put(rows, "pair.accuracy", plain)
    half = accuracy_estimates(part.scored, human, item, ties="half", weights=weights, level=level)
    _put(rows, "pair.accuracy_half_ties", half)
    for index in list((groups or {}).values())[:1]:
        credit = pair_credits(judged, human, ties="wrong")
        _put(rows, "pair.accuracy_macro", macro_average(credit, item, index[chosen], weights=weights, level=level))
    two_games = np.any(~np.isnan(part.second), axis=1)
    if np.any(two_games):
        ordered = order_statistics(
            part.first[two_games],
            part.second[two_games],
            human,
            item,
            recorded=part.asked[:, two_games],
            weights=weights,
            level=level,
        )
        for name, made in ordered.items():
            _put([rows[k] for k in np.flatnonzero(two_games)], name, made)
    scored = np.flatnonzero(np.any(~np.isnan(evidence.margins), axis=1))
    if pairs is None and len(scored):
        found = margin_calibration(evidence.margins[scored], gold, resampling, only=BOARD_CALIBRATION)
        for name, made in found.items():
            _put([rows[k] for k in scored], name, made)
    return rows


def margin_calibration(
    margins: FloatArray,
    gold: PairGold,
    resampling: Resampling,
    *,
    label: FloatArray | None = None,
    only: Collection[str] | None = None,
) -> dict[str, list[Estimate]]:
    """Whether margins are as often right as they say when read as logits: ``calibration.…`` ids to an estimate for each
    of K scorers.

    Where the better response always comes first, the statistics that compare both outcomes take every pair both ways
    round, each counting half.

    Parameters
    ----------
    margins:
        (K, P), NaN where there is none.
    label:
        (P,) instead of the gold's probabilities, NaN for pairs that do not count.
    only:
        Ids to compute; None for all.
    """
    label = gold.probability if label is None else label
    weights, level = resampling.weights, resampling.level
    made = pair_calibration(margins, label, gold.item, weights=weights, level=level, only=only)
    if not gold.best_first:
        return made
    both = pair_calibration(
        np.concatenate([margins, -margins], axis=1),
        np.concatenate([label, 1 - label]),
        np.concatenate([gold.item, gold.item]),
        unit_weights=np.full(2 * len(gold.item), 0.5),
        weights=weights,
        level=level,
        only=("calibration.slope", "calibration.auc"),
    )
    return made | {name: [replace(one, n=one.n // 2) for one in estimates] for name, estimates in both.items()}


def best_of_k_statistics(
    values: FloatArray,
    groups: BestOfK,
    item: IntArray,
    resampling: Resampling,
    *,
    chosen: Mask | None = None,
) -> Rows:
    """Best-of-k statistics of K scorers, (K, R) scores per response; ``item`` (G,) is each group's item and
    ``chosen`` (G,) which groups to look at."""
    offsets, response, best = groups.offsets, groups.response, groups.best
    if chosen is not None:
        sizes = np.diff(offsets)
        keep = np.repeat(chosen, sizes)
        offsets = np.concatenate([[0], np.cumsum(sizes[chosen])])
        response, best, item = response[keep], best[keep], item[chosen]
    rows: Rows = [{} for _ in values]
    scores = values[:, response]
    weights, level = resampling.weights, resampling.level
    one_correct = bool(np.all(np.add.reduceat(best.astype(np.int64), offsets[:-1]) == 1)) if len(item) else False
    kinds = {"pair.best_of_k": best_of_k_estimates, "pair.best_of_k_strict": best_of_k_strict_estimates}
    if one_correct:
        kinds["pair.mrr"] = mean_reciprocal_rank_estimates
    for name, estimates in kinds.items():
        _put(rows, name, estimates(scores, offsets, best, item, weights=weights, level=level))
    return rows
