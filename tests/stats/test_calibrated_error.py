"""Mean absolute error after calibration, against scikit-learn's maps, closed forms and the definition."""

import numpy as np
import pytest

from rewardmeter.stats.calibrated_error import calibrated_error_estimates
from rewardmeter.stats.resampling import item_folds, item_weights


def made(seed=0, systems=4, items=30):
    rng = np.random.default_rng(seed)
    gold = rng.normal(size=(systems, items)).round(1)
    scores = np.stack([2 * gold + 1, np.exp(gold), gold + rng.normal(size=gold.shape), np.ones(gold.shape)])
    gold[0, :3] = np.nan
    scores[2, 1, 4] = np.nan
    return scores, gold


def rng():
    return np.random.default_rng(5)


def test_a_straight_line_leaves_no_error_to_the_linear_map_and_a_bend_none_to_the_isotonic_one():
    scores, gold = made()
    linear = calibrated_error_estimates(scores, gold, folds=5, rng=rng(), mapping="linear")
    isotonic = calibrated_error_estimates(scores, gold, folds=5, rng=rng())
    assert linear[0].value == pytest.approx(0, abs=1e-12)
    assert linear[1].value > 0.1
    assert isotonic[1].value < 0.05  # what lies between the fitted scores is joined by straight lines


def test_a_constant_scorer_is_as_far_as_the_mean_of_the_other_folds():
    scores, gold = made()
    fold = item_folds(30, 5, rng())
    away = [np.abs(gold[:, fold == f] - np.nanmean(gold[:, fold != f])).ravel() for f in range(5)]
    expected = np.nanmean(np.concatenate(away))
    for mapping in ("linear", "isotonic"):
        found = calibrated_error_estimates(scores, gold, folds=5, rng=rng(), mapping=mapping)[3]
        assert found.value == pytest.approx(expected)
        assert found.n == np.sum(~np.isnan(gold))


def test_the_isotonic_map_is_scikit_learns():
    sklearn = pytest.importorskip("sklearn.isotonic")
    scores, gold = made(1)
    row, fold = scores[2], item_folds(30, 4, rng())
    both = ~np.isnan(row) & ~np.isnan(gold)
    errors = []
    for f in range(4):
        train, test = both & (fold != f), both & (fold == f)
        model = sklearn.IsotonicRegression(out_of_bounds="clip").fit(row[train], gold[train])
        errors.append(np.abs(model.predict(row[test]) - gold[test]))
    found = calibrated_error_estimates(scores[2:3], gold, folds=4, rng=rng())[0]
    assert found.value == pytest.approx(np.mean(np.concatenate(errors)))
    assert found.n == both.sum()


def test_intervals_and_wrong_use():
    scores, gold = made()
    weights = item_weights(30, 100, rng())
    estimate = calibrated_error_estimates(scores, gold, folds=3, rng=rng(), weights=weights)[2]
    assert estimate.low < estimate.value < estimate.high
    assert not calibrated_error_estimates(scores * np.nan, gold, folds=3, rng=rng())[0].defined
    with pytest.raises(ValueError, match="isotonic or linear"):
        calibrated_error_estimates(scores, gold, folds=3, rng=rng(), mapping="cubic")
    with pytest.raises(ValueError, match="folds"):
        calibrated_error_estimates(scores, gold, folds=1, rng=rng())
