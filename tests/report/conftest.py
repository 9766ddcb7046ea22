"""A browser for the tests of the HTML report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rewardmeter.report.html import write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        why = "Chromium not found: install it or name it in CHROMIUM"
        if os.environ.get("REWARDMETER_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{why} (REWARDMETER_REQUIRE_BROWSER=1 does not allow to skip this)", pytrace=False)
        pytest.skip(why)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS.split())
        yield started
        started.close()


@pytest.fixture
def browse(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page from disk; the test fails if it logs anything, breaks, or asks for another file."""
    complaints: list[str] = []
    contexts = []

    def opened(path: Path, *, anchor: str = "", **context: Any) -> Page:
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context}))
        page = contexts[-1].new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        address = path.as_uri()
        page.on(
            "request",
            lambda request: request.url.startswith((address, "data:", "blob:")) or complaints.append(request.url),
        )
        page.goto(address + anchor)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def show(browse: Callable[..., Page], tmp_path: Path) -> Callable[..., Page]:
    """Opens the report of a board as `browse` does."""
    numbers = count()

    def opened(made: dict[str, Any], shown: dict[str, Any] | None = None, **how: Any) -> Page:
        path = tmp_path / f"report-{next(numbers)}.html"
        write(made, shown, path)
        return browse(path, **how)

    return opened
