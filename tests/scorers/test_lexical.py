"""BLEU and TER against sacrebleu's sentence scores."""

from __future__ import annotations

import pickle

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from one_item import scores, value

from rewardmeter.errors import UnknownNameError
from rewardmeter.scoring import make_scorer, signature_of
from rewardmeter.types import Outcome

WORDS = st.lists(st.sampled_from(["the", "cat", "sat.", "Cat", "on", "3.5", "(mat)", "漢字", "&amp;"]), max_size=9)
TEXT = st.one_of(WORDS.map(" ".join), st.text(max_size=10))
REFERENCE = TEXT.filter(lambda text: bool(text) and not text.isspace())


@settings(max_examples=150, deadline=None)
@given(TEXT, st.lists(REFERENCE, min_size=1, max_size=3))
def test_bleu_equals_sacrebleu(response: str, references: list[str]) -> None:
    assert value("bleu", response, *references) == sacrebleu.sentence_bleu(response, references).score


@pytest.mark.parametrize("smooth", ["exp", "floor", "add-k", "none"])
@pytest.mark.parametrize("tokenize", ["13a", "char", "intl", "none", "zh"])
def test_bleu_options_equal_sacrebleus(smooth: str, tokenize: str) -> None:
    response, references = "The cat sat on a mat, 漢字.", ["A cat sat on the mat, 漢語.", "the mat"]
    expected = sacrebleu.sentence_bleu(response, references, smooth, lowercase=True, tokenize=tokenize).score
    assert value(f"bleu?smooth={smooth}&tokenize={tokenize}&lowercase=true", response, *references) == expected


@settings(max_examples=150, deadline=None)
@given(TEXT, st.lists(REFERENCE, min_size=1, max_size=3))
def test_ter_is_sacrebleus_negated(response: str, references: list[str]) -> None:
    assert value("ter", response, *references) == -sacrebleu.sentence_ter(response, references).score


def test_ter_is_at_most_zero_and_greater_is_better() -> None:
    reference = "a b c d"
    assert [value("ter", text, reference) for text in ("a b c d", "a b c", "", "x y z w v")] == [0, -25, -100, -125]


def test_ter_says_where_it_has_nothing_to_compare() -> None:
    made = scores("ter?no_punct=true", "words", "...")
    assert (made.outcomes[0], made.reasons[0]) == (
        Outcome.FAILED,
        "the references have no words once punctuation is left out",
    )


def test_ter_gives_up_on_texts_that_would_take_for_ever() -> None:
    long = "word " * 20_000
    made = scores("ter", long, long)
    assert made.outcomes[0] == Outcome.FAILED
    assert made.reasons[0].startswith("too long for TER: 20,000 × 20,000 words")


def test_empty_responses_score_what_sacrebleu_says() -> None:
    assert value("bleu", "", "a reference") == sacrebleu.sentence_bleu("", ["a reference"]).score == 0
    assert value("ter", "", "a reference") == -100


def test_signatures_carry_sacrebleus_own() -> None:
    bleu = sacrebleu.BLEU(effective_order=True, smooth_method="floor")
    bleu.sentence_score("a", ["b"])
    own = {key: value for key, value in bleu.get_signature().info.items() if value is not None}
    version, _ = own.pop("version"), own.pop("nrefs")
    signature = signature_of(make_scorer("bleu?smooth=floor"))
    assert own.items() <= signature.options.items()
    assert str(version) in signature.revision
    assert signature_of(make_scorer("ter")).options["tok"] == "tercom"


def test_used_scorers_can_be_pickled_and_keep_no_texts() -> None:
    scorer = make_scorer("bleu")
    before = value(scorer, "some words here", "some words there")
    again = pickle.loads(pickle.dumps(scorer))
    assert again == scorer
    assert value(again, "some words here", "some words there") == before
    assert type(scorer.metric.tokenizer).__call__.cache_info().currsize == 0  # type: ignore[attr-defined]


def test_unknown_option_values_name_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean '13a'"):
        make_scorer("bleu?tokenize=13b")
    with pytest.raises(UnknownNameError, match="add-k"):
        make_scorer("bleu?smooth=add_k")
