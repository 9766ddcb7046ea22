"""Preference rows in the shapes of TRL, RewardBench and Anthropic's HH data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.io.formats.options import ReadOptions
from rewardmeter.io.formats.preferences import read_preferences
from rewardmeter.types import Message


def lines(tmp_path: Path, *records: dict[str, Any], name: str = "t.jsonl", **mapping: Any) -> Dataset:
    path = tmp_path / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return read_preferences(path, ReadOptions(mapping=mapping))


def pairs(data: Dataset) -> list[tuple[str, Any, Any]]:
    """Item, winner and loser of every preference."""
    assert data.preferences is not None
    assert set(data.preferences.probability.tolist()) <= {1.0}
    rows = zip(data.preferences.a.tolist(), data.preferences.b.tolist(), strict=True)
    return [(data.item_ids[data.response_item[a]], data.response_text[a], data.response_text[b]) for a, b in rows]


def chat(*turns: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[i % 2], "content": turn} for i, turn in enumerate(turns)]


def test_plain_rows(tmp_path: Path) -> None:
    data = lines(
        tmp_path,
        {"prompt": "p", "chosen": "x", "rejected": "y", "subset": "math", "margin": 2},
        {"prompt": "q", "chosen": "x", "rejected": "z", "subset": "math", "margin": 1.5},
        {"prompt": "p", "chosen": "x", "rejected": "w", "subset": "math", "margin": 2},
    )
    assert pairs(data) == [("1", "x", "y"), ("2", "x", "z"), ("1", "x", "w")]
    assert data.n_responses == 5
    assert data.columns == {"subset": ["math", "math"], "margin": [2, 1.5]}
    assert data.best_of_k is None
    assert data.origin.gold == "chosen over rejected"
    assert data.origin.notes[0] == "Preference rows: 3 rows, 2 items, 5 responses, 3 pairs."


def test_same_prompt_in_two_subsets_is_two_items(tmp_path: Path) -> None:
    row = {"prompt": "p", "chosen": "x", "rejected": "y"}
    data = lines(tmp_path, {**row, "subset": "a"}, {**row, "subset": "b"}, {**row, "subset": "a"})
    assert data.columns == {"subset": ["a", "b"]}
    assert pairs(data) == [("1", "x", "y"), ("2", "x", "y"), ("1", "x", "y")]
    assert "1 pairs are judged more than once; each judgment counts." in data.origin.notes


@pytest.mark.parametrize("name", ["question", "input"])
def test_ids_and_other_names_of_the_prompt(tmp_path: Path, name: str) -> None:
    data = lines(tmp_path, {"id": 7, name: "p", "chosen": "x", "rejected": "y", "rater": "ann"})
    assert data.item_ids == ["7"]
    assert data.prompts == ["p"]
    assert data.preferences is not None
    assert data.preferences.raters == ("ann",)
    assert data.preferences.rater.tolist() == [0]


def test_one_id_for_two_prompts_is_an_error(tmp_path: Path) -> None:
    rows = [{"id": 7, "prompt": prompt, "chosen": "x", "rejected": "y"} for prompt in "pq"]
    with pytest.raises(InputError, match=r"line 2, column 'prompt': item '7' has other prompt than on line 1"):
        lines(tmp_path, *rows)


@pytest.mark.parametrize(
    ("record", "prompt"),
    [
        ({"chosen": chat("p", "x"), "rejected": chat("p", "y")}, (Message("user", "p"),)),
        ({"prompt": "p", "chosen": chat("p", "x"), "rejected": chat("p", "y")}, "p"),
        ({"prompt": chat("p"), "chosen": chat("", "x")[1:], "rejected": chat("", "y")[1:]}, (Message("user", "p"),)),
        ({"prompt": chat("p"), "chosen": chat("p", "x"), "rejected": chat("p", "y")}, (Message("user", "p"),)),
        (
            {"prompt": "c", "chosen": chat("a", "b", "c", "x"), "rejected": chat("a", "b", "c", "y")},
            (Message("user", "a"), Message("assistant", "b"), Message("user", "c")),
        ),
        (
            {"prompt": "system text", "chosen": chat("p", "x"), "rejected": chat("p", "y")},
            (Message("user", "system text"), Message("user", "p")),
        ),
    ],
)
def test_chats_and_implicit_prompts(tmp_path: Path, record: dict[str, Any], prompt: Any) -> None:
    data = lines(tmp_path, record)
    assert data.prompts == [prompt]
    assert pairs(data) == [("1", "x", "y")]


def test_equal_chats_keep_their_last_message(tmp_path: Path) -> None:
    data = lines(tmp_path, {"chosen": chat("p", "x"), "rejected": chat("p", "x")})
    assert pairs(data) == [("1", "x", "x")]
    assert data.n_responses == 2
    assert "1 rows hold the same text twice; a scorer can only tie there." in data.origin.notes


def test_chats_that_part_early_keep_their_roles(tmp_path: Path) -> None:
    data = lines(tmp_path, {"chosen": chat("p", "x", "q", "z"), "rejected": chat("p", "y")})
    assert pairs(data) == [("1", "assistant: x\n\nuser: q\n\nassistant: z", "y")]


def test_whole_dialogues(tmp_path: Path) -> None:
    start = "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:"
    data = lines(
        tmp_path,
        {"chosen": f"{start} yes", "rejected": f"{start} yet\n\nHuman: d\n\nAssistant: e"},
        {"chosen": "\n\nHuman: a\n\nAssistant: x", "rejected": "\n\nHuman: a\n\nAssistant:"},
    )
    messages = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    assert data.prompts == [messages, (Message("user", "a"),)]
    assert pairs(data) == [("1", "yes", "yet\n\nHuman: d\n\nAssistant: e"), ("2", "x", "")]
    with pytest.raises(InputError, match=r"line 1: the dialogues share no beginning"):
        lines(tmp_path, {"chosen": "\n\nHuman: a\n\nAssistant: x", "rejected": "\n\nHuman: b\n\nAssistant: y"})


def test_texts_without_prompt(tmp_path: Path) -> None:
    data = lines(tmp_path, {"chosen": "x", "rejected": "y"}, {"chosen": "x", "rejected": "y"})
    assert data.prompts == []
    assert pairs(data) == [("1", "x", "y"), ("2", "x", "y")]


def test_lists_are_best_of_k(tmp_path: Path) -> None:
    data = lines(
        tmp_path,
        {"id": "a", "prompt": "p", "chosen": ["x", "y"], "rejected": ["u", "v"], "num_correct": 2, "total": 4},
        {"id": "b", "prompt": "q", "chosen": ["x"], "rejected": ["u"], "num_correct": 1, "total": 2},
    )
    groups = data.best_of_k
    assert groups is not None
    assert groups.offsets.tolist() == [0, 4, 6]
    assert [data.response_text[j] for j in groups.response] == ["x", "y", "u", "v", "x", "u"]
    assert groups.best.tolist() == [True, True, False, False, True, False]
    assert pairs(data) == [("a", "x", "u"), ("a", "x", "v"), ("a", "y", "u"), ("a", "y", "v"), ("b", "x", "u")]
    with pytest.raises(InputError, match=r"column 'num_correct': 2 correct responses do not go with the 1"):
        lines(tmp_path, {"prompt": "p", "chosen": ["x"], "rejected": ["u", "v"], "num_correct": 2})


def test_lists_of_chats(tmp_path: Path) -> None:
    record = {"chosen": [chat("p", "x")], "rejected": [chat("p", "y"), chat("p", "z")]}
    data = lines(tmp_path, record)
    assert data.prompts == [(Message("user", "p"),)]
    assert pairs(data) == [("1", "x", "y"), ("1", "x", "z")]


def test_systems_and_recorded_scores(tmp_path: Path) -> None:
    data = lines(
        tmp_path,
        {
            "prompt": "p",
            "chosen": "x",
            "rejected": "y",
            "chosen_model": "A",
            "rejected_model": "B",
            "chosen_score.rm": 1.5,
            "rejected_score.rm": None,
        },
        {"prompt": "q", "chosen": "x", "rejected": "y", "chosen_model": "A", "rejected_model": "A"},
    )
    assert data.systems == ("A", "B")
    assert [data.system_of(j) for j in range(4)] == ["A", "B", None, None]
    assert "1 items have several responses of one system" in data.origin.notes[2]
    assert data.recorded["rm"].values is not None
    np.testing.assert_array_equal(data.recorded["rm"].values, [1.5, np.nan, np.nan, np.nan])


def test_two_scores_of_one_response_are_an_error(tmp_path: Path) -> None:
    rows = [
        {"prompt": "p", "chosen": "x", "rejected": loser, "chosen_score.rm": score, "rejected_score.rm": 0}
        for loser, score in (("y", 1.0), ("z", 1.25))
    ]
    with pytest.raises(InputError, match=r"line 2: the same response has score 1.25 here and 1 on line 1"):
        lines(tmp_path, *rows)
    data = lines(tmp_path, *rows, item="#")
    assert data.item_ids == ["1", "2"]


def test_result_files_of_rewardbench(tmp_path: Path) -> None:
    columns = {
        "id": [1, 2],
        "subset": ["a", "b"],
        "text_chosen": ["p x", "q x"],
        "text_rejected": ["p y", "q y"],
        "scores_chosen": [1.5, [2.5]],
        "scores_rejected": [0.5, 3.5],
        "results": [1, 0],
        "model": "org/rm",
        "model_type": "Seq. Classifier",
        "chat_template": "tulu",
    }
    path = tmp_path / "rm.json"
    path.write_text(json.dumps(columns), encoding="utf-8")
    data = read_preferences(path)
    assert data.recorded["org/rm"].values is not None
    assert data.recorded["org/rm"].values.tolist() == [1.5, 0.5, 2.5, 3.5]
    assert data.columns == {"subset": ["a", "b"]}
    assert pairs(data) == [("1", "p x", "p y"), ("2", "q x", "q y")]
    row = {"prompt": "p", "chosen": "x", "rejected": "y", "scores_chosen": 1, "scores_rejected": 2, "results": 0}
    assert list(lines(tmp_path, row, name="my-rm.jsonl").recorded) == ["my-rm"]


def test_result_files_of_rewardbench_2(tmp_path: Path) -> None:
    columns = {
        "id": ["1", "2"],
        "subset": ["Math", "Ties"],
        "text": [["x", "u", "v", "w"], ["x", "y", "u"]],
        "scores": [[4.0, 1.0, 2.0, 3.0], [[1.0], [2.0], [3.0]]],
        "num_correct": [1, 2],
        "results": [1, 0],
        "model": "org/rm",
    }
    path = tmp_path / "rm.json"
    path.write_text(json.dumps(columns), encoding="utf-8")
    data = read_preferences(path)
    assert data.best_of_k is not None
    assert data.best_of_k.best.tolist() == [True, False, False, False, True, True, False]
    values = data.recorded["org/rm"].values
    assert values is not None
    assert values[data.best_of_k.response].tolist() == [4.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("record", "column", "problem"),
    [
        ({"prompt": "p", "chosen": None, "rejected": "y"}, "chosen", "there is no response"),
        ({"prompt": "p", "chosen": "x"}, "rejected", "there is no response"),
        ({"prompt": "p", "chosen": "x", "rejected": []}, "rejected", "the list of responses is empty"),
        ({"prompt": "p", "chosen": "x", "rejected": {"a": 1}}, "rejected", "is no text"),
        ({"prompt": "p", "chosen": chat("p", "x"), "rejected": "y"}, None, "some responses are texts, others lists"),
        ({"prompt": "p", "chosen": [{"content": "x"}], "rejected": "y"}, "chosen", "is no message"),
        ({"prompt": {"a": 1}, "chosen": "x", "rejected": "y"}, "prompt", "is no text"),
        (
            {"prompt": "p", "chosen": ["x", "y"], "rejected": ["z"], "chosen_score.m": [1]},
            "chosen_score.m",
            "1 values for 2",
        ),
        ({"prompt": "p", "chosen": "x", "rejected": "y", "chosen_score.m": "high"}, "chosen_score.m", "is no number"),
    ],
)
def test_bad_rows(tmp_path: Path, record: dict[str, Any], column: str | None, problem: str) -> None:
    good = {"prompt": "o", "chosen": "x", "rejected": "y"}
    with pytest.raises(InputError) as caught:
        lines(tmp_path, good, record)
    assert (caught.value.line, caught.value.column) == (2, column)
    assert problem in caught.value.problem


def test_csv_lists_need_num_correct(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('prompt,chosen,rejected\np,"[""x""]",y\n', encoding="utf-8")
    assert pairs(read_preferences(path)) == [("1", '["x"]', "y")]
    path.write_text('prompt,chosen,rejected,num_correct\np,"[""x""]","[""y"", ""z""]",1\n', encoding="utf-8")
    assert pairs(read_preferences(path)) == [("1", "x", "y"), ("1", "x", "z")]
