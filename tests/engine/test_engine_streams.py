"""Scorers that organise their own work: what they may yield, what a failure costs, what memory and budget hold."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from engine_scorers import Length, Told, make_dataset, responses_only
from stream_target import DATA, PRICE, Teller

from rewardmeter.engine import score
from rewardmeter.engine.plan import make_plan
from rewardmeter.engine.streams import score_streaming
from rewardmeter.errors import MissingExtraError, ScorerError, StoreError
from rewardmeter.io.store import Store
from rewardmeter.scoring import Budget, Laws, Run, score_stream, signature_of
from rewardmeter.types import Cost, Item, Outcome, Scores

RUN = "import sys, stream_target; stream_target.main(*sys.argv[1:])"
LONG = 60.0


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "scores.sqlite") as opened:
        yield opened


@dataclass(frozen=True)
class Streams:
    """Streams whatever it is told to."""

    how: Callable[[Sequence[Item], Run], Iterator[object]] = field(metadata={"moves_score": False})
    pointwise: bool = True
    name: ClassVar[str] = "streams"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})

    @property
    def laws(self) -> Laws:
        return Laws(pointwise=self.pointwise)

    def __call__(self, items):
        return score_stream(self, items)

    def stream(self, items, run):
        return self.how(items, run)


def lengths_of(items):
    return [float(len(response.text)) for item in items for response in item.responses]


def asked(log):
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize("seed", range(5))
def test_any_order_in_any_parts_is_the_plain_result(store, seed):
    rng = np.random.default_rng(seed)
    data = responses_only([f"{'x' * int(n)} {n % 50}" for n in rng.integers(0, 90, 200)])

    def parts(items, run):
        values = np.array(lengths_of(items))
        order = rng.permutation(len(values))
        for some in np.split(order, np.sort(rng.integers(0, len(order), 6))):
            yield some, Scores.from_values(values[some])

    plain = score(Length(), data)
    streamed = score(Streams(parts), data, store=store)
    assert streamed.values.tobytes() == plain.values.tobytes()
    from_store = score(Streams(lambda items, run: iter(())), data, store=store)
    assert from_store.values.tobytes() == plain.values.tobytes()


def test_windows_do_not_matter():
    plan = make_plan(Teller(), DATA)
    for at_once in (1, 7, 1000):
        values = np.full(60, np.nan)
        for inputs, scores in score_streaming(Teller(), plan, np.arange(60), Run(), at_once=at_once):
            values[inputs] = scores.values
        assert values.tolist() == [len(text) for text in DATA.response_text]


ONE = Scores.from_values([1.0])


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([([0], ONE), ([0], ONE)], "a response twice"),
        ([([1, 1], Scores.from_values([1.0, 2.0]))], "a response twice"),
        ([([3], ONE)], "does not exist among 3"),
        ([([-1], ONE)], "does not exist among 3"),
        ([([0, 1], ONE)], "1 scores for 2 positions"),
        ([([0.5], ONE)], "no integers"),
        ([(["a"], ONE)], "no integers"),
        ([([0], [1.0])], "pairs of positions and Scores"),
        ([ONE], "pairs of positions and Scores"),
        ([([0], Scores(np.array([np.nan]), np.array([9], dtype=np.uint8)))], "outcome 9"),
    ],
)
def test_a_broken_contract_ends_the_run_and_names_the_scorer(parts, words):
    with pytest.raises(ScorerError, match=f"'streams'.*{words}"):
        score(Streams(lambda items, run: iter(parts)), responses_only(["a", "b", "c"]))


def test_only_the_guilty_fail_and_nobody_is_paid_twice(store, tmp_path):
    texts = [f"text {i}" for i in range(40)]
    texts[7], texts[8], texts[31] = "bad 7", "bad 8", "bad 31"
    budget, teller = Budget(), Teller(log=str(tmp_path / "log"))
    scores = score(teller, responses_only(texts), store=store, budget=budget)
    assert scores.reasons == {i: f"ValueError: cannot read bad {i}" for i in (7, 8, 31)}
    assert np.flatnonzero(scores.outcomes == Outcome.FAILED).tolist() == [7, 8, 31]
    assert sorted(asked(tmp_path / "log")) == sorted(text for text in texts if "bad" not in text)
    assert scores.cost.dollars == budget.spent == 37 * PRICE
    assert scores.cost.calls == 37
    cost, scored = store.spent(signature_of(teller))
    assert (cost.dollars, cost.calls, scored) == (37 * PRICE, 37, 37)


def test_work_without_memory_is_not_done_again_after_an_exception():
    """What a stream has yielded is kept; halves stream on, part by part."""
    worked = []

    def parts(items, run):
        for position, text in enumerate(response.text for item in items for response in item.responses):
            if "bad" in text:
                raise ValueError("no")
            worked.append(text)
            yield [position], Scores.from_values([1.0], cost=Cost(dollars=1.0))

    texts = [f"{i}" for i in range(32)]
    texts[30] = "bad"
    scores = score(Streams(parts), responses_only(texts))
    assert sorted(worked) == sorted(set(texts) - {"bad"})
    assert scores.cost.dollars == 31
    assert scores.counts() == {"scored": 31, "failed": 1}


def test_an_exception_that_passes_costs_no_score():
    calls = []

    def parts(items, run):
        calls.append(len(items[0].responses))
        if len(calls) == 1:
            raise ConnectionError("for a moment")
        yield range(len(lengths_of(items))), Scores.from_values(lengths_of(items))

    assert score(Streams(parts), responses_only(["a", "bb", "ccc", "dddd"])).values.tolist() == [1, 2, 3, 4]
    assert calls == [4, 2, 2]


def test_an_exception_after_the_last_part_changes_nothing():
    def parts(items, run):
        yield range(len(lengths_of(items))), Scores.from_values(lengths_of(items))
        raise RuntimeError("while closing")

    assert score(Streams(parts), responses_only(["a", "bb"])).values.tolist() == [1, 2]


def test_what_no_response_is_to_blame_for_ends_the_run():
    def parts(items, run):
        yield [0], ONE
        raise MissingExtraError("this scorer", "hf")

    with pytest.raises(MissingExtraError):
        score(Streams(parts), responses_only(["a", "bb"]))


def test_an_item_partly_yielded_keeps_what_it_has(store):
    """Listwise: the stream ends after the first response of each item; alone again, it ends there again."""
    streamed = []

    def parts(items, run):
        streamed.append(len(items))
        start = 0
        for item in items:
            if "bad" in item.responses[0].text:
                yield [start], Scores.from_values([7.0], cost=Cost(dollars=1.0))
                raise RuntimeError("in the middle of an item")
            yield range(start, start + 2), Scores.from_values([1.0, 2.0], cost=Cost(dollars=2.0))
            start += 2

    data = make_dataset([("p", (), ["a", "b"]), ("p", (), ["bad", "c"]), ("p", (), ["d", "e"])])
    scores = score(Streams(parts, pointwise=False), data, store=store)
    assert scores.outcomes.tolist() == [0, 0, 0, 3, 0, 0]
    assert scores.values[[0, 1, 2, 4, 5]].tolist() == [1, 2, 7, 1, 2]
    assert scores.reasons == {3: "RuntimeError: in the middle of an item"}
    # Three items, then the two unfinished ones apart: 2 + 1, 1 and 2 dollars, each part of which was paid.
    assert streamed == [3, 1, 1]
    assert scores.cost.dollars == 6
    again = score(Streams(parts, pointwise=False), data, store=store)
    assert again.values[[0, 1, 2, 4, 5]].tolist() == [1, 2, 7, 1, 2]


def test_the_budget_leaves_the_rest_for_the_next_run(store, tmp_path):
    log, told = tmp_path / "log", Told()
    scores = score(Teller(log=str(log)), DATA, store=store, budget=Budget(10 * PRICE), progress=told)
    assert scores.counts() == {"scored": 10, "missing": 50}
    assert set(scores.reasons.values()) == {"not scored: the cost limit was reached"}
    assert scores.cost.dollars == 10 * PRICE
    assert told.notes == ["The cost limit of $2.50 was reached; 50 are left for the next run."]
    assert told.done == 10

    told = Told()
    rest = score(Teller(log=str(log)), DATA, store=store, progress=told)
    assert (told.from_store, told.done, told.notes) == (10, 60, [])
    assert rest.counts() == {"scored": 60}
    assert rest.cost.dollars == 50 * PRICE
    assert sorted(asked(log)) == sorted(DATA.response_text)


def test_a_budget_that_others_have_used_up_is_no_news_to_those_who_need_none():
    budget = Budget(PRICE)
    score(Teller(), DATA, budget=budget, progress=Told())
    told = Told()
    assert score(Length(), DATA, budget=budget, progress=told).coverage == 1
    assert told.notes == []


def test_what_a_scorer_leaves_out_without_reason_is_said():
    scores = score(Streams(lambda items, run: iter([([1], ONE)])), responses_only(["a", "b"]))
    assert scores.outcomes.tolist() == [Outcome.MISSING, Outcome.SCORED]
    assert scores.reasons == {0: "not scored: the scorer left it out"}


@pytest.mark.parametrize("limit", [0, 1, 5, 37])
def test_the_budget_holds_after_an_exception(tmp_path, limit):
    texts = [f"text {i}" for i in range(40)]
    texts[35] = "bad"
    budget = Budget(limit * PRICE)
    scores = score(Teller(log=str(tmp_path / "log")), responses_only(texts), budget=budget, progress=Told())
    assert len(asked(tmp_path / "log")) == limit
    assert budget.spent == scores.cost.dollars == limit * PRICE
    assert scores.counts().get("scored", 0) == limit


@pytest.mark.parametrize("error", [KeyboardInterrupt, StoreError("gone")])
def test_a_stream_that_is_left_is_closed_before_the_run_ends(store, error):
    ends = []

    def parts(items, run):
        try:
            for i in range(10):
                yield [i], ONE
        finally:
            ends.append("closed")

    class Interrupting(Told):
        def advance(self, n, failed):
            super().advance(n, failed)
            if self.done == 3:
                raise error

    try:
        score(Streams(parts), DATA, store=store, progress=Interrupting())
    except (KeyboardInterrupt, StoreError):
        assert ends == ["closed"]  # while the traceback still holds every frame
    assert ends == ["closed"]
    assert int(np.sum(store.get(signature_of(Streams(parts)), make_plan(Teller(), DATA).keys).outcomes == 0)) == 3


def test_an_interrupt_within_the_stream_keeps_what_it_has_yielded(store):
    def parts(items, run):
        yield [4, 2], Scores.from_values([4.0, 2.0])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(Streams(parts), DATA, store=store)
    outcomes = store.get(signature_of(Streams(parts)), make_plan(Teller(), DATA).keys).outcomes
    assert np.flatnonzero(outcomes == Outcome.SCORED).tolist() == [2, 4]


def test_measured_seconds_are_those_of_the_stream_alone():
    def parts(items, run):
        for i in range(3):
            time.sleep(0.02)
            yield [i], ONE

    class Slowly(Told):
        def advance(self, n, failed):
            time.sleep(0.2)

    cost = score(Streams(parts), responses_only(["a", "b", "c"]), progress=Slowly()).cost
    assert 0.06 <= cost.seconds < 0.4


def run_target(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder / "scores.sqlite"), *map(str, arguments)],
        cwd=Path(__file__).parent,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_kill_in_mid_stream_loses_what_was_not_yielded_and_no_answer(tmp_path):
    """The second run, another process, finds the scores, and under other options the paid answers."""
    log = tmp_path / "log"
    process = run_target(tmp_path, log, 0.05)
    deadline = time.monotonic() + LONG
    while len(asked(log)) < 15:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=LONG)
    with Store(tmp_path / "scores.sqlite") as store:
        cost, kept = store.spent(signature_of(Teller()))
        assert len(asked(log)) - 1 <= kept <= len(asked(log)) < 60
        assert cost.dollars == kept * PRICE

    for scale in (1, 3):
        process = run_target(tmp_path, log, 0, scale)
        assert process.wait(LONG) == 0, process.communicate()
        process.communicate()
    assert len(asked(log)) - len(set(asked(log))) <= 1, "the call under way at the kill, at most, is made again"
    assert set(asked(log)) == set(DATA.response_text)
    with Store(tmp_path / "scores.sqlite") as store:
        scores = score(Teller(3.0), DATA, store=store)
        assert scores.values.tolist() == [3.0 * len(text) for text in DATA.response_text]
        assert store.spent(signature_of(Teller(3.0)))[0].dollars == 0


def test_a_full_disk_costs_the_memory_and_not_the_run(store, tmp_path):
    score(Teller(), responses_only(["first"]), store=store)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    data = responses_only([f"text {'x' * 200} {i}" for i in range(300)])
    told, log = Told(), tmp_path / "log"
    scores = score(Teller(log=str(log)), data, store=store, progress=told)
    assert scores.values.tolist() == [len(text) for text in data.response_text]
    assert len(asked(log)) == 300
    assert len(told.notes) == 1
    assert "disk is full" in told.notes[0]
    assert "nothing is stored" in told.notes[0]


def test_spent_sums_runs_and_an_unknown_price_makes_the_sum_unknown(store):
    teller = Teller()
    assert store.spent(signature_of(teller)) == (Cost(), 0)
    score(teller, responses_only(["a", "b"]), store=store)
    score(teller, responses_only(["b", "c"]), store=store)
    cost, scored = store.spent(signature_of(teller))
    assert (cost.dollars, cost.calls, scored) == (3 * PRICE, 3, 3)
    assert cost.seconds > 0

    free = Teller(price=float("nan"))
    scores = score(free, responses_only(["d"]), store=store)
    assert np.isnan(scores.cost.dollars)
    cost, scored = store.spent(signature_of(teller))
    assert np.isnan(cost.dollars)
    assert (cost.calls, scored) == (4, 4)
    score(teller, responses_only(["e"]), store=store)
    assert np.isnan(store.spent(signature_of(teller))[0].dollars), "once unknown, a sum stays unknown"
    with pytest.raises(ScorerError, match="state the price"):
        score(free, responses_only(["f"]), budget=Budget(1.0))


OLD_TABLES = """
    CREATE TABLE signatures (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
        options TEXT NOT NULL, revision TEXT NOT NULL, first_seen TEXT NOT NULL);
    CREATE TABLE scores (signature INTEGER NOT NULL REFERENCES signatures (id), key BLOB NOT NULL, value,
        outcome INTEGER NOT NULL, reason TEXT, PRIMARY KEY (signature, key)) WITHOUT ROWID;
    PRAGMA application_id = 1381453140;
    PRAGMA user_version = 1;
