"""The human ceiling: one rater against the others, on the statistic that scorers are judged by.

May import `types`, `dataset` and `stats`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from rewardmeter.comparison.case import Case
from rewardmeter.comparison.gold import PairGold
from rewardmeter.comparison.measure import CORRELATIONS, SYSTEM_STATISTICS
from rewardmeter.dataset import Dataset, Ratings
from rewardmeter.stats.cells import Floats, Grouping
from rewardmeter.stats.correlation import Statistic, correlate
from rewardmeter.stats.humans.ceiling import Measure, leave_one_rater_out, plurality_of_others
from rewardmeter.stats.humans.judgments import rating_slots
from rewardmeter.stats.preference import pair_credits
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.system import SystemStatistic, system_estimates
from rewardmeter.stats.ties import calibrate_ties
from rewardmeter.types import FloatArray

__all__ = ["human_ceiling"]

GROUPINGS: dict[str, Grouping] = {"": "pooled", "item": "item", "system": "system"}
FOLDS = 20
MOST_RATERS = 12


def human_ceiling(case: Case, statistic: str, *, level: float, seed: int) -> Estimate | None:
    """How well one person predicts the others; None where nobody was judged twice or the statistic has no human form.

    Raters who are many and each judged little stand in for each other: judgments are then numbered within what was
    judged (first rating, second rating, …).
    """
    dataset, ratings, pairs = case.dataset, case.gold.ratings, case.gold.pairs
    folds = min(FOLDS, dataset.n_items)
    fold = item_folds(dataset.n_items, folds, np.random.default_rng(seed)) if folds > 1 else None
    if ratings is not None and statistic.startswith(("segment.", "system.")):
        layout = ratings.systems if "system" in statistic else ratings.cells
        judged = _rating_rows(dataset, ratings.aspect)
        measure = _measure(statistic)
        if layout is None or judged is None or measure is None:
            return None
        bounds = (0.0, 1.0) if "acc" in statistic else (-1.0, 1.0)
        return _known(leave_one_rater_out(layout.spread(judged), measure, fold=fold, level=level, bounds=bounds))
    if pairs is not None and statistic in ("pair.accuracy", "pair.accuracy_half_ties"):
        judged = _pair_rows(dataset, pairs)
        if judged is None:
            return None
        ties = "half" if statistic.endswith("half_ties") else "wrong"

        def accuracy(said: Floats, gold: Floats) -> float:
            credits = pair_credits(said - 0.5, gold, ties="half" if ties == "half" else "wrong")
            return float(np.nanmean(credits)) if np.any(~np.isnan(credits)) else float("nan")

        return _known(
            leave_one_rater_out(
                judged,
                accuracy,
                others=plurality_of_others,
                item=pairs.item,
                fold=fold,
                level=level,
                bounds=(0.0, 1.0),
            )
        )
    return None


def _known(estimate: Estimate) -> Estimate | None:
    return estimate if estimate.defined else None


def _measure(statistic: str) -> Measure | None:
    """The statistic as a function of one scorer's scores and a gold; None where it has no such form."""
    level, _, rest = statistic.partition(".")
    name, _, group = rest.partition(".")
    grouping = GROUPINGS[group]
    if level == "segment" and name == "acc_eq":
        return lambda said, gold: calibrate_ties(said, gold, grouping=grouping).accuracy
    for correlation in CORRELATIONS:
        if level == "segment" and name == correlation:
            return partial(_correlation, statistic=correlation, grouping=grouping)
    for system in SYSTEM_STATISTICS:
        if level == "system" and name == system:
            return partial(_system_value, name=system)
    return None


def _correlation(said: Floats, gold: Floats, *, statistic: Statistic, grouping: Grouping) -> Floats:
    return correlate(said, gold, statistic=statistic, grouping=grouping).value


def _system_value(said: Floats, gold: Floats, *, name: SystemStatistic) -> float:
    return system_estimates(said, gold, statistic=name, weights=None)[0].value


def _rating_rows(dataset: Dataset, aspect: str) -> FloatArray | None:
    """Ratings of one aspect as (raters, R); None where no response was rated twice."""
    ratings = dataset.ratings
    assert ratings is not None
    rows = ratings.rows(aspect)
    response, value = ratings.response[rows], ratings.value[rows]
    rater = _rater_index(ratings, rows)
    if rater is None:
        return None
    matrix = np.full((int(rater.max()) + 1, dataset.n_responses), np.nan)
    matrix[rater, response] = value
    return matrix


def _rater_index(ratings: Ratings, rows: NDArray[np.bool_]) -> NDArray[np.intp] | None:
    response, rater = ratings.response[rows], ratings.rater[rows]
    if not len(response) or len(np.unique(response)) == len(response):
        return None
    known = np.unique(rater)
    cells = response.astype(np.int64) * (len(ratings.raters) + 1) + rater
    if known[0] < 0 or len(known) > MOST_RATERS or len(np.unique(cells)) < len(cells):
        return rating_slots(response)
    return np.searchsorted(known, rater)


def _pair_rows(dataset: Dataset, pairs: PairGold) -> FloatArray | None:
    """Preferences as (raters, P), 1, 0 or 0.5; None where no pair was judged twice."""
    preferences = dataset.preferences
    assert preferences is not None
    if len(np.unique(pairs.row)) == len(pairs.row):
        return None
    said = np.where(pairs.flipped, 1 - preferences.probability, preferences.probability)
    known = np.unique(preferences.rater)
    if known[0] < 0 or len(known) > MOST_RATERS:
        rater = rating_slots(pairs.row)
    else:
        rater = np.searchsorted(known, preferences.rater)
    matrix = np.full((int(rater.max()) + 1, len(pairs)), np.nan)
    matrix[rater, pairs.row] = said
    return matrix
