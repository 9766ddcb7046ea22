"""The calibrator's file, and the scorer behind it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.calibration import Calibrator, read_calibrator, write_calibrator
from rewardmeter.dataset import Dataset, Preferences, Ratings, Recorded
from rewardmeter.errors import InputError, SpecError
from rewardmeter.io.store import Store
from rewardmeter.scoring import facts_of_items, make_scorer, signature_of
from rewardmeter.stats.scaling import CurveMap, LengthMap, LinearMap
from rewardmeter.types import Item, Outcome, Response

INTERVALS = {"level": 0.9, "slices": [], "items": [30], "reach": [1.0], "spread": None}
ABSTENTION = {
    "outcome": "some",
    "threshold": 0.5,
    "risk": 0.1,
    "delta": 0.05,
    "items": 30,
    "kept": 10,
    "errors": 0,
    "reason": "",
}
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
        ({"rewardmeter_calibrator": True}, "form True"),
        ({"map": {"kind": "linear", "target": "rating", "slope": 10**400, "intercept": 0.0}}, "slope must be a finite"),
        ({"intervals": []}, "json: 'intervals' is missing or no object"),
        ({"intervals": INTERVALS | {"reach": None}}, "intervals.reach must be a list"),
        ({"intervals": INTERVALS | {"reach": [[1.0]]}}, r"intervals.reach\[0\] must be a finite number"),
        ({"intervals": INTERVALS | {"items": None}}, "intervals.items must be a list"),
        ({"intervals": INTERVALS | {"items": [1.5]}}, r"intervals.items\[0\] must be a whole number"),
        ({"intervals": INTERVALS | {"items": [10**30]}}, r"intervals.items\[0\] must be a whole number"),
        ({"intervals": INTERVALS | {"slices": None}}, "intervals.slices must be a list"),
        ({"intervals": INTERVALS | {"slices": "a"}}, "intervals.slices must be a list"),
        ({"intervals": INTERVALS | {"slices": [["a"]]}}, "intervals.slices must hold strings"),
        (
            {"intervals": INTERVALS | {"slices": ["a", "a"], "items": [1, 1], "reach": [1, 2]}},
            "slices must all be differ",
        ),
        ({"intervals": INTERVALS | {"spread": {}}}, "intervals.spread must be an object"),
        ({"intervals": INTERVALS | {"spread": [1]}}, "intervals.spread must be an object"),
        ({"intervals": INTERVALS | {"spread": {"cuts": [], "sizes": [1e999]}}}, "Infinity is no JSON number"),
        ({"intervals": INTERVALS | {"level": None}}, "intervals.level must be a finite number"),
        ({"intervals": INTERVALS | {"level": "0.9"}}, "intervals.level must be a finite number"),
        ({"intervals": INTERVALS | {"level": 1.5}}, "intervals.level must lie strictly between 0 and 1"),
        ({"abstention": ABSTENTION | {"risk": 7}}, "abstention.risk must lie strictly between 0 and 1"),
        ({"abstention": ABSTENTION | {"items": 1.5}}, "abstention.items must be a whole number"),
        ({"abstention": ABSTENTION | {"items": 10**400}}, "abstention.items must be a finite number"),
        ({"abstention": ABSTENTION | {"errors": 11}}, "abstention.errors must be at most abstention.kept"),
        ({"abstention": ABSTENTION | {"reason": None}}, "abstention.reason must be text"),
    ],
)
def test_a_file_that_is_no_calibrator_says_what_is_wrong(written, change, words):
    record = json.loads(written.read_text()) | change
    written.write_text(json.dumps(record))
    with pytest.raises(SpecError, match=words):
        make_scorer(f"length@{written}")


def test_a_number_that_json_reads_as_infinite_is_refused(written):
    record = json.loads(written.read_text()) | {"intervals": INTERVALS | {"spread": {"cuts": [], "sizes": [7.25]}}}
    written.write_text(json.dumps(record).replace("7.25", "1e999"))
    with pytest.raises(SpecError, match=r"intervals.spread.sizes\[0\] must be a finite number"):
        make_scorer(f"length@{written}")


def test_maps_within_maps_without_end_are_one_clear_error(written):
    record = json.loads(written.read_text())
    shift = {"kind": "sliced_shift", "target": "rating", "common": 0.0, "slices": [], "offsets": [], "spread": 0.0}
    innermost, around = json.dumps(record["map"]), json.dumps(shift)[:-1] + ', "base": '
    text = json.dumps(record | {"map": "here", "by": "domain"})
    written.write_text(text.replace('"here"', 450 * around + innermost + 450 * "}"))
    with pytest.raises(SpecError, match=r"calibrator\.json: .*(maps within maps|its base may not have)"):
        make_scorer(f"length@{written}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"rewardmeter_calibrator": NaN}',
        "\x00",
        "[1]",
        "[" * 100_000,
        '{"rewardmeter_calibrator": 1, "map": ' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
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


def recorded(scores, name="made", **more):
    """Forty items with three responses each, rated by their first recorded score and noise."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=120)
    rows, none = np.arange(120, dtype=np.int32), np.full(120, -1, dtype=np.int32)
    ratings = Ratings(rows, np.round(first + rng.normal(size=120) / 2), none, np.zeros(120, np.int32))
    made = {one: Recorded(one, values=change(first)) for one, change in scores.items()}
    texts = more.pop("texts", [f"text {i}" for i in range(120)])
    return Dataset(
        name,
        [f"i{i}" for i in range(40)],
        np.repeat(np.arange(40), 3).astype(np.int32),
        texts,
        none,
        ratings=ratings,
        recorded=made,
        **more,
    )


