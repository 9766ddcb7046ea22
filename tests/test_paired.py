"""Comparisons travel with the scores: joined, placed, checked."""

import numpy as np
import pytest

from rewardmeter.errors import ScorerError
from rewardmeter.scoring import Laws, score_stream
from rewardmeter.types import Comparisons, Scores


def pair(credit: float) -> Scores:
    seen = Comparisons([1], [0], [credit], [-1.0, 1.0], [0.5, 0.5], {0: "why"} if credit != credit else {})
    return Scores(np.array([0.0, 1.0]), np.zeros(2, np.uint8), comparisons=seen)


def test_concatenation_moves_positions():
    whole = Scores.concatenate([pair(1.0), Scores.from_values([5.0]), pair(float("nan"))])
    seen = whole.comparisons
    assert seen is not None
    assert seen.first.tolist() == [1, 4]
    assert seen.second.tolist() == [0, 3]
    assert seen.credit[0] == 1
    assert seen.reasons == {1: "why"}
    assert np.array_equal(seen.strengths, [-1, 1, np.nan, -1, 1], equal_nan=True)
    assert Scores.concatenate([Scores.from_values([1.0])]).comparisons is None
    assert len(Comparisons.placed([], 3)) == 0


def test_a_streams_comparisons_find_their_places():
    class Backwards:
        name, reads, laws = "backwards", frozenset({"response"}), Laws(pointwise=False)

        def stream(self, items, run):
            yield [3, 2], pair(0.5)
            yield [0, 1], pair(0.0)

    from rewardmeter.types import Item, Response

    scores = score_stream(Backwards(), [Item((Response("a"), Response("b")))] * 2)
    assert scores.comparisons.first.tolist() == [2, 1]
    assert scores.comparisons.second.tolist() == [3, 0]
    assert scores.comparisons.strengths.tolist() == [-1, 1, 1, -1]
    assert scores.comparisons.ties == 1


@pytest.mark.parametrize(
    ("first", "second", "credit", "n", "message"),
    [
        ([0], [0], [1], 2, "two different responses"),
        ([0], [2], [1], 2, "two different responses"),
        ([-1], [0], [1], 2, "two different responses"),
        ([0], [1], [1.5], 2, r"in \[0, 1\]"),
        ([0, 1], [1], [1], 2, "equal-length"),
    ],
)
def test_nonsense_is_refused(first, second, credit, n, message):
    with pytest.raises(ScorerError, match=message):
        Comparisons(first, second, credit, np.zeros(n), np.zeros(n))
    with pytest.raises(ScorerError, match="with comparisons of 3"):
        Scores(np.zeros(2), np.zeros(2, np.uint8), comparisons=Comparisons.empty(3))
