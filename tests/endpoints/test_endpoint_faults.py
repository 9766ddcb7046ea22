"""Whatever a server does, every request ends as one typed answer, under its own number."""

from __future__ import annotations

import itertools
import json
import time
from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_server import Cut, Drip, Hang, ScriptedServer, Send

from rewardmeter.endpoints import Answer, Endpoint, Request, answer_all
from rewardmeter.errors import SpecError
from rewardmeter.scoring import Run

QUICK = {"backoff": 0.01, "cooldown": 0.05, "longest_wait": 2.0, "timeout": 1.0}


def asked(n):
    return [Request("/ask", {"n": i}, output_tokens=5) for i in range(n)]


def good(body):
    return Send({"n": body["n"], "usage": {"prompt_tokens": 10, "completion_tokens": 5}})


def answers(script, n=20, run=None, check=None, **options):
    with ScriptedServer(script) as server:
        endpoint = Endpoint(server.url, **(QUICK | options))
        found = list(answer_all(endpoint, asked(n), run or Run(), check=check))
    assert sorted(number for number, _ in found) == list(range(n)), "every request has exactly one answer"
    return dict(found), server


def check_n(answer):
    return None if isinstance(answer, dict) and isinstance(answer.get("n"), int) else "the answer has no n"


def all_good(found):
    return all(answer.status == "ok" and answer.json["n"] == number for number, answer in found.items())


def test_order_is_kept_whatever_the_order_of_answers():
    found, server = answers(
        lambda body, before: Send({"n": body["n"]}, after=0.1 if body["n"] % 3 == 0 else 0), 60, timeout=60
    )
    assert all_good(found)
    assert len(server.bodies) == 60
    assert set(server.paths) == {"/v1/ask"}


FAULTS = {
    "too many": Send({"error": {"message": "slow down"}}, 429),
    "too many, wait": Send({"error": "slow down"}, 429, {"Retry-After": "0.1"}),
    "500": Send(b"<html>oops</html>", 500),
    "503": Send({"detail": "loading"}, 503),
    "529": Send({}, 529),
    "408": Send({}, 408),
    "hang": Hang(),
    "slow stream": Drip({"n": 1, "pad": "x" * 200}, every=0.02),
    "hung up": Cut(),
    "cut in the head": Cut({"n": 1}, keep=3),
    "not JSON": Send(b'{"n": 1'),
    "empty": Send(b""),
    "bad UTF-8": Send(b'{"n": "\xff\xfe"}'),
    "deep": Send(b"[" * 100_000),
    "wrong type": Send({"n": "one"}),
    "a list": Send([]),
    "null": Send(None),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_costs_nothing_but_time(fault):
    def script(body, before):
        return FAULTS[fault] if before == 0 and body["n"] % 2 else good(body)

    found, server = answers(script, 12, check=check_n)
    assert all_good(found)
    assert len(server.bodies) == 18, "six of twelve were sent twice"
    assert sum(answer.cost.calls for answer in found.values()) == 18
    assert all(answer.cost.latency > 0 for answer in found.values())


REASONS = {
    "500": "HTTP 500: <html>oops</html>",
    "503": "HTTP 503: loading",
    "hang": "no answer within 1 s",
    "slow stream": "no answer within 1 s",
    "hung up": "the connection broke (RemoteProtocolError)",
    "cut in the head": "the connection broke (RemoteProtocolError)",
    "not JSON": "the answer is not JSON, or was cut off",
    "deep": "the answer is not JSON, or was cut off",
    "wrong type": "the answer has no n",
}


SLOW = ("hang", "slow stream")
"""What takes the whole time limit; everything else gets one that a loaded machine keeps."""


@pytest.mark.parametrize("fault", REASONS)
def test_a_fault_that_stays_fails_that_request_alone(fault):
    def script(body, before):
        return FAULTS[fault] if body["n"] == 3 else good(body)

    found, server = answers(script, 8, check=check_n, retries=2, timeout=1 if fault in SLOW else 20)
    assert found[3] == Answer("failed", None, REASONS[fault], found[3].cost, reached=found[3].reached)
    assert all_good({number: answer for number, answer in found.items() if number != 3})
    assert sum(body["n"] == 3 for body in server.bodies) == found[3].cost.calls == 3


@pytest.mark.parametrize("status", [400, 403, 413, 422, 501])
def test_what_this_request_did_wrong_fails_at_once_in_the_servers_words(status):
    def script(body, before):
        return Send({"error": {"message": f"no {body['n']}"}}, status) if body["n"] == 2 else good(body)

    found, server = answers(script, 6)
    assert (found[2].status, found[2].reason) == ("failed", f"HTTP {status}: no 2")
    assert len(server.bodies) == 6


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": {"message": "bad key"}}),
        (404, {"detail": "bad key"}),
        (402, {"message": "bad key"}),
        (429, {"error": {"message": "bad key", "code": "insufficient_quota"}}),
    ],
)
def test_what_is_wrong_every_time_is_not_tried_every_time(status, body):
    found, server = answers(lambda *_: Send(body, status), 500, most_concurrent=4)
    assert {answer.reason for answer in found.values()} == {f"HTTP {status}: bad key"}
    assert {answer.status for answer in found.values()} == {"failed"}
    assert len(server.bodies) <= 4


