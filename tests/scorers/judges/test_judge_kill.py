"""A judge's run that is killed or interrupted asks nothing again that was answered before."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from judge_kill_target import DATASET, EACH, ITEMS
from scripted_server import Hang, ScriptedServer, Send, chat

from rewardmeter.engine import forecast, score
from rewardmeter.io.store import Store
from rewardmeter.scoring import Budget, make_scorer

TARGET = Path(__file__).with_name("judge_kill_target.py")
LONG = 60.0
MOST = 8


def slow(body, before):
    """A verdict that depends on the response and on the sample, after a while that differs."""
    number = int(re.findall(r">\n(?:response|question) (\d+)\n<", body["messages"][-1]["content"])[-1])
    value = (number + body["seed"]) % 5 + 1
    content = {"pairwise": "A" if number % 2 else "B"}.get(body["model"], str(value))
    return Send(chat(content), after=0.005 + 0.002 * (number % 7))


def start(spec, store):
    return subprocess.Popen(
        [sys.executable, str(TARGET), spec, str(store)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    out, errors = process.communicate(timeout=LONG)
    assert process.returncode == 0, errors
    return json.loads(out)


def wait_for(server, n, process):
    deadline = time.monotonic() + LONG
    while len(server.bodies) < n:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def kept(store):
    with closing(sqlite3.connect(store)) as connection:
        (n,) = connection.execute("SELECT count(*) FROM work").fetchone()
    return n


@pytest.mark.parametrize(
    ("spec", "requests"),
    [
        ("judge:pointwise?logprobs=no", ITEMS * EACH),
        ("judge:pointwise?logprobs=no&samples=3", ITEMS * EACH * 3),
        ("judge:pairwise?mode=pairwise&structured=no", ITEMS * 2),
    ],
)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_what_was_answered_is_not_asked_again(tmp_path, spec, requests, how):
    until = requests

    def script(body, before):
        """After `until` requests no answer comes, so that no run can end before it is stopped."""
        return slow(body, before) if len(server.bodies) <= until else Hang()

    with ScriptedServer(script) as server:
        spec += f"&concurrency={MOST}&base_url={server.url}"
        undisturbed, calls = finish(start(spec, tmp_path / "other.sqlite"))
        assert calls == len(server.bodies) == requests
        server.bodies.clear()

        stops = (requests // 4, requests // 2, (3 * requests) // 4)
        for stop in stops:
            until = stop
            process = start(spec, tmp_path / "scores.sqlite")
            wait_for(server, stop, process)
            os.kill(process.pid, how)
            process.communicate(timeout=LONG)
            assert process.returncode != 0
            in_flight = len(server.bodies) - kept(tmp_path / "scores.sqlite")
            assert in_flight <= MOST * (stops.index(stop) + 1)
        until = math.inf
        values, _ = finish(start(spec, tmp_path / "scores.sqlite"))

        asked = Counter(json.dumps(body) for body in server.bodies)
        assert len(asked) == requests
        assert len(server.bodies) <= requests + MOST * len(stops), "only what was under way is asked again"
        assert values == undisturbed
        before = len(server.bodies)
        assert finish(start(spec, tmp_path / "scores.sqlite")) == [undisturbed, 0]
        assert len(server.bodies) == before


def test_answers_outlive_a_lost_score(tmp_path):
    """The scores are gone, the answers are not: nothing is paid twice, and another server is not asked either."""
    with ScriptedServer(slow) as server, Store(tmp_path / "s.sqlite") as store:
        judge = make_scorer(f"judge:pointwise?logprobs=no&samples=2&base_url={server.url}")
        first = score(judge, DATASET, store=store)
        sent = len(server.bodies)
        with sqlite3.connect(tmp_path / "s.sqlite") as connection:
            connection.execute("DELETE FROM scores")
        connection.close()
        elsewhere = make_scorer("judge:pointwise?logprobs=no&samples=2&base_url=http://127.0.0.1:9")
        assert forecast(elsewhere, DATASET, store=store).cost.calls == 0
        assert score(elsewhere, DATASET, store=store).values.tolist() == first.values.tolist()
        assert len(server.bodies) == sent


def test_a_limit_stops_and_the_next_run_goes_on(tmp_path):
    """10 tokens read and 5 written for each answer, at a dollar per token: $15 each."""
    with ScriptedServer(slow) as server, Store(tmp_path / "s.sqlite") as store:
        spec = "judge:pointwise?logprobs=no&max_tokens=5&input_price=1e6&output_price=1e6&concurrency=4"
        judge = make_scorer(f"{spec}&base_url={server.url}")
        ahead = forecast(judge, DATASET, store=store)
        assert ahead.cost.calls == 60
        worst = ahead.cost.dollars / 60
        with pytest.warns(RuntimeWarning, match="cost limit"):
            some = score(judge, DATASET, store=store, budget=Budget(worst + 20 * 15))
        done = len(server.bodies)
        assert some.cost.dollars == done * 15 <= worst + 20 * 15
        assert 20 <= done < 60
        assert some.counts() == {"scored": done, "missing": 60 - done}
        assert forecast(judge, DATASET, store=store).cost.calls == 60 - done
        rest = score(judge, DATASET, store=store)
        assert rest.counts() == {"scored": 60}
        assert len(server.bodies) == 60
        assert store.spent(judge.signature())[0].dollars == 60 * 15
