"""The page of an audit in Chromium: marks stand where the numbers say, choices and links work, nothing runs over."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from audit_samples import NOTHING, TEXT, attribution, audit, near, probe, rule, scorer, three
from html_page import at, overflow
from html_samples import HOSTILE
from playwright.sync_api import Locator, Page, expect

import rewardmeter as rm
from rewardmeter.auditing.files import save_audit
from rewardmeter.auditing.result import Audit, ScorerAudit, ScorerProbe

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


@pytest.fixture
def show(browse: Open, tmp_path: Path) -> Open:
    """Opens the report of an audit as `browse` does."""
    numbers = count()

    def opened(made: Audit, **how: Any) -> Page:
        folder = tmp_path / f"audit-{next(numbers)}"
        save_audit(made, folder)
        return browse(folder / "index.html", **how)

    return opened


def line(page: Page, table: str, name: str) -> Locator:
    """The row of a rule or of a probe."""
    named = page.locator(".probe-name").get_by_text(name, exact=True)
    return page.locator(f"{table} tbody tr").filter(has=named)


def first_names(page: Page, table: str) -> list[str]:
    return page.locator(f"{table} tbody .probe-name").all_text_contents()


# ---- the data


def test_shares_stand_where_the_numbers_say_on_an_axis_of_all_percent(show: Open) -> None:
    """Positions are percent of the row's width; the axis of 0 to 1 is drawn from 3 % to 97 %."""
    page = show(audit())
    for name, value in (("shorter", 0.64), ("response only", 0.58), ("more emoji", 0.51)):
        cell = line(page, ".rules", name).locator("td.plot")
        mark = cell.locator(".at, circle")
        place = "cx" if name == "more emoji" else "x"
        assert at(mark, place) == pytest.approx(3 + 94 * value, abs=1e-3)
        assert at(cell.locator(".whisker"), "x1") == pytest.approx(3 + 94 * (value - 0.02), abs=1e-3)
        assert at(cell.locator(".whisker"), "x2") == pytest.approx(3 + 94 * (value + 0.02), abs=1e-3)
        assert at(cell.locator(".ceiling-line"), "x1") == pytest.approx(50, abs=1e-3)
    expect(page.locator(".rules .axis-head")).to_contain_text("a coin: 50")


def test_what_was_shown_has_a_shape_and_a_word(show: Open) -> None:
    page = show(audit())
    expect(line(page, ".rules", "shorter").locator(".diamond")).to_have_count(1)
    expect(line(page, ".rules", "shorter").locator("td.said-cell")).to_have_text("◆more than half")
    expect(line(page, ".rules", "more emoji").locator(".diamond")).to_have_count(0)
    expect(line(page, ".rules", "more emoji").locator("td.said-cell")).to_have_text("not shown")
    expect(page.locator("#rules .notes")).to_have_text("shown first does not apply: no order is known")


def test_rules_are_sorted_and_the_other_direction_is_shown_when_asked_for(show: Open) -> None:
    page = show(audit())
    assert first_names(page, ".rules") == ["shorter", "response only", "more emoji"]
    page.locator('[data-key="both"]').check()
    assert first_names(page, ".rules") == ["shorter", "longer", "response only", "more emoji"]
    expect(line(page, ".rules", "longer").locator("td.said-cell")).to_have_text("◇less than half")
    expect(page.locator("#rules .heatmap tbody tr")).to_have_count(4)


