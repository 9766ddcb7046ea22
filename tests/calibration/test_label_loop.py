"""The loop: tables for people, their answers, the state between runs, and when it stops."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import rewardmeter as rm
from rewardmeter.calibration import (
    Chosen,
    LabelOptions,
    begin_labelling,
    label_turn,
    locked_state,
    questions_of,
    read_answers,
    read_state,
    write_questions,
    write_state,
)
from rewardmeter.comparison import Contender
from rewardmeter.comparison.gold import pair_gold
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.types import Scores


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def filled(path, out, answer):
    """The table with every row's last column filled by ``answer(row, number)``."""
    with open(path, newline="") as stream:
        rows = list(csv.DictReader(stream))
    column = "rating" if "rating" in rows[0] else "preference"
    for number, row in enumerate(rows):
        row[column] = answer(row, number)
    with open(out, "w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return out


@pytest.fixture
def ratings(workplace):
    path = workplace / "answers.csv"
    rows = ["item,system,prompt,response,rating,score.judge"]
    rng = np.random.default_rng(0)
    for i in range(40):
        rows += [f"q{i},s{s},prompt {i},text {i} {s},,{rng.normal():.4f}" for s in range(2)]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def pairs(workplace):
    path = workplace / "pairs.csv"
    rows = ["item,prompt,response_a,response_b,preference,score_a.judge,score_b.judge"]
    rng = np.random.default_rng(1)
    rows += [f"q{i},prompt {i},good {i},bad {i},,{rng.normal() + 1:.4f},{rng.normal():.4f}" for i in range(40)]
    path.write_text("\n".join(rows) + "\n")
    return path


def recorded(data):
    return [Contender("judge", Scores(data.recorded["judge"].values, np.zeros(data.n_responses, np.uint8)))]


def test_the_batch_is_data_that_the_library_reads_and_raters_are_blind(ratings, pairs):
    made = questions_of(rm.load(str(ratings)))
    assert write_questions(made, [3, 1], "batch.csv") == 4
    with open("batch.csv") as stream:
        assert next(stream).strip() == "item,prompt,response,rating"
    filled("batch.csv", "done.csv", lambda row, number: number)
    back = rm.load("done.csv")
    assert back.ratings.value.tolist() == [0, 1, 2, 3]
    assert read_answers("done.csv", made) == {"q3": {0: 0.0, 1: 1.0}, "q1": {0: 2.0, 1: 3.0}}

    made = questions_of(rm.load(str(pairs)))
    write_questions(made, [5, 0, 2], "batch.csv")
    filled("batch.csv", "done.csv", lambda row, number: ("b", "", "tie")[number])
    assert pair_gold(rm.load("done.csv")).probability.tolist() == [0, 0.5]
    assert read_answers("done.csv", made) == {"q5": {0: 0.0}, "q2": {0: 0.5}}


def test_a_turned_pair_and_two_raters_are_understood(pairs):
    made = questions_of(rm.load(str(pairs)))
    with open("done.csv", "w") as stream:
        stream.write("item,prompt,response_a,response_b,preference,rater\n")
        stream.write("q1,prompt 1,bad 1,good 1,a,x\nq1,prompt 1,good 1,bad 1,b,y\n")
    assert read_answers("done.csv", made) == {"q1": {0: 0.0}}


def test_systems_tell_equal_texts_apart(workplace):
    (workplace / "a.csv").write_text("item,system,response,rating,score.j\nq,s,same,,1\nq,t,same,,2\n")
    made = questions_of(rm.load("a.csv"))
    write_questions(made, [0], "batch.csv")
    filled("batch.csv", "done.csv", lambda row, number: {"s": 7, "t": 9}[row["system"]])
    assert read_answers("done.csv", made) == {"q": {0: 7.0, 1: 9.0}}


TEXTS = st.sampled_from(["one", "two", "three, and more", "", " "])
NAMES = st.sampled_from([None, "s", "t"])


@given(
    st.lists(st.lists(st.tuples(TEXTS, NAMES), min_size=1, max_size=4), min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from(["rating", "preference"]),
    st.sampled_from(["batch.jsonl", "batch.csv"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
def test_a_batch_that_was_written_always_reads_back(workplace, responses, has_texts, ask, name):
    """Whatever responses of an item have in common: their texts, their systems, both or all."""
    rows = [(item, *response) for item, one in enumerate(responses) for response in one]
    systems = ("s", "t")
    data = Dataset(
        "made",
        [f"q{item}" for item in range(len(responses))],
        np.array([item for item, _, _ in rows], dtype=np.int32),
        [text if has_texts else None for _, text, _ in rows],
        np.array([-1 if system is None else systems.index(system) for _, _, system in rows], dtype=np.int32),
        systems,
    )
    assume(ask == "rating" or any(len(one) > 1 for one in responses))
    made = questions_of(data, ask)
    items = list(range(len(responses)))
    count = write_questions(made, items, name)
    assert count == len(made)
    given_answers = ["a", "b", "tie"] if ask == "preference" else list(range(count))
    if name.endswith("csv"):
        filled(name, name, lambda row, number: given_answers[number % len(given_answers)])
    else:
        table = [json.loads(line) for line in Path(name).read_text().splitlines()]
        for number, row in enumerate(table):
            row[ask] = given_answers[number % len(given_answers)]
        with open(name, "w") as stream:
            stream.writelines(json.dumps(row) + "\n" for row in table)
    meant = [1.0, 0.0, 0.5] if ask == "preference" else [float(number) for number in range(count)]
    numbers = iter(range(count))
    expected = {
        f"q{item}": {place: meant[next(numbers) % len(meant)] for place in range(len(made.of_item(item)))}
        for item in items
        if len(made.of_item(item))
    }
    assert read_answers(name, made) == expected


def test_nothing_changes_where_nobody_answered(ratings):
    data = rm.load(str(ratings))
    made, options = questions_of(data), LabelOptions(20, 5)
    first = label_turn(made, recorded(data), begin_labelling(made), options)
    assert len(first.batch) == 5
    again = label_turn(made, recorded(data), first.state, options)
    assert again.asked_before
    assert [one.item for one in again.batch] == [one.item for one in first.batch]
    assert again.state == first.state

    names = [one.item_id for one in first.batch]
    some = {names[0]: {0: 1.0, 1: 2.0}, names[1]: {0: 3.0}}
    second = label_turn(made, recorded(data), first.state, options, some)
    assert (second.labelled, len(second.batch), len(second.state.rounds)) == (2, 5, 1)
    assert not {one.item_id for one in second.batch} & set(some)
    twice = label_turn(made, recorded(data), second.state, options, some)
    assert twice.asked_before, "the same answers are no new round"
    assert len(twice.state.rounds) == 1


def test_a_blank_item_that_is_drawn_again_counts_by_its_latest_draw(ratings):
    data = rm.load(str(ratings))
    made = questions_of(data)
    state = begin_labelling(made).with_draws([Chosen("q4", 4, 0.1, 40, ""), Chosen("q7", 7, 0.2, 39, "")], "random")
    state = state.with_answers({"q7": {0: 1.0}}).with_draws([Chosen("q4", 4, 0.3, 39, "")], "random")
    assert state.drawn(made) == [(7, 0.2, 39), (4, 0.3, 39)]


def test_the_budget_and_the_items_end_it(ratings):
    data = rm.load(str(ratings))
    made = questions_of(data)
    for budget, batches in ((7, [5, 2]), (1000, [40])):
        state, answers, seen = begin_labelling(made), None, []
        options = LabelOptions(budget, 5 if budget == 7 else None, tolerance=1e-9)
        for _ in range(4):
            turn = label_turn(made, recorded(data), state, options, answers)
            if turn.stop.stop:
                break
            seen.append(len(turn.batch))
            state = turn.state
            answers = {one.item_id: {0: float(one.item % 5), 1: 2.0} for one in turn.batch}
        assert seen == batches
        assert turn.labelled == sum(batches)
        expected = "the budget of 7 items is spent" if budget == 7 else "all items have labels"
        assert expected in turn.stop.reason


def test_what_the_data_holds_counts_as_labelled():
    data = rm.load("demo")
    made = questions_of(data)
    length = [Contender("length", Scores(made.rows(np.zeros(960), made.known)["length"], np.zeros(960, np.uint8)))]
    turn = label_turn(made, length, begin_labelling(made), LabelOptions(10))
    assert (turn.labelled, turn.stop.stop, turn.batch) == (96, True, ())
    assert turn.standings[0].loss.defined


def test_preferences_and_binary_ratings_get_their_own_calibrators(pairs, ratings):
    for path, values, method in ((pairs, (1.0, 0.0, 1.0), "temperature"), (ratings, (1.0, 0.0, 0.0), "platt")):
        data = rm.load(str(path))
        made, options = questions_of(data), LabelOptions(40, 40)
        first = label_turn(made, recorded(data), begin_labelling(made), options)
        answers = {one.item_id: {0: values[one.item % 3]} for one in first.batch[:30]}
        turn = label_turn(made, recorded(data), first.state, options, answers)
        (found,) = turn.standings
        assert found.method == method
        assert found.loss.defined
        assert found.excess.high > 0


def test_the_state_is_read_as_it_was_written(ratings):
    data = rm.load(str(ratings))
    made = questions_of(data)
    turn = label_turn(made, recorded(data), begin_labelling(made), LabelOptions(20))
    answers = {turn.batch[0].item_id: {0: 1 / 3, 1: 2.0}, turn.batch[1].item_id: {1: -1.0}}
    turn = label_turn(made, recorded(data), turn.state, LabelOptions(20), answers)
    write_state(turn.state, "state.json")
    again = read_state("state.json", made)
    assert again.to_dict() == turn.state.to_dict()
    assert again.answers == turn.state.answers
    assert again.labels(made)[made.of_item(turn.batch and data.item_ids.index(next(iter(answers))))[0]] == 1 / 3


GOOD = {"rewardmeter_labelling": 2, "data": {"name": "x", "hash": ""}, "ask": "rating", "draws": [], "answers": {}}


def state(**parts):
    return json.dumps({**GOOD, "rounds": [], "data": "HERE", **parts})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"),
        ("[]", "no state of a labelling"),
        ('{"rewardmeter_labelling": 9}', "form 9"),
        ("[" * 100_000, "no JSON"),
        ('{"rewardmeter_labelling": 1}', "form 1, and this version knows 2"),
        (json.dumps(GOOD), "broken: 'rounds'"),
        (json.dumps({**GOOD, "rounds": []}), "other data, 'x'"),
        (json.dumps({**GOOD, "rounds": [], "ask": "preference", "data": "HERE"}), "asks for preferences, not ratings"),
        (state(draws=[["zz", 0.5, 2, 1, "random"]]), "no item 'zz'"),
        (state(draws=[["q1", 0.5, 2, 1, "x"]]), "the draw of 'q1'"),
        (state(draws=[["q1", 1e-300, 2, 1, "random"]]), "the draw of 'q1'"),
        (state(draws=[["q1", 2, 2, 1, "random"]]), "2 is no number from 0 to 1"),
        (state(draws=[["q1", 10**400, 2, 1, "random"]]), "... is no number"),
        (state(draws=[["q1", 0.5, 1.5, 1, "random"]]), "1.5 is no whole number"),
        (state(draws=[["q1", 0.5, 2, "1", "random"]]), "'1' is no whole number"),
        (state(draws=[["q1", 0.5, 2, "HUGE", "random"]]), "inf is no whole number"),
        (state(draws=[["q1", 0.5, 2, 1, "random"]] * 2), "twice"),
        (state(draws=[["q1", 0.5, 2, 2, "random"], ["q2", 1, 1, 1, "random"]]), "not in order"),
        (state(answers={"q1": [[0, 10**400]]}), "... is no number"),
        (state(answers={"q1": [[0, 1e300]]}), "1e+300 is no number"),
        (state(answers={"q1": [[0.7, 1]]}), "0.7 is no whole number"),
        (state(answers={"q1": [[0, 1], [0, 2]]}), "answers to 'q1'"),
        (state(answers={"q1": []}), "answers to 'q1'"),
        (state(ask="preference", answers={"q1": [[0, 7]]}), "7 is no number from 0 to 1"),
        (state(rounds=[{"labelled": "HUGE", "left": 1, "excess": {}}]), "inf is no whole number"),
        (state(rounds=[{"labelled": 10**400, "left": 1, "excess": {}}]), "... is no whole number"),
        (state(rounds=[{"labelled": 1, "left": -5, "excess": {}}]), "-5 is no whole number"),
        (state(rounds=[{"labelled": 1, "left": 1, "excess": {"judge": "HUGE"}}]), "inf is no number"),
        (json.dumps({**GOOD, "rounds": [], "data": "HERE", "answers": {"q1": [[7, 1]]}}), "answers to 'q1'"),
        (json.dumps({**GOOD, "rounds": [], "data": "HERE", "answers": {"q1": [[0, None]]}}), "None is no number"),
        (json.dumps({**GOOD, "rounds": [], "data": "HERE", "answers": {"q1": 3}}), "broken"),
        (json.dumps({**GOOD, "rounds": [3], "data": "HERE"}), "broken"),
    ],
)
def test_a_broken_or_foreign_state_is_one_clear_error(ratings, text, words):
    made = questions_of(rm.load(str(ratings)))
    here = json.dumps({"name": "answers.csv", "hash": made.dataset.content_hash})
    with open("state.json", "w") as stream:
        stream.write(text.replace('"HERE"', here).replace('"HUGE"', "1e999"))
    with pytest.raises(InputError, match=r"state\.json") as caught:
        read_state("state.json", made)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("item,response,rating\nq1,text 1 0,\n", "no rating is filled in"),
        ("item,response,rating\nzz,text 1 0,3\n", "the data has no item 'zz'"),
        ("item,response,rating\nq1,another text,3\n", "no such response"),
        ("item,response,rating\nq1,text 1 0,good\n", "rating"),
        ("item,response_a,response_b,preference\nq1,text 1 0,text 1 1,a\n", "no rating is filled in"),
        ("item,rating\nq1,5\n", "fits 2 of its questions"),
        ("item,response,rating\nq1,text 1 0,1e300\n", "1e+300 is beyond 1e+70"),
    ],
)
def test_answers_that_do_not_fit_are_one_clear_error(ratings, table, words):
    with open("done.csv", "w") as stream:
        stream.write(table)
    with pytest.raises(InputError, match=r"done\.csv") as caught:
        read_answers("done.csv", questions_of(rm.load(str(ratings))))
    assert words in str(caught.value)


def test_one_response_named_in_two_ways_has_one_answer(ratings):
    rows = [
        {"item": "q1", "system": "s0", "response": None, "rating": 5},
        {"item": "q1", "system": None, "response": "text 1 0", "rating": 3},
    ]
    Path("done.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = questions_of(rm.load(str(ratings)))
    with pytest.raises(InputError, match=r"done\.jsonl.* a question of item 'q1' has two answers"):
        read_answers("done.jsonl", made)
    Path("done.jsonl").write_text("".join(json.dumps({**row, "rating": 5}) + "\n" for row in rows))
    assert read_answers("done.jsonl", made) == {"q1": {0: 5.0}}


def test_one_answer_that_fits_one_of_many_pairs_needs_no_more_names(workplace):
    """Of three responses of which two are alike, the two that are alike make one pair."""
    rows = ["item,response_a,response_b,preference", "q,one,one,", "q,one,two,"]
    Path("pairs.csv").write_text("\n".join(rows) + "\n")
    made = questions_of(rm.load("pairs.csv"), "preference")
    Path("done.csv").write_text("item,response_a,response_b,preference\nq,one,one,tie\n")
    (found,) = read_answers("done.csv", made)["q"].items()
    assert found[1] == 0.5
    Path("done.csv").write_text("item,response_a,response_b,preference\nq,one,two,a\n")
    with pytest.raises(InputError, match=r"fits 2 of its questions.*'system'"):
        read_answers("done.csv", made)


def test_options_that_make_no_sense_are_refused(ratings):
    data = rm.load(str(ratings))
    made = questions_of(data)
    for wrong in (
        LabelOptions(0),
        LabelOptions(5, 0),
        LabelOptions(5, tolerance=0),
        LabelOptions(5, folds=1),
        LabelOptions(5, level=1),
        LabelOptions(5, seed=-1),
    ):
        with pytest.raises(InputError):
            label_turn(made, recorded(data), begin_labelling(made), wrong)
    for wrong in (LabelOptions(5, strategy="best"), LabelOptions(5, method="temperature")):
        with pytest.raises(UnknownNameError):
            label_turn(made, recorded(data), begin_labelling(made), wrong)
    nothing = [Contender("verdicts", Scores(np.full(80, np.nan), np.full(80, 4, np.uint8)))]
    with pytest.raises(InputError, match="no scorer has a single score"):
        label_turn(made, nothing, begin_labelling(made), LabelOptions(5))
    turn = label_turn(made, [*recorded(data), nothing[0]], begin_labelling(made), LabelOptions(5))
    assert (turn.left_out, len(turn.batch)) == (("verdicts",), 1)
    with pytest.raises(InputError, match="no scorer"):
        label_turn(made, [], begin_labelling(made), LabelOptions(5))


def test_answers_to_other_questions_of_an_item_are_kept(ratings):
    data = rm.load(str(ratings))
    made, options = questions_of(data), LabelOptions(20, 5)
    turn = label_turn(made, recorded(data), begin_labelling(made), options)
    name = turn.batch[0].item_id
    for answers in ({name: {0: 4.0}}, {name: {1: 2.0}}, {name: {1: 3.0}}, {name: {}}):
        turn = label_turn(made, recorded(data), turn.state, options, answers)
    assert turn.state.answers == {name: {0: 4.0, 1: 3.0}}


@pytest.mark.parametrize("value", [0.0, 5.0, 0.1])
def test_answers_that_are_all_alike_never_stop_it(ratings, value):
    data = rm.load(str(ratings))
    made, options, state, answers = questions_of(data), LabelOptions(40, 12), None, None
    state = begin_labelling(made)
    for _ in range(3):
        turn = label_turn(made, recorded(data), state, options, answers)
        assert not turn.stop.stop
        state, answers = turn.state, {one.item_id: {0: value, 1: value} for one in turn.batch}
    (found,) = turn.standings
    assert found.blind == 0
    assert np.isnan(found.over_blind_loss(found.excess.high))
    assert "not known" in turn.stop.reason
    answers = {one.item_id: {0: float(one.item % 5), 1: 2.0} for one in turn.batch}
    turn = label_turn(made, recorded(data), state, LabelOptions(40, 12, tolerance=1e9), answers)
    assert not turn.stop.stop, "rounds of which nothing is known are no quiet rounds"


def test_the_largest_ratings_give_numbers(ratings):
    data = rm.load(str(ratings))
    made = questions_of(data)
    answers = {f"q{number}": {0: 1e70 * (-1) ** number, 1: 0.0} for number in range(40)}
    with np.errstate(over="raise"):
        turn = label_turn(made, recorded(data), begin_labelling(made), LabelOptions(40), answers)
    assert np.isfinite(turn.standings[0].loss.high)
    ratings.write_text("item,response,rating\nq,one,1e71\nq,two,1\n")
    with pytest.raises(InputError, match="beyond"):
        questions_of(rm.load(str(ratings)))


def test_names_that_are_no_unicode_are_kept(workplace):
    (workplace / "odd.jsonl").write_text('{"item": "\\ud800", "response": "one", "rating": null}\n')
    made = questions_of(rm.load("odd.jsonl"))
    state = begin_labelling(made).with_answers({"\ud800": {0: 1.0}})
    write_state(state, "state.json")
    assert read_state("state.json", made) == state


def test_one_turn_at_a_time_has_the_state(ratings):
    rm.label(str(ratings), ["recorded"], "1.csv", LabelOptions(20, 4), store=None)
    before = (ratings.parent / "labelling.json").read_bytes()
    filled("1.csv", "done.csv", lambda row, number: number)
    with locked_state("labelling.json"), pytest.raises(InputError, match=r"another run .*labelling\.json\.lock"):
        rm.label(str(ratings), ["recorded"], "2.csv", LabelOptions(20, 4), labels="done.csv", store=None)
    assert (ratings.parent / "labelling.json").read_bytes() == before
    assert not (ratings.parent / "2.csv").exists()
    turn = rm.label(str(ratings), ["recorded"], "2.csv", LabelOptions(20, 4), labels="done.csv", store=None)
    assert len(turn.state.answers) == 4


def test_a_lock_ends_with_its_process(workplace):
    code = (
        "import os; from rewardmeter.calibration import locked_state\nwith locked_state('labelling.json'): os._exit(7)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 7
    with locked_state("labelling.json"):
        pass


def test_a_batch_that_could_not_be_written_is_handed_out_again(workplace):
    rows = [{"item": f"q{i}", "response": f"nul \0 {i}", "rating": None, "score.judge": i} for i in range(9)]
    (workplace / "odd.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=r"Write \.jsonl instead"):
        rm.label("odd.jsonl", ["recorded"], "1.csv", LabelOptions(8, 4), store=None)
    turn = rm.label("odd.jsonl", ["recorded"], "1.jsonl", LabelOptions(8, 4, seed=1), store=None)
    assert turn.asked_before
    assert len(turn.state.draws) == 4
    assert [one.item_id for one in turn.batch] == [
        json.loads(line)["item"] for line in Path("1.jsonl").read_text().splitlines()
    ]
