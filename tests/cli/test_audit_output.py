"""What an audit says in a terminal, and what it refuses beforehand."""

import io

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

import rewardmeter as rm
from rewardmeter.auditing import AuditOptions, edits_named
from rewardmeter.calibration import write_calibrator
from rewardmeter.cli import main
from rewardmeter.cli.audit_tables import print_audit
from rewardmeter.dataset import Dataset, Preferences

LONG = ("Skywork-Reward-Gemma-2-27B", "GRM-Gemma-2B-rewardmodel-ft")
RUN = ["audit", "demo:pairs", "--no-report", "--no-store"]


@rm.scorer
def long_answers(response):
    return float(len(response))


@rm.scorer
def one_value(response):
    return 1.0


def pairs(n=40):
    """The longer response is better in half of the pairs."""
    texts = [f"one {i}" if (i + j // 2) % 2 else f"one two three {i}" for j in range(n) for i in range(2)]
    a = np.arange(0, 2 * n, 2, dtype=np.int32)
    return Dataset(
        "made",
        [f"i{i}" for i in range(n)],
        np.repeat(np.arange(n, dtype=np.int32), 2),
        texts,
        np.full(2 * n, -1, dtype=np.int32),
        preferences=Preferences(a, a + 1, np.arange(n) % 4 // 2 * 1.0, np.full(n, -1, np.int32)),
    )


def printed(made, width):
    screen = Console(width=width, highlight=False, record=True, file=io.StringIO())
    print_audit(made, screen)
    return screen.export_text().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_summary_is_read_at_every_width(width):
    named = [(name, long_answers) for name in LONG]
    lines = printed(rm.audit(pairs(), named, AuditOptions(), store=None), width)
    start = next(i for i, line in enumerate(lines) if line.startswith("scorer "))
    table = lines[start : start + 5]
    assert all(cell_len(line) <= width for line in table)
    assert not any("…" in line for line in table)
    assert all(any(line.startswith(name[:20]) for line in table) for name in LONG)
    left_out = [line for line in lines if line.startswith("left out for width")]
    assert len(left_out) == (width < 100)
    assert "surface share" in "".join(left_out) or width >= 100


def test_what_is_not_shown_is_no_all_clear():
    options = AuditOptions(edits=edits_named(["breaking"]), units=12)
    lines = printed(rm.audit("demo:pairs", ["chrf"], options, store=None), 200)
    said = {line.partition(":")[0] for line in lines}
    assert "not shown either way, breaking" in said
    assert "as it should be, breaking" in said
    assert not any(line.startswith("no alarm") for line in lines)


def test_a_scorer_of_one_value_has_no_unit():
    lines = printed(rm.audit(pairs(), [("one", one_value)], AuditOptions(), store=None), 200)
    assert "one · it tells no two responses apart that people told apart" in lines
    assert not any("a shift of 1 is" in line for line in lines)


def test_an_alarm_on_broken_content_says_what_was_not_noticed():
    options = AuditOptions(edits=edits_named(["repeated answer"]), units=30)
    made = rm.audit(pairs(), [("length", long_answers)], options, store=None)
    assert made.scorer("length")["repeated answer"].alarm
    assert "notices 0 of 1 kinds of damage, blind to repeated answer" in made.headline[0]


def test_without_resamples_there_is_no_interval_in_the_answer():
    made = rm.audit("demo:pairs", resamples=0)
    assert made.headline[0].startswith("Without reading: 'system' wins 81.1 % of 533")
    assert "nan" not in " ".join(made.headline)


def test_of_one_item_nothing_is_learnt():
    assert rm.audit(pairs(1))["response only"].reason.startswith("too little to learn from")


def test_a_scorer_that_says_nothing_is_not_taken_for_a_judge():
    made = rm.audit(pairs(), [("nothing", rm.scorer(lambda response: float("nan")))], AuditOptions(), store=None)
    assert made.scorer("nothing").note.startswith("80 of 80 responses have no score")
    assert made.scorer("nothing")["scale use"].reason == "no response has a score"


def test_a_scorer_that_was_fitted_on_this_data_says_so(tmp_path):
    file = tmp_path / "plain.json"
    write_calibrator(rm.control("demo:pairs", "words", covariates=["length"], store=None).calibrator, file)
    made = rm.audit("demo:pairs", ["words", f"words@{file}"], AuditOptions(), store=None)
    assert made.headline[-1].startswith("Fitted on this very data")
    assert "words@" in made.headline[-1]
    assert not any("Fitted" in line for line in rm.audit("demo:pairs", ["words"], AuditOptions(), store=None).headline)


def test_what_cannot_be_written_is_refused_before_anything_is_scored(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("kept")
    for out in (file, file / "deeper"):
        assert main(["audit", "demo:pairs", "--no-store", "--out", str(out)]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert "this is a file, and no folder" in said.err
    assert file.read_text() == "kept"


def test_sentences_told_apart_are_announced(capsys):
    assert main([*RUN, "--scorer", "length", "--edits", "none", "--attribute", "2"]) == 0
    assert "sentences of 2 responses told apart: see the report or the JSON file" in capsys.readouterr().out
