"""Abstention: the risk is kept, thresholds are tested as they should be, and there may be none."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import binom

from rewardmeter.stats.scaling import abstention_threshold


def draw(rng: np.random.Generator, n: int, low: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Errors of rate ``low`` * (1 - c) at confidence c."""
    c = rng.random(n)
    return c, rng.random(n) < low * (1 - c)


def test_the_risk_is_kept_as_often_as_promised() -> None:
    rng = np.random.default_rng(1)
    broken, found = 0, 0
    for _ in range(1000):
        made = abstention_threshold(*draw(rng, 300, 0.6), risk=0.15, delta=0.1)
        if made.outcome != "none":
            found += 1
            start = max(made.threshold, 0.0)
            broken += 0.6 * (1 - (1 + start) / 2) > 0.15
    assert found > 300
    assert broken <= 100 + 3 * math.sqrt(90)


def test_one_threshold_is_the_exact_binomial_test() -> None:
    for n, errors in ((59, 0), (58, 0), (100, 1), (100, 2), (181, 4), (180, 4)):
        wrong = np.arange(n) < errors
        made = abstention_threshold(np.arange(n), wrong, risk=0.05, thresholds=1)
        assert (made.outcome == "all") == (binom.cdf(errors, n, 0.05) <= 0.05)


def test_thresholds_are_those_of_a_brute_force_holm() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        c, wrong = draw(rng, 200, 0.5)
        c = np.round(c, 1)
        cuts = sorted({-math.inf, *(np.sort(c)[::-1][200 * j // 8] for j in range(1, 8))})
        tests = [(binom.cdf(wrong[c > t].sum(), (c > t).sum(), 0.2), t) for t in cuts if 0.8 ** (c > t).sum() <= 0.05]
        passed = []
        for rank, (p, t) in enumerate(sorted(tests)):
            if p > 0.05 / (len(tests) - rank):
                break
            passed.append(t)
        made = abstention_threshold(c, wrong, risk=0.2, thresholds=8)
        assert made.threshold == (min(passed) if passed else math.inf)


def test_outcomes() -> None:
    rng = np.random.default_rng(3)
    c, wrong = draw(rng, 3000, 0.5)
    some = abstention_threshold(c, wrong, risk=0.1)
    assert some.outcome == "some"
    assert some.kept == (c > some.threshold).sum() == some.answers(c).sum()
    assert some.errors == wrong[c > some.threshold].sum()
    assert some.coverage == some.kept / 3000
    everything = abstention_threshold(c, wrong, risk=0.4)
    assert (everything.outcome, everything.threshold, everything.coverage) == ("all", -math.inf, 1)
    assert everything.answers([0.0, math.nan]).tolist() == [True, False]
    none = abstention_threshold(c, np.ones(3000), risk=0.1)
    assert (none.outcome, none.threshold, none.kept) == ("none", math.inf, 0)
    assert none.reason == "no threshold could be shown to err at most at the rate 0.1"
    assert not none.answers(c).any()
    few = abstention_threshold(c[:20], np.zeros(20), risk=0.1)
    assert few.outcome == "none"
    assert few.reason == "20 items are too few: even without an error 29 would have to be answered"
    for made in (some, everything, none, few):
        record = json.loads(json.dumps(made.to_dict(), allow_nan=False))
        assert (record["threshold"] is None) == (made.outcome != "some")


def test_ties_and_constants() -> None:
    wrong = np.zeros(100)
    constant = abstention_threshold(np.full(100, 0.7), wrong, risk=0.1)
    assert (constant.outcome, constant.kept) == ("all", 100)
    five = np.repeat(np.arange(5.0), 100)
    wrong = (five < 2).astype(float)
    made = abstention_threshold(five, wrong, risk=0.05)
    assert (made.outcome, made.threshold, made.kept) == ("some", 1, 300)


def test_items_give_one_row_each() -> None:
    rng = np.random.default_rng(4)
    c, wrong = draw(rng, 100)
    copies = np.repeat(np.arange(100), 30)
    made = abstention_threshold(c[copies], wrong[copies], copies, risk=0.3)
    assert made.to_dict() == abstention_threshold(c, wrong, risk=0.3).to_dict()
    assert made.items == 100


def test_shares_count_as_errors_and_missing_rows_do_not() -> None:
    half = abstention_threshold(np.arange(100), np.full(100, 0.5), risk=0.6, delta=0.05)
    assert half.outcome == "none"
    made = abstention_threshold([0.1, math.nan] * 60, [0, 1] * 60, risk=0.1)
    assert (made.items, made.outcome) == (60, "all")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"risk": 0.0}, "risk must lie strictly between 0 and 1"),
        ({"risk": 0.1, "delta": 1.0}, "delta must lie strictly"),
        ({"risk": 0.1, "thresholds": 0}, "thresholds must be 1 or more"),
        ({"risk": 0.1, "item": [1]}, "item must be"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        abstention_threshold([0.5, 0.6], [0, 1], **options)


def test_bad_rows_are_named() -> None:
    with pytest.raises(ValueError, match=r"error must lie in \[0, 1\]"):
        abstention_threshold([0.5], [2], risk=0.1)
    with pytest.raises(ValueError, match="confidence must be finite"):
        abstention_threshold([math.inf], [1], risk=0.1)
