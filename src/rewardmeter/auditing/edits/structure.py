"""What is missing, said twice or jumbled. May import `checks`, `edit`, `guard`, `prose` and `reasons`."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from rewardmeter.auditing.edits.checks import changed_stretch
from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_any_text, on_prose, pick
from rewardmeter.auditing.edits.prose import IDEOGRAPHS, OPENING, Sentence, load, script_of, sentences, words_of
from rewardmeter.auditing.edits.reasons import (
    EMPTY,
    FEW_SENTENCES,
    IS_CODE,
    NO_OVERLAP,
    NO_SOURCE,
    SAME,
    TOO_SHORT,
)
from rewardmeter.auditing.edits.spans import fences

__all__ = ["STRUCTURE"]

FEWEST_WORDS = 8
SHORTEST_SENTENCE = 4
EARLIEST_CUT, LATEST_CUT = 0.4, 0.85
END = re.compile(r"[.!?…؟।](?=\s)|[。！？]")
NO_BLANKS = re.compile(r"\S+")
CJK = re.compile(f"[{IDEOGRAPHS}]")
NUMERAL = re.compile(r"(?:^|\n)[ \t]*\d{1,9}[.)][ \t]+$")
CLOSERS = r"[\"'”’»)\]*_」』）]*"
ENDS = re.compile(rf"[.!?…。！？؟।]{CLOSERS}$")
BEGINS = re.compile(rf"(?:(?:^|\n)[ \t>]*(?:[-*+•]|\d{{1,9}}[.)])?[ \t]*|[.!?…。！？؟।]{CLOSERS}\s*)$")
MOST_SHARED = 400
LONGEST_ROW = 200
FEWEST_SHARED = 2


def _cut(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """Cut behind a word in the middle of a sentence or line, two to six tenths before the end."""
    text = material.response.rstrip()
    if load(text) < FEWEST_WORDS:
        return NotApplicable(TOO_SHORT)
    low, high = int(EARLIEST_CUT * len(text)), int(LATEST_CUT * len(text))
    places = [place for place in range(max(low, 1), high) if _inside(text, place)]
    return Changed(text[: pick(places, rng)]) if places else NotApplicable(TOO_SHORT)


def _inside(text: str, place: int) -> bool:
    """Whether a word ends here and another one follows on the same line."""
    if not text[place - 1].isalpha() or place + 1 >= len(text):
        return False
    if CJK.match(text[place - 1]):
        return text[place].isalpha()
    return text[place] == " " and text[place + 1].isalnum()


def _truncated(material: Material, made: Changed) -> str:
    whole, part = material.response.rstrip(), made.response
    if not whole.startswith(part) or len(part) >= len(whole):
        return "what is left is not the start"
    if not 0.3 <= len(part) / len(whole) <= 0.9:
        return "too much or too little was cut"
    return "" if part[-1].isalpha() and whole[len(part)] not in ".!?。！？\n" else "it does not end in mid-sentence"


def _without(text: str, one: Sentence) -> str:
    """The text without a sentence, and without its line if nothing else stands there."""
    line_start, line_stop = text.rfind("\n", 0, one.start) + 1, text.find("\n", one.stop)
    line_stop = len(text) if line_stop < 0 else line_stop
    opening = OPENING.match(text, line_start)
    if opening and opening.end() >= one.start and not text[one.stop : line_stop].strip():
        return text[:line_start] + text[line_stop + 1 :]
    rest = text[one.stop :]
    return text[: one.start] + rest.lstrip(" ") if rest.strip() else text[: one.start].rstrip()


def _with_content(text: str) -> list[Sentence]:
    """Whole sentences of some length, out of numbered lists if there are any; empty where there is but one sentence."""
    everything = sentences(text)
    if sum(load(text[one.start : one.stop]) >= 2 for one in everything) < 2:
        return []
    long = [one for one in everything if one.closed and load(text[one.start : one.stop]) >= SHORTEST_SENTENCE]
    return [one for one in long if not NUMERAL.search(text[max(0, one.start - 12) : one.start])] or long


def _drop(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """Drop a sentence of the half with the most words that occur nowhere else."""
    text = material.response
    candidates = _with_content(text)
    if not candidates:
        return NotApplicable(FEW_SENTENCES)
    everywhere = Counter(word.casefold() for word in words_of(text))

    def own(one: Sentence) -> int:
        here = Counter(word.casefold() for word in words_of(text[one.start : one.stop]))
        return sum(everywhere[word] == count for word, count in here.items())

    ranked = sorted(candidates, key=lambda one: (-own(one), one.start))
    return Changed(_without(text, pick(ranked[: (len(ranked) + 1) // 2], rng)))


def _dropped(material: Material, made: Changed) -> str:
    return _lost(material, made)[1]


def _lost(material: Material, made: Changed) -> tuple[str, str]:
    """What is gone, and what is wrong with that: it must be one stretch that begins and ends as sentences do."""
    before, after = material.response.rstrip(), made.response.rstrip()
    stretch = changed_stretch(before, after)
    if stretch.after.strip() or not stretch.before.strip():
        return "", "not just one stretch is gone"
    start, size = stretch.start, len(stretch.before)
    for place in range(start, max(-1, start - MOST_SHARED), -1):  # the stretch may be found some characters too late
        if before[place:start] != before[place + size : start + size]:
            break
        lost = before[place : place + size].strip()
        first = before.index(lost, place)
        if ENDS.search(lost[-20:]) and BEGINS.search(before[max(0, first - 40) : first]):
            short = len(words_of(lost)) < SHORTEST_SENTENCE
            many = len(END.findall(lost[:-1])) > 2
            return lost, "what is gone is no sentence" if short else "more than a sentence is gone" if many else ""
    return stretch.before, "what is gone is no sentence"


def _content(text: str) -> set[str]:
    """Words of four letters or more, numbers, and pairs of ideographs."""
    words = {
        word
        for word in re.findall(rf"(?:(?![{IDEOGRAPHS}])[^\W_])+", text.casefold())
        if len(word) > 3 or word.isdecimal()
    }
    return words | {text[i : i + 2] for i in range(len(text) - 1) if CJK.match(text[i]) and CJK.match(text[i + 1])}


def _drop_fact(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """Drop the sentence that shares the most words with the references or, without them, with the prompt."""
    source = _content("\n".join(material.references) or material.prompt)
    if not source:
        return NotApplicable(NO_SOURCE)
    candidates = _with_content(material.response)
    if not candidates:
        return NotApplicable(FEW_SENTENCES)
    shared = [len(_content(material.response[one.start : one.stop]) & source) for one in candidates]
    best = int(np.argmax(shared))
    if shared[best] < FEWEST_SHARED:
        return NotApplicable(NO_OVERLAP)
    return Changed(_without(material.response, candidates[best]))


def _fact_dropped(material: Material, made: Changed) -> str:
    lost, wrong = _lost(material, made)
    source = "\n".join([material.prompt, *material.references]).casefold()
    if wrong:
        return wrong
    shared = any(
        word.casefold() in source for word in words_of(lost) if len(word) > 3 or word.isdecimal() or CJK.match(word)
    )
    return "" if shared else "what is gone shares no word with the source"


def _repeat(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    return Changed(f"{material.response}\n\n{material.response}")


def _repeated(material: Material, made: Changed) -> str:
    once, size = material.response, len(material.response)
    if made.response[:size] != once or made.response[size:].lstrip() != once.lstrip():
        return "it is not the response twice"
    return ""


def _slots(text: str) -> list[list[tuple[int, int]]]:
    """The words of each prose line, between blanks; of a line without blanks, its ideographs and kana one by one."""
    blocks, next_block, found = fences(text), 0, []
    for line in re.finditer(r"[^\n]+", text):
        while next_block < len(blocks) and blocks[next_block].stop <= line.start():
            next_block += 1
        if next_block < len(blocks) and blocks[next_block].start <= line.start():
            continue
        opening = OPENING.match(line.group())
        start = line.start() + (opening.end() if opening else 0)
        east_asian = len(CJK.findall(line.group())) * 2 > len(line.group())
        found.append([match.span() for match in (CJK if east_asian else NO_BLANKS).finditer(text, start, line.end())])
    return [line for line in found if len(line) >= SHORTEST_SENTENCE]


def _jumble(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    text, made, last = material.response, [], 0
    for line in _slots(text):
        order = rng.permutation(len(line))
        for (start, stop), i in zip(line, order, strict=True):
            made += [text[last:start], text[line[i][0] : line[i][1]]]
            last = stop
    jumbled = "".join([*made, text[last:]])
    return Changed(jumbled) if jumbled != text else NotApplicable(TOO_SHORT)


def _jumbled(material: Material, made: Changed) -> str:
    before, after = material.response, made.response
    if before == after:
        return "nothing was moved"
    if Counter(before) != Counter(after) or before.count("\n") != after.count("\n"):
        return "the characters are not the same"
    pairs = zip(before.split("\n"), after.split("\n"), strict=True)
    return "" if all(Counter(one) == Counter(other) for one, other in pairs) else "a word left its line"


def _one_word(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """One word, as often as the response has words, at most 200 times."""
    text = material.response
    east_asian = script_of(text) in ("han", "kana")
    words = re.findall(f"[{IDEOGRAPHS}]{{2}}" if east_asian else r"[^\W\d_]{3,}", text)
    count = min(LONGEST_ROW, int(load(text)))
    if not words or count < SHORTEST_SENTENCE:
        return NotApplicable(TOO_SHORT)
    made = ("" if east_asian else " ").join([pick(words, rng)] * count)
    return Changed(made) if made != text else NotApplicable(SAME)


def _is_one_word(material: Material, made: Changed) -> str:
    words = set(made.response.split())
    if len(words) == 1 and made.response in words:
        words = {made.response[i : i + 2] for i in range(0, len(made.response), 2)}
    if len(words) != 1 or made.response == material.response:
        return "it is not one word"
    word = words.pop()
    if word not in material.response:
        return "the word is not of the response"
    return "" if made.response.count(word) >= SHORTEST_SENTENCE else "the word is not repeated"


STRUCTURE = (
    Edit(
        "truncated ending",
        "breaking",
        "cuts the response off in the middle of a sentence, after four to eight and a half tenths",
        on_any_text(_cut),
        _truncated,
        (EMPTY, TOO_SHORT),
    ),
    Edit(
        "dropped sentence",
        "breaking",
        "leaves out a sentence that holds words found nowhere else in the response",
        on_prose(_drop),
        _dropped,
        (EMPTY, IS_CODE, FEW_SENTENCES),
    ),
    Edit(
        "dropped source fact",
        "breaking",
        "leaves out the sentence that shares the most words with the references, or else with the prompt",
        on_prose(_drop_fact),
        _fact_dropped,
        (EMPTY, IS_CODE, NO_SOURCE, FEW_SENTENCES, NO_OVERLAP),
    ),
    Edit("repeated answer", "breaking", "gives the whole response twice", on_any_text(_repeat), _repeated, (EMPTY,)),
    Edit(
        "shuffled words",
        "breaking",
        "shuffles the words of every line, or its characters where words are not spaced",
        on_prose(_jumble),
        _jumbled,
        (EMPTY, IS_CODE, TOO_SHORT),
    ),
    Edit(
        "one word repeated",
        "breaking",
        "says one of its words over and over",
        on_any_text(_one_word),
        _is_one_word,
        (EMPTY, TOO_SHORT, SAME),
    ),
)
