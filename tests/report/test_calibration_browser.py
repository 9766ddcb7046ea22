"""The page of calibration in Chromium, on real data: every diagram has its points, toggles work, nothing runs over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from html_page import body_row, names, overflow
from playwright.sync_api import Locator, Page, expect

import rewardmeter as rm
from rewardmeter.api import contenders
from rewardmeter.calibration import calibration_board, save_calibration

pytestmark = pytest.mark.browser

Browse = Callable[..., Page]
DataSet = Callable[[str], Path]
JUDGES = ("UniEval/overall", "UniEval/coherence", "gpt3.5-geval/engagingness")
CALIBRATED, RAW = "Skywork-Reward-Gemma-2-27B", "internlm2-20b-reward"


@pytest.fixture(scope="module")
def judgebench(data_set: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Preferences: five reward models."""
    return _saved(data_set, "judgebench", ["recorded"], ["category", "length"], tmp_path_factory)


@pytest.fixture(scope="module")
def topicalchat(data_set: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ratings: three judges."""
    scorers = [f"recorded:{name}" for name in JUDGES]
    return _saved(data_set, "topicalchat-judges", scorers, ["system"], tmp_path_factory)


def _saved(
    data_set: DataSet, name: str, scorers: list[str], slices: list[str], folders: pytest.TempPathFactory
) -> Path:
    data_set(name)
    dataset = rm.load(name)
    made = contenders(dataset, scorers, store=None)
    shift = [column for column in slices if column in dataset.columns]
    board = calibration_board(dataset, made, slices=slices, shift=shift, resamples=200)
    folder = folders.mktemp(name)
    save_calibration(dataset, made, board, folder)
    return folder / "index.html"


def _block(page: Page, name: str) -> Any:
    return json.loads(page.locator(f"#data-{name}").text_content() or "")


def _panel(page: Page, kind: str) -> Locator:
    return page.locator(f'#scorer .panel[data-kind="{kind}"]')


def _choose(page: Page, scorer: str, when: str = "before") -> None:
    body_row(page, scorer).locator(".name").click()
    page.locator(f'#scorer .when input[value="{when}"]').check()


# ---- the table


def test_the_board_puts_the_least_loss_first_and_sorts_by_what_is_better(judgebench: Path, browse: Browse) -> None:
    page = browse(judgebench)
    rows = {row["scorer"]: row for row in _block(page, "board")["board"]}
    loss = [rows[name]["statistics"]["calibration.nll"]["value"] for name in names(page)]
    assert loss == sorted(loss)
    assert page.locator("td.place").all_text_contents() == ["1", "2", "3", "4", "5"]
    page.locator('#board-box [data-key="statistic"]').select_option("calibration.slope")
    slope = [abs(rows[name]["statistics"]["calibration.slope"]["value"] - 1) for name in names(page)]
    assert slope == sorted(slope)
    expect(page.locator("th.chosen")).to_have_attribute("aria-sort", "other")
    expect(page.locator(".axis-head")).to_contain_text("right")
    page.locator('#board-box [data-key="statistic"]').select_option("calibration.auc")
    auc = [rows[name]["statistics"]["calibration.auc"]["value"] for name in names(page)]
    assert auc == sorted(auc, reverse=True)


def test_gain_and_calibrator_of_every_scorer(judgebench: Path, browse: Browse) -> None:
    page = browse(judgebench, viewport={"width": 1400, "height": 900})
    expect(body_row(page, CALIBRATED).locator("td.words")).to_have_text("temperature")
    expect(body_row(page, RAW).locator("td.words")).to_have_text("not worth it")
    expect(page.locator("td.gain .whisker")).to_have_count(5)
    page.locator('[data-key="sort-:gain"]').click()
    assert names(page)[-1] == RAW
    page.locator('[data-key="sort-calibration.brier"]').click()
    rows = {row["scorer"]: row for row in _block(page, "board")["board"]}
    brier = [rows[name]["statistics"]["calibration.brier"]["value"] for name in names(page)]
    assert brier == sorted(brier)
    page.locator('[data-key="sort-calibration.ece"]').hover()
    expect(page.locator("#tip")).to_contain_text("confidence and rightness")


# ---- one scorer


@pytest.mark.parametrize("when", ["before", "after"])
def test_diagrams_of_pairs_have_all_their_points(judgebench: Path, browse: Browse, when: str) -> None:
    page = browse(judgebench)
    _choose(page, CALIBRATED, when)
    view = _block(page, "diagrams")[CALIBRATED][when]
    bins = len(view["reliability"]["n"])
    assert bins > 5
    expect(_panel(page, "reliability")).to_have_attribute("data-state", when)
    expect(_panel(page, "reliability").locator("circle.dot")).to_have_count(bins)
    expect(_panel(page, "reliability").locator("polygon.band")).to_have_count(1)
    expect(_panel(page, "reliability").locator(".ghost")).to_have_count(1 if when == "after" else 0)
    bars = sum(weight > 0 for weight in view["margins"]["weight"])
    expect(_panel(page, "margins").locator("rect.bar:not(.even)")).to_have_count(bars)
    expect(_panel(page, "margins").locator("rect.bar.lost")).not_to_have_count(0)
    line = _panel(page, "coverage").locator("polyline.middle").get_attribute("points") or ""
    assert len(line.split()) == len(view["coverage"]["risk"])
    for kind in ("reliability", "margins", "coverage"):
        expect(_panel(page, kind).locator(".said")).to_have_text(view["said"][kind])
        expect(_panel(page, kind).locator("svg.figure")).to_have_attribute("aria-label", _ends_with(view["said"][kind]))


def _ends_with(text: str) -> Any:
    return re.compile(re.escape(text) + "$")


def test_points_stand_where_the_numbers_say_and_say_them(judgebench: Path, browse: Browse) -> None:
    page = browse(judgebench)
    _choose(page, CALIBRATED)
    view = _block(page, "diagrams")[CALIBRATED]["before"]["reliability"]
    panel = _panel(page, "reliability")
    diagonal = panel.locator(".rule-line")
    left, right = (float(diagonal.get_attribute(end) or 0) for end in ("x1", "x2"))
    low, high = (float(diagonal.get_attribute(end) or 0) for end in ("y1", "y2"))
    for i, (stated, observed) in enumerate(zip(view["stated"], view["observed"], strict=True)):
        dot = panel.locator("circle.dot").nth(i)
        assert float(dot.get_attribute("cx") or 0) == pytest.approx(left + (stated - 0.5) / 0.5 * (right - left))
        assert float(dot.get_attribute("cy") or 0) == pytest.approx(low + (observed - 0.5) / 0.5 * (high - low))
    panel.locator("circle.touch").first.hover()
    expect(page.locator("#tip")).to_contain_text(f"pairs{view['n'][0]}")
    panel.locator("summary").click()
    expect(panel.locator("tbody tr")).to_have_count(len(view["n"]))


def test_no_calibrator_is_said_and_the_raw_scores_stay(judgebench: Path, browse: Browse) -> None:
    page = browse(judgebench)
    _choose(page, RAW, "after")
    expect(page.locator("#scorer .finding")).to_contain_text("No calibrator is shown to be worth having")
    expect(page.locator("#scorer .deck")).to_contain_text("these are the raw scores")
    expect(_panel(page, "reliability")).to_have_attribute("data-state", "before")
    expect(page.locator("#scorer table.after")).to_have_count(0)
    _choose(page, CALIBRATED, "after")
    expect(page.locator("#scorer table.after tbody tr")).not_to_have_count(0)
    expect(page.locator("#scorer table.methods tr.selected th")).to_have_text("temperature")


def test_ratings_have_residuals_and_gaps(topicalchat: Path, browse: Browse) -> None:
    page = browse(topicalchat)
    for when in ("before", "after"):
        _choose(page, JUDGES[0], when)
        view = _block(page, "diagrams")[JUDGES[0]][when]
        for kind in ("residual", "gaps"):
            expect(_panel(page, kind)).to_have_attribute("data-state", when)
            expect(_panel(page, kind).locator("circle.dot")).to_have_count(len(view[kind]["n"]))
            expect(_panel(page, kind).locator(".whisker")).to_have_count(len(view[kind]["n"]))
    expect(_panel(page, "reliability")).to_have_attribute("data-state", "before")
    expect(page.locator("#scorer .deck")).to_contain_text("predicts ratings")


def test_labels_needed_has_a_point_for_every_number_of_items(
    judgebench: Path, topicalchat: Path, browse: Browse
) -> None:
    for path, scorer, base in ((judgebench, CALIBRATED, "a coin"), (topicalchat, JUDGES[0], "the mean rating")):
        page = browse(path)
        _choose(page, scorer)
        view = _block(page, "diagrams")[scorer]["before"]["labels"]
        panel = _panel(page, "labels")
        expect(panel.locator("circle.dot")).to_have_count(len(view["n"]))
        expect(panel.locator("polygon.band")).to_have_count(1)
        expect(panel.locator(".said")).to_contain_text(f"From {view['enough']} labelled items on")
        expect(panel.locator("figcaption p")).to_have_text(f"calibrated by {view['method']}")
        panel.locator("circle.touch").last.hover()
        expect(page.locator("#tip")).to_contain_text(f"{view['n'][-1]} items")
        expect(page.locator("#tip")).to_contain_text(base)


# ---- all scorers beside each other, and slices


def test_cards_follow_the_diagram_the_toggle_and_the_filters(topicalchat: Path, browse: Browse) -> None:
    page = browse(topicalchat)
    cards = page.locator(".card")
    expect(cards).to_have_count(3)
    views = _block(page, "diagrams")
    first = names(page)[0]
    for kind, when in (("residual", "before"), ("residual", "after"), ("reliability", "before")):
        page.locator('[data-key="figure"]').select_option(kind)
        page.locator(f'#glance .when input[value="{when}"]').check()
        expect(page.locator(f'#scorer .when input[value="{when}"]')).to_be_checked()
        expect(cards.first.locator("circle.dot")).to_have_count(len(views[first][when][kind]["n"]))
    cards.nth(1).click()
    expect(cards.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator('#scorer [data-key="scorer"]')).to_have_value(names(page)[1])
    for kind in ("gaps", "margins", "coverage"):
        page.locator('[data-key="figure"]').select_option(kind)
        expect(cards.first.locator("svg .middle, svg .bar").first).to_be_visible()


def test_slices_by_system(topicalchat: Path, browse: Browse) -> None:
    page = browse(topicalchat)
    expect(page.locator("#slices .heatmap tbody tr")).to_have_count(3)
    expect(page.locator("#slices .heatmap thead th")).to_have_count(2 + 6)


def test_under_shift_every_part_meets_every_other(judgebench: Path, browse: Browse) -> None:
    page = browse(judgebench)
    _choose(page, CALIBRATED)
    rows = {row["scorer"]: row for row in _block(page, "board")["board"]}
    shift = rows[CALIBRATED]["shift"]["category"]
    table = page.locator("#scorer .shift table")
    expect(table.locator("tbody tr")).to_have_count(len(shift["values"]) + 1)
    cells = table.locator("td.heat")
    expect(cells).to_have_count(len(shift["values"]) ** 2)
    cells.nth(1).hover()
    for part in (shift["values"][0], f"tested on {shift['values'][1]}", "more than its own"):
        expect(page.locator("#tip")).to_contain_text(part)


# ---- width, keyboard, names


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_runs_over(judgebench: Path, topicalchat: Path, browse: Browse, width: int, scheme: str) -> None:
    for path, scorer in ((judgebench, CALIBRATED), (topicalchat, JUDGES[0])):
        page = browse(path, viewport={"width": width, "height": 900}, color_scheme=scheme)
        assert overflow(page) == 0
        _choose(page, scorer, "after")
        page.locator(".numbers summary").first.click()
        assert overflow(page) == 0


def test_every_control_and_figure_has_a_name_and_the_keyboard_works(topicalchat: Path, browse: Browse) -> None:
    page = browse(topicalchat)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('button, a, select, input, [role=img], [role=radiogroup]')]
            .filter((node) => !(node.getAttribute('aria-label') || node.textContent.trim() || node.labels?.length))
            .map((node) => node.outerHTML)"""
    )
    assert unnamed == []
    page.locator(".card").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".card").last).to_be_focused()
    expect(page.locator(".card").last).to_have_attribute("aria-pressed", "true")
    page.locator('#scorer .when input[value="before"]').focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator('#glance .when input[value="after"]')).to_be_checked()
    expect(page.locator('#scorer .when input[value="after"]')).to_be_focused()
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map((node) => Number(node.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_reading_without_scripts(judgebench: Path, browse: Browse) -> None:
    page = browse(judgebench, java_script_enabled=False)
    expect(page.locator("h1")).to_contain_text("Calibration is worth having")
    expect(page.locator("noscript table tbody tr")).to_have_count(5)
    page = browse(judgebench)
    page.emulate_media(media="print")
    assert page.pdf(format="A4").startswith(b"%PDF")
