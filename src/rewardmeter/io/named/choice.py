"""Options of a named dataset, checked. May import `errors`."""

from __future__ import annotations

from collections.abc import Collection

from rewardmeter.errors import UnknownNameError

__all__ = ["choose", "refuse"]


def choose(kind: str, asked: str | None, known: Collection[str], default: str | None = None) -> str:
    """The value asked for if there is such a one, else the default.

    Raises
    ------
    UnknownNameError
        If there is no such value, or nothing is asked for where there is no default.
    """
    value = asked if asked is not None else default
    if value is None or value not in known:
        raise UnknownNameError(kind, "(none given)" if value is None else value, known)
    return value


def refuse(dataset: str, **options: str | None) -> None:
    """Check that options which the dataset does not have are not asked for.

    Raises
    ------
    UnknownNameError
        For the first that is.
    """
    for option, value in options.items():
        if value is not None:
            raise UnknownNameError(option, value, (), hint=f"'{dataset}' comes with one {option} only.")
