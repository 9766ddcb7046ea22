"""The board in a terminal. May import `compare.board`'s result through its public attributes, `stats` and rich.

Narrow terminals drop columns in a stated order and never wrap a row: first cost, then what a scorer reads, then the
secondary statistics from the right, then the interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rewardmeter.report.numbers import duration, value_and_half_width
from rewardmeter.stats.catalogue import describe
from rewardmeter.stats.result import Estimate

if TYPE_CHECKING:
    from rewardmeter.comparison.board import Board, Entry

__all__ = ["print_board", "secondary_statistics"]

_SECONDARY = {
    "segment": ("segment.acc_eq.item", "segment.pearson.item", "segment.kendall_b", "system.pairwise_accuracy"),
    "pair": ("pair.best_of_k", "pair.accuracy", "pair.accuracy_half_ties", "pair.mrr", "pair.order_agreement"),
}
_SHORT = {"prompt": "prompt", "response": "resp", "references": "ref"}


def secondary_statistics(board: Board) -> tuple[str, ...]:
    """The statistics beside the primary one, in order of importance."""
    primary = board.settings.primary
    family = "pair" if primary.startswith("pair.") else "segment"
    present = set(board.statistic_ids)
    return tuple(name for name in _SECONDARY[family] if name in present and name != primary)


def print_board(board: Board, console: Console) -> None:
    """Print what was understood, the answer, the table and what the numbers do not show."""
    console.print(Text(first_line(board), style="bold"), soft_wrap=True)
    console.print()
    console.print(_table(board, console.width))
    console.print()
    for ceiling in board.human_ceiling.values():
        value, half = value_and_half_width(ceiling)
        console.print(Text(f"human ceiling  {value} {half} (one rater against the others)"), soft_wrap=True)
        console.print()
    for number, sentence in enumerate(board.headline):
        console.print(Text(sentence, style="bold" if number == 0 else ""), soft_wrap=True)
    for sentence in board.caveats:
        console.print(Text(sentence, style="dim"), soft_wrap=True)


def first_line(board: Board) -> str:
    """What was understood of the data, in one line."""
    data, gold = board.dataset, board.gold
    parts = [str(data["name"])]
    counts = [(data["systems"], "system"), (data["items"], "item")]
    shape = " × ".join(_count(number, unit) for number, unit in counts if number)
    parts.append(f"{shape}, {_count(data['responses'], 'response')}")
    what = str(gold["description"] or gold["kind"].replace("_", " "))
    if gold.get("aspect") and gold["aspect"] != "overall":
        what += f", aspect {gold['aspect']}"
    parts.append(f"gold: {what} ({gold['judged']:,} judged)")
    share = gold.get("tie_share")
    if share is not None:
        parts.append(f"{share:.0%} of gold pairs tied")
    return " · ".join(parts)


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _table(board: Board, width: int) -> Table:
    secondary = secondary_statistics(board)
    ladder: list[tuple[bool, bool, int, bool]] = [(True, True, len(secondary), True)]
    ladder += [(False, True, len(secondary), True)]
    ladder += [(False, False, n, True) for n in range(len(secondary), -1, -1)]
    ladder += [(False, False, 0, False)]
    table = Table()
    for cost, reads, n, interval in ladder:
        table = _build(board, secondary[:n], cost=cost, reads=reads, interval=interval)
        if Console(width=10_000).measure(table).maximum <= width:
            break
    return table


def _build(board: Board, secondary: Sequence[str], *, cost: bool, reads: bool, interval: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    tested = any(entry.cluster is not None for entry in board)
    if tested:
        table.add_column("cluster", justify="right", no_wrap=True)
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("scorer", no_wrap=True, overflow="ellipsis")
    if reads:
        table.add_column("reads", no_wrap=True)
    for name in (board.settings.primary, *secondary):
        table.add_column(describe(name).label, no_wrap=True)
    some_cost = cost and any(entry.kind == "computed" for entry in board)
    if some_cost:
        table.add_column("cost", justify="right", no_wrap=True)
    if any(entry.coverage < 1 for entry in board):
        table.add_column("coverage", justify="right", no_wrap=True)
    partial = any(entry.coverage < 1 for entry in board)
    columns = [
        _aligned([entry.statistics.get(name) for entry in board], interval=interval)
        for name in (board.settings.primary, *secondary)
    ]
    for place, (rank, entry) in enumerate(zip(board.ranks(), board, strict=True)):
        row: list[Any] = ["–" if entry.cluster is None else str(entry.cluster)] if tested else []
        row += ["–" if rank is None else str(rank), _name(entry)]
        if reads:
            row.append(Text(_reads(entry), style="dim"))
        row += [column[place] for column in columns]
        if some_cost:
            row.append(Text(duration(entry.cost.seconds) if entry.kind == "computed" else "–", style="dim"))
        if partial:
            row.append("100%" if entry.coverage == 1 else f"{math.floor(entry.coverage * 1000) / 10:.1f}%")
        table.add_row(*row)
    return table


def _name(entry: Entry) -> Text:
    return Text(f"{entry.scorer} (rule)" if entry.baseline else entry.scorer, style="italic" if entry.baseline else "")


def _reads(entry: Entry) -> str:
    return "?" if entry.reads is None else "+".join(_SHORT[part] for part in entry.reads) or "nothing"


def _aligned(estimates: Sequence[Estimate | None], *, interval: bool) -> list[Text]:
    """Cells of one column, aligned on the decimal point."""
    cells: list[tuple[str, str]] = []
    for estimate in estimates:
        if estimate is None:
            cells.append(("–", ""))
        elif estimate.defined and {"agree", "pairs"} <= set(estimate.detail):
            cells.append((f"{estimate.detail['agree']:g}/{estimate.detail['pairs']:.0f}", ""))
        else:
            value, half = value_and_half_width(estimate)
            cells.append((value, half if interval else ""))
    before = max((len(value.partition(".")[0]) for value, _ in cells if "." in value), default=0)
    after = max((len(value.partition(".")[2]) for value, _ in cells if "." in value), default=0)
    out = []
    for value, half in cells:
        if "." in value:
            whole, _, fraction = value.partition(".")
            value = f"{whole:>{before}}.{fraction:<{after}}"
        out.append(Text(f"{value} {half}".rstrip() if half else value, style="dim" if value == "undefined" else ""))
    return out
