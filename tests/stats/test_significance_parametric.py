"""Williams, Steiger, DeLong and power: published vectors, definitions written out, and simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from rewardmeter.stats.significance import (
    all_pairs,
    area_covariance,
    correlation_difference_power,
    delong_tests,
    mcnemar_exact,
    mean_difference_power,
    minimum_accuracy_difference,
    minimum_mean_difference,
    paired_accuracy_items,
    paired_accuracy_power,
    steiger,
    williams,
)
from rewardmeter.stats.significance.parametric import difference_covariance

roc_auc_score = pytest.importorskip("sklearn.metrics").roc_auc_score

# Values published for these tests: r12, r13, r23, n, statistic. The first two are of depcor (Silver, Hittner and May
# 2006), as quoted in the tests of the R package cocor; .003042 is scipy's t tail at the statistic of the formula.
WILLIAMS = [(0.3, 0.4, 0.5, 100, -1.0767, 0.2843)]
STEIGER = [(0.3, 0.4, 0.5, 100, -1.0718, 0.2838), (0.4, 0.5, 0.1, 103, -0.8887185, None)]


def test_williams_gives_the_published_values() -> None:
    for r12, r13, r23, n, statistic, p in WILLIAMS:
        test = williams(r12, r13, r23, n)
        assert float(test.statistic) == pytest.approx(statistic, abs=5e-5)
        assert float(test.p) == pytest.approx(p, abs=5e-5)
    assert float(williams(0.9, 0.8, 0.85, 50, alternative="greater").p) == pytest.approx(0.003042, abs=5e-7)
    # mt-metrics-eval's stats_test: gold 1..5 with two scorers, one-sided p .019 to three digits.
    gold = np.arange(1, 6)
    one, two = np.array([1.1, 2, 3.1, 4, 5.1]), np.array([1.5, 2, 3.1, 4, 5.5])
    r12, r13, r23 = (np.corrcoef(a, b)[0, 1] for a, b in ((gold, one), (gold, two), (one, two)))
    assert float(williams(r12, r13, r23, 5, alternative="greater").p) == pytest.approx(0.019, abs=5e-4)


def test_steiger_gives_the_published_values() -> None:
    for r12, r13, r23, n, statistic, p in STEIGER:
        test = steiger(r12, r13, r23, n)
        assert float(test.statistic) == pytest.approx(statistic, abs=5e-5)
        if p is not None:
            assert float(test.p) == pytest.approx(p, abs=5e-5)


def test_the_covariance_of_fisher_z_gives_dunn_and_clarks_published_z() -> None:
    # Dunn and Clark 1969, and the spreadsheet of stat-help.com, both quoted in the tests of the R package cocor.
    for r12, r13, r23, n, z in ((0.3, 0.4, 0.5, 100, -1.0730), (0.5, 0.6, 0.7, 100, -1.5838851123)):
        apart = math.atanh(r12) - math.atanh(r13)
        found = apart * math.sqrt((n - 3) / (2 - 2 * float(difference_covariance(r12, r13, r23))))
        assert found == pytest.approx(z, abs=5e-5)


@pytest.mark.parametrize("test", [williams, steiger])
def test_swapping_the_scorers_swaps_the_sign_and_broadcasting_works(test) -> None:
    r12, r13 = np.array([0.5, 0.2, 0.7]), np.array([0.4, 0.4, 0.7])
    one, other = (test(a, b, 0.3, 60, alternative="greater") for a, b in ((r12, r13), (r13, r12)))
    assert one.statistic == pytest.approx(-other.statistic)
    assert one.p + other.p == pytest.approx(np.ones(3))
    both = test(r12, r13, 0.3, 60)
    assert both.p == pytest.approx(np.minimum(1, 2 * np.minimum(one.p, other.p)))
    assert both.p[2] == 1


@pytest.mark.parametrize("test", [williams, steiger])
def test_what_cannot_be_tested_is_undefined(test) -> None:
    assert np.isnan(test(0.5, 0.4, 0.3, 3).p)
    assert np.isnan(test(math.nan, 0.4, 0.3, 50).p)
    assert np.isnan(test(0.9, -0.9, 0.9, 50).p)  # no three variables correlate like this
    assert float(test(0.5, 0.5, 1.0, 50).p) == 1
    assert 0 < float(test(0.99, -0.5, -0.5, 10**6).p) < 1e-300
    with pytest.raises(ValueError, match="correlations must lie"):
        test(1.2, 0.4, 0.3, 50)
    with pytest.raises(ValueError, match="cannot be negative"):
        test(0.5, 0.4, 0.3, -1)


@pytest.mark.slow
@pytest.mark.parametrize("test", [williams, steiger])
def test_parametric_tests_hold_their_level_on_normal_data(test) -> None:
    rng = np.random.default_rng(1)
    gold = rng.normal(size=(20_000, 30))
    one, two = (0.6 * gold + 0.8 * rng.normal(size=gold.shape) for _ in range(2))

    def rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a, b = (side - side.mean(axis=1, keepdims=True) for side in (a, b))
        return (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))

    p = test(rows(gold, one), rows(gold, two), rows(one, two), 30, alternative="greater").p
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.006)


def slow_components(score: np.ndarray, label: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Area and DeLong's V10 and V01, pair by pair."""
    positive, negative = score[label == 1], score[label == 0]
    wins = np.array([[1.0 if a > b else 0.5 if a == b else 0.0 for b in negative] for a in positive])
    return wins.mean(), wins.mean(axis=1), wins.mean(axis=0)


