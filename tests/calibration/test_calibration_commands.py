"""From the command line: measure, fit, use."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rewardmeter.cli import main


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REWARDMETER_STORE", str(tmp_path / "store.sqlite"))
    return tmp_path


def test_measure_fit_and_use(workplace, capsys):
    measured = ["calibration", "demo", "-s", "chrf", "-s", "length", "--resamples", "100", "--slice", "difficulty"]
    assert main([*measured, "--json", "found.json"]) == 0
    assert "knows nothing" in capsys.readouterr().out
    record = json.loads((workplace / "found.json").read_text())
    by_name = {entry["scorer"]: entry for entry in record["board"]}
    assert by_name["length"]["chosen"] == "mean"
    assert by_name["chrf"]["chosen"] not in ("raw", "mean")
    assert set(by_name["chrf"]["slices"]["difficulty"]) == {"easy", "medium", "hard"}
    ids = {"calibration.nll", "calibration.brier", "calibration.ece", "calibration.auc", "calibration.slope"}
    assert ids <= set(by_name["chrf"]["statistics"])

    assert main(["calibrate", "demo", "-s", "chrf", "--out", "chrf.json"]) == 0
    assert "chrf@chrf.json" in capsys.readouterr().out
    fitted = json.loads((workplace / "chrf.json").read_text())
    assert fitted["fit"]["method"] == by_name["chrf"]["chosen"]
    assert fitted["fit"]["gain"]["worth_having"] is True
    assert fitted["data"]["hash"] == record["dataset"]["hash"]

    assert main(["compare", "demo", "-s", "chrf@chrf.json", "--no-report", "--json", "board.json"]) == 0
    assert json.loads((workplace / "board.json").read_text())["board"][0]["scorer"] == "chrf@chrf.json"


def test_a_scorer_that_knows_nothing_gets_no_calibrator(workplace, capsys):
    assert main(["calibrate", "demo", "-s", "length", "--out", "length.json"]) == 2
    assert "none is shown to beat the mean" in capsys.readouterr().err
    assert not (workplace / "length.json").exists()
    assert main(["calibrate", "demo", "-s", "length", "--method", "linear", "--out", "length.json"]) == 0
    assert json.loads((workplace / "length.json").read_text())["map"]["kind"] == "linear"


def test_combine_and_use(workplace, capsys):
    assert main(["combine", "demo", "-s", "chrf", "-s", "bleu", "-s", "length", "--out", "both.json"]) == 0
    said = capsys.readouterr().out
    for words in ("plain mean", "how much less", "Not shown to be worth having", "combined:both.json"):
        assert words in said
    specs = ["combined:both.json", "combined:both.json?bound=lower&level=0.8", "chrf"]
    command = ["compare", "demo", "--no-report", "--json", "board.json", "--resamples", "0", "--draws", "0"]
    assert main([*command, *(word for spec in specs for word in ("-s", spec))]) == 0
    board = json.loads((workplace / "board.json").read_text())["board"]
    assert {entry["scorer"] for entry in board} == set(specs)
    assert main(["compare", "demo", "-s", specs[0], "--dry-run"]) == 0


def test_intervals_and_abstention_are_stored_and_said(workplace, capsys):
    asked = ["calibrate", "demo", "-s", "chrf", "--out", "c.json", "--interval", "0.9", "--risk", "0.5"]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "holds the rating of 90% of new items' responses" in said
    assert "err at most 50% of the time" in said
    record = json.loads((workplace / "c.json").read_text())
    assert record["intervals"]["level"] == 0.9
    assert record["abstention"]["risk"] == 0.5


@pytest.fixture
def fitted(workplace, capsys):
    assert main(["calibrate", "demo", "-s", "chrf", "--method", "linear", "--out", "chrf.json"]) == 0
    assert main(["combine", "demo:pairs", "-s", "chrf@chrf.json", "-s", "bleu", "--out", "both.json"]) == 0
    capsys.readouterr()
    return {name: (workplace / name).read_bytes() for name in ("chrf.json", "both.json")}


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["calibrate", "-s", "chrf@chrf.json", "--method", "linear"], "./chrf.json"),
        (["calibrate", "-s", "combined:both.json?bound=lower", "--method", "linear"], "both.json"),
        (["combine", "-s", "combined:both.json", "-s", "length"], "both.json"),
        (["combine", "-s", "combined:both.json", "-s", "length"], "chrf.json"),
        (["combine", "-s", "-ranked:[chrf@chrf.json]", "-s", "length"], "chrf.json"),
        (["combine", "-s", "ranked:combined:both.json", "-s", "length"], "both.json"),
    ],
)
def test_nothing_is_written_over_its_own_input(workplace, fitted, capsys, arguments, out):
    command, *rest = arguments
    assert main([command, "demo", *rest, "--out", out]) == 2
    assert "it would be written over what" in capsys.readouterr().err
    assert {name: (workplace / name).read_bytes() for name in fitted} == fitted


def ratings(path, values):
    """Two responses of each item, rated as told."""
    rows = [
        {"item": f"i{i}", "response": f"text {'word ' * (3 * i + k)}", "system": f"s{k}", "rating": value}
        for i, pair in enumerate(values)
        for k, value in enumerate(pair)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(
    ("values", "more", "words"),
    [
        ([[1, 2]], [], "fewer than two items were judged"),
        ([[1, 2]], ["--interval", "0.9"], "fewer than two items were judged"),
        ([[i, i] for i in range(30)], ["--risk", "0.1"], "people tied all pairs"),
        ([[3, 3]] * 30, ["--risk", "0.1"], "people tied all pairs"),
    ],
)
def test_data_that_allows_no_fit_is_one_clear_error(workplace, capsys, values, more, words):
    ratings(workplace / "r.jsonl", values)
    assert main(["calibrate", "r.jsonl", "-s", "length", "--method", "linear", "--out", "c.json", *more]) == 2
    assert words in capsys.readouterr().err
    assert not (workplace / "c.json").exists()


def test_the_data_is_not_written_over(workplace, capsys):
    ratings(workplace / "r.jsonl", [[i, i + 1] for i in range(30)])
    before = (workplace / "r.jsonl").read_bytes()
    assert main(["calibrate", "r.jsonl", "-s", "length", "--method", "linear", "--out", "r.jsonl"]) == 2
    assert "it would be written over the data" in capsys.readouterr().err
    assert (workplace / "r.jsonl").read_bytes() == before


def test_a_method_that_loses_more_is_said_to_be_worse(workplace, capsys):
    rng = np.random.default_rng(0)
    length = [[11 + 15 * i, 16 + 15 * i] for i in range(60)]  # of the texts, give or take
    ratings(workplace / "r.jsonl", [[a + rng.normal(), b + rng.normal()] for a, b in length])
    assert main(["calibrate", "r.jsonl", "-s", "length", "--method", "mean", "--out", "c.json"]) == 0
    assert "shown to be worse than the raw scores" in capsys.readouterr().out


def test_json_to_standard_output_is_json_alone(capsys):
    assert main(["calibration", "demo", "-s", "length", "--resamples", "0", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["target"] == "rating"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["calibrate", "demo", "-s", "chrf", "--method", "magic"], "no method for rating named 'magic'"),
        (["calibrate", "demo", "-s", "chrf", "--target", "utilit"], "did you mean 'utility'"),
        (["calibrate", "demo", "-s", "chrf", "--target", "probability"], "needs ratings of 0 and 1"),
        (["calibrate", "demo", "-s", "chrf", "-s", "length"], "belongs to one scorer"),
        (["calibrate", "demo"], "no scorer was named"),
        (["calibrate", "demo", "-s", "chrf", "--interval", "90"], "interval 90 is no share"),
        (["calibrate", "demo", "-s", "chrf", "--target", "utility", "--interval", "0.9"], "intervals are for ratings"),
        (["calibrate", "demo", "-s", "chrf", "--seed=-1"], "seed -1 is negative"),
        (["calibration", "demo", "-s", "chrf", "--seed=-1"], "seed -1 is negative"),
        (["combine", "demo", "-s", "chrf", "-s", "bleu", "--seed=-1"], "seed -1 is negative"),
        (["combine", "demo"], "no scorer was named"),
        (["combine", "demo", "-s", "chrf"], "a combination needs two scorers"),
        (["combine", "demo", "-s", "-chrf", "-s", "-bleu"], "Negate the scorers of which less is better"),
        (["compare", "demo", "-s", "combined:nosuch.json"], "nosuch.json cannot be read"),
        (["calibration", "demo", "-s", "chrf@nosuch.json"], "nosuch.json cannot be read"),
        (["calibration", "demo", "-s", "chrf", "--slice", "nosuch"], "no slice column named 'nosuch'"),
        (["calibration", "demo", "-s", "chrf", "--folds", "1"], "folds"),
        (["calibration", "demo", "-s", "chrf", "--level", "2"], "level"),
        (["calibration", "demo", "-s", "chrf", "--resamples", "-1"], "resamples"),
    ],
)
def test_wrong_use_is_one_clear_error(capsys, arguments, words):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert "unexpected" not in error


def test_files_of_another_kind_are_not_written_over(workplace, capsys):
    (workplace / "mine.json").write_text('{"mine": 1}')
    (workplace / "notes.txt").write_text("notes")
    for command in (["calibrate", "demo", "-s", "chrf"], ["combine", "demo", "-s", "chrf", "-s", "bleu"]):
        for out, words in (("mine.json", "something else is there"), ("notes.txt", "is a .json file")):
            assert main([*command, "--out", out]) == 2
            assert words in capsys.readouterr().err
    assert (workplace / "mine.json").read_text() == '{"mine": 1}'
    assert (workplace / "notes.txt").read_text() == "notes"
    for _ in range(2):
        assert main(["calibrate", "demo", "-s", "chrf", "--out", "c.json"]) == 0, "an older calibrator is replaced"


def test_scores_are_not_written_over_the_data(workplace, capsys):
    ratings(workplace / "r.jsonl", [[1, 2]] * 3)
    before = (workplace / "r.jsonl").read_bytes()
    assert main(["score", "r.jsonl", "-s", "length", "--out", "./r.jsonl"]) == 2
    assert "would be written over the data" in capsys.readouterr().err
    assert (workplace / "r.jsonl").read_bytes() == before


def test_why_nothing_has_a_score_is_said(workplace, capsys):
    ratings(workplace / "r.jsonl", [[i, i + 1] for i in range(30)])
    for command in ("calibration", "calibrate"):
        assert main([command, "r.jsonl", "-s", "chrf"]) == 2
        assert "no response has a score by chrf: no reference" in capsys.readouterr().err
    assert main(["calibration", "r.jsonl", "-s", "chrf", "-s", "length", "--no-report"]) == 0
    assert "chrf has no scores, and is left out: no reference" in " ".join(capsys.readouterr().out.split())


def test_what_has_no_room_in_the_table_is_named(workplace, capsys):
    asked = ["calibration", "demo", "-s", "chrf", "--slice", "task", "--shift", "difficulty", "--no-report"]
    assert main([*asked, "--resamples", "0"]) == 0
    assert "Measured by task and under shift of difficulty too" in capsys.readouterr().out
