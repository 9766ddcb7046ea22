"""Which items to label next, and that calibrators stay honest whatever was chosen."""

from __future__ import annotations

import numpy as np
import pytest

from rewardmeter.calibration.labelling import STRATEGIES, labelled_so_far, next_items
from rewardmeter.calibration.questions import Questions, questions_of, target_of
from rewardmeter.calibration.refits import refits_of, standing_of
from rewardmeter.comparison import Contender
from rewardmeter.dataset import Dataset, Preferences, Ratings
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.stats.scaling import fit_linear
from rewardmeter.types import Outcome, Scores


def bare(n, k=1, **more):
    return Dataset(
        "made",
        [f"i{i}" for i in range(n)],
        np.repeat(np.arange(n, dtype=np.int32), k),
        [f"text {i}" for i in range(n * k)],
        np.full(n * k, -1, dtype=np.int32),
        **more,
    )


def contender(values, name="mine"):
    values = np.asarray(values, dtype=np.float64)
    outcomes = np.where(np.isnan(values), Outcome.MISSING, Outcome.SCORED).astype(np.uint8)
    return Contender(name, Scores(values, outcomes))


def unlabelled(questions, contenders):
    return labelled_so_far(questions, contenders, np.full(len(questions), np.nan))


def test_what_is_asked_follows_the_data():
    ratings = Ratings(*(np.array(column) for column in ([0, 3], [2.0, 4.0], [-1, -1], [0, 0])))
    made = questions_of(bare(3, 2, ratings=ratings))
    assert (made.ask, len(made), made.b) == ("rating", 6, None)
    assert made.known == pytest.approx([2, np.nan, np.nan, 4, np.nan, np.nan], nan_ok=True)
    assert np.isnan(questions_of(made.dataset, anew=True).known).all()
    assert made.items_with(made.known).tolist() == [True, True, False]

    some = Preferences(*(np.array(column) for column in ([1], [0], [1.0], [-1])))
    made = questions_of(bare(3, 3, preferences=some))
    assert (made.ask, len(made)) == ("preference", 1 + 3 + 3), "named pairs, and all pairs of the other items"
    assert (made.a[0], made.b[0], made.known[0]) == (1, 0, 1.0)
    assert made.of_item(1).tolist() == [1, 2, 3]
    assert questions_of(bare(2, 2), "preference").a.tolist() == [0, 2]


def test_nothing_to_ask_is_refused():
    with pytest.raises(InputError, match="no pairs of responses"):
        questions_of(bare(3), "preference")
    with pytest.raises(InputError, match="no responses"):
        questions_of(bare(0))
    with pytest.raises(UnknownNameError, match="rating"):
        questions_of(bare(3), "ratings")


def test_the_target_follows_the_answers():
    made = questions_of(bare(3))
    assert target_of(made, np.array([0.0, 1.0, np.nan])) == "probability"
    assert target_of(made, np.array([0.0, 1.0, np.nan]), "linear") == "rating"
    assert target_of(made, np.array([0.0, 2.0, 1.0])) == target_of(made, np.full(3, np.nan)) == "rating"
    assert target_of(questions_of(bare(2, 2), "preference"), np.array([1.0, 0.0])) == "utility"


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("ask", ["rating", "preference"])
def test_every_strategy_draws_what_is_left_and_says_why(strategy, ask):
    rng = np.random.default_rng(0)
    made = questions_of(bare(30, 3), ask)
    scorers = [contender(rng.normal(size=90), name) for name in ("one", "two")]
    labels = np.full(len(made), np.nan)
    labels[np.isin(made.item, np.arange(12))] = 1.0
    labels[made.item == 3] = 0.0
    labelled = labelled_so_far(made, scorers, labels)
    taken = np.zeros(30, dtype=bool)
    taken[-4:] = True
    chosen = next_items(made, scorers, labelled, 99, strategy=strategy, taken=taken)
    assert sorted(one.item for one in chosen) == list(range(12, 26)), "a budget beyond the items takes all"
    assert all(one.reason and one.item_id == f"i{one.item}" for one in chosen)
    again = next_items(made, scorers, labelled, 99, strategy=strategy, taken=taken)
    assert [(one.item, one.chance) for one in again] == [(one.item, one.chance) for one in chosen]
    assert next_items(made, scorers, labelled, 0, strategy=strategy) == ()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_item_and_missing_scores(strategy):
    made = questions_of(bare(3, 2), "preference")
    scorers = [contender([np.nan, 1, 2, 3, np.nan, np.nan], name) for name in ("one", "two")]
    chosen = next_items(made, scorers, unlabelled(made, scorers), 5, strategy=strategy)
    assert [one.item_id for one in chosen] == ["i1"], "without a score there is nothing to calibrate"
    nothing = [contender(np.full(6, np.nan))] * 2
    with pytest.raises(InputError, match="single score"):
        next_items(made, nothing, unlabelled(made, nothing), 1, strategy=strategy)


