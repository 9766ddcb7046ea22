"""A helper process that answers one job at a time and may be lost at any: work that can hang or take all memory.

It is started when first asked, one for each process of ours, and shared by its threads. Plain pipes, because worker
processes of the engine are daemons, which may not have children through `multiprocessing`. May import `errors`.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from rewardmeter.errors import ScorerError

__all__ = ["Helper", "LostError"]

SECONDS_TO_START = 120.0
GRACE_FACTOR, GRACE_SECONDS = 10.0, 30.0
"""A job's wall clock limit, from its processor time: a loaded machine must not make answers fail."""


class LostError(Exception):
    """The helper was lost on a job; the text says how."""


class _Process:
    """One running helper and the thread that listens to it."""

    def __init__(self, program: Path) -> None:
        self.owner = os.getpid()
        self.answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self.popen = subprocess.Popen(
            [sys.executable, "-P", str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"},
            encoding="ascii",
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self.popen.stdout is not None
        with self.popen.stdout as lines:
            for line in lines:
                self.answers.put(line)
        self.answers.put("")

    def heard(self, seconds: float) -> str:
        """The next line; empty where the process has ended or the time is over."""
        try:
            return self.answers.get(timeout=seconds)
        except queue.Empty:
            return ""

    def say(self, line: str) -> bool:
        """Send a line; False where the process has ended."""
        assert self.popen.stdin is not None
        try:
            self.popen.stdin.write(line)
            self.popen.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def end(self) -> int | None:
        """End the process: its status, None where it still ran and was killed."""
        status: int | None = None
        try:  # one that has ended by itself gets the moment to say how
            status = self.popen.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        assert self.popen.stdin is not None
        with contextlib.suppress(OSError):  # what it did not read any more
            self.popen.stdin.close()
        self.listener.join()
        return status


class Helper:
    """Asks a program in a process of its own; safe for threads and forks.

    Parameters
    ----------
    program:
        The file to run; it says ``ready`` on a line, then answers each line of JSON with one.
    """

    def __init__(self, program: Path) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._process: _Process | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)
        atexit.register(self.close)

    def ask(self, job: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The answer to a job that may take so many seconds of processor time.

        Raises
        ------
        LostError
            If the time is over, or the process ended.
        ScorerError
            If no process can be started.
        """
        line = json.dumps({**job, "seconds": seconds}) + "\n"
        with self._lock:
            wall = GRACE_FACTOR * seconds + GRACE_SECONDS if hasattr(signal, "ITIMER_PROF") else seconds
            try:
                process = self._ready()
                if not process.say(line):  # it died while idle: no job is to blame
                    self._drop()
                    process = self._ready()
                    process.say(line)
                answer = process.heard(wall)
            except BaseException:  # an answer that nobody waits for would be taken for the next job's
                self._drop()
                raise
            if not answer.endswith("\n"):
                raise LostError(_how(self._drop(), seconds))
        return dict(json.loads(answer))

    def close(self) -> None:
        """End the process, if one runs."""
        with self._lock:
            if self._process is not None:
                self._process.popen.kill()
                self._drop()

    def _ready(self) -> _Process:
        if self._process is None:
            self._process = _Process(self._program)
            if self._process.heard(SECONDS_TO_START) != "ready\n":
                status = self._drop()
                raise ScorerError(f"the helper process {self._program.name} cannot be started (status {status})")
        return self._process

    def _drop(self) -> int | None:
        process, self._process = self._process, None
        return process.end() if process is not None else None

    def _forget(self) -> None:
        """In a fork: the process belongs to the parent, whose pipes must not be used."""
        self._lock = threading.Lock()
        if self._process is not None:
            self._process.popen.returncode = 0  # not our child: nothing to wait for
            self._process = None


def _how(status: int | None, seconds: float) -> str:
    if status is None or status == -getattr(signal, "SIGPROF", 0):
        return f"not decided within {seconds:g} seconds"
    return f"the helper process ended with status {status}"
