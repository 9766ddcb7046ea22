"""Calibrators with a parameter for each value of a column: fitted, shipped, and where the value is not known."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.calibration import Calibrator, human_side, read_calibrator, write_calibrator
from rewardmeter.calibration.held_out import try_methods
from rewardmeter.cli import main
from rewardmeter.dataset import Dataset, Preferences, Ratings, Recorded
from rewardmeter.errors import InputError, SpecError, UnknownNameError
from rewardmeter.scoring import make_scorer, signature_of
from rewardmeter.stats.scaling import LinearMap, SlicedShiftMap, SlicedSlopeMap, fit_sliced_temperature
from rewardmeter.types import Item, Response

SLOPES = {"chat": 3.0, "code": 0.3}


def paired(n=1200, seed=0, slopes=SLOPES):
    """Pairs won with probability sigmoid(slope of the domain * margin)."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=2 * n)
    first, second = np.arange(0, 2 * n, 2, dtype=np.int32), np.arange(1, 2 * n, 2, dtype=np.int32)
    domain = [list(slopes)[i % len(slopes)] for i in range(n)]
    slope = np.array([slopes[one] for one in domain])
    won = rng.random(n) < 1 / (1 + np.exp(-slope * (score[first] - score[second])))
    return Dataset(
        "made",
        [f"i{i}" for i in range(n)],
        np.repeat(np.arange(n, dtype=np.int32), 2),
        ["word " * (1 + i % 5) for i in range(2 * n)],
        np.full(2 * n, -1, dtype=np.int32),
        preferences=Preferences(first, second, won.astype(np.float64), np.full(n, -1, np.int32)),
        recorded={"made": Recorded("made", values=score)},
        columns={"domain": domain, "number": [float(i) for i in range(n)]},
    )


def rated(n=300, k=3, seed=1, offsets=(-2.0, 2.0), signal=1.0):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n * k)
    item = np.repeat(np.arange(n, dtype=np.int32), k)
    value = signal * score + np.array(offsets)[item % 2] + 0.3 * rng.normal(size=n * k)
    rows = np.arange(n * k, dtype=np.int32)
    return Dataset(
        "made",
        [f"i{i}" for i in range(n)],
        item,
        ["word"] * (n * k),
        np.full(n * k, -1, dtype=np.int32),
        ratings=Ratings(rows, value, np.full(n * k, -1, np.int32), np.zeros(n * k, np.int32)),
        recorded={"made": Recorded("made", values=score)},
        columns={"domain": [("chat", "code")[i % 2] for i in range(n)]},
    )


def test_temperatures_that_differ_are_worth_having_and_equal_ones_are_not():
    different, equal = paired(), paired(slopes={"chat": 0.5, "code": 0.5})
    chosen = [
        try_methods(human_side(data, by="domain"), data.recorded["made"].values).chosen for data in (different, equal)
    ]
    assert chosen == ["sliced", "temperature"]
    without = try_methods(human_side(different), different.recorded["made"].values)
    assert "sliced" not in [trial.method for trial in without.trials]


def test_the_file_holds_the_column_and_the_recorded_scorer_uses_it(tmp_path):
    data = paired()
    made = rm.calibrate(data, "recorded:made", by="domain", method="sliced")
    assert (made.by, made.map.slices) == ("domain", ("chat", "code"))
    a, b = data.preferences.a, data.preferences.b
    values = data.recorded["made"].values
    domain = np.array(data.columns["domain"])
    alone = fit_sliced_temperature(values[a], values[b], data.preferences.probability, domain, item=np.arange(len(a)))
    assert made.map.to_dict() == alone.to_dict()
    write_calibrator(made, tmp_path / "c.json")
    assert read_calibrator(tmp_path / "c.json").to_dict() == made.to_dict()
    board = rm.measure_calibration(data, [f"recorded:made@{tmp_path / 'c.json'}", "recorded:made"], slices=["domain"])
    calibrated, raw = (next(e for e in board.entries if ("@" in e.scorer) is there) for there in (True, False))
    for domain in SLOPES:
        slope = calibrated.slices["domain"][domain][1]["calibration.slope"]
        assert slope.low < 1 < slope.high, "in both domains the margins mean what they say"
        assert (
            not raw.slices["domain"][domain][1]["calibration.slope"].low
            < 1
            < raw.slices["domain"][domain][1]["calibration.slope"].high
        )


def test_a_gain_by_the_slice_alone_is_no_gain_of_the_scorer():
    data = rated(signal=0.0)
    human, scores = human_side(data, by="domain"), data.recorded["made"].values
    found = try_methods(human, scores)
    assert found["sliced"].over_blind.worth_having, "the domain tells the rating"
    assert found.chosen == "mean", "the score does not"
    assert try_methods(human, scores, methods=("sliced",)).chosen == "sliced"
    with pytest.raises(InputError, match="none is shown to beat the mean"):
        rm.calibrate(data, "recorded:made", by="domain")