def test_parts_are_by_size_grey_where_small_and_marked_where_shown(show: Open) -> None:
    page = show(audit())
    heat = page.locator("#rules .heatmap")
    assert heat.locator("thead bdi").all_text_contents() == ["all", "news", "chat", "code"]
    assert heat.locator("thead small").all_text_contents() == ["domain · n", "\u00a0", "200", "171", "29"]
    first = heat.locator("tbody tr").first.locator("td")
    assert first.all_text_contents() == ["◆64", "◆64", "◇36", "◆64"]
    expect(first.nth(3)).to_have_class(re.compile(r"\bsmall\b"))
    expect(first.nth(2)).to_have_class(re.compile(r"\bpale\b"))
    first.nth(2).hover()
    for part in ("domain: chat", "n171", "less than half", "36.0 %"):
        expect(page.locator("#tip")).to_contain_text(part)
    page.locator('[data-key="part-column"]').select_option("year")
    expect(page.locator("#rules .heatmap thead th")).to_have_count(3)


def test_many_values_are_folded_and_can_be_unfolded(show: Open) -> None:
    parts = tuple(rule("shorter", 0.6, part=("system", f"s{i}"), n=100 + i) for i in range(60))
    page = show(audit(data=(rule("shorter", 0.64), *parts)))
    expect(page.locator("#rules .heatmap thead th")).to_have_count(2 + 40)
    page.locator('[data-key="more-parts"]').click()
    expect(page.locator("#rules .heatmap thead th")).to_have_count(2 + 60)
    expect(page.locator('[data-key="more-parts"]')).to_be_focused()


# ---- the scorers


def cells(page: Page, name: str) -> list[str]:
    head = page.locator("th.scorer bdi").get_by_text(name, exact=True)
    return page.locator(".matrix tbody tr").filter(has=head).locator("td").all_text_contents()


def test_the_matrix_has_signed_effects_from_the_null_and_marks_alarms(show: Open) -> None:
    page = show(three())
    assert cells(page, "length") == ["◆+.40", "◆+.20", ".00"]
    assert cells(page, "markdown") == ["◆−.25", "◆−.13", ".00"]
    assert cells(page, "position") == ["◆+.15", "+.07", ".00"]  # from ½
    assert cells(page, "entity swap") == ["−.90", "−.90", "−.90"]
    assert cells(page, "headings") == ["–", "–", "–"]
    assert page.locator(".matrix .kind").all_text_contents() == [
        "In the data as it is",
        "Edits that keep the meaning",
        "Edits that break the content",
        "Edits made to please a scorer",
        "How a judge judges",
    ]
    assert page.locator(".matrix thead small").all_text_contents() == ["probe · alarms", "◆5", "◆3", "0"]
    alarm = page.locator(".matrix td").filter(has_text="◆+.40")
    expect(alarm).to_have_class(re.compile(r"\bw\d\b"))
    expect(page.locator(".matrix td").filter(has_text="−.90").first).to_have_class(re.compile(r"\bq\d\b"))
    page.locator('[data-key="alarms"]').check()
    expect(page.locator(".matrix td").first).to_be_visible()
    assert cells(page, "entity swap") == []
    assert cells(page, "flattery") == ["◆+.35", "◆+.17", ".00"]


def test_choosing_in_the_matrix_by_mouse_and_keyboard_chooses_everywhere(show: Open) -> None:
    page = show(three())
    expect(page.locator("#probes-box .finding")).to_contain_text("5 of 12 probes raise an alarm: length, markdown")
    expect(page.locator("#probes-box .finding")).to_contain_text("not shown to lower its score: negation.")
    page.locator(".matrix thead .name").nth(2).click()
    expect(page.locator("#probes-box .finding")).to_have_text("No alarm: none of 12 tests shows a fault.")
    expect(page.locator('#probes-box [data-key="scorer"]')).to_have_value("stands")
    expect(page.locator("#attribution-box .empty")).to_be_visible()
    assert page.url.endswith("#scorer=stands")
    page.locator(".matrix thead .name").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".matrix thead .name").nth(1)).to_be_focused()
    expect(page.locator(".matrix thead .name").nth(1)).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith("#scorer=leans%20half")
    page.locator('#attribution-box [data-key="scorer"]').select_option("leans")
    expect(page.locator("#probes-box h3").first).to_have_text("leans")


