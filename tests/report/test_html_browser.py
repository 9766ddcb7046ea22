"""The HTML report in Chromium: it draws what the numbers say, answers to mouse and keyboard, and asks nobody.

Positions are checked against the closed form of a linear axis; everything else against the samples' own numbers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from html_samples import HOSTILE, board, estimate, item, preferences, row, three_scorers, views
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from rewardmeter.report.html import write

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        why = "Chromium not found: install it or name it in CHROMIUM"
        if os.environ.get("REWARDMETER_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{why} (REWARDMETER_REQUIRE_BROWSER=1 does not allow to skip this)", pytrace=False)
        pytest.skip(why)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS.split())
        yield started
        started.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a report from disk; the test fails if the page logs anything, breaks, or asks for another file."""
    complaints: list[str] = []
    contexts = []

    def opened(made: dict[str, Any], shown: dict[str, Any] | None = None, *, anchor: str = "", **context: Any) -> Page:
        path = tmp_path / f"report-{len(contexts)}.html"
        write(made, shown, path)
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


def names(page: Page) -> list[str]:
    return page.locator(".board tbody .name").all_text_contents()


def body_row(page: Page, scorer: str) -> Locator:
    return page.locator(".board tbody tr").filter(has=page.get_by_role("button", name=scorer, exact=True))


def at(locator: Locator, attribute: str) -> float:
    return float((locator.get_attribute(attribute) or "").removesuffix("%"))


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


# ---- the board


def test_whiskers_stand_where_the_numbers_say(show: Open) -> None:
    """The axis runs from the least low (.08) to the greatest end (the ceiling's .75), drawn from 3 % to 97 %."""
    page = show(three_scorers(), views())

    def position(value: float) -> float:
        return 3 + 94 * (value - 0.08) / (0.75 - 0.08)

    for scorer, value, half in (("alpha", 0.5, 0.1), ("beta", 0.4, 0.02), ("length", 0.1, 0.02)):
        cell = body_row(page, scorer).locator("td.plot")
        assert at(cell.locator("circle"), "cx") == pytest.approx(position(value), abs=1e-3)
        assert at(cell.locator(".whisker"), "x1") == pytest.approx(position(value - half), abs=1e-3)
        assert at(cell.locator(".whisker"), "x2") == pytest.approx(position(value + half), abs=1e-3)
        assert at(cell.locator(".rule-line"), "x1") == pytest.approx(position(0.1), abs=1e-3)
        assert at(cell.locator(".ceiling-line"), "x1") == pytest.approx(position(0.7), abs=1e-3)
    expect(page.locator(".axis-head")).to_contain_text("best content-blind rule: length .10")
    expect(page.locator(".axis-head")).to_contain_text("human ceiling .70")


def test_undefined_is_said_and_not_drawn(show: Open) -> None:
    page = show(three_scorers(), views())
    gamma = body_row(page, "gamma")
    expect(gamma.locator("td.chosen")).to_have_text("undefined")
    expect(gamma.locator("circle")).to_have_count(0)
    expect(gamma.locator("td.place")).to_have_text("–")
    assert names(page)[-1] == "gamma"
    page.locator('[data-key="sort-:chosen"]').click()
    assert names(page) == ["length", "beta", "alpha", "gamma"]


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (0.54321, 0.004, ".543"),
        (0.54321, 0.0035, ".5432"),
        (0.54321, 0.012, ".543"),
        (0.54321, 0.04, ".54"),
        (0.54321, 0.098, ".54"),
        (0.54321, 0.5, ".5"),
        (-0.0432, 0.012, "−.043"),
        (0.99996, 0.012, "1.000"),
        (-0.0001, 0.012, ".000"),
        (0.54321, None, ".543"),
        (1034.4, 12, "1034"),
        (25123.4, 12, "25,123"),
    ],
)
def test_digits_are_no_finer_than_the_interval(show: Open, value: float, half: float | None, text: str) -> None:
    """Rule of the Particle Data Group: 100–354 two digits of the uncertainty, 355–949 one, 950–999 as 1000."""
    page = show(board([row("a", 1, {"some.thing": estimate(value, half)})]))
    expect(page.locator("td.chosen")).to_have_text(text)


