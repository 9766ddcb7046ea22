"""Areas under ROC and risk–coverage curves against scikit-learn, all orders of ties, and numerical derivatives."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from simulated import item_error, pairs

from rewardmeter.stats.calibration import (
    auc_estimates,
    confidence_auc_estimates,
    risk_coverage_curves,
    risk_coverage_estimates,
)
from rewardmeter.stats.classification import roc_auc_estimates

roc_auc_score = pytest.importorskip("sklearn.metrics").roc_auc_score

AURC, EXCESS = "calibration.aurc", "calibration.excess_aurc"


def doubled(score: np.ndarray, share: np.ndarray, weight: np.ndarray) -> float:
    """scikit-learn's area, a share y as y of a positive and 1 - y of a negative."""
    labels = np.repeat([1, 0], share.size)
    weights = np.concatenate([weight * share, weight * (1 - share)])
    return float(roc_auc_score(labels, np.concatenate([score, score]), sample_weight=weights))


def verdicts(margins: np.ndarray, label: np.ndarray) -> np.ndarray:
    return np.where(margins > 0, label, np.where(margins < 0, 1 - label, 0.5))


@pytest.mark.parametrize("ties", [0.0, 0.3])
def test_areas_are_scikit_learns(ties: float) -> None:
    margins, label, item = pairs(200, 2, ties=ties)
    margins = np.round(margins, 1)
    weight = np.random.default_rng(1).exponential(1, label.size)
    auc = auc_estimates(margins, label, item, unit_weights=weight)[0]
    assert auc.value == pytest.approx(doubled(margins[0], label, weight), abs=1e-12)
    confidence = confidence_auc_estimates(margins, label, item, unit_weights=weight)[0]
    expected = doubled(np.abs(margins[0]), verdicts(margins[0], label), weight)
    assert confidence.value == pytest.approx(expected, abs=1e-12)


def test_the_interval_is_that_of_the_area_by_cells() -> None:
    margins, label, item = pairs(80, 1)
    ours = auc_estimates(margins, label, item, weights=np.ones((1, 80)))[0]
    cells = roc_auc_estimates(margins[:, None], label[None], weights=np.ones((1, 80)))[0]
    assert (ours.value, ours.low, ours.high) == pytest.approx((cells.value, cells.low, cells.high))


def test_one_class_is_undefined() -> None:
    found = auc_estimates([[1.0, -2.0]], [1, 1], [0, 1])[0]
    assert found.method == "undefined: labels of one class only"
    found = confidence_auc_estimates([[1.0, -2.0]], [1, 0], [0, 1])[0]
    assert math.isnan(found.value)
    assert found.method == "undefined: verdicts are all right or all wrong"
    assert confidence_auc_estimates([[0.0, 0.0]], [1, 0], [0, 1])[0].value == 0.5


def test_margins_beyond_the_last_probability_are_ranked() -> None:
    assert confidence_auc_estimates([[700.0, -600.0]], [1, 1], [0, 1])[0].value == 1


def area(risks: list[float]) -> float:
    return float(np.mean(np.cumsum(risks) / np.arange(1, len(risks) + 1)))


rows = st.lists(st.tuples(st.integers(-2, 2), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=6)


@given(rows)
def test_risk_coverage_is_the_mean_over_orders_of_ties(made: list[tuple[int, float]]) -> None:
    margins, label = (np.array(column, dtype=float) for column in zip(*made, strict=True))
    risk = 1 - verdicts(margins, label)
    orders = [
        order
        for order in itertools.permutations(range(len(made)))
        if all(abs(margins[a]) >= abs(margins[b]) for a, b in itertools.pairwise(order))
    ]
    expected = np.mean([area([risk[k] for k in order]) for order in orders])
    found = risk_coverage_estimates(margins[None], label, np.arange(len(made)))
    assert found[AURC][0].value == pytest.approx(expected, abs=1e-12)
    assert found[EXCESS][0].value == pytest.approx(expected - area(sorted(risk)), abs=1e-12)


def test_weights_are_copies() -> None:
    margins, label, _ = pairs(30, 1, ties=0.2)
    weight = np.random.default_rng(2).integers(0, 4, 30)
    weighted = risk_coverage_estimates(margins, label, np.arange(30), unit_weights=weight)
    item = np.repeat(np.arange(30), weight)
    copied = risk_coverage_estimates(margins[:, item], label[item], item)
    for name in (AURC, EXCESS):
        assert weighted[name][0].value == pytest.approx(copied[name][0].value, abs=1e-12)


def test_excess_of_the_best_order_is_nothing() -> None:
    found = risk_coverage_estimates([[5.0, 4.0, -3.0, 2.0]], [1, 1, 1, 0], np.arange(4), weights=np.ones((1, 4)))
    assert found[EXCESS][0].value == pytest.approx(0, abs=1e-15)
    assert found[AURC][0].value == pytest.approx((1 / 3 + 1 / 2) / 4)


@pytest.mark.parametrize("name", [AURC, EXCESS])
@pytest.mark.parametrize("rounding", [1, 9])
def test_intervals_use_numerical_derivatives(name: str, rounding: int) -> None:
    margins, label, item = pairs(60, 2, slope=0.5, ties=0.1)
    margins = np.round(margins, rounding)
    found = risk_coverage_estimates(margins, label, item, weights=np.ones((1, 60)))[name][0]
    error = item_error(lambda w: risk_coverage_estimates(margins, label, item, unit_weights=w)[name][0].value, item)
    logit = math.log(found.value / (1 - found.value))
    reach = norm.ppf(0.975) * error / (found.value * (1 - found.value))
    assert (found.low, found.high) == pytest.approx(
        [1 / (1 + math.exp(-end)) for end in (logit - reach, logit + reach)], abs=1e-6
    )


def test_the_curve_ends_at_the_error_rate() -> None:
    margins, label, item = pairs(300, 2)
    (curve,) = risk_coverage_curves(margins, label, item, points=None)
    assert curve.coverage.size == 600
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx(1 - verdicts(margins[0], label).mean())
    assert curve.risk.mean() == pytest.approx(risk_coverage_estimates(margins, label, item)[AURC][0].value)
    assert (np.diff(curve.margin) < 0).all()
    (thinned,) = risk_coverage_curves(margins, label, item, points=50)
    np.testing.assert_allclose(thinned.coverage, np.arange(1, 51) / 50)
    assert thinned.risk[-1] == curve.risk[-1]
    with pytest.raises(ValueError, match="points must be 1 or more"):
        risk_coverage_curves(margins, label, item, points=0)