def test_a_link_chooses_the_scorer_and_leads_to_it(show: Open) -> None:
    page = show(three(), anchor="#scorer=leans%20half")
    expect(page.locator('#probes-box [data-key="scorer"]')).to_have_value("leans half")
    expect(page.locator("#probes-title")).to_be_in_viewport()
    page.evaluate("window.location.hash = '#scorer=stands'")
    expect(page.locator('#probes-box [data-key="scorer"]')).to_have_value("stands")
    for nowhere in ("#scorer=nobody", "#scorer=%E0%A4%A", "#scorer="):
        expect(show(three(), anchor=nowhere).locator('#probes-box [data-key="scorer"]')).to_have_value("leans")


def test_probes_of_one_kind_measure_and_null_share_an_axis(show: Open) -> None:
    page = show(three())
    kind = page.locator('[data-kind="breaking"]')
    assert [table.get_attribute("data-measure") for table in kind.locator("table").all()] == ["shift", "detected"]
    # entity swap −.9 ± .1 and negation 0 ± .1: the axis is their extent.
    cell = line(page, '[data-kind="breaking"] .probes', "entity swap").locator("td.plot")
    assert at(cell.locator(".whisker"), "x1") == pytest.approx(3, abs=1e-3)
    assert at(cell.locator(".at"), "x") == pytest.approx(3 + 94 * 0.1 / 1.1, abs=1e-3)
    assert at(cell.locator(".ceiling-line"), "x1") == pytest.approx(3 + 94 * 1.0 / 1.1, abs=1e-3)
    # A fault would be to the right of no effect.
    assert at(cell.locator(".below-rule"), "x") == pytest.approx(3 + 94 * 1.0 / 1.1, abs=1e-3)
    expect(kind.locator(".axis-head").first).to_contain_text("no effect: 0")
    expect(line(page, '[data-kind="observational"] .probes', "headings")).to_contain_text("no response has any")
    expect(line(page, '[data-kind="hack"] .probes', "flattery").locator(".diamond.alarm")).to_have_count(1)
    expect(line(page, '[data-kind="preserving"] .probes', "paraphrase").locator("circle")).to_have_count(1)


def test_one_wide_interval_does_not_hide_the_others_and_ends_in_arrows(show: Open) -> None:
    narrow = [probe(f"p{i}", "hack", "shift", i / 10, half=0.02) for i in range(6)]
    wide = ScorerProbe("wide", "hack", "shift", "s", near(0.1, 50.0))
    page = show(audit([ScorerAudit("a", "", near(1.0), (*narrow, wide))]))
    row = line(page, ".probes", "wide").locator("td.plot")
    assert row.locator(".beyond").all_text_contents() == ["◂", "▸"]
    assert at(row.locator(".whisker"), "x1") == pytest.approx(3, abs=1e-3)
    assert at(row.locator(".whisker"), "x2") == pytest.approx(97, abs=1e-3)
    low = at(line(page, ".probes", "p0").locator("td.plot circle"), "cx")
    high = at(line(page, ".probes", "p5").locator("td.plot .at"), "x")
    assert high - low > 25


def test_how_often_and_what_else(show: Open) -> None:
    page = show(three())
    row = page.locator(".counts tbody tr").filter(has_text="paraphrase")
    assert row.locator("td.num").all_text_contents() == ["390", "7", "2", "1"]
    expect(row).to_contain_text("too short: 7")
    more = page.locator(".counts tbody tr").filter(has_text="length").locator("details")
    more.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(more).to_contain_text("accuracy when more.800 (.780 to .820), n 400")
    expect(more).to_contain_text("accuracy when lessundefined")


