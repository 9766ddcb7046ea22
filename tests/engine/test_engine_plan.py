"""Inputs and their keys: equal where, and only where, the scorer would see the same."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pytest
from engine_scorers import SeenParts, make_dataset, naive_scores, responses_only
from hypothesis import given
from hypothesis import strategies as st

from rewardmeter.dataset import Dataset
from rewardmeter.engine import score
from rewardmeter.engine.plan import make_plan
from rewardmeter.errors import InputError, ScorerError
from rewardmeter.types import Message, Outcome

# Few letters, and the bytes that the framing itself is made of, so that equal and nearly equal inputs are common.
TEXTS = st.text(alphabet="ab\x00\x01t-pr\ud800", max_size=3)
PROMPTS = TEXTS | st.lists(st.builds(Message, TEXTS, TEXTS), max_size=2).map(tuple)
REFERENCES = st.lists(TEXTS, max_size=2).map(tuple)
ROWS = st.lists(st.tuples(PROMPTS, REFERENCES, st.lists(TEXTS, min_size=1, max_size=3)), min_size=1, max_size=6)
READS = st.sets(st.sampled_from(["prompt", "response", "references"])).map(lambda parts: tuple(sorted(parts)))


@given(ROWS, READS, st.booleans(), st.none() | st.integers(1, 4))
def test_engine_gives_what_scoring_one_by_one_gives(rows, parts, pointwise, batch_size):
    """Brute force: each response by itself (`naive_scores`), without projection, grouping, keys or fan-out."""
    scorer, dataset = SeenParts(parts, pointwise), make_dataset(rows)
    scores = score(scorer, dataset, batch_size=batch_size)
    assert scores.values.tolist() == naive_scores(scorer, dataset)
    assert len(scorer.seen) == len(set(scorer.seen)), "an input was scored twice"


@given(ROWS, READS)
def test_keys_are_equal_exactly_where_the_visible_parts_are(rows, parts):
    dataset = make_dataset(rows)
    plan = make_plan(SeenParts(parts), dataset)
    visible = [
        (
            item.prompt if "prompt" in parts else None,
            item.references if "references" in parts else None,
            response.text if "response" in parts else None,
        )
        for item in dataset.items()
        for response in item.responses
    ]
    assert len({key.tobytes() for key in plan.keys}) == len(plan.keys) == len(set(visible))
    for inputs, seen in zip(plan.input_of.tolist(), visible, strict=True):
        assert visible[plan.source[inputs]] == seen


@given(ROWS)
def test_keys_of_whole_items_tell_items_and_places_apart(rows):
    dataset = make_dataset(rows)
    plan = make_plan(SeenParts(("prompt", "references", "response"), pointwise=False), dataset)
    whole = {(prompt, references, tuple(texts)) for prompt, references, texts in rows}
    assert plan.n_units == len(whole)
    assert len({key.tobytes() for key in plan.keys}) == len(plan.keys) == sum(len(texts) for _, _, texts in whole)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", ("c",), ["d"]), ("a", ("bc",), ["d"])),
        (("a", ("bc",), ["d"]), ("a", ("b", "c"), ["d"])),
        (("a", ("b", ""), ["d"]), ("a", ("b",), ["d"])),
        (("a", (), ["bd"]), ("a", ("b",), ["d"])),
        (("user: hi", (), ["d"]), ((Message("user", "hi"),), (), ["d"])),
        (((Message("us", "erhi"),), (), ["d"]), ((Message("user", "hi"),), (), ["d"])),
        (("", (), ["d"]), ((), (), ["d"])),
    ],
)
def test_shifted_boundaries_give_other_keys(one, other):
    plan = make_plan(SeenParts(("prompt", "references", "response")), make_dataset([one, other]))
    assert len(plan.keys) == 2


def test_key_is_the_documented_digest():
    """Closed form with hashlib: stored scores stay findable only while these bytes stay the same."""
    eight = (8).to_bytes(8, "little")
    one, two = (1).to_bytes(8, "little"), (2).to_bytes(8, "little")
    dataset = make_dataset([("question", ("x", "yy"), ["é"])])
    framed = b"p" + eight + b"question" + b"r" + two + b"s" + one + b"x" + b"s" + two + b"yy" + b"t" + "é".encode()
    expected = blake2b(framed, digest_size=16, person=b"rewardmeter-1").digest()
    assert make_plan(SeenParts(("prompt", "references", "response")), dataset).keys[0].tobytes() == expected
    expected = blake2b(b"--t" + "é".encode(), digest_size=16, person=b"rewardmeter-1").digest()
    assert make_plan(SeenParts(("response",)), dataset).keys[0].tobytes() == expected


def test_key_does_not_depend_on_what_is_not_read_nor_on_neighbours():
    alone = make_plan(SeenParts(("response",)), responses_only(["x"]))
    among = make_plan(SeenParts(("response",)), make_dataset([("p", ("r",), ["w", "x"])]))
    assert alone.keys[0].tobytes() == among.keys[1].tobytes()


def test_unread_parts_systems_and_ids_are_hidden():
    dataset = make_dataset([("p", ("r",), ["x", "y"])])
    plan = make_plan(SeenParts(("prompt",)), dataset)
    (item,) = plan.items(np.arange(1))
    assert (item.prompt, item.references, item.id) == ("p", (), None)
    assert [tuple(response) for response in item.responses] == [("", None)]


def test_responses_of_one_item_share_an_item_with_its_prompt():
    dataset = make_dataset([("p", (), ["x", "y"]), ("q", (), ["x"])])
    items = make_plan(SeenParts(("prompt", "response")), dataset).items(np.arange(3))
    assert [(item.prompt, [r.text for r in item.responses]) for item in items] == [("p", ["x", "y"]), ("q", ["x"])]


def test_response_only_scorers_get_one_item_for_all():
    dataset = make_dataset([("p", (), ["x", "y"]), ("q", (), ["x", "z"])])
    items = make_plan(SeenParts(("response",)), dataset).items(np.arange(3))
    assert [[r.text for r in item.responses] for item in items] == [["x", "y", "z"]]


def test_single_missing_texts_and_prompts_fail_with_a_reason():
    dataset = make_dataset([("p", (), ["x", None]), (None, (), ["y"])])
    scores = score(SeenParts(("prompt", "response")), dataset)
    assert scores.outcomes.tolist() == [Outcome.SCORED, Outcome.FAILED, Outcome.FAILED]
    assert scores.reasons == {1: "no text in the data", 2: "no prompt in the data"}


def test_listwise_scorers_see_the_responses_that_have_texts():
    dataset = make_dataset([("p", (), ["x", None, "zz"]), ("p", (), [None, None, None]), ("p", (), ["x", "zz"])])
    scorer = SeenParts(("response",), pointwise=False)
    scores = score(scorer, dataset)
    assert scores.counts() == {"scored": 4, "failed": 4}
    assert scores.values[[0, 2]].tolist() == scores.values[6:].tolist()
    assert len(scorer.seen) == 2


def test_missing_texts_do_not_matter_to_who_does_not_read_them():
    assert score(SeenParts(("prompt",)), make_dataset([("p", (), [None, None])])).coverage == 1


@pytest.mark.parametrize(
    ("parts", "rows", "words"),
    [
        (("response",), [("p", (), [None])], ["seen-response", "made", "no texts", "recorded"]),
        (("prompt",), [(None, (), ["x"])], ["seen-prompt", "made", "carries none"]),
    ],
)
def test_data_without_any_such_text_is_one_clear_error(parts, rows, words):
    with pytest.raises(InputError) as caught:
        make_plan(SeenParts(parts), make_dataset(rows))
    assert all(word in str(caught.value) for word in words)


def test_reading_something_unheard_of_is_the_scorers_fault():
    with pytest.raises(ScorerError, match="system"):
        make_plan(SeenParts(("system",)), responses_only(["x"]))


@pytest.mark.parametrize("pointwise", [True, False])
def test_no_responses_give_no_scores(pointwise):
    empty = Dataset("empty", [], np.empty(0, np.int32), [], np.empty(0, np.int32))
    assert len(score(SeenParts(("prompt", "response"), pointwise), empty)) == 0


def test_listwise_scorers_get_items_of_one_response_one_by_one():
    dataset = make_dataset([("p", (), ["x"]), ("q", (), ["y"])])
    scorer = SeenParts(("response",), pointwise=False)
    assert score(scorer, dataset, batch_size=2).values.tolist() == naive_scores(scorer, dataset)
