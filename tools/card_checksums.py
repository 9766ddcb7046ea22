"""Measure the named datasets: checksums of their files and sizes of their subsets, written beside the cards.

    python tools/card_checksums.py FOLDER [NAME ...]

FOLDER holds one folder per dataset (as REWARDMETER_DATA does). Without names every dataset with a card is measured
that FOLDER holds. A subset that cannot be loaded from FOLDER is named and gets no size. Only names, checksums and
counts are written, never any of the data.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path

import msgspec

from rewardmeter.dataset import Dataset
from rewardmeter.errors import RewardmeterError
from rewardmeter.io.named.card import Card, Measured, Size, read_cards, read_measured
from rewardmeter.io.textfile import read_bytes

TARGET = Path(__file__).parent.parent / "src" / "rewardmeter" / "io" / "named" / "cards" / "measured.json"


def files_of(card: Card, root: Path) -> dict[str, tuple[str, int]]:
    """Checksum and size of the uncompressed bytes of each file that a source of the card names."""
    names = sorted({str(path.relative_to(root)).removesuffix(".gz") for path in root.rglob("*") if path.is_file()})
    found = {}
    for name in names:
        if card.source_of(name) is not None:
            data = read_bytes(root / name)
            found[name] = (hashlib.sha256(data).hexdigest(), len(data))
    return found


def size_of(dataset: Dataset) -> Size:
    """The counts of one subset."""
    return Size(
        items=dataset.n_items,
        systems=len(dataset.systems),
        responses=dataset.n_responses,
        ratings=len(dataset.ratings) if dataset.ratings is not None else 0,
        pairs=len(dataset.preferences) if dataset.preferences is not None else 0,
        groups=len(dataset.best_of_k) if dataset.best_of_k is not None else 0,
        recorded=len(dataset.recorded),
    )


def sizes_of(card: Card, root: Path | None) -> dict[str, Size]:
    """Sizes of every subset; "" is what a loader gives that is asked for none."""
    loader = importlib.import_module(card.loader)
    sizes = {}
    for subset in (*card.subsets, *(() if card.default_subset else ("",))):
        try:
            dataset = loader.load(root, subset=subset or None, gold=None, reference=None, include_human=False)
        except RewardmeterError as error:
            print(f"  {card.name}:{subset} is not measured: {error}", file=sys.stderr)
        else:
            sizes[subset] = size_of(dataset)
    return sizes


def written(measured: dict[str, Measured]) -> str:
    """The measurements as JSON with one file or subset to a line, so that a change shows as one line."""
    datasets = []
    for name, found in sorted(measured.items()):
        parts = []
        for field in ("files", "sizes"):
            entries = getattr(found, field).items()
            lines = ",\n".join(f"   {_json(key)}: {_json(value)}" for key, value in entries)
            parts.append(f"  {_json(field)}: {{\n{lines}\n  }}")
        datasets.append(f" {_json(name)}: {{\n" + ",\n".join(parts) + "\n }")
    return "{\n" + ",\n".join(datasets) + "\n}\n"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def main(folder: str, *names: str) -> None:
    """Measure and write."""
    cards = read_cards()
    measured = dict(read_measured())
    for name in names or cards:
        card, root = cards[name], Path(folder) / name
        if card.embedded:
            measured[name] = Measured({}, sizes_of(card, None))
        elif root.is_dir():
            measured[name] = Measured(files_of(card, root), sizes_of(card, root))
        if name in measured:
            print(f"{name}: {len(measured[name].files)} files, {len(measured[name].sizes)} subsets")
    TARGET.write_text(written(measured), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
