"""Influences behind the jackknife intervals: derivatives of the weighted definitions, taken numerically."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats import classification, influence, kendall, ranks

Weighted = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def weighted_kendall(statistic: str) -> Weighted:
    """The definitions with a pair of members counting as often as the product of their weights."""

    def value(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
        pair = np.outer(w, w) / 2
        signs_x, signs_y = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
        difference, untied = (pair * signs_x * signs_y).sum(), (pair * np.abs(signs_x * signs_y)).sum()
        untied_x, untied_y = (pair * np.abs(signs_x)).sum(), (pair * np.abs(signs_y)).sum()
        levels = min(len(np.unique(x)), len(np.unique(y)))
        top, bottom = {
            "kendall_b": (difference, math.sqrt(untied_x * untied_y)),
            "kendall_c": (2 * difference * levels, w.sum() ** 2 * (levels - 1)),
            "kendall_wmt10": (difference - (untied_y - untied), untied_y),
            "kendall_wmt13": (difference, untied),
            "kendall_wmt14": (difference, untied_y),
        }[statistic]
        return top / bottom if bottom > 0 else math.nan

    return value


def weighted_spearman(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    u, v = ((side[:, None] > side) @ w + 0.5 * (side[:, None] == side) @ w for side in (x, y))
    u, v = u - np.average(u, weights=w), v - np.average(v, weights=w)
    scale = math.sqrt((w * u * u).sum() * (w * v * v).sum())
    return float((w * u * v).sum()) / scale if scale > 0 else math.nan


def weighted_auc(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    wins = (x[:, None] > x) + 0.5 * (x[:, None] == x)
    return float((w * y) @ wins @ (w * (1 - y)) / ((w * y).sum() * (w * (1 - y)).sum()))


def weighted_precision(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    at_least = x[None, :] >= x[:, None]
    return float((w * y) @ ((at_least @ (w * y)) / (at_least @ w)) / (w * y).sum())


def derivatives(value: Weighted, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    step, ones = 1e-5, np.ones(len(x))
    rows = np.eye(len(x)) * step
    return np.array([(value(x, y, ones + row) - value(x, y, ones - row)) / (2 * step) for row in rows])


members = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=3, max_size=12).map(
    lambda pairs: tuple(np.array(side, dtype=float) for side in zip(*pairs, strict=True))
)


@settings(deadline=None, max_examples=80)
@given(members, st.sampled_from(kendall.KENDALL))
def test_kendall_influence(both, statistic) -> None:
    x, y = both
    found_pairs = ranks.cell_pairs(x[None], y[None])
    sums = ranks.pair_sums(found_pairs, np.array([len(x)]))
    levels = np.array([min(len(np.unique(x)), len(np.unique(y)))])
    found = kendall.kendall_influence(statistic, sums, found_pairs, levels)[0]
    if np.isnan(kendall.kendall(statistic, sums, levels)[0]):
        return
    np.testing.assert_allclose(found, derivatives(weighted_kendall(statistic), x, y), atol=1e-8)


@settings(deadline=None, max_examples=80)
@given(members)
def test_spearman_influence(both) -> None:
    x, y = both
    found = influence.spearman_influence(
        ranks.rank_rows(x[None]), ranks.rank_rows(y[None]), np.ones((1, len(x)), dtype=bool)
    )[0]
    if len(np.unique(x)) == 1 or len(np.unique(y)) == 1:
        assert np.isnan(found).all()
    else:
        np.testing.assert_allclose(found, derivatives(weighted_spearman, x, y), atol=1e-8)


@settings(deadline=None, max_examples=80)
@given(members)
def test_roc_and_precision_influences(both) -> None:
    x, y = both[0], (both[1] > 1).astype(float)
    if 0 < y.sum() < len(y):
        for curve, weighted in (
            (classification._roc_auc, weighted_auc),
            (classification._average_precision, weighted_precision),
        ):
            value, found = curve(ranks.rank_rows(x[None]), y[None] == 1, y[None] == 0)
            assert value[0] == pytest.approx(weighted(x, y, np.ones(len(x))), abs=1e-12)
            np.testing.assert_allclose(found[0], derivatives(weighted, x, y), atol=1e-8)
