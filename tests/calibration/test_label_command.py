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
    ],
)
def test_wrong_use_is_one_clear_error(workplace, capsys, arguments, words):
    assert main(["label", "demo", "--anew", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "unexpected" not in error
    assert not (workplace / "labelling.json").exists()