def scored(data, spec):
    return rm.score(data, spec, store=None)


def test_a_recorded_scorer_and_its_negation_have_calibrators_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = recorded({"x": np.copy, "w": np.negative})
    write_calibrator(rm.calibrate(data, "recorded:x", method="linear"), "x.json")
    write_calibrator(rm.calibrate(data, "-recorded:w", method="linear"), "w.json")
    assert np.allclose(scored(data, "recorded:x@x.json").values, scored(data, "-recorded:w@w.json").values)
    for spec, told in [("-recorded:x@x.json", "'-x' is"), ("recorded:w@w.json", "'w' is")]:
        with pytest.raises(SpecError, match=rf"was fitted on .* {told} .*another name or sign"):
            scored(data, spec)
    with pytest.raises(SpecError, match=r"was fitted on recorded:x .* 'w' is"):
        scored(data, "recorded:w@x.json")


def test_a_calibrator_of_a_calibrated_recorded_scorer_is_not_one_of_the_scorer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = recorded({"x": lambda x: 100 * x})
    write_calibrator(rm.calibrate(data, "recorded:x", method="linear"), "x.json")
    other = recorded({"x": lambda x: 100 * x}, texts=[f"another {i}" for i in range(120)])
    with pytest.warns(UserWarning, match="known by its name alone"):
        write_calibrator(rm.calibrate(other, "recorded:x@x.json", method="linear"), "twice.json")
    with pytest.raises(SpecError, match="another name or sign"):
        scored(data, "recorded:x@twice.json")


def test_recorded_scores_are_known_by_what_they_are_and_not_by_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = rm.calibrate(recorded({"x": np.copy}), "recorded:x", method="linear")
    write_calibrator(made, "x.json")
    expected = made.map(recorded({"x": np.copy}).recorded["x"].values)
    elsewhere = recorded({"other": np.copy, "x": np.copy}, name="./elsewhere/made.jsonl")
    assert scored(elsewhere, "recorded:x@x.json").values.tolist() == expected.tolist()
    for name in ("made", "elsewhere"):
        with pytest.raises(SpecError, match="on this data with other scores of recorded:x: they have changed"):
            scored(recorded({"x": lambda x: -1000 * x}, name=name), "recorded:x@x.json")
    split = recorded({"x": np.copy}, texts=[f"another {i}" for i in range(120)], name="split")
    with pytest.warns(UserWarning, match=r"recorded:x of other data \(made\); .* in split is known by its name alone"):
        assert scored(split, "recorded:x@x.json").values.tolist() == expected.tolist()


def test_a_response_without_a_text_is_missing_where_the_map_needs_its_length(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = recorded({"x": np.copy})
    write_calibrator(rm.calibrate(data, "recorded:x", method="length"), "x.json")
    whole = scored(data, "recorded:x@x.json")
    with pytest.warns(UserWarning, match="other data"):
        holed = scored(
            recorded({"x": np.copy}, texts=[*data.response_text[:3], None, *data.response_text[4:]]),
            "recorded:x@x.json",
        )
    assert Outcome(int(holed.outcomes[3])) == Outcome.MISSING
    assert "no text" in holed.reasons[3]
    assert np.delete(holed.values, 3).tolist() == np.delete(whole.values, 3).tolist()


@pytest.mark.parametrize("far", [1e60, 1e160, -1e300])
def test_scores_too_great_to_be_squared_are_one_clear_error(far):
    data = recorded({"good": np.copy, "far": lambda x: np.append(x[:-1], far)})
    for call in (
        lambda: rm.calibrate(data, "recorded:far", method="linear"),
        lambda: rm.measure_calibration(data, ["recorded"], resamples=0),
        lambda: rm.combine(data, ["recorded"]),
    ):
        with pytest.raises(InputError, match=r"'far' has 1 scores beyond 1e\+50"):
            call()


def test_a_method_without_a_held_out_loss_is_refused():
    """Ties make davidson possible, and here only pairs without scores are tied."""
    none, first = np.full(60, -1, dtype=np.int32), np.arange(0, 120, 2, dtype=np.int32)
    tied = np.arange(60) % 10 == 0
    values = np.random.default_rng(0).normal(size=120)
    values[first[tied]] = np.nan
    label = np.where(tied, 0.5, np.random.default_rng(1).integers(0, 2, 60))
    data = Dataset(
        "pairs",
        [f"i{i}" for i in range(60)],
        np.repeat(np.arange(60), 2).astype(np.int32),
        [f"text {i}" for i in range(120)],
        np.full(120, -1, dtype=np.int32),
        preferences=Preferences(first, first + 1, label, none),
        recorded={"x": Recorded("x", values=values)},
    )
    with pytest.raises(InputError, match=r"'x' cannot be calibrated by davidson: .*ties"):
        rm.calibrate(data, "recorded:x", method="davidson")


def test_abstention_without_a_verdict_on_scores_names_the_scorer():
    data = recorded({"x": lambda x: np.where(np.arange(120) % 3 == 0, x, np.nan)})
    with pytest.raises(InputError, match="'x' cannot be calibrated by linear"):
        rm.calibrate(data, "recorded:x", method="linear", risk=0.1)


def test_a_name_with_a_minus_is_not_the_scorer_upside_down(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = recorded({"x": np.copy, "-x": np.exp})
    write_calibrator(rm.calibrate(data, "recorded:-x", method="linear"), "minus.json")
    with pytest.raises(SpecError, match="another name or sign"):
        scored(data, "-recorded:x@minus.json")
