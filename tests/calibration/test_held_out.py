"""Which calibrator is worth having is decided on items that its fit has not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewardmeter.calibration.evidence import human_side
from rewardmeter.calibration.held_out import try_methods
from rewardmeter.comparison.gold import preferences_from_ratings
from rewardmeter.dataset import Dataset, Preferences, Ratings
from rewardmeter.errors import InputError, UnknownNameError


def rated(n_items=200, k=4, noise=0.5, seed=0, human=None):
    """Ratings whose expectation is a known function of a score."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n_items * k)
    value = (2 * score + 3 if human is None else human(score)) + noise * rng.normal(size=score.size)
    everything = np.arange(score.size, dtype=np.int32)
    data = Dataset(
        "made",
        [f"i{i}" for i in range(n_items)],
        np.repeat(np.arange(n_items, dtype=np.int32), k),
        ["text " * (1 + i % 7) for i in range(score.size)],
        np.full(score.size, -1, dtype=np.int32),
        ratings=Ratings(everything, value, np.full(score.size, -1, np.int32), np.zeros(score.size, np.int32)),
    )
    return data, score


def preferred(n=600, slope=1.0, seed=0):
    """Pairs won with probability sigmoid(slope * margin)."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=2 * n)
    first, second = np.arange(0, 2 * n, 2, dtype=np.int32), np.arange(1, 2 * n, 2, dtype=np.int32)
    won = rng.random(n) < 1 / (1 + np.exp(-slope * (score[first] - score[second])))
    data = Dataset(
        "made",
        [f"i{i}" for i in range(n)],
        np.repeat(np.arange(n, dtype=np.int32), 2),
        [None] * (2 * n),
        np.full(2 * n, -1, dtype=np.int32),
        preferences=Preferences(first, second, won.astype(np.float64), np.full(n, -1, np.int32)),
    )
    return data, score


def test_a_line_is_enough_for_a_line():
    data, score = rated()
    found = try_methods(human_side(data), score)
    assert (found.target, found.chosen) == ("rating", "linear")
    assert found["linear"].loss.value == pytest.approx(0.25, rel=0.1), "what is left is the noise"
    assert found["mean"].loss.value == pytest.approx(4.25, rel=0.15), "variance of the ratings"


def test_a_bend_needs_more_than_a_line():
    data, score = rated(noise=0.2, human=lambda x: np.where(x > 0, 4 * x, 0.0))
    assert try_methods(human_side(data), score).chosen in ("histogram", "isotonic", "spline")


def test_nothing_is_made_of_noise():
    data, _ = rated()
    noise = np.random.default_rng(9).normal(size=data.n_responses)
    found = try_methods(human_side(data), noise)
    assert found.chosen == "mean"
    assert not found["linear"].over_blind.worth_having


def test_overconfident_margins_get_their_temperature():
    data, score = preferred(slope=1.0)
    found = try_methods(human_side(data), 10 * score)
    assert (found.target, found.chosen) == ("utility", "temperature")
    assert found["temperature"].loss.value < found["coin"].loss.value == pytest.approx(np.log(2), abs=1e-12)


def test_calibrated_margins_are_left_alone():
    data, score = preferred(slope=1.0)
    assert try_methods(human_side(data), score).chosen == "raw"


def test_a_value_never_comes_from_a_fit_that_saw_its_item():
    """Changing what people said of one item moves the held-out values of the other folds' items only."""
    data, score = rated(n_items=40)
    before = try_methods(human_side(data), score, methods=("linear",))["linear"].values
    moved = data.ratings.value.copy()
    moved[:4] += 100
    ratings = Ratings(data.ratings.response, moved, data.ratings.rater, data.ratings.aspect)
    changed = Dataset(
        data.name, data.item_ids, data.response_item, data.response_text, data.response_system, ratings=ratings
    )
    after = try_methods(human_side(changed), score, methods=("linear",))["linear"].values
    same = before == after
    assert same[:4].all()
    assert same.sum() == 32, "a fifth of the items is in the changed item's fold"


def test_lengths_are_looked_at_only_when_asked_for():
    data, _ = rated()
    length = np.array([len(text) for text in data.response_text], dtype=float)
    values = 5 * np.log1p(length) + np.random.default_rng(1).normal(size=length.size)
    ratings = Ratings(data.ratings.response, values, data.ratings.rater, data.ratings.aspect)
    data = Dataset(
        data.name, data.item_ids, data.response_item, data.response_text, data.response_system, ratings=ratings
    )
    noise = np.random.default_rng(9).normal(size=length.size)
    assert try_methods(human_side(data), noise).chosen == "mean"
    assert try_methods(human_side(data), noise, methods=("length",)).chosen == "length"


def test_missing_scores_are_left_out():
    data, score = rated()
    score = score.copy()
    score[::3] = np.nan
    found = try_methods(human_side(data), score)
    assert np.array_equal(np.isnan(found["linear"].values), np.isnan(score))
    assert found["linear"].loss.n == np.sum(~np.isnan(score))


def test_too_few_items_are_a_reason_and_no_number():
    data, score = rated(n_items=1, k=3)
    found = try_methods(human_side(data), score)
    assert found.chosen == "raw"
    assert all(trial.reason and not trial.loss.defined for trial in found.trials[1:])


