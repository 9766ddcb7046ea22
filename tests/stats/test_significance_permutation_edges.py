"""PERM-BOTH where there is little to test, and the draws themselves: stopping, seeds, blocks, bad input."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from rewardmeter.stats.significance import (
    EarlyStop,
    PairwiseTests,
    accuracy_permutation_tests,
    all_pairs,
    correlation_permutation_tests,
    draw_swaps,
    replayed_swaps,
    soft_pairwise_permutation_tests,
    system_permutation_tests,
)

GROUPED = list(itertools.product(("pearson", "spearman", "kendall_b"), ("pooled", "item", "system", "means")))


def run_tests(statistic, grouping, scores, gold, draws, **options) -> PairwiseTests:
    if statistic == "acc_eq":
        return accuracy_permutation_tests(scores, gold, draws, **options)
    if grouping == "means":
        return system_permutation_tests(scores, gold, draws, statistic=statistic, **options)
    return correlation_permutation_tests(scores, gold, draws, statistic=statistic, grouping=grouping, **options)


@pytest.fixture(scope="module")
def medium() -> tuple[np.ndarray, np.ndarray]:
    """Three scorers of different quality with some ties, 6 systems x 40 items."""
    rng = np.random.default_rng(11)
    truth = rng.normal(size=(6, 40)) + rng.normal(size=(6, 1))
    scores = np.stack([(truth + noise * rng.normal(size=truth.shape)).round(1) for noise in (0.5, 1.0, 3.0)])
    return scores, np.round(truth)


@pytest.mark.parametrize(("statistic", "grouping"), GROUPED)
def test_a_constant_scorer_has_no_test_but_a_reason(medium, statistic, grouping) -> None:
    scores, gold = medium
    scores = np.concatenate([scores[:2], np.full((1, 6, 40), 0.3)])
    draws = draw_swaps(gold.shape, 16, rng=np.random.default_rng(6))
    tests = run_tests(statistic, grouping, scores, gold, draws)
    assert np.isnan(tests.p[2]).all()
    assert np.isnan(tests.p[:, 2]).all()
    assert np.isnan(tests.difference[0, 2])
    assert not np.isnan(tests.p[0, 1])
    assert set(tests.reasons) == {(0, 2), (1, 2)}
    assert all("constant" in why or "undefined" in why for why in tests.reasons.values())


def test_a_scorer_that_is_constant_within_items_has_no_test_by_item_and_one_pooled(medium) -> None:
    scores, gold = medium
    prompt_only = np.broadcast_to(gold.mean(axis=0), gold.shape)
    scores = np.stack([scores[0], prompt_only])
    draws = draw_swaps(gold.shape, 16, rng=np.random.default_rng(7))
    assert np.isnan(run_tests("pearson", "item", scores, gold, draws).p[0, 1])
    assert "scorer 1" in run_tests("pearson", "item", scores, gold, draws).reasons[0, 1]
    assert not np.isnan(run_tests("pearson", "pooled", scores, gold, draws).p[0, 1])


def test_one_item_and_one_system() -> None:
    rng = np.random.default_rng(8)
    one_item, one_system = rng.normal(size=(2, 9, 1)), rng.normal(size=(2, 1, 9))
    gold = rng.normal(size=9)
    draws = draw_swaps((9, 1), 600, rng=rng)
    assert draws.exact
    for grouping in ("pooled", "item"):
        assert 0 < run_tests("kendall_b", grouping, one_item, gold[:, None], draws).p[0, 1] <= 1
    tests = run_tests("pearson", "system", one_item, gold[:, None], draws)
    assert np.isnan(tests.p[0, 1])
    assert (0, 1) in tests.reasons
    draws = draw_swaps((1, 9), 600, rng=rng)
    assert 0 < run_tests("pearson", "system", one_system, gold[None], draws).p[0, 1] <= 1
    for statistic, grouping in (("pearson", "item"), ("acc_eq", "item"), ("pearson", "means")):
        tests = run_tests(statistic, grouping, one_system, gold[None], draws)
        assert np.isnan(tests.p[0, 1])
        assert tests.reasons[0, 1]


def test_early_stopping_stops_at_the_first_block_and_keeps_the_decision(medium) -> None:
    # The peer's pair test looks at its counts only after a hit, so a pair with p = 0 is never stopped.
    scores, gold = medium
    stop = EarlyStop(level=0.05, risk=0.01, block=100)
    for statistic, grouping in (("pearson", "item"), ("acc_eq", "item"), ("spearman", "system")):
        draws = draw_swaps(gold.shape, 4000, rng=np.random.default_rng(9))
        whole = run_tests(statistic, grouping, scores, gold, draws, alternative="greater")
        stopped = run_tests(statistic, grouping, scores, gold, draws, alternative="greater", early_stop=stop)
        assert whole.resamples[0, 2] == 4000
        assert stopped.resamples[0, 2] <= 400
        assert stopped.p[0, 2] > 0
        off = ~np.eye(3, dtype=bool)
        assert np.array_equal(whole.p[off] <= 0.05, stopped.p[off] <= 0.05)


def test_early_stopping_decides_otherwise_no_more_often_than_its_risk() -> None:
    # Hits are Bernoulli(p); the decision of endless drawing is p <= level. Binomial counts stand for the draws.
    rng = np.random.default_rng(10)
    stop = EarlyStop(level=0.05, risk=0.05, block=50)
    for p in (0.03, 0.045, 0.055, 0.08):
        hits = np.cumsum(rng.random((4000, 2000)) < p, axis=1)
        decided = np.zeros(4000, dtype=bool)
        wrong = np.zeros(4000, dtype=bool)
        for made in range(50, 2001, 50):
            counts = hits[:, made - 1]
            now = stop.settled(counts, made, 2000) & ~decided
            wrong |= now & (((counts + 1) / (made + 1) <= 0.05) != (p <= 0.05))
            decided |= now
        assert wrong.mean() <= 0.05


def test_the_same_generator_gives_the_same_tests(medium) -> None:
    _, gold = medium
    scores = np.random.default_rng(0).normal(size=(3, *gold.shape))
    one, two = (
        all_pairs(scores, gold, statistic="segment.kendall_b.item", rng=np.random.default_rng(5), resamples=50)
        for _ in range(2)
    )
    assert np.array_equal(one.p, two.p, equal_nan=True)
    other = all_pairs(scores, gold, statistic="segment.kendall_b.item", rng=np.random.default_rng(6), resamples=50)
    assert not np.array_equal(one.p, other.p, equal_nan=True)


def test_more_draws_than_one_block_holds_are_all_different() -> None:
    draws = draw_swaps((60, 5000), 300, rng=np.random.default_rng(0))
    widths = [width for _, width in draws.blocks()]
    assert sum(widths) == 300
    assert len(widths) > 1
    columns = np.concatenate([np.unpackbits(bits, axis=1, count=width)[:64].T for bits, width in draws.blocks()])
    assert len(np.unique(columns, axis=0)) == 300
    assert abs(columns.mean() - 0.5) < 0.02


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"statistic": "kendal"}, "statistic must be"),
        ({"grouping": "items"}, "grouping must be"),
        ({"alternative": "less"}, "alternative must be"),
        ({"gold": np.zeros((3, 4))}, "shape"),
        ({"scores": np.full((2, 4, 3), np.inf)}, "infinite"),
        ({"draws": draw_swaps((4, 4), 8, rng=np.random.default_rng(0))}, "the draws are for 4 systems and 4 items"),
    ],
)
def test_bad_input_gets_one_clear_error(change, message) -> None:
    rng = np.random.default_rng(16)
    given = {
        "scores": rng.normal(size=(2, 4, 3)),
        "gold": rng.normal(size=(4, 3)),
        "draws": draw_swaps((4, 3), 8, rng=rng),
        "statistic": "pearson",
        "grouping": "item",
    } | change
    with pytest.raises(ValueError, match=message):
        correlation_permutation_tests(given.pop("scores"), given.pop("gold"), given.pop("draws"), **given)


def test_bad_draws_and_stops_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="swap must be"):
        draw_swaps((3, 3), 8, rng=rng, swap="all")
    with pytest.raises(ValueError, match="need systems"):
        draw_swaps((3, 0), 8, rng=rng)
    with pytest.raises(ValueError, match="swapped must be"):
        replayed_swaps(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="early stopping"):
        EarlyStop(level=0)
    scores, gold = rng.normal(size=(2, 3, 3)), rng.normal(size=(3, 3))
    draws = draw_swaps((3, 3), 8, rng=rng)
    with pytest.raises(ValueError, match="epsilon"):
        accuracy_permutation_tests(scores, gold, draws, epsilon=-1.0)
    with pytest.raises(ValueError, match="epsilon"):
        accuracy_permutation_tests(scores, gold, draws, epsilon=math.nan)
    with pytest.raises(ValueError, match="flips must be"):
        soft_pairwise_permutation_tests(scores, gold, draws, flips=np.zeros((5, 3)))
    with pytest.raises(ValueError, match="statistic must be"):
        system_permutation_tests(scores, gold, draws, statistic="accuracy")
    with pytest.raises(ValueError, match="no statistic of ratings"):
        all_pairs(scores, gold, statistic="pair.accuracy", rng=rng)
