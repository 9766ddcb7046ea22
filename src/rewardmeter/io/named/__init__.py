"""Named datasets: published data by name, found on this machine, fetched only when asked for.

``load("judgebench", "gpt-4o")`` gives the dataset; `cards` says what there is. May import `types`, `errors`, `dataset`
and `io`; each dataset's own module is imported when the dataset is loaded.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping

from rewardmeter.dataset import Dataset
from rewardmeter.io.named.card import Card, CardFile, Size, Source, read_cards
from rewardmeter.io.named.download import FetchReport, Verification, fetch, verify
from rewardmeter.io.named.location import card_of, data_folders, locate, user_folder
from rewardmeter.io.named.overview import overview

__all__ = [
    "Card",
    "CardFile",
    "FetchReport",
    "Size",
    "Source",
    "Verification",
    "cards",
    "data_folders",
    "fetch",
    "listing",
    "load",
    "locate",
    "user_folder",
    "verify",
]


def cards() -> Mapping[str, Card]:
    """Every named dataset by name: the embedded one first, the others in alphabetical order."""
    return read_cards()


def listing() -> list[str]:
    """Every named dataset in a few lines: size, gold, licence, origin, subsets, and whether it is on this machine."""
    return overview(cards())


def load(
    name: str,
    subset: str | None = None,
    *,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """A named dataset that is on this machine.

    Parameters
    ----------
    name, subset:
        As on the command line, where they are written ``NAME:SUBSET``; None takes the card's default subset.
    gold, reference:
        Which human judgment and which reference to take where the dataset offers several.
    include_human:
        Whether systems that are people stay in.

    Returns
    -------
    The dataset, named ``NAME:SUBSET``, with licence and citation from its card.

    Raises
    ------
    UnknownNameError
        If there is no such dataset, subset, gold or reference.
    MissingDataError
        If it is not on this machine.
    InputError
        If a file is damaged or is not what the loader expects.
    """
    card = card_of(name)
    subset = card.resolve_subset(subset)
    module = importlib.import_module(card.loader)
    root = None if card.embedded else locate(name)
    dataset: Dataset = module.load(root, subset=subset, gold=gold, reference=reference, include_human=include_human)
    origin = dataclasses.replace(dataset.origin, licence=card.licence, citation=card.citation)
    return dataclasses.replace(dataset, name=f"{name}:{subset}" if subset else name, origin=origin)