def test_all_labelled_leaves_nothing():
    made = questions_of(bare(4))
    scorers = [contender(np.arange(4.0))]
    assert next_items(made, scorers, labelled_so_far(made, scorers, np.ones(4)), 3) == ()


def test_what_cannot_be_is_refused():
    made = questions_of(bare(4))
    scorers = [contender(np.arange(4.0))]
    with pytest.raises(UnknownNameError, match="coverage"):
        next_items(made, scorers, unlabelled(made, scorers), 1, strategy="coverge")
    with pytest.raises(InputError, match="two scorers"):
        next_items(made, scorers, unlabelled(made, scorers), 1, strategy="disagreement")


def often(questions, contenders, strategy, n=3, seeds=300):
    """How often each item is drawn."""
    counts = np.zeros(questions.dataset.n_items)
    known = unlabelled(questions, contenders)
    for seed in range(seeds):
        drawn = next_items(questions, contenders, known, n, strategy=strategy, seed=seed)
        counts[[one.item for one in drawn]] += 1
    return counts


def test_margins_near_0_and_scorers_apart_come_first():
    margins = np.linspace(-3, 3, 61)
    made = questions_of(bare(61, 2), "preference")
    first = contender(np.column_stack([margins, np.zeros(61)]).ravel(), "one")
    counts = often(made, [first], "margin")
    assert counts[np.abs(margins) < 1].mean() > 1.5 * counts[np.abs(margins) > 2].mean()

    turned = margins * np.where(np.arange(61) % 10 == 0, -3, 1)
    second = contender(np.column_stack([turned, np.zeros(61)]).ravel(), "two")
    counts = often(made, [first, second], "disagreement")
    assert counts[::10].mean() > 2 * np.delete(counts, np.arange(0, 61, 10)).mean()


def test_weights_are_needed_unless_the_choice_is_ignorable():
    single, double = questions_of(bare(10)), questions_of(bare(10, 2))
    one, other = contender(np.arange(10.0)), contender(np.arange(10.0), "other")
    labels = np.full(10, np.nan)
    labels[:3] = 1.0
    drawn = [(0, 0.2), (1, 0.3), (2, 0.1)]
    assert labelled_so_far(single, [one], labels, drawn, {"coverage"}).ignorable
    assert not labelled_so_far(single, [one], labels, drawn, {"disagreement"}).ignorable
    assert not labelled_so_far(single, [one, other], labels, drawn, {"coverage"}).ignorable
    two = contender(np.arange(20.0))
    assert not labelled_so_far(double, [two], np.tile(labels, 2), drawn, {"coverage"}).ignorable
    weights = labelled_so_far(single, [one], labels, drawn).weights
    assert weights[2] == pytest.approx(1 / (8 * 0.1))
    assert (weights[3:] == 1).all()
    assert (labelled_so_far(single, [one], labels).weights == 1).all(), "labels from before are a random sample"


@pytest.mark.parametrize("seed", range(20))
def test_random_draws_weigh_one_whichever_were_answered(seed):
    """Blanks of an earlier batch, and items that are answered late or were never drawn, are among them."""
    rng = np.random.default_rng(seed)
    made, scorers = questions_of(bare(20)), [contender(rng.normal(size=20))]
    labels, drawn = np.full(20, np.nan), []
    labels[rng.permutation(20)[: seed % 4]] = 1.0
    for step in range(3):
        known = labelled_so_far(made, scorers, labels, drawn, {"random"})
        chosen = next_items(made, scorers, known, 9, strategy="random", seed=(seed, step))
        again = {one.item for one in chosen}
        drawn = [one for one in drawn if one[0] not in again] + [(one.item, one.chance, one.left) for one in chosen]
        labels[[one.item for one in chosen if rng.random() < 0.4]] = 1.0
        labels[[item for item, *_ in drawn if rng.random() < 0.1]] = 1.0
        weights = labelled_so_far(made, scorers, labels, drawn, {"random"}).weights
        assert weights == pytest.approx(1, abs=1e-12)


def test_the_weighted_loss_speaks_of_all_items_where_some_stay_blank():
    value = np.concatenate([np.linspace(-2, 2, 24), np.full(6, 5.0)])
    made, scorers = questions_of(bare(30)), [contender(value)]
    off = {"weighted": [], "plain": []}
    for seed in range(300):
        rng = np.random.default_rng([seed, 1])  # not that of the draws
        chosen = next_items(made, scorers, unlabelled(made, scorers), 20, strategy="coverage", seed=seed)
        labels = np.full(30, np.nan)
        answered = [one.item for one in chosen if rng.random() < 0.5]
        labels[answered] = 1.0
        drawn = [(one.item, one.chance, one.left) for one in chosen]
        weights = labelled_so_far(made, scorers, labels, drawn).weights[answered]
        off["weighted"].append(np.average(value[answered], weights=weights) - value.mean())
        off["plain"].append(value[answered].mean() - value.mean())
    assert abs(np.mean(off["weighted"])) < 0.25 * abs(np.mean(off["plain"]))


