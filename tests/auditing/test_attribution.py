"""Attribution: scorers whose parts are known, Shapley values by brute force, and what has no score."""

from __future__ import annotations

import json
import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rewardmeter as rm
from rewardmeter.auditing.attribution import attribute
from rewardmeter.auditing.units import joined_units, text_units
from rewardmeter.dataset import Dataset
from rewardmeter.engine import score as engine_score
from rewardmeter.errors import InputError, SpecError
from rewardmeter.scoring import Laws, scorer
from rewardmeter.stats.shapley import (
    all_coalitions,
    antithetic_orders,
    exact_shapley,
    order_coalitions,
    sampled_shapley,
)
from rewardmeter.types import Item, Response, Scores

TEXT = "Cats sleep. Dogs bark loudly! Do fish dream? Nobody knows."
WEIGHTS = {"good": 2.0, "bad": -3.0, "very": 0.5}


def item_of(text, *others, prompt=None, references=()):
    return Item((Response(text), *map(Response, others)), prompt, references)


@scorer
def weighed(response):
    """Linear in the words."""
    return sum(WEIGHTS.get(word.strip(".!?"), 0.0) for word in response.split())


@scorer
def together(response):
    """Two sentences are worth something side by side only; the third is worth nothing."""
    return 4.0 * ("one" in response and "two" in response) + 1.0 * ("one" in response)


# Cutting.


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two!  Three", ["One. ", "Two!  ", "Three"]),
        ("It is 3.5 m. Really?!", ["It is 3.5 m. ", "Really?!"]),
        ('He said "no." She left.', ['He said "no." ', "She left."]),
        ("你好。今天天气很好！走吗？", ["你好。", "今天天气很好！", "走吗？"]),
        ("「行こう。」彼は言った。", ["「行こう。」", "彼は言った。"]),
        ("ما هذا؟ لا أعرف.", ["ما هذا؟ ", "لا أعرف."]),
        ("यह क्या है। मुझे नहीं पता।", ["यह क्या है। ", "मुझे नहीं पता।"]),
        ("# Title\n\n- one\n- two", ["# Title\n\n", "- one\n", "- two"]),
        ("  \n Lead. Rest", ["  \n Lead. ", "Rest"]),
        ("no end", ["no end"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text, parts):
    assert [text[a:b] for a, b in text_units(text, "sentence")] == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("two  words, here", ["two  ", "words, ", "here"]),
        ("我爱 NLP。好", ["我", "爱 ", "NLP。", "好"]),
        ("東京に行く。", ["東", "京", "に", "行", "く。"]),
        ("안녕 세상", ["안녕 ", "세상"]),
        (" lead", [" lead"]),
    ],
)
def test_words(text, parts):
    assert [text[a:b] for a, b in text_units(text, "word")] == parts


@given(st.text(max_size=60), st.sampled_from(["sentence", "word"]), st.integers(1, 5))
def test_units_cover_the_text(text, kind, most):
    units = text_units(text, kind)
    assert "".join(text[a:b] for a, b in units) == (text if text.strip() else "")
    assert all(text[a:b].strip() for a, b in units)
    joined = joined_units(units, most)
    assert len(joined) == min(len(units), most)
    assert "".join(text[a:b] for a, b in joined) == "".join(text[a:b] for a, b in units)


# Additive scorers.


@pytest.mark.parametrize("method", ["occlusion", "shapley"])
@pytest.mark.parametrize("unit", ["sentence", "word"])
def test_length_gives_each_part_its_characters(method, unit):
    found = attribute(rm.scorer("length"), item_of(TEXT), unit=unit, method=method, samples=4)
    assert len(found.spans) == (4 if unit == "sentence" else 10)
    for span, error in zip(found.spans, found.errors, strict=True):
        assert span.effect == pytest.approx(span.stop - span.start)
        assert error == pytest.approx(0, abs=1e-12)
    assert (found.full, found.empty) == (len(TEXT), 0)
    assert found.unscored == 0
    assert found.note == ""


@pytest.mark.parametrize("method", ["occlusion", "shapley"])
def test_words_get_their_weights(method):
    text = "a very good day, a bad night and more and more words"
    found = attribute(weighed, item_of(text), unit="word", method=method, samples=4)
    effects = [span.effect for span in found.spans]
    assert effects == pytest.approx([WEIGHTS.get(word.strip(",."), 0) for word in text.split()])
    assert found.full == pytest.approx(-0.5)


# Games that are not additive.


