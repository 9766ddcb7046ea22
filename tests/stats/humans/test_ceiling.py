"""The ceiling against its definition by loops and scipy, on every kind of statistic that a board shows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from rewardmeter.stats.correlation import correlate
from rewardmeter.stats.humans.ceiling import leave_one_rater_out, mean_of_others, plurality_of_others
from rewardmeter.stats.preference import accuracy_estimates
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.system import system_estimates
from rewardmeter.stats.ties import acc_eq, calibrate_ties

NAN = math.nan
ROUNDED = 1e-11
"""What rounding the others' mean to 12 digits may move a correlation by."""


def pooled_pearson(scores, gold):
    return correlate(scores, gold, statistic="pearson", grouping="pooled").value


def ratings_of(rng, raters=4, systems=5, items=30, missing=0.2):
    truth = rng.normal(size=(systems, items))
    ratings = np.round(truth + rng.normal(size=(raters, systems, items)), 1)
    return np.where(rng.random(ratings.shape) < missing, NAN, ratings)


def expected_by_loops(ratings, statistic):
    """Mean over raters of the statistic on the cells that the rater and somebody else rated."""
    values = []
    for r in range(len(ratings)):
        others = np.delete(ratings, r, axis=0)
        count = (~np.isnan(others)).sum(axis=0)
        gold = np.where(count > 0, np.nansum(others, axis=0) / np.maximum(count, 1), NAN)
        both = ~np.isnan(ratings[r]) & ~np.isnan(gold)
        values.append(statistic(np.where(both, ratings[r], NAN), np.where(both, gold, NAN)))
    return np.array(values)


def scipy_by_item(statistic):
    def value(x, y):
        found = []
        for a, b in zip(x.T, y.T, strict=True):
            present = ~np.isnan(a)
            a, b = a[present], b[present]
            if a.size > 1 and np.ptp(a) > 0 and np.ptp(b) > 0:
                found.append(statistic(a, b).statistic)
        return np.mean(found)

    return value


def test_pooled_pearson_is_scipys(rng):
    ratings = ratings_of(rng)
    values = expected_by_loops(ratings, lambda x, y: pearsonr(x[~np.isnan(x)], y[~np.isnan(y)]).statistic)
    found = leave_one_rater_out(ratings, pooled_pearson)
    assert found.value == pytest.approx(values.mean(), abs=ROUNDED)
    assert [found.detail["lowest"], found.detail["highest"]] == pytest.approx([values.min(), values.max()], abs=ROUNDED)
    assert (found.n, found.undefined) == (4, 0)
    assert math.isnan(found.low)


@pytest.mark.parametrize(("name", "oracle"), [("pearson", pearsonr), ("spearman", spearmanr)])
def test_by_item_is_scipys(rng, name, oracle):
    ratings = ratings_of(rng)
    found = leave_one_rater_out(
        ratings, lambda scores, gold: correlate(scores, gold, statistic=name, grouping="item").value
    )
    assert found.value == pytest.approx(expected_by_loops(ratings, scipy_by_item(oracle)).mean(), abs=ROUNDED)


def test_any_statistic_of_the_board(rng):
    """Each measure is called with exactly the gold that the others make, so it equals the direct call."""
    ratings = ratings_of(rng, missing=0.0)
    golds = mean_of_others(ratings)
    measures = [
        lambda scores, gold: calibrate_ties(scores, gold).accuracy,
        lambda scores, gold: acc_eq(scores, gold, epsilon=0.3).accuracy,
        lambda scores, gold: correlate(scores, gold, statistic="kendall_b", grouping="system").value,
        lambda scores, gold: [
            e.value for e in system_estimates(scores, gold, statistic="pairwise_accuracy", weights=None)
        ],
    ]
    for measure in measures:
        direct = [np.asarray(measure(ratings[r][None], golds[r])).item() for r in range(4)]
        assert leave_one_rater_out(ratings, measure).value == pytest.approx(np.mean(direct), abs=1e-15)


def test_equal_means_are_ties():
    """(0.1 + 0.7) / 2 and (0.3 + 0.5) / 2 differ in floating point, and so do sums less one term."""
    ratings = np.array([[0.1, 0.3, 0.8], [0.7, 0.5, 0.0], [5.3, 1e-7, 0.0]])
    golds = mean_of_others(ratings)
    assert golds[2, 0] == golds[2, 1] == golds[2, 2] == 0.4
    assert golds[0].tolist() == [3.0, 0.25000005, 0.0]


def test_a_candidate_stands_in_for_each_rater(rng):
    """On the same cells against the same golds; a copy of a rater scores as that rater does."""
    ratings = ratings_of(rng, raters=3)
    scores = rng.normal(size=ratings.shape[1:])
    expected = []
    for own, gold in zip(ratings, mean_of_others(ratings), strict=True):
        both = ~np.isnan(own) & ~np.isnan(gold)
        expected.append(pearsonr(scores[both], gold[both]).statistic)
    found = leave_one_rater_out(ratings, pooled_pearson, candidate=scores)
    assert found.value == pytest.approx(np.mean(expected), abs=1e-13)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0, NAN]), min_size=5, max_size=5), min_size=1, max_size=5))
