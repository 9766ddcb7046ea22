"""Cards of the named datasets: what each is, whose it is, under which licence, what its files must hash to.

Texts are written by hand in ``cards/NAME.toml``; checksums and sizes are measured by ``tools/card_checksums.py`` into
``cards/measured.json``. May import `errors` and `io.demo`, whose card is made from what it says of itself.
"""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from rewardmeter.errors import UnknownNameError

__all__ = ["Card", "CardFile", "Size", "Source", "read_cards", "read_measured"]


@dataclass(frozen=True, slots=True)
class CardFile:
    """One file of a dataset.

    Attributes
    ----------
    path:
        Name inside the dataset's folder, without ``.gz``.
    sha256:
        Of the uncompressed bytes, so that the plain file and its gzipped copy both verify; hexadecimal.
    size:
        Uncompressed bytes.
    """

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where some of a dataset's files come from.

    Attributes
    ----------
    repository, commit, path:
        ``owner/name`` on GitHub, full commit, and the folder there under which the files have the names they have here.
    licence:
        As the source states it; "none stated" where it states none.
    files:
        Patterns of the names here (`fnmatch`, without ``.gz``).
    converted:
        Empty if the files are byte for byte those of the source; otherwise how they were made from it. Converted
        files cannot be fetched from the source.
    gzipped:
        Whether the source itself keeps the files gzipped, under their name plus ``.gz``.
    renamed:
        Paths in the repository, by name here, of files that have another name there.
    """

    repository: str
    commit: str
    path: str = ""
    licence: str = "none stated"
    files: tuple[str, ...] = ("*",)
    converted: str = ""
    gzipped: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)

    def holds(self, path: str) -> bool:
        """Whether the file with this name here belongs to the source."""
        return any(fnmatchcase(path, pattern) for pattern in self.files)

    def upstream(self, path: str) -> str:
        """The file's path inside the source's repository."""
        found = self.renamed.get(path)
        if found is None:
            found = f"{self.path.strip('/')}/{path}".lstrip("/")
        return found + (".gz" if self.gzipped else "")

    def __str__(self) -> str:
        place = f"github.com/{self.repository} at {self.commit[:12]}"
        return f"{place}, {self.path}" if self.path else place


@dataclass(frozen=True, slots=True)
class Size:
    """How much one subset holds, as measured by loading it."""

    items: int
    systems: int
    responses: int
    ratings: int
    pairs: int
    groups: int
    recorded: int

    def __str__(self) -> str:
        """The counts that are not zero, in words."""
        names = {
            "items": self.items,
            "systems": self.systems,
            "responses": self.responses,
            "ratings": self.ratings,
            "preferences": self.pairs,
            "best-of-k groups": self.groups,
            "recorded scorers": self.recorded,
        }
        return ", ".join(f"{count:,} {name}" for name, count in names.items() if count)


@dataclass(frozen=True, slots=True)
class Card:
    """One named dataset.

    Attributes
    ----------
    name, title, task:
        Name on the command line, one line that says what it is, and what the responses answer to.
    gold_type:
        ``rating``, ``preference`` or ``best-of-k``; ``gold`` says in words who or what judged.
    licence, citation:
        As the source states them.
    loader:
        Module with ``load(root, *, subset, gold, reference, include_human)``.
    subsets:
        Name to one-line description; empty if there is only one.
    default_subset:
        Taken when none is asked for; empty where the loader then takes everything or there are no subsets.
    golds:
        Values of the option ``gold``, the default first; empty where there is no choice or it depends on the subset.
    note:
        What of the published dataset is not among the files here, and other things to know before use.
    sources:
        Where the files come from; each file belongs to the first source that holds its name.
    files:
        The files with their checksums.
    sizes:
        By subset; "" is what is loaded when no subset is asked for.
    """

    name: str
    title: str
    task: str
    gold_type: str
    gold: str
    licence: str
    citation: str
    loader: str
    subsets: Mapping[str, str] = field(default_factory=dict)
    default_subset: str = ""
    golds: tuple[str, ...] = ()
    note: str = ""
    sources: tuple[Source, ...] = ()
    files: tuple[CardFile, ...] = ()
    sizes: Mapping[str, Size] = field(default_factory=dict)

    @property
    def size(self) -> Size | None:
        """Size of the default subset; None where it was not measured."""
        return self.sizes.get(self.default_subset)

    @property
    def origin(self) -> str:
        """Repositories and commits in one line."""
        return "; ".join(dict.fromkeys(str(source) for source in self.sources))

    @property
    def embedded(self) -> bool:
        """Whether the dataset is part of the package, so that there is nothing to fetch."""
        return not self.sources

    def source_of(self, path: str) -> Source | None:
        """The source that a file comes from."""
        return next((source for source in self.sources if source.holds(path)), None)

    def resolve_subset(self, subset: str | None) -> str | None:
        """The subset that is meant: the one asked for, or the default one, or None where the card has none.

        Raises
        ------
        UnknownNameError
            If there is no such subset.
        """
        if subset is None:
            return self.default_subset or None
        if subset not in self.subsets:
            hint = None if self.subsets else f"'{self.name}' has no subsets."
            raise UnknownNameError(f"subset of '{self.name}'", subset, self.subsets, hint=hint)
        return subset


class Measured(msgspec.Struct, frozen=True):
    """What the checksum tool has measured of one dataset."""

    files: dict[str, tuple[str, int]]
    sizes: dict[str, Size]


def read_measured() -> dict[str, Measured]:
    """Checksums and sizes by dataset name, as the package carries them."""
    data = (_folder() / "measured.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, Measured])


@functools.cache
def read_cards() -> Mapping[str, Card]:
    """All cards by name: the embedded dataset's first, the others in alphabetical order."""
    measured = read_measured()
    texts = sorted(entry.name for entry in _folder().iterdir() if entry.name.endswith(".toml"))
    cards = (msgspec.convert(tomllib.loads((_folder() / text).read_text("utf-8")), Card) for text in texts)
    return {card.name: _with_measured(card, measured.get(card.name)) for card in (_demo_card(), *cards)}


def _demo_card() -> Card:
    from rewardmeter.io import demo

    return Card(
        name="demo",
        title="A small board with no data at hand: ten made-up systems with known errors",
        task="descriptions from tables, word problems, spans of days",
        gold_type="rating",
        gold=demo.GOLD,
        licence="Apache-2.0",
        citation="part of rewardmeter",
        loader=demo.__name__,
        subsets=demo.SUBSETS,
        note=demo.ABOUT,
    )


def _folder() -> Traversable:
    return resources.files("rewardmeter.io.named") / "cards"


def _with_measured(card: Card, measured: Measured | None) -> Card:
    if measured is None:
        return card
    files = tuple(CardFile(path, sha256, size) for path, (sha256, size) in measured.files.items())
    return dataclasses.replace(card, files=files, sizes=measured.sizes)
