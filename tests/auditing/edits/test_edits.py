"""Every edit on responses in several languages, scripts and on code: what applies, what not, and why."""

from __future__ import annotations

import re
import time
from collections import Counter

import numpy as np
import pytest
from edit_samples import SAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.auditing.edits import EDITS, KINDS, Changed, Material, NotApplicable, apply_edit, edits_named
from rewardmeter.auditing.edits.reasons import EMPTY
from rewardmeter.errors import UnknownNameError

NAMES = [edit.name for edit in EDITS]
BY_NAME = {edit.name: edit for edit in EDITS}
CODE, EAST_ASIAN = "the response is code", ("zh", "ja")
MARKS, ITEMS = "no Markdown to take away", "no list whose order is free"
SMALL, COMMENTS = "no sentence starts that could be lower case", "no code whose comments are known"
NOT_APPLICABLE = {
    "closing restatement": {"code": CODE},
    "pleasantries": {"code": CODE},
    "heading": {"code": CODE},
    "added emoji": {"code": CODE},
    "white space": {"code": CODE},
    "markdown on": {"code": CODE},
    "markdown off": {"code": CODE, **dict.fromkeys(("zh", "ja", "ar", "fenced"), MARKS)},
    "bullets": {"code": CODE, **dict.fromkeys(("en", "fenced"), "no plain paragraph of three sentences")},
    "small letters": {"code": CODE, **dict.fromkeys(("ru", "zh", "ja", "ar"), SMALL)},
    "quotation marks": {"code": CODE, "fenced": "no pair of quotation marks"},
    "list order": {"code": CODE, **dict.fromkeys(("zh", "ja", "ar", "fenced"), ITEMS)},
    "code comments": dict.fromkeys(("en", "de", "ru", "zh", "ja", "ar"), COMMENTS),
    "number swap": {"code": CODE},
    "date swap": {"code": CODE, "fenced": "no date"},
    "unit change": {"code": CODE, "fenced": "no unit beside a number"},
    "negation swap": {"code": CODE},
    "entity swap": {
        "code": CODE,
        "fenced": "no name found",
        **dict.fromkeys(("zh", "ja", "ar"), "this script does not mark names"),
    },
    "dropped sentence": {"code": CODE},
    "dropped source fact": {"code": CODE, "fenced": "no sentence shares words with prompt or reference"},
    "shuffled words": {"code": CODE},
    "wrong language": {"code": "its language is not known"},
    "agreement with a false premise": {"code": CODE, "fenced": "no number, date or negation to make wrong"},
    "confident and wrong": {"code": CODE},
    "keyword stuffing": {"ja": "too few words in the prompt"},
}
"""By edit and sample; what is not listed applies."""


def applied(name, sample, seed=0):
    return apply_edit(BY_NAME[name], SAMPLES[sample], np.random.default_rng(seed))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sample", SAMPLES)
def test_what_applies_to_what(name, sample):
    expected = NOT_APPLICABLE.get(name, {}).get(sample)
    made = applied(name, sample)
    if expected is not None:
        assert made == NotApplicable(expected)
        assert expected in BY_NAME[name].unless
    else:
        assert isinstance(made, Changed), made
        assert made == applied(name, sample), "the same seed makes the same text"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("blank", ["", " \n\t"])
def test_nothing_is_done_to_an_empty_response(name, blank):
    made = apply_edit(BY_NAME[name], Material(blank, "Why?", ("Another one.",), ("A.",)), np.random.default_rng(0))
    assert made == NotApplicable(EMPTY)


@pytest.mark.parametrize(
    ("name", "sample", "shows"),
    [
        ("closing restatement", "en", "\n\nIn short: The river Thames flows through London for 45 km."),
        ("closing restatement", "ar", "\n\nباختصار: يمر نهر النيل"),
        ("pleasantries", "zh", "好的！以下是我的回答。\n\n长江"),
        ("heading", "ru", "## Ответ\n\nРека"),
        ("white space", "en", "45 km.  It was bridged"),
        ("markdown on", "zh", "**长江流经武汉**，全长"),
        ("markdown on", "de", "**Der Rhein fließt** durch"),
        ("markdown off", "en", "\nthe view from the tower\n"),
        ("bullets", "ja", "- 信濃川は新潟を流れ、長さは367キロメートルです。\n- この橋は"),
        ("small letters", "en", "the river Thames flows through London for 45 km. it was"),
        ("quotation marks", "en", "“open”"),
        ("quotation marks", "ja", '"萬代橋"'),
        ("unit change", "en", "for 45 m."),
        ("unit change", "zh", "6300米"),
        ("unit change", "ar", "٦٦٥٠ متر "),
        ("negation swap", "en", "The bridge can be crossed"),
        ("negation swap", "de", "ist neu."),
        ("negation swap", "ru", "и он является новым"),
        ("negation swap", "zh", "但卡车能通过"),
        ("negation swap", "ja", "渡ることができません。"),
        ("negation swap", "ar", ". يمكن للشاحنات"),
        ("entity swap", "en", "Tickets are sold in Vienna"),
        ("entity swap", "de", "sagte Peter Krause der"),
        ("entity swap", "ru", "Город «Омске»"),
        ("copied prompt", "ar", SAMPLES["ar"].prompt),
        ("refusal", "de", "Es tut mir leid"),
        ("keyword stuffing", "en", "Keywords: Where, does, river, Thames, flow, built, bridge"),
    ],
)
def test_what_it_looks_like(name, sample, shows):
    assert shows in applied(name, sample).response


