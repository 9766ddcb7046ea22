"""The calibrator's file, and the scorer behind it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.calibration import Calibrator, read_calibrator, write_calibrator
from rewardmeter.dataset import Dataset, Ratings, Recorded
from rewardmeter.errors import SpecError
from rewardmeter.io.store import Store
from rewardmeter.scoring import facts_of_items, make_scorer, signature_of
from rewardmeter.stats.scaling import CurveMap, LengthMap, LinearMap
from rewardmeter.types import Item, Outcome, Response

ITEMS = [Item((Response("one"), Response("four words are here"), Response("")), "prompt")]


def calibrator(fitted=None, spec="length"):
    fitted = fitted or LinearMap(target="rating", slope=0.5, intercept=1.0)
    return Calibrator(fitted, spec, signature_of(make_scorer(spec)).fingerprint, created="2026-01-01T00:00:00Z")


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "calibrator.json"
    write_calibrator(calibrator(), path)
    return path


def test_the_scorer_behind_a_calibrator_gives_the_maps_values(written):
    plain, behind = make_scorer("length")(ITEMS), make_scorer(f"length@{written}")
    assert behind(ITEMS).values.tolist() == (1 + plain.values / 2).tolist()
    assert make_scorer(behind.name)(ITEMS).values.tolist() == [2.5, 10.5, 1.0]
    assert behind.laws == make_scorer("length").laws


def test_what_is_written_is_read_again_whatever_the_map(tmp_path):
    curve = CurveMap(target="utility", knots=np.array([0.1, 1 / 3, 7e300]), values=np.array([-1.0, 0.0, 0.2]))
    write_calibrator(calibrator(curve), tmp_path / "curve.json")
    text = (tmp_path / "curve.json").read_text()
    again = read_calibrator(tmp_path / "curve.json")
    assert again.to_dict() == calibrator(curve).to_dict() == json.loads(text)
    assert len(text.splitlines()) < 30, "a row of numbers is a line"


def test_another_scorer_is_refused(written):
    with pytest.raises(SpecError, match=r"was fitted on length .* and words is"):
        make_scorer(f"words@{written}")
    with pytest.raises(SpecError, match="was fitted on length"):
        make_scorer(f"-length@{written}")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rewardmeter_calibrator": 2}, "form 2, and this version of rewardmeter knows form 1"),
        ({"rewardmeter_calibrator": None}, "is no calibrator"),
        ({"map": {"kind": "linear", "target": "rating", "slope": 1.0}}, "no field 'intercept'"),
        ({"map": {"kind": "linear", "target": "rating", "slope": "1", "intercept": 0.0}}, "slope must be a finite"),
        ({"map": {"kind": "magic"}}, "unknown kind of map 'magic'"),
        ({"map": []}, "'map' is missing or no object"),
        ({"scorer": {"spec": "length"}}, "'fingerprint' is missing"),
    ],
)
def test_a_file_that_is_no_calibrator_says_what_is_wrong(written, change, words):
    record = json.loads(written.read_text()) | change
    written.write_text(json.dumps(record))
    with pytest.raises(SpecError, match=words):
        make_scorer(f"length@{written}")


@pytest.mark.parametrize("text", ["", "{", '{"rewardmeter_calibrator": NaN}', "\x00", "[1]"])
def test_a_broken_file_is_one_clear_error(tmp_path, text):
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(SpecError, match=r"broken\.json"):
        make_scorer(f"length@{tmp_path / 'broken.json'}")
    with pytest.raises(SpecError, match="cannot be read"):
        make_scorer(f"length@{tmp_path / 'nosuch.json'}")


def test_the_file_moves_no_signature_and_the_map_does(written, tmp_path):
    other = tmp_path / "moved.json"
    other.write_bytes(written.read_bytes())
    here, there = signature_of(make_scorer(f"length@{written}")), signature_of(make_scorer(f"length@{other}"))
    assert here.fingerprint == there.fingerprint != signature_of(make_scorer("length")).fingerprint
    write_calibrator(calibrator(LinearMap(target="rating", slope=0.5, intercept=1.1)), other)
    assert signature_of(make_scorer(f"length@{other}")).fingerprint != here.fingerprint


def test_a_map_that_looks_at_length_reads_the_response(tmp_path):
    fitted = LengthMap(target="rating", slope=1.0, intercept=0.0, gamma=-1.0, centre=0.0, scale=1.0)
    write_calibrator(calibrator(fitted, "words"), tmp_path / "l.json")
    scorer = make_scorer(f"words@{tmp_path / 'l.json'}")
    assert "response" in scorer.reads
    expected = make_scorer("words")(ITEMS).values - np.log1p([3, 19, 0])
    assert np.allclose(scorer(ITEMS).values, expected, rtol=0, atol=1e-12)


def test_on_a_board_the_scorer_is_paid_once(written, tmp_path):
    with Store(tmp_path / "store.sqlite") as store:
        rm.compare("demo", ["length"], store=store, resamples=0, draws=0)
        stored = store.signatures()
        board = rm.compare("demo", ["length", f"length@{written}"], store=store, resamples=0, draws=0)
        assert store.signatures() == stored, "the calibrated scores follow from the stored ones"
    plain, behind = board["length"], board[f"length@{written}"]
    assert plain["segment.kendall_b"].value == behind["segment.kendall_b"].value
    assert plain.signature != behind.signature


def test_failures_stay_failures(written):
    behind = make_scorer(f"length@{written}")
    scores = make_scorer("length")(ITEMS)
    outcomes = scores.outcomes.copy()
    outcomes[1] = Outcome.FAILED
    values = np.where(outcomes == Outcome.FAILED, np.nan, scores.values)
    derived = behind.derive(rm.Scores(values, outcomes, {1: "lost"}), facts_of_items(ITEMS))
    assert derived.outcomes.tolist() == outcomes.tolist()
    assert derived.reasons == {1: "lost"}
    assert np.isnan(derived.values[1])


def test_a_calibrated_scorer_can_stand_in_another(written):
    ranked = make_scorer(f"ranked:[length@{written}]")
    assert ranked(ITEMS).values.tolist() == make_scorer("ranked:length")(ITEMS).values.tolist()
    assert make_scorer(ranked.name).name == ranked.name


def test_intervals_and_abstention_come_back_and_hold(tmp_path):
    from test_held_out import rated

    data, score = rated(n_items=300, noise=1.0)
    train, new = _halves(data, score)
    made = rm.calibrate(train, "recorded:score", interval=0.8, risk=0.2)
    write_calibrator(made, tmp_path / "c.json")
    again = read_calibrator(tmp_path / "c.json")
    assert again.to_dict() == made.to_dict()
    values = again.map(new.recorded["score"].values)
    low, high = again.intervals(values)
    inside = np.mean((low <= new.ratings.value) & (new.ratings.value <= high))
    assert inside == pytest.approx(0.8, abs=0.06)
    first, second = np.arange(0, len(values), 4), np.arange(1, len(values), 4)
    margin, truth = values[first] - values[second], new.ratings.value[first] - new.ratings.value[second]
    answered = again.abstention.answers(np.abs(margin))
    assert 0.1 < answered.mean() < 1
    assert np.mean(margin[answered] * truth[answered] <= 0) <= 0.2 + 2 * np.sqrt(0.16 / answered.sum())
    for name, change, words in [
        ("intervals", {"reach": [-1.0]}, "reach"),
        ("abstention", {"outcome": "most"}, "all, some or none"),
        ("abstention", {"threshold": None}, "belongs to the outcome"),
    ]:
        record = made.to_dict()
        record[name] = record[name] | change
        (tmp_path / "bad.json").write_text(json.dumps(record))
        with pytest.raises(SpecError, match=words):
            read_calibrator(tmp_path / "bad.json")


def _halves(data, score):
    """Two sets of other items, with the score as a recorded one."""
    half, both = data.n_items // 2, []
    for start in (0, half):
        rows = np.flatnonzero((data.response_item >= start) & (data.response_item < start + half))
        bare = np.full(rows.size, -1, dtype=np.int32)
        everything, one = np.arange(rows.size, dtype=np.int32), np.zeros(rows.size, np.int32)
        ratings = Ratings(everything, data.ratings.value[rows], bare, one)
        both.append(
            Dataset(
                "made",
                [f"i{i}" for i in range(half)],
                (data.response_item[rows] - start).astype(np.int32),
                [None] * rows.size,
                bare,
                ratings=ratings,
                recorded={"score": Recorded("score", values=score[rows])},
            )
        )
    return both
