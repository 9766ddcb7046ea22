"""What the report of calibration draws, against brute force and closed forms; slices by length and system; files."""

from __future__ import annotations

import csv
import html
import json

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.api import contenders
from rewardmeter.calibration import calibration_board, calibration_views, human_side, save_calibration
from rewardmeter.calibration.parts import columns_of, parts_of
from rewardmeter.cli import main
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.report.calibration_html import render_calibration
from rewardmeter.report.files import json_text


@pytest.fixture(scope="module")
def demo():
    dataset = rm.load("demo")
    made = contenders(dataset, ["chrf", "length"], store=None)
    board = calibration_board(dataset, made, resamples=100, slices=["length", "system"])
    return dataset, made, board


@pytest.fixture
def pairs(tmp_path):
    """200 pairs of one prompt each; the recorded margin is right as often as a logit of a third of it says."""
    rng = np.random.default_rng(3)
    path = tmp_path / "pairs.jsonl"
    lines = []
    for number in range(200):
        margin = 3 * rng.normal()
        a, b = ("x" * (5 + number), "y" * (10 + number))
        first = rng.random() < 1 / (1 + np.exp(-margin / 3))
        lines.append({"prompt": f"p{number}", "chosen": a if first else b, "rejected": b if first else a})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return rm.load(path)


def test_views_are_plain_json_and_name_every_statistic(demo):
    dataset, made, board = demo
    views = calibration_views(dataset, made, board)
    json_text(views)
    assert set(views["diagrams"]) == {"chrf", "length"}
    assert views["drawn"] == 2
    ids = {name for entry in board.entries for name in entry.statistics}
    assert ids | {"calibration.held_out_loss", "calibration.held_out_gain"} == set(views["statistics"])
    assert all(entry["label"] and entry["definition"] for entry in views["statistics"].values())
    assert {entry["better"] for entry in views["statistics"].values()} == {"high", "low", "near"}


def test_ratings_have_all_diagrams_before_and_those_of_ratings_after(demo):
    dataset, made, board = demo
    chrf = calibration_views(dataset, made, board)["diagrams"]["chrf"]
    assert set(chrf["before"]) - {"said"} == {"reliability", "margins", "coverage", "residual", "gaps", "labels"}
    assert set(chrf["after"]) - {"said"} == {"residual", "gaps"}
    assert set(chrf["before"]["said"]) == {"reliability", "margins", "coverage", "residual", "gaps", "labels"}
    residual = chrf["before"]["residual"]
    scores = next(one.scores.values for one in made if one.name == "chrf")
    human = human_side(dataset)
    there = ~np.isnan(scores) & ~np.isnan(human.ratings.value)
    assert sum(residual["n"]) == there.sum()
    mean = np.average(residual["residual"], weights=residual["n"])
    assert mean == pytest.approx((human.ratings.value - scores)[there].mean(), rel=1e-3)


def test_reliability_and_margins_hold_every_pair_once(demo):
    dataset, made, board = demo
    view = calibration_views(dataset, made, board)["diagrams"]["chrf"]["before"]
    human = human_side(dataset)
    margins = human.margins(next(one.scores.values for one in made if one.name == "chrf"))
    stated = 1 / (1 + np.exp(-np.abs(margins)))
    assert sum(view["reliability"]["n"]) == len(margins)
    shares = np.array(view["reliability"]["n"]) / len(margins)
    assert shares @ view["reliability"]["stated"] == pytest.approx(stated.mean(), rel=1e-4)
    assert sum(view["margins"]["weight"]) + view["margins"]["tied"] == pytest.approx(len(margins), rel=1e-4)
    assert view["margins"]["tied"] == np.sum(margins == 0)
    right = np.where(margins == 0, 0.5, np.where(margins > 0, human.pairs.probability, 1 - human.pairs.probability))
    assert view["coverage"]["risk"][-1] == pytest.approx(1 - right.mean(), rel=1e-4)
    assert view["coverage"]["coverage"][-1] == 1


def test_equal_scores_are_neither_right_nor_wrong(pairs):
    made = contenders(pairs, [("always", rm.scorer(lambda response: 1.0, name="one"))], store=None)
    board = calibration_board(pairs, made, resamples=0)
    view = calibration_views(pairs, made, board)["diagrams"]["always"]["before"]
    assert view["margins"]["tied"] == 200
    assert sum(view["margins"]["weight"]) == 0
    assert view["reliability"]["stated"] == [0.5]
    assert "equal" in view["said"]["margins"]


def test_a_gain_by_length_is_no_gain_of_the_scorer(demo):
    dataset, made, board = demo
    outcome = calibration_views(dataset, made, board)["outcomes"]["length"]
    assert outcome["calibrator"] == "knows nothing"
    assert outcome["tried"] != "length"
    gain = outcome["statistics"]["calibration.held_out_gain"]
    assert gain["low"] <= 0
    chosen = calibration_views(dataset, made, board)["outcomes"]["chrf"]
    assert chosen["calibrator"] == board["chrf"].held_out.chosen
    assert chosen["statistics"]["calibration.held_out_gain"]["low"] > 0