@pytest.mark.parametrize("levels", [4, 1000])
def test_areas_and_their_covariance_are_delongs_definition(levels) -> None:
    rng = np.random.default_rng(2)
    label = rng.integers(0, 2, 40).astype(float)
    scores = rng.integers(0, levels, (3, 40)) + label * levels / 4
    found = area_covariance(scores, label)
    parts = [slow_components(row, label) for row in scores]
    assert found.area == pytest.approx([roc_auc_score(label, row) for row in scores])
    assert found.area == pytest.approx([area for area, _, _ in parts])
    v10, v01 = (np.cov([part[k] for part in parts]) for k in (1, 2))
    expected = v10 / (label == 1).sum() + v01 / (label == 0).sum()
    assert found.covariance == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_delong_tests_are_the_normal_tests_of_these_numbers() -> None:
    rng = np.random.default_rng(3)
    label = rng.integers(0, 2, 60).astype(float)
    scores = label + rng.normal(size=(3, 60)) * np.array([[0.8], [1.0], [3.0]])
    scores[1, :5] = label[7] = np.nan
    tests = delong_tests(scores, label, alternative="greater")
    for i, j in itertools.combinations(range(3), 2):
        shared = ~np.isnan(scores[[i, j]].sum(axis=0) + label)
        found = area_covariance(scores[[i, j]][:, shared], label[shared])
        variance = found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1]
        apart = found.area[0] - found.area[1]
        assert tests.difference[i, j] == pytest.approx(apart)
        assert tests.p[i, j] == pytest.approx(stats.norm.sf(apart / math.sqrt(variance)))
        assert tests.p[i, j] + tests.p[j, i] == pytest.approx(1)


def test_areas_that_are_equal_or_perfect_or_impossible() -> None:
    rng = np.random.default_rng(4)
    label = np.repeat([0.0, 1.0], 10)
    noisy = label + rng.normal(size=20)
    tests = delong_tests(np.stack([noisy, 2 * noisy + 1, label, label + 5, -label]), label)
    assert tests.p[0, 1] == 1
    assert tests.p[2, 3] == 1
    assert np.isnan(tests.p[2, 4])
    assert "spread" in tests.reasons[2, 4]
    one_class = delong_tests(rng.normal(size=(2, 5)), np.ones(5))
    assert np.isnan(one_class.p[0, 1])
    assert "both kinds" in one_class.reasons[0, 1]


def test_cells_of_an_item_count_as_one_piece_of_evidence() -> None:
    rng = np.random.default_rng(5)
    label = rng.integers(0, 2, 30).astype(float)
    scores = label + rng.normal(size=(2, 30))
    item = np.arange(30)
    single = area_covariance(scores, label, item)
    copied = area_covariance(np.tile(scores, 4), np.tile(label, 4), np.tile(item, 4))
    assert copied.area == pytest.approx(single.area)
    assert copied.covariance == pytest.approx(single.covariance, rel=1e-9)
    plain = area_covariance(np.tile(scores, 4), np.tile(label, 4))
    assert plain.covariance[0, 0] < 0.5 * copied.covariance[0, 0]
    # Clusters of one cell are DeLong but for terms of order 1 / cells.
    assert single.covariance == pytest.approx(area_covariance(scores, label).covariance, rel=0.1)


def test_areas_of_rated_cells_are_compared_item_by_item() -> None:
    rng = np.random.default_rng(6)
    gold = rng.integers(0, 2, (4, 25)).astype(float)
    gold[2, 3] = np.nan
    scores = np.nan_to_num(gold) + rng.normal(size=(2, 4, 25))
    tests = all_pairs(scores, gold, statistic="segment.roc_auc", rng=rng)
    system, item = np.nonzero(~np.isnan(gold))
    expected = delong_tests(scores[:, system, item], gold[system, item], item)
    assert tests.p[0, 1] == expected.p[0, 1]
    with pytest.raises(ValueError, match="pooled"):
        all_pairs(scores, gold, statistic="segment.roc_auc.item", rng=rng)


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (np.zeros((2, 3)), np.zeros(2), "must be"),
        (np.full((2, 2), np.inf), np.array([0.0, 1.0]), "finite"),
        (np.zeros((2, 2)), np.array([0.0, 0.5]), "0 or 1"),
    ],
)
def test_bad_labels_are_refused(scores, labels, message) -> None:
    with pytest.raises(ValueError, match=message):
        area_covariance(scores, labels)


