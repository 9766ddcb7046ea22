"""The board of the HTML report in Chromium: positions in closed form, keyboard, themes, telephone and paper."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from html_page import Open, at, body_row, names
from html_samples import board, estimate, row, three_scorers, views
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


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
