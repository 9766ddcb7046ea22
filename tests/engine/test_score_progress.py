"""What people see while scoring: lines in a pipe, a bar on a terminal."""

from __future__ import annotations

import io

import pytest
from engine_scorers import Length, responses_only
from rich.console import Console

from rewardmeter.cli.progress import BarProgress, LineProgress, Tally, clock, make_progress
from rewardmeter.engine import score


class Clock:
    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines_come_now_and_then_and_at_the_end():
    stream, now = io.StringIO(), Clock()
    told = LineProgress(stream, every=5.0, now=now)
    told.start(1000, "chrf", 400)
    for _ in range(10):
        now.seconds += 1
        told.advance(30, 1)
    told.finish()
    assert stream.getvalue().splitlines() == [
        "Scoring chrf · 550/1,000 · 30/s · 5 failed · 400 from store · 0:15 left",
        "Scoring chrf · 700/1,000 · 30/s · 10 failed · 400 from store · 0:10 left",
        "Scoring chrf · 700/1,000 · 30/s · 10 failed · 400 from store · stopped",
    ]


def test_nothing_to_do_is_one_line_without_rate():
    stream = io.StringIO()
    told = LineProgress(stream)
    told.start(10, "chrf", 10)
    told.finish()
    assert stream.getvalue() == "Scoring chrf · 10/10 · 0 failed · 10 from store\n"


def test_one_display_serves_scorer_after_scorer():
    stream = io.StringIO()
    told = LineProgress(stream)
    for _ in range(2):
        score(Length(), responses_only(["a", "b"]), progress=told)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.startswith("Scoring length · 2/2 · ") and line.endswith(" · 0 failed") for line in lines)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (750, "12:30"), (10800, "3:00:00")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_slow_rates_and_long_names():
    tally = Tally("x" * 99, 100, 0, began=0.0)
    tally.done = 3
    assert "0.3/s" in tally.facts(10.0)
    assert len(tally.title) < 40


@pytest.mark.parametrize("width", [120, 80, 50, 30])
def test_the_bar_never_wraps_and_keeps_the_facts(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    stream = Terminal()
    told = make_progress(stream)
    assert isinstance(told, BarProgress)
    told.start(1000, "chrf", 400)
    told.note("a note that is not cut")
    told.advance(600, 3)
    told.finish()
    shown = Console(width=width).render_str(stream.getvalue()).plain
    assert "Scoring chrf" in shown
    assert "1,000/1,000" in shown
    assert "a note that is not cut" in shown
    last = [line for line in stream.getvalue().splitlines() if "Scoring" in line][-1]
    assert ("━" in last) == (width >= 100)


def test_a_pipe_or_a_dumb_terminal_gets_lines(monkeypatch):
    assert isinstance(make_progress(io.StringIO()), LineProgress)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(make_progress(Terminal()), LineProgress)