def test_scores_that_need_no_calibrator_are_compared_with_themselves(tmp_path):
    """Ratings of 0 and 1 whose probability is the score: Platt beats the mean and not the raw scores."""
    rng = np.random.default_rng(1)
    share = rng.uniform(0.02, 0.98, 300)
    path = tmp_path / "binary.jsonl"
    lines = [
        {"prompt": f"p{k // 3}", "response": f"{p:.6f} {k}", "rating": int(rng.random() < p)}
        for k, p in enumerate(share)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    dataset = rm.load(path)
    right = rm.scorer(lambda response: float(response.split()[0]), name="right")
    made = contenders(dataset, [("right", right)], store=None)
    board = calibration_board(dataset, made, resamples=0)
    outcome = calibration_views(dataset, made, board)["outcomes"]["right"]
    assert board.settings["target"] == "probability"
    assert outcome["calibrator"] == "not worth it"
    assert outcome["statistics"]["calibration.held_out_gain"]["low"] <= 0


# ---- slices by length and by system


def test_every_pair_has_one_length_and_its_two_systems(demo):
    human = human_side(demo[0])
    lengths = parts_of(human, "length")
    assert len(lengths) == 4
    assert np.array_equal(np.sum([part.pairs for part in lengths], axis=0), np.ones(len(human.pairs)))
    assert np.array_equal(np.sum([part.responses for part in lengths], axis=0), np.ones(demo[0].n_responses))
    sizes = [int(part.responses.sum()) for part in lengths]
    assert max(sizes) < 1.5 * min(sizes)
    systems = parts_of(human, "system")
    assert [part.label for part in systems] == list(demo[0].systems)
    assert np.array_equal(np.sum([part.pairs for part in systems], axis=0), np.full(len(human.pairs), 2))


def test_a_slice_is_the_measure_of_its_pairs(demo):
    dataset, made, board = demo
    human = human_side(dataset)
    margins = human.margins(next(one.scores.values for one in made if one.name == "chrf"))
    y = human.pairs.probability
    lost = y * np.logaddexp(0, -margins) + (1 - y) * np.logaddexp(0, margins)
    for name in ("length", "system"):
        for part in parts_of(human, name):
            n, statistics = board["chrf"].slices[name][part.label]
            assert n == part.pairs.sum()
            assert statistics["calibration.nll"].value == pytest.approx(lost[part.pairs].mean())


def test_reserved_names_need_what_they_slice_by(pairs):
    assert columns_of(pairs, ["length"]) == ()
    with pytest.raises(InputError, match="which system"):
        columns_of(pairs, ["system"])
    with pytest.raises(UnknownNameError, match="did you mean 'length'"):
        columns_of(pairs, ["lenght"])


# ---- files


def test_rows_are_one_for_each_scorer_calibrator_slice_and_statistic(demo):
    rows = demo[2].rows()
    keys = [tuple(row[key] for key in ("scorer", "calibrator", "slice", "slice_value", "statistic")) for row in rows]
    assert len(set(keys)) == len(keys)
    found = dict(zip(keys, rows, strict=True))
    entry = demo[2]["chrf"]
    assert found["chrf", "", "", "", "calibration.nll"]["value"] == entry.statistics["calibration.nll"].value
    chosen = entry.held_out.chosen
    assert (
        found["chrf", chosen, "", "", "calibration.rating_ece"]["value"] == entry.after["calibration.rating_ece"].value
    )
    loss = found["chrf", "", "", "", "calibration.held_out_loss"]["value"]
    gain = found["chrf", chosen, "", "", "calibration.held_out_gain"]["value"]
    assert loss - gain == pytest.approx(found["chrf", chosen, "", "", "calibration.held_out_loss"]["value"])


def test_files_and_their_default_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["calibration", "demo", "-s", "length", "--resamples", "0", "--no-store", "--slice", "length"]) == 0
    assert "report  → demo-calibration/index.html     numbers → demo-calibration/calibration.json" in (
        capsys.readouterr().out
    )
    folder = tmp_path / "demo-calibration"
    assert {path.name for path in folder.iterdir()} == {"index.html", "calibration.json", "calibration.csv"}
    record = json.loads((folder / "calibration.json").read_text())
    assert record["settings"]["command"].startswith("rewardmeter")
    with (folder / "calibration.csv").open(newline="") as lines:
        assert {row["slice"] for row in csv.DictReader(lines)} == {"", "length"}
    assert main(["calibration", "demo", "-s", "length", "--resamples", "0", "--no-store", "--out", "here"]) == 0
    assert (tmp_path / "here" / "index.html").exists()


def test_no_report_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["calibration", "demo", "-s", "length", "--resamples", "0", "--no-store", "--no-report"]) == 0
    assert main(["calibration", "demo", "-s", "length", "--resamples", "0", "--no-store", "--json", "-"]) == 0
    assert not list(tmp_path.iterdir())


def test_the_page_stays_small_with_many_slices(demo):
    dataset, made, board = demo
    record, views = board.to_dict(), calibration_views(dataset, made, board)
    row = record["board"][0]
    statistics = row["statistics"]
    row["slices"] = {"many": {str(k): {"n": 40, "statistics": statistics} for k in range(2000)}}
    page = render_calibration(record, views)
    assert len(page) < 4_000_000
    assert "calibration.sharpness" in page  # of the whole data it is there


def test_saved_page_loads_nothing(demo, tmp_path):
    dataset, made, board = demo
    save_calibration(dataset, made, board, tmp_path)
    page = html.unescape((tmp_path / "index.html").read_text())
    assert "default-src 'none'" in page
    assert "src=" not in page.split("<script", 1)[0]
