"""The pairwise table: how preferences and verdicts are spelled, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_content import content

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.io.formats.options import ReadOptions
from rewardmeter.io.formats.pairwise import read_pairwise
from rewardmeter.io.formats.write import write_pairwise


def table(tmp_path: Path, text: str, **mapping: Any) -> Dataset:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    return read_pairwise(path, ReadOptions(mapping=mapping))


def spelled(tmp_path: Path, *cells: str) -> list[float]:
    rows = "".join(f"p{i},x,y,{cell}\n" for i, cell in enumerate(cells))
    data = table(tmp_path, f"prompt,response_a,response_b,preference\n{rows}")
    assert data.preferences is not None
    return data.preferences.probability.tolist()


def test_every_column_finds_its_place(tmp_path: Path) -> None:
    data = table(
        tmp_path,
        "prompt,response_a,response_b,system_a,system_b,preference,rater,reference,set"
        ",verdict.j,verdict_swapped.j,verdict.k,score_a.m,score_b.m\n"
        "p,x,y,A,B,a,ann,r,s,a,b,none,1.5,2.5\n"
        "p,x,y,A,B,tie,ben,r,s,tie,,,1.5,2.5\n"
        "p,x,z,A,C,b,ann,r,s,B,A,a,1.5,\n",
    )
    assert data.systems == ("A", "B", "C")
    assert data.references == [("r",)]
    assert data.columns == {"set": ["s"]}
    p = data.preferences
    assert p is not None
    assert list(zip(p.a.tolist(), p.b.tolist(), p.probability.tolist(), p.rater.tolist(), strict=True)) == [
        (0, 1, 1.0, 0),
        (0, 1, 0.5, 1),
        (0, 2, 0.0, 0),
    ]
    judge, single = data.recorded["j"], data.recorded["k"]
    np.testing.assert_array_equal(judge.first, [1.0, 0.0, -1.0])
    np.testing.assert_array_equal(judge.second, [-1.0, np.nan, 1.0])
    np.testing.assert_array_equal(single.first, [np.nan, np.nan, 1.0])
    assert single.second is None
    assert single.asked is not None
    assert single.asked.tolist() == [True, False, True]
    assert single.asked_second is None
    assert judge.asked is not None
    assert judge.asked_second is not None
    assert (judge.asked.tolist(), judge.asked_second.tolist()) == ([True] * 3, [True, False, True])
    np.testing.assert_array_equal(data.recorded["m"].values, [1.5, 2.5, np.nan])
    assert data.origin.notes[0] == (
        "Pairwise table: 3 rows, 1 items, 3 responses, 3 pairs (1 tied), 3 recorded scorers."
    )


def test_each_order_says_for_itself_whether_it_was_asked(tmp_path: Path) -> None:
    columns = "prompt,response_a,response_b,preference,verdict.j,verdict_swapped.j,verdict_swapped.k"
    data = table(tmp_path, f"{columns}\np,x,y,a,,b,a\nq,x,y,a,none,,\nr,x,y,a,a,none,none\ns,x,y,a,,,\n")
    both, swapped = data.recorded["j"], data.recorded["k"]
    np.testing.assert_array_equal(both.first, [np.nan, np.nan, 1.0, np.nan])
    np.testing.assert_array_equal(both.asked, [False, True, True, False])
    np.testing.assert_array_equal(both.second, [-1.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(both.asked_second, [True, False, True, False])
    np.testing.assert_array_equal(swapped.asked, [False] * 4)
    np.testing.assert_array_equal(swapped.asked_second, [True, False, True, False])
    write_pairwise(data, tmp_path / "again.csv")
    assert content(read_pairwise(tmp_path / "again.csv")) == content(data)


def test_spellings(tmp_path: Path) -> None:
    assert spelled(tmp_path, "a", "B", "Tie") == [1.0, 0.0, 0.5]
    assert spelled(tmp_path, "model_a", "response_b", "tie (bothbad)") == [1.0, 0.0, 0.5]
    assert spelled(tmp_path, "A>B", "B>>A", "A=B") == [1.0, 0.0, 0.5]
    assert spelled(tmp_path, "0", "0.25", "1") == [0.0, 0.25, 1.0]
    assert spelled(tmp_path, "1", "2", "1") == [1.0, 0.0, 1.0]
    assert spelled(tmp_path, "1", "1") == [1.0, 1.0]


def test_codes_are_stated(tmp_path: Path) -> None:
    data = table(tmp_path, "prompt,response_a,response_b,preference\np,x,y,2\n")
    assert "The preference 1 is read as a (the first response), 2 as b." in data.origin.notes


@pytest.mark.parametrize(
    ("cells", "line", "problem", "fix"),
    [
        (("a", "c"), 3, "'c' is no preference", "Write a, b or tie"),
        (("0", "1", "2"), 4, "'2' is no preference", "0, 1 and 2"),
        (("0.5", "1.5"), 3, "'1.5' is no preference", "Write a, b or tie"),
        (("a", "b", "1"), 4, "'1' in a column that has both words and numbers", "Write a, b or tie"),
        (("0.5", "0.25", "a"), 4, "'a' in a column that has both words and numbers", "Write a, b or tie"),
        (("0.5", "nan"), 3, "'nan' is no preference", "Write a, b or tie"),
    ],
)
def test_what_is_no_preference(tmp_path: Path, cells: tuple[str, ...], line: int, problem: str, fix: str) -> None:
    with pytest.raises(InputError) as caught:
        spelled(tmp_path, *cells)
    assert (caught.value.line, caught.value.column) == (line, "preference")
    assert problem in caught.value.problem
    assert fix in str(caught.value.fix)


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("system_a,system_b,preference\nA,A,a\n", 2, None, "a response is compared with itself"),
        ("prompt,response_a,response_b,preference,verdict.j\np,x,y,a,maybe\n", 2, "verdict.j", "'maybe' is no verdict"),
        ("prompt,response_a,response_b,preference,score_b.m\np,x,y,a,inf\n", 2, "score_b.m", "'inf' is not finite"),
    ],
)
def test_bad_rows(tmp_path: Path, text: str, line: int, column: str | None, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        table(tmp_path, text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert problem in caught.value.problem


def test_rows_without_preference_are_counted(tmp_path: Path) -> None:
    data = table(tmp_path, "prompt,response_a,response_b,preference,verdict.j\np,x,y,,a\nq,x,y,b,b\n")
    assert data.preferences is not None
    assert data.preferences.probability.tolist() == [0.0]
    np.testing.assert_array_equal(data.recorded["j"].first, [-1.0])
    assert "1 rows have no preference and are left out of the pairs." in data.origin.notes


def test_nan_scores_are_counted(tmp_path: Path) -> None:
    data = table(tmp_path, "prompt,response_a,response_b,preference,score_a.m,score_b.m\np,x,y,a,nan,\nq,x,y,b,1,NaN\n")
    np.testing.assert_array_equal(data.recorded["m"].values, [np.nan, np.nan, 1.0, np.nan])
    assert "2 score cells are NaN and count as missing." in data.origin.notes


def test_texts_may_be_absent(tmp_path: Path) -> None:
    data = table(tmp_path, "item,system_a,system_b,preference\n1,A,B,a\n1,B,C,a\n2,A,B,tie\n")
    assert data.n_responses == 5
    assert not data.has_texts


def test_equal_texts_stay_two_responses(tmp_path: Path) -> None:
    data = table(tmp_path, "prompt,response_a,response_b,preference\np,x,x,tie\n")
    assert list(data.response_text) == ["x", "x"]
    assert data.preferences is not None
    assert (data.preferences.a[0], data.preferences.b[0]) == (0, 1)


def test_chats_share_their_beginning(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"conversation_a": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "x"}],'
        ' "conversation_b": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "y"}],'
        ' "winner": "model_b", "model_a": "A", "model_b": "B"}\n',
        encoding="utf-8",
    )
    mapping = {"response_a": "conversation_a", "response_b": "conversation_b", "preference": "winner"}
    data = read_pairwise(path, ReadOptions(mapping={**mapping, "system_a": "model_a", "system_b": "model_b"}))
    assert list(data.response_text) == ["x", "y"]
    assert data.preferences is not None
    assert data.preferences.probability.tolist() == [0.0]
    assert data.systems == ("A", "B")
