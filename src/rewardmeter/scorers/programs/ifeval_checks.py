"""The 25 kinds of verifiable instruction of IFEval, each a check of a response against its arguments.

Source: Zhou et al. 2023, *Instruction-Following Evaluation for Large Language Models* (arXiv 2311.07911), table 1, and
the behaviour of the checker that its authors published. Each check takes the response and the arguments that the data
format names and returns True, False, or None where it cannot be told (languages, JSON nested thousands deep). May
import `language` and `ifeval_text`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rewardmeter.scorers.programs.ifeval_text import capital_words, count_sentences
from rewardmeter.scorers.programs.language import is_language

__all__ = ["INSTRUCTIONS", "Argument", "Instruction", "argument_problem"]

Verdict = bool | None


@dataclass(frozen=True, slots=True)
class Argument:
    """What an instruction needs to be told: its name in the data and what it is (``count``, ``text``, ``texts``,
    ``relation``, ``pattern`` or ``patterns``)."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """One kind of instruction: its arguments, in the order in which the check takes them, and the check."""

    check: Callable[..., Verdict]
    arguments: tuple[Argument, ...] = ()


def _relates(count: int, relation: str, threshold: int) -> bool:
    return count < threshold if relation == "less than" else count >= threshold


def _occurrences(pattern: str, text: str) -> int:
    return len(re.findall(pattern, text, re.IGNORECASE))


def keywords_existence(text: str, keywords: list[str]) -> bool:
    """Every keyword occurs, in any case; keywords are patterns, as in the published checker."""
    return all(re.search(keyword, text, re.IGNORECASE) for keyword in keywords)


def keywords_frequency(text: str, keyword: str, frequency: int, relation: str) -> bool:
    """The keyword occurs so often."""
    return _relates(_occurrences(keyword.strip(), text), relation, frequency)


def forbidden_words(text: str, words: list[str]) -> bool:
    """None of the words occurs as a word."""
    return not any(re.search(rf"\b{word}\b", text, re.IGNORECASE) for word in words)


def letter_frequency(text: str, letter: str, frequency: int, relation: str) -> bool:
    """The letter occurs so often, in either case."""
    return _relates(text.lower().count(letter.strip().lower()), relation, frequency)


def number_sentences(text: str, count: int, relation: str) -> bool:
    """So many sentences, by `ifeval_text.count_sentences`."""
    return _relates(count_sentences(text), relation, count)


def number_words(text: str, count: int, relation: str) -> bool:
    """So many words, runs of word characters."""
    return _relates(len(re.findall(r"\w+", text)), relation, count)


def number_paragraphs(text: str, count: int) -> bool:
    """Exactly so many paragraphs between ``***`` dividers; an empty one at an end does not count, one inside fails."""
    paragraphs = re.split(r"\s?\*\*\*\s?", text)
    if any(not paragraph.strip() for paragraph in paragraphs[1:-1]):
        return False
    ends = paragraphs if len(paragraphs) == 1 else [paragraphs[0], paragraphs[-1]]
    return len(paragraphs) - sum(not paragraph.strip() for paragraph in ends) == count


def nth_paragraph_first_word(text: str, count: int, nth: int, word: str) -> bool:
    """So many paragraphs between empty lines, and the nth of the split begins with the word, punctuation aside."""
    paragraphs = text.split("\n\n")
    filled = sum(bool(paragraph.strip()) for paragraph in paragraphs)
    if not 1 <= nth <= filled or not paragraphs[nth - 1].strip():
        return False
    first = paragraphs[nth - 1].split()[0].lstrip("'").lstrip('"')
    return filled == count and re.split(r"[.,?!'\"]", first)[0].lower() == word.lower()


def number_placeholders(text: str, count: int) -> bool:
    """At least so many ``[placeholders]``."""
    return sum(map(_brackets, text.split("\n"))) >= count


def _brackets(line: str) -> int:
    """How often ``\\[.*?\\]`` matches in a line; the expression itself takes quadratic time on ``[[[[``."""
    found, begin = 0, line.find("[")
    while begin >= 0 and (end := line.find("]", begin)) >= 0:
        found, begin = found + 1, line.find("[", end)
    return found


def postscript(text: str, marker: str) -> bool:
    """A postscript with the marker occurs."""
    marker = marker.strip()
    special = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
    return re.search(special.get(marker, marker.lower()), text.lower()) is not None


def number_bullet_lists(text: str, count: int) -> bool:
    """Exactly so many bullet points, lines that begin with ``*`` (not ``**``) or ``-``."""
    lines, blank = list[str](), False
    for line in text.split("\n"):  # of blank lines one is enough, and the patterns would go through all from each
        if line.strip() or not blank:
            lines.append(line)
        blank = not line.strip()
    text = "\n".join(lines)
    stars = re.findall(r"^\s*\*[^\*].*$", text, re.MULTILINE)
    dashes = re.findall(r"^\s*-.*$", text, re.MULTILINE)
    return len(stars) + len(dashes) == count


def constrained_response(text: str) -> bool:
    """One of the three fixed answers occurs."""
    return any(f"My answer is {answer}." in text for answer in ("yes", "no", "maybe"))


def number_highlighted_sections(text: str, count: int) -> bool:
    """At least so many ``*highlighted*`` parts; a part within double stars counts twice if both patterns see it."""
    single = [part.strip("*") for part in re.findall(r"\*[^\n\*]*\*", text)]
    double = [part[2:-2] for part in re.findall(r"\*\*[^\n\*]*\*\*", text)]
    return sum(bool(part.strip()) for part in single + double) >= count


def multiple_sections(text: str, splitter: str, count: int) -> bool:
    """At least so many marks ``Section 1``, with the given word."""
    return len(re.findall(rf"\s?{splitter.strip()}\s?\d+\s?", text)) >= count


def json_format(text: str) -> Verdict:
    """The whole response is JSON, code fences aside; Python's reader decides, which takes NaN."""
    bare = text.strip()
    for fence in ("```json", "```Json", "```JSON", "```"):
        bare = bare.removeprefix(fence)
    try:
        json.loads(bare.removesuffix("```").strip())
    except RecursionError:  # nested too deeply to be read, right or wrong
        return None
    except ValueError:
        return False
    return True


def title(text: str) -> bool:
    """A title in double angular brackets that is not empty."""
    for line in text.split("\n"):
        begin, end = line.find("<<"), line.rfind(">>")
        if 0 <= begin <= end - 3 and line[begin:end].lstrip("<").rstrip(">").strip():
            return True
    return False


def two_responses(text: str) -> bool:
    """Two different responses between six asterisks; empty parts may stand at the ends only."""
    parts = [part.strip() for part in text.split("******")]
    filled = [part for part in parts if part]
    return all(parts[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def repeat_prompt(text: str, prompt: str) -> bool:
    """The response begins with the prompt, case aside."""
    return text.strip().lower().startswith(prompt.strip().lower())


def end_checker(text: str, phrase: str) -> bool:
    """The response ends with the phrase, quotation marks and case aside."""
    return text.strip().strip('"').lower().endswith(phrase.strip().lower())


def quotation(text: str) -> bool:
    """The response is wrapped in double quotation marks."""
    bare = text.strip()
    return len(bare) > 1 and bare[0] == bare[-1] == '"'


def english_capital(text: str) -> Verdict:
    """English in capital letters only."""
    return is_language(text, "en") if text.isupper() else False


def english_lowercase(text: str) -> Verdict:
    """English in small letters only."""
    return is_language(text, "en") if text.islower() else False


def capital_word_frequency(text: str, frequency: int, relation: str) -> bool:
    """So many words in capital letters, by `ifeval_text.capital_words`."""
    return _relates(capital_words(text), relation, frequency)


def no_comma(text: str) -> bool:
    """No comma occurs."""
    return "," not in text


def _with(check: Callable[..., Verdict], **arguments: str) -> Instruction:
    return Instruction(check, tuple(Argument(name, kind) for name, kind in arguments.items()))


INSTRUCTIONS: Mapping[str, Instruction] = {
    "keywords:existence": _with(keywords_existence, keywords="patterns"),
    "keywords:frequency": _with(keywords_frequency, keyword="pattern", frequency="count", relation="relation"),
    "keywords:forbidden_words": _with(forbidden_words, forbidden_words="patterns"),
    "keywords:letter_frequency": _with(letter_frequency, letter="text", let_frequency="count", let_relation="relation"),
    "language:response_language": _with(is_language, language="text"),
    "length_constraints:number_sentences": _with(number_sentences, num_sentences="count", relation="relation"),
    "length_constraints:number_paragraphs": _with(number_paragraphs, num_paragraphs="count"),
    "length_constraints:number_words": _with(number_words, num_words="count", relation="relation"),
    "length_constraints:nth_paragraph_first_word": _with(
        nth_paragraph_first_word, num_paragraphs="count", nth_paragraph="count", first_word="text"
    ),
    "detectable_content:number_placeholders": _with(number_placeholders, num_placeholders="count"),
    "detectable_content:postscript": _with(postscript, postscript_marker="pattern"),
    "detectable_format:number_bullet_lists": _with(number_bullet_lists, num_bullets="count"),
    "detectable_format:constrained_response": _with(constrained_response),
    "detectable_format:number_highlighted_sections": _with(number_highlighted_sections, num_highlights="count"),
    "detectable_format:multiple_sections": _with(multiple_sections, section_spliter="pattern", num_sections="count"),
    "detectable_format:json_format": _with(json_format),
    "detectable_format:title": _with(title),
    "combination:two_responses": _with(two_responses),
    "combination:repeat_prompt": _with(repeat_prompt, prompt_to_repeat="text"),
    "startend:end_checker": _with(end_checker, end_phrase="text"),
    "startend:quotation": _with(quotation),
    "change_case:english_capital": _with(english_capital),
    "change_case:english_lowercase": _with(english_lowercase),
    "change_case:capital_word_frequency": _with(
        capital_word_frequency, capital_frequency="count", capital_relation="relation"
    ),
    "punctuation:no_comma": _with(no_comma),
}
"""The 25 published kinds by their names in the data."""


def argument_problem(argument: Argument, value: Any) -> str | None:
    """What is wrong with an argument's value, None if nothing is."""
    kind = argument.kind
    if kind == "count":
        sound = (
            isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 and float(value).is_integer()
        )
        return None if sound else "is no count"
    if kind == "relation":
        return None if value in ("less than", "at least") else "is neither 'less than' nor 'at least'"
    texts = value if kind == "patterns" and isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        return "is no text" if kind != "patterns" else "is no list of texts"
    if kind in ("pattern", "patterns"):
        for text in texts:
            try:
                re.compile(text)
            except re.error:
                return "is no pattern"
    return None