@pytest.mark.parametrize("sample", ["en", "de", "ru", "zh", "ja", "ar"])
def test_numbers_stay_in_their_digits_and_dates_stay_dates(sample):
    before = SAMPLES[sample].response
    for seed in range(20):
        for name in ("number swap", "date swap"):
            after = applied(name, sample, seed).response
            numbers = [re.findall(r"\d+", text) for text in (before, after)]
            changed = [(one, other) for one, other in zip(*numbers, strict=True) if one != other]
            assert len(changed) <= 1
            for one, other in changed:
                assert one.isascii() == other.isascii()
                assert len(one) == len(other) or name == "date swap"
                assert 1000 <= int(other) <= 2020 or name == "number swap" or 1 <= int(other) <= 12


def test_a_list_is_shuffled_only_where_nothing_tells_an_order():
    edit = BY_NAME["list order"]
    free = "Bring:\n\n- bread\n- milk\n- eggs\n"
    made = apply_edit(edit, Material(free), np.random.default_rng(3))
    assert isinstance(made, Changed)
    assert sorted(made.response) == sorted(free)
    bound = [
        "1. bread\n2. milk\n3. eggs\n",
        "- First, boil the water\n- add the tea\n- wait\n",
        "- bread\n- milk\n  - of a cow\n- eggs\n- tea",
        "- (A) bread\n- (B) milk\n- (C) eggs\n",
        "- bread,\n- milk, and\n- eggs\n",
        "- bread\n- milk\n- see the above\n",
        "- bread\n- milk\n",
        "```yaml\n- bread\n- milk\n- eggs\n```\n",
        "- same\n- same\n- same\n",
    ]
    for text in bound:
        assert isinstance(apply_edit(edit, Material(text), np.random.default_rng(3)), NotApplicable), text


def test_numbers_that_only_count_lines_steps_and_versions_are_left_alone():
    for text in (
        "1. Take it.\n2. Leave it.",
        "Step 2: stir it well.",
        "See section 4 and figure 2 of it.",
        "GPT-4 and v2.1 and H2O and 10.0.0.1 are names.",
        "Call `f(3)` and see https://example.org/5 for it.",
        "```\nx = 4\n```\nThat was it.",
        "It was on 12 March 1831, on the 3rd of May and on 2024-05-17.",
        "会议于 2008 年 5 月 17 日举行。",
    ):
        for seed in range(5):
            made = apply_edit(BY_NAME["number swap"], Material(text), np.random.default_rng(seed))
            assert isinstance(made, NotApplicable), (text, made)


@pytest.mark.parametrize(
    ("text", "applies"),
    [
        ("The firm began in 1984.", True),
        ("It rose (1984) and fell.", True),
        ("The 1984 boxes are full.", False),
        ("It was due on 2024-02-29, they said.", True),
        ("It was due on 3/14/2015, they said.", True),
        ("They may 5 times try, and march 3 miles.", False),
        ("Er kam am 3. Mai nach Hause.", True),
        ("Il est né le 14 juillet 1789.", True),
        ("Nació el 2 de enero de 1950.", True),
        ("会议于5月17日举行。", True),
        ("会议于 5 月 17 日举行。", True),
        ("会议于 2008 年 举行。", True),
        ("وصل في ١٥ مايو ١٩٣١ إلى هنا", True),
    ],
)
def test_which_dates_are_seen(text, applies):
    for seed in range(10):
        made = apply_edit(BY_NAME["date swap"], Material(text), np.random.default_rng(seed))
        assert isinstance(made, Changed) == applies, made


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The tool is not in the box.", "The tool is in the box."),
        ("The tools aren't in the box, and the key is in it.", "The tools are in the box, and the key is in it."),
        ("That is the one that you don't have in the box.", "That is the one that you have in the box."),
        ("The man won't be at the house for it.", "The man will be at the house for it."),
        ("Das ist für die Stadt kein guter Tag und auch so.", "Das ist für die Stadt ein guter Tag und auch so."),
        ("Il n'est pas dans la maison et il est tard.", "Il est dans la maison et il est tard."),
        ("Les enfants ne sont pas dans la maison.", "Les enfants sont dans la maison."),
        ("El perro no es de la casa y es de los niños.", "El perro es de la casa y es de los niños."),
        ("Il cane non è nella casa che è di una donna.", "Il cane è nella casa che è di una donna."),
        ("O cão não é da casa que é de uma mulher.", "O cão é da casa que é de uma mulher."),
        ("De hond is niet in het huis van een vrouw.", "De hond is in het huis van een vrouw."),
        ("Он не был в городе, и это было так.", "Он был в городе, и это было так."),
        ("这不是一个好办法。", "这是一个好办法。"),
        ("他并没有去北京。", "他去北京。"),
        ("彼は東京に行きません。", "彼は東京に行きます。"),
        ("هذا ليس صحيحا على الإطلاق.", "هذا صحيحا على الإطلاق."),
    ],
)
def test_a_negation_is_taken_out(before, after):
    assert apply_edit(BY_NAME["negation swap"], Material(before), np.random.default_rng(0)) == Changed(after)


