"""The board in a terminal: what fits is shown, what does not is named, and no number says more than it may."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from rewardmeter.comparison.board import Board, Entry, Settings
from rewardmeter.report.terminal import print_board
from rewardmeter.stats.result import Estimate

PRIMARY = "segment.pearson.item"
LONG = "an-organisation/reward-model-with-a-long-name-checkpoint-{}"


def estimate(value: float, half: float = 0.02, **detail: float) -> Estimate:
    return Estimate(value, value - half, value + half, n=50, detail=detail)


def entry(name: str, statistics: dict[str, Estimate], **more: object) -> Entry:
    facts: dict[str, object] = {
        "kind": "computed",
        "reads": ("prompt", "response"),
        "baseline": False,
        "coverage": 1.0,
        "outcomes": {},
    }
    return Entry(name, statistics=statistics, **{**facts, **more})  # type: ignore[arg-type]


def board(*entries: Entry, primary: str = PRIMARY) -> Board:
    data = {"name": "toy", "systems": 2, "items": 50, "responses": 100}
    gold = {"description": "stars", "kind": "ratings", "judged": 100}
    return Board(data, gold, Settings(primary), entries, headline=("Somebody leads.",))


def printed(made: Board, width: int | None = None, *, terminal: bool = False) -> list[str]:
    stream = io.StringIO()
    print_board(made, Console(file=stream, force_terminal=terminal, width=80, no_color=True), width=width)
    return re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue()).splitlines()


def line_of(lines: list[str], start: str) -> str:
    return next(line for line in lines if re.match(rf"\s*\S+\s+{re.escape(start)}", line))


def long_board() -> Board:
    return board(
        *(
            entry(LONG.format(i), {PRIMARY: estimate(0.5 - i / 10), "segment.kendall_b": estimate(0.3)})
            for i in range(3)
        )
    )


def test_a_pipe_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = printed(long_board())
    assert LONG.format(2) in "\n".join(lines)
    assert "cost" in lines[2]
    assert not any("left out" in line for line in lines)


def test_columns_and_terminals_are_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert all(len(line) <= 80 for line in printed(long_board()))
    monkeypatch.delenv("COLUMNS")
    assert all(len(line) <= 80 for line in printed(long_board(), terminal=True))


def test_names_lose_their_middle_before_the_interval_goes() -> None:
    lines = printed(long_board(), 60)
    table = [line for line in lines if "checkpoint" in line]
    assert len(table) == 3
    for i, line in enumerate(table):
        assert re.search(rf"\S…\S*checkpoint-{i}\s", line)
        assert "±.02" in line
        assert len(line) <= 60
    assert "left out for width: cost, reads, Kendall τ-b pooled; see board.json" in lines


def test_names_that_would_look_alike_cost_the_cluster_first() -> None:
    """The names differ in the middle only; beside the cluster they would be cut to the same text."""
    names = [f"family-of-scorers/{part}/of-the-same-long-ending" for part in ("one", "two")]
    lines = printed(board(*(entry(name, {PRIMARY: estimate(0.5)}, cluster=1) for name in names)), 66)
    rows = [line for line in lines if "ending" in line]
    assert [re.findall(r"(one|two|e|o)/of-the-same", row) for row in rows] == [["one"], ["two"]]
    assert all("±.02" in row and len(row) <= 66 for row in rows)
    assert "left out for width: cost, reads, cluster; see board.json" in lines


def test_what_was_dropped_is_named_and_nothing_else() -> None:
    made = board(entry("a", {PRIMARY: estimate(0.5)}))
    assert not any("left out" in line for line in printed(made, 80))
    assert "left out for width: cost; see board.json" in printed(made, 44)


def test_the_ranking_statistic_is_a_value_with_its_interval_even_where_it_counts_pairs() -> None:
    pairs = {"system.pairwise_accuracy": estimate(0.9, 0.05, agree=95.0, pairs=105.0), PRIMARY: estimate(0.5)}
    ranked = printed(board(entry("a", pairs), primary="system.pairwise_accuracy"), 200)
    assert ".90 ±.05" in line_of(ranked, "a ")
    assert "95/105" not in "\n".join(ranked)
    assert "95/105" in line_of(printed(board(entry("a", pairs)), 200), "a ")


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.97, 0.90, 1.0, ".97 [.90, 1.00]"),
        (0.90, 0.85, 0.95, ".90 ±.05"),
        (-0.98, -1.0, -0.9, "-.98 [-1.00, -.90]"),
        (1.0, 1.0, 1.0, "1.000 ±.000"),
    ],
)
def test_an_interval_does_not_leave_the_range(value: float, low: float, high: float, text: str) -> None:
    lines = printed(board(entry("a", {PRIMARY: Estimate(value, low, high, n=9)})), 200)
    assert text in line_of(lines, "a ")


@pytest.mark.parametrize("value", [-0.0, -0.001, -0.004])
def test_zero_has_no_sign(value: float) -> None:
    text = "\n".join(printed(board(entry("a", {PRIMARY: estimate(value, 0.2)})), 200))
    assert re.search(r"(?<!-)\.00 ±\.20", text)
    assert not re.search(r"-0?\.0+(?!\d)", text)


@pytest.mark.parametrize(("share", "text"), [(0.9999, "99.9%"), (0.29, "29.0%"), (1.0, "100%"), (0.0004, "0.0%")])
def test_coverage_is_never_rounded_up(share: float, text: str) -> None:
    made = board(
        entry("a", {PRIMARY: estimate(0.5)}, coverage=share), entry("b", {PRIMARY: estimate(0.4)}, coverage=0.5)
    )
    assert line_of(printed(made, 200), "a ").rstrip().endswith(text)


def sliced(values: int, scorers: int) -> Board:
    """Slice v has v + 25 items; its value is .v for the first scorer."""
    entries = []
    for s in range(scorers):
        slices = {
            "domain": {f"value {v}": (v + 25, {PRIMARY: estimate(v / 100 - s / 1000)}) for v in range(values)},
        }
        entries.append(entry(f"scorer-{s}", {PRIMARY: estimate(0.9 - s / 100)}, slices=slices))
    return board(*entries)


def test_slices_are_printed_largest_first_with_their_counts() -> None:
    lines = printed(sliced(12, 13), 400)
    title = lines.index("Pearson by item by domain")
    assert re.findall(r"value \d+", lines[title + 1]) == [f"value {v}" for v in range(11, 3, -1)]
    assert re.findall(r"n \d+", lines[title + 2]) == [f"n {v + 25}" for v in range(11, 3, -1)]
    assert [float(cell) for cell in lines[title + 3].split()[1:]] == [v / 100 for v in range(11, 3, -1)]
    rows = [line for line in lines[title + 3 :] if line.startswith("scorer-")]
    assert len(rows) == 10
    assert not any("±" in line for line in rows)
    note = "n: judged items, dim under 30; left out: 4 of 12 slices, 3 of 13 scorers; see board.json"
    assert lines[lines.index(rows[-1]) + 1] == note


def test_fewer_slices_where_the_terminal_is_narrow() -> None:
    lines = printed(sliced(6, 2), 40)
    title = lines.index("Pearson by item by domain")
    shown = re.findall(r"value \d+", lines[title + 1])
    assert 1 <= len(shown) < 6
    assert all(len(line) <= 40 for line in lines[title + 1 : title + 5])
    assert any(f"left out: {6 - len(shown)} of 6 slices; see board.json" in line for line in lines)


def test_small_slices_are_dim() -> None:
    stream = io.StringIO()
    print_board(sliced(6, 1), Console(file=stream, force_terminal=True, color_system="standard", width=200))
    row = next(line for line in stream.getvalue().splitlines() if line.startswith("scorer-0"))
    assert re.search(r"\x1b\[2m\.04", row)  # 29 items
    assert not re.search(r"\x1b\[2m\.05", row)  # 30 items
