"""Fetching a named dataset from its public home, and checking its files. May import `errors`, `files`, `io.textfile`,
`named`.

The one place of the package's data side that touches the network, and only when called. A file counts as there when
its uncompressed bytes have the checksum on the card; it is written under a temporary name and moved into place after
that check, so that an interrupted fetch leaves nothing half done and the next one goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rewardmeter.errors import InputError, MissingDataError
from rewardmeter.files import replacing
from rewardmeter.io.named.card import Card, CardFile
from rewardmeter.io.named.location import card_of, locate, user_folder
from rewardmeter.io.textfile import present, read_bytes

__all__ = ["BASE_VARIABLE", "FetchReport", "Verification", "fetch", "verify"]

BASE_VARIABLE = "REWARDMETER_FETCH_BASE"
PUBLIC_BASE = "https://raw.githubusercontent.com"
ATTEMPTS = 3
PAUSE_SECONDS = 0.5
TIMEOUT_SECONDS = 60.0
CHUNK_BYTES = 1 << 16
SLACK_BYTES = 1 << 16
"""How much longer than the file on the card a body may be before it is cut off: packing can make it longer."""


class Progress(Protocol):
    """Is told how fetching goes on; all counts are files. The engine's displays fit."""

    def start(self, total: int, label: str, from_store: int) -> None:
        """Fetching begins: ``total`` files, ``from_store`` of them there already."""
        ...

    def advance(self, n: int, failed: int) -> None:
        """``n`` more files have arrived."""
        ...

    def note(self, text: str) -> None:
        """One sentence that the user must see."""
        ...

    def finish(self) -> None:
        """Fetching has ended, whether well or not."""
        ...


