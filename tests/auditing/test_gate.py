"""Checks: what fails, and with a baseline what alone fails."""

import json
import math
import zlib

import numpy as np
import pytest
from small_data import pairs_of, words

import rewardmeter as rm
from rewardmeter.auditing import AuditOptions, failures, parse_checks, read_baseline, unanswered
from rewardmeter.cli import main
from rewardmeter.errors import InputError, UnknownNameError


def data(n=150, seed=0):
    rng = np.random.default_rng(seed)
    texts = [(words(rng, rng.integers(5, 60)), words(rng, rng.integers(5, 60))) for _ in range(n)]
    return pairs_of(texts, rng.choice([0.0, 1.0], n))


def lengthy(share):
    """Log length, and noise that hangs on the text."""

    @rm.scorer
    def score(response):
        noise = np.random.default_rng(zlib.crc32(response.encode())).normal()
        return share * 2 * math.log1p(len(response)) + (1 - share) * noise

    return score


def audit(share, **options):
    return rm.audit(data(), [("s", lengthy(share))], AuditOptions(**options), store=None)


def says(audit, *texts, baseline=None):
    return [one.says for one in failures(audit, parse_checks(texts), baseline)]


def test_an_alarm_fails_by_any_name():
    made = audit(0.9)
    assert made.scorer("s")["length"].alarm
    for what in ("any", "observational", "length"):
        assert any("length dependence" in one for one in says(made, what))
    assert not says(made, "hack")
    assert not says(made, "markdown")


def test_a_bound_is_passed_by_the_whole_interval():
    made = audit(0.9)
    one = made.scorer("s")["length"].estimate
    assert says(made, f"length>{one.low - 0.01:.4f}")
    assert not says(made, f"length>{one.low + 0.01:.4f}")
    assert says(made, f"length<{one.high + 0.01:.4f}")


def test_rules_on_the_data_can_fail_too():
    n = 60
    rng = np.random.default_rng(0)
    texts = [(words(rng, 30), words(rng, 10)) for _ in range(n)]
    made = rm.audit(pairs_of(texts, [1.0] * n))
    assert any("longer wins 1" in one for one in says(made, "data"))
    assert says(made, "longer>0.8")
    assert not says(made, "shorter")
    assert not says(made, "any")  # any probe of a scorer


def test_with_a_baseline_only_what_is_worse_fails(tmp_path):
    bad, worse, good = audit(0.5), audit(0.95), audit(0.0)
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(bad.to_dict()))
    baseline = read_baseline(path)
    assert says(bad, "length")
    assert not says(bad, "length", baseline=baseline)
    assert not says(good, "length", baseline=baseline)
    assert any("before" in one for one in says(worse, "length", baseline=baseline))


def test_a_probe_that_the_baseline_lacks_fails_as_it_is(tmp_path):
    made = audit(0.9)
    record = made.to_dict()
    record["scorers"] = []
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(record))
    assert any("does not have it" in one for one in says(made, "length", baseline=read_baseline(path)))


@pytest.mark.parametrize("gone", ["value", "low"])
def test_a_probe_that_the_baseline_has_no_number_of_fails_as_it_is(tmp_path, gone):
    made = audit(0.9)
    record = made.to_dict()
    for one in record["scorers"][0]["probes"]:
        one["estimate"][gone] = None
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(record))
    assert any("no interval" in one for one in says(made, "length", baseline=read_baseline(path)))


def test_a_baseline_of_other_data_is_refused(tmp_path):
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(audit(0.9).to_dict()))
    assert read_baseline(path, "made")
    with pytest.raises(InputError, match=r"'made'.*'demo'"):
        read_baseline(path, "demo")


def test_checks_that_cannot_be_read():
    with pytest.raises(InputError, match="cannot be read"):
        parse_checks(["length>much"])
    with pytest.raises(UnknownNameError, match="lenght"):
        parse_checks(["lenght"], ["length"])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"scorers": 3}', '{"scorers": [{"scorer": "x"}]}'])
def test_a_baseline_that_is_none(tmp_path, text):
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"b\.json"):
        read_baseline(path)
    with pytest.raises(InputError, match=r"gone\.json"):
        read_baseline(tmp_path / "gone.json")


def test_exit_status(tmp_path, capsys):
    before = tmp_path / "before.json"
    run = ["audit", "demo", "--scorer", "length", "--edits", "none", "--no-report", "--no-store"]
    assert main([*run, "--json", str(before)]) == 0
    assert main([*run, "--fail-on", "length"]) == 1
    assert "failed · length · length" in capsys.readouterr().out
    assert main([*run, "--fail-on", "observational>9"]) == 0
    assert "passed · observational>9" in capsys.readouterr().out
    assert main([*run, "--fail-on", "length", "--baseline", str(before)]) == 0
    typo = tmp_path / "typo.json"
    assert main([*run, "--fail-on", "lentgh", "--json", str(typo)]) == 2
    assert json.loads(typo.read_text())["scorers"]
    assert "length" in capsys.readouterr().err
    assert main([*run, "--baseline", str(tmp_path / "none.json")]) == 2


@rm.scorer
def silent(response):
    """Nothing to say of any response."""
    return math.nan


def test_what_nothing_answered_neither_fails_nor_passes():
    made = rm.audit(data(), [("s", lengthy(0.9)), ("silent", silent)], AuditOptions(), store=None)

    def unasked(what):
        return [(str(check), scorer) for check, scorer in unanswered(made, parse_checks([what]))]

    assert unasked("longer") == unasked("data") == []
    assert unasked("any") == [("any", "silent")]
    assert unasked("length>0.2") == [("length>0.2", "silent")]
    assert unasked("hack") == [("hack", "")]
    assert unasked("more emoji") == [("more emoji", "")]  # no response has any


@pytest.mark.parametrize(
    "more",
    [["--fail-on", "hack"], ["--fail-on", "flattery>0.2", "--scorer", "length"], ["--fail-on", "any"]],
    ids=["no scorer", "an edit that was not tried", "no probe"],
)
def test_a_gate_that_looked_at_nothing_is_not_open(capsys, more):
    assert main(["audit", "demo", "--edits", "none", "--no-report", "--no-store", *more]) == 2
    said = capsys.readouterr()
    assert "not tested" in said.out
    assert "passed" not in said.out
    assert "nothing in this audit could answer that" in said.err


def test_a_baseline_may_be_the_folder_of_an_audit(tmp_path):
    (tmp_path / "audit.json").write_text(json.dumps(audit(0.5).to_dict()))
    assert read_baseline(tmp_path).scorers == ("s",)
    (tmp_path / "audit.json").unlink()
    with pytest.raises(InputError, match="No such file"):
        read_baseline(tmp_path)


def test_a_baseline_of_other_data_or_without_the_scorer_says_so(tmp_path):
    made = audit(0.5)
    record = made.to_dict()
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(record))
    assert read_baseline(path).differs(made) == []
    other = rm.audit(data(seed=1), [("t", lengthy(0.5))], AuditOptions(), store=None)
    about_data, about_scorer = read_baseline(path).differs(other)
    assert "other data (made, 150 items; here made, 150 items)" in about_data
    assert "no scorer named t; it has s." in about_scorer
    path.write_text(json.dumps({"scorers": record["scorers"]}))
    assert read_baseline(path).differs(made) == []
