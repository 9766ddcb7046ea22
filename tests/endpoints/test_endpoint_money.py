"""What is reserved, settled, counted and forecast."""

from __future__ import annotations

import math
import time

import pytest
from scripted_server import Cut, Hang, ScriptedServer, Send

from rewardmeter.endpoints import Endpoint, Request, answer_all, estimated_tokens, forecast_all
from rewardmeter.errors import ScorerError, SpecError
from rewardmeter.scoring import Budget, Run

PRICES = {"input_price": 1e5, "output_price": 1e6}
"""$0.1 per token read, $1 per token written."""
QUICK = {"backoff": 0.01, "cooldown": 0.05, "timeout": 0.3}


def asked(n):
    """6 tokens to read by the estimate (18 bytes), at most 4 to write: $4.60 at most."""
    return [Request("/ask", {"text": f"{i:018d}"}, output_tokens=4) for i in range(n)]


def cheap(body, before):
    """2 tokens read, 1 written: $1.20."""
    return Send({"usage": {"prompt_tokens": 2, "completion_tokens": 1}})


def test_usage_is_counted_and_priced():
    with ScriptedServer(cheap) as server:
        found = dict(answer_all(Endpoint(server.url, **PRICES), asked(10), Run()))
    total = sum((answer.cost for answer in found.values()), start=type(found[0].cost)())
    assert (total.calls, total.input_tokens, total.output_tokens) == (10, 20, 10)
    assert total.dollars == pytest.approx(12.0)


@pytest.mark.parametrize(
    "usage",
    [
        {},
        {"usage": None},
        {"usage": {"prompt_tokens": "2"}},
        {"usage": {"prompt_tokens": -1}},
        {"usage": {"prompt_tokens": 10**400}},
    ],
)
def test_without_usage_the_greatest_price_counts(usage):
    with ScriptedServer(lambda *_: Send({"x": 1} | usage)) as server:
        ((_, answer),) = answer_all(Endpoint(server.url, **PRICES), asked(1), Run())
    assert (answer.cost.input_tokens, answer.cost.output_tokens) == (6, 4)
    assert answer.cost.dollars == pytest.approx(4.6)


def test_an_unknown_price_is_nan_and_refuses_a_limit():
    with ScriptedServer(cheap) as server:
        ((_, answer),) = answer_all(Endpoint(server.url), asked(1), Run())
        assert math.isnan(answer.cost.dollars)
        with pytest.raises(ScorerError, match="state the price"):
            list(answer_all(Endpoint(server.url), asked(1), Run(budget=Budget(5))))


@pytest.mark.parametrize("most", [1, 4, 32])
def test_the_limit_is_used_up_and_never_exceeded(most):
    """$60 buys 47 answers: beside 46 paid ones (46 × 1.20) there is room for 4.60, beside 47 there is not."""
    budget = Budget(60.0)
    with ScriptedServer(
        lambda body, before: Send({"usage": {"prompt_tokens": 2, "completion_tokens": 1}}, after=0.001)
    ) as server:
        found = dict(answer_all(Endpoint(server.url, **PRICES, most_concurrent=most), asked(100), Run(budget=budget)))
    bought = sum(answer.status == "ok" for answer in found.values())
    assert bought == len(server.bodies) == 47
    assert budget.spent == pytest.approx(47 * 1.2)
    assert {answer.status for answer in found.values()} == {"ok", "refused"}
    assert budget.refused == 53
    assert budget.reserve(60 - budget.spent - 1e-6), "nothing stays reserved"


@pytest.mark.parametrize("fault", [Hang(), Cut(), Cut({"x": 1}, keep=4)])
def test_what_broke_off_may_have_been_charged(fault):
    budget = Budget(20.0)
    with ScriptedServer(lambda *_: fault) as server:
        ((_, answer),) = answer_all(Endpoint(server.url, **PRICES, **QUICK, retries=2), asked(1), Run(budget=budget))
    assert answer.status == "failed"
    assert budget.spent == pytest.approx(3 * 4.6)
    assert answer.cost.dollars == pytest.approx(3 * 4.6)


def test_errors_are_not_charged():
    budget = Budget(20.0)
    with ScriptedServer(lambda body, before: Send({}, 500) if before < 2 else cheap(body, before)) as server:
        ((_, answer),) = answer_all(Endpoint(server.url, **PRICES, **QUICK), asked(1), Run(budget=budget))
    assert answer.cost.calls == 3
    assert budget.spent == answer.cost.dollars == pytest.approx(1.2)


def settled(server, quiet=0.5, patience=30.0):
    """Wait until nothing has arrived for a while."""
    seen, since, end = -1, time.monotonic(), time.monotonic() + patience
    while time.monotonic() < end and (time.monotonic() - since < quiet or seen < 1):
        if len(server.bodies) != seen:
            seen, since = len(server.bodies), time.monotonic()
        time.sleep(0.02)


def test_closing_gives_back_what_was_not_sent():
    budget = Budget(1000.0)
    with ScriptedServer(lambda body, _: cheap(body, 0) if body["text"] == f"{0:018d}" else Hang()) as server:
        stream = answer_all(Endpoint(server.url, **PRICES, most_concurrent=4), asked(50), Run(budget=budget))
        next(stream)
        settled(server)  # what is under way has arrived, so that it can be counted
        stream.close()
        sent = len(server.bodies)
    assert budget.spent <= 1.2 + 4.6 * (sent - 1) + 1e-6
    assert budget.reserve(1000 - budget.spent - 1e-6)


def test_a_forecast_is_what_is_not_yet_known():
    run = Run()
    with ScriptedServer(cheap) as server:
        endpoint = Endpoint(server.url, **PRICES)
        list(answer_all(endpoint, asked(3), run))
        cost = forecast_all(endpoint, [*asked(5), *asked(5)], run)
        assert len(server.bodies) == 3
    assert (cost.calls, cost.input_tokens, cost.output_tokens) == (2, 12, 8)
    assert cost.dollars == pytest.approx(9.2)


@pytest.mark.parametrize("limit", [math.nan, -1.0, -math.inf])
def test_a_limit_that_is_none_is_refused(limit):
    with pytest.raises(SpecError, match="cost limit"):
        Budget(limit)


def test_an_unknown_price_counts_as_reserved_under_a_limit():
    """$0.60 for what is read was set aside; the server writes as well, for an unknown price."""
    budget = Budget(1.0)
    requests = [Request("/ask", {"text": f"{i:018d}"}) for i in range(3)]
    with ScriptedServer(cheap) as server:
        found = dict(answer_all(Endpoint(server.url, input_price=1e5), requests, Run(budget=budget)))
    assert sorted(answer.status for answer in found.values()) == ["ok", "refused", "refused"]
    assert budget.spent == pytest.approx(0.6)


def test_tokens_are_estimated_from_bytes():
    assert [estimated_tokens(text) for text in ("", "a", "abcd", "漢字", "\ud800")] == [0, 1, 2, 2, 1]