def test_a_wide_interval_among_narrow_ones_shows_fewer_digits_on_the_same_point(show: Open) -> None:
    rows = [row(f"s{i}", i, {"some.thing": estimate(0.5 + i / 100, 0.004)}) for i in range(1, 4)]
    rows.append(row("wide", 4, {"some.thing": estimate(0.3456, 0.1)}))
    page = show(board(rows))
    assert body_row(page, "wide").locator("td.chosen").text_content() == ".35\u2007"
    assert body_row(page, "s1").locator("td.chosen").text_content() == ".510"


def test_sorting_with_the_keyboard_keeps_the_focus(show: Open) -> None:
    page = show(three_scorers(), views())
    assert names(page) == ["alpha", "beta", "length", "gamma"]
    page.locator('[data-key="sort-segment.pearson"]').focus()
    page.keyboard.press("Enter")
    assert names(page) == ["beta", "alpha", "gamma", "length"]
    header = page.locator("th").filter(has=page.locator('[data-key="sort-segment.pearson"]'))
    expect(header).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Enter")
    assert names(page) == ["length", "gamma", "alpha", "beta"]
    expect(header).to_have_attribute("aria-sort", "ascending")
    page.locator('[data-key="sort-:scorer"]').click()
    assert names(page) == ["alpha", "beta", "gamma", "length"]


def test_filters(show: Open) -> None:
    made = three_scorers()
    made["board"] += [row(f"other {i}", 9, {"segment.pearson.item": estimate(0.2)}) for i in range(3)]
    page = show(made)
    page.locator('[data-key="rules"]').uncheck()
    assert "length" not in names(page)
    page.locator('[data-key="recorded"]').uncheck()
    assert "beta" not in names(page)
    page.locator('[data-key="text"]').fill("OTHER")
    assert names(page) == ["other 0", "other 1", "other 2"]
    page.locator('[data-key="text"]').fill("nobody")
    expect(page.locator("#board-box .empty")).to_have_text("No scorer fits these filters.")
    page.locator('[data-key="text"]').fill("")
    page.locator('[data-key="rules"]').check()
    page.locator('[data-key="recorded"]').check()
    page.locator('[data-key="reads"]').select_option("response + references")
    assert names(page) == ["beta"]
    page.locator('[data-key="reads"]').select_option("not stated")
    assert names(page) == ["gamma"]


def test_choosing_a_statistic_ranks_and_draws_again(show: Open) -> None:
    page = show(three_scorers(), views())
    assert page.locator("td.cluster").all_text_contents() == ["1", "1", "2", "–"]
    page.locator('#board-box [data-key="statistic"]').select_option("segment.pearson")
    assert names(page) == ["beta", "alpha", "gamma", "length"]
    assert page.locator("td.place").all_text_contents() == ["1", "2", "3", "4"]
    expect(page.locator("td.cluster")).to_have_count(0)
    # beta's .7 ± .02 and the length rule's −.2 ± .02 are the ends of the new axis, which shows the zero.
    assert at(body_row(page, "beta").locator(".whisker"), "x2") == pytest.approx(97, abs=1e-3)
    assert at(body_row(page, "length").locator(".whisker"), "x1") == pytest.approx(3, abs=1e-3)
    assert at(body_row(page, "beta").locator(".zero"), "x1") == pytest.approx(3 + 94 * 0.22 / 0.94, abs=1e-3)
    expect(page.locator('#slices-box [data-key="statistic"]')).to_have_value("segment.pearson")


def test_the_axis_from_the_rule_up_marks_what_is_left_of_it(show: Open) -> None:
    made = three_scorers()
    made["board"].append(row("bad", 5, {"segment.pearson.item": estimate(-0.5)}))
    page = show(made)
    before = at(body_row(page, "alpha").locator(".whisker"), "x2") - at(
        body_row(page, "alpha").locator(".whisker"), "x1"
    )
    page.locator('[data-key="zoom"]').check()
    after = at(body_row(page, "alpha").locator(".whisker"), "x2") - at(
        body_row(page, "alpha").locator(".whisker"), "x1"
    )
    assert after > 1.5 * before
    expect(body_row(page, "bad").locator(".beyond")).to_have_text("◂")
    expect(body_row(page, "bad").locator("circle")).to_have_count(0)


