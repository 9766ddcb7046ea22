"""Consoles for tables: as wide as the terminal, and as wide as need be where the output is none. Imports rich only."""

from __future__ import annotations

import os

from rich.console import Console

__all__ = ["console"]

_UNBOUNDED = 1_000


def console(*, stderr: bool = False) -> Console:
    """A console that neither colours numbers nor wraps what goes into a file or a pipe."""
    made = Console(stderr=stderr, highlight=False)
    bounded = made.is_terminal or os.environ.get("COLUMNS", "").isdigit()
    return made if bounded else Console(stderr=stderr, highlight=False, width=_UNBOUNDED)
