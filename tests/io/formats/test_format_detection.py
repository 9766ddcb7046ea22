"""Which format a file is taken for, and what the error proposes where none fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.formats.columns import Vocabulary, parse_mapping, plan_columns
from rewardmeter.io.formats.detect import detect, read, sample_of
from rewardmeter.io.formats.options import ReadOptions


def sample(tmp_path: Path, record: dict[str, Any]) -> Any:
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return sample_of(path)


def row(*columns: str, **cells: Any) -> dict[str, Any]:
    return {**dict.fromkeys(columns, 1), **cells}


@pytest.mark.parametrize(
    ("record", "mapping", "name"),
    [
        (row("prompt", "response", "rating"), {}, "ratings"),
        (row("item", "system", "score.bleu"), {}, "ratings"),
        (row("item", "system", "rating.style"), {}, "ratings"),
        (row("item", "rating@x"), {"rating": "rating@x"}, "ratings"),
        (row("prompt", "response"), {}, "ratings"),
        (row("prompt", "chosen", "rejected"), {}, "preferences"),
        (row("prompt", "chosen", "rejected", "rating"), {}, "preferences"),
        (row("text_chosen", "text_rejected", "scores_chosen", "scores_rejected"), {}, "preferences"),
        (row(text=["a", "b"], scores=[1, 2], num_correct=1), {}, "preferences"),
        (row("response_a", "response_b", "preference"), {}, "pairwise"),
        (row("item", "system_a", "system_b", "preference"), {}, "pairwise"),
        (row("a", "b", "winner"), {"response_a": "a", "response_b": "b", "preference": "winner"}, "pairwise"),
        (row("instance_id", "summarizer_id", metrics={}), {}, "nested"),
        (row("Model", x=[1, 2], y=[3, 4]), {}, "matrix"),
    ],
)
def test_detection(tmp_path: Path, record: dict[str, Any], mapping: dict[str, str], name: str) -> None:
    form, match = detect(sample(tmp_path, record), mapping)
    assert form.name == name
    assert match.statement


@pytest.mark.parametrize(
    ("record", "mapping", "message"),
    [
        (
            row("question", "answer", "model", "human_score"),
            {},
            "the columns 'question', 'answer', 'model', 'human_score' fit no format; nearest is the format 'ratings',"
            " which lacks rating and response or system."
            " Try --map rating=human_score,response=answer,prompt=question,system=model.",
        ),
        (
            row("model", "prompt", "quality_a"),
            {},
            "nearest is the format 'ratings', which lacks rating. Try --map system=model. Say which column is the"
            " rating: --map rating=COLUMN (numbers stand in prompt, quality_a), or name recorded scorers:"
            " --map score=COLUMN.",
        ),
        (
            row("Prompt", "Response_A", "response_B", winner="A"),
            {},
            "nearest is the format 'pairwise', which lacks response_a and response_b and preference."
            " Try --map prompt=Prompt,response_a=Response_A,response_b=response_B,preference=winner.",
        ),
        (
            row("prompt", "good", "bad"),
            {},
            "nearest is the format 'preferences', which lacks chosen and rejected. Try --map chosen=good,rejected=bad.",
        ),
        (
            row("a", "model", "score"),
            {"rating": "score"},
            "nearest is the format 'ratings', which lacks response or system. Try --map rating=score,system=model.",
        ),
    ],
)
def test_where_nothing_fits_a_mapping_is_proposed(
    tmp_path: Path, record: dict[str, Any], mapping: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        detect(sample(tmp_path, record), mapping)
    assert str(caught.value).endswith(message)


def test_what_fits_twice_is_asked(tmp_path: Path) -> None:
    both = sample(tmp_path, row("prompt", "response", "rating", "chosen", "rejected"))
    with pytest.raises(InputError, match=r"Say which: --format ratings or --format preferences\."):
        detect(both, {})


def test_mapping_errors_come_first(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no column named 'qualty'; did you mean 'quality'"):
        detect(sample(tmp_path, row("system", "quality")), {"rating": "qualty"})
    with pytest.raises(UnknownNameError, match="no role named 'raitng'; did you mean 'rating'"):
        detect(sample(tmp_path, row("system", "quality")), {"raitng": "quality"})


def test_format_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(row("prompt", "response", "rating", "chosen", "rejected")) + "\n", encoding="utf-8")
    assert read(path, ReadOptions(), "ratings").origin.format == "ratings table (JSON lines)"
    assert read(path, ReadOptions(), "preferences").origin.format == "preference rows (JSON lines)"
    with pytest.raises(UnknownNameError, match="no format named 'rating'; did you mean 'ratings'"):
        read(path, ReadOptions(), "rating")


def test_mapping_on_the_command_line() -> None:
    assert parse_mapping(["rating=human,score=BLEU+chrF", "item=doc, the id"]) == {
        "rating": "human",
        "score": "BLEU+chrF",
        "item": "doc, the id",
    }
    assert parse_mapping(["rating.a@x=1,rating.b@y=2"]) == {"rating.a@x": "1", "rating.b@y": "2"}
    for bad in ("rating", "=x", "rating="):
        with pytest.raises(InputError, match="Write role=column"):
            parse_mapping([bad])
    with pytest.raises(InputError, match=r"names rating twice. Write rating=a\+b\."):
        parse_mapping(["rating=a", "rating=b"])


def test_plan_takes_mapped_columns_before_named_ones() -> None:
    words = Vocabulary({"prompt": ("question",), "system": ()}, ("rating", "score"), {"rating": "overall"})
    columns = ["question", "prompt", "system", "rating", "rating.x", "score.m", "a+b", "a", "b"]
    plan = plan_columns(columns, {"prompt": "system", "score": "a+b+a", "rating": "b"}, words)
    assert plan.singles == {"prompt": ("system",)}
    assert plan.families["score"] == {("a+b", None): "a+b", ("a", None): "a", ("m", None): "score.m"}
    assert plan.families["rating"] == {("overall", None): "b", ("x", None): "rating.x"}
    assert plan.others == ("question", "prompt", "rating")
