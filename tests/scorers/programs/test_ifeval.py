"""IFEval's instructions: the published checker's verdicts (golden file), and what its data format may hold wrong.

``golden/ifeval.json`` is written by make_ifeval_golden.py, whose head says how.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_response import outcome, value

from rewardmeter.errors import UnknownNameError
from rewardmeter.scorers.programs import ifeval_checks
from rewardmeter.scorers.programs.ifeval import loose_forms
from rewardmeter.scorers.programs.ifeval_checks import INSTRUCTIONS
from rewardmeter.scorers.programs.ifeval_text import capital_words, count_sentences
from rewardmeter.scorers.programs.language import is_language
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Outcome

GOLDEN = json.loads((Path(__file__).parent / "golden" / "ifeval.json").read_text(encoding="utf-8"))
UNDECIDED = "an instruction cannot be decided: mostly, the language cannot be told"


def instructions(*named: tuple[str, dict[str, Any]]) -> str:
    """A reference in the published data format."""
    return json.dumps({"instruction_id_list": [name for name, _ in named], "kwargs": [values for _, values in named]})


NO_COMMA = ("punctuation:no_comma", {})
TITLE = ("detectable_format:title", {})


@pytest.mark.parametrize("kind", INSTRUCTIONS)
@pytest.mark.parametrize("mode", ["strict", "loose"])
def test_as_the_published_checker_says(kind: str, mode: str) -> None:
    cases = [case for case in GOLDEN if case["kind"] == kind]
    assert {case["strict"] for case in cases} == {True, False}
    undecided = 0
    for case in cases:
        reference = instructions((kind, case["kwargs"]))
        result, number, reason = outcome(f"ifeval?mode={mode}", case["response"], reference)
        if result == Outcome.ABSTAINED:
            assert reason == UNDECIDED
            undecided += 1
        else:
            assert number == float(case[mode]), case
    assert undecided <= (len(cases) // 4 if kind.startswith(("language", "change_case:english")) else 0)


def test_there_are_twenty_five_kinds() -> None:
    assert len(INSTRUCTIONS) == 25
    assert {case["kind"] for case in GOLDEN} == set(INSTRUCTIONS)


def test_all_or_the_share() -> None:
    both = instructions(NO_COMMA, TITLE)
    for response, share in (("<<A>> b", 1), ("<<A>>, b", 0.5), ("A b", 0.5), ("a, b", 0)):
        assert value("ifeval", response, both) == float(share == 1)
        assert value("ifeval?aggregate=share", response, both) == share


def test_loose_forms_are_the_eight_of_the_paper() -> None:
    assert loose_forms("a\n*b*\nc") == ["a\n*b*\nc", "*b*\nc", "a\n*b*", "*b*", "a\nb\nc", "b\nc", "a\nb", "b"]
    assert loose_forms("") == [""]
    quoted = instructions(("startend:quotation", {}))
    assert value("ifeval", 'Sure:\n"So be it"', quoted) == 0
    assert value("ifeval?mode=loose", 'Sure:\n"So be it"', quoted) == 1


def test_a_blank_response_follows_nothing() -> None:
    for mode in ("strict", "loose"):
        assert value(f"ifeval?mode={mode}", " \n", instructions(NO_COMMA)) == 0


def test_an_undecided_language_abstains_unless_another_instruction_settles_it() -> None:
    german = ("language:response_language", {"language": "de"})
    assert outcome("ifeval", "Zxq", instructions(german))[0] == Outcome.ABSTAINED
    assert outcome("ifeval", "Zxq", instructions(german, NO_COMMA))[0] == Outcome.ABSTAINED
    assert value("ifeval", "Zxq,", instructions(german, NO_COMMA)) == 0
    assert outcome("ifeval?aggregate=share", "Zxq,", instructions(german, NO_COMMA))[0] == Outcome.ABSTAINED
    assert outcome("ifeval", "tere", instructions(("language:response_language", {"language": "et"})))[2] == UNDECIDED


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The dog and the cat are in the garden.", "en", True),
        ("THE DOG AND THE CAT ARE IN THE GARDEN.", "en", True),
        ("The dog and the cat are in the garden.", "de", False),
        ("Der Hund und die Katze sind im Garten.", "de", True),
        ("Le chien et le chat sont dans le jardin.", "fr", True),
        ("Собака и кошка были в саду, и это было хорошо.", "ru", True),
        ("Кучето и котката са в градината и не се карат.", "bg", True),
        ("कुत्ता और बिल्ली बाग में हैं और खेल रहे हैं।", "hi", True),
        ("कुत्ता और बिल्ली बाग में हैं और खेल रहे हैं।", "mr", False),
        ("الكلب في الحديقة مع القط و هذا من على", "ar", True),
        ("고양이가 정원에 있습니다.", "ko", True),
        ("猫は庭にいます。", "ja", True),
        ("猫在花园里。", "zh", True),
        ("猫在花园里。", "ja", False),
        ("పిల్లి తోటలో ఉంది.", "te", True),
        ("The cat", "te", False),
        ("12 + 7 = ?", "fi", True),  # as the published checker has it: nothing to detect
        ("Mango Tango", "en", None),
        ("The cat", "xx", None),
    ],
)
def test_languages(text: str, language: str, expected: bool | None) -> None:
    assert is_language(text, language) is expected


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 0),
        (" \n", 0),
        ("No mark", 1),
        ("One. Two! Three? Four", 4),
        ("Dr. Who met Mr. Bean at 5 p.m. sharp.", 1),
        ("He came from the U.S. However, he left.", 2),
        ('"Stop!" she said.', 2),
        ('He said "stop." Then he left.', 2),
        ("1. Open it. 2. Close it.", 4),
        ("It costs 3.50 or 1,000.75 in all", 1),
        ("Well... maybe", 1),
        ("Well... The end", 2),
        ("Really?! Yes.", 2),
        ("Really?! Yes!!!", 3),  # Punkt's reading: only the last but one of the marks at the end is asked
        ("**Bold.**", 2),  # Punkt's reading: asterisks are no closing marks
    ],
)
def test_sentences_as_punkt_counts_them(text: str, sentences: int) -> None:
    assert count_sentences(text) == sentences


def test_capital_words_as_treebank_tokens() -> None:
    assert capital_words("I DON'T KNOW") == 4  # DO N'T
    assert capital_words("STATE-OF-THE-ART, A/B (OK)") == 3
    assert capital_words("CANNOT won't IT'S") == 4


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("write no comma", "the reference is no JSON of instructions"),
        ("[" * 100_000, "the reference is no JSON of instructions"),
        ("[]", "the reference needs 'instruction_id_list' and 'kwargs', two lists of one length"),
        ('{"instruction_id_list": [], "kwargs": []}', "the reference needs"),
        ('{"instruction_id_list": ["punctuation:no_comma"]}', "the reference needs"),
        (instructions(("punctuation:no_dash", {})), "no instruction named 'punctuation:no_dash'"),
        (instructions(("keywords:existence", {})), "keywords:existence: keywords is no list of texts"),
        (instructions(("keywords:existence", {"keywords": ["("]})), "keywords:existence: keywords is no pattern"),
        (
            instructions(("length_constraints:number_words", {"num_words": 5, "relation": "at most"})),
            "length_constraints:number_words: relation is neither 'less than' nor 'at least'",
        ),
        (
            instructions(("length_constraints:number_paragraphs", {"num_paragraphs": True})),
            "length_constraints:number_paragraphs: num_paragraphs is no count",
        ),
        (
            '{"instruction_id_list": ["length_constraints:number_paragraphs"], "kwargs": [{"num_paragraphs": NaN}]}',
            "length_constraints:number_paragraphs: num_paragraphs is no count",
        ),
        (
            '{"instruction_id_list": ["length_constraints:number_paragraphs"], "kwargs": [{"num_paragraphs": 1e999}]}',
            "length_constraints:number_paragraphs: num_paragraphs is no count",
        ),
    ],
)
def test_instructions_that_cannot_be_read_fail(reference: str, reason: str) -> None:
    kind, _, said = outcome("ifeval", "text", reference)
    assert kind == Outcome.FAILED
    assert said.startswith(reason)


def test_arguments_as_tables_keep_them() -> None:
    padded = {"num_words": 2.0, "relation": "at least", "keywords": None, "num_bullets": None}
    assert value("ifeval", "two words", instructions(("length_constraints:number_words", padded))) == 1
    empty = '{"instruction_id_list": ["punctuation:no_comma"], "kwargs": [null]}'
    assert value("ifeval", "two words", empty) == 1


@pytest.mark.parametrize("kind", INSTRUCTIONS)
def test_a_megabyte(kind: str) -> None:
    kwargs = next(case["kwargs"] for case in GOLDEN if case["kind"] == kind)
    for text in (
        "The cat, IT sat. " * 60_000,
        "*" * 1_000_000,
        "." * 1_000_000,
        "'" * 500_000 + "A",
        "[" * 1_000_000,
        "<" * 1_000_000,
        "\n" * 1_000_000,
        "A" + "'S" * 400_000,
        " \n" * 300_000 + "-",
        "[]" * 400_000,
        "P" * 1_000_000,
    ):
        assert outcome("ifeval?mode=loose", text, instructions((kind, kwargs)))[0] in (
            Outcome.SCORED,
            Outcome.ABSTAINED,
        )


@given(st.text(alphabet="[]<>*-a \n\t", max_size=25), st.integers(0, 4))
def test_linear_forms_count_as_the_published_expressions(text: str, count: int) -> None:
    checks = {
        "number_placeholders": len(re.findall(r"\[.*?\]", text)) >= count,
        "number_bullet_lists": len(re.findall(r"^\s*\*[^\*].*$", text, re.MULTILINE))
        + len(re.findall(r"^\s*-.*$", text, re.MULTILINE))
        == count,
    }
    for name, expected in checks.items():
        assert getattr(ifeval_checks, name)(text, count) == expected
    titles = [found.lstrip("<").rstrip(">").strip() for found in re.findall(r"<<[^\n]+>>", text)]
    assert ifeval_checks.title(text) == any(titles)


def test_options_and_references_are_checked() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'loose'"):
        make_scorer("ifeval?mode=lose")
    with pytest.raises(UnknownNameError, match="share"):
        make_scorer("ifeval?aggregate=mean")
    assert outcome("ifeval", "a", instructions(NO_COMMA), instructions(TITLE))[0] == Outcome.FAILED
