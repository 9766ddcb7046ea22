"""Options of a named dataset, checked. May import `errors`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rewardmeter.errors import InputError, UnknownNameError

__all__ = ["choose", "choose_subset", "refuse"]


def choose(kind: str, asked: str | None, known: Collection[str], default: str) -> str:
    """The value asked for if there is such a one, else the default.

    Raises
    ------
    UnknownNameError
        If there is no such value.
    """
    value = default if asked is None else asked
    if value not in known:
        raise UnknownNameError(kind, value, known)
    return value


def choose_subset(dataset: str, asked: str | None, known: Sequence[str]) -> str:
    """The subset asked for, of a dataset that has no default one.

    Raises
    ------
    InputError
        If none is asked for.
    UnknownNameError
        If there is no such subset.
    """
    if asked is None:
        listed = ", ".join(known)
        raise InputError(f"name a subset of {dataset}: {listed} (for example {dataset}:{known[0]})")
    return choose("subset", asked, known, asked)


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
