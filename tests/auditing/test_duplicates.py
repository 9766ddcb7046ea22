"""Duplicates: every pair that brute force finds, and texts whose copies are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import rewardmeter as rm
from rewardmeter.auditing.duplicates import find_duplicates
from rewardmeter.auditing.shingles import normalised, shingle_sets
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, SpecError
from rewardmeter.stats.binomial import binomial_share
from rewardmeter.stats.set_join import ElementSets, similar_sets
from rewardmeter.types import Message


def data_of(responses, prompts=(), name="made"):
    """``responses``: a list of texts for each item."""
    sizes = [len(row) for row in responses]
    return Dataset(
        name,
        [f"i{i}" for i in range(len(responses))],
        np.repeat(np.arange(len(responses), dtype=np.int32), sizes),
        [text for row in responses for text in row],
        np.full(sum(sizes), -1, dtype=np.int32),
        prompts=prompts,
    )


def brute_force(left, right, threshold):
    """Every pair by Python's own sets."""
    same = right is None
    right = left if same else right
    found = {}
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            if (not same or i < j) and one and other:
                similarity = len(one & other) / len(one | other)
                if similarity >= threshold:
                    found[i, j] = similarity
    return found


def joined(left, right, threshold):
    sets = [ElementSets.of([np.array(sorted(row), dtype=np.uint64) for row in side]) for side in (left, right or [])]
    made = similar_sets(sets[0], None if right is None else sets[1], threshold=threshold)
    return dict(zip(zip(made.left.tolist(), made.right.tolist(), strict=True), made.similarity.tolist(), strict=True))


ELEMENTS = st.sets(st.integers(0, 12).map(lambda k: (k * 0x9E3779B97F4A7C15 + k) % 2**64), max_size=10)


@settings(deadline=None)
@given(st.lists(ELEMENTS, max_size=12), st.none() | st.lists(ELEMENTS, max_size=8), st.sampled_from([0.2, 0.5, 0.8, 1]))
def test_the_join_finds_what_brute_force_finds(left, right, threshold):
    assert joined(left, right, threshold) == pytest.approx(brute_force(left, right, threshold))


def dense_similarities(left, right):
    """All Jaccard similarities from a table of which set holds what."""
    known = np.unique(np.concatenate([left.element, right.element]))
    tables = []
    for sets in (left, right):
        table = np.zeros((len(sets), len(known)), dtype=np.float32)
        table[np.repeat(np.arange(len(sets)), sets.size), np.searchsorted(known, sets.element)] = 1
        tables.append(table)
    shared = tables[0] @ tables[1].T
    return shared / (left.size[:, None] + right.size[None] - shared)


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.8, 0.95])
def test_nothing_is_missed_among_texts_that_are_more_and_less_alike(threshold):
    """300 texts in 30 families, each made by changing words of one text: all pairs that brute force finds, both
    for a join with itself and for one with another collection."""
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(300)]
    texts = []
    for _ in range(30):
        first = rng.choice(words, size=int(rng.integers(5, 150)))
        for _ in range(10):
            changed = first.copy()
            spots = rng.random(len(first)) < rng.choice([0.0, 0.01, 0.03, 0.1, 0.3])
            changed[spots] = rng.choice(words, size=int(spots.sum()))
            texts.append(" ".join(changed[: len(first) - int(rng.integers(0, 3))]))
    sets = shingle_sets(texts)
    truth = dense_similarities(sets, sets)
    expected = np.argwhere(np.triu(truth >= threshold, 1))
    made = similar_sets(sets, threshold=threshold)
    assert np.array_equal(np.stack([made.left, made.right], axis=1), expected)
    assert made.similarity == pytest.approx(truth[tuple(expected.T)])
    assert len(expected) > 40
    halves = [shingle_sets(texts[::2]), shingle_sets(texts[1::2])]
    across = similar_sets(*halves, threshold=threshold)
    assert np.array_equal(
        np.stack([across.left, across.right], axis=1), np.argwhere(dense_similarities(*halves) >= threshold)
    )


