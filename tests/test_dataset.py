"""`Dataset` and `DatasetBuilder`: columns that fit, and judgments that do not contradict."""

import numpy as np
import pytest

from rewardmeter.dataset import Dataset, Preferences, Ratings
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.types import Message


def small():
    builder = DatasetBuilder("small")
    for item in ("one", "two"):
        index = builder.item(item, prompt=f"prompt {item}", references=["ref"], columns={"domain": item[0]})
        for system, value in (("A", 1.0), ("B", 2.0)):
            response = builder.response(index, system=system, text=f"{system} on {item}")
            builder.rating(response, value, rater="r1")
            builder.rating(response, value + 1, rater="r2")
            builder.score("judge", response, value)
    return builder


def test_rows_in_any_order_become_responses_grouped_by_item():
    builder = DatasetBuilder("d")
    first, second = builder.item("1"), builder.item("2")
    late = builder.response(second, system="A", text="x")
    early = builder.response(first, system="A", text="y")
    builder.rating(late, 5.0)
    builder.rating(early, 3.0)
    data = builder.build()
    assert data.response_text == ["y", "x"]
    assert data.ratings.mean(2).tolist() == [3.0, 5.0]
    assert [item.id for item in data.items()] == ["1", "2"]


def test_items_carry_everything_that_the_data_knows():
    item = small().build().item(1)
    assert (item.id, item.prompt, item.references) == ("two", "prompt two", ("ref",))
    assert [(r.system, r.text) for r in item.responses] == [("A", "A on two"), ("B", "B on two")]


def test_mean_rating_is_over_raters_and_undefined_where_nobody_rated():
    data = small().build()
    assert data.ratings.mean(data.n_responses).tolist() == [1.5, 2.5, 1.5, 2.5]
    extra = DatasetBuilder("d")
    response = extra.response(extra.item("1"), text="a")
    extra.response(0, text="b")
    extra.rating(response, 1.0)
    means = extra.build().ratings.mean(2)
    assert means[0] == 1.0
    assert np.isnan(means[1])


def test_contradictions_are_refused():
    builder = DatasetBuilder("d")
    index = builder.item("1", prompt="a")
    with pytest.raises(InputError, match="two different prompts"):
        builder.item("1", prompt="b")
    builder.response(index, system="A", text="x")
    with pytest.raises(InputError, match="system 'A' has two different responses to item '1'"):
        builder.response(index, system="A", text="y")
    with pytest.raises(InputError, match="not finite"):
        builder.rating(0, float("nan"))
    with pytest.raises(InputError, match="infinite"):
        builder.score("s", 0, float("inf"))
    with pytest.raises(InputError, match="no probability"):
        builder.preference(0, 1, 1.5)
    with pytest.raises(InputError, match="with itself"):
        builder.preference(0, 0, 1.0)
    with pytest.raises(InputError, match="at least one correct and one wrong"):
        builder.best_of_k([0], [True])


def test_columns_must_fit():
    one = np.zeros(1, dtype=np.int32)
    with pytest.raises(InputError, match="two different items"):
        Dataset("d", ["a", "a"], one, ["x"], one, ("s",))
    with pytest.raises(InputError, match="different lengths"):
        Dataset("d", ["a"], one, [], one, ("s",))
    with pytest.raises(InputError, match="does not exist"):
        Dataset("d", ["a"], one, ["x"], one, ("s",), ratings=Ratings(one + 5, np.ones(1), one, one))
    two = np.array([0, 1], dtype=np.int32)
    pair = Preferences(one, one + 1, np.ones(1), one - 1)
    with pytest.raises(InputError, match="responses of two items"):
        Dataset("d", ["a", "b"], two, ["x", "y"], two * 0, ("s",), preferences=pair)


def test_an_aspect_must_be_named_where_there_are_several():
    builder = DatasetBuilder("d")
    response = builder.response(builder.item("1"), text="a")
    builder.rating(response, 1.0, aspect="fluency")
    builder.rating(response, 3.0, aspect="adequacy")
    ratings = builder.build().ratings
    assert ratings.mean(1, "adequacy").tolist() == [3.0]
    with pytest.raises(InputError, match="fluency, adequacy"):
        ratings.mean(1)
    with pytest.raises(UnknownNameError, match="did you mean 'fluency'"):
        ratings.mean(1, "fluensy")


def test_equal_data_has_an_equal_hash_and_any_change_another():
    assert small().build().content_hash == small().build().content_hash
    hashes = {small().build().content_hash}
    changed = small()
    changed.rating(0, 4.0)
    hashes.add(changed.build().content_hash)
    changed = small()
    changed.score("judge", 0, 9.0)
    hashes.add(changed.build().content_hash)
    changed = small()
    changed.item("three", prompt=(Message("user", "x"),))
    hashes.add(changed.build().content_hash)
    assert len(hashes) == 4


def test_recorded_scores_know_what_is_missing():
    builder = small()
    builder.score("partial", 0, 1.0)
    builder.score("partial", 1, None)
    recorded = builder.build().recorded["partial"]
    assert recorded.values[0] == 1.0
    assert np.isnan(recorded.values[1:]).all()
    assert recorded.outcomes.tolist() == [0, 4, 4, 4]


def test_a_dataset_prints_as_one_line():
    assert repr(small().build()) == ("Dataset('small': 2 items, 4 responses, 2 systems, 8 ratings, 1 recorded scorers)")
