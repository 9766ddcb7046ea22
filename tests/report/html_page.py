"""Where things stand on the page of the HTML report, for the tests in the browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page

Open = Callable[..., Page]


def names(page: Page) -> list[str]:
    return page.locator(".board tbody .name").all_text_contents()


def body_row(page: Page, scorer: str) -> Locator:
    return page.locator(".board tbody tr").filter(has=page.get_by_role("button", name=scorer, exact=True))


def at(locator: Locator, attribute: str) -> float:
    return float((locator.get_attribute(attribute) or "").removesuffix("%"))


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
