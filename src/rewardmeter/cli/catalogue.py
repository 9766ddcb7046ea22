"""`rewardmeter scorers`: which scorers there are, their options and well-known models. Imported when it runs."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from rich.table import Table

from rewardmeter.cli.app import DONE
from rewardmeter.cli.output import console
from rewardmeter.errors import UnknownNameError
from rewardmeter.scoring import Checkpoint, Family, families

__all__ = ["list_checkpoints", "list_families", "show_family"]


def list_families() -> int:
    """Print every family."""
    table = _table(("scorer", "shape", "reads", "extra", "what it is"))
    for family in families().values():
        table.add_row(_spec(family), family.shape, "+".join(family.reads), family.extra or "–", family.summary)
    screen = console()
    screen.print(table)
    screen.print("Options and models of one: rewardmeter scorers NAME. All models: --checkpoints.", soft_wrap=True)
    return DONE


def list_checkpoints() -> int:
    """Print the well-known models of all families with their licences."""
    rows = [one for family in families().values() for one in family.checkpoints]
    console().print(_checkpoint_table(rows))
    return DONE


def show_family(name: str) -> int:
    """Print one family's options and well-known models.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    known = families()
    if name not in known:
        raise UnknownNameError("scorer", name, known)
    family, screen = known[name], console()
    screen.print(f"{_spec(family)}  {family.summary}", markup=False, style="bold", soft_wrap=True)
    needs = f"pip install 'rewardmeter[{family.extra}]'" if family.extra else "nothing more"
    reads = ", ".join(family.reads) or "what is recorded"
    screen.print(f"{family.shape} · reads {reads} · needs {needs}", markup=False, soft_wrap=True)
    table = _table(("option", "default", "kind"))
    for row in _options(family):
        table.add_row(*row)
    if table.row_count:
        screen.print()
        screen.print(table)
    if family.checkpoints:
        screen.print()
        screen.print(_checkpoint_table(family.checkpoints))
    return DONE


def _spec(family: Family) -> str:
    return f"{family.name}:…" if family.takes_target else family.name


def _table(headings: tuple[str, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=heading not in ("what it is", "note"))
    return table


def _checkpoint_table(checkpoints: Any) -> Table:
    table = _table(("model", "licence", "commercial use", "note"))
    one: Checkpoint
    for one in checkpoints:
        table.add_row(one.spec, one.licence, "yes" if one.commercial else "NO", one.note)
    return table


def _options(family: Family) -> Iterator[tuple[str, str, str]]:
    """Name, default and type of every option of the family's factory, as its signature states them."""
    module, _, attribute = family.factory.partition(":")
    factory: Any = importlib.import_module(module)
    for part in attribute.split("."):
        factory = getattr(factory, part)
    running = {
        option.name
        for option in (dataclasses.fields(factory) if dataclasses.is_dataclass(factory) else ())
        if not option.metadata.get("moves_score", True)
    }
    for option in inspect.signature(factory).parameters.values():
        if option.name == "target" or option.kind in (option.VAR_POSITIONAL, option.VAR_KEYWORD):
            continue
        default = "needed" if option.default is option.empty else repr(option.default)
        kind = option.annotation if isinstance(option.annotation, str) else getattr(option.annotation, "__name__", "")
        yield option.name, default, f"{kind}, does not move a score" if option.name in running else kind