def test_intervals_are_as_wide_as_each_slice_needs():
    data = rated(offsets=(0.0, 0.0))
    noisy = np.array(data.columns["domain"])[data.response_item] == "code"
    value = data.ratings.value + 3 * noisy * np.random.default_rng(5).normal(size=len(noisy))
    data = replace(data, ratings=replace(data.ratings, value=value))
    made = rm.calibrate(data, "recorded:made", method="linear", by="domain", interval=0.9)
    chat, code = made.intervals.reach
    assert made.intervals.slices == ("chat", "code")
    assert code > 4 * chat > 0
    assert made.by == "domain", "the file says which column the intervals are for"


def sliced(spec="length"):
    fitted = SlicedSlopeMap(target="utility", common=1.0, slices=("a", "b"), slopes=np.array([2.0, 3.0]), spread=0.1)
    return Calibrator(fitted, spec, signature_of(make_scorer(spec)).fingerprint, by="kind")


def test_an_unknown_slice_takes_the_common_parameter_and_says_so(tmp_path):
    write_calibrator(sliced(), tmp_path / "s.json")
    texts = ["x", "xx", "xxx", "xxxx", "xxxxx"]
    kinds = ["a", "b", "new", None, "a"]
    data = Dataset(
        "d",
        [f"i{i}" for i in range(5)],
        np.arange(5, dtype=np.int32),
        texts,
        np.full(5, -1, np.int32),
        columns={"kind": kinds},
    )
    scores = rm.score(data, f"length@{tmp_path / 's.json'}", store=None)
    assert scores.values.tolist() == [2.0, 6.0, 3.0, 4.0, 10.0]
    assert set(scores.reasons) == {2, 3}
    assert "'new' is new to the calibrator" in scores.reasons[2]
    assert "column 'kind': not known" in scores.reasons[3]
    alone = make_scorer(f"length@{tmp_path / 's.json'}")([Item((Response("xx"),), "prompt")])
    assert alone.values.tolist() == [2.0]
    assert "not known" in alone.reasons[0], "an item that comes by itself has no columns"


def test_a_file_without_its_column_is_refused(tmp_path):
    write_calibrator(sliced(), tmp_path / "s.json")
    record = json.loads((tmp_path / "s.json").read_text())
    del record["by"]
    (tmp_path / "s.json").write_text(json.dumps(record))
    with pytest.raises(SpecError, match="'by' is missing"):
        make_scorer(f"length@{tmp_path / 's.json'}")


def test_two_columns_are_two_signatures(tmp_path):
    made = []
    for column in ("kind", "domain"):
        path = tmp_path / f"{column}.json"
        write_calibrator(replace(sliced(), by=column), path)
        made.append(signature_of(make_scorer(f"length@{path}")).fingerprint)
    assert made[0] != made[1]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"by": "nosuch"}, UnknownNameError, "nosuch"),
        ({"by": "number"}, InputError, "a number with many values"),
        ({"method": "sliced"}, InputError, "needs a column"),
    ],
)
def test_what_makes_no_sense_is_said_first(arguments, error, words):
    with pytest.raises(error, match=words):
        rm.calibrate(paired(40), "recorded:made", **arguments)


def test_a_shift_of_each_slice_is_exact_where_nothing_is_left_to_chance():
    fitted = SlicedShiftMap(
        target="rating",
        base=LinearMap(target="rating", slope=1.0, intercept=0.0),
        common=0.5,
        slices=("a",),
        offsets=np.array([2.0]),
        spread=1.0,
    )
    assert fitted(np.array([1.0, 1.0, math.nan]), slice=np.array(["a", "z", "a"])).tolist()[:2] == [3.0, 1.5]


def test_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [
        {
            "id": f"{i}",
            "prompt": f"prompt {i}",
            "response": "w " * (1 + (7 * i) % 9),
            "rating": (7 * i) % 9 + 2 * (i % 2),
            "kind": "ab"[i % 2],
        }
        for i in range(200)
    ]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    common = ["r.jsonl", "--scorer", "words", "--no-store"]
    assert (
        main(["calibrate", *common, "--by", "kind", "--method", "sliced", "--interval", "0.9", "--out", "c.json"]) == 0
    )
    said = capsys.readouterr().out
    assert "intervals (kind a)" in said
    assert "intervals (kind b)" in said
    assert main(["score", "r.jsonl", "--scorer", "words@c.json", "--no-store"]) == 0
    assert "remark" not in capsys.readouterr().err
    for row in rows:
        row["kind"] = "new"
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["score", "new.jsonl", "--scorer", "words@c.json", "--no-store"]) == 0
    assert "200 scored with a remark: column 'kind': 'new' is new to the calibrator" in capsys.readouterr().err
    assert main(["calibration", *common, "--by", "kind", "--no-report", "--json", "-"]) == 0
    board = json.loads(capsys.readouterr().out)
    assert "sliced" in [trial["method"] for trial in board["board"][0]["methods"]]
    assert board["settings"]["by"] == "kind"
