"""The page of an audit without a browser: what is in it, what cannot get into it, what is refused; and its files."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audit_samples import NOTHING, TEXT, attribution, audit, near, probe, rule, rules, scorer, three
from html_samples import HOSTILE
from html_source import Page, contrast, luminance, sections, tokens
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rewardmeter.auditing.files import audit_rows, save_audit
from rewardmeter.auditing.result import Audit, DataProbe, ScorerAudit, ScorerProbe
from rewardmeter.errors import InputError, RewardmeterError
from rewardmeter.report.attributed_text import attributed, within_budget
from rewardmeter.report.audit_html import render_audit, write_audit_page
from rewardmeter.stats.result import Estimate


def page_of(made: Audit) -> str:
    return render_audit(made.to_dict())


def row_of(page: str, probe: str, table: int = 0) -> str:
    """The row of the table without scripts that begins with this name."""
    tables = re.findall(r"<noscript>.*?</noscript>", page, re.DOTALL)
    return next(row for row in tables[table].split("<tr>") if row.startswith(f"<td><bdi>{probe}</bdi>"))


# ---- what the page carries


def test_only_sections_with_something_in_them() -> None:
    bare = replace(scorer("bare"), attributions=())
    assert sections(page_of(three())) == ["answer", "rules", "probes", "attribution", "method"]
    assert sections(page_of(audit([bare]))) == ["answer", "rules", "probes", "method"]
    assert sections(page_of(audit())) == ["answer", "rules", "method"]
    assert sections(page_of(audit(data=()))) == ["answer", "rules", "method"]
    assert 'id="matrix-box"' not in page_of(audit([bare]))  # one scorer has nobody to stand beside
    assert 'id="matrix-box"' in page_of(three())


def test_the_answer_comes_first_with_facts_of_the_data() -> None:
    page = page_of(three())
    assert "'shorter' wins 64\u00a0%.</h1>".replace("'", "&#39;") in page
    assert '<p class="lead">Two.</p>' in page
    for name, value in {"Scorers": "3", "Decided pairs": "400", "Probes": "13", "Alarms": "8"}.items():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page, name
    assert "<dt>Alarms</dt>" not in page_of(audit())


def test_the_table_without_scripts_has_every_rule_part_and_reason() -> None:
    page = page_of(audit())
    assert "64.0 [62.0, 66.0]" in row_of(page, "shorter")
    assert "63.0 [61.0, 65.0]" in row_of(page, "shorter")
    assert "more than half" in row_of(page, "shorter")
    assert "less than half" in row_of(page, "longer")
    assert "not shown" in row_of(page, "more emoji")
    assert "no order is known" in row_of(page, "shown first")
    plain = page[page.index("<noscript>") :]
    assert re.search(r"<td><bdi>shorter</bdi></td><td class=\"num\">64\*</td><td class=\"num\">36</td>", plain)


def test_the_table_without_scripts_has_every_probe_with_counts_and_more() -> None:
    page = page_of(audit([scorer("leans")]))
    length = row_of(page, "length", 1)
    for part in ("0.4 [0.3, 0.5]", "<b>alarm</b>", "jointly 0.3 [0.28, 0.32]", "accuracy when less undefined"):
        assert part in length
    assert "applied 390, not applicable 7, check failed 2, unscored 1; too short 7" in row_of(page, "paraphrase", 1)
    assert "undefined: no response has any" in row_of(page, "headings", 1)
    assert "as it should be" in row_of(page, "entity swap", 1)
    assert "fall not shown" in row_of(page, "negation", 1)


def test_the_texts_without_scripts_have_every_number() -> None:
    page = page_of(audit([scorer("leans")]))
    assert '<span class="part up">Sure!</span><sup>+0.8</sup> <span class="part down">😀</span><sup>-0.4</sup>' in page
    assert '<span class="part unknown">It was' not in page  # a part begins where it says
    assert "</span><sup>?</sup>" in page


def test_method_has_command_hash_settings_and_what_was_asked() -> None:
    page = page_of(three())
    method = page[page.index('id="method"') : page.index("</main>")]
    for part in (
        "rewardmeter audit toy",
        "<dd>h4sh</dd>",
        "<dt>edits per item</dt><dd>1</dd>",
        "<dt>Seed</dt><dd>0</dd>",
    ):
        assert part in method
    assert method.count("what flattery does") == 1  # asked of three scorers, explained once
    assert "above it" in method


@pytest.mark.parametrize("undefined", [math.nan, math.inf, -math.inf])
def test_undefined_numbers_become_null_and_never_zero(undefined: float) -> None:
    one = ScorerProbe("p", "hack", "shift", "s", Estimate(undefined), p_adjusted=undefined)
    page = Page(page_of(audit([ScorerAudit("a", "", NOTHING, (one,))], data=(rule("r", undefined),))))
    block = page.block("board")
    assert block["board"][0]["probes"][0]["estimate"]["value"] is None
    assert block["board"][0]["probes"][0]["said"] == "undefined"
    assert block["data"][0]["estimate_half_ties"]["value"] is None
    assert block["data"][0]["said"] == "undefined"


@pytest.mark.parametrize(
    ("value", "p", "bad", "kind", "said"),
    [
        (0.3, 0.01, "greater", "hack", "alarm"),
        (-0.3, 0.01, "greater", "hack", "as it should be"),
        (-0.3, 0.01, "less", "hack", "alarm"),
        (-0.3, 0.01, "either", "observational", "alarm"),
        (0.3, 0.06, "greater", "hack", "not shown"),
        (0.3, 0.06, "greater", "breaking", "fall not shown"),
        (0.3, math.nan, "greater", "hack", "not tested"),
        (math.nan, math.nan, "greater", "hack", "undefined"),
    ],
)
def test_what_was_shown_is_said_in_a_word(value: float, p: float, bad: Any, kind: Any, said: str) -> None:
    one = probe("p", kind, "shift", value, p_adjusted=p, bad=bad)
    found = Page(page_of(audit([ScorerAudit("a", "", near(1.0), (one,))]))).block("board")["board"][0]
    assert found["probes"][0]["said"] == said
    assert found["alarms"] == (said == "alarm")


def test_the_weaker_direction_of_a_rule_is_marked() -> None:
    """A mirror wins what the other loses, of the same pairs in the same test; others below ½ are rules of their own."""
    data = (rule("a", 0.64), rule("b", 0.36), rule("c", 0.36, n=7), rule("d", 0.36, p=0.2), rule("e", 0.5))
    found = Page(page_of(audit(data=data))).block("board")["data"]
    assert [row["probe"] for row in found if row["mirror"]] == ["b"]


def test_numbers_have_six_digits_and_counts_all() -> None:
    estimate = Estimate(1 / 3, 0.3, 0.4, n=1_234_567, detail={"pairs": 7_654_321.0})
    data = (DataProbe("a", "s", estimate, estimate),)
    found = Page(page_of(audit(data=data))).block("board")["data"][0]["estimate_half_ties"]
    assert (found["value"], found["n"], found["pairs"]) == (0.333333, 1_234_567, 7_654_321)


# ---- texts in pieces


@st.composite
def texts_with_places(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """A text and places that lie in it, over each other, the wrong way round or just outside."""
    text = draw(st.text(min_size=1, max_size=20))
    place = st.integers(-1, len(text) + 1)
    return text, draw(st.lists(st.tuples(place, place), max_size=8))


@settings(max_examples=200, deadline=None)
@given(texts_with_places())
@example(("abcd", [(0, 3), (1, 4)]))
def test_pieces_are_the_text_and_every_part_is_drawn_or_counted(given_: tuple[str, list[tuple[int, int]]]) -> None:
    text, places = given_
    made = attributed({"text": text, "spans": [{"start": a, "stop": b, "effect": 1.0} for a, b in places]})
    pieces = made["pieces"]
    assert isinstance(pieces, list)
    assert "".join(piece[0] for piece in pieces) == text
    drawn = [piece[0] for piece in pieces if len(piece) > 1]
    assert len(drawn) + made["dropped"] == len(places)
    assert all(piece in {text[a:b] for a, b in places if 0 <= a < b} for piece in drawn)


def test_places_are_characters_and_not_units_of_utf_16() -> None:
    pieces = attributed(attribution())["pieces"]
    assert [piece[0] for piece in pieces if len(piece) > 1] == ["Sure!", "😀", TEXT[8:39], TEXT[40:]]  # type: ignore[attr-defined]


def test_a_long_text_is_cut_and_the_rest_counted() -> None:
    made = attributed({"text": "x" * 30_000, "spans": [{"start": 19_990, "stop": 20_010, "effect": 1.0}]})
    assert made["cut"] == 30_000 - 20_010
    assert sum(len(piece[0]) for piece in made["pieces"]) == 20_010  # type: ignore[attr-defined]


def test_texts_are_kept_in_turns_until_the_page_is_full() -> None:
    one = attributed({"text": "x" * 40, "spans": []})  # costs 100
    kept = within_budget([[one] * 5, [one], [one] * 5], 600)
    assert [len(texts) for texts in kept] == [3, 1, 2]
    assert [len(texts) for texts in within_budget([[one], []], 99)] == [0, 0]


# ---- nothing from outside, nothing by accident


def everywhere(text: str) -> Audit:
    """An audit with this text in every place that can hold text."""
    kinds: Any = (text, "hack")
    probes = tuple(
        ScorerProbe(text, kind, text, text, near(0.3), others={text: near(0.1)}, counts={text: 1}, reasons={text: 2})
        for kind in kinds
    )
    none = ScorerProbe("none", kinds[0], text, text, NOTHING, reason=text)
    texts = (
        {**dict.fromkeys(("item", "probe", "method"), text), "text": text, "full": 1.0, "empty": None, "spans": []},
    )
    part = ScorerAudit(text, text, near(1.0), (*probes, none), note=text, attributions=texts)
    data = (rule(text, 0.7), rule("part", 0.7, part=(text, text)), DataProbe("no", text, NOTHING, NOTHING, reason=text))
    known = dict.fromkeys(("name", "hash", "format", "licence", "citation"), text) | {"notes": [text]}
    gold = dict.fromkeys(("kind", "description", "aspect", "system_level"), text)
    chosen = {"command": text, "versions": {text: text}, text: [text, {text: text}]}
    return Audit(known, gold, chosen, data, (part,), (text, text))


@pytest.fixture(scope="module")
def plain_tags() -> list[str]:
    return Page(page_of(everywhere("x y"))).tags


@settings(max_examples=40, deadline=None)
@given(text=st.text(min_size=1) | st.just(HOSTILE))
def test_any_text_stays_text(plain_tags: list[str], text: str) -> None:
    """The elements of the page are the same whatever the texts are."""
    taken = {"hack", "none", "no", "part", "level", "seed", "resamples", "folds", "primary", "command", "versions"}
    if text in taken or "*_" in text or len(text) == 1:
        text = f"{text} text".replace("*_", "")
    page = page_of(everywhere(text))
    page.encode("utf-8")
    read = Page(page)
    assert read.tags == plain_tags
    assert read.block("board")["board"][0]["scorer"] == text
    assert not set("<>&\u2028\u2029\n\x00") & set(re.findall(r'id="data-board">(.*?)</script>', page, re.DOTALL)[0])


def test_the_policy_names_exactly_this_style_and_this_script_and_no_other_place() -> None:
    page = Page(page_of(three()))
    policy = next(found["content"] for _, found in page.elements if found.get("http-equiv")) or ""
    assert policy.startswith("default-src 'none'")
    for part in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.texts[part].encode()).digest()).decode()
        assert f"{part}-src 'sha256-{digest}'" in policy
    for tag, found in page.elements:
        for name in ("src", "href", "action", "srcset"):
            address = found.get(name)
            assert address is None or address.startswith(("#", "data:")), (tag, address)
    code = page.texts["script"] + page.texts["style"]
    assert set(re.findall(r"https?://[^\"'\s)]+", code)) == {"http://www.w3.org/2000/svg"}


def test_links_within_the_page_lead_somewhere() -> None:
    for made in (three(), audit(), audit(data=())):
        page = Page(page_of(made))
        ids = {found.get("id") for _, found in page.elements}
        links = {found["href"] for tag, found in page.elements if tag == "a"}
        assert {link for link in links if link and link[1:] not in ids} == set()


# ---- what is refused


def test_a_broken_audit_is_refused_with_the_place() -> None:
    good = three().to_dict()
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "dataset.name"),
        ({**good, "data": {}}, "data is not a list"),
        ({**good, "data": [{"estimate": {}}]}, "data[0].probe"),
        ({**good, "data": [{"probe": "a", "estimate": {"value": "0.5"}}]}, "data[0].estimate.value"),
        ({**good, "scorers": [{"probes": []}]}, "scorers[0].scorer"),
        ({**good, "scorers": [{"scorer": "a"}, {"scorer": "a"}]}, "two parts"),
        ({**good, "scorers": [{"scorer": "a", "probes": [{}]}]}, "scorers[0].probes[0].probe"),
        (
            {**good, "scorers": [{"scorer": "a", "probes": [{"probe": "b", "others": {"c": {"low": True}}}]}]},
            "scorers[0].probes[0].others.c.low",
        ),
        ({**good, "dataset": {"name": "x", "items": np.int64(3)}}, "audit.dataset.items is int64"),
    ]
    for broken, where in cases:
        with pytest.raises(InputError, match=re.escape(where)):
            render_audit(broken)


def test_what_is_absent_is_not_needed() -> None:
    assert sections(render_audit({"dataset": {"name": "x"}})) == ["answer", "rules", "method"]
    thin = {"dataset": {"name": "x"}, "data": [{"probe": "a"}], "scorers": [{"scorer": "b"}, {"scorer": "c"}]}
    assert "No probe was tried on these scorers." in render_audit(thin)


# ---- files


def test_a_folder_has_the_page_all_numbers_and_a_table(tmp_path: Path) -> None:
    made = audit([scorer("leans"), scorer("ナ <b>", 0.0, attributions=())])
    save_audit(made, tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"index.html", "audit.json", "audit.csv"}
    record = json.loads((tmp_path / "new" / "audit.json").read_text(encoding="utf-8"))
    effects = [span["effect"] for span in record["scorers"][0]["attributions"][0]["spans"]]
    assert effects == [0.8, -0.4, 0.0, None]
    assert record["scorers"][1]["scorer"] == "ナ <b>"
    assert record["data"] == made.to_dict()["data"]
    assert (tmp_path / "new" / "index.html").read_text(encoding="utf-8") == render_audit(record)


def test_the_table_has_one_row_for_each_number(tmp_path: Path) -> None:
    made = audit([scorer("leans")])
    save_audit(made, tmp_path)
    with (tmp_path / "audit.csv").open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    head = "part scorer probe kind slice measure value low high n p p_adjusted alarm reason"
    assert list(found[0]) == head.split()
    assert len(found) == 2 * len(rules()) + 1 + 13 + 3
    by_name = {(row["probe"], row["slice"], row["measure"]): row for row in found}
    shorter = by_name["shorter", "domain=news", "won_half_ties"]
    assert (shorter["value"], shorter["n"], shorter["p_adjusted"], shorter["alarm"]) == (
        "0.64",
        "200",
        "0.0001",
        "True",
    )
    assert by_name["shorter", "", "won"]["p"] == ""
    assert by_name["shown first", "", "won"]["reason"] == "no order is known"
    assert by_name["shown first", "", "won"]["value"] == ""
    flattery = by_name["flattery", "", "shift"]
    assert (flattery["part"], flattery["scorer"], flattery["kind"], flattery["alarm"]) == (
        "scorer",
        "leans",
        "hack",
        "True",
    )
    assert by_name["length", "", "jointly"]["alarm"] == ""
    assert by_name["", "", "scale"]["value"] == "1.37"
    assert audit_rows(audit(data=())) == []


def test_a_failure_leaves_the_older_page(tmp_path: Path) -> None:
    target = tmp_path / "index.html"
    target.write_text("older")
    with pytest.raises(InputError):
        write_audit_page({}, target)
    assert target.read_text() == "older"
    with pytest.raises(RewardmeterError, match="could not be written"):
        write_audit_page(three().to_dict(), tmp_path)


def test_sixty_scorers_and_sixty_probes_stay_under_six_megabytes() -> None:
    counts = {"applied": 390, "not_applicable": 7, "check_failed": 2, "unscored": 1}
    others = {name: near(0.3) for name in ("jointly", "accuracy_when_more", "accuracy_when_less")}
    probes = tuple(probe(f"probe {i}", "hack", "shift", i / 60, counts=counts, others=others) for i in range(60))
    text = TEXT * 20
    spans = [{"start": i, "stop": i + 40, "effect": float(i)} for i in range(0, 1500, 50)]
    texts = (attribution(text, spans=spans),) * 20
    scorers = [ScorerAudit(f"scorer {i}", "f" * 32, near(1.0), probes, attributions=texts) for i in range(60)]
    page = page_of(audit(scorers))
    assert 1_000_000 < len(page.encode()) < 6_000_000
    kept = [len(row["attributions"]) for row in Page(page).block("board")["board"]]
    assert 1 <= min(kept) <= max(kept) <= min(kept) + 1 < 20


# ---- colours


def test_text_can_be_read_on_the_shades_of_faults_which_get_steadily_stronger() -> None:
    """Contrast of at least 4.5 (WCAG 2.2, AA)."""
    on = dict.fromkeys(("w0", "w1", "w2", "w3"), "on-light") | {"w4": "on-middle", "w5": "on-dark", "w6": "on-dark"}
    for theme in tokens(page_of(audit())):
        for shade, text in on.items():
            assert contrast(theme[text], theme[shade]) >= 4.5, shade
        for ground in ("paper", "wash", "accent-wash"):
            assert contrast(theme["alarm"], theme[ground]) >= 4.5, ground
        steps = [luminance(theme[f"w{i}"]) for i in range(7)]
        assert steps == sorted(steps) or steps == sorted(steps, reverse=True)