def test_shingles_are_the_runs_of_the_text():
    """As many different hashes as there are different runs, and shared where runs are."""
    one, other = "the cat sat on the cat", "a cat sat on a mat"
    sets = shingle_sets([one, other, "cat", "", one], size=3)

    def runs(text):
        return {text[k : k + 3] for k in range(len(text) - 2)}

    rows = [set(sets.element[a:b].tolist()) for a, b in zip(sets.start, sets.start[1:], strict=False)]
    assert [len(row) for row in rows] == [len(runs(one)), len(runs(other)), 1, 0, len(runs(one))]
    assert len(rows[0] & rows[1]) == len(runs(one) & runs(other))
    assert rows[2] < rows[0]
    assert rows[4] == rows[0]
    words = shingle_sets(["a b c d", "a b c e", "我爱你们", "我爱你"], "words")
    assert words.size.tolist() == [2, 2, 2, 1]
    assert len(np.unique(words.element)) == 5  # abc and 我爱你 are shared
    with pytest.raises(ValueError, match="make no sense"):
        shingle_sets(["a"], size=0)
    with pytest.raises(ValueError, match="threshold"):
        similar_sets(sets, threshold=0)


def test_what_looks_the_same_is_the_same():
    assert normalised("  Ｆｕｌｌ\u00a0 WIDTH\n\tﬁne STRASSE ") == "full width fine strasse"
    assert normalised("straße") == "strasse"
    assert normalised(" \n") == ""


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(text):
    assert normalised(normalised(text)) == normalised(text)


def test_copies_within_the_data():
    """Items 0 and 1 share a response, 2 and 3 have near ones, 4 repeats itself, 5 is alone."""
    long = "It was a bright cold day in April, and the clocks were striking thirteen."
    near = long.replace("thirteen", "thirteen times")
    prompts = [
        "What is it?",
        "what  IS it?",
        (Message("user", "Hi there"),),
        (Message("user", "Hi there"),),
        "x y",
        "z",
    ]
    data = data_of(
        [
            ["Same answer.", "one"],
            ["other", "same ANSWER."],
            [long],
            [near, "more"],
            ["twice it is", "twice it is"],
            ["q"],
        ],
        prompts,
    )
    asked, answered = find_duplicates(data)
    assert (asked.part, asked.texts, asked.exact, asked.near) == ("prompts", 6, 4, 4)
    assert asked.items.value == pytest.approx(4 / 6)
    assert {(one.first, one.second) for one in asked.examples} == {("i0", "i1"), ("i2", "i3")}
    assert (answered.texts, answered.exact, answered.near) == (10, 2, 4)
    assert answered.items.value == pytest.approx(4 / 6)
    assert answered.items_exact.value == pytest.approx(2 / 6)
    first, second = answered.examples
    assert (first.first, first.second, first.similarity, first.exact) == ("i0#0", "i1#1", 1.0, True)
    assert (second.first, second.second, second.exact) == ("i2#0", "i3#0", False)
    runs = [{text[k : k + 5] for k in range(len(text) - 4)} for text in (long.casefold(), near.casefold())]
    assert second.similarity == pytest.approx(len(runs[0] & runs[1]) / len(runs[0] | runs[1]))
    assert find_duplicates(data, threshold=0.99)[1].near == 2
    assert find_duplicates(data, shortest=30)[1].texts == 2
    json.dumps([one.to_dict() for one in (asked, answered)], allow_nan=False)


def test_a_near_copy_in_the_own_item_is_none():
    """One text in items 0 and 1, a near one in item 0: item 0's near copy is near to item 1's text, too."""
    long = "It was a bright cold day in April, and the clocks were striking thirteen."
    _, alone = find_duplicates(data_of([[long, long + "!"], ["else"]]))
    assert (alone.exact, alone.near) == (0, 0)
    assert alone.examples == ()
    _, shared = find_duplicates(data_of([[long, long + "!"], [long], ["else"]]))
    assert (shared.exact, shared.near) == (2, 3)
    assert shared.items.value == pytest.approx(2 / 3)


