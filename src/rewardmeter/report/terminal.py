"""The board in a terminal. May import `comparison.board`'s result through its public attributes, `stats` and rich.

Narrow terminals drop columns in a stated order and never wrap a row: first cost, then what a scorer reads, then the
secondary statistics from the right; then names lose their middle, then the cluster goes, then the interval. What was
dropped is said. Where the output is no terminal and COLUMNS is not set, nothing is dropped.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rewardmeter.report.numbers import cost_text, value_and_half_width
from rewardmeter.stats.catalogue import describe
from rewardmeter.stats.result import Estimate, short

if TYPE_CHECKING:
    from rewardmeter.comparison.board import Board, Entry

__all__ = ["print_board", "secondary_statistics"]

_SECONDARY = {
    "segment": ("segment.acc_eq.item", "segment.pearson.item", "segment.kendall_b", "system.pairwise_accuracy"),
    "pair": ("pair.best_of_k", "pair.accuracy", "pair.accuracy_half_ties", "pair.mrr", "pair.order_agreement"),
}
_SHORT = {"prompt": "prompt", "response": "resp", "references": "ref"}
_UNBOUNDED = 10_000
_SHORTEST_NAME = 12
_RULE = " (rule)"
_MOST_SLICES = 8
_MOST_SLICED_SCORERS = 10
_SLICED_NAME = 20
_SLICE_LABEL = 18
_SMALL_SLICE = 30


def secondary_statistics(board: Board) -> tuple[str, ...]:
    """The statistics beside the primary one, in order of importance."""
    primary = board.settings.primary
    family = "pair" if primary.startswith("pair.") else "segment"
    present = set(board.statistic_ids)
    return tuple(name for name in _SECONDARY[family] if name in present and name != primary)


def print_board(board: Board, console: Console, *, width: int | None = None) -> None:
    """Print what was understood, the table, its slices, the answer and what the numbers do not show.

    ``width`` is in characters; None takes the terminal's, or COLUMNS where the output is none, else no limit.
    """
    width = _width(console) if width is None else width
    console.print(Text(first_line(board), style="bold"), soft_wrap=True)
    console.print()
    table, left_out = _fitted(board, width)
    _print_table(table, console, width)
    if left_out:
        console.print(Text(f"left out for width: {', '.join(left_out)}; see board.json", style="dim"), soft_wrap=True)
    console.print()
    for statistic, ceiling in board.human_ceiling.items():
        console.print(Text(f"human ceiling  {_ceiling_text(statistic, ceiling)}"), soft_wrap=True)
        console.print()
    for title, table, note in _slice_tables(board, width):
        console.print(Text(title, style="bold"), soft_wrap=True)
        _print_table(table, console, width)
        console.print(Text(note, style="dim"), soft_wrap=True)
        console.print()
    for number, sentence in enumerate(board.headline):
        console.print(Text(sentence, style="bold" if number == 0 else ""), soft_wrap=True)
    for sentence in board.caveats:
        console.print(Text(sentence, style="dim"), soft_wrap=True)


def _width(console: Console) -> int:
    return console.width if console.is_terminal or os.environ.get("COLUMNS", "").isdigit() else _UNBOUNDED


def _print_table(table: Table, console: Console, width: int) -> None:
    """Lines of the table at this width, whatever the console takes its own width to be."""
    for line in console.render_lines(table, console.options.update(width=width), pad=False):
        text = Text.assemble(*((segment.text, segment.style or "") for segment in line))
        text.rstrip()
        console.print(text, soft_wrap=True)


def _ceiling_text(statistic: str, ceiling: Estimate) -> str:
    return f"{' '.join(_value_and_spread(ceiling, statistic)).rstrip()} (one rater against the others)"


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


@dataclass(frozen=True)
class _Layout:
    """Which columns the table has; ``name_width`` is the greatest length of a name, None for any."""

    secondary: tuple[str, ...]
    cost: bool
    reads: bool
    cluster: bool
    coverage: bool
    interval: bool = True
    name_width: int | None = None

    def without(self, full: _Layout) -> list[str]:
        """What the full layout has and this one has not, in words."""
        flags = ("cost", "reads", "cluster", "interval")
        gone = [name for name in flags if getattr(full, name) and not getattr(self, name)]
        labels = [describe(name).label for name in full.secondary[len(self.secondary) :]]
        return gone + [f"“{label}”" if "," in label else label for label in labels]


def _fitted(board: Board, width: int) -> tuple[Table, list[str]]:
    """The fullest table that fits, and what it leaves out."""
    full = _Layout(
        secondary_statistics(board),
        cost=any(entry.kind == "computed" for entry in board),
        reads=True,
        cluster=any(entry.cluster is not None for entry in board),
        coverage=any(entry.coverage < 1 for entry in board),
    )
    layouts = [full, replace(full, cost=False)]
    layouts += [replace(full, cost=False, reads=False, secondary=full.secondary[:n]) for n in _down(full.secondary)]
    for layout in layouts:
        table = _build(board, layout)
        if _natural(table) <= width:
            return table, layout.without(full)
    bare = layouts[-1]
    longest = max(len(_name(entry, None)) for entry in board)
    for layout in (bare, replace(bare, cluster=False), replace(bare, cluster=False, interval=False)):
        limit = min(longest, longest + width - _natural(_build(board, layout)))
        names = {_name(entry, limit).plain for entry in board} if limit >= _SHORTEST_NAME else set()
        if len(names) == len(board):
            return _build(board, replace(layout, name_width=limit)), layout.without(full)
    return _build(board, replace(layout, name_width=max(limit, _SHORTEST_NAME))), layout.without(full)


def _down(names: Sequence[str]) -> range:
    return range(len(names), -1, -1)


def _natural(table: Table) -> int:
    return Console(width=_UNBOUNDED).measure(table).maximum


def _build(board: Board, layout: _Layout) -> Table:
    table = _empty_table()
    headings = ["cluster"] if layout.cluster else []
    for heading in (*headings, "rank"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("scorer", no_wrap=True, overflow="ellipsis")
    if layout.reads:
        table.add_column("reads", no_wrap=True)
    statistics = (board.settings.primary, *layout.secondary)
    for name in statistics:
        table.add_column(describe(name).label, no_wrap=True)
    for heading, shown in (("cost per 1,000", layout.cost), ("coverage", layout.coverage)):
        if shown:
            table.add_column(heading, justify="right", no_wrap=True)
    columns = [
        _aligned([_cell(entry.statistics.get(name), name, layout, counts=place > 0) for entry in board])
        for place, name in enumerate(statistics)
    ]
    for place, (rank, entry) in enumerate(zip(board.ranks(), board, strict=True)):
        row: list[str | Text] = ["–" if entry.cluster is None else str(entry.cluster)] if layout.cluster else []
        row += ["–" if rank is None else str(rank), _name(entry, layout.name_width)]
        if layout.reads:
            row.append(Text(_reads(entry), style="dim"))
        row += [column[place] for column in columns]
        if layout.cost:
            row.append(Text(cost_text(entry.cost_per_1000), style="dim"))
        if layout.coverage:
            row.append(_coverage(entry.coverage))
        table.add_row(*row)
    return table


def _empty_table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold", show_edge=False)


def _name(entry: Entry, limit: int | None) -> Text:
    suffix = _RULE if entry.baseline else ""
    name = entry.scorer if limit is None else _shortened(entry.scorer, limit - len(suffix))
    return Text(name + suffix, style="italic" if entry.baseline else "")


def _shortened(text: str, limit: int) -> str:
    """The text without its middle: names differ at their ends, so more is kept of the end."""
    if len(text) <= limit:
        return text
    end = max(1, 2 * (limit - 1) // 3)
    return f"{text[: max(0, limit - 1 - end)]}…{text[-end:]}"


def _reads(entry: Entry) -> str:
    return "?" if entry.reads is None else "+".join(_SHORT[part] for part in entry.reads) or "nothing"


def _coverage(share: float) -> str:
    """Never rounded up: 100% means that nothing is missing."""
    return "100%" if share == 1 else f"{math.floor(share * 1000 + 1e-9) / 10:.1f}%"


def _cell(estimate: Estimate | None, statistic: str, layout: _Layout, *, counts: bool) -> tuple[str, str]:
    """A value and its interval as text; with ``counts``, "95/105" where the value is such a share."""
    if estimate is None:
        return "–", ""
    if counts and estimate.defined and {"agree", "pairs"} <= set(estimate.detail):
        return f"{estimate.detail['agree']:g}/{estimate.detail['pairs']:.0f}", ""
    value, spread = _value_and_spread(estimate, statistic)
    return value, spread if layout.interval else ""


def _value_and_spread(estimate: Estimate, statistic: str) -> tuple[str, str]:
    """``(".54", "±.04")``, or ``(".97", "[.90, 1.00]")`` where value ± half width would leave the statistic's range."""
    value, spread = value_and_half_width(estimate)
    entry = describe(statistic)
    half, decimals = (estimate.high - estimate.low) / 2, estimate.decimals
    shown, width = (estimate.value, round(estimate.value, decimals)), (half, round(half, decimals))
    inside = all(entry.low <= v - w + 1e-9 and v + w - 1e-9 <= entry.high for v, w in zip(shown, width, strict=True))
    if spread and not inside:
        ends = (_unsigned_zero(short(end, decimals)) for end in (estimate.low, estimate.high))
        spread = f"[{', '.join(ends)}]"
    return _unsigned_zero(value), spread