@pytest.mark.parametrize(
    "before",
    [
        "The tool is in the box that was here.",
        "Der Hund ist in dem Haus, und das ist gut so.",
        "Le chien est dans la maison de la femme.",
        "El perro está en la casa de los niños.",
        "Il cane è nella casa che ha una donna.",
        "O cão é da casa que tem uma mulher.",
        "De hond is in het huis van een vrouw.",
        "Собака может быть в доме, и это так.",
        "我们可以在桥上步行。",
        "彼は東京に行きます。",
        "يمكن عبور الجسر في الليل.",
    ],
)
def test_a_negation_is_put_in(before):
    made = apply_edit(BY_NAME["negation swap"], Material(f"{before} {before}"), np.random.default_rng(0))
    assert isinstance(made, Changed), made


def test_questions_and_safe_wordings_are_not_negated():
    for text in (
        "Is the man in the house that is not here?",
        "是不是这样？",
        "すみません。",
        "それは正しいかもしれません。",
    ):
        made = apply_edit(BY_NAME["negation swap"], Material(text), np.random.default_rng(0))
        assert isinstance(made, NotApplicable), (text, made)


def test_a_false_premise_changes_the_prompt_too():
    material = SAMPLES["zh"]
    made = applied("agreement with a false premise", "zh")
    assert made.prompt.startswith(material.prompt)
    claim = made.prompt.split("：")[-1]
    assert claim in made.response
    assert claim not in material.response
    assert {edit.name for edit in EDITS if getattr(applied(edit.name, "en"), "prompt", None)} == {
        "agreement with a false premise"
    }


def test_edits_are_found_by_name_and_kind():
    assert len(set(NAMES)) == len(NAMES)
    assert edits_named(KINDS) == EDITS
    assert [edit.name for edit in edits_named(["Number Swap", "heading", "number swap"])] == ["heading", "number swap"]
    assert {edit.kind for edit in edits_named(["hack"])} == {"hack"}
    assert edits_named([]) == ()
    with pytest.raises(UnknownNameError, match="'number swap'"):
        edits_named(["numbr swap"])
    with pytest.raises(UnknownNameError, match="'breaking'"):
        edits_named(["braking"])


FRAGMENTS = (
    'The |is not |12 |km|March |1984|. |。|\n|\n\n|- |**|```|`|"|“|$|\\[|# |不是|です。|ليس |не |можно |?|!|x = 1;\n'
    "|def f():\n|{|}|> |1. |🙂|Paris |و |the |a"
)
PIECES = st.sampled_from(FRAGMENTS.split("|"))
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join))


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=2), st.integers(0, 3))
def test_any_text_is_changed_as_declared_or_left_alone(response, prompt, others, seed):
    material = Material(response, prompt, tuple(others), tuple(others[:1]))
    for edit in EDITS:
        made = apply_edit(edit, material, np.random.default_rng(seed))
        assert not isinstance(made, str), (edit.name, made)
        if isinstance(made, NotApplicable):
            assert made.reason in edit.unless, edit.name
        else:
            assert made.response != response, edit.name


LONG, NATURAL = 100_000, 25_000
HUGE = {
    **{
        one: one * LONG
        for one in ("a", " ", "\n", "1", "#", "*", "`", '"', "(", "$", ".", "。", "不", "-", "<", "A", "_", "|")
    },
    **{
        one: (one * LONG)[:LONG]
        for one in ("\\[", "\\(", "a.", "a b ", "1,", "- a\n", "``` ", "**a", "A a ", "# ", "```\n", "$1 ")
    },
    "sentences": ("The man is not in the house for 12 km. " * LONG)[:NATURAL],
    "list": ("- the man has 3 km\n" * LONG)[:NATURAL],
    "chinese": ("这不是一个好办法，共3公里。" * LONG)[:NATURAL],
}


