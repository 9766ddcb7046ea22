"""The audit from end to end: from Python, and from the command line into files."""

import dataclasses
import json

import numpy as np
import pytest
from small_data import pairs_of, words

import rewardmeter as rm
from rewardmeter.auditing import AuditOptions, most_wrong
from rewardmeter.cli import main
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.scoring import Laws


def data(n=40, seed=0):
    rng = np.random.default_rng(seed)
    texts = [(f"{words(rng, 12)}. {words(rng, 9)}.", f"{words(rng, 5)}.") for _ in range(n)]
    return pairs_of(texts, rng.choice([0.0, 1.0], n), prompts=[f"Question {i}?" for i in range(n)])


def test_what_the_json_promises(tmp_path):
    """The names that others build on."""
    run = ["audit", "demo:pairs", "--scorer", "length", "--units", "20", "--no-store", "--slice", "task"]
    assert main([*run, "--out", str(tmp_path / "out"), "--json", str(tmp_path / "audit.json")]) == 0
    record = json.loads((tmp_path / "audit.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    whole = [one for one in record["data"] if one["slice"] is None]
    assert {"probe", "slice", "estimate"} <= set(whole[0])
    assert next(one for one in whole if one["probe"] == "shorter")["estimate"]["value"] > 0.5
    assert any(one["slice"] == {"column": "task", "value": "arithmetic"} for one in record["data"])
    (scorer,) = record["scorers"]
    assert scorer["scorer"] == "length"
    for probe in scorer["probes"]:
        assert {"probe", "estimate", "p_adjusted"} <= set(probe)
    kinds = {probe["kind"] for probe in scorer["probes"]}
    assert kinds == {"observational", "preserving", "breaking", "hack", "judge"}
    assert (tmp_path / "out" / "index.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "out" / "audit.csv").read_text().startswith("part,scorer,probe")


def test_scorers_go_by_their_labels():
    made = rm.audit(data(), {"mine": "length", "other": "-length"}, units=20, store=None)
    assert [one.scorer for one in made.scorers] == ["mine", "other"]
    for one in made.scorers:
        assert any(probe.kind == "hack" and probe.estimate.defined for probe in one.probes)
    shift = [one["repeated answer"].others["shift"].value for one in made.scorers]
    assert shift[0] == pytest.approx(-shift[1])
    assert shift[0] > 0


def test_the_most_wrong_responses_one_of_each_item():
    pairs = rm.auditing.judged_pairs(pairs_of([("a", "b"), ("c", "d"), ("e", "f")], [1, 1, 0], items=[0, 0, 1]))
    values = np.array([0.0, 5.0, 0.0, 1.0, 3.0, 0.0])
    assert most_wrong(values, pairs, 5) == [1, 4]
    assert most_wrong(values, pairs, 1) == [1]
    assert most_wrong(np.full(6, np.nan), pairs, 5) == []


def test_attributed_sentences_of_a_length_rule_are_their_lengths():
    options = AuditOptions(attributed=2)
    (scorer,) = rm.audit(data(), ["length"], options, store=None).scorers
    assert len(scorer.attributions) == 2
    for one in scorer.attributions:
        assert one["full"] == len(one["text"])
        assert [span["effect"] for span in one["spans"]] == [span["stop"] - span["start"] for span in one["spans"]]


def test_a_scorer_that_says_something_else_every_time():
    rng = np.random.default_rng(0)

    @rm.scorer(laws=Laws(deterministic=False))
    def dice(response):
        return float(rng.normal())

    runs = AuditOptions(runs=3)
    made = rm.audit(data(), [("dice", dice), ("length", "length")], runs, store=None)
    assert made.scorer("dice")["run-to-run"].estimate.value > 0.3
    assert made.scorer("length")["run-to-run"].estimate.value == 0


def test_training_data_that_stands_in_the_data():
    made = rm.audit(data(), train=data())
    prompts = next(one for one in made.duplicates if one.part == "prompts" and one.against)
    assert prompts.exact == 40
    assert any("stand in made, too" in sentence for sentence in made.headline)
    assert not any(one.against for one in rm.audit(data()).duplicates)


def test_recorded_and_silent_scorers():
    made = data()
    recorded = made.with_recorded(
        {"r": rm.dataset.Recorded("r", np.arange(80.0)), "none": rm.dataset.Recorded("none", np.full(80, np.nan))}
    )
    found = rm.audit(recorded, ["recorded"], units=5)
    assert {probe.kind for probe in found.scorer("r").probes} == {"observational", "judge"}
    assert found.scorer("none").note.startswith("80 of 80 responses have no score")
    assert not any(one.estimate.defined for one in found.scorer("none").probes if one.probe != "surface share")


def test_many_scorers_share_a_sentence():
    made = data()
    rng = np.random.default_rng(0)
    many = {f"r{i}": rm.dataset.Recorded(f"r{i}", rng.normal(size=80)) for i in range(12)}
    headline = rm.audit(made.with_recorded(many), ["recorded"]).headline
    assert any("of 12 scorers raise no alarm" in sentence for sentence in headline)


@pytest.mark.parametrize(
    "option", [{"units": 0}, {"folds": 1}, {"runs": 0}, {"attributed": -1}, {"level": 1.5}, {"seed": -1}]
)
def test_numbers_that_make_no_sense(option):
    with pytest.raises(InputError):
        rm.audit(data(), **option)


def test_wrong_use_from_the_command_line(capsys):
    assert main(["audit", "demo", "--scorer", "length", "--edits", "flatery", "--no-report"]) == 2
    assert "flattery" in capsys.readouterr().err
    assert main(["audit", "demo", "--dry-run", "--no-report"]) == 2
    assert main(["audit", "demo", "--scorer", "length", "--dry-run", "--units", "5", "--no-report"]) == 0
    assert "edits of 5 items" in capsys.readouterr().out
    with pytest.raises(UnknownNameError):
        rm.audit(data(), slices=["colour"])


def test_an_audit_prints_what_was_found():
    made = rm.audit(data(), {"<length>": "length"}, units=10, store=None)
    assert "length · dependence" in str(made)
    assert all(sentence in str(made) for sentence in made.headline)
    assert "&lt;length&gt;" in made._repr_html_()
    assert [name for name, _ in made.alarms()] == ["<length>"] * len(made.alarms())


def test_very_long_data_is_not_learnt_from_and_says_so(monkeypatch):
    for module in ("partial_input", "duplicates"):
        monkeypatch.setattr(f"rewardmeter.auditing.{module}.MOST_CHARACTERS", 100)
    made = rm.audit(data())
    assert "more than 100 characters" in made["response only"].reason
    assert made["longer"].estimate.defined
    assert all("more than 100 characters" in one.reason for one in made.duplicates)


def test_a_check_of_a_probe_that_this_audit_has_not_is_no_wrong_name(capsys):
    run = ["audit", "demo:pairs", "--scorer", "length", "--edits", "none", "--no-report", "--no-store"]
    assert main([*run, "--fail-on", "position"]) == 2
    assert "nothing in this audit could answer" in capsys.readouterr().err


def test_a_missing_text_is_not_called_no_texts():
    made = data()
    partly = dataclasses.replace(made, response_text=[None, *made.response_text[1:]])
    assert rm.audit(partly)["longer"].reason == "1 of 80 responses have no text"
    nowhere = dataclasses.replace(made, response_text=[None] * 80)
    assert rm.audit(nowhere)["longer"].reason == "the data has no texts"
