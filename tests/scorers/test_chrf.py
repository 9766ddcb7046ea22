"""chrF and chrF++ against sacrebleu's sentence scores, which they must equal."""

from __future__ import annotations

import math
import random

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from one_item import scores, value, values

from rewardmeter.errors import SpecError
from rewardmeter.scorers import ngrams
from rewardmeter.scorers.chrf import ChrF
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Item, Outcome, Response

LETTERS = st.sampled_from("aabbcde .,'!\n\t")
TEXT = st.one_of(st.text(LETTERS, max_size=40), st.text(max_size=12))
REFERENCE = TEXT.filter(lambda text: bool(text) and not text.isspace())


@settings(max_examples=300, deadline=None)
@given(
    st.lists(TEXT, min_size=1, max_size=4),
    st.lists(REFERENCE, min_size=1, max_size=3),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([1, 3, 6]),
    st.sampled_from([0.0, 1.0, 2.0, 3.0, 0.5]),
    st.booleans(),
    st.booleans(),
)
def test_equals_sacrebleu(
    responses: list[str], references: list[str], words: int, letters: int, beta: float, lower: bool, space: bool
) -> None:
    oracle = sacrebleu.CHRF(letters, words, beta, lower, space)  # type: ignore[arg-type]
    expected = [oracle.sentence_score(response, references).score for response in responses]
    assert values(ChrF(letters, words, beta, lower, space), responses, references) == expected


def test_defaults_are_sacrebleus() -> None:
    response, references = "The cat sat on a mat.", ["The cat is on the mat.", "A cat sat there!"]
    assert value("chrf", response, *references) == sacrebleu.sentence_chrf(response, references).score
    assert value("chrf++", response, *references) == sacrebleu.sentence_chrf(response, references, word_order=2).score


@pytest.mark.parametrize("size", [300, 60_000])
def test_a_large_alphabet_is_renumbered(size: int) -> None:
    # 6 characters of a 15-bit alphabet do not fit 63 bits; one text of 60,000 characters is a batch of its own.
    rng = random.Random(size)
    reference = "".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(size))
    response = reference[: size // 3] + reference[size // 2 :] + "漢字"
    expected = sacrebleu.sentence_chrf(response, [reference], word_order=2).score
    assert value("chrf++", response, reference) == expected


def test_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(1)
    items = [
        Item(
            tuple(Response("".join(rng.choices("abcd ", k=rng.randrange(30)))) for _ in range(3)),
            references=tuple("".join(rng.choices("abcd", k=20)) for _ in range(rng.randrange(3))),
        )
        for _ in range(50)
    ]
    whole = make_scorer("chrf++")(items)
    monkeypatch.setattr(ngrams.batches, "__defaults__", (40,))
    parts = make_scorer("chrf++")(items)
    assert whole.values.tobytes() == parts.values.tobytes()
    assert 0 < whole.coverage < 1


def test_empty_response_and_missing_reference() -> None:
    assert value("chrf", "", "reference") == sacrebleu.sentence_chrf("", ["reference"]).score == 0
    made = scores("chrf", "response", " ", "")
    assert math.isnan(made.values[0])
    assert (made.outcomes[0], made.reasons[0]) == (Outcome.FAILED, "no reference")


def test_options_are_checked_and_named() -> None:
    with pytest.raises(SpecError, match="char_order"):
        make_scorer("chrf?char_order=0")
    with pytest.raises(SpecError, match="beta"):
        make_scorer("chrf?beta=-1")
    assert make_scorer("chrf?word_order=2&beta=3&char_order=6") == make_scorer("chrf++?beta=3")
