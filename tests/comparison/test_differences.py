"""Clusters, the human ceiling, and the sentences made from them."""

import numpy as np
import pytest
from scipy import stats

import rewardmeter as rm
from rewardmeter.io.build import DatasetBuilder


def ratings(n_items=60, raters=("x", "y", "z"), seed=2):
    """Five systems; one good scorer, one a copy of it with noise, one that knows nothing; three noisy raters."""
    rng = np.random.default_rng(seed)
    builder = DatasetBuilder("made")
    for i in range(n_items):
        item = builder.item(str(i))
        for s in range(5):
            quality = rng.normal() + 0.2 * s
            response = builder.response(item, system=f"s{s}", text=f"{i} {s}")
            for rater in raters:
                builder.rating(response, float(np.round(quality + rng.normal(0, 0.5), 1)), rater=rater)
            builder.score("good", response, quality + rng.normal(0, 0.2))
            builder.score("as good", response, quality + rng.normal(0, 0.2))
            builder.score("blind", response, rng.normal())
    return builder.build()


def test_scorers_that_cannot_be_told_apart_share_a_cluster():
    board = rm.compare(ratings(), ["recorded"], resamples=50)
    clusters = {entry.scorer: entry.cluster for entry in board}
    assert clusters == {"good": 1, "as good": 1, "blind": 2}
    assert "cannot be told apart from" in board.headline[0]
    assert "swapped item by item" in board.to_dict()["settings"]["tests"]


@pytest.mark.parametrize("statistic", ["segment.pearson.item", "segment.kendall_b", "system.pearson"])
def test_every_ranking_statistic_has_its_test(statistic):
    board = rm.compare(ratings(30), ["recorded"], resamples=0, statistic=statistic, draws=200)
    assert board.settings.primary == statistic
    assert board["blind"].cluster is not None
    if statistic != "system.pearson":  # five systems are too few to tell
        assert board["blind"].cluster > board["good"].cluster


def test_without_draws_nothing_is_tested_and_the_board_says_so():
    board = rm.compare(ratings(10), ["recorded"], resamples=0, draws=0)
    assert all(entry.cluster is None for entry in board)
    assert any("were not tested" in line for line in board.caveats)


def test_one_rater_against_the_mean_of_the_others():
    data = ratings()
    board = rm.compare(data, ["recorded"], resamples=0, statistic="segment.pearson")
    said = np.stack([data.ratings.value[data.ratings.rater == r] for r in range(3)])
    expected = np.mean([stats.pearsonr(said[r], np.delete(said, r, axis=0).mean(0))[0] for r in range(3)])
    ceiling = board.human_ceiling["segment.pearson"]
    assert ceiling.value == pytest.approx(expected)
    assert ceiling.low < ceiling.value < ceiling.high
    assert any("One rater against the others" in line for line in board.headline)


def test_no_ceiling_where_nobody_was_judged_twice():
    assert rm.compare(ratings(10, raters=("x",)), ["recorded"], resamples=0).human_ceiling == {}


def test_preferences_have_a_ceiling_and_exact_tests():
    rng = np.random.default_rng(3)
    builder = DatasetBuilder("pairs")
    for i in range(80):
        item = builder.item(str(i))
        a, b = (builder.response(item, system=name, text=f"{i}{name}") for name in "ab")
        better = bool(rng.random() < 0.5)
        for rater in ("x", "y", "z"):
            builder.preference(a, b, float(better if rng.random() < 0.85 else not better), rater=rater)
        for name, skill in (("sharp", 0.95), ("dull", 0.55)):
            right = better if rng.random() < skill else not better
            builder.score(name, a, float(right))
            builder.score(name, b, float(not right))
    board = rm.compare(builder.build(), ["recorded"], resamples=0)
    assert [(entry.scorer, entry.cluster) for entry in board] == [("sharp", 1), ("dull", 2)]
    ceiling = board.human_ceiling["pair.accuracy"]
    # Two of three agree with the third with chance .85² + .15² or, with two others split, are left out.
    assert 0.7 < ceiling.value < 0.95
    assert "exact" in board.settings.tests


def test_a_repeated_run_gives_the_same_tests():
    first = rm.compare(ratings(20), ["recorded"], resamples=20, statistic="segment.kendall_b.item", draws=100)
    second = rm.compare(ratings(20), ["recorded"], resamples=20, statistic="segment.kendall_b.item", draws=100)
    assert first.to_dict() == second.to_dict()
