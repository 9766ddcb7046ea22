"""``rewardmeter stats``: the catalogue of statistics in a terminal. Imported only when the verb runs."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rewardmeter.cli.app import DONE
from rewardmeter.errors import UnknownNameError
from rewardmeter.stats.catalogue import CATALOGUE

__all__ = ["explain_statistic", "list_statistics"]


def list_statistics() -> int:
    """``rewardmeter stats list``."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", no_wrap=True)
    table.add_column("what it says")
    for entry in CATALOGUE.values():
        table.add_row(entry.id, Text(entry.definition))
    Console(highlight=False).print(table)
    return DONE


def explain_statistic(statistic: str) -> int:
    """``rewardmeter stats explain``.

    Raises
    ------
    UnknownNameError
        If there is no such id.
    """
    if statistic not in CATALOGUE:
        raise UnknownNameError("statistic", statistic, CATALOGUE, hint="'rewardmeter stats list' lists them.")
    entry = CATALOGUE[statistic]
    console = Console(highlight=False)
    console.print(Text(f"{entry.id} · {entry.label}", style="bold"))
    chance = "" if entry.chance != entry.chance else f"; a scorer that knows nothing has {entry.chance:g}"
    for heading, text in (
        ("is", entry.definition),
        ("formula", entry.formula),
        ("range", f"{entry.low:g} to {entry.high:g}{chance}"),
        ("assumes", entry.assumptions),
        ("source", entry.source),
        ("misleads", entry.misleads),
    ):
        console.print(Padding(Text(f"{heading}: {text}"), (0, 0, 0, 2)))
    return DONE
