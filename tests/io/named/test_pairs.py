"""Datasets made of judged pairs: brute force over small random ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardmeter.dataset import Origin
from rewardmeter.errors import InputError
from rewardmeter.io.named.pairs import Pair, SampleItems, Verdicts, pairs_dataset

READS = frozenset({"prompt", "response"})
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["p", "q", "r"]),
        st.sampled_from(["x", "y"]),
        st.sampled_from("ab"),
        st.sampled_from("ab"),
        st.sampled_from([0.0, 0.5, 1.0]),
    ),
    min_size=1,
    max_size=9,
)


def build(rows):
    pairs = [
        Pair(str(number), a, b, better, prompt, {"slice": column})
        for number, (prompt, column, a, b, better) in enumerate(rows)
    ]
    numbers = np.arange(len(rows), dtype=float)
    recorded = {
        "scores": Verdicts(scores=np.column_stack([numbers, -numbers])),
        "one game": Verdicts(first=np.sign(numbers)),
        "two games": Verdicts(np.sign(numbers), -np.sign(numbers)),
    }
    return pairs_dataset("toy", pairs, recorded, reads=READS, origin=Origin())


@given(ROWS)
def test_every_pair_keeps_its_prompt_column_texts_gold_and_scores(rows) -> None:
    dataset = build(rows)
    gold = dataset.preferences
    assert gold is not None
    values = dataset.recorded["scores"].values
    assert values is not None
    assert len(gold) == len(rows)
    assert dataset.n_responses == 2 * len(rows)
    for number, (prompt, column, a, b, better) in enumerate(rows):
        left, right = int(gold.a[number]), int(gold.b[number])
        item = int(dataset.response_item[left])
        assert dataset.prompts[item] == prompt
        assert dataset.columns["slice"][item] == column
        assert (dataset.response_text[left], dataset.response_text[right]) == (a, b)
        assert gold.probability[number] == better
        assert (values[left], values[right]) == (number, -number)


@given(ROWS)
def test_an_item_is_a_prompt_with_its_columns(rows) -> None:
    dataset = build(rows)
    firsts = {}
    for number, (prompt, column, *_) in enumerate(rows):
        firsts.setdefault((prompt, column), str(number))
    assert list(dataset.item_ids) == list(firsts.values())


def test_games_that_were_not_played_are_missing() -> None:
    dataset = build([("p", "x", "a", "b", 1.0), ("q", "x", "a", "a", 0.0)])
    one = dataset.recorded["one game"]
    np.testing.assert_array_equal(one.first, [0, 1])
    assert np.isnan(one.second).all()
    np.testing.assert_array_equal(dataset.recorded["two games"].second, [0, -1])
    assert dataset.recorded["scores"].first is None
    assert dataset.recorded["one game"].values is None


def test_equal_texts_stay_two_responses() -> None:
    dataset = build([("p", "x", "a", "a", 1.0)])
    assert dataset.n_responses == 2


def test_pairs_without_prompts_are_an_item_each() -> None:
    dataset = pairs_dataset(
        "toy", [Pair("1", None, None, 1.0), Pair("2", None, None, 1.0)], {}, reads=READS, origin=Origin()
    )
    assert dataset.n_items == 2
    assert not dataset.has_texts
    assert dataset.prompts == ()


def test_no_pair_at_all() -> None:
    with pytest.raises(InputError, match=r"x\.json: the file holds no pair"):
        pairs_dataset("toy", [], {}, reads=READS, origin=Origin("x.json"))


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), min_size=1), max_size=12))
def test_samples_never_share_an_item_with_another_text_of_their_system(rows) -> None:
    items = SampleItems()
    held: dict[tuple[str, str], str] = {}
    used = []
    for number, texts in enumerate(rows):
        item = items.id_of("prompt", str(number), texts)
        used.append(item)
        for system, text in texts.items():
            assert held.setdefault((item, system), text) == text
    if used:
        assert used[0] == "0"
        assert set(used) <= {"0", *(f"0#{n}" for n in range(2, len(rows) + 1))}
    assert items.split == (len(set(used)) > 1)


def test_one_text_per_system_needs_one_item() -> None:
    items = SampleItems()
    for number in range(5):
        assert items.id_of("p", f"row {number}", {"a": "x", f"b{number}": "y"}) == "row 0"
    assert items.id_of("q", "other", {"a": "z"}) == "other"
    assert items.split == 0
