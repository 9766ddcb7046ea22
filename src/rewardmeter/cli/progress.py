"""How scoring goes on, for people: a bar on a terminal, now and then a line elsewhere. Imports nothing of ours.

Both displays follow the engine's `Progress` protocol.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from rewardmeter.engine import Progress

__all__ = ["BarProgress", "LineProgress", "Tally", "make_progress"]

SECONDS_BETWEEN_LINES = 5.0
_WIDTH_WITH_BAR = 100
_LONGEST_LABEL = 30


def make_progress(stream: TextIO) -> Progress:
    """A bar if the stream is a terminal that can move its cursor, lines otherwise."""
    if stream.isatty() and os.environ.get("TERM", "") != "dumb":
        return BarProgress(stream)
    return LineProgress(stream)


@dataclass
class Tally:
    """How far scoring has come: counts of responses, and the clock's reading at its start in seconds."""

    label: str
    total: int
    from_store: int
    began: float
    done: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        self.done = self.from_store

    @property
    def title(self) -> str:
        """What is going on, cut to a readable length."""
        label = self.label if len(self.label) <= _LONGEST_LABEL else self.label[: _LONGEST_LABEL - 1] + "…"
        return f"Scoring {label}"

    def facts(self, now: float, *, ended: bool = False) -> str:
        """``17,655/20,000 · 5,900/s · 0 failed · 12,402 from store · 0:12 left``, what there is of it."""
        parts = [f"{self.done:,}/{self.total:,}"]
        fresh, seconds = self.done - self.from_store, now - self.began
        rate = fresh / seconds if seconds > 0 else 0.0
        if rate > 0:
            parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s")
        parts.append(f"{self.failed:,} failed")
        if self.from_store:
            parts.append(f"{self.from_store:,} from store")
        left = self.total - self.done
        if left and ended:
            parts.append("stopped")
        elif left and rate > 0:
            parts.append(f"{clock(left / rate)} left")
        return " · ".join(parts)


def clock(seconds: float) -> str:
    """``0:07``, ``12:30``, ``3:00:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class LineProgress:
    """Plain lines: one now and then, and one at the end of each scorer."""

    def __init__(
        self, stream: TextIO, *, every: float = SECONDS_BETWEEN_LINES, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._every, self._now = stream, every, now
        self._tally: Tally | None = None
        self._last_line = 0.0

    def start(self, total: int, label: str, from_store: int) -> None:
        """Begin to count; nothing is printed yet."""
        self._last_line = self._now()
        self._tally = Tally(label, total, from_store, began=self._last_line)

    def advance(self, n: int, failed: int) -> None:
        """Count, and print a line if the last one is old enough."""
        if self._tally is None:
            return
        self._tally.done += n
        self._tally.failed += failed
        if self._now() - self._last_line >= self._every:
            self._last_line = self._now()
            self._print(f"{self._tally.title} · {self._tally.facts(self._last_line)}")

    def note(self, text: str) -> None:
        """Print the sentence."""
        self._print(text)

    def finish(self) -> None:
        """Print the last line."""
        if self._tally is not None:
            self._print(f"{self._tally.title} · {self._tally.facts(self._now(), ended=True)}")
            self._tally = None

    def _print(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class BarProgress:
    """A bar with rate and time left, redrawn in place; on a narrow terminal the facts stay and the bar goes."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self._console = Console(file=stream, highlight=False, force_terminal=True)
        self._tally: Tally | None = None
        self._bar: RichProgress | None = None

    def start(self, total: int, label: str, from_store: int) -> None:
        """Show the bar."""
        from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
        from rich.table import Column
        from rich.text import Text

        tally = self._tally = Tally(label, total, from_store, began=time.monotonic())

        class Facts(ProgressColumn):
            def render(self, task: Task) -> Text:
                return Text(tally.facts(time.monotonic(), ended=task.stop_time is not None), no_wrap=True)

        title_width = min(len(tally.title), self._console.width // 2)
        title = Column(no_wrap=True, overflow="ellipsis", min_width=title_width)
        columns: list[ProgressColumn] = [TextColumn("{task.description}", markup=False, table_column=title)]
        if self._console.width >= _WIDTH_WITH_BAR:
            columns.append(BarColumn(bar_width=20))
        columns.append(Facts(table_column=Column(no_wrap=True, overflow="ellipsis")))
        self._bar = Progress(*columns, console=self._console, refresh_per_second=5)
        self._bar.add_task(tally.title, total=total, completed=from_store)
        self._bar.start()

    def advance(self, n: int, failed: int) -> None:
        """Move the bar."""
        if self._tally is not None and self._bar is not None:
            self._tally.done += n
            self._tally.failed += failed
            self._bar.advance(self._bar.task_ids[0], n)

    def note(self, text: str) -> None:
        """Print the sentence, above the bar if there is one."""
        self._console.print(text, markup=False, soft_wrap=True)

    def finish(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.stop_task(self._bar.task_ids[0])
            self._bar.stop()
        self._bar = self._tally = None
