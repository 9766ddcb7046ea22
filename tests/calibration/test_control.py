"""Control of a scorer: fit, verdict, file, the scorer behind it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.calibration import human_side, read_calibrator, write_calibrator
from rewardmeter.cli import main
from rewardmeter.dataset import Dataset, Preferences, Ratings, Recorded
from rewardmeter.errors import InputError, SpecError
from rewardmeter.io.store import Store
from rewardmeter.scoring import facts_of_items, make_scorer
from rewardmeter.types import Item, Outcome, Response, Scores

OPTIONS = {"store": None, "resamples": 200}


def made_data(items=150, each=2, bias=1.0, seed=0, ratings=False, scores=None):
    """Texts whose length has nothing to do with their quality, and a recorded scorer that follows both."""
    rng = np.random.default_rng(seed)
    n = items * each
    lengths = np.round(np.exp(rng.normal(4, 1, n))).astype(int) + 1
    texts = ["x" * length for length in lengths]
    quality = rng.normal(size=n)
    values = quality + bias * np.log1p(lengths) if scores is None else scores(quality, lengths)
    judged = {}
    if ratings:
        rows = np.arange(n, dtype=np.int32)
        judged["ratings"] = Ratings(rows, quality, np.full(n, -1, np.int32), np.zeros(n, np.int32))
    else:
        a = np.arange(0, n, each, dtype=np.int32)
        b = (a + 1).astype(np.int32)
        better = (quality[a] > quality[b]).astype(float)
        judged["preferences"] = Preferences(a, b, better, np.full(items, -1, np.int32))
    return Dataset(
        name="made",
        item_ids=[f"q{i}" for i in range(items)],
        response_item=np.repeat(np.arange(items, dtype=np.int32), each),
        response_text=texts,
        response_system=np.full(n, -1, np.int32),
        recorded={"judge": Recorded("judge", values)},
        **judged,
    )


@pytest.fixture(scope="module")
def confounded():
    return made_data(400)


@pytest.fixture(scope="module")
def fitted(confounded):
    return rm.control(confounded, "recorded:judge", **OPTIONS)


def test_dependence_goes_and_the_right_answer_is_found_more_often(fitted):
    before, after = fitted["dependence", "length"].before, fitted["dependence", "length"].after
    assert before.low > 0.4
    assert after.low < 0 < after.high
    assert fitted.accuracy.change.low > 0.05
    assert fitted["less", "length"].change.low > 0.1
    sides = [fitted[side, "length"] for side in ("more", "less")]
    assert sides[0].before.value > sides[1].before.value + 0.2
    assert abs(sides[0].after.value - sides[1].after.value) < 0.05, "length favours neither side any more"
    assert fitted.worth_having
    assert fitted.survives
    assert fitted.verdict.startswith("Worth having: scores depend on length")


def test_with_ratings_the_gold_is_graded(fitted):
    data = made_data(60, each=4, ratings=True)
    graded = rm.control(data, "recorded:judge", **OPTIONS)
    assert graded.worth_having
    assert graded.calibrator.data["rows"] == 60 * 6
    curve = graded.calibrator.map.curves[0]
    assert (curve(np.expm1(5)) - curve(np.expm1(3))) / 2 == pytest.approx(1.0, abs=0.02), "quality is known exactly"


def test_without_dependence_it_says_so_and_the_command_writes_only_when_forced(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    honest = rm.control(made_data(60, bias=0.0), "recorded:judge", **OPTIONS)
    assert not honest.worth_having
    assert "no dependence is shown" in honest.verdict
    rng = np.random.default_rng(1)
    rows = ["item,response,rating,score.judge"]
    for i in range(60):
        quality = rng.normal()
        rows.append(f"q{i // 2},{'x' * int(rng.integers(1, 100))},{quality:.3f},{quality + rng.normal():.3f}")
    (tmp_path / "r.csv").write_text("\n".join(rows) + "\n")
    command = ["control", "r.csv", "-s", "recorded:judge", "--resamples", "100", "--out", "e.json"]
    status = main(command)
    said = capsys.readouterr()
    assert status == 2
    assert "not shown to be worth having" in said.err
    assert "accuracy" in said.out
    assert not list(tmp_path.glob("*.json"))
    assert main([*command, "--force"]) == 0
    assert "recorded:judge@e.json" in capsys.readouterr().out
    assert main(["score", "r.csv", "-s", "recorded:judge@e.json", "--out", "s.jsonl"]) == 0


def test_a_control_that_costs_the_signal_is_not_worth_having(fitted):
    """The score is a text's length, length is quality, and the gold is ignored: nothing is left."""
    rng = np.random.default_rng(0)
    lengths = np.round(np.exp(rng.normal(4, 1, 300))).astype(int) + 1
    a = np.arange(0, 300, 2, dtype=np.int32)
    better = (lengths[a] > lengths[a + 1]).astype(float)
    flip = rng.random(150) < 0.1
    data = Dataset(
        name="long",
        item_ids=[f"q{i}" for i in range(150)],
        response_item=np.repeat(np.arange(150, dtype=np.int32), 2),
        response_text=["x" * length for length in lengths],
        response_system=np.full(300, -1, np.int32),
        preferences=Preferences(a, a + 1, np.where(flip, 1 - better, better), np.full(150, -1, np.int32)),
        recorded={"judge": Recorded("judge", np.log1p(lengths) + 0.01 * rng.normal(size=300))},
    )
    blind = rm.control(data, "recorded:judge", ignore_gold=True, **OPTIONS)
    assert blind.costly
    assert not blind.worth_having
    assert "accuracy changes by" in blind.verdict
    assert blind.verdict.startswith("Not worth having")


