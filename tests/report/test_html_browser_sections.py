"""Agreement, slices and items of the HTML report in Chromium, and input that is hostile or extreme."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from html_page import Open, at, body_row, names, overflow
from html_samples import (
    HOSTILE,
    best_of_three,
    board,
    estimate,
    item,
    preferences,
    row,
    three_scorers,
    verdicts,
    views,
)
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


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


def test_verdicts_are_drawn_as_three_bars_and_named(show: Open) -> None:
    page = show(*verdicts())
    figure = page.locator("#agreement svg.figure")
    assert figure.locator("rect.bar").count() == 3
    assert [figure.locator(f"rect.{kind}").count() for kind in ("lost", "even", "won")] == [1, 1, 1]
    expect(figure).to_contain_text("verdict: 1 the answer that people prefer")
    expect(page.locator("#agreement h3")).to_have_text("Verdicts on the preferred answer")


def test_best_of_k_has_margins_of_groups_and_marks_the_correct(show: Open) -> None:
    page = show(*best_of_three())
    label = page.locator("#agreement svg.figure").get_attribute("aria-label") or ""
    assert "judge over 16 groups: 10 in bins towards a correct response, 3 in bins away from it, 3" in label
    expect(page.locator("#items .count")).to_have_text("1 item in this page, of 7 looked at")
    page.locator(".item > summary").click()
    responses = page.locator(".response")
    expect(page.locator(".response h4 .tag")).to_have_text("correct")
    expect(responses.filter(has=page.locator("h4 .tag"))).to_contain_text("place 2 of 3")
    expect(page.locator(".dumbbell")).to_have_count(0)
    expect(page.locator("#agreement svg.figure")).to_contain_text("← wrong first")
    golds = [text.split("Scorer")[0] for text in page.locator(".facts-table").all_text_contents()]
    assert golds == ["Goldwrong", "Goldcorrect", "Goldwrong"]


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
    expect(responses.locator("h4")).to_have_text(["4 · S4", "3 · S3", "2 · S2", "1 · S1"])
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
    shown["items"]["shown"][4]["responses"][1]["text"] = "A rare Ünïcode WORD"
    page = show(three_scorers(), shown)
    page.locator("#items-box input[type=search]").fill("rare ünïcode word")
    assert page.locator(".item-id").all_text_contents() == ["item 4"]
    expect(page.locator(".count")).to_have_text("1 of 9 items")


def test_texts_keep_their_form_and_direction(show: Open) -> None:
    shown = views(1)
    shown["items"]["shown"][0] |= {"prompt": "two  spaces\n\tand a line", "references": ["مرحبا بالعالم", "日本語の文"]}
    shown["items"]["shown"][0]["responses"][0] |= {"text": "x" * 5000, "cut": 9000}
    shown["items"]["shown"][0]["responses"][1]["text"] = None
    shown["items"]["shown"][0]["responses"][2]["text"] = ""
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
    shown["items"]["shown"][0]["pairs"][0]["gold"] = gold
    shown["items"]["shown"][0]["responses"][0]["scores"][0] = None if margin is None else 0.5 + margin
    page = show(made, shown)
    page.locator(".item > summary").click()
    expect(page.locator(".verdicts li")).to_contain_text(words)


@pytest.mark.parametrize(
    ("verdict", "words", "mark"),
    [
        (-1.0, "People prefer 2 to 1: the judge prefers 2", "✓"),
        (1.0, "People prefer 2 to 1: the judge prefers 1", "✗"),
        (0.0, "People prefer 2 to 1: the judge says tie", "="),
        (None, "People prefer 2 to 1: the judge’s answer could not be read", "–"),
        ("absent", "People prefer 2 to 1: the judge was not asked", "–"),
    ],
)
def test_a_judge_is_shown_by_its_verdict(show: Open, verdict: float | str | None, words: str, mark: str) -> None:
    made, shown = verdicts()
    said = {} if verdict == "absent" else {"judge": verdict}
    shown["items"]["shown"][0]["pairs"][0]["verdicts"] = said
    page = show(made, shown)
    page.locator(".item > summary").click()
    expect(page.locator(".verdicts li")).to_contain_text(words)
    expect(page.locator(".verdicts .verdict")).to_have_text(mark)
    expect(page.locator("#items")).not_to_contain_text("no score")
    second = {-1.0: "preferred", 1.0: "not preferred", 0.0: "tied"}.get(verdict, "no verdict")  # type: ignore[arg-type]
    row_of_judge = page.locator(".facts-table").nth(1).locator("tr").nth(1)
    expect(row_of_judge.locator("td").first).to_have_text(second)


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
        answer |= {"system": HOSTILE, "text": HOSTILE, "scores": [1.0]}
    grid = {"x": [0, 1], "y": [0, 1], "counts": [[1]], "x_label": HOSTILE, "y_label": HOSTILE}
    page = show(made, {"items": {"scorers": [HOSTILE], "shown": [one]}, "agreement": {HOSTILE: {"pooled": grid}}})
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
    for one in shown["items"]["shown"]:
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
