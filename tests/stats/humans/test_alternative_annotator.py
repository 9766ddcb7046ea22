"""The alternative annotator test against its steps by scipy, and its parts against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, ttest_1samp

from rewardmeter.stats.humans.alternative import alignment, alternative_annotator_test, benjamini_yekutieli

NAN = math.nan


def scored(said, others, scoring):
    if scoring == "accuracy":
        return np.nanmean(np.where(np.isnan(others), NAN, others == said), axis=0)
    return -np.sqrt(np.nanmean((others - said) ** 2, axis=0))


def by_scipy(people, candidate, scoring, epsilon, least):
    """The steps of the paper one rater after the other."""
    found = {"items": [], "wins": [], "losses": [], "p": []}
    for rater, own in enumerate(people):
        others = np.delete(people, rater, axis=0)
        units = ~np.isnan(own) & ~np.isnan(candidate) & (~np.isnan(others)).any(axis=0)
        if units.sum() < least:
            continue
        person, model = (scored(said[units], others[:, units], scoring) for said in (own, candidate))
        wins, losses = (model >= person - 1e-12).astype(float), (person >= model - 1e-12).astype(float)
        found["items"].append(units.sum())
        found["wins"].append(wins.mean())
        found["losses"].append(losses.mean())
        found["p"].append(ttest_1samp(losses - wins, epsilon, alternative="less").pvalue)
    return found


@pytest.mark.parametrize("scoring", ["accuracy", "neg_rmse"])
@pytest.mark.parametrize("seed", range(5))
def test_is_the_procedure_of_the_paper(scoring, seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, 90)
    people = np.clip(truth + rng.integers(-1, 2, (6, 90)), 1, 5).astype(float)
    people[rng.random(people.shape) < 0.4] = NAN
    candidate = np.where(rng.random(90) < 0.9, np.clip(truth + rng.integers(-1, 2, 90), 1, 5), NAN)
    expected = by_scipy(people, candidate, scoring, 0.15, 30)
    found = alternative_annotator_test(people, candidate, scoring=scoring, epsilon=0.15)
    assert found.items.tolist() == expected["items"]
    assert found.candidate_wins == pytest.approx(expected["wins"], abs=1e-14)
    assert found.rater_wins == pytest.approx(expected["losses"], abs=1e-14)
    assert found.p_values == pytest.approx(expected["p"], abs=1e-12)
    rejected = false_discovery_control(expected["p"], method="by") < 0.05
    assert found.rejected.tolist() == rejected.tolist()
    assert found.winning_rate == rejected.mean()
    assert found.advantage_probability.value == pytest.approx(np.mean(expected["wins"]), abs=1e-14)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=12), st.sampled_from([0.01, 0.05, 0.2]))
def test_rejections_are_scipys(p_values, q):
    p = np.array(p_values)
    expected = false_discovery_control(p, method="by") <= q if p.size else np.zeros(0, dtype=bool)
    assert benjamini_yekutieli(p, q).tolist() == expected.tolist()


@pytest.mark.parametrize("scoring", ["accuracy", "neg_rmse"])
def test_alignment_leaves_the_rater_out(scoring, rng):
    people = np.where(rng.random((4, 25)) < 0.3, NAN, rng.integers(0, 4, (4, 25)).astype(float))
    said = rng.integers(0, 4, (1, 25)).astype(float)
    found = alignment(people, said, scoring)
    for r in range(4):
        others = np.delete(people, r, axis=0)
        company = (~np.isnan(others)).any(axis=0)
        assert found[r, company] == pytest.approx(scored(said[0, company], others[:, company], scoring), abs=1e-14)
        assert np.isnan(found[r, ~company]).all()


def test_a_perfect_candidate_passes_and_a_bad_one_fails(rng):
    truth = rng.integers(0, 3, 200).astype(float)
    people = np.where(rng.random((5, 200)) < 0.7, truth, rng.integers(0, 3, (5, 200)))
    good = alternative_annotator_test(people, truth, scoring="accuracy", epsilon=0.1)
    bad = alternative_annotator_test(people, (truth + 1) % 3, scoring="accuracy", epsilon=0.1)
    assert good.passed
    assert good.winning_rate == 1.0
    assert not bad.passed
    assert bad.winning_rate == 0.0
    assert good.advantage_probability.low > bad.advantage_probability.high


def test_a_difference_without_variation_is_decided_by_its_mean():
    """Candidate and raters say the same throughout: no t statistic, but 0 is below epsilon and not below 0."""
    people = np.tile(np.arange(40) % 3, (3, 1)).astype(float)
    assert alternative_annotator_test(people, people[0], scoring="accuracy", epsilon=0.1).p_values.tolist() == [0.0] * 3
    assert alternative_annotator_test(people, people[0], scoring="accuracy", epsilon=0.0).p_values.tolist() == [1.0] * 3


def test_equal_errors_are_equal_in_spite_of_rounding():
    """Three raters say 1, 2, 2; a candidate that says the same as the rater left out ties exactly."""
    people = np.tile(np.array([[0.1], [0.2], [0.7]]), 40)
    found = alternative_annotator_test(people, np.full(40, 0.1), scoring="neg_rmse", epsilon=0.1)
    assert found.candidate_wins[0] == found.rater_wins[0] == 1.0


def test_raters_with_few_items_are_left_out():
    people = np.full((3, 50), NAN)
    people[:2] = 1.0
    people[2, :29] = 1.0
    found = alternative_annotator_test(people, np.ones(50), scoring="accuracy", epsilon=0.1)
    assert found.raters.tolist() == [0, 1]
    alone = alternative_annotator_test(people[:1], np.ones(50), scoring="accuracy", epsilon=0.1)
    assert alone.raters.size == 0
    assert math.isnan(alone.winning_rate)
    assert math.isnan(alone.advantage_probability.value)
    assert not alone.passed


@pytest.mark.parametrize(
    ("candidate", "options", "problem"),
    [
        (np.ones(3), {"scoring": "accuracy", "epsilon": 0.1}, "one thing for each of 4 items"),
        (np.ones(4), {"scoring": "bleu", "epsilon": 0.1}, "scoring must be one of"),
        (np.ones(4), {"scoring": "accuracy", "epsilon": 2}, "epsilon must lie in"),
    ],
)
def test_bad_input_is_refused(candidate, options, problem):
    with pytest.raises(ValueError, match=problem):
        alternative_annotator_test(np.ones((2, 4)), candidate, **options)
