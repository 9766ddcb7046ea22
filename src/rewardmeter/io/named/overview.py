"""The named datasets as lines for people. May import `named.card` and `named.location`."""

from __future__ import annotations

from collections.abc import Mapping

from rewardmeter.errors import MissingDataError
from rewardmeter.io.named.card import Card
from rewardmeter.io.named.location import locate

__all__ = ["overview"]

MANY = 8


def overview(cards: Mapping[str, Card]) -> list[str]:
    """Some lines for each dataset: what it is, gold, licence, subsets, origin, and where it is on this machine."""
    return [line for card in cards.values() for line in (*_lines(card), "")][:-1]


def _lines(card: Card) -> list[str]:
    lines = [
        f"{card.name} · {card.gold_type} · {_size(card)}",
        f"    {card.title}",
        f"    gold: {card.gold} · licence: {card.licence}",
    ]
    if card.subsets:
        lines.append(f"    subsets: {_subsets(card)}")
    if card.note:
        lines.append(f"    note: {card.note}")
    if card.embedded:
        return [*lines, "    part of this package"]
    return [*lines, f"    origin: {card.origin} · {_place(card)}"]


def _size(card: Card) -> str:
    if card.size is not None:
        return str(card.size) + (f" in '{card.default_subset}'" if card.default_subset else "")
    first = next(iter(card.sizes), None)
    return f"{card.sizes[first]} in '{first}'" if first is not None else "size unknown"


def _subsets(card: Card) -> str:
    shown = [name + (" (default)" if name == card.default_subset else "") for name in card.subsets]
    return ", ".join(shown[:MANY]) + (f" and {len(shown) - MANY} more" if len(shown) > MANY else "")


def _place(card: Card) -> str:
    try:
        return f"here: {locate(card.name)}"
    except MissingDataError:
        if all(source.converted for source in card.sources):
            return "not on this machine, cannot be fetched as it is"
        return "not on this machine"
