"""Score files beside the data: joined by item and system, or one clear error."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named import wmt23_mtme
from rewardmeter.io.recorded_file import names_score_file, read_recorded_file
from rewardmeter.io.score_file import write_scores
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Outcome, Scores

S, F, M = Outcome.SCORED, Outcome.FAILED, Outcome.MISSING


@pytest.fixture
def data() -> Dataset:
    builder = DatasetBuilder("small")
    for item in ("1", "2"):
        for system in ("ours", "theirs"):
            builder.response(builder.item(item), system=system, text=f"{system} {item}")
    builder.score("known", 0, 1.0)
    return builder.build()


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_in_any_order(tmp_path: Path, data: Dataset) -> None:
    path = written(tmp_path, "mine.csv", "system,item,score,score.B\ntheirs,2,4,\nours,1,1,0.5\ntheirs,1,nan,NA\n")
    recorded = read_recorded_file(path, data).recorded
    assert list(recorded) == ["mine", "B"]
    assert np.array_equal(recorded["mine"].values, [1, np.nan, np.nan, 4], equal_nan=True)
    assert recorded["mine"].outcomes.tolist() == [S, F, M, S]
    assert recorded["B"].outcomes.tolist() == [S, M, M, M]
    assert list(data.with_recorded(recorded).recorded) == ["known", "mine", "B"]


def test_json_lines_with_numbers_as_item_names(tmp_path: Path, data: Dataset) -> None:
    rows = [{"item": 1, "system": "ours", "score.X": 2}, {"item": 2, "system": "theirs", "score.X": None}]
    path = written(tmp_path, "x.jsonl", "\n".join(map(json.dumps, rows)))
    assert read_recorded_file(path, data).recorded["X"].outcomes.tolist() == [S, M, M, M]


@pytest.mark.parametrize("packed", [False, True])
def test_segment_scores_by_system(tmp_path: Path, data: Dataset, packed: bool) -> None:
    text = "theirs\t3\ntheirs\tNone\nours\t1\nours\tnan\n"
    path = written(tmp_path, "BLEU-refA.seg.score", text)
    if packed:
        path.unlink()
        path = path.with_name(path.name + ".gz")
        path.write_bytes(gzip.compress(text.encode()))
    recorded = read_recorded_file(path, data).recorded
    assert list(recorded) == ["BLEU-refA"]
    assert np.array_equal(recorded["BLEU-refA"].values, [1, 3, np.nan, np.nan], equal_nan=True)
    assert recorded["BLEU-refA"].outcomes.tolist() == [S, S, F, M]


def test_segment_scores_of_other_systems_are_skipped_and_named(tmp_path: Path, data: Dataset) -> None:
    text = "".join(f"{s}\t{v}\n" for s in ("refA", "ours", "synthetic_ref") for v in (1, 2))
    found = read_recorded_file(written(tmp_path, "m.seg.score", text), data)
    assert found.notes == ("m.seg.score: systems that 'small' does not hold are skipped: refA, synthetic_ref.",)
    assert np.array_equal(found.recorded["m"].values, [1, np.nan, 2, np.nan], equal_nan=True)
    assert found.recorded["m"].outcomes.tolist() == [S, M, S, M]
    alone = "".join(f"{s}\t{v}\n" for s in ("ours", "theirs") for v in (1, 2))
    assert read_recorded_file(written(tmp_path, "n.seg.score", alone), data).notes == ()


@pytest.mark.parametrize(
    ("pair", "metric", "skipped"),
    [
        ("en-de", "BLEU-refA", {"synthetic_ref"}),
        ("en-de", "CometKiwi-src", {"refA", "synthetic_ref"}),
        ("zh-en", "BLEU-refA", {"synthetic_ref"}),
    ],
)
def test_published_segment_files_join_their_dataset(
    tmp_path: Path, data_set: Callable[[str], Path], pair: str, metric: str, skipped: set[str]
) -> None:
    root = data_set("wmt23-mtme")
    data = wmt23_mtme.load(root, subset=pair)
    source = next((root / "metric-scores" / pair).glob(f"{metric}.seg.score*"))
    copy = tmp_path / source.name.replace(metric, "mine")
    copy.write_bytes(source.read_bytes())
    found = read_recorded_file(copy, data)
    assert np.array_equal(found.recorded["mine"].values, data.recorded[metric].values, equal_nan=True)
    assert len(found.notes) == 1
    assert set(found.notes[0].rstrip(".").partition(" are skipped: ")[2].split(", ")) == skipped


def test_what_score_writes_is_read_back(tmp_path: Path, data: Dataset) -> None:
    made = {
        "length": make_scorer("length")(list(data.items())),
        "chrf": make_scorer("chrf")(list(data.items())),  # no references: every response has failed
        "abstained": Scores.from_values([1.5, None, 0.25, None]),
    }
    write_scores(tmp_path / "scores.jsonl", data, made)
    recorded = read_recorded_file(tmp_path / "scores.jsonl", data).recorded
    for name, scores in made.items():
        assert recorded[name].values.tobytes() == scores.values.tobytes()
        assert recorded[name].outcomes.tolist() == scores.outcomes.tolist()


def test_unnamed_responses_follow_the_order_of_the_data(tmp_path: Path) -> None:
    builder = DatasetBuilder("unnamed")
    for item in ("x", "y"):
        for text in ("first", "second"):
            builder.response(builder.item(item), text=text)
    data = builder.build()
    values = [1.0, 2.0, 3.0, 4.0]
    write_scores(tmp_path / "s.jsonl", data, {"own": Scores.from_values(values)})
    assert read_recorded_file(tmp_path / "s.jsonl", data).recorded["own"].values.tolist() == values
    once_more = written(tmp_path, "t.csv", "item,score\nx,1\nx,2\nx,3\n")
    with pytest.raises(InputError, match=r"t\.csv, line 4, column 'score'.*has scored system '\(unnamed\)'.*before"):
        read_recorded_file(once_more, data)


def test_one_response_per_item_needs_no_system(tmp_path: Path) -> None:
    builder = DatasetBuilder("single")
    for item in ("x", "y"):
        builder.response(builder.item(item), system="only", text=item)
    path = written(tmp_path, "s.csv", "item,score\ny,2\nx,1\n")
    assert read_recorded_file(path, builder.build()).recorded["s"].values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.csv",
            "item,system,score\n1,ours,1\n3,ours,1\n",
            "line 3, column 'item': item '3' is not in dataset 'small'",
        ),
        ("a.csv", "item,system,score\n,ours,1\n", "line 2, column 'item': no item"),
        ("a.csv", "item,system,score\n1,thiers,1\n", "column 'system': system 'thiers'.*did you mean 'theirs'"),
        ("a.csv", "item,score\n1,1\n", "column 'system': item '1' has several responses"),
        ("a.csv", "item,system,score\n1,ours,1\n1,ours,2\n", "line 3, column 'score': scorer 'a' has scored.*before"),
        ("a.csv", "item,system,score\n1,ours,one\n", "line 2, column 'score': 'one' is no number"),
        ("a.csv", "item,system,score\n1,ours,inf\n", "line 2, column 'score': 'inf' is not finite"),
        ("a.csv", "item,system,points\n1,ours,1\n", "line 2: no column with scores"),
        ("a.csv", "item,system,score\n", "no row with a score"),
        ("known.csv", "item,system,score\n1,ours,1\n", "already carries a recorded scorer 'known'"),
        (
            "a.seg.score",
            "their\t1\ntheir\t2\n",
            "none of its systems is in dataset 'small': not 'their'; did you mean 'theirs'.*systems: ours, theirs",
        ),
        ("a.seg.score", "ours\t1\n", "system 'ours' has 1 scores for 2 segments"),
        (
            "a.jsonl",
            '{"item": "1", "system": "ours", "scorer": "s", "value": null, "outcome": "scored"}',
            "column 'outcome': outcome 'scored' does not go with the value nan",
        ),
        (
            "a.jsonl",
            '{"item": "1", "system": "ours", "scorer": "s", "value": 1, "outcome": "fine"}',
            "column 'outcome': 'fine' is no outcome",
        ),
        ("a.jsonl", '{"item": "1", "system": "ours", "scorer": "", "value": 1}', "column 'scorer': no scorer"),
    ],
)
def test_one_clear_error(tmp_path: Path, data: Dataset, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_recorded_file(written(tmp_path, name, text), data)
    assert str(caught.value).startswith(str(tmp_path / name))


def test_a_missing_file_is_named(tmp_path: Path, data: Dataset) -> None:
    for name in ("no.csv", "no.seg.score"):
        with pytest.raises(InputError, match=name):
            read_recorded_file(tmp_path / name, data)


@pytest.mark.parametrize(
    ("target", "is_file"),
    [("BLEU-refA", False), ("out/BLEU.seg.score", True), ("x.csv", True), ("x.JSONL.gz", True), ("v1.5", False)],
)
def test_targets_that_mean_files(target: str, is_file: bool) -> None:
    assert names_score_file(target) is is_file
