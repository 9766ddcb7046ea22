"""Where a named dataset lies on this machine. May import `errors` and `named.card`.

First every folder of ``REWARDMETER_DATA`` (a list separated as in ``PATH``), each holding ``NAME/``; then the user's
data folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from rewardmeter.errors import MissingDataError, UnknownNameError
from rewardmeter.io.named.card import Card, read_cards

__all__ = ["DATA_VARIABLE", "card_of", "data_folders", "locate", "user_folder"]

DATA_VARIABLE = "REWARDMETER_DATA"


def user_folder() -> Path:
    """The user's data folder, into which `fetch` puts datasets unless told otherwise."""
    import platformdirs

    return Path(platformdirs.user_data_dir("rewardmeter", appauthor=False))


def data_folders() -> tuple[Path, ...]:
    """The folders in which datasets are looked for, in order."""
    listed = os.environ.get(DATA_VARIABLE, "").split(os.pathsep)
    return (*(Path(folder).expanduser() for folder in listed if folder.strip()), user_folder())


def card_of(name: str) -> Card:
    """The card of a named dataset.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    cards = read_cards()
    if name not in cards:
        raise UnknownNameError("dataset", name, cards, hint="See: rewardmeter data list")
    return cards[name]


def locate(name: str) -> Path:
    """The folder of a named dataset.

    Raises
    ------
    UnknownNameError
        If there is no dataset with this name.
    MissingDataError
        If it is on none of the places, with how to get it, or is part of this package and has no folder.
    """
    card = card_of(name)
    if card.embedded:
        raise MissingDataError(f"dataset '{name}' is part of this package: it has no folder and needs none.")
    places = [folder / name for folder in data_folders()]
    for place in places:
        if place.is_dir() and any(place.iterdir()):
            return place
    raise MissingDataError(_how_to_get(card, places))


def _how_to_get(card: Card, places: list[Path]) -> str:
    text = f"dataset '{card.name}' is not on this machine; looked in {', '.join(map(str, places))}."
    if all(source.converted for source in card.sources):
        how = "; ".join(dict.fromkeys(source.converted for source in card.sources))
        get = f"Its files cannot be fetched as they are ({how}); their origin is {card.origin}."
    else:
        get = f"Get it with: rewardmeter data fetch {card.name} (from {card.origin}; licence: {card.licence})."
    return f"{text} {get} A copy that you have is found if {DATA_VARIABLE} names the folder that holds '{card.name}/'."
