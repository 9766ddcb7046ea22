"""Judgments as arrays, and from one kind to the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardmeter.comparison.gold import pair_gold, preferences_from_ratings, rating_gold, system_strengths
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.build import DatasetBuilder


def rated(rows, systems=True):
    """rows: {item: [rating or None, ...]}."""
    builder = DatasetBuilder("d")
    for item, ratings in rows.items():
        index = builder.item(item)
        for place, rating in enumerate(ratings):
            response = builder.response(index, system=f"s{place}" if systems else None, text=f"{item} {place}")
            if rating is not None:
                builder.rating(response, rating)
    return builder.build()


def test_ratings_become_a_matrix_of_systems_by_items():
    gold = rating_gold(rated({"a": [1.0, 2.0], "b": [3.0, None]}))
    matrix = gold.systems.spread(gold.value)
    np.testing.assert_array_equal(matrix, [[1, 3], [2, np.nan]])
    assert gold.cells is gold.systems


def test_without_systems_rows_are_slots():
    gold = rating_gold(rated({"a": [1.0], "b": [3.0, 4.0]}, systems=False))
    assert gold.systems is None
    np.testing.assert_array_equal(gold.cells.spread(gold.value), [[1, 3], [np.nan, 4]])


def test_many_systems_with_few_answers_each_stay_compact():
    builder = DatasetBuilder("d")
    for i in range(30):
        item = builder.item(str(i))
        for j in range(2):
            builder.rating(builder.response(item, system=f"m{(7 * i + j) % 50}", text=f"{i} {j}"), float(j))
    gold = rating_gold(builder.build())
    assert gold.cells.shape == (2, 30)
    assert gold.systems.shape[1] == 30


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0, None]), min_size=1, max_size=5), min_size=1, max_size=6))
def test_tie_share_counts_equal_pairs(rows):
    data = rated({str(i): row for i, row in enumerate(rows)})
    pairs = ties = 0
    for row in rows:
        known = [value for value in row if value is not None]
        for i in range(len(known)):
            for j in range(i):
                pairs += 1
                ties += known[i] == known[j]
    if data.ratings is None:
        return
    share = rating_gold(data).tie_share()
    assert (np.isnan(share) and pairs == 0) or share == pytest.approx(ties / pairs)


def test_the_default_aspect_is_the_datas_own():
    builder = DatasetBuilder("d")
    response = builder.response(builder.item("1"), text="a")
    builder.rating(response, 1.0, aspect="fluency")
    builder.rating(response, 2.0, aspect="overall")
    data = builder.build()
    assert rating_gold(data).aspect == "overall"
    assert rating_gold(data, "fluency").value.tolist() == [1.0]
    with pytest.raises(UnknownNameError):
        rating_gold(data, "beauty")


def test_preferences_from_ratings_are_all_pairs_with_a_tie_margin():
    data = preferences_from_ratings(rated({"a": [1.0, 2.0, 2.4], "b": [5.0, None]}), tie_margin=0.5)
    pairs = data.preferences
    assert list(zip(pairs.a.tolist(), pairs.b.tolist(), pairs.probability.tolist(), strict=True)) == [
        (0, 1, 0.0),
        (0, 2, 0.0),
        (1, 2, 0.5),
    ]
    assert "at most 0.5 is a tie" in data.origin.notes[-1]
    with pytest.raises(InputError, match="must not be negative"):
        preferences_from_ratings(data, tie_margin=-1)


def pairs(*votes):
    """votes: (a, b, probability) on one item with three responses."""
    builder = DatasetBuilder("d")
    item = builder.item("1")
    responses = [builder.response(item, system=name, text=name) for name in "abc"]
    for number, (a, b, probability) in enumerate(votes):
        builder.preference(responses[a], responses[b], probability, rater=f"r{number}")
    return builder.build()


@pytest.mark.parametrize(
    ("votes", "gold"),
    [
        ([1.0, 1.0, 0.0], 1.0),
        ([1.0, 0.0], 0.5),
        ([1.0, 0.5, 0.5], 0.5),
        ([1.0, 1.0, 0.5, 0.5], 1.0),
        ([0.0, 0.0, 0.5], 0.0),
        ([0.9, 0.3], 0.6),
    ],
)
def test_raters_are_joined_by_plurality_and_probabilities_by_mean(votes, gold):
    assert pair_gold(pairs(*((0, 1, vote) for vote in votes))).probability.tolist() == [pytest.approx(gold)]


def test_a_pair_named_the_other_way_round_is_the_same_pair():
    gold = pair_gold(pairs((0, 1, 1.0), (1, 0, 0.0), (1, 2, 0.0)))
    assert len(gold) == 2
    assert gold.probability.tolist() == [1.0, 0.0]
    turned = gold.per_pair(np.array([np.nan, 1.0, -1.0]))
    assert turned.tolist() == [-1.0, -1.0]


def test_judgments_without_a_rater_are_not_joined():
    builder = DatasetBuilder("d")
    item = builder.item("1")
    a, b = (builder.response(item, system=name, text=name) for name in "ab")
    for probability in (1.0, 0.0, 1.0):
        builder.preference(a, b, probability)
    assert pair_gold(builder.build()).probability.tolist() == [1.0, 0.0, 1.0]


def test_strengths_of_systems_are_log_odds_with_mean_zero():
    # Closed form for two systems: log(wins / losses) apart. Three against one: log 3.
    builder = DatasetBuilder("d")
    for number, probability in enumerate((1.0, 1.0, 1.0, 0.0)):
        item = builder.item(str(number))
        a, b = (builder.response(item, system=name, text=name) for name in "ab")
        builder.preference(a, b, probability)
    strengths = system_strengths(builder.build())
    assert strengths["a"] - strengths["b"] == pytest.approx(np.log(3), abs=1e-8)
    assert sum(strengths.values()) == pytest.approx(0, abs=1e-12)