def test_columns_can_be_added_and_taken_away(show: Open) -> None:
    page = show(three_scorers())
    expect(page.locator('[data-key="sort-segment.pearson"]')).to_have_count(1)
    page.locator(".menu > summary").click()
    page.locator('[data-key="column-segment.pearson"]').uncheck()
    expect(page.locator('[data-key="sort-segment.pearson"]')).to_have_count(0)
    page.locator('[data-key="column-:coverage"]').check()
    assert body_row(page, "alpha").locator("td.num").last.text_content() == "100\u00a0%"
    page.keyboard.press("Escape")
    expect(page.locator(".sheet")).to_be_hidden()


def test_the_tip_comes_by_mouse_and_by_keyboard_and_goes_with_escape(show: Open) -> None:
    page = show(three_scorers(), views())
    body_row(page, "alpha").locator("td.plot").hover()
    tip = page.locator("#tip")
    for part in ("alpha", "value.500", ".400 to .600", "n120", "tie threshold ε.2500", "bootstrap over items"):
        expect(tip).to_contain_text(part)
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.locator('[data-key="sort-segment.pearson"]').focus()
    page.keyboard.press("Tab")
    expect(page.locator(".board .name").first).to_be_focused()
    expect(tip).to_contain_text("bootstrap over items")
    expect(page.locator(".board .name").first).to_have_attribute("aria-describedby", "tip")


def test_copied_table_has_all_digits(show: Open) -> None:
    page = show(three_scorers())
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text }")
    page.get_by_role("button", name="Copy table").click()
    lines = [line.split("\t") for line in page.evaluate("window.copied").split("\n")]
    assert lines[0][:4] == ["scorer", "reads", "coverage", "segment.pearson.item"]
    assert lines[1][:6] == ["alpha", "prompt + response", "1", "0.5", "0.4", "0.6"]
    assert lines[4][:4] == ["gamma", "not stated", "1", ""]


def test_the_board_can_be_saved_again(show: Open) -> None:
    page = show(three_scorers())
    with page.expect_download() as download:
        page.get_by_role("button", name="Save board.json").click()
    assert json.loads(Path(download.value.path()).read_text(encoding="utf-8")) == three_scorers()


# ---- agreement


def test_density_draws_every_cell_that_holds_something(show: Open) -> None:
    page = show(three_scorers(), views())
    panels = page.locator("#agreement .panel")
    expect(panels).to_have_count(2)
    figure = panels.first.locator("svg.figure")
    expect(figure.locator("rect.heat")).to_have_count(3)
    expect(figure.locator("rect.heat.q6")).to_have_count(1)
    assert "density of 105 responses of alpha, score against stars; Pearson .60" in (
        figure.get_attribute("aria-label") or ""
    )
    expect(page.locator(".finding")).to_have_text(
        "Pearson is .60 pooled and .50 by item: lower where answers to the same item are compared."
    )


def test_the_line_is_the_median_of_each_column(show: Open) -> None:
    """Grouped median, closed form: 10 below and 30 in [1, 2) is 1 + 10/30; 30 in [0, 1) and 10 above is 20/30."""
    grid = {"x": [0, 1, 2], "y": [0, 1, 2], "counts": [[10, 30], [30, 10]], "x_label": "score", "y_label": "stars"}
    page = show(three_scorers(), {"agreement": {"alpha": {"pooled": grid}}})
    points = (page.locator("polyline.middle").get_attribute("points") or "").split()
    first, second = (float(point.split(",")[1]) for point in points)
    cells = page.locator("#agreement svg.figure rect.heat")
    height = sum(float(cells.nth(i).get_attribute("height") or 0) for i in (0, 1))
    assert (second - first) / height == pytest.approx((4 / 3 - 2 / 3) / 2)