def brute_force(game, n):
    """Shapley values as the definition has them: over all n! orders."""
    total = np.zeros(n)
    for order in permutations(range(n)):
        there = 0
        for player in order:
            total[player] += game[there | 1 << player] - game[there]
            there |= 1 << player
    return total / math.factorial(n)


@given(st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_shapley_values_are_those_of_the_definition(n, seed):
    game = np.random.default_rng(seed).normal(size=2**n)
    made = exact_shapley(game)
    assert made == pytest.approx(brute_force(game, n), abs=1e-12)
    assert made.sum() == pytest.approx(game[-1] - game[0], abs=1e-12)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_drawn_orders_add_up_and_all_of_them_are_exact(n, half, seed):
    rng = np.random.default_rng(seed)
    game = rng.normal(size=2**n)
    orders = antithetic_orders(n, 2 * half, rng)
    value = game[order_coalitions(orders) @ 2 ** np.arange(n)]
    mean, _ = sampled_shapley(orders, value)
    assert mean.sum() == pytest.approx(game[-1] - game[0], abs=1e-12)
    every = np.array([row for order in permutations(range(n)) for row in (order, order[::-1])])
    mean, _ = sampled_shapley(every, game[order_coalitions(every) @ 2 ** np.arange(n)])
    assert mean == pytest.approx(exact_shapley(game), abs=1e-12)


def test_standard_errors_cover():
    """Of 400 drawn attributions of one game, 95 % lie within 1.96 errors: 380 ± 22 with a chance of 99.9 % or so."""
    rng = np.random.default_rng(0)
    game = rng.normal(size=2**6)
    truth, inside = exact_shapley(game), 0
    for _ in range(400):
        orders = antithetic_orders(6, 200, rng)
        mean, error = sampled_shapley(orders, game[order_coalitions(orders) @ 2 ** np.arange(6)])
        inside += abs(mean[0] - truth[0]) < 1.96 * error[0]
    assert 358 <= inside <= 398


def test_coalitions():
    assert all_coalitions(2).tolist() == [[False, False], [True, False], [False, True], [True, True]]
    with pytest.raises(ValueError, match="too many sets"):
        all_coalitions(21)
    with pytest.raises(ValueError, match="2\\^n"):
        exact_shapley(np.zeros(3))
    with pytest.raises(ValueError, match="reverse"):
        sampled_shapley([[0, 1], [0, 1]], np.zeros((2, 3)))
    assert np.isnan(sampled_shapley([[0, 1], [1, 0]], np.zeros((2, 3)))[1]).all()


def test_partners_share_and_a_null_part_gets_nothing():
    """v = 4 [one and two] + [one]: 3 for the one, 2 for the two, 0 for the third; taken out alone: 5, 4 and 0."""
    text = "This is one. That is two. Nothing here."
    found = attribute(together, item_of(text), method="shapley")
    assert [span.effect for span in found.spans] == pytest.approx([3, 2, 0])
    assert found.says == "Shapley values over all 8 sets of the parts"
    assert found.variants == 8
    out = attribute(together, item_of(text))
    assert [span.effect for span in out.spans] == [5, 4, 0]


def test_parts_that_say_the_same_get_the_same():
    """What either of two sentences alone brings is lost to occlusion, and halved by Shapley."""

    @scorer
    def mentions(response):
        return 1.0 if "yes" in response else 0.0

    text = "It is yes. Well. I say yes."
    assert [span.effect for span in attribute(mentions, item_of(text)).spans] == [0, 0, 0]
    found = attribute(mentions, item_of(text), method="shapley")
    assert [span.effect for span in found.spans] == pytest.approx([0.5, 0, 0.5])


def test_twelve_sentences_are_drawn_and_add_up():
    text = " ".join(f"Sentence {k} has {'very ' * (k % 3)}good words." for k in range(12))

    @scorer
    def bent(response):
        return math.sqrt(response.count("good")) + 0.1 * response.count("very") ** 2

    found = attribute(bent, item_of(text), method="shapley", samples=40, seed=1)
    again = attribute(bent, item_of(text), method="shapley", samples=40, seed=1)
    assert found.to_dict() == again.to_dict()
    assert sum(span.effect for span in found.spans) == pytest.approx(found.full - found.empty, abs=1e-9)
    assert all(0 < error < 0.5 for error in found.errors)
    other = attribute(bent, item_of(text), method="shapley", samples=2000, seed=2)
    for one, error, two in zip(found.spans, found.errors, other.spans, strict=True):
        assert abs(one.effect - two.effect) < 5 * error
    assert found.says == "Shapley values from 40 orders of the parts, half of them the others' reverses"


# What is seen, and how often.


def test_the_whole_is_one_batch_of_different_texts():
    asked = []

    def counted(one, dataset):
        asked.append((dataset.n_items, dataset.n_responses))
        return engine_score(one, dataset)

    found = attribute(rm.scorer("length"), item_of("Same. Same. Same."), score=counted)
    assert asked == [(1, found.variants)]
    assert found.variants == 4  # all, none, two with a space behind, and two without


def test_prompt_references_and_neighbours_are_passed_on():
    @scorer
    def related(prompt, response, references):
        return float(response.count(prompt)) + 10.0 * response.count(references[0])

    item = item_of("x here. y there.", "other", prompt="x", references=("y",))
    assert [span.effect for span in attribute(related, item).spans] == [1, 10]

    class Rank:
        """How many of its neighbours a response is longer than."""

        name, reads, laws = "rank", frozenset({"response"}), Laws(pointwise=False)

        def __call__(self, items, /):
            values = []
            for item in items:
                lengths = [len(response.text) for response in item.responses]
                values += [float(sum(other < one for other in lengths)) for one in lengths]
            return Scores.from_values(values)

    found = attribute(Rank(), item_of("12345", "1. 3456. 8.", "123", "1234567"), 1)
    assert (found.full, found.empty) == (3, 0)
    assert [span.effect for span in found.spans] == [0, 2, 0]  # 11, 5 and 8 characters against 3, 5 and 7


# What has no score.


def test_what_cannot_be_scored_is_not_nought():
    found = attribute(rm.scorer("type-token-ratio"), item_of("One two. Two."), method="shapley")
    assert math.isnan(found.empty)
    assert all(math.isnan(span.effect) for span in found.spans)
    assert found.unscored == 1
    assert found.reasons == {"no words": 1}
    assert found.note == "The empty response has no score, and the effects need one; occlusion does not."
    assert [span.effect for span in attribute(rm.scorer("type-token-ratio"), item_of("One two. Two.")).spans] == (
        pytest.approx([2 / 3 - 1, 2 / 3 - 1])
    )
    alone = attribute(rm.scorer("type-token-ratio"), item_of("One two"))
    assert math.isnan(alone.spans[0].effect)
    assert "nothing else to compare with" in alone.note
    json.dumps(found.to_dict(), allow_nan=False)


def test_one_variant_that_fails_costs_one_effect():
    @scorer
    def touchy(response):
        if "safe" not in response:
            raise ValueError("unsafe")
        return 1.0

    found = attribute(touchy, item_of("It is safe. And so on. And on."))
    assert math.isnan(found.spans[0].effect)
    assert [span.effect for span in found.spans[1:]] == [0, 0]
    assert math.isnan(found.errors[0])
    assert found.unscored == 2
    assert found.note == "1 of 3 effects are undefined: a variant that they need has no score."


def test_no_text_one_sentence_and_very_many_words():
    for text in ("", " \n"):
        for method in ("occlusion", "shapley"):
            found = attribute(rm.scorer("length"), item_of(text), method=method)
            assert found.spans == ()
            assert found.full == len(text)
            assert found.note == "There is nothing to take out of a response without text."
    one = attribute(rm.scorer("length"), item_of("Only one"), method="shapley")
    assert [(span.start, span.stop, span.effect) for span in one.spans] == [(0, 8, 8.0)]
    long = "word " * 5000
    found = attribute(rm.scorer("length"), item_of(long), unit="word", most_units=50)
    assert len(found.spans) == 50
    assert {span.effect for span in found.spans} == {500.0}
    assert found.note == "5,000 words were joined to 50 parts."
    with pytest.raises(InputError, match="more than 100,000"):
        attribute(rm.scorer("length"), item_of(long), unit="word", method="shapley", samples=1000, most_units=100)


def test_what_makes_no_sense():
    length, item = rm.scorer("length"), item_of("a b")
    with pytest.raises(InputError, match="no response 1 among 1"):
        attribute(length, item, 1)
    with pytest.raises(SpecError, match="unit must be one of"):
        attribute(length, item, unit="letter")
    with pytest.raises(SpecError, match="method must be one of"):
        attribute(length, item, method="gradient")
    with pytest.raises(InputError, match="make no attribution"):
        attribute(length, item, samples=1)


def test_on_a_dataset():
    """Items of a dataset go in as they are."""
    data = Dataset("made", ["i"], np.zeros(2, np.int32), ["Short.", TEXT], np.full(2, -1, np.int32))
    assert attribute(rm.scorer("-length"), data.item(0), 1).spans[0].effect == -12