def test_pairs_of_rated_responses_are_those_of_the_board():
    data, score = rated(n_items=5)
    human = human_side(data)
    made = preferences_from_ratings(data).preferences
    assert (human.pairs.a.tolist(), human.pairs.b.tolist()) == (made.a.tolist(), made.b.tolist())
    assert human.margins(score).tolist() == (score[made.a] - score[made.b]).tolist()


def test_what_cannot_be_is_refused():
    data, score = preferred(n=20)
    with pytest.raises(UnknownNameError, match="isotonic"):
        try_methods(human_side(data), score, methods=("isotonic",))
    bare = Dataset("bare", ["i"], np.zeros(1, np.int32), ["x"], np.full(1, -1, np.int32))
    with pytest.raises(InputError, match="no human judgments"):
        human_side(bare)


def test_pairs_with_the_better_first_have_a_slope_all_the_same():
    """Every pair both ways round: the slope of a logistic regression through the origin, and an area that does not
    depend on which response is named first."""
    from scipy.optimize import minimize_scalar

    from rewardmeter.calibration import calibration_board
    from rewardmeter.comparison import Contender
    from rewardmeter.types import Scores

    data, score = preferred(n=400, slope=0.5)
    pairs = data.preferences
    lost = pairs.probability == 0
    best = np.where(lost, pairs.b, pairs.a).astype(np.int32)
    worst = np.where(lost, pairs.a, pairs.b).astype(np.int32)
    turned = Preferences(best, worst, np.ones(len(pairs)), pairs.rater)
    sorted_pairs = Dataset(
        data.name, data.item_ids, data.response_item, data.response_text, data.response_system, preferences=turned
    )
    made = calibration_board(sorted_pairs, [Contender("s", Scores.from_values(score))], resamples=0).entries[0]
    margin = score[best] - score[worst]
    expected = minimize_scalar(lambda b: np.logaddexp(0, -b * margin).sum(), bounds=(0, 5), method="bounded").x
    slope, area = made.statistics["calibration.slope"], made.statistics["calibration.auc"]
    assert slope.value == pytest.approx(expected, abs=1e-5)
    assert slope.n == 400
    wins = (margin[:, None] > -margin[None]).mean() + (margin[:, None] == -margin[None]).mean() / 2
    assert area.value == pytest.approx(wins, abs=1e-12)
    assert not made.statistics["calibration.intercept"].defined


@pytest.mark.parametrize(("n", "worth"), [(5, False), (19, False), (20, True)])
def test_few_pairs_that_are_all_right_show_nothing(n, worth):
    """Of 5 right pairs the gain over a coin has next to no spread, and the next pair is right with .55 or more."""
    data, _ = preferred(n)
    won = data.preferences.probability
    score = np.column_stack([won, 1 - won]).ravel()
    found = try_methods(human_side(data), 0.1 * score)
    assert found["temperature"].over_blind.items == n
    assert found["temperature"].over_blind.worth_having is worth
    assert (found["temperature"].over_blind.estimate.low > 0) is (n > 5)
    assert (found.chosen == "temperature") is worth


def test_calibrated_margins_stay_raw_when_by_chance_no_pair_is_wrong():
    """Margins of 5 are right in 99.3 %: every other draw of 100 has no wrong pair, and a temperature seems to gain."""
    chosen = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        data, _ = preferred(100, seed=seed)
        right = rng.random(100) < 1 / (1 + np.exp(-5.0))
        margin = np.where(right, 5.0, -5.0) * (2 * data.preferences.probability - 1)
        chosen.append(try_methods(human_side(data), np.column_stack([margin, 0 * margin]).ravel()).chosen)
    assert set(chosen) == {"raw"}


def test_rare_outcomes_tell_as_little_as_there_are_few_of_them():
    rng = np.random.default_rng(0)
    data, score = rated(200, k=1, human=lambda x: x)
    few, many = (np.argsort(-score)[:n] for n in (9, 10))
    for top, worth in ((few, False), (many, True)):
        rating = np.zeros(200)
        rating[top] = 1.0
        binary = replace(data, ratings=replace(data.ratings, value=rating))
        found = try_methods(human_side(binary), score + 0.01 * rng.normal(size=200), methods=("platt",))
        assert found["platt"].over_blind.items == 2 * len(top)
        assert found["platt"].over_blind.worth_having is worth


def test_a_spline_chooses_its_bend_over_whole_items():
    """Ten responses of an item share what people think of it: folds that part items take that for knowledge."""
    rng = np.random.default_rng(0)
    common, own = rng.normal(size=(60, 1)), rng.normal(size=(60, 1))
    score = (common + 0.01 * rng.normal(size=(60, 10))).ravel()
    value = (0.5 * common + own + 0.1 * rng.normal(size=(60, 10))).ravel()
    data, _ = rated(60, k=10)
    data = replace(data, ratings=replace(data.ratings, value=value))
    found = try_methods(human_side(data), score, methods=("linear", "spline"))
    assert found["spline"].loss.value < found["linear"].loss.value + 0.002, "1.002 and 0.984 with folds that part items"
