"""The doctor finds planted faults, says how far they move scores, and clears sound scorers."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.api import doctor
from rewardmeter.cli import main
from rewardmeter.errors import InputError, SpecError
from rewardmeter.types import Item, Scores


@dataclass(frozen=True)
class Sound:
    """Length, with fields of the kinds that the doctor knows."""

    batch_tokens: int = field(default=10, metadata={"moves_score": False})
    dtype: str = "float32"
    name: ClassVar[str] = "sound"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[rm.Laws] = rm.Laws()

    def __post_init__(self) -> None:
        if self.dtype not in ("float32", "bfloat16"):
            raise SpecError(f"no {self.dtype} here")

    def value(self, item: Item, place: int, n: int) -> float:
        text = item.responses[place].text
        return len(text) + (0.25 if self.dtype == "bfloat16" else 0.0)

    def __call__(self, items: Sequence[Item]) -> Scores:
        n = sum(len(item.responses) for item in items)
        return Scores.from_values([self.value(item, i, n) for item in items for i in range(len(item.responses))])


@dataclass(frozen=True)
class DependsOnBatch(Sound):
    """Scores that depend on how many responses come together, as badly padded models' do."""

    def value(self, item: Item, place: int, n: int) -> float:
        return len(item.responses[place].text) + 0.5 / n


@dataclass(frozen=True)
class DependsOnOrder(Sound):
    """The first response gets a bonus that turns every order of two round."""

    laws: ClassVar[rm.Laws] = rm.Laws(pointwise=False)

    def value(self, item: Item, place: int, n: int) -> float:
        return 1.0 if place == 0 else 0.0


@dataclass(frozen=True)
class DependsOnBudget(Sound):
    def value(self, item: Item, place: int, n: int) -> float:
        return len(item.responses[place].text) + (0.1 if self.batch_tokens == 1 else 0.0)


@dataclass(frozen=True)
class FailsInHalfPrecision(Sound):
    def value(self, item: Item, place: int, n: int) -> float:
        text = item.responses[place].text
        return math.nan if self.dtype == "bfloat16" and len(text) > 3 else float(len(text))


@pytest.fixture
def pairs(tmp_path):
    rows = [{"prompt": f"q{i}", "chosen": "x" * (2 + i % 5), "rejected": "x" * (1 + i % 3)} for i in range(20)]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def by_change(diagnosis):
    return {one.change: one for one in diagnosis.findings}


@dataclass(frozen=True)
class PrefixIsText(Sound):
    """A field of a known name that means something else, and declares that it moves scores."""

    prefix: str = ""

    def value(self, item: Item, place: int, n: int) -> float:
        return float(len(self.prefix + item.responses[place].text))


def test_a_field_is_what_it_declares(pairs):
    diagnosis = doctor(PrefixIsText(), pairs)
    assert not diagnosis.failures
    assert not any(one.change.startswith("prefix") for one in diagnosis.findings)


def test_a_sound_scorer_is_cleared_and_a_choice_is_measured(pairs):
    diagnosis = doctor(Sound(), pairs)
    assert not diagnosis.failures
    found = by_change(diagnosis)
    assert set(found) == {
        "asked again",
        "each response by itself",
        "items and responses reversed",
        "batch_tokens=1",
        "batch_tokens=1000000",
        "dtype=bfloat16",
    }
    half = found["dtype=bfloat16"]
    assert not half.holds
    assert not half.must_hold
    assert half.largest == half.mean == 0.25
    assert half.flipped == 0, "every score moves alike"
    assert half.largest_in_sd == pytest.approx(0.25 / diagnosis.spread)
    assert half.accuracy.value == half.accuracy_as_is.value
    assert diagnosis.statistic == "pair.accuracy"


def test_a_score_that_depends_on_its_batch_is_found(pairs):
    diagnosis = doctor(DependsOnBatch(), pairs)
    assert [one.change for one in diagnosis.failures] == ["each response by itself"]
    assert diagnosis.failures[0].largest == pytest.approx(0.5 - 0.5 / 40)


def test_a_score_that_depends_on_the_order_is_found_with_its_price(pairs):
    (found,) = doctor(DependsOnOrder(), pairs).failures
    assert found.change == "items and responses reversed"
    assert found.flipped == 1
    assert found.accuracy_as_is.value + found.accuracy.value == 1, "chosen is always first"


def test_a_running_option_that_moves_a_score_is_found(pairs):
    (found,) = doctor(DependsOnBudget(), pairs).failures
    assert found.change == "batch_tokens=1"
    assert found.largest == pytest.approx(0.1)


def test_scores_that_are_lost_are_counted(pairs):
    found = by_change(doctor(FailsInHalfPrecision(), pairs))["dtype=bfloat16"]
    lengths = [n for i in range(20) for n in (2 + i % 5, 1 + i % 3)]
    assert found.outcomes_changed == sum(n > 3 for n in lengths)
    assert not found.holds


@dataclass(frozen=True)
class Shuffles(Sound):
    """Another order, with ties, in the other number format."""

    def value(self, item: Item, place: int, n: int) -> float:
        return float((len(item.responses[place].text) * (7 if self.dtype == "bfloat16" else 3)) % 5)


def test_flips_against_brute_force():
    data = rm.load("demo")
    found = by_change(doctor(Shuffles(), data, items=data.n_items))["dtype=bfloat16"]
    wrong = total = 0.0
    for item in data.items():
        lengths = [len(response.text) for response in item.responses]
        for i, a in enumerate(lengths):
            for b in lengths[:i]:
                before, after = (np.sign(a * m % 5 - b * m % 5) for m in (3, 7))
                wrong += abs(before - after) / 2
                total += 1
    assert 0 < found.flipped == pytest.approx(wrong / total, rel=1e-12)


def test_every_scorer_without_weights_is_sound():
    for spec in ("chrf", "rouge-l", "length", "-words", "compression"):
        assert not doctor(spec, items=6).failures, spec


def test_without_judgments_there_is_no_accuracy(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps({"prompt": "p", "response": "r" * i}) + "\n" for i in range(1, 9)))
    diagnosis = doctor("length", path)
    assert diagnosis.statistic is None
    assert diagnosis.findings[0].accuracy is None


def test_nothing_to_examine_is_said(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"prompt": "p", "response": "r"}) + "\n")
    with pytest.raises(InputError, match="no reference"):
        doctor("chrf", path)
    with pytest.raises(InputError):
        doctor("length", path, items=0)


@pytest.mark.parametrize("columns", [None, 80, 40])
def test_the_command_exits_with_1_where_something_moves(tmp_path, monkeypatch, capsys, columns):
    if columns is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", str(columns))
    (tmp_path / "faulty.py").write_text(
        "import rewardmeter as rm\n"
        "STATE = [0]\n"
        "def drifts(response):\n    STATE[0] += 1\n    return len(response) + STATE[0]\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "faulty:drifts", "--items", "4", "--json", "found.json"]) == 1
    out = capsys.readouterr().out
    assert "MOVES" in out
    assert "asked again" in out
    assert columns == 40 or ("0.0%" in out and "+0.000" in out), "80 columns are enough for every number"
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["findings"][0]["holds"] is False
    assert main(["doctor", "length", "--items", "4"]) == 0
    assert main(["doctor", "lengthy"]) == 2
