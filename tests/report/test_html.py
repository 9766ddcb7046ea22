"""The HTML report without a browser: what is in the file, what cannot get into it, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from html_samples import HOSTILE, board, estimate, preferences, row, three_scorers, views
from html_source import Page, contrast, luminance, sections, tokens
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rewardmeter.errors import InputError, RewardmeterError
from rewardmeter.report.html import render, write

# ---- what the page carries


def test_the_page_carries_the_board_unchanged() -> None:
    made = three_scorers()
    assert Page(render(made, views())).block("board") == made


@pytest.mark.parametrize("undefined", [math.nan, math.inf, -math.inf])
def test_undefined_numbers_become_null_and_never_zero(undefined: float) -> None:
    made = board([row("a", 1, {"segment.pearson": estimate(undefined, None)})])
    assert Page(render(made)).block("board")["board"][0]["statistics"]["segment.pearson"]["value"] is None


def test_only_sections_with_something_in_them() -> None:
    assert sections(render(three_scorers(), views())) == ["answer", "board", "agreement", "slices", "items", "method"]
    assert sections(render(board([row("a", 1, {"pair.accuracy": estimate(0.5)})]))) == ["answer", "board", "method"]
    assert sections(render(board([]))) == ["answer", "board", "method"]
    assert sections(render(*preferences())) == ["answer", "board", "agreement", "items", "method"]


def test_a_view_that_is_none_for_every_scorer_makes_no_section() -> None:
    page = render(board([row("a", 1, {"pair.accuracy": estimate(0.5)})]), {"margins": {"a": None}})
    assert "agreement" not in sections(page)


def test_the_table_without_scripts_has_every_value() -> None:
    page = render(three_scorers())
    plain = page[page.index("<noscript>") : page.index("</noscript>")]
    assert "0.5000 [0.4000, 0.6000]" in plain
    assert "undefined" in plain
    assert plain.count("<tr>") == 1 + 4


@pytest.mark.parametrize(
    ("statistic", "label"),
    [
        ("segment.pearson", "Pearson pooled"),
        ("segment.kendall_b.item", "Kendall τ-b by item"),
        ("segment.acc_eq.item", "acc*_eq by item"),
        ("segment.spearman.system", "Spearman by system"),
        ("system.pairwise_accuracy", "System pairwise accuracy"),
        ("pair.best_of_k", "Pair best of k"),
        ("novel_thing", "Novel thing"),
    ],
)
def test_an_unknown_id_gets_a_label_from_its_parts(statistic: str, label: str) -> None:
    page = Page(render(board([row("a", 1, {statistic: estimate(0.5)})])))
    assert page.block("statistics") == [{"id": statistic, "label": label}]


def test_given_labels_and_definitions_are_used() -> None:
    page = render(three_scorers(), views())
    assert {"id": "segment.pearson", **views()["statistics"]["segment.pearson"]} in Page(page).block("statistics")
    assert "Over all responses at once." in page[page.index('class="definitions"') :]


def test_the_ranking_statistic_comes_first() -> None:
    made = board([row("a", 1, {"segment.pearson": estimate(0.1), "segment.pearson.item": estimate(0.2)})])
    assert [entry["id"] for entry in Page(render(made)).block("statistics")] == [
        "segment.pearson.item",
        "segment.pearson",
    ]


def test_sentences_are_typeset() -> None:
    page = render(board([], headline=["acc*_eq of 64 % & more"]))
    assert "acc*<sub>eq</sub> of 64\u00a0% &amp; more</h1>" in page


def test_tests_clusters_and_the_human_ceiling_are_stated() -> None:
    made = three_scorers()
    made["settings"] |= {"tests": "sign test over items", "alpha": 0.05}
    page = render(made, views())
    method = page[page.index('id="method"') :]
    assert "<dt>Tests of scorers</dt><dd>sign test over items</dd>" in method
    assert "at α = 0.05 after Holm&#39;s correction" in method
    assert "Pearson by item: 0.700 [0.650, 0.750]" in method
    answer = page[page.index('id="answer"') : page.index('id="board"')]
    assert "<dt>Human ceiling</dt><dd>0.700 [0.650, 0.750]</dd>" in answer
    assert "Human ceiling" not in render(board([row("a", 1, {"pair.accuracy": estimate(0.5)})]))


@pytest.mark.parametrize(("share", "text"), [(1.0, "100"), (0.99996, "99.9"), (0.29, "29.0"), (0.0, "0.0")])
def test_coverage_is_never_rounded_up(share: float, text: str) -> None:
    page = render(board([row("a", 1, {"pair.accuracy": estimate(0.5)}, coverage=share)]))
    assert f'<td class="num">{text}\u00a0%</td>' in page


def test_a_page_without_items_to_show_has_no_section_of_items() -> None:
    made, shown = preferences()
    shown["items"]["shown"] = []
    assert "items" not in sections(render(made, shown))


# ---- nothing from outside, nothing by accident


def test_the_policy_names_exactly_this_style_and_this_script() -> None:
    page = Page(render(three_scorers(), views()))
    policy = next(found["content"] for tag, found in page.elements if found.get("http-equiv"))
    assert policy is not None
    for part in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.texts[part].encode()).digest()).decode()
        assert f"{part}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_the_page_names_no_other_place() -> None:
    page = Page(render(three_scorers(), views()))
    for tag, found in page.elements:
        for name in ("src", "href", "action", "srcset"):
            address = found.get(name)
            assert address is None or address.startswith(("#", "data:")), (tag, address)
    code = page.texts["script"] + page.texts["style"]
    assert set(re.findall(r"https?://[^\"'\s)]+", code)) == {"http://www.w3.org/2000/svg"}
    assert "url(http" not in code
    assert "@import" not in code


def everywhere(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A board and views with this text in every place that can hold text."""
    made = board(
        [row(text, 1, {text: estimate(0.5, method=text)}, signature=text, reads=[text], kind=text, outcomes={text: 1})],
        dataset=dict.fromkeys(("name", "hash", "format", "licence", "citation"), text) | {"notes": [text]},
        gold={"kind": text, "description": text, "aspect": text, "system_level": text},
        settings={"primary": text, "command": text, "versions": {text: text}},
        headline=[text, text],
        caveats=[text],
    )
    grid = {"x": [0, 1], "y": [0, 1], "counts": [[1]], "x_label": text, "y_label": text}
    answer = {"system": text, "text": text, "cut": None, "gold": 1.0, "ratings": [], "scores": [1.0]}
    one = {"id": text, "prompt": text, "references": [text], "columns": {text: text}, "responses": [answer, answer]}
    shown = {
        "agreement": {text: {"pooled": grid}},
        "items": {"scorers": [text], "judges": [text], "looked_at": 1, "shown": [one]},
        "statistics": {text: dict.fromkeys(("label", "definition", "formula", "source", "misleads"), text)},
    }
    return made, shown


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1) | st.just(HOSTILE))
def test_any_text_stays_text(text: str) -> None:
    """The elements of the page are the same whatever the texts are, and the data comes back as it went in."""
    assume("*_" not in text)  # a starred name is typeset with a subscript
    made, shown = everywhere(text)
    page = render(made, shown)
    page.encode("utf-8")
    read = Page(page)
    assert read.tags == Page(render(*everywhere("x"))).tags
    assert read.block("board") == made
    assert read.block("items") == shown["items"]


