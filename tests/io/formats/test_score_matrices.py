"""Nested summary scores (SummEval, REALSumm) and matrices with a list per system (HANNA)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardmeter.errors import InputError
from rewardmeter.io.formats.matrix import read_matrix
from rewardmeter.io.formats.nested import read_nested
from rewardmeter.io.formats.options import ReadOptions


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def scores(item: str, system: str, **metrics: Any) -> dict[str, Any]:
    return {"instance_id": item, "summarizer_id": system, "summarizer_type": "peer", "metrics": metrics}


def test_files_of_a_folder_are_joined(tmp_path: Path) -> None:
    write(
        tmp_path / "human.jsonl",
        scores("d1", "A", expert={"fluency": [4, 2, 3]}, turker={"fluency": [5, 5]}),
        scores("d1", "B", expert={"fluency": [1, 1, 1]}, turker={"fluency": [2, 2]}),
    )
    write(tmp_path / "metrics.jsonl", scores("d1", "B", rouge={"f1": 0.5}), scores("d1", "A", rouge={"f1": 0.25}, m=3))
    write(
        tmp_path / "texts.jsonl",
        {"instance_id": "d1", "source": "long", "references": ["r", "s"], "systems": {"A": "a text", "B": "b text"}},
    )
    write(tmp_path / "other.jsonl", {"a": 1})
    data = read_nested(tmp_path)
    assert data.item_ids == ["d1"]
    assert data.systems == ("A", "B")
    assert list(data.response_text) == ["a text", "b text"]
    assert data.prompts == ["long"]
    assert data.references == [("r", "s")]
    assert data.ratings is not None
    assert data.ratings.raters == ("expert-1", "expert-2", "expert-3", "turker-1", "turker-2")
    assert data.ratings.mean(2, "expert_fluency").tolist() == [3.0, 1.0]
    assert data.ratings.mean(2, "turker_fluency").tolist() == [5.0, 2.0]
    np.testing.assert_array_equal(data.recorded["rouge_f1"].values, [0.25, 0.5])
    np.testing.assert_array_equal(data.recorded["m"].values, [3.0, np.nan])
    assert "Left out, because it has another shape: other.jsonl." in data.origin.notes


def test_single_human_numbers_are_known_by_name_or_mapping(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", scores("d1", "A", litepyramid={"recall": 0.5}, pyr={"x": 2}, bleu=1))
    data = read_nested(path)
    assert data.ratings is not None
    assert (data.ratings.aspects, data.ratings.value.tolist()) == (("litepyramid_recall",), [0.5])
    assert list(data.recorded) == ["pyr_x", "bleu"]
    path = write(tmp_path / "b.jsonl", scores("d1", "A", pyr={"x": 2}, bleu=1))
    data = read_nested(path, ReadOptions(mapping={"rating": "pyr_x"}))
    assert data.ratings is not None
    assert (data.ratings.aspects, data.ratings.value.tolist()) == (("overall",), [2.0])
    assert list(data.recorded) == ["bleu"]


def test_nested_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a.jsonl, line 2: the record has another shape"):
        read_nested(write(tmp_path / "a.jsonl", scores("d1", "A", m=1), {"instance_id": "d2"}))
    write(tmp_path / "a.jsonl", scores("d1", "A", m=1))
    write(tmp_path / "b.jsonl", scores("d1", "A", m=2))
    with pytest.raises(InputError, match=r"b.jsonl, line 1, column 'score.m': .* 2 here and 1 on line 1 of a.jsonl"):
        read_nested(tmp_path)
    with pytest.raises(InputError, match=r"column 'x_y': two metrics of the tree would have this name"):
        read_nested(write(tmp_path / "d.jsonl", scores("d1", "A", x_y=1, x={"y": 2})))
    (tmp_path / "c").mkdir()
    with pytest.raises(InputError, match="no file of the folder holds nested scores"):
        read_nested(tmp_path / "c")


MATRIX = """Model,Relevance,Fluency,Human 1,Human 2,BLEU,Length
A,"[1.0, 2.0, 3.0]","[1, 1, 1]","[1, 2, 3]","[1, 2, nan]","[0.5, 0.25, 0.125]","[10, 20, 30]"
B,"[2.0, 2.0, 2.0]","[1, 1, 1]","[2, 2, 2]","[2, 2, 2]","[0.5, NaN, 0.5]","[11, 21, 31]"
"""


def test_matrix_with_a_list_per_system(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(MATRIX, encoding="utf-8")
    data = read_matrix(path, ReadOptions(mapping={"rating": "Relevance+Fluency", "score": "BLEU"}))
    assert data.item_ids == ["1", "2", "3"]
    assert data.systems == ("A", "B")
    assert data.ratings is not None
    assert data.ratings.mean(6, "Relevance").tolist() == [1.0, 2.0, 2.0, 2.0, 3.0, 2.0]
    np.testing.assert_array_equal(data.recorded["BLEU"].values, [0.5, 0.5, 0.25, np.nan, 0.125, 0.5])
    assert "score BLEU: 1 cells are NaN and count as missing." in data.origin.notes
    data = read_matrix(path, ReadOptions(mapping={"rating.x@1": "Human 1", "rating": "Relevance"}))
    assert list(data.recorded) == ["Fluency", "Human 2", "BLEU", "Length"]
    assert data.ratings is not None
    assert data.ratings.raters == ("1",)


def test_matrix_errors(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(MATRIX, encoding="utf-8")
    with pytest.raises(InputError, match=r"nothing says which of the 6 columns of lists are human .* --map rating="):
        read_matrix(path)
    with pytest.raises(InputError, match=r"line 2, column 'Human 2': nan is no rating"):
        read_matrix(path, ReadOptions(mapping={"rating": "Human 2"}))
    path.write_text('Model,x,y\nA,"[1, 2]","[1, 2]"\nB,"[1, 2]","[1, 2, 3]"\n', encoding="utf-8")
    with pytest.raises(InputError, match="all lists of a row must be equally long"):
        read_matrix(path, ReadOptions(mapping={"rating": "x"}))