def test_tips_say_what_is_asked_the_unit_and_the_test(show: Open) -> None:
    page = show(three())
    line(page, ".probes", "length").locator("td.plot").hover()
    for part in (
        "what length does",
        "dependence: in units of the scorer's scale",
        ".300 to .500",
        "p after Holm.001",
        "alarm",
    ):
        expect(page.locator("#tip")).to_contain_text(part)
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()
    page.locator(".matrix td").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tip")).to_contain_text("leans half")
    for _ in range(5):  # over the heading of the next kind
        page.keyboard.press("ArrowDown")
    expect(page.locator("#tip")).to_contain_text("paraphrase")


# ---- texts


def test_parts_are_shaded_underlined_and_read_with_the_keyboard(show: Open) -> None:
    page = show(three())
    parts = page.locator(".attributed .part")
    assert parts.all_text_contents() == ["Sure!", "😀", TEXT[8:39], TEXT[40:]]
    assert page.locator(".attributed").text_content() == TEXT
    lines = [part.evaluate("node => getComputedStyle(node).textDecorationStyle") for part in parts.all()[:2]]
    assert lines == ["solid", "wavy"]
    expect(parts.nth(0)).to_have_class(re.compile(r"\bup\b.*\bq3\b"))
    expect(parts.nth(1)).to_have_class(re.compile(r"\bdown\b.*\bw2\b"))
    parts.nth(0).focus()
    page.keyboard.press("ArrowRight")
    expect(parts.nth(1)).to_be_focused()
    expect(page.locator("#tip")).to_contain_text("−.400")
    expect(page.locator("#tip")).to_contain_text("lowers the score")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tip")).to_contain_text("moves nothing")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tip")).to_contain_text("not scored")
    parts.nth(0).hover()
    expect(page.locator("#tip")).to_contain_text("+.800 ± .100 (standard error)")
    expect(page.locator(".attribution figcaption p")).to_have_text(
        "score 2.500 · of an empty response −1.250 · leave one sentence out"
    )


def test_more_texts_are_folded_and_texts_without_parts_are_texts(show: Open) -> None:
    texts = tuple(attribution(item=f"i{i}", spans=[]) for i in range(7))
    page = show(audit([scorer("a", attributions=texts)]))
    expect(page.locator(".attribution")).to_have_count(5)
    page.locator('[data-key="more-texts"]').click()
    expect(page.locator(".attribution")).to_have_count(7)
    expect(page.locator(".attribution .part")).to_have_count(0)


# ---- nasty data


def nasty() -> list[Audit]:
    nothing = tuple(
        ScorerProbe(f"p{kind}", kind, "shift", "s", NOTHING, null=math.nan, reason="no")
        for kind in ("observational", "preserving", "breaking", "hack", "judge")
    )
    lone = ScorerProbe("lone", "hack", "shift", "s", replace(near(0.2), low=math.nan, high=math.nan), p_adjusted=0.01)
    text = attribution(
        HOSTILE, item=HOSTILE, probe=HOSTILE, method=HOSTILE, spans=[{"start": 0, "stop": 9, "effect": 1}]
    )
    hostile = ScorerProbe(HOSTILE, "hack", HOSTILE, HOSTILE, near(0.3), counts={HOSTILE: 1}, reasons={HOSTILE: 1})
    part = ScorerAudit(HOSTILE, "", NOTHING, (hostile,), HOSTILE, (text,))
    odd = ScorerAudit("constructor", "", near(0.0, 0.0), (replace(hostile, probe="__proto__", kind="toString"),))  # type: ignore[arg-type]
    parts = (("", ""), (HOSTILE, "constructor"))
    return [
        audit(data=()),
        audit(),
        audit([ScorerAudit("nothing", "", NOTHING, nothing), ScorerAudit("empty", "", NOTHING, ())], data=()),
        audit([ScorerAudit("one", "", near(1.0), (lone,))]),
        audit([part, odd], data=tuple(rule(HOSTILE, 0.7, part=where) for where in parts), headline=(HOSTILE,)),
        audit(data=(rule("a", 0.5, n=0), rule("b", math.nan), rule("a", math.nan, part=("c", "v")))),
    ]


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("width", [400, 1400])
def test_nasty_data_neither_breaks_the_page_nor_runs_over(show: Open, number: int, width: int) -> None:
    page = show(nasty()[number], viewport={"width": width, "height": 900})
    assert overflow(page) == 0
    assert page.locator("b, img").filter(has_text="bold").count() == 0
    assert not page.title().startswith("owned")
    expect(page.locator("h1")).to_be_visible()