def test_an_open_end_does_not_squeeze_the_rest(show: Open) -> None:
    edges = [-1000, 0, 1, 2, 3, 500]
    grid = {"x": edges, "y": edges, "counts": [[1] * 5] * 5, "x_label": "score", "y_label": "stars"}
    page = show(three_scorers(), {"agreement": {"alpha": {"pooled": grid}}})
    cells = page.locator("#agreement svg.figure rect.heat").all()
    heights = [float(cell.get_attribute("height") or 0) for cell in cells]
    assert heights == pytest.approx([heights[0]] * 25)
    expect(page.locator("#agreement")).to_contain_text("outermost cells hold everything beyond")


def test_choosing_a_scorer_moves_the_whole_page(show: Open) -> None:
    page = show(three_scorers(), views())
    assert page.locator(".item-id").all_text_contents() == ["item 2", "item 1", "item 0"]
    page.get_by_role("button", name="beta", exact=True).click()
    expect(body_row(page, "beta")).to_have_class("selected")
    expect(page.locator('#agreement-box [data-key="scorer"]')).to_have_value("beta")
    expect(page.locator('#items-box [data-key="scorer"]')).to_have_value("beta")
    expect(page.locator("#agreement .panel")).to_have_count(1)
    assert page.locator(".item-id").all_text_contents() == ["item 0", "item 1", "item 2"]
    page.locator('#items-box [data-key="scorer"]').select_option("alpha")
    expect(body_row(page, "alpha")).to_have_class("selected opens")


def test_margins_of_preferences(show: Open) -> None:
    page = show(*preferences())
    figure = page.locator("#agreement svg.figure")
    expect(figure.locator("rect.won")).to_have_count(2)
    expect(figure.locator("rect.lost")).to_have_count(2)
    expect(figure.locator("rect.even")).to_have_count(1)
    label = figure.get_attribute("aria-label") or ""
    assert "16 pairs: 10 in bins towards the answer that people prefer, 3 in bins away from it, 3 in the bin" in label
    heights = [float(bar.get_attribute("height") or 0) for bar in figure.locator("rect.bar").all()]
    assert [height / heights[0] for height in heights] == pytest.approx([1, 0.5, 1.5, 2, 3])


# ---- slices


def test_small_and_undefined_slices_are_told_apart(show: Open) -> None:
    page = show(three_scorers())
    cells = page.locator(".heatmap tbody tr").first.locator("td")
    assert cells.all_text_contents() == [".50", ".60", "undef.", ".55", ".40"]
    assert page.locator(".heatmap thead small").all_text_contents()[2:] == ["100", "50", "30", "29"]
    assert "heat" in (cells.nth(1).get_attribute("class") or "")
    assert "void" in (cells.nth(2).get_attribute("class") or "")
    assert "heat" in (cells.nth(3).get_attribute("class") or "")
    assert "small" in (cells.nth(4).get_attribute("class") or "")
    cells.nth(4).hover()
    expect(page.locator("#tip")).to_contain_text("29 in this slice, fewer than 30")


def test_arrows_walk_through_the_heat_map(show: Open) -> None:
    page = show(three_scorers())
    cells = page.locator(".heatmap tbody td")
    expect(page.locator('.heatmap td[tabindex="0"]')).to_have_count(1)
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".heatmap tbody tr").nth(1).locator("td").nth(1)).to_be_focused()
    expect(page.locator("#tip")).to_contain_text("beta")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".heatmap tbody tr").nth(1).locator("td").nth(0)).to_be_focused()


def test_two_hundred_slices_show_the_largest_first(show: Open) -> None:
    values = {
        f"value {i:03d}": {"n": 100 + i, "statistics": {"pair.accuracy": estimate(0.5 + i / 1000, None)}}
        for i in range(200)
    }
    page = show(board([row("a", 1, {"pair.accuracy": estimate(0.5)}, slices={"part": values})]))
    expect(page.locator(".heatmap tbody td")).to_have_count(1 + 40)
    assert page.locator(".heatmap thead bdi").nth(1).text_content() == "value 199"
    page.get_by_role("button", name="Show all 200 values of part").click()
    expect(page.locator(".heatmap tbody td")).to_have_count(1 + 200)
    assert overflow(page) == 0


# ---- items