def repeated(human, strategy, repetitions=60, n=40, pool=400, seed=0):
    """Slopes and held-out losses after ``n`` labels, with and without weights; and the pool's own."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=pool)
    second = first + rng.normal(size=pool)
    scorers = [contender(first, "one"), contender(second, "two")]
    truth = human(first, second, rng)
    made = questions_of(bare(pool))
    whole = fit_linear(first, truth)
    slopes = {"weighted": [], "plain": []}
    losses = {"weighted": [], "plain": []}
    for repetition in range(repetitions):
        labels, drawn = np.full(pool, np.nan), []
        seen = scorers if strategy == "disagreement" else scorers[:1]
        for step in range(2):
            known = labelled_so_far(made, seen, labels, drawn, {strategy})
            chosen = next_items(made, seen, known, n // 2, strategy=strategy, seed=(repetition, step))
            drawn += [(one.item, one.chance) for one in chosen]
            items = [one.item for one in chosen]
            labels[items] = truth[items]
        weights = labelled_so_far(made, seen, labels, drawn).weights
        for kind, weight in (("weighted", weights), ("plain", np.ones(pool))):
            slopes[kind].append(fit_linear(first, labels, weight).slope)
            there = ~np.isnan(labels)
            lost = (truth - whole(first))[there] ** 2
            losses[kind].append(np.mean(weight[there] * lost))
    return slopes, losses, whole.slope, np.mean((truth - whole(first)) ** 2)


def biased(values, truth):
    values = np.asarray(values)
    return abs(values.mean() - truth) > 4 * values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize("strategy", ["coverage", "uncertainty"])
def test_selection_on_the_score_is_ignorable_for_a_regression_that_fits(strategy):
    slopes, _, truth, _ = repeated(lambda x, z, rng: 2 * x + rng.normal(size=x.size), strategy)
    assert not biased(slopes["plain"], truth)
    assert np.std(slopes["plain"]) < np.std(slopes["weighted"]), "and weights would only cost precision"


def test_a_curve_fitted_by_a_line_needs_weights_even_so():
    slopes, _, truth, _ = repeated(lambda x, z, rng: np.exp(x) + 0.3 * rng.normal(size=x.size), "coverage", n=80)
    assert abs(np.mean(slopes["weighted"]) - truth) < 0.5 * abs(np.mean(slopes["plain"]) - truth)


def test_selection_on_another_score_needs_weights():
    """People agree with the second scorer where the two differ, so that items with disagreement are special."""
    slopes, _, truth, _ = repeated(
        lambda x, z, rng: x + x * (z - x) ** 2 + 0.1 * rng.normal(size=x.size), "disagreement", n=80
    )
    assert biased(slopes["plain"], truth)
    assert abs(np.mean(slopes["weighted"]) - truth) < 0.5 * abs(np.mean(slopes["plain"]) - truth)


def test_a_loss_is_that_of_all_items_only_with_weights():
    _, losses, _, truth = repeated(lambda x, z, rng: x + x * rng.normal(size=x.size), "coverage", repetitions=150)
    assert not biased(losses["weighted"], truth)
    assert biased(losses["plain"], truth)


def test_a_standing_is_that_of_plain_cross_fitting_with_random_labels():
    rng = np.random.default_rng(0)
    score = rng.normal(size=200)
    made = questions_of(bare(200))
    labels = 2 * score + rng.normal(size=200)
    known = labelled_so_far(made, [contender(score)], labels)
    found = standing_of("mine", made, score, known, "rating", None, rng)
    assert found.method == "linear"
    assert found.loss.value == pytest.approx(1.0, rel=0.3)
    assert found.blind == pytest.approx(5.0, rel=0.3)
    assert found.over_blind.worth_having
    assert found.excess.value == pytest.approx(2 / 200, rel=0.6)
    assert 0 < found.excess.value < found.excess.high


def test_too_little_is_a_reason_and_no_number():
    made = questions_of(bare(5))
    score, rng = np.arange(5.0), np.random.default_rng(0)
    for labels in (np.full(5, np.nan), np.array([1.0, *[np.nan] * 4])):
        known = labelled_so_far(made, [contender(score)], labels)
        found = standing_of("mine", made, score, known, "rating", None, rng)
        assert "fewer than two" in found.reason
        assert not found.loss.defined
        assert not found.excess.defined
    assert refits_of(made, score, unlabelled(made, [contender(score)]), "rating", None, rng) is None
    known = labelled_so_far(made, [contender(score)], np.ones(5))
    with pytest.raises(UnknownNameError, match="isotonic"):
        standing_of("mine", made, score, known, "rating", "isotnic", rng)


def test_rows_of_an_item_stay_together_in_questions_of_any_order():
    data = bare(3, 2)
    made = Questions(data, "rating", np.array([5, 0, 2, 4, 1], dtype=np.int32), None, np.full(5, np.nan))
    assert [made.of_item(item).tolist() for item in range(3)] == [[1, 4], [2], [0, 3]]
