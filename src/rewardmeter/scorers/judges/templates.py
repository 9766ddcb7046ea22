"""Prompt templates: files with named places, and how texts are put into them. May import `errors`.

A template is a text file. A line ``[system]`` or ``[user]`` begins a message; without any the whole file is the user's.
Places are written ``{{name}}``. Texts that come from outside (prompt, responses, references) are put between marks that
carry a code made from the text itself, so that a text cannot close its own marks; ``{{name|plain}}`` leaves the marks
out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from rewardmeter.errors import SpecError, UnknownNameError

__all__ = ["Template", "load_template", "marked"]

_FOLDER = Path(__file__).with_name("templates")
_PLACE = re.compile(r"\{\{\s*([a-z_]+)\s*(\|\s*plain\s*)?\}\}")
_ROLE = re.compile(r"^\[(system|user)\][ \t]*$", re.MULTILINE)
OUTSIDE = frozenset({"prompt", "response", "references", "first", "second"})


@dataclass(frozen=True)
class Template:
    """A template's text; two with the same text are the same.

    Attributes
    ----------
    text:
        As it stands in the file.
    """

    text: str

    @property
    def digest(self) -> str:
        """16 hexadecimal digits of the text, for signatures."""
        return hashlib.blake2b(self.text.encode(), digest_size=8).hexdigest()

    @property
    def places(self) -> frozenset[str]:
        """The names between double braces."""
        return frozenset(match[1] for match in _PLACE.finditer(self.text))

    def messages(self, values: Mapping[str, str]) -> list[dict[str, str]]:
        """The chat messages with every place filled; a value is put in as it is, whatever braces it holds."""

        def fill(match: re.Match[str]) -> str:
            name, plain = match[1], match[2]
            return values[name] if plain or name not in OUTSIDE else marked(name, values[name])

        pieces = _ROLE.split(self.text)
        messages = [{"role": "user", "content": pieces[0]}] if pieces[0].strip() else []
        for role, body in zip(pieces[1::2], pieces[2::2], strict=True):
            messages.append({"role": role, "content": body})
        return [{"role": one["role"], "content": _PLACE.sub(fill, one["content"]).strip()} for one in messages]


def marked(name: str, text: str) -> str:
    """The text between two marks that only somebody who knows the text can write."""
    text = _sound(text)
    code = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    return f"<{name} {code}>\n{text}\n</{name} {code}>"


def load_template(name: str, *, known: Collection[str], needed: Collection[str]) -> Template:
    """A template by the name of a built-in one, or by the path of a file.

    Raises
    ------
    SpecError
        If the file cannot be read, lacks a place that is needed or is empty.
    UnknownNameError
        If it names a place that does not exist, or a built-in template that does not.
    """
    text = _read(name)
    template = Template(text)
    for place in sorted(template.places):
        if place not in known:
            raise UnknownNameError(f"place in template '{name}'", place, sorted(known))
    for place in sorted(needed):
        if place not in template.places:
            raise SpecError(f"template '{name}' has no place {{{{{place}}}}}, which this mode needs")
    return template


def _read(name: str) -> str:
    is_file = "/" in name or "\\" in name or name.endswith(".txt")
    path = Path(name).expanduser() if is_file else _FOLDER / f"{name}.txt"
    try:
        return path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        if not is_file:
            names = sorted(file.stem for file in _FOLDER.glob("*.txt"))
            raise UnknownNameError("template", name, names, hint="A file's name ends in .txt.") from error
        raise SpecError(f"template '{name}' cannot be read as UTF-8 text: {error}") from error


def _sound(text: str) -> str:
    """The text with lone surrogates, which UTF-8 cannot hold, replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