def test_an_item_shows_what_people_and_scorers_said(show: Open) -> None:
    page = show(three_scorers(), views())
    page.locator(".item > summary").first.click()
    opened = page.locator(".item-body").first
    responses = opened.locator(".response")
    assert responses.locator("h4").all_text_contents() == ["4 · S4", "3 · S3", "2 · S2", "1 · S1"]
    expect(responses.first).to_contain_text("place 1 of 4")
    expect(responses.first).to_contain_text("place 4 of 4")
    expect(responses.first).to_contain_text("2 raters: 3, 5")
    dots = responses.first.locator(".dumbbell").first.locator("circle")
    assert at(dots.nth(0), "cx") == pytest.approx(6)  # alpha puts it last,
    assert at(dots.nth(1), "cx") == pytest.approx(94)  # people put it first
    opened.locator(".every > summary").click()
    table = opened.locator(".every table tbody tr")
    expect(table).to_have_count(3)
    assert table.locator("bdi").all_text_contents() == ["People", "alpha", "beta"]
    assert table.nth(1).locator("td").all_text_contents() == [".1000", ".3000", ".5000", ".9000"]
    assert "q6" in (table.nth(1).locator("td").nth(3).get_attribute("class") or "")


def test_a_link_opens_its_item_wherever_it_stands(show: Open) -> None:
    page = show(three_scorers(), views(45), anchor="#item-item%200")
    expect(page.locator('[id="item-item 0"]')).to_have_attribute("open", "")
    expect(page.locator('[id="item-item 0"] .text').first).to_be_in_viewport()
    link = page.locator('[id="item-item 0"] .item-line a').get_attribute("href")
    assert link == "#item-item%200"


def test_a_link_reaches_an_item_that_a_filter_hides(show: Open) -> None:
    page = show(three_scorers(), views(9))
    page.locator('[data-key="item-domain"]').select_option("chat")
    assert sorted(page.locator(".item-id").all_text_contents()) == ["item 5", "item 6", "item 7", "item 8"]
    page.evaluate("window.location.hash = '#item-item%201'")
    expect(page.locator('[id="item-item 1"] .text').first).to_be_visible()
    expect(page.locator(".item")).to_have_count(9)


def test_items_are_found_by_their_text(show: Open) -> None:
    shown = views(9)
    shown["items"][4]["responses"][1]["text"] = "A rare Ünïcode WORD"
    page = show(three_scorers(), shown)
    page.locator("#items-box input[type=search]").fill("rare ünïcode word")
    assert page.locator(".item-id").all_text_contents() == ["item 4"]
    expect(page.locator(".count")).to_have_text("1 of 9 items")


def test_texts_keep_their_form_and_direction(show: Open) -> None:
    shown = views(1)
    shown["items"][0] |= {"prompt": "two  spaces\n\tand a line", "references": ["مرحبا بالعالم", "日本語の文"]}
    shown["items"][0]["responses"][0] |= {"text": "x" * 5000, "cut": 9000}
    shown["items"][0]["responses"][1]["text"] = None
    shown["items"][0]["responses"][2]["text"] = ""
    page = show(three_scorers(), shown)
    page.locator(".item > summary").first.click()
    texts = page.locator(".item-body .text")
    assert texts.nth(0).text_content() == "two  spaces\n\tand a line"
    assert texts.nth(0).evaluate("node => getComputedStyle(node).whiteSpace") == "pre-wrap"
    assert texts.nth(1).evaluate("node => getComputedStyle(node).direction") == "rtl"
    assert texts.nth(2).evaluate("node => getComputedStyle(node).direction") == "ltr"
    expect(page.locator(".item-body")).to_contain_text("Cut here: 5,000 of 9,000 characters")
    expect(page.locator(".item-body")).to_contain_text("text not kept")
    expect(page.locator(".item-body")).to_contain_text("empty text")
    folded = page.locator(".text.folded")
    short = folded.bounding_box()
    page.get_by_role("button", name="Show all").click()
    whole = page.locator(".text").filter(has_text="xxxx").bounding_box()
    assert short is not None
    assert whole is not None
    assert whole["height"] > 2 * short["height"]
    assert overflow(page) == 0


