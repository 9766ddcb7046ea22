"""Comments in code. May import `edit`, `guard`, `prose`, `reasons` and `spans`."""

from __future__ import annotations

import ast
import re
import warnings

import numpy as np

from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_any_text, pick
from rewardmeter.auditing.edits.prose import is_code
from rewardmeter.auditing.edits.reasons import EMPTY, NO_CODE
from rewardmeter.auditing.edits.spans import Fence, fences

__all__ = ["CODE"]

HASH, SLASHES, DASHES, TAG, STARS = ("# {}", "// {}", "-- {}", "<!-- {} -->", "/* {} */")
COMMENT = {
    **dict.fromkeys(
        ("python", "python3", "py", "ruby", "rb", "sh", "bash", "shell", "zsh", "perl", "r", "julia"), HASH
    ),
    **dict.fromkeys(("yaml", "yml", "toml", "dockerfile", "makefile", "elixir"), HASH),
    **dict.fromkeys(("javascript", "js", "typescript", "ts", "java", "c", "cpp", "c++", "cs", "csharp", "c#"), SLASHES),
    **dict.fromkeys(("go", "golang", "rust", "rs", "swift", "kotlin", "kt", "scala", "dart"), SLASHES),
    **dict.fromkeys(("sql", "mysql", "postgresql", "haskell", "lua"), DASHES),
    **dict.fromkeys(("html", "xml", "svg"), TAG),
    "css": STARS,
}
PYTHON = frozenset({"python", "python3", "py"})
WORDS_ABOVE = ("the code", "here it begins", "main part")
WORDS_BELOW = ("end of the code", "here it ends", "done")
STAYS_FIRST = re.compile(r"#!|<\?|<!|(?:#|//)\s*-\*-|# ?frozen|#\s*(?:en)?coding")
LONGEST_PARSED = 50_000
LOOKS_LIKE_C = re.compile(
    r"#include\b|using\s+\w|public\s+class\b|package\s+\w|(?:const|let|var)\s+\w+\s*=|function\s+\w+\s*\("
)


def _comment(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    text, made, last = material.response, [], 0
    for block in _programs(text):
        body = text[block.body_start : block.body_stop]
        commented = _commented_body(body, block.info.split()[0].casefold(), rng)
        if commented != body:
            made += [text[last : block.body_start], commented]
            last = block.body_stop
    return Changed("".join([*made, text[last:]])) if made else NotApplicable(NO_CODE)


def _programs(text: str) -> list[Fence]:
    """Closed blocks in a language that is named and known, or the whole text where it is a program."""
    if is_code(text):
        language = "python" if _tree(text) else "c" if LOOKS_LIKE_C.match(text.lstrip()) else ""
        return [Fence(0, len(text), language, 0, len(text))] if language else []
    closed = [block for block in fences(text) if block.body_stop < block.stop and block.info]
    return [block for block in closed if block.info.split()[0].casefold() in COMMENT]


def _commented_body(body: str, language: str, rng: np.random.Generator) -> str:
    mark, lines = COMMENT[language], body.split("\n")
    if not body.strip():
        return body
    first = 1 if STAYS_FIRST.match(lines[0].lstrip()) else 0
    indent = re.match(r"[ \t]*", next(line for line in lines if line.strip())).group()  # type: ignore[union-attr]
    above = indent + mark.format(pick(WORDS_ABOVE, rng))
    below = indent + mark.format(pick(WORDS_BELOW, rng))
    ending = [below] if lines[-1].strip() else [below, lines.pop()]
    commented = "\n".join([*lines[:first], above, *lines[first:], *ending])
    if language in PYTHON and _tree(body) and _tree(commented) != _tree(body):
        return body
    return commented


def _tree(code: str) -> str:
    """What Python makes of it, "" where it is no Python."""
    if len(code) > LONGEST_PARSED:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.dump(ast.parse(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def _commented(material: Material, made: Changed) -> str:
    """Every line stands where it stood, those that came are comments, and Python reads the same program."""
    before, added = material.response.split("\n"), 0
    position = 0
    for line in made.response.split("\n"):
        if position < len(before) and line == before[position]:
            position += 1
        elif re.fullmatch(r"[ \t]*(?:(?:#|//|--) [\w ]+|<!-- [\w ]+ -->|/\* [\w ]+ \*/)", line):
            added += 1
        else:
            return "a line that is no comment was changed"
    if position < len(before):
        return "a line is gone"
    if _pythons(material.response) != _pythons(made.response):
        return "the program is another one"
    return "" if added else "no comment was added"


def _pythons(text: str) -> list[str]:
    blocks = [text[one.body_start : one.body_stop] for one in fences(text) if one.info.casefold() in PYTHON]
    return [_tree(body) for body in (blocks or [text])]


CODE = (
    Edit(
        "code comments",
        "preserving",
        "puts a comment above and below the code",
        on_any_text(_comment),
        _commented,
        (EMPTY, NO_CODE),
    ),
)
