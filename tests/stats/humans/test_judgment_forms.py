"""Triples, matrices and slots, turned into each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardmeter.stats.humans.counts import coded, value_counts
from rewardmeter.stats.humans.judgments import rating_matrix, rating_slots, triples

NAN = math.nan


def test_a_matrix_survives_the_way_there_and_back():
    matrix = np.array([[1.0, NAN, 3.0, NAN], [NAN, NAN, 2.5, NAN]])
    judged = triples(matrix)
    assert judged.unit.tolist() == [0, 2, 2]
    assert judged.rater.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(rating_matrix(*judged, units=4), matrix)


def test_a_rater_who_judges_twice_is_named():
    with pytest.raises(ValueError, match="rater 1 judged unit 2 more than once"):
        rating_matrix([2, 0, 2], [1, 0, 1], [1.0, 2.0, 3.0])


@given(st.lists(st.integers(0, 4), max_size=30))
def test_slots_count_the_judgments_of_a_unit(units):
    seen: dict[int, int] = {}
    expected = []
    for unit in units:
        expected.append(seen.get(unit, 0))
        seen[unit] = expected[-1] + 1
    assert rating_slots(np.array(units, dtype=np.int64)).tolist() == expected


@given(st.lists(st.sampled_from([-3.0, 0.0, 0.5, 2.0, 1e300, 7.0, 1e17]), max_size=20))
def test_codes_are_positions_among_the_distinct_values(values):
    array = np.array(values, dtype=np.float64)
    code, distinct = coded(array)
    assert distinct.tolist() == sorted(set(values))
    np.testing.assert_array_equal(distinct[code] if values else array, array)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([1.0, 2.0, 5.5, NAN])), max_size=20))
def test_counts_are_those_of_a_dictionary(judgments):
    expected: dict[tuple[int, float], int] = {}
    for unit, value in judgments:
        if not math.isnan(value):
            expected[unit, value] = expected.get((unit, value), 0) + 1
    units, values = (np.array(side) for side in zip(*judgments, strict=True)) if judgments else (np.zeros(0, int), [])
    counts = value_counts(units, values)
    rows = zip(counts.unit.tolist(), counts.values[counts.code].tolist(), counts.count.tolist(), strict=True)
    assert list(rows) == [(unit, value, n) for (unit, value), n in sorted(expected.items())]
    assert counts.ratings.sum() == sum(expected.values())
    assert set(counts.pairable().unit.tolist()) == {u for u, n in enumerate(counts.ratings) if n > 1}


@pytest.mark.parametrize("matrix", [[1.0, 2.0], [[math.inf]]])
def test_what_is_no_matrix_is_refused(matrix):
    with pytest.raises(ValueError, match=r"shape|infinite"):
        triples(matrix)
