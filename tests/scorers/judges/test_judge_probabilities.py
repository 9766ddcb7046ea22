"""G-Eval's expectation against its closed form, from scripted log-probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_server import ScriptedServer, Send, chat

from rewardmeter.scorers.judges.chat import Token
from rewardmeter.scorers.judges.probabilities import expectation, label_probabilities
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Item, Outcome, Response

ITEM = Item((Response("Because of the tide."),), prompt="Why?")
FIVE = {str(i): float(i) for i in range(1, 6)}


def judged(answer, spec="", items=(ITEM,)):
    with ScriptedServer(lambda *_: Send(answer)) as server:
        return make_scorer(f"judge:m?base_url={server.url}&{spec}")(items), server


def logs(probabilities):
    return {text: math.log(p) for text, p in probabilities.items() if p > 0}


def test_the_expectation_of_the_paper():
    """Σ p(s) s over the score tokens, renormalised: (.1·2 + .3·3 + .5·4) / .9."""
    scores, server = judged(chat("4", tokens=[("4", logs({"4": 0.5, "3": 0.3, "2": 0.1, "The": 0.1}))]))
    assert scores.values[0] == pytest.approx((0.1 * 2 + 0.3 * 3 + 0.5 * 4) / 0.9, abs=1e-12)
    assert scores.outcomes[0] == Outcome.SCORED
    assert not scores.reasons
    assert len(server.bodies) == 1
    assert server.bodies[0]["logprobs"] is True
    assert server.bodies[0]["top_logprobs"] == 20


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-30, 0), min_size=5, max_size=5),
    st.sets(st.sampled_from("12345"), min_size=1),
    st.floats(0.51, 1),
)
def test_any_distribution(logprobs, present, mass):
    table = {text: value for text, value in zip("12345", logprobs, strict=True) if text in present}
    whole = math.log(mass / math.fsum(map(math.exp, table.values())))
    table = {text: value + whole for text, value in table.items()} | {" so": math.log(max(1 - mass, 1e-30))}
    weights = np.exp([table[text] for text in sorted(present)])
    expected = np.average([float(text) for text in sorted(present)], weights=weights)
    shares = label_probabilities(Token("1", table), FIVE)
    assert expectation(shares, FIVE) == pytest.approx(expected, rel=1e-9)
    assert 1 <= expectation(shares, FIVE) <= 5
    assert math.fsum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("content", "tokens"),
    [
        ("Score: 4", [("Score", {"Score": -0.1}), (":", {":": -0.1}), (" 4", logs({" 4": 0.75, " 2": 0.25}))]),
        ('{"score": 4}', [('{"', {}), ("score", {}), ('":', {}), (" 4", logs({" 4": 0.75, " 2": 0.25})), ("}", {})]),
        ('{"score":4}', [('{"score":', {"x": -1.0}), ("4", logs({"4": 0.5, " 4": 0.25, "2": 0.25})), ("}", {})]),
        ("<think>3?</think>4", [("<think>3?</think>", {"3": -0.1}), ("4", logs({"4": 0.75, "2": 0.25}))]),
        ("\n\n4", [("\n\n", {"\n\n": -0.1}), ("4", logs({"4": 0.6, "**4": 0.15, "2": 0.25}))]),
    ],
)
def test_the_token_is_found_wherever_the_score_stands(content, tokens):
    scores, _ = judged(chat(content, tokens=tokens))
    assert scores.values[0] == pytest.approx(0.75 * 4 + 0.25 * 2)


def test_a_server_that_ignores_logprobs_is_noticed():
    answers = iter(["4", "2", "3", "3", "5"])
    with ScriptedServer(lambda *_: Send(chat(next(answers)))) as server:
        scores = make_scorer(f"judge:m?samples=5&concurrency=1&base_url={server.url}")([ITEM])
    assert scores.values[0] == pytest.approx((4 + 2 + 3 + 3 + 5) / 5)
    assert scores.reasons == {0: "no usable logprobs: mean of 5 samples"}
    assert [body["seed"] for body in server.bodies] == [0, 1, 2, 3, 4]
    assert {body["temperature"] for body in server.bodies} == {1.0}
    assert scores.cost.calls == 5


@pytest.mark.parametrize("how", ["mean", "median", "majority"])
def test_samples_are_combined_as_asked(how):
    answers = iter(["1", "5", "2", "5", "4"])
    with ScriptedServer(lambda *_: Send(chat(next(answers)))) as server:
        scores = make_scorer(f"judge:m?samples=5&concurrency=1&logprobs=no&combine={how}&base_url={server.url}")([ITEM])
    assert scores.values[0] == {"mean": 3.4, "median": 4.0, "majority": 5.0}[how]
    assert not scores.reasons
    assert "logprobs" not in server.bodies[0]


def test_logprobs_that_must_be_there_fail_where_they_are_not():
    scores, _ = judged(chat("4"), "logprobs=yes")
    assert scores.outcomes[0] == Outcome.FAILED
    assert scores.reasons[0] == "the server gave no usable logprobs"


def test_a_server_that_refuses_logprobs_is_asked_without():
    def script(body, before):
        return Send({"error": "no logprobs here"}, 400) if "logprobs" in body else Send(chat("3"))

    items = [Item((Response(f"r{i}"),), prompt="Why?") for i in range(5)]
    with ScriptedServer(script) as server:
        scores = make_scorer(f"judge:m?base_url={server.url}")(items)
    assert scores.values.tolist() == [3.0] * 5
    assert len(server.bodies) == 6, "it is tried once"
    assert scores.cost.calls == 6


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"10": 0.5, "9": 0.25, "1": 0.25}, 0.5 * 10 + 0.25 * 9 + 0.25),
        ({"7": 0.5, "8": 0.5}, 7.5),
        ({"7": 0.5, "8": 0.4, "1": 0.1}, None),
        ({"1": 1.0}, None),
    ],
)
def test_one_and_ten_are_told_apart_or_not_guessed(table, expected):
    """A token 1 may begin 10 unless whole numbers are seen to be tokens; then the number as written counts."""
    written = max(table, key=table.get)
    scores, _ = judged(chat(written, tokens=[(written, logs(table))]), "scale=1-10")
    assert scores.values[0] == pytest.approx(float(written) if expected is None else expected)
    assert bool(scores.reasons) == (expected is None)


@pytest.mark.parametrize(
    ("spec", "content", "tokens", "value"),
    [
        ("mode=yesno", "Yes", [("Y", {"Y": 0.9, "No": 0.1}), ("es", {"es": 0.9, "x": 0.1})], 1.0),
        ("mode=yesno", "Yes", [("Yes", {"Yes": 0.6, "No": 0.3, "Y": 0.1})], 1.0),
        ("scale=5-15", "12", [("1", {"1": 0.9, "8": 0.1}), ("2", {"2": 0.8, "3": 0.2})], 12.0),
        ("scale=1-15", "12", [("1", {"1": 0.9, "8": 0.1}), ("2", {"2": 0.8, "3": 0.2})], 12.0),
        ("scale=5-15", "8", [("8", {"8": 0.7, "1": 0.3})], 8.0),
        ("scale=1-1000", "7", [("7", {"7": 0.4, "10": 0.3, "100": 0.3})], 7.0),
        ("scale=1-5", "4", [("4", {"4": 0.2, "2": 0.2, "The": 0.6})], 4.0),
        ("scale=1-5", "4.5", [("4", {"4": 0.8, "2": 0.2}), (".5", {".5": 0.8, ".": 0.2})], 4.5),
        ("scale=1-5", "04", [("0", {"0": 0.4, "2": 0.6}), ("4", {"4": 0.8, "3": 0.2})], 4.0),
    ],
)
def test_a_verdict_that_its_token_does_not_stand_for_counts_as_written(spec, content, tokens, value):
    scores, _ = judged(chat(content, tokens=[(text, logs(table)) for text, table in tokens]), spec)
    assert scores.values[0] == value
    assert scores.reasons == {0: "no usable logprobs: the verdict as written"}


@pytest.mark.parametrize("word", ["Tie", "neither", "C"])
@pytest.mark.parametrize(("tie", "better", "worse"), [(0.8, 0.1, 0.02), (0.2, 0.06, 0.0)])
def test_a_tie_in_any_word_is_a_tie_among_tokens(word, tie, better, worse):
    """P(first) + P(tie)/2, renormalised, where the tokens that are verdicts have most of the probability."""

    def script(body, _):
        text = body["messages"][1]["content"]
        first, second = (better, worse) if text.find("GOOD") < text.find("POOR") else (worse, better)
        table = {word: tie, "A": first, "B": second, "Both": 1 - tie - better - worse}
        return Send(chat(word, tokens=[(word, logs(table))]))

    with ScriptedServer(script) as server:
        judge = make_scorer(f"judge:m?mode=pairwise&structured=no&logprobs=auto&base_url={server.url}")
        scores = judge([Item((Response("GOOD"), Response("POOR")), prompt="Which?")])
    mass = tie + better + worse
    assert scores.values[0] == pytest.approx((better + tie / 2) / mass if mass > 0.5 else 0.5)
    assert bool(scores.reasons) == (mass < 0.5)


def test_the_probability_of_yes():
    table = logs({"Yes": 0.4, "yes": 0.2, " YES": 0.1, "No": 0.2, "Not": 0.05, "Maybe": 0.05})
    scores, _ = judged(chat("Yes", tokens=[("Yes", table)]), "mode=yesno")
    assert scores.values[0] == pytest.approx(0.7 / 0.9)


def test_the_share_of_yes():
    answers = iter(["yes", "No.", "Verdict: yes", "YES"])
    with ScriptedServer(lambda *_: Send(chat(next(answers)))) as server:
        scores = make_scorer(f"judge:m?mode=yesno&samples=4&concurrency=1&base_url={server.url}")([ITEM])
    assert scores.values[0] == 0.75
    assert scores.reasons == {0: "no usable logprobs: mean of 4 samples"}


@pytest.mark.parametrize(
    "logprobs",
    [
        *(None, {}, {"content": None}, {"content": []}, {"content": [{"token": 1}]}, {"content": "4"}, [], "x", 7),
        {"content": [{"token": "4", "logprob": None, "top_logprobs": [{"token": "4", "logprob": "high"}]}]},
        {"content": [{"token": "4", "logprob": 0.0, "top_logprobs": []}]},
        {"content": [{"token": "4", "top_logprobs": [3]}]},
    ],
)
def test_malformed_logprobs_are_none_at_all(logprobs):
    answer = chat("4")
    answer["choices"][0]["logprobs"] = logprobs
    scores, _ = judged(answer)
    assert scores.values[0] == 4
    assert scores.reasons == {0: "no usable logprobs: the verdict as written"}