def test_ties_are_not_won_by_breaking_them():
    """A scorer that ties everything would win half of its pairs by any rule that breaks ties."""
    data = made_data(200, scores=lambda quality, lengths: 0.01 * (lengths > 50))
    made = rm.control(data, "recorded:judge", **OPTIONS)
    assert made.accuracy.before.value == pytest.approx(0.5, abs=0.06)
    assert made.accuracy.change.low < 0.02


def test_the_file_makes_the_scorer_again_everywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = rm.control("demo:pairs", "words", covariates=["length", "type-token-ratio"], resamples=0)
    write_calibrator(made.calibrator, "c.json")
    again = read_calibrator("c.json")
    assert again.to_dict() == made.calibrator.to_dict() == json.loads((tmp_path / "c.json").read_text())
    items = [Item((Response("one two three"), Response("four words are here, four of them")), "prompt")]
    plain, behind = make_scorer("words"), make_scorer("words@c.json")
    covariates = np.stack([make_scorer(spec)(items).values for spec in ("length", "type-token-ratio")])
    expected = again.map(plain(items).values, covariates=covariates)
    assert np.array_equal(behind(items).values, expected)
    assert behind.reads == {"response"}
    with Store(tmp_path / "store.sqlite") as store:
        rm.score("demo", "words", store=store)
        stored = {one.fingerprint for one in store.signatures()}
        board = rm.compare(
            "demo", ["words", "words@c.json", "ranked:[words@c.json]"], store=store, resamples=0, draws=0
        )
        kept = {one.fingerprint: one.name for one in store.signatures()}
        assert stored <= set(kept)
        assert "words@" not in kept.values(), "controlled scores follow from stored ones"
    assert board["words@c.json"].signature != board["words"].signature
    reordered = rm.control("demo:pairs", "words", covariates=["type-token-ratio", "length"], resamples=0)
    assert np.allclose(
        sum(c(x) for c, x in zip(reordered.calibrator.map.curves, covariates[::-1], strict=True)),
        sum(c(x) for c, x in zip(again.map.curves, covariates, strict=True)),
        atol=1e-6,
    )