def _unsigned_zero(text: str) -> str:
    return text[1:] if re.fullmatch(r"-[0.]+", text) else text


def _aligned(cells: Sequence[tuple[str, str]]) -> list[Text]:
    """Values with their intervals, aligned on the decimal point."""
    before = max((len(value.partition(".")[0]) for value, _ in cells if "." in value), default=0)
    after = max((len(value.partition(".")[2]) for value, _ in cells if "." in value), default=0)
    out = []
    for value, spread in cells:
        style = "dim" if value == "undefined" else ""
        if "." in value:
            whole, _, fraction = value.partition(".")
            value = f"{whole:>{before}}.{fraction:<{after}}"
        out.append(Text(f"{value} {spread}" if spread else value, style=style))
    return out


def _slice_tables(board: Board, width: int) -> Iterator[tuple[str, Table, str]]:
    """By slice column: a title, the primary statistic of the leading scorers in the largest slices, and a note."""
    if not len(board):
        return
    for column, values in board.entries[0].slices.items():
        ordered = sorted(values, key=lambda value: -values[value][0])
        table, shown = _fitted_slices(board, column, ordered, width)
        parts = [(len(ordered) - shown, f"{len(ordered):,} slices")]
        parts += [(len(board) - min(len(board), _MOST_SLICED_SCORERS), f"{len(board):,} scorers")]
        gone = ", ".join(f"{left:,} of {whole}" for left, whole in parts if left)
        note = f"n: judged items, dim under {_SMALL_SLICE}" + (f"; left out: {gone}; see board.json" if gone else "")
        yield f"{describe(board.settings.primary).label} by {column}", table, note


