"""Paired tests of preference accuracy: McNemar, half credits and clusters, against enumeration and scipy."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rewardmeter.stats.preference import pair_credits
from rewardmeter.stats.significance import mcnemar_exact, preference_tests

JUDGES = ("Skywork_Skywork-Reward-Gemma-2-27B", "Ray2333_GRM-Gemma-2B-rewardmodel-ft")


def enumerated(apart: np.ndarray, alternative: str) -> float:
    """Share of all sign patterns of the items' differences whose sum is as extreme as the observed."""
    signs = np.array(list(itertools.product([1, -1], repeat=len(apart)))).reshape(-1, len(apart))
    sums, observed = signs @ np.abs(apart), apart.sum()
    if alternative == "two-sided":
        return float(np.mean(np.abs(sums) >= abs(observed) - 1e-9))
    return float(np.mean(sums >= observed - 1e-9))


@given(st.integers(0, 400), st.integers(0, 400))
@settings(max_examples=100, deadline=None)
def test_mcnemar_is_scipys_binomial_test(first, second) -> None:
    if first + second == 0:
        assert mcnemar_exact(first, second) == 1
        return
    assert mcnemar_exact(first, second) == pytest.approx(stats.binomtest(first, first + second).pvalue, rel=1e-8)
    greater = stats.binomtest(first, first + second, alternative="greater").pvalue
    assert mcnemar_exact(first, second, alternative="greater") == pytest.approx(greater, rel=1e-8)


def test_mcnemar_of_two_published_reward_models() -> None:
    # JudgeBench, GPT-4o pairs: Skywork-27B against GRM-2B, 59 and 42 discordant pairs, recomputed with scipy: .1109.
    assert float(mcnemar_exact(59, 42)) == pytest.approx(0.1109, abs=5e-5)
    assert mcnemar_exact([59, 42], [42, 59]) == pytest.approx([0.1109, 0.1109], abs=5e-5)
    with pytest.raises(ValueError, match="whole numbers"):
        mcnemar_exact(1.5, 2)
    with pytest.raises(ValueError, match="whole numbers"):
        mcnemar_exact(-1, 2)


def test_mcnemar_comes_out_of_the_recorded_judges_themselves(data_set: Callable[[str], Path]) -> None:
    folder = data_set("judgebench") / "outputs"
    credits = []
    for judge in JUDGES:
        name = f"dataset=judgebench,response_model=gpt-4o-2024-05-13,judge_name=reward_model,judge_model={judge}"
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        credits.append([float(row["judgments"][0]["decision"] == row["label"]) for row in rows])
    tests = preference_tests(credits)
    assert tests.difference[0, 1] == pytest.approx(17 / 350)
    assert tests.p[0, 1] == pytest.approx(0.1109, abs=5e-5)
    assert tests.p[0, 1] == pytest.approx(float(mcnemar_exact(59, 42)), rel=1e-12)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_half_credits_are_all_sign_patterns(alternative) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        credits = rng.integers(0, 3, (2, 10)) / 2
        tests = preference_tests(credits, alternative=alternative)
        apart = credits[0] - credits[1]
        assert tests.p[0, 1] == pytest.approx(enumerated(apart, alternative), abs=1e-12)
        assert tests.p[1, 0] == pytest.approx(enumerated(-apart, alternative), abs=1e-12)
        assert tests.difference[0, 1] == pytest.approx(apart.mean())
        assert tests.resamples[0, 1] == 0


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_variants_of_an_item_change_sign_together(alternative) -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        item = rng.integers(0, 9, 30)
        credits = rng.integers(0, 3, (2, 30)) / 2
        credits[0, rng.random(30) < 0.1] = np.nan
        apart = credits[0] - credits[1]
        shared = ~np.isnan(apart)
        total = np.bincount(item[shared], weights=apart[shared], minlength=9)
        tests = preference_tests(credits, item, alternative=alternative)
        assert tests.p[0, 1] == pytest.approx(enumerated(total, alternative), abs=1e-12)
        assert tests.difference[0, 1] == pytest.approx(np.nanmean(apart))


