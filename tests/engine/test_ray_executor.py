"""The Ray executor: the bytes and the store rows of the local one, whoever dies on the way."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from engine_scorers import (
    Deadly,
    Length,
    Meeting,
    Moody,
    OnDevice,
    Returns,
    SeenParts,
    Slow,
    Told,
    Unbuildable,
    make_dataset,
    responses_only,
)
from stream_target import Teller

from rewardmeter.engine import score
from rewardmeter.errors import ScorerError
from rewardmeter.io.score_file import write_scores
from rewardmeter.io.store import Store
from rewardmeter.scoring import scorer
from rewardmeter.types import Item, Outcome, Response

pytest.importorskip("ray", reason="the extra ray is not installed")
pytestmark = pytest.mark.slow

TARGET = Path(__file__).with_name("kill_target.py")
LONG = 300.0
DATA = make_dataset(
    [(f"p{i}", (f"r{i % 3}",), [f"{'x' * (j % 7)} {i % 20} {j}" for j in range(5)]) for i in range(40)]
    + [("q", (), ["bad", "nan", "none", "fine"]), ("q", (), ["also bad", "x"])]
)


@pytest.fixture(scope="module")
def cluster():
    """A Ray that the user has started, with two processors."""
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray about its own settings
        import ray

        ray.init("local", num_cpus=2, include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False)
        yield ray
        ray.shutdown()


def rows_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            """SELECT fingerprint, key, value, outcome, reason FROM scores JOIN signatures ON signature = id
            ORDER BY fingerprint, key"""
        ).fetchall()


def written(path, data, scores):
    write_scores(path, data, {"x": scores})
    return path.read_bytes()


@pytest.mark.parametrize(
    "made",
    [Moody(), SeenParts(("prompt", "response", "references"), pointwise=False)],
    ids=["failing", "listwise"],
)
def test_the_bytes_and_the_store_rows_of_the_local_executor(cluster, tmp_path, made):
    told = Told()
    with Store(tmp_path / "local.sqlite") as store:
        local = score(made, DATA, store=store)
    with Store(tmp_path / "ray.sqlite") as store:
        through_ray = score(made, DATA, store=store, executor="ray", progress=told)
    assert written(tmp_path / "a", DATA, through_ray) == written(tmp_path / "b", DATA, local)
    assert through_ray.reasons == local.reasons
    assert rows_of(tmp_path / "ray.sqlite") == rows_of(tmp_path / "local.sqlite")
    assert (told.done, told.failed, told.notes) == (DATA.n_responses, int(np.sum(local.outcomes == Outcome.FAILED)), [])


def test_two_actors_work_side_by_side_and_a_killed_one_loses_nothing(cluster, tmp_path):
    """SIGKILL to a process that has just scored something and is at work on more."""
    texts = [f"text {i}" for i in range(120)]
    meeting = Meeting(str(tmp_path / "log"), 0.03)

    @dataclass
    class Killer(Told):
        killed: list[int] = field(default_factory=list)

        def advance(self, n: int, failed: int) -> None:
            super().advance(n, failed)
            if not self.killed and self.done >= 20:
                last = (tmp_path / "log").read_text().splitlines()[-1]
                self.killed.append(int(last.split()[0]))
                os.kill(self.killed[0], signal.SIGKILL)

    told = Killer()
    scores = score(meeting, responses_only(texts), executor="ray", batch_size=5, progress=told)
    assert scores.values.tolist() == [len(text) / 7 for text in texts]
    assert len(told.killed) == 1


def test_a_response_that_always_kills_its_actor_fails_and_no_other(cluster, tmp_path):
    texts = [f"text {i}" for i in range(50)]
    texts[5], texts[6] = "deadly", "weak"
    scores = score(Deadly(str(tmp_path / "once")), responses_only(texts), executor="ray", batch_size=10)
    assert np.flatnonzero(scores.outcomes == Outcome.FAILED).tolist() == [5]
    assert scores.reasons == {5: "the worker process died on it twice"}
    assert np.delete(scores.values, 5).tolist() == [len(text) for text in texts if text != "deadly"]
    assert (tmp_path / "once").exists()


def test_what_was_stored_before_an_interrupt_is_not_scored_again(cluster, tmp_path):
    data = responses_only([f"text {i}" for i in range(60)])

    class Impatient(Told):
        def advance(self, n: int, failed: int) -> None:
            super().advance(n, failed)
            if self.done >= 10:
                raise KeyboardInterrupt

    with Store(tmp_path / "scores.sqlite") as store:
        with pytest.raises(KeyboardInterrupt):
            score(
                Slow(str(tmp_path / "log"), 0.03), data, store=store, executor="ray", batch_size=5, progress=Impatient()
            )
        kept = len(rows_of(store.path))
        assert 10 <= kept < 60
        again = Slow(str(tmp_path / "again"))
        scores = score(again, data, store=store, executor="ray")
    assert scores.values.tolist() == [len(text) / 7 for text in data.response_text]
    assert len((tmp_path / "again").read_text().splitlines()) == 60 - kept


def test_a_scorer_bound_by_a_device_gets_neighbours_in_length(cluster, tmp_path):
    rng = np.random.default_rng(5)
    texts = ["x" * int(n) + str(i) for i, n in enumerate(rng.integers(1, 900, 600))]
    bound = OnDevice(str(tmp_path / "log"))
    scores = score(bound, responses_only(texts), executor="ray")
    assert scores.values.tolist() == [len(text) / 7 for text in texts]
    ranges = sorted((min(lengths), max(lengths)) for lengths in [list(map(len, c["texts"])) for c in bound.calls()])
    assert len(ranges) > 2
    assert all(upper <= lower for (_, upper), (lower, _) in itertools.pairwise(ranges))


def test_what_is_never_stored_and_what_only_cloudpickle_can_send(cluster, tmp_path):
    told = Told()
    nameless = scorer(eval("lambda response: len(response)"), name="nameless")
    with Store(tmp_path / "scores.sqlite") as store:
        scores = score(nameless, responses_only(["a", "bb"]), store=store, executor="ray", progress=told)
        assert scores.values.tolist() == [1, 2]
        assert rows_of(store.path) == []
    assert len(told.notes) == 1
    assert "not stored" in told.notes[0]


def test_what_needs_the_memory_or_cannot_be_sent_stays_here_and_it_is_said(tmp_path):
    told, unsendable = Told(), Length()
    unsendable.calls.append(threading.Lock())
    with Store(tmp_path / "scores.sqlite") as store:
        score(Teller(), responses_only(["a", "bb"]), store=store, executor="ray", progress=told)
        assert store.recall([b"bb"]) == {b"bb": b"2"}
        score(unsendable, responses_only(["a", "bb"]), store=store, executor="ray", progress=told)
    assert unsendable.calls[1:] == [[Item((Response("a"),))], [Item((Response("bb"),))]]
    assert ["not by Ray, because it has many requests" in told.notes[0], "cannot be sent" in told.notes[1]] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("made", "words"), [(Returns(None), "returned NoneType"), (Unbuildable(), "cannot be rebuilt in a Ray actor")]
)
def test_a_broken_contract_reaches_the_driver(cluster, made, words):
    with pytest.raises(ScorerError, match=words):
        score(made, responses_only(["x", "y", "z"]), executor="ray")


def run_target(folder, name, seconds, executor, *, store="scores.sqlite"):
    arguments = [folder / store, folder / f"{name}.log", folder / f"{name}.jsonl", seconds, 1, executor]
    return subprocess.Popen(
        [sys.executable, str(TARGET), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_killed_driver_loses_only_what_it_had_not_stored(tmp_path):
    """The driver starts its own Ray; the next run is a local one and has the same bytes as if nothing had happened."""
    process = run_target(tmp_path, "killed", 0.04, "ray")
    deadline = time.monotonic() + LONG
    while not (tmp_path / "scores.sqlite").exists() or len(rows_if_any(tmp_path / "scores.sqlite")) < 40:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    assert process.communicate(timeout=LONG)[0] == "", "standard output is for scores"
    kept = len(rows_of(tmp_path / "scores.sqlite"))
    assert 40 <= kept < 250
    for name, store in (("rest", "scores.sqlite"), ("alone", "new.sqlite")):
        process = run_target(tmp_path, name, 0, "local", store=store)
        _, errors = process.communicate(timeout=LONG)
        assert process.returncode == 0, errors
    assert len((tmp_path / "rest.log").read_text().splitlines()) == 250 - kept
    assert (tmp_path / "rest.jsonl").read_bytes() == (tmp_path / "alone.jsonl").read_bytes()


def rows_if_any(path):
    try:
        return rows_of(path)
    except sqlite3.OperationalError:  # the tables are being made
        return []
