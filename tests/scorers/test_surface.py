"""Surface rules: counts made by hand, and Unicode's own tables through the package `regex`."""

from __future__ import annotations

import math
import unicodedata
import zlib

import pytest
import regex
from one_item import scores, value

from rewardmeter.errors import SpecError
from rewardmeter.scorers.emoji import EMOJI
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Outcome

COUNTED_BY_HAND = [
    ("length", "", 0),
    ("length", "a b\n", 4),
    ("length", "é漢🙂", 3),
    ("words", " one  two\nthree ", 3),
    ("words", "漢字仮名", 1),
    ("tokens", "Don't stop, 3.5 times!", 10),  # Don ' t stop , 3 . 5 times !
    ("tokens", "漢字と kana", 4),
    ("sentences", "", 0),
    ("sentences", "no final mark", 1),
    ("sentences", "It costs 3.5. Really?! Yes", 3),
    ("sentences", "He said “stop.” Then he left.", 2),
    ("sentences", "今日は。明日は？", 2),
    ("headings", "# One\n## Two\n#not\n   ### Three\n    # code\n", 3),
    ("lists", "- a\n  * b\n3. c\n4) d\n-not\n1.5 no\n", 4),
    ("markdown", "# T\n- **bold** and `code`\n> quote\n| a | b |\n[x](y)\n```\n", 8),
    ("markdown", "a * b * c, snake_case_name, 3 > 2", 0),
    ("emoji", "plain", 0),
    ("emoji", "🙂🙂 ok", 2),
    ("emoji", "👩‍👩‍👧‍👦", 1),  # a family, joined
    ("emoji", "👍🏽 🇫🇷 1️⃣ ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿", 5),  # tone, flag, keycap, selector, tag sequence
    ("emoji", "© ❤ 5", 0),  # drawn as text unless a selector follows
    ("type-token-ratio", "The the cat", 2 / 3),
    ("type-token-ratio?ignore_case=false", "The the cat", 1),
    ("repetition?n=1", "a a a b", 1 - 2 / 4),
    ("repetition?n=2", "a b a b a", 1 - 2 / 4),
    ("repetition", "a b c a b c", 1 - 3 / 4),
]


@pytest.mark.parametrize(("spec", "text", "expected"), COUNTED_BY_HAND)
def test_counted_by_hand(spec: str, text: str, expected: float) -> None:
    assert value(spec, text) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("spec", "text", "reason"),
    [
        ("type-token-ratio", "…!", "no words"),
        ("repetition", "two words", "fewer than 3 words"),
        ("repetition?n=1", "", "fewer than 1 words"),
    ],
)
def test_an_undefined_ratio_abstains(spec: str, text: str, reason: str) -> None:
    made = scores(spec, text)
    assert math.isnan(made.values[0])
    assert (made.outcomes[0], made.reasons[0]) == (Outcome.ABSTAINED, reason)


def test_compression_is_what_zlib_says() -> None:
    text = "round and round " * 40
    assert value("compression", text) == len(text) / len(zlib.compress(text.encode(), 9))
    assert value("compression", text) > 5 > 1 > value("compression", "short")
    assert value("compression", "") == 0


def test_emoji_table_is_unicodes() -> None:
    # The package regex carries Unicode's property Emoji_Presentation; characters that this Python does not know yet
    # may be newer than the table.
    presentation = regex.compile(r"[\p{Emoji_Presentation}--\p{Regional_Indicator}]", regex.VERSION1)
    known = (chr(point) for point in range(0x110000))
    text = " ".join(character for character in known if unicodedata.category(character) not in ("Cn", "Cs"))
    assert EMOJI.findall(text) == presentation.findall(text)


def test_options_are_checked() -> None:
    with pytest.raises(SpecError, match="n=0 must be at least 1"):
        make_scorer("repetition?n=0")
    with pytest.raises(SpecError, match="does not read as int"):
        make_scorer("repetition?n=many")
