"""Partial correlations of pairs against residuals of NumPy's least squares, and a jackknife that leaves items out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.partial_pairs import pair_correlations


def residual(y, x):
    return y - x @ np.linalg.lstsq(x, y, rcond=None)[0]


def plain(margin, gold, covariate):
    left, other = residual(margin, gold), residual(covariate, gold)
    cosine = [a @ other / np.sqrt(a @ a * (other @ other)) for a in (left, margin)]
    return np.array(cosine)


def made(seed, items=12, columns=1):
    rng = np.random.default_rng(seed)
    item = rng.permutation(np.repeat(np.arange(items), rng.integers(1, 4, items)))
    gold = rng.normal(size=(len(item), columns))
    covariate = rng.normal(size=len(item)) + gold[:, 0]
    margin = gold[:, 0] + 0.7 * covariate + rng.normal(size=len(item))
    return margin, gold, covariate, item


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 2))
def test_as_residuals_and_as_leaving_items_out(seed, columns):
    margin, gold, covariate, item = made(seed, columns=columns)
    found = pair_correlations(margin[None] * 1e7, gold, covariate * 1e-5, item)[0]
    whole = plain(margin, gold, covariate)
    assert [one.value for one in found] == pytest.approx(whole)
    without = np.array([plain(margin[item != i], gold[item != i], covariate[item != i]) for i in range(12)])
    error = np.sqrt(np.sum((without - whole) ** 2, axis=0) * 11 / 12)
    reach = 1.959964 * error / (1 - whole**2)
    assert [np.arctanh(one.high) for one in found] == pytest.approx(np.arctanh(whole) + reach, rel=1e-4)


def test_turning_pairs_round_changes_nothing():
    margin, gold, covariate, item = made(1)
    sign = np.random.default_rng(0).choice([-1, 1], len(item))
    here = pair_correlations(margin[None], gold, covariate, item)[0]
    there = pair_correlations((sign * margin)[None], gold * sign[:, None], sign * covariate, item)[0]
    assert [one.value for one in here] == pytest.approx([one.value for one in there])


def test_the_squared_semi_partial_is_the_share_gained():
    margin, gold, covariate, item = made(2)
    semi = pair_correlations(margin[None], gold, covariate, item)[0][1].value
    both = residual(margin, np.column_stack([gold, covariate]))
    alone = residual(margin, gold)
    assert semi**2 == pytest.approx((alone @ alone - both @ both) / (margin @ margin))


def test_undefined():
    margin, gold, covariate, item = made(3)
    rows = np.stack([gold[:, 0], np.zeros_like(margin), np.full_like(margin, np.nan)])
    for partial, semi in pair_correlations(rows, gold, covariate, item):
        assert not partial.defined
        assert not semi.defined
    assert not pair_correlations(margin[None], gold, gold[:, 0], item)[0][0].defined
    assert not pair_correlations(margin[None], gold, covariate, item % 2)[0][0].defined
