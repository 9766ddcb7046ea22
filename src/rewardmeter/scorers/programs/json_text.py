"""JSON as a response holds it: where it stands, and reading it strictly. Imports nothing of ours."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

__all__ = ["DeepError", "json_in", "read_json"]

FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([^\s`]*)")
STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]')
DEEPEST = 200
LONGEST_INTEGER = 4_000


class DeepError(ValueError):
    """JSON that no reader here takes: nested too deeply, or with an integer of thousands of digits."""


def json_in(text: str, extract: str) -> str | None:
    """The part of a response that is to be JSON: the whole, or its first fenced block; None where there is none.

    Parameters
    ----------
    extract:
        ``whole``, ``fenced`` or ``auto`` (the first fenced block where there is one, else the whole). A block is marked
        ``json`` or not at all; one marked ``json`` goes before one that is not.
    """
    if extract == "whole":
        return text
    blocks = fenced_blocks(text)
    for marks in (("json", "jsonc", "json5"), ("",)):
        for mark, block in blocks:
            if mark in marks:
                return block
    return text if extract == "auto" else None


def fenced_blocks(text: str) -> list[tuple[str, str]]:
    """The closed fenced code blocks of a Markdown text, each with its language in lower case."""
    blocks: list[tuple[str, str]] = []
    fence, language, inside = "", "", list[str]()
    for line in text.split("\n"):
        match = FENCE.match(line)
        if not fence:
            if match:
                fence, language, inside = match.group(1), match.group(2).lower(), []
        elif match and match.group(1).startswith(fence) and not match.group(2):
            blocks.append((language, "\n".join(inside)))
            fence = ""
        else:
            inside.append(line)
    return blocks


def read_json(text: str) -> Any:
    """The value of a JSON text (RFC 8259): NaN, Infinity and comments are errors; of a name given twice the last
    counts.

    Raises
    ------
    DeepError
        If it is nested more than 200 deep, or an integer has more than 4,000 digits.
    ValueError
        If it is no JSON.
    """
    depth = 0
    for match in STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
        if depth > DEEPEST:
            raise DeepError(f"JSON nested more than {DEEPEST} deep")
    return json.loads(text, parse_constant=_no_constant, parse_int=_integer)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise DeepError(f"an integer of more than {LONGEST_INTEGER:,} digits")
    return int(digits)
