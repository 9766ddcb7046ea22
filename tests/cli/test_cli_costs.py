"""Prices before the run, limits during it, costs after it, and the list of scorers, from the command line."""

import json
import os
import subprocess
import sys

import pytest

PRICED = '''
"""A scorer that charges a cent a response; it keeps a log of what it was paid for."""
from dataclasses import dataclass
from typing import ClassVar
import rewardmeter as rm
from rewardmeter.scoring import score_stream
from rewardmeter.types import Cost

@dataclass(frozen=True)
class Priced:
    cents: float = 1.0
    name: ClassVar[str] = "priced"
    reads: ClassVar[frozenset] = frozenset({"response"})
    laws: ClassVar[rm.Laws] = rm.Laws()

    def __call__(self, items):
        return score_stream(self, items)

    def stream(self, items, run):
        texts = [response.text for item in items for response in item.responses]
        for place, text in enumerate(texts):
            if not run.budget.reserve(self.cents / 100):
                continue
            run.budget.settle(self.cents / 100, self.cents / 100)
            with open("paid.log", "a") as log:
                log.write("x")
            yield [place], rm.Scores.from_values([float(len(text))], cost=Cost(dollars=self.cents / 100, calls=1))

    def forecast(self, items, run):
        n = sum(len(item.responses) for item in items)
        return Cost(dollars=n * self.cents / 100, calls=n)
'''


def run(*arguments, cwd):
    environment = {**os.environ, "REWARDMETER_STORE": str(cwd / "store.sqlite")}
    command = [sys.executable, "-m", "rewardmeter", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def workplace(tmp_path):
    (tmp_path / "priced.py").write_text(PRICED)
    rows = [f"q{i},s{s},{'word ' * (i + 1)}{s},{(s + i) % 5}" for i in range(6) for s in range(3)]
    (tmp_path / "ratings.csv").write_text("item,system,response,rating\n" + "\n".join(rows) + "\n")
    return tmp_path


def paid(folder):
    return len((folder / "paid.log").read_text()) if (folder / "paid.log").exists() else 0


def test_a_dry_run_prices_what_is_not_stored_and_scores_nothing(workplace):
    done = run("score", "ratings.csv", "-s", "priced:Priced", "-s", "length", "--dry-run", cwd=workplace)
    assert done.returncode == 0, done.stderr
    assert "At most $0.18 in all" in done.stdout
    assert paid(workplace) == 0
    over = run("score", "ratings.csv", "-s", "priced:Priced", "--dry-run", "--max-cost", "0.17", cwd=workplace)
    assert over.returncode == 1
    run("score", "ratings.csv", "-s", "priced:Priced", cwd=workplace)
    assert "At most $0.00" in run("score", "ratings.csv", "-s", "priced:Priced", "--dry-run", cwd=workplace).stdout


def test_a_dry_run_of_an_audit_prices_the_edits_too(workplace):
    """18 responses of the data, and what the edits of three items make of them; the spec is not the scorer's name."""
    audit = ["audit", "ratings.csv", "-s", "priced:Priced", "--edits", "full stop", "--units", "3", "--dry-run"]
    done = run(*audit, cwd=workplace)
    assert done.returncode == 0, done.stderr
    data, edits = (line for line in done.stdout.splitlines() if line.startswith("At most"))
    assert "$0.18" in data
    assert "$0.00" not in edits
    assert run(*audit, "--max-cost", "0.18", cwd=workplace).returncode == 1
    assert "Not counted" in run(*audit, "--runs", "2", cwd=workplace).stdout
    assert paid(workplace) == 0


def test_a_limit_holds_for_data_edits_runs_and_attribution_together(workplace):
    audit = ["audit", "ratings.csv", "-s", "priced:Priced", "--edits", "full stop", "--no-report"]
    run(*audit, "--runs", "3", "--attribute", "2", "--max-cost", "0.30", cwd=workplace)
    assert 18 < paid(workplace) <= 30


def test_a_limit_is_kept_and_the_next_run_goes_on(workplace):
    first = run("score", "ratings.csv", "-s", "priced:Priced", "--max-cost", "0.05", cwd=workplace)
    assert first.returncode == 3
    assert paid(workplace) == 5
    assert "13 missing" in first.stderr
    reasons = {json.loads(line)["reason"] for line in first.stdout.splitlines()}
    assert reasons == {None, "not scored: the cost limit was reached"}
    second = run("score", "ratings.csv", "-s", "priced:Priced", cwd=workplace)
    assert second.returncode == 0
    assert paid(workplace) == 18
    assert all(json.loads(line)["outcome"] == "scored" for line in second.stdout.splitlines())


def test_the_board_says_what_a_thousand_responses_cost_also_from_the_store(workplace):
    for _ in range(2):
        done = run("compare", "ratings.csv", "-s", "priced:Priced", "-s", "length", "--json", "-", cwd=workplace)
        by_name = {entry["scorer"]: entry for entry in json.loads(done.stdout)["board"]}
        assert by_name["priced"]["cost_per_1000"]["dollars"] == pytest.approx(10)
        assert by_name["priced"]["cost_per_1000"]["calls"] == 1000
        assert by_name["length"]["cost_per_1000"]["dollars"] == 0
    assert by_name["priced"]["cost"]["dollars"] == 0, "the second run paid nothing"
    assert paid(workplace) == 18


def test_equal_responses_are_paid_for_once_with_and_without_a_store(workplace):
    rows = [f"q{i},s{s},{'word ' * (i + 1)},{(s + i) % 5}" for i in range(6) for s in range(3)]
    (workplace / "equal.csv").write_text("item,system,response,rating\n" + "\n".join(rows) + "\n")
    for options in ((), ("--no-store",)):
        done = run("compare", "equal.csv", "-s", "priced:Priced", "--json", "-", *options, cwd=workplace)
        assert json.loads(done.stdout)["board"][0]["cost_per_1000"]["dollars"] == pytest.approx(10)
    assert paid(workplace) == 12


def test_a_name_that_is_no_spec_keeps_what_was_scored(workplace):
    named = '    name: ClassVar[str] = "priced"\n'
    text = (workplace / "priced.py").read_text()
    assert named in text
    (workplace / "priced.py").write_text(text.replace(named, named.replace("priced", "is it ok?yes")))
    done = run("compare", "ratings.csv", "-s", "priced:Priced", "--json", "-", cwd=workplace)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["board"][0]["scorer"] == "is it ok?yes"


def test_a_limit_with_an_unknown_price_is_refused(workplace):
    done = run("score", "ratings.csv", "-s", "priced:Priced?cents=nan", "--max-cost", "1", cwd=workplace)
    assert done.returncode == 2
    assert "the price is unknown" in done.stderr
    dry = run("score", "ratings.csv", "-s", "priced:Priced?cents=nan", "--dry-run", cwd=workplace)
    assert "$?" in dry.stdout


def test_wrong_limits_and_executors_are_refused(workplace):
    assert run("score", "ratings.csv", "-s", "length", "--max-cost", "-1", cwd=workplace).returncode == 2
    assert run("score", "ratings.csv", "-s", "length", "--executor", "rays", cwd=workplace).returncode == 2


def test_one_family_is_shown_with_its_options(tmp_path):
    shown = run("scorers", "chrf", cwd=tmp_path).stdout
    assert "beta" in shown
    assert "response, references" in shown
    unknown = run("scorers", "chfr", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "chrf" in unknown.stderr
    assert run("scorers", "--checkpoints", cwd=tmp_path).returncode == 0
