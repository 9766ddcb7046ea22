"""Sentences and capital words of an English text, counted as IFEval's checker counts them. May import `word_sets`.

IFEval counts sentences with NLTK's Punkt model for English and capital words with its Treebank tokeniser. The model is
trained data that is not shipped here: the decisions below follow the published method (Kiss and Strunk 2006,
*Unsupervised Multilingual Sentence Boundary Detection*, section 4), with lists of abbreviations and of usual first
words by hand in place of the trained ones.
"""

from __future__ import annotations

import re
from itertools import zip_longest

from rewardmeter.scorers.programs.word_sets import word_set

__all__ = ["capital_words", "count_sentences"]


TITLES = word_set("mr mrs ms dr prof st gen sen rep reps col maj lt adm messrs")
"""What stands before a name, so that no sentence ends."""
ABBREVIATIONS = word_set(
    "jr sr inc ltd corp co cos bros vs ph.d m.b.a"
    " jan feb aug sep sept oct nov dec tues wed fri a.m p.m u.s u.s.a u.k u.n u.s.s.r d.c l.a n.y n.j n.c s.c n.h n.m"
    " ala ariz calif colo conn fla ga ill kan ky mich minn nev okla ore pa tenn va vt wash wis ave ft mg yr ct ok"
    " c d e f g h k l m n p r s t v w"
)
FIRST_WORDS = word_set(
    "according after all although also among an and any are as at because before both but by can despite do does during"
    " each even every for from had has have he her here his how however i if in indeed instead is it its let many may"
    " meanwhile more moreover most my nevertheless next no nonetheless nor not now of on once or other our perhaps she"
    " should similarly since so some such than that the their them then there these they this those though thus to"
    " under until upon was we were what when where whether which while who why will with without would yet you your"
)
"""Words that are capital because a sentence begins, also after an abbreviation."""
CHUNK = re.compile(r"\S+")
INSIDE_END = re.compile(r"[.?!](?=[)\";}\]*:@'({\[‘’“”«»?!])")
CLOSING = re.compile(r"[\"')\]}‘’“”«»]+?(?:\s+|(?=--)|$)", re.MULTILINE)
NO_WORD = re.compile(r"[)\";}\]*:@'({\[‘’“”«»?!]")
NUMBER = re.compile(r"-?[.,]?\d[\d,.-]*")
TOKEN = re.compile(r"[(\"`{\[:;&#*@)}\]\-,'‘’“”«»]|[^\s)\";}\]*:@'({\[‘’“”«»?!,]+|.", re.DOTALL)

SPLIT = re.compile(r"[\[\](){}<>;@#$%&?!*\"“”«»‘’‒–—―]|--|\.{2,}|[:,](?!\d)|``|''")
TOGETHER = re.compile(r"(can)(not)|(gon)(na)|(gim)(me)|(got)(ta)|(lem)(me)|(wan)(na)", re.IGNORECASE)
CLITICS = ("'s", "'S", "'m", "'M", "'d", "'D", "'ll", "'LL", "'re", "'RE", "'ve", "'VE", "n't", "N'T", "'")


def count_sentences(text: str) -> int:
    """How many sentences a text has; 0 for white space."""
    chunks = list(CHUNK.finditer(text))
    begin, pieces = 0, list[tuple[int, int]]()
    for chunk, following in zip_longest(chunks, chunks[1:]):
        end = _boundary(chunk.group(), following.group() if following else None)
        if end is None:
            continue
        stop = chunk.start() + end
        pieces.append((begin, stop))
        begin = following.start() if following and stop == chunk.end() else stop
    pieces.append((begin, len(text.rstrip())))
    return _realigned(text, pieces)


def _boundary(chunk: str, following: str | None) -> int | None:
    """Where a sentence ends in a run without white space, None where it does not; only its last mark is asked."""
    last = None
    for last in INSIDE_END.finditer(chunk):  # noqa: B007 - the last one
        pass
    end = len(chunk) if following is not None and chunk[-1] in ".?!" else last.end() if last else None
    if end is None:
        return None
    after = following if end == len(chunk) and following is not None else chunk[end:]
    return end if _breaks(chunk[:end], after) else None


def _breaks(before: str, after: str) -> bool:
    """Whether the mark that ends a run of characters ends a sentence, given what comes next."""
    if before[-1] != "." or "?" in before or "!" in before:
        return True
    first = TOKEN.match(after)
    following = first.group() if first else ""
    starts = _starts_sentence(following)
    if before.endswith(".."):
        return starts is True
    word = NO_WORD.split(before)[-1][:-1].lstrip("#&-,`").lower()
    if len(word) == 1 and word.isalpha():
        return word not in ABBREVIATIONS and starts is not False  # "A." of an outline rather than of a name
    if word in TITLES:
        return False
    if word in ABBREVIATIONS or word.rpartition("-")[2] in ABBREVIATIONS:
        return starts is True
    return not (NUMBER.fullmatch(word) and starts is False)


def _starts_sentence(token: str) -> bool | None:
    """Whether a word after an abbreviation begins a sentence; None where its spelling does not say."""
    if token in (";", ":", ",", ".", "!", "?"):
        return False
    if token[:1].islower():
        return False
    if token[:1].isupper() and token.rstrip(".").lower() in FIRST_WORDS:
        return True
    return None


def _realigned(text: str, pieces: list[tuple[int, int]]) -> int:
    """How many pieces are left once closing quotes and brackets have gone back to the sentence that they close."""
    count, moved = 0, 0
    for (begin, stop), following in zip_longest(pieces, pieces[1:]):
        begin += moved
        moved = 0
        closing = CLOSING.match(text, following[0], following[1]) if following else None
        if closing:
            moved = len(closing.group())
            count += 1
        elif begin < stop:
            count += 1
    return count


def capital_words(text: str) -> int:
    """How many of the Treebank tokens of a text are in capital letters: a hyphenated word is one, ``DON'T`` two."""
    count = 0
    for word in SPLIT.sub(" ", text).split():
        for part in _parts(word):
            count += part.isupper()
    return count


def _parts(word: str) -> list[str]:
    if not word.isascii() or "'" not in word:
        together = TOGETHER.fullmatch(word.rstrip("."))
        return [part for part in together.groups() if part] if together else [word]
    word = word.lstrip("'") if not re.match(r"'(?:re|ve|ll|m|t|s|d|n)\b", word, re.IGNORECASE) else word
    parts, end = list[str](), len(word)
    while clitic := next((tail for tail in CLITICS if end > len(tail) and word.endswith(tail, 0, end)), None):
        parts.append(clitic)
        end -= len(clitic)
    together = TOGETHER.fullmatch(word[:end].rstrip("."))
    return [*parts, *([part for part in together.groups() if part] if together else [word[:end]])]