def test_copies_of_the_same_evidence_do_not_make_it_stronger() -> None:
    rng = np.random.default_rng(3)
    credits = (rng.random((2, 40)) < np.array([[0.8], [0.6]])).astype(float)
    item = np.arange(40)
    once = preference_tests(credits, item)
    copied = preference_tests(np.tile(credits, 5), np.tile(item, 5))
    assert copied.p[0, 1] == pytest.approx(once.p[0, 1], rel=1e-9)
    assert copied.difference[0, 1] == pytest.approx(once.difference[0, 1])
    assert preference_tests(np.tile(credits, 5)).p[0, 1] < once.p[0, 1]


def test_scorers_pairs_and_missing_units_in_any_order() -> None:
    rng = np.random.default_rng(4)
    credits = rng.integers(0, 3, (4, 60)) / 2
    credits[rng.random(credits.shape) < 0.1] = np.nan
    tests = preference_tests(credits, alternative="greater")
    scorers, units = rng.permutation(4), rng.permutation(60)
    moved = preference_tests(credits[scorers][:, units], alternative="greater")
    assert moved.p == pytest.approx(tests.p[np.ix_(scorers, scorers)], nan_ok=True)
    assert moved.difference == pytest.approx(tests.difference[np.ix_(scorers, scorers)])
    two_sided = preference_tests(credits)
    off = ~np.eye(4, dtype=bool)
    assert np.array_equal(two_sided.p[off], two_sided.p.T[off])


def test_credits_of_real_rules_go_straight_in() -> None:
    margins = np.array([[1.0, -1.0, 0.0, 2.0, 1.0], [1.0, 1.0, 1.0, -1.0, 0.0]])
    gold = np.array([1.0, 1.0, 1.0, 0.0, 0.5])
    credits = pair_credits(margins, gold, ties="half")
    apart = np.array([0.0, -1.0, -0.5, -1.0])
    assert preference_tests(credits).p[0, 1] == pytest.approx(enumerated(apart, "two-sided"))


def test_identical_scorers_and_scorers_without_a_shared_unit() -> None:
    credits = np.array([[1.0, 0.0, 1.0, np.nan], [1.0, 0.0, 1.0, np.nan], [np.nan, np.nan, np.nan, 1.0]])
    tests = preference_tests(credits)
    assert tests.p[0, 1] == 1
    assert np.isnan(tests.p[0, 2])
    assert tests.reasons == {(0, 2): "no unit counts for both scorers", (1, 2): "no unit counts for both scorers"}


def test_many_different_item_sums_are_drawn() -> None:
    rng = np.random.default_rng(5)
    credits = np.stack([rng.random(300), rng.random(300) + 0.05])
    with pytest.raises(ValueError, match="pass rng"):
        preference_tests(credits)
    tests = preference_tests(credits, rng=rng, resamples=20_000)
    assert tests.resamples[0, 1] == 20_000
    apart = credits[0] - credits[1]
    normal = 2 * stats.norm.sf(abs(apart.sum()) / np.sqrt((apart**2).sum()))
    assert tests.p[0, 1] == pytest.approx(normal, abs=0.015)


def test_a_million_pairs_are_exact_and_quick() -> None:
    rng = np.random.default_rng(6)
    right = rng.random((2, 1_000_000)) < np.array([[0.7], [0.701]])
    tests = preference_tests(right.astype(float))
    first, second = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    assert tests.p[0, 1] == pytest.approx(stats.binomtest(first, first + second).pvalue, rel=1e-6)


@pytest.mark.parametrize(
    ("credits", "cluster", "message"),
    [
        (np.zeros(3), None, "shape"),
        (np.full((2, 3), np.inf), None, "finite"),
        (np.zeros((2, 3)), np.zeros(2, dtype=int), "cluster needs one item"),
        (np.zeros((2, 3)), np.zeros(3), "cluster needs one item"),
        (np.zeros((2, 3)), np.array([0, -1, 2]), "from 0 up"),
    ],
)
def test_bad_input_gets_one_clear_error(credits, cluster, message) -> None:
    with pytest.raises(ValueError, match=message):
        preference_tests(credits, cluster)