def test_sixty_scorers_and_sixty_probes_can_be_walked_through(show: Open) -> None:
    probes = tuple(probe(f"probe {i}", "hack", "shift", (i - 30) / 60, bad="greater") for i in range(60))
    made = audit([ScorerAudit(f"organisation/model-{i}", "", near(1.0), probes) for i in range(60)])
    page = show(made, viewport={"width": 1400, "height": 900})
    expect(page.locator(".matrix td")).to_have_count(3600)
    assert overflow(page) == 0
    page.locator(".matrix thead .name").nth(59).click()
    expect(page.locator(".matrix td.selected")).to_have_count(60)
    expect(page.locator("#probes-box h3").first).to_have_text("organisation/model-59")


# ---- width, themes, paper, names


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_runs_over(show: Open, width: int, scheme: str) -> None:
    page = show(three(), viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert overflow(page) == 0
    page.locator(".numbers summary").first.click()
    page.locator('[data-key="both"]').check()
    assert overflow(page) == 0


def test_a_telephone_shows_name_value_whisker_and_word(show: Open) -> None:
    page = show(three(), viewport={"width": 390, "height": 844})
    for table, name in ((".rules", "shorter"), ('[data-kind="hack"] .probes', "flattery")):
        row = line(page, table, name)
        for part in (".probe-name", "td.chosen", "td.plot svg >> nth=0", ".said-under"):
            expect(row.locator(part)).to_be_visible()
        expect(row.locator("td.said-cell")).to_be_hidden()
        box = row.locator("td.plot").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390


def test_paper_is_light_has_no_controls_and_has_the_numbers_of_the_parts(show: Open) -> None:
    page = show(three(), color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator("#probes-box .paper").first).to_have_text("Scorer: leans")
    expect(page.locator('[data-key="both"]')).to_be_hidden()
    said = page.locator(".attributed .part").first.evaluate("node => getComputedStyle(node, '::after').content")
    assert said == '"+.800"'
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_reading_without_scripts(show: Open) -> None:
    page = show(three(), java_script_enabled=False)
    expect(page.locator("h1")).to_have_text("'shorter' wins 64\u00a0%.")
    expect(page.locator("#rules table").first.locator("tbody tr")).to_have_count(5)
    expect(page.locator("#rules table")).to_have_count(3)
    expect(page.locator("#probes table")).to_have_count(3)
    expect(page.locator("#probes tbody tr")).to_have_count(39)
    expect(page.locator("#attribution .part").first).to_be_visible()


def test_every_control_and_figure_has_a_name_and_headings_are_in_order(show: Open) -> None:
    page = show(three())
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('button, a, select, input, summary, [role]')]
            .filter((node) => !node.matches('#tip, [role=status]'))
            .filter((node) => !(node.getAttribute('aria-label') || node.textContent.trim() || node.labels?.length))
            .map((node) => node.outerHTML)"""
    )
    assert unnamed == []
    headings = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map((node) => Number(node.tagName[1]))")
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))


def test_a_real_audit_of_the_data(show: Open) -> None:
    made = rm.audit("demo", slices=["task"], resamples=200)
    page = show(made)
    for name in first_names(page, ".rules"):
        value = made[name].half_ties.value
        mark = line(page, ".rules", name).locator("td.plot .at, td.plot circle")
        place = "x" if made[name].significant else "cx"
        assert at(mark, place) == pytest.approx(3 + 94 * value, abs=1e-2)
    assert len(first_names(page, ".rules")) >= len({one.says for one in made.data}) - 1
