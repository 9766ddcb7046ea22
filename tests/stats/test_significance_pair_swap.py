"""Swapped verdicts, pair by pair and item by item: against all swaps, scipy's binomial, and random draws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rewardmeter.stats.significance import all_pairs, item_swap_tests, pair_swap_tests, significance_clusters
from rewardmeter.stats.significance.signed_sums import drawn_sums, flipped_sum_tails, sign_tail, signed_sum_tail
from rewardmeter.stats.ties import acc_eq, calibrate_ties

GROUPINGS = ("item", "system", "pooled")


def verdicts(x: np.ndarray, y: np.ndarray, other: np.ndarray, epsilon: float, grouping: str) -> list[np.ndarray]:
    """Which pairs of cells a scorer judges right, group by group; cells that ``other`` lacks do not exist."""
    there = ~(np.isnan(x) | np.isnan(y) | np.isnan(other))
    groups = {"item": zip(x.T, y.T, there.T, strict=True), "system": zip(x, y, there, strict=True)}
    groups["pooled"] = [(x.ravel(), y.ravel(), there.ravel())]
    made = []
    for one, two, mask in groups[grouping]:
        a, b = one[mask], two[mask]
        pairs = itertools.combinations(range(len(a)), 2)
        right = [(0 if abs(a[i] - a[j]) <= epsilon else np.sign(a[i] - a[j])) == np.sign(b[i] - b[j]) for i, j in pairs]
        if right:
            made.append(np.array(right))
    return made


def enumerated(one: list[np.ndarray], two: list[np.ndarray]) -> tuple[float, np.ndarray]:
    """The accuracy difference, and those after every swap of the verdicts on every subset of the pairs."""
    terms = [(a.astype(float) - b) / (len(a) * len(one)) for a, b in zip(one, two, strict=True)]
    flat = np.concatenate(terms)
    moving = flat[flat != 0]
    signs = np.array(list(itertools.product([1.0, -1.0], repeat=len(moving))))
    return float(flat.sum()), signs @ moving if len(moving) else np.zeros(1)


def small(seed: int, shape: tuple[int, int], missing: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores, gold = rng.integers(0, 5, (2, *shape)) / 2, rng.integers(0, 3, shape).astype(float)
    if missing:
        scores[0, 0, 1] = scores[1, 1, 0] = gold[shape[0] - 1, 0] = np.nan
    return scores, gold


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("grouping", GROUPINGS)
def test_p_is_the_share_of_all_swaps_of_verdicts(grouping, missing) -> None:
    epsilon = np.array([0.5, 1.0])
    for seed in range(6):
        scores, gold = small(seed, (3, 2) if grouping == "pooled" else (4, 3), missing)
        one = verdicts(scores[0], gold, scores[1], epsilon[0], grouping)
        two = verdicts(scores[1], gold, scores[0], epsilon[1], grouping)
        observed, null = enumerated(one, two)
        for alternative in ("two-sided", "greater"):
            tests = pair_swap_tests(scores, gold, grouping=grouping, epsilon=epsilon, alternative=alternative)
            assert tests.difference[0, 1] == pytest.approx(observed, abs=1e-12)
            if alternative == "two-sided":
                expected = [np.mean(np.abs(null) >= abs(observed) - 1e-12)] * 2
            else:
                expected = [np.mean(null >= observed - 1e-12), np.mean(null <= observed + 1e-12)]
            assert [tests.p[0, 1], tests.p[1, 0]] == pytest.approx(expected, abs=1e-12)
            assert tests.resamples[0, 1] == 0


def test_complete_items_are_one_binomial_of_scipy() -> None:
    rng = np.random.default_rng(1)
    gold = rng.integers(0, 4, (6, 80)).astype(float)
    scores = np.stack([gold + noise * rng.normal(size=gold.shape) for noise in (0.7, 0.8, 2.0)])
    tests = pair_swap_tests(scores, gold, epsilon=0.4, alternative="greater")
    right = [np.concatenate(verdicts(row, gold, row, 0.4, "item")) for row in scores]
    for i, j in itertools.permutations(range(3), 2):
        wins, losses = int((right[i] & ~right[j]).sum()), int((right[j] & ~right[i]).sum())
        expected = stats.binomtest(wins, wins + losses, alternative="greater").pvalue
        assert tests.p[i, j] == pytest.approx(expected, rel=1e-9)
    both = pair_swap_tests(scores, gold, epsilon=0.4)
    assert both.p[0, 1] == pytest.approx(min(1, 2 * min(tests.p[0, 1], tests.p[1, 0])), rel=1e-12)


def test_calibrated_accuracies_and_their_differences() -> None:
    rng = np.random.default_rng(2)
    gold = rng.integers(0, 3, (5, 30)).astype(float)
    scores = np.stack([gold + noise * rng.normal(size=gold.shape) for noise in (0.5, 0.9)])
    for test, statistic in ((item_swap_tests, "segment.acc_eq.item"), (pair_swap_tests, "segment.acc_eq.system")):
        options = {} if test is item_swap_tests else {"grouping": "system"}
        calibrated = calibrate_ties(scores, gold, grouping=options.get("grouping", "item"))
        swapped = "items" if test is item_swap_tests else "pairs"
        tests = all_pairs(scores, gold, statistic=statistic, rng=rng, verdicts=swapped)
        given = test(scores, gold, epsilon=calibrated.epsilon, **options)
        assert tests.difference[0, 1] == pytest.approx(calibrated.accuracy[0] - calibrated.accuracy[1], abs=1e-12)
        assert np.array_equal(tests.p, given.p, equal_nan=True)
    with pytest.raises(ValueError, match="whole items"):
        all_pairs(scores, gold, statistic="segment.acc_eq", rng=rng, verdicts="items")
    with pytest.raises(ValueError, match="verdicts must be"):
        all_pairs(scores, gold, statistic="segment.acc_eq", rng=rng, verdicts="systems")


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_differences_are_those_of_the_accuracies(grouping) -> None:
    rng = np.random.default_rng(3)
    gold = rng.integers(0, 3, (5, 12)).astype(float)
    scores = rng.normal(size=(4, 5, 12)).round(1)
    gold[:, 3] = np.nan
    value = acc_eq(scores, gold, epsilon=0.2, grouping=grouping).accuracy
    tests = pair_swap_tests(scores, gold, grouping=grouping, epsilon=0.2)
    assert tests.difference == pytest.approx(value[:, None] - value[None], abs=1e-12)
    off = ~np.eye(4, dtype=bool)
    assert np.array_equal(tests.p[off], tests.p.T[off])


def test_drawn_and_exact_nulls_agree() -> None:
    rng = np.random.default_rng(4)
    gold = rng.integers(0, 4, (6, 60)).astype(float)
    scores = np.stack([gold + noise * rng.normal(size=gold.shape) for noise in (1.0, 1.05, 1.2)])
    scores[0, 0, :20] = np.nan
    exact = pair_swap_tests(scores, gold, epsilon=0.3, alternative="greater")
    drawn = pair_swap_tests(scores, gold, epsilon=0.3, alternative="greater", resamples=20_000, rng=rng)
    off = ~np.eye(3, dtype=bool)
    error = np.sqrt(exact.p * (1 - exact.p) / 20_000)[off]
    assert np.all(np.abs(drawn.p - exact.p)[off] < 5 * error + 1e-4)
    assert np.all(drawn.resamples[off] == 20_000)
    assert np.all(exact.resamples == 0)


def test_too_many_sizes_are_drawn_and_said_so() -> None:
    rng = np.random.default_rng(5)
    gold = rng.normal(size=(12, 400))
    gold[rng.random(gold.shape) < 0.15] = np.nan
    scores = np.stack([np.nan_to_num(gold) + noise * rng.normal(size=gold.shape) for noise in (1.0, 1.2)])
    tests = pair_swap_tests(scores, gold, epsilon=0.1, rng=rng)
    assert tests.resamples[0, 1] == 10_000
    assert 0 < tests.p[0, 1] <= 1
    with pytest.raises(ValueError, match="pass rng"):
        pair_swap_tests(scores, gold, epsilon=0.1)


def test_p_is_never_zero_however_clear_the_case() -> None:
    rng = np.random.default_rng(6)
    gold = rng.normal(size=(20, 300))
    scores = np.stack([gold, -gold])
    tests = pair_swap_tests(scores, gold, epsilon=0.0, alternative="greater")
    assert 0 < tests.p[0, 1] < 1e-300
    assert tests.p[1, 0] == 1
    drawn = pair_swap_tests(scores, gold, epsilon=0.0, alternative="greater", resamples=99, rng=rng)
    assert drawn.p[0, 1] == 1 / 100


def test_identical_and_constant_scorers() -> None:
    rng = np.random.default_rng(7)
    gold = rng.integers(0, 3, (4, 10)).astype(float)
    scores = np.stack([gold, gold, np.zeros_like(gold), rng.normal(size=gold.shape)])
    tests = pair_swap_tests(scores, gold, epsilon=0.0)
    assert tests.p[0, 1] == 1
    assert tests.difference[0, 1] == 0
    assert 0 < tests.p[0, 2] < 0.05  # a constant scorer ties every pair: that can be judged, and is worse here
    assert not tests.reasons


@pytest.mark.parametrize("shape", [(1, 9), (4, 1)])
def test_one_system_has_no_pair_and_one_item_has(shape) -> None:
    rng = np.random.default_rng(8)
    tests = pair_swap_tests(rng.normal(size=(2, *shape)), rng.normal(size=shape), epsilon=0.0)
    assert np.isnan(tests.p[0, 1]) == (shape[0] == 1)
    assert bool(tests.reasons) == (shape[0] == 1)


def test_a_scorer_without_any_score_has_a_reason() -> None:
    rng = np.random.default_rng(9)
    scores = rng.normal(size=(3, 4, 6))
    scores[1] = np.nan
    tests = pair_swap_tests(scores, rng.normal(size=(4, 6)))
    assert np.isnan(tests.p[1]).all()
    assert not np.isnan(tests.p[0, 2])
    assert set(tests.reasons) == {(0, 1), (1, 2)}
    clusters = significance_clusters([0.6, math.nan, 0.5], tests)
    assert clusters.rank[1] == 0


def test_bad_epsilon_is_refused() -> None:
    with pytest.raises(ValueError, match="epsilon must not be negative"):
        pair_swap_tests(np.zeros((2, 3, 3)), np.zeros((3, 3)), epsilon=[0.1, -0.1])


@given(
    st.lists(st.tuples(st.sampled_from([0.5, 1.0, 1.5, 2.0, 1 / 3]), st.integers(0, 5)), min_size=1, max_size=3),
    st.integers(-12, 12),
)
@settings(max_examples=150, deadline=None)
def test_signed_sums_are_those_of_all_sign_patterns(classes, observed) -> None:
    steps, counts = np.array([step for step, _ in classes]), np.array([count for _, count in classes])
    terms = np.repeat(steps, counts)
    signs = np.array(list(itertools.product([1, -1], repeat=len(terms)))).reshape(2 ** len(terms), len(terms))
    sums = signs @ terms
    target = observed / 2
    expected = np.mean(sums >= target - 1e-9)
    found = signed_sum_tail(steps, counts, target)
    assert found == pytest.approx(max(expected, 1e-31), rel=1e-9, abs=2e-31)


@given(st.integers(0, 4000), st.integers(-4100, 4100))
@settings(max_examples=200, deadline=None)
def test_sign_tails_are_scipys_binomial(n, observed) -> None:
    least = math.ceil((observed + n) / 2)
    expected = stats.binom.sf(least - 1, n, 0.5)
    found = float(sign_tail(n, observed))
    assert found == pytest.approx(max(expected, np.finfo(float).tiny), rel=1e-8)


def test_sign_tails_of_a_million_pairs() -> None:
    # Closed form far out: P(B = n) = 2^-n for one win of all, and symmetry at 0.
    assert float(sign_tail(1000, 1000)) == pytest.approx(2.0**-1000, rel=1e-9)
    odd = 1_000_001
    assert float(sign_tail(odd, 1)) == pytest.approx(0.5, rel=1e-9)
    assert float(sign_tail(1_000_000, 2000)) == pytest.approx(stats.norm.sf(1999 / 1000), rel=1e-3)


def test_drawn_sums_have_the_moments_of_their_terms() -> None:
    sums = drawn_sums(np.array([1.0, 0.25]), np.array([[50, 200], [3, 0]]), 40_000, np.random.default_rng(0))
    assert sums.shape == (2, 40_000)
    assert sums.mean(axis=1) == pytest.approx([0, 0], abs=0.15)
    assert sums.var(axis=1) == pytest.approx([50 + 200 / 16, 3], rel=0.03)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
@pytest.mark.parametrize("missing", [False, True])
def test_verdicts_of_whole_items_change_places_in_every_way(missing, alternative) -> None:
    epsilon = np.array([0.5, 1.0])
    for seed in range(6):
        scores, gold = small(seed, (4, 8), missing)
        gold[:, 7] = np.nan
        one = verdicts(scores[0], gold, scores[1], epsilon[0], "item")
        two = verdicts(scores[1], gold, scores[0], epsilon[1], "item")
        apart = np.array([a.mean() - b.mean() for a, b in zip(one, two, strict=True)]) / len(one)
        signs = np.array(list(itertools.product([1, -1], repeat=len(apart))))
        null, observed = signs @ apart, apart.sum()
        if alternative == "two-sided":
            expected = [np.mean(np.abs(null) >= abs(observed) - 1e-12)] * 2
        else:
            expected = [np.mean(null >= observed - 1e-12), np.mean(null <= observed + 1e-12)]
        tests = item_swap_tests(scores, gold, epsilon=epsilon, alternative=alternative)
        assert tests.difference[0, 1] == pytest.approx(observed, abs=1e-12)
        assert [tests.p[0, 1], tests.p[1, 0]] == pytest.approx(expected, rel=1e-9)


def test_many_items_give_the_p_of_random_swaps() -> None:
    rng = np.random.default_rng(10)
    gold = rng.integers(0, 4, (5, 200)).astype(float)
    gold[rng.random(gold.shape) < 0.05] = np.nan
    human = np.nan_to_num(gold)
    scores = np.stack([human + noise * rng.normal(size=gold.shape) for noise in (1.0, 1.02, 1.1, 1.15)])
    tests = item_swap_tests(scores, gold, epsilon=0.4, alternative="greater")
    groups = acc_eq(scores, gold, epsilon=0.4).groups
    signs = 1 - 2 * rng.integers(0, 2, (40_000, 200))
    for i, j in itertools.permutations(range(4), 2):
        apart = np.nan_to_num(groups[i] - groups[j])
        p = (1 + np.count_nonzero(signs @ apart >= apart.sum() - 1e-9)) / 40_001
        assert tests.p[i, j] == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 40_000) + 0.01 * p + 2e-5)


def test_item_swaps_of_clear_cases_twins_and_nothing() -> None:
    rng = np.random.default_rng(11)
    gold = rng.normal(size=(5, 400))
    scores = np.stack([gold, gold, -gold])
    tests = item_swap_tests(scores, gold, epsilon=0.0, alternative="greater")
    assert tests.p[0, 1] == tests.p[1, 0] == 1
    assert 0 < tests.p[0, 2] < 1e-80
    assert tests.p[2, 0] == pytest.approx(1)
    assert item_swap_tests(scores, gold, epsilon=0.0).p[0, 1] == 1
    single = item_swap_tests(scores[:, :, :1], gold[:, :1], epsilon=0.0, alternative="greater")
    assert single.p[0, 2] == 0.5  # one item is one coin
    nothing = item_swap_tests(scores[:, :1], gold[:1], epsilon=0.0)
    assert np.isnan(nothing.p[0, 1])
    assert nothing.reasons[0, 1]


@given(st.integers(0, 2**32 - 1), st.integers(17, 18), st.booleans())
@settings(max_examples=12, deadline=None)
def test_saddlepoint_tails_are_near_the_exact_ones(seed, terms, lattice) -> None:
    # With fewer terms the exact tail itself is lumpy: 41 sums of 2**13 lie beyond the .995 quantile, 1,311 of 2**18.
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, terms) / 10 if lattice else rng.random(terms) + 0.2
    signs = 1 - 2 * ((np.arange(2**terms)[:, None] >> np.arange(terms)) & 1)
    sums = signs @ sizes
    observed = np.quantile(sums, [0.3, 0.5, 0.8, 0.97, 0.995], method="nearest")
    # Many copies of a term of nearly no size: too many terms for the exact sum, and the same tails.
    padded = np.concatenate([sizes, np.full(60, 1e-13)])
    found = flipped_sum_tails(np.tile(padded, (5, 1)), observed - 1e-9)
    exact = np.array([np.mean(sums >= value - 1e-9) for value in observed])
    plain = flipped_sum_tails(np.tile(sizes, (5, 1)), observed)
    assert plain == pytest.approx(exact, rel=1e-9)
    if lattice:  # the approximation does not see the atoms: it lies between the tails with and without the observed one
        beyond = np.array([np.mean(sums > value + 1e-9) for value in observed])
        assert np.all(found >= 0.88 * beyond)
        assert np.all(found <= 1.12 * exact)
    else:
        assert found == pytest.approx(exact, rel=0.12)


@pytest.mark.parametrize("test", [pair_swap_tests, item_swap_tests])
def test_order_and_monotone_maps_of_the_gold_do_not_matter_and_nothing_is_drawn(test) -> None:
    # The peer looks at a random tenth of the pairs by default, so that close scorers change places from run to run.
    rng = np.random.default_rng(12)
    gold = rng.integers(0, 4, (5, 60)).astype(float)
    scores = np.stack([gold + noise * rng.normal(size=gold.shape) for noise in (0.8, 0.9, 1.5)])
    scores[1, 2, 3] = np.nan
    plain = test(scores, gold, alternative="greater")
    again = test(scores, gold, alternative="greater")
    assert np.array_equal(plain.p, again.p, equal_nan=True)
    mapped = test(scores, np.exp(gold), alternative="greater")
    assert np.array_equal(plain.p, mapped.p, equal_nan=True)
    scorers, systems, items = rng.permutation(3), rng.permutation(5), rng.permutation(60)
    moved = test(scores[scorers][:, systems][:, :, items], gold[systems][:, items], alternative="greater")
    assert moved.p == pytest.approx(plain.p[np.ix_(scorers, scorers)], rel=1e-6, nan_ok=True)
    assert moved.difference == pytest.approx(plain.difference[np.ix_(scorers, scorers)], abs=1e-12)
    scaled = test(scores * 4 + 8, gold, alternative="greater")
    assert scaled.p == pytest.approx(plain.p, rel=1e-6, nan_ok=True)