def test_json_cannot_end_its_element_or_its_line() -> None:
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', render(*everywhere(HOSTILE)), re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        assert not set("<>&\u2028\u2029\n\x00") & set(block)


# ---- what is refused


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ({}, "dataset.name"),
        ({"dataset": {"name": "x"}}, "'board'"),
        ({"dataset": {"name": "x"}, "board": [{"rank": 1}]}, "board[0].scorer"),
        ({"dataset": {"name": "x"}, "board": [{"scorer": "a"}]}, "board[0].statistics"),
        ({"dataset": {"name": "x"}, "board": [row("a", 1, {"s": {"value": "0.5"}})]}, "board[0].statistics.s.value"),
        ({"dataset": {"name": "x"}, "board": [row("a", 1, {"s": {"value": True}})]}, "board[0].statistics.s.value"),
        ({"dataset": {"name": "x"}, "board": [row("a", 1, {"s": 0.5})]}, "board[0].statistics.s.value"),
        ({"dataset": {"name": "x"}, "board": [row("a", 1, {}), row("a", 2, {})]}, "two rows"),
        (
            {"dataset": {"name": "x"}, "board": [row("a", 1, {}, slices={"c": {"v": {"statistics": {"s": 1}}}})]},
            "board[0].slices.c.v.statistics.s.value",
        ),
    ],
)
def test_a_broken_board_is_refused_with_the_place(broken: dict[str, Any], where: str) -> None:
    with pytest.raises(InputError, match=re.escape(where)):
        render(broken)


def test_arrays_are_refused_with_the_place_and_the_mend() -> None:
    with pytest.raises(InputError, match=r"views\.margins\.a\.counts is ndarray.*tolist"):
        render(three_scorers(), {"margins": {"a": {"counts": np.arange(3)}}})
    with pytest.raises(InputError, match="board is list, not a mapping"):
        render([])  # type: ignore[arg-type]


# ---- writing


def test_write_makes_folders_and_the_same_page(tmp_path: Path) -> None:
    target = tmp_path / "new" / "index.html"
    write(three_scorers(), views(), target)
    assert target.read_bytes() == render(three_scorers(), views()).encode()
    assert [path.name for path in target.parent.iterdir()] == ["index.html"]


def test_a_failure_leaves_the_older_page(tmp_path: Path) -> None:
    target = tmp_path / "index.html"
    target.write_text("older")
    with pytest.raises(InputError):
        write({}, None, target)
    assert target.read_text() == "older"
    with pytest.raises(RewardmeterError, match="could not be written"):
        write(three_scorers(), None, tmp_path)


# ---- colours


def test_text_can_be_read_in_both_themes() -> None:
    """Contrast of at least 4.5 (WCAG 2.2, AA) wherever text stands on a ground."""
    on = {"q0": "on-light", "q1": "on-light", "q2": "on-light", "q3": "on-light"}
    on |= {"q4": "on-middle", "q5": "on-dark", "q6": "on-dark"}
    grounds = [(text, ground) for text in ("ink", "soft", "faint") for ground in ("paper", "wash", "raised")]
    grounds += [("accent", "paper"), ("accent", "accent-wash"), ("soft", "grid"), ("faint", "accent-wash")]
    grounds += [(text, shade) for shade, text in on.items()]
    for theme in tokens(render(board([]))):
        for text, ground in grounds:
            assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground, contrast(theme[text], theme[ground]))


def test_shades_get_steadily_stronger() -> None:
    light, dark = tokens(render(board([])))
    light_steps = [luminance(light[f"q{i}"]) for i in range(7)]
    dark_steps = [luminance(dark[f"q{i}"]) for i in range(7)]
    assert light_steps == sorted(light_steps, reverse=True)
    assert dark_steps == sorted(dark_steps)