@dataclass(frozen=True)
class Verification:
    """What checking a dataset's files against its card has found; names as on the card.

    Attributes
    ----------
    folder:
        What was checked.
    good, changed, missing:
        Files with the right checksum, with another one, and not there.
    """

    folder: Path
    good: tuple[str, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every file is there with the right checksum."""
        return not self.changed and not self.missing


@dataclass(frozen=True)
class FetchReport:
    """What a fetch has done.

    Attributes
    ----------
    folder:
        The dataset's folder.
    fetched, kept:
        Files downloaded now, and files that were there already with the right checksum.
    unavailable:
        Files that have no public home in this form, by name, with how they were made; the dataset works without
        them as far as its loader says.
    """

    folder: Path
    fetched: tuple[str, ...]
    kept: tuple[str, ...]
    unavailable: Mapping[str, str]

    def __str__(self) -> str:
        text = f"{self.folder} ({len(self.fetched):,} files fetched, {len(self.kept):,} there already"
        return text + (f", {len(self.unavailable):,} not to be had)" if self.unavailable else ")")


def verify(name: str, folder: Path | None = None) -> Verification:
    """Check a dataset's files against the checksums on its card.

    ``folder`` is the dataset's own folder; None takes the one that `locate` finds.

    Raises
    ------
    UnknownNameError, MissingDataError
        As `locate`.
    """
    card = card_of(name)
    folder = locate(name) if folder is None else folder
    found: dict[str, list[str]] = {"good": [], "changed": [], "missing": []}
    for file in card.files:
        found[_state(folder, file)].append(file.path)
    return Verification(folder, tuple(found["good"]), tuple(found["changed"]), tuple(found["missing"]))


def fetch(
    name: str, destination: Path | None = None, *, progress: Progress | None = None, source: str | None = None
) -> FetchReport:
    """Download what a named dataset has at its public home.

    Parameters
    ----------
    destination:
        The folder in which ``NAME/`` is made; None takes the user's data folder.
    progress:
        Is told how many files have arrived, and what is not to be had.
    source:
        Address to fetch from instead of the public home: ``SOURCE/OWNER/REPOSITORY/COMMIT/PATH`` must give the file.
        Without it the variable ``REWARDMETER_FETCH_BASE`` is looked at, then the public home is taken.

    Raises
    ------
    UnknownNameError
        If there is no dataset with this name.
    MissingDataError
        If none of its files has a public home in this form, or one cannot be had; files that arrived before stay.
    InputError
        If a file arrives whole but is not the one on the card.
    """
    card = card_of(name)
    available, unavailable = _plan(card)
    base = _base(source)
    folder = (user_folder() if destination is None else destination) / name
    lacking = {file: upstream for file, upstream in available.items() if _state(folder, file) != "good"}
    if progress is not None:
        _announce(progress, card, len(available), len(available) - len(lacking), unavailable)
    try:
        for file, upstream in lacking.items():
            _download(f"{base}/{urllib.parse.quote(upstream)}", file, folder / file.path)
            if progress is not None:
                progress.advance(1, 0)
    finally:
        if progress is not None:
            progress.finish()
    fetched = tuple(file.path for file in lacking)
    return FetchReport(folder, fetched, tuple(f.path for f in available if f not in lacking), unavailable)


def _announce(progress: Progress, card: Card, total: int, there: int, unavailable: Mapping[str, str]) -> None:
    for why in dict.fromkeys(unavailable.values()):
        files = [path for path, reason in unavailable.items() if reason == why]
        named = files[0] if len(files) == 1 else f"{len(files):,} files ({files[0]}, …)"
        progress.note(f"{card.name}: {named} cannot be fetched: {why}.")
    progress.start(total, card.name, there)


def _state(folder: Path, file: CardFile) -> str:
    if present(folder / file.path) is None:
        return "missing"
    try:
        data = read_bytes(folder / file.path)
    except InputError:
        return "changed"
    return "good" if hashlib.sha256(data).hexdigest() == file.sha256 else "changed"


def _plan(card: Card) -> tuple[dict[CardFile, str], dict[str, str]]:
    """The files that can be fetched, with their path below the base, and the others with the reason."""
    available: dict[CardFile, str] = {}
    unavailable: dict[str, str] = {}
    for file in card.files:
        source = card.source_of(file.path)
        if source is None:
            unavailable[file.path] = "its card names no source"
        elif source.converted:
            unavailable[file.path] = f"{source.converted}; from {source}"
        else:
            available[file] = f"{source.repository}/{source.commit}/{source.upstream(file.path)}"
    if not available:
        why = "; ".join(dict.fromkeys(unavailable.values())) or "it is part of this package"
        raise MissingDataError(f"dataset '{card.name}' cannot be fetched: {why}.")
    return available, unavailable


def _base(source: str | None) -> str:
    base = source or os.environ.get(BASE_VARIABLE) or PUBLIC_BASE
    if urllib.parse.urlsplit(base).scheme not in {"http", "https", "file"}:
        raise InputError(
            f"'{base}' is no address to fetch from",
            fix="Give one that begins with https://, http:// or file://.",
        )
    return base.rstrip("/")


def _download(address: str, file: CardFile, target: Path) -> None:
    """Fetch one file, check it, move it into place; what is packed at its home is unpacked here."""
    data = _body(address, at_most=file.size + SLACK_BYTES)
    plain = _unpacked(data, address, at_most=file.size + 1) if address.endswith(".gz") else data
    digest = hashlib.sha256(plain).hexdigest()
    if digest != file.sha256:
        raise InputError(
            f"{address} gives another file than the card describes: {len(plain):,} bytes or more with sha256"
            f" {digest[:12]}…, not {file.size:,} bytes with {file.sha256[:12]}…; nothing was written",
            fix="Try again; if it stays so, the source has changed or something on the way alters files.",
        )
    with replacing(target) as stream:
        stream.write(plain)


def _unpacked(data: bytes, address: str, *, at_most: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(data, at_most)
    except zlib.error as error:
        raise InputError(f"{address} gives no gzip file ({error}); nothing was written") from error
    if not unpacker.eof and len(plain) < at_most:
        raise InputError(f"{address} gives a gzip file without its end; nothing was written")
    return plain


def _body(address: str, *, at_most: int) -> bytes:
    """The body of one address; passing faults are tried again, a refusal is not."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _one_body(address, at_most)
        except urllib.error.HTTPError as error:
            fault, passing = f"the server answers {error.code} {error.reason}", error.code >= 500 or error.code == 429
        except (OSError, http.client.HTTPException) as error:
            fault, passing = str(getattr(error, "reason", None) or error or type(error).__name__), True
        if not passing or attempt == ATTEMPTS:
            break
        time.sleep(PAUSE_SECONDS * attempt)
    raise MissingDataError(
        f"cannot fetch {address}: {fault}. What arrived before stays; the same command goes on from there."
    )


def _one_body(address: str, at_most: int) -> bytes:
    """The body, cut off once it is longer than ``at_most``."""
    request = urllib.request.Request(address, headers={"User-Agent": "rewardmeter"})
    data = bytearray()
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        announced = response.headers.get("Content-Length")
        while len(data) <= at_most and (chunk := response.read(CHUNK_BYTES)):
            data += chunk
    if len(data) > at_most:
        return bytes(data)
    if announced is not None and len(data) < int(announced):
        raise http.client.IncompleteRead(bytes(data), int(announced) - len(data))
    return bytes(data)
