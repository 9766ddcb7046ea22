"""Reading a response: what is code, what are its sentences, which language it is in. May import `scorers` and `spans`.

Cheap on purpose: an audit reads every response some forty times. Nothing here needs a model, and what cannot be told is
said not to be known.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from rewardmeter.auditing.edits.spans import fences, protected_spans
from rewardmeter.scorers.programs.language import ONE_LANGUAGE, SCRIPTS, SMALL_WORDS

__all__ = ["Sentence", "is_code", "language_of", "load", "script_of", "sentences", "words_of"]

SAMPLE = 8_000
"""Characters from which script and language are told."""
LETTERS = {script: re.compile(f"[{characters}]") for script, characters in SCRIPTS.items()}
LANGUAGE_OF_SCRIPT = {script: language for language, script in ONE_LANGUAGE.items()}
SMALL = {
    script: {language: frozenset(small.split()) for language, small in languages.items()}
    for script, languages in SMALL_WORDS.items()
}
LETTERS_OF = {
    "cyrillic": (("", "ўәқңғүұһөҗљњћђџѓќ"), ("uk", "іїєґ"), ("ru", "ыэё")),
    "arabic": (("", "ۆێەڵڕټډړ"), ("ur", "ٹڈڑےں"), ("fa", "پچژگیک"), ("ar", "ةأإيك")),
}
"""Letters that tell languages of a script apart, first come first served; "" for languages that are not known here."""
SMALL_WORDS_OF_ALL = frozenset(word for languages in SMALL.values() for small in languages.values() for word in small)
MOSTLY = 0.6
CLEARLY = 1.5
FEWEST_HITS = 2
SMALLEST_SHARE = 0.05

IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
IDEOGRAPH = re.compile(f"[{IDEOGRAPHS}]")
WORD = re.compile(rf"[{IDEOGRAPHS}]|(?:(?![{IDEOGRAPHS}])[^\W_])+(?:['’](?:(?![{IDEOGRAPHS}])[^\W_])+)*")
LINE = re.compile(r"[^\n]+")
OPENING = re.compile(r"[ \t]*+(?:>[ \t]*+)*+(?:(?:[-*+•]|\d{1,9}[.)])[ \t]++)?+")
LIST_ENTRY = re.compile(r"[ \t]*(?:[-*+•]|\d{1,9}[.)])[ \t]")
NOT_PROSE = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\||[-=*_]{3,}[ \t]*$)")
SENTENCE_END = re.compile(r"[.!?…]++[\"'”’»)\]*_]*+(?=\s|$)|[。！？]++[」』”’）\"]*+|[؟।॥]++[\"'”’»)\]]*+(?=\s|$)")
ABBREVIATION = re.compile(
    r"(?:(?:^|[\s(\"'“„«])(?:e\.g|i\.e|etc|cf|vs|Mr|Mrs|Ms|Dr|Prof|St|No|Fig|approx|bzw|ca|Nr|usw|vgl|inkl|ggf|M|Mme|Sr|Sra"
    r"|т\.е|т\.д|г|гг|им|ул|др|[^\W\d_]|\d{1,2})|[^\W\d_]\.[^\W\d_])$"
)
STRONG_CODE = re.compile(
    r"[ \t]*(?:(?:def|class|func|fn|function|package|namespace|interface|struct|impl)\s+\w+.*[:{(;]\s*$"
    r"|import\s+[\w.{*\"']|from\s+[\w.]+\s+import\b|#include\b|#!/|(?:public|private|protected|static)\s|(?:const|let|var)\s+\w+\s*=|</?\w[^<>]*>"
    r"|(?:SELECT|INSERT|UPDATE|DELETE|CREATE)\s+\S+.*|return\b.*;|.*[;{]\s*$)"
)
WEAK_CODE = re.compile(
    r"[ \t]*(?:[})\]]+[;,)]*\s*$|(?:if|for|while|elif|with|else|try|except|finally|switch|case)\b.*[:{]\s*$|return\b"
    r"|[\w.\[\]\"']+\s*[-+*/|&]?=\s*\S|[\w.]+\(.*\)\s*;?\s*$|(?:#|//|--|/\*|\*)\s|(?:FROM|WHERE|GROUP|ORDER|JOIN)\b|@\w+)"
)


class Sentence(NamedTuple):
    """A sentence's place in a text, and whether an end mark closes it."""

    start: int
    stop: int
    closed: bool


def words_of(text: str) -> list[str]:
    """Words, each ideograph and kana on its own."""
    return WORD.findall(text)


def load(text: str) -> float:
    """How many words a text has, two ideographs counted as one."""
    ideographs = len(IDEOGRAPH.findall(text))
    return len(WORD.findall(text)) - ideographs / 2