@pytest.mark.parametrize(
    ("gold", "margin", "words"),
    [
        (1.0, 1.0, "People prefer 1 to 2: agrees"),
        (0.0, 1.0, "People prefer 2 to 1: disagrees"),
        (0.75, 0.0, "People prefer 1 to 2 (75\u00a0%): the scorer ties"),
        (0.5, 0.0, "People tie 1 and 2: tied too"),
        (0.5, -1.0, "People tie 1 and 2: people tie, the scorer does not"),
        (1.0, None, "People prefer 1 to 2: no score"),
    ],
)
def test_a_preference_says_whether_the_scorer_agrees(show: Open, gold: float, margin: float | None, words: str) -> None:
    made, shown = preferences()
    shown["items"][0]["pairs"][0]["gold"] = gold
    shown["items"][0]["responses"][0]["scores"]["judge"] = None if margin is None else 0.5 + margin
    page = show(made, shown)
    page.locator(".item > summary").click()
    expect(page.locator(".verdicts li")).to_contain_text(words)


# ---- hostile and extreme input


def test_hostile_texts_are_shown_and_do_nothing(show: Open) -> None:
    made = board(
        [row(HOSTILE, 1, {"segment.pearson.item": estimate(0.5), HOSTILE: estimate(0.4)}, slices={HOSTILE: {}})],
        dataset={"name": HOSTILE},
        headline=[HOSTILE],
    )
    made["board"][0]["slices"] = {HOSTILE: {HOSTILE: {"n": 50, "statistics": {"segment.pearson.item": estimate(0.5)}}}}
    one = item(HOSTILE, {HOSTILE: 1.0}, text=HOSTILE) | {"columns": {HOSTILE: HOSTILE}, "references": [HOSTILE]}
    for answer in one["responses"]:
        answer |= {"system": HOSTILE, "text": HOSTILE, "scores": {HOSTILE: 1.0}}
    grid = {"x": [0, 1], "y": [0, 1], "counts": [[1]], "x_label": HOSTILE, "y_label": HOSTILE}
    page = show(made, {"items": [one], "agreement": {HOSTILE: {"pooled": grid}}})
    page.locator(".item > summary").click()
    page.locator(".every > summary").click()
    page.locator(".board .name").hover()
    assert page.evaluate("document.querySelectorAll('img, main b b, iframe, object').length") == 0
    assert "owned" not in page.title().replace("document.title='owned'", "")
    seen = (
        HOSTILE.replace("\x00", "\u2400")
        .replace("\x1b", "\u241b")
        .replace("\ud800", "\ufffd")
        .replace("\udc00", "\ufffd")
    )
    assert page.locator(".item-body .text").first.text_content() == seen
    href = page.locator(".item-line a").get_attribute("href") or ""
    page.goto(page.url.split("#")[0] + href)
    page.reload()
    expect(page.locator(".item")).to_have_attribute("open", "")


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString", "items", ":chosen", "0"])
def test_names_that_mean_something_to_the_language(show: Open, name: str) -> None:
    made = three_scorers()
    statistics = {"segment.pearson.item": estimate(0.45), name: estimate(0.3)}
    made["board"].append(row(name, 5, statistics, slices={name: {name: {"n": 40, "statistics": statistics}}}))
    shown = views(6)
    for one in shown["items"]:
        one["columns"] = {name: name if one["id"] != "item 0" else "other"}
    page = show(made, shown)
    assert names(page) == ["alpha", name, "beta", "length", "gamma"]
    page.locator(".board .name").nth(1).click()
    expect(page.locator("#agreement .empty")).to_have_text(f"No distribution was kept for {name}.")
    page.locator('#board-box [data-key="statistic"]').select_option(name)
    assert page.locator("td.chosen .quiet-word").count() == 4
    page.locator(f'[data-key="item-{name}"]').select_option("other")
    expect(page.locator(".item")).to_have_count(1)
    page.locator(".item > summary").click()
    expect(page.locator(".response").first).to_contain_text("no score")


