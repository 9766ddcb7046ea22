"""A page of the HTML report as its source says it, for the tests without a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any


class Page(HTMLParser):
    """Every element with its attributes, and the text of those with an id, scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: str | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag in ("script", "style"):
            self._open = found.get("id") or tag
            self.texts[self._open] = ""

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.texts[self._open] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._open = None

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    def block(self, name: str) -> Any:
        return json.loads(self.texts[f"data-{name}"])


def sections(page: str) -> list[str]:
    return [found["id"] or "" for tag, found in Page(page).elements if tag == "section"]


def tokens(page: str) -> Iterator[dict[str, str]]:
    """The colours of the light and of the dark theme by name, as the style sheet gives them."""
    style = Page(page).texts["style"]
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", style)
    assert len(pairs) > 15
    yield {name: light for name, light, _ in pairs}
    yield {name: dark for name, _, dark in pairs}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
