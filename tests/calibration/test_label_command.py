"""`rewardmeter label` from the command line."""

from __future__ import annotations

import csv
import json

import pytest

import rewardmeter as rm
from rewardmeter.cli import main
from rewardmeter.comparison.gold import rating_gold


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def filled(path, out, truth):
    """The table with every rating filled in."""
    with open(path, newline="") as stream:
        rows = list(csv.DictReader(stream))
    with open(out, "w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "rating": truth[row["item"], row["response"]]} for row in rows)


def demo_answers():
    data = rm.load("demo")
    gold = rating_gold(data).value
    return {
        (data.item_ids[item], data.response_text[row]): gold[row]
        for row, item in enumerate(data.response_item.tolist())
    }


def test_a_batch_is_filled_in_and_read_back_until_it_stops(workplace, capsys):
    truth = demo_answers()
    command = ["label", "demo", "--anew", "-s", "chrf", "--budget", "80", "--batch", "25", "--tolerance", "0.02"]
    assert main([*command, "--out", "1.csv"]) == 0
    said = capsys.readouterr().out
    assert "0 of 96 items are labelled" in said
    assert "Go on: nothing is labelled yet" in said
    for number in range(1, 6):
        filled(f"{number}.csv", "done.csv", truth)
        assert main([*command, "--labels", "done.csv", "--out", f"{number + 1}.csv"]) == 0
        said = capsys.readouterr().out
        if "Stop:" in said:
            break
    assert "Stop:" in said
    assert "linear" in said
    assert not (workplace / f"{number + 1}.csv").exists(), "after a stop nothing more is asked"
    state = json.loads((workplace / "labelling.json").read_text())
    assert len(state["rounds"]) == number
    assert [one["labelled"] for one in state["rounds"]] == sorted(one["labelled"] for one in state["rounds"])
    asked = [draw[0] for draw in state["draws"]]
    assert len(set(asked)) == len(asked) == len(state["answers"]) <= 80


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--budget", "5"], "no scorer was named"),
        (["-s", "length", "--budget", "0"], "budget"),
        (["-s", "length", "--budget", "5", "--strategy", "uncertain"], "did you mean 'uncertainty'"),
        (["-s", "length", "--budget", "5", "--strategy", "disagreement"], "two scorers"),
        (["-s", "length", "--budget", "5", "--labels", "batch.csv"], "would replace the answers"),
        (["-s", "length", "--budget", "5", "--labels", "none.csv", "--out", "x.csv"], "none.csv"),
        (["-s", "length", "--budget", "5", "--ask", "ranking"], "ranking"),
        (["-s", "length", "--budget", "5", "--out", "batch.docx"], "batch.docx"),
        (["-s", "length", "--budget", "5", "--out", ""], "names no format"),
        (
            ["-s", "length", "--budget", "5", "--out", "a.csv", "--state", "a.csv"],
            "would replace the labelling's state",
        ),
        (["-s", "length", "--budget", "5", "--out", "a.csv", "--labels", "b", "--state", "b"], "replace the answers"),
        (["-s", "length", "--budget", "5", "--seed=-1"], "seed -1 is below 0"),
        (["-s", "length", "--budget", "5", "--method", "isotnic"], "did you mean 'isotonic'"),
        (["-s", "length", "--budget", "5", "--method", "temperature"], "no method for ratings"),
        (["-s", "length", "--budget", "5", "--method", "sliced"], "no method"),
    ],
)
def test_wrong_use_is_one_clear_error(workplace, capsys, arguments, words):
    assert main(["label", "demo", "--anew", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "unexpected" not in error
    assert not (workplace / "labelling.json").exists()


COMMAND = ["label", "demo", "--anew", "-s", "length", "--budget", "20"]


def test_a_batch_that_people_have_begun_to_fill_in_is_not_replaced(workplace, capsys):
    assert main([*COMMAND, "--out", "1.csv"]) == 0
    blank = (workplace / "1.csv").read_text()
    assert main([*COMMAND, "--out", "1.csv"]) == 0, "an empty one is"
    assert (workplace / "1.csv").read_text() == blank
    for answer in ("0", "good"):
        (workplace / "1.csv").write_text(blank.rstrip("\n") + answer + "\n")
        kept = (workplace / "1.csv").read_bytes(), (workplace / "labelling.json").read_bytes()
        assert main([*COMMAND, "--out", "1.csv"]) == 2
        error = capsys.readouterr().err
        assert "column 'rating': there are answers in this file" in error
        assert "--labels 1.csv" in error
        assert kept == ((workplace / "1.csv").read_bytes(), (workplace / "labelling.json").read_bytes())


@pytest.mark.parametrize(
    "text",
    [
        "notes of mine\n",
        "a,b\n1,2\n",
        "item,response,rating\n",
        "item,response,rating,comment\nq,one,,why?\n",
        "item,response\nq,one\n",
    ],
)
def test_a_file_that_is_no_batch_is_not_replaced(workplace, capsys, text):
    (workplace / "1.csv").write_text(text)
    assert main([*COMMAND, "--out", "1.csv"]) == 2
    assert "1.csv: this file is no batch that asks for ratings" in capsys.readouterr().err
    assert (workplace / "1.csv").read_text() == text
    assert not (workplace / "labelling.json").exists()


@pytest.mark.parametrize("arguments", [["--out", "link.jsonl"], ["--out", "data.jsonl"], ["--state", "data.jsonl"]])
def test_the_data_is_not_replaced(workplace, capsys, arguments):
    rows = [{"item": f"q{i}", "response": "w" * i, "rating": None} for i in range(9)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (workplace / "data.jsonl").write_text(text)
    (workplace / "link.jsonl").symlink_to("data.jsonl")
    assert main(["label", "data.jsonl", "-s", "length", "--budget", "5", "--no-store", *arguments]) == 2
    assert "would replace the data" in capsys.readouterr().err
    assert (workplace / "data.jsonl").read_text() == text
    assert sorted(path.name for path in workplace.iterdir()) == ["data.jsonl", "link.jsonl"]


@pytest.mark.parametrize("answer", ["0", "5"])
def test_a_share_of_nothing_is_undefined(workplace, capsys, answer):
    assert main([*COMMAND, "--out", "1.csv"]) == 0
    with open("1.csv", newline="") as stream:
        asked = {(row["item"], row["response"]): answer for row in csv.DictReader(stream)}
    filled("1.csv", "done.csv", asked)
    capsys.readouterr()
    assert main([*COMMAND, "--labels", "done.csv", "--out", "2.csv"]) == 0
    said = capsys.readouterr().out
    assert "undefined" in said
    assert "Go on: what more labels could gain is not known yet" in said
