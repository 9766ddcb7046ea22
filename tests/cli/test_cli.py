"""The command line: exit status, one-line errors, files."""

import json
import os
import subprocess
import sys

import pytest

from rewardmeter.cli import main


def run(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "rewardmeter", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def ratings(tmp_path):
    path = tmp_path / "ratings.csv"
    rows = ["item,system,prompt,response,rating,score.judge,domain"]
    for i in range(6):
        for s in range(3):
            text = "word " * (s + i % 3 + 1) + "end"
            rows.append(f"q{i},s{s},prompt {i},{text},{(s * 2 + i) % 5},{s + i % 2},d{i % 2}")
    path.write_text("\n".join(rows) + "\n")
    return path


def test_help_opens_with_a_sentence_and_two_examples():
    lines = "|compare|audit|calibration|calibrate|control|combine|score|label|scorers|data|data show|data list"
    lines += "|data fetch|stats|stats list|stats explain"
    for line in lines.split("|"):
        words = line.split()
        done = run(*words, "--help")
        assert done.returncode == 0
        assert done.stdout.count("    rewardmeter ") == 2, words


def test_compare_prints_a_board_and_writes_its_files(ratings, tmp_path):
    done = run("compare", ratings, "-s", "recorded", "-s", "-length", "--slice", "domain", "--out", tmp_path / "o")
    assert done.returncode == 0, done.stderr
    assert "judge" in done.stdout
    assert "leads with" in done.stdout
    board = json.loads((tmp_path / "o" / "board.json").read_text())
    assert {entry["scorer"] for entry in board["board"]} == {"judge", "-length"}
    assert set(board["board"][0]["slices"]["domain"]) == {"d0", "d1"}
    assert (tmp_path / "o" / "board.csv").read_text().startswith("scorer,")
    assert "<html" in (tmp_path / "o" / "index.html").read_text()


def test_json_goes_to_a_file_or_alone_to_standard_output(ratings, tmp_path):
    done = run("compare", ratings, "-s", "recorded", "--json", "-", cwd=tmp_path)
    assert json.loads(done.stdout)["board"][0]["scorer"] == "judge"
    assert "leads with" in done.stderr
    run("compare", ratings, "-s", "recorded", "--json", "b.json", "--no-report", cwd=tmp_path)
    assert json.loads((tmp_path / "b.json").read_text()) | {"settings": 0} == json.loads(done.stdout) | {"settings": 0}
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "demoo", "-s", "chrf"], "did you mean 'demo'"),
        (["compare", "demo", "-s", "chrff"], "did you mean 'chrf'"),
        (["compare", "demo"], "no scorer was named"),
        (["compare", "demo", "-s", "chrf?betta=1"], "beta"),
        (["compare", "demo", "-s", "recorded:nobody"], "nobody"),
        (["compare", "demo", "-s", "chrf", "--slice", "taks"], "did you mean 'task'"),
        (["compare", "demo", "-s", "chrf", "--aspect", "beauty"], "beauty"),
        (["compare", "demo", "-s", "chrf", "--statistic", "segment.pearsn"], "segment.pearson"),
        (["compare", "demo", "-s", "chrf", "--resamples", "many"], "many"),
        (["compare", "demo", "-s", "chrf", "--map", "rating"], "role=column"),
        (["compare", "no/such/file.csv", "-s", "chrf"], "no/such/file.csv"),
        (["compare", "demo", "--scorers", "none.toml"], "none.toml"),
        (["frobnicate"], "frobnicate"),
        (["data", "show", "/"], "/"),
        (["data", "fetch", "nothing"], "nothing"),
    ],
)
def test_wrong_use_is_one_clear_line_and_status_2(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.err.startswith("rewardmeter: ")
    assert "Traceback" not in captured.err


def test_failed_responses_give_status_3_and_a_board(ratings, tmp_path):
    (tmp_path / "moody.py").write_text(
        "def mood(response):\n    if response.startswith('word word word word'):\n        raise ValueError('no')\n"
        "    return len(response)\n"
    )
    done = run("compare", ratings, "-s", "moody:mood", "--out", "o", cwd=tmp_path)
    assert done.returncode == 3
    assert "failed and were left out" in done.stdout
    entry = json.loads((tmp_path / "o" / "board.json").read_text())["board"][0]
    assert entry["outcomes"]["failed"] > 0
    assert entry["coverage"] < 1


def test_score_writes_one_line_per_response_the_same_bytes_every_time(ratings, tmp_path):
    for out in ("a.jsonl", "b.jsonl"):
        done = run("score", ratings, "-s", "words", "-s", "chrf", "--out", tmp_path / out)
        assert done.returncode == 3  # chrF has no reference to read
        assert "18 failed" in done.stderr
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert len(lines) == 36
    assert {line["outcome"] for line in lines} == {"scored", "failed"}


def test_scorers_may_come_from_a_file(ratings, tmp_path):
    (tmp_path / "mine.toml").write_text('[scorers]\nshort = "-length"\n"my judge" = "recorded:judge"\n')
    done = run("compare", ratings, "--scorers", "mine.toml", "--json", "-", cwd=tmp_path)
    assert {entry["scorer"] for entry in json.loads(done.stdout)["board"]} == {"short", "my judge"}
    (tmp_path / "bad.toml").write_text("[scorers\n")
    assert "bad.toml" in run("compare", ratings, "--scorers", "bad.toml", cwd=tmp_path).stderr


def test_a_narrow_terminal_drops_columns_and_wraps_no_row(ratings):
    wide, narrow = (
        run("compare", ratings, "-s", "recorded", "-s", "length", "--no-report", COLUMNS=str(width)).stdout
        for width in (140, 44)
    )
    assert " reads " in wide
    assert "left out for width" not in wide
    assert "left out for width: cost, reads" in narrow
    rows = [line for line in narrow.splitlines() if "judge" in line and line.strip()[0].isdigit()]
    assert len(rows) == 1


def test_lists_name_everything():
    assert "chrf++" in run("scorers").stdout
    listing = run("data", "list").stdout
    assert "judgebench" in listing
    assert "demo" in listing


def test_a_closed_pipe_is_no_error(ratings):
    command = f"{sys.executable} -m rewardmeter scorers | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in done.stderr


def test_statistics_explain_themselves(capsys):
    assert main(["stats", "explain", "segment.acc_eq.item"]) == 0
    told = capsys.readouterr().out
    for word in ("is: ", "formula: ", "assumes: ", "source: ", "misleads: ", "2305.14324"):
        assert word in told
    assert main(["stats", "explain", "segment.acc_eq.itm"]) == 2
    assert "did you mean 'segment.acc_eq.item'" in capsys.readouterr().err