"""
"""The tables of layout 1, as the first release with a store made them."""


def test_a_store_of_layout_1_is_brought_up_to_date_and_keeps_its_scores(tmp_path):
    path, signature = tmp_path / "scores.sqlite", signature_of(Teller())
    keys = make_plan(Teller(), DATA).keys
    connection = sqlite3.connect(path)
    connection.executescript(OLD_TABLES)
    row = (1, signature.fingerprint, "teller", "{}", "", "2026-01-01T00:00:00Z")
    connection.execute("INSERT INTO signatures VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.execute("INSERT INTO scores VALUES (1, ?, 41.5, 0, NULL)", (keys[0].tobytes(),))
    connection.execute("INSERT INTO scores VALUES (1, ?, NULL, 3, 'too slow')", (keys[1].tobytes(),))
    connection.commit()
    connection.close()

    with Store(path) as first, Store(path) as second:
        assert first.spent(signature) == (Cost(), 0)
        assert second.get(signature, keys[:2]).reasons == {1: "too slow"}
        scores = score(Teller(), DATA, store=second)
        assert scores.values[:3].tolist() == [41.5, 6, 6]
        cost, scored = first.spent(signature)
        assert (cost.dollars, scored) == (59 * PRICE, 59)
        assert first.recall([b"text 1", b"text 0"]) == {b"text 1": b"6"}
        assert [known.n_scores for known in first.signatures()] == [60]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()
