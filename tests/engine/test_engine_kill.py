"""Real processes that are killed, interrupted, or share one store."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from rewardmeter.engine.calls import BatchSize

TARGET = Path(__file__).with_name("kill_target.py")
DISTINCT = 250
LONG = 60.0
KILLED_AFTER = (5, 60, 60)
PACE = 0.004
MOST_IN_HAND = round(BatchSize.SECONDS / PACE)
"""A batch grows to what fits into the engine's time for one, given that each input takes at least PACE seconds."""


def run_target(folder, *, name="run", store="scores.sqlite", seconds=PACE, workers=1):
    arguments = [folder / store, folder / f"{name}.log", folder / f"{name}.jsonl", seconds, workers]
    return subprocess.Popen(
        [sys.executable, str(TARGET), *map(str, arguments)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(process):
    _, errors = process.communicate(timeout=LONG)
    assert process.returncode == 0, errors


def logged(folder, name="run"):
    """(process, text) of every single scoring, also across runs."""
    log = folder / f"{name}.log"
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def wait_for(folder, n, process):
    deadline = time.monotonic() + LONG
    while len(logged(folder)) < n:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def stored(folder, store="scores.sqlite"):
    with closing(sqlite3.connect(folder / store)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        assert verdict == "ok"
        (n,) = connection.execute("SELECT count(*) FROM scores").fetchone()
    return n


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(run_target(folder, seconds=0))
    return (folder / "run.jsonl").read_bytes()


def test_killed_runs_lose_the_batch_in_hand_and_nothing_else(tmp_path, undisturbed):
    for more in KILLED_AFTER:
        before = len(logged(tmp_path))
        process = run_target(tmp_path)
        wait_for(tmp_path, before + more, process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=LONG)
        assert not (tmp_path / "run.jsonl").exists()
        in_hand = len(logged(tmp_path)) - stored(tmp_path)
    finish(run_target(tmp_path))

    times = Counter(text for _, text in logged(tmp_path))
    assert stored(tmp_path) == len(times) == DISTINCT
    assert in_hand <= len(KILLED_AFTER) * MOST_IN_HAND
    assert sum(times.values()) == DISTINCT + in_hand, "only what was in hand at a kill is scored again"
    assert (tmp_path / "run.jsonl").read_bytes() == undisturbed

    finish(run_target(tmp_path))
    assert len(logged(tmp_path)) == DISTINCT + in_hand, "the last run found everything in the store"
    assert (tmp_path / "run.jsonl").read_bytes() == undisturbed


def test_a_killed_parent_takes_its_workers_with_it_and_loses_nothing(tmp_path, undisturbed):
    process = run_target(tmp_path, workers=2, seconds=0.01)
    wait_for(tmp_path, 40, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=LONG)
    kept = stored(tmp_path)
    workers = {int(pid) for pid, _ in logged(tmp_path)}
    assert process.pid not in workers
    deadline = time.monotonic() + LONG
    while any(map(alive, workers)):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.02)
    before = len(logged(tmp_path))
    finish(run_target(tmp_path, workers=2, seconds=0))
    assert stored(tmp_path) == DISTINCT
    assert len(logged(tmp_path)) - before == DISTINCT - kept
    assert (tmp_path / "run.jsonl").read_bytes() == undisturbed


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_is_clean(tmp_path, workers, undisturbed):
    process = run_target(tmp_path, workers=workers, seconds=0.03)
    wait_for(tmp_path, 40, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to parent and workers
    _, errors = process.communicate(timeout=LONG)
    assert process.returncode != 0
    assert errors.count("Traceback") == 1, errors
    assert errors.rstrip().endswith("KeyboardInterrupt")
    kept, before = stored(tmp_path), len(logged(tmp_path))
    assert kept > 0
    finish(run_target(tmp_path, workers=workers, seconds=0))
    assert len(logged(tmp_path)) - before == DISTINCT - kept
    assert (tmp_path / "run.jsonl").read_bytes() == undisturbed


def test_processes_share_one_store(tmp_path, undisturbed):
    """Four processes make the store and fill it at once."""
    names = [f"run{i}" for i in range(4)]
    for process in [run_target(tmp_path, name=name, seconds=0.001) for name in names]:
        finish(process)
    assert stored(tmp_path) == DISTINCT
    assert all((tmp_path / f"{name}.jsonl").read_bytes() == undisturbed for name in names)


def test_a_script_without_entry_guard_gets_one_clear_error(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(TARGET.parent)!r})\n"
        "from engine_scorers import Slow, responses_only\n"
        "from rewardmeter.engine import score\n"
        f"score(Slow({str(tmp_path / 'log')!r}), responses_only(['a', 'b']), workers=2)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=LONG)
    assert done.returncode == 1
    assert "ScorerError" in done.stderr.splitlines()[-1]
    assert "__main__" in done.stderr.splitlines()[-1]


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