def many_scorers() -> dict[str, Any]:
    long = "organisation-with-a-long-name/reward-model-with-an-even-longer-name-instruct-preview-checkpoint"
    made = []
    for i in range(60):
        statistics = {"pair.accuracy": estimate(0.9 - i / 100, 0.03)} | {
            f"extra.number_{j}": estimate(None if (i + j) % 5 == 0 else i / 60, None) for j in range(8)
        }
        name = f"{long}-{i:03d}" if i % 3 == 0 else f"scorer {i}"
        made.append(row(name, i + 1, statistics, coverage=0.5 if i == 7 else 1.0, baseline=i == 50))
    return board(made)


def all_undefined() -> dict[str, Any]:
    return board([row(f"s{i}", i, {"pair.accuracy": estimate(None), "pair.mrr": estimate(None)}) for i in range(3)])


def one_scorer() -> dict[str, Any]:
    return board([row("only", 1, {"pair.accuracy": estimate(0.5, None)})])


@pytest.mark.parametrize("make", [many_scorers, all_undefined, one_scorer, three_scorers, lambda: board([])])
def test_no_page_is_wider_than_its_window(show: Open, make: Callable[[], dict[str, Any]]) -> None:
    page = show(make(), viewport={"width": 320, "height": 800})
    assert overflow(page) == 0
    for width in (390, 800, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert overflow(page) == 0, width


def test_sixty_scorers_keep_their_header_in_sight_and_their_ends_apart(show: Open) -> None:
    page = show(many_scorers())
    expect(page.locator(".board tbody tr")).to_have_count(60)
    shown = names(page)
    assert len(set(shown)) == 60
    assert all(len(name) <= 46 for name in shown)
    body_row(page, "scorer 58").scroll_into_view_if_needed()
    expect(page.locator('[data-key="sort-:chosen"]')).to_be_in_viewport()


def test_empty_board_says_so(show: Open) -> None:
    page = show(board([], headline=[]))
    expect(page.locator("#board")).to_contain_text("No scorer was put on this board.")
    expect(page.locator("h1")).to_have_text("toy")


# ---- themes, telephone, paper


def test_dark_follows_the_system_and_the_button(show: Open) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page = show(three_scorers(), color_scheme="dark")
    assert page.evaluate(ground) == "rgb(18, 20, 25)"
    button = page.locator("#theme")
    expect(button).to_have_text("Theme: auto")
    button.click()
    expect(button).to_have_text("Theme: light")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.reload()
    expect(button).to_have_text("Theme: light")
    button.click()
    assert page.evaluate(ground) == "rgb(18, 20, 25)"
    assert show(three_scorers(), color_scheme="light").evaluate(ground) == "rgb(255, 255, 255)"


def test_a_telephone_shows_name_value_and_whisker(show: Open) -> None:
    page = show(three_scorers(), views(), viewport={"width": 390, "height": 844})
    alpha = body_row(page, "alpha")
    for part in (".name", "td.chosen", "td.plot svg", ".reads-under"):
        expect(alpha.locator(part)).to_be_visible()
    expect(alpha.locator("td.interval")).to_be_hidden()
    box = alpha.locator("td.plot").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 390


def test_paper_is_light_has_no_controls_and_names_the_choices(show: Open) -> None:
    page = show(three_scorers(), views(), color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator("#board-box select").first).to_be_hidden()
    expect(page.locator("#agreement-box .paper").first).to_have_text("Scorer: alpha")
    expect(page.locator("#board-box .paper").first).to_have_text("Statistic: Pearson by item")
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_reading_without_scripts(show: Open) -> None:
    page = show(three_scorers(), views(), java_script_enabled=False)
    expect(page.locator("h1")).to_have_text("alpha leads.")
    expect(page.locator("noscript table tbody tr")).to_have_count(4)


def test_every_control_and_figure_has_a_name(show: Open) -> None:
    page = show(three_scorers(), views())
    page.locator(".item > summary").first.click()
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('button, a, select, input, [role=img], [role=region]')]
            .filter((node) => !(node.getAttribute('aria-label') || node.textContent.trim() || node.labels?.length))
            .map((node) => node.outerHTML)"""
    )
    assert unnamed == []
    headings = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map((node) => Number(node.tagName[1]))")
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert re.fullmatch(r"12+.*", "".join(map(str, headings)))