def test_a_dead_server_fails_everything_soon_with_one_reason():
    began = time.monotonic()
    endpoint = Endpoint("http://127.0.0.1:9/v1", **QUICK)
    found = dict(answer_all(endpoint, asked(3000), Run()))
    assert time.monotonic() - began < 10
    assert len(found) == 3000
    assert {answer.status for answer in found.values()} == {"failed"}
    reasons = {answer.reason for answer in found.values()}
    assert len(reasons) == 1
    assert reasons.pop().startswith("the server was given up: cannot connect to http://127.0.0.1:9/v1/ask")


def test_a_server_that_dies_half_way_loses_nothing_that_had_come():
    def script(body, before):
        return good(body) if body["n"] < 50 else Cut()

    found, server = answers(script, 2000, most_concurrent=8)
    assert all_good({number: found[number] for number in range(50)})
    assert {found[number].status for number in range(50, 2000)} == {"failed"}
    assert len(server.bodies) < 120, "the circuit breaker stopped the sending"


def test_a_server_that_comes_back_is_used_again():
    down = [time.monotonic() + 0.5]
    found, server = answers(lambda body, _: good(body) if time.monotonic() > down[0] else Cut(), 100, cooldown=0.3)
    assert all_good(found)
    assert len(server.bodies) < 200


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_kept_by_all(form):
    waits = {"seconds": "1", "date": formatdate(time.time() + 2, usegmt=True)}

    def script(body, before):
        limited = body["n"] == 0 and before == 0
        return Send({}, 429, {"Retry-After": waits[form]}) if limited else Send({"n": body["n"]}, after=0.05)

    found, server = answers(script, 30, most_concurrent=2, longest_wait=5)
    assert all_good(found)
    times = sorted(server.times)
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.7


def test_a_server_that_asks_for_too_long_a_wait_has_refused():
    found, server = answers(lambda *_: Send({"error": "tomorrow"}, 429, {"Retry-After": "86400"}), 1)
    assert found[0].reason == "HTTP 429: tomorrow"
    assert len(server.bodies) == 1


def test_a_server_that_refuses_all_is_given_up_once():
    began = time.monotonic()
    found, _ = answers(lambda *_: Send({"error": "slow down"}, 429), 400, most_concurrent=4, patience=0.5)
    assert time.monotonic() - began < 5, "not half a second for every four"
    assert {answer.status for answer in found.values()} == {"failed"}
    reasons = [answer.reason for answer in found.values()]
    assert set(reasons) <= {"the server was given up: HTTP 429: slow down", "HTTP 429: slow down"}
    assert reasons.count("the server was given up: HTTP 429: slow down") >= 390


def test_a_server_that_refuses_some_is_not_given_up():
    def script(body, before):
        return Send({}, 429) if before == 0 else Send({"n": body["n"]}, after=0.02)

    found, _ = answers(script, 60, most_concurrent=2, patience=0.4)
    assert all_good(found)


def test_concurrency_grows_and_gives_way():
    capacity = 6

    def script(body, before):
        return Send({}, 429) if server_at[0].at_once > capacity else Send({"n": body["n"]}, after=0.02)

    server_at = []
    with ScriptedServer(script) as server:
        server_at.append(server)
        found = dict(answer_all(Endpoint(server.url, **QUICK, most_concurrent=64), asked(400), Run()))
    assert all_good(found), "being told to slow down is no failure"
    assert server.most_at_once > capacity, "the limit was felt for"
    assert len(server.bodies) < 1.25 * 400, "and then kept to"


def test_concurrency_stays_within_its_bound():
    found, server = answers(lambda body, _: Send({"n": body["n"]}, after=0.005), 300, most_concurrent=5)
    assert all_good(found)
    assert server.most_at_once == 5


