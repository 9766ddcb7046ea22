"""Judges against a server at its worst: every outcome typed, every score in its place, features found out."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_server import Cut, Drip, Hang, ScriptedServer, Send, chat

from rewardmeter.dataset import Dataset
from rewardmeter.engine import score
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Item, Outcome, Response


def number_of(body):
    return int(re.search(r">\nresponse (\d+)\n<", body["messages"][-1]["content"])[1])


ABSTAINED = {
    "refusal": (chat(None, refusal="I cannot help with that."), "the judge refused"),
    "empty": (chat(""), "the judge gave an empty answer"),
    "null": (chat(None), "the judge gave an empty answer"),
    "prose": (chat("As an AI, I like all responses."), "the judge gave no readable verdict"),
    "out of range": (chat("11"), "the judge gave no readable verdict"),
    "parts": (chat([{"type": "text", "text": "hm"}]), "the judge gave no readable verdict"),
}
FAILED = {
    "no choices": (Send(chat("4") | {"choices": []}), "the answer has no choices"),
    "wrong type": (Send(chat(4)), "the answer's content is not text"),
    "no message": (Send({"choices": [{"text": "4"}]}), "the answer has no message"),
    "an error with 200": (Send({"error": {"message": "overloaded"}}), "the answer is no chat completion"),
    "truncated": (Send(b'{"choices": [{"mess'), "the answer is not JSON, or was cut off"),
    "disconnect": (Cut(), "the connection broke (RemoteProtocolError)"),
    "slow stream": (Drip(chat("4"), every=0.02), "no answer within 2 s"),
    "timeout": (Hang(), "no answer within 2 s"),
    "500": (Send({"error": "oops"}, 500), "HTTP 500: oops"),
    "too long": (Send({"error": {"message": "context length exceeded"}}, 400), "HTTP 400: context length exceeded"),
}


SLOW = ("slow stream", "timeout")
"""What takes the whole time limit; everything else gets one that a loaded machine keeps."""


def items(n=6):
    return [Item((Response(f"response {i}"),), prompt="What?") for i in range(n)]


def run(script, spec="", n=6, seconds=20):
    with ScriptedServer(script) as server:
        judge = make_scorer(f"judge:m?logprobs=no&timeout={seconds}&retries=0&{spec}&base_url={server.url}")
        return judge(items(n)), server


def others_are_fine(scores, but):
    rest = [i for i in range(len(scores)) if i != but]
    return scores.values[rest].tolist() == [i % 5 + 1 for i in rest] and set(scores.reasons) == {but}


def right(body):
    return Send(chat(str(number_of(body) % 5 + 1)))


@pytest.mark.parametrize("what", ABSTAINED)
def test_answers_without_a_verdict_abstain(what):
    answer, reason = ABSTAINED[what]
    scores, server = run(lambda body, _: Send(answer) if number_of(body) == 2 else right(body))
    assert scores.outcomes[2] == Outcome.ABSTAINED
    assert scores.reasons[2] == reason
    assert others_are_fine(scores, 2)
    assert len(server.bodies) == 6, "a refusal is an answer: it is not asked for again"


@pytest.mark.parametrize("what", FAILED)
def test_what_is_no_answer_fails(what):
    action, reason = FAILED[what]
    seconds = 2 if what in SLOW else 20
    scores, server = run(lambda body, _: action if number_of(body) == 2 else right(body), seconds=seconds)
    assert scores.outcomes[2] == Outcome.FAILED
    assert scores.reasons[2] == reason
    assert others_are_fine(scores, 2)
    assert scores.cost.calls == len(server.bodies) == 6


def test_an_answer_stopped_by_a_filter_is_a_refusal():
    answer = chat("4")
    answer["choices"][0]["finish_reason"] = "content_filter"
    scores, _ = run(lambda *_: Send(answer), n=1)
    assert scores.reasons[0] == "the judge refused"


def test_one_failed_sample_fails_the_response_until_it_is_had():
    """Else the score of two samples would stand for that of three for good."""
    broken = [True]

    def script(body, _):
        return Send({"error": "oops"}, 500) if broken[0] and body["seed"] == 1 else right(body)

    from rewardmeter.scoring import Run, score_stream

    with ScriptedServer(script) as server:
        judge = make_scorer(f"judge:m?logprobs=no&retries=0&samples=3&concurrency=2&base_url={server.url}")
        memory = Run()
        first = score_stream(judge, items(1), memory)
        assert first.outcomes[0] == Outcome.FAILED
        broken[0] = False
        assert score_stream(judge, items(1), memory).values[0] == 1.0
        *first_run, again = [body["seed"] for body in server.bodies]
        assert (sorted(first_run), again) == ([0, 1, 2], 1), "two at once may arrive in either order"


ANY = {name: Send(answer) for name, (answer, _) in ABSTAINED.items()} | {
    name: action for name, (action, _) in FAILED.items() if name not in SLOW
}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["right", *ANY]), min_size=2, max_size=9), st.integers(1, 2), st.integers(3, 9))
def test_any_mix_keeps_order_and_loses_nothing(script, samples, most):
    def act(body, _):
        what = script[number_of(body) % len(script)]
        return right(body) if what == "right" else ANY[what]

    n = 6
    texts = [f"response {i}" for i in range(n)]
    data = Dataset(
        "d",
        ["i"] * 1,
        np.zeros(n, dtype=np.int32),
        texts,
        np.arange(n, dtype=np.int32),
        tuple(f"s{i}" for i in range(n)),
        ["What?"],
        [()],
    )
    with ScriptedServer(act) as server:
        spec = f"judge:m?logprobs=no&timeout=20&retries=0&samples={samples}&concurrency={most}&base_url={server.url}"
        scores = score(make_scorer(spec), data)
    given_up = any("given up" in reason for reason in scores.reasons.values())
    for i in range(n):
        what = script[i % len(script)]
        outcome = Outcome(int(scores.outcomes[i]))
        if what == "right" and not given_up:
            assert (outcome, scores.values[i]) == (Outcome.SCORED, i % 5 + 1)
        elif what == "right":
            assert outcome in (Outcome.SCORED, Outcome.FAILED)
        elif what in ABSTAINED and not given_up:
            assert (outcome, scores.reasons[i]) == (Outcome.ABSTAINED, ABSTAINED[what][1])
        elif what in FAILED:
            assert outcome == Outcome.FAILED
            assert scores.reasons[i] == FAILED[what][1] or "given up" in scores.reasons[i]
    assert len(server.bodies) <= n * samples


REFUSALS = {
    "an error": Send({"error": {"message": "response_format is not supported"}}, 400),
    "a server error": Send(b"Internal Server Error", 500),
    "a broken connection": Cut(),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_a_server_without_structured_output_is_asked_without(how):
    def script(body, _):
        return REFUSALS[how] if "response_format" in body else Send(chat('{"errors": []}'))

    with ScriptedServer(script) as server:
        judge = make_scorer(f"judge:m?mode=spans&retries=0&base_url={server.url}")
        scores = judge(items(5))
        assert scores.values.tolist() == [0.0] * 5
        assert sum("response_format" in body for body in server.bodies) == 1, "found out once"
        assert scores.cost.calls == len(server.bodies) == 6


def test_what_was_found_out_is_remembered_with_the_answers():
    from rewardmeter.scoring import Run, score_stream

    def script(body, _):
        return REFUSALS["an error"] if "response_format" in body else Send(chat('{"errors": []}'))

    run_ = Run()
    with ScriptedServer(script) as server:
        judge = make_scorer(f"judge:m?mode=spans&base_url={server.url}")
        score_stream(judge, items(3), run_)
        sent = len(server.bodies)
        assert judge.forecast(items(3), run_).calls == 0
        score_stream(judge, items(3), run_)
        assert len(server.bodies) == sent


@pytest.mark.parametrize("how", REFUSALS)
@pytest.mark.parametrize(
    ("spec", "field", "remark"),
    [
        ("mode=spans", "response_format", "asked without structured output, over which the server had broken down"),
        ("mode=yesno", "logprobs", "no usable logprobs: the verdict as written"),
    ],
)
def test_what_a_passing_error_switches_off_comes_back_with_the_next_run(spec, field, remark, how):
    from rewardmeter.scoring import Run, score_stream

    broken = [True]
    logprobs = [("yes", {"yes": -0.1, "no": -2.5})]

    def script(body, _):
        if broken[0] and field in body:
            return REFUSALS[how]
        return Send(
            chat('{"errors": []}' if "spans" in spec else "yes", tokens=logprobs if "logprobs" in body else None)
        )

    run_ = Run()
    with ScriptedServer(script) as server:
        judge = make_scorer(f"judge:m?{spec}&retries=0&base_url={server.url}")
        first = score_stream(judge, items(2), run_)
        broken[0] = False
        sent = len(server.bodies)
        again = score_stream(judge, items(4), run_)
        asked = [field in body for body in server.bodies[sent:]]
    passing = how != "an error"
    assert all(asked) == any(asked) == passing
    assert (not again.reasons) == (passing or field == "response_format")
    assert set(first.reasons.values()) == ({remark} if passing or field == "logprobs" else set())


def test_a_schema_goes_along_where_it_is_taken():
    with ScriptedServer(lambda *_: Send(chat('{"reasoning": "fine", "errors": []}'))) as server:
        make_scorer(f"judge:m?mode=spans&reasoning=true&base_url={server.url}")(items(2))
    schema = server.bodies[0]["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert list(schema["schema"]["properties"]) == ["reasoning", "errors"], "reasoning comes before the verdict"
    assert schema["schema"]["additionalProperties"] is False


@pytest.mark.parametrize("structured", ["yes", "no"])
def test_structure_that_is_asked_for_is_not_given_up(structured):
    def script(body, _):
        return REFUSALS["an error"] if "response_format" in body else Send(chat('{"errors": []}'))

    with ScriptedServer(script) as server:
        scores = make_scorer(f"judge:m?mode=spans&structured={structured}&retries=0&base_url={server.url}")(items(2))
    wanted = Outcome.FAILED if structured == "yes" else Outcome.SCORED
    assert scores.outcomes.tolist() == [wanted] * 2


def test_a_dead_server_is_found_out_before_anything_is_tried_twice():
    scores = make_scorer("judge:m?mode=spans&retries=0&base_url=http://127.0.0.1:9")(items(4))
    assert scores.outcomes.tolist() == [Outcome.FAILED] * 4
    assert all("cannot connect" in reason for reason in scores.reasons.values())
