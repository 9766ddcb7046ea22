"""Is a combination worth having: simulations in which the answer is known, and the file that is made."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.calibration import Combined, read_combination, write_calibrator, write_combination
from rewardmeter.dataset import Dataset, Preferences, Ratings, Recorded
from rewardmeter.errors import InputError, SpecError
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Item, Response


def made(values, *, n_items=150, k=3, seed=0, pairs=False, binary=False, noise=1.0):
    """Responses that several recorded scorers see, each its own part of what people judge by."""
    rng = np.random.default_rng(seed)
    n = n_items * k
    parts = rng.normal(size=(n, 2))
    truth = parts.sum(axis=1)
    recorded = {name: Recorded(name, values=make(parts, rng)) for name, make in values.items()}
    item, bare = np.repeat(np.arange(n_items, dtype=np.int32), k), np.full(n, -1, dtype=np.int32)
    gold = {}
    if pairs:
        first = np.arange(0, n, k, dtype=np.int32)
        won = rng.random(n_items) < 1 / (1 + np.exp(truth[first + 1] - truth[first]))
        nobody = np.full(n_items, -1, np.int32)
        gold["preferences"] = Preferences(first, first + 1, won.astype(np.float64), nobody)
    else:
        rating = truth + noise * rng.normal(size=n)
        rating = (rating > 0).astype(np.float64) if binary else rating
        gold["ratings"] = Ratings(np.arange(n, dtype=np.int32), rating, bare, np.zeros(n, np.int32))
    texts = [f"text {i}" for i in range(n)]
    return Dataset("made", [f"i{i}" for i in range(n_items)], item, texts, bare, recorded=recorded, **gold)


def one(parts, rng):
    return parts[:, 0] * 3 + 0.3 * rng.normal(size=len(parts))


def other(parts, rng):
    return parts[:, 1] / 5 + 0.03 * rng.normal(size=len(parts))


def both(parts, rng):
    return parts.sum(axis=1)


def noise(parts, rng):
    return rng.normal(size=len(parts))


@pytest.mark.parametrize("kind", [{}, {"pairs": True, "n_items": 400}, {"binary": True}])
def test_scorers_that_know_different_things_are_worth_combining(kind):
    found = rm.combine(made({"one": one, "other": other}, **kind), ["recorded"])
    assert found.fit["gain"]["worth_having"]
    assert found.fit["held_out"]["value"] < min(member["held_out"]["value"] for member in found.fit["members"])
    assert [member.spec for member in found.members] == ["recorded:one", "recorded:other"]


def test_where_one_knows_everything_a_combination_is_not_worth_having():
    found = rm.combine(made({"both": both, "one": one, "noise": noise}), ["recorded"])
    assert found.fit["best"] == "both"
    assert not found.fit["gain"]["worth_having"]
    weights = {member["scorer"]: member["weight"] for member in found.fit["members"]}
    assert weights["both"] > 5 * max(weights["one"], weights["noise"])
    assert found.fit["gain"]["low"] > -0.1, "and it costs little"


def test_noise_is_no_member_and_the_wrong_sign_is_said():
    found = rm.combine(
        made({"one": one, "down": lambda parts, rng: -other(parts, rng)}), ["recorded:one", "recorded:down"]
    )
    assert [member.spec for member in found.members] == ["recorded:one"]
    turned = rm.combine(
        made({"one": one, "down": lambda parts, rng: -other(parts, rng)}), ["recorded:one", "-recorded:down"]
    )
    assert [member.spec for member in turned.members] == ["recorded:one", "-recorded:down"]
    assert turned.fit["gain"]["worth_having"]
    with pytest.raises(InputError, match="weight 0"):
        rm.combine(made({"one": one, "other": other}), ["-recorded:one", "-recorded:other"])


def test_scores_missing_at_random_cost_something_and_break_nothing():
    def holed(make):
        def scores(parts, rng):
            values = make(parts, rng)
            values[rng.random(len(values)) < 0.2] = np.nan
            return values

        return scores

    scorers = {"one": holed(one), "other": holed(other), "noise": noise}
    found = rm.combine(made(scorers), ["recorded"])
    assert found.fit["gain"]["worth_having"]
    board = rm.compare(made(scorers), ["recorded"], resamples=0, draws=0)
    assert len(board.entries) == 3


def test_the_mean_of_standardised_scores_is_beside_it():
    found = rm.combine(made({"one": one, "other": other, "noise": noise}, n_items=300), ["recorded"])
    assert found.fit["mean"]["gain"]["worth_having"], "the mean counts noise as much as the rest"


def test_what_is_written_is_read_again(tmp_path):
    data = made({"one": one, "other": other})
    found = rm.combine(data, ["recorded"])
    write_combination(found, tmp_path / "c.json")
    text = (tmp_path / "c.json").read_text()
    assert read_combination(tmp_path / "c.json").to_dict() == found.to_dict() == json.loads(text)
    assert found.data["hash"] == data.content_hash
    assert len(text.splitlines()) < 200, "a row of numbers is a line"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rewardmeter_combination": 2}, "form 2, and this version of rewardmeter knows form 1"),
        ({"rewardmeter_combination": None}, "is no combination"),
        ({"members": []}, "'members' is missing"),
        ({"members": [{"spec": "length"}]}, "'fingerprint' is missing"),
        ({"members": [{"spec": "length", "fingerprint": "0"}]}, "1 members have 2 weights"),
        ({"stack": {"kind": "stack"}}, "no field 'target'"),
        ({"bound": {}}, "no field 'noise'"),
        ({"bound": []}, r"c\.json: 'bound' is missing or no object"),
        ({"bound": {"noise": 10**400, "disagreement": 0, "levels": [], "reaches": []}}, "must be a finite number"),
        ({"rewardmeter_combination": True}, "form True"),
        ({"fit": None}, "'fit' is missing"),
    ],
)
def test_a_file_that_is_no_combination_says_what_is_wrong(tmp_path, change, words):
    path = tmp_path / "c.json"
    write_combination(rm.combine(made({"one": one, "other": other}, n_items=20), ["recorded"]), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SpecError, match=words):
        read_combination(path)


def test_requests_that_cannot_be():
    data = made({"one": one, "other": other, "none": lambda parts, rng: np.full(len(parts), np.nan)}, n_items=20)
    with pytest.raises(InputError, match="needs two scorers with scores; without a score: none"):
        rm.combine(data, ["recorded:one", "recorded:none"])
    with pytest.raises(InputError, match="two scorers"):
        rm.combine(data, ["recorded:one"])
    with pytest.raises(InputError, match="ratings of 0 and 1"):
        rm.combine(data, ["recorded"], target="probability")
    with pytest.raises(InputError, match="three items"):
        rm.combine(made({"one": one, "other": other}, n_items=2), ["recorded"])


def test_five_items_and_constants():
    found = rm.combine(
        made({"one": one, "other": other, "flat": lambda parts, rng: np.ones(len(parts))}, n_items=5), ["recorded"]
    )
    assert np.isfinite(found.stack.weights).all()
    assert found.data["rows"] == 15
    with pytest.raises(SpecError, match="combined:"):
        Combined(found, (), bound="lower", level=0.95)


def test_recorded_members_need_their_dataset(tmp_path):

    data = made({"one": one, "other": other})
    write_combination(rm.combine(data, ["recorded"]), tmp_path / "r.json")
    spec = f"combined:{tmp_path / 'r.json'}"
    board = rm.compare(data, ["recorded", spec, f"-{spec}"], resamples=0, draws=0, store=None)
    assert board.entries[0].scorer == spec
    with pytest.raises(SpecError, match="belongs to dataset 'made'"):
        rm.score("demo", spec, store=None)
    with pytest.raises(SpecError, match="scores that a dataset carries"):
        make_scorer(spec)([Item((Response("text"),))])


def test_a_logit_that_is_right_already_is_beaten_by_nothing():
    """Of 0/1 ratings: raw logits lose what their probabilities lose, not what clipped numbers would."""
    data = made(
        {"good": lambda parts, rng: 2 * parts.sum(axis=1), "noise": noise}, n_items=400, k=1, binary=True, noise=0.0
    )
    truth = data.recorded["good"].values
    won = (np.random.default_rng(8).random(400) < 1 / (1 + np.exp(-truth))).astype(float)
    data = replace(data, ratings=replace(data.ratings, value=won))
    found = rm.combine(data, ["recorded"])
    good = next(member for member in found.fit["members"] if member["scorer"] == "good")
    assert good["calibrated_by"] == "raw"
    assert good["gain"]["value"] == pytest.approx(good["held_out"]["value"] - found.fit["held_out"]["value"])
    assert found.fit["best"] == "good"
    assert not found.fit["gain"]["worth_having"]


def test_a_calibrated_negated_recorded_scorer_can_be_a_member(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scorers = {"one": one, "worse": lambda parts, rng: -other(parts, rng)}
    data = made(scorers)
    write_calibrator(rm.calibrate(made(scorers, seed=1), "-recorded:worse", method="linear"), "worse.json")
    with pytest.warns(UserWarning, match="known by its name alone"):
        found = rm.combine(data, ["recorded:one", "-recorded:worse@worse.json"])
    assert [member.spec for member in found.members] == ["recorded:one", "-recorded:worse@worse.json"]
    write_combination(found, "c.json")
    with pytest.warns(UserWarning, match="known by its name alone"):
        assert np.isfinite(rm.score(data, "combined:c.json", store=None).values).all()


def test_a_calibrated_recorded_scorer_whose_scores_have_changed_is_refused(tmp_path):
    data = made({"one": one, "other": other})
    write_calibrator(rm.calibrate(data, "recorded:one"), tmp_path / "one.json")
    changed = replace(data.recorded["one"], values=-1000 * data.recorded["one"].values)
    with pytest.raises(SpecError, match="other scores of recorded:one"):
        rm.compare(data.with_recorded({"one": changed}), [f"recorded:one@{tmp_path / 'one.json'}"])


@pytest.mark.parametrize("name", ["q?z=1", "what?", "e@f.json", "[x]", "a]?b", " x", "-x", "x, y"])
def test_members_may_have_odd_names(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    data = made({"one": one, name: other})
    if name == "a]?b":
        with pytest.raises(SpecError, match="the recorded scorer 'a]\\?b' cannot be a member"):
            rm.combine(data, ["recorded"])
        return
    found = rm.combine(data, ["recorded"])
    write_combination(found, "c.json")
    assert len(found.members) == 2
    both = np.stack([data.recorded[one].values for one in ("one", name)], axis=-1)
    assert np.allclose(rm.score(data, "combined:c.json", store=None).values, found.stack(both))
    assert rm.score(data, found.members[1].spec, store=None).values.tolist() == both[:, 1].tolist()
