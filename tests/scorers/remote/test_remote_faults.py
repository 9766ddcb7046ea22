"""Servers that misbehave: every response has one typed outcome, order is kept, nothing wrong becomes a number."""

from __future__ import annotations

import dataclasses
import socket
import time

import pytest
from contract_servers import Behaviour, served
from scripted_server import ScriptedServer, Send

from rewardmeter.errors import ScorerError, SpecError
from rewardmeter.scorers.remote.server import Server
from rewardmeter.scoring import Budget, Run, make_scorer
from rewardmeter.types import Item, Outcome, Response

TEXTS = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff", "ggggggg"]
ITEM = Item(tuple(map(Response, TEXTS)), prompt="P")
TEMPLATE = "template={prompt}|{response}"
EXPECTED = [len(text) + 2 - 10.5 for text in TEXTS]
BATCHED = [
    "vllm:URL?model=org/reward&" + TEMPLATE,
    "vllm:URL?api=score",
    "tei:URL",
    "tei:URL?api=rerank",
    "openrlhf:URL?" + TEMPLATE,
]
every = pytest.mark.parametrize("spec", BATCHED)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    plain = Server.endpoint
    hasty = {"backoff": 0.01, "cooldown": 0.02}
    monkeypatch.setattr(Server, "endpoint", lambda scorer: dataclasses.replace(plain(scorer), **hasty))


def score(spec: str, **told):
    behaviour = Behaviour(**told)
    with served(behaviour) as url:
        return make_scorer(spec.replace("URL", url))([ITEM]), behaviour


@every
@pytest.mark.parametrize("statuses", [[429], [500, 503], [0], [502, 429, 0, 504]])
def test_what_passes_is_tried_again(spec, statuses):
    scores, _ = score(spec, statuses=list(statuses))
    assert scores.values.tolist() == EXPECTED
    assert scores.cost.calls == 1 + len(statuses)


@every
def test_what_does_not_pass_is_a_failure_with_a_reason(spec):
    scores, behaviour = score(spec, statuses=[500] * 5)
    assert set(scores.outcomes.tolist()) == {Outcome.FAILED}
    assert set(scores.reasons.values()) == {"HTTP 500: status 500"}
    assert len(behaviour.seen) == 5


@every
def test_a_rejected_batch_is_narrowed_down_to_the_guilty_response(spec):
    scores, _ = score(spec, rejects="dddd")
    assert scores.outcomes.tolist() == [0, 0, 0, Outcome.FAILED, 0, 0, 0]
    assert scores.values[:3].tolist() + scores.values[4:].tolist() == EXPECTED[:3] + EXPECTED[4:]
    assert "400" in scores.reasons[3]
    assert "maximum context length" in scores.reasons[3]


@every
def test_a_batch_that_is_too_large_is_halved(spec):
    scores, behaviour = score(spec, most=2)
    assert scores.values.tolist() == EXPECTED
    assert scores.cost.calls == len(behaviour.seen) == 7  # 7; 3, 4; 1, 2, 2, 2


def test_one_message_that_is_rejected_fails_alone():
    scores, _ = score("vllm:URL", rejects="dddd")
    assert scores.outcomes.tolist() == [0, 0, 0, Outcome.FAILED, 0, 0, 0]


@pytest.mark.parametrize("spec", ["vllm:URL?" + TEMPLATE, "vllm:URL?api=score", "tei:URL?api=rerank"])
def test_an_entry_that_is_missing_is_that_responses_failure(spec):
    scores, _ = score(spec, drops=2)
    assert scores.outcomes.tolist() == [0, 0, Outcome.FAILED, 0, 0, 0, 0]
    assert scores.reasons[2] == "the server left this response out of its answer"
    assert scores.values[3:].tolist() == EXPECTED[3:]


@pytest.mark.parametrize("spec", ["tei:URL", "openrlhf:URL?" + TEMPLATE, "json-endpoint:URL/x"])
def test_fewer_values_than_responses_are_no_scores_at_all(spec):
    def shorter(answer):
        return answer[1:] if isinstance(answer, list) else {key: value[1:] for key, value in answer.items() if value}

    scores, _ = score(spec, spoil=shorter)
    assert set(scores.reasons.values()) == {
        "the server answered 6 values for 7 responses, and nothing says which are which"
    }
    assert scores.coverage == 0


@pytest.mark.parametrize("index", [0, 7, -1, "1", None, True])
def test_indexes_that_make_no_sense_are_no_scores_at_all(index):
    def spoil(answer):
        answer["data"][3]["index"] = index
        return answer

    scores, _ = score("vllm:URL?" + TEMPLATE, spoil=spoil)
    assert scores.coverage == 0
    assert all("does not say which one of 7" in reason for reason in scores.reasons.values())


