"""A calibrator fitted on one part of the data and tested on the others."""

from __future__ import annotations

import json

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.api import contenders
from rewardmeter.calibration import calibration_board
from rewardmeter.cli import main
from rewardmeter.errors import UnknownNameError


@pytest.fixture(scope="module")
def two_kinds(tmp_path_factory):
    """800 pairs; a length difference counts three times as much in the second kind, as a logit."""
    rng = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("shift") / "pairs.jsonl"
    lines = []
    for number in range(800):
        kind = ("calm", "steep")[number % 2]
        a, b = (int(size) for size in rng.integers(0, 40, 2))
        first = rng.random() < 1 / (1 + np.exp(-(0.05 if kind == "calm" else 0.5) * (a - b)))
        texts = ["x" * a + ".", "x" * b + "."]
        chosen, rejected = texts if first else texts[::-1]
        lines.append({"prompt": f"p{number}", "chosen": chosen, "rejected": rejected, "kind": kind})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return rm.load(path)


def test_a_part_is_served_best_by_its_own_calibrator(two_kinds):
    made = contenders(two_kinds, [("size", rm.scorer(lambda response: len(response), name="size"))], store=None)
    board = calibration_board(two_kinds, made, shift=["kind"], resamples=0)
    shift = board["size"].shift["kind"]
    assert shift.method in ("temperature", "spline")
    assert shift.values == ("calm", "steep")
    assert shift.items == (400, 400)
    loss = np.array([[one.value for one in row] for row in shift.loss])
    assert np.all(loss[[0, 1], [0, 1]] < loss[[1, 0], [0, 1]])
    assert loss[1, 0] - loss[0, 0] > 0.3  # a steep map on calm pairs promises too much
    margins = board["size"].held_out["raw"].values
    calm = np.arange(800) % 2 == 0
    assert shift.raw[0].value == pytest.approx(np.logaddexp(0, -margins[calm]).mean())
    rows = {(row["calibrator"], row["slice_value"]): row["value"] for row in board.rows() if row["slice"] == "kind"}
    assert rows[f"{shift.method} of kind=steep", "calm"] == loss[1, 0]


def test_a_part_without_a_fit_is_undefined(two_kinds):
    few = contenders(two_kinds, [("size", rm.scorer(lambda response: len(response), name="size"))], store=None)
    only = np.where(np.arange(two_kinds.n_responses) % 4 < 2, few[0].scores.values, np.nan)
    few[0].scores.values[:] = only
    shift = calibration_board(two_kinds, few, shift=["kind"], resamples=0)["size"].shift["kind"]
    assert shift.values == ("calm",)


def test_shift_needs_a_column_of_the_items(two_kinds):
    with pytest.raises(UnknownNameError, match="slice column named 'length'"):
        rm.measure_calibration(two_kinds, ["length"], shift=["length"], store=None)


def test_shift_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = ["calibration", "demo", "-s", "chrf", "--resamples", "0", "--no-store", "--shift", "difficulty"]
    assert main([*asked, "--out", "here"]) == 0
    record = json.loads((tmp_path / "here" / "calibration.json").read_text())
    shift = record["board"][0]["shift"]["difficulty"]
    assert sorted(shift["values"]) == ["easy", "hard", "medium"]
    assert all(one["value"] is not None for row in shift["loss"] for one in row)