def _fitted_slices(board: Board, column: str, ordered: Sequence[str], width: int) -> tuple[Table, int]:
    most = min(_MOST_SLICES, len(ordered))
    few = most // 2 + 1
    widths: list[tuple[int | None, int]] = [(None, count) for count in range(most, few - 1, -1)]
    widths += [(limit, count) for limit in (_SLICED_NAME, _SHORTEST_NAME) for count in range(most, 0, -1)]
    for limit, count in widths:
        table = _slice_table(board, column, ordered[:count], limit)
        if _natural(table) <= width:
            return table, count
    return table, count


def _slice_table(board: Board, column: str, values: Sequence[str], limit: int | None) -> Table:
    table = _empty_table()
    table.add_column("scorer", no_wrap=True)
    entries, primary = board.entries[:_MOST_SLICED_SCORERS], board.settings.primary
    columns = []
    for value in values:
        n = entries[0].slices[column][value][0]
        style = "dim" if n < _SMALL_SLICE else ""
        heading = Text(f"{_shortened(value, _SLICE_LABEL)}\nn {n:,}", style=style)
        table.add_column(heading, no_wrap=True, style=style)
        columns.append(_aligned([_slice_cell(entry.slices[column][value][1].get(primary)) for entry in entries]))
    for place, entry in enumerate(entries):
        table.add_row(_name(entry, limit), *(cells[place] for cells in columns))
    return table


def _slice_cell(estimate: Estimate | None) -> tuple[str, str]:
    return ("–", "") if estimate is None else (_unsigned_zero(value_and_half_width(estimate)[0]), "")