@lru_cache(maxsize=64)
def is_code(text: str) -> bool:
    """Whether a response is a bare program, JSON or a page of markup, outside any code block."""
    body = text.strip()
    if body.startswith(("<?xml", "<!DOCTYPE", "<!doctype", "<html")) or _is_json(body):
        return True
    lines = [line for line in body.split("\n") if line.strip()][:200]
    if len(lines) < 2 or any(line.lstrip().startswith(("```", "~~~")) for line in lines):
        return False
    code = [line[:200] for line in lines if not LIST_ENTRY.match(line)]
    strong = sum(bool(STRONG_CODE.match(line)) for line in code)
    either = sum(bool(STRONG_CODE.match(line) or WEAK_CODE.match(line)) for line in code)
    return strong >= 1 and either >= 2 and either >= MOSTLY * len(lines)


def _is_json(body: str) -> bool:
    if not body.startswith(("{", "[")) or not body.endswith(("}", "]")):
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


@lru_cache(maxsize=64)
def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a text's prose: no code, headings or tables, and without the marks that open list entries.

    A line ends a sentence, closed or not. Abbreviations, initials and short numbers before a full stop do not close
    one; two sentences then count as one, which does no harm here.
    """
    blocks = fences(text)
    found: list[Sentence] = []
    next_block = 0
    for line in LINE.finditer(text):
        while next_block < len(blocks) and blocks[next_block].stop <= line.start():
            next_block += 1
        in_block = next_block < len(blocks) and line.start() >= blocks[next_block].start
        if not in_block and not NOT_PROSE.match(line.group()):
            found += _of_line(line.group(), line.start())
    return tuple(found)


def _of_line(line: str, offset: int) -> list[Sentence]:
    opening = OPENING.match(line)
    start = opening.end() if opening else 0
    found = []
    for end in SENTENCE_END.finditer(line, start):
        goes_on = end.end() < len(line.rstrip())
        if goes_on and end.group() == "." and ABBREVIATION.search(line[max(start, end.start() - 8) : end.start()]):
            continue
        if end.start() > start:
            found.append(Sentence(offset + start, offset + end.end(), True))
        start = end.end()
        while start < len(line) and line[start].isspace():
            start += 1
    stop = len(line.rstrip())
    if start < stop:
        found.append(Sentence(offset + start, offset + stop, False))
    return found


def script_of(text: str) -> str:
    """The script of most letters, by its name in `SCRIPTS`; "" where there is none. Han with kana is ``kana``."""
    sample = text[:SAMPLE]
    counts = {script: len(pattern.findall(sample)) for script, pattern in LETTERS.items()}
    total = sum(counts.values())
    if not total:
        return ""
    if counts["han"] + counts["kana"] >= MOSTLY * total:
        return "kana" if counts["kana"] > 0.1 * total else "han"
    best = max(counts, key=lambda script: counts[script])
    return best if counts[best] >= MOSTLY * total else ""


@lru_cache(maxsize=64)
def language_of(text: str) -> str:
    """ISO 639-1 code of a response's language, "" where it cannot be told; English where there is code alone.

    By its script where one language is written in it, by letters that one language alone has, else by its commonest
    small words (Grefenstette 1995), of which there must be two, half as many again as of the next language, and one
    among twenty words. Code, formulas and addresses do not count.
    """
    prose = _without(text[: 2 * SAMPLE], protected_spans(text[: 2 * SAMPLE]))
    script = script_of(prose)
    if is_code(text) or (not script and fences(text)):
        return "en"
    if script in ("han", "kana"):
        return "zh" if script == "han" else "ja"
    for language, letters in LETTERS_OF.get(script, ()):
        if not set(letters).isdisjoint(prose.lower()):
            return language
    return LANGUAGE_OF_SCRIPT.get(script) or _by_small_words(prose[:SAMPLE], script)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    parts, start = [], 0
    for a, b in spans:
        parts.append(text[start:a])
        start = b
    return " ".join([*parts, text[start:]])


def _by_small_words(prose: str, script: str) -> str:
    words = Counter(re.findall(r"[^\W\d_][\u0300-\u036f\u0900-\u0963\u064b-\u065f\w'’]*", prose.lower()))
    hits = {
        language: sum(words[word] for word in small if word in words)
        for language, small in SMALL.get(script, {}).items()
    }
    if not hits:
        return ""
    ranked = sorted(hits, key=lambda language: (-hits[language], language))
    best, second = hits[ranked[0]], hits[ranked[1]]
    if best < max(FEWEST_HITS, CLEARLY * second) or best < SMALLEST_SHARE * sum(words.values()):
        return ""
    return ranked[0]
