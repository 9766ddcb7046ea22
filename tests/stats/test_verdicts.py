"""Recorded pairwise judges in both orders: definitions by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.preference import accuracy_estimates
from rewardmeter.stats.verdicts import combine_games, order_statistics

nan = math.nan
verdict = st.sampled_from([1.0, -1.0, 0.0, nan])


def test_combined_games_follow_the_game_rule():
    """Expected: the sign of the sum over parsed games (JudgeBench), written out for all sixteen cases."""
    expected = {
        (1, 1): 1, (1, -1): 0, (1, 0): 1, (1, nan): 1,
        (-1, 1): 0, (-1, -1): -1, (-1, 0): -1, (-1, nan): -1,
        (0, 1): 1, (0, -1): -1, (0, 0): 0, (0, nan): 0,
        (nan, 1): 1, (nan, -1): -1, (nan, 0): 0, (nan, nan): nan,
    }  # fmt: skip
    first, second = np.array(list(expected), float).T
    np.testing.assert_array_equal(combine_games([first], [second]), [list(expected.values())])


@given(st.lists(st.tuples(verdict, verdict, st.sampled_from([0.0, 0.3, 0.5, 1.0, nan])), min_size=1, max_size=20))
@settings(deadline=None)
def test_order_statistics_are_their_definitions(rows):
    """Expected: each share counted pair by pair; a judge needs one parsed verdict in an order to count there."""
    first, second, gold = (np.array(column) for column in zip(*rows, strict=True))
    got = {
        name.removeprefix("pair."): estimates[0]
        for name, estimates in order_statistics([first], [second], gold, np.arange(len(rows))).items()
    }
    decided = [(f, s, 1.0 if p > 0.5 else -1.0) for f, s, p in rows if not math.isnan(p) and p != 0.5]
    ran_first, ran_second = not np.isnan(first).all(), not np.isnan(second).all()

    def share(flags, possible):
        flags = list(flags)
        return sum(flags) / len(flags) if flags and possible else nan

    both = ran_first and ran_second
    in_first = share((f == side for f, _, side in decided), ran_first)
    in_second = share((s == side for _, s, side in decided), ran_second)
    expected = {
        "accuracy_first_order": in_first,
        "accuracy_swapped_order": in_second,
        "accuracy_order_average": (in_first + in_second) / 2,
        "accuracy_both_orders": share((f == s == side for f, s, side in decided), both),
        "order_agreement": share((f == s or (f != f and s != s) for f, s, _ in rows), both),
        "first_position_share": share(
            (flag for f, s, _ in rows if abs(f) == abs(s) == 1 for flag in (f == 1, s == -1)), both
        ),
    }
    assert set(got) == set(expected)
    for name, value in expected.items():
        assert got[name].value == pytest.approx(value, nan_ok=True), name
    parsed = [(f, s) for f, s, _ in rows if f == f and s == s]
    assert got["order_agreement"].detail["agreement_parsed"] == pytest.approx(
        share((f == s for f, s in parsed), both), nan_ok=True
    )


def test_unparsed_verdicts_are_wrong_and_counted():
    """Expected: by hand; four decided pairs, one unparsed in each order."""
    first, second = [[1.0, nan, -1.0, 1.0]], [[1.0, 1.0, nan, -1.0]]
    statistics = order_statistics(first, second, [1.0, 1.0, 0.0, 1.0], np.arange(4))
    assert statistics["pair.accuracy_first_order"][0].value == 3 / 4
    assert statistics["pair.accuracy_first_order"][0].detail == {"unparsed": 1}
    assert statistics["pair.accuracy_swapped_order"][0].value == 2 / 4
    assert statistics["pair.accuracy_both_orders"][0].value == 1 / 4
    assert statistics["pair.accuracy_both_orders"][0].detail == {"unparsed": 2}
    assert statistics["pair.accuracy_first_order"][0].n == 4


def test_pairs_that_were_not_run_do_not_count():
    """Expected: by hand; the third pair was never shown to the judge."""
    first, second, recorded = [[1.0, -1.0, nan]], [[1.0, 1.0, nan]], [[True, True, False]]
    statistics = order_statistics(first, second, [1.0, 1.0, 1.0], np.arange(3), recorded=recorded)
    assert statistics["pair.accuracy_first_order"][0].value == 1 / 2
    assert statistics["pair.order_agreement"][0].value == 1 / 2
    assert statistics["pair.order_agreement"][0].n == 2


def test_a_single_order_leaves_the_rest_undefined():
    """A judge recorded in one order only has no swapped accuracy: undefined, not 0."""
    statistics = order_statistics([[1.0, -1.0]], [[nan, nan]], [1.0, 1.0], np.arange(2))
    defined = {name for name, estimates in statistics.items() if estimates[0].defined}
    assert defined == {"pair.accuracy_first_order"}


def test_a_judge_that_takes_the_first_answer():
    """Expected: closed form. Always the first: share 1, agreement 0, average accuracy 1/2 whatever the gold."""
    gold = np.array([1.0] * 7 + [0.0] * 3)
    statistics = order_statistics(np.ones((1, 10)), -np.ones((1, 10)), gold, np.arange(10))
    values = {name: estimates[0].value for name, estimates in statistics.items()}
    assert values["pair.first_position_share"] == 1
    assert values["pair.order_agreement"] == 0
    assert values["pair.accuracy_order_average"] == 0.5
    assert values["pair.accuracy_both_orders"] == 0


def test_intervals_rest_on_items():
    """Expected: the interval of accuracy_estimates on the same verdicts, where both are the same statistic."""
    rng = np.random.default_rng(3)
    first, gold = rng.choice([-1.0, 1.0], size=(1, 40)), rng.choice([0.0, 1.0], size=40)
    cluster, weights = rng.integers(0, 15, size=40), rng.multinomial(15, np.full(15, 1 / 15), size=99)
    statistics = order_statistics(first, first, gold, cluster, weights=weights)
    (expected,) = accuracy_estimates(first, gold, cluster, ties="wrong", weights=weights)
    for name in ("first_order", "swapped_order", "order_average", "both_orders"):
        got = statistics[f"pair.accuracy_{name}"][0]
        assert (got.value, got.low, got.high) == (expected.value, expected.low, expected.high)
    assert statistics["pair.order_agreement"][0].value == 1


def test_bad_verdicts_are_refused():
    with pytest.raises(ValueError, match=r"second has 2\.0 for judge 0, pair 1"):
        combine_games([[1.0, 1.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="shapes"):
        combine_games([[1.0]], [[1.0, 1.0]])
    with pytest.raises(ValueError, match="gold needs"):
        order_statistics([[1.0]], [[1.0]], [1.0, 0.0], [0])
    with pytest.raises(ValueError, match="recorded needs"):
        order_statistics([[1.0]], [[1.0]], [1.0], [0], recorded=[True])