@every
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None, "1.5", True])
def test_what_is_no_finite_number_is_that_responses_failure(spec, bad):
    def spoil(answer):
        if "data" in answer:
            entry = next(one for one in answer["data"] if one["index"] == 4)
            entry.update({key: [bad] if key == "probs" else bad for key in ("probs", "score") if key in entry})
        elif "rewards" in answer:
            answer["rewards"][4] = bad
        elif isinstance(answer[4], list):
            answer[4][0]["score"] = bad
        else:
            next(one for one in answer if one["index"] == 4)["score"] = bad
        return answer

    scores, _ = score(spec, spoil=spoil)
    assert scores.outcomes.tolist() == [0, 0, 0, 0, Outcome.FAILED, 0, 0]
    assert scores.reasons[4] == f"the server returned {bad!r} instead of a number"


@pytest.mark.parametrize("spec", ["vllm:URL?" + TEMPLATE, "vllm:URL?api=pooling&" + TEMPLATE, "tei:URL?label=LABEL_1"])
def test_probabilities_where_logits_were_asked_for_are_noticed(spec):
    scores, _ = score(spec, logits=lambda text: [float(len(text)), 3.0, 0.5], activates=True)
    assert scores.coverage == 0
    assert all("probabilities although" in reason for reason in scores.reasons.values())
    honest, _ = score(spec, logits=lambda text: [float(len(text)), 3.0, 0.5])
    assert honest.coverage == 1


@every
@pytest.mark.parametrize("answer", [b"<html>", b"", [], {}, {"data": "x"}, {"data": [1]}, {"rewards": None}, 7, None])
def test_answers_of_another_shape(spec, answer):
    scores, _ = score(spec, spoil=lambda _: answer)
    assert set(scores.outcomes.tolist()) == {Outcome.FAILED}
    assert len(set(scores.reasons.values())) == 1
    assert "server" in scores.reasons[0] or "is not JSON" in scores.reasons[0]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_concerns_all_requests_is_everybodys_failure_and_is_not_tried_again(status):
    scores, behaviour = score("vllm:URL?concurrency=1", statuses=[status] * 20)
    assert set(scores.outcomes.tolist()) == {Outcome.FAILED}
    assert all(str(status) in reason for reason in scores.reasons.values())
    assert len(behaviour.seen) == (len(TEXTS) if status == 403 else 1)


def test_a_server_that_says_nothing_of_its_model_is_an_error():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ScorerError, match="does not answer /info"):
        make_scorer(f"tei:{url}?model=org/reward")([ITEM])


def test_a_server_that_is_not_there_is_given_up():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    items = [Item(tuple(Response(str(i)) for i in range(500)), prompt="P")]
    scores = make_scorer(f"vllm:http://127.0.0.1:{port}?concurrency=4")(items)
    assert set(scores.outcomes.tolist()) == {Outcome.FAILED}
    assert all("cannot connect" in reason for reason in scores.reasons.values())
    assert scores.cost.calls < 100


def test_what_the_budget_does_not_allow_is_left_out():
    """Each request of one response states 3 tokens; the reservation is an estimate that lies above."""
    behaviour = Behaviour()
    with served(behaviour) as url:
        scorer = make_scorer(f"vllm:{url}?price=1000000&concurrency=1")
        parts = list(scorer.stream([ITEM], Run(budget=Budget(12.0))))
    done = [position for positions, _ in parts for position in positions]
    assert 0 < len(done) < len(TEXTS)
    assert sum(part.cost.dollars for _, part in parts) == 3.0 * len(done) <= 12.0
    assert sum(part.cost.input_tokens for _, part in parts) == 3 * len(done)


def test_tokens_that_a_server_says_it_wrote_have_no_price():
    """A token read at a dollar, two reserved: beside two answers there is no room for a third under 3.50."""
    answer = {"scores": [1.0], "usage": {"prompt_tokens": 1, "completion_tokens": 7}}
    budget = Budget(3.5)
    with ScriptedServer(lambda *_: Send(answer)) as server:
        scorer = make_scorer(f"json-endpoint:{server.url}?price=1000000&batch=1&concurrency=1")
        parts = list(scorer.stream([ITEM], Run(budget=budget)))
    assert budget.spent == pytest.approx(sum(part.cost.dollars for _, part in parts)) == pytest.approx(2.0)
    assert len(server.bodies) == 2


def test_a_wrong_answer_is_not_remembered():
    run = Run()
    with served(Behaviour(drops=2)) as url:
        spec = f"vllm:{url}?" + TEMPLATE
        list(make_scorer(spec).stream([ITEM], run))
        behaviour = Behaviour()
        with served(behaviour) as again:
            mended = make_scorer(spec.replace(url, again))
            ((_, part),) = mended.stream([ITEM], run)
    assert part.coverage == 1


def test_a_server_that_takes_too_long():
    def slow(text):
        time.sleep(0.3)
        return [1.0]

    scores, behaviour = score("tei:URL?timeout=0.05&retries=2", logits=slow)
    assert set(scores.reasons.values()) == {"no answer within 0.05 s"}
    assert len(behaviour.seen) == 1 + 2


def test_the_key_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(SpecError, match="NO_SUCH_KEY"):
        score("tei:URL?api_key_env=NO_SUCH_KEY")
    monkeypatch.setenv("A_KEY", "secret")
    scores, behaviour = score("tei:URL?api_key_env=A_KEY&model=org/reward")
    assert scores.coverage == 1
    assert set(behaviour.keys) == {"Bearer secret"}
