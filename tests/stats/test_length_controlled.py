"""Length-controlled win rates: the optimum, what was planted, AlpacaEval's published numbers."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from rewardmeter.stats.length_controlled import FEWEST_MODELS, length_controlled_win_rates


def planted(models=8, instructions=300, seed=0, phi=1.5):
    rng = np.random.default_rng(seed)
    theta, psi = np.linspace(-1.5, 1, models), 0.5 + rng.random(models)
    gamma = rng.normal(size=instructions)
    difference = rng.normal(size=(models, instructions)) * 300 + np.linspace(-300, 300, models)[:, None]
    x = np.tanh(difference / difference.std(axis=1, keepdims=True))
    clean = theta[:, None] + psi[:, None] * gamma
    return expit(clean + phi * x), difference, expit(clean).mean(axis=1)


def objective(made, y, x, ridge):
    """As the module states it, written once more."""
    eta = made.strength[:, None] + np.einsum("mc,cmn->mn", made.slopes, x) + made.sensitivity[:, None] * made.difficulty
    loss = np.nansum(np.logaddexp(0, eta) - y * eta)
    prior = ridge * (np.sum((made.slopes - made.slopes.mean(axis=0)) ** 2) + np.sum(made.sensitivity**2))
    return loss + (prior + 1e-3 * (np.sum(made.strength**2) + np.sum(made.slopes**2)) + np.sum(made.difficulty**2)) / 2


def test_the_fit_is_a_minimum_of_the_stated_objective():
    y, d, _ = planted(6, 40)
    y[2, 3] = np.nan
    x = np.tanh(d / np.nanstd(np.where(np.isnan(y), np.nan, d), axis=1, keepdims=True))[None]
    made = length_controlled_win_rates(y, d, ridge=0.7)
    best, rng = objective(made, y, x, 0.7), np.random.default_rng(0)
    for name in ("strength", "slopes", "sensitivity", "difficulty"):
        value = getattr(made, name)
        for _ in range(5):
            step = rng.normal(size=value.shape)
            up, down = (objective(replace(made, **{name: value + s * 1e-4 * step}), y, x, 0.7) for s in (1, -1))
            assert abs(up - down) / 2e-4 < 1e-5 * np.abs(step).sum(), "the gradient is 0"
            assert up + down > 2 * best


def test_without_difficulty_it_is_the_logistic_regression_of_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    y, d, _ = planted(1, 400)
    y = (y > np.random.default_rng(1).random(y.shape)).astype(float)
    made = length_controlled_win_rates(y, d, difficulty=False)
    x = np.tanh(d[0] / d[0].std())
    # The ridge of 0.001 on both numbers, as a column of ones under the same penalty.
    columns = np.column_stack([np.ones(400), x])
    peer = linear_model.LogisticRegression(C=1e3, fit_intercept=False, tol=1e-10, max_iter=1000).fit(columns, y[0])
    assert made.strength[0] == pytest.approx(peer.coef_[0, 0], abs=1e-6)
    assert made.slopes[0, 0] == pytest.approx(peer.coef_[0, 1], abs=1e-6)
    assert made.controlled[0].value == pytest.approx(expit(peer.coef_[0, 0]), abs=1e-6)
    assert made.sensitivity[0] == 0


def test_planted_rates_come_back_and_raw_ones_are_off():
    y, d, truth = planted()
    made = length_controlled_win_rates(y, d)
    controlled = np.array([one.value for one in made.controlled])
    raw = np.array([one.value for one in made.raw])
    assert np.abs(controlled - truth).max() < 0.015
    assert np.abs(raw - truth).max() > 0.1
    assert np.allclose(raw, y.mean(axis=1))


def test_intervals_hold_the_truth_and_are_as_wide_as_the_rates_vary():
    rng = np.random.default_rng(0)
    values, widths, held = [], [], []
    for _ in range(40):
        instructions = 200
        gamma = rng.normal(size=instructions)
        theta, psi = np.linspace(-1, 1, 6)[:, None], np.ones((6, 1))
        d = rng.normal(size=(6, instructions))
        d = d - d.mean(axis=1, keepdims=True)
        x = np.tanh(d / d.std(axis=1, keepdims=True))
        y = (rng.random((6, instructions)) < expit(theta + psi * gamma + x)).astype(float)
        made = length_controlled_win_rates(y, d)
        true = expit(theta + np.random.default_rng(9).normal(size=(1, 200_000))).mean(axis=1)
        held.append([one.low <= t <= one.high for one, t in zip(made.controlled, true, strict=True)])
        values.append([one.value for one in made.controlled])
        widths.append([one.high - one.low for one in made.controlled])
    assert 0.90 <= np.mean(held) <= 0.99
    assert np.mean(widths) / (2 * 1.96 * np.std(values, axis=0).mean()) == pytest.approx(1, abs=0.15)


def test_influences_are_those_of_leaving_one_instruction_out():
    """To first order; leaving one out also moves the unit of the difference, a little, and the influence does not."""
    y, d, _ = planted(6, 200)
    made = length_controlled_win_rates(y, d)
    whole = np.array([one.value for one in made.controlled])
    left_out = []
    for left in range(0, 200, 5):
        kept = np.arange(200) != left
        fit = length_controlled_win_rates(y[:, kept], d[:, kept])
        left_out.append(whole - np.array([one.value for one in fit.controlled]))
    moved, influence = np.array(left_out).T, made.influence[:, ::5]
    for one, other in zip(moved, influence, strict=True):
        assert np.corrcoef(one, other)[0, 1] > 0.99
        assert np.std(one) / np.std(other) == pytest.approx(1, abs=0.05)


def test_the_difference_of_a_model_from_itself_is_nothing_and_others_are_paired():
    y, d, _ = planted()
    made = length_controlled_win_rates(y, d)
    same, apart = made.difference(0, 0), made.difference(7, 0)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert apart.value == made.controlled[7].value - made.controlled[0].value
    assert 0 < apart.low < apart.value < apart.high


def test_order_and_unit_of_length_move_nothing():
    y, d, _ = planted()
    made = length_controlled_win_rates(y, d)
    models, instructions = np.random.default_rng(0).permutation(8), np.random.default_rng(1).permutation(300)
    again = length_controlled_win_rates(y[models][:, instructions], 7.5 * d[models][:, instructions])
    assert [again.controlled[i].value for i in np.argsort(models)] == pytest.approx(
        [one.value for one in made.controlled], abs=1e-7
    )


def test_a_second_covariate_takes_its_part():
    y, d, truth = planted(phi=1.5)
    other = np.random.default_rng(5).normal(size=d.shape)
    both = expit(np.log(y / (1 - y)) + 2 * np.tanh(other / other.std(axis=1, keepdims=True)))
    made = length_controlled_win_rates(both, np.stack([d, other]))
    assert np.abs(np.array([one.value for one in made.controlled]) - truth).max() < 0.02
    # Drawn to 0 a little: the prior of the difficulties leaves some of them unexplained.
    assert made.slopes.mean(axis=0) == pytest.approx([1.5, 2.0], rel=0.08)


def test_the_baseline_against_itself_is_even_and_few_models_have_no_difficulty():
    y, d, _ = planted()
    y[0], d[0] = 0.5, 0.0
    assert length_controlled_win_rates(y, d).controlled[0].value == pytest.approx(0.5, abs=1e-6)
    few = length_controlled_win_rates(y[: FEWEST_MODELS - 1], d[: FEWEST_MODELS - 1])
    assert not few.difficulty.any()
    assert not few.sensitivity.any()


def test_a_model_that_always_wins_has_a_finite_strength():
    y, d, _ = planted()
    y[3] = 1.0
    made = length_controlled_win_rates(y, d)
    assert np.isfinite(made.strength[3])
    assert made.controlled[3].value > 0.98


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y, d: (y[0], d), "must be"),
        (lambda y, d: (y, d[:, :3]), "must be"),
        (lambda y, d: (y + 1, d), r"in \[0, 1\]"),
        (lambda y, d: (np.where(np.arange(8)[:, None] == 2, np.nan, y), d), "every model"),
        (lambda y, d: (y, np.where(np.arange(300) == 2, np.nan, d)), "missing or infinite"),
        (lambda y, d: (y, np.where(np.arange(8)[:, None] == 2, 5.0, d)), "model 2 differs by the same amount"),
    ],
)
def test_what_makes_no_sense_is_an_error(change, words):
    y, d, _ = planted()
    with pytest.raises(ValueError, match=words):
        length_controlled_win_rates(*change(y, d))
    with pytest.raises(ValueError, match="ridge"):
        length_controlled_win_rates(y, d, ridge=0.0)


def test_alpaca_eval_raw_rates_are_the_published_ones_and_controlled_ones_near(data_set):
    folder = data_set("alpaca-eval")
    with gzip.open(folder / "per_item_preferences.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    models = sorted({row["model"] for row in rows})
    place = {model: number for number, model in enumerate(models)}
    y, d = np.full((2, len(models), 805), np.nan)
    for row in rows:
        where = place[row["model"]], int(row["idx"])
        y[where] = (float(row["preference"]) or 1.5) - 1
        d[where] = float(row["len_model"]) - float(row["len_baseline"])
    with open(folder / "leaderboards" / "weighted_alpaca_eval_gpt4_turbo_leaderboard.csv", encoding="utf-8") as file:
        published = {row[""]: row for row in csv.DictReader(file)}
    made = length_controlled_win_rates(y, d)
    listed = [model for model in models if model in published]
    assert len(listed) == 57
    raw = [100 * made.raw[place[model]].value for model in listed]
    assert raw == pytest.approx([float(published[model]["win_rate"]) for model in listed], abs=1e-9)
    controlled = np.array([100 * made.controlled[place[model]].value for model in listed])
    theirs = np.array([float(published[model]["length_controlled_winrate"]) for model in listed])
    # Theirs has the difficulties and gamed baselines of files that are not published; the ranking is nearly the same.
    assert np.corrcoef(controlled, theirs)[0, 1] > 0.99
    assert np.abs(controlled - theirs).mean() < 1.5