def test_a_recorded_scorer_stands_behind_its_file(confounded, fitted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_calibrator(fitted.calibrator, "j.json")
    board = rm.compare(confounded, ["recorded:judge", "recorded:judge@j.json"], resamples=0, draws=0, store=None)
    gained = board["judge@j.json"]["pair.accuracy"].value - board["judge"]["pair.accuracy"].value
    assert gained == pytest.approx(fitted.accuracy.change.value, abs=0.02)
    with pytest.raises(InputError, match="fitted on this very data"):
        rm.control(confounded, "recorded:judge@j.json", **OPTIONS)
    other = made_data(30, seed=5)
    with pytest.warns(UserWarning, match="by its name alone"):
        assert rm.score(other, "recorded:judge@j.json", store=None).coverage == 1


def test_what_has_no_score_stays_without_one_and_the_range_is_remarked(fitted):
    from rewardmeter.calibration.calibrated import calibrated_scores

    items = [Item(tuple(Response("x" * n) for n in (5, 50, 500_000, 20)))]
    outcomes = np.array([Outcome.SCORED, Outcome.FAILED, Outcome.SCORED, Outcome.ABSTAINED], dtype=np.uint8)
    scores = Scores(np.array([1.0, np.nan, 2.0, np.nan]), outcomes, {1: "lost"})
    made = calibrated_scores(fitted.calibrator, scores, facts_of_items(items))
    assert made.outcomes.tolist() == outcomes.tolist()
    assert made.reasons[1] == "lost"
    assert "length beyond the range" in made.reasons[2]
    assert 0 not in made.reasons or "beyond" in made.reasons[0]
    curve = fitted.calibrator.map.curves[0]
    assert made.values[2] == 2.0 - curve.values[-1]


def test_a_response_that_a_covariate_has_no_value_for_has_its_outcome(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = rm.control("demo:pairs", "words", covariates=["type-token-ratio"], resamples=0)
    write_calibrator(made.calibrator, "t.json")
    rule = make_scorer("type-token-ratio")
    items = [Item((Response(""), Response("two words")))]
    scores = make_scorer("words@t.json")(items)
    assert scores.outcomes[0] == rule(items).outcomes[0] > Outcome.TIE
    assert "the control needs its type-token-ratio" in scores.reasons[0]
    assert scores.outcomes[1] == Outcome.SCORED


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_calibrator(rm.control("demo:pairs", "words", resamples=0).calibrator, "c.json")
    return tmp_path / "c.json"


def test_the_file_of_another_scorer_or_another_rule_is_refused(written):
    with pytest.raises(SpecError, match="was fitted on words"):
        make_scorer("chrf@c.json")
    record = json.loads(written.read_text())
    record["covariates"][0]["fingerprint"] = "0" * 32
    written.write_text(json.dumps(record))
    with pytest.raises(SpecError, match=r"was fitted with length .* and that is now"):
        make_scorer("words@c.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"covariates": []}, "takes 1 covariates, and 0 are named"),
        ({"covariates": [1]}, "no list of rules"),
        ({"covariates": None}, "no list of rules"),
        ({"covariates": [{"spec": "length"}]}, "'fingerprint' is missing"),
        ({"covariates": [{"spec": "chrf", "fingerprint": "a"}]}, "reads references and response"),
        ({"covariates": [{"spec": "length@c.json", "fingerprint": "a"}]}, "stands behind a calibrator"),
        ({"map": {"kind": "control", "target": "score"}}, "no field 'curves'"),
        ({"map": {"kind": "control", "target": "score", "curves": [7]}}, r"control.curves\[0\] must be a mapping"),
        ({"map": {"kind": "control", "target": "score", "curves": "x"}}, "control.curves must be a list"),
        ({"map": {"kind": "control", "target": "rating", "curves": []}}, "target must be score"),
        ({"map": {"kind": "linear", "target": "rating", "slope": 1.0, "intercept": 0.0}}, "takes 0 covariates"),
    ],
)
def test_a_broken_file_is_one_clear_error(written, change, words):
    written.write_text(json.dumps(json.loads(written.read_text()) | change))
    with pytest.raises(SpecError, match=words):
        make_scorer("words@c.json")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"covariates": ["chrf"]}, SpecError, "looks at one response alone"),
        ({"covariates": ["lenght"]}, rm.RewardmeterError, "length"),
        ({"covariates": ["length", "length"]}, SpecError, "same rule"),
        ({"covariates": []}, SpecError, "no covariate"),
        ({"covariates": ["emoji"]}, InputError, "same for both responses"),
        ({"folds": 1}, InputError, "folds"),
        ({"degrees": 0}, InputError, "degrees"),
        ({"tolerance": -0.1}, InputError, "tolerance"),
        ({"level": 1.0}, InputError, "level"),
        ({"seed": -1}, InputError, "seed"),
        ({"resamples": -1}, InputError, "resamples"),
    ],
)
def test_what_makes_no_sense_is_one_clear_error(confounded, options, error, words):
    with pytest.raises(error, match=words):
        rm.control(confounded, "recorded:judge", **{**OPTIONS, **options})