@pytest.mark.parametrize(
    ("limit", "spacing"), [({"requests_per_minute": 1200.0}, 0.05), ({"tokens_per_minute": 6000}, 0.05)]
)
def test_rates_are_kept_by_spacing(limit, spacing):
    """5 output tokens and no text to read: 6,000 tokens a minute are 20 requests a second."""
    found, server = answers(lambda body, _: good(body), 12, **limit)
    assert all_good(found)
    assert max(server.times) - min(server.times) >= 0.9 * 11 * spacing


def test_equal_requests_are_sent_once():
    with ScriptedServer(lambda body, _: good(body)) as server:
        found = dict(answer_all(Endpoint(server.url), [Request("/ask", {"n": i % 7}) for i in range(100)], Run()))
    assert len(server.bodies) == 7
    assert all(found[i].json["n"] == i % 7 for i in range(100))
    assert sum(answer.cost.calls for answer in found.values()) == 7


def test_an_answer_may_lead_to_further_requests():
    class Growing:
        def __init__(self):
            self.waiting = [0]

        def __iter__(self):
            return self

        def __next__(self):
            if not self.waiting:
                raise StopIteration
            return Request("/ask", {"n": self.waiting.pop()})

    source, found = Growing(), []
    with ScriptedServer(lambda body, _: good(body)) as server:
        for number, answer in answer_all(Endpoint(server.url), source, Run()):
            found.append((number, answer.json["n"]))
            if answer.json["n"] < 5:
                source.waiting.append(answer.json["n"] + 1)
    assert found == [(i, i) for i in range(6)]


def test_closing_stops_at_once_and_keeps_what_was_paid_for():
    run = Run()
    with ScriptedServer(lambda body, _: good(body) if body["n"] < 10 else Hang()) as server:
        stream = answer_all(Endpoint(server.url, timeout=60, most_concurrent=20), asked(100), run)
        first = next(stream)
        time.sleep(0.3)
        began = time.monotonic()
        stream.close()
        assert time.monotonic() - began < 2
        assert first[1].status == "ok"
        sent = len(server.bodies)
        again = answer_all(Endpoint(server.url, timeout=0.2, retries=0, backoff=0, cooldown=0.01), asked(10), run)
        assert all_good(dict(again))
        assert len(server.bodies) - sent == 0, "what had come was kept although nobody took it"


@pytest.mark.parametrize("told", ["the key tok-123 is wrong", {"error": {"message": "Incorrect key: tok-123"}}])
def test_the_key_is_sent_and_told_to_nobody(monkeypatch, told):
    monkeypatch.setenv("MY_KEY", "tok-123")
    with ScriptedServer(lambda *_: Send(told, 403)) as server:
        endpoint = Endpoint(server.url, api_key_env="MY_KEY")
        run = Run()
        ((_, answer),) = answer_all(endpoint, asked(1), run)
    assert server.headers[0]["authorization"] == "Bearer tok-123"
    assert "tok-123" not in repr((answer, endpoint, run.memory.__dict__))
    assert "[key]" in answer.reason


def test_the_openai_key_goes_to_no_other_server(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "tok-openai")
    with ScriptedServer(lambda body, _: good(body)) as server:
        list(answer_all(Endpoint(server.url), asked(1), Run()))
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        list(answer_all(Endpoint(), asked(1), Run()))
    assert "authorization" not in server.headers[0]
    assert server.headers[1]["authorization"] == "Bearer tok-openai"


def test_a_missing_key_is_said_before_anything_is_sent():
    with pytest.raises(SpecError, match="NO_SUCH_KEY"):
        list(answer_all(Endpoint("http://127.0.0.1:9", api_key_env="NO_SUCH_KEY"), asked(1), Run()))


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x/y", "http://", "http://me:secret@host/v1", "http://h:x/"])
def test_addresses_that_make_no_sense(url):
    with pytest.raises(SpecError) as caught:
        Endpoint(url)
    assert "secret" not in str(caught.value)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from([*FAULTS, "good", "400"]), min_size=1, max_size=12), st.integers(1, 8))
def test_any_mix_of_faults_gives_every_request_one_typed_answer(script, most):
    def act(body, before):
        what = script[(body["n"] + before) % len(script)]
        return good(body) if what == "good" else Send({"error": "no"}, 400) if what == "400" else FAULTS[what]

    found, server = answers(act, 15, check=check_n, most_concurrent=most, timeout=0.1, retries=1, patience=0.1)
    for number, answer in found.items():
        assert answer.status in ("ok", "failed")
        assert (answer.json["n"] == number) if answer.status == "ok" else answer.reason
        assert json.dumps(answer.json)
    assert server.most_at_once <= most + sum(fault in ("hang", "slow stream") for fault in script) * 15