@pytest.mark.parametrize("name", HUGE)
def test_no_long_text_takes_long(name):
    material = Material(HUGE[name], HUGE[name], (HUGE["sentences"], "Another one in Paris."), (HUGE[name],))
    for edit in EDITS:
        start = time.process_time()
        made = apply_edit(edit, material, np.random.default_rng(0))
        took = time.process_time() - start
        assert not isinstance(made, str), (edit.name, made)
        assert took < 5, (edit.name, took)


def sabotaged(made, material):
    """Texts that are not what the edit should make: back to the start, too much, something else gone or put in."""
    text, middle = made.response, len(made.response) // 2
    yield "unchanged", material.response
    yield "something after it", f"{text} zz9"
    yield "something before it", f"Qq7 {text}"
    yield "something in the middle", f"{text[:middle]} Qq7 {text[middle:]}"
    yield "lost its middle", text[: max(0, middle - 8)] + text[middle + 9 :]
    yield "another text", "Qq7 zz9 and nothing else that was said."


@pytest.mark.parametrize("name", NAMES)
def test_a_check_rejects_what_the_edit_did_not_make(name):
    edit, seen = BY_NAME[name], Counter()
    for sample, material in SAMPLES.items():
        made = applied(name, sample)
        if not isinstance(made, Changed):
            continue
        assert edit.check(material, made) == ""
        for what, text in sabotaged(made, material):
            if text != made.response:
                assert edit.check(material, Changed(text, made.prompt)), (sample, what)
                seen[what] += 1
    assert len(seen) == 6, "every kind of sabotage was tried"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It costs 5 € now.", "It costs 5 £ now."),
        ("It rose by 3% then.", "It rose by 3‰ then."),
        ("It is 20 °C there.", "It is 20 °F there."),
        ("It is a 5-mile walk of 3 hours.", "It is a 5-mile walk of 3 minutes."),
        ("Es dauert 3 Stunden.", "Es dauert 3 Minuten."),
        ("Это стоит 5 рублей.", "Это стоит 5 копеек."),
    ],
)
def test_units_are_changed_without_conversion(before, after):
    assert apply_edit(BY_NAME["unit change"], Material(before), np.random.default_rng(0)) == Changed(after)


def test_dollars_of_formulas_are_no_money():
    for text in ("We get $5$ here.", r"So $5 + x = \frac{1}{2}$ it is.", "Let $3x$ be $5y$ or so.", "`cost $5 now`"):
        assert isinstance(apply_edit(BY_NAME["unit change"], Material(text), np.random.default_rng(0)), NotApplicable)
    assert isinstance(
        apply_edit(BY_NAME["unit change"], Material("It costs $5 now."), np.random.default_rng(0)), Changed
    )


def test_bullets_keep_what_stands_between_sentences():
    made = apply_edit(
        BY_NAME["bullets"], Material("One is here. . Two is there. Three is away."), np.random.default_rng(0)
    )
    assert made == Changed("- One is here. .\n- Two is there.\n- Three is away.")


def test_comments_keep_first_lines_first_and_leave_unknown_languages_alone():
    edit = BY_NAME["code comments"]
    script = "```sh\n#!/bin/sh\necho one\n```"
    made = apply_edit(edit, Material(script), np.random.default_rng(0))
    assert isinstance(made, Changed)
    assert made.response.startswith("```sh\n#!/bin/sh\n# ")
    for text in ('```json\n{"a": 1}\n```', "```\nx = 1\n```", "```python\nx = 1\n", "```brainfuck\n+\n```"):
        assert isinstance(apply_edit(edit, Material(text), np.random.default_rng(0)), NotApplicable), text
    for language, mark in (("js", "// "), ("sql", "-- "), ("html", "<!-- "), ("css", "/* ")):
        made = apply_edit(edit, Material(f"```{language}\nx\n```"), np.random.default_rng(0))
        assert made.response.startswith(f"```{language}\n{mark}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("See the **big** *small* one at `**x**`.", "See the big small one at `**x**`."),
        ("## One\n\n> * two\n\n3. **four**", "One\n\ntwo\n\n3. four"),
        ("- 2 * 3 * 4 = 24", "2 * 3 * 4 = 24"),
        ("这是**重点**内容。", "这是重点内容。"),
    ],
)
def test_markdown_is_taken_away_and_products_stay(before, after):
    assert apply_edit(BY_NAME["markdown off"], Material(before), np.random.default_rng(0)) == Changed(after)