def test_copies_in_the_training_data():
    test = data_of([["seen before, word for word"], ["seen before, nearly word for word"], ["unseen"]], ["p", "q", "r"])
    train = data_of([["Seen before, word for word"], ["unrelated"]], ["q", "s"], name="train")
    asked, answered = find_duplicates(test, train, threshold=0.5)
    assert (asked.against, asked.exact, asked.near) == ("train", 1, 1)
    assert [(one.first, one.second) for one in asked.examples] == [("i1", "i0")]
    assert (answered.exact, answered.near) == (1, 2)
    assert [(one.first, one.second, one.exact) for one in answered.examples] == [
        ("i0#0", "i0#0", True),
        ("i1#0", "i0#0", False),
    ]
    again = find_duplicates(test, test)[1]  # every text is in itself
    assert (again.exact, again.items.value) == (3, 1.0)


def test_what_has_no_texts_or_makes_no_sense():
    bare = data_of([[None], [None]])
    asked, answered = find_duplicates(bare)
    assert "no prompts" in asked.reason
    assert "no responses" in answered.reason
    assert answered.skipped == 2
    assert not answered.items.defined
    assert "dataset 'made' has no prompts" in find_duplicates(data_of([["a"]], ["p"]), bare)[0].reason
    json.dumps(answered.to_dict(), allow_nan=False)
    with pytest.raises(InputError, match="make no sense"):
        find_duplicates(bare, threshold=1.2)
    with pytest.raises(SpecError, match="shingles must be"):
        find_duplicates(bare, shingles="letters")
    alone = find_duplicates(data_of([["only"]], ["one"]))[0]
    assert (alone.near, alone.items.value) == (0, 0.0)


def test_texts_of_one_template_are_said_to_be():
    """2,100 texts that all look alike are 2.2 million pairs: that is said, and takes no hours."""
    template = "Translate the following sentence into German and give nothing but the translation: "
    rng = np.random.default_rng(0)
    data = data_of([[template * 4 + str(number)] for number in rng.permutation(10**6)[:2100]])
    found = find_duplicates(data)[1]
    assert "as if made from one template" in found.reason
    assert not found.items.defined
    with pytest.raises(ValueError, match="more than 1 pairs"):
        similar_sets(shingle_sets(["one text", "one text!", "one text?"]), threshold=0.5, most=1)


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (7, 7), (3, 50), (1, 1)])
def test_shares_have_exact_intervals(hits, n):
    """SciPy's own."""
    made = binomial_share(hits, n, level=0.9)
    expected = stats.binomtest(hits, n).proportion_ci(0.9, "exact")
    assert (made.low, made.high) == pytest.approx((expected.low, expected.high))
    assert made.value == hits / n
    assert not binomial_share(0, 0).defined
    with pytest.raises(ValueError, match="make no sense"):
        binomial_share(2, 1)


def test_copies_in_judgebench(data_set):
    """Counted apart from the library: prompts of the two subsets as sets of strings."""
    data_set("judgebench")
    test, train = rm.load("judgebench:gpt-4o"), rm.load("judgebench:claude-3-5-sonnet")
    asked, answered = find_duplicates(test, train)
    seen = {" ".join(prompt.casefold().split()) for prompt in train.prompts}
    assert asked.exact == sum(" ".join(prompt.casefold().split()) in seen for prompt in test.prompts) == 91
    assert asked.near >= asked.exact
    assert answered.exact == 0


def test_answers_in_several_items_of_a_real_set(data_set):
    """Counted apart from the library, with a dictionary: how many items share an answer with another one."""
    data_set("hh-harmless-test")
    data = rm.load("hh-harmless-test")
    _, answered = find_duplicates(data)
    where = {}
    for item, text in zip(data.response_item.tolist(), data.response_text, strict=True):
        if text.strip():
            where.setdefault(" ".join(text.split()).casefold(), set()).add(item)
    shared = set().union(*(items for items in where.values() if len(items) > 1))
    assert answered.items_exact.value == len(shared) / answered.items_exact.n
    assert (
        answered.near
        > answered.exact
        == sum(
            " ".join(text.split()).casefold() in where and len(where[" ".join(text.split()).casefold()]) > 1
            for text in data.response_text
        )
    )
