"""`load`: names, files, folders and subsets; and `describe`, which says what was found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rewardmeter.errors import InputError, MissingDataError, UnknownNameError
from rewardmeter.io.describe import describe, facts
from rewardmeter.io.load import load


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REWARDMETER_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    rows = [
        {"prompt": "p", "response": "x", "rating": 1, "rater": "ann", "score.m": 0.5, "subset": "math"},
        {"prompt": "p", "response": "", "rating": 3, "rater": "ann", "score.m": None, "subset": "math"},
        {"prompt": "q", "response": "z", "rating": 2, "rater": "ben", "score.m": 0.25, "subset": "code"},
    ]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def test_a_file_is_named_as_the_user_wrote_it(here: Path) -> None:
    assert load("pairs.jsonl").name == "pairs.jsonl"
    assert load(here / "pairs.jsonl").name == str(here / "pairs.jsonl")
    assert load("./pairs.jsonl").n_items == 2


def test_subsets_of_a_file(here: Path) -> None:
    data = load("pairs.jsonl:math")
    assert (data.name, data.n_items, data.n_responses) == ("pairs.jsonl:math", 1, 2)
    assert load(here / "pairs.jsonl", subset="code").name == f"{here / 'pairs.jsonl'}:code"
    with pytest.raises(UnknownNameError, match="no subset named 'maths'; did you mean 'math'"):
        load("pairs.jsonl:maths")
    (here / "pairs.jsonl:math").write_text((here / "pairs.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    assert load("pairs.jsonl:math").n_items == 2, "a file of that name goes first"


def test_demo_is_always_there(here: Path) -> None:
    assert load("demo").name == "demo"
    assert load("demo:pairs").preferences is not None
    assert load("demo", subset="pairs").name == "demo:pairs"
    with pytest.raises(UnknownNameError, match="subset"):
        load("demo:nothing")


def test_named_datasets(here: Path) -> None:
    with pytest.raises(MissingDataError, match="summeval"):
        load("summeval")
    (here / "summeval").mkdir()
    with pytest.raises(MissingDataError):
        load("summeval")
    with pytest.raises(InputError, match="it holds no file of rows"):
        load("./summeval")
    with pytest.raises(InputError, match="the option mapping has no meaning for the named dataset"):
        load("summeval", mapping={"rating": "x"})


def test_unknown_names_and_paths(here: Path) -> None:
    with pytest.raises(UnknownNameError, match="no dataset or file named 'sumeval'; did you mean 'summeval'"):
        load("sumeval")
    with pytest.raises(UnknownNameError, match="did you mean 'judgebench'"):
        load("judgbench:gpt-4o")
    with pytest.raises(InputError, match=r"no\.jsonl: there is no such file"):
        load("no.jsonl")
    with pytest.raises(InputError, match=r"folder/no.csv: there is no such file; the folder .* does not exist either"):
        load("folder/no.csv")


def test_options_that_make_no_sense_are_refused(here: Path) -> None:
    for option in ({"gold": "mqm"}, {"reference": "refA"}, {"include_human": True}):
        with pytest.raises(InputError, match="has no meaning for a file of rows"):
            load("pairs.jsonl", **option)
    with pytest.raises(InputError, match="is a folder, not a file"):
        load("pairs.jsonl", format="mtme")


def test_folders(here: Path) -> None:
    folder = here / "set"
    (folder / "human-scores").mkdir(parents=True)
    (folder / "human-scores" / "en-de.mqm.seg.score").write_text("A\t-1\nB\t-2\n", encoding="utf-8")
    data = load("set:en-de", gold="mqm")
    assert (data.name, data.systems) == ("set:en-de", ("A", "B"))
    nested = here / "nested"
    nested.mkdir()
    record = {"instance_id": "1", "summarizer_id": "A", "metrics": {"expert": {"x": [1, 2]}, "m": 1}}
    (nested / "a.jsonl").write_text(json.dumps(record), encoding="utf-8")
    assert load("nested").n_responses == 1
    with pytest.raises(InputError, match=r"neither an mt-metrics-eval folder nor nested scores .*pairs.jsonl"):
        load(here)


def test_description(here: Path) -> None:
    lines = describe(load("pairs.jsonl"))
    assert lines[0] == "pairs.jsonl"
    found: dict[str, list[str]] = {}
    for fact in facts(load("pairs.jsonl")):
        found.setdefault(fact.about, []).append(fact.text)
    assert found["items"] == ["2"]
    assert found["responses"] == ["3 (1 to 2 per item)"]
    assert found["texts"] == ["prompts, responses (1 empty), no references"]
    assert found["ratings"] == ["3 by 2 raters; 3 of 3 responses are rated"]
    assert found["aspect"] == ["overall: 3 ratings, 1 to 3, mean 2, 3 values"]
    assert found["slice"] == ["subset: math (1), code (1)"]
    assert found["recorded"] == ["1: m"]
    assert found[""] == ["1 do not score every response (least: m 66.7%)"]
    assert found["note"][0].startswith("Ratings table: 3 rows, 2 items, 3 responses, 3 ratings")
    assert lines[1:] == [f"  {fact.about:<9}  {fact.text}" for fact in facts(load("pairs.jsonl"))]


def test_description_of_preferences_and_of_no_gold(here: Path) -> None:
    path = here / "p.csv"
    path.write_text("prompt,response_a,response_b,preference,n\np,x,y,tie,1.5\nq,x,y,a,\n", encoding="utf-8")
    texts = {fact.about: fact.text for fact in facts(load(path))}
    assert texts["preferences"] == "2; 1 ties (50.0%)"
    assert texts["slice"] == "n: 1.5 (1), 1 missing"
    path.write_text("prompt,response\np,x\n", encoding="utf-8")
    assert "none: responses can be scored" in {fact.about: fact.text for fact in facts(load(path))}["gold"]
    path = here / "k.jsonl"
    path.write_text('{"prompt": "p", "chosen": ["x"], "rejected": ["y", "z"]}\n', encoding="utf-8")
    assert {fact.about: fact.text for fact in facts(load(path))}["best of k"] == "1 groups of 3 responses"
