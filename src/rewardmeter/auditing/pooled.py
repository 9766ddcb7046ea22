"""What a part of the input predicts of ratings that are pooled over items: the prompt alone, the response alone.

A prompt is the same for all responses to it, so that it cannot rank them; that it predicts pooled ratings shows what a
pooled correlation may be made of (Perrella et al. 2024, the sentinels). Learnt on other items: ridge regression of the
standardised rating on TF-IDF of words. May import `comparison`, `dataset`, `stats`, `types` and `partial_input`,
`result` of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import lsqr

from rewardmeter.auditing.fisher import fisher_p
from rewardmeter.auditing.pairs import without_texts
from rewardmeter.auditing.partial_input import too_long_to_learn, word_features
from rewardmeter.auditing.result import DataProbe
from rewardmeter.comparison.gold import RatingGold
from rewardmeter.comparison.measure import Resampling
from rewardmeter.dataset import Dataset
from rewardmeter.stats.correlation import correlation_estimates
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.result import undefined
from rewardmeter.types import FloatArray, IntArray, prompt_text

__all__ = ["pooled_probes"]

RIDGE = 1e-3
"""Penalty of the mean squared error over 2. Chosen once, not by the data that it is tried on."""


def pooled_probes(
    dataset: Dataset, ratings: RatingGold, resampling: Resampling, *, folds: int = 5, seed: int = 0
) -> list[DataProbe]:
    """``prompt only, pooled`` and ``response only, pooled``: Pearson's r of held-out predictions with the ratings over
    all items. ``other`` holds the same by item, which is undefined for the prompt."""
    prompts = [prompt_text(dataset.prompts[i]) for i in dataset.response_item] if dataset.prompts else []
    responses: Sequence[str | None] = dataset.response_text if dataset.has_texts else []
    made = []
    for name, texts, nothing in (
        ("prompt only, pooled", prompts, "the data has no prompts"),
        ("response only, pooled", responses, without_texts(dataset)),
    ):
        says = f"words of the {name.split()[0]} against ratings pooled over items, learnt on other items"
        too_long = too_long_to_learn(texts)
        if too_long:
            texts, nothing = [], too_long
        if not texts:
            empty = undefined(level=resampling.level)
            made.append(DataProbe(name, says, empty, empty, measure="pearson", reason=nothing))
            continue
        predicted = _cross_fitted(word_features(texts), ratings.value, dataset.response_item, folds, seed)
        made.append(_probe(name, says, predicted, ratings, resampling))
    return made


def _probe(name: str, says: str, predicted: FloatArray, ratings: RatingGold, resampling: Resampling) -> DataProbe:
    scores, human = ratings.cells.spread(predicted[None]), ratings.cells.spread(ratings.value)
    pooled, by_item = (
        correlation_estimates(
            scores, human, statistic="pearson", grouping=grouping, weights=resampling.weights, level=resampling.level
        )[0]
        for grouping in ("pooled", "item")
    )
    reason = "" if pooled.defined else "the words predict the same for all, or the ratings do not differ"
    return DataProbe(name, says, pooled, by_item, measure="pearson", p=fisher_p(pooled), reason=reason)


def _cross_fitted(features: sparse.csr_matrix, rating: FloatArray, item: IntArray, folds: int, seed: int) -> FloatArray:
    """(R,) predictions from fits on the other folds' items; NaN where there is no rating."""
    rated = np.flatnonzero(~np.isnan(rating))
    predicted = np.full(len(rating), np.nan)
    items, place = np.unique(item[rated], return_inverse=True)
    if len(items) < 2:
        return predicted
    fold = item_folds(len(items), min(folds, len(items)), np.random.default_rng(seed))[place]
    for k in range(int(fold.max()) + 1):
        train, test = rated[fold != k], rated[fold == k]
        mean, spread = float(np.mean(rating[train])), float(np.std(rating[train])) or 1.0
        damp = math.sqrt(RIDGE * len(train))
        weights = lsqr(features[train], (rating[train] - mean) / spread, damp=damp)[0]
        predicted[test] = mean + spread * (features[test] @ weights)
    return predicted