def test_plurality_is_the_one_most_frequent_value(rows):
    judgments = np.array(rows)
    found = plurality_of_others(judgments)
    for r in range(judgments.shape[0]):
        for p in range(5):
            others = np.delete(judgments[:, p], r)
            values, votes = np.unique(others[~np.isnan(others)], return_counts=True)
            winners = values[votes == votes.max()] if votes.size else []
            expected = winners[0] if len(winners) == 1 else NAN
            assert found[r, p] == pytest.approx(expected, nan_ok=True)


def test_preferences_with_the_accuracy_of_the_board(rng):
    """Share of the pairs with a decided plurality of the others in which the rater agrees, by loops."""
    truth = rng.integers(0, 2, 60)
    said = np.where(rng.random((5, 60)) < 0.75, truth, rng.choice([0.0, 0.5, 1.0], (5, 60)))

    def accuracy(scores, gold):
        pairs = np.arange(gold.size)
        return [e.value for e in accuracy_estimates(2 * scores - 1, gold, pairs, ties="wrong")]

    expected = []
    for r in range(5):
        right = []
        for p in range(60):
            votes = [np.count_nonzero(np.delete(said[:, p], r) == value) for value in (0.0, 0.5, 1.0)]
            best = np.flatnonzero(np.array(votes) == max(votes))
            if best.size == 1 and best[0] != 1:
                right.append(said[r, p] == best[0] / 2)
        expected.append(np.mean(right))
    found = leave_one_rater_out(said, accuracy, others=plurality_of_others, bounds=(0.0, 1.0))
    assert found.value == pytest.approx(np.mean(expected), abs=1e-14)


def test_raters_without_a_value_are_counted_not_averaged():
    """Rater 2 gives one constant rating, and the fourth judged alone."""
    ratings = np.array([[1, 2, 3, 4, NAN], [2, 2, 4, 5, NAN], [3, 3, 3, 3, NAN], [NAN, NAN, NAN, NAN, 1]])
    found = leave_one_rater_out(ratings[:, None, :], pooled_pearson)
    assert (found.n, found.undefined) == (2, 2)
    assert found.detail["judgments"] == 12


def test_nobody_else_means_undefined():
    found = leave_one_rater_out(np.array([[[1.0, 2.0, 3.0]]]), pooled_pearson)
    assert math.isnan(found.value)
    assert (found.n, found.undefined) == (0, 1)


def test_the_interval_leaves_out_groups_of_items(rng):
    """Against the jackknife by hand, on the mean gap, a measure without bounds: v +- t * SE."""
    ratings = rng.normal(size=(3, 1, 12))

    def gap(scores, gold):
        return np.mean(np.abs(scores[0] - gold))

    fold = item_folds(12, 4, rng)
    found = leave_one_rater_out(ratings, gap, fold=fold, bounds=None, level=0.9)
    without = [leave_one_rater_out(ratings[..., fold != j], gap).value for j in range(4)]
    error = math.sqrt(3 / 4 * np.sum((np.array(without) - np.mean(without)) ** 2))
    t = 2.3533634348018273  # scipy.stats.t.ppf(0.95, 3)
    assert [found.low, found.high] == pytest.approx([found.value - t * error, found.value + t * error], abs=1e-12)
    assert found.method == "jackknife over items, 4 groups left out in turn, t"


def test_pairs_of_an_item_leave_together(rng):
    said = rng.integers(0, 2, (3, 8)).astype(float)
    item = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    seen = []

    def measure(scores, gold):
        seen.append(scores.shape[-1])
        return np.mean(scores[0] == gold)

    leave_one_rater_out(said, measure, item=item, fold=np.array([0, 1, 0, 1]), bounds=(0.0, 1.0))
    assert seen[3:] == [4] * 6


def test_the_interval_covers_its_nominal_share(rng):
    """300 studies of 3 raters with unit noise on 200 items: one against the mean of two others has correlation
    1 / sqrt(2 * 1.5) in the population."""
    truth, covered = 1 / math.sqrt(3), 0
    for _ in range(300):
        ratings = rng.normal(size=200) + rng.normal(size=(3, 200))
        found = leave_one_rater_out(ratings[:, None, :], pooled_pearson, fold=item_folds(200, 20, rng))
        covered += found.low <= truth <= found.high
    assert abs(covered / 300 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 300)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"candidate": np.zeros(3)}, "the candidate has the shape"),
        ({"fold": np.array([0, 1])}, "a group for each of 4 items"),
        ({"others": lambda judgments: judgments[0]}, "the others' judgments have the shape"),
    ],
)
def test_bad_input_is_refused(options, problem):
    with pytest.raises(ValueError, match=problem):
        leave_one_rater_out(np.zeros((2, 1, 4)), pooled_pearson, **options)
    with pytest.raises(ValueError, match=r"raters, \.\.\., n"):
        leave_one_rater_out(np.zeros(4), pooled_pearson)