def test_data_that_cannot_be_fitted_on_says_why(confounded):
    one = made_data(1)
    with pytest.raises(InputError, match="fewer than two items"):
        rm.control(one, "recorded:judge", **OPTIONS)
    single = made_data(20, each=1, ratings=True)
    with pytest.raises(InputError, match="no two judged responses"):
        rm.control(single, "recorded:judge", **OPTIONS)
    scores = np.full(300, np.nan)
    scores[:2] = 1.0
    with pytest.raises(InputError, match="items: two are the least"):
        rm.control(made_data(scores=lambda q, n: scores), "recorded:judge", **OPTIONS)
    with pytest.raises(InputError, match="no single score"):
        rm.control(made_data(scores=lambda q, n: np.full(300, np.nan)), "recorded:judge", **OPTIONS)
    length_is_gold = made_data(40, ratings=True)
    rated = length_is_gold.ratings
    lengths = np.array([float(len(text)) for text in length_is_gold.response_text])
    same = replace(length_is_gold, ratings=Ratings(rated.response, np.log1p(lengths), rated.rater, rated.aspect))
    with pytest.raises(InputError, match="follows people's judgement exactly"):
        rm.control(same, "recorded:judge", **OPTIONS)
    assert rm.control(same, "recorded:judge", ignore_gold=True, **OPTIONS).accuracy.before.defined


def test_a_dependence_that_the_fit_has_not_caught_is_not_worth_having(fitted):
    lost = replace(fitted.explained, estimate=replace(fitted.explained.estimate, value=-0.01, low=-0.05, high=0.03))
    missed = replace(fitted, explained=lost)
    assert not missed.worth_having
    assert "depend on length, but the fit has not caught it" in missed.verdict


def test_few_items_are_too_few():
    few = rm.control(made_data(12), "recorded:judge", **OPTIONS)
    assert "12 judged items are too few" in few.verdict
    assert not few.worth_having


def test_some_responses_without_scores_are_said():
    data = made_data(100)
    values = data.recorded["judge"].values.copy()
    values[:6] = np.nan
    made = rm.control(replace(data, recorded={"judge": Recorded("judge", values)}), "recorded:judge", **OPTIONS)
    assert made.caveats == ("3 of 100 judged pairs are left out: a response lacks a score.",)
    assert made.calibrator.data["rows"] == 97


def test_the_same_seed_gives_the_same_file_but_for_its_time(confounded, fitted):
    again = rm.control(confounded, "recorded:judge", **OPTIONS)
    assert again.calibrator.map.to_dict() == fitted.calibrator.map.to_dict()
    assert again.explained == fitted.explained
    assert human_side(confounded).judged_items == 400


def test_the_table_goes_to_json(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["control", "demo:pairs", "-s", "words", "--covariate", "markdown", "--resamples", "100", "--force"]
    assert main([*command, "--json", "-"]) == 0
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert {one["measure"] for one in record["statistics"]} == {"accuracy", "dependence", "more", "less"}
    assert "dependence on markdown" in said.err
    assert main([*command, "--json", "t.json"]) == 0
    assert json.loads((tmp_path / "t.json").read_text()) == record
    assert main(["control", "demo:pairs", "-s", "words", "-s", "chrf"]) == 2
    assert "belongs to one scorer" in capsys.readouterr().err
    assert main(["control", "demo:pairs", "-s", "words", "--out", "x.txt"]) == 2


def test_where_nothing_but_length_was_there_the_verdict_says_what_is_left(confounded):
    """Lengths have nothing to do with quality here: without them a scorer that is length is a coin."""
    only = made_data(400, scores=lambda quality, lengths: np.log1p(lengths))
    made = rm.control(only, "recorded:judge", **OPTIONS)
    assert made.accuracy.after.low <= 0.5
    assert "But what is left is not shown to beat a coin: accuracy" in made.verdict
    both = rm.control(confounded, "recorded:judge", **OPTIONS)
    assert "coin" not in both.verdict
