"""How many labels a calibrator needs."""

from __future__ import annotations

import numpy as np
import pytest
from test_held_out import preferred, rated

from rewardmeter.calibration.evidence import human_side
from rewardmeter.calibration.held_out import try_methods
from rewardmeter.calibration.learning import LearningCurve, learning_curve


def curve_of(data, score, **options):
    human = human_side(data)
    return learning_curve(human, score, try_methods(human, score), **options)


def test_the_loss_falls_to_that_of_the_truth():
    """Ratings 2 score + 3 with noise of variance 0.25: a line of m rows loses 0.25 (1 + 2 / m) (Draper and Smith)."""
    data, score = rated(400, k=1)
    found = curve_of(data, score)
    assert (found.method, found.beside) == ("linear", "mean")
    assert found.items[[0, -1]].tolist() == [5, 320]
    loss = found.loss.mean(axis=1)
    assert loss[-1] == pytest.approx(0.25 * (1 + 2 / 320), rel=0.1)
    assert loss[0] > 1.3 * loss[-1]
    assert found.base.mean() == pytest.approx(4.25, rel=0.15)
    assert found.enough() == 5


def test_a_scorer_that_knows_nothing_never_has_enough():
    data, _ = preferred(300)
    found = curve_of(data, np.random.default_rng(3).normal(size=600))
    assert found.beside == "coin"
    assert found.enough() is None
    assert found.loss[0].mean() > np.log(2), "few labels of noise are worse than none"


def test_the_same_seed_draws_the_same():
    data, score = preferred(100, slope=3.0)
    one, two, other = (curve_of(data, score, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.loss, two.loss)
    assert not np.array_equal(one.loss, other.loss)


@pytest.mark.parametrize("n", [2, 9])
def test_very_few_items_have_no_curve(n):
    assert curve_of(*preferred(n)) is None


def test_ten_items_have_one():
    assert curve_of(*preferred(10)).items[-1] == 8


def test_enough_means_from_there_on():
    loss = np.repeat([[0.5], [0.9], [0.5], [0.4]], 10, axis=1)
    loss[2, 0] = np.nan
    made = LearningCurve("temperature", "coin", np.array([5, 10, 20, 40]), loss, np.full(10, 0.7))
    assert made.enough() == 20, "five were luck; a draw without a fit is no success"
    loss[2, 1] = 0.8
    assert made.enough() == 40
