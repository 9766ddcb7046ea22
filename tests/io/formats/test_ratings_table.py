"""The ratings table: what each column becomes, what is merged, and which rows contradict each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.formats.options import ReadOptions
from rewardmeter.io.formats.ratings import read_ratings
from rewardmeter.types import Message, Outcome


def table(tmp_path: Path, text: str, **mapping: Any) -> Dataset:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    return read_ratings(path, ReadOptions(mapping=mapping))


def lines(tmp_path: Path, *records: dict[str, Any], **mapping: Any) -> Dataset:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return read_ratings(path, ReadOptions(mapping=mapping))


FULL = """\
item,prompt,reference,system,response,rater,rating.fluency,rating.adequacy,score.bleu,domain
1,Say hi,Hi!,A,Hello,ann,4,5,0.5,chat
1,Say hi,Hi!,A,Hello,ben,3,,0.5,chat
1,Say hi,Hi!,B,Hey,ann,2,1,0.25,chat
2,Say bye,Bye!,A,,ann,1,1,,news
"""


def test_every_column_finds_its_place(tmp_path: Path) -> None:
    data = table(tmp_path, FULL)
    assert data.item_ids == ["1", "2"]
    assert data.prompts == ["Say hi", "Say bye"]
    assert data.references == [("Hi!",), ("Bye!",)]
    assert data.columns == {"domain": ["chat", "news"]}
    assert data.systems == ("A", "B")
    assert list(data.response_text) == ["Hello", "Hey", ""]
    assert data.response_item.tolist() == [0, 0, 1]
    ratings = data.ratings
    assert ratings is not None
    assert ratings.aspects == ("fluency", "adequacy")
    assert ratings.raters == ("ann", "ben")
    rows = zip(ratings.response, ratings.rater, ratings.aspect, ratings.value, strict=True)
    assert sorted((int(a), int(b), int(c), float(d)) for a, b, c, d in rows) == [
        (0, 0, 0, 4.0),
        (0, 0, 1, 5.0),
        (0, 1, 0, 3.0),
        (1, 0, 0, 2.0),
        (1, 0, 1, 1.0),
        (2, 0, 0, 1.0),
        (2, 0, 1, 1.0),
    ]
    bleu = data.recorded["bleu"]
    assert bleu.values is not None
    assert bleu.outcomes is not None
    np.testing.assert_array_equal(bleu.values, [0.5, 0.25, np.nan])
    assert bleu.outcomes.tolist() == [Outcome.SCORED, Outcome.SCORED, Outcome.MISSING]
    assert data.origin.format == "ratings table (CSV)"
    assert data.origin.gold == "ratings by 2 raters"
    assert data.origin.notes[0] == (
        "Ratings table: 4 rows, 2 items, 2 systems, 3 responses, 7 ratings on fluency, adequacy, 1 recorded scorers."
    )


def test_json_and_csv_say_the_same(tmp_path: Path) -> None:
    header, *rows = (line.split(",") for line in FULL.splitlines())
    records = [{k: v if k == "response" or v else None for k, v in zip(header, row, strict=True)} for row in rows]
    for record in records:
        for name in ("rating.fluency", "rating.adequacy", "score.bleu"):
            record[name] = float(record[name]) if record[name] else None
    assert lines(tmp_path, *records).content_hash == table(tmp_path, FULL).content_hash


def test_rows_without_an_item_column_are_grouped_by_prompt(tmp_path: Path) -> None:
    data = table(tmp_path, "prompt,system,rating\np,A,1\nq,A,2\np,B,3\n")
    assert data.item_ids == ["1", "2"]
    assert data.prompts == ["p", "q"]
    assert data.response_item.tolist() == [0, 0, 1]
    assert data.ratings is not None
    assert data.ratings.mean(3).tolist() == [1.0, 3.0, 2.0]
    assert "rows with the same prompt are one item" in data.origin.notes[1]


def test_rows_without_item_and_prompt_are_items_of_their_own(tmp_path: Path) -> None:
    data = table(tmp_path, "system,rating\nA,1\nA,2\n")
    assert data.item_ids == ["1", "2"]
    assert "every row is an item of its own" in data.origin.notes[1]


def test_chat_prompts_and_lists_of_references(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "text", "text": "Yes?"}]}]
    expected = (Message("user", "Hi"), Message("assistant", "Yes?"))
    data = lines(tmp_path, {"prompt": chat, "references": ["a", 5], "response": "x", "rating": 1})
    assert data.prompts == [expected]
    assert data.references == [("a", "5")]
    written = json.dumps(chat).replace('"', '""')
    data = table(tmp_path, f'prompt,reference,references,response,rating\n"{written}","[1]","[""a"", ""b""]",x,1\n')
    assert data.prompts == [expected]
    assert data.references == [("[1]", "a", "b")]


def test_a_column_names_the_aspect(tmp_path: Path) -> None:
    data = table(tmp_path, "item,system,aspect,rating\n1,A,style,3\n1,A,truth,4\n")
    assert data.ratings is not None
    assert data.ratings.aspects == ("style", "truth")
    assert data.ratings.mean(1, "truth").tolist() == [4.0]
    with pytest.raises(InputError, match=r"line 2, column 'aspect': the rating has no aspect"):
        table(tmp_path, "item,system,aspect,rating\n1,A,,3\n1,B,truth,4\n")


def test_mapping(tmp_path: Path) -> None:
    text = "doc,sent,model,human,ann_x,chrF++,BLEU,Rouge 1,Rouge 2\na,1,M,3,4,0.1,1,5,6\na,2,M,1,2,0.2,2,7,8\n"
    data = table(tmp_path, text, item="doc+sent", system="model", rating="human", score="chrF+++BLEU")
    assert data.item_ids == ["a/1", "a/2"]
    assert list(data.recorded) == ["chrF++", "BLEU"]
    assert data.ratings is not None
    assert data.ratings.aspects == ("overall",)
    data = table(tmp_path, text, item="#", system="model", rating="human+ann_x", score="Rouge*+BLEU")
    assert data.item_ids == ["1", "2"]
    assert list(data.recorded) == ["Rouge 1", "Rouge 2", "BLEU"]
    assert data.ratings is not None
    assert data.ratings.aspects == ("human", "ann_x")
    data = table(tmp_path, text, **{"system": "model", "rating@h": "human", "rating@x": "ann_x", "score": "*1"})
    assert data.ratings is not None
    assert data.ratings.raters == ("h", "x")
    assert data.ratings.mean(2).tolist() == [3.5, 1.5]


def test_a_mapping_must_name_roles_and_columns_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no column named 'humann'; did you mean 'human'"):
        table(tmp_path, "item,human\n1,2\n", rating="humann")
    with pytest.raises(UnknownNameError, match="no role named 'ratin'; did you mean 'rating'"):
        table(tmp_path, "item,human\n1,2\n", ratin="human")
    with pytest.raises(UnknownNameError, match=r"no column named 'BLEU\*'"):
        table(tmp_path, "item,rating\n1,2\n", score="BLEU*")
    with pytest.raises(UnknownNameError, match="no column named '#'"):
        table(tmp_path, "item,rating\n1,2\n", system="#")
    with pytest.raises(InputError, match="system is one column, not 2"):
        table(tmp_path, "item,a,b,rating\n1,2,3,4\n", system="a+b")


def test_slice_columns(tmp_path: Path) -> None:
    text = "item,system,rating,set,code,size,noise\n1,A,1,x,007,3,p\n1,B,1,,007,3,q\n2,A,1,y,008,4.5,r\n"
    data = table(tmp_path, text)
    assert data.columns == {"set": ["x", "y"], "code": ["007", "008"], "size": [3.0, 4.5]}
    assert "Ignored, because they vary within an item: noise." in data.origin.notes
    data = lines(tmp_path, {"item": 1, "rating": 1, "flag": True, "n": 1, "tree": {"a": 1}, "gap": None})
    assert data.columns == {"flag": ["true"], "n": [1]}
    assert "Ignored, because they hold lists, objects or infinities: tree." in data.origin.notes


def test_columns_that_turn_up_late(tmp_path: Path) -> None:
    data = lines(
        tmp_path, {"item": 1, "rating": 1}, {"item": 2, "score.m": 0.5, "rater": "x", "rating": 2, "kind": "k"}
    )
    assert data.recorded["m"].values is not None
    np.testing.assert_array_equal(data.recorded["m"].values, [np.nan, 0.5])
    assert data.columns == {"kind": [None, "k"]}
    assert data.ratings is not None
    assert data.ratings.rater.tolist() == [-1, 0]


def test_responses_are_known_by_system_or_by_text(tmp_path: Path) -> None:
    by_text = table(tmp_path, "item,response,rater,rating\n1,x,a,1\n1,y,a,2\n1,x,b,3\n")
    assert by_text.n_responses == 2
    assert by_text.ratings is not None
    assert by_text.ratings.mean(2).tolist() == [2.0, 2.0]
    filled = table(tmp_path, "item,system,rater,rating\n1,A,a,1\n1,A,b,3\n")
    assert filled.n_responses == 1
    neither = table(tmp_path, "item,rating\n1,1\n1,3\n")
    assert neither.n_responses == 2


def test_ratings_given_twice(tmp_path: Path) -> None:
    data = table(tmp_path, "item,system,rater,rating\n1,A,a,1\n1,A,a,1\n1,A,b,2\n")
    assert data.ratings is not None
    assert len(data.ratings) == 2
    assert "1 ratings repeat another row exactly and are counted once." in data.origin.notes


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("item,system,rater,rating\n1,A,a,1\n2,A,a,1\n1,A,a,2\n", 4, "rating", "gives 2 here and 1 on line 2"),
        ("item,system,rating\n1,A,1\n1,A,2\n", 3, "rating", "a nameless rater gives 2 here and 1 on line 2"),
        ("item,system,response,rating\n1,A,x,1\n1,A,y,1\n", 3, "response", "another response to item '1' on line 2"),
        ("item,prompt,rating\n1,p,1\n1,q,1\n", 3, "prompt", "item '1' has other prompt than on line 2"),
        ("item,reference,rating\n1,p,1\n1,q,1\n", 3, "references", "item '1' has other references than on line 2"),
        ("item,system,score.m\n1,A,1\n1,A,2\n", 3, "score.m", "score 2 here and 1 on line 2"),
        ("item,rating\n1,1\n,1\n", 3, "item", "the cell is empty"),
        ("item,references,rating\n1,['a' 'b'],1\n", 2, "references", """"['a' 'b']" is no JSON list"""),
        ("prompt,rating\n[{'role': 'user'}],1\n", 2, "prompt", "a chat as Python prints it"),
        ("item,rating\n1,1\n2,good\n", 3, "rating", "'good' is no number"),
        ('item,rating\n1,1\n2,"1,5"\n', 3, "rating", "'1,5' is no number"),
        ("item,rating\n1,1\n2,1_000\n", 3, "rating", "'1_000' is no number"),
        ("item,rating\n1,1\n2,NaN\n", 3, "rating", "'NaN' is no rating"),
        ("item,rating\n1,1\n2,inf\n", 3, "rating", "'inf' is not finite"),
        ("item,score.m\n1,1\n2,-inf\n", 3, "score.m", "'-inf' is not finite"),
    ],
)
def test_contradictions_and_bad_cells(tmp_path: Path, text: str, line: int, column: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        table(tmp_path, text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert problem in caught.value.problem
    assert caught.value.fix or "1_000" in problem


def test_missing_ratings_and_nan_scores_are_counted(tmp_path: Path) -> None:
    data = table(tmp_path, "item,rating,score.m\n1,,nan\n2,NA,NaN\n3,1,2\n4,null,\n")
    assert data.ratings is not None
    assert data.ratings.response.tolist() == [2]
    assert "score m: 2 cells are NaN and count as missing." in data.origin.notes
    data = lines(tmp_path, {"item": 1, "rating": None, "score.m": float("nan")}, {"item": 2, "rating": True})
    assert data.ratings is not None
    assert data.ratings.value.tolist() == [1.0]
    with pytest.raises(InputError, match=r"line 1, column 'rating': nan is no rating"):
        lines(tmp_path, {"item": 1, "rating": float("nan")})
    with pytest.raises(InputError, match=r"\[1, 2\] is no number. Write one row for each number."):
        lines(tmp_path, {"item": 1, "rating": [1, 2]})


def test_no_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no rows"):
        table(tmp_path, "item,rating\n")


def test_empty_and_very_long_responses(tmp_path: Path) -> None:
    long = "word " * 1_000_000
    data = lines(tmp_path, {"prompt": "p", "response": "", "rating": 1}, {"prompt": "p", "response": long, "rating": 2})
    assert list(data.response_text) == ["", long]
    assert data.has_texts


def test_many_rows_in_several_chunks_agree_with_numpy(tmp_path: Path) -> None:
    """50,000 rows, more than one chunk: means per response as numpy computes them from the table itself."""
    rng = np.random.default_rng(1)
    item, system, rater = rng.integers(0, 700, 50_000), rng.integers(0, 20, 50_000), np.arange(50_000)
    value = rng.integers(1, 6, 50_000)
    rows = zip(item.tolist(), system.tolist(), rater.tolist(), value.tolist(), strict=True)
    data = table(tmp_path, "item,system,rater,rating\n" + "".join(f"i{a},s{b},r{c},{d}\n" for a, b, c, d in rows))
    assert data.ratings is not None
    means = data.ratings.mean(data.n_responses)
    cells = item * 20 + system
    assert data.n_responses == len(np.unique(cells))
    for j in (0, 1, 999, data.n_responses - 1):
        name = (int(data.item_ids[data.response_item[j]][1:]), int(str(data.system_of(j))[1:]))
        assert means[j] == pytest.approx(value[cells == name[0] * 20 + name[1]].mean(), abs=1e-12)
