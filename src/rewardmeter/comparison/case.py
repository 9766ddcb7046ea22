"""A comparison's inputs as arrays: the human side and the scorers' side.

May import `types`, `dataset`, `errors` and `stats`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rewardmeter.comparison.gold import PairGold, RatingGold, pair_gold, rating_gold
from rewardmeter.comparison.measure import PairEvidence
from rewardmeter.dataset import BestOfK, Dataset, Recorded
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.types import Cost, FloatArray, IntArray, Scores

__all__ = ["Case", "Contender", "Gold", "gold_of", "make_case"]


@dataclass(frozen=True, eq=False)
class Contender:
    """One scorer with its scores, ready to be compared.

    Attributes
    ----------
    name:
        As the board shows it.
    scores:
        One per response of the dataset.
    kind:
        ``"computed"`` or ``"recorded"``.
    reads:
        What it reads; None where unknown.
    baseline:
        Whether it is a content-blind rule.
    recorded:
        The record that it comes from, for verdicts and published system scores.
    cost_per_1000:
        What 1,000 different responses have cost so far, earlier runs included; None where that is not known.
    fitted_on:
        `Dataset.judged_hash` of the data that its calibrator, or the weights of its members, were fitted on.
    """

    name: str
    scores: Scores
    kind: str = "computed"
    reads: tuple[str, ...] | None = None
    baseline: bool = False
    recorded: Recorded | None = None
    cost_per_1000: Cost | None = None
    fitted_on: frozenset[str] = frozenset()

    def has_seen(self, dataset: Dataset) -> bool:
        """Whether part of it was fitted on this very data, so that nothing here is held out."""
        return dataset.judged_hash in self.fitted_on


@dataclass(frozen=True, eq=False)
class Gold:
    """The human side of a comparison; at least one part is there."""

    ratings: RatingGold | None = None
    pairs: PairGold | None = None
    groups: bool = False
    description: str = ""
    aspects: tuple[str, ...] = field(default=())

    @property
    def kind(self) -> str:
        """``"ratings"``, ``"preferences"`` or ``"best_of_k"``: what the primary statistic is about."""
        if self.ratings is not None:
            return "ratings"
        return "best_of_k" if self.groups else "preferences"


def gold_of(dataset: Dataset, aspect: str | None = None) -> Gold:
    """What people said, as far as the dataset has it.

    Raises
    ------
    InputError
        If it has no human judgment at all.
    """
    has_ratings = dataset.ratings is not None and len(dataset.ratings) > 0
    has_pairs = dataset.preferences is not None and len(dataset.preferences) > 0
    has_groups = dataset.best_of_k is not None and len(dataset.best_of_k) > 0
    if not (has_ratings or has_pairs or has_groups):
        raise InputError(
            f"dataset '{dataset.name}' has no human judgments",
            fix="Add a column 'rating', 'preference' or 'chosen' and 'rejected', or name yours with --map.",
        )
    if aspect is not None and not has_ratings:
        raise UnknownNameError("aspect", aspect, (), hint=f"'{dataset.name}' holds preferences, which have no aspects.")
    return Gold(
        rating_gold(dataset, aspect) if has_ratings else None,
        pair_gold(dataset) if has_pairs else None,
        has_groups,
        dataset.origin.gold,
        dataset.ratings.aspects if dataset.ratings is not None else (),
    )


@dataclass(frozen=True, eq=False)
class Case:
    """Everything that statistics and tests of one board are made from.

    Attributes
    ----------
    dataset, gold:
        What was judged, and how.
    values:
        float64 (K, R) score per response, NaN = none.
    evidence:
        What the scorers say about pairs; None without preferences.
    published:
        float64 (K, S) published system scores, NaN where there are none; None if nobody has any.
    """

    dataset: Dataset
    gold: Gold
    values: FloatArray
    evidence: PairEvidence | None
    published: FloatArray | None

    @property
    def groups(self) -> BestOfK | None:
        """The best-of-k groups; None where there are none."""
        return self.dataset.best_of_k if self.gold.groups else None

    @property
    def group_item(self) -> IntArray:
        """int32 (G,): item of each best-of-k group."""
        groups = self.dataset.best_of_k
        if groups is None:
            return np.empty(0, dtype=np.int32)
        return self.dataset.response_item[groups.response[groups.offsets[:-1]]]


def make_case(dataset: Dataset, contenders: Sequence[Contender], aspect: str | None) -> Case:
    """The arrays of a comparison; raises as `gold_of` does."""
    gold = gold_of(dataset, aspect)
    values = np.array([contender.scores.values for contender in contenders]).reshape(-1, dataset.n_responses)
    return Case(
        dataset, gold, values, _evidence(values, contenders, gold.pairs), _published(contenders, dataset.systems)
    )


def _published(contenders: Sequence[Contender], systems: tuple[str, ...]) -> FloatArray | None:
    rows = np.full((len(contenders), len(systems)), np.nan)
    for k, contender in enumerate(contenders):
        known = contender.recorded.system_values if contender.recorded is not None else {}
        rows[k] = [known.get(system, np.nan) for system in systems]
    return None if np.all(np.isnan(rows)) else rows


def _evidence(values: FloatArray, contenders: Sequence[Contender], pairs: PairGold | None) -> PairEvidence | None:
    if pairs is None:
        return None
    shape = (len(contenders), len(pairs))
    first, second = np.full((2, *shape), np.nan)
    asked = np.zeros((2, *shape), dtype=bool)
    for k, contender in enumerate(contenders):
        recorded = contender.recorded
        if recorded is None or recorded.first is None:
            continue
        first[k] = pairs.per_pair(recorded.first)
        if recorded.second is not None:
            second[k] = pairs.per_pair(recorded.second)
        marks = ~np.isnan(recorded.first) if recorded.asked is None else recorded.asked
        asked[0, k, pairs.row[marks]] = True
        if recorded.second is not None and not np.all(np.isnan(recorded.second)):
            swapped = marks if recorded.asked_second is None else recorded.asked_second
            asked[1, k, pairs.row[swapped]] = True
    return PairEvidence(values[:, pairs.a] - values[:, pairs.b], first, second, asked)
