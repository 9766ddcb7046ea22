"""What is read of a response: sentences, code, language."""

from __future__ import annotations

import pytest
from edit_samples import SAMPLES

from rewardmeter.auditing.edits import wordings
from rewardmeter.auditing.edits.prose import is_code, language_of, sentences
from rewardmeter.auditing.edits.spans import fences, protected_spans
from rewardmeter.scorers.programs.language import is_language


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One is here. Two, e.g. this, is there! Three?", ["One is here.", "Two, e.g. this, is there!", "Three?"]),
        ("Am 3. Mai kam Dr. Weber. Er blieb.", ["Am 3. Mai kam Dr. Weber.", "Er blieb."]),
        ("The answer is 4.", ["The answer is 4."]),
        ("一。二！“三。”四", ["一。", "二！", "“三。”", "四"]),
        ("أين؟ هنا.", ["أين؟", "هنا."]),
        ("# Title\n\n- first one.\n2. second\n> third.\n| a | b |\n---", ["first one.", "second", "third."]),
        ("Before.\n```\nx. y.\n```\nAfter.", ["Before.", "After."]),
        ("It is 3.14 or so... Well.", ["It is 3.14 or so...", "Well."]),
        ("", []),
    ],
)
def test_sentences(text, parts):
    assert [text[one.start : one.stop] for one in sentences(text)] == parts


def test_code_is_told_from_prose():
    for code in (
        SAMPLES["code"].response,
        '{"a": [1, 2]}',
        "<!DOCTYPE html>\n<p>One.</p>",
        "#include <stdio.h>\nint main() {\n  return 0;\n}",
        "SELECT a FROM b\nWHERE c = 1;",
    ):
        assert is_code(code), code
    for prose in (
        SAMPLES["en"].response,
        SAMPLES["fenced"].response,
        "x = 5",
        "[sic]",
        "{x}",
        "- one;\n- two;\n- three;",
    ):
        assert not is_code(prose), prose


def test_blocks_and_formulas_are_protected():
    text = "a `b` $c$ \\(d\\) https://e.org/f\n~~~py\ng\n~~~\nh ```\n```\nopen"
    assert [text[start:stop] for start, stop in protected_spans(text)] == [
        "`b`",
        "$c$",
        "\\(d\\)",
        "https://e.org/f",
        "~~~py\ng\n~~~",
        "```\nopen",
    ]
    assert [one.info for one in fences(text)] == ["py", ""]


def test_languages_are_told_as_the_scorer_tells_them():
    for language, material in SAMPLES.items():
        if language not in ("code", "fenced"):
            assert language_of(material.response) == language
            assert is_language(material.response, language)
    assert language_of(SAMPLES["code"].response) == "en"
    for text in ("", "42", "Paris.", "Tere tulemast meie koju!", "Қазақстан — тәуелсіз мемлекет."):
        assert language_of(text) == "", text


def test_every_wording_is_there_in_every_language():
    tables = [table for table in vars(wordings).values() if isinstance(table, dict) and "en" in table]
    assert len(tables) >= 15
    for table in tables:
        assert tuple(table) == wordings.LANGUAGES
        assert len(set(table.values())) >= len(table) - 3, "no language has another one's words"
