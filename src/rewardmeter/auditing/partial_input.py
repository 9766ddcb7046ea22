"""Baselines that are trained and see a part of the input only: what can be won without the rest?

A partial-input baseline that predicts the gold shows that the data can be answered without what it leaves out
(Gururangan et al. 2018; Poliak et al. 2018). It is Bradley-Terry with a linear strength: the logit that the first of
two responses is preferred is w (x_a - x_b), with a ridge on w, cross-fitted by item. May import `stats`, `comparison`,
`types`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rewardmeter.comparison.gold import PairGold
from rewardmeter.stats.resampling import item_folds
from rewardmeter.types import FloatArray, IntArray

__all__ = ["cross_fitted_margins", "identity_features", "too_long_to_learn", "word_features"]

RIDGE = 1e-3
"""Of the mean log-loss, on features of unit length. Chosen once, not by the data that it is tried on."""
FEWEST_TEXTS = 2
MOST_FEATURES = 200_000
MOST_CHARACTERS = 150_000_000
"""In all texts together. A word takes about 150 bytes while it is counted."""
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|\w+|[^\w\s]")


def too_long_to_learn(texts: Sequence[str | None]) -> str:
    """Why no words are learnt from these texts; empty where they are not too long."""
    if sum(len(text or "") for text in texts) <= MOST_CHARACTERS:
        return ""
    return f"the texts are more than {MOST_CHARACTERS:,} characters: look at a part of the data"


def word_features(texts: Sequence[str | None]) -> sparse.csr_matrix:
    """TF-IDF of words and pairs of words, (R, F), rows of unit length or 0.

    The weight is (1 + log count) * (1 + log((1 + R) / (1 + texts with it))), of what stands in two texts or more, the
    200,000 most frequent at most. Ideographs and kana count as words.
    """
    terms, row = _terms([_TOKEN.findall((text or "").casefold()) for text in texts])
    names, term = np.unique(terms, return_inverse=True)
    cell, count = np.unique(row * np.int64(len(names)) + term, return_counts=True)
    row, term = np.divmod(cell, max(len(names), 1))
    found = np.bincount(term, minlength=len(names))
    kept = np.argsort(-found, kind="stable")[:MOST_FEATURES]
    kept = kept[found[kept] >= FEWEST_TEXTS]
    place = np.full(len(names), -1)
    place[kept] = np.arange(len(kept))
    used = place[term] >= 0
    values = (1 + np.log(count[used])) * (1 + np.log((1 + len(texts)) / (1 + found[term[used]])))
    matrix = sparse.csr_matrix((values, (row[used], place[term[used]])), shape=(len(texts), len(kept)))
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.where(length > 0, length, 1.0)) @ matrix)


def _terms(texts: list[list[str]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A number for each word and each pair of words that follow each other, and the text that it stands in."""
    number: dict[str, int] = {}
    words = np.array([number.setdefault(word, len(number)) for text in texts for word in text], dtype=np.int64)
    row = np.repeat(np.arange(len(texts), dtype=np.int64), [len(text) for text in texts])
    together = row[1:] == row[:-1]
    pairs = (words[:-1] * len(number) + words[1:])[together] + len(number)
    return np.concatenate([words, pairs]), np.concatenate([row, row[1:][together]])


def identity_features(label: IntArray) -> sparse.csr_matrix:
    """One column for each label from 0 up, (R, F); no feature for those below 0."""
    known = np.flatnonzero(label >= 0)
    width = int(label.max(initial=-1)) + 1
    return sparse.csr_matrix((np.ones(len(known)), (known, label[known])), shape=(len(label), width))


def cross_fitted_margins(
    features: sparse.csr_matrix, pairs: PairGold, *, folds: int = 5, ridge: float = RIDGE, seed: int = 0
) -> FloatArray:
    """(P,) margins of the pairs from fits on the other folds' items.

    Parameters
    ----------
    features:
        (R, F), one row for each response.
    pairs:
        Judged pairs; ties count as half of each.
    folds, seed:
        Of items. With fewer than two items there is nothing to fit on, and all margins are 0.
    ridge:
        Penalty / 2 times the sum of squared weights, beside the mean log-loss.
    """
    margins = np.zeros(len(pairs))
    items, place = np.unique(pairs.item, return_inverse=True)
    if len(items) < 2:
        return margins
    apart = sparse.csr_matrix(features[pairs.a] - features[pairs.b])
    fold = item_folds(len(items), min(folds, len(items)), np.random.default_rng(seed))[place]
    for k in range(int(fold.max()) + 1):
        train, test = fold != k, fold == k
        margins[test] = apart[test] @ _fitted(apart[train], pairs.probability[train], ridge)
    return margins


def _fitted(apart: sparse.csr_matrix, label: FloatArray, ridge: float) -> FloatArray:
    from scipy.optimize import minimize
    from scipy.special import expit

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        eta = apart @ weights
        value = float(np.mean(np.logaddexp(0.0, eta) - label * eta)) + ridge / 2 * float(weights @ weights)
        return value, apart.T @ (expit(eta) - label) / len(label) + ridge * weights

    return np.asarray(minimize(loss, np.zeros(apart.shape[1]), jac=True, method="L-BFGS-B").x)
