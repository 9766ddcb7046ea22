"""Score files: the stated lines, the same bytes, all or nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from engine_scorers import Moody, make_dataset

from rewardmeter.engine import score
from rewardmeter.errors import InputError
from rewardmeter.io.score_file import write_scores
from rewardmeter.types import Outcome, Scores

DATASET = make_dataset([("p", (), ["abc", "bad ü"]), ("q", (), ["none", None])])
LINES = [
    ["item 0", "s0", "moody", 3.0, "scored", None],
    ["item 0", "s1", "moody", None, "failed", "ValueError: cannot read bad ü"],
    ["item 1", "s0", "moody", None, "abstained", None],
    ["item 1", "s1", "moody", None, "failed", "no text in the data"],
]


def test_lines(tmp_path):
    path = tmp_path / "new" / "scores.jsonl"
    scores = score(Moody(), DATASET)
    write_scores(path, DATASET, {"moody": scores, "again": scores})
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [list(record) for record in records[:1]] == [["item", "system", "scorer", "value", "outcome", "reason"]]
    assert [list(record.values()) for record in records[:4]] == LINES
    assert [record["scorer"] for record in records[4:]] == ["again"] * 4
    assert [file.name for file in path.parent.iterdir()] == ["scores.jsonl"]


def test_same_scores_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_scores(tmp_path / name, DATASET, {"moody": score(Moody(), DATASET)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_standard_output(capsys):
    write_scores(None, DATASET, {"moody": score(Moody(), DATASET)})
    assert [list(json.loads(line).values()) for line in capsys.readouterr().out.splitlines()] == LINES


def test_floats_survive(tmp_path):
    values = np.array([0.1, 1e-300, 1 / 3, -1e17])
    write_scores(tmp_path / "s", DATASET, {"x": Scores.from_values(values)})
    assert [json.loads(line)["value"] for line in (tmp_path / "s").read_text().splitlines()] == values.tolist()


def test_lone_surrogates_are_escaped_json(tmp_path):
    scores = Scores(np.full(4, np.nan), np.full(4, Outcome.FAILED, dtype=np.uint8), {0: "no \ud800"})
    write_scores(tmp_path / "s", DATASET, {"x": scores})
    raw = (tmp_path / "s").read_bytes()
    assert json.loads(raw.decode("utf-8").splitlines()[0])["reason"] == "no \ud800"


def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "scores.jsonl"
    path.write_text("old")
    scores = score(Moody(), DATASET)

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(InputError, match=r"scores\.jsonl.*No space left on device"):
        write_scores(path, DATASET, {"moody": scores})
    assert [file.name for file in tmp_path.iterdir()] == ["scores.jsonl"]
    assert path.read_text() == "old"


def test_a_place_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="could not be written"):
        write_scores(tmp_path / "file" / "scores.jsonl", DATASET, {"moody": score(Moody(), DATASET)})


def test_scores_of_other_data(tmp_path):
    with pytest.raises(InputError, match="1 scores of 'x' do not fit 4 responses"):
        write_scores(tmp_path / "s", DATASET, {"x": Scores.from_values([1.0])})
