"""The fit of a control: what was planted is found, and nothing else moves it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from rewardmeter.stats.control import (
    ControlMap,
    ControlRows,
    cross_fit_control,
    dependence_estimates,
    fit_control,
    gold_columns,
    on_scale,
)
from rewardmeter.stats.control.curve import roughness
from rewardmeter.stats.control.fit import correction
from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.scaling import map_from_dict


def planted(items=400, each=2, bias=lambda t: 0.8 * t, noise=0.3, seed=0, graded=False, shift=0.0):
    """Scores are a quality that people see, plus a bias by the log of a count, plus noise."""
    rng = np.random.default_rng(seed)
    n = items * each
    count = np.round(np.exp(rng.normal(5, 1, n)))
    quality = rng.normal(size=n) + shift * (np.log1p(count) - 5)
    scores = quality + bias(np.log1p(count)) + noise * rng.normal(size=n)
    i, j = np.triu_indices(each, 1)
    base = each * np.arange(items)[:, None]
    a, b = (base + i).ravel(), (base + j).ravel()
    item = np.repeat(np.arange(items), i.size)
    if graded:
        return ControlRows(scores, count[None], a, b, item, rating=quality), quality
    return ControlRows(scores, count[None], a, b, item, (quality[a] > quality[b]).astype(float)), quality


def test_a_planted_curve_is_found():
    def bias(t):
        return 0.8 * t + np.sin(1.5 * t)

    rows, _ = planted(1_500, bias=bias, graded=True)
    curve = fit_control(rows, [True], degrees=8).curves[0]
    t = np.linspace(3.5, 6.5, 50)
    found, true = curve(np.expm1(t)), bias(t)
    assert np.abs((found - found.mean()) - (true - true.mean())).max() < 0.15
    assert abs(float(np.mean(curve(rows.covariates[0])))) < 1e-9, "the mean score stays"


def test_a_line_is_found_with_graded_gold_and_with_preferences():
    for graded in (True, False):
        rows, _ = planted(3_000, graded=graded)
        curve = fit_control(rows, [True]).curves[0]
        assert (curve(np.expm1(6)) - curve(np.expm1(4))) / 2 == pytest.approx(0.8, abs=0.06)


def test_what_people_warrant_stays_unless_the_gold_is_ignored():
    """Longer is better here, and the scorer knows it: nothing is to be taken away."""
    rows, _ = planted(3_000, bias=lambda t: 0 * t, graded=True, shift=1.0)
    curve = fit_control(rows, [True]).curves[0]
    assert abs(curve(np.expm1(6)) - curve(np.expm1(4))) / 2 < 0.05
    blind = fit_control(replace(rows, rating=None), [True])
    assert (blind.curves[0](np.expm1(6)) - blind.curves[0](np.expm1(4))) / 2 == pytest.approx(1, abs=0.06)
    assert blind.gold is None
    assert blind.gold_curve is None


def test_the_fit_is_the_minimum_of_the_penalised_squares():
    rows, _ = planted(60)
    fit = fit_control(rows, [True], penalties=[0.1])
    knots = fit.curves[0].knots
    t = np.log1p(rows.covariates[0])
    bend = roughness(knots / np.std(t))

    def objective(theta):
        from scipy.interpolate import CubicSpline

        curve = CubicSpline(knots, np.append(0, theta[1:]), bc_type="natural")(t)
        made = theta[0] * (2 * rows.preference - 1) + curve[rows.a] - curve[rows.b]
        values = np.append(0, theta[1:])
        return np.sum((rows.margin - made) ** 2) + 0.1 * rows.a.size * values @ bend @ values

    best = minimize(objective, np.zeros(5), method="BFGS", options={"gtol": 1e-6})
    found = fit.curves[0].values - fit.curves[0].values[0]
    assert np.allclose(found[1:], best.x[1:], rtol=1e-4, atol=1e-4)
    assert fit.gold == pytest.approx(best.x[0], rel=1e-4)


def test_the_limit_of_the_penalty_is_a_line():
    rows, _ = planted(200, bias=np.square)
    fit = fit_control(rows, [True], penalties=[1e9])
    curve = fit.curves[0]
    steps = np.diff(curve.values) / np.diff(curve.knots)
    assert np.allclose(steps, steps[0], rtol=1e-4)


def test_order_of_pairs_and_their_sides_shifts_and_units_move_nothing():
    rows, _ = planted(120)
    plain = fit_control(rows, [True], penalties=[0.01]).curves[0]
    order = np.random.default_rng(1).permutation(rows.a.size)
    turned = np.arange(rows.a.size) % 2 == 0
    a, b = np.where(turned, rows.b, rows.a)[order], np.where(turned, rows.a, rows.b)[order]
    preference = np.where(turned, 1 - rows.preference, rows.preference)[order]
    moved = replace(rows, scores=rows.scores + 1e4, a=a, b=b, item=rows.item[order], preference=preference)
    assert np.allclose(fit_control(moved, [True], penalties=[0.01]).curves[0].values, plain.values, atol=1e-8)
    scaled = replace(rows, scores=1e12 * rows.scores)
    assert np.allclose(fit_control(scaled, [True]).curves[0].values / 1e12, fit_control(rows, [True]).curves[0].values)


def test_scores_that_differ_by_item_alone_have_the_same_control():
    rows, _ = planted(100)
    own = np.repeat(np.random.default_rng(3).normal(size=100) * 100, 2)
    again = fit_control(replace(rows, scores=rows.scores + own), [True]).curves[0]
    assert np.allclose(again.values, fit_control(rows, [True]).curves[0].values, atol=1e-9)


def test_held_out_margins_know_nothing_of_their_own_fold():
    """Scores of one item are replaced; what the control takes off its margin must not move."""
    rows, _ = planted(50)
    before = cross_fit_control(rows, [True], folds=5)
    scores = rows.scores.copy()
    scores[:2] = [1e3, -1e3]
    preference = rows.preference.copy()
    preference[0] = 1 - preference[0]
    after = cross_fit_control(replace(rows, scores=scores, preference=preference), [True], folds=5)
    assert after.before[0] - after.after[0] == pytest.approx(before.before[0] - before.after[0], abs=1e-9)
    others = np.abs((after.before - after.after) - (before.before - before.after))
    assert others.max() > 1, "folds that hold it in their fit do move"


def test_noise_is_not_explained():
    shares = []
    for seed in range(20):
        rows, _ = planted(100, bias=lambda t: 0 * t, noise=1.0, seed=seed)
        shares.append(cross_fit_control(rows, [True]).explained(rows.item).worth_having)
    assert sum(shares) <= 2


def test_after_the_control_dependence_is_gone_and_the_right_answer_found_more_often():
    rows, _ = planted(800, noise=0.2)
    made = cross_fit_control(rows, [True])
    t = on_scale(rows.covariates[0], True)
    weights = item_weights(800, 300, np.random.default_rng(0))
    before, after, change = dependence_estimates(
        np.stack([made.before, made.after]), t[rows.a] - t[rows.b], gold_columns(rows), rows.item, weights=weights
    )
    assert before.low > 0.3
    assert after.low < 0 < after.high
    assert change.high < -0.3
    right = [np.mean((margin > 0) == (rows.preference > 0.5)) for margin in (made.before, made.after)]
    assert right[1] > right[0] + 0.05
    assert made.explained(rows.item).worth_having


def test_a_dependence_is_the_standardised_slope_of_least_squares():
    rows, _ = planted(200, each=3, graded=True)
    t = np.log1p(rows.covariates[0])
    apart, gold = t[rows.a] - t[rows.b], gold_columns(rows)
    (made,) = dependence_estimates(rows.margin[None], apart, gold, rows.item, weights=None)
    theta = np.linalg.lstsq(np.column_stack([apart, gold]), rows.margin, rcond=None)[0]
    assert made.value == pytest.approx(theta[0] * np.sqrt(np.mean(apart**2) / np.mean(rows.margin**2)), rel=1e-9)
    assert np.isnan(made.low)


def test_a_resample_is_the_fit_on_its_items():
    rows, _ = planted(12, each=3)
    t = np.log1p(rows.covariates[0])
    apart, gold = t[rows.a] - t[rows.b], gold_columns(rows)
    weights = item_weights(12, 5, np.random.default_rng(0))
    made = dependence_estimates(rows.margin[None], apart, gold, rows.item, weights=weights, level=0.5)[0]
    unit = np.sqrt(np.mean(apart**2) / np.mean(rows.margin**2))
    slopes = []
    for draw in weights:
        w = np.sqrt(draw[rows.item])
        columns = np.column_stack([apart, gold]) * w[:, None]
        slopes.append(np.linalg.lstsq(columns, rows.margin * w, rcond=None)[0][0] * unit)
    assert min(slopes) - 1e-9 <= made.low <= made.high <= max(slopes) + 1e-9


def test_a_covariate_that_follows_the_gold_has_no_dependence():
    rows, _ = planted(30)
    gold = gold_columns(rows)
    for apart in (gold[:, 0], np.zeros(30)):
        (made,) = dependence_estimates(rows.margin[None], apart, gold, rows.item, weights=None)
        assert not made.defined


def test_pairs_with_something_missing_do_not_count():
    rows, _ = planted(50)
    scores, covariates = rows.scores.copy(), rows.covariates.copy()
    preference = rows.preference.copy()
    scores[0], covariates[0, 2], preference[2] = np.nan, np.nan, np.nan
    holed = replace(rows, scores=scores, covariates=covariates, preference=preference)
    assert np.flatnonzero(~holed.usable()).tolist() == [0, 1, 2]
    assert np.allclose(
        fit_control(holed, [True]).curves[0].values,
        fit_control(rows.of(np.arange(50) >= 3), [True]).curves[0].values,
    )


def test_what_cannot_be_fitted_is_an_error():
    rows, _ = planted(3)
    with pytest.raises(ValueError, match="no pair"):
        fit_control(replace(rows, scores=np.full(6, np.nan)), [True])
    with pytest.raises(ValueError, match="two items or more"):
        cross_fit_control(rows.of(np.array([True, False, False])), [True])
    with pytest.raises(ValueError, match="infinite"):
        replace(rows, scores=np.full(6, np.inf))
    with pytest.raises(ValueError, match="either"):
        replace(rows, rating=np.zeros(6))
    with pytest.raises(ValueError, match="penalties"):
        fit_control(rows, [True], penalties=[])
    with pytest.raises(ValueError, match="degree"):
        fit_control(rows, [True], degrees=0)


def test_a_covariate_without_variation_takes_nothing_away():
    rows, _ = planted(40)
    flat = replace(rows, covariates=np.full((1, 80), 7.0))
    fit = fit_control(flat, [True])
    assert fit.curves[0].knots.size == 1
    assert correction(fit.curves, flat.covariates).tolist() == [0.0] * 80


def test_two_covariates_that_are_one_share_their_part():
    rows, _ = planted(300)
    both = replace(rows, covariates=np.concatenate([rows.covariates] * 2))
    one, two = fit_control(rows, [True], penalties=[1e-3]), fit_control(both, [True, True], penalties=[1e-3])
    once, twice = correction(one.curves, rows.covariates), correction(two.curves, both.covariates)
    # Each copy is bent half as much for the same sum, so the penalty is half as great: nearly the same.
    assert np.corrcoef(once, twice)[0, 1] > 0.9999


def test_the_map_subtracts_and_comes_back():
    rows, _ = planted(100)
    fit = fit_control(rows, [True])
    made = ControlMap(target="score", curves=fit.curves)
    again = map_from_dict(made.to_dict())
    assert again.to_dict() == made.to_dict()
    expected = rows.scores - fit.curves[0](rows.covariates[0])
    assert np.array_equal(again(rows.scores, covariates=rows.covariates), expected)
    assert np.isnan(made(np.array([np.nan, 1.0]), covariates=np.array([[1.0, np.nan]]))).all()
    with pytest.raises(ValueError, match="needs the covariates"):
        made(rows.scores)
    with pytest.raises(ValueError, match="covariates must be"):
        made(rows.scores, covariates=rows.covariates[:, :3])
    with pytest.raises(ValueError, match=r"control.target must be score"):
        map_from_dict(made.to_dict() | {"target": "rating"})
    with pytest.raises(ValueError, match="no curve"):
        ControlMap(target="score", curves=())
