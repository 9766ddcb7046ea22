"""Reading verdicts out of a judge's words: strict, never guessing, never raising. Imports nothing of ours.

What a reader cannot find is None. A verdict is looked for in this order: a JSON object (the whole text, a fenced block,
or the last object in the text), a closing line ``Score: 4``, the whole text. Reasoning up to ``</think>`` is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "find_label",
    "find_number",
    "last_object",
    "read_errors",
    "read_ranking",
    "read_verdicts",
]

_DECODER = json.JSONDecoder()
_NUMBER = r"[-+]?\d{1,6}(?:\.\d{1,6})?"
_ALONE = re.compile(rf"[*_` ]*({_NUMBER})(?: ?/ ?({_NUMBER}))?[*_` ]*\.?")
_MOST_TRIED = 200


def spoken(text: str) -> int:
    """Where the answer begins, behind what the model thought aloud."""
    return text.rfind("</think>") + len("</think>") if "</think>" in text else 0


def last_object(text: str) -> tuple[dict[str, Any], int, int] | None:
    """The last outermost JSON object in a text, with where it begins and ends; None if there is none."""
    position, found, tried = spoken(text), None, 0
    while (start := text.find("{", position)) >= 0 and tried < _MOST_TRIED:
        tried += 1
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            position = start + 1
            continue
        if isinstance(value, dict):
            found = (value, start, end)
        position = end
    return found


def find_number(text: str, name: str, low: float, high: float) -> tuple[float | None, int] | None:
    """A verdict that is a number, and where it stands; (None, place) if it is out of range, None if there is none.

    ``4/5`` is read as 4 where 5 is the scale's end.
    """
    record = last_object(text)
    if record is not None:
        value, place = record[0].get(name), _place_of_value(text, record[1], record[2], name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _in_range(value, low, high), place
        return None
    rest, offset = _closing(text, name)
    match = _ALONE.fullmatch(rest)
    if match is None or (match[2] is not None and float(match[2]) != high):
        return None
    return _in_range(float(match[1]), low, high), offset + match.start(1)


def find_label(text: str, name: str, labels: Mapping[str, str]) -> tuple[str, int] | None:
    """A verdict that is one of some words, and where it stands; ``labels`` gives each lower-case word its meaning."""
    record = last_object(text)
    if record is not None:
        value = record[0].get(name)
        meaning = labels.get(_plain(value)) if isinstance(value, str) else None
        return None if meaning is None else (meaning, _place_of_value(text, record[1], record[2], name))
    rest, offset = _closing(text, name)
    bracketed = re.findall(r"\[\[([^\[\]]{1,12})\]\]", rest)
    meaning = labels.get(_plain(bracketed[-1] if bracketed else rest))
    if meaning is None:
        return None
    shown = re.search(r"\w", rest if not bracketed else rest[rest.rfind("[[") :])
    place = shown.start() + (rest.rfind("[[") if bracketed else 0) if shown else 0
    return meaning, offset + place


def read_ranking(text: str, count: int) -> tuple[float, ...] | None:
    """Ranks of ``count`` responses, 1 is best, ties share the mean rank; each must be named exactly once.

    Read are ``{"ranking": [[2], [1, 3]]}``, ``{"ranking": [2, 1, 3]}`` and ``2 > 1 = 3``.
    """
    record = last_object(text)
    groups = _groups(record[0].get("ranking")) if record is not None else _written_groups(text)
    if groups is None or sorted(label for group in groups for label in group) != list(range(1, count + 1)):
        return None
    ranks, better = [0.0] * count, 0
    for group in groups:
        for label in group:
            ranks[label - 1] = better + (len(group) + 1) / 2
        better += len(group)
    return tuple(ranks)


def read_verdicts(text: str) -> dict[str, str] | None:
    """A verdict per criterion by name: ``{"verdicts": [{"name": …, "verdict": …}]}`` or ``{"verdicts": {name: …}}``.

    None also where a name comes twice.
    """
    record = last_object(text)
    listed = record[0].get("verdicts") if record is not None else None
    if isinstance(listed, dict):
        listed = [{"name": name, "verdict": verdict} for name, verdict in listed.items()]
    if not isinstance(listed, list):
        return None
    verdicts: dict[str, str] = {}
    for one in listed:
        name, verdict = (one.get("name"), one.get("verdict")) if isinstance(one, dict) else (None, None)
        if isinstance(verdict, (int, float)) and not isinstance(verdict, bool):
            verdict = str(verdict)
        if not isinstance(name, str) or not isinstance(verdict, str) or name in verdicts:
            return None
        verdicts[name] = verdict
    return verdicts


def read_errors(text: str) -> list[tuple[str, str]] | None:
    """(severity, category) of every error, in lower case.

    Read are ``{"errors": [{"severity": …, "category": …}]}`` and the lists under ``Critical:``, ``Major:`` and
    ``Minor:`` of GEMBA-MQM (arXiv 2310.13988), where ``no-error`` stands for none.
    """
    record = last_object(text)
    if record is None:
        return _written_errors(text[spoken(text) :])
    listed = record[0].get("errors")
    if not isinstance(listed, list):
        return None
    errors = []
    for one in listed:
        severity, category = (one.get("severity"), one.get("category", "")) if isinstance(one, dict) else (None, None)
        if not isinstance(severity, str) or not isinstance(category, str):
            return None
        errors.append((severity.strip().lower(), category.strip().lower()))
    return errors


def _closing(text: str, name: str) -> tuple[str, int]:
    """What stands behind ``name:`` in the last line that begins so, else the whole answer; and where it begins."""
    begin = spoken(text)
    begun = re.compile(rf"(?i)[ \t*_#>]*{re.escape(name)}[ \t*_]*[:=]")
    place, found = begin, (begin, len(text))
    for line in text[begin:].splitlines(keepends=True):
        match = begun.match(line)
        if match is not None:
            found = (place + match.end(), place + len(line))
        place += len(line)
    rest = text[found[0] : found[1]]
    return rest.strip(), found[0] + len(rest) - len(rest.lstrip())


def _in_range(value: float, low: float, high: float) -> float | None:
    return float(value) if low <= value <= high else None  # compared first: an integer may be too large for a float


def _plain(word: str) -> str:
    return word.strip().strip("*_`\"'[]().").strip().lower()


def _place_of_value(text: str, start: int, end: int, name: str) -> int:
    """Where the value of a key begins; the last such key, which is the one that the parser kept."""
    keys = list(re.finditer(rf'"{re.escape(name)}"\s*:\s*"?\s*', text[start:end]))
    return start + keys[-1].end() if keys else start


def _groups(ranking: object) -> list[list[int]] | None:
    if not isinstance(ranking, list):
        return None
    groups = [one if isinstance(one, list) else [one] for one in ranking]
    if any(isinstance(label, bool) or not isinstance(label, int) for group in groups for label in group):
        return None
    return [group for group in groups if group]


def _written_groups(text: str) -> list[list[int]] | None:
    lines = [line for line in text[spoken(text) :].splitlines() if line.strip()]
    line = re.sub(r"(?i)^[\s*_]*ranking[\s*_]*[:=]", "", lines[-1]).strip(" *_`.") if lines else ""
    if not re.fullmatch(r"\[?\d{1,4}\]?(?:\s*[>=]\s*\[?\d{1,4}\]?)*", line):
        return None
    return [[int(label) for label in re.findall(r"\d+", group)] for group in line.split(">")]


def _written_errors(text: str) -> list[tuple[str, str]] | None:
    severity, seen, errors = "", False, list[tuple[str, str]]()
    for line in (raw.strip().strip("*-• ").lower() for raw in text.splitlines()):
        if line in ("critical:", "major:", "minor:", "critical", "major", "minor"):
            severity, seen = line.rstrip(":"), True
        elif line in ("no-error", "no error", "no-error.", "none", ""):
            seen = seen or line.startswith(("no-error", "no error"))
        elif severity:
            errors.append((severity, _category(line)))
        else:
            return None
    return errors if seen else None


def _category(line: str) -> str:
    return re.split(r"\s+[-–—]\s+|[\"“]", line, maxsplit=1)[0].strip()


def named(labels: Sequence[str]) -> dict[str, str]:
    """Labels that mean themselves, by their lower-case form."""
    return {label.lower(): label for label in labels}