def test_power_of_paired_accuracies_is_that_of_simulated_tests() -> None:
    rng = np.random.default_rng(7)
    for difference, discordant, n in ((0.05, 0.3, 800), (0.03, 0.1, 1500), (0.1, 0.5, 300)):
        rates = [(discordant + difference) / 2, (discordant - difference) / 2]
        counts = rng.multinomial(n, [*rates, 1 - discordant], size=20_000)
        for alternative in ("two-sided", "greater"):
            p = mcnemar_exact(counts[:, 0], counts[:, 1], alternative=alternative)
            expected = float(paired_accuracy_power(difference, discordant, n, alternative=alternative))
            # The exact test is a little conservative; the formula is of the asymptotic test.
            assert np.mean(p <= 0.05) == pytest.approx(expected, abs=0.035)
            assert np.mean(p <= 0.05) <= expected + 0.012


def test_minimum_difference_items_and_power_say_the_same() -> None:
    for discordant, n, power in itertools.product((0.1, 0.3, 0.6), (200, 1000, 20_000), (0.5, 0.8, 0.95)):
        smallest = float(minimum_accuracy_difference(discordant, n, power=power, alternative="greater"))
        if math.isnan(smallest):
            assert float(paired_accuracy_power(discordant, discordant, n, alternative="greater")) < power
            continue
        back = float(paired_accuracy_power(smallest, discordant, n, alternative="greater"))
        assert back == pytest.approx(power, abs=1e-9)
        needed = float(paired_accuracy_items(smallest, discordant, power=power, alternative="greater"))
        assert needed == pytest.approx(n, abs=1)


def test_a_sample_size_worked_out_by_hand() -> None:
    # psi = .4, d = .2, two-sided 5 %, power 80 %: (1.959964 * .632456 + .841621 * .6)^2 / .04 = 76.09.
    assert float(paired_accuracy_items(0.2, 0.4)) == 77


def test_power_of_paired_means_is_that_of_simulated_tests() -> None:
    rng = np.random.default_rng(8)
    for difference, deviation, n in ((0.05, 0.4, 400), (0.02, 0.3, 2000)):
        draws = difference + deviation * rng.normal(size=(8000, n))
        z = draws.mean(axis=1) / (draws.std(axis=1, ddof=1) / math.sqrt(n))
        found = np.mean(2 * stats.norm.sf(np.abs(z)) <= 0.05)
        assert found == pytest.approx(float(mean_difference_power(difference, deviation, n)), abs=0.02)
        smallest = float(minimum_mean_difference(deviation, n, power=0.9))
        assert float(mean_difference_power(smallest, deviation, n)) == pytest.approx(0.9, abs=1e-6)


def test_power_of_two_correlations_is_that_of_simulated_tests() -> None:
    rng = np.random.default_rng(9)
    correlation = np.array([[1, 0.55, 0.4], [0.55, 1, 0.5], [0.4, 0.5, 1]])
    n = 150
    draws = np.einsum("ij,bjn->bin", np.linalg.cholesky(correlation), rng.normal(size=(6000, 3, n)))
    draws -= draws.mean(axis=2, keepdims=True)
    draws /= np.sqrt((draws**2).sum(axis=2, keepdims=True))
    r = np.einsum("bin,bjn->bij", draws, draws)
    for test in (williams, steiger):
        p = test(r[:, 0, 1], r[:, 0, 2], r[:, 1, 2], n).p
        expected = float(correlation_difference_power(0.55, 0.4, 0.5, n))
        assert np.mean(p <= 0.05) == pytest.approx(expected, abs=0.03)


def test_power_at_the_edges() -> None:
    assert float(paired_accuracy_power(0.0, 0.3, 500)) == pytest.approx(0.05, abs=1e-9)
    assert float(mean_difference_power(0.0, 1.0, 500)) == pytest.approx(0.05, abs=1e-9)
    assert np.isnan(paired_accuracy_power(0.4, 0.3, 500))
    assert np.isnan(paired_accuracy_items(0.4, 0.3))
    assert np.isinf(paired_accuracy_items(0.0, 0.3))
    assert np.isnan(minimum_accuracy_difference(0.001, 100))
    assert np.isnan(mean_difference_power(0.1, 0.0, 100))
    assert np.isnan(correlation_difference_power(0.5, 0.4, 0.3, 3))
    assert paired_accuracy_power([0.05, 0.1], 0.3, [[500], [1000]]).shape == (2, 2)
    for options in ({"level": 0.0}, {"level": 1.0}):
        with pytest.raises(ValueError, match="level must"):
            paired_accuracy_power(0.1, 0.3, 100, **options)
    with pytest.raises(ValueError, match="power must"):
        minimum_accuracy_difference(0.3, 100, power=1.0)
    with pytest.raises(ValueError, match="at least 1"):
        paired_accuracy_power(0.1, 0.3, 0)
    with pytest.raises(ValueError, match="strictly between"):
        correlation_difference_power(1.0, 0.4, 0.3, 100)
