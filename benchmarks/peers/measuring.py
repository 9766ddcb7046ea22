"""CPU time, memory, and what one job came to. May import nothing of ours."""

from __future__ import annotations

import importlib
import importlib.metadata
import math
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Outcome:
    """One job, ours beside a peer's.

    Attributes
    ----------
    job, peer: what was done, and by whom besides us.
    ours, theirs: CPU seconds; NaN for a peer that is absent or cannot do it.
    how: how the peer's time was found, where it was not simply run.
    apart, tolerance, compared: greatest difference between the numbers, what is allowed, and which numbers they are.
    ratio_goal, seconds_goal, memory_goal: at least so many times faster, at most so many seconds, at most so many MB.
    peak, their_peak: greatest memory that Python and NumPy held at once, MB.
    note: what else was seen.
    """

    job: str
    peer: str
    ours: float
    theirs: float = math.nan
    how: str = ""
    apart: float = math.nan
    tolerance: float = 0.0
    compared: str = ""
    ratio_goal: float = math.nan
    seconds_goal: float = math.nan
    memory_goal: float = math.nan
    peak: float = math.nan
    their_peak: float = math.nan
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours

    def misses(self) -> list[str]:
        """Goals that were measured and missed, and numbers that are not equal."""
        found = []
        if self.ratio < self.ratio_goal:
            found.append(f"{self.ratio:,.1f} times the peer's speed, the goal is {self.ratio_goal:,.0f}")
        if self.ours > self.seconds_goal:
            found.append(f"{self.ours:.3g} s, the goal is {self.seconds_goal:g} s")
        if self.peak > self.memory_goal:
            found.append(f"{self.peak:,.0f} MB, the goal is {self.memory_goal:,.0f} MB")
        if self.apart > self.tolerance:
            found.append(f"{self.compared} differ by {self.apart:.2g}, allowed is {self.tolerance:g}")
        return found


def cpu_seconds(run: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """CPU seconds of the middle one of some runs, and the last result."""
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        result = run()
        seconds.append(time.process_time() - begin)
    return statistics.median(seconds), result


def peak_megabytes(run: Callable[[], Any]) -> float:
    """The most memory that Python and NumPy hold at once for a run, in a run of its own: watching it takes time."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def per_draw(run: Callable[[int], Any], draws: int, wanted: int) -> tuple[float, str]:
    """CPU seconds that ``run(wanted)`` would take, from runs of 1 and of ``draws`` draws, and how that was found."""
    one, some = cpu_seconds(lambda: run(1))[0], cpu_seconds(lambda: run(draws))[0]
    each = (some - one) / (draws - 1)
    return one + (wanted - 1) * each, f"{draws} of {wanted:,} draws measured"


def apart(ours: Any, theirs: Any) -> float:
    """Greatest absolute difference; infinite where only one side is NaN or the shapes differ."""
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if a.shape != b.shape or (np.isnan(a) != np.isnan(b)).any():
        return math.inf
    return float(np.nanmax(np.abs(a - b), initial=0.0))


def seeded(seed: int) -> Any:
    """NumPy's global generator, from which some peers draw, at the start of a seed."""
    np.random.seed(seed)  # noqa: NPY002
    return np.random


def found(module: str) -> Any:
    """A peer's module, or None where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def version(distribution: str) -> str:
    """Name and version of an installed package; the name alone for one that was only pointed to."""
    try:
        return f"{distribution} {importlib.metadata.version(distribution)}"
    except importlib.metadata.PackageNotFoundError:
        return distribution


def without_peer(outcome: Outcome) -> Outcome:
    """The outcome of a job whose peer is absent."""
    return replace(outcome, note="; ".join(filter(None, [outcome.note, "peer absent: nothing compared"])))
